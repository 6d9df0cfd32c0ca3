//! Brings curves together over seeds: once they have come in, before the next frame.

use std::{cell::OnceCell, sync::Arc};

use super::{
    app::App,
    runs::Phase,
    statistics::{Exploding, OfExperiment, Shown, Statistics, StatisticsOf},
    sweep::{Known, SweepState},
};
use crate::{
    eval::{Average, Curve, LossAxis, OverSeeds},
    results::CellLoss,
};

impl App {
    /// Those in view.
    fn statistics(&self) -> Arc<Statistics> {
        let of = StatisticsOf {
            test: self.test,
            average: self.curves.average,
            axis: self.axis(),
            past: self.rewind.shown,
            crosshair: self.curves.crosshair,
            at_own_rates: self.is_at_own_rates(),
        };
        self.statistics.of(of, || Statistics::new(self))
    }

    /// Works out those that views show, as far as they are not known.
    pub(super) fn work_out_statistics(&self) {
        let experiments = self.leaders().into_iter().chain(self.view.experiment);
        for index in experiments.filter(|index| *index < self.experiments.len()) {
            self.over_seeds(index);
            self.result_along(index, self.axis());
            self.exploding(index);
        }
        self.statistics().leaders_in_short(self);
    }

    /// The adaptation curve of an experiment: over the seeds that have been evaluated or, before there
    /// is any, over previews of those in training.
    pub fn over_seeds(&self, experiment: usize) -> Option<Arc<Shown>> {
        self.statistics().experiments[experiment].shown.get_or_init(|| self.shown(experiment)).clone()
    }

    fn shown(&self, experiment: usize) -> Option<Arc<Shown>> {
        let preview = |over, behind| Arc::new(Shown { over: Arc::new(over), preview: true, behind });
        let (average, axis) = (self.curves.average, self.axis());
        let runs = || self.experiments[experiment].runs.iter().map(|run| &self.runs[*run]);
        if self.rewind.shown.is_some() {
            let fronts =
                || runs().filter_map(|run| run.past.front.as_ref()).filter(|front| front.curve.is_some());
            let past = fronts().filter_map(|front| front.curve.as_ref().map(|(_, curve)| curve));
            let past: Vec<&Curve> = past.filter_map(|curve| axis.of(curve)).collect();
            let behind = fronts().any(|front| !front.reached);
            return OverSeeds::of_all(&past, average).map(|over| preview(over, behind));
        }
        if !self.is_tested(experiment) {
            return None;
        }
        if let Some(over) = self.result_along(experiment, axis) {
            return Some(Arc::new(Shown { over, preview: false, behind: false }));
        }
        let previews: Vec<&Curve> =
            runs().filter_map(|run| run.preview.as_ref().and_then(|(_, curve)| axis.of(curve))).collect();
        OverSeeds::of_all(&previews, average).map(|over| preview(over, false))
    }

    /// The adaptation curve of an experiment's finished runs on the test set in view, whatever else the views
    /// look at.
    pub fn result(&self, experiment: usize) -> Option<Arc<OverSeeds>> {
        self.result_along(experiment, LossAxis::Steps)
    }

    /// The same over this axis.
    pub fn result_along(&self, experiment: usize, axis: LossAxis) -> Option<Arc<OverSeeds>> {
        let of = |average| OverSeeds::of_all(&self.evaluated(experiment, axis), average).map(Arc::new);
        let statistics = self.statistics();
        let known = &statistics.experiments[experiment].results[axis as usize];
        known.get_or_init(|| of(self.curves.average)).clone()
    }

    /// The curves of an experiment's finished runs.
    fn evaluated(&self, experiment: usize, axis: LossAxis) -> Vec<&Curve> {
        let runs = self.experiments[experiment].runs.iter();
        runs.filter_map(|run| axis.of(self.curve_over_steps(*run)?)).collect()
    }

    /// Where past the steps of its training the mean of a system is worse than knowing nothing while most tasks are not: a
    /// few of them explode.
    pub fn exploding(&self, experiment: usize) -> Option<Exploding> {
        let find = || {
            let curves = self.evaluated(experiment, LossAxis::Steps);
            let of = |average| OverSeeds::of_all(&curves, average).map(|over| over.mean);
            let (means, medians) = (of(Average::Mean)?, of(Average::Median)?);
            let settings = &self.experiments[experiment].settings;
            let prior = self.set(experiment).prior(Average::Mean, None);
            let after = settings.training.inner_steps + 1..means.len();
            let n = after.into_iter().find(|n| means[*n] > prior && medians[*n] < prior)?;
            Some(Exploding { n, mean: means[n], median: medians[n] })
        };
        *self.statistics().experiments[experiment].exploding.get_or_init(find)
    }

    /// Who of an experiment's group is the lowest with how many points, in a few words; `None` over steps, and where nothing
    /// is known.
    pub fn lowest_over_points(&self, experiment: usize) -> Option<String> {
        let group = self.group_of(experiment)?;
        self.statistics().leaders_in_short(self).get(group)?.clone()
    }

    /// The lowest cell of a sweep so far, of those that are comparable with its first, and its loss.
    pub fn best_cell(&self, sweep: usize) -> Option<(usize, CellLoss)> {
        *self.statistics().lowest.get(sweep)?
    }

    /// The loss of an experiment's finished runs after the n that cells are judged at; of one with a failed run there is none
    /// that counts.
    pub fn cell_loss(&self, experiment: usize) -> Option<CellLoss> {
        *self.statistics().losses.get(experiment)?
    }

    /// The same of as many of its runs as are known at the rate that they were trained at.
    pub fn loss_at_own_rate(&self, experiment: usize) -> Option<CellLoss> {
        *self.statistics().at_own_rates.get(experiment)?
    }

    /// What is known of a cell, at the moment that is in view.
    pub fn known(&self, experiment: usize) -> Known {
        let known = self.statistics().cells.get(experiment).copied().flatten();
        known.unwrap_or_else(|| {
            let runs = self.experiments[experiment].runs.iter().map(|run| &self.runs[*run]);
            let (taken, all) =
                runs.fold((0.0, 0.0), |(taken, all), run| (taken + run.step as f64, all + run.total as f64));
            let is_now = self.rewind.shown.is_none() && !self.is_at_own_rates();
            Known::Waiting(if all > 0.0 && is_now { taken / all } else { 0.0 })
        })
    }
}

impl Statistics {
    fn new(app: &App) -> Self {
        let count = app.experiments.len();
        let n = app.judged_at();
        // Cells alone are judged.
        let cells = |of: &dyn Fn(usize) -> Option<CellLoss>| -> Vec<Option<CellLoss>> {
            let is_cell = |index: &usize| app.sweep_number(*index).is_some();
            (0..count).map(|index| Some(index).filter(is_cell).and_then(of)).collect()
        };
        let losses = cells(&|index| finished(app, index, n));
        let at_own_rates = cells(&|index| {
            let runs = app.experiments[index].runs.iter();
            let curves: Vec<&Curve> = runs.filter_map(|run| app.curve_at_own_rate(*run)).collect();
            CellLoss::of(&curves, n, app.curves.average)
        });
        let lowest = |(number, sweep): (usize, &SweepState)| {
            sweep.grid.best_of(&app.comparable_cells(number), |index| losses[index])
        };
        let known = |index: usize| match app.sweep_number(index) {
            Some(_) => known(app, index, n, (losses[index], at_own_rates[index])),
            None => None,
        };
        Self {
            experiments: (0..count).map(|_| OfExperiment::default()).collect(),
            lowest: app.sweeps.iter().enumerate().map(lowest).collect(),
            cells: (0..count).map(known).collect(),
            losses,
            at_own_rates,
            leaders: OnceCell::new(),
        }
    }

    fn leaders_in_short(&self, app: &App) -> &[Option<String>] {
        let guess = |experiment: usize, average| app.set(experiment).prior(average, None);
        self.leaders.get_or_init(|| match app.axis() {
            LossAxis::Steps => Vec::new(),
            LossAxis::Points => app.findings(|findings| {
                findings.compared.iter().map(|group| findings.leaders_in_short(group, guess)).collect()
            }),
        })
    }
}

fn finished(app: &App, index: usize, n: usize) -> Option<CellLoss> {
    let runs = &app.experiments[index].runs;
    let curves: Vec<&Curve> = runs.iter().filter_map(|run| app.curve(*run)).collect();
    let loss = CellLoss::of(&curves, n, app.curves.average)?;
    let failed = runs.iter().any(|run| matches!(app.runs[*run].phase, Phase::Failed { .. }));
    Some(CellLoss { nonfinite: if failed { 1.0 } else { loss.nonfinite }, ..loss })
}

/// What is known of a cell but for how long it is still to be waited for.
fn known(
    app: &App,
    index: usize,
    n: usize,
    (loss, at_own_rate): (Option<CellLoss>, Option<CellLoss>),
) -> Option<Known> {
    let axis = app.axis();
    let runs = || app.experiments[index].runs.iter().map(|run| &app.runs[*run]);
    let of = |curves: Vec<&Curve>| CellLoss::of(&curves, n, app.curves.average).map(Known::Preview);
    if app.rewind.shown.is_some() {
        return of(runs().filter_map(|run| axis.of(&run.past.front.as_ref()?.curve.as_ref()?.1)).collect());
    }
    let is_failed = runs().any(|run| matches!(run.phase, Phase::Failed { .. }));
    if app.is_at_own_rates() && !is_failed {
        return at_own_rate.map(Known::Preview);
    }
    let previews = || of(runs().filter_map(|run| axis.of(&run.preview.as_ref()?.1)).collect());
    loss.map(Known::Loss).or_else(previews).or(is_failed.then_some(Known::Failed))
}
