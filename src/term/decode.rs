//! Bytes from a terminal, taken apart into keys, into what the mouse does once it is switched on, and into answers,
//! whoever has asked: a program that was left a moment ago over a slow line may have. No answer becomes a key.
//!
//! crossterm 0.29 can do this too, but it waits for readiness by edges and then reads a blocking
//! descriptor; an edge without data behind it leaves the program standing until the next key. Here
//! bytes are read only after `poll` has said that there are some.
//!
//! An Escape begins anew, whatever was before, and so does Ctrl-C, which is in no answer. So the end of a paste is
//! always found, and nothing that was cut off keeps a person from leaving.

use std::time::{Duration, Instant};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::{input::Input, key, mouse};

/// How long an Escape may stand alone before it is the key: longer than a line pauses within a sequence, shorter
/// than a person notices.
const ESCAPE: Duration = Duration::from_millis(100);
/// How long the rest of a sequence may take; then it was lost. Whatever of it came later would be keys.
const REST: Duration = Duration::from_secs(1);
/// How long a pasted text may pause before its end counts as lost.
const PASTE: Duration = Duration::from_secs(5);
/// How long it stands still before Ctrl-C is no part of it.
const STILL: Duration = Duration::from_secs(1);

/// The marks around what is pasted.
const PASTE_BEGINS: &[u8] = b"\x1b[200~";
const PASTE_ENDS: &[u8] = b"\x1b[201~";

/// What is longer means nothing here, and is passed over up to its end without being kept.
const LONGEST: usize = 64;

const ESC: u8 = 0x1b;
const BEL: u8 = 0x07;
const CTRL_C: u8 = 0x03;
/// Two controls that cancel a sequence, and the end of strings as one byte.
const CANCELS: [u8; 2] = [0x18, 0x1a];
const STRING_ENDS: u8 = 0x9c;

/// Takes bytes apart. Everything that depends on time is told the time.
#[derive(Debug, Default)]
pub struct Decoder {
    /// Bytes that have arrived and are not a whole key yet.
    pending: Vec<u8>,
    /// When the last byte came.
    last: Option<Instant>,
    /// A text is being pasted; when the last of it came. An answer is no part of it.
    pasted: Option<Instant>,
    /// What modifyOtherKeys was, if the terminal has said so.
    pub other_keys: Option<u8>,
}

impl Decoder {
    /// Takes bytes in that have come now, and gives out what they complete.
    pub fn push(&mut self, bytes: &[u8], now: Instant) -> Vec<Input> {
        self.pending.extend_from_slice(bytes);
        self.last = Some(now);
        let (mut inputs, mut at) = (Vec::new(), 0);
        while at < self.pending.len() {
            if let byte @ 0x80..=0x9f = self.pending[at] {
                // No letter begins so: it is Escape and a letter in one byte.
                self.pending.splice(at..=at, [ESC, byte - 0x40]);
            }
            let Some(length) = length(&self.pending[at..]) else { break };
            inputs.extend(self.understand(at..at + length, now));
            at += length;
        }
        self.pending.drain(..at);
        if self.pending.len() > LONGEST {
            // It goes on and on. What is kept of it means nothing either, and has the same end: in a string, what is not
            // ASCII stands before the last byte, which was no end.
            let filler = if opens_string(self.pending[1]) { 0xff } else { b'!' };
            self.pending.splice(2..self.pending.len() - 1, [filler]);
            self.pasted = self.pasted.map(|_| now);
        }
        inputs
    }

    /// What a whole sequence is, here and now.
    fn understand(&mut self, whole: std::ops::Range<usize>, now: Instant) -> Option<Input> {
        let sequence = &self.pending[whole];
        if sequence == PASTE_BEGINS {
            self.pasted = Some(now);
            return None;
        }
        if sequence == PASTE_ENDS {
            return self.pasted.take().map(|_| Input::Paste);
        }
        // What would not be kept of it if it came in pieces has no part in what it means as a whole.
        let is_kept = sequence.len() <= LONGEST + 1;
        if let Some(level) = other_keys(sequence).filter(|_| is_kept) {
            self.other_keys = Some(level);
            return None;
        }
        let input = meaning(sequence).filter(|_| is_kept);
        match (self.pasted, &input) {
            (None, _) | (_, Some(Input::Taken | Input::Ground(..))) => input,
            (Some(before), Some(Input::Key(key))) if is_ctrl_c(key) && now - before >= STILL => {
                self.pasted = None;
                input
            }
            (Some(_), _) => {
                self.pasted = Some(now);
                None
            }
        }
    }

    /// How long to wait for more before [`Decoder::quiet`] says what to make of it.
    pub fn patience(&self, now: Instant) -> Option<Duration> {
        self.due().map(|due| due.saturating_duration_since(now))
    }

    /// When what has come is as good as complete, if nothing follows.
    fn due(&self) -> Option<Instant> {
        let alone = self.pending == [ESC] && self.pasted.is_none();
        let rest = self.last.filter(|_| !self.pending.is_empty());
        let rest = rest.map(|last| last + if alone { ESCAPE } else { REST });
        rest.into_iter().chain(self.pasted.map(|pasted| pasted + PASTE)).min()
    }

    /// Nothing has come until now: a lone Escape was the key Escape, and what else has waited for long enough has no
    /// end. Only for who has looked: bytes that have come and were not read yet may be the rest of it.
    pub fn quiet(&mut self, now: Instant) -> Option<Input> {
        if self.due().is_none_or(|due| now < due) {
            return None;
        }
        let escape = self.pending == [ESC];
        self.pending.clear();
        match self.pasted {
            None => escape.then(|| key::control(ESC)).flatten().map(Input::Key),
            Some(pasted) if now < pasted + PASTE => None,
            Some(_) => self.pasted.take().map(|_| Input::Paste),
        }
    }
}

fn is_ctrl_c(key: &KeyEvent) -> bool {
    key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL)
}

/// Device control, start of string, operating system command, privacy message, application program command.
fn opens_string(letter: u8) -> bool {
    matches!(letter, b'P' | b'X' | b']' | b'^' | b'_')
}

/// How many bytes the first key or answer of these has, whether it means anything or not; `None` if its end has not
/// come. What is cut off by the beginning of another ends before that.
fn length(bytes: &[u8]) -> Option<usize> {
    let after = |length: usize| length + 2;
    match bytes {
        [ESC] => None,
        // F1 to F5 of the Linux console.
        [ESC, b'[', b'[', rest @ ..] => rest.first().map(|last| after(1) + usize::from(is_final(*last))),
        [ESC, b'[', b'M', rest @ ..] => three_letters(rest).map(|length| after(1 + length)),
        [ESC, b'[' | b'O', rest @ ..] => {
            let end = rest.iter().position(|byte| !(0x20..=0x3f).contains(byte))?;
            Some(after(end + usize::from(is_final(rest[end]))))
        }
        [ESC, letter, rest @ ..] if opens_string(*letter) => string(rest).map(after),
        // Two Escapes in a row are two keys.
        [ESC, ESC, ..] => Some(1),
        // With Alt.
        [ESC, rest @ ..] => length(rest).map(|length| length + 1),
        [0x00..=0x7f, ..] => Some(1),
        _ => letter(bytes),
    }
}

/// What may end a sequence of `ESC [` or `ESC O`; anything else cuts it off.
fn is_final(byte: u8) -> bool {
    (0x40..=0x7e).contains(&byte)
}

/// What is in a string and ends it.
fn string(rest: &[u8]) -> Option<usize> {
    let ends = |(at, byte): (usize, &u8)| {
        // Within a letter of more bytes this one is no end.
        let ends = *byte == STRING_ENDS && at.checked_sub(1).is_none_or(|before| rest[before].is_ascii());
        ends || matches!(*byte, BEL | ESC | CTRL_C) || CANCELS.contains(byte)
    };
    let end = rest.iter().enumerate().position(ends)?;
    match rest[end..] {
        [ESC] => None,
        [ESC, b'\\', ..] => Some(end + 2),
        [ESC | CTRL_C, ..] => Some(end),
        _ => Some(end + 1),
    }
}

/// The three letters of a report of the mouse in its oldest form: a button and a place, in bytes or, from column or
/// row 96 on, in UTF-8. Column 162 and row 96 in bytes are taken for UTF-8, and cost a letter that follows.
fn three_letters(rest: &[u8]) -> Option<usize> {
    let mut length = 0;
    for _ in 0..3 {
        length += match rest[length..] {
            [] | [0xc2..=0xdf] => return None,
            // Out of sight, as some say it, and nothing else below a blank.
            [0x01..=0x1f, ..] => return Some(length),
            [0xc2..=0xdf, 0x80..=0xbf, ..] => 2,
            _ => 1,
        };
    }
    Some(length)
}

/// One letter in UTF-8, or what is none; `None` if more of it is to come.
fn letter(bytes: &[u8]) -> Option<usize> {
    let head = &bytes[..bytes.len().min(4)];
    let valid = std::str::from_utf8(head).map_or_else(|error| error.valid_up_to(), str::len);
    match first_letter(&head[..valid]) {
        Some(letter) => Some(letter.len_utf8()),
        None => std::str::from_utf8(head).err()?.error_len(),
    }
}

fn first_letter(bytes: &[u8]) -> Option<char> {
    std::str::from_utf8(bytes).ok()?.chars().next()
}

/// What a sequence means that is whole or was cut off. Whatever is no key and was not asked for means nothing.
fn meaning(sequence: &[u8]) -> Option<Input> {
    let key = match sequence {
        [ESC, b'[', b'[', last @ b'A'..=b'E'] => {
            Some(KeyEvent::new(KeyCode::F(last - b'@'), KeyModifiers::NONE))
        }
        [ESC, b'[', b'<', numbers @ .., last] => return mouse::report(numbers, *last).map(Input::Mouse),
        [ESC, b'[', b'0' | b'3', b'n'] => return Some(Input::Taken),
        b"\x1b[?997;1n" => return Some(Input::Ground(0, 0, 0)),
        b"\x1b[?997;2n" => return Some(Input::Ground(255, 255, 255)),
        [ESC, b'[', parameters @ .., last] => key::of_control_sequence(parameters, *last),
        [ESC, b'O', parameters @ .., last] => key::of_application(parameters, *last),
        [ESC, b']', string @ ..] => return ground(string),
        [ESC, b'[' | b'O'] => None,
        [ESC, letter, ..] if opens_string(*letter) => None,
        [ESC] => key::control(ESC),
        [ESC, rest @ ..] => {
            let Some(Input::Key(key)) = meaning(rest) else { return None };
            Some(KeyEvent { modifiers: key.modifiers | KeyModifiers::ALT, ..key })
        }
        [byte @ (0x00..=0x1f | 0x7f)] => key::control(*byte),
        letter => first_letter(letter).and_then(key::letter),
    };
    key.map(Input::Key)
}

/// The answer to what is asked as `OSC 11`: the colour of the ground, a channel in one to four digits.
fn ground(string: &[u8]) -> Option<Input> {
    let whole = string.strip_suffix(&[BEL]).or_else(|| string.strip_suffix(b"\x1b\\"))?;
    let (kind, colour) = std::str::from_utf8(whole).ok()?.strip_prefix("11;")?.split_once(':')?;
    if !matches!(kind, "rgb" | "rgba") {
        return None;
    }
    let mut channels = colour.split('/').map(|digits| {
        let is_number = digits.len() <= 4 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        let value = u32::from_str_radix(digits, 16).ok().filter(|_| is_number)?;
        u8::try_from(value * 255 / (16_u32.pow(digits.len() as u32) - 1)).ok()
    });
    Some(Input::Ground(channels.next()??, channels.next()??, channels.next()??))
}

/// The answer to what modifyOtherKeys is.
fn other_keys(sequence: &[u8]) -> Option<u8> {
    let level = sequence.strip_prefix(b"\x1b[>4;")?.strip_suffix(b"m")?;
    std::str::from_utf8(level).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::term::mouse::{Button, Mouse, MouseKind};

    const MS: Duration = Duration::from_millis(1);

    /// A decoder, its clock, and what has come of it.
    struct Line {
        decoder: Decoder,
        now: Instant,
        inputs: Vec<Input>,
    }

    impl Line {
        fn new() -> Self {
            Self { decoder: Decoder::default(), now: Instant::now(), inputs: Vec::new() }
        }

        /// Nothing comes for so long, while somebody waits.
        fn pause(&mut self, pause: Duration) {
            let then = self.now + pause;
            while let Some(patience) = self.decoder.patience(self.now)
                && self.now + patience <= then
            {
                self.now += patience;
                self.inputs.extend(self.decoder.quiet(self.now));
            }
            self.now = then;
        }

        fn send(&mut self, bytes: &[u8]) {
            self.inputs.extend(self.decoder.push(bytes, self.now));
        }

        fn take(&mut self) -> Vec<Input> {
            std::mem::take(&mut self.inputs)
        }
    }

    fn key(code: KeyCode) -> Input {
        Input::Key(KeyEvent::new(code, KeyModifiers::NONE))
    }

    fn letter(letter: char) -> Input {
        key(KeyCode::Char(letter))
    }

    fn ctrl_c() -> Input {
        Input::Key(KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL))
    }

    /// What comes at once.
    fn inputs(bytes: &[u8]) -> Vec<Input> {
        Decoder::default().push(bytes, Instant::now())
    }

    fn codes(bytes: &[u8]) -> Vec<KeyCode> {
        let code = |input| match input {
            Input::Key(key) => key.code,
            other => panic!("{other:?} is no key"),
        };
        inputs(bytes).into_iter().map(code).collect()
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
        assert_eq!(inputs(b"\x1b[0n"), [Input::Taken]);
        assert_eq!(inputs(b"\x03"), [ctrl_c()]);
        // The Linux console, the keypad in application mode, a terminal with controls of eight bits.
        assert_eq!(codes(b"\x1b[[A\x1b[[Eq"), [F(1), F(5), Char('q')]);
        assert_eq!(codes(b"\x1bOw\x1bOM\x1bOk"), [Char('7'), Enter, Char('+')]);
        assert_eq!(codes(b"\x9bA\x8fB\x9d11;q\x9c"), [Up, Down]);
    }

    /// Answers that were keys: they quit the dashboard, asked to stop every run, opened the editor, added seeds.
    const ANSWERS: [&[u8]; 24] = [
        b"\x1bP1$r2 q\x1b\\",
        b"\x1bP>|WezTerm 20240203\x1b\\",
        b"\x1bP>|XTerm(379)\x1b\\",
        b"\x1bP1+r436f=323536\x1b\\",
        b"\x1bP!|00000000\x1b\\",
        b"\x1b_Gi=31;OK\x1b\\",
        b"\x1b]4;1;rgb:cdcd/0000/0000\x1b\\",
        b"\x1b]10;rgb:dede/dede/dede\x07",
        b"\x1b]52;c;cXh4UHh5\x07",
        b"\x1b]lqAX\x1b\\",
        b"\x1b^private\x1b\\",
        b"\x1bXstring\x1b\\",
        b"\x1b[M !!",
        b"\x1b[MAAA",
        b"\x1b[M#\xff~",
        b"\x1b[M \xc3\x81A",
        b"\x1b[32;5;3M",
        b"\x1b[?2026;2$y",
        b"\x1b[>41;379;0c",
        b"\x1b[?0u",
        b"\x1b[8;40;120t",
        b"\x1b[I\x1b[O",
        b"\x1b[12;40R",
        b"\x1b[97;1:3u",
    ];

    #[test]
    fn no_answer_is_a_key_wherever_it_is_cut() {
        for answer in ANSWERS {
            for cut in 0..answer.len() {
                let mut line = Line::new();
                line.send(&answer[..cut]);
                line.pause(99 * MS);
                line.send(&answer[cut..]);
                line.send(b"q");
                let name = String::from_utf8_lossy(answer);
                assert_eq!(line.take(), [letter('q')], "{name:?} cut at {cut}");
            }
        }
    }

    #[test]
    fn a_string_of_any_length_is_passed_over_and_not_kept() {
        for end in [&b"\x07"[..], b"\x1b\\"] {
            let mut line = Line::new();
            line.send(b"\x1b]52;c;");
            for _ in 0..1_000 {
                line.send("qXA学".repeat(50).as_bytes());
                line.pause(500 * MS);
                assert!(line.decoder.pending.len() <= LONGEST);
            }
            line.send(end);
            line.send(b"q");
            assert_eq!(line.take(), [letter('q')]);
        }
    }

    #[test]
    fn what_has_lost_its_end_keeps_nobody_from_leaving() {
        for half in [
            &b"\x1b]52;c;cXh4"[..],
            b"\x1bP1$r2 q",
            b"\x1b[12;",
            b"\x1b[<0;12",
            b"\x1b[M ",
            b"\x1bO",
            b"\xe5\xad",
        ] {
            // Ctrl-C at once, an Escape and a letter too, and after a second everything.
            let mut line = Line::new();
            line.send(&[half, b"\x03"].concat());
            assert_eq!(line.take(), [ctrl_c()], "{half:?}");
            line.send(&[half, b"\x1b[A"].concat());
            assert_eq!(line.take(), [key(KeyCode::Up)], "{half:?}");
            line.send(half);
            line.pause(REST);
            line.send(b"q");
            assert_eq!(line.take(), [letter('q')], "{half:?}");
        }
    }

    #[test]
    fn a_key_may_arrive_in_pieces() {
        for (bytes, code) in
            [(&b"\x1b[C"[..], KeyCode::Right), (b"\x1bOA", KeyCode::Up), (b"\x1b[5~", KeyCode::PageUp)]
        {
            for cut in 1..bytes.len() {
                for pause in [0, 2, 20, 60, 99] {
                    let mut line = Line::new();
                    line.send(&bytes[..cut]);
                    line.pause(pause * MS);
                    line.send(&bytes[cut..]);
                    assert_eq!(line.take(), [key(code)], "{cut} {pause}");
                }
            }
        }
    }

    #[test]
    fn an_escape_is_a_key_when_it_has_stood_alone_however_often_somebody_looks() {
        let mut line = Line::new();
        line.send(b"\x1b");
        for _ in 0..9 {
            line.pause(10 * MS);
        }
        assert_eq!(line.take(), []);
        line.pause(10 * MS);
        assert_eq!(line.take(), [key(KeyCode::Esc)]);
        line.pause(Duration::from_secs(10));
        assert_eq!(line.take(), []);
        assert_eq!(codes(b"\x1b\x1b[A"), [KeyCode::Esc, KeyCode::Up]);
    }

    #[test]
    fn what_has_come_and_was_read_late_is_whole() {
        let mut line = Line::new();
        line.send(b"\x1b");
        // Nobody has looked meanwhile.
        line.now += Duration::from_secs(3);
        line.send(b"[A");
        assert_eq!(line.take(), [key(KeyCode::Up)]);
    }

    #[test]
    fn noise_never_fills_memory() {
        let mut line = Line::new();
        for round in 0..200u8 {
            let noise: Vec<u8> = (0..=255u8).map(|byte| byte.wrapping_mul(167).wrapping_add(round)).collect();
            line.send(&noise);
            line.send(b"\x1b[1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1");
            assert!(line.decoder.pending.len() <= LONGEST);
        }
        line.pause(PASTE);
        line.take();
        line.send(b"q");
        assert_eq!(line.take(), [letter('q')]);
    }

    #[test]
    fn what_is_pasted_is_no_keys_however_it_is_cut() {
        let paste = [PASTE_BEGINS, b"aAXq\r\x03\x1b[A\x1b]11;\x1b[M\x1b[20", PASTE_ENDS, b"m"].concat();
        for cut in 0..paste.len() {
            let mut line = Line::new();
            line.send(&paste[..cut]);
            line.pause(900 * MS);
            line.send(&paste[cut..]);
            // An Escape alone for so long is a key, and what follows is no mark any more.
            if cut != 1 {
                assert_eq!(line.take(), [Input::Paste, letter('m')], "{cut}");
            }
        }
    }

    #[test]
    fn a_paste_that_has_lost_its_end_gives_the_keyboard_back() {
        // Whether or not a terminal answers meanwhile what it is asked behind each frame.
        for answers in [false, true] {
            let paste = || {
                let mut line = Line::new();
                line.send(&[PASTE_BEGINS, b"hello\x03"].concat());
                line
            };
            let wait = |line: &mut Line, time: Duration| {
                for _ in 0..time.as_millis() / 50 {
                    line.pause(50 * MS);
                    if answers {
                        line.send(b"\x1b[0n");
                    }
                }
                line.inputs.retain(|input| *input != Input::Taken);
            };
            for interrupt in [&b"\x03"[..], b"\x1b[99;5u"] {
                let mut line = paste();
                wait(&mut line, 900 * MS);
                line.send(interrupt);
                assert_eq!(line.take(), [], "it may be part of it");
                wait(&mut line, STILL);
                line.send(b"q");
                assert_eq!(line.take(), [], "other keys wait for longer");
                wait(&mut line, STILL);
                line.send(interrupt);
                assert_eq!(line.take(), [ctrl_c()]);
            }
            let mut line = paste();
            wait(&mut line, PASTE);
            line.send(b"q");
            assert_eq!(line.take(), [Input::Paste, letter('q')]);
        }
    }

    #[test]
    fn the_mouse_may_arrive_in_pieces() {
        let press = Mouse { kind: MouseKind::Press(Button::Left), column: 11, row: 4 };
        let bytes = b"\x1b[<0;12;5M";
        assert_eq!(inputs(bytes), [Input::Mouse(press)]);
        for cut in 1..bytes.len() {
            let mut line = Line::new();
            line.send(&bytes[..cut]);
            line.pause(if cut == 1 { 99 * MS } else { 999 * MS });
            line.send(&bytes[cut..]);
            assert_eq!(line.take(), [Input::Mouse(press)], "{cut}");
        }
    }

    #[test]
    fn a_broken_report_is_no_key_and_what_follows_is_whole() {
        assert_eq!(codes(b"\x1b[<M\x1b[<0;1Mq"), [KeyCode::Char('q')]);
        assert_eq!(codes(b"\x1b[<-1;2;3M\x1b[<0;0;0mq"), [KeyCode::Char('q')]);
        assert_eq!(codes(b"\x1b[<9999999999;1;1M\x1b[<0;1;1;1Mq"), [KeyCode::Char('q')]);
        assert_eq!(
            codes(&[b"\x1b[<", &b"1".repeat(2 * LONGEST)[..], b";1;1Mq"].concat()),
            [KeyCode::Char('q')]
        );
    }

    #[test]
    fn answers_to_what_was_asked_are_told() {
        for (answer, ground) in [
            (&b"\x1b]11;rgb:ffff/8080/0000\x07"[..], Some(Input::Ground(255, 128, 0))),
            (b"\x1b]11;rgb:f/0/8\x1b\\", Some(Input::Ground(255, 0, 136))),
            (b"\x1b]11;rgba:ff/ff/ff/80\x07", Some(Input::Ground(255, 255, 255))),
            (b"\x1b[?997;1n", Some(Input::Ground(0, 0, 0))),
            (b"\x1b[?997;2n", Some(Input::Ground(255, 255, 255))),
            (b"\x1b]11;rgb:ff/ff\x07", None),
            (b"\x1b]11;rgb:fffff/0/0\x07", None),
            (b"\x1b]11;rgb:+f/0/0\x07", None),
            (b"\x1b]11;rgb://\x07", None),
            (b"\x1b]11;?\x07", None),
            (b"\x1b]10;rgb:ff/ff/ff\x07", None),
            (b"\x1b]11;rgb:ff/ff/f\x1b[", None),
        ] {
            assert_eq!(inputs(answer), Vec::from_iter(ground), "{}", String::from_utf8_lossy(answer));
        }
        let mut decoder = Decoder::default();
        assert_eq!(decoder.push(b"\x1b[>4;2m", Instant::now()), []);
        assert_eq!(decoder.other_keys, Some(2));
    }

    #[test]
    fn what_is_too_long_means_nothing_however_it_is_cut() {
        for filling in 50..80 {
            let fill = |sign: char| sign.to_string().repeat(filling);
            for sequence in [
                format!("\x1b[{}P", fill(':')),
                format!("\x1b[{}1;5A", fill('0')),
                format!("\x1bO{}A", fill('0')),
                format!("\x1b[<0;{}1;5M", fill('0')),
                format!("\x1b[>4;{}2m", fill('0')),
                format!("\x1b]11;rgb:ff/ff/ff/{}\x07", fill('f')),
                format!("\x1b]11;rgb:ff/ff/ff/{}\x1b\\", fill('f')),
            ] {
                let (mut whole, mut cut) = (Line::new(), Line::new());
                whole.send(sequence.as_bytes());
                sequence.bytes().for_each(|byte| cut.send(&[byte]));
                assert_eq!(whole.decoder.other_keys, cut.decoder.other_keys, "{sequence:?}");
                assert_eq!(whole.take(), cut.take(), "{sequence:?}");
            }
        }
    }

    /// What is in strings: letters of any script, some with bytes that are controls elsewhere.
    fn body() -> impl Strategy<Value = String> {
        proptest::string::string_regex("[ -~“Ŝ学é]{0,80}").expect("an expression")
    }

    fn parameters() -> impl Strategy<Value = String> {
        proptest::string::string_regex("[0-9]{0,4}(;[0-9]{0,4}){0,4}").expect("an expression")
    }

    /// Whatever a terminal may answer to anybody, and what it reports of the mouse.
    fn answer() -> impl Strategy<Value = Vec<u8>> {
        let string = (prop::sample::select(b"P_^X".to_vec()), body())
            .prop_map(|(kind, body)| format!("\x1b{}{body}\x1b\\", char::from(kind)));
        let command = (0..120u8, body(), prop::sample::select(vec!["\x07", "\x1b\\"]))
            .prop_map(|(number, body, end)| format!("\x1b]{number};{body}{end}"));
        let clipboard = proptest::string::string_regex("\x1b]52;c;[A-Za-z0-9+/]{0,400}={0,2}\x07");
        let private = (prop::sample::select(b"?>=".to_vec()), parameters(), 0x40..=0x7eu8).prop_map(
            |(prefix, parameters, last)| format!("\x1b[{}{parameters}{}", prefix as char, last as char),
        );
        let report =
            (parameters(), prop::sample::select(vec!["c", "n", "R", "t", "x", "$y", "I", "O", "M", "S"]))
                .prop_filter("the mouse in its oldest form has letters", |(parameters, last)| {
                    *last != "M" || !parameters.is_empty()
                })
                .prop_map(|(parameters, last)| format!("\x1b[{parameters}{last}"));
        let mouse = (parameters(), any::<bool>())
            .prop_map(|(parameters, down)| format!("\x1b[<{parameters}{}", if down { 'M' } else { 'm' }));
        let release = (1..60_000u32, 1..=8u8).prop_map(|(code, held)| format!("\x1b[{code};{held}:3u"));
        let named = prop::sample::select(
            ANSWERS.map(|answer| String::from_utf8(answer.to_vec()).unwrap_or_default()).to_vec(),
        );
        let text = prop_oneof![
            string,
            command,
            clipboard.expect("an expression"),
            private,
            report,
            mouse,
            release,
            named
        ];
        let oldest = (0x20..=0xbfu8, 0x21..=0xffu8, 0x21..=0x7eu8)
            .prop_map(|(button, x, y)| [b"\x1b[M", &[button, x, y][..]].concat());
        let wider = (0x20..=0x7fu32, 0x21..2_048u32, 0x21..2_048u32).prop_map(|numbers| {
            let (button, x, y) = numbers;
            let letters: String = [button, x, y].into_iter().filter_map(char::from_u32).collect();
            [b"\x1b[M", letters.as_bytes()].concat()
        });
        prop_oneof![8 => text.prop_map(String::into_bytes), 1 => oldest, 1 => wider]
    }

    /// A key, and how it is sent: as terminals do on their own, and in protocols.
    fn sent_key() -> impl Strategy<Value = (Vec<u8>, Input)> {
        let keys: Vec<(&[u8], Input)> = vec![
            (b"q", letter('q')),
            ("学".as_bytes(), letter('学')),
            (b"\r", key(KeyCode::Enter)),
            (b"\x03", ctrl_c()),
            (b"\x1b[99;5u", ctrl_c()),
            (b"\x1b[27;5;99~", ctrl_c()),
            (b"\x1b[A", key(KeyCode::Up)),
            (b"\x1bOB", key(KeyCode::Down)),
            (b"\x1b[6~", key(KeyCode::PageDown)),
            (b"\x1b[113u", letter('q')),
        ];
        prop::sample::select(keys).prop_map(|(bytes, key)| (bytes.to_vec(), key))
    }

    proptest! {
        // A hundred thousand answers.
        #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn answers_are_no_keys_and_keys_between_them_arrive(
            said in prop::collection::vec((answer(), prop::option::weighted(0.2, sent_key())), 200),
            pieces in prop::collection::vec((1..48usize, 0..=60u32), 1..60),
        ) {
            let (mut bytes, mut keys) = (Vec::new(), Vec::new());
            for (answer, key) in said {
                bytes.extend(answer);
                if let Some((sent, key)) = key {
                    bytes.extend(sent);
                    keys.push(key);
                }
            }
            let mut line = Line::new();
            let mut rest = &bytes[..];
            for (length, pause) in pieces.into_iter().cycle() {
                let (piece, more) = rest.split_at(length.min(rest.len()));
                line.send(piece);
                line.pause(pause * MS);
                rest = more;
                if rest.is_empty() {
                    break;
                }
            }
            let found = line.take();
            let found: Vec<_> =
                found.into_iter().filter(|input| matches!(input, Input::Key(_) | Input::Paste)).collect();
            prop_assert_eq!(found, keys);
        }
    }
}
