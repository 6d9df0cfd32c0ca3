//! How good an initialisation is: adaptation curves and their statistics, how well it knows how sure it is, and the fits a
//! screen shows.

mod adapt;
mod calibration;
mod curve;
mod curves;
mod json;
mod seeds;

pub use adapt::{Adapter, BAND_90, Fit, fits};
pub use calibration::{BANDS, Calibration, Coverage, figures};
pub use curve::{
    Asked, Curve, LossAxis, curve, losses_at, mean_and_deviation, median, statistics, task_losses,
};
pub use curves::Curves;
pub use json::numbers;
#[cfg(test)]
pub use seeds::GATHERED;
pub use seeds::{Average, OverSeeds, half_width};
