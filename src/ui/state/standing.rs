//! What follows for this process from who trains the study, and for how long it has been worked on.

use std::time::Duration;

use super::{
    app::App,
    runs::Phase,
    trainers::{Trainer, crowd},
};
use crate::config::presentable;

impl App {
    /// Whether this process trains, so that runs can be steered and the file edited.
    pub fn trains_here(&self) -> bool {
        self.trainers.trainer == Trainer::Here
    }

    /// Whether nobody trains what has not ended.
    pub fn is_left(&self) -> bool {
        self.trainers.trainer == Trainer::Nobody && !self.is_over()
    }

    /// For how long the study has been worked on, by all processes; where nobody knows, since the dashboard
    /// opened.
    pub fn elapsed(&self) -> Duration {
        self.trainers.worked.or(self.ended).unwrap_or(self.now)
    }

    /// What follows "paused" or "stopped" of these runs: the key with which they go on, if that is up to this process, or
    /// who has them, if another one that shares the study does.
    pub fn how_it_goes_on(&self, runs: &[usize]) -> String {
        let held = || runs.iter().map(|run| &self.runs[*run]);
        let held = || held().filter(|run| matches!(run.phase, Phase::Paused | Phase::Stopped));
        match held().find_map(|run| run.holder.as_ref()) {
            Some(holder) if held().all(|run| run.holder.is_some()) => {
                format!(" by PID {} on {}", holder.pid, presentable(&holder.host, 24))
            }
            _ if self.trains_here() => format!(": {} goes on", self.key_of("pause")),
            _ => String::new(),
        }
    }

    /// Why an action that is not offered does nothing.
    pub(in crate::ui) fn refusal(&self) -> String {
        let can = |does: &str| match self.trainers.can_take {
            true => format!(": {} {does}", self.key_of("take-over")),
            false => "; this view only looks on".to_owned(),
        };
        let take = can("takes over");
        match &self.trainers.trainer {
            Trainer::Here => "this process trains already".to_owned(),
            Trainer::Elsewhere(holder) if self.trainers.asked => {
                format!("{holder} was asked to save and to let go; waiting for it")
            }
            Trainer::Elsewhere(holder) => format!("{holder} trains these runs{take}"),
            Trainer::Several(holders) => {
                let join = can("joins them");
                format!("{} train these runs{join}", crowd(holders))
            }
            Trainer::Nobody => format!("nothing trains these runs{take}"),
        }
    }
}
