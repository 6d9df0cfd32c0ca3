//! Every learner's meta-gradient against files that PyTorch made, an implementation that shares no line with
//! this project: `reference/learners.safetensors` has the means over the three tasks of
//! `reference/golden.safetensors`, at its weights, after 1, 3 and 5 inner steps of rate 0.01.

use std::collections::HashMap;

use metascope::learner::{Algorithm, meta_gradient};
use metascope::model::{Activation, Kernels, ModelSettings, Order, Precision, TensorInfo, Weights};
use metascope::task::Points;
use safetensors::SafeTensors;

type File = HashMap<String, Vec<f64>>;

fn read(bytes: &[u8]) -> File {
    let file = SafeTensors::deserialize(bytes).expect("the reference file is whole");
    let values = |data: &[u8]| data.as_chunks().0.iter().map(|&bytes| f64::from_le_bytes(bytes)).collect();
    file.tensors().into_iter().map(|(name, tensor)| (name, values(tensor.data()))).collect()
}

fn tasks(file: &File) -> Vec<(Points, Points)> {
    let points = |task: usize, set: &str| {
        let of = |axis: &str| file[&format!("task{task}.{set}_{axis}")].clone();
        Points { x: of("x"), y: of("y") }
    };
    (0..3).map(|task| (points(task, "support"), points(task, "query"))).collect()
}

/// Tensors under a prefix, one after another.
fn tensors(file: &File, prefix: &str, names: &[TensorInfo]) -> Vec<f64> {
    names.iter().flat_map(|tensor| file[&format!("{prefix}.{}", tensor.name)].clone()).collect()
}

#[test]
fn meta_gradients_agree_with_pytorch() {
    let golden = read(include_bytes!("reference/golden.safetensors"));
    let reference = read(include_bytes!("reference/learners.safetensors"));
    let tasks = tasks(&golden);
    let mut judged = Vec::new();
    for algorithm in Algorithm::ALL {
        let name = algorithm.name();
        if !reference.keys().any(|key| key.starts_with(&format!("{name}."))) {
            continue;
        }
        judged.push(name);
        for (activation, steps) in Activation::ALL.into_iter().flat_map(|one| [1, 3, 5].map(|n| (one, n))) {
            for (precision, bound) in [(Precision::F64, 1e-10), (Precision::F32, 1e-4)] {
                let model = ModelSettings { activation, precision, ..ModelSettings::default() };
                let adaptation = algorithm.adaptation(0.01, steps);
                let mut weights = Weights { model, adaptation, values: Vec::new() };
                let names = weights.tensors();
                weights.values = tensors(&golden, "weights", &names);
                for (order, what) in [(Order::Exact, "meta_gradient"), (Order::First, "fo_gradient")] {
                    let prefix = format!("{name}.{}.steps{steps}.mean.{what}", activation.name());
                    let expected = tensors(&reference, &prefix, &names);
                    let largest = expected.iter().fold(0.0_f64, |most, entry| most.max(entry.abs()));
                    for kernels in Kernels::available() {
                        let found = meta_gradient(&weights, &tasks, steps, order, kernels).expect("memory");
                        let pairs = found.gradient.values.iter().zip(&expected);
                        let gap = pairs.fold(0.0_f64, |most, (a, b)| most.max((a - b).abs())) / largest;
                        println!("{} {precision:?} {prefix}: {gap:.1e}", kernels.name());
                        assert!(gap <= bound, "{kernels:?} {precision:?} {prefix}: {gap:e}");
                    }
                }
            }
        }
    }
    assert!(!judged.is_empty(), "the file has none of the learners");
}
