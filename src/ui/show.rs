//! The dashboard from the outside: takes the terminal over, shows a study until a person leaves, gives the
//! terminal back.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;

use super::{
    drive::{Lost, drive},
    frame::report,
    options::{End, Options},
    preferences::own_keymap,
    source::Source,
    state::{
        app::{App, Mode},
        trainers::{Trainer, Trainers},
    },
    style::{Depth, Ground, Styles},
};
use crate::{experiments::Study, results::Tally, study::Run, term::Screen};

/// What is left of the dashboard once it has closed.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Why it closed.
    pub end: End,
    /// Loss tables and figures as text, for the normal screen.
    pub table: String,
    /// Runs that failed.
    pub failed: usize,
    /// How many runs have come how far.
    pub runs: Tally,
    /// Who trained the study at the end.
    pub trainers: Trainers,
}

fn trains_here(source: &impl Source) -> bool {
    source.trainers().trainer == Trainer::Here
}

/// Whether what `TZ` names can be read to its end, which is what the library does with whatever it finds.
fn names_a_zone(tz: Option<&str>) -> bool {
    /// Where it looks.
    const FOLDERS: [&str; 4] =
        ["/usr/share/zoneinfo", "/share/zoneinfo", "/etc/zoneinfo", "/usr/share/lib/zoneinfo"];
    /// A zone's file has some three kilobytes.
    const LARGEST: u64 = 1 << 20;
    let is_sound =
        |path: &Path| path.metadata().map_or(true, |found| found.is_file() && found.len() <= LARGEST);
    match tz.map(|tz| tz.strip_prefix(':').unwrap_or(tz)) {
        None | Some("localtime") => is_sound(Path::new("/etc/localtime")),
        // Without a name it is UTC. An absolute path takes the place of the folder.
        Some("") => false,
        Some(name) => FOLDERS.iter().all(|folder| is_sound(&Path::new(folder).join(name))),
    }
}

fn ground(options: &Options) -> Ground {
    Ground::choose(options.theme, options.usual_theme, |name| std::env::var(name).ok())
}

/// The look that fits the environment and what is asked for.
pub fn styles(options: &Options) -> Styles {
    let variable = |name: &str| std::env::var(name).ok();
    Styles::detect(variable, options.ascii, options.color, Some(ground(options)))
}

/// Shows the dashboard over a study, trained here or elsewhere, until a person leaves it; on this screen, where it has
/// been taken before.
///
/// # Errors
/// If the terminal cannot be taken, or why there is no study.
pub fn run(
    study: &Study,
    runs: &[Run],
    source: &impl Source,
    options: &Options,
    screen: Option<Screen>,
) -> anyhow::Result<Outcome> {
    let (ground, styles) = (ground(options), styles(options));
    if options.color.is_some_and(|depth| depth != Depth::Mono) {
        // Asked for on the command line, which is more than NO_COLOR in the environment.
        crossterm::style::force_color_output(true);
    }
    let mut app = App::new(study, runs, styles);
    app.theme_is_said = ground != Ground::Own;
    app.mouse = options.mouse;
    app.keymap = Arc::new(own_keymap(&options.keys));
    app.modes.extend(options.offer_tour.then_some(Mode::Offer));
    let now = chrono::Utc::now();
    let is_told = names_a_zone(std::env::var("TZ").ok().as_deref());
    let ahead = if is_told { now.with_timezone(&chrono::Local).offset().local_minus_utc() } else { 0 };
    app.opened = (now.timestamp().max(0) as u64, ahead);
    source.refresh();
    app.on_trainers(source.trainers(), |run| source.is_trained(run));
    let enter =
        || Screen::enter().context("could not take over the terminal; use `metascope run` without one");
    let mut screen = screen.map_or_else(enter, Ok)?;
    let end = drive(&mut screen.terminal, &mut screen.keyboard, source, &mut app, options);
    let end = match end {
        Ok(end) => end,
        // A terminal that cannot be written to is a line that has dropped.
        Err(Lost::Drawing(_)) => End::HungUp,
        Err(Lost::Study(error)) => return Err(error),
    };
    if end == End::HungUp && trains_here(source) && !options.stop_on_hangup {
        // What is paused is saved, and nobody is there to let it go on.
        while trains_here(source) && !source.is_idle() && !screen.keyboard.is_interrupted() {
            source.refresh();
            if let Some(error) = source.failure() {
                return Err(error);
            }
            while let Some((run, event)) = source.try_event() {
                app.on_event(run, event);
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }
    drop(screen);
    source.stop();
    let runs = app.tally();
    Ok(Outcome { end, table: report(&app), failed: app.failures(), runs, trainers: app.trainers.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endless_zone_is_not_read() {
        for tz in ["/dev/zero", ":/dev/zero", "/dev/tty", "/dev", ""] {
            assert!(!names_a_zone(Some(tz)), "{tz:?}");
        }
        for tz in ["UTC", "Europe/Zurich", ":Asia/Tehran", "CET-1CEST", "no such place"] {
            assert!(names_a_zone(Some(tz)), "{tz:?}");
        }
    }
}
