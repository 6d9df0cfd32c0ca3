//! What Inner shows of a learner with a context or of a network that reads: the plane that tasks are put on, or how much each
//! point counts, worked out as a job.

use crate::{
    model::Weights,
    results::{self, Plane, Reading},
    task::TestTask,
    ui::state::job::Newest,
};

/// What a plane is of.
#[derive(Clone, Debug, PartialEq)]
pub struct PlaneOf {
    /// The run, and the step of its parameters.
    pub run: (usize, u64),
    /// The test set.
    pub test: usize,
    /// Inner steps on each task; of a network that reads, points of each that it is given.
    pub n: usize,
    /// The rate of them.
    pub rate: f64,
    /// The test task in view, and how many points of it were asked for.
    pub task: (usize, Option<usize>),
}

/// What is to be seen.
#[derive(Clone, Debug, PartialEq)]
pub enum Seen {
    /// Of a context that adapts.
    Context(Plane),
    /// Of a network that reads.
    Reading(Reading),
}

/// The view's state.
#[derive(Default)]
pub struct Inner {
    newest: Newest<PlaneOf, Option<Seen>>,
    /// Which of the x where a network that reads is asked is looked from; the middle where nobody has moved.
    pub(super) cursor: Option<usize>,
}

impl Inner {
    /// Wants the plane of the contexts of these tasks, or the weights of the chosen one's points.
    pub(in crate::ui) fn want(
        &mut self,
        of: PlaneOf,
        weights: Weights,
        chosen: TestTask,
        tasks: Vec<TestTask>,
    ) {
        let n = of.n;
        let reads = weights.adaptation.inner.scale().is_some();
        self.newest.want(of, move |asker| match reads {
            true => results::reading(&weights, (&chosen, &tasks), n, || !asker.is_gone()).map(Seen::Reading),
            false => results::plane(&weights, &tasks, n, || !asker.is_gone()).map(Seen::Context),
        });
    }

    /// Takes the newest one in; whether there is one.
    pub(in crate::ui) fn take_in(&mut self) -> bool {
        self.newest.take_in()
    }

    /// Whether one may come.
    pub fn is_awaited(&self) -> bool {
        self.newest.is_awaited()
    }

    /// The newest plane of this, be it of another moment of training.
    pub fn seen(&self, of: &PlaneOf) -> Option<(&PlaneOf, &Seen)> {
        let (known, plane) = self.newest.known()?;
        let is_it = *known == PlaneOf { run: (of.run.0, known.run.1), ..of.clone() };
        plane.as_ref().filter(|_| is_it).map(|plane| (known, plane))
    }
}
