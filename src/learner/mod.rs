//! What a visitor came for: one file an algorithm. Each says, in a few lines that can be held beside
//! the paper, which loss the outer optimiser descends; the loop around them is here.

mod gradient;
mod maml;
mod reptile;
mod settings;
mod transfer;

use dfdx::nn::ZeroGrads;
use dfdx::prelude::*;

use crate::model::{
    Adam, Mlp, ModelSettings, Order, Path, Precision, Rate, Scalar, Weights, Workspace, with_width,
};
use crate::task::{MetaBatch, Position, Purpose, TaskSettings, TrainingTasks, stream};

pub use gradient::{MetaGradient, meta_gradient};
pub use maml::Maml;
pub use reptile::Reptile;
pub use settings::{Algorithm, Budget, GradientOrder, OuterGradient, Training, used_by};
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

/// A learner before its first step; all it will ever do follows from the settings and the seed.
pub fn learner(
    training: &Training,
    task: &TaskSettings,
    model: &ModelSettings,
    seed: u64,
    path: Path,
) -> Box<dyn Learner> {
    let settings = Settings { training, task, model };
    with_width!(model.hidden, H => match model.precision {
        Precision::F32 => of_type::<H, f32>(settings, seed, path),
        Precision::F64 => of_type::<H, f64>(settings, seed, path),
    })
}

/// All that a learner depends on beside its seed.
#[derive(Clone, Copy)]
struct Settings<'s> {
    training: &'s Training,
    task: &'s TaskSettings,
    model: &'s ModelSettings,
}

fn of_type<const H: usize, E: Scalar>(settings: Settings<'_>, seed: u64, path: Path) -> Box<dyn Learner>
where
    Cpu: Device<E>,
{
    let training = settings.training;
    let rate = Rate::Uniform(E::rounded(training.inner_lr));
    let maml = |order| Maml {
        rate: rate.clone(),
        steps: training.inner_steps,
        order,
        plus_inner: training.outer_gradient == OuterGradient::MetaPlusInner,
    };
    match training.rule() {
        // Random initialisation is a transfer learner that is never asked to step.
        Algorithm::Random | Algorithm::Transfer => Trainer::<H, E, _>::boxed(Transfer, settings, seed, path),
        Algorithm::Maml => Trainer::<H, E, _>::boxed(maml(Order::Exact), settings, seed, path),
        Algorithm::FirstOrderMaml => Trainer::<H, E, _>::boxed(maml(Order::First), settings, seed, path),
        Algorithm::Reptile => {
            let reptile = Reptile { rate, steps: training.inner_steps };
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
    settings: ModelSettings,
}

impl<const H: usize, E: Scalar, R: Rule<H, E> + 'static> Trainer<H, E, R>
where
    Cpu: Device<E>,
{
    fn boxed(rule: R, settings: Settings<'_>, seed: u64, path: Path) -> Box<dyn Learner> {
        let mut initialisation = stream(seed, Purpose::Initialisation);
        let theta = Mlp::initialised(&Cpu::default(), &mut initialisation);
        Box::new(Self {
            rule,
            gradients: theta.alloc_grads(),
            adam: Adam::new(&theta, settings.training.outer_lr, path),
            theta,
            tasks: TrainingTasks::new(settings.task, settings.training.meta_batch, R::USES_QUERY, seed),
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
    use crate::config::Values;
    use crate::model::Activation;
    use crate::task::TrainTasks;

    #[test]
    fn a_restored_learner_goes_on_to_the_bit() {
        for algorithm in Algorithm::ALL.into_iter().skip(1) {
            for (precision, train_tasks) in
                [(Precision::F32, TrainTasks::Pool(25)), (Precision::F64, TrainTasks::Fresh)]
            {
                let training = Training {
                    algorithm,
                    budget: Budget::OuterSteps(60),
                    meta_batch: 3,
                    inner_lr: 0.01,
                    inner_steps: 2,
                    outer_lr: 0.001,
                    outer_gradient: OuterGradient::Meta,
                    order: GradientOrder::Exact,
                    own: Values::default(),
                };
                let task = TaskSettings {
                    amplitude: [0.1, 5.0],
                    phase: [0.0, std::f64::consts::TAU],
                    x: [-5.0, 5.0],
                    shots: 10,
                    query: 10,
                    train_tasks,
                };
                let model = ModelSettings { hidden: 16, layers: 2, activation: Activation::Relu, precision };
                let make = || learner(&training, &task, &model, 3, Path::detect());
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
                        "{algorithm:?} {precision:?} step {step}"
                    );
                }
                assert_eq!(straight.state(), resumed.state());
            }
        }
    }
}
