//! A person at the keyboard: keys become what they mean here and now, and that changes the state.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::ui::{keys, state::app::App, update::update};

/// Presses a key; one that means nothing here does nothing.
pub fn press(app: &mut App, code: KeyCode) {
    let key = KeyEvent::new(code, KeyModifiers::NONE);
    if let Some(action) = keys::action(keys::context(app), &key) {
        update(app, action);
    }
}

/// Types letters.
pub fn type_in(app: &mut App, text: &str) {
    text.chars().for_each(|letter| press(app, KeyCode::Char(letter)));
}
