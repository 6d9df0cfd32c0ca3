//! The outer loop, the same for every algorithm: draw tasks, differentiate the algorithm's outer loss, let
//! Adam move the initial weights.

use dfdx::prelude::*;

use super::algorithm::Rule;
use super::outer::{OuterLoss, OuterStep};
use crate::config::{Experiment, Precision};
use crate::model::{
    Adam, Adaptation, Kernels, Mlp, Scalar, Weights, Workspace, initial_parameters, with_width,
};
use crate::task::{Position, Purpose, TrainingTasks, stream};

/// A network being trained: all a worker thread knows of it.
pub struct Trainer(Box<dyn Steps>);

impl Trainer {
    /// The network of this experiment, before its first step; all it will ever do follows from the
    /// settings and the seed.
    pub fn new(settings: &Experiment, seed: u64, kernels: Kernels) -> Self {
        super::of(settings.algorithm).trainer(settings, seed, kernels)
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

/// What every [`Rule`] is once it stands in the list of algorithms: facts, and a way to train.
pub trait Trainable: super::Learner {
    /// The network of this experiment before its first step.
    fn trainer(&self, settings: &Experiment, seed: u64, kernels: Kernels) -> Trainer;
}

impl<R: Rule + Copy> Trainable for R {
    fn trainer(&self, settings: &Experiment, seed: u64, kernels: Kernels) -> Trainer {
        with_width!(settings.model.hidden, H => match settings.model.precision {
            Precision::F32 => Trainer(Box::new(Typed::<H, f32>::new(*self, settings, seed, kernels))),
            Precision::F64 => Trainer(Box::new(Typed::<H, f64>::new(*self, settings, seed, kernels))),
        })
    }
}

/// [`Trainer`] behind its width and number type.
trait Steps {
    fn outer_step(&mut self) -> anyhow::Result<f64>;
    fn weights(&self) -> Weights;
    fn state(&self) -> State;
    fn restore(&mut self, state: &State);
}

/// A [`Rule`]'s outer loss, of one width and number type: the rest of the loop is compiled once for all rules.
type Loss<const H: usize, E> = Box<dyn Fn(OuterStep<'_, H, E>) -> OuterLoss<E>>;

struct Typed<const H: usize, E: Scalar> {
    outer_loss: Loss<H, E>,
    theta: Mlp<H, E>,
    /// Zero between steps; travels with the tape during one.
    gradients: Gradients<E, Cpu>,
    adam: Adam<E>,
    tasks: TrainingTasks<E>,
    workspace: Workspace<E>,
    settings: Experiment,
    adaptation: Adaptation,
}

impl<const H: usize, E: Scalar> Typed<H, E>
where
    Cpu: Device<E>,
{
    fn new<R: Rule>(rule: R, settings: &Experiment, seed: u64, kernels: Kernels) -> Self {
        let model = &settings.model;
        let adaptation = rule.adaptation(settings.inner_lr, settings.inner_steps);
        let mut values = initial_parameters(model, &mut stream(seed, Purpose::Initialisation));
        values.extend(adaptation.inner.initial(model, adaptation.inner_lr));
        let mut theta = Mlp::zeros(&Cpu::default(), model.layers, &adaptation.tensors(model));
        theta.copy_from_flat(&rounded(&values));
        Self {
            gradients: theta.zero_gradients().expect("a network's gradients are a few kilobytes"),
            adam: Adam::new(&theta, settings.outer_lr, kernels),
            theta,
            tasks: TrainingTasks::new(&settings.task, settings.meta_batch, rule.uses_query(), seed),
            workspace: Workspace::new(model, &adaptation, kernels),
            settings: settings.clone(),
            adaptation,
            outer_loss: Box::new(move |step| rule.outer_loss(step)),
        }
    }
}

impl<const H: usize, E: Scalar> Steps for Typed<H, E> {
    fn outer_step(&mut self) -> anyhow::Result<f64> {
        let gradients = std::mem::replace(&mut self.gradients, Gradients::leaky());
        let OuterLoss { descend, shown } = (self.outer_loss)(OuterStep {
            theta: self.theta.trace(gradients),
            tasks: self.tasks.draw(),
            settings: &self.settings,
            workspace: &self.workspace,
        });
        self.gradients = descend.try_backward()?;
        self.adam.update(&mut self.theta, &mut self.gradients)?;
        Ok(shown)
    }

    fn weights(&self) -> Weights {
        let mut flat = vec![E::default(); self.theta.count()];
        self.theta.copy_into_flat(&mut flat);
        let values = flat.into_iter().map(|value| value.exact()).collect();
        Weights { model: self.settings.model, adaptation: self.adaptation.clone(), values }
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
        self.adam.restore(&self.theta, state.steps, [&rounded(first), &rounded(second)]);
        self.tasks.seek(&state.position);
    }
}

/// Numbers in a network's own type.
fn rounded<E: Scalar>(values: &[f64]) -> Vec<E> {
    values.iter().map(|&value| E::rounded(value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{TrainTasks, parse};
    use crate::learner::ALGORITHMS;

    #[test]
    fn a_restored_trainer_goes_on_to_the_bit() {
        for algorithm in ALGORITHMS.iter().filter(|algorithm| algorithm.trains()) {
            let algorithm = algorithm.name();
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
                let make = || Trainer::new(&settings, 3, Kernels::fastest());
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
