//! What a network that reads makes of the points it is given, for looking at.

/// What there is to be seen in a network that reads.
#[derive(Clone, Debug, PartialEq)]
pub enum Insight {
    /// The vector that stands for the task.
    Context(Vec<f64>),
    /// How much each support point counts for each query point.
    Weights {
        /// What the weights are called.
        name: &'static str,
        /// A row a query point, a number a support point.
        rows: Vec<Vec<f64>>,
    },
}

/// What a rectified layer of a network that reads answers, in one pass.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerUnits {
    /// The layer's name in a checkpoint.
    pub layer: String,
    /// Units.
    pub width: usize,
    /// What they answer, a row of units a point.
    pub values: Vec<f64>,
}
