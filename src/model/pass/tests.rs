//! Every operation against a twin in plain dfdx operations, and against central differences: losses and gradients, of
//! several tasks and points, of one of each, and of no points.

use std::rc::Rc;

use dfdx::prelude::*;

use super::super::kernels::Kernels;
use super::super::layer::Layer;
use super::super::parameters::Parameters;
use super::super::tensors::TensorInfo;
use super::{Memory, Pass, Rows, Then};

/// The width; 40 needs padding where registers hold sixteen numbers.
const W: usize = 40;
const HEADS: usize = 4;
/// Of y.
const SCALE: f64 = 2.0;

/// A number in -1..1 that looks random.
fn noise(i: usize) -> f64 {
    let bits = (i as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    ((bits ^ (bits >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 11) as f64 / (1u64 << 52) as f64 - 1.0
}

/// Tasks, and the points of each: those that are known, and those that are asked about.
#[derive(Clone, Copy, Debug)]
struct Case {
    tasks: usize,
    known: usize,
    asked: usize,
}

const CASES: [Case; 7] = [
    Case { tasks: 1, known: 1, asked: 1 },
    Case { tasks: 1, known: 5, asked: 3 },
    Case { tasks: 1, known: 0, asked: 2 },
    Case { tasks: 3, known: 1, asked: 4 },
    Case { tasks: 2, known: 7, asked: 1 },
    Case { tasks: 2, known: 41, asked: 9 },
    Case { tasks: 2, known: 0, asked: 4 },
];

impl Case {
    fn known_x(self) -> Vec<f64> {
        (0..self.tasks * self.known).map(noise).collect()
    }

    fn asked_x(self) -> Vec<f64> {
        (0..self.tasks * self.asked).map(|i| noise(i + 400)).collect()
    }

    fn y(self) -> Vec<f64> {
        (0..self.tasks * self.asked).map(|i| 3.0 * noise(i + 900)).collect()
    }

    /// What each asked point is given.
    fn given(self) -> Vec<usize> {
        (0..self.asked).map(|asked| asked % (self.known + 1)).collect()
    }
}

type Tape = OwnedTape<f64, Cpu>;
/// A matrix on dfdx's own tape.
type Value = Tensor<(usize, usize), f64, Cpu, Tape>;

/// From a pass, and the embedded points that are known and that are asked about.
type Ours = fn(&Pass<f64>, &Rows<f64>, &Rows<f64>, Case) -> Rows<f64>;

/// An operation in both accounts, from embedded points to rows of width `W`, one for each that is asked about.
struct Operation {
    name: &'static str,
    layers: Vec<Layer>,
    ours: Ours,
    twin: fn(&Twin, Value, Value, Case) -> Value,
    /// Numbers of a prediction.
    outputs: usize,
}

/// An operation on a bench: an embedding of x before it, predictions and their loss behind.
struct Bench {
    tensors: Vec<TensorInfo>,
    values: Vec<f64>,
}

impl Bench {
    fn new(operation: &Operation) -> Self {
        let mut layers = vec![Layer::before_relu("in.0", &[1], W), Layer::linear("in.1", &[W], W)];
        layers.extend_from_slice(&operation.layers);
        layers.push(Layer::linear("out", &[W], 1).outputs_times(operation.outputs));
        let tensors: Vec<TensorInfo> = layers.iter().flat_map(Layer::tensors).collect();
        let count = tensors.iter().map(TensorInfo::count).sum::<usize>();
        Self { tensors, values: (0..count).map(|i| 0.3 * noise(7 * i + 3)).collect() }
    }

    fn ours(&self, operation: &Operation, values: &[f64], case: Case, kernels: Kernels) -> (f64, Vec<f64>) {
        let mut theta = Parameters::<f64>::zeros(W, &self.tensors);
        theta.copy_from_flat(values);
        let pass = Pass::new(Rc::new(Memory::new(&self.tensors, kernels)), theta.clone(), true);
        let embed = |points: usize, x: &[f64]| {
            let h = pass.dense("in.0", &[&pass.given((case.tasks, points), &[x])], Then::Relu);
            pass.dense("in.1", &[&h], Then::Nothing)
        };
        let (known, asked) = (embed(case.known, &case.known_x()), embed(case.asked, &case.asked_x()));
        let out = (operation.ours)(&pass, &known, &asked, case);
        let predictions = pass.dense("out", &[&out], Then::Nothing);
        let loss = pass.loss(&predictions, &case.y(), SCALE);
        let mut tape = Tape::default();
        pass.put_on(&mut tape);
        let value = loss.array();
        let mut gradients = loss.put_tape(tape).backward();
        let mut gradient = Vec::new();
        theta
            .visit_gradients(&mut gradients, &mut |_, _, numbers| gradient.extend_from_slice(numbers))
            .expect("memory");
        (value, gradient)
    }

    fn twins(&self, operation: &Operation, case: Case) -> (f64, Vec<f64>) {
        let twin = Twin::new(self);
        let embed = |x: Vec<f64>| {
            let h = twin.dense("in.0", vec![twin.matrix(x.len(), 1, x)]).relu();
            twin.dense("in.1", vec![h])
        };
        // dfdx has no matrices of no rows; the twins look at none where there is none.
        let known = if case.known == 0 { case.asked_x() } else { case.known_x() };
        let (known, asked) = (embed(known), embed(case.asked_x()));
        let predictions = twin.dense("out", vec![(operation.twin)(&twin, known, asked, case)]) * SCALE;
        let pick = |column: usize| {
            let picked = (0..operation.outputs).map(|at| f64::from(u8::from(at == column))).collect();
            twin.matrix(operation.outputs, 1, picked)
        };
        let y = twin.matrix(case.asked, 1, case.y());
        let loss = if operation.outputs == 1 {
            (predictions - y).square().mean()
        } else {
            let error = predictions.with_empty_tape().matmul(pick(0)) - y;
            let raw = predictions.matmul(pick(1)) / SCALE;
            let deviation = ((raw.exp() + 1.0).ln() + 0.002) * SCALE;
            let half = (error / deviation.with_empty_tape()).square() * 0.5;
            (deviation.ln() + half + 0.5 * std::f64::consts::TAU.ln()).mean()
        };
        let value = loss.array();
        let mut gradients = loss.backward();
        let mut gradient = Vec::new();
        for leaf in &twin.leaves {
            match leaf {
                Leaf::Matrix(_, leaf) => {
                    gradient.extend_from_slice(gradients.get_or_alloc_mut(leaf).expect("memory"));
                }
                Leaf::Vector(_, leaf) => {
                    gradient.extend_from_slice(gradients.get_or_alloc_mut(leaf).expect("memory"));
                }
            }
        }
        (value, gradient)
    }
}

/// A parameter of the twin.
enum Leaf {
    Matrix(String, Tensor<(usize, usize), f64, Cpu>),
    Vector(String, Tensor<(usize,), f64, Cpu>),
}

/// The same parameters for dfdx's own operations.
struct Twin {
    device: Cpu,
    leaves: Vec<Leaf>,
}

impl Twin {
    fn new(bench: &Bench) -> Self {
        let (device, mut from) = (Cpu::default(), 0);
        let leaves = bench.tensors.iter().map(|tensor| {
            let values = bench.values[from..from + tensor.count()].to_vec();
            from += tensor.count();
            match tensor.shape[..] {
                [n] => Leaf::Vector(tensor.name.clone(), device.tensor_from_vec(values, (n,))),
                _ => {
                    let shape = (tensor.shape[0], tensor.shape[1]);
                    Leaf::Matrix(tensor.name.clone(), device.tensor_from_vec(values, shape))
                }
            }
        });
        let leaves = leaves.collect();
        Self { device, leaves }
    }

    fn matrix(&self, rows: usize, columns: usize, values: Vec<f64>) -> Value {
        self.device.tensor_from_vec(values, (rows, columns)).leaky_traced()
    }

    /// A vector as so many rows.
    fn vectors(&self, name: &str, rows: usize) -> Vec<Value> {
        let of_name = self.leaves.iter().filter_map(|leaf| match leaf {
            Leaf::Vector(known, leaf) if known == name => Some(leaf),
            _ => None,
        });
        of_name.map(|leaf| leaf.leaky_trace().broadcast_like::<_, Axis<0>>(&(rows, leaf.shape().0))).collect()
    }

    /// Tensors of one name read inputs side by side, or, of one input, are outputs side by side.
    fn dense(&self, layer: &str, mut inputs: Vec<Value>) -> Value {
        let rows = inputs[0].shape().0;
        let weights: Vec<Value> = self
            .leaves
            .iter()
            .filter_map(|leaf| match leaf {
                Leaf::Matrix(name, leaf) if *name == format!("{layer}.weight") => Some(leaf.leaky_trace()),
                _ => None,
            })
            .collect();
        let mut biases = self.vectors(&format!("{layer}.bias"), rows);
        if biases.len() == 1 {
            let sums = inputs.into_iter().zip(weights);
            let sums = sums.map(|(x, w)| x.matmul(w.permute::<_, Axes2<1, 0>>()));
            return sums.fold(biases.remove(0), |sum, product| sum + product);
        }
        let (input, parts) = (inputs.remove(0), biases.len());
        let mut out =
            self.matrix(rows, weights[0].shape().0 * parts, vec![0.0; rows * weights[0].shape().0 * parts]);
        for (part, (w, b)) in weights.into_iter().zip(biases).enumerate() {
            let place = self.placed(w.shape().0, part, parts);
            let sums = input.with_empty_tape().matmul(w.permute::<_, Axes2<1, 0>>()) + b;
            out = out + sums.matmul(place);
        }
        with_tape_of(out, input)
    }

    /// What puts so many columns into the `part`-th place of `parts`.
    fn placed(&self, columns: usize, part: usize, parts: usize) -> Value {
        let mut values = vec![0.0; columns * columns * parts];
        for column in 0..columns {
            values[column * columns * parts + part * columns + column] = 1.0;
        }
        self.matrix(columns, columns * parts, values)
    }
}

/// A value that has been used with an empty tape, its own tape put on what was made of it.
fn with_tape_of(made: Value, used: Value) -> Value {
    let (made, tape) = made.split_tape();
    made.put_tape(tape.merge(used.split_tape().1))
}

/// The numbers of a matrix that has `yes` where `is` says so and `no` elsewhere.
fn filled(rows: usize, columns: usize, is: impl Fn(usize, usize) -> bool, yes: f64, no: f64) -> Vec<f64> {
    let place = |at: usize| if is(at / columns, at % columns) { yes } else { no };
    (0..rows * columns).map(place).collect()
}

/// Attention of the rows of `tokens`, of which row `t` sees those that `sees` says, over all of them.
fn attention(twin: &Twin, tokens: Value, sees: impl Fn(usize, usize) -> bool) -> Value {
    let (rows, size) = (tokens.shape().0, W / HEADS);
    let mask = filled(rows, rows, sees, 0.0, -1e9);
    let mut out = twin.matrix(rows, W, vec![0.0; rows * W]);
    for head in 0..HEADS {
        let part = |which: usize| {
            let from = which * W + head * size;
            let picked = filled(3 * W, size, |row, column| row == from + column, 1.0, 0.0);
            tokens.with_empty_tape().matmul(twin.matrix(3 * W, size, picked))
        };
        let scores = part(0).matmul(part(1).permute::<_, Axes2<1, 0>>()) / (size as f64).sqrt();
        let weights = (scores + twin.matrix(rows, rows, mask.clone())).softmax::<Axis<1>>();
        let place = filled(size, W, |row, column| column == head * size + row, 1.0, 0.0);
        out = out + weights.matmul(part(2)).matmul(twin.matrix(size, W, place));
    }
    with_tape_of(out, tokens)
}

/// Rows of one above those of the other.
fn above(twin: &Twin, one: Value, other: Value) -> Value {
    let (first, second) = (one.shape().0, other.shape().0);
    let rows = first + second;
    let top = twin.matrix(rows, first, filled(rows, first, |row, column| row == column, 1.0, 0.0));
    let bottom = filled(rows, second, |row, column| row == first + column, 1.0, 0.0);
    top.matmul(one) + twin.matrix(rows, second, bottom).matmul(other)
}

/// `count` rows from `from` on.
fn rows_from(twin: &Twin, of: Value, from: usize, count: usize) -> Value {
    let rows = of.shape().0;
    twin.matrix(count, rows, filled(count, rows, |row, column| column == from + row, 1.0, 0.0)).matmul(of)
}

/// How similar rows are to others.
fn similarity(twin: &Twin, of: &Value, known: &Value) -> Value {
    let (rows, count) = (of.shape().0, known.shape().0);
    let ones = |rows: usize, columns: usize| twin.matrix(rows, columns, vec![1.0; rows * columns]);
    let of_rows = of.with_empty_tape().square().matmul(ones(W, count));
    let of_known = ones(rows, W).matmul(known.with_empty_tape().square().permute::<_, Axes2<1, 0>>());
    let cross = (of.with_empty_tape() * 1.0).matmul(known.with_empty_tape().permute::<_, Axes2<1, 0>>());
    let scale = twin.vectors("log_scale", rows).remove(0).exp().matmul(ones(1, count));
    ((of_rows + of_known - cross * 2.0) * scale / (-2.0 * W as f64)).exp()
}

/// `base - alpha / K` times what the weights take from values.
fn smooth(twin: &Twin, base: Value, weights: Value, values: Value) -> Value {
    let (rows, known) = weights.shape().to_owned();
    let alpha = twin.vectors("alpha", rows).remove(0).matmul(twin.matrix(1, W, vec![1.0; W]));
    base - weights.matmul(values) * alpha / known as f64
}

fn operations() -> Vec<Operation> {
    vec![
        Operation {
            name: "layers, inputs side by side, shared and not, and rows that sums are added to",
            layers: vec![
                Layer::vector("prior", W, 0.2),
                Layer::before_relu("a", &[W, W], W),
                Layer::before_relu("b", &[W], W).outputs_times(2),
                Layer::linear("c", &[W, W], W),
            ],
            ours: |pass, _, asked, case| {
                let h = pass.dense("a", &[&pass.parameter("prior", case.tasks), asked], Then::Relu);
                let h = pass.dense("b", &[&h], Then::Relu);
                pass.dense("c", &[&h], Then::Onto(asked))
            },
            twin: |twin, _, asked, case| {
                let prior = twin.vectors("prior", case.asked).remove(0);
                let h = twin.dense("a", vec![prior, asked.with_empty_tape()]).relu();
                let h = twin.dense("b", vec![h]).relu();
                let half = |part: usize| {
                    let picked = filled(2 * W, W, |row, column| row == part * W + column, 1.0, 0.0);
                    h.with_empty_tape().matmul(twin.matrix(2 * W, W, picked))
                };
                let sums = twin.dense("c", vec![half(0), half(1)]);
                with_tape_of(sums, h) + asked
            },
            outputs: 1,
        },
        Operation {
            name: "a mean over points, sums, and a likelihood",
            layers: vec![Layer::vector("prior", W, 0.2), Layer::before_relu("a", &[W, W], W)],
            ours: |pass, known, asked, case| {
                let mut r = pass.parameter("prior", case.tasks);
                if case.known > 0 {
                    r = pass.sum(&[&r, &pass.mean_over_points(known)]);
                }
                pass.dense("a", &[&r, asked], Then::Relu)
            },
            twin: |twin, known, asked, case| {
                let mut r = twin.vectors("prior", case.asked).remove(0);
                if case.known > 0 {
                    let shares = vec![1.0 / case.known as f64; case.asked * case.known];
                    r = r + twin.matrix(case.asked, case.known, shares).matmul(known);
                }
                twin.dense("a", vec![r, asked]).relu()
            },
            outputs: 2,
        },
        Operation {
            name: "layer normalisation",
            layers: vec![Layer::before_relu("a", &[W], W)],
            ours: |pass, _, asked, _| pass.dense("a", &[&pass.layer_norm(asked)], Then::Relu),
            twin: |twin, _, asked, _| twin.dense("a", vec![asked.normalize::<Axis<1>>(1e-5)]).relu(),
            outputs: 1,
        },
        Operation {
            name: "attention, causal and to prefixes",
            layers: vec![Layer::linear("qkv", &[W], W).outputs_times(3), Layer::linear("out1", &[W], W)],
            ours: |pass, known, asked, case| {
                let project = |h: &Rows<f64>| pass.dense("qkv", &[h], Then::Nothing);
                let keys = project(known);
                let before: Vec<usize> = (0..case.known).collect();
                let taken = pass.attention(&keys, &keys, HEADS, &before);
                let keys = project(&pass.dense("out1", &[&taken], Then::Onto(known)));
                pass.attention(&project(asked), &keys, HEADS, &case.given())
            },
            twin: |twin, known, asked, case| {
                let project = |h: Value| twin.dense("qkv", vec![h]);
                if case.known == 0 {
                    return attention(twin, project(asked), |token, other| token == other);
                }
                let taken = attention(twin, project(known.with_empty_tape()), |token, other| other <= token);
                let known = twin.dense("out1", vec![taken]) + known;
                let all = above(twin, project(known), project(asked));
                let (count, given) = (case.known, case.given());
                let sees = |token: usize, other: usize| {
                    token == other || (token >= count && other < given[token - count])
                };
                rows_from(twin, attention(twin, all, sees), count, case.asked)
            },
            outputs: 1,
        },
        Operation {
            name: "kernel smoothing",
            layers: vec![
                Layer::vector("prior", W, 0.2),
                Layer::vector("alpha", 1, 0.9),
                Layer::vector("log_scale", 1, 0.3),
                Layer::before_relu("a", &[W], W),
            ],
            ours: |pass, known, asked, case| {
                if case.known == 0 {
                    return pass.dense("a", &[asked], Then::Relu);
                }
                let (alpha, log_scale) = (pass.parameter("alpha", 1), pass.parameter("log_scale", 1));
                let prior = pass.parameter("prior", case.tasks);
                let among = pass.similarity(known, known, &log_scale);
                let r = pass.smooth(&prior, &among, known, &alpha);
                let u = pass.dense("a", &[&r], Then::Relu);
                pass.smooth(asked, &pass.similarity(asked, known, &log_scale), &u, &alpha)
            },
            twin: |twin, known, asked, case| {
                if case.known == 0 {
                    return twin.dense("a", vec![asked]).relu();
                }
                let prior = twin.vectors("prior", case.known).remove(0);
                let r = smooth(twin, prior, similarity(twin, &known, &known), known.with_empty_tape());
                let u = twin.dense("a", vec![r]).relu();
                let weights = similarity(twin, &asked, &known);
                with_tape_of(smooth(twin, asked, weights, u), known)
            },
            outputs: 1,
        },
    ]
}

/// The largest difference over the largest entry.
fn gap(found: &[f64], expected: &[f64]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let largest = expected.iter().fold(0.0_f64, |most, value| most.max(value.abs()));
    let worst = found.iter().zip(expected).map(|(a, b)| (a - b).abs());
    worst.fold(0.0, |most: f64, value| if value > most || value.is_nan() { value } else { most }) / largest
}

#[test]
fn operations_agree_with_their_twins() {
    for operation in operations() {
        let bench = Bench::new(&operation);
        for case in CASES.into_iter().filter(|case| case.tasks == 1) {
            let (loss, gradient) = bench.twins(&operation, case);
            for kernels in Kernels::available() {
                let (found, ours) = bench.ours(&operation, &bench.values, case, kernels);
                let what = format!("{}, {case:?} {}", operation.name, kernels.instructions());
                assert!((found - loss).abs() < 1e-12 * loss.abs().max(1.0), "{what}: {found} and {loss}");
                let gap = gap(&ours, &gradient);
                assert!(gap < 1e-11, "{what}: {gap:e}");
            }
        }
    }
}

#[test]
fn gradients_are_those_of_central_differences() {
    let kernels = Kernels::fastest();
    for operation in operations() {
        let bench = Bench::new(&operation);
        for case in CASES {
            let gradient = bench.ours(&operation, &bench.values, case, kernels).1;
            let largest = gradient.iter().fold(0.0_f64, |most, value| most.max(value.abs()));
            // Of every tensor a few entries, and a last one where something may have been cut off.
            let mut from = 0;
            for tensor in &bench.tensors {
                let count = tensor.count();
                for entry in [0, count / 3, count - 1].map(|at| from + at) {
                    let at = |offset: f64| {
                        let mut values = bench.values.clone();
                        values[entry] += offset;
                        bench.ours(&operation, &values, case, kernels).0
                    };
                    // Three widths: a kink of relu inside one of them is not inside all.
                    let off =
                        [1e-5, 1e-6, 3e-7].map(|h| ((at(h) - at(-h)) / (2.0 * h) - gradient[entry]).abs());
                    let off = off.into_iter().fold(f64::MAX, f64::min) / largest;
                    let (name, of) = (operation.name, &tensor.name);
                    assert!(off < 1e-7, "{name}, {case:?}, {of} {}: {off:e}", entry - from);
                }
                from += count;
            }
        }
    }
}

#[test]
fn registers_of_any_width_give_the_same_bits() {
    let wide: Vec<Kernels> = Kernels::available().filter(|kernels| kernels.name() == "avx2+fma").collect();
    for operation in operations() {
        let bench = Bench::new(&operation);
        for case in CASES {
            let of = |kernels: &Kernels| bench.ours(&operation, &bench.values, case, *kernels);
            let all: Vec<_> = wide.iter().map(of).collect();
            assert!(all.windows(2).all(|pair| pair[0] == pair[1]), "{}, {case:?}", operation.name);
        }
    }
}
