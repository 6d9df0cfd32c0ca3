//! `metascope init`: a commented experiments file to start from.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::Path;

use anyhow::{Context, bail};

use super::outcome::Exit;
use crate::experiments::Preset;

/// Writes the preset to a file that does not exist yet.
pub fn init(preset: &Preset, file: &Path) -> anyhow::Result<Exit> {
    let mut output = match OpenOptions::new().write(true).create_new(true).open(file) {
        Ok(output) => output,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => bail!(
            "{} exists and is left as it is; name another file: metascope init --preset {} FILE",
            file.display(),
            preset.name
        ),
        Err(error) => return Err(error).with_context(|| format!("{} cannot be written", file.display())),
    };
    output
        .write_all(preset.text.as_bytes())
        .with_context(|| format!("{} could not be written whole", file.display()))?;
    writeln!(std::io::stdout(), "{}: {}", file.display(), preset.description)?;
    Ok(Exit::Done)
}
