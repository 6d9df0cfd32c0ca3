//! What a person has set in the panes: which task, how many steps, which axes, what is being typed.

use crate::{eval::Average, experiments::Study};

/// A pane of an experiment's view that can have the screen to itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Focus {
    /// Every pane.
    #[default]
    All,
    /// The fit.
    Fit,
    /// Training loss.
    Loss,
    /// Adaptation of every seed.
    Adaptation,
    /// About the learner.
    About,
}

/// What the fit panes show.
#[derive(Clone, Debug, PartialEq)]
pub struct FitControls {
    /// The test task.
    pub task: usize,
    /// n of the boldest fit; 0 and 1 are always shown beside it.
    pub n: usize,
    /// Rate of the SGD steps, where it is not the evaluation's own.
    pub inner_lr: Option<f64>,
    /// Support points, where they are not as many as the file says.
    pub shots: Option<usize>,
    /// Which of the experiment's seeds.
    pub seed: usize,
    /// A second experiment on the same task.
    pub compare: Option<usize>,
    /// The pane with the screen to itself.
    pub focus: Focus,
}

impl Default for FitControls {
    fn default() -> Self {
        Self { task: 0, n: 10, inner_lr: None, shots: None, seed: 0, compare: None, focus: Focus::All }
    }
}

/// How curves are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CurveControls {
    /// Which loss over tasks.
    pub average: Average,
    /// n on a logarithmic axis (from 1).
    pub log_x: bool,
    /// Loss on a logarithmic axis.
    pub log_y: bool,
    /// n of the crosshair.
    pub crosshair: Option<usize>,
    /// The report that the crosshair on the training loss stands at, while that has the screen to itself.
    pub report: Option<usize>,
    /// First and last n in view.
    pub window: Option<(usize, usize)>,
}

/// A number being typed.
#[derive(Clone, Debug, PartialEq)]
pub struct Prompt {
    /// What it is for.
    pub what: Ask,
    /// What was typed so far.
    pub text: String,
}

/// A question about something that throws work away, until it is answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// The question.
    pub text: String,
    /// What is done if the answer is yes.
    pub of: Losing,
}

/// What throws work away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Losing {
    /// Runs start over: those here, or all.
    StartOver {
        /// Every run.
        all: bool,
    },
    /// Every run stops.
    StopAll,
    /// Runs leave the study.
    Apply,
}

/// What was put aside last.
#[derive(Clone, Debug, PartialEq)]
pub enum Undo {
    /// These runs started over.
    StartedOver(Vec<usize>),
    /// These runs were stopped.
    Stopped(Vec<usize>),
    /// This was the study.
    Study(Box<Study>),
}

/// What a typed number is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// n.
    Steps,
    /// The rate of the SGD steps.
    Rate,
    /// The test task, counted from 1.
    Task,
    /// K.
    Shots,
}
