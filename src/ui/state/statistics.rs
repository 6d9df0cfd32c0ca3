//! What curves come to over seeds, kept until there are others, so that no frame works any of it out: see `gathered.rs`.

use std::{cell::OnceCell, sync::Arc};

use super::sweep::Known;
use crate::{
    eval::{Average, LossAxis, OverSeeds},
    results::CellLoss,
};

/// An experiment's adaptation curve as the views show it.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    /// Over its seeds.
    pub over: Arc<OverSeeds>,
    /// Whether it is a preview: a few tasks, networks still in training.
    pub preview: bool,
    /// Whether some of it is not of the moment of the past that is in view.
    pub behind: bool,
}

/// What statistics are of, beside the curves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StatisticsOf {
    pub(super) test: usize,
    pub(super) average: Average,
    pub(super) axis: LossAxis,
    /// The notch that is on screen.
    pub(super) past: Option<usize>,
    /// The n that a person has chosen for cells to be judged at.
    pub(super) crosshair: Option<usize>,
    pub(super) at_own_rates: bool,
}

/// Those of the curves in view.
pub struct Statistics {
    pub(super) experiments: Vec<OfExperiment>,
    /// What is known of every cell of a sweep; `None` where it is waited for.
    pub(super) cells: Vec<Option<Known>>,
    /// The loss of every cell's finished runs.
    pub(super) losses: Vec<Option<CellLoss>>,
    /// The same of networks that are tested at their own rates.
    pub(super) at_own_rates: Vec<Option<CellLoss>>,
    /// The lowest cell of every sweep.
    pub(super) lowest: Vec<Option<(usize, CellLoss)>>,
    /// Of every group, who is the lowest with how many points.
    pub(super) leaders: OnceCell<Vec<Option<String>>>,
}

/// Those of an experiment, each worked out where it is first asked for.
#[derive(Default)]
pub(super) struct OfExperiment {
    pub(super) shown: OnceCell<Option<Arc<Shown>>>,
    pub(super) results: [OnceCell<Option<Arc<OverSeeds>>>; 2],
    pub(super) exploding: OnceCell<Option<Exploding>>,
}

/// The first n past training at which a few tasks carry the mean.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Exploding {
    /// n.
    pub n: usize,
    /// The mean over tasks there.
    pub mean: f64,
    /// The median over tasks there.
    pub median: f64,
}
