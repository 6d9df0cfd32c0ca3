//! A command is done: because a key was pressed, a command was typed or the mouse was clicked.

use crossterm::event::{KeyCode, KeyEvent};

use super::look::look;
use crate::ui::{
    command::Run,
    state::{
        app::{App, Command, Mode},
        modes::{Prompt, Question},
    },
};

/// Does what a key means here and now; whether it means anything.
pub fn press(app: &mut App, key: &KeyEvent) -> bool {
    let Some(command) = app.keymap.command(&app.contexts(), key) else { return false };
    app.said = None;
    match (&command.run, key.code) {
        (Run::Letter(run), KeyCode::Char(letter)) => run(app, letter),
        _ => run(app, command),
    }
    look(app);
    true
}

/// Does a command, asks for the number that it takes, or says why it does nothing.
pub fn run(app: &mut App, command: &'static Command) {
    app.said = None;
    if let Some(refusal) = app.refusal_of(command) {
        return app.say(refusal);
    }
    match command.run {
        Run::Now(run) => run(app),
        Run::Number { .. } => app.modes.push(Mode::Prompt(Prompt { command, text: String::new() })),
        // Without a letter there is nothing to do.
        Run::Letter(_) => {}
    }
}

impl App {
    /// Asks before something is done that would throw work away.
    pub(in crate::ui) fn ask(&mut self, text: String, yes: fn(&mut Self)) {
        self.modes.push(Mode::Question(Question { text, yes }));
    }
}
