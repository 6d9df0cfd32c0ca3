//! What each layer of the numerical core costs, from a kernel to a whole outer step:
//!
//! ```text
//! kernel        the arithmetic of one pass over ten points, at two widths
//! composition   a meta-batch of exact MAML from weights to gradient: by the engine alone, and through
//!               dfdx's tape; the difference is the price of composing
//! outer_step    everything a training step does, for every learner
//! evaluation    the adaptation curve of one test task: 32 steps, tested on a grid of 50
//! sampling      drawing a meta-batch
//! ```
//!
//! `items/s` counts floating-point operations, so `Gitem/s` reads as GFLOP/s, to be held against the
//! FMA peak that `metascope bench` prints. A sample is 20 or 100 runs, so that all is in the cache as it
//! is in training. Filter by name: `cargo bench --bench core -- outer_step`.

mod problem;

use metascope::model::Path;
use metascope::{
    learner::Algorithm,
    model::{Activation, Precision},
};

fn main() {
    println!("kernel path: {}", Path::detect().name());
    divan::main();
}

/// A network of width `hidden` as it is initialised.
fn weights(hidden: usize) -> metascope::model::Weights {
    let base = problem::experiment(Algorithm::Maml, 1);
    let settings = problem::network(&base, hidden, Activation::Relu, Precision::F32);
    settings.learner(0, Path::detect()).weights()
}

/// A flat parameter vector as its six tensors.
fn copy_tensors(hidden: usize, flat: &[f32], tensors: [&mut [f32]; 6]) {
    for (tensor, values) in tensors.into_iter().zip(metascope::model::split(hidden, flat)) {
        tensor.copy_from_slice(values);
    }
}

fn single(values: &[f64]) -> Vec<f32> {
    values.iter().map(|&value| value as f32).collect()
}

#[divan::bench_group(sample_size = 100)]
mod kernel {
    use divan::{Bencher, counter::ItemsCount};
    use metascope::learner::Algorithm;
    use metascope::model::kernels::{self, AdamStep, Aligned, Direction, Packed, Path, Relu, Trace};
    use metascope::task::{MetaBatch, TrainingTasks};

    use super::{copy_tensors, problem, single, weights};

    const ROWS: usize = 10;

    /// A network, a direction, a task, and the forward and backward pass over it.
    struct Setup<const P: usize> {
        path: Path,
        w: Box<Packed<f32, P>>,
        w2t: Box<Aligned<f32, P>>,
        tasks: MetaBatch<f32>,
        trace: Trace<f32, P>,
        out: Box<Packed<f32, P>>,
    }

    impl<const P: usize> Setup<P> {
        fn new() -> Self {
            let path = Path::detect();
            let (mut w, mut w2t) = (Packed::zero(), Aligned::zero());
            let flat = single(&weights(P).values);
            w.pack(P, &mut |tensors| copy_tensors(P, &flat, tensors));
            kernels::transpose(path, &w.w2, &mut w2t.0);
            let task = problem::experiment(Algorithm::Maml, 1).task;
            let tasks = TrainingTasks::new(&task, 1, true, 0).draw().clone();
            assert_eq!(tasks.support.rows(), ROWS);
            let mut setup = Self { path, w, w2t, tasks, trace: Trace::default(), out: Packed::zero() };
            setup.pass();
            setup
        }

        fn pass(&mut self) {
            let (x, y) = self.tasks.support.task(0);
            kernels::forward_backward::<f32, Relu, P>(self.path, &self.w, &self.w2t.0, x, y, &mut self.trace);
        }
    }

    #[divan::bench(consts = [40, 128])]
    fn forward_backward<const P: usize>(bencher: Bencher) {
        let mut setup = Setup::<P>::new();
        let product = 2 * ROWS * P * (P + 2);
        bencher.counter(ItemsCount::new(2 * product)).bench_local(|| setup.pass());
    }

    /// The weight gradient and the SGD step, in one.
    #[divan::bench(consts = [40, 128])]
    fn add_gradient<const P: usize>(bencher: Bencher) {
        let Setup { path, w, tasks, trace, mut out, .. } = Setup::<P>::new();
        let x = tasks.support.task(0).0;
        let product = 2 * ROWS * P * (P + 2);
        bencher
            .counter(ItemsCount::new(product))
            .bench_local(|| kernels::add_gradient(path, &trace, x, &w, -0.01, &mut out));
    }

    #[divan::bench(consts = [40, 128])]
    fn hessian_product<const P: usize>(bencher: Bencher) {
        let Setup { path, w, w2t, tasks, trace, mut out, .. } = Setup::<P>::new();
        let x = tasks.support.task(0).0;
        let (v, v2t, mut tangent) = (w.clone(), w2t.clone(), Trace::default());
        bencher.counter(ItemsCount::new(problem::hessian_product_flop(P, ROWS))).bench_local(|| {
            let direction = Direction { v: &v, v2t: &v2t.0 };
            kernels::add_hessian_product::<f32, Relu, P>(
                path,
                &w,
                &w2t.0,
                &trace,
                x,
                direction,
                &v,
                -0.01,
                &mut tangent,
                &mut out,
            );
        });
    }

    #[divan::bench(consts = [40, 128])]
    fn transpose<const P: usize>(bencher: Bencher) {
        let Setup { path, w, mut w2t, .. } = Setup::<P>::new();
        bencher.bench_local(|| kernels::transpose(path, &w.w2, &mut w2t.0));
    }

    /// Adam on all parameters of the network; no count of operations, as a root is not one of them.
    #[divan::bench(consts = [40, 128])]
    fn adam<const P: usize>(bencher: Bencher) {
        let mut parameters = single(&weights(P).values);
        let values = parameters.clone();
        let mut gradient = values.clone();
        let [mut first, mut second] = [vec![0.0; values.len()], vec![0.0; values.len()]];
        let step = AdamStep { rate: 0.001, betas: [0.9, 0.999], epsilon: 1e-8, corrections: [1.0, 1.0] };
        bencher.bench_local(|| {
            let moments = [&mut first[..], &mut second[..]];
            // The kernel zeroes it; moments that die out would become denormal and slow.
            gradient.copy_from_slice(&values);
            kernels::adam(Path::detect(), &step, &mut parameters, &mut gradient, moments);
        });
    }
}

#[divan::bench_group(sample_size = 20)]
mod composition {
    use dfdx::nn::ZeroGrads;
    use dfdx::prelude::*;
    use divan::{Bencher, counter::ItemsCount};
    use metascope::model::{Mlp, Order, Path, Rate, Workspace};
    use metascope::task::{MetaBatch, TrainingTasks};
    use metascope::{learner::Algorithm, model::Activation};

    use super::{copy_tensors, problem, single, weights};

    const RATE: Rate<f32> = Rate::Uniform(0.01);

    fn setup(meta_batch: usize) -> (ItemsCount, MetaBatch<f32>) {
        let settings = problem::experiment(Algorithm::Maml, meta_batch);
        let tasks = TrainingTasks::new(&settings.task, meta_batch, true, 0).draw().clone();
        (ItemsCount::new(problem::task_flop(&settings) * meta_batch), tasks)
    }

    /// Weights in, gradient out: what the tape is measured against.
    #[divan::bench(args = [1, 25])]
    fn engine(bencher: Bencher, meta_batch: usize) {
        let (flop, tasks) = setup(meta_batch);
        let flat = single(&weights(40).values);
        let mut engine = metascope::model::engine::<f32>(40, Activation::Relu, Path::detect());
        bencher.counter(flop).bench_local(|| {
            engine.load(&mut |tensors| copy_tensors(40, &flat, tensors));
            engine.meta_loss(&tasks.support, &tasks.query, &RATE, 1, Order::Exact, true);
            let gradient = engine.take_gradient();
            engine.release(gradient);
        });
    }

    /// `theta.adapt(support).loss(query)` and back, with the gradients on dfdx's tape.
    #[divan::bench(args = [1, 25])]
    fn tape(bencher: Bencher, meta_batch: usize) {
        let (flop, tasks) = setup(meta_batch);
        let theta = Mlp::<40, f32>::from_weights(&Cpu::default(), &weights(40));
        let workspace = Workspace::new(40, Activation::Relu, Path::detect());
        let mut kept = theta.alloc_grads();
        bencher.counter(flop).bench_local(|| {
            let gradients = std::mem::replace(&mut kept, Gradients::leaky());
            let adapted = theta.trace(gradients).adapt(&tasks.support, &RATE, 1, Order::Exact);
            kept = adapted.loss(&tasks.query, &workspace).backward();
            theta.visit_gradients(&mut kept, |_, _, sums| sums.fill(0.0)).expect("there is memory");
        });
    }
}

#[divan::bench_group(sample_size = 20)]
mod outer_step {
    use divan::{Bencher, counter::ItemsCount};
    use metascope::learner::Algorithm;
    use metascope::model::Path;

    use super::problem;

    fn step(bencher: Bencher, algorithm: Algorithm, meta_batch: usize) {
        let settings = problem::experiment(algorithm, meta_batch);
        let mut learner = settings.learner(0, Path::detect());
        let flop = problem::task_flop(&settings) * meta_batch;
        bencher.counter(ItemsCount::new(flop)).bench_local(|| learner.outer_step().expect("there is memory"));
    }

    #[divan::bench(args = [1, 25])]
    fn transfer(bencher: Bencher, meta_batch: usize) {
        step(bencher, Algorithm::Transfer, meta_batch);
    }

    #[divan::bench(args = [1, 25])]
    fn maml(bencher: Bencher, meta_batch: usize) {
        step(bencher, Algorithm::Maml, meta_batch);
    }

    #[divan::bench(args = [1, 25])]
    fn first_order_maml(bencher: Bencher, meta_batch: usize) {
        step(bencher, Algorithm::FirstOrderMaml, meta_batch);
    }

    #[divan::bench(args = [1, 25])]
    fn reptile_3(bencher: Bencher, meta_batch: usize) {
        step(bencher, Algorithm::Reptile, meta_batch);
    }
}

mod evaluation {
    use divan::{Bencher, counter::ItemsCount};
    use metascope::eval::{statistics, task_losses};
    use metascope::learner::Algorithm;
    use metascope::model::Path;
    use metascope::task::test_tasks;

    use super::{problem, weights};

    /// As many tasks as a worker takes at a time.
    const TASKS: usize = 64;

    /// The losses of 64 tasks after 0 to 32 steps.
    #[divan::bench]
    fn losses_of_64_tasks(bencher: Bencher) {
        let settings = problem::experiment(Algorithm::Maml, 1);
        let mut tasks = test_tasks(&settings.task, &settings.evaluation);
        tasks.truncate(TASKS);
        let (weights, test) = (weights(40), &settings.evaluation);
        let flop = test.steps * problem::gradient_flop(40, settings.task.shots)
            + (test.steps + 1) * problem::forward_flop(40, test.grid);
        bencher
            .counter(ItemsCount::new(TASKS * flop))
            .bench(|| task_losses(&weights, &tasks, test.inner_lr, test.steps, Path::detect()));
    }

    /// Means, medians and intervals over 1,000 tasks.
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
    use metascope::{learner::Algorithm, task::TrainTasks};

    use super::problem;

    fn draw(bencher: Bencher, train_tasks: TrainTasks, meta_batch: usize) {
        let mut settings = problem::experiment(Algorithm::Maml, meta_batch);
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
