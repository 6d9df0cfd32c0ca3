//! How good an initialisation is: adaptation curves and their statistics, and the fits a screen shows.

mod adapt;
mod curve;
mod curves;
mod seeds;

pub use adapt::{Adapter, BAND_90, Fit, fits};
pub use curve::{
    Asked, Curve, LossAxis, curve, losses_at, mean_and_deviation, median, numbers, statistics, task_losses,
};
pub use curves::Curves;
pub use seeds::{Average, OverSeeds, half_width};
