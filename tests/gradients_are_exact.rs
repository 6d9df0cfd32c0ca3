//! The meta-gradients against three judges: files made by independent implementations, the plain
//! tensor operations, and central differences.

use std::collections::HashMap;
use std::f64::consts::PI;

use dfdx::prelude::*;
use metascope::eval::Adapter;
use metascope::learner::meta_gradient;
use metascope::model::{Activation, ModelSettings, Precision, WIDTHS};
use metascope::model::{Adaptation, Kernels, Order, Parameters, Weights, reference};
use metascope::task::{Points, Purpose, Wave, stream};
use proptest::prelude::*;
use safetensors::SafeTensors;

type Tasks = Vec<(Points, Points)>;

/// Largest difference over largest entry.
fn gap(found: &[f64], expected: &[f64]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let largest = expected.iter().fold(0.0_f64, |most, value| most.max(value.abs()));
    let differences = found.iter().zip(expected).map(|(a, b)| (a - b).abs());
    differences.fold(0.0, |most: f64, value| if value > most || value.is_nan() { value } else { most })
        / largest
}

/// Everything in the reference file, as f64.
fn golden() -> HashMap<String, Vec<f64>> {
    let bytes = include_bytes!("reference/golden.safetensors");
    let file = SafeTensors::deserialize(bytes).expect("the reference file is whole");
    file.tensors()
        .into_iter()
        .map(|(name, tensor)| {
            let values = tensor.data().as_chunks().0.iter().map(|&b| f64::from_le_bytes(b)).collect();
            (name, values)
        })
        .collect()
}

/// The six tensors under `prefix`, in checkpoint order.
fn tensors(file: &HashMap<String, Vec<f64>>, prefix: &str) -> Vec<f64> {
    ["hidden1.weight", "hidden1.bias", "hidden2.weight", "hidden2.bias", "out.weight", "out.bias"]
        .iter()
        .flat_map(|name| file[&format!("{prefix}.{name}")].clone())
        .collect()
}

fn golden_weights(file: &HashMap<String, Vec<f64>>, precision: Precision) -> Weights {
    let model = ModelSettings { layers: 2, hidden: 40, activation: Activation::Relu, precision };
    Weights { model, adaptation: Adaptation::sgd(0.01, 1), values: tensors(file, "weights") }
}

fn golden_tasks(file: &HashMap<String, Vec<f64>>) -> Tasks {
    (0..3)
        .map(|task| {
            let get = |what: &str| file[&format!("task{task}.{what}")].clone();
            let points = |set: &str| Points { x: get(&format!("{set}_x")), y: get(&format!("{set}_y")) };
            (points("support"), points("query"))
        })
        .collect()
}

#[test]
fn the_reference_file_agrees() {
    let file = golden();
    let tasks = golden_tasks(&file);
    for kernels in Kernels::available() {
        for (precision, bound) in [(Precision::F64, 1e-12), (Precision::F32, 1e-6)] {
            let weights = golden_weights(&file, precision);
            for steps in [1, 3, 5] {
                for (order, name) in [(Order::Exact, "meta_gradient"), (Order::First, "fo_gradient")] {
                    let found = meta_gradient(&weights, &tasks, steps, order, kernels).unwrap();
                    let expected = tensors(&file, &format!("relu.steps{steps}.mean.{name}"));
                    let gap = gap(&found.gradient.values, &expected);
                    println!("{} {precision:?} {steps} {order:?}: {gap:.1e}", kernels.instructions());
                    assert!(gap <= bound, "{kernels:?} {precision:?} steps {steps} {order:?}: {gap:e}");
                }
            }
        }
    }
}

#[test]
fn adapted_weights_agree_with_the_reference_file() {
    let file = golden();
    let weights = golden_weights(&file, Precision::F64);
    for kernels in Kernels::available() {
        for (task, (support, query)) in golden_tasks(&file).iter().enumerate() {
            let mut adapter = Adapter::on(&weights, kernels);
            adapter.take_task(support, query);
            for step in 1..=5 {
                adapter.descend();
                if [1, 3, 5].contains(&step) {
                    let expected = tensors(&file, &format!("relu.steps{step}.task{task}.adapted"));
                    let gap = gap(&adapter.weights(), &expected);
                    assert!(gap < 1e-13, "{kernels:?} task {task} step {step}: {gap:e}");
                }
            }
        }
    }
}

/// Random weights as a network is initialised, and tasks with these numbers of points.
fn random_problem(
    (layers, hidden): (usize, usize),
    activation: Activation,
    precision: Precision,
    rows: &[(usize, usize)],
    seed: u64,
) -> (Weights, Tasks) {
    let model = ModelSettings { layers, hidden, activation, precision };
    use rand::RngExt;
    let mut stream = stream(seed, Purpose::Illustration);
    let mut uniform = |bound: f64| {
        // Numbers that are exact in both types, so that both solve the same problem.
        f64::from((stream.random::<f64>() * 2.0 - 1.0) as f32 * bound as f32)
    };
    let inner = (hidden as f64).sqrt().recip();
    let values = (0..model.parameters()).map(|i| uniform(if i < 2 * hidden { 1.0 } else { inner })).collect();
    let tasks = rows
        .iter()
        .map(|&(support, query)| {
            let wave = Wave { amplitude: 2.5 + uniform(2.4), phase: PI + uniform(3.0), frequency: 1.0 };
            let mut points = |count: usize| {
                let x: Vec<f64> = (0..count).map(|_| uniform(5.0)).collect();
                let y = x.iter().map(|&x| f64::from(wave.at(x) as f32)).collect();
                Points { x, y }
            };
            (points(support), points(query))
        })
        .collect();
    (Weights { model, adaptation: Adaptation::sgd(0.01, 1), values }, tasks)
}

/// The mean exact meta-gradient by the plain tensor operations.
fn by_reference<const H: usize>(weights: &Weights, tasks: &Tasks, steps: usize) -> Vec<f64> {
    let device = Cpu::default();
    let Weights { model, adaptation, values } = weights;
    let inner_lr = adaptation.inner_lr;
    let mut theta = Parameters::<f64>::zeros(H, &model.tensors());
    theta.copy_from_flat(values);
    let mut mean = vec![0.0; weights.values.len()];
    for (support, query) in tasks {
        let column = |values: &[f64]| reference::column(&device, values);
        let (xs, ys) = (column(&support.x), column(&support.y));
        let (xq, yq) = (column(&query.x), column(&query.y));
        let traced = theta.trace(Gradients::leaky());
        let (support, query) = ((&xs, &ys), (&xq, &yq));
        let loss = reference::meta_loss::<H, _, _>(traced, model.activation, support, query, inner_lr, steps);
        let mut gradients = loss.backward();
        theta
            .visit_gradients(&mut gradients, &mut |_, offset, values| {
                for (mean, value) in mean[offset..].iter_mut().zip(values) {
                    *mean += *value / tasks.len() as f64;
                }
            })
            .unwrap();
    }
    mean
}

fn reference_gradient(weights: &Weights, tasks: &Tasks, steps: usize) -> Vec<f64> {
    match weights.model.hidden {
        16 => by_reference::<16>(weights, tasks, steps),
        32 => by_reference::<32>(weights, tasks, steps),
        40 => by_reference::<40>(weights, tasks, steps),
        64 => by_reference::<64>(weights, tasks, steps),
        100 => by_reference::<100>(weights, tasks, steps),
        128 => by_reference::<128>(weights, tasks, steps),
        hidden => panic!("{hidden} is not on the menu"),
    }
}

/// The same weights in single precision.
fn in_single(weights: &Weights) -> Weights {
    let mut single = weights.clone();
    single.model.precision = Precision::F32;
    single
}

/// Holds the kernels to the plain tensor operations, for one network and number of inner steps; in single
/// precision within `single_bound`.
fn agrees_with_the_reference(shape: (usize, usize), activation: Activation, steps: usize, single_bound: f64) {
    let rows = [(10, 10), (7, 3), (1, 13)];
    let (double, tasks) = random_problem(shape, activation, Precision::F64, &rows, 7);
    let single = in_single(&double);
    let expected = reference_gradient(&double, &tasks, steps);
    for kernels in Kernels::available() {
        for (weights, bound) in [(&double, 1e-12), (&single, single_bound)] {
            let found = meta_gradient(weights, &tasks, steps, Order::Exact, kernels).unwrap();
            let gap = gap(&found.gradient.values, &expected);
            let what = format!(
                "{} {:?} {shape:?} {activation:?} {steps}",
                kernels.instructions(),
                weights.model.precision
            );
            println!("{what}: {gap:.1e}");
            assert!(gap <= bound, "{what}: {gap:e}");
        }
    }
}

#[test]
fn every_width_and_activation_agrees_with_the_reference() {
    for hidden in WIDTHS {
        for activation in Activation::ALL {
            for steps in [1, 3, 5, 10] {
                agrees_with_the_reference((2, hidden), activation, steps, 1e-6);
            }
        }
    }
}

#[test]
fn every_depth_agrees_with_the_reference() {
    for layers in [1, 3, 4] {
        for hidden in [16, 40, 100] {
            for activation in Activation::ALL {
                for steps in [1, 3] {
                    agrees_with_the_reference((layers, hidden), activation, steps, 2e-6);
                }
            }
        }
    }
}

/// The mean query loss after `steps` inner steps, found without any gradient of it.
fn loss_after(weights: &Weights, tasks: &Tasks, steps: usize) -> f64 {
    let mut total = 0.0;
    for (support, query) in tasks {
        let mut adapter = Adapter::new(weights);
        adapter.take_task(support, query);
        (0..steps).for_each(|_| adapter.descend());
        total += adapter.loss() / tasks.len() as f64;
    }
    total
}

/// Holds the meta-gradient at every `stride`-th number to central differences.
fn central_differences_agree_at(weights: &Weights, tasks: &Tasks, steps: usize, stride: usize) {
    let found = meta_gradient(weights, tasks, steps, Order::Exact, Kernels::fastest()).unwrap();
    let loss_at = |i: usize, offset: f64| {
        let mut moved = weights.clone();
        moved.values[i] += offset;
        loss_after(&moved, tasks, steps)
    };
    let gradient = &found.gradient.values;
    let largest = gradient.iter().fold(0.0_f64, |most, value| most.max(value.abs()));
    for (i, &entry) in gradient.iter().enumerate().step_by(stride) {
        // Three widths: a kink of relu inside one of them is not inside a smaller one.
        let off = [1e-5, 1e-6, 1e-7].map(|h| ((loss_at(i, h) - loss_at(i, -h)) / (2.0 * h) - entry).abs());
        assert!(
            off.into_iter().fold(f64::INFINITY, f64::min) < 3e-8 * largest,
            "{:?} {:?} {steps} steps, entry {i}: {off:?}",
            weights.model,
            weights.adaptation
        );
    }
}

#[test]
fn central_differences_agree() {
    for activation in Activation::ALL {
        for (layers, steps) in [(2, 0), (2, 1), (2, 4), (1, 2), (3, 2), (4, 1)] {
            let rows = [(9, 11), (4, 6)];
            let (mut weights, tasks) = random_problem((layers, 16), activation, Precision::F64, &rows, 3);
            weights.adaptation.inner_lr = 0.02;
            central_differences_agree_at(&weights, &tasks, steps, if layers == 2 { 1 } else { 7 });
        }
    }
}

#[test]
fn first_order_is_not_exact() {
    let (weights, tasks) = random_problem((2, 40), Activation::Relu, Precision::F64, &[(10, 10)], 5);
    let of = |order| meta_gradient(&weights, &tasks, 1, order, Kernels::fastest()).unwrap();
    let gap = gap(&of(Order::First).gradient.values, &of(Order::Exact).gradient.values);
    assert!(gap > 0.01, "the orders differ by {gap:e} only");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn any_shape_agrees_with_the_reference(
        layers in 1_usize..=4,
        width in 0..WIDTHS.len(),
        tanh in any::<bool>(),
        steps in 0_usize..6,
        rows in proptest::collection::vec((1_usize..27, 1_usize..27), 1..4),
        seed in any::<u64>(),
    ) {
        let activation = if tanh { Activation::Tanh } else { Activation::Relu };
        let shape = (layers, WIDTHS[width]);
        let (double, tasks) = random_problem(shape, activation, Precision::F64, &rows, seed);
        let expected = reference_gradient(&double, &tasks, steps);
        for kernels in Kernels::available() {
            let found = meta_gradient(&double, &tasks, steps, Order::Exact, kernels).unwrap();
            let gap = gap(&found.gradient.values, &expected);
            prop_assert!(gap <= 1e-12, "{kernels:?}: {gap:e}");
        }
    }
}
