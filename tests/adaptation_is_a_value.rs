//! Whatever a learner makes of a gradient in its inner steps, the engine differentiates through it: the
//! rule's transpose and its own meta-parameters included, exact and first order, on every kernel.

use std::sync::Arc;

use metascope::eval::Adapter;
use metascope::learner::meta_gradient;
use metascope::model::{Activation, ModelSettings, Precision};
use metascope::model::{
    Adaptation, Gradient, Inner, InnerLoop, InnerSettings, Kernels, Operator, Order, Pulled, Sgd, TensorInfo,
    View, ViewMut, Weights,
};
use metascope::task::{Points, Units};

/// A rule that no symmetry hides mistakes of: a learned rate for every parameter, and every bias of a hidden
/// layer pushed by its neighbour's gradient as well; the rates of step s are those of step 0 divided by s + 1.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Mixing;

/// What of a neighbour's gradient is added.
const PUSH: f64 = 0.01;

impl Inner for Mixing {
    fn tensors(&self, model: &ModelSettings) -> Vec<TensorInfo> {
        let rate = |tensor: TensorInfo| TensorInfo::new(format!("rate.{}", tensor.name), tensor.shape);
        model.tensors().into_iter().map(rate).collect()
    }

    fn single(&self, settings: InnerSettings<'_>) -> InnerLoop<f32> {
        InnerLoop::Steps(Box::new(Mixed { model: *settings.model, rates: Vec::new() }))
    }

    fn double(&self, settings: InnerSettings<'_>) -> InnerLoop<f64> {
        InnerLoop::Steps(Box::new(Mixed { model: *settings.model, rates: Vec::new() }))
    }
}

struct Mixed<E> {
    model: ModelSettings,
    rates: Vec<E>,
}

/// The unpadded numbers of a view, one tensor after another.
fn flat(model: &ModelSettings, view: View<'_, f64>) -> Vec<f64> {
    let mut flat = Vec::new();
    for (number, tensor) in model.tensors().iter().enumerate() {
        let rows = view.tensor(number);
        if tensor.count() <= view.stride() {
            flat.extend(&rows[..tensor.count()]);
        } else {
            flat.extend(rows.chunks(view.stride()).take(model.hidden).flat_map(|row| &row[..model.hidden]));
        }
    }
    flat
}

/// The other way.
fn unflat(model: &ModelSettings, flat: &[f64], stride: usize, view: &mut ViewMut<'_, f64>) {
    let mut rest = flat;
    for (number, tensor) in model.tensors().iter().enumerate() {
        let (mine, tail) = rest.split_at(tensor.count());
        rest = tail;
        let rows = view.tensor_mut(number);
        rows.fill(0.0);
        if tensor.count() <= stride {
            rows[..tensor.count()].copy_from_slice(mine);
        } else {
            for (row, mine) in rows.chunks_mut(stride).zip(mine.chunks(model.hidden)) {
                row[..model.hidden].copy_from_slice(mine);
            }
        }
    }
}

impl<E> Mixed<E> {
    /// Pairs of a bias and its neighbour, as places in a flat vector.
    fn pairs(&self) -> Vec<(usize, usize)> {
        let (mut at, mut pairs) = (0, Vec::new());
        for tensor in self.model.tensors() {
            if tensor.name.starts_with("hidden") && tensor.name.ends_with("bias") {
                pairs.extend((0..tensor.count() - 1).map(|i| (at + i, at + i + 1)));
            }
            at += tensor.count();
        }
        pairs
    }
}

impl Mixed<f64> {
    fn product(&self, step: usize, g: &[f64], transposed: bool) -> Vec<f64> {
        let mut out: Vec<f64> = g.iter().zip(&self.rates).map(|(g, r)| g * r / (step + 1) as f64).collect();
        for (i, j) in self.pairs() {
            let (to, from) = if transposed { (j, i) } else { (i, j) };
            out[to] += PUSH * g[from];
        }
        out
    }
}

impl Operator<f64> for Mixed<f64> {
    fn load(&mut self, numbers: &[f64]) {
        self.rates = numbers.to_vec();
    }

    fn apply(&mut self, step: usize, gradient: Gradient<'_, f64>, mut out: ViewMut<'_, f64>) {
        let product = self.product(step, &flat(&self.model, gradient.view), false);
        unflat(&self.model, &product, gradient.view.stride(), &mut out);
    }

    fn pull_back(
        &mut self,
        step: usize,
        gradient: Gradient<'_, f64>,
        v: Pulled<'_, f64>,
        mut out: ViewMut<'_, f64>,
        sums: &mut [f64],
    ) {
        let stride = v.view.stride();
        let (g, v) = (flat(&self.model, gradient.view), flat(&self.model, v.view));
        unflat(&self.model, &self.product(step, &v, true), stride, &mut out);
        for ((sum, g), v) in sums.iter_mut().zip(g).zip(v) {
            *sum -= g * v / (step + 1) as f64;
        }
    }
}

impl Operator<f32> for Mixed<f32> {
    fn apply(&mut self, _: usize, _: Gradient<'_, f32>, _: ViewMut<'_, f32>) {
        unreachable!("these tests are in double precision");
    }

    fn pull_back(
        &mut self,
        _: usize,
        _: Gradient<'_, f32>,
        _: Pulled<'_, f32>,
        _: ViewMut<'_, f32>,
        _: &mut [f32],
    ) {
        unreachable!("these tests are in double precision");
    }
}

/// A number in -1..1 that looks random.
fn noise(i: usize) -> f64 {
    let bits = (i as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    ((bits ^ (bits >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 11) as f64 / (1u64 << 52) as f64 - 1.0
}

fn tasks() -> Vec<(Points, Points)> {
    let points = |count: usize, from: usize, shift: f64| {
        let x: Vec<f64> = (0..count).map(|i| 4.0 * noise(from + i)).collect();
        let y = x.iter().map(|x| 2.0 * (x + shift).sin()).collect();
        Points { x, y }
    };
    vec![(points(6, 0, 0.3), points(5, 50, 0.3)), (points(9, 100, 1.4), points(7, 150, 1.4))]
}

fn weights(layers: usize, hidden: usize, activation: Activation, inner: Arc<dyn Inner>) -> Weights {
    let model = ModelSettings { layers, hidden, activation, precision: Precision::F64 };
    let adaptation = Adaptation { inner, inner_lr: 0.05, inner_steps: 3, units: Units::default() };
    let extra: usize = adaptation.tensors(&model).iter().map(TensorInfo::count).sum();
    let bound = 1.5 / (hidden as f64).sqrt();
    let network = (0..model.parameters()).map(|i| bound * noise(i));
    let rates = (0..extra).map(|i| 0.03 + 0.02 * noise(i + 7));
    Weights { model, adaptation, values: network.chain(rates).collect() }
}

fn loss_after(weights: &Weights, steps: usize, kernels: Kernels) -> f64 {
    let tasks = tasks();
    let losses = tasks.iter().map(|(support, query)| {
        let mut adapter = Adapter::on(weights, kernels);
        adapter.take_task(support, query);
        (0..steps).for_each(|_| adapter.descend());
        adapter.loss()
    });
    losses.sum::<f64>() / tasks.len() as f64
}

#[test]
fn a_rule_of_ones_own_is_differentiated_through_with_its_numbers() {
    for kernels in Kernels::available() {
        for activation in Activation::ALL {
            // A padded width too, and every depth.
            for (layers, hidden, stride) in [(2, 16, 5), (1, 16, 3), (3, 16, 37), (2, 100, 1511), (4, 16, 61)]
            {
                let weights = weights(layers, hidden, activation, Arc::new(Mixing));
                let found = meta_gradient(&weights, &tasks(), 3, Order::Exact, kernels).expect("memory");
                let gradient = found.gradient.values;
                let largest = gradient.iter().fold(0.0_f64, |most, entry| most.max(entry.abs()));
                for i in (0..gradient.len()).step_by(stride) {
                    let at = |offset: f64| {
                        let mut moved = weights.clone();
                        moved.values[i] += offset;
                        loss_after(&moved, 3, kernels)
                    };
                    // Three widths: a kink of relu inside one of them is not inside all.
                    let off = [1e-5, 1e-6, 3e-7].map(|h| ((at(h) - at(-h)) / (2.0 * h) - gradient[i]).abs());
                    let off = off.into_iter().fold(f64::MAX, f64::min) / largest;
                    assert!(off < 1e-7, "{kernels:?} {layers}x{hidden} {activation:?} entry {i}: {off:e}");
                }
            }
        }
    }
}

#[test]
fn first_order_takes_the_inner_gradients_for_constants() {
    // By its own definition: d(loss)/d(theta) at the adapted weights; d(loss)/d(rates) by -sum v g.
    let weights = weights(2, 16, Activation::Tanh, Arc::new(Mixing));
    let model = weights.model;
    let (steps, kernels) = (3, Kernels::fastest());
    let found = meta_gradient(&weights, &tasks(), steps, Order::First, kernels).expect("memory");
    let mut expected = vec![0.0; weights.values.len()];
    let tasks = tasks();
    for (support, query) in &tasks {
        let plain = |values: Vec<f64>, points: &Points| {
            let at = Weights { model, adaptation: Adaptation::sgd(0.1, 1), values };
            let on = [(points.clone(), points.clone())];
            meta_gradient(&at, &on, 0, Order::First, kernels).expect("memory").gradient.values
        };
        let mut adapter = Adapter::on(&weights, kernels);
        adapter.take_task(support, query);
        let mut inner = Vec::new();
        for _ in 0..steps {
            inner.push(plain(adapter.weights(), support));
            adapter.descend();
        }
        let v = plain(adapter.weights(), query);
        let share = 1.0 / tasks.len() as f64;
        for (i, v) in v.iter().enumerate() {
            expected[i] += share * v;
            for (step, g) in inner.iter().enumerate() {
                expected[model.parameters() + i] -= share * v * g[i] / (step + 1) as f64;
            }
        }
    }
    for (i, (found, expected)) in found.gradient.values.iter().zip(&expected).enumerate() {
        assert!((found - expected).abs() < 1e-12, "entry {i}: {found} and {expected}");
    }
}

#[test]
fn what_does_not_move_stays_to_the_bit() {
    for (body, head) in [(true, false), (false, true), (false, false)] {
        let weights = weights(3, 40, Activation::Relu, Arc::new(Sgd { body, head }));
        let before = weights.values.clone();
        let mut adapter = Adapter::new(&weights);
        let (support, query) = &tasks()[0];
        adapter.take_task(support, query);
        (0..4).for_each(|_| adapter.descend());
        let after = adapter.weights();
        let first_of_head = before.len() - 41;
        assert_eq!(before[..first_of_head] != after[..first_of_head], body);
        assert_eq!(before[first_of_head..] != after[first_of_head..], head);
    }
}
