//! Time travel: every view as it was at an earlier step of training.
//!
//! Runs keep their parameters at log-spaced landmarks ([`crate::study::landmarks`]), because a network
//! learns most of what it learns at the start: notch 0 is the initialisation, the last notch the end of
//! training. What is in view is asked of the study, one run after another, and only that is held here.

use std::{sync::Arc, time::Duration};

use crate::{
    eval::Curve,
    study::{MOST_LANDMARKS, Snapshot},
};

/// Where in training the views look.
#[derive(Clone, Debug, Default)]
pub struct Rewind {
    /// The notch, 0 to [`NOTCHES`]; `None` is now.
    pub notch: Option<usize>,
    /// The notch that is on screen: every run is shown at the same one, so it follows once all of it is known.
    pub shown: Option<usize>,
    /// Whether more is known of that notch than is on screen.
    pub stale: bool,
    /// Whether it moves on by itself, and how.
    pub playing: Option<Playing>,
}

/// How training plays again: as fast as the curves change, not as the steps of the landmarks have it, of which half
/// come before anything is learned.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Playing {
    /// When it last moved on.
    pub last: Duration,
    /// Notches in a moment.
    pub pace: usize,
    /// Moments that the last movement was for.
    pub moments: usize,
}

/// Notches from the initialisation to the end of training.
pub const NOTCHES: usize = MOST_LANDMARKS;

/// The part of a run's past that is in view.
#[derive(Clone, Debug, Default)]
pub struct Past {
    /// The landmark that was asked for, and what was there.
    pub found: Option<(usize, Option<Arc<Snapshot>>)>,
    /// The curve of the network in view, and its step.
    pub curve: Option<(u64, Curve)>,
    /// What is on screen of it.
    pub front: Option<Moment>,
}

/// A run at one moment of its past.
#[derive(Clone, Debug)]
pub struct Moment {
    /// Its parameters.
    pub snapshot: Option<Arc<Snapshot>>,
    /// Their step and curve.
    pub curve: Option<(u64, Curve)>,
    /// Whether it is of this moment; a run that had not come so far yet is shown as it is now.
    pub reached: bool,
}
