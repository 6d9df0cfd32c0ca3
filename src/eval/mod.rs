//! How good an initialisation is: adaptation curves and their statistics, the fits a screen shows,
//! floors and oracles.

mod adapt;
mod curve;
mod oracle;
mod seeds;

pub use adapt::{Adapter, Fit, fits};
pub use curve::{Curve, curve, mean_and_deviation, median, numbers, statistics, task_losses};
pub use oracle::{oracle, prior_mean_loss};
pub use seeds::{Average, OverSeeds};
