//! The study changes trainers: whoever trains it is gone, comes back, or this process takes over.

use std::collections::HashMap;

use crate::{
    study::{Found, Holder},
    ui::state::{
        app::App,
        runs::{Phase, RunState},
        said::So,
        trainers::{Trainer, Trainers},
    },
};

impl App {
    /// Takes in who trains, and whose runs still have somebody. Whether anything on screen changes.
    pub fn on_trainers(&mut self, trainers: Trainers, is_trained: impl Fn(usize) -> bool) -> bool {
        let mut changed = self.trainers != trainers;
        self.forget_schedule();
        let before = std::mem::replace(&mut self.trainers, trainers);
        for run in self.active().collect::<Vec<_>>() {
            let held = is_trained(run);
            let state = &mut self.runs[run];
            match (held, &state.phase) {
                (false, Phase::Queued | Phase::Training) => state.phase = Phase::Left,
                (true, Phase::Left) => state.phase = Phase::Queued,
                _ => continue,
            }
            state.speed = f64::NAN;
            changed = true;
        }
        if self.trains_here() {
            self.no_longer(|so| *so == So::NotHere);
        }
        match (&before.trainer, &self.trainers.trainer) {
            (Trainer::Elsewhere(holder), Trainer::Nobody) if !self.is_over() => {
                let take = format!("; {} goes on here", self.key_of("take-over"));
                let take = if self.trainers.can_take { take.as_str() } else { "" };
                self.note(format!("{holder} has ended, and what it had reached is kept{take}"), true);
            }
            (Trainer::Several(_), Trainer::Nobody) if !self.is_over() => {
                let take = format!("; {} goes on here", self.key_of("take-over"));
                let take = if self.trainers.can_take { take.as_str() } else { "" };
                self.note(format!("nobody trains any more, and what was reached is kept{take}"), true);
            }
            (one, Trainer::Several(_)) if !matches!(one, Trainer::Several(_)) => {
                self.note("several processes train; this one looks on".to_owned(), false);
            }
            (one, Trainer::Elsewhere(holder)) if *one != self.trainers.trainer => {
                self.note(format!("{holder} trains; this process looks on"), false);
            }
            _ => {}
        }
        changed
    }

    /// Takes in which other processes have which runs. Whether anything on screen changes.
    pub fn on_holders(&mut self, holder: impl Fn(usize) -> Option<Holder>) -> bool {
        let mut changed = false;
        for run in self.active().collect::<Vec<_>>() {
            let (state, holder) = (&mut self.runs[run], holder(run));
            changed |= state.holder != holder;
            state.holder = holder;
        }
        changed
    }

    /// This process trains now, or no longer: the runs are known under other numbers, and what is known of
    /// them stays until they tell more.
    pub fn change_hands(&mut self, found: &Found) {
        let mut known: HashMap<(String, u64), RunState> = HashMap::new();
        for run in self.active().collect::<Vec<_>>() {
            let state = self.runs[run].clone();
            let name = self.experiments[state.experiment].settings.name.clone();
            known.insert((name, state.seed), state);
        }
        self.runs.clear();
        for experiment in &mut self.experiments {
            experiment.runs.clear();
        }
        let compared = self.fit.compare;
        self.replan(&found.study, &found.runs, &found.numbers);
        self.fit.compare = compared.filter(|index| *index < self.experiments.len());
        for (run, &number) in found.runs.iter().zip(&found.numbers) {
            let Some(mut state) = known.remove(&(run.settings.name.clone(), run.seed)) else { continue };
            (state.experiment, state.speed) = (run.experiment, f64::NAN);
            if !matches!(state.phase, Phase::Finished { .. } | Phase::Failed { .. }) {
                state.phase = Phase::Queued;
            }
            self.runs[number] = state;
        }
        self.queue.clear();
    }

    /// Asks whoever trains to let go.
    pub(in crate::ui) fn take_over(&mut self) {
        self.effects.push(crate::ui::state::app::Effect::TakeOver);
        let said = match &self.trainers.trainer {
            Trainer::Elsewhere(holder) => format!("{holder} is asked to save and to let go"),
            Trainer::Several(_) => "this process joins them".to_owned(),
            _ => "this process goes on with what is kept".to_owned(),
        };
        self.say_while(said, So::NotHere);
    }
}
