//! Any bytes from a terminal, with any pauses, on a clock of their own. Little of them is kept, how they are cut makes
//! no difference, Ctrl-C leaves whatever is half said once it stands still, and after a while of nothing every key is
//! a key again.

#![no_main]

use std::time::{Duration, Instant};

use libfuzzer_sys::fuzz_target;
use metascope::term::{Decoder, Input};

/// Longer than a decoder waits for anything.
const LONG: Duration = Duration::from_secs(10);
/// As long as a paste stands still before Ctrl-C is no part of it.
const STILL: Duration = Duration::from_secs(1);

/// A decoder and its clock.
struct Line {
    decoder: Decoder,
    now: Instant,
}

impl Line {
    fn new() -> Self {
        Self { decoder: Decoder::default(), now: Instant::now() }
    }

    fn pause(&mut self, pause: Duration) -> Vec<Input> {
        let (mut inputs, then) = (Vec::new(), self.now + pause);
        while let Some(patience) = self.decoder.patience(self.now)
            && self.now + patience <= then
        {
            self.now += patience;
            inputs.extend(self.decoder.quiet(self.now));
        }
        self.now = then;
        inputs
    }

    fn send(&mut self, bytes: &[u8]) -> Vec<Input> {
        self.decoder.push(bytes, self.now)
    }
}

fn is_key(input: Option<&Input>, sign: char) -> bool {
    matches!(input, Some(Input::Key(key)) if key.code == crossterm::event::KeyCode::Char(sign))
}

fuzz_target!(|bytes: &[u8]| {
    // However it is cut.
    let whole = Line::new().send(bytes);
    let mut line = Line::new();
    let single: Vec<Input> = bytes.iter().flat_map(|byte| line.send(&[*byte])).collect();
    assert_eq!(single, whole);

    // With pauses: how long one is, how many bytes follow, and those.
    let mut line = Line::new();
    let mut rest = bytes;
    while let [pause, length, after @ ..] = rest {
        let (piece, more) = after.split_at(after.len().min(usize::from(*length)));
        line.pause(Duration::from_millis(u64::from(*pause).pow(2) / 8));
        for input in line.send(piece) {
            if let Input::Key(key) = input
                && let crossterm::event::KeyCode::Char(sign) = key.code
            {
                assert!(!sign.is_control(), "{key:?}");
            }
        }
        rest = more;
    }
    let kept = format!("{:?}", line.decoder);
    assert!(kept.len() < 1_000, "{kept}");

    line.pause(STILL);
    assert!(is_key(line.send(b"\x03").last(), 'c'), "Ctrl-C is lost");
    line.pause(LONG);
    assert_eq!(line.decoder.patience(line.now), None, "something is waited for in vain");
    assert!(is_key(line.send(b"q").first(), 'q'), "the keyboard is lost");
});
