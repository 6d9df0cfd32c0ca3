//! What a person has set in the panes: which task, how many steps, which axes, what is being typed.

use crate::{
    eval::{Average, LossAxis},
    experiments::Study,
};

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

impl Focus {
    /// The next one.
    pub fn next(self) -> Self {
        match self {
            Focus::All => Focus::Fit,
            Focus::Fit => Focus::Loss,
            Focus::Loss => Focus::Adaptation,
            Focus::Adaptation => Focus::About,
            Focus::About => Focus::All,
        }
    }
}

/// In which order the test tasks come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TaskOrder {
    /// As they were drawn.
    #[default]
    Drawn,
    /// The largest loss first.
    Hard,
    /// The smallest loss first.
    Easy,
    /// Only those whose support points are all on one side of zero, as they were drawn.
    OneSided,
}

impl TaskOrder {
    /// The next one.
    pub fn next(self) -> Self {
        match self {
            TaskOrder::Drawn => TaskOrder::Hard,
            TaskOrder::Hard => TaskOrder::Easy,
            TaskOrder::Easy => TaskOrder::OneSided,
            TaskOrder::OneSided => TaskOrder::Drawn,
        }
    }
}

/// Test tasks in another order than they were drawn in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ranking {
    /// The experiment, test set, seed, n and order that it is of.
    pub of: (usize, usize, usize, usize, TaskOrder),
    /// The tasks.
    pub tasks: Vec<usize>,
}

/// What the fit panes show.
#[derive(Clone, Debug, PartialEq)]
pub struct FitControls {
    /// The test task.
    pub task: usize,
    /// Whether a person has chosen it; until then views open on one of median difficulty.
    pub chosen: bool,
    /// Which task comes after it.
    pub order: TaskOrder,
    /// The tasks in that order, where it is another than they were drawn in.
    pub ranking: Option<Ranking>,
    /// Whether y shows what the family reaches, the same for every task, and not what this task needs.
    pub fixed_y: bool,
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
        Self {
            task: 0,
            chosen: false,
            order: TaskOrder::default(),
            ranking: None,
            fixed_y: false,
            n: 10,
            inner_lr: None,
            shots: None,
            seed: 0,
            compare: None,
            focus: Focus::All,
        }
    }
}

/// How curves are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CurveControls {
    /// Which loss over tasks.
    pub average: Average,
    /// What it is wanted over; see `App::axis`.
    pub axis: LossAxis,
    /// n on a logarithmic axis; `None` by how far apart the curves are.
    pub log_x: Option<bool>,
    /// Loss on a logarithmic axis; `None` by how far apart the curves are.
    pub log_y: Option<bool>,
    /// How much the training loss is smoothed.
    pub smoothing: Smoothing,
    /// n of the crosshair.
    pub crosshair: Option<usize>,
    /// The report that the crosshair on the training loss stands at, while that has the screen to itself.
    pub report: Option<usize>,
    /// First and last n in view.
    pub window: Option<(usize, usize)>,
    /// What the Overview's plot shows.
    pub plot: OverviewPlot,
}

/// What the Overview's plot shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OverviewPlot {
    /// The curve of every system.
    #[default]
    Curves,
    /// By how much every other system is higher than the selected one.
    Contrasts,
    /// How every system's losses are spread over test tasks.
    Distribution,
}

impl OverviewPlot {
    /// This one or, where it is shown already, the curves.
    pub fn or_curves(self, shown: Self) -> Self {
        if self == shown { Self::Curves } else { self }
    }
}

/// Reports on either side of one over which the training loss is smoothed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Smoothing(pub usize);

/// What there is to choose from; with none the line goes through every report.
const SMOOTHINGS: [Smoothing; 5] = [Smoothing(0), Smoothing(3), Smoothing(8), Smoothing(20), Smoothing(50)];

impl Default for Smoothing {
    fn default() -> Self {
        SMOOTHINGS[2]
    }
}

impl Smoothing {
    /// The next one; after the strongest, none.
    pub fn next(self) -> Self {
        let at = SMOOTHINGS.iter().position(|other| *other == self).unwrap_or(0);
        SMOOTHINGS[(at + 1) % SMOOTHINGS.len()]
    }

    /// In words.
    pub fn words(self) -> String {
        match self.0 {
            0 => "not smoothed".to_owned(),
            half => format!("smoothed over {} reports", 2 * half + 1),
        }
    }
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
