//! A sweep as text for a normal screen: its lowest cells, and all of them as a grid where two axes fit.
//!
//! ```text
//! rate x shots: test loss at n=10 of 9 cells, 18/18 runs tested (mean over tasks)
//! lowest: 0.50±.12 (95 % interval over 2 seeds) at inner_lr=0.01 shots=20
//! inner_lr \ shots        5       10       20
//!            0.001     3.10     2.90     2.50
//!             0.01     1.20     0.70     0.50
//! ```

use std::fmt;

use super::comparison::groups;
use super::outcome::Outcome;
use super::sweep::{CellLoss, Sweep, judged_at};
use super::text::{Glyphs, number, short_spread, width};
use crate::eval::Average;
use crate::experiments::{Cell, FIRST_TEST};

/// The widest and the longest grid that is printed.
const WIDEST: usize = 80;
const LONGEST: usize = 30;
/// Cells that are named where there is no grid.
const NAMED: usize = 5;

/// A sweep as text.
pub struct SweepTable<'a> {
    /// The sweep.
    pub sweep: &'a Sweep,
    /// What came of every experiment of the study.
    pub outcomes: &'a [Outcome<'a>],
    /// The test set.
    pub test: Option<&'a str>,
    /// Whether there are several.
    pub several: bool,
    /// What the losses are over tasks.
    pub average: Average,
    /// The characters it may use.
    pub glyphs: Glyphs,
}

impl SweepTable<'_> {
    fn n(&self) -> usize {
        let steps = |index: &usize| self.outcomes[*index].test(self.test).map(|test| test.evaluation.steps);
        judged_at(self.sweep.experiments.iter().filter_map(steps).max().unwrap_or(0))
    }

    fn loss(&self, index: usize) -> Option<CellLoss> {
        self.outcomes[index].cell_loss(self.test, self.n(), self.average)
    }

    fn cell(&self, index: usize) -> Option<&Cell> {
        self.outcomes[index].settings.cell.as_ref()
    }

    fn spread(&self, loss: &CellLoss) -> String {
        let half = loss.ci95.map_or(String::new(), |half| {
            format!("{}{}", self.glyphs.plus_minus(), short_spread(half, loss.mean))
        });
        format!("{}{half}", number(loss.mean))
    }

    /// A cell of the grid.
    fn entry(&self, place: &[usize]) -> String {
        let Some(index) = self.sweep.at(place) else { return String::new() };
        let failed = self.outcomes[index].runs.iter().any(|run| run.failure.is_some());
        match self.loss(index) {
            Some(loss) if loss.mean.is_finite() => {
                format!("{}{}", number(loss.mean), if loss.counts() { "" } else { "!" })
            }
            Some(_) => "lost".to_owned(),
            None if failed => "failed".to_owned(),
            None => "-".to_owned(),
        }
    }

    /// The grid, if there are two axes and they fit.
    fn grid(&self) -> Option<String> {
        let [down, across] = &self.sweep.axes[..] else { return None };
        let head: Vec<String> = across.values.iter().map(|value| value.in_short()).collect();
        let side: Vec<String> = down.values.iter().map(|value| value.in_short()).collect();
        let rows =
            (0..side.len()).map(|row| (0..head.len()).map(|column| self.entry(&[row, column])).collect());
        let rows: Vec<Vec<String>> = if side.len() > LONGEST { return None } else { rows.collect() };
        let corner = format!("{} \\ {}", down.word, across.word);
        let left = side.iter().chain([&corner]).map(|text| width(text)).max().unwrap_or(0);
        let column = rows.iter().flatten().chain(&head).map(|text| width(text)).max().unwrap_or(0).max(5) + 2;
        if left + column * head.len() > WIDEST {
            return None;
        }
        let line = |first: &str, cells: &[String]| {
            let cells: String = cells.iter().map(|cell| format!("{cell:>column$}")).collect();
            format!("{first:>left$}{cells}\n")
        };
        let below = side.iter().zip(&rows).map(|(side, cells)| line(side, cells));
        Some(line(&corner, &head) + &below.collect::<String>())
    }
}

impl fmt::Display for SweepTable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = |index: &usize| &self.outcomes[*index].runs;
        let runs: usize = self.sweep.experiments.iter().map(|index| of(index).len()).sum();
        let tested =
            self.sweep.experiments.iter().flat_map(of).filter(|run| run.curves.of(self.test).is_some());
        let on = if self.several { format!("[{}] ", self.test.unwrap_or(FIRST_TEST)) } else { String::new() };
        writeln!(
            f,
            "{on}{}: test loss at n={} of {} cells, {}/{runs} runs tested ({} over tasks)",
            self.sweep.name,
            self.n(),
            self.sweep.experiments.len(),
            tested.count(),
            self.average.name()
        )?;
        // Of cells on other tasks none is better than another.
        let groups = groups(self.outcomes, self.test);
        let groups: Vec<Vec<usize>> = groups.iter().map(|group| self.sweep.comparable(group)).collect();
        let best = groups.iter().filter_map(|cells| self.sweep.best_of(cells, |index| self.loss(index)));
        let best: Vec<(usize, CellLoss)> = best.collect();
        if best.is_empty() {
            let tested = self.sweep.experiments.iter().any(|index| self.loss(*index).is_some());
            return f.write_str(match tested {
                true => "no cell has a finite loss on all test tasks\n",
                false => "no cell has been tested yet\n",
            });
        }
        for (best, loss) in &best {
            let seeds = match loss.ci95 {
                Some(_) => format!("95 % interval over {} seeds", loss.seeds),
                None => "one seed, no interval".to_owned(),
            };
            let combination = self.cell(*best).map(Cell::combination).unwrap_or_default();
            writeln!(f, "lowest: {} ({seeds}) at {combination}", self.spread(loss))?;
        }
        if let Some(grid) = self.grid() {
            f.write_str(&grid)?;
            if grid.contains('!') {
                writeln!(f, "! some tasks or seeds went non-finite and are not in the mean")?;
            }
            return Ok(());
        }
        if best.len() > 1 {
            return Ok(());
        }
        let losses = self.sweep.experiments.iter().filter_map(|index| Some((*index, self.loss(*index)?)));
        let mut losses: Vec<_> = losses.filter(|(_, loss)| loss.counts()).collect();
        losses.sort_by(|one, other| one.1.mean.total_cmp(&other.1.mean));
        for (index, loss) in losses.iter().skip(1).take(NAMED - 1) {
            let combination = self.cell(*index).map(Cell::combination).unwrap_or_default();
            writeln!(f, "then: {} at {combination}", self.spread(loss))?;
        }
        Ok(())
    }
}
