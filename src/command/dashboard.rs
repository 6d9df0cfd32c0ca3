//! The bare command: the dashboard where there is a person to see it, headless where there is not.

use std::io::Write;

use super::{Exit, run};
use crate::cli::RunArgs;
use crate::ui::{self, End, Options};

/// Trains and shows it; prints the loss table when the dashboard is left.
pub fn dashboard(args: &RunArgs) -> anyhow::Result<Exit> {
    if !ui::is_interactive() {
        return run::run(args, false);
    }
    let (study, session) = run::start(args)?;
    let outcome = ui::run(&study, session, Options::default())?;
    if outcome.end != End::HungUp {
        write!(std::io::stdout(), "{}", outcome.table)?;
    }
    Ok(match outcome.end {
        End::Interrupted => Exit::Interrupted,
        End::Quit | End::HungUp if outcome.failed > 0 => Exit::Failed,
        End::Quit | End::HungUp => Exit::Done,
    })
}
