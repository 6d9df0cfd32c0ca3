//! What the study reports, taken into the dashboard's state: events, parameters, previews, time.

use std::{sync::Arc, time::Duration};

use crate::{
    eval::Curve,
    results::{
        palette::Rgb,
        text::{count, number},
    },
    study::{Event, Kind, Snapshot, Told},
    ui::{
        state::{
            app::App,
            runs::{Phase, RunState},
            said::So,
        },
        style::Theme,
    },
};

impl App {
    /// Takes in what the study reports.
    pub fn on_event(&mut self, index: usize, event: Event) {
        if index >= self.runs.len() {
            return;
        }
        self.forget_schedule();
        let ended = matches!(event.kind, Kind::Finished { .. } | Kind::Failed { .. });
        match event.kind {
            Kind::Queued { .. } => {
                self.countdown = None;
                self.no_longer(|so| matches!(so, So::Held(runs) if runs.contains(&index)));
            }
            // What a person does may change the time left at once.
            Kind::Paused { .. } | Kind::Stopped { .. } => self.countdown = None,
            _ if ended => self.no_longer(|so| *so == So::Unsaved(index)),
            _ => {}
        }
        if !matches!(event.kind, Kind::Progress { .. }) {
            self.forget_comparisons();
        }
        let run = &mut self.runs[index];
        if let (Some((left, at)), false) = (run.recorded, matches!(event.kind, Kind::Recorded { .. })) {
            return self.on_recorded(index, event, left, at);
        }
        run.loaded &= !matches!(event.kind, Kind::Started { .. } | Kind::Progress { .. });
        if let Kind::Progress { step, steps_per_second, .. } = event.kind {
            let taken = step.saturating_sub(run.step_told) as f64;
            if taken > 0.0 && steps_per_second > 0.0 && !self.quiet {
                self.spent.trained += taken / steps_per_second;
            }
            run.step_told = step;
        }
        if Told::begins_anew(&event) {
            *run = RunState::new(run.experiment, run.seed, run.total);
        }
        run.told.take(&event);
        let by = run.holder.as_ref().map_or(String::new(), |holder| format!(" by {holder}"));
        let Event { run: name, kind } = event;
        match kind {
            Kind::Recorded { at, events } => {
                run.recorded = Some((events, at)).filter(|(events, _)| *events > 0)
            }
            Kind::Started { total_steps } => {
                self.note(format!("{name}: started, {} steps", count(total_steps)), false);
            }
            Kind::Progress { .. } => {}
            Kind::Evaluated { test, curve, .. } => {
                let share = curve.nonfinite.iter().copied().fold(0.0, f64::max);
                let at = |n: usize| {
                    let place = curve.steps.iter().position(|step| *step == n);
                    place.filter(|i| curve.is_answered(*i)).map(|i| number(curve.mean[i]))
                };
                let mut text = format!("{name}: evaluated on {} tasks", count(curve.tasks as u64));
                if let Some(test) = &test {
                    text.push_str(&format!(" of {test}"));
                }
                for n in [0, 1, 10] {
                    if let Some(loss) = at(n) {
                        text.push_str(&format!(", {loss} at n={n}"));
                    }
                }
                if share > 0.0 {
                    text.push_str(&format!("; up to {:.1}% of them not finite", share * 100.0));
                }
                let experiment = run.experiment;
                if !self.quiet && self.was_tested(index) {
                    self.count_test(experiment);
                }
                self.note(text, share > 0.0);
            }
            Kind::Finished { seconds, checkpoint } => {
                let place = checkpoint.as_ref().map(|path| format!(", saved as {path}")).unwrap_or_default();
                self.note(format!("{name}: finished in {seconds:.1} s{place}"), false);
            }
            Kind::Failed { step, error } => {
                let text = format!("{name}: failed at step {}: {error}", count(step));
                self.note(text, true);
            }
            Kind::Unsaved { error, .. } => {
                let text = format!("{name}: not saved for now, training goes on: {error}");
                self.say_while(text.clone(), So::Unsaved(index));
                self.note(text, true);
            }
            Kind::Noted { note, alarming } => {
                let text = format!("{name}: {note}");
                if alarming {
                    self.say(text.clone());
                }
                self.note(text, alarming);
            }
            Kind::Paused { step } => {
                self.note(format!("{name}: paused{by} at step {}", count(step)), false);
            }
            Kind::Stopped { step } => {
                self.note(format!("{name}: stopped{by} at step {}", count(step)), false);
            }
            Kind::Queued { step } => {
                self.ended = None;
                let from = if step == 0 {
                    "from its beginning".to_owned()
                } else {
                    format!("from step {}", count(step))
                };
                self.note(format!("{name}: goes on {from}"), false);
            }
            Kind::Summary { test, seeds, steps, mean, .. } => {
                let test = test.map_or(String::new(), |test| format!(", {test}"));
                let mut text = format!("{name}{test}: mean over {seeds} seeds");
                for (n, mean) in steps.iter().zip(&mean).filter(|(n, _)| [1, 10].contains(*n)) {
                    text.push_str(&format!(", {} at n={n}", number(*mean)));
                }
                self.note(text, false);
            }
        }
    }

    /// Takes in one of the events that were recorded before anybody looked: all of them are one line of the
    /// log, at the time of the last one.
    fn on_recorded(&mut self, index: usize, event: Event, left: usize, at: u64) {
        self.runs[index].recorded = None;
        self.quiet = true;
        self.on_event(index, event);
        self.quiet = false;
        if left > 1 {
            self.runs[index].recorded = Some((left - 1, at));
            return;
        }
        let run = &mut self.runs[index];
        run.loaded = run.has_ended();
        let name = format!("{}, seed {}", self.experiments[run.experiment].settings.name, run.seed);
        let (what, bad) = match &run.phase {
            Phase::Finished { seconds, .. } => (format!("finished in {seconds:.1} s"), false),
            Phase::Failed { step, error } => (format!("failed at step {}: {error}", count(*step)), true),
            _ => (format!("had come to step {}", count(run.step)), false),
        };
        self.note_at(at, format!("{name}: {what}; as recorded"), bad);
    }

    /// Takes in newer parameters of a run.
    pub fn on_snapshot(&mut self, index: usize, snapshot: Arc<Snapshot>) {
        self.forget_schedule();
        if self.own_rate.is_on {
            self.forget_statistics();
        }
        if let Some(run) = self.runs.get_mut(index) {
            if run.is_moving() {
                run.phase = Phase::Training;
            }
            if matches!(run.phase, Phase::Training | Phase::Left) {
                run.step = run.step.max(snapshot.step);
            }
            run.snapshot = Some(snapshot);
        }
    }

    /// Takes in a preview of a run's adaptation curve.
    pub fn on_preview(&mut self, index: usize, preview: (u64, Curve)) {
        self.forget_statistics();
        if let Some(run) = self.runs.get_mut(index) {
            if self.rewind.notch.is_some() {
                run.past.curve = Some(preview);
                self.rewind.stale = true;
            } else {
                (run.preview, run.previewed) = (Some(preview), self.now);
            }
        }
    }

    /// The terminal has said what colour its ground has.
    pub fn on_ground(&mut self, ground: Rgb) {
        if !self.theme_is_said {
            self.styles.theme = Theme::on(ground);
        }
    }

    /// Time went on. Tells whether anything on screen changes by that alone.
    pub fn on_time(&mut self, now: Duration) -> bool {
        let shown = |time: Duration| time.as_secs();
        let mut changed = self.ended.is_none() && shown(now) != shown(self.now);
        self.forget_schedule();
        self.spend(now.saturating_sub(self.now));
        self.now = now;
        self.count_down();
        changed |= self.play_on();
        changed | self.fall_silent()
    }

    /// Every run has ended.
    pub fn on_over(&mut self) {
        if self.ended.is_none() {
            self.ended = Some(self.now);
            let failed = self.failures();
            let words = match failed {
                0 => "every run has ended".to_owned(),
                failed => format!("every run has ended, {failed} of them failed"),
            };
            self.note(words, failed > 0);
        }
    }
}
