//! What commands are given by name: the experiments file and checkpoints, with errors that say whether the
//! file or the person has to change.

use std::path::Path;

use clap::CommandFactory;

use super::outcome::Misuse;
use crate::cli::Cli;
use crate::config::LoadError;
use crate::experiments::{self, Study};
use crate::learner::read_checkpoint;
use crate::model::{Checkpoint, CheckpointError, Metadata, Shapes, Weights};

/// The experiments file of a person who names none.
pub const DEFAULT_FILE: &str = "experiments.toml";

/// The experiments file a person means: the one named, else `./experiments.toml`, else the copy built
/// into the program.
pub fn study(file: Option<&Path>) -> anyhow::Result<Study> {
    if file == Some(Path::new("-")) && !file.is_some_and(Path::exists) {
        let text = "-: standard input is read by `check` alone; a study is called after its file".to_owned();
        return Err(Misuse(text).into());
    }
    if let Some(meant) = file.filter(|file| !file.exists()).and_then(command_meant) {
        let word = file.unwrap_or(Path::new("")).display();
        let text = format!("there is no command or file {word}; did you mean `metascope {meant}`?");
        return Err(Misuse(text).into());
    }
    load_study(file).map_err(|error| match error {
        LoadError::Problems(problems) => problems.into(),
        LoadError::Io { .. } => anyhow::anyhow!("{error}"),
    })
}

/// The command that somebody has mistyped, where a word is almost one: no command is a file's name.
fn command_meant(file: &Path) -> Option<String> {
    let word = file.to_str().filter(|word| !word.contains(['/', '.']))?;
    let cli = Cli::command();
    let names = cli.get_subcommands().map(|command| command.get_name().to_owned());
    let near = names.map(|name| (strsim::damerau_levenshtein(word, &name), name));
    near.filter(|(distance, name)| *distance <= 2 && *distance * 2 < name.len()).min().map(|(_, name)| name)
}

/// The same, with the problems of the file as they were found.
pub fn load_study(file: Option<&Path>) -> Result<Study, LoadError> {
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
pub fn adapt_at(weights: &mut Weights, inner_lr: Option<f64>) -> anyhow::Result<()> {
    let Some(inner_lr) = inner_lr else { return Ok(()) };
    if !weights.adaptation.inner.has_rate() {
        let text = "--inner-lr: this checkpoint's learner has no single inner rate to be changed";
        return Err(Misuse(text.to_owned()).into());
    }
    weights.adaptation.inner_lr = inner_lr;
    Ok(())
}

/// Reads a checkpoint: 1 if it cannot be read, 2 if it is none.
pub fn checkpoint(path: &Path) -> anyhow::Result<Weights> {
    read_checkpoint(path).map(|checkpoint| checkpoint.weights).map_err(|error| {
        let text = format!("{} {error}", path.display());
        match error {
            CheckpointError::Io(_) => anyhow::anyhow!(text),
            CheckpointError::Malformed(_) => Misuse(text).into(),
        }
    })
}

/// Reads somebody's gradient at these weights: the same tensors, in either number type.
pub fn gradient_of(weights: &Weights, path: &Path) -> anyhow::Result<Weights> {
    let (shown, like) = (path.display(), |_: &Metadata, _: Shapes<'_>| Ok(weights.adaptation.clone()));
    let theirs = match Checkpoint::read(path, &like) {
        Ok(checkpoint) => checkpoint.weights,
        Err(CheckpointError::Io(error)) => anyhow::bail!("{shown} cannot be read: {error}"),
        Err(CheckpointError::Malformed(error)) => {
            return Err(Misuse(format!("{shown} is no such gradient: {error}")).into());
        }
    };
    let shape = |weights: &Weights| weights.model.shape_in_words();
    if theirs.tensors() != weights.tensors() {
        let (is, asked) = (shape(&theirs), shape(weights));
        return Err(Misuse(format!(
            "{shown} is a gradient of another network: {is}; the checkpoint's is {asked}"
        ))
        .into());
    }
    Ok(theirs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_command_is_not_taken_for_a_file() {
        for (word, meant) in [("chek", "check"), ("ru", "run"), ("exprot", "export"), ("wacth", "watch")] {
            assert_eq!(command_meant(Path::new(word)).as_deref(), Some(meant));
            let said = study(Some(Path::new(word))).expect_err("no such file").to_string();
            assert!(said.contains(&format!("`metascope {meant}`")), "{said}");
        }
        for word in ["study.toml", "./chek", "experiments", "x", "deeper"] {
            assert_eq!(command_meant(Path::new(word)), None, "{word}");
        }
    }
}
