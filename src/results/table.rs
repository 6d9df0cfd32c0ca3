//! The loss table: the n it has, which system wins each of them, and the table as text for a normal
//! screen.
//!
//! ```text
//! Test loss after n gradient steps (mean over tasks, ± std over seeds)
//!                      n=0      n=1      n=2      n=5     n=10     n=32
//! MAML        5/5 4.30±.21 1.51±.12 ...
//! prior mean (best constant guess): 4.25
//! ```

use std::fmt;

use super::outcome::{Outcome, Ran, test_names};
use super::sweep::{ListRow, judged_at, rows};
use super::text::{Glyphs, number, pad, short_spread, width};
use crate::eval::{Average, OverSeeds};
use crate::experiments::FIRST_TEST;

/// The n of the loss table; those the evaluation reaches are shown.
const STEPS: [usize; 6] = [0, 1, 2, 5, 10, 32];

/// The loss table.
#[derive(Clone, Debug)]
pub struct LossTable {
    /// The test set, where there are several.
    pub test: Option<String>,
    /// A row an experiment.
    pub rows: Vec<Row>,
    /// The last n of any evaluation.
    pub most_steps: usize,
    /// Test loss of the best constant guess, where there is an experiment.
    pub prior_mean: Option<f64>,
    /// Runs that failed.
    pub failures: Vec<Failure>,
    /// What the losses are over tasks.
    pub average: Average,
    /// The characters it may use.
    pub glyphs: Glyphs,
}

/// One experiment's row.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its name.
    pub name: String,
    /// Runs it has.
    pub runs: usize,
    /// The curve of those that have been evaluated.
    pub over: Option<OverSeeds>,
}

/// A run that failed.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Its experiment's name.
    pub experiment: String,
    /// Its seed.
    pub seed: u64,
    /// The outer step it happened at.
    pub step: u64,
    /// Why, in a sentence.
    pub error: String,
    /// Other runs of the same sweep that failed too.
    pub others: usize,
}

/// The loss tables of these experiments, one a test set. What failed is said below the last one.
pub fn tables(outcomes: &[Outcome<'_>], average: Average, glyphs: Glyphs) -> Vec<LossTable> {
    let names = test_names(outcomes.iter().map(|outcome| outcome.settings));
    let several = !names.is_empty();
    let (list, sweeps) = rows(outcomes.iter().map(|outcome| outcome.settings));
    let table = |name: Option<&str>| {
        let row = |row: &ListRow| {
            let (index, sweep) = match *row {
                ListRow::One(index) => (index, None),
                ListRow::Sweep(sweep) => {
                    let sweep = &sweeps[sweep];
                    let steps = |index: &usize| Some(outcomes[*index].test(name)?.evaluation.steps);
                    let n = judged_at(sweep.experiments.iter().filter_map(steps).max()?);
                    let best = sweep.best(|index| outcomes[index].cell_loss(name, n, average));
                    (best.map_or(sweep.experiments[0], |(best, _)| best), Some((sweep, best.is_some())))
                }
            };
            let outcome = &outcomes[index];
            outcome.test(name)?;
            let is_known = sweep.is_none_or(|(_, is_known)| is_known);
            Some(Row {
                name: match sweep {
                    None => outcome.settings.name.clone(),
                    Some((sweep, _)) => sweep.row_name(is_known.then_some(outcome.settings)),
                },
                runs: outcome.runs.len(),
                over: if is_known { outcome.over(name, average) } else { None },
            })
        };
        let tests = outcomes.iter().filter_map(|outcome| outcome.test(name));
        LossTable {
            test: several.then(|| name.unwrap_or(FIRST_TEST).to_owned()),
            rows: list.iter().filter_map(row).collect(),
            prior_mean: tests.clone().next().map(|test| test.task.prior_mean_loss()),
            most_steps: tests.map(|test| test.evaluation.steps).max().unwrap_or(0),
            failures: Vec::new(),
            average,
            glyphs,
        }
    };
    let sets = std::iter::once(None).chain(names.iter().map(|name| Some(name.as_str())));
    let mut tables: Vec<LossTable> = sets.map(table).collect();
    if let Some(last) = tables.last_mut() {
        let of = |outcome: &Outcome<'_>| {
            let failure = |run: &Ran<'_>| {
                let (step, error) = run.failure?;
                let experiment = outcome.settings.name.clone();
                Some(Failure { experiment, seed: run.seed, step, error: error.to_owned(), others: 0 })
            };
            outcome.runs.iter().filter_map(failure).collect::<Vec<_>>()
        };
        for row in &list {
            match *row {
                ListRow::One(index) => last.failures.extend(of(&outcomes[index])),
                // Of a sweep that goes too far there may be hundreds, for the same reason.
                ListRow::Sweep(sweep) => {
                    let mut failures =
                        sweeps[sweep].experiments.iter().flat_map(|index| of(&outcomes[*index]));
                    let first = failures.next();
                    let others = failures.count();
                    last.failures.extend(first.map(|first| Failure { others, ..first }));
                }
            }
        }
    }
    tables
}

/// The n of the loss table: 0, 1, 2, 5, 10, 32 as far as the evaluation goes, and its last step.
pub fn table_steps(last: usize) -> Vec<usize> {
    let mut steps: Vec<usize> = STEPS.into_iter().filter(|n| *n <= last).collect();
    if steps.last().is_some_and(|n| *n < last) && steps.len() < STEPS.len() {
        steps.push(last);
    }
    steps
}

/// For each of these n, which curve has the smallest mean.
pub fn best(curves: &[Option<OverSeeds>], steps: &[usize]) -> Vec<Option<usize>> {
    // A mean that leaves tasks out wins nothing.
    let loss = |index: usize, n: usize| {
        let curve = curves[index].as_ref().filter(|curve| curve.nonfinite.get(n) == Some(&0.0))?;
        curve.mean.get(n).copied().filter(|loss| loss.is_finite())
    };
    let winner = |&n: &usize| {
        let losses = (0..curves.len()).filter_map(|index| loss(index, n).map(|loss| (index, loss)));
        losses.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(index, _)| index)
    };
    steps.iter().map(winner).collect()
}

impl Row {
    /// The row's loss after n steps.
    fn entry(&self, n: usize, plus_minus: &str) -> Option<String> {
        let over = self.over.as_ref()?;
        let spread = match over.seeds {
            0 | 1 => String::new(),
            _ => format!("{plus_minus}{}", short_spread(*over.std.get(n)?, *over.mean.get(n)?)),
        };
        let lossy = if *over.nonfinite.get(n)? > 0.0 { "!" } else { "" };
        Some(format!("{}{lossy}{spread}", number(*over.mean.get(n)?)))
    }
}

/// A line a system, and a line for every run that failed.
impl fmt::Display for LossTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let steps = table_steps(self.most_steps);
        let plus_minus = self.glyphs.plus_minus();
        let name = self.rows.iter().map(|row| width(&row.name)).max().unwrap_or(0).max(10);
        let entry = |row: &Row, n: usize| row.entry(n, plus_minus).unwrap_or_else(|| "-".to_owned());
        // Six of them beside a long name still fit into 80 columns; numbers never touch each other.
        let least = if self.glyphs.ascii { 10 } else { 9 };
        let widths = self.rows.iter().flat_map(|row| steps.iter().map(move |n| width(&entry(row, *n)) + 1));
        let column = widths.max().unwrap_or(0).max(least);
        let kind = self.average.name();
        let on = self.test.as_ref().map_or(String::new(), |test| format!("[{test}] "));
        writeln!(f, "{on}Test loss after n gradient steps ({kind} over tasks, {plus_minus} std over seeds)")?;
        write!(f, "{}", " ".repeat(name + 5))?;
        for n in &steps {
            write!(f, "{:>column$}", format!("n={n}"))?;
        }
        writeln!(f)?;
        for row in &self.rows {
            let seeds = row.over.as_ref().map_or(0, |over| over.seeds);
            let runs = format!("{seeds}/{}", row.runs);
            write!(f, "{} {runs:>4}", pad(&row.name, name, self.glyphs))?;
            for n in &steps {
                let entry = entry(row, *n);
                write!(f, "{entry:>column$}")?;
            }
            writeln!(f)?;
        }
        if let Some(prior_mean) = self.prior_mean {
            writeln!(f, "prior mean (best constant guess): {}", number(prior_mean))?;
        }
        let shares = self.rows.iter().filter_map(|row| row.over.as_ref()).flat_map(|over| &over.nonfinite);
        if shares.into_iter().any(|share| *share > 0.0) {
            writeln!(f, "! some tasks went non-finite and are not in the mean")?;
        }
        for Failure { experiment, seed, step, error, others } in &self.failures {
            writeln!(f, "{experiment}, seed {seed}: failed at step {step}: {error}")?;
            if *others > 0 {
                writeln!(f, "  and {others} more runs of this sweep failed")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_goes_as_far_as_the_evaluation() {
        assert_eq!(table_steps(32), [0, 1, 2, 5, 10, 32]);
        assert_eq!(table_steps(500), [0, 1, 2, 5, 10, 32]);
        assert_eq!(table_steps(7), [0, 1, 2, 5, 7]);
        assert_eq!(table_steps(0), [0]);
    }

    #[test]
    fn what_leaves_tasks_out_wins_nothing() {
        let over = |mean: f64, lost: f64| {
            Some(OverSeeds {
                mean: vec![mean],
                std: vec![0.0],
                low: vec![mean],
                high: vec![mean],
                nonfinite: vec![lost],
                lost: vec![0],
                seeds: 1,
            })
        };
        let curves = [over(1.0, 0.1), None, over(f64::NAN, 0.0), over(3.0, 0.0), over(2.0, 0.0)];
        assert_eq!(best(&curves, &[0, 1]), [Some(4), None]);
    }
}
