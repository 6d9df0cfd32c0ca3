//! `metascope completions`: what a shell loads to complete the commands, their options and the presets.

use std::io::Write as _;

use clap::CommandFactory as _;
use clap_complete::{Shell, generate};

use super::outcome::Exit;
use crate::cli::Cli;

/// Prints the completions for this shell.
pub fn completions(shell: Shell) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    generate(shell, &mut Cli::command(), env!("CARGO_PKG_NAME"), &mut script);
    std::io::stdout().write_all(&script)?;
    Ok(Exit::Done)
}
