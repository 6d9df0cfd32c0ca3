//! The networks that read their support points, against a file that JAX made, an implementation that shares no line
//! with this project: predictions and meta-gradients of three tasks of ten support points, of one of a single point and
//! of one of none, at weights away from the initial ones. Each is read from a checkpoint as its learner writes one.

use std::collections::{BTreeMap, HashMap};

use dfdx::prelude::*;
use metascope::eval::fits;
use metascope::learner::{checkpoint_from_bytes, meta_gradient};
use metascope::model::{Kernels, Order, Parameters, Precision, Weights, Workspace};
use metascope::task::{Batch, Points};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};

/// A shape and its numbers.
type Numbers = (Vec<usize>, Vec<f64>);
type File = BTreeMap<String, Numbers>;

fn read(bytes: &[u8]) -> File {
    let file = SafeTensors::deserialize(bytes).expect("the reference file is whole");
    let values = |tensor: &TensorView<'_>| match tensor.dtype() {
        Dtype::F32 => tensor.data().as_chunks().0.iter().map(|&b| f64::from(f32::from_le_bytes(b))).collect(),
        _ => tensor.data().as_chunks().0.iter().map(|&b| f64::from_le_bytes(b)).collect(),
    };
    let tensors = file.tensors().into_iter();
    tensors.map(|(name, tensor)| (name, (tensor.shape().to_vec(), values(&tensor)))).collect()
}

fn reference() -> File {
    read(include_bytes!("reference/readers.safetensors"))
}

/// What follows a prefix, by the rest of its name.
fn under(file: &File, prefix: &str) -> File {
    let rest = file.iter().filter_map(|(name, tensor)| Some((name.strip_prefix(prefix)?, tensor)));
    rest.map(|(name, tensor)| (name.to_owned(), tensor.clone())).collect()
}

fn task(file: &File, task: usize) -> (Points, Points) {
    let points = |set: &str| {
        let of = |axis: &str| file[&format!("task{task}.{set}_{axis}")].1.clone();
        Points { x: of("x"), y: of("y") }
    };
    (points("support"), points("query"))
}

/// A checkpoint of the file's weights of a learner, as another program would write it.
fn weights(file: &File, learner: &str, precision: Precision, words: &[(&str, &str)]) -> Weights {
    let words = [words, &[("algorithm", learner)]].concat();
    let bytes = written(&under(file, &format!("{learner}.weights.")), precision, &words);
    checkpoint_from_bytes(&bytes).expect("a checkpoint of a known learner").weights
}

/// A safetensors file of these tensors.
fn written(tensors: &File, precision: Precision, words: &[(&str, &str)]) -> Vec<u8> {
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
    let words: HashMap<String, String> =
        words.iter().map(|(key, word)| ((*key).into(), (*word).into())).collect();
    safetensors::serialize(views, Some(words)).expect("a small file")
}

/// Tensor by tensor within the tolerance of the reference: so much of its largest entry, and a thousandth of that of
/// the largest entry of all, for what is 0 by mathematics.
fn assert_close(found: &Weights, expected: &File, tolerance: f64, what: &str) {
    let found = read(&found.to_bytes(&[]));
    assert!(found.keys().eq(expected.keys()), "{what}: {:?}, {:?}", found.keys(), expected.keys());
    let largest = |values: &[f64]| values.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
    let of_all = expected.values().map(|(_, values)| largest(values)).fold(0.0, f64::max);
    assert!(of_all > 0.0, "{what} has entries");
    let mut most = 0.0_f64;
    for (name, (shape, values)) in expected {
        assert_eq!(&found[name].0, shape, "{what} {name}");
        let bound = tolerance * (largest(values) + 1e-3 * of_all);
        for (at, (found, expected)) in found[name].1.iter().zip(values).enumerate() {
            let gap = (found - expected).abs();
            assert!(gap <= bound, "{what} {name} {at}: {found} and {expected}, {gap:e} of {bound:e}");
            most = most.max(gap / bound * tolerance);
        }
    }
    println!("{what}: {most:.1e}");
}

/// Case in the file, its learner, and updates.
const CASES: [(&str, &str, usize); 5] = [
    ("cnp", "cnp", 1),
    ("transformer", "transformer", 1),
    ("metafun.steps1", "metafun", 1),
    ("metafun.steps3", "metafun", 3),
    ("metafun.steps5", "metafun", 5),
];

/// Number type and tolerance.
const PRECISIONS: [(Precision, f64); 2] = [(Precision::F64, 1e-12), (Precision::F32, 3e-6)];

#[test]
fn meta_gradients_agree_with_jax() {
    let file = reference();
    for (case, learner, updates) in CASES {
        let mut judged = 0;
        for (precision, tolerance) in PRECISIONS {
            let weights = weights(&file, learner, precision, &[("inner_steps", "1")]);
            let sets: [(&str, &[usize]); 3] = [("mean", &[0, 1, 2]), ("task3", &[3]), ("task4", &[4])];
            for (name, tasks) in sets {
                let expected = under(&file, &format!("{case}.{name}.meta_gradient."));
                if expected.is_empty() {
                    continue;
                }
                judged += 1;
                let tasks: Vec<_> = tasks.iter().map(|&at| task(&file, at)).collect();
                for kernels in Kernels::available() {
                    let found =
                        meta_gradient(&weights, &tasks, updates, Order::Exact, kernels).expect("memory");
                    let what = format!("{} {precision:?} {case}.{name}", kernels.instructions());
                    let loss = found.losses.iter().sum::<f64>() / found.losses.len() as f64;
                    let of_file = file[&format!("{case}.{name}.loss.outer")].1[0];
                    assert!((loss - of_file).abs() <= tolerance * of_file, "{what}: {loss} and {of_file}");
                    assert_close(&found.gradient, &expected, tolerance, &what);
                }
            }
        }
        assert!(judged >= 4, "{case} has too little in the file");
    }
}

#[test]
fn every_prefix_is_trained_as_jax_trains_it() {
    let file = reference();
    for (precision, tolerance) in PRECISIONS {
        let weights = weights(&file, "transformer", precision, &[]);
        for (name, tasks) in [("mean", &[0, 1, 2][..]), ("task3", &[3])] {
            let tasks: Vec<_> = tasks.iter().map(|&at| task(&file, at)).collect();
            let expected = under(&file, &format!("transformer.staircase.{name}.meta_gradient."));
            for kernels in Kernels::available() {
                let found = match precision {
                    Precision::F64 => by_prefixes::<f64>(&weights, &tasks, kernels, |x| x),
                    Precision::F32 => by_prefixes::<f32>(&weights, &tasks, kernels, |x| x as f32),
                };
                let what = format!("{} {precision:?} staircase.{name}", kernels.instructions());
                assert_close(&found, &expected, tolerance, &what);
            }
        }
    }
}

/// The mean meta-gradient with query points after prefixes of the support points.
fn by_prefixes<E: metascope::model::Scalar + Into<f64>>(
    weights: &Weights,
    tasks: &[(Points, Points)],
    kernels: Kernels,
    round: fn(f64) -> E,
) -> Weights
where
    Cpu: Device<E>,
{
    let rounded = |values: &[f64]| -> Vec<E> { values.iter().map(|&x| round(x)).collect() };
    let mut theta = Parameters::<E>::zeros(32, &weights.tensors());
    theta.copy_from_flat(&rounded(&weights.values));
    let workspace = Workspace::new(&weights.model, &weights.adaptation, kernels);
    let mut gradients = theta.zero_gradients().expect("memory");
    for (support, query) in tasks {
        let [support, query] =
            [support, query].map(|points| Batch::of_one(rounded(&points.x), rounded(&points.y)));
        let adapted = theta.trace(gradients).adapt(&support, 1, Order::Exact).after_prefixes();
        gradients = adapted.loss(&query, &workspace).try_backward().expect("memory");
    }
    let mut found = weights.clone();
    theta
        .visit_gradients(&mut gradients, &mut |_, from, sums| {
            for (mean, sum) in found.values[from..].iter_mut().zip(sums) {
                *mean = round((*sum).into() / tasks.len() as f64).into();
            }
        })
        .expect("memory");
    found
}

#[test]
fn predictions_agree_with_jax() {
    let file = reference();
    for (precision, tolerance) in [(Precision::F64, 1e-12), (Precision::F32, 1e-5)] {
        let close = |found: &[f64], expected: &[f64], what: &str| {
            for (found, expected) in found.iter().zip(expected) {
                assert!((found - expected).abs() <= 5.0 * tolerance, "{what}: {found} and {expected}");
            }
        };
        for (case, learner, updates) in CASES {
            let weights = weights(&file, learner, precision, &[]);
            for at in 0..5 {
                let (support, query) = task(&file, at);
                let found = fits(&weights, &support, &query, &[updates]);
                let expected = &file[&format!("{case}.task{at}.prediction.query")].1;
                close(&found[0].y, expected, &format!("{case}.task{at} {precision:?}"));
            }
        }
        let weights = weights(&file, "transformer", precision, &[]);
        for at in 0..3 {
            let (support, query) = task(&file, at);
            let expected = &file[&format!("transformer.task{at}.prediction.prefix")].1;
            for (given, expected) in expected.chunks(query.x.len()).enumerate() {
                let few = Points { x: support.x[..given].to_vec(), y: support.y[..given].to_vec() };
                let found = fits(&weights, &few, &query, &[1]);
                close(&found[0].y, expected, &format!("task{at} after {given} points {precision:?}"));
            }
        }
    }
}

/// Each network as a file of its own that is spoilt in one place: what is wrong is said by its name, and nothing panics.
#[test]
fn hostile_checkpoints_are_refused_by_name() {
    let file = reference();
    for learner in ["cnp", "transformer", "metafun"] {
        let good = under(&file, &format!("{learner}.weights."));
        let read = |tensors: &File, more: &[(&str, &str)]| {
            let words = [more, &[("algorithm", learner)]].concat();
            checkpoint_from_bytes(&written(tensors, Precision::F32, &words))
        };
        assert!(read(&good, &[]).is_ok(), "{learner}");
        let refused = |tensors: &File, more: &[(&str, &str)], words: &[&str]| {
            let error = read(tensors, more).expect_err(&format!("{learner} {words:?}"));
            assert!(words.iter().all(|word| error.contains(word)), "{learner} {words:?}: {error}");
            assert!(error.len() < 600, "{learner}: {error}");
        };
        for name in good.keys() {
            let spoilt = |change: &dyn Fn(&mut Numbers)| {
                let mut tensors = good.clone();
                change(tensors.get_mut(name).expect("there"));
                tensors
            };
            // The width is read from one of them, the number of blocks from others, the outputs from the last bias.
            let one_less = |(shape, values): &mut Numbers| {
                shape[0] -= 1;
                values.truncate(shape.iter().product());
            };
            refused(&spoilt(&one_less), &[], &[]);
            let longer = |(shape, values): &mut Numbers| {
                let columns = values.len() / shape[0];
                shape[0] += 7;
                values.resize(shape[0] * columns, 0.0);
            };
            refused(&spoilt(&longer), &[], &[]);
            let turned = |(shape, _): &mut Numbers| shape.insert(0, 1);
            refused(&spoilt(&turned), &[], &[]);
            let mut without = good.clone();
            without.remove(name);
            // Without its last block a transformer is one of fewer, whose other tensors are then too many.
            let named = if name == "block.1.qkv.bias" { "block.1.mlp.0.bias" } else { name };
            refused(&without, &[], &[named]);
        }
        for extra in ["hidden1.weight", "block.7.qkv.weight", "encoder.3.bias", "\u{1b}[31m"] {
            let mut more = good.clone();
            more.insert(extra.to_owned(), (vec![2, 3], vec![0.5; 6]));
            refused(&more, &[], &["no part of its network", "[2, 3]"]);
        }
        for key in ["x_center", "x_scale", "y_scale"] {
            for value in ["NaN", "inf", "wide", ""] {
                refused(&good, &[(key, value)], &[key, "no scale"]);
            }
        }
        for value in ["0", "-1"] {
            refused(&good, &[("x_scale", value)], &["x_scale", value]);
        }
        refused(&good, &[("outer_loss", "mae")], &["outer_loss", "mae"]);
        // Numbers that are none are a network that diverged: it is tested, and its answers are none.
        let mut diverged = good.clone();
        for (_, values) in diverged.values_mut() {
            values.fill(f64::NAN);
        }
        let weights = read(&diverged, &[]).expect("a diverged network").weights;
        let (support, query) = task(&file, 0);
        let found = fits(&weights, &support, &query, &[0, 1]);
        assert!(found[1].y.iter().all(|y| y.is_nan()) && found[1].loss.is_nan(), "{learner}");
        // Headers of any length, and files that end anywhere.
        let bytes = written(&good, Precision::F32, &[("algorithm", learner)]);
        for length in [0, 1, 100_000_000, u64::MAX / 2, u64::MAX] {
            let hostile = [&length.to_le_bytes()[..], &bytes[8..]].concat();
            assert!(checkpoint_from_bytes(&hostile).is_err(), "{learner}, a header of {length} bytes");
        }
        for end in [0, 7, 8, 9, 100, bytes.len() / 2, bytes.len() - 1] {
            assert!(checkpoint_from_bytes(&bytes[..end]).is_err(), "{learner}, cut at {end}");
        }
    }
}
