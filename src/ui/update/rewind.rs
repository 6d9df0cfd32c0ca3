//! Time travel as a person asks for it: notch by notch, or playing by itself.

use std::{sync::Arc, time::Duration};

use crate::{
    study::Snapshot,
    ui::state::{
        app::App,
        rewind::{Moment, NOTCHES},
    },
};

/// Time between notches while it plays.
const NOTCH_TIME: Duration = Duration::from_millis(60);

impl App {
    /// Takes in the parameters at a landmark, if they could be found.
    pub fn on_past(&mut self, run: usize, landmark: usize, found: Option<Arc<Snapshot>>) {
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
        for index in self.active().collect::<Vec<_>>() {
            let reached = self.landmark(index).is_some();
            let snapshot = self.wanted_snapshot(index).cloned();
            let past = &mut self.runs[index].past;
            past.front = Some(Moment { snapshot, curve: past.curve.clone(), reached });
        }
        (self.rewind.shown, self.rewind.stale) = (self.rewind.notch, false);
        true
    }

    /// Looks at the newest networks again.
    pub(in crate::ui) fn return_to_now(&mut self) {
        self.rewind = Default::default();
        self.runs.iter_mut().for_each(|run| run.past.front = None);
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
            self.rewind.playing = Some(self.now);
            self.rewind.notch.get_or_insert(0);
        }
    }

    /// Moves on if it plays and it is time. Whether it did.
    pub(in crate::ui) fn play_on(&mut self) -> bool {
        let Some(last) = self.rewind.playing else { return false };
        if self.rewind.shown != self.rewind.notch {
            return false;
        }
        // As many notches as the time says, however seldom it is asked.
        let notches = self.now.saturating_sub(last).as_millis() / NOTCH_TIME.as_millis();
        if notches > 0 {
            self.rewind.playing = Some(self.now);
            self.move_on(i32::try_from(notches).unwrap_or(i32::MAX));
        }
        notches > 0
    }
}
