//! `metascope submit`: a Slurm job array whose tasks work on one study together, each `run --join` on its cores, or,
//! on a file system without locks, `run --partition`. The script is written beside the runs, to be read and changed; a task that has to go saves, and comes back.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, anyhow, bail};

use super::inputs::DEFAULT_FILE;
use super::outcome::{Exit, Misuse};
use super::run::narrowed_study;
use crate::cli::{RunArgs, SubmitCommand};
use crate::config::{is_hidden, presentable, printable, read_given};
use crate::experiments::{Study, presets};
use crate::model::Kernels;
use crate::study::{announce_study, has_locks, plan, study_folder, write_out};

/// Tasks where nobody says how many: a job's start costs a second, a run often less.
const TASKS: usize = 8;
/// What Slurm allows by default (MaxArraySize 1001).
const MOST_TASKS: usize = 1_000;
/// Seconds before the end of its time at which a task is told.
const WARNING: u32 = 60;

/// Writes the script and hands it to sbatch; with `--dry-run` only prints it.
pub fn submit(command: &SubmitCommand) -> anyhow::Result<Exit> {
    let args = RunArgs {
        file: command.file.clone(),
        only: command.only.clone(),
        seed: command.seed.clone(),
        out: command.out.clone(),
        ..RunArgs::default()
    };
    let study = narrowed_study(&args)?;
    let runs = plan(&study);
    let study_folder = study_folder(&command.out, &study.name);
    let job = Job::of(command, &study, runs.len())?;
    if command.dry_run {
        std::io::stdout().write_all(job.script(has_locks(&study_folder).unwrap_or(true)).as_bytes())?;
        return Ok(Exit::Done);
    }
    if !is_on_path("sbatch") {
        bail!(
            "there is no sbatch on the PATH: submit on a login node of a cluster with Slurm. Without Slurm, start \
             `metascope run --join` on as many machines as see {} (the documentation says how with ssh, GNU parallel, \
             HyperQueue and Kubernetes); --dry-run prints the script",
            command.out.display()
        );
    }
    fs::create_dir_all(&job.folder).with_context(|| format!("{} cannot be made", job.folder.display()))?;
    // What is trained is what was submitted, whatever becomes of the file meanwhile.
    write(&job.file, text_of(&study)?.as_bytes())?;
    let path = job.folder.join(SCRIPT);
    // Whoever looks on sees what is to come before the first task has started.
    announce_study(&study_folder, &runs)?;
    write(&path, job.script(has_locks(&study_folder).unwrap_or(true)).as_bytes())?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755))
        .with_context(|| format!("{} cannot be made executable", path.display()))?;
    let output =
        Command::new("sbatch").args(&command.sbatch).arg(&path).output().context("sbatch cannot be run")?;
    let said = |bytes: &[u8]| printable(&String::from_utf8_lossy(bytes));
    if !output.status.success() {
        bail!("sbatch has refused {}: {}", path.display(), said(&output.stderr).trim());
    }
    let mut out = std::io::stdout();
    write!(out, "{}", said(&output.stdout))?;
    let words = format!(
        "{} runs, {} tasks; {} is the script\nmetascope watch {} shows them",
        runs.len(),
        job.tasks,
        path.display(),
        study_folder.display()
    );
    writeln!(out, "{}", printable(&words))?;
    Ok(Exit::Done)
}

/// The script's name in its folder.
const SCRIPT: &str = "job.sh";

/// What is asked of Slurm.
struct Job {
    name: String,
    tasks: usize,
    /// At most so many of them at once.
    most: Option<usize>,
    /// Where the script is, and what the tasks say.
    folder: PathBuf,
    /// The experiments file of the tasks.
    file: PathBuf,
    out: PathBuf,
    /// Arguments that choose runs.
    choice: Vec<String>,
    program: PathBuf,
    kernel: &'static str,
}

impl Job {
    fn of(command: &SubmitCommand, study: &Study, runs: usize) -> anyhow::Result<Self> {
        let (tasks, most) = command.tasks.map_or((TASKS, None), |tasks| (tasks.tasks, tasks.most));
        if tasks > MOST_TASKS {
            let text = format!(
                "--tasks {tasks}: Slurm takes {MOST_TASKS} tasks an array by default, and each of them claims runs \
                 until none is left: {TASKS} to 100 do for any number of runs"
            );
            return Err(Misuse(text).into());
        }
        // The tasks start in other folders, and on other machines.
        let absolute = |path: &Path| std::path::absolute(path).with_context(|| format!("{}", path.display()));
        let folder = absolute(&study_folder(&command.out, &study.name))?.join("submit");
        let name = study.path.as_ref().and_then(|path| path.file_name()).unwrap_or(OsStr::new(DEFAULT_FILE));
        // In one word, so that a name that begins like an option is none.
        let only = command.only.iter().map(|name| format!("--only={name}"));
        let seeds = command.seed.iter().flat_map(|seed| ["--seed".to_owned(), seed.to_string()]);
        let job = Self {
            name: study.name.clone(),
            // More than there are runs would only wait.
            tasks: tasks.min(runs.max(1)),
            most,
            file: folder.join(name),
            folder,
            out: absolute(&command.out)?,
            choice: only.chain(seeds).collect(),
            program: std::env::current_exe().context("this program does not know where it is")?,
            kernel: Kernels::fastest().name(),
        };
        job.refuse_unsayable()?;
        Ok(job)
    }

    /// Refuses what a job script cannot say: its comments to sbatch end with their line, and what a terminal obeys
    /// or does not show would stand there unseen.
    fn refuse_unsayable(&self) -> anyhow::Result<()> {
        let paths = [&self.program, &self.file, &self.out, &self.folder].map(|path| path.as_os_str());
        for word in paths.into_iter().chain(self.choice.iter().map(OsStr::new)) {
            let is_plain = word.to_str().is_some_and(|word| !word.chars().any(is_hidden));
            // sbatch takes a backslash in the log's path as one of its own.
            if !is_plain || (word == self.folder.as_os_str() && word.as_encoded_bytes().contains(&b'\\')) {
                let shown = presentable(&word.to_string_lossy(), 200);
                let text = format!(
                    "{shown}: this cannot be said in a job script, which has no place for line ends, other \
                     characters that are not shown, bytes that are not UTF-8, and a backslash in a folder's name: \
                     rename it, or name another folder with --out"
                );
                return Err(Misuse(text).into());
            }
        }
        Ok(())
    }

    /// The script of tasks that share the study, or that each have a part of it.
    fn script(&self, shares: bool) -> String {
        let quoted = |path: &Path| quote(&path.to_string_lossy());
        let mut script = String::from("#!/bin/bash\n");
        let mut line = |text: &str| {
            // Writing to a string cannot fail.
            let _ = writeln!(script, "{text}");
        };
        let throttle = self.most.map_or(String::new(), |most| format!("%{most}"));
        let logs = self.folder.join("%A_%a.log");
        line(if shares {
            "# Written by `metascope submit`: so many tasks work on one study together. Each claims one run after\n\
             # another until none is left, and what it leaves half done another one goes on with, to the same bits."
        } else {
            "# Written by `metascope submit`: so many tasks work on one study. Its file system has no locks, so each has\n\
             # a part of its own. --force: a part that a killed task has left is gone on with, once it gives no sign of life."
        });
        line(
            "# Everything may be changed; what sbatch is told on its command line counts more than what stands here.",
        );
        line(&format!("#SBATCH --job-name={}", quote_option(&presentable(&self.name, 60))));
        line(&format!("#SBATCH --array=1-{}{throttle}", self.tasks));
        line("#SBATCH --ntasks=1");
        line("# Worker threads: --jobs follows SLURM_CPUS_PER_TASK.");
        line("#SBATCH --cpus-per-task=1");
        line("# A task that is preempted, or whose machine fails, is put into the queue again.");
        line("#SBATCH --requeue");
        line("#SBATCH --open-mode=append");
        line(&format!("#SBATCH --output={}", quote_option(&pattern(&logs))));
        line(&format!(
            "# {WARNING} seconds before its time is up this script is told, and only this script."
        ));
        line(&format!("#SBATCH --signal=B:TERM@{WARNING}"));
        line("");
        line(
            "# Other kernels round differently, and a run goes on only with those it was begun with: all tasks use these,",
        );
        line("# and a machine that has not got them says so and leaves the runs to the others.");
        line(&format!("export METASCOPE_KERNEL={}", self.kernel));
        line("");
        let which = if shares {
            "--join".to_owned()
        } else {
            format!("--force --partition \"$SLURM_ARRAY_TASK_ID/{}\"", self.tasks)
        };
        let mut words = vec![quoted(&self.program), "run".to_owned(), quoted(&self.file), which];
        words.extend(["--out".to_owned(), quoted(&self.out)]);
        words.extend(self.choice.iter().map(|word| quote(word)));
        line(&format!("{} &", words.join(" ")));
        for text in TAIL.lines() {
            line(text);
        }
        script
    }
}

/// What follows the start of the program in the script.
const TAIL: &str = r#"program=$!

# Whoever wants this task to end wants the program to save and to end.
trap 'kill -TERM "$program" 2>/dev/null' TERM INT USR1 USR2 XCPU
wait "$program"
code=$?
# A signal ends a wait and not the program.
while kill -0 "$program" 2>/dev/null; do
    wait "$program"
    code=$?
done

# 130: it has saved and ended before its work was done. Above 128: something has ended it. In both cases this task, and
# not its whole array, comes back, unless somebody has cancelled it.
if [ "$code" -ge 128 ]; then
    task=${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}
    if [ "$(squeue --noheader --jobs="$task" --format=%T 2>/dev/null)" = RUNNING ]; then
        echo "ended with $code; back into the queue"
        scontrol requeue "$task"
    fi
fi
exit "$code"
"#;

/// Writes a file beside the runs.
fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    write_out(path, bytes).with_context(|| format!("{} cannot be written", path.display()))
}

/// The study's file, as it is now.
fn text_of(study: &Study) -> anyhow::Result<String> {
    match &study.path {
        Some(path) => {
            let bytes = read_given(path, u64::MAX).map_err(anyhow::Error::from);
            let text = bytes.and_then(|bytes| Ok(String::from_utf8(bytes)?));
            text.with_context(|| format!("{} cannot be read", path.display()))
        }
        None => presets().first().map(|preset| preset.text.to_owned()).ok_or_else(|| anyhow!("no preset")),
    }
}

fn is_on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// A word as a shell takes it.
fn quote(word: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-+=,".contains(&byte);
    if !word.is_empty() && word.bytes().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// A word as sbatch takes it in a comment.
fn quote_option(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+=,%:@".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("\"{}\"", word.replace('\\', r"\\").replace('"', "\\\""))
    }
}

/// A path with the places that Slurm fills in, at its end; what looks like one before that is none.
fn pattern(path: &Path) -> String {
    let folder = path.parent().map(|folder| folder.to_string_lossy().replace('%', "%%")).unwrap_or_default();
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    format!("{folder}/{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_reach_the_shell_as_they_are() {
        for (word, quoted) in [
            ("/home/me/runs", "/home/me/runs"),
            ("First-order MAML", "'First-order MAML'"),
            ("it's $HOME", r"'it'\''s $HOME'"),
            ("", "''"),
        ] {
            assert_eq!(quote(word), quoted);
            let said =
                Command::new("sh").args(["-c", &format!("printf %s {quoted}")]).output().expect("a shell");
            assert_eq!(String::from_utf8_lossy(&said.stdout), word);
        }
        assert_eq!(quote_option("a b"), "\"a b\"");
        assert_eq!(quote_option("a#b;c"), "\"a#b;c\"");
        assert_eq!(pattern(Path::new("/at/100%/%A_%a.log")), "/at/100%%/%A_%a.log");
    }
}
