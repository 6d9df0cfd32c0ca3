//! The Why view: which pane of it, the cursor on the x axis, and what has been worked out of the networks in view.

use std::any::Any;

use crate::{
    analysis::Task,
    model::Weights,
    task::{Points, TaskSettings, TestTask},
    ui::state::job::Job,
};

/// Places of the cursor on the x axis, and points of the grid that networks are looked at on.
pub const GRID: usize = 50;

/// What a pane shows of one network; each pane knows its type.
pub type Answer = Box<dyn Any + Send>;

/// What an answer is of.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// The number of the pane.
    pub pane: usize,
    /// Whose network it is.
    pub experiment: usize,
    /// Its run, and the network's place in its training.
    pub run: (usize, u64),
    /// The test set, and the task of it.
    pub task: (usize, usize),
    /// What the network adapts to.
    pub support: Points,
    /// n of what looks at a number of steps.
    pub n: usize,
    /// The rate of the steps.
    pub rate: f64,
}

/// What a pane works on.
pub struct Subject {
    /// The network, with the rate in use.
    pub weights: Weights,
    /// The rate and number of inner steps that it was trained with, where its training takes any.
    pub trained: Option<(f64, usize)>,
    /// The task in view.
    pub task: TestTask,
    /// The first few test tasks.
    pub tasks: Vec<TestTask>,
    /// Where they come from.
    pub settings: TaskSettings,
    /// n of what looks at a number of steps.
    pub n: usize,
}

impl Subject {
    /// The first few test tasks, as the analysis takes them.
    pub fn pairs(&self) -> Vec<Task> {
        self.tasks.iter().map(|task| (task.support.clone(), task.query.clone())).collect()
    }
}

/// Works a pane out; `None` where there is nothing to show, or once nobody wants it any more.
pub type Find = fn(&Subject, &dyn Fn() -> bool) -> Option<Answer>;

/// The view's state.
pub struct Why {
    /// The pane.
    pub pane: usize,
    /// The cursor: a place of the grid on the x axis.
    pub cursor: usize,
    /// The experiments that the last look has shown.
    shown: Vec<usize>,
    known: Vec<(Question, Option<Answer>)>,
    job: Job<Question, Option<Answer>>,
}

impl Default for Why {
    fn default() -> Self {
        Self { pane: 0, cursor: GRID / 2, shown: Vec::new(), known: Vec::new(), job: Job::default() }
    }
}

impl Why {
    /// Begins a look at these experiments: what is known of others is forgotten.
    pub(super) fn begin(&mut self, shown: &[usize]) {
        self.shown = shown.to_vec();
        let pane = self.pane;
        self.known.retain(|(of, _)| of.pane == pane && shown.contains(&of.experiment));
    }

    /// Whether the answer is known.
    pub(super) fn knows(&self, of: &Question) -> bool {
        self.known.iter().any(|(known, _)| known == of)
    }

    /// Wants an answer that is not known, one after another: what is under way for this pane comes to its end first, or of
    /// a network that trains nothing would ever be seen.
    pub(super) fn want(&mut self, of: Question, subject: Subject, find: Find) {
        let is_fine = |asked: &&Question| asked.pane == of.pane && self.shown.contains(&asked.experiment);
        match self.job.asked().filter(is_fine).filter(|_| self.job.is_awaited()).cloned() {
            Some(asked) => self.job.want(asked, |_| None),
            None => self.job.want(of, move |asker| find(&subject, &|| !asker.is_gone())),
        }
    }

    /// Takes the newest answer in; whether there is one.
    pub(in crate::ui) fn take_in(&mut self) -> bool {
        let arrived = self.job.take();
        let is_new = arrived.is_some();
        if let Some((of, answer)) = arrived {
            self.known.retain(|(known, _)| known.experiment != of.experiment);
            self.known.push((of, answer));
        }
        is_new
    }

    /// Cancels what the last look has not wanted.
    pub(in crate::ui) fn tidy(&mut self) {
        self.job.tidy();
    }

    /// Whether one may come.
    pub fn is_awaited(&self) -> bool {
        self.job.is_awaited()
    }

    /// The newest answer of the pane for an experiment, be it of another task or moment; the answer says which. `None`
    /// within where there is nothing to show.
    pub fn known(&self, experiment: usize) -> Option<(&Question, Option<&Answer>)> {
        let mut known =
            self.known.iter().filter(|(of, _)| (of.pane, of.experiment) == (self.pane, experiment));
        known.next().map(|(of, answer)| (of, answer.as_ref()))
    }
}
