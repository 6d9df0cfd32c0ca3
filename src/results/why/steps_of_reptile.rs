//! Reptile's k by hand: the same training with k = 1, which is transfer learning, and with as many inner steps as a person
//! asks for, begun from the same weights on the same tasks and carried out here and now.

use super::pane::{Finding, Found, Of, Pane, Subject};
use super::picture::{Curves, Hue, Line, Part, Row, Stroke};
use crate::analysis::{Adaptive, Task, later_steps, mean, mean_square};
use crate::eval::Adapter;
use crate::learner::{Reptile, Trainable, Trainer, Training, Transfer, meta_gradient};
use crate::model::{Kernels, ModelSettings, Order, Precision, Weights};
use crate::results::{
    Scale,
    text::{count, number},
};

/// Outer steps of each training.
const OUTER_STEPS: usize = 10_000;
/// Gradients that a training may take: fewer outer steps where each takes many.
const GRADIENTS: usize = 1_000_000;
/// Looks at each.
const LOOKS: usize = 16;
/// Most inner steps.
const MOST_STEPS: usize = 32;

/// The pane.
pub const PANE: Pane = Pane {
    name: "reptile",
    title: "Reptile, k by hand",
    look_for: "when the line leaves that of k = 1. The same training is carried out here with k inner steps: with one it is \
               transfer learning; the number of inner steps n is k, so more of them is a larger k.",
    of: Of::Network(find),
};

/// One training.
struct Trained {
    /// Outer steps, and the mean test losses before and after one inner step.
    losses: Vec<(f64, [f64; 2])>,
    start: Weights,
    weights: Weights,
}

/// What it shows.
struct ByHand {
    transfer: Trained,
    /// With one inner step, and with k.
    reptiles: [Trained; 2],
    k: usize,
    outer_steps: usize,
    /// How far what a first step has changed, over its rate, is from the gradient that transfer learning takes; told where
    /// the rounding of the stored weights is all that is between them.
    rounding: Option<f64>,
    /// Tasks of an outer step.
    meta_batch: usize,
    /// The cosine of what the later gradients add with what MAML's exact gradient adds.
    adds: Option<f64>,
}

fn find(subject: &Subject, is_wanted: &dyn Fn() -> bool) -> Option<Found> {
    Adaptive::new(&subject.weights)?;
    let k = subject.n.clamp(1, MOST_STEPS);
    let one = Training { inner_steps: 1, ..subject.training.clone() };
    let outer_steps = (GRADIENTS / (k * one.meta_batch.max(1))).clamp(LOOKS, OUTER_STEPS);
    let train = |learner: &dyn Trainable, inner_steps: usize| {
        let training = Training { inner_steps, ..one.clone() };
        trained(learner, subject, &training, outer_steps, is_wanted)
    };
    let transfer = train(&Transfer, 1)?;
    let reptiles = [train(&Reptile, 1)?, train(&Reptile, k)?];
    let adds = (k > 1).then(|| later_steps(&reptiles[1].weights, &subject.pairs(), k)).flatten();
    let rounding = rounding(&transfer.start, subject.pairs().first()?);
    let meta_batch = one.meta_batch;
    Some(Box::new(ByHand { transfer, reptiles, k, outer_steps, rounding, meta_batch, adds }))
}

/// How far (theta - theta') / alpha, all that Reptile knows of a step, is from the gradient g of that step: theta' is
/// theta - alpha g rounded to a weight's last place, so the lower places of alpha g are lost. `None` if a weight is off by
/// more than that rounding.
fn rounding(start: &Weights, (support, _): &Task) -> Option<f64> {
    let rate = start.adaptation.inner_lr;
    let points = [(support.clone(), support.clone())];
    let gradient = meta_gradient(start, &points, 0, Order::First, Kernels::fastest()).ok()?.gradient.values;
    let mut adapter = Adapter::new(start);
    adapter.take_task(support, support);
    adapter.descend();
    let mut most = 0.0_f64;
    for ((theta, g), stepped) in start.values.iter().zip(&gradient).zip(adapter.weights()) {
        // The same in one operation or in two, as the processor has it.
        if ![(-rate).mul_add(*g, *theta), theta - rate * g].contains(&stepped) {
            return None;
        }
        most = most.max(((theta - stepped) / rate - g).abs());
    }
    Some(most)
}

fn trained(
    learner: &dyn Trainable,
    subject: &Subject,
    training: &Training,
    outer_steps: usize,
    is_wanted: &dyn Fn() -> bool,
) -> Option<Trained> {
    // In 64 bits, so that what two trainings differ by is not how they round.
    let model = ModelSettings { precision: Precision::F64, ..subject.weights.model };
    let settings = (training, &subject.settings, &model);
    let mut trainer = Trainer::new(learner, settings, subject.seed, Kernels::fastest());
    let mut losses = Vec::with_capacity(LOOKS + 1);
    let tested_at = |mut weights: Weights| {
        // Tested at one rate, whatever each was trained with.
        weights.adaptation = weights.adaptation.at_rate(training.inner_lr);
        weights
    };
    let start = tested_at(trainer.weights());
    for look in 0..=LOOKS {
        let weights = tested_at(trainer.weights());
        losses.push(((look * outer_steps / LOOKS) as f64, tested(&weights, subject)?));
        let until = (look + 1).min(LOOKS) * outer_steps / LOOKS;
        for step in look * outer_steps / LOOKS..until {
            if step % 64 == 0 && !is_wanted() {
                return None;
            }
            trainer.outer_step().ok()?;
        }
    }
    Some(Trained { losses, start, weights: trainer.weights() })
}

/// Mean test losses before and after one step.
fn tested(weights: &Weights, subject: &Subject) -> Option<[f64; 2]> {
    let mut adaptive = Adaptive::new(weights)?;
    let mut losses = [Vec::new(), Vec::new()];
    for task in &subject.tasks {
        let after = adaptive.after(&task.support, 1);
        for (losses, network) in losses.iter_mut().zip([&adaptive.start, &after]) {
            losses.push(mean_square(&network.predict(&task.query.x), &task.query.y));
        }
    }
    Some(losses.map(|losses| mean(&losses)))
}

impl ByHand {
    /// The largest difference between a weight of transfer learning and one of Reptile with k = 1.
    fn apart(&self) -> f64 {
        let [one, other] = [&self.transfer, &self.reptiles[0]].map(|trained| &trained.weights.values);
        one.iter().zip(other).map(|(one, other)| (one - other).abs()).fold(0.0, f64::max)
    }

    fn last(trained: &Trained) -> [f64; 2] {
        trained.losses.last().map_or([f64::NAN; 2], |(_, losses)| *losses)
    }
}

impl Finding for ByHand {
    fn says(&self) -> String {
        let Self { transfer, reptiles, k, outer_steps, rounding, adds, .. } = self;
        let steps = count(*outer_steps as u64);
        let apart = match (self.apart(), rounding) {
            (0.0, _) => {
                format!("After {steps} outer steps k = 1 has transfer learning's weights to the bit.")
            }
            (apart, rounding) => {
                let why = rounding.map_or_else(String::new, |rounding| {
                    let order = if self.meta_batch > 1 { ", and tasks are added up one by one" } else { "" };
                    format!(
                        ", not the same to the bit: stored weights are rounded ({rounding:.0e} of a first gradient{order})"
                    )
                });
                format!(
                    "After {steps} outer steps no weight of k = 1 is further than {apart:.0e} from transfer learning's{why}."
                )
            }
        };
        let after = |trained: &Trained| number(Self::last(trained)[1]);
        let mut losses = format!("k = 1 {}, transfer {}", after(&reptiles[0]), after(transfer));
        if *k > 1 {
            losses += &format!(", k = {k} {}", after(&reptiles[1]));
        }
        let adds = adds.map_or_else(String::new, |adds| {
            format!(" Cosine of what later gradients add with what MAML's second derivatives add: {adds:.2}.")
        });
        format!("{apart} Test loss after one step: {losses}.{adds}")
    }

    fn picture(&self, _: usize) -> Vec<Row> {
        let of = |trained: &Trained, at: usize| -> Vec<(f64, f64)> {
            trained.losses.iter().map(|(step, losses)| (*step, losses[at])).collect()
        };
        let [one, more] = &self.reptiles;
        let mut lines = vec![
            Line::new("transfer", Hue::Plain, Stroke::Dot, of(&self.transfer, 1)).letter('.'),
            Line::new("k=1", Hue::Series(1), Stroke::Dash, of(one, 1)).letter('1'),
        ];
        if self.k > 1 {
            let name = format!("k={}", self.k);
            lines.push(Line::new(name, Hue::Own, Stroke::Solid, of(more, 1)).bold().letter('k'));
        }
        let top = lines.iter().flat_map(|line| &line.points).map(|(_, y)| *y).fold(0.0, f64::max);
        let curves = Curves {
            y: Scale::linear(0.0, 1.05 * top),
            x_name: "outer steps",
            ..Curves::over_x([0.0, self.outer_steps as f64], "test loss, n=1", lines)
        };
        Row::of(vec![Part::Curves(curves)])
    }

    fn figure(&self, name: &str) -> Option<f64> {
        match name {
            "apart" => Some(self.apart()),
            "rounding" => self.rounding,
            "one" => Some(Self::last(&self.reptiles[0])[1]),
            "more" => Some(Self::last(&self.reptiles[1])[1]),
            "adds" => self.adds,
            _ => None,
        }
    }
}
