//! Everything the dashboard knows, as plain data. Nothing here draws and nothing here asks the
//! terminal; [`crate::ui::update`] is the only place that changes it.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use super::{
    by_task::Paired,
    compared::Known,
    controls::{CurveControls, FitControls, Undo},
    countdown::Countdown,
    distributions::Spreads,
    family::{Illustration, OracleJob, TestSet},
    file::Edited,
    fits::Fits,
    job::Job,
    list::ListControls,
    modes,
    own_rate::OwnRate,
    rewind::Rewind,
    runs::{ExperimentState, Phase, RunState, Spent},
    said::Said,
    schedule::KnownSchedule,
    statistics::{Statistics, StatisticsOf},
    sweep::SweepState,
    trainers::Trainers,
};
use crate::{
    eval::{Average, Curve, LossAxis},
    experiments::{FIRST_TEST, Study, Test},
    results::{Compared, Contrasts, DifferingSetting, Figure, ListRow},
    study::Control,
    task::{EvaluationSettings, TaskSettings},
    ui::{
        command, keymap,
        style::Styles,
        view,
        views::{
            inner::state::Inner,
            play::{frozen::Walked, seeds::Seeds, state::Play},
            why::state::Why,
        },
    },
};

/// A view of this state.
pub type View = view::View<App>;
/// A kind of view of this state.
pub type Kind = view::Kind<App>;
/// A command that changes this state.
pub type Command = command::Command<App>;
/// Which key does which of them.
pub type Keymap = keymap::Keymap<App>;
/// What stands over the views.
pub type Mode = modes::Mode<App>;

/// What About is of: test set, experiment, average, axis, letters, and whether the best log-likelihood is known.
pub type AboutOf = (usize, usize, Average, LossAxis, bool, bool);

/// Most inner steps a fit is shown after.
pub const MOST_STEPS: usize = 100;

/// Most support points a fit is shown with.
pub const MOST_SHOTS: usize = 100;

/// Lines the log keeps; older ones go.
const LOG_LINES: usize = 5_000;

/// The dashboard's state.
pub struct App {
    /// The study that runs.
    pub study: Study,
    /// Its file as the header shows it.
    pub file: String,
    /// What the file says since somebody edited it.
    pub edited: Option<Edited>,
    /// The look.
    pub styles: Styles,
    /// Whether a person has said which theme; else the terminal's ground says it.
    pub theme_is_said: bool,
    /// The experiments in the file's order.
    pub experiments: Vec<ExperimentState>,
    /// The rows in which experiments are listed: each its own, a sweep one.
    pub rows: Vec<ListRow>,
    /// The sweeps among them.
    pub sweeps: Vec<SweepState>,
    /// Every run there has been; events refer to them by index.
    pub runs: Vec<RunState>,
    /// The runs that wait for a worker, the next one first.
    pub queue: Vec<usize>,
    /// The frozen test tasks, one set for each different pair of `[task]` and `[evaluation]`.
    pub sets: Vec<TestSet>,
    /// The names of the further test sets.
    pub tests: Vec<String>,
    /// The test set in view: 0 is the first, which has no name.
    pub test: usize,
    /// Every view, in the order of the tabs.
    pub tabs: Vec<View>,
    /// The view on screen.
    pub view: View,
    /// The experiment selected on the Overview.
    pub selected: usize,
    /// What the Overview lists.
    pub list: ListControls,
    /// What sets the experiments apart.
    pub differences: Vec<DifferingSetting>,
    /// What the fit panes show.
    pub fit: FitControls,
    /// How curves are shown.
    pub curves: CurveControls,
    /// Where in training the views look.
    pub rewind: Rewind,
    /// The fits in view.
    pub fits: Fits,
    /// Previews that are worked out.
    pub(in crate::ui) previews: Job<(), Vec<Previewed>>,
    /// Cells of sweeps at rates of their own.
    pub(in crate::ui) own_rate: OwnRate,
    /// Two networks that are compared task by task.
    pub(in crate::ui) by_task: Paired,
    /// How losses are spread over test tasks.
    pub(in crate::ui) spreads: Spreads,
    /// What oracles leave on test tasks, where that takes long.
    pub(in crate::ui) oracles: Job<OracleJob, Vec<f64>>,
    /// Floors of points curves, which take long for the first time.
    pub(in crate::ui) floors: Job<(TaskSettings, EvaluationSettings), ()>,
    /// The Inner view.
    pub inner: Inner,
    /// The losses over K of Play's walk.
    pub(in crate::ui) walked: Walked,
    /// The Why view.
    pub why: Why,
    /// The Tasks view.
    pub illustration: Option<Illustration>,
    /// The Play view.
    pub play: Play,
    /// What it shows beside the best fit.
    pub(in crate::ui) seeds: Seeds,
    /// Who is compared with whom, as long as nothing has changed.
    pub(in crate::ui) comparisons: Known<(usize, Average), Vec<Compared>>,
    /// The same over support points.
    pub(in crate::ui) comparisons_of_points: Known<(usize, Average), Vec<Compared>>,
    /// What curves come to over seeds, the same way.
    pub(in crate::ui) statistics: Known<StatisticsOf, Statistics>,
    /// The same of one system against each other.
    pub(in crate::ui) contrasts: Known<(usize, usize, Average, LossAxis), Option<Contrasts>>,
    /// What is said of it.
    pub(in crate::ui) sentences: Known<(usize, Average, bool, LossAxis, usize), Vec<String>>,
    /// What About says of an experiment in this study.
    pub(in crate::ui) about: Known<AboutOf, Vec<String>>,
    /// What leaving out the second derivative costs, in words.
    pub(in crate::ui) second_derivative: Known<(usize, Average, LossAxis, bool), Option<String>>,
    /// The published figures.
    pub(in crate::ui) published: Known<(), Vec<Figure>>,
    /// When runs begin and end, as long as nothing has changed.
    pub(in crate::ui) schedule: KnownSchedule,
    /// The time left, as it is shown.
    pub(in crate::ui) countdown: Option<Countdown>,
    /// What happened, oldest first.
    pub log: VecDeque<LogLine>,
    /// The published figure that is selected.
    pub figure: usize,
    /// Whether what happens is none of the log's business for now.
    pub(in crate::ui) quiet: bool,
    /// Lines the log is scrolled up from its end.
    pub log_back: usize,
    /// Which key does what.
    pub keymap: Arc<Keymap>,
    /// What stands over the view, the lowest first: the last one takes the keys.
    pub modes: Vec<Mode>,
    /// What was put aside last.
    pub undo: Option<Undo>,
    /// What a person is told.
    pub said: Option<Said>,
    /// Who trains the study.
    pub trainers: Trainers,
    /// What was seen of the workers.
    pub spent: Spent,
    /// When the dashboard opened, in seconds since 1970, and seconds that clocks here are ahead of UTC.
    pub opened: (u64, i32),
    /// Time since the dashboard opened.
    pub now: Duration,
    /// When everything had ended.
    pub ended: Option<Duration>,
    /// Columns and rows of the screen that was drawn last.
    pub size: (u16, u16),
    /// Whether the mouse is the dashboard's.
    pub mouse: bool,
    /// What the main loop is to do for the state, in order.
    pub effects: Vec<Effect>,
}

/// A preview of a run's adaptation curve, on the first few test tasks.
pub struct Previewed {
    /// The run.
    pub run: usize,
    /// Whether it is of the past that is looked at.
    pub rewound: bool,
    /// Which test set.
    pub test: usize,
    /// The step its parameters are of.
    pub step: u64,
    /// The curve.
    pub curve: Curve,
}

/// A line of the log.
pub struct LogLine {
    /// When, in seconds since 1970.
    pub at: u64,
    /// What.
    pub text: String,
    /// Whether it is bad news.
    pub bad: bool,
}

/// Something only the main loop can do.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Leave.
    Quit,
    /// Leave because of Ctrl-C or a signal.
    Interrupt,
    /// Give the terminal back to the shell until `fg`.
    Suspend,
    /// Draw everything anew.
    Redraw,
    /// Do this with the runs of these numbers.
    Control(Vec<usize>, Control),
    /// Make this the study.
    Plan(Box<Study>),
    /// Read the experiments file, whether or not it seems to have changed.
    Read,
    /// Train here what another process trains.
    TakeOver,
    /// Open the experiments file in an editor.
    Edit {
        /// The line to begin at, from 1; 0 for where the experiment in view begins.
        line: usize,
    },
    /// Have the terminal report the mouse, or no more.
    Mouse(bool),
    /// Copy and write what the view shows as text.
    Take {
        /// Also into the clipboard (OSC 52).
        copy: bool,
    },
}

impl App {
    /// The state before there are experiments, with this view in front.
    pub(in crate::ui) fn blank(study: &Study, view: View, keymap: Keymap, styles: Styles) -> Self {
        let file = study
            .path
            .as_ref()
            .map_or_else(|| format!("{} (built in)", study.name), |path| path.display().to_string());
        let play = Play::new(study.experiments.first().map(|experiment| &experiment.task));
        Self {
            study: study.clone(),
            file,
            edited: None,
            styles,
            theme_is_said: false,
            experiments: Vec::new(),
            rows: Vec::new(),
            sweeps: Vec::new(),
            runs: Vec::new(),
            queue: Vec::new(),
            sets: Vec::new(),
            tests: Vec::new(),
            test: 0,
            tabs: vec![view],
            view,
            selected: 0,
            list: ListControls::default(),
            differences: Vec::new(),
            fit: FitControls::default(),
            curves: CurveControls::default(),
            rewind: Rewind::default(),
            fits: Fits::default(),
            previews: Job::default(),
            own_rate: OwnRate::default(),
            by_task: Paired::default(),
            spreads: Spreads::default(),
            oracles: Job::default(),
            floors: Job::default(),
            inner: Inner::default(),
            walked: Walked::default(),
            why: Why::default(),
            illustration: None,
            play,
            seeds: Seeds::default(),
            comparisons: Known::default(),
            comparisons_of_points: Known::default(),
            contrasts: Known::default(),
            sentences: Known::default(),
            statistics: Known::default(),
            about: Known::default(),
            second_derivative: Known::default(),
            published: Known::default(),
            schedule: KnownSchedule::default(),
            countdown: None,
            log: VecDeque::new(),
            figure: 0,
            quiet: false,
            log_back: 0,
            keymap: Arc::new(keymap),
            modes: Vec::new(),
            undo: None,
            said: None,
            trainers: Trainers::default(),
            spent: Spent::default(),
            opened: (0, 0),
            now: Duration::ZERO,
            ended: None,
            size: (0, 0),
            mouse: false,
            effects: Vec::new(),
        }
    }

    /// Every view, in the order of the tabs.
    pub fn views(&self) -> &[View] {
        &self.tabs
    }

    /// A view's name on its tab.
    pub fn view_name(&self, view: View) -> &str {
        match view.experiment {
            Some(index) => match self.sweep_of(index).filter(|_| view.kind.sweep) {
                Some(sweep) => sweep.grid.name.as_str(),
                None => {
                    self.experiments.get(index).map_or("?", |experiment| experiment.settings.name.as_str())
                }
            },
            None => view.kind.title,
        }
    }

    /// Where a view stands among the tabs: one that has a tab for all experiments stands there, whichever it shows.
    pub fn tab(&self, view: View) -> usize {
        let own = [view, View { experiment: None, ..view }];
        let place = own.iter().find_map(|own| self.tabs.iter().position(|tab| tab == own));
        place.unwrap_or_else(|| view.experiment.map_or(0, |experiment| self.tab_of(experiment)))
    }

    /// Whether a view is one of the tabs, whichever experiment it shows.
    pub fn is_tab(&self, view: View) -> bool {
        self.tabs.contains(&view) || self.tabs.contains(&View { experiment: None, ..view })
    }

    /// Where the first view of an experiment stands among the tabs. The tab of a sweep is that of all of its cells, of the
    /// map and of what it opens.
    pub fn tab_of(&self, experiment: usize) -> usize {
        let row = |index: usize| self.experiments.get(index).map(|experiment| experiment.row);
        let is_it = |tab: &View| tab.experiment.is_some_and(|index| row(index) == row(experiment));
        self.tabs.iter().position(is_it).unwrap_or(0)
    }

    /// The name of the test set in view; the first one has none.
    pub fn test_name(&self) -> Option<&str> {
        self.name_of_test(self.test)
    }

    /// The name of a test set.
    pub fn name_of_test(&self, test: usize) -> Option<&str> {
        self.tests.get(test.checked_sub(1)?).map(String::as_str)
    }

    /// What stands before the titles of panes that show one of several test sets.
    pub fn test_label(&self) -> String {
        match self.tests.is_empty() {
            true => String::new(),
            false => format!("[{}] ", self.test_name().unwrap_or(FIRST_TEST)),
        }
    }

    /// Whether an experiment is tested on the set in view.
    pub fn is_tested(&self, experiment: usize) -> bool {
        self.experiments[experiment].sets.get(self.test).is_some_and(Option::is_some)
    }

    /// The test tasks of an experiment: of the set in view, or of the first where it has no such set.
    pub fn set(&self, experiment: usize) -> &TestSet {
        let sets = &self.experiments[experiment].sets;
        let set = sets.get(self.test).copied().flatten().or(sets.first().copied().flatten());
        &self.sets[set.unwrap_or(0)]
    }

    /// The rate of the inner steps of an experiment's tests on the set in view.
    pub fn test_rate(&self, experiment: usize) -> f64 {
        let settings = &self.experiments[experiment].settings;
        let TestSet { task, evaluation, .. } = self.set(experiment);
        settings.test_rate(Test { name: None, task, evaluation })
    }

    /// What the curves in view are over: support points where a person wants it, a test has them and the view can.
    pub fn axis(&self) -> LossAxis {
        // It is asked for every curve, so the rest is looked at only where a person wants it.
        if self.curves.axis == LossAxis::Steps || !self.view.kind.points {
            return LossAxis::Steps;
        }
        let has_points = |index| self.set(index).evaluation.points.is_some();
        match (0..self.experiments.len()).any(has_points) {
            true => LossAxis::Points,
            false => LossAxis::Steps,
        }
    }

    /// The curve of a run on the set in view, over the axis in view.
    pub fn curve(&self, run: usize) -> Option<&Curve> {
        self.axis().of(self.curve_over_steps(run)?)
    }

    /// The adaptation curve of a run on the set in view.
    pub fn curve_over_steps(&self, run: usize) -> Option<&Curve> {
        self.runs[run].curves.of(self.test_name())
    }

    /// Runs of the study that failed.
    pub fn failures(&self) -> usize {
        self.active().filter(|run| matches!(self.runs[*run].phase, Phase::Failed { .. })).count()
    }

    /// The numbers of the runs that belong to the study, experiment by experiment.
    pub fn active(&self) -> impl Iterator<Item = usize> {
        self.experiments.iter().flat_map(|experiment| experiment.runs.iter().copied())
    }

    /// Whether every run has ended.
    pub fn is_over(&self) -> bool {
        self.ended.is_some()
    }

    /// Adds a line to the log.
    pub(in crate::ui) fn note(&mut self, text: String, bad: bool) {
        self.note_at(self.opened.0 + self.now.as_secs(), text, bad);
    }

    /// Adds a line about something that was at this time, in seconds since 1970.
    pub(in crate::ui) fn note_at(&mut self, at: u64, text: String, bad: bool) {
        if self.quiet {
            return;
        }
        if self.log.len() == LOG_LINES {
            self.log.pop_front();
        }
        self.log.push_back(LogLine { at, text, bad });
        // Someone who reads further up keeps the place.
        if self.log_back > 0 {
            self.log_back += 1;
        }
    }
}
