//! The main loop. It waits for input or the time of the next frame, never for a worker: training leaves
//! events in a channel and parameters in slots, and what is newest is taken when a frame is due.

use std::{
    fmt::Display,
    sync::Arc,
    task::Poll,
    time::{Duration, Instant},
};

use ratatui::{Terminal, buffer::Buffer, layout::Rect};

use super::{
    frame::{self, report, save},
    options::{End, Options},
    source::Source,
    state::app::{App, Effect},
    style::Depth,
    update::{ToEdit, Watch, look, point, press, preview},
};
use crate::term::{Canvas, Flow, Host, Input, Purpose};

/// Time between frames while only the study changes something: five a second are smooth enough for a progress bar,
/// and few enough for a slow line and for the cores, which have better to do than previews of every moment.
const FRAME: Duration = Duration::from_millis(200);

/// The same while training is played back, which is looked at for its motion.
const REPLAY: Duration = Duration::from_millis(125);

/// Time between frames that answer keys: a held arrow key must not fill the line.
const ANSWER: Duration = Duration::from_millis(25);

/// What is asked of another thread is looked for no sooner than after this time.
const SOON: Duration = Duration::from_millis(5);

/// Time for looking for the past between two frames, which a person waits for.
const PAST_TIME: Duration = Duration::from_millis(30);

/// Most moments of the past asked for at once.
const PASTS_AT_ONCE: usize = 32;

/// Events taken in before the next look at the keyboard.
const EVENTS_AT_ONCE: usize = 2_000;

/// Why the loop could not go on.
#[derive(Debug)]
pub enum Lost {
    /// Drawing failed.
    Drawing(String),
    /// There is no study to show.
    Study(anyhow::Error),
}

impl<E: Display> From<E> for Lost {
    fn from(error: E) -> Self {
        Lost::Drawing(error.to_string())
    }
}

/// The main loop, over any screen, keyboard and study.
pub fn drive<B: Canvas>(
    terminal: &mut Terminal<B>,
    host: &mut impl Host,
    source: &impl Source,
    app: &mut App,
    options: &Options,
) -> Result<End, Lost> {
    let watch = options.file.clone().map(Watch::new);
    let mut pace = Pace {
        opened: Instant::now(),
        last_frame: None,
        flow: Flow::new(options.fps),
        asked: true,
        owes: false,
        dirty: true,
        filling: false,
        settled: false,
    };
    let mut main_loop = Loop { terminal, host, source, app, options, watch };
    if main_loop.app.mouse {
        main_loop.host.mouse(true);
    }
    loop {
        let more = main_loop.take_in(&mut pace);
        if let Some(error) = main_loop.source.failure() {
            return Err(Lost::Study(error));
        }
        main_loop.open_file(&mut pace)?;
        main_loop.draw(&mut pace)?;
        let timeout = main_loop.timeout(&mut pace, more);
        let mut inputs = main_loop.host.wait(timeout);
        // Whoever leaves waits for the terminal's answer, which may have come with the key.
        inputs.sort_by_key(|input| !matches!(input, Input::Taken));
        for input in inputs {
            if let Some(end) = main_loop.answer(&input, &mut pace) {
                return Ok(end);
            }
            for effect in std::mem::take(&mut main_loop.app.effects) {
                if let Some(end) = main_loop.perform(effect, &mut pace)? {
                    return Ok(end);
                }
            }
        }
    }
}

/// When to draw.
struct Pace {
    opened: Instant,
    last_frame: Option<Instant>,
    /// When the line can take the next frame.
    flow: Flow,
    /// A key was pressed since the last frame.
    asked: bool,
    /// Of the last frame only a piece was sent.
    owes: bool,
    /// Something changed since then.
    dirty: bool,
    /// More of the past is to be looked for.
    filling: bool,
    /// The terminal was told and asked what it is told and asked once.
    settled: bool,
}

impl Pace {
    fn purpose(&self) -> Purpose {
        match (self.asked, self.owes) {
            (true, _) => Purpose::Answer,
            (false, true) => Purpose::Rest,
            (false, false) => Purpose::News,
        }
    }

    /// Whether somebody waits for the next frame.
    fn is_urgent(&self) -> bool {
        self.purpose() != Purpose::News
    }
}

/// What the main loop works with.
struct Loop<'a, B: Canvas, H, S> {
    terminal: &'a mut Terminal<B>,
    host: &'a mut H,
    source: &'a S,
    app: &'a mut App,
    options: &'a Options,
    watch: Option<Watch>,
}

impl<B: Canvas, H: Host, S: Source> Loop<'_, B, H, S> {
    /// What the file, the clock and the study have to tell; whether there may be more.
    fn take_in(&mut self, pace: &mut Pace) -> bool {
        self.source.refresh();
        pace.dirty |= self.app.on_waiting(self.source.waits_for());
        while let Some(words) = self.source.said() {
            self.app.say(words);
            pace.dirty = true;
        }
        if let Some(changed) = self.source.changed_hands() {
            match changed {
                Ok(found) => {
                    self.app.change_hands(&found);
                    // What it says may not be what the process before trained.
                    self.read_file();
                }
                Err(error) => self.app.say(format!("{error:#}")),
            }
            pace.dirty = true;
        }
        let source = self.source;
        pace.dirty |= self.app.on_trainers(source.trainers(), |run| source.is_trained(run));
        pace.dirty |= self.app.on_holders(|run| source.holder(run));
        if let Some(read) = self.watch.as_mut().and_then(|watch| watch.take())
            && self.app.trains_here()
        {
            self.app.on_file(read);
            pace.dirty = true;
        }
        pace.dirty |= self.app.on_time(pace.opened.elapsed());
        if let Some(found) = self.source.found() {
            self.app.replan(&found.study, &found.runs, &found.numbers);
            pace.dirty = true;
        }
        if self.app.is_over() && self.source.looks_again().is_none() {
            return false;
        }
        let (changed, more) = take_in(self.source, self.app);
        pace.dirty |= changed;
        more
    }

    /// Draws, if there is anything new and it is time.
    fn draw(&mut self, pace: &mut Pace) -> Result<(), Lost> {
        let pause = if pace.is_urgent() || pace.filling { ANSWER } else { self.frame() };
        let due = pace.last_frame.is_none_or(|frame| frame.elapsed() >= pause);
        let waits = !pace.flow.wait(Instant::now(), pace.purpose()).is_zero();
        if !due || waits {
            return Ok(());
        }
        pace.dirty |= look_back(self.source, self.app);
        // The time of a preview may come when nothing else changes.
        pace.dirty |= preview(self.app) | look(self.app);
        if !pace.dirty && !pace.is_urgent() {
            return Ok(());
        }
        if self.app.settle() {
            look(self.app);
        }
        let app = &mut *self.app;
        self.terminal.backend_mut().allow(pace.flow.piece(pace.purpose()), pace.asked);
        let drawn = self.terminal.draw(|screen| frame::draw(app, screen))?.area;
        app.size = (drawn.width, drawn.height);
        let now = Instant::now();
        pace.last_frame = Some(now);
        if pace.flow.send(now, self.terminal.backend().sent()) {
            self.host.ask();
        }
        // A view of the past fills in as its curves are computed.
        let known = app.missing_past().is_none() && app.next_preview().is_none() && !app.rewind.stale;
        pace.filling = app.rewind.notch.is_some() && (!known || app.rewind.shown != app.rewind.notch);
        // Where more of it has to be read first, there is nothing to draw until then.
        let is_read = app.missing_past().is_none();
        (pace.asked, pace.dirty) = (false, pace.filling && is_read);
        pace.owes = self.terminal.backend().owes();
        Ok(())
    }

    /// The time between two frames that answer nobody.
    fn frame(&self) -> Duration {
        if self.app.rewind.playing.is_some() { REPLAY } else { FRAME }
    }

    /// How long to wait for input; `None` waits for nothing else.
    fn timeout(&self, pace: &mut Pace, more: bool) -> Option<Duration> {
        let (app, frame) = (&*self.app, self.frame());
        let line = pace.flow.wait(Instant::now(), pace.purpose());
        let since = pace.last_frame.map_or(Duration::ZERO, |frame| frame.elapsed());
        let timeout = if more {
            Some(Duration::ZERO)
        } else if pace.is_urgent() || pace.filling || self.source.is_asked() {
            Some(ANSWER.saturating_sub(since).max(SOON).max(line))
        } else if pace.dirty {
            Some(frame.saturating_sub(since).max(Duration::from_millis(1)).max(line.min(frame)))
        } else if !app.is_over() || app.rewind.playing.is_some() || app.is_working() {
            // Whether a run has something to tell is looked at once a frame.
            Some(frame)
        } else if app.said.is_some() {
            // Nothing will change but a sentence that goes away.
            Some(Duration::from_millis(500))
        } else {
            self.source.looks_again()
        };
        match &self.watch {
            Some(watch) => Some(timeout.map_or(watch.due_in(), |timeout| timeout.min(watch.due_in()))),
            None => timeout,
        }
    }

    /// Does what an input asks of the state; whether that is the end.
    fn answer(&mut self, input: &Input, pace: &mut Pace) -> Option<End> {
        match input {
            Input::Key(key) => pace.asked |= press(self.app, key),
            Input::Mouse(mouse) => pace.asked |= point(self.app, mouse),
            Input::Paste => {
                self.app.say("pasted text is not taken for keys");
                pace.asked = true;
            }
            Input::Stop => self.app.effects.push(Effect::Suspend),
            Input::Redraw => {
                self.app.effects.push(Effect::Redraw);
                pace.flow.begin_again();
                pace.asked = true;
            }
            Input::Taken => {
                pace.flow.take(Instant::now());
                self.settle(pace);
            }
            Input::Ground(red, green, blue) => {
                self.app.on_ground((*red, *green, *blue));
                pace.asked = true;
            }
            Input::Interrupt => {
                self.part(pace);
                return Some(End::Interrupted);
            }
            Input::HangUp => return Some(End::HungUp),
        }
        None
    }

    /// The terminal answers: so it can be told and asked what needs no answer to go on. It is asked behind that how it
    /// is, as behind a frame: once it has said so, nothing is to come any more.
    fn settle(&mut self, pace: &mut Pace) {
        if !std::mem::replace(&mut pace.settled, true) {
            self.host.settle(!self.app.theme_is_said && self.app.styles.depth != Depth::Mono);
            if pace.flow.send(Instant::now(), 0) {
                self.host.ask();
            }
        }
    }

    /// Takes the terminal's last answers before somebody else reads what it says.
    fn part(&mut self, pace: &mut Pace) {
        let now = Instant::now();
        while let Some(until) = pace.flow.awaited(now)
            && let Some(left) = until.checked_duration_since(Instant::now())
        {
            for input in self.host.wait(Some(left)) {
                match input {
                    Input::Taken => pace.flow.take(Instant::now()),
                    Input::HangUp => return,
                    _ => {}
                }
            }
        }
    }

    /// Has the file read, whose study comes when it is there.
    fn read_file(&mut self) {
        if let Some(watch) = &mut self.watch {
            watch.ask();
        }
    }

    /// Opens the experiments file in an editor, once it is known where.
    fn open_file(&mut self, pace: &mut Pace) -> Result<(), Lost> {
        let (Some(to_edit), Some(file)) = (self.watch.as_mut().and_then(Watch::to_edit), &self.options.file)
        else {
            return Ok(());
        };
        let path = &file.path;
        let opened = to_edit.and_then(|ToEdit { made, line }| {
            if made {
                self.app.say(format!("{} was made from the built-in copy", path.display()));
            }
            self.part(pace);
            self.host.edit(path, line)
        });
        if let Err(error) = opened {
            self.app.say(format!("{}: {error}", path.display()));
        }
        blank(self.terminal)?;
        self.read_file();
        pace.asked = true;
        Ok(())
    }

    /// Does what the state asks for; whether that is the end.
    fn perform(&mut self, effect: Effect, pace: &mut Pace) -> Result<Option<End>, Lost> {
        match effect {
            Effect::Quit => {
                self.part(pace);
                return Ok(Some(End::Quit));
            }
            Effect::Interrupt => {
                self.part(pace);
                return Ok(Some(End::Interrupted));
            }
            Effect::Suspend => {
                self.part(pace);
                self.host.suspend();
                blank(self.terminal)?;
                pace.asked = true;
            }
            Effect::Redraw => blank(self.terminal)?,
            Effect::Mouse(on) => self.host.mouse(on),
            Effect::Control(runs, control) => {
                let done = runs.into_iter().try_for_each(|run| self.source.control(run, control));
                if let Err(error) = done {
                    self.app.say(format!("{error:#}"));
                }
                self.app.ended = None;
            }
            Effect::Plan(study) => {
                if let Err(error) = self.source.plan(&study) {
                    self.app.say(format!("{error:#}"));
                }
            }
            Effect::Read => self.read_file(),
            Effect::TakeOver => {
                if let Err(error) = self.source.take_over() {
                    self.app.say(format!("{error:#}"));
                }
            }
            Effect::Edit { line } => match &mut self.watch {
                // The built-in copy stands in for a file only where it is what runs, not for one that is gone.
                Some(watch) => {
                    watch.ask_to_edit(self.app.study.path.is_none(), line, self.app.name_in_view())
                }
                None => self.app.say("there is no experiments file to edit: these runs are only watched"),
            },
            Effect::Take { copy } => take(self.terminal, self.host, self.app, copy, self.options)?,
        }
        Ok(None)
    }
}

/// Forgets what is on the screen, so that the next frame draws everything. `Terminal::clear` would do
/// so too, but asks the terminal where its cursor is and gives up when nobody answers.
pub(super) fn blank<B: Canvas>(terminal: &mut Terminal<B>) -> Result<(), Lost> {
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
    changed |= app.on_queue(source.queue());
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

/// Parameters of the past that the views look at, as many as there are and the time allows; whether there are any.
fn look_back(source: &impl Source, app: &mut App) -> bool {
    let (start, mut any) = (Instant::now(), false);
    loop {
        let missing: Vec<(usize, usize)> =
            app.missing_pasts().chain(app.why.courses.missing()).take(PASTS_AT_ONCE).collect();
        let mut found = false;
        for (run, landmark) in missing {
            if let Poll::Ready(past) = source.past(run, landmark) {
                app.on_past(run, landmark, past);
                found = true;
            }
        }
        any |= found;
        if !found || start.elapsed() >= PAST_TIME {
            return any;
        }
    }
}

/// Writes the view and the table to a file, and copies the table if asked.
fn take<B: Canvas>(
    terminal: &Terminal<B>,
    host: &mut impl Host,
    app: &mut App,
    copy: bool,
    options: &Options,
) -> Result<(), Lost> {
    let size = terminal.size()?;
    let table = report(app);
    if copy {
        host.copy(&table);
    }
    let folder = options.save_to.clone().unwrap_or_default();
    let mut screen = Buffer::empty(Rect::new(0, 0, size.width, size.height));
    frame::render(app, screen.area, &mut screen);
    let said = match save(app, &screen, &folder) {
        Ok(path) if copy => format!("table copied; view and table written to {} (and .svg)", path.display()),
        Ok(path) => format!("view and table written to {} (and .svg)", path.display()),
        Err(error) => format!("could not write: {error}"),
    };
    app.say(said);
    Ok(())
}
