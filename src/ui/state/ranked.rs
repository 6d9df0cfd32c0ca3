//! Which systems may be compared, and which of them are the lowest.

use std::{collections::BTreeSet, sync::Arc};

use super::{app::App, controls::OverviewPlot};
use crate::eval::LossAxis;
use crate::results::{Compared, Comparison, Contrasts, compare, contrasts};

impl App {
    /// Who is compared with whom on the test set in view, over the axis in view.
    pub fn compared(&self) -> Arc<Vec<Compared>> {
        self.compared_along(self.axis())
    }

    /// The same over this axis. Each has a place of its own: what is said of steps stands beside curves over points.
    pub fn compared_along(&self, axis: LossAxis) -> Arc<Vec<Compared>> {
        let average = self.curves.average;
        let known = match axis {
            LossAxis::Steps => &self.comparisons,
            LossAxis::Points => &self.comparisons_of_points,
        };
        known.of((self.test, average), || compare(&self.outcomes_along(axis), self.test_name(), average))
    }

    /// One system against each other one that was tested on the same tasks; `None` where there is none.
    pub fn contrasts(&self, subject: usize) -> Arc<Option<Contrasts>> {
        let (test, average, axis) = (self.test, self.curves.average, self.axis());
        let of = || contrasts(&self.outcomes_along(axis), subject, self.test_name(), average);
        self.contrasts.of((test, subject, average, axis), of)
    }

    /// What came of it on the test set in view, over the axis in view, in sentences.
    pub fn found(&self) -> Arc<Vec<String>> {
        let axis = self.axis();
        // A floor comes later than results do.
        let floors = match axis {
            LossAxis::Steps => 0,
            LossAxis::Points => {
                (0..self.experiments.len()).filter(|index| self.floor(*index).is_some()).count()
            }
        };
        let key = (self.test, self.curves.average, self.styles.ascii, axis, floors);
        let guess = |experiment: usize, average| self.set(experiment).prior(average, None);
        self.sentences.of(key, || {
            self.findings(|findings| match axis {
                LossAxis::Steps => findings.sentences(guess),
                LossAxis::Points => findings.over_points(guess, |experiment| self.floor(experiment)),
            })
        })
    }

    /// What leaving out the second derivative costs, in a sentence.
    pub fn of_second_derivative(&self) -> Option<String> {
        let of = (self.test, self.curves.average, self.axis(), self.styles.ascii);
        let told =
            self.second_derivative.of(of, || self.findings(|findings| findings.of_second_derivative()));
        (*told).clone()
    }

    /// Works out what the views say of this, as far as it is not known, so that no frame is drawn later for it.
    pub(in crate::ui) fn compare(&self) {
        self.compared();
        self.work_out_statistics();
        self.figures();
        if self.visit().is_some() {
            self.of_second_derivative();
        }
        self.found();
        if self.curves.plot == OverviewPlot::Contrasts {
            self.contrasts(self.leader(self.selected_row()));
        }
    }

    /// Curves have come or gone that are no results.
    pub(in crate::ui) fn forget_statistics(&mut self) {
        self.statistics.forget();
    }

    /// Results have come or gone.
    pub(in crate::ui) fn forget_comparisons(&mut self) {
        self.forget_statistics();
        self.comparisons.forget();
        self.comparisons_of_points.forget();
        self.contrasts.forget();
        self.sentences.forget();
        self.about.forget();
        self.second_derivative.forget();
        self.published.forget();
    }

    /// The number of the group of comparable systems that an experiment is of; one that is not tested on the set in
    /// view is of none.
    pub fn group_of(&self, experiment: usize) -> Option<usize> {
        // The members are in order.
        let is_of = |one: &Compared| one.group.members.binary_search(&experiment).is_ok();
        self.compared().iter().position(is_of)
    }

    /// In what the tasks of an experiment's group differ from those of the others; empty where there is one group.
    pub fn group_title(&self, experiment: usize) -> String {
        let compared = self.compared();
        let group = self.group_of(experiment).and_then(|group| compared.get(group));
        group.map_or(String::new(), |one| one.group.title.clone())
    }

    /// For each of these n, the experiments that are the lowest of their group, or cannot be told from it.
    pub fn best(&self, steps: &[usize]) -> Vec<BTreeSet<usize>> {
        let compared = self.compared();
        let at = |n: &usize| {
            let sets = compared.iter().filter_map(|group| group.at(*n)).map(Comparison::best_set);
            sets.flatten().collect()
        };
        steps.iter().map(at).collect()
    }
}
