//! `metascope schema`: what an editor has to know of experiments files.

use std::io::Write as _;

use super::outcome::Exit;
use crate::experiments::json_schema;

/// What `init` calls it; every experiments file of a folder goes by the same.
pub const FILE: &str = "experiments.schema.json";

/// Prints it.
pub fn schema() -> anyhow::Result<Exit> {
    std::io::stdout().write_all(text()?.as_bytes())?;
    Ok(Exit::Done)
}

/// As a file has it.
pub fn text() -> anyhow::Result<String> {
    Ok(serde_json::to_string_pretty(&json_schema())? + "\n")
}
