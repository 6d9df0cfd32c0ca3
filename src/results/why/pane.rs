//! What a pane of *Why* is: a quantity of [`crate::analysis`], a sentence on what to look for, one on what is there, and a
//! picture.

use super::course::Course;
use super::picture::Row;
use crate::analysis::Task;
use crate::learner::Training;
use crate::model::Weights;
use crate::task::{TaskSettings, TestTask};

/// Test tasks that what is over tasks is over: the first ones.
pub const TASKS: usize = 50;

/// What a pane works on.
#[derive(Clone)]
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
    /// How the network was trained.
    pub training: Training,
    /// The seed of that.
    pub seed: u64,
    /// n of what looks at a number of steps.
    pub n: usize,
}

impl Subject {
    /// The same as the network sees it: where tasks are brought to other units first, the points, the range of x and all
    /// that follows from them are in these.
    #[must_use]
    pub fn inward(mut self) -> Self {
        let units = std::mem::take(&mut self.weights.adaptation.units);
        if !units.are_own() {
            for task in self.tasks.iter_mut().chain([&mut self.task]) {
                for points in [&mut task.support, &mut task.further, &mut task.query] {
                    *points = units.inward(points);
                }
            }
            self.settings.x = self.settings.x.map(|x| units.x_inward(x));
        }
        self
    }

    /// The first few test tasks, as the analysis takes them.
    pub fn pairs(&self) -> Vec<Task> {
        pairs(&self.tasks)
    }
}

/// Tasks as the analysis takes them.
pub fn pairs(tasks: &[TestTask]) -> Vec<Task> {
    tasks.iter().map(|task| (task.support.clone(), task.query.clone())).collect()
}

/// What a pane has found.
pub trait Finding: Send {
    /// What is there, in a sentence or two of its own figures.
    fn says(&self) -> String;

    /// The picture, with the cursor at this place of [`GRID`].
    fn picture(&self, cursor: usize) -> Vec<Row>;

    /// What the network predicts over the grid before any step, where the picture is of support points on top of that.
    fn before(&self) -> Option<&[f64]> {
        None
    }

    /// A figure of what it says, by name.
    fn figure(&self, _name: &str) -> Option<f64> {
        None
    }
}

/// What a pane has found, of any pane.
pub type Found = Box<dyn Finding>;

/// What a pane is worked out of.
#[derive(Clone, Copy)]
pub enum Of {
    /// A network; `None` where there is nothing to show, or once nobody wants it any more.
    Network(fn(&Subject, &dyn Fn() -> bool) -> Option<Found>),
    /// The training of an experiment.
    Course(fn(&Course) -> Found),
}

/// A pane.
pub struct Pane {
    /// On the command line.
    pub name: &'static str,
    /// Its name.
    pub title: &'static str,
    /// What to look for, in a sentence or two.
    pub look_for: &'static str,
    /// What it is worked out of.
    pub of: Of,
}
