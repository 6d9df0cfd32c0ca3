//! What an outer step costs: how often a task's gradient is taken and multiplied by a Hessian, and how many
//! operations that is. Biases and the nonlinearity are left out of the counts: they are 1 to 3 % at width 40
//! with relu. Every pass is counted as the matrix products it stands for, which a pass by pieces
//! (`model::kernels::Pieces`) does without.

use crate::model::{ModelSettings, Order};

/// The passes of one outer step over one task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Gradients of the support loss.
    pub support: usize,
    /// Gradients of the query loss.
    pub query: usize,
    /// Hessian-vector products of the support loss.
    pub hessian_products: usize,
}

impl Cost {
    /// The cost of the loss on query points after so many inner steps, differentiated to this order.
    pub fn of_query_loss(inner_steps: usize, order: Order) -> Self {
        let hessian_products = if order == Order::Exact { inner_steps } else { 0 };
        Self { support: inner_steps, query: 1, hessian_products }
    }

    /// In gradients of one task: a Hessian-vector product is worth two.
    pub fn in_gradients(&self) -> f64 {
        (self.support + self.query + 2 * self.hessian_products) as f64
    }

    /// In floating-point operations (multiply and add are two), for a network and numbers of points.
    pub fn flop(&self, model: &ModelSettings, shots: usize, query: usize) -> usize {
        self.support * gradient_flop(model, shots)
            + self.query * gradient_flop(model, query)
            + self.hessian_products * hessian_product_flop(model, shots)
    }
}

/// Operations of a forward pass of `rows` points.
pub fn forward_flop(model: &ModelSettings, rows: usize) -> usize {
    2 * rows * model.hidden * ((model.layers - 1) * model.hidden + 2)
}

/// Operations of a gradient: 100,800 for two layers of width 40 and ten points.
pub fn gradient_flop(model: &ModelSettings, rows: usize) -> usize {
    3 * forward_flop(model, rows)
}

/// Operations of a Hessian-vector product: 200,000 for two layers of width 40 and ten points.
pub fn hessian_product_flop(model: &ModelSettings, rows: usize) -> usize {
    4 * rows * model.hidden * (3 * (model.layers - 1) * model.hidden + 5)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Activation, Precision};

    #[test]
    fn the_counts_are_those_that_benches_are_held_to() {
        let (activation, precision) = (Activation::Relu, Precision::F32);
        let model = ModelSettings { layers: 2, hidden: 40, activation, precision };
        let maml = Cost { support: 1, query: 1, hessian_products: 1 };
        assert_eq!((maml.flop(&model, 10, 10), maml.in_gradients()), (401_600, 4.0));
        assert_eq!(Cost { support: 3, query: 0, hessian_products: 0 }.flop(&model, 10, 10), 302_400);
    }
}
