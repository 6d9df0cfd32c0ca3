//! Which key a whole sequence of bytes is, in every form that terminals send without being asked for one: their
//! own since the VT100, and what another program may have left switched on, the keyboard protocol of kitty
//! (`ESC [ 99 ; 5 u`) and xterm's modifyOtherKeys (`ESC [ 27 ; 5 ; 99 ~`).

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// The bits of a modifier, which terminals count from 1.
const SHIFT: u32 = 1;
const ALT: u32 = 2;
const CONTROL: u32 = 4;
/// Super, Hyper and Meta: keys of the window manager's, not ours.
const FOREIGN: u32 = 8 | 16 | 32;
const CAPS_LOCK: u32 = 64;

/// The third kind of event in kitty's protocol: a key was let go.
const RELEASE: u32 = 3;

/// Kitty's numbers for the keypad, from this one on, and for its arrows.
const KEYPAD: u32 = 57_399;
const KEYPAD_LETTERS: [u8; 17] = *b"0123456789./*-+\r=";
const KEYPAD_ARROWS: u32 = 57_417;
const KEYPAD_NAMED: [KeyCode; 8] = [
    KeyCode::Left,
    KeyCode::Right,
    KeyCode::Up,
    KeyCode::Down,
    KeyCode::PageUp,
    KeyCode::PageDown,
    KeyCode::Home,
    KeyCode::End,
];
const KEYPAD_DELETE: u32 = 57_426;
/// All that kitty numbers and that has no letter.
const UNLETTERED: std::ops::RangeInclusive<u32> = 57_344..=63_743;

fn with(code: KeyCode, modifiers: u32) -> KeyEvent {
    let names = [(SHIFT, KeyModifiers::SHIFT), (ALT, KeyModifiers::ALT), (CONTROL, KeyModifiers::CONTROL)];
    let has = names.into_iter().filter(|(bit, _)| modifiers & bit != 0);
    KeyEvent::new(code, has.fold(KeyModifiers::NONE, |all, (_, modifier)| all | modifier))
}

/// A letter, which holds Shift in itself.
pub fn letter(letter: char) -> Option<KeyEvent> {
    (!letter.is_control()).then(|| with(KeyCode::Char(letter), 0))
}

/// A byte that is no letter: 0 to 31, and 127.
pub fn control(byte: u8) -> Option<KeyEvent> {
    let code = match byte {
        b'\r' | b'\n' => KeyCode::Enter,
        b'\t' => KeyCode::Tab,
        0x7f | 0x08 => KeyCode::Backspace,
        0x1b => KeyCode::Esc,
        1..=26 => return Some(with(KeyCode::Char(char::from(b'a' + byte - 1)), CONTROL)),
        _ => return None,
    };
    Some(with(code, 0))
}

/// What `ESC O` introduces: arrows, F1 and the keypad in application mode. Some put modifiers in between.
pub fn of_application(parameters: &[u8], last: u8) -> Option<KeyEvent> {
    let numbers = Numbers::read(parameters)?;
    let modifiers = numbers.at(1, 0).or(numbers.at(0, 0)).unwrap_or(1).saturating_sub(1);
    match last {
        b'M' => Some(with(KeyCode::Enter, modifiers)),
        b'I' => Some(with(KeyCode::Tab, modifiers)),
        b'X' => letter('='),
        b'j'..=b'y' => letter(char::from(last - 0x40)),
        last => Some(with(named(last)?, modifiers)),
    }
}

/// What `ESC [` introduces: numbers and one letter or `~`.
pub fn of_control_sequence(parameters: &[u8], last: u8) -> Option<KeyEvent> {
    let numbers = Numbers::read(parameters)?;
    let modifiers = numbers.at(1, 0).unwrap_or(1).saturating_sub(1);
    if numbers.at(1, 1) == Some(RELEASE) || modifiers & FOREIGN != 0 {
        return None;
    }
    let code = match (last, numbers.at(0, 0).unwrap_or(1)) {
        (b'u', code) => return typed(code, numbers.at(2, 0).or(numbers.at(0, 1)), modifiers),
        (b'~', 27) => return typed(numbers.at(2, 0)?, None, modifiers),
        (b'Z', _) => return Some(with(KeyCode::BackTab, 0)),
        (b'~', 1 | 7) => KeyCode::Home,
        (b'~', 3) => KeyCode::Delete,
        (b'~', 4 | 8) => KeyCode::End,
        (b'~', 5) => KeyCode::PageUp,
        (b'~', 6) => KeyCode::PageDown,
        (b'~', 11) => KeyCode::F(1),
        (last, _) => named(last)?,
    };
    Some(with(code, modifiers))
}

/// The keys that have a letter behind `ESC [` and `ESC O` alike.
fn named(last: u8) -> Option<KeyCode> {
    Some(match last {
        b'A' => KeyCode::Up,
        b'B' => KeyCode::Down,
        b'C' => KeyCode::Right,
        b'D' => KeyCode::Left,
        b'H' => KeyCode::Home,
        b'F' => KeyCode::End,
        b'P' => KeyCode::F(1),
        _ => return None,
    })
}

/// A key by the number of its letter and, where the terminal says so, of the one that it writes: the same as
/// without a protocol.
fn typed(code: u32, writes: Option<u32>, modifiers: u32) -> Option<KeyEvent> {
    let nth = |first: u32| code.checked_sub(first).and_then(|at| usize::try_from(at).ok());
    if let Some(keypad) = nth(KEYPAD).and_then(|at| KEYPAD_LETTERS.get(at)) {
        return typed(u32::from(*keypad), None, modifiers);
    }
    if let Some(named) = nth(KEYPAD_ARROWS).and_then(|at| KEYPAD_NAMED.get(at)) {
        return Some(with(*named, modifiers));
    }
    if code == KEYPAD_DELETE {
        return Some(with(KeyCode::Delete, modifiers));
    }
    let is_sign = |sign: &char| !UNLETTERED.contains(&code) && (sign.is_ascii() || !sign.is_control());
    let sign = char::from_u32(code).filter(is_sign)?;
    let key = if sign == '\t' && modifiers & SHIFT != 0 {
        with(KeyCode::BackTab, 0)
    } else if sign.is_ascii_control() {
        control(sign as u8)?
    } else if modifiers & CONTROL != 0 {
        // Ctrl takes a letter to the byte that terminals have always sent for it.
        match sign.to_ascii_uppercase() {
            upper @ '@'..='_' => control(upper as u8 & 0x1f)?,
            other => with(KeyCode::Char(other), CONTROL),
        }
    } else {
        let locked = modifiers & CAPS_LOCK != 0 && sign.is_alphabetic();
        let upper = (modifiers & SHIFT != 0) != locked;
        let written = writes.and_then(char::from_u32);
        letter(written.or_else(|| sign.to_uppercase().next().filter(|_| upper)).unwrap_or(sign))?
    };
    Some(KeyEvent { modifiers: key.modifiers | with(key.code, modifiers & ALT).modifiers, ..key })
}

/// Numbers separated by `;`, each with others behind `:`. One that is not said is none.
struct Numbers<'a>(&'a str);

impl<'a> Numbers<'a> {
    /// `None` for anything else: an answer, and no key.
    fn read(parameters: &'a [u8]) -> Option<Self> {
        let text = std::str::from_utf8(parameters).ok()?;
        let is_number = |number: &str| number.bytes().all(|byte| byte.is_ascii_digit());
        let whole = |number: &str| number.is_empty() || is_number(number) && number.parse::<u32>().is_ok();
        text.split([';', ':']).all(whole).then_some(Self(text))
    }

    fn at(&self, field: usize, part: usize) -> Option<u32> {
        self.0.split(';').nth(field)?.split(':').nth(part)?.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(sequence: &str) -> Option<KeyEvent> {
        let bytes = sequence.as_bytes();
        let (last, parameters) = bytes.split_last().expect("not empty");
        of_control_sequence(parameters, *last)
    }

    #[test]
    fn keys_of_a_keyboard_protocol_are_the_keys_they_are() {
        let plain = |letter| Some(with(KeyCode::Char(letter), 0));
        let ctrl = |letter| Some(with(KeyCode::Char(letter), CONTROL));
        let code = |code| Some(with(code, 0));
        for (kitty, other, key) in [
            ("99;5u", "27;5;99~", ctrl('c')),
            ("99;69u", "27;5;67~", ctrl('c')),
            ("99;6u", "27;6;67~", ctrl('c')),
            ("113u", "27;1;113~", plain('q')),
            ("97;2u", "27;2;65~", plain('A')),
            ("97:65;2u", "27;2;65~", plain('A')),
            ("97;65u", "27;1;65~", plain('A')),
            ("59:58;2u", "27;2;58~", plain(':')),
            ("59;2;58u", "27;2;58~", plain(':')),
            ("27u", "27;1;27~", code(KeyCode::Esc)),
            ("91;5u", "27;5;91~", code(KeyCode::Esc)),
            ("13;2u", "27;2;13~", code(KeyCode::Enter)),
            ("9u", "27;1;9~", code(KeyCode::Tab)),
            ("9;2u", "27;2;9~", code(KeyCode::BackTab)),
            ("127u", "27;1;127~", code(KeyCode::Backspace)),
            ("113;1:2u", "27;1;113~", plain('q')),
            ("113;129u", "27;1;113~", plain('q')),
            ("23398u", "27;1;23398~", plain('学')),
            ("57404u", "27;1;53~", plain('5')),
            ("57414u", "27;1;13~", code(KeyCode::Enter)),
            ("57419u", "A", code(KeyCode::Up)),
            ("57426u", "3~", code(KeyCode::Delete)),
            ("1;1:1A", "A", code(KeyCode::Up)),
            ("99;3u", "27;3;99~", Some(with(KeyCode::Char('c'), ALT))),
            ("49;5u", "27;5;49~", ctrl('1')),
        ] {
            assert_eq!(of(kitty), key, "{kitty}");
            assert_eq!(of(other), key, "{other}");
        }
        // Let go; with Super; Caps Lock itself; controls, no letter at all; no number.
        for nothing in [
            "113;1:3u",
            "1;1:3A",
            "113;9u",
            "57358u",
            "129u",
            "129;5u",
            "1114112u",
            "99999999999u",
            "27;5~",
            "+1u",
        ] {
            assert_eq!(of(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn the_keypad_writes_what_is_on_it() {
        let letters: String = (b'j'..=b'y')
            .filter_map(|last| match of_application(b"", last)?.code {
                KeyCode::Char(letter) => Some(letter),
                _ => None,
            })
            .collect();
        assert_eq!(letters, "*+,-./0123456789");
        assert_eq!(of_application(b"", b'M').map(|key| key.code), Some(KeyCode::Enter));
        assert_eq!(of_application(b"5", b'A'), Some(with(KeyCode::Up, CONTROL)));
        assert_eq!(of_application(b"1;5", b'A'), Some(with(KeyCode::Up, CONTROL)));
        assert_eq!(of_application(b"", b'Q'), None);
    }
}
