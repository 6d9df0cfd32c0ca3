//! The main loop over a made-up keyboard and a made-up study.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    io,
    path::{Path, PathBuf},
    sync::Arc,
    task::Poll,
    time::Duration,
};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::{Terminal, backend::TestBackend};

use super::fixture::{self, view};
use crate::{
    learner::Algorithm,
    study::{Event, Found, Snapshot},
    term::{Button, Host, Input, Mouse, MouseKind},
    ui::{End, Options, Source, drive, report, state::runs::Phase, style::Styles},
};

/// Plays a script of inputs, one batch a wait.
struct Script {
    batches: VecDeque<Vec<Input>>,
    suspended: usize,
    copied: Vec<String>,
    edited: Vec<(PathBuf, usize)>,
    mouse: Vec<bool>,
}

impl Script {
    fn new(batches: impl IntoIterator<Item = Vec<Input>>) -> Self {
        Self {
            batches: batches.into_iter().collect(),
            suspended: 0,
            copied: Vec::new(),
            edited: Vec::new(),
            mouse: Vec::new(),
        }
    }
}

impl Host for Script {
    fn wait(&mut self, timeout: Option<Duration>) -> Vec<Input> {
        std::thread::sleep(timeout.unwrap_or_default().min(Duration::from_millis(5)));
        self.batches.pop_front().unwrap_or_else(|| vec![Input::HangUp])
    }

    fn suspend(&mut self) {
        self.suspended += 1;
    }

    fn edit(&mut self, path: &Path, line: usize) -> io::Result<()> {
        self.edited.push((path.to_owned(), line));
        Ok(())
    }

    fn copy(&mut self, text: &str) {
        self.copied.push(text.to_owned());
    }

    fn mouse(&mut self, on: bool) {
        self.mouse.push(on);
    }
}

struct Told(RefCell<VecDeque<(usize, Event)>>);

impl Source for Told {
    fn try_event(&self) -> Option<(usize, Event)> {
        self.0.borrow_mut().pop_front()
    }

    fn snapshot(&self, run: usize) -> Option<Arc<Snapshot>> {
        (run == 0).then(|| fixture::snapshot(0, 0))
    }

    fn past(&self, _: usize, _: usize) -> Poll<Option<Arc<Snapshot>>> {
        Poll::Ready(None)
    }

    fn is_over(&self) -> bool {
        self.0.borrow().is_empty()
    }
}

/// What others train: when it has ended, they add an experiment and train that.
struct Grows {
    told: Told,
    asked: Cell<usize>,
}

impl Source for Grows {
    fn try_event(&self) -> Option<(usize, Event)> {
        self.told.try_event()
    }

    fn snapshot(&self, run: usize) -> Option<Arc<Snapshot>> {
        self.told.snapshot(run)
    }

    fn past(&self, _: usize, _: usize) -> Poll<Option<Arc<Snapshot>>> {
        Poll::Ready(None)
    }

    fn is_over(&self) -> bool {
        self.told.is_over()
    }

    fn looks_again(&self) -> Option<Duration> {
        Some(Duration::from_millis(1))
    }

    fn found(&self) -> Option<Found> {
        self.asked.set(self.asked.get() + 1);
        if self.asked.get() != 20 {
            return None;
        }
        self.told.0.borrow_mut().extend([
            (1, fixture::started("Late", 0, 10)),
            (1, fixture::evaluated("Late", 0, fixture::curve(4.3, 0.7, 1))),
            (1, fixture::finished("Late", 0)),
        ]);
        let study = fixture::study(vec![
            fixture::experiment("Early", Algorithm(&crate::learner::Random), 1),
            fixture::experiment("Late", Algorithm(&crate::learner::Maml), 1),
        ]);
        let runs = fixture::plan(&study);
        Some(Found { study, runs, numbers: vec![0, 1] })
    }
}

#[test]
fn what_others_add_is_taken_in_even_after_everything_had_ended() {
    let study = fixture::study(vec![fixture::experiment("Early", Algorithm(&crate::learner::Random), 1)]);
    let mut app = fixture::app(&study, Styles::default());
    let told = Told(RefCell::new(VecDeque::from([
        (0, fixture::started("Early", 0, 0)),
        (0, fixture::evaluated("Early", 0, fixture::curve(4.3, 4.1, 1))),
        (0, fixture::finished("Early", 0)),
    ])));
    let source = Grows { told, asked: Cell::default() };
    let mut terminal = Terminal::new(TestBackend::new(80, 24)).expect("a test screen");
    let waits = std::iter::repeat_n(Vec::new(), 80);
    let mut script = Script::new(waits.chain([key('q', KeyModifiers::NONE)]));
    drive(&mut terminal, &mut script, &source, &mut app, &Options::default()).expect("a test screen");
    assert!(matches!(app.runs[1].phase, Phase::Finished { .. }));
    assert!(app.is_over());
    let ends = app.log.iter().filter(|line| line.text.contains("every run has ended")).count();
    assert_eq!(ends, 2, "once before the new one came and once after");
    let screen = terminal.backend().to_string();
    assert!(screen.contains("Late") && screen.contains("2/2"), "{screen}");
}

fn key(letter: char, modifiers: KeyModifiers) -> Vec<Input> {
    vec![Input::Key(KeyEvent::new(KeyCode::Char(letter), modifiers))]
}

fn play(batches: Vec<Vec<Input>>, options: &Options) -> (End, Script, crate::ui::state::app::App, String) {
    let study = fixture::notebook();
    let mut app = fixture::app(&study, Styles::default());
    let events = vec![
        (0, fixture::started("Random", 0, 0)),
        (0, fixture::evaluated("Random", 0, fixture::curve(4.3, 4.1, 1))),
        (0, fixture::finished("Random", 0)),
        (3, fixture::failed("Transfer", 0)),
    ];
    let told = Told(RefCell::new(events.into()));
    let mut terminal = Terminal::new(TestBackend::new(80, 24)).expect("a test screen");
    let mut script = Script::new(batches);
    let end = drive(&mut terminal, &mut script, &told, &mut app, options).expect("a test screen");
    (end, script, app, terminal.backend().to_string())
}

#[test]
fn it_takes_in_the_study_draws_it_and_quits() {
    let none = KeyModifiers::NONE;
    let waits = std::iter::repeat_n(Vec::new(), 40);
    let batches = waits.chain([key('q', none)]).collect();
    let (end, _, app, screen) = play(batches, &Options::default());
    assert_eq!(end, End::Quit);
    assert!(app.is_over());
    assert!(matches!(app.runs[0].phase, Phase::Finished { .. }));
    assert!(screen.contains("4.30") && screen.contains("runs done"), "{screen}");
    let table = report(&app);
    assert!(table.contains("Transfer, seed 0: failed at step 1200"), "{table}");
}

#[test]
fn each_way_out_is_told_apart() {
    let options = Options::default();
    assert_eq!(play(vec![key('c', KeyModifiers::CONTROL)], &options).0, End::Interrupted);
    assert_eq!(play(vec![vec![Input::Interrupt]], &options).0, End::Interrupted);
    assert_eq!(play(vec![vec![Input::HangUp]], &options).0, End::HungUp);
}

#[test]
fn the_shell_gets_the_terminal_and_gives_it_back() {
    let batches = vec![key('z', KeyModifiers::CONTROL), vec![Input::Redraw], key('q', KeyModifiers::NONE)];
    assert_eq!(play(batches, &Options::default()).1.suspended, 1);
}

#[test]
fn the_mouse_reaches_the_view_that_was_drawn_once_it_is_asked_for() {
    let none = KeyModifiers::NONE;
    // The last columns of the tabs but one: the figures, on a screen of 80.
    let click = || vec![Input::Mouse(Mouse { kind: MouseKind::Press(Button::Left), column: 70, row: 1 })];
    let (_, script, app, screen) = play(vec![click(), key('q', none)], &Options::default());
    assert_eq!((script.mouse.len(), app.view), (0, view("Overview")));
    assert_eq!(app.size, (80, 24));
    // A line of the screen stands between quotes.
    assert!(screen.lines().nth(1).is_some_and(|tabs| tabs.ends_with("9 Log Figures Why \"")), "{screen}");
    let batches = vec![key('M', none), click(), key('q', none)];
    let (_, script, app, _) = play(batches, &Options::default());
    assert_eq!((script.mouse, app.view), (vec![true], view("Figures")));
}

#[test]
fn taking_a_view_away_writes_it_and_says_where() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let options = Options { save_to: Some(folder.path().to_owned()), ..Options::default() };
    let none = KeyModifiers::NONE;
    let batches = vec![key('y', none), key('s', none), key('q', none)];
    let (_, script, app, _) = play(batches, &options);
    assert_eq!(script.copied, [report(&app)]);
    for number in 1..=2 {
        let path = folder.path().join(format!("metascope-overview-{number}.txt"));
        let text = std::fs::read_to_string(path).expect("the view was written");
        assert!(text.contains("metascope") && text.contains("prior mean"), "{text}");
    }
}

#[test]
fn a_preview_stands_for_a_moment_before_it_is_computed_anew() {
    let mut app = fixture::midway(Styles::default());
    let begun = app.now;
    let preview = app.next_preview().and_then(|run| app.preview(run)).expect("a run is in training");
    app.on_preview(11, preview);
    app.on_snapshot(11, fixture::snapshot(30_000, 2));
    assert_eq!(app.next_preview(), None);
    app.on_time(begun + Duration::from_millis(399));
    assert_eq!(app.next_preview(), None);
    app.on_time(begun + Duration::from_millis(400));
    assert_eq!(app.next_preview(), Some(11));
    // What a person asks for comes at once, also where the past has a preview of another step.
    app.on_time(begun + Duration::from_millis(10));
    app.rewind.notch = Some(0);
    app.runs[11].past.found = Some((0, Some(fixture::snapshot(0, 2))));
    app.runs[11].past.curve = Some((30_000, fixture::curve(4.3, 0.9, 2)));
    assert!(app.preview_jobs().iter().any(|job| job.run == 11));
}

#[test]
fn a_row_says_when_it_starts_and_how_many_of_its_runs_wait() {
    let mut app = fixture::midway(Styles::default());
    let row = |app: &crate::ui::state::app::App| crate::ui::views::overview::row(app, 4).facts.join("  ");
    assert!(row(&app).contains("queued  starts in 0:0"), "{}", row(&app));
    app.on_event(12, fixture::started("Reptile", 0, 40_000));
    assert!(row(&app).contains(" left, 2 waiting"), "{}", row(&app));
    app.on_over();
    app.runs[12].phase = crate::ui::state::runs::Phase::Stopped;
    assert!(!row(&app).contains("starts in"), "{}", row(&app));
}
