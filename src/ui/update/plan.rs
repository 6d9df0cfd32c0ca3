//! Taking over a study: the state before anything happened, and a study that somebody has changed.

use std::{collections::HashSet, sync::Arc};

use crate::{
    experiments::Study,
    study::{Run, landmarks},
    ui::{
        state::{
            app::App,
            family::TestSet,
            runs::{ExperimentState, RunState},
            view::View,
        },
        style::Styles,
        views,
    },
};

/// The experiment that is selected first: the first that judges adapted networks on points of their own,
/// which is what the rest is held against.
fn subject(study: &Study) -> Option<usize> {
    study.experiments.iter().position(|experiment| experiment.algorithm.uses_query())
}

impl App {
    /// The state before anything happened. `runs` is the study's plan, numbered in its order.
    pub fn new(study: &Study, runs: &[Run], styles: Styles) -> Self {
        let mut app = Self::blank(study, views::first(), styles);
        app.replan(study, runs, &Vec::from_iter(0..runs.len()));
        app.selected = subject(study).unwrap_or(0);
        app
    }

    /// Takes over a study whose runs, in the order of the plan, are known under these numbers. Runs that
    /// were there before stay as they are.
    pub fn replan(&mut self, study: &Study, plan: &[Run], numbers: &[usize]) {
        let kept: HashSet<usize> = self.active().collect();
        let name_of = |index: usize| self.experiments.get(index).map(|other| other.settings.name.clone());
        let shown = self.view.experiment.and_then(name_of);
        let selected = name_of(self.selected);
        let tabs = views::tabs(study.experiments.len());
        self.experiments.clear();
        for (index, settings) in study.experiments.iter().enumerate() {
            let set = self.sets.iter().position(|set| set.is_of(settings)).unwrap_or_else(|| {
                self.sets.push(TestSet::new(&settings.task, &settings.evaluation));
                self.sets.len() - 1
            });
            let runs = plan.iter().zip(numbers).filter(|(run, _)| run.experiment == index);
            let runs = runs.map(|(_, number)| *number).collect();
            let landmarks = landmarks(settings.total_steps());
            self.experiments.push(ExperimentState {
                settings: Arc::new(settings.clone()),
                runs,
                set,
                landmarks,
            });
        }
        for (run, &number) in plan.iter().zip(numbers) {
            let fresh = || RunState::new(run.experiment, run.seed, run.settings.total_steps());
            while self.runs.len() <= number {
                self.runs.push(fresh());
            }
            match kept.contains(&number) {
                true => self.runs[number].experiment = run.experiment,
                false => self.runs[number] = fresh(),
            }
        }
        let named = |name: &str| self.experiments.iter().position(|other| other.settings.name == name);
        if let Some(shown) = shown {
            let experiment = named(&shown);
            self.view = if experiment.is_some() { View { experiment, ..self.view } } else { views::first() };
        }
        self.tabs = tabs;
        self.selected = selected.and_then(|name| named(&name)).unwrap_or(0);
        self.fit.compare = None;
        self.study = study.clone();
        self.ended = None;
    }
}
