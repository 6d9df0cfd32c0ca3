//! In whose hands the study is: this process's, another's, or nobody's. What may be done here and what the
//! header says follow from it.

use std::time::Duration;

use crate::study::Holder;

/// Who trains.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Trainer {
    /// This process.
    #[default]
    Here,
    /// Another process.
    Elsewhere(Holder),
    /// Nobody: whoever trained is gone.
    Nobody,
}

/// In whose hands the study is, and what is known from there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hands {
    /// Who trains.
    pub trainer: Trainer,
    /// Whether this process can take it over.
    pub can_take: bool,
    /// Whether it was asked for, and has not been given yet.
    pub asked: bool,
    /// For how long something of the study has been worked on, where that is known.
    pub worked: Option<Duration>,
    /// Worker threads, where that is known.
    pub jobs: Option<usize>,
}
