//! What happens inside a network when it adapts: which point moves which part of the wave, which layer does the work,
//! which units answer, how far a step should go. Each quantity is one function of a network, its rule of adaptation and
//! tasks, in double precision and in loops that a reader can hold beside the formula; the engines, which train and test,
//! are checked against them and they against the engines.
//!
//! ```text
//! adaptive      a network with its rule of adaptation, opened: gradients, steps, what moves
//! network       its activations, and its prediction's derivatives
//! kernel        what a point does to the whole curve: the kernel of the rule, the tasks' covariance, alignment
//! contributions one step as the sum of what each support point does, by layers too, and the bend that is left
//! units         activations, kinks, dead units; how far layers and features move
//! slice         the loss along the step, before and beyond its end
//! rates         the loss after n plain steps at many rates
//! gradients     exact against first order against none, and the support's gradient against the truth's
//! reading       what a support point does where a network reads it, what is read, what units answer
//! ring          where tasks lie in the two main directions of their steps
//! plane         the losses of two tasks over the plane of their steps
//! linear        sums of products
//! ```

mod adaptive;
mod contributions;
mod gradients;
mod kernel;
mod linear;
mod marks;
mod network;
mod plane;
mod principal;
mod rates;
mod reading;
mod ring;
mod slice;
#[cfg(test)]
mod tests;
mod units;

pub use adaptive::{Adaptive, Part, Task};
pub use contributions::{Alone, Contributions, Steps, alone};
pub use gradients::{MetaGradients, later_steps, support_cosine};
pub use kernel::{Kernel, alignment, covariance};
pub use linear::{mean, quantile};
pub use marks::{GRID, Marks, to_halfway};
pub use network::{Network, Pass, mean_square};
pub use plane::{AXIS, Plane};
pub use principal::{Principal, principal};
pub use rates::{RATES, Rates, STEPS, rate};
pub use reading::{ReadLayer, by_points, read, read_units};
pub use ring::Ring;
pub use slice::{SLICE, Slice};
pub use units::{Activity, Moved, activity, moved, reach};
