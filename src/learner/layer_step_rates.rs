//! Layer-step rates: MAML in which every tensor has a learned inner rate for every inner step, and with
//! `step_loss = "all"` an outer loss that looks at the network after every step, not after the last alone.
//!
//! Antoniou, Edwards and Storkey 2019, "How to train your MAML", <https://arxiv.org/abs/1810.09502>, section 4:
//! learned rates of layers and steps, and the multi-step loss with its annealing.

use dfdx::prelude::{Cpu, Device};

use super::{Learner, OuterLoss, OuterStep, Rule, Shapes, Training, words};
use crate::config::{Domain, Keys, settings, words as choice};
use crate::model::kernels::{Real, vectors};
use crate::model::{
    Adaptation, Gradient, Initial, Inner, InnerLoop, InnerSettings, Kernels, ModelSettings, Operator, Order,
    Pulled, Scalar, Scale, TensorInfo, View, ViewMut, in_both_precisions,
};
use crate::task::Stream;

settings! {
    /// What only layer-step rates have.
    struct StepRatesSettings {
        /// Whether the outer loss is that after the last inner step, or at first those after all (layer-step-rates).
        step_loss: StepLoss = Domain::Words(StepLoss::NAMES), StepLoss::Last;
    }
}

choice! {
    /// After which inner steps the outer loss looks at the query points.
    pub enum StepLoss {
        /// After the last.
        Last = "last",
        /// After every one: alike at first, then ever more the last, which from half of the training on is
        /// alone.
        All = "all",
    }
}

impl StepLoss {
    /// The shares of the losses after 1, 2, .. of `steps` inner steps in the outer loss, once `done` of `all` outer
    /// steps are taken; empty where the last loss counts alone.
    fn importance(self, steps: usize, (done, all): (u64, u64)) -> Vec<f64> {
        let early = (1.0 - 2.0 * done as f64 / all.max(1) as f64).max(0.0);
        if self == Self::Last || early == 0.0 {
            return Vec::new();
        }
        let last = |step| if step == steps { 1.0 - early } else { 0.0 };
        (1..=steps).map(|step| early / steps as f64 + last(step)).collect()
    }
}

/// theta, r <- theta, r - beta d/d(theta, r) mean over tasks of `L_query(theta_T)`,
/// theta_(s+1) = theta_s - r_s d/dtheta `L_support(theta_s)` with a rate for every tensor.
#[derive(Clone, Copy, Debug)]
pub struct LayerStepRates;

impl Learner for LayerStepRates {
    fn name(&self) -> &'static str {
        "layer-step-rates"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &["maml++", "mamlplusplus", "lslr", "per-layer-per-step"]
    }

    fn title(&self) -> &'static str {
        "layer-step rates (MAML++)"
    }

    fn paper(&self) -> &'static str {
        "Antoniou, Edwards, Storkey 2019, section 4, arXiv:1810.09502"
    }

    fn keys(&self) -> &'static [&'static str] {
        &["inner_lr", "inner_steps", "outer_lr", "order"]
    }

    fn own_keys(&self) -> &'static Keys {
        StepRatesSettings::keys()
    }

    fn rule(&self, settings: &Training) -> &'static [&'static str] {
        match (StepRatesSettings::new(&settings.own).step_loss, settings.order) {
            (StepLoss::Last, Order::Exact) => {
                &["θₛ₊₁ = θₛ − rₛ ∇L_support(θₛ)", "(θ, r) ← (θ, r) − β dL_query(θ_T)/d(θ, r)"]
            }
            (StepLoss::Last, Order::First) => {
                &["θₛ₊₁ = θₛ − rₛ ∇L_support(θₛ)", "(θ, r) ← (θ, r) − β ∂L_query(θ_T)/∂(θ, r), ∇ const"]
            }
            (StepLoss::All, Order::Exact) => {
                &["θₛ₊₁ = θₛ − rₛ ∇L_support(θₛ)", "(θ, r) ← (θ, r) − β d[Σ vₛ L_query(θₛ)]/d(θ, r)"]
            }
            (StepLoss::All, Order::First) => {
                &["θₛ₊₁ = θₛ − rₛ ∇L_support(θₛ)", "(θ, r) ← (θ, r) − β ∂[Σ vₛ L_query(θₛ)]/∂(θ, r), ∇ const"]
            }
        }
    }

    fn settings(&self, settings: &Training) -> String {
        let step_loss = StepRatesSettings::new(&settings.own).step_loss.name();
        format!("{}, step_loss {step_loss}", words::settings_from(settings))
    }

    fn notes(&self, settings: &Training) -> &'static [&'static str] {
        match StepRatesSettings::new(&settings.own).step_loss {
            StepLoss::Last => &[
                "One learned rate for every tensor and inner step, starting at inner_lr; past the trained steps those of the last go on.",
                "Look for: whether early steps learn larger rates than late ones. The presets train it with clip = 10.",
            ],
            StepLoss::All => &[
                "One learned rate for every tensor and inner step; the outer loss weighs the query losses after all steps, alike at first, and from half of the training on the last alone.",
                "Look for: whether training is steadier at its start than with step_loss = \"last\", and where it ends.",
            ],
        }
    }

    fn bench(&self) -> Vec<(&'static str, Training)> {
        vec![("layer-step-rates T=3", words::clipped(3))]
    }

    fn adaptation(&self, settings: &Training, _: Scale) -> Adaptation {
        settings.adapting(StepRates { steps: settings.inner_steps.max(1) })
    }

    fn read_tensors(&self, settings: &mut Training, shape: Shapes<'_>) {
        // A rate for every step it was trained for.
        if let Some([steps]) = shape("inner_lr.hidden1.bias").as_deref() {
            settings.inner_steps = *steps;
        }
    }
}

impl Rule for LayerStepRates {
    fn outer_loss<E: Scalar>(&self, step: OuterStep<'_, E>) -> OuterLoss<E>
    where
        Cpu: Device<E>,
    {
        let OuterStep { theta, tasks, settings, progress, workspace } = step;
        let (steps, order) = (settings.inner_steps, settings.order);
        let importance = StepRatesSettings::new(&settings.own).step_loss.importance(steps, progress);
        theta.adapt(&tasks.support, steps, order).losses(&tasks.query, &importance, workspace).into()
    }
}

/// A learned rate for every tensor and step.
#[derive(Clone, Copy, Debug, PartialEq)]
struct StepRates {
    steps: usize,
}

impl StepRates {
    fn inner_loop<E: Scalar>(&self, settings: InnerSettings<'_>) -> InnerLoop<E> {
        InnerLoop::Steps(Box::new(Stepwise {
            kernels: settings.kernels,
            steps: self.steps,
            rates: Vec::new(),
        }))
    }
}

impl Inner for StepRates {
    fn tensors(&self, model: &ModelSettings) -> Vec<TensorInfo> {
        let rates = |tensor: TensorInfo| TensorInfo::new(format!("inner_lr.{}", tensor.name), [self.steps]);
        model.tensors().into_iter().map(rates).collect()
    }

    fn initial(&self, of: Initial<'_>, _: &mut Stream) -> Vec<f64> {
        vec![of.inner_lr; of.model.tensor_count() * self.steps]
    }

    fn has_rate(&self) -> bool {
        false
    }

    in_both_precisions!(inner_loop);
}

struct Stepwise<E> {
    kernels: Kernels,
    steps: usize,
    /// Tensor by tensor, a rate a step.
    rates: Vec<E>,
}

impl<E: Real> Stepwise<E> {
    /// `out`, tensor by tensor, is the step's rate times `x`.
    fn scale(&self, step: usize, x: View<'_, E>, mut out: ViewMut<'_, E>) {
        for tensor in 0..x.count() {
            let rate = self.rates[self.place(tensor, step)];
            vectors::scale(self.kernels, rate, x.tensor(tensor), out.tensor_mut(tensor));
        }
    }

    /// Where the rate of a tensor lies; past the last step, the last step's.
    fn place(&self, tensor: usize, step: usize) -> usize {
        tensor * self.steps + step.min(self.steps - 1)
    }
}

impl<E: Real> Operator<E> for Stepwise<E> {
    fn load(&mut self, numbers: &[E]) {
        self.rates.clear();
        self.rates.extend_from_slice(numbers);
    }

    fn apply(&mut self, step: usize, gradient: Gradient<'_, E>, out: ViewMut<'_, E>) {
        self.scale(step, gradient.view, out);
    }

    fn pull_back(
        &mut self,
        step: usize,
        gradient: Gradient<'_, E>,
        v: Pulled<'_, E>,
        out: ViewMut<'_, E>,
        sums: &mut [E],
    ) {
        let (width, stride) = (v.view.width(), v.view.stride());
        for tensor in 0..v.view.count() {
            let [g, v] = [gradient.view, v.view].map(|view| view.tensor(tensor));
            let product = vectors::dot_rows(self.kernels, width, stride, g, v);
            let sum = &mut sums[self.place(tensor, step)];
            *sum = *sum - product;
        }
        // Diagonal.
        self.scale(step, v.view, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loss_after_all_steps_anneals_to_that_after_the_last() {
        let at = |done| StepLoss::All.importance(3, (done, 100));
        let close = |found: &[f64], expected: [f64; 3]| {
            assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-15), "{found:?}");
        };
        close(&at(0), [1.0 / 3.0; 3]);
        close(&at(25), [1.0 / 6.0, 1.0 / 6.0, 2.0 / 3.0]);
        assert_eq!((at(50), at(99)), (Vec::new(), Vec::new()));
        assert_eq!(StepLoss::Last.importance(3, (0, 100)), Vec::<f64>::new());
    }
}
