//! A number that is typed for a command.

use crate::ui::{
    command::Run,
    state::{
        app::{App, Command, Mode},
        modes::Prompt,
    },
};

/// Most characters of a number.
const LONGEST: usize = 12;

/// Its commands.
pub static COMMANDS: &[Command] = &[
    Command::new("take", "Enter", "take the number", |app| {
        if let Some(Mode::Prompt(Prompt { command, text })) = app.modes.pop()
            && !text.is_empty()
        {
            take(app, command, &text);
        }
    })
    .hint("take"),
    Command::new("cancel", "Esc", "leave it as it was", |app| _ = app.modes.pop()).hint("cancel"),
    Command::new("erase", "Backspace", "erase", |app| {
        if let Some(Mode::Prompt(prompt)) = app.modes.last_mut() {
            prompt.text.pop();
        }
    }),
    Command::typing("type", "0-9 . e -", "type a number", |app, letter| {
        if let Some(Mode::Prompt(prompt)) = app.modes.last_mut()
            && prompt.text.len() < LONGEST
        {
            prompt.text.push(letter);
        }
    }),
];

/// Gives a command the number that it takes.
pub fn take(app: &mut App, command: &Command, text: &str) {
    if let Run::Number { take, .. } = command.run
        && let Err(refusal) = take(app, text)
    {
        app.say(format!("\"{text}\": {refusal}"));
    }
}

/// What is asked for and what was typed, for the footer.
pub fn text(app: &App, Prompt { command, text }: &Prompt<App>) -> String {
    match command.run {
        Run::Number { asks, .. } => format!("{}: {text}_", asks(app)),
        _ => String::new(),
    }
}
