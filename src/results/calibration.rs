//! How well systems know how sure they are, for tables: the log-likelihood of a test target and the coverage of their bands,
//! beside the best that Gaussian answers can be expected to have on these tasks, where that is known.

use std::fmt;

use super::comparison::groups;
use super::floor::best_calibration;
use super::outcome::{Outcome, test_names};
use super::table::table_steps;
use super::text::{Glyphs, number, pad, width};
use crate::eval::{BANDS, Calibration, LossAxis, mean_and_deviation};
use crate::experiments::FIRST_TEST;

/// What the best that Gaussian answers can have is called.
pub const BEST_GAUSSIAN: &str = "best Gaussian";

/// The table of one test set.
#[derive(Clone, Debug)]
pub struct CalibrationTable {
    /// The test set, where there are several.
    pub test: Option<String>,
    /// A system, or the best Gaussian, after so many steps or points.
    pub rows: Vec<CalibrationRow>,
    /// The characters it may use.
    pub glyphs: Glyphs,
}

/// What a system has come to after n steps, or K points.
#[derive(Clone, Debug, PartialEq)]
pub struct CalibrationRow {
    /// Its name.
    pub name: String,
    /// Seeds in it; 0 of the best Gaussian.
    pub seeds: usize,
    /// Steps or points.
    pub axis: LossAxis,
    /// How many.
    pub n: usize,
    /// Mean log-likelihood of a test target, over tasks and seeds, and its standard deviation over seeds.
    pub loglik: (f64, f64),
    /// Share of the targets in each of [`BANDS`], over tasks and seeds.
    pub coverage: [f64; 4],
}

impl CalibrationRow {
    /// Of these runs after n.
    fn of(name: &str, axis: LossAxis, n: usize, runs: &[&Calibration]) -> Self {
        let over = |of: &dyn Fn(&Calibration) -> f64| {
            mean_and_deviation(&runs.iter().map(|run| of(run)).collect::<Vec<f64>>())
        };
        Self {
            name: name.to_owned(),
            seeds: runs.len(),
            axis,
            n,
            loglik: over(&|run| run.loglik[n]),
            coverage: [0, 1, 2, 3].map(|band| over(&|run| run.coverage.bands()[band][n]).0),
        }
    }

    /// After how much: `n=1`, `K=5`.
    pub fn after(&self) -> String {
        format!("{}={}", self.axis.letter(), self.n)
    }
}

/// The tables of these experiments, one a test set on which somebody says how sure it is. Over n they have the steps that a
/// system was trained for, over K those of the loss table.
pub fn calibration_tables(outcomes: &[Outcome<'_>], glyphs: Glyphs) -> Vec<CalibrationTable> {
    let names = test_names(outcomes.iter().map(|outcome| outcome.settings));
    let table = |test: Option<&str>| {
        let mut rows = Vec::new();
        for axis in [LossAxis::Steps, LossAxis::Points] {
            let along: Vec<Outcome<'_>> = outcomes.iter().map(|outcome| outcome.along(axis)).collect();
            for group in groups(&along, test) {
                rows.extend(group_rows(&along, test, &group.members));
            }
        }
        let name = (!names.is_empty()).then(|| test.unwrap_or(FIRST_TEST).to_owned());
        CalibrationTable { test: name, rows, glyphs }
    };
    let sets = std::iter::once(None).chain(names.iter().map(|name| Some(name.as_str())));
    sets.map(table).filter(|table| !table.rows.is_empty()).collect()
}

fn group_rows(outcomes: &[Outcome<'_>], test: Option<&str>, members: &[usize]) -> Vec<CalibrationRow> {
    let mut rows = Vec::new();
    for outcome in members.iter().map(|index| &outcomes[*index]) {
        let curves = outcome.curves(test);
        let told: Vec<&Calibration> =
            curves.iter().filter_map(|curve| curve.calibration.as_deref()).collect();
        let Some(last) = told.iter().filter_map(|of| of.loglik.len().checked_sub(1)).min() else { continue };
        let at = match outcome.axis {
            LossAxis::Steps => vec![outcome.settings.adaptation().inner_steps.min(last)],
            LossAxis::Points => table_steps(last),
        };
        let name = &outcome.settings.name;
        rows.extend(at.into_iter().map(|n| CalibrationRow::of(name, outcome.axis, n, &told)));
    }
    let of_points = members.iter().filter(|index| outcomes[**index].axis == LossAxis::Points);
    let longest = of_points
        .filter_map(|index| outcomes[*index].test(test))
        .max_by_key(|test| test.evaluation.points)
        .filter(|_| !rows.is_empty());
    if let Some(best) = longest.and_then(best_calibration) {
        let at = table_steps(best.loglik.len().saturating_sub(1));
        rows.extend(at.into_iter().map(|k| CalibrationRow {
            seeds: 0,
            ..CalibrationRow::of(BEST_GAUSSIAN, LossAxis::Points, k, &[&best])
        }));
    }
    rows
}

/// A share in percent.
pub fn percent(share: f64) -> String {
    if share.is_finite() { format!("{:.1}", 100.0 * share) } else { "-".to_owned() }
}

/// A line a row.
impl fmt::Display for CalibrationTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plus_minus = self.glyphs.plus_minus();
        let on = self.test.as_ref().map_or(String::new(), |test| format!("[{test}] "));
        writeln!(
            f,
            "{on}Log-likelihood of a test target, and % of them in the bands (mean over tasks, {plus_minus} std over seeds)"
        )?;
        let name = self.rows.iter().map(|row| width(&row.name)).max().unwrap_or(0).max(10);
        write!(f, "{}{:>6}{:>18}", " ".repeat(name), "", "log-lik")?;
        for band in BANDS {
            write!(f, "{:>7}", format!("{band} %"))?;
        }
        writeln!(f)?;
        for row in &self.rows {
            let (mean, std) = row.loglik;
            let loglik = match row.seeds {
                0 | 1 => number(mean),
                _ => format!("{} {plus_minus} {}", number(mean), number(std)),
            };
            write!(f, "{}{:>6}{loglik:>18}", pad(&row.name, name, self.glyphs), row.after())?;
            for share in row.coverage {
                write!(f, "{:>7}", percent(share))?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::eval::{Asked, Curve, curve, figures, fits};
    use crate::experiments::parse;
    use crate::model::Kernels;
    use crate::task::TestTask;

    /// A network that says how sure it is has figures for each n and K, those of its own predictions; the losses beside them
    /// are the same bits as without.
    #[test]
    fn deviations_are_worth_what_the_predictions_say() {
        let text = "[task]\nnoise = 0.2\n[evaluation]\nsteps = 2\npoints = 3\ntest_tasks = 4\ntarget_noise = true\n\
                    [[experiment]]\nname = \"A\"\nalgorithm = \"ridge-head\"\nouter_loss = \"nll\"\n\
                    [[experiment]]\nname = \"B\"\nalgorithm = \"cnp\"\nouter_loss = \"nll\"\ntask = { shots = [0, 10] }\n\
                    [[experiment]]\nname = \"C\"\nalgorithm = \"maml\"\n";
        let study = parse("x", None, text).unwrap_or_else(|problems| panic!("{problems}"));
        for settings in &study.experiments {
            let weights = settings.trainer(0, Kernels::portable()).weights();
            let evaluation = &settings.evaluation;
            let tasks = crate::task::test_tasks(&settings.task, evaluation);
            let asked = Asked::of(&weights, evaluation);
            assert_eq!(asked.tells_deviations, settings.name != "C");
            let (with, without) =
                (curve(&weights, &tasks, asked), curve(&weights, &tasks, Asked::from(evaluation)));
            let bits = |curve: &Curve| curve.mean.iter().map(|loss| loss.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(&with), bits(&without));
            let Some(found) = &with.calibration else { continue };
            assert!(
                found.has(3)
                    && with
                        .points
                        .as_ref()
                        .is_some_and(|of| of.calibration.as_ref().is_some_and(|of| of.has(4)))
            );
            let of = |task: &TestTask| {
                let fit = fits(&weights, &task.support, &task.query, &[1]).remove(0);
                figures(&fit.y, &fit.deviations.expect("it says so"), &task.query.y)
            };
            let by_hand: Vec<[f64; 5]> = tasks.iter().map(of).collect();
            let mean = |at: usize| by_hand.iter().map(|task| task[at]).sum::<f64>() / by_hand.len() as f64;
            assert!((found.loglik[1] - mean(0)).abs() < 1e-9, "{found:?}");
            assert!((found.coverage.of_90[1] - mean(3)).abs() < 1e-9, "{found:?}");
        }
    }
}
