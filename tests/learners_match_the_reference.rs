//! Every learner's meta-gradient against files that PyTorch made, an implementation that shares no line with
//! this project: `reference/learners.safetensors` has the means over the three tasks of
//! `reference/golden.safetensors`, at its weights and at meta-parameters away from their initial values, after
//! 1, 3 and 5 inner steps (fewer of the large ones). Each is read from a checkpoint as its learner writes one.

use std::collections::{BTreeMap, HashMap};

use dfdx::prelude::*;
use metascope::learner::{Algorithm, checkpoint_from_bytes, meta_gradient};
use metascope::model::{Activation, Kernels, Order, Parameters, Precision, Weights, Workspace};
use metascope::task::{Batch, Points};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};

type File = BTreeMap<String, (Vec<usize>, Vec<f64>)>;

/// What the file calls a learner, its algorithm, its own settings and the rate that the file has for it.
type Case = (&'static str, &'static str, &'static [(&'static str, &'static str)], &'static str);

const CASES: &[Case] = &[
    ("anil", "anil", &[], "0.01"),
    ("boil", "boil", &[], "0.01"),
    ("meta-sgd", "meta-sgd", &[], "0.01"),
    ("layer-step-rates", "layer-step-rates", &[("step_loss", "last")], "0.01"),
    ("cavia", "cavia", &[("context", "4")], "1"),
    ("meta-curvature", "meta-curvature", &[], "0.01"),
    ("ridge-mse", "ridge-head", &[("outer_loss", "mse")], "0"),
    ("ridge-nll", "ridge-head", &[("outer_loss", "nll")], "0"),
];

fn read(bytes: &[u8]) -> File {
    let file = SafeTensors::deserialize(bytes).expect("the reference file is whole");
    let values = |tensor: &TensorView<'_>| match tensor.dtype() {
        Dtype::F32 => tensor.data().as_chunks().0.iter().map(|&b| f64::from(f32::from_le_bytes(b))).collect(),
        _ => tensor.data().as_chunks().0.iter().map(|&b| f64::from_le_bytes(b)).collect(),
    };
    let tensors = file.tensors().into_iter();
    tensors.map(|(name, tensor)| (name, (tensor.shape().to_vec(), values(&tensor)))).collect()
}

/// What follows a prefix, by the rest of its name.
fn under(file: &File, prefix: &str) -> File {
    let rest = file.iter().filter_map(|(name, tensor)| Some((name.strip_prefix(prefix)?, tensor)));
    rest.map(|(name, tensor)| (name.to_owned(), tensor.clone())).collect()
}

fn tasks(file: &File) -> Vec<(Points, Points)> {
    let points = |task: usize, set: &str| {
        let of = |axis: &str| file[&format!("task{task}.{set}_{axis}")].1.clone();
        Points { x: of("x"), y: of("y") }
    };
    (0..3).map(|task| (points(task, "support"), points(task, "query"))).collect()
}

/// A checkpoint of these tensors, as another program would write it.
fn checkpoint(tensors: &File, precision: Precision, metadata: HashMap<String, String>) -> Weights {
    let bytes = |values: &[f64]| -> Vec<u8> {
        match precision {
            Precision::F32 => values.iter().flat_map(|&value| (value as f32).to_le_bytes()).collect(),
            Precision::F64 => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
        }
    };
    let dtype = if precision == Precision::F32 { Dtype::F32 } else { Dtype::F64 };
    let data: Vec<_> = tensors.iter().map(|(name, (shape, values))| (name, shape, bytes(values))).collect();
    let views = data.iter().map(|(name, shape, bytes)| {
        (name.as_str(), TensorView::new(dtype, (*shape).clone(), bytes).expect("as many bytes as numbers"))
    });
    let file = safetensors::serialize(views, Some(metadata)).expect("a small file");
    checkpoint_from_bytes(&file).expect("a checkpoint of a known learner").weights
}

/// The largest difference from the reference, in units of its largest entry; every tensor has to be there.
fn gap(found: &Weights, expected: &File, what: &str) -> f64 {
    let found = read(&found.to_bytes(&[]));
    assert!(found.keys().eq(expected.keys()), "{what}: {:?}, {:?}", found.keys(), expected.keys());
    let largest = expected.values().flat_map(|(_, values)| values).fold(0.0_f64, |most, x| most.max(x.abs()));
    let mut gap = 0.0_f64;
    for (name, (shape, values)) in expected {
        assert_eq!(&found[name].0, shape, "{what} {name}");
        for (found, expected) in found[name].1.iter().zip(values) {
            assert!(found.is_finite(), "{what} {name}");
            gap = gap.max((found - expected).abs());
        }
    }
    gap / largest
}

/// The gap that there may be. Ridge solves a system of equations.
fn bound(precision: Precision, is_ridge: bool) -> f64 {
    match (precision, is_ridge) {
        (Precision::F64, false) => 1e-12,
        (Precision::F64, true) => 1e-10,
        (Precision::F32, false) => 1e-6,
        (Precision::F32, true) => 1e-5,
    }
}

fn weights_of(name: &str, golden: &File, reference: &File) -> File {
    let mut tensors = under(golden, "weights.");
    // CAVIA's first weight takes the place of the network's.
    tensors.extend(under(reference, &format!("{name}.meta.")));
    tensors
}

#[test]
fn meta_gradients_agree_with_pytorch() {
    let golden = read(include_bytes!("reference/golden.safetensors"));
    let reference = read(include_bytes!("reference/learners.safetensors"));
    let tasks = tasks(&golden);
    for (name, algorithm, own, rate) in CASES {
        let tensors = weights_of(name, &golden, &reference);
        let mut judged = 0;
        for activation in Activation::ALL {
            for precision in [Precision::F64, Precision::F32] {
                let is_ridge = name.starts_with("ridge");
                let bound = bound(precision, is_ridge);
                let words =
                    [("algorithm", *algorithm), ("activation", activation.name()), ("inner_lr", rate)];
                let words = words.iter().chain(*own).map(|(key, word)| ((*key).into(), (*word).into()));
                let weights = checkpoint(&tensors, precision, words.collect());
                for steps in [1, 3, 5] {
                    for (order, what) in [(Order::Exact, "meta_gradient"), (Order::First, "fo_gradient")] {
                        let steps_of = if is_ridge { String::new() } else { format!("steps{steps}.") };
                        let prefix = format!("{name}.{}.{steps_of}mean.{what}.", activation.name());
                        let expected = under(&reference, &prefix);
                        if expected.is_empty() {
                            continue;
                        }
                        judged += 1;
                        for kernels in Kernels::available() {
                            let found =
                                meta_gradient(&weights, &tasks, steps, order, kernels).expect("memory");
                            let gap = gap(&found.gradient, &expected, &prefix);
                            println!("{} {precision:?} {prefix}: {gap:.1e}", kernels.instructions());
                            assert!(gap <= bound, "{kernels:?} {precision:?} {prefix}: {gap:e}");
                        }
                    }
                }
            }
        }
        assert!(judged >= 12, "the file has too little of {name}: {judged}");
    }
    let known = |algorithm: &Algorithm| CASES.iter().any(|case| case.1 == algorithm.name());
    let older = ["random", "transfer", "maml", "first-order-maml", "reptile"];
    // In `networks_that_read_match_the_reference`.
    let read = ["cnp", "transformer", "metafun"];
    // Trained elsewhere, if at all: `answers_of_another_program`.
    let external = ["external"];
    assert!(
        Algorithm::ALL
            .iter()
            .all(|one| known(one) || [&older[..], &read, &external].concat().contains(&one.name())),
        "say where it is held"
    );
}

#[test]
fn the_loss_after_every_step_agrees_with_pytorch() {
    let golden = read(include_bytes!("reference/golden.safetensors"));
    let reference = read(include_bytes!("reference/learners.safetensors"));
    let tensors = weights_of("multi-step-loss", &golden, &reference);
    for (activation, steps) in Activation::ALL.into_iter().flat_map(|one| [3, 5].map(|steps| (one, steps))) {
        let words = [("algorithm", "layer-step-rates"), ("activation", activation.name())];
        let words = words.map(|(key, word)| (key.to_owned(), word.to_owned()));
        let weights = checkpoint(&tensors, Precision::F64, words.into());
        let importance = &reference[&format!("multi-step-loss.steps{steps}.weights")].1;
        let orders = [(Order::Exact, "meta_gradient"), (Order::First, "fo_gradient")];
        let paths = Kernels::available().flat_map(|kernels| orders.map(|order| (kernels, order)));
        for (kernels, (order, what)) in paths {
            let Weights { model, adaptation, values } = &weights;
            let mut theta = Parameters::<f64>::zeros(40, &weights.tensors());
            theta.copy_from_flat(values);
            let workspace = Workspace::new(model, adaptation, kernels);
            let mut gradients = theta.zero_gradients().expect("memory");
            for (support, query) in tasks(&golden) {
                let [support, query] = [support, query].map(|points| Batch::of_one(points.x, points.y));
                let adapted = theta.trace(gradients).adapt(&support, steps, order);
                gradients = adapted.losses(&query, importance, &workspace).backward();
            }
            let mut found = weights.clone();
            let mut take = |_: usize, from: usize, sums: &mut [f64]| {
                for (mean, sum) in found.values[from..].iter_mut().zip(sums) {
                    *mean = *sum / 3.0;
                }
            };
            theta.visit_gradients(&mut gradients, &mut take).expect("memory");
            let prefix = format!("multi-step-loss.{}.steps{steps}.mean.{what}.", activation.name());
            let gap = gap(&found, &under(&reference, &prefix), &prefix);
            println!("{} F64 {prefix}: {gap:.1e}", kernels.instructions());
            assert!(gap <= bound(Precision::F64, false), "{kernels:?} {prefix}: {gap:e}");
        }
    }
}
