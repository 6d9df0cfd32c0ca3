//! The letter of a view is waited for: the first one of its title, where it does not come and go with experiments.

use crate::ui::{
    state::app::{Command, View},
    update::show::show,
};

/// Its commands.
pub static COMMANDS: &[Command] = &[
    Command::new("stay", "Esc", "stay here", |app| _ = app.modes.pop()).hint("stay"),
    Command::typing(
        "view",
        "letters",
        "the first letter of Overview, Tasks, Play, Log and every other view that stays where it is",
        |app, letter| {
            app.modes.pop();
            match app.tabs.iter().find(|view| letter_of(view) == Some(letter)) {
                Some(view) => show(app, *view),
                None => app.say(format!("there is no view {letter}")),
            }
        },
    )
    .hint("Overview, Tasks, Play, Log .."),
];

fn letter_of(view: &View) -> Option<char> {
    let letter = view.kind.title.chars().next().filter(|_| view.experiment.is_none());
    letter.map(|letter| letter.to_ascii_lowercase())
}
