//! `metascope run`: train without a screen. Progress goes to stderr, results to stdout.

use std::collections::HashMap;
use std::io::{BufWriter, IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::anyhow;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use signal_hook::consts::{SIGINT, SIGTERM, SIGUSR1, SIGUSR2, SIGXCPU};

use super::farewell::Standing;
use super::inputs::{load_study, study};
use super::outcome::{Exit, Misuse};
use crate::cli::{RunArgs, RunCommand};
use crate::config::{as_seen, presentable, printable};
use crate::eval::Average;
use crate::experiments::{Cell, Experiment, Study};
use crate::results::{Results, floors, report, table_comparisons, text::Glyphs};
use crate::study::needs::{Needs, available, size};
use crate::study::{Busy, Event, Kind, Refused, Run, Session, SessionOptions, Together, plan, study_folder};

/// How long to wait for an event before looking whether a person wants to stop.
const PATIENCE: Duration = Duration::from_millis(50);

/// Trains; with `--json`, every event is a line of JSON on stdout. Where the study is shared, those of the runs
/// that are trained here: so each is printed by one process.
pub fn run(command: &RunCommand) -> anyhow::Result<Exit> {
    let RunCommand { args, partition, json } = command;
    let json = *json;
    let study = narrowed_study(args)?;
    let whole = plan(&study);
    let runs = partition.map_or_else(|| whole.clone(), |partition| partition.pick(whole.clone()));
    let together = (args.join || partition.is_some())
        .then(|| Together { part: partition.map(|part| (part, whole)), tells: false });
    let is_shared = together.is_some();
    // Before anything is begun that would be left half done.
    let interrupted = interruptions()?;
    let session =
        start(&study, runs.clone(), args, together).map_err(|error| match error.downcast::<Busy>() {
            Ok(busy) if busy.why == Refused::NoLocks => busy.into(),
            Ok(busy) => {
                let folder = busy.folder.display();
                let with = if busy.why == Refused::Several { "--join trains with them, " } else { "" };
                anyhow!("{busy}; {with}`metascope watch {folder}` shows it, and --out names another folder")
            }
            Err(error) => error,
        })?;
    let mut results = Results::new(&study, &runs);
    let progress = Progress::new(&runs, json);
    if let Some(words) = too_few(&session, args) {
        progress.say(&words);
    }
    let (mut failed, mut out) = (false, BufWriter::new(std::io::stdout()));
    let mut recorded = Recorded::default();
    // What tells the cells of sweeps apart, once: the events that follow call them by their names.
    for cell in study.experiments.iter().filter_map(CellEvent::of).take_while(|_| json) {
        writeln!(out, "{}", serde_json::to_string(&cell)?)?;
    }
    out.flush()?;
    loop {
        // Asked first: what was over then has no events left to send.
        let over = session.is_over();
        let mut event = if over { session.try_event() } else { session.wait_event(PATIENCE) };
        while let Some((run, reported)) = event {
            failed |= matches!(reported.kind, Kind::Failed { .. } | Kind::Noted { alarming: true, .. });
            // What is for a person goes to stderr: the contract's events are results.
            let is_elsewhere = recorded.takes(run, &reported) && is_shared;
            if json && reported.is_result() && !is_elsewhere {
                writeln!(out, "{}", reported.to_json())?;
            }
            progress.tell(&reported);
            results.on_event(run, &reported);
            if json && let Kind::Summary { test, .. } = &reported.kind {
                for figure in results.figures_of(&reported.run.experiment) {
                    let is_of_it = figure.published.test == *test;
                    if let Some(verdict) = figure.event().filter(|_| is_of_it) {
                        writeln!(out, "{}", serde_json::to_string(&verdict)?)?;
                    }
                }
            }
            event = session.try_event();
        }
        // Events come in bunches, and so do their lines; whoever reads them has all of them before this waits again.
        out.flush()?;
        if over {
            break;
        }
        if interrupted.load(Ordering::Relaxed) {
            session.stop();
            if session.is_overdue() {
                break;
            }
        }
    }
    progress.finish();
    let tally = results.tally();
    let ended = tally.done + tally.failed;
    // Of a part of the runs they would be of a part of the seeds.
    if json && ended == runs.len() && partition.is_none() {
        let outcomes = results.outcomes();
        for comparison in table_comparisons(&outcomes) {
            writeln!(out, "{}", serde_json::to_string(&comparison.event(&outcomes))?)?;
        }
        for floor in floors(&outcomes) {
            writeln!(out, "{}", serde_json::to_string(&floor)?)?;
        }
        out.flush()?;
    }
    // Of nothing there is no table.
    if !json && (ended > 0 || !interrupted.load(Ordering::Relaxed)) {
        let glyphs = Glyphs::detect(|name| std::env::var(name).ok());
        write!(out, "{}", printable(&report(&results.outcomes(), Average::Mean, glyphs)))?;
        out.flush()?;
    }
    let given = session.given_to();
    if let Some(holder) = given {
        let words = "has asked for this study and goes on with it; everything is saved";
        let _ = writeln!(std::io::stderr(), "{holder} {words}");
    } else {
        // Where nothing is left to do, others may have runs that a person has stopped there.
        let folder = (!args.no_save).then(|| study_folder(&args.out, &study.name));
        let standing = Standing { runs: tally, folder: folder.as_deref(), trainer: None };
        let _ = write!(std::io::stderr(), "{}", standing.words());
    }
    Ok(if given.is_some() || interrupted.load(Ordering::Relaxed) {
        Exit::Interrupted
    } else if failed {
        Exit::Failed
    } else {
        Exit::Done
    })
}

/// Which events were recorded before this process had anything to do with the run, or by another one.
#[derive(Default)]
struct Recorded(HashMap<usize, usize>);

impl Recorded {
    /// Whether this is one of them.
    fn takes(&mut self, run: usize, event: &Event) -> bool {
        match (&event.kind, self.0.get_mut(&run)) {
            (Kind::Recorded { events, .. }, _) => {
                self.0.insert(run, *events);
                true
            }
            // It is of several runs.
            (Kind::Summary { .. }, _) => false,
            (_, Some(left)) if *left > 0 => {
                *left -= 1;
                true
            }
            _ => false,
        }
    }
}

/// The event of `--json` that says which cell of a sweep an experiment is.
#[derive(Serialize)]
struct CellEvent<'a> {
    event: &'static str,
    experiment: &'a str,
    #[serde(flatten)]
    cell: &'a Cell,
}

impl<'a> CellEvent<'a> {
    fn of(experiment: &'a Experiment) -> Option<Self> {
        let cell = experiment.cell.as_ref()?;
        Some(Self { event: "cell", experiment: &experiment.name, cell })
    }
}

/// The study that the arguments ask for.
pub fn narrowed_study(args: &RunArgs) -> anyhow::Result<Study> {
    let mut study = study(args.file.as_deref())?;
    narrow(&mut study, args)?;
    refuse_too_large(&study, args)?;
    Ok(study)
}

/// The same, read again after somebody has edited the file; problems with their places.
pub fn reread_study(args: &RunArgs) -> anyhow::Result<Study> {
    let mut study = load_study(args.file.as_deref())?;
    narrow(&mut study, args)?;
    refuse_too_large(&study, args)?;
    Ok(study)
}

/// Refuses a study that this machine has not the memory for, before anything of it is in memory.
fn refuse_too_large(study: &Study, args: &RunArgs) -> anyhow::Result<()> {
    let jobs = args.jobs.map_or_else(cores, usize::from);
    let needs = Needs::of(&plan(study), jobs);
    if args.force {
        return Ok(());
    }
    let what = format!("{}: {}", study.name, workers(jobs));
    refuse_beyond(&needs, &what, "make [task], [evaluation], inner_steps or --jobs smaller")
}

/// So many workers, in words.
pub fn workers(jobs: usize) -> String {
    if jobs == 1 { "one worker".to_owned() } else { format!("{jobs} workers") }
}

/// Refuses what needs more memory than there is.
pub fn refuse_beyond(needs: &Needs, what: &str, advice: &str) -> anyhow::Result<()> {
    let Some(available) = available().filter(|available| needs.bytes > *available) else { return Ok(()) };
    let (bytes, available) = (size(needs.bytes), size(available));
    let text = format!(
        "{what} would need about {bytes} of memory, and this machine gives {available}: {advice}, or say --force"
    );
    Err(Misuse(text).into())
}

/// That not as many workers could be started as were asked for, if that is so.
pub fn too_few(session: &Session, args: &RunArgs) -> Option<String> {
    let (begun, asked) = (session.jobs(), args.jobs.map_or_else(cores, usize::from));
    let why = "this process has come to its limit of threads or memory";
    (begun < asked).then(|| format!("only {begun} of {asked} worker threads can be started: {why}"))
}

/// Starts the workers of these runs of a study.
pub fn start(
    study: &Study,
    runs: Vec<Run>,
    args: &RunArgs,
    together: Option<Together>,
) -> anyhow::Result<Session> {
    let options = SessionOptions {
        jobs: args.jobs.map_or_else(cores, usize::from),
        out: (!args.no_save).then(|| args.out.clone()),
        study: study.name.clone(),
        fresh: args.fresh,
        force: args.force,
        together,
        kernels: None,
    };
    Session::start(runs, &options).map_err(|error| {
        if error.chain().any(|cause| cause.is::<std::io::Error>()) {
            let advice =
                "nothing was trained: name another folder with --out, or keep nothing with --no-save";
            error.context(advice)
        } else {
            error
        }
    })
}

/// Cores this process may use: those that a scheduler has given it, else what the system says, which knows of
/// the limits of a container.
pub fn cores() -> usize {
    let given = std::env::var("SLURM_CPUS_PER_TASK").ok().and_then(|text| text.parse().ok());
    given
        .filter(|given| (1..=1024).contains(given))
        .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from))
}

/// Applies `--only` and `--seed`.
fn narrow(study: &mut Study, args: &RunArgs) -> anyhow::Result<()> {
    // A sweep is named as in the file, or one of its cells.
    let is_called = |experiment: &Experiment, wanted: &String| {
        // As the letters look: a file and a command line may write the same letter in two ways.
        let is_named = |name: &str| as_seen(name) == as_seen(wanted);
        is_named(&experiment.name) || experiment.cell.as_ref().is_some_and(|cell| is_named(&cell.sweep))
    };
    for wanted in &args.only {
        if !study.experiments.iter().any(|experiment| is_called(experiment, wanted)) {
            let name = |experiment: &Experiment| match &experiment.cell {
                Some(cell) => format!("{:?}", cell.sweep),
                None => format!("{:?}", experiment.name),
            };
            let mut names: Vec<String> = study.experiments.iter().map(name).collect();
            names.dedup();
            let text = format!("--only {wanted:?}: no such experiment; there are {}", names.join(", "));
            return Err(Misuse(text).into());
        }
    }
    if !args.only.is_empty() {
        study.experiments.retain(|experiment| args.only.iter().any(|wanted| is_called(experiment, wanted)));
    }
    if !args.seed.is_empty() {
        let mut seeds = args.seed.clone();
        seeds.sort_unstable();
        seeds.dedup();
        for experiment in &mut study.experiments {
            if let Some(answers) = &experiment.answers
                && let Some(seed) = seeds.iter().find(|seed| !answers.seeds().contains(seed))
            {
                let (name, file) = (presentable(&experiment.name, 60), presentable(answers.file(), 60));
                let text =
                    format!("--seed {seed}: {name} is read from {file}, which has no answers of that seed");
                return Err(Misuse(text).into());
            }
            experiment.seeds.clone_from(&seeds);
        }
    }
    Ok(())
}

/// A flag that Ctrl-C raises, or SIGTERM, or what schedulers send before the time is up. A second Ctrl-C ends the
/// process at once; a scheduler sends more than one signal and means the same.
pub fn interruptions() -> anyhow::Result<Arc<AtomicBool>> {
    let flag = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM, SIGUSR1, SIGUSR2, SIGXCPU] {
        if signal == SIGINT {
            // In this order: the shutdown looks at the flag before the same signal raises it.
            signal_hook::flag::register_conditional_shutdown(signal, 130, flag.clone())?;
        }
        signal_hook::flag::register(signal, flag.clone())?;
    }
    Ok(flag)
}

/// Progress on stderr: a bar where there is a terminal, a line a run where there is none; with JSON on
/// stdout only what failed.
struct Progress {
    bar: ProgressBar,
    lines: bool,
    failures: bool,
}

impl Progress {
    fn new(runs: &[Run], json: bool) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let target =
            if terminal && !json { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(runs.len() as u64), target);
        let style = ProgressStyle::with_template("{pos}/{len} runs [{wide_bar}] {elapsed} {msg}");
        if let Ok(style) = style {
            bar.set_style(style.progress_chars("=> "));
        }
        Self { bar, lines: !terminal && !json, failures: !terminal || json }
    }

    fn tell(&self, event: &Event) {
        let Event { run, kind } = event;
        let line = match kind {
            Kind::Progress { .. } if self.bar.is_hidden() => return,
            Kind::Progress { step, steps_per_second, .. } => {
                let message = format!("{run}: step {step}, {steps_per_second:.0} steps/s");
                self.bar.set_message(printable(&message));
                return;
            }
            Kind::Finished { seconds, .. } => format!("{run}: done in {seconds:.1} s"),
            Kind::Failed { step, error } => format!("{run}: failed at step {step}: {error}"),
            Kind::Unsaved { error, .. } => {
                return self.say(&format!("{run}: not saved for now, training goes on: {error}"));
            }
            // In a process that shares the study.
            Kind::Paused { step } => return self.say(&format!("{run}: paused elsewhere at step {step}")),
            Kind::Stopped { step } => return self.say(&format!("{run}: stopped elsewhere at step {step}")),
            Kind::Noted { note, .. } => return self.say(&format!("{run}: {note}")),
            _ => return,
        };
        self.bar.inc(1);
        if self.lines || (self.failures && matches!(kind, Kind::Failed { .. })) {
            self.say(&line);
        }
    }

    /// A line on stderr, over the bar where there is one. Nobody may be left to read it.
    fn say(&self, line: &str) {
        self.bar.suspend(|| _ = writeln!(std::io::stderr(), "{}", printable(line)));
    }

    fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::{Cli, Command};
    use crate::experiments::parse;

    #[test]
    fn a_name_is_found_whichever_way_its_letters_are_written() {
        let text = "[[experiment]]\nname = \"Caf\u{e9}\"\nalgorithm = \"maml\"\n\
            [[experiment]]\nname = \"B\"\nalgorithm = \"maml\"\n";
        for (word, found) in [("Caf\u{e9}", 1), ("Cafe\u{301}", 1), ("Cafe", 0)] {
            let mut study = parse("x", None, text).expect("a good file");
            let cli = Cli::try_parse_from(["metascope", "run", "--only", word]).expect("a command line");
            let Some(Command::Run(command)) = cli.command else { panic!("another command") };
            let narrowed = narrow(&mut study, &command.args).is_ok();
            assert_eq!((narrowed, study.experiments.len()), (found == 1, 2 - found), "{word:?}");
        }
    }
}
