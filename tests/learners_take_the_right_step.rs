//! A learner's step is its paper's update rule and nothing else. Curves cannot show that: seeds differ by
//! more than some rules do. So the first steps of every learner are taken a second time here, from
//! gradients that other tests have judged, with Adam written out.

use metascope::eval::Adapter;
use metascope::experiments::{Experiment, parse};
use metascope::learner::{OuterSchedule, meta_gradient};
use metascope::model::{Kernels, Order, Weights};
use metascope::task::{Batch, Points, TrainingTasks};

const STEPS: usize = 6;
const SEED: u64 = 5;

/// An experiment in 64 bits with these lines of its own.
fn experiment(lines: &str) -> Experiment {
    let text = format!(
        "[task]\ntrain_tasks = 20\n[model]\nhidden = 16\nprecision = \"f64\"\n[[experiment]]\nname = \"A\"\n{lines}\n"
    );
    let study = parse("test", None, &text).unwrap_or_else(|problems| panic!("{problems}"));
    study.experiments[0].clone()
}

fn points(batch: &Batch<f64>) -> Vec<Points> {
    (0..batch.tasks())
        .map(|task| {
            let (x, y) = batch.task(task);
            Points { x: x.to_vec(), y: y.to_vec() }
        })
        .collect()
}

/// Adam (Kingma and Ba 2015, algorithm 1) with PyTorch's defaults.
struct Adam {
    rate: f64,
    m: Vec<f64>,
    v: Vec<f64>,
    t: i32,
}

impl Adam {
    fn step(&mut self, theta: &mut [f64], gradient: &[f64]) {
        self.t += 1;
        for i in 0..theta.len() {
            self.m[i] = 0.9 * self.m[i] + 0.1 * gradient[i];
            self.v[i] = 0.999 * self.v[i] + 0.001 * gradient[i] * gradient[i];
            let m = self.m[i] / (1.0 - 0.9_f64.powi(self.t));
            let v = self.v[i] / (1.0 - 0.999_f64.powi(self.t));
            theta[i] -= self.rate * m / (v.sqrt() + 1e-8);
        }
    }
}

type Tasks = [(Points, Points)];

fn gradient(theta: &Weights, tasks: &Tasks, settings: &Experiment, steps: usize, order: Order) -> Vec<f64> {
    assert_eq!(theta.adaptation.inner_lr, settings.training.inner_lr);
    let found = meta_gradient(theta, tasks, steps, order, Kernels::fastest());
    found.expect("memory for sixteen units").gradient.values
}

/// The mean gradient of the support loss, without any step.
fn inner(theta: &Weights, tasks: &Tasks, settings: &Experiment) -> Vec<f64> {
    let on_support: Vec<_> = tasks.iter().map(|(support, _)| (support.clone(), support.clone())).collect();
    gradient(theta, &on_support, settings, 0, Order::Exact)
}

fn sum(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a + b).collect()
}

/// Takes the learner's steps by `rule` and by the learner, and returns the largest distance between the
/// two paths, in units of the way that an outer step goes.
fn distance(
    settings: &Experiment,
    uses_query: bool,
    rule: impl Fn(&Weights, &Tasks, &Experiment) -> Vec<f64>,
) -> f64 {
    let mut trainer = settings.trainer(SEED, Kernels::fastest());
    let mut tasks = TrainingTasks::<f64>::new(&settings.task, settings.training.meta_batch, uses_query, SEED);
    let mut theta = trainer.weights();
    let zeros = || vec![0.0; theta.values.len()];
    let mut adam = Adam { rate: settings.training.outer_lr, m: zeros(), v: zeros(), t: 0 };
    let mut worst = 0.0_f64;
    for _ in 0..STEPS {
        let batch = tasks.draw();
        let support = points(&batch.support);
        let query = if uses_query { points(&batch.query) } else { vec![Points::default(); support.len()] };
        let tasks: Vec<_> = support.into_iter().zip(query).collect();
        let mut gradient = rule(&theta, &tasks, settings);
        let norm = gradient.iter().map(|g| g * g).sum::<f64>().sqrt();
        if let Some(clip) = settings.training.clip.filter(|clip| norm > *clip) {
            gradient.iter_mut().for_each(|g| *g *= clip / norm);
        }
        if settings.training.outer_schedule == OuterSchedule::Cosine {
            let share = f64::from(adam.t) / settings.total_steps() as f64;
            adam.rate = settings.training.outer_lr * (1.0 + (std::f64::consts::PI * share).cos()) / 2.0;
        }
        adam.step(&mut theta.values, &gradient);
        trainer.outer_step().expect("memory for sixteen units");
        for (mine, its) in theta.values.iter().zip(&trainer.weights().values) {
            worst = worst.max((mine - its).abs() / settings.training.outer_lr);
        }
    }
    worst
}

/// As far as rounding leads Adam, which divides small gradients by their own size.
const ROUNDING: f64 = 1e-6;
/// Different rules lead apart by a good part of a step.
const APART: f64 = 0.1;

#[test]
fn the_outer_step_is_clipped_and_slowed_as_it_is_told_to() {
    let rule = |theta: &Weights, tasks: &Tasks, settings: &Experiment| {
        gradient(theta, tasks, settings, settings.training.inner_steps, settings.training.order)
    };
    for learner in ["maml", "meta-sgd", "layer-step-rates", "cavia", "meta-curvature", "anil"] {
        for order in ["exact", "first"] {
            let base = format!(
                "algorithm = \"{learner}\"\norder = \"{order}\"\ninner_steps = 2\nouter_steps = 8\nmeta_batch = 2\n"
            );
            let with = |more: &str| experiment(&format!("{base}{more}"));
            for more in
                ["", "clip = 2.5", "outer_schedule = \"cosine\"", "clip = 2.5\nouter_schedule = \"cosine\""]
            {
                assert!(distance(&with(more), true, rule) < ROUNDING, "{learner} {order} {more}");
            }
            // What is checked makes a difference.
            let mut unclipped = with("clip = 2.5");
            let clipped = rule_of(&unclipped);
            unclipped.training.clip = None;
            assert_ne!(clipped, rule_of(&unclipped), "{learner} {order}: nothing was clipped");
        }
    }
}

/// The weights after a few steps.
fn rule_of(settings: &Experiment) -> Vec<f64> {
    let mut trainer = settings.trainer(SEED, Kernels::fastest());
    for _ in 0..STEPS {
        trainer.outer_step().expect("memory for sixteen units");
    }
    trainer.weights().values
}

#[test]
fn maml_takes_the_gradient_it_is_told_to() {
    for more in
        ["", "meta_batch = 3", "inner_steps = 3", "inner_steps = 2\nmodel = { activation = \"tanh\" }"]
    {
        for (order, algorithm) in [(Order::Exact, "maml"), (Order::First, "first-order-maml")] {
            let settings = |outer: &str| {
                experiment(&format!(
                    "algorithm = \"{algorithm}\"\nouter_gradient = \"{outer}\"\ninner_lr = 0.05\n{more}"
                ))
            };
            let meta = |theta: &Weights, tasks: &Tasks, settings: &Experiment| {
                gradient(theta, tasks, settings, settings.training.inner_steps, order)
            };
            let plus_inner = |theta: &Weights, tasks: &Tasks, settings: &Experiment| {
                sum(&meta(theta, tasks, settings), &inner(theta, tasks, settings))
            };
            let what = format!("{algorithm} {more}");
            assert!(distance(&settings("meta"), true, meta) < ROUNDING, "{what}");
            assert!(distance(&settings("meta+inner"), true, plus_inner) < ROUNDING, "{what}, plus inner");
            assert!(distance(&settings("meta"), true, plus_inner) > APART, "{what}: the rules are alike");

            let other = if order == Order::Exact { Order::First } else { Order::Exact };
            let other = |theta: &Weights, tasks: &Tasks, settings: &Experiment| {
                gradient(theta, tasks, settings, settings.training.inner_steps, other)
            };
            assert!(distance(&settings("meta"), true, other) > APART, "{what}: the orders are alike");
        }
    }
}

#[test]
fn transfer_descends_the_support_loss() {
    for more in ["", "meta_batch = 4"] {
        let settings = experiment(&format!("algorithm = \"transfer\"\n{more}"));
        assert!(distance(&settings, false, inner) < ROUNDING, "{more}");
    }
}

#[test]
fn reptile_moves_to_where_k_steps_lead() {
    for (k, more) in [(1, ""), (3, ""), (3, "meta_batch = 4"), (8, "meta_batch = 2")] {
        let settings = experiment(&format!("algorithm = \"reptile\"\ninner_steps = {k}\n{more}"));
        let rule = |theta: &Weights, tasks: &Tasks, settings: &Experiment| {
            let mut mean = vec![0.0; theta.values.len()];
            for (support, _) in tasks {
                let mut adapter = Adapter::new(theta);
                adapter.take_task(support, support);
                (0..k).for_each(|_| adapter.descend());
                for ((mean, start), end) in mean.iter_mut().zip(&theta.values).zip(adapter.weights()) {
                    *mean += (start - end) / (f64::from(k) * settings.training.inner_lr * tasks.len() as f64);
                }
            }
            mean
        };
        assert!(distance(&settings, false, rule) < ROUNDING, "k = {k} {more}");
        assert!(k == 1 || distance(&settings, false, inner) > APART, "k = {k}: Reptile is transfer");
    }
}
