//! Bytes from a terminal, decoded into keys: the few sequences that every terminal sends without being
//! asked for more. And into what the mouse does, once it is switched on.
//!
//! crossterm 0.29 can do this too, but it waits for readiness by edges and then reads a blocking
//! descriptor; an edge without data behind it leaves the program standing until the next key. Here
//! bytes are read only after `poll` has said that there are some.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::{input::Input, mouse};

/// Bytes that have arrived and are not a whole key yet.
#[derive(Debug, Default)]
pub struct Decoder {
    pending: Vec<u8>,
    /// Whether a text is being pasted, and the end of what has come of it.
    pasting: bool,
    text: Vec<u8>,
}

/// How long an Escape waits for the rest of a sequence: longer than a line takes between two bytes of
/// one packet, shorter than a person notices.
const ESCAPE: Duration = Duration::from_millis(25);
/// How long a pasted text may pause before its end counts as lost.
const PASTE: Duration = Duration::from_secs(5);

/// The marks around what is pasted.
const PASTE_BEGINS: &[u8] = b"\x1b[200~";
const PASTE_ENDS: &[u8] = b"\x1b[201~";

/// How a report of the mouse begins. No key does.
const MOUSE: &[u8] = b"\x1b[<";

/// More than this without an end is no key; it is dropped.
const LONGEST: usize = 64;

enum Parsed {
    /// An input and the bytes it took; `None` for a sequence that means nothing here.
    Whole(Option<Input>, usize),
    /// More bytes are needed.
    Part,
}

impl Decoder {
    /// Takes bytes in and gives out what they complete.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<Input> {
        self.pending.extend_from_slice(bytes);
        let mut inputs = Vec::new();
        while !self.pending.is_empty() {
            if self.pasting {
                inputs.extend(self.swallow());
                continue;
            }
            if self.pending.starts_with(PASTE_BEGINS) {
                self.pasting = true;
                self.pending.drain(..PASTE_BEGINS.len());
                continue;
            }
            match parse(&self.pending) {
                Parsed::Whole(input, length) => {
                    inputs.extend(input);
                    self.pending.drain(..length);
                }
                Parsed::Part if self.pending.len() > LONGEST => self.pending.clear(),
                Parsed::Part => break,
            }
        }
        inputs
    }

    /// Passes over pasted text, whatever is in it, up to the mark that ends it.
    fn swallow(&mut self) -> Option<Input> {
        self.text.append(&mut self.pending);
        let end = self.text.windows(PASTE_ENDS.len()).position(|part| part == PASTE_ENDS);
        let Some(end) = end else {
            // The mark may come in two pieces.
            let before = self.text.len().saturating_sub(PASTE_ENDS.len() - 1);
            self.text.drain(..before);
            return None;
        };
        self.pending = self.text.split_off(end + PASTE_ENDS.len());
        self.text.clear();
        self.pasting = false;
        Some(Input::Paste)
    }

    /// How long to wait for more before [`Decoder::quiet`] says what to make of it.
    pub fn patience(&self) -> Option<Duration> {
        if self.pasting { Some(PASTE) } else { self.is_waiting().then_some(ESCAPE) }
    }

    /// Nothing has come for so long.
    pub fn quiet(&mut self, time: Duration) -> Option<Input> {
        if self.pasting {
            if time >= PASTE {
                self.text.clear();
                self.pasting = false;
            }
            return None;
        }
        if self.is_waiting() { self.settle() } else { None }
    }

    /// Whether something has begun that may be a key of its own: a lone Escape.
    fn is_waiting(&self) -> bool {
        // The rest of a report of the mouse comes, however late, and must not be taken for keys.
        !self.pending.is_empty() && !self.pending.starts_with(MOUSE)
    }

    /// Nothing more has come for a while: a lone Escape was the key Escape, the rest was noise.
    fn settle(&mut self) -> Option<Input> {
        let first = self.pending.first().copied();
        self.pending.clear();
        (first == Some(0x1b)).then(|| Input::Key(KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE)))
    }
}

fn parse(bytes: &[u8]) -> Parsed {
    let key = |code, modifiers| Some(Input::Key(KeyEvent::new(code, modifiers)));
    let plain = KeyModifiers::NONE;
    match bytes {
        [0x1b] => Parsed::Part,
        [0x1b, b'[', rest @ ..] => control_sequence(rest),
        [0x1b, b'O'] => Parsed::Part,
        // Application mode's arrows, and F1.
        [0x1b, b'O', last, ..] => Parsed::Whole(named(*last).and_then(|code| key(code, plain)), 3),
        // Two Escapes in a row are two keys.
        [0x1b, 0x1b, ..] => Parsed::Whole(key(KeyCode::Esc, plain), 1),
        [0x1b, rest @ ..] => match parse(rest) {
            Parsed::Whole(Some(Input::Key(inner)), length) => {
                Parsed::Whole(key(inner.code, inner.modifiers | KeyModifiers::ALT), length + 1)
            }
            Parsed::Whole(_, length) => Parsed::Whole(None, length + 1),
            Parsed::Part => Parsed::Part,
        },
        [b'\r' | b'\n', ..] => Parsed::Whole(key(KeyCode::Enter, plain), 1),
        [b'\t', ..] => Parsed::Whole(key(KeyCode::Tab, plain), 1),
        [0x7f | 0x08, ..] => Parsed::Whole(key(KeyCode::Backspace, plain), 1),
        [letter @ 0x01..=0x1a, ..] => {
            let letter = char::from(b'a' + letter - 1);
            Parsed::Whole(key(KeyCode::Char(letter), KeyModifiers::CONTROL), 1)
        }
        [0x00..=0x1f, ..] => Parsed::Whole(None, 1),
        _ => letter(bytes),
    }
}

/// One UTF-8 letter.
fn letter(bytes: &[u8]) -> Parsed {
    let length = match bytes[0] {
        0x00..=0x7f => 1,
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => return Parsed::Whole(None, 1),
    };
    if bytes.len() < length {
        return Parsed::Part;
    }
    match std::str::from_utf8(&bytes[..length]).ok().and_then(|text| text.chars().next()) {
        Some(letter) => {
            let key = KeyEvent::new(KeyCode::Char(letter), KeyModifiers::NONE);
            Parsed::Whole(Some(Input::Key(key)), length)
        }
        None => Parsed::Whole(None, 1),
    }
}

/// What follows `ESC [`: numbers separated by `;`, then one letter or `~`.
fn control_sequence(rest: &[u8]) -> Parsed {
    let Some(end) = rest.iter().position(|byte| (0x40..=0x7e).contains(byte)) else {
        return Parsed::Part;
    };
    if let Some(numbers) = rest[..end].strip_prefix(b"<") {
        return Parsed::Whole(mouse::report(numbers, rest[end]).map(Input::Mouse), end + 3);
    }
    if rest[end] == b'n' {
        return Parsed::Whole(Some(Input::Taken), end + 3);
    }
    let mut numbers = rest[..end].split(|byte| *byte == b';').map(|digits| {
        std::str::from_utf8(digits).ok().and_then(|digits| digits.parse::<u8>().ok()).unwrap_or(1)
    });
    let (first, second) = (numbers.next().unwrap_or(1), numbers.next().unwrap_or(1));
    // xterm counts modifiers from 1: a bit each for Shift, Alt and Control.
    let bits = second.saturating_sub(1);
    let mut modifiers = KeyModifiers::NONE;
    for (bit, modifier) in [(1, KeyModifiers::SHIFT), (2, KeyModifiers::ALT), (4, KeyModifiers::CONTROL)] {
        if bits & bit != 0 {
            modifiers |= modifier;
        }
    }
    let code = match (rest[end], first) {
        (b'Z', _) => Some(KeyCode::BackTab),
        (b'~', 1 | 7) => Some(KeyCode::Home),
        (b'~', 3) => Some(KeyCode::Delete),
        (b'~', 4 | 8) => Some(KeyCode::End),
        (b'~', 5) => Some(KeyCode::PageUp),
        (b'~', 6) => Some(KeyCode::PageDown),
        (b'~', 11) => Some(KeyCode::F(1)),
        (last, _) => named(last),
    };
    Parsed::Whole(code.map(|code| Input::Key(KeyEvent::new(code, modifiers))), end + 3)
}

fn named(last: u8) -> Option<KeyCode> {
    Some(match last {
        b'A' => KeyCode::Up,
        b'B' => KeyCode::Down,
        b'C' => KeyCode::Right,
        b'D' => KeyCode::Left,
        b'H' => KeyCode::Home,
        b'F' => KeyCode::End,
        b'P' => KeyCode::F(1),
        b'M' => KeyCode::Enter,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::term::mouse::{Button, Mouse, MouseKind};

    fn code(input: &Input) -> KeyCode {
        match input {
            Input::Key(key) => key.code,
            other => panic!("{other:?} is no key"),
        }
    }

    fn codes(bytes: &[u8]) -> Vec<KeyCode> {
        Decoder::default().push(bytes).iter().map(code).collect()
    }

    #[test]
    fn the_keys_of_the_table_are_decoded() {
        use KeyCode::*;
        assert_eq!(codes(b"q?\r\t\x7f \n"), [Char('q'), Char('?'), Enter, Tab, Backspace, Char(' '), Enter]);
        assert_eq!(codes(b"\x1b[A\x1b[B\x1bOC\x1bOD\x1b[Z"), [Up, Down, Right, Left, BackTab]);
        assert_eq!(
            codes(b"\x1b[5~\x1b[6~\x1b[H\x1b[F\x1b[3~\x1bOP"),
            [PageUp, PageDown, Home, End, Delete, F(1)]
        );
        assert_eq!(codes("é学".as_bytes()), [Char('é'), Char('学')]);
        assert_eq!(codes(b"\x1b[1;2A"), [Up]);
        assert_eq!(Decoder::default().push(b"\x1b[0n"), [Input::Taken]);
        let interrupt = Decoder::default().push(b"\x03");
        assert_eq!(interrupt, [Input::Key(KeyEvent::new(Char('c'), KeyModifiers::CONTROL))]);
    }

    #[test]
    fn a_key_may_arrive_in_pieces() {
        let mut decoder = Decoder::default();
        assert!(decoder.push(b"\x1b").is_empty() && decoder.is_waiting());
        assert!(decoder.push(b"[").is_empty());
        assert_eq!(code(&decoder.push(b"C")[0]), KeyCode::Right);
        assert!(!decoder.is_waiting());
        assert!(decoder.push(b"\x1b").is_empty());
        assert_eq!(decoder.settle().as_ref().map(code), Some(KeyCode::Esc));
        assert_eq!(decoder.settle(), None);
    }

    #[test]
    fn noise_is_no_key_and_never_fills_memory() {
        let mut decoder = Decoder::default();
        for round in 0..200u8 {
            let noise: Vec<u8> = (0..=255u8).map(|byte| byte.wrapping_mul(167).wrapping_add(round)).collect();
            decoder.push(&noise);
            decoder.push(b"\x1b[1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1");
            assert!(decoder.pending.len() <= LONGEST + 1);
        }
        decoder.settle();
        assert_eq!(code(&decoder.push(b"q")[0]), KeyCode::Char('q'));
    }

    #[test]
    fn what_is_pasted_is_no_keys_however_it_is_cut() {
        let paste = [PASTE_BEGINS, b"aAXq\r\x03\x1b[A\x1b[20", PASTE_ENDS, b"m"].concat();
        for cut in 0..paste.len() {
            let mut decoder = Decoder::default();
            let mut inputs = decoder.push(&paste[..cut]);
            inputs.extend(decoder.push(&paste[cut..]));
            // Cut within the first mark it is as if it had not been sent whole.
            assert_eq!(inputs.len(), 2, "{cut}: {inputs:?}");
            assert_eq!((&inputs[0], code(&inputs[1])), (&Input::Paste, KeyCode::Char('m')), "{cut}");
        }
        let mut decoder = Decoder::default();
        assert!(decoder.push(PASTE_BEGINS).is_empty());
        for _ in 0..200 {
            assert!(decoder.push(&[b'A'; 1024]).is_empty());
            assert!(decoder.text.len() < PASTE_ENDS.len() && decoder.pending.is_empty());
        }
        // The end of it was lost.
        assert_eq!(decoder.patience(), Some(PASTE));
        assert!(decoder.quiet(Duration::from_secs(1)).is_none());
        assert!(decoder.push(b"A").is_empty());
        assert!(decoder.quiet(PASTE).is_none());
        assert_eq!(code(&decoder.push(b"q")[0]), KeyCode::Char('q'));
    }

    #[test]
    fn the_mouse_may_arrive_in_pieces_however_late() {
        let press = Mouse { kind: MouseKind::Press(Button::Left), column: 11, row: 4 };
        let bytes = b"\x1b[<0;12;5M";
        assert_eq!(Decoder::default().push(bytes), [Input::Mouse(press)]);
        for cut in 1..bytes.len() {
            let mut decoder = Decoder::default();
            assert!(decoder.push(&bytes[..cut]).is_empty());
            // Only what may be the key Escape is waited for with a clock.
            assert_eq!(decoder.is_waiting(), cut < MOUSE.len(), "{cut}");
            assert_eq!(decoder.push(&bytes[cut..]), [Input::Mouse(press)], "{cut}");
            assert!(decoder.pending.is_empty());
        }
    }

    #[test]
    fn a_broken_report_is_no_key_and_what_follows_is_whole() {
        assert_eq!(codes(b"\x1b[<M\x1b[<0;1Mq"), [KeyCode::Char('q')]);
        assert_eq!(codes(b"\x1b[<-1;2;3M\x1b[<0;0;0mq"), [KeyCode::Char('q')]);
        assert_eq!(codes(b"\x1b[<9999999999;1;1M\x1b[<0;1;1;1Mq"), [KeyCode::Char('q')]);
        let mut decoder = Decoder::default();
        assert!(decoder.push(&[MOUSE, &b"1".repeat(2 * LONGEST)].concat()).is_empty());
        assert_eq!(code(&decoder.push(b"q")[0]), KeyCode::Char('q'));
    }
}
