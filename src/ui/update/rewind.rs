//! Time travel as a person asks for it: notch by notch, or playing by itself.

use std::{sync::Arc, time::Duration};

use crate::{
    eval::OverSeeds,
    study::Snapshot,
    ui::state::{
        app::App,
        rewind::{Moment, NOTCHES, Playing},
    },
};

/// A moment of what plays by itself.
const MOMENT: Duration = Duration::from_millis(60);
/// By how much the loss of the system that changes most may change in a moment before the pace falls: the logarithm of a
/// factor, on average over inner steps.
const CHANGE: f64 = 0.04;
/// Most notches in a moment: a quarter more steps.
const FASTEST: usize = 8;

impl App {
    /// Takes in the parameters at a landmark, if they could be found.
    pub fn on_past(&mut self, run: usize, landmark: usize, found: Option<Arc<Snapshot>>) {
        let is_of_course = self.why.courses.take_past(run, landmark, found.as_ref());
        if is_of_course && self.landmark(run) != Some(landmark) {
            return;
        }
        if let Some(run) = self.runs.get_mut(run) {
            run.past.found = Some((landmark, found));
            self.rewind.stale = true;
        }
    }

    /// Brings every run's past to the screen at once, when all of it is known. Whether anything changes.
    pub fn settle(&mut self) -> bool {
        let ready =
            self.rewind.notch.is_some() && self.missing_past().is_none() && self.next_preview().is_none();
        if !ready || !(self.rewind.stale || self.rewind.shown != self.rewind.notch) {
            return false;
        }
        let before = self.rewind.playing.map(|_| self.curves_in_view());
        for index in self.active().collect::<Vec<_>>() {
            let reached = self.landmark(index).is_some();
            let snapshot = self.wanted_snapshot(index).cloned();
            let past = &mut self.runs[index].past;
            past.front = Some(Moment { snapshot, curve: past.curve.clone(), reached });
        }
        self.forget_statistics();
        (self.rewind.shown, self.rewind.stale) = (self.rewind.notch, false);
        if let Some(before) = before {
            let changed = change(&before, &self.curves_in_view());
            self.rewind.playing = self.rewind.playing.map(|playing| playing.after(changed));
        }
        true
    }

    /// The mean test loss of every system whose curve is in view.
    fn curves_in_view(&self) -> Vec<Option<Arc<OverSeeds>>> {
        let curve = |index: usize| {
            let is_in_view = self.view.has_curve_of(index);
            is_in_view.then(|| self.over_seeds(index)).flatten().map(|shown| Arc::clone(&shown.over))
        };
        (0..self.experiments.len()).map(curve).collect()
    }

    /// Looks at the newest networks again.
    pub(in crate::ui) fn return_to_now(&mut self) {
        self.rewind = Default::default();
        self.runs.iter_mut().for_each(|run| run.past.front = None);
        self.forget_statistics();
    }

    /// Moves by notches as a person asks, who has seen enough of what plays by itself.
    pub(in crate::ui) fn travel(&mut self, by: i32) {
        self.rewind.playing = None;
        self.move_on(by);
    }

    /// Moves by notches; past the last one is now.
    fn move_on(&mut self, by: i32) {
        let at = self.rewind.notch.unwrap_or(NOTCHES) as i64 + i64::from(by);
        self.rewind.notch = (at < NOTCHES as i64).then_some(at.max(0) as usize);
        if self.rewind.notch.is_none() {
            self.return_to_now();
        }
    }

    /// Starts at the initialisation, or stops where it is.
    pub(in crate::ui) fn play_or_pause(&mut self) {
        if self.rewind.playing.take().is_none() {
            self.rewind.playing = Some(Playing { last: self.now, pace: 1, moments: 0 });
            self.rewind.notch.get_or_insert(0);
        }
    }

    /// Moves on if it plays and it is time. Whether it did.
    pub(in crate::ui) fn play_on(&mut self) -> bool {
        let Some(playing) = self.rewind.playing else { return false };
        if self.rewind.shown != self.rewind.notch {
            return false;
        }
        // As many as the time says, however seldom it is asked.
        let moments = self.now.saturating_sub(playing.last).as_millis() / MOMENT.as_millis();
        let moments = usize::try_from(moments).unwrap_or(usize::MAX).min(NOTCHES);
        if moments > 0 {
            self.rewind.playing = Some(Playing { last: self.now, moments, ..playing });
            self.move_on((moments * playing.pace) as i32);
        }
        moments > 0
    }
}

impl Playing {
    /// Once what it has moved on to is on screen, which has changed it by so much: the pace at which the next moment
    /// should change it by [`CHANGE`]. It falls at once and rises by doubling.
    fn after(self, changed: f64) -> Self {
        let in_a_moment = changed / self.moments.max(1) as f64;
        let wanted = (self.pace as f64 * CHANGE / in_a_moment.max(1e-6)) as usize;
        Self { pace: wanted.clamp(1, (2 * self.pace).min(FASTEST)), ..self }
    }
}

/// By how much the curve that has changed most has changed: the mean distance of the logarithms of its losses.
fn change(before: &[Option<Arc<OverSeeds>>], now: &[Option<Arc<OverSeeds>>]) -> f64 {
    let of_one = |(before, now): (&Option<Arc<OverSeeds>>, &Option<Arc<OverSeeds>>)| {
        let pairs = before.as_ref()?.mean.iter().zip(&now.as_ref()?.mean);
        let distances: Vec<f64> =
            pairs.map(|(a, b)| (b / a).ln().abs()).filter(|distance| distance.is_finite()).collect();
        Some(distances.iter().sum::<f64>() / distances.len().max(1) as f64)
    };
    before.iter().zip(now).filter_map(of_one).fold(0.0, f64::max)
}
