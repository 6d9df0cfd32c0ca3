//! One file a command, and what their outcomes are to a shell.

mod analyse;
mod bench;
mod check;
mod completions;
mod dashboard;
mod eval;
mod excerpt;
mod export;
mod farewell;
mod first_start;
mod gradient;
mod init;
mod inputs;
mod man;
mod notes;
mod outcome;
mod preferences;
mod run;
mod schema;
mod submit;
mod tasks;
mod test_tasks;
mod train_or_watch;
mod verify;

pub use outcome::Exit;
pub use tasks::parse_tasks;

use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use signal_hook::consts::SIGXFSZ;

use crate::cli::{Cli, Command};
use crate::config::{Problems, printable};
use crate::model::Kernels;
use outcome::Misuse;

/// Parses the command line, runs the command, reports an error on stderr.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    // A file that may not grow any further is an error of writing it, as a full disk is, and no end.
    let _ = signal_hook::flag::register(SIGXFSZ, Arc::default());
    if let Err(error) = kernels_asked_for() {
        eprintln!("{error}");
        return ExitCode::from(2);
    }
    let outcome = match cli.command {
        None => dashboard::dashboard(&cli.dashboard, &cli.screen),
        Some(Command::Run(command)) => run::run(&command),
        Some(Command::Check { file }) => check::check(file.as_deref()),
        Some(Command::Init { preset, file }) => init::init(&preset, &file),
        Some(Command::Schema) => schema::schema(),
        Some(Command::Eval(command)) => eval::eval(&command),
        Some(Command::Gradient(command)) => gradient::gradient(&command),
        Some(Command::Tasks(command)) => test_tasks::tasks(&command),
        Some(Command::Analyse(command)) => analyse::analyse(&command),
        Some(Command::Watch { dirs, screen }) => dashboard::watch(&dirs, &screen),
        Some(Command::Export(command)) => export::export(&command),
        Some(Command::Submit(command)) => submit::submit(&command),
        Some(Command::Verify(command)) => verify::verify(&command),
        Some(Command::Bench { json }) => bench::bench(json),
        Some(Command::Completions { shell }) => completions::completions(shell),
        Some(Command::Man) => man::man(),
    };
    match outcome {
        Ok(Exit::Done) => ExitCode::SUCCESS,
        Ok(Exit::Failed) => ExitCode::from(1),
        Ok(Exit::Interrupted) => ExitCode::from(130),
        Err(error) if is_broken_pipe(&error) => ExitCode::from(1),
        // Files are written with their names in the error; what comes without one was meant for stdout.
        Err(error) if error.chain().count() == 1 && error.is::<std::io::Error>() => {
            eprintln!("the output could not be written: {error}");
            ExitCode::from(1)
        }
        Err(error) => {
            let problems = error.downcast_ref::<Problems>();
            match problems.and_then(excerpt::on_terminal) {
                Some(shown) => eprint!("{shown}"),
                None => eprintln!("{}", printable(&format!("{error:#}"))),
            }
            ExitCode::from(if problems.is_some() || error.is::<Misuse>() { 2 } else { 1 })
        }
    }
}

/// Refuses kernels asked for by METASCOPE_KERNEL that are not to be had: results would silently have other bits.
fn kernels_asked_for() -> Result<(), String> {
    let Ok(asked) = std::env::var("METASCOPE_KERNEL") else { return Ok(()) };
    let mut names: Vec<&str> =
        Kernels::available().flat_map(|kernels| [kernels.name(), kernels.instructions()]).collect();
    names.sort_unstable();
    names.dedup();
    if asked.is_empty() || names.contains(&asked.as_str()) {
        return Ok(());
    }
    let names = names.join(", ");
    Err(format!("METASCOPE_KERNEL={}: this processor has {names}", printable(&asked)))
}

/// Whether whoever read our output has left, which needs no words.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let io = error.downcast_ref::<std::io::Error>();
    io.is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}
