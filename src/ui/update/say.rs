//! What a person is told: for a few seconds, and no longer than it is so.

use std::time::Duration;

use crate::ui::state::{
    app::App,
    said::{Said, So},
};

/// How long a sentence stands: long enough to be read twice.
const STANDS: Duration = Duration::from_secs(4);

impl App {
    /// Says something for a while.
    pub(in crate::ui) fn say(&mut self, text: impl Into<String>) {
        self.say_while(text, So::Always);
    }

    /// Says something for a while, as long as it is so.
    pub(in crate::ui) fn say_while(&mut self, text: impl Into<String>, so: So) {
        self.said = Some(Said { text: text.into(), until: self.now + STANDS, so });
    }

    /// Takes in what is waited for, which is said until it has come, where nothing else is. Whether anything on screen
    /// changes.
    pub(in crate::ui) fn on_waiting(&mut self, words: Option<String>) -> bool {
        let said = self.said.as_ref().map(|said| (&said.so, &said.text));
        match (words, said) {
            (Some(words), None | Some((So::Waiting, _))) => {
                let is_new = said.is_none_or(|(_, text)| *text != words);
                self.say_while(words, So::Waiting);
                is_new
            }
            (None, Some((So::Waiting, _))) => {
                self.said = None;
                true
            }
            _ => false,
        }
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
