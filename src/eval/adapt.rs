//! A trained initialisation at work: inner steps on a task's support points, by its own rule of adaptation.

use crate::model::Precision;
use crate::model::{Insight, Kernels, LayerUnits, Predictor, Scalar, TensorInfo, Weights, predictor};
use crate::task::{Points, Units};

/// A network's prediction after `n` steps on a task's support points.
#[derive(Clone, Debug, PartialEq)]
pub struct Fit {
    /// Inner steps taken.
    pub n: usize,
    /// Predictions at the points asked for.
    pub y: Vec<f64>,
    /// MSE on the query points.
    pub loss: f64,
    /// Standard deviation that each prediction is given with, by a learner that predicts it.
    pub deviations: Option<Vec<f64>>,
}

/// Half the width of a band that holds 90 % of a Gaussian, in standard deviations.
pub const BAND_90: f64 = 1.644_853_626_951_472_2;

/// Adapts one initialisation to task after task, in the type it was trained in.
pub struct Adapter(Box<dyn Adapt>);

/// [`Adapter`] behind the number type.
trait Adapt {
    fn take_task(&mut self, support: &Points, query: &Points);
    fn descend(&mut self);
    fn loss(&mut self) -> f64;
    fn predict(&mut self) -> (Vec<f64>, f64);
    fn weights(&self, values: &mut Vec<f64>);
    fn deviations(&mut self) -> Option<Vec<f64>>;
    fn context(&self) -> Vec<f64>;
    fn insight(&mut self) -> Option<Insight>;
    fn units(&mut self) -> Vec<LayerUnits>;
}

struct Typed<E> {
    predictor: Box<dyn Predictor<E>>,
    support: [Vec<E>; 2],
    query: [Vec<E>; 2],
    predictions: Vec<E>,
    parameters: usize,
    units: Units,
}

impl Adapter {
    /// For these weights, on the fastest kernels this processor has.
    pub fn new(weights: &Weights) -> Self {
        Self::on(weights, Kernels::fastest())
    }

    /// The same on chosen kernels.
    pub fn on(weights: &Weights, kernels: Kernels) -> Self {
        match weights.model.precision {
            Precision::F32 => Self(Box::new(Typed::<f32>::new(weights, kernels))),
            Precision::F64 => Self(Box::new(Typed::<f64>::new(weights, kernels))),
        }
    }

    /// Takes up a task, at the initialisation.
    pub fn take_task(&mut self, support: &Points, query: &Points) {
        self.0.take_task(support, query);
    }

    /// One inner step on the support points.
    pub fn descend(&mut self) {
        self.0.descend();
    }

    /// The loss on the query points.
    pub fn loss(&mut self) -> f64 {
        self.0.loss()
    }

    /// What the network answers at the query points, and the loss there.
    pub fn predict(&mut self) -> (Vec<f64>, f64) {
        self.0.predict()
    }

    /// Standard deviations of the targets at the query points, as the network expects them now; `None` from a
    /// learner that does not say.
    pub fn deviations(&mut self) -> Option<Vec<f64>> {
        self.0.deviations()
    }

    /// Whether these weights say how sure they are of a prediction.
    pub fn tells_deviations(weights: &Weights) -> bool {
        let mut adapter = Self::new(weights);
        adapter.take_task(&Points::default(), &Points { x: vec![0.0], y: vec![0.0] });
        adapter.deviations().is_some()
    }

    /// The context that the network is adapted by now; empty from a learner without one.
    pub fn context(&self) -> Vec<f64> {
        self.0.context()
    }

    /// What a network that reads makes of the support points, asked at the query points; `None` of any other.
    pub fn insight(&mut self) -> Option<Insight> {
        self.0.insight()
    }

    /// What the rectified layers of a network that reads answer while it is asked at the query points, in their order; nothing
    /// of any other.
    pub fn units(&mut self) -> Vec<LayerUnits> {
        self.0.units()
    }

    /// The current weights, in checkpoint order.
    pub fn weights(&self) -> Vec<f64> {
        let mut values = Vec::new();
        self.0.weights(&mut values);
        values
    }
}

impl<E: Scalar> Typed<E> {
    fn new(weights: &Weights, kernels: Kernels) -> Self {
        let none = || [Vec::new(), Vec::new()];
        let network = weights.adaptation.inner.network(&weights.model);
        let parameters = network.iter().map(TensorInfo::count).sum();
        let predictor = predictor(weights, kernels);
        let units = weights.adaptation.units;
        Self { predictor, support: none(), query: none(), predictions: Vec::new(), parameters, units }
    }
}

/// Overwrites `to` with `from` as a network sees it, rounded.
fn round_into<E: Scalar>(to: &mut [Vec<E>; 2], from: &Points, units: &Units) {
    to.iter_mut().for_each(Vec::clear);
    let [x, y] = to;
    x.extend(from.x.iter().map(|&x| E::rounded(units.x_inward(x))));
    y.extend(from.y.iter().map(|&y| E::rounded(units.y_inward(y))));
}

impl<E: Scalar> Adapt for Typed<E> {
    fn take_task(&mut self, support: &Points, query: &Points) {
        round_into(&mut self.support, support, &self.units);
        round_into(&mut self.query, query, &self.units);
        self.predictor.reset();
        let [support, query] = [&self.support, &self.query].map(|[x, y]| [&x[..], &y[..]]);
        self.predictor.take_up(support, query);
    }

    fn descend(&mut self) {
        let [x, y] = &self.support;
        self.predictor.see(x, y);
    }

    fn loss(&mut self) -> f64 {
        let [x, y] = &self.query;
        self.units.loss_outward(self.predictor.test(x, y, None).exact())
    }

    fn predict(&mut self) -> (Vec<f64>, f64) {
        let [x, y] = &self.query;
        self.predictions.resize(x.len(), E::default());
        let loss = self.predictor.test(x, y, Some(&mut self.predictions)).exact();
        let units = &self.units;
        let answers = self.predictions.iter().map(|value| units.y_outward(value.exact()));
        (answers.collect(), units.loss_outward(loss))
    }

    fn deviations(&mut self) -> Option<Vec<f64>> {
        let mut deviations = vec![E::default(); self.query[0].len()];
        let has = self.predictor.deviations(&self.query[0], &mut deviations);
        let units = &self.units;
        has.then(|| deviations.into_iter().map(|value| units.spread_outward(value.exact())).collect())
    }

    fn context(&self) -> Vec<f64> {
        self.predictor.context().iter().map(|value| value.exact()).collect()
    }

    fn insight(&mut self) -> Option<Insight> {
        self.predictor.insight(&self.query[0])
    }

    fn units(&mut self) -> Vec<LayerUnits> {
        self.predictor.units(&self.query[0])
    }

    fn weights(&self, values: &mut Vec<f64>) {
        let mut flat = vec![E::default(); self.parameters];
        self.predictor.current(&mut flat);
        values.extend(flat.into_iter().map(|value| value.exact()));
    }
}

/// Predictions at `query.x`, and their loss against `query.y`, after each of `steps` (ascending) inner
/// steps on `support`. Microseconds a step: meant to be called while drawing.
pub fn fits(weights: &Weights, support: &Points, query: &Points, steps: &[usize]) -> Vec<Fit> {
    let mut adapter = Adapter::new(weights);
    adapter.take_task(support, query);
    let mut taken = 0;
    steps
        .iter()
        .map(|&n| {
            while taken < n && !support.x.is_empty() {
                adapter.descend();
                taken += 1;
            }
            let (y, loss) = adapter.predict();
            Fit { n, y, loss, deviations: adapter.deviations() }
        })
        .collect()
}
