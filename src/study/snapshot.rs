//! What a run is at one step, for whoever looks: its worker leaves it, its folder holds some of them, and
//! the screen draws them.

use crate::model::Weights;

/// The state of a run at one step.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Outer steps taken.
    pub step: u64,
    /// Parameters at that step.
    pub weights: Weights,
}
