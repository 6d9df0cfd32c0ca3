//! Taking over a study: the state before anything happened, and a study that somebody has changed.

use std::{collections::HashSet, sync::Arc};

use super::list::stay_listed;
use crate::{
    experiments::{Study, Test},
    results::{ListRow, differences, rows, test_names},
    study::{Run, landmarks},
    ui::{
        commands::keymap,
        state::{
            app::{App, View},
            family::TestSet,
            runs::{ExperimentState, RunState},
            sweep::SweepState,
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
        let mut app = Self::blank(study, views::first(), keymap(), styles);
        app.replan(study, runs, &Vec::from_iter(0..runs.len()));
        app.selected = subject(study).unwrap_or(0);
        app
    }

    /// Takes over a study whose runs, in the order of the plan, are known under these numbers. Runs that
    /// were there before stay as they are.
    pub fn replan(&mut self, study: &Study, plan: &[Run], numbers: &[usize]) {
        self.own_rate.forget();
        let kept: HashSet<usize> = self.active().collect();
        let name_of = |index: usize| self.experiments.get(index).map(|other| other.settings.name.clone());
        let shown = self.view.experiment.and_then(name_of);
        let selected = name_of(self.selected);
        let tabs = views::tabs(&study.experiments);
        let test = self.test_name().map(str::to_owned);
        self.tests = test_names(study.experiments.iter());
        self.test =
            test.and_then(|test| self.tests.iter().position(|name| *name == test)).map_or(0, |at| at + 1);
        let before: Vec<_> = self.experiments.drain(..).map(|experiment| experiment.settings).collect();
        let mut by_experiment = vec![Vec::new(); study.experiments.len()];
        for (run, number) in plan.iter().zip(numbers) {
            by_experiment[run.experiment].push(*number);
        }
        for (settings, runs) in study.experiments.iter().zip(by_experiment) {
            let every_test = (0..=self.tests.len()).map(|test| settings.test(self.name_of_test(test)));
            let every_test: Vec<_> = every_test.collect();
            let sets = every_test.into_iter().map(|test| Some(self.set_of(test?))).collect();
            let landmarks = landmarks(settings.total_steps());
            self.experiments.push(ExperimentState {
                settings: Arc::new(settings.clone()),
                runs,
                sets,
                landmarks,
                row: 0,
            });
        }
        for (run, &number) in plan.iter().zip(numbers) {
            let fresh = || RunState::new(run.experiment, run.seed, run.settings.total_steps());
            while self.runs.len() <= number {
                self.runs.push(fresh());
            }
            let state = &mut self.runs[number];
            if !kept.contains(&number) {
                *state = fresh();
                continue;
            }
            if let Some(before) = before.get(state.experiment) {
                // What was measured on a set that has changed is not of the one that has its name now.
                state.curves.retain(|test| before.test(test) == run.settings.test(test));
            }
            state.experiment = run.experiment;
            (state.preview, state.past.curve) = (None, None);
        }
        self.list(study);
        self.forget_comparisons();
        let named = |name: &str| self.experiments.iter().position(|other| other.settings.name == name);
        if let Some(shown) = shown {
            let experiment = named(&shown);
            self.view = if experiment.is_some() { View { experiment, ..self.view } } else { views::first() };
        }
        self.tabs = tabs;
        self.selected = selected.and_then(|name| named(&name)).unwrap_or(0);
        (self.fit.compare, self.fit.ranking) = (None, None);
        self.differences = differences(study.experiments.iter());
        self.study = study.clone();
        (self.ended, self.countdown) = (None, None);
        stay_listed(self);
    }

    /// The rows and sweeps of the experiments. Where a cursor was on a sweep, it stays there.
    fn list(&mut self, study: &Study) {
        let (list, grids) = rows(study.experiments.iter());
        let before = std::mem::take(&mut self.sweeps);
        self.sweeps = grids.into_iter().map(|grid| SweepState::new(grid, &before)).collect();
        for (row, of) in list.iter().enumerate() {
            let experiments = match of {
                ListRow::One(index) => std::slice::from_ref(index),
                ListRow::Sweep(sweep) => &self.sweeps[*sweep].grid.experiments,
            };
            experiments.iter().for_each(|index| self.experiments[*index].row = row);
        }
        self.rows = list;
    }

    /// The number of the frozen tasks of a test, drawn where they are new.
    fn set_of(&mut self, test: Test<'_>) -> usize {
        self.sets.iter().position(|set| set.is_of(test)).unwrap_or_else(|| {
            self.sets.push(TestSet::new(test.task, test.evaluation));
            self.sets.len() - 1
        })
    }
}
