//! What the command line accepts.

use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser as _};
use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;

use crate::experiments::{Preset, presets};
use crate::study::Partition;

/// Watch neural networks learn to learn: transfer learning, MAML, first-order MAML and Reptile train side
/// by side on few-shot sine regression.
///
/// Without a command the dashboard opens; without a terminal it trains headless, as `run` does.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
pub struct Cli {
    /// What to do; without a command, the dashboard.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The dashboard's arguments.
    #[command(flatten)]
    pub dashboard: RunArgs,
    /// The screen's arguments.
    #[command(flatten)]
    pub screen: ScreenArgs,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Train without a screen and print the loss table.
    Run(RunCommand),
    /// Report every problem of an experiments file, as FILE:LINE:COL.
    Check {
        /// The experiments file [default: experiments.toml, else the built-in copy].
        file: Option<PathBuf>,
    },
    /// Write a commented experiments file, and its schema for editors beside it; never overwrites one.
    Init {
        /// Which one.
        #[arg(long, value_name = "NAME", default_value = presets()[0].name, value_parser = preset())]
        preset: Preset,
        /// Where to.
        #[arg(default_value = "experiments.toml")]
        file: PathBuf,
    },
    /// Adapt a checkpoint to tasks from a file and print its test losses.
    Eval(EvalCommand),
    /// Compute the meta-gradient of a checkpoint over tasks from a file.
    Gradient(GradientCommand),
    /// Print the frozen test tasks of a study, for other programs to learn from and to answer.
    Tasks(TasksCommand),
    /// Take a checkpoint's first steps on the tasks of a file apart: what each point, layer and unit does.
    Analyse(AnalyseCommand),
    /// The dashboard, read-only, over runs that are being trained elsewhere or have been.
    Watch {
        /// A run's folder, an experiment's, a study's, or one that holds studies; or several, whose runs with
        /// the same settings are one experiment.
        #[arg(required = true, value_name = "DIR", value_hint = ValueHint::DirPath)]
        dirs: Vec<PathBuf>,
        /// The screen's arguments.
        #[command(flatten)]
        screen: ScreenArgs,
    },
    /// Write the results of run folders for other programs.
    Export(ExportCommand),
    /// Have a Slurm job array work on a study, each task on runs that it claims.
    Submit(SubmitCommand),
    /// Train finished runs again and compare every byte.
    Verify(VerifyCommand),
    /// Measure microseconds per task of every learner, beside this core's FMA peak.
    Bench {
        /// Print one JSON object instead of a table.
        #[arg(long)]
        json: bool,
    },
    /// Print the JSON Schema of experiments files, for editors.
    Schema,
    /// Print what a shell has to load to complete these commands.
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Print the manual page, for man -l or a folder of man1.
    Man,
}

/// What the dashboard takes besides.
#[derive(Clone, Debug, Default, Args)]
pub struct ScreenArgs {
    /// Draw with ASCII only [default: by the locale].
    #[arg(long)]
    pub ascii: bool,
    /// How many colours [default: 16, more where the terminal announces them].
    #[arg(long, value_enum, value_name = "DEPTH")]
    pub color: Option<Color>,
    /// Dark or light ground [default: METASCOPE_THEME, else auto].
    #[arg(long, value_enum, value_name = "GROUND")]
    pub theme: Option<Theme>,
    /// At most so many frames a second [default: 5, more while keys are pressed, fewer on a slow line].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=60))]
    pub fps: Option<u16>,
    /// When the line drops: finish training without a screen, or stop at once.
    #[arg(long, value_enum, value_name = "WHAT", default_value = "finish")]
    pub on_hangup: OnHangup,
}

/// `--color`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// None at all.
    Never,
    /// The terminal's sixteen.
    #[value(name = "16")]
    Sixteen,
    /// The 256 of xterm.
    #[value(name = "256")]
    Indexed,
    /// 24 bits.
    True,
}

/// `--theme`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Theme {
    /// Light letters on dark ground.
    Dark,
    /// Dark letters on light ground.
    Light,
    /// As the terminal says when it is asked, until then in COLORFGBG; dark if it says nothing.
    Auto,
}

/// `--on-hangup`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum OnHangup {
    /// Train to the end, recording.
    #[default]
    Finish,
    /// Save and stop.
    Stop,
}

/// What the dashboard and `run` have in common.
#[derive(Clone, Debug, Default, Args)]
pub struct RunArgs {
    /// The experiments file [default: experiments.toml, else the built-in copy].
    pub file: Option<PathBuf>,
    /// Train only this experiment; may be repeated.
    #[arg(long, value_name = "NAME")]
    pub only: Vec<String>,
    /// Train these seeds instead of the file's; may be repeated.
    #[arg(long, value_name = "N")]
    pub seed: Vec<u64>,
    /// Worker threads [default: SLURM_CPUS_PER_TASK, else one a core].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub jobs: Option<u16>,
    /// Where run folders go.
    #[arg(long, value_name = "DIR", default_value = "runs", value_hint = ValueHint::DirPath)]
    pub out: PathBuf,
    /// Keep nothing on disk.
    #[arg(long, conflicts_with = "fresh")]
    pub no_save: bool,
    /// Start every run over instead of going on; what was there is kept under another name.
    #[arg(long)]
    pub fresh: bool,
    /// Train even what is estimated to need more memory than this machine has, and, on a file system without locks,
    /// where another process seems to train, if that one gives no sign of life for five seconds.
    #[arg(long)]
    pub force: bool,
    /// Work on the study together with other processes, here or on other machines that see the same folder:
    /// each claims runs until none is left.
    #[arg(long, conflicts_with_all = ["no_save", "fresh"])]
    pub join: bool,
}

/// `metascope export --format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// One row an experiment, seed and n.
    Csv,
    /// Settings and curves of every run.
    Json,
    /// A picture of the adaptation curves, or of what else is asked for.
    Svg,
    /// The same as PDF, with its letters, by a metascope with the feature pictures.
    Pdf,
    /// The same as PNG of 300 points an inch, by a metascope with the feature pictures.
    Png,
    /// The loss tables for a paper, with intervals and the best set in bold; for \usepackage{booktabs}.
    Latex,
    /// The same as Markdown.
    Markdown,
    /// One page with everything, to send to somebody: no script, no other file.
    Html,
    /// Event files of TensorBoard, a folder a run: losses over outer steps and over n.
    Tensorboard,
}

/// A length with its unit, as `--width` takes it, in points.
fn length(text: &str) -> Result<f64, String> {
    let wrong = || "a length such as 3.4in, 86mm, 8.6cm or 245pt".to_owned();
    let unit = text.find(|c: char| c.is_ascii_alphabetic()).ok_or_else(wrong)?;
    let (number, unit) = text.split_at(unit);
    let points = match unit {
        "in" => 72.0,
        "cm" => 72.0 / 2.54,
        "mm" => 72.0 / 25.4,
        "pt" => 1.0,
        _ => return Err(wrong()),
    };
    let length = number.trim().parse::<f64>().map_err(|_| wrong())? * points;
    if (100.0..=2_000.0).contains(&length) { Ok(length) } else { Err("from 100pt to 2000pt".to_owned()) }
}

/// A size of letters, in points.
fn letters(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(size) if (4.0..=40.0).contains(&size) => Ok(size),
        _ => Err("from 4 to 40 points".to_owned()),
    }
}

/// A number of inner steps that does not take for ever on all test tasks.
fn inner_steps(text: &str) -> Result<usize, String> {
    match text.parse::<usize>() {
        Ok(steps) if steps <= 10_000 => Ok(steps),
        _ => Err("a whole number up to 10000".to_owned()),
    }
}

impl Format {
    /// Whether it is a picture.
    pub fn is_picture(self) -> bool {
        matches!(self, Self::Svg | Self::Pdf | Self::Png)
    }

    /// Whether it is a table for a paper.
    pub fn is_table(self) -> bool {
        matches!(self, Self::Latex | Self::Markdown)
    }
}

/// What is shown of what a system varies by over its seeds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Interval {
    /// From the lowest seed to the highest.
    Seeds,
    /// The standard deviation over seeds.
    Std,
    /// The 95 % interval of the mean over seeds, by Student's t.
    #[default]
    #[value(name = "95")]
    Ci95,
}

/// `metascope export`.
#[derive(Debug, Args)]
pub struct ExportCommand {
    /// A run's folder, an experiment's, a study's, or one that holds studies; or several, whose runs with the
    /// same settings are one experiment.
    #[arg(required = true, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub dirs: Vec<PathBuf>,
    /// Tidy rows, everything, a picture, a table, a page, or event files.
    #[arg(long, value_enum)]
    pub format: Format,
    /// Where to, for tensorboard a folder [default: standard output].
    #[arg(long, value_name = "PATH")]
    pub out: Option<PathBuf>,
    /// Instead of the curves, the fits to this test task (1, 2, ...) by every experiment's first seed; a
    /// picture.
    #[arg(long, value_name = "TASK", value_parser = positive)]
    pub fit: Option<usize>,
    /// Instead of the curves, how losses are spread over test tasks after so many steps: the share of tasks with a loss of
    /// at most so much [default: 10]; a picture, worked out from the checkpoints.
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "10", conflicts_with = "fit", value_parser = inner_steps)]
    pub profile: Option<usize>,
    /// Instead of the curves, a sweep as heat maps [default: the first sweep]; a picture.
    #[arg(long, value_name = "NAME", num_args = 0..=1, default_missing_value = "", conflicts_with_all = ["fit", "profile"])]
    pub sweep: Option<String>,
    /// Instead of the curves over steps, those over support points: a picture of studies with [evaluation] points.
    #[arg(long, conflicts_with_all = ["fit", "profile", "sweep", "verdicts"])]
    pub points: bool,
    /// Instead of the curves, a pane of the view Why for every experiment, such as kernel, one-step or over-training; a
    /// picture, worked out from the checkpoints and, over training, from what runs keep of it.
    #[arg(long, value_name = "PANE", conflicts_with_all = ["fit", "profile", "sweep", "points", "verdicts", "comparisons"])]
    pub pane: Option<String>,
    /// The test task of the pane (1, 2, ...).
    #[arg(long, value_name = "TASK", default_value = "1", requires = "pane", value_parser = positive)]
    pub task: usize,
    /// The picture is of this further test set, a [[test]] of the experiments file.
    #[arg(long, value_name = "NAME")]
    pub test: Option<String>,
    /// Instead of the curves, the published figures and the verdicts on them; rows or a table (JSON and HTML have them
    /// anyway).
    #[arg(long)]
    pub verdicts: bool,
    /// Instead of the curves, which systems differ after each n of the loss table, held against the lowest; rows, a table or
    /// a picture (JSON and HTML have them anyway).
    #[arg(long, conflicts_with_all = ["verdicts", "fit", "profile", "sweep"])]
    pub comparisons: bool,
    /// What is shown of what a system varies by over its seeds [default: 95].
    #[arg(long, value_enum)]
    pub interval: Option<Interval>,
    /// Width of a picture, such as 3.4in, 86mm or 245pt [default: 6.5in].
    #[arg(long, value_name = "LENGTH", value_parser = length)]
    pub width: Option<f64>,
    /// Size of a picture's letters in points [default: 9].
    #[arg(long, value_name = "POINTS", value_parser = letters)]
    pub font_size: Option<f64>,
    /// Mark names in CSV that a spreadsheet takes for a formula, or R and pandas for a missing value, with a '.
    #[arg(long)]
    pub safe: bool,
    /// Fits after these numbers of SGD steps.
    #[arg(long, value_name = "N,N,..", value_delimiter = ',', default_value = "0,1,10", requires = "fit")]
    pub steps: Vec<usize>,
}

/// `metascope submit --tasks`: tasks of a job array, and how many of them at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tasks {
    /// How many.
    pub tasks: usize,
    /// At most so many at once.
    pub most: Option<usize>,
}

impl std::str::FromStr for Tasks {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (tasks, most) = text.split_once('%').map_or((text, None), |(tasks, most)| (tasks, Some(most)));
        let wrong = |_| "tasks of the array, and how many at once, such as 64 or 64%16".to_owned();
        Ok(Self {
            tasks: positive(tasks).map_err(wrong)?,
            most: most.map(positive).transpose().map_err(wrong)?,
        })
    }
}

/// `metascope submit`.
#[derive(Debug, Args)]
pub struct SubmitCommand {
    /// The experiments file [default: experiments.toml, else the built-in copy].
    pub file: Option<PathBuf>,
    /// Tasks of the array, and at most how many at once, such as 64%16 [default: 8].
    #[arg(long, value_name = "N[%MAX]")]
    pub tasks: Option<Tasks>,
    /// Print the script and do nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Train only this experiment; may be repeated.
    #[arg(long, value_name = "NAME")]
    pub only: Vec<String>,
    /// Train these seeds instead of the file's; may be repeated.
    #[arg(long, value_name = "N")]
    pub seed: Vec<u64>,
    /// Where run folders go.
    #[arg(long, value_name = "DIR", default_value = "runs")]
    pub out: PathBuf,
    /// Options for sbatch, which reach it unchanged.
    #[arg(last = true, value_name = "SBATCH OPTIONS")]
    pub sbatch: Vec<String>,
}

/// `metascope verify`.
#[derive(Debug, Args)]
pub struct VerifyCommand {
    /// A run's folder, an experiment's, a study's, or one that holds studies.
    pub dir: PathBuf,
    /// Only so many of the runs, evenly over all of them.
    #[arg(long, value_name = "N", value_parser = positive)]
    pub sample: Option<usize>,
    /// Worker threads [default: SLURM_CPUS_PER_TASK, else one a core].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub jobs: Option<u16>,
    /// Give runs with the same result back what is missing or damaged of their past (snapshots.bin).
    #[arg(long)]
    pub repair: bool,
}

/// `metascope run`.
#[derive(Debug, Args)]
pub struct RunCommand {
    /// What to train.
    #[command(flatten)]
    pub args: RunArgs,
    /// Train only one of so many equal shares of the runs, counted from 1; for file systems without locks,
    /// which --join needs.
    #[arg(long, value_name = "K/N", conflicts_with_all = ["no_save", "fresh"])]
    pub partition: Option<Partition>,
    /// Print one JSON object a line for everything that happens, and nothing else.
    #[arg(long)]
    pub json: bool,
}

/// `metascope eval`.
#[derive(Debug, Args)]
pub struct EvalCommand {
    /// The checkpoint (safetensors).
    pub checkpoint: PathBuf,
    /// The tasks (JSON).
    #[arg(long, value_name = "FILE.json")]
    pub tasks: PathBuf,
    /// Losses after these numbers of SGD steps.
    #[arg(long, value_name = "N,N,..", value_delimiter = ',', default_value = "0,1,2,5,10,32")]
    pub steps: Vec<usize>,
    /// Rate of the inner steps; the one it was trained with, or 0.01 where the checkpoint names none.
    #[arg(long, value_name = "X", value_parser = rate)]
    pub inner_lr: Option<f64>,
    /// Adapt by SGD of the whole network, whatever the checkpoint's own rule.
    #[arg(long)]
    pub plain: bool,
    /// Print one JSON object instead of a table.
    #[arg(long)]
    pub json: bool,
}

/// `metascope gradient`.
#[derive(Debug, Args)]
pub struct GradientCommand {
    /// The checkpoint (safetensors).
    pub checkpoint: PathBuf,
    /// The tasks (JSON).
    #[arg(long, value_name = "FILE.json")]
    pub tasks: PathBuf,
    /// Rate of the inner steps; the one it was trained with, or 0.01 where the checkpoint names none.
    #[arg(long, value_name = "X", value_parser = rate)]
    pub inner_lr: Option<f64>,
    /// Inner steps; as many as it was trained for, or 1 where the checkpoint does not say.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(..=1000))]
    pub inner_steps: Option<u16>,
    /// Do not differentiate through the inner steps.
    #[arg(long)]
    pub first_order: bool,
    /// Write the gradient here, under the checkpoint's names, shapes and type.
    #[arg(long, value_name = "G.safetensors")]
    pub out: Option<PathBuf>,
    /// Hold this meta-gradient, somebody else's under the checkpoint's names, against ours: how far apart the tensors are,
    /// and which known mistake it looks like. Exit code 1 if they differ.
    #[arg(long, value_name = "G.safetensors")]
    pub compare: Option<PathBuf>,
    /// Compute even what is estimated to need more memory than this machine has.
    #[arg(long)]
    pub force: bool,
    /// Print one JSON object instead of text.
    #[arg(long)]
    pub json: bool,
}

/// `metascope tasks`.
#[derive(Debug, Args)]
pub struct TasksCommand {
    /// The experiments file [default: experiments.toml, else the built-in copy].
    pub file: Option<PathBuf>,
    /// Those of this further test set, a [[test]] of the experiments file.
    #[arg(long, value_name = "NAME")]
    pub test: Option<String>,
    /// Those of this experiment, where experiments are tested on different tasks.
    #[arg(long, value_name = "NAME")]
    pub only: Option<String>,
    /// Where to [default: standard output].
    #[arg(long, value_name = "FILE.json")]
    pub out: Option<PathBuf>,
}

/// `metascope analyse`.
#[derive(Debug, Args)]
pub struct AnalyseCommand {
    /// The checkpoint (safetensors), or the folder of a finished run.
    #[arg(value_name = "CHECKPOINT|DIR", value_hint = ValueHint::AnyPath)]
    pub checkpoint: PathBuf,
    /// The tasks (JSON): the first three in detail, all of them for what is over tasks.
    #[arg(long, value_name = "FILE.json")]
    pub tasks: PathBuf,
    /// Write every quantity here, in F64.
    #[arg(long, value_name = "A.safetensors")]
    pub out: Option<PathBuf>,
    /// Units and layers after these numbers of inner steps.
    #[arg(long, value_name = "N,N,..", value_delimiter = ',', default_value = "1,10", value_parser = inner_steps)]
    pub steps: Vec<usize>,
    /// Inner steps on each of the first two tasks, whose plane is drawn.
    #[arg(long, value_name = "N", default_value = "5", value_parser = inner_steps)]
    pub plane_steps: usize,
    /// Rate of the inner steps; the one it was trained with, or 0.01 where the checkpoint names none.
    #[arg(long, value_name = "X", value_parser = rate)]
    pub inner_lr: Option<f64>,
    /// Print every quantity as one JSON object instead of a summary.
    #[arg(long)]
    pub json: bool,
}

/// A preset by its name; shells complete it, with what it shows.
fn preset() -> impl clap::builder::TypedValueParser<Value = Preset> {
    let values = presets().iter().map(|preset| PossibleValue::new(preset.name).help(preset.description));
    PossibleValuesParser::new(values)
        .try_map(|name| presets().iter().copied().find(|preset| preset.name == name).ok_or("no such preset"))
}

/// A positive, finite rate.
fn rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if rate > 0.0 && rate.is_finite() => Ok(rate),
        _ => Err("a learning rate is a positive number, such as 0.01".to_owned()),
    }
}

/// A number that counts from one.
fn positive(text: &str) -> Result<usize, String> {
    match text.parse::<usize>() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err("a whole number from 1 on".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_have_units() {
        for (text, points) in [("3.4in", 244.8), ("245pt", 245.0), ("8.6cm", 243.78), ("86 mm", 243.78)] {
            assert!((length(text).expect(text) - points).abs() < 0.01, "{text}");
        }
        for text in ["3.4", "in", "1in", "90in", "x3in", "3.4px", "NaNin", "infcm"] {
            assert!(length(text).is_err(), "{text}");
        }
    }
}
