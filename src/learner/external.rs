//! Somebody else's learner: nothing is trained here. Its answers to the frozen test tasks are read from a file, and tested,
//! drawn and compared as those of any other.

use super::trainer::{Settings, Trainable, Trainer};
use super::{Cost, Learner, Training};
use crate::config::{Domain, Keys, settings};
use crate::model::{Adaptation, Answered, Kernels, Scale};

settings! {
    /// What it has of its own.
    pub struct ExternalSettings {
        /// A CSV file with the answers: the columns seed, task, x and y; its place is seen from this file (external).
        predictions: Option<String> =
            Domain::Text { longest: 500, what: "the name of a file" }, None, .added_later();
        /// SHA-256 of that file: every run has it in its settings, and where it is given, the file has to have it (external).
        predictions_sha256: Option<String> =
            Domain::Text { longest: 64, what: "64 hexadecimal digits" }, None, .added_later();
    }
}

/// The answers of another program.
#[derive(Clone, Copy, Debug)]
pub struct External;

impl Learner for External {
    fn name(&self) -> &'static str {
        "external"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &["predictions", "answers", "mine", "csv", "file"]
    }

    fn title(&self) -> &'static str {
        "answers of another program"
    }

    fn paper(&self) -> &'static str {
        "yours"
    }

    fn keys(&self) -> &'static [&'static str] {
        &[]
    }

    fn own_keys(&self) -> &'static Keys {
        ExternalSettings::keys()
    }

    fn rule(&self, _: &Training) -> &'static [&'static str] {
        &["nothing is trained here: the answers are read"]
    }

    fn settings(&self, settings: &Training) -> String {
        let file = ExternalSettings::new(&settings.own).predictions.unwrap_or_default();
        format!("Answers of {}.", crate::config::presentable(&file, 60))
    }

    fn notes(&self, _: &Training) -> &'static [&'static str] {
        &[
            "It answers the same frozen test tasks as the others: `metascope tasks` writes them for other programs. Where nothing is answered there is nothing to see: no point of a curve, no fit.",
            "Look for: where it is lower than the others, and whether it still is with other seeds, which are rows of the same file.",
        ]
    }

    fn cost(&self, _: &Training) -> Cost {
        Cost { support: 0, query: 0, hessian_products: 0 }
    }

    fn bench(&self) -> Vec<(&'static str, Training)> {
        Vec::new()
    }

    fn trains(&self) -> bool {
        false
    }

    fn uses_query(&self) -> bool {
        false
    }

    fn reads_answers(&self) -> bool {
        true
    }

    /// That of no answers: whoever has read some knows them.
    fn adaptation(&self, _: &Training, _: Scale) -> Adaptation {
        Answered::adaptation(None)
    }
}

impl Trainable for External {
    fn trainer(&self, (_, _, model): Settings<'_>, seed: u64, _: Kernels) -> Trainer {
        Trainer::untrained(Answered::weights(None, *model, seed))
    }
}
