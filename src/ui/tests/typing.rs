//! A person at the keyboard: keys become what they mean here and now, and that changes the state.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::ui::{
    state::app::{App, Mode},
    state::modes::{Palette, Question},
    update::{self, run::run},
};

/// Presses a key; one that means nothing here does nothing.
pub fn press(app: &mut App, code: KeyCode) {
    update::press(app, &KeyEvent::new(code, KeyModifiers::NONE));
}

/// Presses a letter with Ctrl.
pub fn press_control(app: &mut App, letter: char) -> bool {
    update::press(app, &KeyEvent::new(KeyCode::Char(letter), KeyModifiers::CONTROL))
}

/// Types letters.
pub fn type_in(app: &mut App, text: &str) {
    text.chars().for_each(|letter| press(app, KeyCode::Char(letter)));
}

/// Does a command of the view in front so many times.
pub fn tell(app: &mut App, name: &str, times: usize) {
    let contexts = app.view_contexts();
    let mut lines = contexts.iter().flat_map(|context| app.keymap.lines(context));
    let command = lines.find(|line| line.command.name == name).expect("a command of this view").command;
    (0..times).for_each(|_| run(app, command));
    update::look(app);
}

/// Works out what the view in front shows, to the end.
pub fn settle(app: &mut App) {
    for _ in 0..6_000 {
        update::look(app);
        if !app.is_working() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("it is never done");
}

/// The palette, where it is open.
pub fn palette(app: &App) -> Option<&Palette> {
    match app.modes.last() {
        Some(Mode::Palette(palette)) => Some(palette),
        _ => None,
    }
}

/// What is asked, if anything.
pub fn question(app: &App) -> Option<&str> {
    match app.modes.last() {
        Some(Mode::Question(Question { text, .. })) => Some(text),
        _ => None,
    }
}
