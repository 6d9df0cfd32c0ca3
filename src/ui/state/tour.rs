//! The guided tour: at which of its stations a reader is, and where the reader was before it.

use super::{
    controls::{CurveControls, FitControls},
    view::View,
};

/// Whether a tour is on.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Tour {
    /// No tour.
    #[default]
    Off,
    /// It is offered: somebody is here for the first time.
    Offered,
    /// It is on.
    On(Box<Visit>),
}

/// A visit.
#[derive(Clone, Debug, PartialEq)]
pub struct Visit {
    /// The station, from 0.
    pub station: usize,
    /// The view that was in front, and what was set there.
    pub before: (View, FitControls, CurveControls),
}
