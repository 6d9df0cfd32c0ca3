//! Time travel: parameters kept from training's past, and the curves of those networks.
//!
//! Steps are log-spaced, because a network learns most of what it learns at the start: notch 0 is the
//! initialisation, the last notch the end of training, and equal ways between them mean equal ratios.

use std::{sync::Arc, time::Duration};

use super::app::App;
use crate::{eval::Curve, study::Snapshot};

/// Where in training the views look.
#[derive(Clone, Debug, Default)]
pub struct Rewind {
    /// The notch, 0 to [`NOTCHES`]; `None` is now.
    pub notch: Option<usize>,
    /// Whether it moves on by itself, and when it last did.
    pub playing: Option<Duration>,
}

/// Notches from the initialisation to the end of training.
pub const NOTCHES: usize = 60;

/// Time between notches while it plays.
const NOTCH_TIME: Duration = Duration::from_millis(150);

/// Snapshots all runs together may keep: 14 kB each at width 40, so at most some 20 MB.
const KEPT: usize = 1_500;

/// A run's past.
#[derive(Clone, Debug, Default)]
pub struct Past {
    /// Parameters at ascending steps.
    snapshots: Vec<Arc<Snapshot>>,
    /// The curve of the network in view, and its step.
    pub curve: Option<(u64, Curve)>,
}

impl Past {
    /// Keeps a snapshot; of more than `most`, the one goes that leaves the smallest gap.
    pub fn keep(&mut self, snapshot: &Arc<Snapshot>, most: usize) {
        if self.snapshots.last().is_some_and(|last| last.step >= snapshot.step) {
            return;
        }
        self.snapshots.push(Arc::clone(snapshot));
        if self.snapshots.len() > most.max(3) {
            let gap = |i: usize| {
                let [before, after] = [i - 1, i + 1].map(|i| self.snapshots[i].step as f64 + 1.0);
                after / before
            };
            let inner = 1..self.snapshots.len() - 1;
            if let Some(least) = inner.min_by(|a, b| gap(*a).total_cmp(&gap(*b))) {
                self.snapshots.remove(least);
            }
        }
    }

    /// The snapshot nearest to this step, by ratio.
    fn nearest(&self, step: f64) -> Option<&Arc<Snapshot>> {
        let distance = |snapshot: &Arc<Snapshot>| ((snapshot.step as f64 + 1.0) / (step + 1.0)).ln().abs();
        self.snapshots.iter().min_by(|a, b| distance(a).total_cmp(&distance(b)))
    }
}

impl App {
    /// Snapshots each run may keep.
    pub(super) fn most_kept(&self) -> usize {
        (KEPT / self.runs.len().max(1)).clamp(8, NOTCHES)
    }

    /// The parameters in view: the newest, or those of the notch.
    pub fn shown_snapshot(&self, run: usize) -> Option<&Arc<Snapshot>> {
        let run = self.runs.get(run)?;
        let Some(notch) = self.rewind.notch else { return run.snapshot.as_ref() };
        // Notch 1 is step 1, the last one the last step.
        let share = notch as f64 / NOTCHES as f64;
        let step = if notch == 0 { 0.0 } else { (run.total as f64).max(1.0).powf(share) };
        run.past.nearest(step)
    }

    /// Moves by notches; past the last one is now.
    pub(super) fn travel(&mut self, by: i32) {
        let at = self.rewind.notch.unwrap_or(NOTCHES) as i64 + i64::from(by);
        self.rewind.notch = (at < NOTCHES as i64).then_some(at.max(0) as usize);
        if self.rewind.notch.is_none() {
            self.rewind.playing = None;
        }
    }

    /// Starts at the initialisation, or stops where it is.
    pub(super) fn play_or_pause(&mut self) {
        if self.rewind.playing.take().is_none() {
            self.rewind.playing = Some(self.now);
            self.rewind.notch.get_or_insert(0);
        }
    }

    /// Moves on if it plays and it is time. Whether it did.
    pub(super) fn play_on(&mut self) -> bool {
        let due = self.rewind.playing.is_some_and(|last| self.now.saturating_sub(last) >= NOTCH_TIME);
        if due {
            self.rewind.playing = Some(self.now);
            self.travel(1);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{config::Activation, config::Precision, model::Weights};

    fn snapshot(step: u64) -> Arc<Snapshot> {
        let (activation, precision) = (Activation::Relu, Precision::F32);
        Arc::new(Snapshot {
            step,
            weights: Weights { hidden: 16, activation, precision, values: Vec::new() },
        })
    }

    #[test]
    fn what_is_kept_is_bounded_and_spread_by_ratio() {
        let mut past = Past::default();
        (0..=40_000).step_by(20).for_each(|step| past.keep(&snapshot(step), 20));
        past.keep(&snapshot(7), 20);
        let steps: Vec<u64> = past.snapshots.iter().map(|snapshot| snapshot.step).collect();
        assert_eq!((steps.len(), steps[0], steps[19]), (20, 0, 40_000));
        assert!(steps.windows(2).all(|pair| pair[0] < pair[1]));
        let early = steps.iter().filter(|step| **step < 4_000).count();
        assert!((7..=17).contains(&early), "{steps:?}");
        assert_eq!(past.nearest(0.0).map(|snapshot| snapshot.step), Some(0));
        assert_eq!(past.nearest(1e9).map(|snapshot| snapshot.step), Some(40_000));
    }
}
