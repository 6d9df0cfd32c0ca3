//! Units: what every hidden unit answers over the x axis, and what inner steps change of it.

use super::pane::{Finding, Found, Of, Pane, Subject};
use super::picture::{Field, Part, Row};
use crate::analysis::{Activity, Adaptive, GRID, Reader, activity, quantile, reach};
use crate::task::{Points, grid};

/// The pane.
pub const PANE: Pane = Pane {
    name: "units",
    title: "Units",
    look_for: "how few units answer, and where. A row is a hidden unit that answers anything, in its own colours; at the right \
               is what n steps on the task (or reading it) change of it.",
    of: Of::Network(find),
};

/// What it shows.
struct Bumps {
    x: Vec<f64>,
    layers: Vec<Layer>,
    hidden: usize,
    /// What the layers are called, and what moves their units.
    words: (&'static str, String),
    /// Whether units can be dead at all.
    can_die: bool,
}

/// A hidden layer: its units that answer anything, in the order of where they answer most.
struct Layer {
    /// Activations, a row a unit, in units of its own largest.
    before: Vec<f64>,
    /// By how much they change, in the same units.
    change: Vec<f64>,
    dead: usize,
    always: usize,
    /// The median of how far a unit's answers move.
    reach: f64,
}

fn layer(before: &[f64], after: &[f64], hidden: usize) -> Layer {
    let of = activity(before, hidden);
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
        let most = size(&was).max(1e-12);
        rows.extend(was.iter().map(|h| h / most));
        changes.extend(is.iter().zip(&was).map(|(is, was)| (is - was) / most));
    }
    let mut reaches = reach(before, after, hidden);
    reaches.retain(|reach| !reach.is_nan());
    reaches.sort_by(f64::total_cmp);
    let (dead, always) = (count(Activity::Dead), count(Activity::AlwaysOn));
    Layer { before: rows, change: changes, dead, always, reach: quantile(&reaches, 0.5) }
}

fn find(subject: &Subject, _: &dyn Fn() -> bool) -> Option<Found> {
    let x = grid(subject.settings.x, GRID);
    let support = &subject.task.support;
    let Some(mut adaptive) = Adaptive::new(&subject.weights) else {
        let reader = Reader::new(&subject.weights)?;
        let [before, after] =
            [&Points::default(), support].map(|points| reader.answer(&reader.read(points), &x).0);
        let hidden = before[0].len() / x.len();
        let layers = before.iter().zip(&after).map(|(before, after)| layer(before, after, hidden)).collect();
        let words = ("decoder layer", format!("reading {} points", support.x.len()));
        return Some(Box::new(Bumps { x, layers, hidden, words, can_die: true }));
    };
    let after = adaptive.after(support, subject.n).pass(&x).h;
    let hidden = adaptive.start.hidden;
    let before = adaptive.start.pass(&x).h;
    let layers = before.iter().zip(&after).map(|(before, after)| layer(before, after, hidden)).collect();
    let can_die = adaptive.start.can_die();
    let words = ("layer", format!("n={}", subject.n));
    Some(Box::new(Bumps { x, layers, hidden, words, can_die }))
}

impl Finding for Bumps {
    fn says(&self) -> String {
        let Self { layers, hidden, words: (kind, moves), .. } = self;
        let of = |(place, layer): (usize, &Layer)| {
            let activity = match self.can_die {
                true => format!("{} of {hidden} dead, {} always on, ", layer.dead, layer.always),
                false => String::new(),
            };
            format!(
                "{kind} {}: {activity}{moves} moves the median unit by {:.0} %",
                place + 1,
                100.0 * layer.reach
            )
        };
        let words: Vec<String> = layers.iter().enumerate().map(of).collect();
        format!("{}.", words.join("; "))
    }

    fn picture(&self, cursor: usize) -> Vec<Row> {
        let Self { x, layers, .. } = self;
        let row = |(place, layer): (usize, &Layer)| {
            let units = layer.before.len() / x.len();
            let side = |values: &[f64], what: &str, rows: Vec<(usize, String)>| {
                Part::Field(Field {
                    size: (units, x.len()),
                    values: values.to_vec(),
                    most: 1.0,
                    rows,
                    x: [x[0], x[x.len() - 1]],
                    x_name: "x",
                    cursor: Some(cursor),
                    unit: format!("{} {}, {what}", self.words.0, place + 1),
                    letters: Vec::new(),
                })
            };
            let labels = vec![(0, "1".to_owned()), (units.saturating_sub(1), units.to_string())];
            let parts =
                vec![side(&layer.before, "before", labels), side(&layer.change, "change", Vec::new())];
            Row { parts, height: units }
        };
        layers.iter().enumerate().map(row).collect()
    }

    fn figure(&self, name: &str) -> Option<f64> {
        let last = self.layers.last()?;
        match name {
            "dead" => self.can_die.then_some(last.dead as f64),
            "units" => Some(self.hidden as f64),
            "reach" => Some(last.reach),
            _ => None,
        }
    }
}
