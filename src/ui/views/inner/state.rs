//! What Inner shows of a learner with a context: the plane that its contexts put tasks on, worked out as a job.

use crate::{
    model::Weights,
    results::{self, Plane},
    task::TestTask,
    ui::state::job::Job,
};

/// What a plane is of.
#[derive(Clone, Debug, PartialEq)]
pub struct PlaneOf {
    /// The run, and the step of its parameters.
    pub run: (usize, u64),
    /// The test set.
    pub test: usize,
    /// Inner steps on each task.
    pub n: usize,
    /// The rate of them.
    pub rate: f64,
}

/// The view's state.
#[derive(Default)]
pub struct Inner {
    known: Option<(PlaneOf, Option<Plane>)>,
    job: Job<PlaneOf, Option<Plane>>,
}

impl Inner {
    /// Wants the plane of these contexts.
    pub(in crate::ui) fn want(&mut self, of: PlaneOf, weights: Weights, tasks: Vec<TestTask>) {
        if self.known.as_ref().is_none_or(|(known, _)| *known != of) {
            let n = of.n;
            self.job.want(of, move |asker| results::plane(&weights, &tasks, n, || !asker.is_gone()));
        }
    }

    /// Takes the newest one in; whether there is one.
    pub(in crate::ui) fn take_in(&mut self) -> bool {
        let arrived = self.job.take();
        let is_new = arrived.is_some();
        self.known = arrived.or(self.known.take());
        self.job.tidy();
        is_new
    }

    /// Whether one may come.
    pub fn is_awaited(&self) -> bool {
        self.job.is_awaited()
    }

    /// The newest plane of this, be it of another moment of training.
    pub fn plane(&self, of: &PlaneOf) -> Option<(&PlaneOf, &Plane)> {
        let (known, plane) = self.known.as_ref()?;
        let is_it = *known == PlaneOf { run: (of.run.0, known.run.1), ..of.clone() };
        plane.as_ref().filter(|_| is_it).map(|plane| (known, plane))
    }
}
