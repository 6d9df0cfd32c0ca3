//! A sentence said to whoever pressed a key: for a few seconds, and no longer than it is so.

use std::time::Duration;

/// A sentence, and until when it is worth reading.
#[derive(Clone, Debug, PartialEq)]
pub struct Said {
    /// The sentence.
    pub text: String,
    /// When it goes.
    pub until: Duration,
    /// What must be so meanwhile.
    pub so: So,
}

/// What a sentence says that may stop being so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum So {
    /// Nothing.
    Always,
    /// These runs do not move, until one of them is told to.
    Held(Vec<usize>),
    /// Another process, or none, trains.
    NotHere,
    /// Something is waited for.
    Waiting,
    /// What this run has reached cannot be kept for now.
    Unsaved(usize),
}
