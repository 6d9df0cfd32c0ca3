//! What a visitor came for: one file an algorithm. Each says, in a few lines that can be held beside
//! the paper, which loss the outer optimiser descends, and next to it all that anybody has to know of it;
//! the loop around them is here too.
//!
//! ```text
//! algorithm            what an algorithm has to say of itself, and the list of them all
//! random .. reptile    the algorithms
//! outer                what one outer step is made of
//! trainer              the outer loop, the same for every algorithm
//! gradient             the meta-gradient by itself
//! cost                 what an outer step costs
//! checkpoint           checkpoints that adapt by the rule of the algorithm they name
//! words                words that several of them share
//! ```

mod algorithm;
mod checkpoint;
pub mod cost;
mod first_order_maml;
mod gradient;
mod maml;
mod outer;
mod random;
mod reptile;
mod trainer;
mod transfer;
pub mod words;

pub use algorithm::{ALGORITHMS, Algorithm, Learner, Rule};
pub use checkpoint::{checkpoint_from_bytes, metadata, read_checkpoint};
pub use cost::Cost;
pub use first_order_maml::FirstOrderMaml;
pub use gradient::{MetaGradient, meta_gradient};
pub use maml::Maml;
pub use outer::{OuterLoss, OuterStep, Traced, TracedLoss};
pub use random::Random;
pub use reptile::Reptile;
pub use trainer::{State, Trainable, Trainer};
pub use transfer::Transfer;

/// The learner behind a setting.
pub fn of(algorithm: crate::config::Algorithm) -> Algorithm {
    Algorithm::find(algorithm.name()).expect("every algorithm of the file is in the list")
}

/// How the networks of an experiment adapt in training.
pub fn adaptation_of(settings: &crate::config::Experiment) -> crate::model::Adaptation {
    of(settings.algorithm).adaptation(settings.inner_lr, settings.inner_steps)
}
