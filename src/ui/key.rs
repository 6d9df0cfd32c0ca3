//! A key as a person presses it and writes it down: `Up`, `Ctrl-D`, `Space`, `q`.

use std::fmt;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// A key, or a group of keys that mean the same with another letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// A key without modifiers. Capital letters are letters of their own.
    One(KeyCode),
    /// With Ctrl.
    Ctrl(char),
    /// 1 to 9.
    Digit,
    /// Anything that may stand in a number.
    Number,
    /// Anything that can be seen, and a blank.
    Letter,
}

/// Keys that are no letters, as they are written.
const NAMED: [(&str, KeyCode); 16] = [
    ("Space", KeyCode::Char(' ')),
    ("Enter", KeyCode::Enter),
    ("Esc", KeyCode::Esc),
    ("Tab", KeyCode::Tab),
    ("Shift-Tab", KeyCode::BackTab),
    ("Backspace", KeyCode::Backspace),
    ("Delete", KeyCode::Delete),
    ("Insert", KeyCode::Insert),
    ("Left", KeyCode::Left),
    ("Right", KeyCode::Right),
    ("Up", KeyCode::Up),
    ("Down", KeyCode::Down),
    ("Home", KeyCode::Home),
    ("End", KeyCode::End),
    ("PgUp", KeyCode::PageUp),
    ("PgDn", KeyCode::PageDown),
];

/// The groups of keys, as help and docs write them.
const GROUPS: [(&str, Key); 3] = [("1-9", Key::Digit), ("0-9 . e -", Key::Number), ("letters", Key::Letter)];

impl Key {
    /// The key that is written so; `None` if none is. The names of keys are read in any case.
    pub fn read(text: &str) -> Option<Self> {
        let mut letters = text.chars();
        if let (Some(letter), None) = (letters.next(), letters.next()) {
            let is_seen = !letter.is_control() && letter != ' ';
            return is_seen.then_some(Self::One(KeyCode::Char(letter)));
        }
        if let Some((_, code)) = NAMED.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)) {
            return Some(Self::One(*code));
        }
        let (first, rest) = text.split_at_checked(1)?;
        if let (true, Ok(number @ 1..=12)) = (first.eq_ignore_ascii_case("f"), rest.parse()) {
            return Some(Self::One(KeyCode::F(number)));
        }
        let (ctrl, rest) = text.split_at_checked(5)?;
        let letter = rest.chars().next().filter(|letter| letter.is_ascii_alphabetic() && rest.len() == 1);
        letter.filter(|_| ctrl.eq_ignore_ascii_case("ctrl-")).map(|l| Self::Ctrl(l.to_ascii_lowercase()))
    }

    /// Keys as a command's record has them, with blanks between them; a group stands alone.
    pub fn read_all(text: &str) -> Vec<Self> {
        match GROUPS.iter().find(|(name, _)| *name == text) {
            Some((_, group)) => vec![*group],
            None => text.split_whitespace().filter_map(Self::read).collect(),
        }
    }

    /// Whether this is what was pressed.
    pub fn fits(self, key: &KeyEvent) -> bool {
        let control = key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
        match (self, key.code) {
            (Self::Ctrl(letter), code) => {
                key.modifiers.contains(KeyModifiers::CONTROL) && code == KeyCode::Char(letter)
            }
            _ if control => false,
            (Self::One(own), code) => own == code,
            (Self::Digit, KeyCode::Char(letter)) => ('1'..='9').contains(&letter),
            (Self::Number, KeyCode::Char(letter)) => letter.is_ascii_digit() || ".eE-+".contains(letter),
            (Self::Letter, KeyCode::Char(letter)) => !letter.is_control(),
            _ => false,
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |code: &KeyCode| NAMED.iter().find(|(_, other)| other == code).map(|(name, _)| *name);
        match self {
            Self::One(code) if name(code).is_some() => f.write_str(name(code).unwrap_or_default()),
            Self::One(KeyCode::Char(letter)) => write!(f, "{letter}"),
            Self::One(code) => write!(f, "{code}"),
            Self::Ctrl(letter) => write!(f, "Ctrl-{}", letter.to_ascii_uppercase()),
            group => f.write_str(GROUPS.iter().find(|(_, key)| key == group).map_or("", |(name, _)| name)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_as_it_is_written() {
        for text in ["q", "Q", "+", "Space", "Shift-Tab", "PgDn", "Ctrl-D", "F1", "F12", "é"] {
            assert_eq!(Key::read(text).expect("a key").to_string(), text);
        }
        for (text, same) in [("ctrl-d", "Ctrl-D"), ("pgup", "PgUp"), ("f5", "F5"), ("f", "f")] {
            assert_eq!(Key::read(text), Key::read(same), "{text}");
        }
        for text in ["", " ", "F0", "F13", "Ctrl-", "Ctrl-dd", "Ctrl-é", "Alt-x", "qq", "\u{1b}", "1-9", "ü"]
        {
            assert_eq!(Key::read(text), (text == "ü").then_some(Key::One(KeyCode::Char('ü'))), "{text}");
        }
        assert_eq!(Key::read_all("Up k"), [Key::One(KeyCode::Up), Key::One(KeyCode::Char('k'))]);
        assert_eq!(Key::read_all("1-9"), [Key::Digit]);
    }
}
