//! Sweeps as grids: which experiments are the cells of one, where each of them lies, and which of them is best.
//! Wherever experiments are listed, a sweep is one row, in which its best cell so far stands for it.

use std::cmp::Ordering;
use std::collections::HashMap;

use super::comparison::Group;
use crate::config::Value;
use crate::eval::{Average, Curve, OverSeeds, half_width};
use crate::experiments::{Cell, Experiment, settings, words};

/// The n whose loss a cell is judged by, where the evaluation goes as far.
const JUDGED_AT: usize = 10;

/// A row of a list of experiments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListRow {
    /// An experiment, by its place in the study.
    One(usize),
    /// A sweep, by its place among the sweeps.
    Sweep(usize),
}

/// A sweep of a study.
#[derive(Clone, Debug, PartialEq)]
pub struct Sweep {
    /// What the file calls it.
    pub name: String,
    /// What it goes through.
    pub axes: Vec<SweptAxis>,
    /// Its experiments, in the study's order.
    pub experiments: Vec<usize>,
    /// The experiment at a place: the number of the value on each axis. Not every place has one.
    places: HashMap<Vec<usize>, usize>,
}

/// An axis of a sweep.
#[derive(Clone, Debug, PartialEq)]
pub struct SweptAxis {
    /// The setting, as the file has it.
    pub key: String,
    /// The same in few letters.
    pub word: String,
    /// Its values, numbers in order of size.
    pub values: Vec<Value>,
}

/// The loss of a cell after n steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CellLoss {
    /// Mean over the seeds whose loss is finite.
    pub mean: f64,
    /// Half width of its 95 % interval, Student's t over seeds; `None` of one seed.
    pub ci95: Option<f64>,
    /// Seeds in it.
    pub seeds: usize,
    /// Largest share over seeds of test tasks that went non-finite.
    pub nonfinite: f64,
}

impl CellLoss {
    /// Of the curves of a cell's seeds after n steps; `None` where there is none, or one does not go as far.
    pub fn of(curves: &[&Curve], n: usize, average: Average) -> Option<Self> {
        if curves.is_empty() || curves.iter().any(|curve| curve.mean.len() <= n) {
            return None;
        }
        let at = |curve: &&Curve| Curve {
            steps: vec![n],
            mean: vec![curve.mean[n]],
            median: vec![curve.median[n]],
            ci95: vec![curve.ci95[n]],
            nonfinite: vec![curve.nonfinite[n]],
            tasks: curve.tasks,
            points: None,
            calibration: None,
        };
        let at: Vec<Curve> = curves.iter().map(at).collect();
        let over = OverSeeds::of(&at.iter().collect::<Vec<_>>(), 1, average);
        let finite = over.seeds - over.lost[0];
        let ci95 = half_width(over.std[0], finite);
        Some(Self { mean: over.mean[0], ci95, seeds: over.seeds, nonfinite: over.nonfinite[0] })
    }

    /// Whether it may be the best: a mean that leaves tasks or seeds out wins nothing.
    pub fn counts(&self) -> bool {
        self.mean.is_finite() && self.nonfinite == 0.0
    }
}

/// The n that cells are judged at, of an evaluation of so many steps.
pub fn judged_at(steps: usize) -> usize {
    JUDGED_AT.min(steps)
}

/// The rows of a list of these experiments, and the sweeps among them.
pub fn rows<'a>(experiments: impl Iterator<Item = &'a Experiment>) -> (Vec<ListRow>, Vec<Sweep>) {
    let (mut rows, mut sweeps) = (Vec::new(), Vec::<Sweep>::new());
    let mut known: HashMap<String, usize> = HashMap::new();
    let mut members: Vec<Vec<(usize, &Cell)>> = Vec::new();
    for (index, experiment) in experiments.enumerate() {
        let Some(cell) = &experiment.cell else {
            rows.push(ListRow::One(index));
            continue;
        };
        let sweep = *known.entry(kin(experiment, cell)).or_insert_with(|| {
            rows.push(ListRow::Sweep(members.len()));
            members.push(Vec::new());
            members.len() - 1
        });
        members[sweep].push((index, cell));
    }
    for members in members {
        let mut sweep = Sweep::of(&members);
        // Others of its name, from another state of the file, differ in what is not swept.
        let same = sweeps
            .iter()
            .filter(|other| other.name == members[0].1.sweep || other.is_numbered_after(&members[0].1.sweep))
            .count();
        if same > 0 {
            sweep.name = format!("{} ({})", sweep.name, same + 1);
        }
        sweeps.push(sweep);
    }
    (rows, sweeps)
}

/// What all cells of a sweep have in common.
fn kin(experiment: &Experiment, cell: &Cell) -> String {
    let is_axis = |key: &str| cell.axes.iter().any(|axis| axis.key == key);
    let mut text = cell.sweep.clone();
    for axis in &cell.axes {
        text.push('\n');
        text.push_str(&axis.key);
    }
    for (key, value) in settings(experiment) {
        // Of test sets it is said in what they differ from the experiment's own settings.
        if !is_axis(&key) && !key.starts_with("test ") && key != "published" {
            text.push_str(&format!("\n{key} {value}"));
        }
    }
    text
}

/// Numbers by size, words as they come, after numbers.
fn order(one: &Value, other: &Value) -> Ordering {
    match (one, other) {
        (Value::Count(one), Value::Count(other)) => one.cmp(other),
        (Value::Number(one), Value::Number(other)) => one.total_cmp(other),
        (Value::Range(one), Value::Range(other)) => {
            one[0].total_cmp(&other[0]).then(one[1].total_cmp(&other[1]))
        }
        (Value::List(one), Value::List(other)) => one.cmp(other),
        (Value::Count(_), Value::Word(_) | Value::List(_)) => Ordering::Less,
        (Value::Word(_) | Value::List(_), Value::Count(_)) => Ordering::Greater,
        _ => Ordering::Equal,
    }
}

impl Sweep {
    /// Of these cells, which have the same axes.
    fn of(members: &[(usize, &Cell)]) -> Self {
        let first = members[0].1;
        let keys: Vec<&str> = first.axes.iter().map(|axis| axis.key.as_str()).collect();
        let axis = |(at, word): (usize, &str)| {
            let mut seen = std::collections::HashSet::new();
            let values = members.iter().map(|(_, cell)| cell.axes[at].value.clone());
            let mut values: Vec<Value> = values.filter(|value| seen.insert(value.to_string())).collect();
            values.sort_by(order);
            SweptAxis { key: keys[at].to_owned(), word: word.to_owned(), values }
        };
        let axes: Vec<SweptAxis> = words(&keys).into_iter().enumerate().map(axis).collect();
        let numbers: Vec<HashMap<String, usize>> = axes
            .iter()
            .map(|axis| axis.values.iter().enumerate().map(|(at, value)| (value.to_string(), at)).collect())
            .collect();
        let place = |cell: &Cell| -> Vec<usize> {
            cell.axes.iter().zip(&numbers).map(|(axis, numbers)| numbers[&axis.value.to_string()]).collect()
        };
        Self {
            name: first.sweep.clone(),
            axes,
            experiments: members.iter().map(|(index, _)| *index).collect(),
            places: members.iter().map(|(index, cell)| (place(cell), *index)).collect(),
        }
    }

    fn is_numbered_after(&self, name: &str) -> bool {
        self.name.strip_prefix(name).is_some_and(|rest| rest.starts_with(" ("))
    }

    /// The experiment at a place.
    pub fn at(&self, place: &[usize]) -> Option<usize> {
        self.places.get(place).copied()
    }

    /// The place of an experiment.
    pub fn place(&self, experiment: usize) -> Option<&[usize]> {
        self.places.iter().find(|(_, other)| **other == experiment).map(|(place, _)| place.as_slice())
    }

    /// Its cells in a group of systems that were tested on the same tasks.
    pub fn comparable(&self, group: &Group) -> Vec<usize> {
        let cells = self.experiments.iter().copied();
        // The members are in order.
        cells.filter(|index| group.members.binary_search(index).is_ok()).collect()
    }

    /// Of these cells, which are comparable, the one with the smallest loss of those that count, and its loss.
    pub fn best_of(
        &self,
        cells: &[usize],
        loss: impl Fn(usize) -> Option<CellLoss>,
    ) -> Option<(usize, CellLoss)> {
        let losses = cells.iter().filter_map(|index| Some((*index, loss(*index)?)));
        losses.filter(|(_, loss)| loss.counts()).min_by(|one, other| one.1.mean.total_cmp(&other.1.mean))
    }

    /// What its row is called, with the cell that stands for it of so many that are comparable.
    pub fn row_name(&self, best: Option<&Experiment>, cells: usize) -> String {
        match best.and_then(|best| best.cell.as_ref()) {
            Some(cell) => format!("{} [{}], lowest of {cells}", self.name, cell.combination()),
            None => format!("{} ({cells} cells)", self.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiments::{Axis, parse};

    const TEXT: &str = "[[experiment]]\nname = \"A\"\nalgorithm = \"maml\"\n[[experiment]]\nname = \"S\"\nalgorithm = \"maml\"\n\
        sweep = { inner_lr = [0.1, 0.01, 0.001], \"task.shots\" = [5, 10] }\n[[experiment]]\nname = \"B\"\nalgorithm = \"maml\"\n";

    fn loss(mean: f64, nonfinite: f64) -> CellLoss {
        CellLoss { mean, ci95: None, seeds: 1, nonfinite }
    }

    #[test]
    fn a_sweep_is_one_row_and_a_grid() {
        let study = parse("x", None, TEXT).expect("a good file");
        let (rows, sweeps) = rows(study.experiments.iter());
        assert_eq!(rows, [ListRow::One(0), ListRow::Sweep(0), ListRow::One(7)]);
        let sweep = &sweeps[0];
        assert_eq!((sweep.name.as_str(), sweep.experiments.len()), ("S", 6));
        assert_eq!(sweep.axes[0].values, [0.001, 0.01, 0.1].map(Value::Number), "in order of size");
        for index in 1..7 {
            let place = sweep.place(index).expect("it is a cell").to_vec();
            assert_eq!(sweep.at(&place), Some(index));
            let Axis { value, .. } = &study.experiments[index].cell.as_ref().expect("a cell").axes[0];
            assert_eq!(sweep.axes[0].values[place[0]], *value);
        }
        // What leaves tasks out is never the lowest, and what has no loss yet neither.
        let losses = [loss(3.0, 0.0), loss(1.0, 0.1), loss(f64::NAN, 0.0), loss(2.0, 0.0)];
        let best = sweep
            .best_of(&sweep.experiments, |index| losses.get(index - 1).copied())
            .expect("there are results");
        assert_eq!(best.0, 4);
        assert_eq!(sweep.row_name(study.experiments.get(4), 6), "S [inner_lr=0.01 shots=10], lowest of 6");
        assert_eq!(sweep.row_name(None, 6), "S (6 cells)");
    }

    #[test]
    fn what_is_left_of_another_file_is_another_sweep() {
        let mut study = parse("x", None, TEXT).expect("a good file");
        let others =
            parse("x", None, &TEXT.replace("\"S\"\n", "\"S\"\nouter_lr = 0.5\n")).expect("a good file");
        study.experiments.extend(others.experiments);
        let (rows, sweeps) = rows(study.experiments.iter());
        assert_eq!(rows.len(), 6);
        let names: Vec<&str> = sweeps.iter().map(|sweep| sweep.name.as_str()).collect();
        assert_eq!(names, ["S", "S (2)"]);
    }

    #[test]
    fn the_interval_is_over_seeds() {
        let curve = |mean: f64| Curve {
            steps: vec![0, 1],
            mean: vec![9.0, mean],
            median: vec![9.0, mean],
            ci95: vec![0.0; 2],
            nonfinite: vec![0.0; 2],
            tasks: 4,
            points: None,
            calibration: None,
        };
        let (one, other) = (curve(1.0), curve(3.0));
        let over = CellLoss::of(&[&one, &other], 1, Average::Mean).expect("two curves");
        // Student's t of one degree of freedom is 12.706, the deviation of 1 and 3 is the root of 2.
        assert!(over.mean == 2.0 && (over.ci95.expect("two seeds") - 12.706).abs() < 0.001, "{over:?}");
        assert_eq!(CellLoss::of(&[&one], 1, Average::Mean).expect("a curve").ci95, None);
        assert_eq!(CellLoss::of(&[&one], 2, Average::Mean), None);
    }
}
