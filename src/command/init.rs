//! `metascope init`: a commented experiments file to start from, and beside it the schema that its first line
//! names, so that editors complete and check it.

use std::io::{self, ErrorKind, Write as _};
use std::path::Path;

use anyhow::{Context, bail};

use super::outcome::Exit;
use super::schema;
use crate::config::{printable, read_given};
use crate::experiments::Preset;
use crate::study::write_new;

/// Writes the preset to a file that does not exist yet.
pub fn init(preset: &Preset, file: &Path) -> anyhow::Result<Exit> {
    let text = format!("#:schema ./{}\n{}", schema::FILE, preset.text);
    match write_new(file, text.as_bytes()) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::AlreadyExists => bail!(
            "{} exists and is left as it is; name another file: metascope init --preset {} FILE",
            file.display(),
            preset.name
        ),
        Err(error) => return Err(error).with_context(|| format!("{} cannot be written", file.display())),
    }
    writeln!(io::stdout(), "{}", printable(&format!("{}: {}", file.display(), preset.description)))?;
    for (name, text) in preset.tables {
        let beside = file.with_file_name(name);
        match write_new(&beside, text.as_bytes()) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::AlreadyExists && holds(&beside, text) => {}
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                let path = printable(&beside.display().to_string());
                let _ = writeln!(io::stderr(), "{path} is another one and is left as it is");
            }
            Err(error) => {
                return Err(error).with_context(|| format!("{} cannot be written", beside.display()));
            }
        }
    }
    let beside = file.with_file_name(schema::FILE);
    let text = schema::text()?;
    match write_new(&beside, text.as_bytes()) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            if !holds(&beside, &text) {
                let path = printable(&beside.display().to_string());
                let note = format!(
                    "{path} is another one and is left as it is; `metascope schema` prints this one's"
                );
                // Nobody may be left to read it.
                let _ = writeln!(io::stderr(), "{note}");
            }
        }
        Err(error) => return Err(error).with_context(|| format!("{} cannot be written", beside.display())),
    }
    Ok(Exit::Done)
}

/// Whether a file is this text; what is no file, or does not end there, is not.
fn holds(path: &Path, text: &str) -> bool {
    read_given(path, text.len() as u64).is_ok_and(|found| found == text.as_bytes())
}
