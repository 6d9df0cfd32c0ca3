//! The outer loop, the same for every algorithm: draw tasks, differentiate the algorithm's outer loss, let
//! Adam move the initial weights.

use dfdx::prelude::*;

use super::outer::{OuterLoss, OuterStep};
use super::outer_loss::OuterLossKind;
use super::rule::{Learner, Rule};
use super::settings::Training;
use crate::model::kernels::vectors;
use crate::model::{
    Adam, Adaptation, Initial, Kernels, ModelSettings, Parameters, Precision, Scalar, Scale, Weights,
    Workspace, tensors,
};
use crate::task::{Position, Purpose, TaskSettings, TrainingTasks, stream};

/// A network being trained: all a worker thread knows of it.
pub struct Trainer(Box<dyn Steps>);

impl Trainer {
    /// A network that `learner` trains, before its first step; all it will ever do follows from the
    /// settings and the seed.
    ///
    /// # Panics
    /// For a width off the menu, or more than 4 hidden layers, which the experiments file refuses.
    pub fn new(
        learner: &dyn Trainable,
        (training, task, model): (&Training, &TaskSettings, &ModelSettings),
        seed: u64,
        kernels: Kernels,
    ) -> Self {
        learner.trainer((training, task, model), seed, kernels)
    }

    /// One that takes no steps.
    pub fn untrained(weights: Weights) -> Self {
        Self(Box::new(Untrained(weights)))
    }

    /// One step of the outer optimiser; returns its training loss.
    ///
    /// # Errors
    /// Only if memory runs out.
    pub fn outer_step(&mut self) -> anyhow::Result<f64> {
        self.0.outer_step()
    }

    /// The current initialisation, and how it adapts.
    pub fn weights(&self) -> Weights {
        self.0.weights()
    }

    /// All that the next step depends on.
    pub fn state(&self) -> State {
        self.0.state()
    }

    /// Goes on from where [`Trainer::state`] was taken, in this run or another process's run of the same
    /// settings and seed.
    pub fn restore(&mut self, state: &State) {
        self.0.restore(state);
    }
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

/// A [`Rule`] as the list of algorithms has it: its facts, and a way to train.
pub trait Trainable: Learner {
    /// What [`Trainer::new`] gives.
    fn trainer(&self, settings: Settings<'_>, seed: u64, kernels: Kernels) -> Trainer;
}

/// What training depends on beside the algorithm and the seed.
pub type Settings<'a> = (&'a Training, &'a TaskSettings, &'a ModelSettings);

impl<R: Rule + Copy> Trainable for R {
    fn trainer(&self, settings: Settings<'_>, seed: u64, kernels: Kernels) -> Trainer {
        let (training, task, model) = settings;
        let rule = *self;
        let about = About {
            adaptation: rule.adaptation(training, Scale::of(task)).in_units(task.family.units()),
            warm_up: rule.warm_up(),
            uses_query: rule.uses_query(),
        };
        match model.precision {
            Precision::F32 => Trainer(Box::new(Typed::<f32>::new(
                Box::new(move |step| rule.outer_loss(step)),
                about,
                settings,
                seed,
                kernels,
            ))),
            Precision::F64 => Trainer(Box::new(Typed::<f64>::new(
                Box::new(move |step| rule.outer_loss(step)),
                about,
                settings,
                seed,
                kernels,
            ))),
        }
    }
}

/// What a [`Rule`] says of itself, for a loop that does not know its type.
struct About {
    adaptation: Adaptation,
    warm_up: u64,
    uses_query: bool,
}

/// [`Trainer`] behind its number type.
trait Steps {
    fn outer_step(&mut self) -> anyhow::Result<f64>;
    fn weights(&self) -> Weights;
    fn state(&self) -> State;
    fn restore(&mut self, state: &State);
}

/// What there is where nothing is trained.
struct Untrained(Weights);

impl Steps for Untrained {
    fn outer_step(&mut self) -> anyhow::Result<f64> {
        anyhow::bail!("nothing is trained here")
    }

    fn weights(&self) -> Weights {
        self.0.clone()
    }

    fn state(&self) -> State {
        let moments = [(); 2].map(|()| vec![0.0; self.0.values.len()]);
        State { weights: self.weights(), moments, steps: 0, position: Position::default() }
    }

    fn restore(&mut self, state: &State) {
        self.0 = state.weights.clone();
    }
}

/// A [`Rule`]'s outer loss, of one number type: the rest of the loop is compiled once for all rules.
type Loss<E> = Box<dyn Fn(OuterStep<'_, E>) -> OuterLoss<E>>;

struct Typed<E: Scalar> {
    outer_loss: Loss<E>,
    theta: Parameters<E>,
    /// Zero between steps; travels with the tape during one.
    gradients: Gradients<E, Cpu>,
    adam: Adam<E>,
    kernels: Kernels,
    /// Steps in which the rate rises from 0.
    warm_up: u64,
    /// Steps from the first to the last.
    steps: u64,
    tasks: TrainingTasks<E>,
    workspace: Workspace<E>,
    training: Training,
    model: ModelSettings,
    adaptation: Adaptation,
}

impl<E: Scalar> Typed<E> {
    fn new(
        outer_loss: Loss<E>,
        About { adaptation, warm_up, uses_query }: About,
        (training, task, model): Settings<'_>,
        seed: u64,
        kernels: Kernels,
    ) -> Self {
        let mut stream = stream(seed, Purpose::Initialisation);
        let mut values = adaptation.inner.initial_network(model, &mut stream);
        let of = Initial { model, inner_lr: adaptation.inner_lr, network: &mut values };
        let numbers = adaptation.inner.initial(of, &mut stream);
        values.extend(numbers);
        let mut theta = Parameters::zeros(model.hidden, &tensors(model, &adaptation));
        theta.copy_from_flat(&rounded(&values));
        Self {
            gradients: theta.zero_gradients().expect("a network's gradients are a few kilobytes"),
            adam: Adam::new(&theta, training.outer_lr, kernels),
            kernels,
            warm_up,
            steps: training.outer_steps(task),
            theta,
            tasks: TrainingTasks::new(task, training.meta_batch, uses_query, seed),
            workspace: Workspace::new(model, &adaptation, kernels),
            training: training.clone(),
            model: *model,
            adaptation,
            outer_loss,
        }
    }
}

impl<E: Scalar> Typed<E> {
    /// A training loss as it is in the units of the tasks: a squared error in their square, minus a log-likelihood of
    /// targets that are so many times as far apart.
    fn in_own_units(&self, loss: f64) -> f64 {
        let units = &self.adaptation.units;
        match self.training.own.named::<OuterLossKind>("outer_loss") {
            _ if units.are_own() => loss,
            Some(OuterLossKind::Nll) => loss + libm::log(units.spread_outward(1.0)),
            _ => units.loss_outward(loss),
        }
    }
}

impl<E: Scalar> Steps for Typed<E> {
    fn outer_step(&mut self) -> anyhow::Result<f64> {
        let gradients = std::mem::replace(&mut self.gradients, Gradients::leaky());
        let done = self.adam.state().0;
        let OuterLoss { descend, shown } = (self.outer_loss)(OuterStep {
            theta: self.theta.trace(gradients),
            tasks: self.tasks.draw(),
            settings: &self.training,
            progress: (done, self.steps),
            workspace: &self.workspace,
        });
        self.gradients = descend.try_backward()?;
        if let Some(largest) = self.training.clip {
            clip(&self.theta, &mut self.gradients, largest, self.kernels)?;
        }
        let factor = self.training.outer_schedule.factor(done, self.steps);
        let rising = if done < self.warm_up { (done + 1) as f64 / self.warm_up as f64 } else { 1.0 };
        self.adam.rate = self.training.outer_lr * factor * rising;
        self.adam.update(&mut self.theta, &mut self.gradients)?;
        Ok(self.in_own_units(shown))
    }

    fn weights(&self) -> Weights {
        let values = self.theta.numbers().iter().map(|value| value.exact()).collect();
        Weights { model: self.model, adaptation: self.adaptation.clone(), values }
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
        self.theta.copy_from_flat(&rounded(&state.weights.values));
        let [first, second] = &state.moments;
        self.adam.restore(state.steps, [&rounded(first), &rounded(second)]);
        self.tasks.seek(&state.position);
    }
}

/// Scales gradients so that the norm of all together is at most `largest`; what is not finite becomes 0.
fn clip<E: Scalar>(
    theta: &Parameters<E>,
    gradients: &mut Gradients<E, Cpu>,
    largest: f64,
    kernels: Kernels,
) -> Result<(), CpuError> {
    let mut squares = 0.0;
    theta.visit_gradients(gradients, &mut |_, _, gradient| {
        squares += vectors::dot(kernels, gradient, gradient).exact();
    })?;
    if !squares.is_finite() {
        // Squares overflow long before the numbers themselves do.
        squares = 0.0;
        theta.visit_gradients(gradients, &mut |_, _, gradient| {
            squares += gradient.iter().map(|g| g.exact() * g.exact()).sum::<f64>();
        })?;
    }
    let norm = squares.sqrt();
    if norm <= largest {
        return Ok(());
    }
    let scale = E::rounded(largest / norm);
    theta.visit_gradients(gradients, &mut |_, _, gradient| {
        for g in gradient {
            *g = if norm.is_finite() { *g * scale } else { E::default() };
        }
    })
}

/// Numbers in a network's own type.
fn rounded<E: Scalar>(values: &[f64]) -> Vec<E> {
    values.iter().map(|&value| E::rounded(value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learner::Algorithm;
    use crate::model::Activation;
    use crate::task::{Shots, TrainTasks};

    #[test]
    fn a_restored_trainer_goes_on_to_the_bit() {
        for algorithm in Algorithm::ALL.iter().filter(|algorithm| algorithm.trains()) {
            let drawn = Shots { fewest: 0, most: 3 };
            for (precision, train_tasks, shots) in [
                (Precision::F32, TrainTasks::Pool(25), 10.into()),
                (Precision::F64, TrainTasks::Fresh, 10.into()),
                (Precision::F32, TrainTasks::Pool(25), drawn),
                (Precision::F64, TrainTasks::Fresh, drawn),
            ] {
                let training = Training { meta_batch: 3, inner_steps: 2, ..Training::default() };
                let task = TaskSettings { train_tasks, shots, ..TaskSettings::default() };
                let model = ModelSettings { hidden: 16, precision, ..ModelSettings::default() };
                let make = || Trainer::new(&**algorithm, (&training, &task, &model), 3, Kernels::fastest());
                let (mut straight, mut resumed) = (make(), make());
                for step in 0..40 {
                    if step % 13 == 0 {
                        let state = resumed.state();
                        resumed = make();
                        resumed.restore(&state);
                        assert_eq!(resumed.state(), state);
                    }
                    let losses =
                        [&mut straight, &mut resumed].map(|trainer| trainer.outer_step().expect("a step"));
                    assert!(losses[0].is_finite(), "{algorithm:?} {precision:?} step {step}");
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

    /// Whatever has the same name: 512-bit kernels go on with what 256-bit ones began, and the other way round.
    #[test]
    fn kernels_of_one_name_give_the_same_bits() {
        let mut pairs = Vec::new();
        for kernels in Kernels::available() {
            let others = Kernels::available().skip_while(move |other| *other != kernels).skip(1);
            pairs.extend(others.filter(|other| other.name() == kernels.name()).map(|other| (kernels, other)));
        }
        if pairs.is_empty() {
            println!("not tried: this processor has no two kernels of one name");
        }
        let shapes = [(16, 2, 1, Precision::F32), (40, 2, 4, Precision::F32), (100, 3, 1, Precision::F32)];
        let shapes = shapes.into_iter().chain([(40, 1, 4, Precision::F64), (100, 2, 3, Precision::F64)]);
        // More points than units, but not than numbers in the longest row.
        let shapes = shapes.map(|shape| (shape, 10)).chain([((40, 2, 2, Precision::F32), 45)]);
        for ((hidden, layers, meta_batch, precision), shots) in shapes {
            for activation in [Activation::Relu, Activation::Tanh] {
                for algorithm in Algorithm::ALL.iter().filter(|algorithm| algorithm.trains()) {
                    let training = Training { meta_batch, inner_steps: 2, ..Training::default() };
                    let train_tasks = TrainTasks::Fresh;
                    let task = TaskSettings { train_tasks, shots: shots.into(), ..TaskSettings::default() };
                    let model = ModelSettings { hidden, layers, activation, precision };
                    let state = |kernels: [Kernels; 2]| {
                        let make =
                            |kernels| Trainer::new(&**algorithm, (&training, &task, &model), 3, kernels);
                        let mut trainer = make(kernels[0]);
                        (0..5).for_each(|_| drop(trainer.outer_step()));
                        let state = trainer.state();
                        let mut trainer = make(kernels[1]);
                        trainer.restore(&state);
                        (0..5).for_each(|_| drop(trainer.outer_step()));
                        trainer.state()
                    };
                    for (wide, narrow) in &pairs {
                        let straight = state([*wide; 2]);
                        for kernels in [[*narrow; 2], [*wide, *narrow], [*narrow, *wide]] {
                            assert_eq!(state(kernels), straight, "{algorithm:?} {model:?}");
                        }
                    }
                }
            }
        }
    }
}
