//! The meta-gradient by itself, for those who check it against their own.

use dfdx::prelude::*;

use super::outer::value;
use crate::model::Precision;
use crate::model::{Kernels, Order, Parameters, Scalar, Weights, Workspace};
use crate::task::{Batch, Points};

/// The mean over tasks of the gradient of the query loss with respect to everything that training moves:
/// the initial weights, and the meta-parameters of the adaptation.
#[derive(Clone, Debug, PartialEq)]
pub struct MetaGradient {
    /// Shaped and typed as the weights it belongs to.
    pub gradient: Weights,
    /// Each task's query loss after the inner steps.
    pub losses: Vec<f64>,
}

/// The meta-gradient at `weights` over tasks of (support, query) points, after `steps` inner steps of the
/// weights' own adaptation. Of a network that is trained in units of its own it is in these.
///
/// # Errors
/// Only if memory runs out.
pub fn meta_gradient(
    weights: &Weights,
    tasks: &[(Points, Points)],
    steps: usize,
    order: Order,
    kernels: Kernels,
) -> anyhow::Result<MetaGradient> {
    match weights.model.precision {
        Precision::F32 => of_type::<f32>(weights, tasks, steps, order, kernels),
        Precision::F64 => of_type::<f64>(weights, tasks, steps, order, kernels),
    }
}

fn of_type<E: Scalar>(
    weights: &Weights,
    tasks: &[(Points, Points)],
    steps: usize,
    order: Order,
    kernels: Kernels,
) -> anyhow::Result<MetaGradient> {
    let rounded = |values: &[f64]| -> Vec<E> { values.iter().map(|&value| E::rounded(value)).collect() };
    let Weights { model, adaptation, values } = weights;
    let mut theta = Parameters::<E>::zeros(model.hidden, &weights.tensors());
    theta.copy_from_flat(&rounded(values));
    let workspace = Workspace::new(model, adaptation, kernels);
    let batch = |points: &Points| Batch::of_one(rounded(&points.x), rounded(&points.y));
    // Tasks may differ in their numbers of points, so each is a meta-batch of its own; their gradients
    // gather in one place.
    let mut gradients = theta.zero_gradients()?;
    let mut losses = Vec::with_capacity(tasks.len());
    for (support, query) in tasks {
        let seen = |points: &Points| batch(&adaptation.units.inward(points));
        let (support, query) = (seen(support), seen(query));
        let loss = theta.trace(gradients).adapt(&support, steps, order).loss(&query, &workspace);
        losses.push(value(&loss));
        gradients = loss.try_backward()?;
    }
    let mut gradient = weights.clone();
    let share = 1.0 / tasks.len() as f64;
    theta.visit_gradients(&mut gradients, &mut |_, offset, sums| {
        for (mean, sum) in gradient.values[offset..].iter_mut().zip(sums) {
            *mean = E::rounded(sum.exact() * share).exact();
        }
    })?;
    Ok(MetaGradient { gradient, losses })
}
