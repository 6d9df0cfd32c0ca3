//! `metascope man`: the manual page, one for all commands, from the same definitions as `--help`.

use std::io::{self, Write as _};

use clap::{Command, CommandFactory as _};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use super::outcome::{Exit, MEANINGS};
use crate::cli::Cli;

/// What the environment can say, and what follows.
const ENVIRONMENT: [(&str, &str); 5] = [
    (
        "METASCOPE_KERNEL",
        "portable: compute with the kernels that every machine has, whatever this one can; avx2 and avx512 \
         choose between two that give the same results",
    ),
    ("METASCOPE_THEME", "dark, light or auto: as --theme, which goes first"),
    ("COLORFGBG", "whether the ground is light, for the theme auto, until the terminal has said it"),
    ("NO_COLOR", "no colours, unless --color is given"),
    ("VISUAL, EDITOR", "the editor that e opens in the dashboard"),
];

/// Prints the page.
pub fn man() -> anyhow::Result<Exit> {
    let mut page = Vec::new();
    write(&mut page)?;
    io::stdout().write_all(&page)?;
    Ok(Exit::Done)
}

fn write(page: &mut Vec<u8>) -> io::Result<()> {
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    let man = Man::new(command.clone()).manual("Metascope Manual");
    man.render_title(page)?;
    man.render_name_section(page)?;
    man.render_synopsis_section(page)?;
    man.render_description_section(page)?;
    man.render_options_section(page)?;
    heading(page, "SH", "COMMANDS")?;
    for command in command.get_subcommands() {
        write_command(page, command)?;
    }
    list(page, "ENVIRONMENT", ENVIRONMENT)?;
    list(page, "EXIT STATUS", MEANINGS.map(|(code, meaning)| (code.to_string(), meaning)))
}

/// A command of the page, with a heading of its own.
fn write_command(page: &mut Vec<u8>, command: &Command) -> io::Result<()> {
    heading(page, "SS", command.get_bin_name().unwrap_or(command.get_name()))?;
    let man = Man::new(command.clone());
    let parts = [Man::render_synopsis_section, Man::render_description_section, Man::render_options_section];
    for (place, part) in parts.iter().enumerate() {
        let mut section = Vec::new();
        part(&man, &mut section)?;
        // Without the heading, which is there to stand at the left edge, and what goes before it.
        let text = String::from_utf8_lossy(&section);
        if let Some((_, body)) = text.split_once("\n.SH ").and_then(|(_, rest)| rest.split_once('\n')) {
            if place > 0 {
                page.extend_from_slice(b".PP\n");
            }
            page.extend_from_slice(body.as_bytes());
        }
    }
    Ok(())
}

fn heading(page: &mut Vec<u8>, level: &str, words: &str) -> io::Result<()> {
    Roff::new().control(level, [words]).to_writer(page)
}

/// A section of terms and what they mean.
fn list<T: Into<String>>(
    page: &mut Vec<u8>,
    title: &str,
    entries: impl IntoIterator<Item = (T, &'static str)>,
) -> io::Result<()> {
    let mut roff = Roff::new();
    roff.control("SH", [title]);
    for (term, meaning) in entries {
        roff.control("TP", []).text([bold(term)]).text([roman(meaning)]);
    }
    roff.to_writer(page)
}
