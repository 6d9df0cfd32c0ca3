//! The dashboard: over a study trained here, or, where another process trains it already, over what that
//! one writes. Without a person to see it the bare command trains headless.

use std::io::Write;
use std::path::Path;
use std::rc::Rc;

use anyhow::bail;

use super::inputs::DEFAULT_FILE;
use super::outcome::Exit;
use super::run;
use crate::cli::{Color, OnHangup, RunArgs, ScreenArgs};
use crate::experiments::Study;
use crate::study::{Busy, Run, Watcher, plan};
use crate::ui::{self, Depth, End, Options, Source, StudyFile};

/// Trains and shows it; prints the loss table when the dashboard is left.
pub fn dashboard(args: &RunArgs, screen: &ScreenArgs) -> anyhow::Result<Exit> {
    if !ui::is_interactive() {
        return run::run(args, false);
    }
    let study = run::narrowed_study(args)?;
    match run::start(&study, args) {
        Ok(session) => {
            let path = study.path.clone().unwrap_or_else(|| DEFAULT_FILE.into());
            let args = args.clone();
            let file = StudyFile { path, load: Rc::new(move || run::reread_study(&args)) };
            show(&study, &plan(&study), &session, screen, Some(file))
        }
        Err(error) => match error.downcast::<Busy>() {
            Ok(busy) => {
                let watcher = Watcher::of(&busy.folder, &study);
                show(&study, &watcher.runs(), &watcher, screen, None)
            }
            Err(error) => Err(error),
        },
    }
}

/// The dashboard over run folders.
pub fn watch(dir: &Path, screen: &ScreenArgs) -> anyhow::Result<Exit> {
    if !dir.exists() {
        bail!("{}: there is no such folder", dir.display());
    }
    let (study, watcher) = Watcher::open(dir)?;
    if !ui::is_interactive() {
        bail!("watching needs a terminal; `metascope export {} --format csv` does not", dir.display());
    }
    show(&study, &watcher.runs(), &watcher, screen, None)
}

/// Shows a study until a person leaves.
fn show(
    study: &Study,
    runs: &[Run],
    source: &impl Source,
    screen: &ScreenArgs,
    file: Option<StudyFile>,
) -> anyhow::Result<Exit> {
    let options = Options {
        ascii: screen.ascii.then_some(true),
        color: screen.color.map(|color| match color {
            Color::Never => Depth::Mono,
            Color::Sixteen => Depth::Ansi16,
            Color::Indexed => Depth::Ansi256,
            Color::True => Depth::True,
        }),
        file,
        stop_on_hangup: screen.on_hangup == OnHangup::Stop,
        ..Options::default()
    };
    let outcome = ui::run(study, runs, source, &options)?;
    if outcome.end != End::HungUp {
        write!(std::io::stdout(), "{}", outcome.table)?;
    }
    Ok(match outcome.end {
        End::Interrupted => Exit::Interrupted,
        End::Quit | End::HungUp if outcome.failed > 0 => Exit::Failed,
        End::Quit | End::HungUp => Exit::Done,
    })
}
