//! Gradients of the meta-objective: exact, first-order, and that of the loss before any step (Nichol, Achiam, Schulman
//! 2018, arXiv:1803.02999, section 5); and whether the gradient on a few points knows the way to the whole truth.

use super::adaptive::{Adaptive, Task};
use super::linear::{add, cosine, difference, length};
use crate::learner::meta_gradient;
use crate::model::{Kernels, Order, Precision, Weights};
use crate::task::Points;

/// Three gradients by the network's weights, means over tasks.
#[derive(Clone, Debug, PartialEq)]
pub struct MetaGradients {
    /// Of the query loss after the inner steps, through them; then as if inner gradients were constants; then of the query
    /// loss before any step. Shaped as the weights, with what else is learned.
    pub exact_first_start: [Weights; 3],
    /// Cosines of exact and first-order, exact and start, first-order and start: all weights, then layer by layer.
    pub cosines: [Vec<f64>; 3],
    /// The lengths of the three: all weights, then layer by layer.
    pub norms: [Vec<f64>; 3],
}

impl MetaGradients {
    /// Of these weights over tasks, after the inner steps that they were trained for, at least one.
    ///
    /// # Errors
    /// Only if memory runs out.
    pub fn new(weights: &Weights, tasks: &[Task]) -> anyhow::Result<Self> {
        let mut weights = weights.clone();
        weights.model.precision = Precision::F64;
        let steps = weights.adaptation.inner_steps.max(1);
        let of = |steps, order| {
            let found = meta_gradient(&weights, tasks, steps, order, Kernels::fastest())?;
            anyhow::Ok(found.gradient)
        };
        let all = [of(steps, Order::Exact)?, of(steps, Order::First)?, of(0, Order::First)?];
        let parts = all.each_ref().map(by_layer);
        let pairs = [(0, 1), (0, 2), (1, 2)];
        let cosines = pairs.map(|(one, other)| {
            parts[one].iter().zip(&parts[other]).map(|(one, other)| cosine(one, other)).collect()
        });
        let norms = parts.map(|parts| parts.iter().map(|part| length(part)).collect());
        Ok(Self { exact_first_start: all, cosines, norms })
    }
}

/// All numbers of a network's gradient, and those of each layer: a context's columns belong to the first layer, whose
/// weight they are part of.
fn by_layer(gradient: &Weights) -> Vec<Vec<f64>> {
    let tensors = gradient.model.tensors();
    let mut layers = vec![Vec::new(); tensors.len() / 2];
    let mut from = 0;
    for tensor in gradient.tensors() {
        let numbers = &gradient.values[from..from + tensor.count()];
        from += tensor.count();
        if let Some(place) = tensors.iter().position(|known| known.name == tensor.name) {
            layers[place / 2].extend_from_slice(numbers);
        }
    }
    std::iter::once(layers.concat()).chain(layers.iter().cloned()).collect()
}

/// Reptile against MAML (Nichol et al. 2018, section 5): the cosine, over tasks, of what the gradients after the first of
/// k inner steps add to that first one with what the exact meta-gradient after one step has beside the gradient before it.
/// `None` for a rule that is not plain descent of all weights.
pub fn later_steps(weights: &Weights, tasks: &[Task], k: usize) -> Option<f64> {
    let rate = weights.adaptation.inner_lr;
    let mut adaptive = Adaptive::new(weights).filter(|_| weights.adaptation.is_plain())?;
    let mut later = vec![0.0; adaptive.count()];
    for (support, _) in tasks {
        let path = adaptive.path(support, k);
        let whole = difference(&path[0].weights, &path[k].weights);
        let first = difference(&path[0].weights, &path[1].weights);
        add(&mut later, 1.0 / (k as f64 * rate), &whole);
        add(&mut later, -1.0 / rate, &first);
    }
    let mut one = weights.clone();
    one.adaptation.inner_steps = 1;
    let [exact, _, start] = MetaGradients::new(&one, tasks).ok()?.exact_first_start;
    Some(cosine(&later, &difference(&exact.values, &start.values)))
}

/// For every task the cosine of the support loss's gradient with that of the query loss, over the weights that adapt and
/// without P.
pub fn support_cosine(adaptive: &Adaptive, tasks: &[Task]) -> Vec<f64> {
    let start = &adaptive.start;
    let gradient = |points: &Points| {
        let pass = start.pass(&points.x);
        adaptive.gradient(start, &pass, &Adaptive::errors(&pass, &points.y))
    };
    tasks.iter().map(|(support, query)| cosine(&gradient(support), &gradient(query))).collect()
}
