//! Somebody else's answers in the place of a network: what is tested, drawn and compared adapts and predicts, and here it
//! says what was given.

use std::sync::Arc;

use super::adaptation::{Adaptation, Inner, InnerLoop, InnerSettings, in_both_precisions};
use super::answers::{Answers, Given, between, mark, single};
use super::engine::Predictor;
use super::kernels::Real;
use super::scalar::Scalar;
use super::settings::ModelSettings;
use super::tensors::TensorInfo;
use super::weights::Weights;
use crate::task::{Stream, Units};

/// The place of a run's seed among those that are answered: the one number that a run's weights hold.
const SEED: &str = "answers.seed";

/// Answers as a way to adapt: the support points were looked at elsewhere.
#[derive(Clone, Debug, PartialEq)]
pub struct Answered(pub Option<Arc<Answers>>);

impl Answered {
    /// The adaptation of somebody's answers; without any, of none.
    pub fn adaptation(answers: Option<Arc<Answers>>) -> Adaptation {
        let inner_steps = answers.as_ref().map_or(1, |answers| answers.adapted);
        Adaptation { inner: Arc::new(Self(answers)), inner_lr: 0.0, inner_steps, units: Units::default() }
    }

    /// What a run of this seed is tested by.
    pub fn weights(answers: Option<Arc<Answers>>, model: ModelSettings, seed: u64) -> Weights {
        let seeds = answers.as_ref().map_or(&[][..], |answers| answers.seeds());
        let place = seeds.iter().position(|one| *one == seed).unwrap_or(seeds.len());
        Weights { model, adaptation: Self::adaptation(answers), values: vec![place as f64] }
    }

    fn inner_loop<E: Scalar>(&self, _: InnerSettings<'_>) -> InnerLoop<E> {
        InnerLoop::Answers(self.0.clone())
    }
}

impl Inner for Answered {
    fn network(&self, _: &ModelSettings) -> Vec<TensorInfo> {
        vec![TensorInfo::new(SEED, [1])]
    }

    fn initial_network(&self, _: &ModelSettings, _: &mut Stream) -> Vec<f64> {
        vec![0.0]
    }

    fn tells_width(&self) -> &'static str {
        SEED
    }

    fn has_rate(&self) -> bool {
        false
    }

    fn has_order(&self) -> bool {
        false
    }

    in_both_precisions!(inner_loop);
}

/// Says what was given.
pub struct Reciter<E> {
    answers: Option<Arc<Answers>>,
    seed: usize,
    /// The task in hand, if it is one that answers are for.
    task: Option<usize>,
    points: usize,
    steps: usize,
    said: Vec<E>,
}

impl<E: Real> Reciter<E> {
    /// For the weights of a run.
    pub fn new(answers: Option<Arc<Answers>>, weights: &Weights) -> Self {
        let seed = weights.values.first().map_or(usize::MAX, |place| *place as usize);
        Self { answers, seed, task: None, points: 0, steps: 0, said: Vec::new() }
    }

    /// What is given at these inputs, answers or deviations; between two of the test's inputs, on the line between them.
    fn recite(&mut self, x: &[E], which: fn(&Given) -> &Vec<f64>) -> bool {
        self.said.clear();
        self.said.resize(x.len(), E::rounded(f64::NAN));
        let Some(answers) = &self.answers else { return false };
        let Some(task) = self.task.and_then(|task| answers.tasks.get(task)) else { return false };
        let Some(given) = answers.find(self.seed, task, self.points, self.steps) else { return false };
        let Some(values) = which(given).get(task.start..task.start + task.x.len()) else { return false };
        let is_as_asked =
            x.len() == task.x.len() && x.iter().zip(&task.x).all(|(x, of)| *x == E::rounded(*of));
        for (place, (said, x)) in self.said.iter_mut().zip(x).enumerate() {
            *said = E::rounded(if is_as_asked { values[place] } else { between(&task.x, values, x.exact()) });
        }
        true
    }
}

impl<E: Real> Predictor<E> for Reciter<E> {
    fn reset(&mut self) {
        (self.task, self.points, self.steps) = (None, 0, 0);
    }

    fn take_up(&mut self, support: [&[E]; 2], query: [&[E]; 2]) {
        let mark = |[x, y]: [&[E]; 2]| {
            let exact = |values: &[E]| values.iter().map(|value| value.exact()).collect::<Vec<f64>>();
            mark(&exact(x), &exact(y))
        };
        let Some(answers) = &self.answers else { return };
        let of_support = || answers.by_support.get(&mark(support));
        let found = answers.by_query.get(&mark(query)).or_else(of_support).copied();
        self.points = support[0].len();
        // Of other points than the task's nobody was asked.
        let [x, y] = support;
        let is_its = |task: &usize| {
            let mut own = answers.tasks[*task].points.iter();
            x.iter().zip(y).all(|(x, y)| own.next() == Some(&[single(x.exact()), single(y.exact())]))
        };
        self.task = found.filter(is_its);
    }

    fn see(&mut self, _: &[E], _: &[E]) {
        self.steps += 1;
    }

    fn test(&mut self, x: &[E], y: &[E], predictions: Option<&mut [E]>) -> E {
        self.recite(x, |given| &given.y);
        if let Some(predictions) = predictions {
            predictions.copy_from_slice(&self.said);
        }
        let errors = self.said.iter().zip(y).map(|(said, y)| said.exact() - y.exact());
        E::rounded(errors.map(|error| error * error).sum::<f64>() / x.len().max(1) as f64)
    }

    fn current(&self, out: &mut [E]) {
        out.fill(E::rounded(self.seed as f64));
    }

    fn deviations(&mut self, x: &[E], deviations: &mut [E]) -> bool {
        let has = self.recite(x, |given| &given.deviation);
        deviations.copy_from_slice(&self.said);
        has
    }
}
