//! One file a command, and what their outcomes are to a shell.

mod bench;
mod check;
mod dashboard;
mod eval;
mod export;
mod gradient;
mod init;
mod run;
mod tasks;

pub use tasks::parse_tasks;

use std::path::Path;
use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Command};
use crate::config::LoadError;
use crate::experiments::{self, Study};
use crate::learner::read_checkpoint;
use crate::model::{CheckpointError, Weights};

/// How a command ended, in the words of its exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0.
    Done,
    /// 1: failed while working; what failed has been said.
    Failed,
    /// 130: a person stopped it.
    Interrupted,
}

/// Bad arguments or configuration: exit code 2. The text is one or more lines for a person.
#[derive(Debug)]
struct Misuse(String);

impl std::fmt::Display for Misuse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Misuse {}

/// Parses the command line, runs the command, reports an error on stderr.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome = match cli.command {
        None => dashboard::dashboard(&cli.dashboard, &cli.screen),
        Some(Command::Run(command)) => run::run(&command.args, command.json),
        Some(Command::Check { file }) => check::check(file.as_deref()),
        Some(Command::Init { preset, file }) => init::init(&preset, &file),
        Some(Command::Eval(command)) => eval::eval(&command),
        Some(Command::Gradient(command)) => gradient::gradient(&command),
        Some(Command::Watch { dir, screen }) => dashboard::watch(&dir, &screen),
        Some(Command::Export(command)) => export::export(&command),
        Some(Command::Bench { json }) => bench::bench(json),
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
            eprintln!("{error:#}");
            ExitCode::from(if error.is::<Misuse>() { 2 } else { 1 })
        }
    }
}

/// Whether whoever read our output has left, which needs no words.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let io = error.downcast_ref::<std::io::Error>();
    io.is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}

/// The experiments file of a person who names none.
const DEFAULT_FILE: &str = "experiments.toml";

/// The experiments file a person means: the one named, else `./experiments.toml`, else the copy built
/// into the program.
fn study(file: Option<&Path>) -> anyhow::Result<Study> {
    load_study(file).map_err(|error| match error {
        LoadError::Problems(problems) => Misuse(problems.to_string()).into(),
        LoadError::Io { .. } => anyhow::anyhow!("{error}"),
    })
}

fn load_study(file: Option<&Path>) -> Result<Study, LoadError> {
    let default = Path::new(DEFAULT_FILE);
    match file {
        Some(file) => experiments::load(file),
        // Also a link that leads nowhere: what is named and missing must be said.
        None if default.symlink_metadata().is_ok() => experiments::load(default),
        None => experiments::parse("experiments", None, experiments::presets()[0].text)
            .map_err(LoadError::Problems),
    }
}

/// Has weights adapt at the rate that a person gave, where one was given and there is such a rate.
fn adapt_at(weights: &mut Weights, inner_lr: Option<f64>) -> anyhow::Result<()> {
    let Some(inner_lr) = inner_lr else { return Ok(()) };
    if !weights.adaptation.inner.has_rate() {
        let text = "--inner-lr: this checkpoint's learner has no single inner rate to be changed";
        return Err(Misuse(text.to_owned()).into());
    }
    weights.adaptation.inner_lr = inner_lr;
    Ok(())
}

/// Reads a checkpoint: 1 if it cannot be read, 2 if it is none.
fn checkpoint(path: &Path) -> anyhow::Result<Weights> {
    read_checkpoint(path).map(|checkpoint| checkpoint.weights).map_err(|error| {
        let text = format!("{} {error}", path.display());
        match error {
            CheckpointError::Io(_) => anyhow::anyhow!(text),
            CheckpointError::Malformed(_) => Misuse(text).into(),
        }
    })
}
