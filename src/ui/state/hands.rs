//! In whose hands the study is: this process's, another's, or nobody's. What may be done here and what the
//! header says follow from it.

use std::time::Duration;

use super::app::App;
use crate::study::Holder;

/// Who trains.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Trainer {
    /// This process.
    #[default]
    Here,
    /// Another process.
    Elsewhere(Holder),
    /// Nobody: whoever trained is gone.
    Nobody,
}

/// In whose hands the study is, and what is known from there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hands {
    /// Who trains.
    pub trainer: Trainer,
    /// Whether this process can take it over.
    pub can_take: bool,
    /// Whether it was asked for, and has not been given yet.
    pub asked: bool,
    /// For how long something of the study has been worked on, where that is known.
    pub worked: Option<Duration>,
    /// Worker threads, where that is known.
    pub jobs: Option<usize>,
}

impl App {
    /// Whether this process trains, so that runs can be steered and the file edited.
    pub fn trains_here(&self) -> bool {
        self.hands.trainer == Trainer::Here
    }

    /// Whether nobody trains what has not ended.
    pub fn is_left(&self) -> bool {
        self.hands.trainer == Trainer::Nobody && !self.is_over()
    }

    /// For how long the study has been worked on, by all processes; where nobody knows, since the dashboard
    /// opened.
    pub fn elapsed(&self) -> Duration {
        self.hands.worked.or(self.ended).unwrap_or(self.now)
    }

    /// Why an action that is not offered does nothing.
    pub(in crate::ui) fn refusal(&self) -> String {
        let take = if self.hands.can_take { ": O takes over" } else { "; this view only looks on" };
        match &self.hands.trainer {
            Trainer::Here => "this process trains already".to_owned(),
            Trainer::Elsewhere(holder) if self.hands.asked => {
                format!("{holder} was asked to save and to let go; waiting for it")
            }
            Trainer::Elsewhere(holder) => format!("{holder} trains these runs{take}"),
            Trainer::Nobody => format!("nothing trains these runs{take}"),
        }
    }
}
