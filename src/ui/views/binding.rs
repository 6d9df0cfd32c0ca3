//! A line of the key table: what is pressed, what it does, and the words for it.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::ui::{action::Action, state::view::Kind};

use KeyCode::Char;

/// Where a key means something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Context {
    /// In every view.
    Anywhere,
    /// In the views that show runs.
    Runs,
    /// In the views that show adaptation curves.
    Curves,
    /// In views of this kind.
    View(&'static Kind),
    /// On the guided tour, in views of this kind.
    Tour(&'static Kind),
    /// While the help is open.
    Help,
    /// While a word is typed that is searched for, in the help or among experiments.
    Search,
    /// While a command is typed.
    Palette,
    /// While a number is typed.
    Prompt,
    /// While a question is open.
    Question,
    /// While the letter of a view is waited for.
    Letter,
}

/// A key as a person presses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Press {
    /// A key without modifiers. Capital letters are letters of their own.
    Key(KeyCode),
    /// With Ctrl.
    Ctrl(char),
    /// 1 to 9.
    Digit,
    /// Anything that may stand in a number.
    Typed,
    /// Anything that can be seen, and a blank.
    Letter,
}

/// What a key does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Does {
    /// Always the same.
    This(Action),
    /// Goes to the view of the digit.
    GoTo,
    /// Adds the letter to what is being typed.
    Type,
    /// Goes to the view of the letter.
    View,
}

/// One line of the table.
#[derive(Clone, Copy, Debug)]
pub struct Binding {
    /// Any of these.
    pub presses: &'static [Press],
    /// As the help and docs/keys.md write them.
    pub label: &'static str,
    /// As the footer writes them: keys that come in pairs share a hint.
    pub pair: &'static str,
    /// What it does.
    pub does: Does,
    /// For the help.
    pub help: &'static str,
    /// For the footer; empty keeps it out.
    pub hint: &'static str,
}

/// A key that always does the same.
pub const fn bind(
    presses: &'static [Press],
    label: &'static str,
    action: Action,
    help: &'static str,
    hint: &'static str,
) -> Binding {
    Binding { presses, label, pair: label, does: Does::This(action), help, hint }
}

impl Binding {
    /// With a hint that it shares.
    pub const fn paired(self, pair: &'static str) -> Self {
        Self { pair, ..self }
    }
}

/// Keys without modifiers.
macro_rules! keys {
    ($($code:expr),+) => { &[$($crate::ui::views::binding::Press::Key($code)),+] };
}
pub(super) use keys;

impl Press {
    /// Whether this is what was pressed.
    pub fn fits(self, key: &KeyEvent) -> bool {
        let control = key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
        match self {
            Press::Key(code) => !control && key.code == code,
            Press::Ctrl(letter) => key.modifiers.contains(KeyModifiers::CONTROL) && key.code == Char(letter),
            Press::Digit => !control && matches!(key.code, Char('1'..='9')),
            Press::Letter => !control && matches!(key.code, Char(c) if !c.is_control()),
            Press::Typed => {
                !control && matches!(key.code, Char(c) if c.is_ascii_digit() || ".eE-+".contains(c))
            }
        }
    }
}
