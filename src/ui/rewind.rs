//! Time travel: every view as it was at an earlier step of training.
//!
//! Runs keep their parameters at log-spaced landmarks ([`crate::study::landmarks`]), because a network
//! learns most of what it learns at the start: notch 0 is the initialisation, the last notch the end of
//! training. What is in view is asked of the study, one run after another, and only that is held here.

use std::{sync::Arc, time::Duration};

use super::app::{App, View};
use crate::{
    eval::Curve,
    study::{MOST_LANDMARKS, Snapshot},
};

/// Where in training the views look.
#[derive(Clone, Debug, Default)]
pub struct Rewind {
    /// The notch, 0 to [`NOTCHES`]; `None` is now.
    pub notch: Option<usize>,
    /// Whether it moves on by itself, and when it last did.
    pub playing: Option<Duration>,
}

/// Notches from the initialisation to the end of training.
pub const NOTCHES: usize = MOST_LANDMARKS;

/// Time between notches while it plays.
const NOTCH_TIME: Duration = Duration::from_millis(60);

/// The part of a run's past that is in view.
#[derive(Clone, Debug, Default)]
pub struct Past {
    /// The landmark that was asked for, and what was there.
    pub found: Option<(usize, Option<Arc<Snapshot>>)>,
    /// The curve of the network in view, and its step.
    pub curve: Option<(u64, Curve)>,
}

impl App {
    /// The landmark of a run that the views look at; `None` is the newest parameters.
    fn landmark(&self, run: usize) -> Option<usize> {
        let notch = self.rewind.notch?;
        let run = self.runs.get(run)?;
        let landmarks = &self.experiments.get(run.experiment)?.landmarks;
        let share = notch as f64 / NOTCHES as f64;
        let landmark = (share * landmarks.len().saturating_sub(1) as f64).round() as usize;
        // What it has not reached yet is now.
        let newest = run.snapshot.as_ref().map_or(0, |snapshot| snapshot.step);
        landmarks.get(landmark).is_some_and(|step| *step < newest).then_some(landmark)
    }

    /// A run and landmark in view that have not been asked for yet, those of the view in front first.
    pub fn missing_past(&self) -> Option<(usize, usize)> {
        self.rewind.notch?;
        let wanted = |&run: &usize| {
            let landmark = self.landmark(run)?;
            let known = self.runs[run].past.found.as_ref().map(|(known, _)| *known);
            (known != Some(landmark)).then_some((run, landmark))
        };
        let front = match self.view {
            View::Experiment(index) => self.chosen_run(index),
            _ => None,
        };
        let compared = self.fit.compare.and_then(|index| self.chosen_run(index));
        front.iter().chain(&compared).find_map(wanted).or_else(|| self.active().find_map(|run| wanted(&run)))
    }

    /// Takes in the parameters at a landmark, if they could be found.
    pub fn on_past(&mut self, run: usize, landmark: usize, found: Option<Arc<Snapshot>>) {
        if let Some(run) = self.runs.get_mut(run) {
            run.past.found = Some((landmark, found));
        }
    }

    /// The parameters in view: the newest, or those of the notch.
    pub fn shown_snapshot(&self, run: usize) -> Option<&Arc<Snapshot>> {
        let state = self.runs.get(run)?;
        match (self.landmark(run), &state.past.found) {
            // Until the one asked for is there, the one before it.
            (Some(_), Some((_, found))) => found.as_ref(),
            (Some(_), None) => None,
            (None, _) => state.snapshot.as_ref(),
        }
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
        let Some(last) = self.rewind.playing else { return false };
        // As many notches as the time says, however seldom it is asked.
        let notches = self.now.saturating_sub(last).as_millis() / NOTCH_TIME.as_millis();
        if notches > 0 {
            self.rewind.playing = Some(self.now);
            self.travel(i32::try_from(notches).unwrap_or(i32::MAX));
        }
        notches > 0
    }
}
