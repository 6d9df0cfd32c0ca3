//! What each layer of the numerical core costs, from a kernel to a whole outer step:
//!
//! ```text
//! kernel        the arithmetic of one pass over ten points, at two widths
//! composition   a meta-batch of exact MAML from weights to gradient: by the engine alone, and through
//!               dfdx's tape; the difference is the price of composing
//! outer_step    everything a training step does, for every learner
//! evaluation    the adaptation curve of one test task: 32 steps, tested on a grid of 50
//! sampling      drawing a meta-batch
//! comparison    a thousand systems of ten seeds held against the lowest of them at 33 n
//! ```
//!
//! `items/s` counts floating-point operations, so `Gitem/s` reads as GFLOP/s, to be held against the
//! FMA peak that `metascope bench` prints. A sample is 20 or 100 runs, so that all is in the cache as it
//! is in training. Filter by name: `cargo bench --bench core -- outer_step`.

mod problem;

use metascope::learner::{Algorithm, Maml};
use metascope::model::{Kernels, ModelSettings};

fn main() {
    println!("kernels: {}", Kernels::fastest().instructions());
    divan::main();
}

/// A network of width `hidden` as it is initialised.
fn weights(hidden: usize) -> metascope::model::Weights {
    let base = problem::experiment(Algorithm(&Maml), 1);
    let settings = problem::network(&base, ModelSettings { hidden, ..base.model });
    settings.trainer(0, Kernels::fastest()).weights()
}

fn single(values: &[f64]) -> Vec<f32> {
    values.iter().map(|&value| value as f32).collect()
}

#[divan::bench_group(sample_size = 100)]
mod kernel {
    use divan::{Bencher, counter::ItemsCount};
    use metascope::learner::cost::hessian_product_flop;
    use metascope::learner::{Algorithm, Maml};
    use metascope::model::Kernels;
    use metascope::model::kernels::{self, AdamStep, Direction, Packed, Relu, Shape, Squares, Trace};
    use metascope::task::{MetaBatch, TrainingTasks};

    use super::{problem, single, weights};

    const ROWS: usize = 10;
    const LAYERS: usize = 2;

    /// A network, a direction, a task, and the forward and backward pass over it.
    struct Setup {
        kernels: Kernels,
        shape: Shape,
        w: Packed<f32>,
        wt: Squares<f32>,
        tasks: MetaBatch<f32>,
        trace: Trace<f32>,
        out: Packed<f32>,
    }

    impl Setup {
        fn new(hidden: usize) -> Self {
            let kernels = Kernels::fastest();
            let shape = kernels.shape::<f32>(LAYERS, hidden);
            let (mut w, mut wt) = (Packed::zero(shape), Squares::zero(shape));
            kernels::pack(kernels, &single(&weights(hidden).values), w.view_mut());
            kernels::transpose(kernels, &w, &mut wt);
            let task = problem::experiment(Algorithm(&Maml), 1).task;
            let tasks = TrainingTasks::new(&task, 1, true, 0).draw().clone();
            assert_eq!(tasks.support.rows(), ROWS);
            let (trace, out) = (Trace::new(shape), Packed::zero(shape));
            let mut setup = Self { kernels, shape, w, wt, tasks, trace, out };
            setup.pass();
            setup
        }

        fn pass(&mut self) {
            let (x, y) = self.tasks.support.task(0);
            kernels::forward_backward::<f32, Relu>(self.kernels, &self.w, &self.wt, x, y, &mut self.trace);
        }
    }

    #[divan::bench(args = [40, 128])]
    fn forward_backward(bencher: Bencher, hidden: usize) {
        let mut setup = Setup::new(hidden);
        let product = 2 * ROWS * hidden * (hidden + 2);
        bencher.counter(ItemsCount::new(2 * product)).bench_local(|| setup.pass());
    }

    /// The weight gradient and the SGD step, in one.
    #[divan::bench(args = [40, 128])]
    fn add_gradient(bencher: Bencher, hidden: usize) {
        let Setup { kernels, w, tasks, trace, mut out, .. } = Setup::new(hidden);
        let x = tasks.support.task(0).0;
        let product = 2 * ROWS * hidden * (hidden + 2);
        bencher
            .counter(ItemsCount::new(product))
            .bench_local(|| kernels::add_gradient(kernels, &trace, x, &w, -0.01, &mut out));
    }

    #[divan::bench(args = [40, 128])]
    fn hessian_product(bencher: Bencher, hidden: usize) {
        let Setup { kernels, shape, w, wt, tasks, trace, mut out } = Setup::new(hidden);
        let x = tasks.support.task(0).0;
        let (v, vt, mut tangent) = (w.clone(), wt.clone(), Trace::new(shape));
        let model = problem::experiment(Algorithm(&Maml), 1).model;
        let flop = hessian_product_flop(&metascope::model::ModelSettings { hidden, ..model }, ROWS);
        bencher.counter(ItemsCount::new(flop)).bench_local(|| {
            let direction = Direction { v: &v, vt: &vt };
            kernels::add_hessian_product::<f32, Relu>(
                kernels,
                &w,
                &wt,
                &trace,
                x,
                direction,
                &v,
                -0.01,
                &mut tangent,
                false,
                &mut out,
            );
        });
    }

    #[divan::bench(args = [40, 128])]
    fn transpose(bencher: Bencher, hidden: usize) {
        let Setup { kernels, w, mut wt, .. } = Setup::new(hidden);
        bencher.bench_local(|| kernels::transpose(kernels, &w, &mut wt));
    }

    /// Adam on all parameters of the network; no count of operations, as a root is not one of them.
    #[divan::bench(args = [40, 128])]
    fn adam(bencher: Bencher, hidden: usize) {
        let mut parameters = single(&weights(hidden).values);
        let values = parameters.clone();
        let mut gradient = values.clone();
        let [mut first, mut second] = [vec![0.0; values.len()], vec![0.0; values.len()]];
        let step = AdamStep { rate: 0.001, betas: [0.9, 0.999], epsilon: 1e-8, corrections: [1.0, 1.0] };
        bencher.bench_local(|| {
            let moments = [&mut first[..], &mut second[..]];
            // The kernel zeroes it; moments that die out would become denormal and slow.
            gradient.copy_from_slice(&values);
            kernels::adam(Kernels::fastest(), &step, &mut parameters, &mut gradient, moments);
        });
    }
}

#[divan::bench_group(sample_size = 20)]
mod composition {
    use dfdx::prelude::*;
    use divan::{Bencher, counter::ItemsCount};
    use metascope::learner::{Algorithm, Maml};
    use metascope::model::{Carrier, InnerSteps, Kernels, Order, Parameters, Workspace, carrier};
    use metascope::task::{MetaBatch, TrainingTasks};

    use super::{problem, single, weights};

    fn setup(meta_batch: usize) -> (ItemsCount, MetaBatch<f32>) {
        let settings = problem::experiment(Algorithm(&Maml), meta_batch);
        let tasks = TrainingTasks::new(&settings.task, meta_batch, true, 0).draw().clone();
        (ItemsCount::new(problem::task_flop(&settings) * meta_batch), tasks)
    }

    /// Weights in, gradient out: what the tape is measured against.
    #[divan::bench(args = [1, 25])]
    fn engine(bencher: Bencher, meta_batch: usize) {
        let (flop, tasks) = setup(meta_batch);
        let weights = weights(40);
        let flat = single(&weights.values);
        let (model, adaptation) = (&weights.model, &weights.adaptation);
        let Carrier::Engine(mut engine) = carrier::<f32>(model, adaptation, Kernels::fastest()) else {
            unreachable!("MAML steps");
        };
        bencher.counter(flop).bench_local(|| {
            engine.load(&flat);
            engine.meta_loss(&tasks.support, &tasks.query, InnerSteps::to_the_end(1, Order::Exact), true);
            let gradient = engine.take_gradient();
            engine.release(gradient);
        });
    }

    /// `theta.adapt(support).loss(query)` and back, with the gradients on dfdx's tape.
    #[divan::bench(args = [1, 25])]
    fn tape(bencher: Bencher, meta_batch: usize) {
        let (flop, tasks) = setup(meta_batch);
        let weights = weights(40);
        let mut theta = Parameters::<f32>::zeros(40, &weights.tensors());
        theta.copy_from_flat(&single(&weights.values));
        let workspace = Workspace::new(&weights.model, &weights.adaptation, Kernels::fastest());
        let mut kept = theta.zero_gradients().expect("there is memory");
        bencher.counter(flop).bench_local(|| {
            let gradients = std::mem::replace(&mut kept, Gradients::leaky());
            let adapted = theta.trace(gradients).adapt(&tasks.support, 1, Order::Exact);
            kept = adapted.loss(&tasks.query, &workspace).backward();
            theta.visit_gradients(&mut kept, &mut |_, _, sums| sums.fill(0.0)).expect("there is memory");
        });
    }
}

#[divan::bench_group(sample_size = 20)]
mod outer_step {
    use divan::{Bencher, counter::ItemsCount};
    use metascope::learner::{Algorithm, FirstOrderMaml, Maml, Reptile, Transfer};
    use metascope::model::Kernels;

    use super::problem;

    fn step(bencher: Bencher, algorithm: Algorithm, meta_batch: usize) {
        let settings = problem::experiment(algorithm, meta_batch);
        let mut trainer = settings.trainer(0, Kernels::fastest());
        let flop = problem::task_flop(&settings) * meta_batch;
        bencher.counter(ItemsCount::new(flop)).bench_local(|| trainer.outer_step().expect("there is memory"));
    }

    #[divan::bench(args = [1, 25])]
    fn transfer(bencher: Bencher, meta_batch: usize) {
        step(bencher, Algorithm(&Transfer), meta_batch);
    }

    #[divan::bench(args = [1, 25])]
    fn maml(bencher: Bencher, meta_batch: usize) {
        step(bencher, Algorithm(&Maml), meta_batch);
    }

    #[divan::bench(args = [1, 25])]
    fn first_order_maml(bencher: Bencher, meta_batch: usize) {
        step(bencher, Algorithm(&FirstOrderMaml), meta_batch);
    }

    #[divan::bench(args = [1, 25])]
    fn reptile_3(bencher: Bencher, meta_batch: usize) {
        step(bencher, Algorithm(&Reptile), meta_batch);
    }
}

mod evaluation {
    use divan::{Bencher, counter::ItemsCount};
    use metascope::eval::{statistics, task_losses};
    use metascope::learner::cost::{forward_flop, gradient_flop};
    use metascope::learner::{Algorithm, Maml};
    use metascope::model::Kernels;
    use metascope::task::test_tasks;

    use super::{problem, weights};

    /// As many tasks as a worker takes at a time.
    const TASKS: usize = 64;

    /// The losses of 64 tasks after 0 to 32 steps.
    #[divan::bench]
    fn losses_of_64_tasks(bencher: Bencher) {
        let settings = problem::experiment(Algorithm(&Maml), 1);
        let mut tasks = test_tasks(&settings.task, &settings.evaluation);
        tasks.truncate(TASKS);
        let (weights, test) = (weights(40), &settings.evaluation);
        let flop = test.steps * gradient_flop(&weights.model, settings.task.shots.most)
            + (test.steps + 1) * forward_flop(&weights.model, test.grid);
        bencher
            .counter(ItemsCount::new(TASKS * flop))
            .bench(|| task_losses(&weights, &tasks, test.steps, Kernels::fastest()));
    }

    /// InnerLoop, medians and intervals over 1,000 tasks.
    #[divan::bench]
    fn statistics_of_1000_tasks(bencher: Bencher) {
        let losses: Vec<f64> = (0..33 * 1000).map(|i| (f64::from(i) * 0.7).sin() + 2.0).collect();
        bencher.bench(|| statistics(&losses, 32));
    }
}

#[divan::bench_group(sample_size = 20)]
mod sampling {
    use divan::Bencher;
    use metascope::task::TrainingTasks;
    use metascope::{
        learner::{Algorithm, Maml},
        task::TrainTasks,
    };

    use super::problem;

    fn draw(bencher: Bencher, train_tasks: TrainTasks, meta_batch: usize) {
        let mut settings = problem::experiment(Algorithm(&Maml), meta_batch);
        settings.task.train_tasks = train_tasks;
        let mut tasks = TrainingTasks::<f32>::new(&settings.task, meta_batch, true, 0);
        bencher.bench_local(|| {
            divan::black_box(tasks.draw());
        });
    }

    /// Support points from a pool of 10,000 tasks, fresh query points.
    #[divan::bench(args = [1, 25])]
    fn pool(bencher: Bencher, meta_batch: usize) {
        draw(bencher, TrainTasks::Pool(10_000), meta_batch);
    }

    /// New tasks, support and query points.
    #[divan::bench(args = [1, 25])]
    fn fresh(bencher: Bencher, meta_batch: usize) {
        draw(bencher, TrainTasks::Fresh, meta_batch);
    }
}

#[divan::bench_group(sample_count = 20, sample_size = 1)]
mod comparison {
    use divan::Bencher;
    use metascope::eval::{Average, Curve, Curves};
    use metascope::experiments::parse;
    use metascope::results::{Outcome, Ran, compare};

    const SYSTEMS: usize = 1_000;

    /// What the screen does once when a result has come in a study as large as any.
    #[divan::bench]
    fn thousand_systems(bencher: Bencher) {
        let table = |at: usize| format!("[[experiment]]\nname = \"c{at}\"\nalgorithm = \"maml\"\n");
        let text: String = (0..SYSTEMS).map(table).collect();
        let study = parse("bench", None, &text).expect("a good file");
        let curve = |at: usize, seed: u64| {
            let loss = |n: u64| 1.0 + at as f64 * 0.01 + ((seed * 7 + n) % 5) as f64 * 0.1;
            let mean: Vec<f64> = (0..33).map(loss).collect();
            let (ci95, nonfinite) = (vec![0.1; 33], vec![0.0; 33]);
            Curves::from(Curve {
                steps: (0..33).collect(),
                median: mean.clone(),
                mean,
                ci95,
                nonfinite,
                tasks: 100,
                points: None,
                calibration: None,
            })
        };
        let told: Vec<Vec<Curves>> =
            (0..SYSTEMS).map(|at| (0..10).map(|seed| curve(at, seed)).collect()).collect();
        let outcome = |(settings, curves): (_, &'static [Curves])| Outcome {
            settings,
            runs: (0..).zip(curves).map(|(seed, curves)| Ran { seed, curves, failure: None }).collect(),
            axis: metascope::eval::LossAxis::Steps,
        };
        let told: &'static [Vec<Curves>] = told.leak();
        let outcomes: Vec<Outcome<'_>> =
            study.experiments.iter().zip(told.iter().map(Vec::as_slice)).map(outcome).collect();
        bencher.bench_local(|| compare(&outcomes, None, Average::Mean));
    }
}
