//! Rates for every parameter: the same as one rate where they agree, and differentiated through.

use super::*;

/// A number in -1..1 that looks random.
fn noise(i: usize) -> f64 {
    let bits = (i as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    ((bits ^ (bits >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 11) as f64 / (1u64 << 52) as f64 - 1.0
}

const HIDDEN: usize = 16;
const LENGTH: usize = HIDDEN * HIDDEN + 4 * HIDDEN + 1;

fn load(engine: &mut dyn Engine<f64>, flat: &[f64]) {
    engine.load(&mut |tensors| {
        for (tensor, values) in tensors.into_iter().zip(split(HIDDEN, flat)) {
            tensor.copy_from_slice(values);
        }
    });
}

/// Two tasks, six support and five query points.
fn batches() -> [Batch<f64>; 2] {
    [(6, 0), (5, 100)].map(|(rows, from)| {
        let mut batch = Batch::new(2, rows);
        for task in 0..2 {
            let (x, y) = batch.task_mut(task);
            for i in 0..rows {
                x[i] = 3.0 * noise(from + 20 * task + i);
                y[i] = 2.0 * (x[i] + task as f64).sin();
            }
        }
        batch
    })
}

fn loss_and_gradient(
    engine: &mut dyn Engine<f64>,
    theta: &[f64],
    rate: &Rate<f64>,
    steps: usize,
) -> (f64, Vec<f64>) {
    let [support, query] = batches();
    load(engine, theta);
    let loss = engine.meta_loss(&support, &query, rate, steps, Order::Exact, true);
    let ticket = engine.take_gradient();
    let mut gradient = vec![0.0; LENGTH];
    for (tensor, sums) in split_mut(HIDDEN, &mut gradient).into_iter().enumerate() {
        engine.add_gradient(&ticket, tensor, 1.0, sums);
    }
    engine.release(ticket);
    (loss, gradient)
}

fn for_each_machine(mut check: impl FnMut(&mut dyn Engine<f64>, &[f64])) {
    let theta: Vec<f64> = (0..LENGTH).map(|i| 0.4 * noise(i)).collect();
    for path in [Path::Avx2Fma, Path::Portable].into_iter().filter(|path| path.is_available()) {
        for activation in [Activation::Relu, Activation::Tanh] {
            check(&mut *engine::<f64>(HIDDEN, activation, path), &theta);
        }
    }
}

#[test]
fn one_rate_for_all_is_the_same_rate_for_each() {
    for_each_machine(|engine, theta| {
        let (loss, gradient) = loss_and_gradient(engine, theta, &Rate::Uniform(0.05), 3);
        let each = Rate::PerParameter(vec![0.05; LENGTH]);
        let (same_loss, same) = loss_and_gradient(engine, theta, &each, 3);
        assert!((loss - same_loss).abs() < 1e-13);
        assert!(gradient.iter().zip(&same).all(|(a, b)| (a - b).abs() < 1e-12));
    });
}

#[test]
fn a_rate_for_each_parameter_is_differentiated_through() {
    // Some frozen (as ANIL freezes the body), some negative, all different.
    let rates: Vec<f64> = (0..LENGTH).map(|i| if i % 3 == 0 { 0.0 } else { 0.06 * noise(i + 7) }).collect();
    let rate = Rate::PerParameter(rates);
    for_each_machine(|engine, theta| {
        let (_, gradient) = loss_and_gradient(engine, theta, &rate, 2);
        for i in (0..LENGTH).step_by(5) {
            let mut at = |offset: f64| {
                let mut moved = theta.to_vec();
                moved[i] += offset;
                loss_and_gradient(engine, &moved, &rate, 2).0
            };
            // Three widths: a kink of relu inside one of them is not inside all.
            let off = [1e-5, 1e-6, 3e-7].map(|h| ((at(h) - at(-h)) / (2.0 * h) - gradient[i]).abs());
            assert!(off.into_iter().fold(f64::MAX, f64::min) < 2e-7, "entry {i}: {off:?}");
        }
    });
}
