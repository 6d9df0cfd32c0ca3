//! The dashboard: over a study trained here, or, where another process trains it already, over what that
//! one writes, until this one takes over. Without a person to see it the bare command trains headless.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
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
use crate::study::{Run, Watcher, no_thread, plan, study_folder};
use crate::term::Screen;
use crate::ui::{self, Apart, Depth, End, Heard, Options, Preferences, Source, StudyFile, Trainer, open};

/// A folder that is there by then is there before the screen is.
const AT_ONCE: Duration = Duration::from_millis(20);
/// More runs than that are never there by then.
const MANY: usize = 1_000;
/// Runs that are still to come are looked for this often.
const PATIENCE: Duration = Duration::from_millis(500);

/// Trains and shows it; prints the loss table when the dashboard is left.
pub fn dashboard(args: &RunArgs, screen: &ScreenArgs) -> anyhow::Result<Exit> {
    if !ui::is_interactive() {
        return run::run(&RunCommand { args: args.clone(), partition: None, json: false });
    }
    let options = options(screen, preferences()?);
    let study = run::narrowed_study(args)?;
    let path = study.path.clone().unwrap_or_else(|| DEFAULT_FILE.into());
    let (args, no_save, folder) = (args.clone(), args.no_save, study_folder(&args.out, &study.name));
    let reread = args.clone();
    let file =
        StudyFile { path, named: study.named_files(), load: Arc::new(move || run::reread_study(&reread)) };
    let (runs, trained) = (plan(&study), study.clone());
    let source = Apart::open(runs.len(), move || TrainOrWatch::take(&trained, &args))?;
    if runs.len() <= MANY {
        source.wait(AT_ONCE);
    }
    let options = Options { file: Some(file), ..options };
    let exit = show(&study, &runs, &source, (&options, None), (!no_save).then_some(&folder));
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
    let options = options(screen, preferences()?);
    let (tell, heard) = channel();
    let (roots, place) = (dirs.to_owned(), printable(&names));
    let not_yet = format!("no runs in {place} yet: waiting for them");
    // However long it takes, a person sees what is waited for, and can leave.
    let thread = std::thread::Builder::new().name("search".to_owned());
    thread.spawn(move || look_for_runs(&roots, &not_yet, &tell)).map_err(|error| no_thread(&error))?;
    let (study, watcher, screen) = match open(&place, &heard, &options)? {
        Ok(((study, watcher), screen)) => (study, watcher, screen),
        Err(End::Interrupted) => return Ok(Exit::Interrupted),
        Err(End::Quit | End::HungUp) => return Ok(Exit::Done),
    };
    let runs = watcher.runs();
    let watcher = Apart::open(runs.len(), move || Ok(watcher))?;
    let exit = show(&study, &runs, &watcher, (&options, screen), dirs.first().map(PathBuf::as_path))?;
    let passed_over = watcher.leave();
    for (path, why) in &passed_over {
        // Nobody may be left to read it.
        let words = format!("not shown: {}: {why}", path.display());
        let _ = writeln!(std::io::stderr(), "{}", printable(&words));
    }
    Ok(if exit == Exit::Done && !passed_over.is_empty() { Exit::Failed } else { exit })
}

/// Looks for runs in folders until there are some, or nobody waits any more; says in these words that there are none yet.
fn look_for_runs(dirs: &[PathBuf], not_yet: &str, tell: &Sender<anyhow::Result<Heard<(Study, Watcher)>>>) {
    loop {
        let heard = Watcher::find(dirs).map(|found| match found {
            Some(found) => Heard::There(found),
            None => Heard::NotYet(not_yet.to_owned()),
        });
        let is_end = !matches!(heard, Ok(Heard::NotYet(_)));
        if tell.send(heard).is_err() || is_end {
            return;
        }
        std::thread::sleep(PATIENCE);
    }
}

/// What the command line and a person's preferences say of the dashboard.
fn options(screen: &ScreenArgs, preferences: Preferences) -> Options {
    Options {
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
        stop_on_hangup: screen.on_hangup == OnHangup::Stop,
        ..Options::default()
    }
}

/// Shows a study until a person leaves.
fn show(
    study: &Study,
    runs: &[Run],
    source: &impl Source,
    (options, screen): (&Options, Option<Screen>),
    folder: Option<&Path>,
) -> anyhow::Result<Exit> {
    let offer_tour = is_first_start(|name| std::env::var_os(name));
    let options = &Options { offer_tour, ..options.clone() };
    let outcome = ui::run(study, runs, source, options, screen)?;
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
