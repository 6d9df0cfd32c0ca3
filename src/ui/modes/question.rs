//! A question about something that throws work away, until it is answered. What is no answer leaves everything as it is.

use crate::ui::state::app::{Command, Mode};

/// Its commands.
pub static COMMANDS: &[Command] = &[
    Command::new("yes", "y Enter", "yes, do it", |app| {
        if let Some(Mode::Question(question)) = app.modes.pop() {
            (question.yes)(app);
        }
    })
    .hint("yes"),
    Command::new("no", "n Esc", "no, leave everything as it is", |app| _ = app.modes.pop()).hint("no"),
];
