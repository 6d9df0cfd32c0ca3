//! Units: what every hidden unit answers over the x axis, and what inner steps change of it.

use super::pane::{Finding, Found, Of, Pane, Subject};
use super::picture::{Field, Part, Row};
use crate::analysis::{Activity, Adaptive, GRID, activity, quantile, reach, read_units};
use crate::task::{Points, TestTask, grid};

/// The pane.
pub const PANE: Pane = Pane {
    name: "units",
    title: "Units",
    look_for: "how few units answer, and where. A row is a hidden unit that answers anything, in its own colours; at the right \
               is what n steps on the task (or reading it; of a point: its y) change of it.",
    of: Of::Network(find),
};

/// What it shows.
struct Bumps {
    x: Vec<f64>,
    layers: Vec<Layer>,
    /// What moves the units, where that is one thing.
    moves: Moves,
}

/// What moves units.
enum Moves {
    /// So many inner steps.
    Steps(usize),
    /// Reading so many points.
    Reading(usize),
}

/// A hidden layer: its units that answer anything, in the order of where they answer most.
struct Layer {
    name: String,
    /// Units, with those that answer nothing.
    hidden: usize,
    /// Activations, a row a unit, in units of its own largest.
    before: Vec<f64>,
    /// By how much they change, in the same units.
    change: Vec<f64>,
    /// Units that answer nothing and units that answer everywhere, where a unit can be dead at all.
    activity: Option<[usize; 2]>,
    /// The median of how far a unit's answers move.
    reach: f64,
}

fn layer(
    name: String,
    (before, after): (&[f64], &[f64]),
    hidden: usize,
    can_die: bool,
    seen: &[f64],
) -> Layer {
    let of = activity(seen, hidden);
    let count = |what| of.iter().filter(|unit| **unit == what).count();
    let column = |h: &[f64], unit: usize| h.iter().skip(unit).step_by(hidden).copied().collect::<Vec<f64>>();
    let size = |values: &[f64]| values.iter().fold(0.0_f64, |most, value| most.max(value.abs()));
    let peak = |unit: &usize| {
        let column = column(before, *unit);
        let most = size(&column);
        column.iter().position(|h| h.abs() >= most).unwrap_or(0)
    };
    let mut units: Vec<usize> = (0..hidden).filter(|unit| of[*unit] != Activity::Dead).collect();
    units.sort_by_key(peak);
    let (mut rows, mut changes) = (Vec::new(), Vec::new());
    for &unit in &units {
        let (was, is) = (column(before, unit), column(after, unit));
        // What answers only once something has been read is in units of that.
        let most = if size(&was) > 0.0 { size(&was) } else { size(&is).max(1e-12) };
        rows.extend(was.iter().map(|h| h / most));
        changes.extend(is.iter().zip(&was).map(|(is, was)| (is - was) / most));
    }
    let mut reaches = reach(before, after, hidden);
    reaches.retain(|reach| !reach.is_nan());
    reaches.sort_by(f64::total_cmp);
    let activity = can_die.then(|| [count(Activity::Dead), count(Activity::AlwaysOn)]);
    Layer { name, hidden, before: rows, change: changes, activity, reach: quantile(&reaches, 0.5) }
}

fn find(subject: &Subject, _: &dyn Fn() -> bool) -> Option<Found> {
    let support = &subject.task.support;
    let Some(mut adaptive) = Adaptive::new(&subject.weights) else { return by_reading(subject) };
    let x = grid(subject.settings.x, GRID);
    let after = adaptive.after(support, subject.n).pass(&x).h;
    let (hidden, can_die) = (adaptive.start.hidden, adaptive.start.can_die());
    let before = adaptive.start.pass(&x).h;
    let layers = before.iter().zip(&after).enumerate().map(|(place, (before, after))| {
        layer(format!("layer {}", place + 1), (before, after), hidden, can_die, before)
    });
    let layers = layers.collect();
    Some(Box::new(Bumps { x, layers, moves: Moves::Steps(subject.n) }))
}

/// The same of a network that reads.
fn by_reading(subject: &Subject) -> Option<Found> {
    let TestTask { support, query, .. } = &subject.task;
    let mut order: Vec<usize> = (0..query.x.len()).collect();
    order.sort_by(|a, b| query.x[*a].total_cmp(&query.x[*b]));
    let sorted = |values: &[f64]| order.iter().map(|place| values[*place]).collect::<Vec<f64>>();
    let task = Points { x: sorted(&query.x), y: sorted(&query.y) };
    let read = read_units(&subject.weights, support, &task, subject.weights.adaptation.inner_steps);
    let layers: Vec<Layer> = read
        .into_iter()
        .map(|read| {
            let of = if read.is_of_point { " of a point" } else { "" };
            let name = format!("{}{of}", read.layer);
            // Dead is what answers neither before nor after.
            let seen = [&read.before[..], &read.after].concat();
            layer(name, (&read.before, &read.after), read.width, true, &seen)
        })
        .collect();
    let found = Bumps { x: task.x, layers, moves: Moves::Reading(support.x.len()) };
    (!found.layers.is_empty()).then(|| Box::new(found) as Found)
}

impl Finding for Bumps {
    fn says(&self) -> String {
        let of = |layer: &Layer| {
            let Layer { name, hidden, activity, reach, .. } = layer;
            let dead = activity.map_or_else(String::new, |[dead, always]| match self.moves {
                Moves::Steps(_) => format!("{dead} of {hidden} dead, {always} always on, "),
                Moves::Reading(_) => format!("{dead} of {hidden} dead, "),
            });
            let reach = 100.0 * reach;
            match self.moves {
                Moves::Steps(n) => format!("{name}: {dead}n={n} moves the median unit by {reach:.0} %"),
                Moves::Reading(_) => format!("{name}: {dead}{reach:.0} %"),
            }
        };
        let words = self.layers.iter().map(of).collect::<Vec<String>>().join("; ");
        match self.moves {
            Moves::Steps(_) => format!("{words}."),
            Moves::Reading(points) => {
                format!("How far reading {points} points, or the y of one, moves the median unit: {words}.")
            }
        }
    }

    fn picture(&self, cursor: usize) -> Vec<Row> {
        let Self { x, layers, .. } = self;
        let row = |layer: &Layer| {
            let units = layer.before.len() / x.len();
            let side = |values: &[f64], what: &str, rows: Vec<(usize, String)>| {
                Part::Field(Field {
                    size: (units, x.len()),
                    values: values.to_vec(),
                    most: 1.0,
                    rows,
                    y_name: "",
                    x: [x[0], x[x.len() - 1]],
                    x_name: "x",
                    cursor: Some(cursor),
                    unit: format!("{}, {what}", layer.name),
                    letters: Vec::new(),
                })
            };
            let labels = vec![(0, "1".to_owned()), (units.saturating_sub(1), units.to_string())];
            let parts =
                vec![side(&layer.before, "before", labels), side(&layer.change, "change", Vec::new())];
            Row { parts, height: units }
        };
        layers.iter().map(row).collect()
    }

    fn figure(&self, name: &str) -> Option<f64> {
        let last = self.layers.last()?;
        match name {
            "dead" => last.activity.map(|[dead, _]| dead as f64),
            "units" => Some(last.hidden as f64),
            "reach" => Some(last.reach),
            _ => None,
        }
    }
}
