//! Meta-SGD: MAML in which every parameter has a learned inner rate of its own, which may also turn its
//! gradient round.
//!
//! Li, Zhou, Chen and Li 2017, "Meta-SGD: Learning to Learn Quickly for Few-Shot Learning",
//! <https://arxiv.org/abs/1707.09835>, section 3 and algorithm 1.

use super::{Learner, Rule, Training, words};
use crate::model::kernels::{self, Packed, Real, vectors};
use crate::model::{
    Adaptation, Gradient, Initial, Inner, InnerLoop, InnerSettings, Kernels, ModelSettings, Operator, Order,
    Pulled, Scalar, Scale, TensorInfo, ViewMut, in_both_precisions,
};
use crate::task::Stream;

/// theta, r <- theta, r - beta d/d(theta, r) mean over tasks of `L_query(theta')`,
/// theta' = theta - r * d/dtheta `L_support(theta)`, element by element.
#[derive(Clone, Copy, Debug)]
pub struct MetaSgd;

impl Learner for MetaSgd {
    fn name(&self) -> &'static str {
        "meta-sgd"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &["metasgd", "learned-rates"]
    }

    fn title(&self) -> &'static str {
        "Meta-SGD"
    }

    fn paper(&self) -> &'static str {
        "Li, Zhou, Chen, Li 2017, algorithm 1, arXiv:1707.09835"
    }

    fn keys(&self) -> &'static [&'static str] {
        &["inner_lr", "inner_steps", "outer_lr", "order"]
    }

    fn rule(&self, settings: &Training) -> &'static [&'static str] {
        match settings.order {
            Order::Exact => &["θ′ = θ − r ∘ ∇L_support(θ)", "(θ, r) ← (θ, r) − β dL_query(θ′)/d(θ, r)"],
            Order::First => {
                &["θ′ = θ − r ∘ ∇L_support(θ)", "(θ, r) ← (θ, r) − β ∂L_query(θ′)/∂(θ, r), ∇ const"]
            }
        }
    }

    fn settings(&self, settings: &Training) -> String {
        words::settings_from(settings)
    }

    fn notes(&self, _: &Training) -> &'static [&'static str] {
        &[
            "Every parameter's inner rate is learned with it, starting at inner_lr; a rate below 0 climbs.",
            "Look for: how far the rates spread, and what happens past the trained steps, above all where it is trained for a single one. Preset zoo trains it for 3 steps with clip = 10.",
        ]
    }

    fn bench(&self) -> Vec<(&'static str, Training)> {
        vec![("meta-sgd T=3", words::clipped(3))]
    }

    fn adaptation(&self, settings: &Training, _: Scale) -> Adaptation {
        settings.adapting(Rates)
    }
}

/// Its outer loss is the query loss after these steps.
impl Rule for MetaSgd {}

/// A learned rate for every parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Rates;

impl Rates {
    fn inner_loop<E: Scalar>(&self, settings: InnerSettings<'_>) -> InnerLoop<E> {
        let rates = Packed::zero(settings.kernels.shape::<E>(settings.model.layers, settings.model.hidden));
        InnerLoop::Steps(Box::new(Elementwise { kernels: settings.kernels, rates }))
    }
}

impl Inner for Rates {
    fn tensors(&self, model: &ModelSettings) -> Vec<TensorInfo> {
        let rate = |tensor: TensorInfo| TensorInfo::new(format!("inner_lr.{}", tensor.name), tensor.shape);
        model.tensors().into_iter().map(rate).collect()
    }

    fn initial(&self, of: Initial<'_>, _: &mut Stream) -> Vec<f64> {
        vec![of.inner_lr; of.model.parameters()]
    }

    fn has_rate(&self) -> bool {
        false
    }

    in_both_precisions!(inner_loop);
}

struct Elementwise<E> {
    kernels: Kernels,
    rates: Packed<E>,
}

impl<E: Real> Operator<E> for Elementwise<E> {
    fn load(&mut self, numbers: &[E]) {
        kernels::pack(self.kernels, numbers, self.rates.view_mut());
    }

    fn apply(&mut self, _: usize, gradient: Gradient<'_, E>, mut out: ViewMut<'_, E>) {
        vectors::multiply(self.kernels, self.rates.view().all(), gradient.view.all(), out.all_mut());
    }

    fn pull_back(
        &mut self,
        _: usize,
        gradient: Gradient<'_, E>,
        v: Pulled<'_, E>,
        mut out: ViewMut<'_, E>,
        sums: &mut [E],
    ) {
        let mut rest = sums;
        for tensor in 0..v.view.count() {
            for (g, v) in gradient.view.runs(tensor).zip(v.view.runs(tensor)) {
                let (sums, tail) = rest.split_at_mut(g.len());
                vectors::add_product(self.kernels, E::rounded(-1.0), g, v, sums);
                rest = tail;
            }
        }
        // Diagonal.
        vectors::multiply(self.kernels, self.rates.view().all(), v.view.all(), out.all_mut());
    }
}
