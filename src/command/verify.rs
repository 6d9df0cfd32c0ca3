//! `metascope verify`: finished runs are trained again, elsewhere, and everything they have left is compared byte
//! for byte. A result that can be had again by anybody needs nobody's word.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::outcome::Exit;
use super::run::{cores, interruptions};
use crate::cli::VerifyCommand;
use crate::config::{presentable, printable};
use crate::learner::ExternalSettings;
use crate::model::Kernels;
use crate::study::{
    Compared, Kind, Run, Session, SessionOptions, Watcher, compare, is_foreign, kernel_of, provenance_of,
    repair_past, run_folder, study_folder,
};

/// How long to wait for an event before looking whether a person wants to stop.
const PATIENCE: Duration = Duration::from_millis(50);
/// The name of the study that runs are trained again in.
const AGAIN: &str = "again";

/// What to do about files that cannot be compared.
const RUN_AGAIN: &str = "`metascope run` of the study makes it good";

/// A finished run, and where it is.
struct Finished {
    run: Run,
    folder: PathBuf,
}

/// What has come of the comparison.
#[derive(Default)]
struct Tally {
    /// Whether what is missing of a past is to be made good.
    repairs: bool,
    same: usize,
    /// Those that cannot be compared because something is missing, cut short or damaged, and those with the same
    /// result of whose past something is.
    damaged: usize,
    different: usize,
    unknown: usize,
}

/// Trains again and compares.
pub fn verify(command: &VerifyCommand) -> anyhow::Result<Exit> {
    let VerifyCommand { dir, sample, jobs, repair } = command;
    let (_, watcher) = Watcher::open(std::slice::from_ref(dir))?;
    let mut tally = Tally { repairs: *repair, ..Tally::default() };
    let mut finished = finished(&watcher, &mut tally)?;
    let all = finished.len();
    if let Some(sample) = sample.filter(|sample| *sample < all) {
        // Evenly over all of them, so that of every experiment there is one before there is a second.
        let chosen: Vec<usize> = (0..sample).map(|nth| nth * all / sample).collect();
        let mut at = 0..;
        finished.retain(|_| at.next().is_some_and(|at| chosen.binary_search(&at).is_ok()));
    }
    // Those of one kind of kernels together: a session has one kind.
    let mut kinds: BTreeMap<&'static str, (Kernels, Vec<Finished>)> = BTreeMap::new();
    for one in finished {
        let kernel = kernel_of(&one.folder, &one.run).unwrap_or_default();
        match Kernels::named(&kernel) {
            Some(kernels) => kinds.entry(kernels.name()).or_insert((kernels, Vec::new())).1.push(one),
            None => {
                let why = format!(
                    "was trained by the {kernel} kernels, which this processor has not: verify it where they are"
                );
                tally.unknown(&one.run, &why)?;
            }
        }
    }
    let interrupted = interruptions()?;
    let chosen: usize = kinds.values().map(|(_, runs)| runs.len()).sum();
    let bar = bar(chosen);
    for (kernels, runs) in kinds.into_values() {
        let scratch = tempfile::tempdir().context("there is no folder to train in")?;
        let options = SessionOptions {
            jobs: jobs.map_or_else(cores, usize::from),
            out: Some(scratch.path().to_owned()),
            study: AGAIN.to_owned(),
            kernels: Some(kernels),
            ..SessionOptions::default()
        };
        let session = Session::start(runs.iter().map(|one| one.run.clone()).collect(), &options)?;
        let again = |run: &Run| run_folder(&study_folder(scratch.path(), AGAIN), run);
        loop {
            let over = session.is_over();
            let mut event = if over { session.try_event() } else { session.wait_event(PATIENCE) };
            while let Some((number, reported)) = event {
                let Finished { run, folder } = &runs[number];
                match reported.kind {
                    Kind::Finished { .. } => bar.suspend(|| tally.compare(run, folder, &again(run)))?,
                    Kind::Failed { error, .. } => {
                        bar.suspend(|| tally.different(run, &[format!("trained again it fails: {error}")]))?
                    }
                    _ => {
                        event = session.try_event();
                        continue;
                    }
                }
                bar.inc(1);
                event = session.try_event();
            }
            if over {
                break;
            }
            if interrupted.load(std::sync::atomic::Ordering::Relaxed) {
                session.stop();
                return Ok(Exit::Interrupted);
            }
        }
    }
    bar.finish_and_clear();
    let Tally { same, different, damaged, unknown, .. } = tally;
    let not_chosen = all - chosen.min(all);
    let mut words = format!("{same} of {} runs give the same bytes again", same + different + damaged);
    for (count, what) in [
        (different, "differ"),
        (damaged, "are damaged"),
        (unknown, "could not be compared"),
        (not_chosen.saturating_sub(unknown), "were not trained again"),
    ] {
        if count > 0 {
            words.push_str(&format!("; {count} {what}"));
        }
    }
    writeln!(std::io::stdout(), "{words}")?;
    if same + different + damaged + unknown == 0 {
        bail!("{}: no run there is finished", dir.display());
    }
    Ok(if different + damaged + unknown > 0 { Exit::Failed } else { Exit::Done })
}

/// The finished runs; what is not believed or not there is told at once.
fn finished(watcher: &Watcher, tally: &mut Tally) -> anyhow::Result<Vec<Finished>> {
    let mut finished = Vec::new();
    let told = watcher.read_all();
    for (number, events) in told.iter().enumerate() {
        let (folder, settings) = (watcher.folder(number), watcher.settings(number));
        let run = Run { settings, ..watcher.runs()[number].clone() };
        match (watcher.doubt(number), events.last().map(|event| &event.kind)) {
            (Some(why), _) if is_foreign(&folder, &run) => tally.different(&run, &[why])?,
            (Some(why), _) => tally.damaged(&run, &[why, RUN_AGAIN.to_owned()])?,
            (None, Some(Kind::Finished { .. }))
                if run.settings.algorithm.reads_answers() && run.settings.answers.is_none() =>
            {
                tally.unknown(&run, &gone(&run))?;
            }
            (None, Some(Kind::Finished { .. })) => finished.push(Finished { run, folder }),
            // A run that failed, or is under way, has no result.
            _ => {}
        }
    }
    for (path, why) in watcher.passed_over() {
        tally.unknown += 1;
        writeln!(std::io::stdout(), "?        {}", printable(&format!("{}: {why}", path.display())))?;
    }
    Ok(finished)
}

/// Why the answers of another program cannot be read again.
fn gone(run: &Run) -> String {
    let own = ExternalSettings::new(&run.settings.training.own);
    let (file, sha256) = (own.predictions.unwrap_or_default(), own.predictions_sha256.unwrap_or_default());
    format!(
        "{} is not as it was read: no file of this name, here or above the run's folder, has the SHA-256 {}",
        presentable(&file, 60),
        sha256.get(..12).unwrap_or_default()
    )
}

impl Tally {
    fn compare(&mut self, run: &Run, found: &std::path::Path, again: &std::path::Path) -> anyhow::Result<()> {
        let Run { settings, seed, .. } = run;
        let compared = match compare(found, again, settings, *seed) {
            Ok(compared) => compared,
            Err(why) => return self.damaged(run, &[why, RUN_AGAIN.to_owned()]),
        };
        if compared.differences.is_empty() {
            self.complete(run, compared, found, again)
        } else if compared.other_arithmetic {
            let why = format!(
                "was begun by a version whose logarithms, exponentials and cosines were the C library's, so that its \
                 bits cannot be had again; {}",
                compared.differences.join("; ")
            );
            self.unknown(run, &why)
        } else {
            let mut words = compared.differences;
            words.extend(compared.notes);
            words.extend(compared.missing);
            words.extend(provenance_of(found).map(|made| format!("made by {made}")));
            self.different(run, &words)
        }
    }

    /// A run with the same result, of whose past something may be missing.
    fn complete(
        &mut self,
        run: &Run,
        compared: Compared,
        found: &std::path::Path,
        again: &std::path::Path,
    ) -> anyhow::Result<()> {
        let mut words = compared.notes;
        let outcome = match compared.missing {
            None => Ok(()),
            Some(missing) if self.repairs => {
                let repaired = repair_past(found, again);
                words.push(if repaired.is_ok() { format!("repaired: {missing}") } else { missing });
                repaired
            }
            Some(missing) => {
                words.push(missing);
                Err("the result is the same; --repair makes it good".to_owned())
            }
        };
        if let Err(why) = outcome {
            words.push(why);
            return self.damaged(run, &words);
        }
        self.same += 1;
        say("same", run, &words)
    }

    fn different(&mut self, run: &Run, words: &[String]) -> anyhow::Result<()> {
        self.different += 1;
        say("DIFFERS", run, words)
    }

    fn damaged(&mut self, run: &Run, words: &[String]) -> anyhow::Result<()> {
        self.damaged += 1;
        say("DAMAGED", run, words)
    }

    fn unknown(&mut self, run: &Run, why: &str) -> anyhow::Result<()> {
        self.unknown += 1;
        say("?", run, &[why.to_owned()])
    }
}

/// A line a run.
fn say(verdict: &str, run: &Run, words: &[String]) -> anyhow::Result<()> {
    let colon = if words.is_empty() { "" } else { ": " };
    let line = format!("{verdict:8} {}, seed {}{colon}{}", run.settings.name, run.seed, words.join("; "));
    let mut out = std::io::stdout();
    writeln!(out, "{}", printable(&line))?;
    Ok(out.flush()?)
}

/// Progress on stderr, where there is a terminal.
fn bar(runs: usize) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(runs as u64), ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{pos}/{len} runs [{wide_bar}] {elapsed}") {
        bar.set_style(style.progress_chars("=> "));
    }
    bar
}
