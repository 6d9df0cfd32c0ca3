//! One frame in flight: on a slow line the next frame is drawn when the terminal has taken the last one, so that
//! what is on screen is never older than the line makes it, and a key is not answered behind a queue of frames.
//!
//! That a frame was taken the terminal says itself: behind each it is asked how it is (`ESC [ 5 n`, which
//! terminals have answered since the VT100, in four bytes that are no key). One that has never answered is not
//! waited for, and is soon not asked any more: then frames are sent as before, a few a second.

use std::time::{Duration, Instant};

/// Asks the terminal how it is; it answers once it has taken all that was sent before.
pub const QUESTION: &str = "\x1b[5n";

/// A terminal that has not answered by then does not answer: the slowest line that one can work on takes three
/// seconds for the first screen.
const SILENT: Duration = Duration::from_secs(4);
/// Frames on their way while it is not known whether the terminal answers.
const UNKNOWN: usize = 3;
/// After that many, until it has answered, one in this time.
const CAREFUL: Duration = Duration::from_millis(500);
/// An answer that has not come by then was lost, with the line's other end.
const LOST: Duration = Duration::from_secs(5);
/// Frames that answer nobody leave the line free for at least as long as they take, and this long at most: what
/// is on screen should be newer than two seconds.
const LONGEST: Duration = Duration::from_millis(900);

/// What is known of the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    /// Nothing yet; since then it was asked.
    Unknown(Option<Instant>),
    /// It answers.
    Answers,
    /// It does not.
    Silent,
}

/// When frames may be sent.
#[derive(Debug)]
pub struct Flow {
    line: Line,
    /// Frames that have not been taken, as far as is known.
    flying: usize,
    /// When the last frame was sent, and when the last one was taken.
    sent: Option<Instant>,
    taken: Option<Instant>,
    /// How long the last frame was on its way, and the terminal's answer.
    took: Duration,
    /// Shortest time between two frames.
    shortest: Duration,
}

impl Flow {
    /// With at most so many frames a second, where somebody has said so.
    pub fn new(most: Option<u16>) -> Self {
        let shortest = most.map_or(Duration::ZERO, |most| Duration::from_secs(1) / u32::from(most.max(1)));
        let (line, took) = (Line::Unknown(None), Duration::ZERO);
        Self { line, flying: 0, sent: None, taken: None, took, shortest }
    }

    /// A frame was sent. Whether the terminal is to be asked if it has it.
    pub fn send(&mut self, now: Instant) -> bool {
        self.sent = Some(now);
        if let Line::Unknown(None) = self.line {
            self.line = Line::Unknown(Some(now));
        }
        let asks = self.line != Line::Silent;
        self.flying = if asks { self.flying + 1 } else { 0 };
        asks
    }

    /// The terminal has answered.
    pub fn take(&mut self, now: Instant) {
        self.line = Line::Answers;
        self.flying = self.flying.saturating_sub(1);
        if self.flying == 0 {
            self.took = self.sent.map_or(Duration::ZERO, |sent| now - sent);
        }
        self.taken = Some(now);
    }

    /// There may be another terminal at the other end, which has to show whether it answers.
    pub fn begin_again(&mut self) {
        *self = Self { shortest: self.shortest, ..Self::new(None) };
    }

    /// Whether an answer is still to come from a terminal that does answer.
    pub fn is_awaited(&self) -> bool {
        self.line == Line::Answers && self.flying > 0
    }

    /// How long the next frame has to wait, which answers a key or not; zero if it may be sent.
    pub fn wait(&mut self, now: Instant, answers: bool) -> Duration {
        let Some(sent) = self.sent else { return Duration::ZERO };
        let since = now - sent;
        let after = |time: Duration| time.saturating_sub(since);
        if let Line::Unknown(Some(asked)) = self.line
            && now - asked >= SILENT
        {
            (self.line, self.flying) = (Line::Silent, 0);
        }
        let line = match self.line {
            Line::Silent => Duration::ZERO,
            Line::Unknown(_) if self.flying < UNKNOWN => Duration::ZERO,
            Line::Unknown(_) => after(CAREFUL),
            Line::Answers if self.flying > 0 => after(LOST),
            // A free line is left free for a while, for the keys that may come.
            Line::Answers if !answers => {
                let free = self.taken.map_or(since, |taken| now - taken);
                self.took.min(LONGEST).saturating_sub(free)
            }
            Line::Answers => Duration::ZERO,
        };
        if self.flying > 0 && line.is_zero() && self.line == Line::Answers {
            // Given up on.
            self.flying = 0;
        }
        line.max(after(self.shortest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn one_frame_is_in_flight_once_the_terminal_has_answered() {
        let start = Instant::now();
        let mut flow = Flow::new(None);
        assert!(flow.wait(start, true).is_zero());
        assert!(flow.send(start));
        flow.take(start + 400 * MS);
        assert!(flow.wait(start + 400 * MS, true).is_zero(), "a key is answered at once");
        let free = flow.wait(start + 400 * MS, false);
        assert_eq!(free, 400 * MS, "what answers nobody leaves the line free for as long");
        assert!(flow.send(start + 500 * MS));
        assert!(flow.is_awaited());
        assert!(flow.wait(start + 600 * MS, true) > 1_000 * MS);
        flow.take(start + 900 * MS);
        assert!(flow.wait(start + 900 * MS, true).is_zero() && !flow.is_awaited());
    }

    #[test]
    fn a_lost_answer_does_not_stop_the_screen() {
        let start = Instant::now();
        let mut flow = Flow::new(None);
        flow.send(start);
        flow.take(start + MS);
        flow.send(start + 100 * MS);
        assert!(flow.wait(start + 100 * MS + LOST, true).is_zero());
        flow.send(start + 200 * MS + LOST);
        flow.take(start + 300 * MS + LOST);
        assert!(flow.wait(start + 300 * MS + LOST, true).is_zero());
    }

    #[test]
    fn a_terminal_that_does_not_answer_is_not_waited_for() {
        let start = Instant::now();
        let mut flow = Flow::new(None);
        for frame in 0..3u32 {
            assert!(flow.wait(start + frame * 125 * MS, false).is_zero(), "{frame}");
            assert!(flow.send(start + frame * 125 * MS));
        }
        // Carefully, until it is known not to answer.
        assert_eq!(flow.wait(start + 350 * MS, true), 400 * MS);
        assert!(flow.wait(start + 750 * MS, true).is_zero());
        assert!(flow.wait(start + SILENT, true).is_zero());
        assert!(!flow.send(start + SILENT), "it is not asked any more");
        assert!(flow.wait(start + SILENT + MS, false).is_zero());
        assert!(!flow.is_awaited());
        // Another terminal at the other end may answer.
        flow.begin_again();
        assert!(flow.send(start + 2 * SILENT));
    }

    #[test]
    fn there_are_no_more_frames_a_second_than_asked_for() {
        let start = Instant::now();
        let mut flow = Flow::new(Some(4));
        flow.send(start);
        flow.take(start + MS);
        assert_eq!(flow.wait(start + 50 * MS, true), 200 * MS);
        flow.begin_again();
        flow.send(start);
        assert_eq!(flow.wait(start + 50 * MS, true), 200 * MS);
    }
}
