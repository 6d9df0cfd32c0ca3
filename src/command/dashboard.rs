//! The dashboard: over a study trained here, or, where another process trains it already, over what that
//! one writes, until this one takes over. Without a person to see it the bare command trains headless.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;

use super::farewell::Standing;
use super::first_start::is_first_start;
use super::inputs::DEFAULT_FILE;
use super::outcome::Exit;
use super::preferences::preferences;
use super::run;
use super::train_or_watch::TrainOrWatch;
use crate::cli::{Color, OnHangup, RunArgs, RunCommand, ScreenArgs, Theme};
use crate::config::printable;
use crate::experiments::Study;
use crate::study::{Run, Watcher, plan, study_folder};
use crate::ui::{self, Apart, Depth, End, Options, Preferences, Source, StudyFile, Trainer};

/// A folder that is there by then is there before the screen is.
const AT_ONCE: Duration = Duration::from_millis(20);
/// Runs that are still to come are looked for this often.
const PATIENCE: Duration = Duration::from_millis(500);

/// Trains and shows it; prints the loss table when the dashboard is left.
pub fn dashboard(args: &RunArgs, screen: &ScreenArgs) -> anyhow::Result<Exit> {
    if !ui::is_interactive() {
        return run::run(&RunCommand { args: args.clone(), partition: None, json: false });
    }
    let preferences = preferences()?;
    let study = run::narrowed_study(args)?;
    let path = study.path.clone().unwrap_or_else(|| DEFAULT_FILE.into());
    let (args, no_save, folder) = (args.clone(), args.no_save, study_folder(&args.out, &study.name));
    let reread = args.clone();
    let file = StudyFile { path, load: Arc::new(move || run::reread_study(&reread)) };
    let (runs, trained) = (plan(&study), study.clone());
    let source = Apart::open(runs.len(), move || TrainOrWatch::take(&trained, &args))?;
    source.wait(AT_ONCE);
    let exit = show(&study, &runs, &source, (screen, preferences), Some(file), (!no_save).then_some(&folder));
    source.leave();
    exit
}

/// The dashboard over run folders.
pub fn watch(dirs: &[PathBuf], screen: &ScreenArgs) -> anyhow::Result<Exit> {
    let names: Vec<String> = dirs.iter().map(|dir| dir.display().to_string()).collect();
    let names = names.join(" ");
    if !ui::is_interactive() {
        Watcher::open(dirs)?;
        bail!("watching needs a terminal; `metascope export {names} --format csv` does not");
    }
    let preferences = preferences()?;
    let mut found = Watcher::find(dirs)?;
    if found.is_none() {
        let words = format!("{names}: no runs yet; waiting for them (Ctrl-C ends)");
        writeln!(std::io::stderr(), "{}", printable(&words))?;
    }
    let (study, watcher) = loop {
        match found {
            Some(found) => break found,
            None => std::thread::sleep(PATIENCE),
        }
        found = Watcher::find(dirs)?;
    };
    let runs = watcher.runs();
    let watcher = Apart::open(runs.len(), move || Ok(watcher))?;
    let exit =
        show(&study, &runs, &watcher, (screen, preferences), None, dirs.first().map(PathBuf::as_path))?;
    let passed_over = watcher.leave();
    for (path, why) in &passed_over {
        // Nobody may be left to read it.
        let words = format!("not shown: {}: {why}", path.display());
        let _ = writeln!(std::io::stderr(), "{}", printable(&words));
    }
    Ok(if exit == Exit::Done && !passed_over.is_empty() { Exit::Failed } else { exit })
}

/// Shows a study until a person leaves.
fn show(
    study: &Study,
    runs: &[Run],
    source: &impl Source,
    (screen, preferences): (&ScreenArgs, Preferences),
    file: Option<StudyFile>,
    folder: Option<&Path>,
) -> anyhow::Result<Exit> {
    let options = Options {
        ascii: screen.ascii.then_some(true),
        color: screen.color.map(|color| match color {
            Color::Never => Depth::Mono,
            Color::Sixteen => Depth::Ansi16,
            Color::Indexed => Depth::Ansi256,
            Color::True => Depth::True,
        }),
        theme: screen.theme.map(|theme| match theme {
            Theme::Dark => ui::Ground::Said(ui::Theme::Dark),
            Theme::Light => ui::Ground::Said(ui::Theme::Light),
            Theme::Auto => ui::Ground::Own,
        }),
        usual_theme: preferences.theme,
        mouse: preferences.mouse,
        keys: preferences.keys,
        fps: screen.fps.or(preferences.fps),
        file,
        offer_tour: is_first_start(|name| std::env::var_os(name)),
        stop_on_hangup: screen.on_hangup == OnHangup::Stop,
        ..Options::default()
    };
    let outcome = ui::run(study, runs, source, &options)?;
    if outcome.end != End::HungUp {
        write!(std::io::stdout(), "{}", printable(&outcome.table))?;
        let trainer = match &outcome.trainers.trainer {
            Trainer::Elsewhere(holder) => Some(holder.to_string()),
            Trainer::Several(holders) => Some(ui::crowd(holders)),
            _ => None,
        };
        let trainer = trainer.as_deref();
        // For a person, like every word that is no result.
        let words = Standing { runs: outcome.runs, folder, trainer }.words();
        let _ = write!(std::io::stderr(), "{}", printable(&words));
    }
    Ok(match outcome.end {
        End::Interrupted => Exit::Interrupted,
        End::Quit | End::HungUp if outcome.failed > 0 => Exit::Failed,
        End::Quit | End::HungUp => Exit::Done,
    })
}
