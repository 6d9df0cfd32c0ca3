//! What is said to whoever leaves before everything is done: what there is, where, and how it goes on.

use std::path::Path;

use crate::results::Tally;

/// How things stand when somebody leaves.
#[derive(Clone, Copy)]
pub struct Standing<'a> {
    /// How many runs have come how far.
    pub runs: Tally,
    /// Where they are kept, if they are.
    pub folder: Option<&'a Path>,
    /// Others that train them, in words.
    pub trainer: Option<&'a str>,
}

impl Standing<'_> {
    /// A line for a person; empty where everything is done.
    pub fn words(&self) -> String {
        let Tally { done, failed, paused, stopped, all } = self.runs;
        if done + failed >= all {
            return String::new();
        }
        let mut so_far = format!("{done} of {all} runs are done");
        for (many, what) in [(failed, "failed"), (paused, "paused"), (stopped, "stopped")] {
            if many > 0 {
                so_far.push_str(&format!(", {many} {what}"));
            }
        }
        match (self.trainer, self.folder) {
            (Some(holder), _) => {
                format!("Training goes on: {holder}; {so_far}. The same command shows it again.\n")
            }
            (None, Some(folder)) => {
                format!(
                    "{so_far}. All that was reached is kept in {}; the same command goes on.\n",
                    folder.display()
                )
            }
            (None, None) => format!("{so_far}; nothing is kept (--no-save).\n"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_leaves_midway_is_told_what_there_is_and_how_it_goes_on() {
        let folder = Path::new("runs/experiments");
        let runs = Tally { done: 3, failed: 1, paused: 2, stopped: 0, all: 8 };
        let standing = Standing { runs, folder: Some(folder), trainer: None };
        let words = standing.words();
        for part in ["3 of 8 runs", "1 failed, 2 paused.", "runs/experiments", "the same command goes on"] {
            assert!(words.contains(part), "{words}");
        }
        assert!(
            Standing { trainer: Some("process 7 on mango"), ..standing }
                .words()
                .contains("process 7 on mango")
        );
        assert!(Standing { folder: None, ..standing }.words().contains("--no-save"));
        let words = |runs| Standing { runs, ..standing }.words();
        assert_eq!(words(Tally { done: 7, failed: 1, all: 8, ..Tally::default() }), "");
        // What was stopped is over, and not done.
        assert!(
            words(Tally { done: 7, stopped: 1, all: 8, ..Tally::default() })
                .contains("7 of 8 runs are done, 1 stopped")
        );
    }
}
