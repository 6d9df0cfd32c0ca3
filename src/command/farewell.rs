//! What is said to whoever leaves before everything is done: what there is, where, and how it goes on.

use std::path::Path;

/// How things stand when somebody leaves.
#[derive(Clone, Copy)]
pub struct Standing<'a> {
    /// Runs that are done, and all of them.
    pub runs: (usize, usize),
    /// Where they are kept, if they are.
    pub folder: Option<&'a Path>,
    /// Others that train them, in words.
    pub trainer: Option<&'a str>,
}

impl Standing<'_> {
    /// A line for a person; empty where everything is done.
    pub fn words(&self) -> String {
        let (done, all) = self.runs;
        if done >= all {
            return String::new();
        }
        let so_far = format!("{done} of {all} runs are done");
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
        let standing = Standing { runs: (3, 8), folder: Some(folder), trainer: None };
        let words = standing.words();
        for part in ["3 of 8 runs", "runs/experiments", "the same command goes on"] {
            assert!(words.contains(part), "{words}");
        }
        assert!(
            Standing { trainer: Some("process 7 on mango"), ..standing }
                .words()
                .contains("process 7 on mango")
        );
        assert!(Standing { folder: None, ..standing }.words().contains("--no-save"));
        assert_eq!(Standing { runs: (8, 8), ..standing }.words(), "");
    }
}
