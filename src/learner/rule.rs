//! What an algorithm has to say of itself to be trained, tested, drawn and explained. Everybody else asks
//! here; nobody tells algorithms apart.

use dfdx::prelude::{Cpu, Device};

use super::cost::Cost;
use super::outer::{OuterLoss, OuterStep};
use super::settings::Training;
use super::words;
use crate::config::Keys;
use crate::model::{Adaptation, ModelSettings, Scalar, Scale, Shapes};
use crate::task::Shots;

/// The facts of an algorithm: one file holds them all, next to its [`Rule`].
pub trait Learner: Sync + 'static {
    /// The name in `experiments.toml` and in checkpoints.
    fn name(&self) -> &'static str;

    /// Other names that people write for it.
    fn aliases(&self) -> &'static [&'static str] {
        &[]
    }

    /// What people call it, in a sentence.
    fn title(&self) -> &'static str;

    /// Authors, year, section, address.
    fn paper(&self) -> &'static str;

    /// The settings of [`Training::keys`] that count for it, beside how long to train; an experiment may
    /// have no others.
    fn keys(&self) -> &'static [&'static str];

    /// The settings of `[model]` that count for it: all of them, where it trains hidden layers one after the other.
    fn network_keys(&self) -> &'static [&'static str] {
        &["hidden", "layers", "activation", "precision"]
    }

    /// Settings that it alone has.
    fn own_keys(&self) -> &'static Keys {
        &[]
    }

    /// The update rule, a line a step: θ the initial weights, θ′ the adapted ones.
    fn rule(&self, settings: &Training) -> &'static [&'static str];

    /// The settings in force, in the rule's letters.
    fn settings(&self, settings: &Training) -> String {
        words::settings(settings, "inner")
    }

    /// What to look for in its curves, a paragraph each.
    fn notes(&self, settings: &Training) -> &'static [&'static str];

    /// Work of one outer step on one task: that of the query loss after the inner steps, if it does not say
    /// otherwise.
    fn cost(&self, training: &Training) -> Cost {
        Cost::of_query_loss(training.inner_steps, training.order)
    }

    /// Floating-point operations of one outer step on one task: those of the passes of [`Learner::cost`] over the
    /// network's hidden layers, if it does not say otherwise.
    fn flop(&self, training: &Training, model: &ModelSettings, shots: usize, query: usize) -> usize {
        self.cost(training).flop(model, shots, query)
    }

    /// Numbers that the tape of an outer step keeps for each task, where passes are recorded operation by operation;
    /// 0 where the engine of the inner steps keeps them.
    fn tape(&self, _: &Training, _: &ModelSettings, _shots: usize, _query: usize) -> usize {
        0
    }

    /// With how many support points it is trained, where its outer steps draw tasks with so many points and query points.
    fn trained_points(&self, shots: Shots, _query: usize) -> Shots {
        shots
    }

    /// Outer steps in which its rate rises from 0, whatever the schedule.
    fn warm_up(&self) -> u64 {
        0
    }

    /// With which settings `metascope bench` measures it, and what it calls them; none where there is nothing
    /// to measure.
    fn bench(&self) -> Vec<(&'static str, Training)> {
        vec![(self.name(), Training::default())]
    }

    /// What to change first after training has diverged.
    fn remedy(&self, settings: &Training) -> String {
        words::remedy(self.keys().contains(&"inner_lr"), settings)
    }

    /// What these settings make of it that its name does not say, in a sentence.
    fn caution(&self, _: &Training) -> Option<String> {
        None
    }

    /// Whether it trains at all.
    fn trains(&self) -> bool {
        true
    }

    /// Whether it has no network: somebody else's answers are read and tested.
    fn reads_answers(&self) -> bool {
        false
    }

    /// Whether its outer loss looks at query points.
    fn uses_query(&self) -> bool {
        true
    }

    /// How a network that it trains adapts to a task, in training and in every test: plain SGD if it does
    /// not say otherwise. `scale` is for networks that read.
    fn adaptation(&self, settings: &Training, _: Scale) -> Adaptation {
        Adaptation::sgd(settings.inner_lr, settings.inner_steps)
    }

    /// What the tensors of a checkpoint say of the settings that its adaptation needs and its words may not
    /// say: `shape` gives the shape of the tensor of a name.
    fn read_tensors(&self, _settings: &mut Training, _shape: Shapes<'_>) {}

    /// Which arithmetic its bits come from: one more whenever the same settings and seed come to give others.
    fn arithmetic(&self) -> u32 {
        1
    }

    /// Whether tests take the rate of `[evaluation]`, as those of the notebook do, and not the one it was
    /// trained with.
    fn tested_at_common_rate(&self) -> bool {
        false
    }
}

/// What an algorithm does: the part of it that is held beside the paper.
pub trait Rule: Learner {
    /// The loss whose gradient with respect to `step.theta` the outer optimiser descends, over the tasks
    /// of one meta-batch: if it does not say otherwise, the loss on the query points after the inner steps of
    /// [`Learner::adaptation`], to the order of the settings.
    fn outer_loss<E: Scalar>(&self, step: OuterStep<'_, E>) -> OuterLoss<E>
    where
        Cpu: Device<E>,
    {
        let order = step.settings.order;
        step.query_loss(order)
    }
}
