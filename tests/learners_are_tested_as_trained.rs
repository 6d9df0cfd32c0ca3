//! No learner is tested by another rule than it was trained with: what a study says of every learner is held
//! to a second account of how it adapts, written down here parameter by parameter, and so is what its
//! checkpoint does by itself.

use std::collections::BTreeMap;
use std::path::PathBuf;

use metascope::eval::{Adapter, Curve};
use metascope::experiments::parse;
use metascope::learner::{Algorithm, meta_gradient, read_checkpoint};
use metascope::model::{Adaptation, Kernels, Order, Weights};
use metascope::study::{Kind, Session, SessionOptions, plan};
use metascope::task::{Points, test_tasks};
use safetensors::SafeTensors;

/// The rate of training, and the rate that `[evaluation]` names for those whose tests have a common one.
const TRAINED: f64 = 0.04;
const COMMON: f64 = 0.015;
/// Inner steps of the adaptation curve.
const STEPS: usize = 3;
/// Support points of the points curve, more than the ten of the adaptation curve.
const POINTS: usize = 12;
const HIDDEN: usize = 16;

/// The numbers of one tensor of trained weights.
fn tensor<'w>(trained: &'w Weights, name: &str) -> &'w [f64] {
    let mut from = 0;
    for tensor in trained.tensors() {
        let range = from..from + tensor.count();
        if tensor.name == name {
            return &trained.values[range];
        }
        from = range.end;
    }
    panic!("there is no {name}");
}

/// `a b` of matrices, `a` of so many rows.
fn product(rows: usize, a: &[f64], b: &[f64]) -> Vec<f64> {
    let inner = a.len() / rows;
    let columns = b.len() / inner;
    let entry = |at: usize| {
        let (row, column) = (at / columns, at % columns);
        (0..inner).map(|k| a[row * inner + k] * b[k * columns + column]).sum()
    };
    (0..rows * columns).map(entry).collect()
}

/// How a learner moves one of its tensors in inner step `step`, given the tensor's gradient.
fn moved(learner: &str, trained: &Weights, name: &str, gradient: &[f64], step: usize) -> Vec<f64> {
    let is_head = name.starts_with("out.");
    let times = |rate: f64| gradient.iter().map(|g| rate * g).collect();
    match learner {
        "random" | "transfer" | "maml" | "first-order-maml" | "reptile" => times(COMMON),
        "anil" => times(f64::from(u8::from(is_head)) * TRAINED),
        "boil" => times(f64::from(u8::from(!is_head)) * TRAINED),
        "meta-sgd" => {
            let rates = tensor(trained, &format!("inner_lr.{name}"));
            rates.iter().zip(gradient).map(|(rate, g)| rate * g).collect()
        }
        "layer-step-rates" => {
            let rates = tensor(trained, &format!("inner_lr.{name}"));
            times(rates[step.min(rates.len() - 1)])
        }
        "meta-curvature" if name.ends_with("bias") => {
            let by = tensor(trained, &format!("curvature.{name}"));
            by.iter().zip(gradient).map(|(by, g)| TRAINED * by * g).collect()
        }
        "meta-curvature" => {
            let [output, input] =
                ["out", "in"].map(|side| tensor(trained, &format!("curvature.{name}.{side}")));
            let rows = if is_head { 1 } else { HIDDEN };
            let right = product(rows, gradient, input);
            product(rows, output, &right).iter().map(|g| TRAINED * g).collect()
        }
        "cavia" if name == "hidden1.bias" => {
            // A step of the context, seen as what it adds to the bias: alpha C C' g.
            let columns = trained.values[trained.model.parameters()..].chunks(HIDDEN);
            let mut shift = vec![0.0; HIDDEN];
            for column in columns {
                let along: f64 = column.iter().zip(gradient).map(|(c, g)| c * g).sum();
                shift.iter_mut().zip(column).for_each(|(shift, c)| *shift += TRAINED * along * c);
            }
            shift
        }
        "cavia" => times(0.0),
        other => panic!("say here how {other} adapts"),
    }
}

/// The last hidden layer, as `kind` has it, and a one, at every point.
fn features(kind: &str, trained: &Weights, x: &[f64]) -> Vec<Vec<f64>> {
    let [w1, b1, w2, b2] = ["hidden1.weight", "hidden1.bias", "hidden2.weight", "hidden2.bias"]
        .map(|name| tensor(trained, name));
    let relu = |z: f64| z.max(0.0);
    let last = |z: f64| match kind {
        "linear" => z,
        "tanh" => z.tanh(),
        _ => relu(z),
    };
    let of = |&x: &f64| {
        let h1: Vec<f64> = w1.iter().zip(b1).map(|(w, b)| relu(w * x + b)).collect();
        let row = |row: &[f64]| row.iter().zip(&h1).map(|(w, h)| w * h).sum::<f64>();
        let h2 = w2.chunks(HIDDEN).zip(b2).map(|(w, b)| last(row(w) + b));
        h2.chain([1.0]).collect()
    };
    x.iter().map(of).collect()
}

/// The solution of a symmetric positive definite system, by elimination.
fn solution(mut rows: Vec<Vec<f64>>, mut right: Vec<f64>) -> Vec<f64> {
    let n = right.len();
    for i in 0..n {
        let pivot = rows[i].clone();
        for j in (0..n).filter(|j| *j != i) {
            let factor = rows[j][i] / pivot[i];
            rows[j].iter_mut().zip(&pivot).for_each(|(entry, pivot)| *entry -= factor * pivot);
            right[j] -= factor * right[i];
        }
    }
    (0..n).map(|i| right[i] / rows[i][i]).collect()
}

/// The ridge head's losses: its own output layer, and from the first step on the minimiser of
/// |A w - y|^2 + lambda |w - w0|^2, by its normal equations.
fn ridge_losses(kind: &str, trained: &Weights, support: &Points, query: &Points) -> Vec<f64> {
    let lambda = tensor(trained, "ridge.log_lambda")[0].exp();
    let prior = [tensor(trained, "out.weight"), tensor(trained, "out.bias")].concat();
    let known = features(kind, trained, &support.x);
    let n = prior.len();
    let sum = |i: usize, j: usize| known.iter().map(|row| row[i] * row[j]).sum::<f64>();
    let entry = |i: usize, j: usize| sum(i, j) + if i == j { lambda } else { 0.0 };
    let rows = (0..n).map(|i| (0..n).map(|j| entry(i, j)).collect()).collect();
    let right = (0..n).map(|i| {
        let seen: f64 = known.iter().zip(&support.y).map(|(row, y)| row[i] * y).sum();
        seen + lambda * prior[i]
    });
    let solved = solution(rows, right.collect());
    let loss = |w: &[f64]| {
        let errors = features(kind, trained, &query.x).into_iter().zip(&query.y).map(|(row, y)| {
            let error = row.iter().zip(w).map(|(h, w)| h * w).sum::<f64>() - y;
            error * error
        });
        errors.sum::<f64>() / query.x.len() as f64
    };
    let after = loss(&solved);
    [loss(&prior)].into_iter().chain([after; STEPS]).collect()
}

/// A network that reads, point by point: tensors as its file has them, columns of a row.
struct Reading {
    tensors: BTreeMap<String, (usize, Vec<f64>)>,
}

/// Half the width of the range of x, and the height of the highest wave.
const SCALE: f64 = 5.0;

impl Reading {
    fn new(trained: &Weights) -> Self {
        let bytes = trained.to_bytes(&[]);
        let file = SafeTensors::deserialize(&bytes).expect("a checkpoint");
        let tensors = file.tensors().into_iter().map(|(name, tensor)| {
            let values = tensor.data().as_chunks().0.iter().map(|&b| f64::from_le_bytes(b)).collect();
            (name, (*tensor.shape().last().expect("a dimension"), values))
        });
        Self { tensors: tensors.collect() }
    }

    fn vector(&self, name: &str) -> &[f64] {
        &self.tensors[name].1
    }

    fn layer(&self, name: &str, input: &[f64]) -> Vec<f64> {
        let (columns, weight) = &self.tensors[&format!("{name}.weight")];
        assert_eq!(*columns, input.len(), "{name}");
        let bias = self.vector(&format!("{name}.bias"));
        let row = |row: &[f64]| row.iter().zip(input).map(|(w, x)| w * x).sum::<f64>();
        weight.chunks(*columns).zip(bias).map(|(w, b)| row(w) + b).collect()
    }

    /// Layers `name.0` to `name.last` with a relu between them.
    fn layers(&self, name: &str, last: usize, input: &[f64]) -> Vec<f64> {
        let inner = (0..last).fold(input.to_vec(), |h, at| {
            self.layer(&format!("{name}.{at}"), &h).iter().map(|z| z.max(0.0)).collect()
        });
        self.layer(&format!("{name}.{last}"), &inner)
    }

    fn cnp(&self, support: &[(f64, f64)], x: f64) -> f64 {
        let read: Vec<Vec<f64>> = support.iter().map(|&(x, y)| self.layers("encoder", 2, &[x, y])).collect();
        let mut r = self.vector("prior").to_vec();
        if !support.is_empty() {
            r = (0..r.len()).map(|i| read.iter().map(|e| e[i]).sum::<f64>() / read.len() as f64).collect();
        }
        r.push(x);
        self.layers("decoder", 2, &r)[0]
    }

    /// Updates one after another, at the support points and at x.
    fn metafun(&self, support: &[(f64, f64)], x: f64, updates: usize) -> f64 {
        let phi = |x: f64| self.layers("feature", 1, &[x]);
        let scale = self.vector("log_scale")[0].exp() / (2.0 * HIDDEN as f64);
        let similar = |a: f64, b: f64| {
            let apart: f64 = phi(a).iter().zip(phi(b)).map(|(a, b)| (a - b) * (a - b)).sum();
            (-scale * apart).exp()
        };
        let places: Vec<f64> = support.iter().map(|(x, _)| *x).chain([x]).collect();
        let mut r = vec![self.vector("prior").to_vec(); places.len()];
        for _ in 0..if support.is_empty() { 0 } else { updates } {
            let u: Vec<Vec<f64>> = support
                .iter()
                .zip(&r)
                .map(|(&(x, y), r)| self.layers("update", 2, &[&[x, y][..], r].concat()))
                .collect();
            let rate = self.vector("alpha")[0] / support.len() as f64;
            for (place, r) in places.iter().zip(&mut r) {
                for ((x, _), u) in support.iter().zip(&u) {
                    let k = similar(*place, *x);
                    r.iter_mut().zip(u).for_each(|(r, u)| *r -= rate * k * u);
                }
            }
        }
        self.layers("decoder", 2, &[&[x][..], &r[support.len()]].concat())[0]
    }

    /// Token by token; the last is x's.
    fn transformer(&self, support: &[(f64, f64)], x: f64) -> f64 {
        let norm = |h: &[f64]| -> Vec<f64> {
            let mean = h.iter().sum::<f64>() / h.len() as f64;
            let variance = h.iter().map(|h| (h - mean) * (h - mean)).sum::<f64>() / h.len() as f64;
            h.iter().map(|h| (h - mean) / (variance + 1e-5).sqrt()).collect()
        };
        let add =
            |h: &[f64], more: Vec<f64>| -> Vec<f64> { h.iter().zip(more).map(|(h, m)| h + m).collect() };
        let tokens = support.iter().map(|&(x, y)| [x, y, 1.0]).chain([[x, 0.0, 0.0]]);
        let mut h: Vec<Vec<f64>> = tokens.map(|token| self.layers("embedding", 1, &token)).collect();
        for block in 0..2 {
            let name = |part: &str| format!("block.{block}.{part}");
            let qkv: Vec<Vec<f64>> = h.iter().map(|h| self.layer(&name("qkv"), &norm(h))).collect();
            h = (0..h.len())
                .map(|at| {
                    let mut taken = Vec::new();
                    for head in 0..4 {
                        let part = |token: usize, which: usize| {
                            let from = which * HIDDEN + head * HIDDEN / 4;
                            &qkv[token][from..from + HIDDEN / 4]
                        };
                        let score = |token: usize| {
                            let along: f64 = part(at, 0).iter().zip(part(token, 1)).map(|(q, k)| q * k).sum();
                            (along / (HIDDEN as f64 / 4.0).sqrt()).exp()
                        };
                        let total: f64 = (0..=at).map(score).sum();
                        taken.extend((0..HIDDEN / 4).map(|i| {
                            (0..=at).map(|token| score(token) / total * part(token, 2)[i]).sum::<f64>()
                        }));
                    }
                    let h = add(&h[at], self.layer(&name("out"), &taken));
                    add(&h, self.layers(&name("mlp"), 1, &norm(&h)))
                })
                .collect();
        }
        self.layers("readout", 1, &norm(&h[support.len()]))[0]
    }

    /// The losses after 0, 1, .. steps.
    fn losses(&self, learner: &str, support: &Points, query: &Points) -> Vec<f64> {
        let support: Vec<(f64, f64)> =
            support.x.iter().zip(&support.y).map(|(x, y)| (x / SCALE, y / SCALE)).collect();
        let loss = |n: usize| {
            let seen = if n == 0 { &[][..] } else { &support };
            let errors = query.x.iter().zip(&query.y).map(|(x, y)| {
                let x = x / SCALE;
                let answer = match learner {
                    "cnp" => self.cnp(seen, x),
                    "transformer" => self.transformer(seen, x),
                    _ => self.metafun(seen, x, n),
                };
                (SCALE * answer - y) * (SCALE * answer - y)
            });
            errors.sum::<f64>() / query.x.len() as f64
        };
        (0..=STEPS).map(loss).collect()
    }
}

/// The loss on `query` after 0, 1, ... steps on `support`, by the account above; the gradients are of no
/// inner step, which other tests have judged.
fn losses(learner: &str, trained: &Weights, support: &Points, query: &Points) -> Vec<f64> {
    if let Some(kind) = learner.strip_prefix("ridge-head") {
        return ridge_losses(kind.trim(), trained, support, query);
    }
    if ["cnp", "transformer", "metafun"].contains(&learner) {
        return Reading::new(trained).losses(learner, support, query);
    }
    let mut weights = Weights { adaptation: Adaptation::sgd(1.0, 1), ..trained.clone() };
    weights.values.truncate(trained.model.parameters());
    let gradient = |weights: &Weights, points: &Points| {
        let on = [(points.clone(), points.clone())];
        meta_gradient(weights, &on, 0, Order::First, Kernels::fastest()).expect("memory for sixteen units")
    };
    let mut losses = Vec::new();
    for step in 0..=STEPS {
        losses.push(gradient(&weights, query).losses[0]);
        let found = gradient(&weights, support).gradient.values;
        let mut at = 0;
        for tensor in weights.tensors() {
            let to = at + tensor.count();
            let moves = moved(learner, trained, &tensor.name, &found[at..to], step);
            weights.values[at..to].iter_mut().zip(moves).for_each(|(value, moved)| *value -= moved);
            at = to;
        }
    }
    losses
}

fn assert_close(what: &str, found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (n, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!((found - expected).abs() < 1e-9 * (1.0 + expected), "{what} n = {n}: {found}, {expected}");
    }
}

#[test]
fn every_learner_is_tested_by_its_own_rule() {
    let mut text = format!(
        "[defaults]\nseeds = 1\nouter_steps = 30\nmeta_batch = 2\ninner_lr = {TRAINED}\ninner_steps = 2\n\
         [task]\ntrain_tasks = 40\n[model]\nhidden = {HIDDEN}\nprecision = \"f64\"\n\
         [evaluation]\ntest_tasks = 6\ngrid = 9\nsteps = {STEPS}\ninner_lr = {COMMON}\npoints = {POINTS}\n"
    );
    for algorithm in Algorithm::ALL.iter().filter(|algorithm| !algorithm.reads_answers()) {
        let name = algorithm.name();
        text += &format!("[[experiment]]\nname = \"{name}\"\nalgorithm = \"{name}\"\n");
    }
    for features in ["linear", "relu", "tanh"] {
        text += &format!("[[experiment]]\nname = \"ridge-head {features}\"\nalgorithm = \"ridge-head\"\n");
        text += &format!("features = \"{features}\"\n");
    }
    let study = parse("own", None, &text).unwrap_or_else(|problems| panic!("{problems}"));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let out = Some(folder.path().to_owned());
    let options = SessionOptions { jobs: 2, out, study: "own".to_owned(), ..SessionOptions::default() };
    let session = Session::start(plan(&study), &options).expect("a writable folder");
    let (mut curves, mut checkpoints) = (vec![Curve::default(); study.experiments.len()], Vec::new());
    checkpoints.resize(study.experiments.len(), PathBuf::new());
    loop {
        let over = session.is_over();
        while let Some((run, event)) = session.try_event() {
            match event.kind {
                Kind::Evaluated { curve, .. } => curves[run] = curve,
                Kind::Finished { checkpoint: Some(path), .. } => checkpoints[run] = path.into(),
                Kind::Failed { error, .. } => panic!("{}: {error}", study.experiments[run].name),
                _ => {}
            }
        }
        if over {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    for (run, settings) in study.experiments.iter().enumerate() {
        let name = settings.name.as_str();
        let tasks = test_tasks(&settings.task, &settings.evaluation);
        let weights = read_checkpoint(&checkpoints[run]).expect("its checkpoint").weights;
        let (mut mean, mut by_points) = ([0.0; STEPS + 1], [0.0; POINTS + 1]);
        let trained = settings.adaptation().inner_steps;
        for task in &tasks {
            assert_eq!((task.support.x.len(), task.further.x.len()), (10, POINTS - 10));
            for (k, mean) in by_points.iter_mut().enumerate() {
                // Of no points no step is taken.
                let known = task.first_points(k);
                let n = if k == 0 { 0 } else { trained };
                let known = if k == 0 { &task.support } else { &known };
                *mean += losses(name, &weights, known, &task.query)[n] / tasks.len() as f64;
            }
            let expected = losses(name, &weights, &task.support, &task.query);
            // By the checkpoint alone, at the rate that the tests have.
            let mut adapter =
                Adapter::new(&settings.tested(&weights, settings.test(None).expect("the first test set")));
            adapter.take_task(&task.support, &task.query);
            let mut found = vec![adapter.loss()];
            for _ in 0..STEPS {
                adapter.descend();
                found.push(adapter.loss());
            }
            assert_close(name, &found, &expected);
            for (mean, loss) in mean.iter_mut().zip(&expected) {
                *mean += loss / tasks.len() as f64;
            }
        }
        assert_close(&format!("{name}, by its study"), &curves[run].mean, &mean);
        let points = curves[run].points.as_ref().expect("it was asked for");
        assert_close(&format!("{name}, over points"), &points.mean, &by_points);
        assert!((points.mean[10] - mean[trained]).abs() < 1e-12, "{name}: ten points are those of the curve");
    }
}
