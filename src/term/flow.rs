//! What is on its way to the terminal: on a slow line little at a time, so that what is on screen is never older
//! than the line makes it, and a key is not answered behind a queue of frames.
//!
//! That a frame was taken the terminal says itself: behind each it is asked how it is (`ESC [ 5 n`, which
//! terminals have answered since the VT100, in four bytes that are no key). How long the answers to long and
//! short frames take tells how fast the line is: a frame that would fill it for longer is sent in pieces, and
//! the next piece when the last one should have left. A terminal that has never answered is not waited for, and
//! is soon not asked any more: then frames are sent as before, a few a second.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

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
/// How long the last answer of a terminal is waited for before it is given back, and the first one.
const PARTING: Duration = Duration::from_secs(2);
const GREETING: Duration = Duration::from_millis(500);
/// Frames that answer nobody leave the line free for at least as long as they take, and this long at most: what
/// is on screen should be newer than two seconds.
const LONGEST: Duration = Duration::from_millis(900);

/// How long a piece of a frame may fill the line, and one that answers a key.
const PIECE: Duration = Duration::from_millis(200);
const ANSWER: Duration = Duration::from_millis(400);
/// No piece is shorter, in bytes: the row that changes most.
const SHORTEST: usize = 1_024;
/// Frames that have fewer bytes, or differ by fewer, say little of the line.
const TELLING: usize = 1_000;
/// Pieces on their way to a terminal that answers: the line is full while an answer comes back.
const AT_ONCE: usize = 2;

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

/// What the next frame is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Showing how things are.
    News,
    /// Answering a key.
    Answer,
    /// What is left of the last one.
    Rest,
}

/// A frame on its way, or a piece of one.
#[derive(Clone, Copy, Debug)]
struct Sent {
    at: Instant,
    bytes: usize,
    /// Behind another that was on its way.
    queued: bool,
}

/// When how much of a frame may be sent.
#[derive(Debug)]
pub struct Flow {
    line: Line,
    /// What has not been taken, as far as is known.
    flying: VecDeque<Sent>,
    /// What was sent last, and when the last answer came.
    last: Option<Sent>,
    taken: Option<Instant>,
    /// How long the last one was on its way, and the terminal's answer.
    took: Duration,
    /// Bytes of the frame that was answered soonest, and how soon.
    soonest: Option<(usize, Duration)>,
    /// Bytes a second, once frames of different lengths have been answered.
    rate: Option<f64>,
    /// Shortest time between two frames.
    shortest: Duration,
}

impl Flow {
    /// With at most so many frames a second, where somebody has said so.
    pub fn new(most: Option<u16>) -> Self {
        Self {
            line: Line::Unknown(None),
            flying: VecDeque::new(),
            last: None,
            taken: None,
            took: Duration::ZERO,
            soonest: None,
            rate: None,
            shortest: most.map_or(Duration::ZERO, |most| Duration::from_secs(1) / u32::from(most.max(1))),
        }
    }

    /// How many bytes the next frame may have; what is left of it is to wait.
    pub fn piece(&self, purpose: Purpose) -> usize {
        let time = if purpose == Purpose::Answer { ANSWER } else { PIECE };
        self.rate.map_or(usize::MAX, |rate| SHORTEST.max((rate * time.as_secs_f64()) as usize))
    }

    /// A frame of so many bytes was sent. Whether the terminal is to be asked if it has it.
    pub fn send(&mut self, at: Instant, bytes: usize) -> bool {
        let sent = Sent { at, bytes, queued: !self.flying.is_empty() };
        self.last = Some(sent);
        if let Line::Unknown(None) = self.line {
            self.line = Line::Unknown(Some(at));
        }
        if self.line == Line::Silent {
            return false;
        }
        self.flying.push_back(sent);
        true
    }

    /// The terminal has answered.
    pub fn take(&mut self, now: Instant) {
        self.line = Line::Answers;
        if let Some(sent) = self.flying.pop_front() {
            self.took = now - sent.at;
            let apart = self.taken.filter(|_| sent.queued).map(|before| now - before);
            self.learn(sent.bytes, self.took, apart);
        }
        self.taken = Some(now);
    }

    /// What is learnt of the line from how long a frame of so many bytes took, with the way back of its answer, and
    /// how long after the one before it was answered, if it was sent behind that.
    fn learn(&mut self, bytes: usize, took: Duration, apart: Option<Duration>) {
        let Some((fewer, soonest)) = self.soonest else {
            self.soonest = Some((bytes, took));
            return;
        };
        let (length, took_seconds) = (bytes as f64, took.as_secs_f64());
        // Of two that leave one after the other the second takes the time between the answers, unless the line was
        // free in between: then it took no longer than the soonest, but for its bytes.
        let behind = apart.map(|apart| apart.as_secs_f64()).filter(|apart| bytes >= TELLING && *apart > 0.0);
        let behind = behind.map(|apart| (apart, length / apart)).filter(|(apart, rate)| {
            let waited = took_seconds - apart >= soonest.as_secs_f64() - fewer as f64 / rate;
            self.rate.is_none() || fewer < bytes && waited
        });
        // Of two that each had the line for themselves the longer takes longer, by its bytes.
        let (more, longer) = (length - fewer as f64, took_seconds - soonest.as_secs_f64());
        let beside = (more.abs() >= TELLING as f64 && more * longer > 0.0).then(|| more / longer);
        if let Some(rate) = behind.map(|(_, rate)| rate).or(beside) {
            // One answer that was early, or late, for another reason changes little, and pieces that are too long
            // cost more than such as are too short.
            self.rate = Some(match self.rate {
                Some(known) if rate > known => known + (rate.min(known * 2.0) - known) / 3.0,
                Some(known) => rate.max(known / 2.0),
                None => rate,
            });
        }
        // Another way may have become the shortest.
        self.soonest = Some(if took <= soonest { (bytes, took) } else { (fewer, soonest.mul_f64(1.002)) });
    }

    /// There may be another terminal at the other end, which has to show whether it answers.
    pub fn begin_again(&mut self) {
        *self = Self { shortest: self.shortest, ..Self::new(None) };
    }

    /// Until when to wait for answers that are still to come, before somebody else reads them, for who leaves now:
    /// not at all if there are none, and not for long while it is not known whether the terminal answers.
    pub fn awaited(&self, now: Instant) -> Option<Instant> {
        match self.line {
            _ if self.flying.is_empty() => None,
            Line::Answers => Some(now + PARTING),
            Line::Unknown(asked) => asked.map(|asked| asked + GREETING),
            Line::Silent => None,
        }
    }

    /// How long the next frame has to wait; zero if it may be sent.
    pub fn wait(&mut self, now: Instant, purpose: Purpose) -> Duration {
        let Some(last) = self.last else { return Duration::ZERO };
        let since = now - last.at;
        let after = |time: Duration| time.saturating_sub(since);
        if let Line::Unknown(Some(asked)) = self.line
            && now - asked >= SILENT
        {
            self.line = Line::Silent;
            self.flying.clear();
        }
        // Whoever has pressed a key need not wait for the answer of what has left.
        let at_once = AT_ONCE + usize::from(purpose == Purpose::Answer);
        let line = match (self.line, self.flying.len()) {
            (Line::Silent, _) => Duration::ZERO,
            (Line::Unknown(_), 0..UNKNOWN) => Duration::ZERO,
            (Line::Unknown(_), _) => after(CAREFUL),
            (Line::Answers, 0) if purpose != Purpose::News => Duration::ZERO,
            // A free line is left free for a while, for the keys that may come.
            (Line::Answers, 0) => {
                let free = self.taken.map_or(since, |taken| now - taken);
                self.took.min(LONGEST).saturating_sub(free)
            }
            // It has left by then, if it has not arrived.
            (Line::Answers, flying) if purpose != Purpose::News && flying < at_once => {
                let leaves = self.rate.map(|rate| Duration::from_secs_f64(last.bytes as f64 / rate));
                after(leaves.unwrap_or(LOST).min(LOST))
            }
            (Line::Answers, _) => after(LOST),
        };
        if since >= LOST && self.line == Line::Answers {
            // Given up on.
            self.flying.clear();
        }
        // A piece is no frame.
        if purpose == Purpose::Rest { line } else { line.max(after(self.shortest)) }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        Purpose::{Answer, News, Rest},
        *,
    };

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn one_frame_is_in_flight_once_the_terminal_has_answered() {
        let start = Instant::now();
        let mut flow = Flow::new(None);
        assert!(flow.wait(start, Answer).is_zero());
        assert!(flow.send(start, 1_000));
        flow.take(start + 400 * MS);
        assert!(flow.wait(start + 400 * MS, Answer).is_zero(), "a key is answered at once");
        let free = flow.wait(start + 400 * MS, News);
        assert_eq!(free, 400 * MS, "what answers nobody leaves the line free for as long");
        assert!(flow.send(start + 500 * MS, 1_000));
        assert!(flow.awaited(start).is_some());
        assert!(flow.wait(start + 600 * MS, Answer) > 1_000 * MS);
        flow.take(start + 900 * MS);
        assert!(flow.wait(start + 900 * MS, Answer).is_zero() && flow.awaited(start).is_none());
    }

    /// A line that takes so many bytes a second, and answers 300 ms after the last of them.
    fn answered(flow: &mut Flow, at: Instant, bytes: usize, rate: f64) -> Instant {
        assert!(flow.send(at, bytes));
        let then = at + Duration::from_secs_f64(bytes as f64 / rate) + 300 * MS;
        flow.take(then);
        then
    }

    #[test]
    fn a_slow_line_gets_frames_in_pieces() {
        let start = Instant::now();
        let mut flow = Flow::new(None);
        assert_eq!(flow.piece(News), usize::MAX);
        let mut now = start;
        for bytes in [16_000, 2_000, 4_000] {
            now = answered(&mut flow, now, bytes, 8_000.0);
        }
        for (piece, expected) in [(flow.piece(News), 1_600), (flow.piece(Answer), 3_200)] {
            assert!(piece.abs_diff(expected) < 100, "{piece} for {expected}");
        }
        // The rest of a frame follows when the piece has left, before it is answered; no third but for a key.
        flow.send(now, 3_200);
        let wait = flow.wait(now, Rest);
        assert!((390 * MS..410 * MS).contains(&wait), "{wait:?}");
        assert!(flow.wait(now, News) > 1_000 * MS);
        flow.send(now + wait, 3_200);
        assert!(flow.wait(now + 2 * wait, Rest) > 1_000 * MS);
        assert!(flow.wait(now + 2 * wait, Answer) < 20 * MS);
        flow.take(now + wait + 300 * MS);
        let wait = flow.wait(now + wait + 300 * MS, Rest);
        assert!((80 * MS..110 * MS).contains(&wait), "{wait:?}");
        flow.take(now + 1_100 * MS);
        assert_eq!(flow.awaited(start), None);
        // Another line is soon known.
        for bytes in [4_000, 2_000].repeat(6) {
            now = answered(&mut flow, now + 2_000 * MS, bytes, 100_000.0);
        }
        assert!(flow.piece(News) > 5 * 1_600, "{}", flow.piece(News));
    }

    #[test]
    fn a_line_is_known_from_the_first_frames() {
        let start = Instant::now();
        let mut flow = Flow::new(None);
        // They are sent at once, before anything is known, and leave one after the other.
        let (mut leaves, mut answers) = (start, Vec::new());
        for bytes in [16_000, 8_000, 2_000] {
            flow.send(start, bytes);
            leaves += Duration::from_secs_f64(bytes as f64 / 8_000.0);
            answers.push(leaves + 300 * MS);
        }
        answers.into_iter().for_each(|answer| flow.take(answer));
        assert_eq!(flow.piece(News), 1_600);
    }

    #[test]
    fn a_lost_answer_does_not_stop_the_screen() {
        let start = Instant::now();
        let mut flow = Flow::new(None);
        flow.send(start, 1_000);
        flow.take(start + MS);
        flow.send(start + 100 * MS, 1_000);
        assert!(flow.wait(start + 100 * MS + LOST, Answer).is_zero());
        flow.send(start + 200 * MS + LOST, 1_000);
        flow.take(start + 300 * MS + LOST);
        assert!(flow.wait(start + 300 * MS + LOST, Answer).is_zero());
    }

    #[test]
    fn a_terminal_that_does_not_answer_is_not_waited_for() {
        let start = Instant::now();
        let mut flow = Flow::new(None);
        for frame in 0..3u32 {
            assert!(flow.wait(start + frame * 125 * MS, News).is_zero(), "{frame}");
            assert!(flow.send(start + frame * 125 * MS, 1_000));
        }
        // Carefully, until it is known not to answer.
        assert_eq!(flow.wait(start + 350 * MS, Answer), 400 * MS);
        assert!(flow.wait(start + 750 * MS, Answer).is_zero());
        assert!(flow.wait(start + SILENT, Answer).is_zero());
        assert!(!flow.send(start + SILENT, 1_000), "it is not asked any more");
        assert!(flow.wait(start + SILENT + MS, News).is_zero());
        assert_eq!(flow.awaited(start), None);
        // Another terminal at the other end may answer.
        flow.begin_again();
        assert!(flow.send(start + 2 * SILENT, 1_000));
    }

    #[test]
    fn there_are_no_more_frames_a_second_than_asked_for() {
        let start = Instant::now();
        let mut flow = Flow::new(Some(4));
        flow.send(start, 1_000);
        flow.take(start + MS);
        assert_eq!(flow.wait(start + 50 * MS, Answer), 200 * MS);
        assert!(flow.wait(start + 50 * MS, Rest).is_zero());
        flow.begin_again();
        flow.send(start, 1_000);
        assert_eq!(flow.wait(start + 50 * MS, Answer), 200 * MS);
    }
}
