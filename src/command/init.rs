//! `metascope init`: a commented experiments file to start from.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::Path;

use anyhow::{Context, bail};

use super::outcome::{Exit, Misuse};
use crate::experiments::presets;

/// Writes the preset to a file that does not exist yet.
pub fn init(preset: &str, file: &Path) -> anyhow::Result<Exit> {
    let Some(chosen) = presets().iter().find(|known| known.name == preset) else {
        let known: Vec<String> =
            presets().iter().map(|preset| format!("  {:10} {}", preset.name, preset.description)).collect();
        return Err(Misuse(format!("there is no preset {preset:?}; there are\n{}", known.join("\n"))).into());
    };
    let mut output = match OpenOptions::new().write(true).create_new(true).open(file) {
        Ok(output) => output,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => bail!(
            "{} exists and is left as it is; name another file: metascope init --preset {preset} FILE",
            file.display()
        ),
        Err(error) => return Err(error).with_context(|| format!("{} cannot be written", file.display())),
    };
    output
        .write_all(chosen.text.as_bytes())
        .with_context(|| format!("{} could not be written whole", file.display()))?;
    writeln!(std::io::stdout(), "{}: {}", file.display(), chosen.description)?;
    Ok(Exit::Done)
}
