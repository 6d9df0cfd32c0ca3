//! CAVIA, fast context adaptation: a few context numbers beside the input adapt to a task, from 0; no weight
//! moves. What is common to all tasks and what is particular to one are kept apart.
//!
//! Zintgraf, Shiarlis, Kurin, Hofmann and Whiteson 2019, "Fast Context Adaptation via Meta-Learning",
//! <https://arxiv.org/abs/1810.03642>, section 3 and algorithm 1.

use super::{Cost, Learner, Rule, Shapes, Training, words};
use crate::config::{Domain, Keys, settings};
use crate::model::{
    Adaptation, Initial, Inner, InnerLoop, InnerSettings, ModelSettings, Order, Scalar, Scale, TensorInfo,
    draw_uniform, in_both_precisions,
};
use crate::task::Stream;

settings! {
    /// What only CAVIA has.
    struct CaviaSettings {
        /// Context numbers, which adapt to a task (cavia).
        context: usize = Domain::Count(1..=16), 4;
    }
}

/// theta <- theta - beta d/dtheta mean over tasks of `L_query(theta, phi')`,
/// phi' = 0 - alpha d/dphi `L_support(theta, phi = 0)`; the network reads (x, phi).
#[derive(Clone, Copy, Debug)]
pub struct Cavia;

impl Learner for Cavia {
    fn name(&self) -> &'static str {
        "cavia"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &["context-adaptation", "fast-context-adaptation"]
    }

    fn title(&self) -> &'static str {
        "CAVIA"
    }

    fn paper(&self) -> &'static str {
        "Zintgraf, Shiarlis, Kurin, Hofmann, Whiteson 2019, section 3, arXiv:1810.03642"
    }

    fn keys(&self) -> &'static [&'static str] {
        &["inner_lr", "inner_steps", "outer_lr", "order"]
    }

    fn own_keys(&self) -> &'static Keys {
        CaviaSettings::keys()
    }

    fn rule(&self, settings: &Training) -> &'static [&'static str] {
        match settings.order {
            Order::Exact => &["φ′ = φ − α ∇_φ L_support(θ, φ), φ from 0", "θ ← θ − β dL_query(θ, φ′)/dθ"],
            Order::First => {
                &["φ′ = φ − α ∇_φ L_support(θ, φ), φ from 0", "θ ← θ − β ∂L_query(θ, φ′)/∂θ, ∇ const"]
            }
        }
    }

    fn settings(&self, settings: &Training) -> String {
        let numbers = CaviaSettings::new(&settings.own).context;
        let numbers =
            if numbers == 1 { "1 context number".to_owned() } else { format!("{numbers} context numbers") };
        format!("{numbers}, {}", words::settings(settings, "inner"))
    }

    fn notes(&self, settings: &Training) -> &'static [&'static str] {
        if settings.inner_lr < 0.1 {
            return &[
                "Only the context adapts; every weight is the same for all tasks.",
                "Look for: how far it falls. The paper and the reference take larger steps of a context: inner_lr = 1.",
            ];
        }
        &[
            "Only the context adapts, in training as in every test; every weight is the same for all tasks.",
            "Look for: whether the curve stays down past the trained steps, and whether the context orders the tasks: with two numbers, phases along a circle.",
        ]
    }

    fn cost(&self, training: &Training) -> Cost {
        // A step needs no gradient by the weights, and its derivative only half of a Hessian product.
        let support = match training.order {
            Order::Exact => 2 * training.inner_steps,
            Order::First => training.inner_steps,
        };
        Cost { support, query: 1, hessian_products: 0 }
    }

    fn bench(&self) -> Vec<(&'static str, Training)> {
        let at = |inner_steps, clip| Training { inner_lr: 1.0, inner_steps, clip, ..Training::default() };
        vec![("cavia T=1", at(1, None)), ("cavia T=3", at(3, Some(10.0)))]
    }

    fn adaptation(&self, settings: &Training, _: Scale) -> Adaptation {
        settings.adapting(Context { numbers: CaviaSettings::new(&settings.own).context })
    }

    fn read_tensors(&self, settings: &mut Training, shape: Shapes<'_>) {
        // A column for x and one for every context number.
        if let Some([_, columns]) = shape("hidden1.weight").as_deref() {
            let context = columns.saturating_sub(1).clamp(1, 16);
            settings.own = CaviaSettings { context }.values();
        }
    }
}

/// Its outer loss is the query loss after these steps.
impl Rule for Cavia {}

/// Numbers beside the input.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Context {
    numbers: usize,
}

impl Context {
    fn inner_loop<E: Scalar>(&self, settings: InnerSettings<'_>) -> InnerLoop<E> {
        InnerLoop::Context { numbers: self.numbers, rate: E::rounded(settings.inner_lr) }
    }
}

impl Inner for Context {
    fn tensors(&self, model: &ModelSettings) -> Vec<TensorInfo> {
        vec![TensorInfo::new("hidden1.weight", [model.hidden, 1]); self.numbers]
    }

    fn initial(&self, of: Initial<'_>, stream: &mut Stream) -> Vec<f64> {
        // The first layer reads as many numbers more, so its initial weights and bias are smaller.
        let inputs = 1 + self.numbers;
        for value in &mut of.network[..2 * of.model.hidden] {
            *value /= (inputs as f64).sqrt();
        }
        let mut columns = vec![0.0; self.numbers * of.model.hidden];
        draw_uniform(inputs, &mut columns, stream);
        columns
    }

    fn has_context(&self) -> bool {
        true
    }

    in_both_precisions!(inner_loop);
}
