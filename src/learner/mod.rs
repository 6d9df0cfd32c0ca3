//! What a visitor came for: one file an algorithm. Each says, in a few lines that can be held beside
//! the paper, which loss the outer optimiser descends; the loop around them is here.

mod gradient;
mod maml;
mod reptile;
mod transfer;

use dfdx::nn::ZeroGrads;
use dfdx::prelude::*;

use crate::config::{Algorithm, Experiment, OuterGradient, Precision};
use crate::model::{Adam, Mlp, Order, Path, Rate, Scalar, Weights, Workspace, with_width};
use crate::task::{MetaBatch, Position, Purpose, TrainingTasks, stream};

pub use gradient::{MetaGradient, meta_gradient};
pub use maml::Maml;
pub use reptile::Reptile;
pub use transfer::Transfer;

/// The weights with the tape that an outer step is recorded on.
pub type Traced<const H: usize, E> = Mlp<H, E, OwnedTape<E, Cpu>>;

/// A scalar on that tape.
pub type TracedLoss<E> = Tensor<Rank0, E, Cpu, OwnedTape<E, Cpu>>;

/// An algorithm: the loss of one outer step.
pub trait Rule<const H: usize, E: Scalar> {
    /// Whether it looks at query points.
    const USES_QUERY: bool;

    /// The loss whose gradient with respect to `theta` the outer optimiser descends, over the tasks
    /// of one meta-batch.
    fn outer_loss(&self, theta: Traced<H, E>, tasks: &MetaBatch<E>, workspace: &Workspace<E>)
    -> OuterLoss<E>;
}

/// What an outer step descends, and the number that tells a person how training goes.
pub struct OuterLoss<E: Scalar> {
    /// Backward from here.
    pub descend: TracedLoss<E>,
    /// The training loss to show.
    pub shown: f64,
}

impl<E: Scalar> From<TracedLoss<E>> for OuterLoss<E> {
    /// What is descended is what is shown.
    fn from(descend: TracedLoss<E>) -> Self {
        let shown = value(&descend);
        Self { descend, shown }
    }
}

/// The number in a scalar tensor.
fn value<E: Scalar>(scalar: &TracedLoss<E>) -> f64 {
    let mut value = [E::default()];
    scalar.copy_into(&mut value);
    value[0].exact()
}

/// A network being trained: all a worker thread knows of it.
pub trait Learner {
    /// One step of the outer optimiser; returns its training loss.
    ///
    /// # Errors
    /// Only if memory runs out.
    fn outer_step(&mut self) -> anyhow::Result<f64>;

    /// The current initialisation.
    fn weights(&self) -> Weights;

    /// All that the next step depends on.
    fn state(&self) -> State;

    /// Goes on from where [`Learner::state`] was taken, in this run or another process's run of the same
    /// settings and seed.
    fn restore(&mut self, state: &State);
}

/// All that a run's next step depends on, as plain numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// The parameters.
    pub weights: Weights,
    /// Adam's first and second moments, in checkpoint order.
    pub moments: [Vec<f64>; 2],
    /// Steps Adam has taken.
    pub steps: u64,
    /// How far the random streams have come.
    pub position: Position,
}

/// The learner of this experiment, before its first step; all it will ever do follows from the
/// settings and the seed.
pub fn learner(settings: &Experiment, seed: u64, path: Path) -> Box<dyn Learner> {
    with_width!(settings.model.hidden, H => match settings.model.precision {
        Precision::F32 => of_type::<H, f32>(settings, seed, path),
        Precision::F64 => of_type::<H, f64>(settings, seed, path),
    })
}

fn of_type<const H: usize, E: Scalar>(settings: &Experiment, seed: u64, path: Path) -> Box<dyn Learner>
where
    Cpu: Device<E>,
{
    let rate = Rate::Uniform(E::rounded(settings.inner_lr));
    let maml = |order| Maml {
        rate: rate.clone(),
        steps: settings.inner_steps,
        order,
        plus_inner: settings.outer_gradient == OuterGradient::MetaPlusInner,
    };
    match settings.algorithm {
        // Random initialisation is a transfer learner that is never asked to step.
        Algorithm::Random | Algorithm::Transfer => Trainer::<H, E, _>::boxed(Transfer, settings, seed, path),
        Algorithm::Maml => Trainer::<H, E, _>::boxed(maml(Order::Exact), settings, seed, path),
        Algorithm::FirstOrderMaml => Trainer::<H, E, _>::boxed(maml(Order::First), settings, seed, path),
        Algorithm::Reptile => {
            let reptile = Reptile { rate, steps: settings.inner_steps };
            Trainer::<H, E, _>::boxed(reptile, settings, seed, path)
        }
    }
}

/// The outer loop's state, the same for every algorithm.
struct Trainer<const H: usize, E: Scalar, R> {
    rule: R,
    theta: Mlp<H, E>,
    /// Zero between steps; travels with the tape during one.
    gradients: Gradients<E, Cpu>,
    adam: Adam<E>,
    tasks: TrainingTasks<E>,
    workspace: Workspace<E>,
    settings: crate::config::ModelSettings,
}

impl<const H: usize, E: Scalar, R: Rule<H, E> + 'static> Trainer<H, E, R>
where
    Cpu: Device<E>,
{
    fn boxed(rule: R, settings: &Experiment, seed: u64, path: Path) -> Box<dyn Learner> {
        let mut initialisation = stream(seed, Purpose::Initialisation);
        let theta = Mlp::initialised(&Cpu::default(), &mut initialisation);
        Box::new(Self {
            rule,
            gradients: theta.alloc_grads(),
            adam: Adam::new(&theta, settings.outer_lr, path),
            theta,
            tasks: TrainingTasks::new(&settings.task, settings.meta_batch, R::USES_QUERY, seed),
            workspace: Workspace::new(H, settings.model.activation, path),
            settings: settings.model.clone(),
        })
    }
}

impl<const H: usize, E: Scalar, R: Rule<H, E>> Learner for Trainer<H, E, R> {
    fn outer_step(&mut self) -> anyhow::Result<f64> {
        let tasks = self.tasks.draw();
        let gradients = std::mem::replace(&mut self.gradients, Gradients::leaky());
        let theta = self.theta.trace(gradients);
        let OuterLoss { descend, shown } = self.rule.outer_loss(theta, tasks, &self.workspace);
        self.gradients = descend.try_backward()?;
        self.adam.update(&mut self.theta, &mut self.gradients)?;
        Ok(shown)
    }

    fn weights(&self) -> Weights {
        self.theta.to_weights(self.settings.activation)
    }

    fn state(&self) -> State {
        let (steps, moments) = self.adam.state();
        State {
            weights: self.weights(),
            moments: moments.map(|moment| moment.iter().map(|value| value.exact()).collect()),
            steps,
            position: self.tasks.position(),
        }
    }

    fn restore(&mut self, state: &State) {
        let rounded = |values: &[f64]| -> Vec<E> { values.iter().map(|&value| E::rounded(value)).collect() };
        self.theta.copy_from_flat(&rounded(&state.weights.values));
        let [first, second] = &state.moments;
        self.adam.restore(&self.theta, state.steps, [&rounded(first), &rounded(second)]);
        self.tasks.seek(&state.position);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{TrainTasks, parse};

    #[test]
    fn a_restored_learner_goes_on_to_the_bit() {
        for algorithm in ["transfer", "maml", "first-order-maml", "reptile"] {
            for (precision, pool) in [("f32", true), ("f64", false)] {
                let text = format!(
                    "[defaults]\nouter_steps = 60\nmeta_batch = 3\ninner_steps = 2\n[task]\ntrain_tasks = 25\n\
                     [model]\nprecision = \"{precision}\"\nhidden = 16\n\
                     [[experiment]]\nname = \"x\"\nalgorithm = \"{algorithm}\"\n"
                );
                let mut settings = parse("x", None, &text).expect("a good file").experiments.remove(0);
                if !pool {
                    settings.task.train_tasks = TrainTasks::Fresh;
                }
                let make = || learner(&settings, 3, Path::detect());
                let (mut straight, mut resumed) = (make(), make());
                for step in 0..40 {
                    if step % 13 == 0 {
                        let state = resumed.state();
                        resumed = make();
                        resumed.restore(&state);
                        assert_eq!(resumed.state(), state);
                    }
                    let losses =
                        [&mut straight, &mut resumed].map(|learner| learner.outer_step().expect("a step"));
                    assert_eq!(
                        losses[0].to_bits(),
                        losses[1].to_bits(),
                        "{algorithm} {precision} step {step}"
                    );
                }
                assert_eq!(straight.state(), resumed.state());
            }
        }
    }
}
