//! Where a run can stand, what can be wanted of it, and what a worker can be given to do.

use std::sync::Arc;

use super::evaluation::{Evaluation, Share};
use super::going::Going;
use crate::study::disk::steered::Steered;

/// Where a run stands. What it would go on from is with it, unless that is on disk or it has not begun.
pub enum Stage {
    /// It waits for a worker.
    Queued(Option<Box<Going>>),
    /// Somebody has it: trains it, evaluates it, keeps it, or puts what it has left aside.
    Working(Wish),
    Paused(Option<Box<Going>>),
    Stopped(Option<Box<Going>>),
    /// Another process that shares the study has claimed it, and a person may have made it wait there, or ended it.
    Elsewhere(Option<Steered>),
    /// Done or failed.
    Over,
    /// No longer part of the study.
    Dropped,
}

/// What whoever has a run is asked to do with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    GoOn,
    Pause,
    Stop,
    Restart,
    Restore,
    Drop,
}

/// What a worker is to do next.
pub enum Work {
    Train(usize, Option<Box<Going>>),
    Test(Arc<Evaluation>, Share),
}
