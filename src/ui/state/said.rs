//! A sentence said to whoever pressed a key: for a few seconds, and no longer than it is so.

use std::time::Duration;

use super::app::App;

/// How long a sentence stands: long enough to be read twice.
const STANDS: Duration = Duration::from_secs(4);

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
    /// What this run has reached cannot be kept for now.
    Unsaved(usize),
}

impl App {
    /// Says something for a while.
    pub(in crate::ui) fn say(&mut self, text: impl Into<String>) {
        self.say_while(text, So::Always);
    }

    /// Says something for a while, as long as it is so.
    pub(in crate::ui) fn say_while(&mut self, text: impl Into<String>, so: So) {
        self.said = Some(Said { text: text.into(), until: self.now + STANDS, so });
    }

    /// Takes back what was said once its time is over. Whether it did.
    pub(in crate::ui) fn fall_silent(&mut self) -> bool {
        let over = self.said.as_ref().is_some_and(|said| said.until <= self.now);
        if over {
            self.said = None;
        }
        over
    }

    /// Takes back what was said if it is no longer so.
    pub(in crate::ui) fn no_longer(&mut self, so: impl Fn(&So) -> bool) {
        if self.said.as_ref().is_some_and(|said| so(&said.so)) {
            self.said = None;
        }
    }
}
