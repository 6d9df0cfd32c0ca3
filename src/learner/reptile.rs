//! Reptile: take k SGD steps on a task and move the initial weights a little towards where they led.
//!
//! Nichol, Achiam and Schulman 2018, "On First-Order Meta-Learning Algorithms",
//! <https://arxiv.org/abs/1803.02999>, algorithm 2 (batched), with Adam as the outer optimiser
//! (section 7) on (theta - theta') / (k alpha).

use dfdx::prelude::{Cpu, Device};

use super::{Cost, Learner, OuterLoss, OuterStep, Rule, Training, words};
use crate::model::{Order, Scalar};

/// theta <- theta - beta mean over tasks of (theta - theta') / (k alpha), theta' = k SGD steps of rate
/// alpha from theta on the support points.
#[derive(Clone, Copy, Debug)]
pub struct Reptile;

impl Learner for Reptile {
    fn name(&self) -> &'static str {
        "reptile"
    }

    fn title(&self) -> &'static str {
        "Reptile"
    }

    fn paper(&self) -> &'static str {
        "Nichol, Achiam, Schulman 2018, arXiv:1803.02999"
    }

    fn keys(&self) -> &'static [&'static str] {
        &["inner_lr", "inner_steps", "outer_lr"]
    }

    fn rule(&self, _: &Training) -> &'static [&'static str] {
        &["θₖ = θ after k steps of rate α", "θ ← θ − β (θ − θₖ)/(k α)"]
    }

    fn settings(&self, settings: &Training) -> String {
        let (alpha, outer) = (words::rate(settings.inner_lr), words::outer(settings));
        format!("α {alpha}, k {}, {outer}", settings.inner_steps)
    }

    fn notes(&self, _: &Training) -> &'static [&'static str] {
        &[
            "No query points: θ moves towards the weights that k SGD steps reach.",
            "Look for: where its curve meets MAML's, if it does. Reference of 20 seeds at the notebook's settings: 0.69 at n = 10 against 0.73, 0.60 against 0.69 at n = 32, both within the seed spread.",
        ]
    }

    fn cost(&self, training: &Training) -> Cost {
        let inner_steps = training.inner_steps;
        Cost { support: inner_steps, query: 0, hessian_products: 0 }
    }

    fn bench(&self) -> Vec<(&'static str, Training)> {
        vec![("reptile k=3", Training { inner_steps: 3, ..Training::default() })]
    }

    fn caution(&self, settings: &Training) -> Option<String> {
        // (theta - theta') / alpha is then the gradient of the support loss at theta.
        (settings.inner_steps == 1).then(|| {
            "Reptile with inner_steps = 1 is transfer learning: it takes 2 or more to differ".to_owned()
        })
    }

    fn uses_query(&self) -> bool {
        false
    }

    fn tested_at_common_rate(&self) -> bool {
        true
    }
}

impl Rule for Reptile {
    fn outer_loss<E: Scalar>(&self, step: OuterStep<'_, E>) -> OuterLoss<E>
    where
        Cpu: Device<E>,
    {
        let OuterStep { theta, tasks, settings, workspace, .. } = step;
        theta.adapt(&tasks.support, settings.inner_steps, Order::First).pull(workspace).into()
    }
}
