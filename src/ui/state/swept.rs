//! What follows from sweeps for the lists and the map: which cell stands for a sweep, and what is known of a cell.

use super::{
    app::App,
    look::PREVIEW_TASKS,
    own_rate::{AT_ONCE, Trained},
    runs::Phase,
    sweep::SweepState,
};
use crate::{
    eval::{Curve, LossAxis},
    results::{ListRow, judged_at, text::fit},
};

impl App {
    /// The number of the colour of an experiment.
    pub fn hue(&self, experiment: usize) -> usize {
        self.experiments.get(experiment).map_or(experiment, |experiment| experiment.row)
    }

    /// The number of the sweep that an experiment is of.
    pub fn sweep_number(&self, experiment: usize) -> Option<usize> {
        match self.rows.get(self.experiments.get(experiment)?.row)? {
            ListRow::Sweep(sweep) => Some(*sweep),
            ListRow::One(_) => None,
        }
    }

    /// The sweep that an experiment is of.
    pub fn sweep_of(&self, experiment: usize) -> Option<&SweepState> {
        self.sweeps.get(self.sweep_number(experiment)?)
    }

    /// The experiments of a row.
    pub fn experiments_of(&self, row: usize) -> &[usize] {
        match self.rows.get(row) {
            Some(ListRow::One(index)) => std::slice::from_ref(index),
            Some(ListRow::Sweep(sweep)) => &self.sweeps[*sweep].grid.experiments,
            None => &[],
        }
    }

    /// The experiments that a key on a view means: the one in view or, on the Overview, all of the selected row.
    pub fn experiments_here(&self) -> &[usize] {
        match self.view.experiment {
            Some(index) => self.experiments.get(index).map_or(&[], |_| self.view.experiment.as_slice()),
            None => self.experiments.get(self.selected).map_or(&[], |one| self.experiments_of(one.row)),
        }
    }

    /// The experiment that stands for a row: itself, or of a sweep its best cell so far.
    pub fn leader(&self, row: usize) -> usize {
        match self.rows.get(row) {
            Some(ListRow::One(index)) => *index,
            Some(ListRow::Sweep(sweep)) => {
                let best = self.best_cell(*sweep).map(|(best, _)| best);
                best.or(self.sweeps[*sweep].grid.experiments.first().copied()).unwrap_or(0)
            }
            None => 0,
        }
    }

    /// The experiment of every row.
    pub fn leaders(&self) -> Vec<usize> {
        (0..self.rows.len()).map(|row| self.leader(row)).collect()
    }

    /// The row that is selected.
    pub fn selected_row(&self) -> usize {
        self.experiments.get(self.selected).map_or(0, |experiment| experiment.row)
    }

    /// What the row of an experiment is called.
    pub fn row_name(&self, experiment: usize) -> String {
        let settings = &self.experiments[experiment].settings;
        match self.sweep_number(experiment) {
            None => settings.name.clone(),
            Some(sweep) => {
                let best = self.best_cell(sweep);
                let best = best.map(|(best, _)| &*self.experiments[best].settings);
                self.sweeps[sweep].grid.row_name(best, self.comparable_cells(sweep).len())
            }
        }
    }

    /// The same in so many cells of the screen: of a sweep its name, as far as it fits, and what the row is of.
    pub fn short_row_name(&self, experiment: usize, room: usize) -> String {
        let Some(sweep) = self.sweep_number(experiment) else {
            return self.experiments[experiment].settings.name.clone();
        };
        let of = format!(" lowest/{}", self.comparable_cells(sweep).len());
        format!(
            "{}{of}",
            fit(&self.sweeps[sweep].grid.name, room.saturating_sub(of.len()), self.styles.glyphs())
        )
    }

    /// The n that cells are judged at: the crosshair's, or one for all sweeps.
    pub fn judged_at(&self) -> usize {
        self.curves.crosshair.unwrap_or_else(|| judged_at(self.most_steps()))
    }

    /// The cells of a sweep that were tested on the same tasks as its first.
    pub fn comparable_cells(&self, sweep: usize) -> Vec<usize> {
        let Some(sweep) = self.sweeps.get(sweep) else { return Vec::new() };
        let first = sweep.grid.experiments.first().and_then(|first| self.group_of(*first));
        let compared = self.compared();
        let group = first.and_then(|group| compared.get(group));
        group.map_or(Vec::new(), |group| sweep.grid.comparable(&group.group))
    }

    /// Whether cells are tested at the rates that they were trained at: over inner steps, which take a rate.
    pub fn is_at_own_rates(&self) -> bool {
        self.own_rate.is_on && self.axis() == LossAxis::Steps
    }

    /// Has worked out what is not known yet of the sweep in view at rates of its cells' own, if that is asked for.
    pub fn want_own_rates(&mut self) {
        let in_view = self.view.experiment.and_then(|index| self.sweep_of(index));
        let Some(sweep) = in_view.filter(|_| self.is_at_own_rates()) else { return };
        let runs = sweep.grid.experiments.iter().flat_map(|cell| &self.experiments[*cell].runs);
        let networks = match self.own_rate.is_awaited() {
            true => Vec::new(),
            false => runs.filter_map(|run| self.untested(*run)).take(AT_ONCE).collect(),
        };
        self.own_rate.want(networks);
    }

    /// The curve of a trained run at the rate that it was trained at, if it is known.
    pub(super) fn curve_at_own_rate(&self, run: usize) -> Option<&Curve> {
        self.own_rate.curve((self.test, run), self.trained(run)?)
    }

    /// The step of a run that is trained to its end.
    fn trained(&self, run: usize) -> Option<u64> {
        let is_done = matches!(self.runs[run].phase, Phase::Finished { .. });
        self.runs[run].snapshot.as_ref().map(|snapshot| snapshot.step).filter(|_| is_done)
    }

    /// The network of a run, if it is not known yet what it comes to at its own rate.
    fn untested(&self, run: usize) -> Option<Trained> {
        let state = &self.runs[run];
        let (of, step) = ((self.test, run), self.trained(run)?);
        if self.own_rate.curve(of, step).is_some() || !self.is_tested(state.experiment) {
            return None;
        }
        let set = self.set(state.experiment);
        let tasks = set.few()[..set.few().len().min(PREVIEW_TASKS)].to_vec();
        let weights = state.snapshot.as_ref()?.weights.clone();
        Some(Trained { of, step, weights, tasks, steps: set.evaluation.steps })
    }
}
