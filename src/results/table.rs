//! The loss table: the n it has, which systems are the lowest after each of them, and the table as text for a
//! normal screen.
//!
//! ```text
//! Test loss after n gradient steps (mean over tasks, ± std over seeds)
//!                      n=0      n=1      n=2      n=5     n=10     n=32
//! MAML        5/5 4.30±.21 1.51±.12 ...
//! prior mean (best guess without points): 4.25
//! ```

use std::collections::BTreeSet;
use std::fmt;

use super::comparison::{Compared, compare};
use super::floor::floor;
use super::outcome::{AxisWords, Outcome, Ran, test_names};
use super::sweep::{ListRow, judged_at, rows};
use super::text::{Glyphs, number, pad, short_spread, width};
use super::yardsticks::best_guess;
use crate::eval::{Average, LossAxis, OverSeeds};
use crate::experiments::FIRST_TEST;

/// The n of the loss table; those the evaluation reaches are shown.
const STEPS: [usize; 6] = [0, 1, 2, 5, 10, 32];

/// What a floor is called.
pub const FLOOR: &str = "Bayes floor";

/// The loss table of a test set.
#[derive(Clone, Debug)]
pub struct LossTable {
    /// The test set, where there are several.
    pub test: Option<String>,
    /// Those that were tested on the same tasks, a group each.
    pub groups: Vec<TableGroup>,
    /// What its columns are over.
    pub axis: LossAxis,
    /// In words.
    pub words: AxisWords,
    /// The last n of any evaluation, or K.
    pub most_steps: usize,
    /// Runs that failed.
    pub failures: Vec<Failure>,
    /// What the losses are over tasks.
    pub average: Average,
    /// The characters it may use.
    pub glyphs: Glyphs,
}

/// Rows that may be compared.
#[derive(Clone, Debug)]
pub struct TableGroup {
    /// In what its tasks differ from those of the other groups; empty where there is no other.
    pub title: String,
    /// A row an experiment.
    pub rows: Vec<Row>,
    /// Loss of the best guess without points on its tasks.
    pub best_guess: f64,
    /// The n of the table at which its rows are compared by medians, although it shows means.
    pub by_medians: Vec<usize>,
    /// What nobody can be expected to be below after K = 0, 1, .. points, where the columns are over them and it is known.
    pub floor: Option<Vec<f64>>,
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
    /// The n after which it is the lowest of its group, or cannot be told from it.
    pub best: BTreeSet<usize>,
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

/// The same after K support points, one a test set that has a points curve.
pub fn point_tables(outcomes: &[Outcome<'_>], average: Average, glyphs: Glyphs) -> Vec<LossTable> {
    let along: Vec<Outcome<'_>> = outcomes.iter().map(|outcome| outcome.along(LossAxis::Points)).collect();
    let mut tables = tables(&along, average, glyphs);
    tables.retain(|table| !table.groups.is_empty());
    tables.iter_mut().for_each(|table| table.failures.clear());
    tables
}

/// The loss tables of these experiments, one a test set. What failed is said below the last one.
pub fn tables(outcomes: &[Outcome<'_>], average: Average, glyphs: Glyphs) -> Vec<LossTable> {
    let names = test_names(outcomes.iter().map(|outcome| outcome.settings));
    let several = !names.is_empty();
    let axis = outcomes.first().map_or(LossAxis::Steps, |outcome| outcome.axis);
    let (list, sweeps) = rows(outcomes.iter().map(|outcome| outcome.settings));
    let table = |name: Option<&str>| {
        let compared = compare(outcomes, name, average);
        let steps = outcomes.iter().filter_map(|outcome| outcome.last(name));
        let most_steps = steps.max().unwrap_or(0);
        let of = |group: &Compared, row: &ListRow| {
            let (index, sweep) = match *row {
                ListRow::One(index) => (index, None),
                ListRow::Sweep(sweep) => {
                    let sweep = &sweeps[sweep];
                    let steps = |index: &usize| outcomes[*index].last(name);
                    let n = judged_at(sweep.experiments.iter().filter_map(steps).max()?);
                    let cells = sweep.comparable(&group.group);
                    let best = sweep.best_of(&cells, |index| outcomes[index].cell_loss(name, n, average));
                    let one = best.map_or(*cells.first()?, |(best, _)| best);
                    (one, Some((sweep, best.is_some(), cells.len())))
                }
            };
            let outcome = &outcomes[index];
            if !group.group.members.contains(&index) {
                return None;
            }
            let is_known = sweep.is_none_or(|(_, is_known, _)| is_known);
            let is_best = |n: &usize| group.at(*n).is_some_and(|at| at.best_set().contains(&index));
            Some(Row {
                name: match sweep {
                    None => outcome.settings.name.clone(),
                    Some((sweep, _, cells)) => sweep.row_name(is_known.then_some(outcome.settings), cells),
                },
                runs: outcome.runs.len(),
                over: if is_known { outcome.over(name, average) } else { None },
                best: table_steps(most_steps).into_iter().filter(is_best).collect(),
            })
        };
        let group = |group: &Compared| {
            let test = outcomes[*group.group.members.first()?].test(name)?;
            let floor = (axis == LossAxis::Points).then(|| {
                let tests = group.group.members.iter().filter_map(|index| outcomes[*index].test(name));
                let longest = tests.max_by_key(|test| test.evaluation.points)?;
                Some(average.of(&*floor(longest)?).to_vec())
            });
            Some(TableGroup {
                floor: floor.flatten(),
                title: group.group.title.clone(),
                by_medians: group.by_medians(&table_steps(most_steps), average),
                rows: list.iter().filter_map(|row| of(group, row)).collect(),
                best_guess: best_guess(test, average),
            })
        };
        LossTable {
            test: several.then(|| name.unwrap_or(FIRST_TEST).to_owned()),
            axis,
            words: AxisWords::of_outcomes(outcomes),
            groups: compared.iter().filter_map(group).collect(),
            most_steps,
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

/// That systems are compared by medians after these n, although means are shown.
pub fn medians_in_words(letter: &str, steps: &[usize]) -> Option<String> {
    let list: Vec<String> = steps.iter().map(usize::to_string).collect();
    let list = list.join(", ");
    (!steps.is_empty()).then(|| format!("at {letter}={list} by medians over tasks, since some tasks blow up"))
}

impl Row {
    /// The row's loss after n steps.
    fn entry(&self, n: usize, plus_minus: &str) -> Option<String> {
        let over = self.over.as_ref().filter(|over| n < over.mean.len())?;
        if !over.is_answered(n) {
            return Some(number(f64::NAN));
        }
        let spread = match over.seeds {
            0 | 1 => String::new(),
            _ => format!("{plus_minus}{}", short_spread(*over.std.get(n)?, *over.mean.get(n)?)),
        };
        let lossy = if *over.nonfinite.get(n)? > 0.0 { "!" } else { "" };
        let best = if self.best.contains(&n) { "*" } else { "" };
        Some(format!("{}{lossy}{best}{spread}", number(*over.mean.get(n)?)))
    }
}

/// A line a system, and a line for every run that failed.
impl fmt::Display for LossTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let steps = table_steps(self.most_steps);
        let plus_minus = self.glyphs.plus_minus();
        let all = || self.groups.iter().flat_map(|group| &group.rows);
        let name = all().map(|row| width(&row.name)).max().unwrap_or(0).max(10);
        let entry = |row: &Row, n: usize| row.entry(n, plus_minus).unwrap_or_else(|| "-".to_owned());
        // Six of them beside a long name still fit into 80 columns; numbers never touch each other.
        let least = if self.glyphs.ascii { 10 } else { 9 };
        let widths = all().flat_map(|row| steps.iter().map(move |n| width(&entry(row, *n)) + 1));
        let column = widths.max().unwrap_or(0).max(least);
        let kind = self.average.name();
        let on = self.test.as_ref().map_or(String::new(), |test| format!("[{test}] "));
        let after = self.words.after;
        writeln!(f, "{on}Test loss after {after} ({kind} over tasks, {plus_minus} std over seeds)")?;
        write!(f, "{}", " ".repeat(name + 5))?;
        for n in &steps {
            write!(f, "{:>column$}", format!("{}={n}", self.axis.letter()))?;
        }
        writeln!(f)?;
        for TableGroup { title, rows, best_guess, floor, by_medians } in &self.groups {
            if !title.is_empty() {
                writeln!(f, "on tasks with {title}:")?;
            }
            for row in rows {
                let seeds = row.over.as_ref().map_or(0, |over| over.seeds);
                let runs = format!("{seeds}/{}", row.runs);
                write!(f, "{} {runs:>4}", pad(&row.name, name, self.glyphs))?;
                for n in &steps {
                    let entry = entry(row, *n);
                    write!(f, "{entry:>column$}")?;
                }
                writeln!(f)?;
            }
            if let Some(floor) = floor {
                write!(f, "{}", pad(FLOOR, name + 5, self.glyphs))?;
                for n in &steps {
                    let entry = floor.get(*n).map_or("-".to_owned(), |loss| number(*loss));
                    write!(f, "{entry:>column$}")?;
                }
                writeln!(f)?;
            }
            if let Some(medians) = medians_in_words(self.axis.letter(), by_medians) {
                writeln!(f, "* {medians}")?;
            }
            writeln!(f, "prior mean (best guess without points): {}", number(*best_guess))?;
        }
        if all().any(|row| !row.best.is_empty()) {
            writeln!(f, "* lowest on these tasks, or not to be told from the lowest by its seeds")?;
        }
        let shares = all().filter_map(|row| row.over.as_ref()).flat_map(|over| &over.nonfinite);
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
}
