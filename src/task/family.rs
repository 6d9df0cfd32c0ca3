//! What a family of tasks is: how its tasks are drawn and evaluated, what the best guesses at them are,
//! and the words for it. Each family is one file in `families/` and one line in its registry.

use std::fmt;

use serde::{Serialize, Serializer};

use super::table::Table;
use super::{LinearStep, Number, Points, Purpose, Stream, Target, Units, grid, stream};
use crate::config::{Keys, Values};

/// The few numbers that one task of a family is made of; what they mean, the family knows.
pub type Numbers = [f64; 4];

/// Draws the numbers of tasks.
pub type Sampler = Box<dyn Fn(&mut Stream) -> Numbers + Send + Sync>;

/// A family of tasks. `own` are the values of its own settings.
pub trait Family: Sync {
    /// As `[task] family` has it.
    fn name(&self) -> &'static str;

    /// One sentence on what its tasks are.
    fn doc(&self) -> &'static str;

    /// Its own settings in `[task]`.
    fn keys(&self) -> &'static Keys;

    /// Itself, if its tasks are known at their points alone, from a file.
    fn table(&self) -> Option<&Table> {
        None
    }

    /// The units that its points are brought to before a network sees them; its own, unless they are a table's.
    fn units(&self) -> Units {
        Units::default()
    }

    /// How its tasks are drawn, to be seen on this `range` of x. The order of the draws is part of the results.
    fn sampler(&self, own: &Values, range: [f64; 2]) -> Sampler;

    /// A task's value at `x`.
    fn at(&self, numbers: &Numbers, x: f64) -> f64;

    /// A task's values at many x: what [`Family::at`] gives, rounded. Training waits for it.
    fn fill(&self, numbers: &Numbers, target: Target<'_>) {
        match target {
            Target::F32(x, y) => {
                y.iter_mut().zip(x).for_each(|(y, x)| *y = self.at(numbers, f64::from(*x)) as f32);
            }
            Target::F64(x, y) => y.iter_mut().zip(x).for_each(|(y, x)| *y = self.at(numbers, *x)),
        }
    }

    /// Standard deviation of the noise on the y of support points; query points and the test grid have
    /// none.
    fn noise(&self, own: &Values) -> f64;

    /// How high the lowest and the highest tasks reach over this range of x.
    fn heights(&self, own: &Values, x: [f64; 2]) -> [f64; 2];

    /// A range of y that holds every task; symmetric, so that 0 stays where it is.
    fn y_range(&self, own: &Values, x: [f64; 2]) -> [f64; 2] {
        let [lowest, highest] = self.heights(own, x);
        let most = lowest.abs().max(highest.abs()).max(1e-9) * 1.25;
        [-most, most]
    }

    /// Mean and mean square of y at `x` over the tasks.
    fn moments(&self, own: &Values, x: f64) -> [f64; 2];

    /// E[g(x) g(x')] over the tasks g: their covariance at two places, not centred.
    fn product_moment(&self, own: &Values, x: f64, other: f64) -> f64;

    /// Test loss of the prior-mean predictor: at every x it answers the mean of y over all tasks, so what
    /// remains is the variance of y over tasks, averaged over the x range.
    fn prior_mean_loss(&self, own: &Values, range: [f64; 2]) -> f64 {
        average_variance(range, |x| self.moments(own, x))
    }

    /// The best step from this many points that is linear in their targets; `None` where it is not known.
    fn linear_step(&self, _own: &Values, _range: [f64; 2], _shots: usize) -> Option<LinearStep> {
        None
    }

    /// Whether anybody knows the family.
    fn has_oracle(&self) -> bool {
        true
    }

    /// What a learner that knows the family answers at these `x` once it has seen the support points of a
    /// task on this `range` of x.
    fn oracle(&self, own: &Values, range: [f64; 2], support: &Points, x: &[f64]) -> Vec<f64>;

    /// How often the oracle goes through the support points for that.
    fn oracle_passes(&self, _own: &Values, _range: [f64; 2]) -> usize {
        1
    }

    /// The numbers of this task that a person may turn, and how far, on this range of x.
    fn sliders(&self, _own: &Values, _range: [f64; 2], _numbers: &Numbers) -> Vec<Slider> {
        Vec::new()
    }

    /// This task with a slider at another value.
    fn turned(&self, _range: [f64; 2], numbers: &Numbers, slider: &Slider, value: f64) -> Numbers {
        let mut numbers = *numbers;
        numbers[slider.number] = value;
        numbers
    }

    /// A task in the middle of the family, to begin with.
    fn middle(&self, own: &Values, range: [f64; 2]) -> Numbers {
        self.sampler(own, range)(&mut stream(0, Purpose::Illustration))
    }

    /// What can be known of a task from up to so many of its points; `None` where that is not worked out.
    fn posterior(&self, _own: &Values, _most_points: usize) -> Option<Box<dyn Posterior>> {
        None
    }

    /// Two coordinates in which a task is linear, if there are such: those of a wave are (a cos b, a sin b).
    fn plane(&self, _numbers: &Numbers) -> Option<[f64; 2]> {
        None
    }

    /// What these coordinates are called.
    fn plane_names(&self) -> Option<[&'static str; 2]> {
        None
    }

    /// One task of it: "a sine wave".
    fn one(&self) -> &'static str;

    /// One of its tasks in a word; more have an s.
    fn word(&self) -> &'static str {
        "task"
    }

    /// What the oracle does, after "oracle:".
    fn oracle_in_words(&self) -> &'static str;

    /// What a task of it is, with the settings.
    fn formula(&self, own: &Values) -> String;

    /// A task in full: `2.71 sin(x + 1.32)`.
    fn title(&self, numbers: &Numbers) -> String;

    /// The same as a heading: `y = 2.71 sin(x + 1.32)`.
    fn equation(&self, numbers: &Numbers) -> String {
        format!("y = {}", self.title(numbers))
    }

    /// A task in a few letters.
    fn label(&self, numbers: &Numbers) -> String;
}

/// A number of a task that a person may turn.
#[derive(Clone, Debug, PartialEq)]
pub struct Slider {
    /// What it is.
    pub name: &'static str,
    /// Its place among the task's numbers.
    pub number: usize,
    /// Its ends; of what is the same again after a turn, those of one.
    pub ends: [f64; 2],
    /// How far one press goes.
    pub step: f64,
    /// Whether it goes on at the other end.
    pub is_round: bool,
}

impl Slider {
    /// One that goes from end to end in so many steps.
    pub fn new(name: &'static str, number: usize, ends: [f64; 2], steps: f64) -> Self {
        Self { name, number, ends, step: (ends[1] - ends[0]) / steps, is_round: false }
    }

    /// The same that goes on at the other end.
    #[must_use]
    pub fn round(self) -> Self {
        Self { is_round: true, ..self }
    }

    /// Where it is after so many steps from here.
    pub fn after(&self, value: f64, steps: i32) -> f64 {
        let [low, high] = self.ends;
        let moved = value + f64::from(steps) * self.step;
        if self.is_round { low + (moved - low).rem_euclid(high - low) } else { moved.clamp(low, high) }
    }
}

/// What can be known of a task from some of its points, under the family's own distribution: its mean is the prediction
/// of the least expected squared error, which no learner can be below.
pub trait Posterior: Send + Sync {
    /// Means at these `x` after the first 0, 1, .., all of these points.
    fn means(&self, support: &Points, x: &[f64]) -> Vec<Vec<f64>>;

    /// Standard deviations there, of the task itself and not of noisy points.
    fn deviations(&self, support: &Points, x: &[f64]) -> Vec<Vec<f64>>;

    /// Mean squared errors of the means at these query points.
    fn losses(&self, support: &Points, query: &Points) -> Vec<f64> {
        let loss = |means: Vec<f64>| {
            let errors = means.iter().zip(&query.y).map(|(mean, y)| (mean - y) * (mean - y));
            errors.sum::<f64>() / query.y.len().max(1) as f64
        };
        self.means(support, &query.x).into_iter().map(loss).collect()
    }
}

/// The variance that these moments leave, averaged over a range by the midpoint rule.
pub fn average_variance([low, high]: [f64; 2], moments: impl Fn(f64) -> [f64; 2]) -> f64 {
    /// Enough for three digits where the moments have a thousand waves.
    const POINTS: u32 = 10_000;
    let variance = |i: u32| {
        let [mean, square] = moments(low + (high - low) * (f64::from(i) + 0.5) / f64::from(POINTS));
        square - mean * mean
    };
    (0..POINTS).map(variance).sum::<f64>() / f64::from(POINTS)
}

impl fmt::Debug for dyn Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for dyn Family {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl PartialEq for dyn Family {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

/// One task of a family.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Function {
    /// Its family.
    pub family: &'static dyn Family,
    /// What the family knows it by.
    pub numbers: Numbers,
}

impl Function {
    /// Its value at `x`.
    pub fn at(&self, x: f64) -> f64 {
        self.family.at(&self.numbers, x)
    }

    /// Its targets at `x`.
    pub(super) fn targets<E: Number>(&self, x: &[E], y: &mut [E]) {
        self.family.fill(&self.numbers, E::target(x, y));
    }

    /// Its points at `x`.
    pub fn points(&self, x: Vec<f64>) -> Points {
        let mut y = vec![0.0; x.len()];
        self.targets(&x, &mut y);
        Points { x, y }
    }

    /// What is drawn of it over this range of x: so many points of its line, or those that it is known at.
    pub fn drawn(&self, range: [f64; 2], count: usize) -> Points {
        match self.family.table() {
            Some(table) => table.points(&self.numbers).clone(),
            None => self.points(grid(range, count)),
        }
    }

    /// Its numbers that a person may turn, on this range of x.
    pub fn sliders(&self, own: &Values, range: [f64; 2]) -> Vec<Slider> {
        self.family.sliders(own, range, &self.numbers)
    }

    /// Itself with a slider so many steps on.
    #[must_use]
    pub fn turned(&self, range: [f64; 2], slider: &Slider, steps: i32) -> Self {
        let value = slider.after(self.numbers[slider.number], steps);
        Self { numbers: self.family.turned(range, &self.numbers, slider, value), ..*self }
    }

    /// Its coordinates where its family has them.
    pub fn plane(&self) -> Option<[f64; 2]> {
        self.family.plane(&self.numbers)
    }

    /// Itself in full: `2.71 sin(x + 1.32)`.
    pub fn title(&self) -> String {
        self.family.title(&self.numbers)
    }

    /// The same as a heading: `y = 2.71 sin(x + 1.32)`.
    pub fn equation(&self) -> String {
        self.family.equation(&self.numbers)
    }

    /// Itself in a few letters.
    pub fn label(&self) -> String {
        self.family.label(&self.numbers)
    }
}
