//! What predictions on query points are judged by, in learners that can also say how sure they are.

use crate::config::words as choice;

choice! {
    /// What the predictions on the query points are judged by.
    pub enum OuterLossKind {
        /// Mean squared error.
        Mse = "mse",
        /// Mean negative log-likelihood of a Gaussian whose variance is predicted too.
        Nll = "nll",
    }
}
