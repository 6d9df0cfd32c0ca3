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
