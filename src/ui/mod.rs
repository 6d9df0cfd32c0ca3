//! The dashboard. State is data ([`app`]), drawing is a function of state ([`views`]), a key becomes an
//! [`action::Action`] through the one key table ([`keys`]), and [`update`] alone changes the state.
//!
//! ```text
//!  metascope  experiments.toml  sine, 10-shot, 5 systems x 5 seeds      14/25 runs  0:02 elapsed  0:01 left
//!  1 Overview  2 Random  3 Transfer  4 MAML  5 First-order  6 Reptile  7 Tasks  8 Play  9 Log
//! + Test loss after n gradient steps ---------------------++ Loss table (mean +- seeds) ----------------+
//! |  what wins ...                                        || ... and by how much                        |
//! +-------------------------------------------------------++--------------------------------------------+
//! + Runs -----------------------------------------------------------------------------------------------+
//! |  what is still running                                                                              |
//! +-----------------------------------------------------------------------------------------------------+
//!  Left/Right crosshair  Up/Down select  Enter open  Tab view  ? help  q quit
//! ```
//!
//! The loop below waits for input or the time of the next frame, never for a worker: training leaves
//! events in a channel and parameters in slots, and what is newest is taken when a frame is due.

pub mod action;
pub mod app;
pub mod controls;
pub mod family;
pub mod file;
mod intake;
pub mod keys;
pub mod learners;
mod play;
pub mod pointer;
mod report;
pub mod rewind;
pub mod runs;
mod source;
mod steer;
pub mod style;
pub mod summary;
mod svg;
pub mod update;
pub mod views;
pub mod why;
pub mod widgets;

use std::{
    fmt::Display,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use ratatui::{Terminal, backend::Backend};

pub use file::StudyFile;
pub use report::loss_table;
pub use source::Source;
pub use style::Depth;

use crate::{
    config::Study,
    study::{Run, plan},
    term::{Host, Input, Screen},
};
use app::{App, Effect};
use style::Styles;
use update::update;

/// Time between frames while only the study changes something: eight a second are smooth enough for a
/// progress bar and few enough for a slow line.
const FRAME: Duration = Duration::from_millis(125);

/// Time between frames that answer keys: a held arrow key must not fill the line.
const ANSWER: Duration = Duration::from_millis(25);

/// Work on previews between two frames, so that training keeps the cores.
const PREVIEW_TIME: Duration = Duration::from_millis(4);

/// Events taken in before the next look at the keyboard.
const EVENTS_AT_ONCE: usize = 2_000;

/// What the command line says about the dashboard.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Only ASCII, or not; by the locale where nothing is said.
    pub ascii: Option<bool>,
    /// How many colours; by the environment where nothing is said.
    pub color: Option<Depth>,
    /// Stop training when the line drops, instead of finishing without a screen.
    pub stop_on_hangup: bool,
    /// The experiments file, where it may be edited while it runs.
    pub file: Option<StudyFile>,
    /// Where saved views go; the working directory where nothing is said.
    pub save_to: Option<PathBuf>,
}

/// Why the dashboard closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// A person quit.
    Quit,
    /// Ctrl-C, SIGINT or SIGTERM.
    Interrupted,
    /// The line dropped. The study was run to its end; there is nobody to print anything to.
    HungUp,
}

/// What is left of the dashboard once it has closed.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Why it closed.
    pub end: End,
    /// The loss table as text, for the normal screen.
    pub table: String,
    /// Runs that failed.
    pub failed: usize,
    /// Whether every run had ended.
    pub complete: bool,
}

/// Whether there is a person to show a dashboard to.
pub fn is_interactive() -> bool {
    crate::term::is_interactive()
}

/// Shows the dashboard over a study, trained here or elsewhere, until a person leaves it.
pub fn run(study: &Study, runs: &[Run], source: &impl Source, options: &Options) -> anyhow::Result<Outcome> {
    let styles = Styles::detect(|name| std::env::var(name).ok(), options.ascii, options.color);
    if options.color.is_some_and(|depth| depth != Depth::Mono) {
        // Asked for on the command line, which is more than NO_COLOR in the environment.
        crossterm::style::force_color_output(true);
    }
    let mut app = App::new(study, runs, styles);
    let mut screen =
        Screen::enter().context("could not take over the terminal; use `metascope run` without one")?;
    let end = drive(&mut screen.terminal, &mut screen.keyboard, source, &mut app, options);
    let end = match end {
        Ok(end) => end,
        // A terminal that cannot be written to is a line that has dropped.
        Err(Lost::Drawing(_)) => End::HungUp,
    };
    if end == End::HungUp && source.is_training() && !options.stop_on_hangup {
        // What is paused is saved, and nobody is there to let it go on.
        while !source.is_idle() && !screen.keyboard.is_interrupted() {
            while let Some((run, event)) = source.try_event() {
                app.on_event(run, event);
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }
    drop(screen);
    source.stop();
    Ok(Outcome { end, table: loss_table(&app), failed: app.failures(), complete: source.is_over() })
}

/// Why the loop could not go on.
#[derive(Debug)]
pub enum Lost {
    /// Drawing failed.
    Drawing(String),
}

impl<E: Display> From<E> for Lost {
    fn from(error: E) -> Self {
        Lost::Drawing(error.to_string())
    }
}

/// The main loop, over any screen, keyboard and study.
pub fn drive<B: Backend>(
    terminal: &mut Terminal<B>,
    host: &mut impl Host,
    source: &impl Source,
    app: &mut App,
    options: &Options,
) -> Result<End, Lost> {
    let opened = Instant::now();
    let mut last_frame: Option<Instant> = None;
    // A key was pressed since the last frame; something changed since then.
    let (mut asked, mut dirty) = (true, true);
    let mut watch = options.file.clone().map(file::Watch::new);
    loop {
        if let Some(read) = watch.as_mut().and_then(|watch| watch.look(false)) {
            app.on_file(read);
            dirty = true;
        }
        dirty |= app.on_time(opened.elapsed());
        if let Some(found) = source.found() {
            app.replan(&found.study, &found.runs, &found.numbers);
            dirty = true;
        }
        let mut more = false;
        if !app.is_over() || source.looks_again().is_some() {
            let (changed, waiting) = take_in(source, app);
            dirty |= changed;
            more = waiting;
        }
        let pause = if asked { ANSWER } else { FRAME };
        let due = last_frame.is_none_or(|frame| frame.elapsed() >= pause);
        if (dirty || asked) && due {
            look_back(source, app);
            if !asked {
                preview(app);
            }
            let drawn = terminal.draw(|frame| views::draw(app, frame))?.area;
            app.size = (drawn.width, drawn.height);
            last_frame = Some(Instant::now());
            // A view of the past fills in as its curves are computed.
            let filling = app.missing_past().is_some() || app.next_preview().is_some();
            (asked, dirty) = (false, app.rewind.notch.is_some() && filling);
        }
        let since = last_frame.map_or(Duration::ZERO, |frame| frame.elapsed());
        let timeout = if more {
            Some(Duration::ZERO)
        } else if asked {
            Some(ANSWER.saturating_sub(since))
        } else if dirty {
            Some(FRAME.saturating_sub(since).max(Duration::from_millis(1)))
        } else if !app.is_over() || app.rewind.playing.is_some() {
            // Whether a run has something to tell is looked at once a frame.
            Some(FRAME)
        } else if app.notice.is_some() {
            // Nothing will change but a notice that goes away.
            Some(Duration::from_millis(500))
        } else {
            source.looks_again()
        };
        let timeout = match &watch {
            Some(watch) => Some(timeout.map_or(watch.due_in(), |timeout| timeout.min(watch.due_in()))),
            None => timeout,
        };
        for input in host.wait(timeout) {
            match input {
                Input::Key(key) => {
                    if let Some(action) = keys::action(keys::context(app), &key) {
                        update(app, action);
                        asked = true;
                    }
                }
                Input::Mouse(mouse) => {
                    if let Some(action) = pointer::action(app, &mouse) {
                        update(app, action);
                        asked = true;
                    }
                }
                Input::Redraw => {
                    app.effects.push(Effect::Redraw);
                    asked = true;
                }
                Input::Interrupt => return Ok(End::Interrupted),
                Input::HangUp => return Ok(End::HungUp),
            }
            for effect in std::mem::take(&mut app.effects) {
                match effect {
                    Effect::Quit => return Ok(End::Quit),
                    Effect::Interrupt => return Ok(End::Interrupted),
                    Effect::Suspend => {
                        host.suspend();
                        blank(terminal)?;
                        asked = true;
                    }
                    Effect::Redraw => blank(terminal)?,
                    Effect::Mouse(on) => host.mouse(on),
                    Effect::Control(runs, control) => {
                        let done = runs.into_iter().try_for_each(|run| source.control(run, control));
                        if let Err(error) = done {
                            app.say(format!("{error:#}"));
                        }
                        app.ended = None;
                    }
                    Effect::Plan(study) => {
                        let runs = plan(&study);
                        match source.plan(runs.clone()) {
                            Some(numbers) => app.replan(&study, &runs, &numbers),
                            None => app.say("another process trains these runs: change them there"),
                        }
                    }
                    Effect::Edit { line } => {
                        edit(host, app, options, line);
                        blank(terminal)?;
                        if let Some(read) = watch.as_mut().and_then(|watch| watch.look(true)) {
                            app.on_file(read);
                        }
                        asked = true;
                    }
                    Effect::Take { copy } => take(terminal, host, app, copy, options)?,
                }
            }
        }
    }
}

/// Forgets what is on the screen, so that the next frame draws everything. `Terminal::clear` would do
/// so too, but asks the terminal where its cursor is and gives up when nobody answers.
fn blank<B: Backend>(terminal: &mut Terminal<B>) -> Result<(), Lost> {
    let size = terminal.size()?;
    Ok(terminal.resize(size.into())?)
}

/// What the study has to tell. Whether there was anything, and whether there may be more.
fn take_in(source: &impl Source, app: &mut App) -> (bool, bool) {
    let mut changed = false;
    // Asked before the events are read: what was over then has nothing more to tell afterwards.
    let over = source.is_over();
    let mut taken = 0;
    while taken < EVENTS_AT_ONCE
        && let Some((run, event)) = source.try_event()
    {
        app.on_event(run, event);
        taken += 1;
        changed = true;
    }
    let queue = source.queue();
    changed |= queue != app.queue;
    app.queue = queue;
    for run in app.active().collect::<Vec<_>>() {
        let Some(snapshot) = source.snapshot(run) else { continue };
        let known = app.runs[run].snapshot.as_ref().is_some_and(|known| Arc::ptr_eq(known, &snapshot));
        if !known {
            app.on_snapshot(run, snapshot);
            changed = true;
        }
    }
    if !over {
        // Somebody goes on with what had ended.
        app.ended = None;
    } else if taken < EVENTS_AT_ONCE && !app.is_over() {
        app.on_over();
        changed = true;
    }
    (changed, taken == EVENTS_AT_ONCE)
}

/// Parameters of the past that the views look at, as many as the time allows.
fn look_back(source: &impl Source, app: &mut App) {
    let start = Instant::now();
    while start.elapsed() < PREVIEW_TIME
        && let Some((run, landmark)) = app.missing_past()
    {
        app.on_past(run, landmark, source.past(run, landmark));
    }
}

/// Opens the experiments file in an editor, making it first where the built-in copy runs.
fn edit(host: &mut impl Host, app: &mut App, options: &Options, line: usize) {
    let Some(file) = &options.file else {
        app.say("there is no experiments file to edit: these runs are only watched");
        return;
    };
    let opened = file.make(app).and_then(|()| host.edit(&file.path, app.line_to_edit(file, line)));
    if let Err(error) = opened {
        app.say(format!("{}: {error}", file.path.display()));
    }
}

/// A few previews, as many as the time allows.
fn preview(app: &mut App) {
    let start = Instant::now();
    while start.elapsed() < PREVIEW_TIME
        && let Some(run) = app.next_preview()
        && let Some(preview) = app.preview(run)
    {
        app.on_preview(run, preview);
    }
}

/// Writes the view and the table to a file, and copies the table if asked.
fn take<B: Backend>(
    terminal: &Terminal<B>,
    host: &mut impl Host,
    app: &mut App,
    copy: bool,
    options: &Options,
) -> Result<(), Lost> {
    let size = terminal.size()?;
    let table = loss_table(app);
    if copy {
        host.copy(&table);
    }
    let folder = options.save_to.clone().unwrap_or_default();
    let said = match report::save(app, size.width, size.height, &folder) {
        Ok(path) if copy => format!("table copied; view and table written to {} (and .svg)", path.display()),
        Ok(path) => format!("view and table written to {} (and .svg)", path.display()),
        Err(error) => format!("could not write: {error}"),
    };
    app.say(said);
    Ok(())
}

#[cfg(test)]
mod tests;
