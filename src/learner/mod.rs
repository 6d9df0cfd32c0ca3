//! The algorithms, one file each. A file says, in a few lines that can be held beside
//! the paper, which loss the outer optimiser descends, and next to it all that anybody has to know of it;
//! the loop around them is here too.
//!
//! ```text
//! rule                 what an algorithm has to say of itself
//! random .. external   the algorithms
//! registry             the list of them all
//! settings             how an experiment trains
//! outer                what one outer step is made of
//! trainer              the outer loop, the same for every algorithm
//! gradient             the meta-gradient by itself
//! mistakes             which known mistake a meta-gradient looks like
//! cost                 what an outer step costs
//! checkpoint           checkpoints that adapt by the rule of the algorithm they name
//! reading              what learners share whose networks read
//! words                words that several of them share
//! ```

mod anil;
mod boil;
mod cavia;
mod checkpoint;
mod cnp;
pub mod cost;
mod external;
mod first_order_maml;
mod gradient;
mod layer_step_rates;
mod maml;
mod meta_curvature;
mod meta_sgd;
mod metafun;
mod mistakes;
mod outer;
mod outer_loss;
mod random;
mod reading;
mod registry;
mod reptile;
mod ridge_head;
mod ridge_solver;
mod rule;
mod settings;
mod trainer;
mod transfer;
mod transformer;
pub mod words;

pub use checkpoint::{checkpoint_from_bytes, metadata, read_checkpoint};
pub use cost::Cost;
pub use external::ExternalSettings;
pub use gradient::{MetaGradient, meta_gradient};
pub use layer_step_rates::StepLoss;
pub use mistakes::{Answer, Question, Resemblance, TensorDifference, compare_gradients};
pub use outer::{OuterLoss, OuterStep, Traced, TracedLoss};
pub use outer_loss::OuterLossKind;
pub use registry::*;
pub use rule::{Learner, Rule};
pub use settings::{Budget, OuterGradient, OuterSchedule, Training};

use crate::model::Shapes;
pub use trainer::{State, Trainable, Trainer};
