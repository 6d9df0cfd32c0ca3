//! A word that is typed and searched for: in the help where that is open, else among the experiments of the Overview.

use crate::ui::{
    state::{
        app::{App, Command, Mode},
        modes::Help,
    },
    update::list::stay_listed,
};

/// Most letters of a word.
const LONGEST: usize = 40;

/// Its commands.
pub static COMMANDS: &[Command] = &[
    Command::new("keep", "Enter Down", "keep what was found", |app| _ = app.modes.pop()).hint("keep"),
    Command::new("cancel", "Esc", "end the search", |app| {
        app.modes.pop();
        match app.help_mut() {
            Some(help) => *help = Help::default(),
            None => app.list.filter.clear(),
        }
    })
    .hint("cancel"),
    Command::new("erase", "Backspace", "erase", |app| _ = word(app).pop()),
    Command::typing(
        "type",
        "letters",
        "what to search for: in keys and what they do, or in names and differing settings of experiments",
        |app, letter| {
            if word(app).chars().count() < LONGEST {
                word(app).push(letter);
            }
            match app.help_mut() {
                Some(help) => help.line = 0,
                None => stay_listed(app),
            }
        },
    ),
];

/// The word.
fn word(app: &mut App) -> &mut String {
    let help = app.modes.iter_mut().find_map(|mode| match mode {
        Mode::Help(help) => Some(&mut help.search),
        _ => None,
    });
    help.unwrap_or(&mut app.list.filter)
}
