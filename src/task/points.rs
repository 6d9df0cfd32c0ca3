//! Points of a task, and where they lie.

/// Points of one task: `x[i]`, `y[i]`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Points {
    /// Inputs.
    pub x: Vec<f64>,
    /// Targets.
    pub y: Vec<f64>,
}

/// `count` evenly spaced values from `range[0]` to `range[1]`, both included.
pub fn grid(range: [f64; 2], count: usize) -> Vec<f64> {
    let last = count.saturating_sub(1).max(1) as f64;
    (0..count).map(|i| range[0] + (range[1] - range[0]) * i as f64 / last).collect()
}
