//! The meta-gradient by itself, for those who check it against their own.

use dfdx::nn::ZeroGrads;
use dfdx::prelude::*;

use super::value;
use crate::model::{Mlp, Order, Path, Precision, Rate, Scalar, Weights, Workspace, with_width};
use crate::task::{Batch, Points};

/// The mean over tasks of the gradient of the query loss with respect to the initial weights.
#[derive(Clone, Debug, PartialEq)]
pub struct MetaGradient {
    /// Shaped and typed as the weights it belongs to.
    pub gradient: Weights,
    /// Each task's query loss after the inner steps.
    pub losses: Vec<f64>,
}

/// The meta-gradient at `weights` over tasks of (support, query) points, after `steps` inner steps of
/// rate `inner_lr`.
///
/// # Errors
/// Only if memory runs out.
pub fn meta_gradient(
    weights: &Weights,
    tasks: &[(Points, Points)],
    inner_lr: f64,
    steps: usize,
    order: Order,
    path: Path,
) -> anyhow::Result<MetaGradient> {
    with_width!(weights.hidden, H => match weights.precision {
        Precision::F32 => of_type::<H, f32>(weights, tasks, inner_lr, steps, order, path),
        Precision::F64 => of_type::<H, f64>(weights, tasks, inner_lr, steps, order, path),
    })
}

fn of_type<const H: usize, E: Scalar>(
    weights: &Weights,
    tasks: &[(Points, Points)],
    inner_lr: f64,
    steps: usize,
    order: Order,
    path: Path,
) -> anyhow::Result<MetaGradient>
where
    Cpu: Device<E>,
{
    let theta = Mlp::<H, E>::from_weights(&Cpu::default(), weights);
    let workspace = Workspace::new(H, weights.activation, path);
    let rate = Rate::Uniform(E::rounded(inner_lr));
    let batch = |points: &Points| {
        let rounded = |values: &[f64]| values.iter().map(|&value| E::rounded(value)).collect();
        Batch::of_one(rounded(&points.x), rounded(&points.y))
    };
    // Tasks may differ in their numbers of points, so each is a meta-batch of its own; their gradients
    // gather in one place.
    let mut gradients = theta.alloc_grads();
    let mut losses = Vec::with_capacity(tasks.len());
    for (support, query) in tasks {
        let (support, query) = (batch(support), batch(query));
        let loss = theta.trace(gradients).adapt(&support, &rate, steps, order).loss(&query, &workspace);
        losses.push(value(&loss));
        gradients = loss.try_backward()?;
    }
    let mut gradient = weights.clone();
    let share = 1.0 / tasks.len() as f64;
    theta.visit_gradients(&mut gradients, |_, offset, sums| {
        for (mean, sum) in gradient.values[offset..].iter_mut().zip(sums) {
            *mean = E::rounded(sum.exact() * share).exact();
        }
    })?;
    Ok(MetaGradient { gradient, losses })
}
