//! The Why view: which pane of it, the cursor on the x axis, points that a person has changed, and what has been worked out
//! of the networks in view.

use super::course::Courses;
use crate::{
    model::Weights,
    results::why::{Found, GRID, Subject},
    task::{Points, TaskSettings, TestTask},
    ui::{state::job::Job, views::play::state::Play},
};

/// What an answer is of.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// The number of the pane.
    pub pane: usize,
    /// Whose network it is.
    pub experiment: usize,
    /// Its run, and the network's place in its training; of a whole training how many networks are known of it.
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

/// Works a pane out; `None` where there is nothing to show, or once nobody wants it any more.
pub type Find = fn(&Subject, &dyn Fn() -> bool) -> Option<Found>;

/// Points that a person has changed, and whose they were: test set, task, how many.
type ByHand = ((usize, usize, usize), Play);

/// The view's state.
pub struct Why {
    /// The pane.
    pub pane: usize,
    /// The cursor: a place of the grid on the x axis.
    pub cursor: usize,
    /// Points that a person has changed.
    by_hand: Option<ByHand>,
    /// The networks of whole trainings.
    pub(in crate::ui) courses: Courses,
    /// The experiments that the last look has shown.
    shown: Vec<usize>,
    known: Vec<(Question, Option<Found>)>,
    job: Job<Question, Option<Found>>,
}

impl Default for Why {
    fn default() -> Self {
        Self {
            pane: 0,
            cursor: GRID / 2,
            by_hand: None,
            courses: Courses::default(),
            shown: Vec::new(),
            known: Vec::new(),
            job: Job::default(),
        }
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

    /// Takes an answer in.
    pub(super) fn learn(&mut self, of: Question, answer: Option<Found>) {
        self.known.retain(|(known, _)| known.experiment != of.experiment);
        self.known.push((of, answer));
    }

    /// Takes the newest answers in; whether there is one.
    pub(in crate::ui) fn take_in(&mut self) -> bool {
        let arrived = self.job.take();
        let is_new = arrived.is_some();
        if let Some((of, answer)) = arrived {
            self.learn(of, answer);
        }
        self.courses.take_in() | is_new
    }

    /// Cancels what the last look has not wanted.
    pub(in crate::ui) fn tidy(&mut self) {
        self.job.tidy();
        self.courses.tidy();
    }

    /// Whether one may come.
    pub fn is_awaited(&self) -> bool {
        self.job.is_awaited() || self.courses.is_awaited()
    }

    /// The newest answer of the pane for an experiment, be it of another task or moment; the answer says which. `None`
    /// within where there is nothing to show.
    pub fn known(&self, experiment: usize) -> Option<(&Question, Option<&Found>)> {
        let mut known =
            self.known.iter().filter(|(of, _)| (of.pane, of.experiment) == (self.pane, experiment));
        known.next().map(|(of, answer)| (of, answer.as_ref()))
    }

    /// The points of this task as a person has changed them.
    pub(in crate::ui) fn by_hand(&self, of: (usize, usize, usize)) -> Option<&Play> {
        self.by_hand.as_ref().filter(|(whose, _)| *whose == of).map(|(_, points)| points)
    }

    /// The same, to be changed: those of the task where nobody has.
    pub(super) fn by_hand_mut(
        &mut self,
        of: (usize, usize, usize),
        task: &TestTask,
        settings: &TaskSettings,
    ) -> &mut Play {
        let known = self.by_hand.take().filter(|(whose, _)| *whose == of);
        let points = known.map_or_else(|| Play::of_task(task, settings), |(_, points)| points);
        &mut self.by_hand.insert((of, points)).1
    }

    /// The held point is let go of; whether there was one.
    pub fn let_go(&mut self) -> bool {
        self.by_hand.as_mut().is_some_and(|(_, points)| points.let_go())
    }

    /// The points of the task again; whether a person had changed any.
    pub(super) fn drop_by_hand(&mut self) -> bool {
        self.by_hand.take().is_some()
    }
}

/// The network that a question is of, with the rate that it asks for.
pub(super) fn at_rate(weights: &Weights, rate: f64) -> Weights {
    Weights { adaptation: weights.adaptation.at_rate(rate), ..weights.clone() }
}
