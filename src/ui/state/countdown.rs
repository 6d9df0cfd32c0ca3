//! The time that something still takes, as it is shown: a range as long as it rests on guesses, and without jumps, which
//! every first report of an experiment would make.

use std::time::Duration;

use crate::results::text::clock;

/// By how much of itself a time that is shown may change in a second, besides that second's going by and a second more.
pub const SHARE: f64 = 0.3;

/// What is guessed may take so many times as long, or as short: a tenfold network, or a kernel that suits it better.
pub const DOUBT: f64 = 2.0;

/// A range is one number where its ends are no further apart than this factor, ...
const ALIKE: f64 = 1.2;
/// ... or than so many seconds.
const SHORT: f64 = 5.0;

/// How long something still takes, in seconds: at least, at most.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Remaining {
    /// If what is guessed takes less time.
    pub low: f64,
    /// If it takes more.
    pub high: f64,
}

impl Remaining {
    /// The shortest and the longest of several that have to end.
    pub fn last(self, other: Self) -> Self {
        Self { low: self.low.max(other.low), high: self.high.max(other.high) }
    }

    /// The shortest of several of which one has to begin.
    pub fn first(self, other: Self) -> Self {
        Self { low: self.low.min(other.low), high: self.high.min(other.high) }
    }

    /// One number for it: if everything takes as long as guessed.
    pub fn middle(self) -> f64 {
        self.low + (self.high - self.low) / (1.0 + DOUBT)
    }

    /// What is shown so many seconds after this was, where `found` has been worked out by now: this less the seconds,
    /// and as far towards what was found as it may change in that time.
    pub fn follow(self, found: Self, seconds: f64) -> Self {
        let follow = |shown: f64, found: f64| {
            let expected = (shown - seconds).max(0.0);
            let most = (SHARE * expected + 1.0) * seconds;
            expected + (found - expected).clamp(-most, most)
        };
        Self { low: follow(self.low, found.low), high: follow(self.high, found.high) }
    }

    /// This, so many seconds later.
    pub fn later(self, seconds: f64) -> Self {
        Self { low: (self.low - seconds).max(0.0), high: (self.high - seconds).max(0.0) }
    }

    /// A part of `whole`, if that is shown as `shown`.
    pub fn in_proportion(self, whole: Self, shown: Self) -> Self {
        let part = |part: f64, whole: f64, shown: f64| part * shown / whole.max(1e-9);
        Self { low: part(self.low, whole.low, shown.low), high: part(self.high, whole.high, shown.high) }
    }

    /// In words: `1:20`, or `1:20-3:10` as long as nobody knows.
    pub fn words(self) -> String {
        let seconds = |time: f64| clock(Duration::try_from_secs_f64(time).unwrap_or(Duration::MAX));
        if self.high <= f64::max(self.low * ALIKE, self.low + SHORT) {
            return seconds(self.middle());
        }
        format!("{}-{}", seconds(self.low), seconds(self.high))
    }
}

/// The time left as it is shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Countdown {
    /// What was shown last, ...
    pub shown: Remaining,
    /// ... and when.
    pub at: Duration,
}

impl Countdown {
    /// What is shown now, by what was shown before and what is worked out now; nothing where nothing can be.
    pub fn at(before: Option<Self>, found: Option<Remaining>, now: Duration) -> Option<Self> {
        let found = found?;
        let shown = before
            .map_or(found, |before| before.shown.follow(found, now.saturating_sub(before.at).as_secs_f64()));
        Some(Self { shown, at: now })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn range(low: f64, high: f64) -> Remaining {
        Remaining { low, high }
    }

    #[test]
    fn a_range_is_one_number_once_its_ends_are_alike() {
        assert_eq!(range(80.0, 190.0).words(), "1:20-3:10");
        assert_eq!(range(80.0, 90.0).words(), "1:23");
        assert_eq!(range(1.0, 5.0).words(), "0:02");
        assert_eq!(range(3_000.0, 9_000.0).words(), "50:00-2:30:00");
        // Longer than any clock.
        assert!(!range(1e300, 1e301).words().is_empty());
    }

    #[test]
    fn what_is_found_at_once_is_shown_within_a_few_seconds() {
        let (mut shown, found) = (range(84.0, 84.0), |second: f64| range(180.0 - second, 180.0 - second));
        for second in 1..=10 {
            shown = shown.follow(found(f64::from(second)), 1.0);
        }
        assert_eq!(shown, found(10.0));
    }

    proptest! {
        /// Whatever is worked out, and however often it is looked at.
        #[test]
        fn it_never_jumps(found in proptest::collection::vec((0.0..1e4, 1.0..5.0, 1..20_usize), 1..60)) {
            let (mut now, mut countdown) = (0.0, None);
            for (low, factor, looks) in found {
                let before = countdown.map(|known: Countdown| known.shown);
                // A second, in so many looks.
                for _ in 0..looks {
                    now += 1.0 / looks as f64;
                    let time = Duration::from_secs_f64(now);
                    countdown = Countdown::at(countdown, Some(range(low, low * factor)), time);
                }
                let Some(Remaining { low, high }) = before else { continue };
                let shown = countdown.expect("something was found").shown;
                for (before, now) in [(low, shown.low), (high, shown.high)] {
                    // In small pieces a share of a share comes to it.
                    let most = (SHARE.exp() - 1.0) * (before + 1.0) + 1.0;
                    let expected = f64::max(before - 1.0, 0.0);
                    prop_assert!((now - expected).abs() <= most + 1e-6, "{before} and a second later {now}");
                }
                prop_assert!(shown.low <= shown.high + 1e-9);
            }
        }
    }
}
