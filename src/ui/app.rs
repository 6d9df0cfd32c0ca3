//! Everything the dashboard knows, as plain data. Nothing here draws and nothing here asks the
//! terminal; [`super::update`] is the only place that changes it.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use crate::{
    config::{Algorithm, Experiment, Study},
    eval::{self, Curve, Fit},
    study::{Run, Snapshot},
    task::{self, Family, Purpose, TestTask},
    ui::{
        family::{Illustration, TestSet},
        play::Play,
        rewind::{Past, Rewind},
        style::Styles,
    },
};

/// Test tasks a live preview of an adaptation curve is computed on: a few milliseconds of work.
pub const PREVIEW_TASKS: usize = 24;

/// Most inner steps a fit is shown after.
pub const MOST_STEPS: usize = 100;

/// Lines the log keeps; older ones go.
const LOG_LINES: usize = 5_000;

/// The dashboard's state.
pub struct App {
    /// Program, file and study as the header shows them.
    pub file: String,
    /// The look.
    pub styles: Styles,
    /// The experiments in the file's order.
    pub experiments: Vec<ExperimentState>,
    /// The plan's runs; events refer to them by index.
    pub runs: Vec<RunState>,
    /// The frozen test tasks, one set for each different pair of `[task]` and `[evaluation]`.
    pub sets: Vec<TestSet>,
    /// The view on screen.
    pub view: View,
    /// The experiment selected on the Overview.
    pub selected: usize,
    /// What the fit panes show.
    pub fit: FitControls,
    /// How curves are shown.
    pub curves: CurveControls,
    /// Where in training the views look.
    pub rewind: Rewind,
    /// The Tasks view.
    pub illustration: Option<Illustration>,
    /// The Play view.
    pub play: Play,
    /// What happened, oldest first.
    pub log: VecDeque<LogLine>,
    /// Lines the log is scrolled up from its end.
    pub log_back: usize,
    /// The help, and how far it is scrolled; `None` when closed.
    pub help: Option<usize>,
    /// A number being typed.
    pub prompt: Option<Prompt>,
    /// A sentence in the footer, and until when.
    pub notice: Option<(String, Duration)>,
    /// Time since the dashboard opened.
    pub now: Duration,
    /// When everything had ended.
    pub ended: Option<Duration>,
    /// What the main loop is to do for the state, in order.
    pub effects: Vec<Effect>,
}

/// One experiment.
pub struct ExperimentState {
    /// Its settings.
    pub settings: Arc<Experiment>,
    /// Its runs.
    pub runs: Vec<usize>,
    /// Its test tasks.
    pub set: usize,
}

/// One run.
pub struct RunState {
    /// The experiment it belongs to.
    pub experiment: usize,
    /// Its seed.
    pub seed: u64,
    /// Outer steps it will take.
    pub total: u64,
    /// Where it stands.
    pub phase: Phase,
    /// Outer steps taken.
    pub step: u64,
    /// Outer steps a second, as last reported.
    pub speed: f64,
    /// Training losses as reported: step, mean loss.
    pub losses: Vec<(u64, f64)>,
    /// The adaptation curve of the trained network.
    pub curve: Option<Curve>,
    /// A curve over [`PREVIEW_TASKS`] tasks of the network at this step.
    pub preview: Option<(u64, Curve)>,
    /// The newest parameters.
    pub snapshot: Option<Arc<Snapshot>>,
    /// Parameters of its past.
    pub past: Past,
}

/// Where a run stands.
#[derive(Clone, Debug, PartialEq)]
pub enum Phase {
    /// Waiting for a worker.
    Queued,
    /// A worker has it.
    Training,
    /// Trained and evaluated.
    Finished {
        /// Wall time.
        seconds: f64,
        /// Where its checkpoint is, if anywhere.
        checkpoint: Option<String>,
    },
    /// Diverged, panicked or could not be saved.
    Failed {
        /// The outer step it happened at.
        step: u64,
        /// Why, in a sentence.
        error: String,
    },
}

/// A screen of its own; the tabs are these, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// Every experiment on one axis.
    Overview,
    /// One experiment.
    Experiment(usize),
    /// The family of tasks.
    Tasks,
    /// A task of one's own.
    Play,
    /// What happened.
    Log,
}

/// A pane of an experiment's view that can have the screen to itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Focus {
    /// Every pane.
    #[default]
    All,
    /// The fit.
    Fit,
    /// Training loss.
    Loss,
    /// Adaptation of every seed.
    Adaptation,
    /// About the learner.
    About,
}

/// What the fit panes show.
#[derive(Clone, Debug, PartialEq)]
pub struct FitControls {
    /// The test task.
    pub task: usize,
    /// n of the boldest fit; 0 and 1 are always shown beside it.
    pub n: usize,
    /// Rate of the SGD steps, where it is not the evaluation's own.
    pub inner_lr: Option<f64>,
    /// Support points, where they are not as many as the file says.
    pub shots: Option<usize>,
    /// Which of the experiment's seeds.
    pub seed: usize,
    /// A second experiment on the same task.
    pub compare: Option<usize>,
    /// The pane with the screen to itself.
    pub focus: Focus,
}

/// How curves are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CurveControls {
    /// Median over tasks instead of the mean.
    pub median: bool,
    /// n on a logarithmic axis (from 1).
    pub log_x: bool,
    /// Loss on a logarithmic axis.
    pub log_y: bool,
    /// n of the crosshair.
    pub crosshair: Option<usize>,
    /// First and last n in view.
    pub window: Option<(usize, usize)>,
}

/// A line of the log.
pub struct LogLine {
    /// When.
    pub at: Duration,
    /// What.
    pub text: String,
    /// Whether it is bad news.
    pub bad: bool,
}

/// A number being typed.
#[derive(Clone, Debug, PartialEq)]
pub struct Prompt {
    /// What it is for.
    pub what: Ask,
    /// What was typed so far.
    pub text: String,
}

/// What a typed number is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// n.
    Steps,
    /// The rate of the SGD steps.
    Rate,
    /// The test task, counted from 1.
    Task,
    /// K.
    Shots,
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
    /// Copy and write what the view shows as text.
    Take {
        /// Also into the clipboard (OSC 52).
        copy: bool,
    },
}

impl App {
    /// The state before anything happened. `runs` is the session's plan.
    pub fn new(study: &Study, runs: &[Run], styles: Styles) -> Self {
        let mut sets: Vec<TestSet> = Vec::new();
        let mut experiments = Vec::new();
        for (index, settings) in study.experiments.iter().enumerate() {
            let known = sets
                .iter()
                .position(|set| set.task == settings.task && set.evaluation == settings.evaluation);
            let set = known.unwrap_or_else(|| {
                sets.push(TestSet::new(&settings.task, &settings.evaluation));
                sets.len() - 1
            });
            let runs = (0..runs.len()).filter(|run| runs[*run].experiment == index).collect();
            experiments.push(ExperimentState { settings: Arc::new(settings.clone()), runs, set });
        }
        let runs = runs
            .iter()
            .map(|run| RunState {
                experiment: run.experiment,
                seed: run.seed,
                total: run.settings.total_steps(),
                phase: Phase::Queued,
                step: 0,
                speed: f64::NAN,
                losses: Vec::new(),
                curve: None,
                preview: None,
                snapshot: None,
                past: Past::default(),
            })
            .collect();
        let file = study
            .path
            .as_ref()
            .map_or_else(|| format!("{} (built in)", study.name), |path| path.display().to_string());
        // The subject of the paper, where the file has it.
        let maml = study.experiments.iter().position(|experiment| experiment.algorithm == Algorithm::Maml);
        let play = Play::new(study.experiments.first().map(|experiment| &experiment.task));
        Self {
            file,
            styles,
            experiments,
            runs,
            sets,
            view: View::Overview,
            selected: maml.unwrap_or(0),
            fit: FitControls {
                task: 0,
                n: 10,
                inner_lr: None,
                shots: None,
                seed: 0,
                compare: None,
                focus: Focus::All,
            },
            curves: CurveControls::default(),
            rewind: Rewind::default(),
            illustration: None,
            play,
            log: VecDeque::new(),
            log_back: 0,
            help: None,
            prompt: None,
            notice: None,
            now: Duration::ZERO,
            ended: None,
            effects: Vec::new(),
        }
    }

    /// Every view, in the order of the tabs.
    pub fn views(&self) -> Vec<View> {
        let mut views = vec![View::Overview];
        views.extend((0..self.experiments.len()).map(View::Experiment));
        views.extend([View::Tasks, View::Play, View::Log]);
        views
    }

    /// A view's name on its tab.
    pub fn view_name(&self, view: View) -> &str {
        match view {
            View::Overview => "Overview",
            View::Experiment(index) => {
                self.experiments.get(index).map_or("?", |experiment| experiment.settings.name.as_str())
            }
            View::Tasks => "Tasks",
            View::Play => "Play",
            View::Log => "Log",
        }
    }

    /// Where a view stands among the tabs.
    pub fn tab(&self, view: View) -> usize {
        self.views().iter().position(|other| *other == view).unwrap_or(0)
    }

    /// The test tasks of an experiment.
    pub fn set(&self, experiment: usize) -> &TestSet {
        &self.sets[self.experiments[experiment].set]
    }

    /// The rate in use for an experiment's fits.
    pub fn inner_lr(&self, experiment: usize) -> f64 {
        self.fit.inner_lr.unwrap_or(self.set(experiment).evaluation.inner_lr)
    }

    /// The run whose network an experiment's fit shows: the chosen seed's.
    pub fn chosen_run(&self, experiment: usize) -> Option<usize> {
        let runs = &self.experiments[experiment].runs;
        runs.get(self.fit.seed.min(runs.len().saturating_sub(1))).copied()
    }

    /// The test task in view, with as many support points as were asked for: fewer leaves out the last
    /// ones, more draws new ones that belong to the task.
    pub fn shown_task(&self, experiment: usize) -> Option<TestTask> {
        let set = self.set(experiment);
        let index = self.fit.task.min(set.tasks.len().saturating_sub(1));
        let mut task = set.tasks.get(index)?.clone();
        if let Some(shots) = self.fit.shots {
            task.support.x.truncate(shots);
            let family = Family::new(&set.task);
            let mut stream = task::stream(set.evaluation.seed ^ index as u64, Purpose::Illustration);
            while task.support.x.len() < shots {
                task.support.x.push(family.x(&mut stream));
            }
            task.support = task.sine.points(task.support.x);
        }
        Some(task)
    }

    /// Steps a fit is shown after: 0, 1 and the chosen n.
    pub fn shown_steps(&self) -> Vec<usize> {
        let mut steps = vec![0, 1, self.fit.n];
        steps.sort_unstable();
        steps.dedup();
        steps
    }

    /// The fits of an experiment's chosen seed on a task, from its newest parameters.
    pub fn fits(&self, experiment: usize, task: &TestTask, steps: &[usize]) -> Option<Vec<Fit>> {
        let snapshot = self.shown_snapshot(self.chosen_run(experiment)?)?;
        let rate = self.inner_lr(experiment);
        Some(eval::fits(&snapshot.weights, &task.support, &task.query, rate, steps))
    }

    /// The run whose preview is the most out of date among those that views show; `None` when every
    /// preview is as new as its parameters.
    pub fn next_preview(&self) -> Option<usize> {
        let wanted = |experiment: usize| match self.view {
            View::Overview => true,
            View::Experiment(index) => index == experiment,
            _ => false,
        };
        let rewound = self.rewind.notch.is_some();
        (0..self.runs.len())
            .filter(|&index| {
                let run = &self.runs[index];
                let unfinished = run.phase == Phase::Training && run.curve.is_none();
                (rewound || unfinished) && wanted(run.experiment)
            })
            .filter_map(|index| {
                let run = &self.runs[index];
                let shown = self.shown_snapshot(index)?.step;
                match if rewound { &run.past.curve } else { &run.preview } {
                    None => Some((u64::MAX, index)),
                    Some((step, _)) if *step != shown => Some((step.abs_diff(shown), index)),
                    Some(_) => None,
                }
            })
            .max()
            .map(|(_, index)| index)
    }

    /// The preview of a run: its adaptation curve on the first few test tasks.
    pub fn preview(&self, run: usize) -> Option<(u64, Curve)> {
        let state = self.runs.get(run)?;
        let snapshot = self.shown_snapshot(run)?;
        let set = self.set(state.experiment);
        let tasks = &set.tasks[..set.tasks.len().min(PREVIEW_TASKS)];
        let curve = eval::curve(&snapshot.weights, tasks, set.evaluation.inner_lr, set.evaluation.steps);
        Some((snapshot.step, curve))
    }

    /// Whether every run has ended.
    pub fn is_over(&self) -> bool {
        self.ended.is_some()
    }

    pub(super) fn note(&mut self, text: String, bad: bool) {
        if self.log.len() == LOG_LINES {
            self.log.pop_front();
        }
        self.log.push_back(LogLine { at: self.now, text, bad });
        // Someone who reads further up keeps the place.
        if self.log_back > 0 {
            self.log_back += 1;
        }
    }

    pub(super) fn say(&mut self, text: impl Into<String>) {
        self.notice = Some((text.into(), self.now + Duration::from_secs(5)));
    }
}
