//! The plane of two tasks: their losses over the start and where steps lead on each of them.

use super::pane::{Finding, Found, Of, Pane, Subject};
use super::picture::{Field, Part, Row, most};
use crate::analysis::{AXIS, Adaptive, Network, Plane, Task, mean_square};
use crate::results::text::number;

/// Most steps on a task: the plane is of where they lead, and far away there is little of the start.
const MOST_STEPS: usize = 10;
/// A loss further from the start's, as a logarithm, has no stronger colour.
const STRONGEST: f64 = 3.0;

/// The pane.
pub const PANE: Pane = Pane {
    name: "plane",
    title: "Plane of two tasks",
    look_for: "two valleys, and the start (o) between them. Each map is a task's loss against that of the start, on the plane \
               through it and where steps lead on the task in view (A) and on another (B): below 0 is better than the start.",
    of: Of::Network(find),
};

/// What it shows.
struct Valleys {
    plane: Plane,
    /// Losses of A and of B at the start, ...
    start: [f64; 2],
    /// ... and after the steps on A and on B.
    ends: [[f64; 2]; 2],
    steps: usize,
}

fn find(subject: &Subject, is_wanted: &dyn Fn() -> bool) -> Option<Found> {
    let mut adaptive = Adaptive::new(&subject.weights)?;
    let here = (subject.task.support.clone(), subject.task.query.clone());
    let others = subject.pairs();
    // The other task is the one whose truth lies farthest from this one's.
    let seen = |task: &Task| mean_square(&task.1.y, &here.1.y);
    let other = others.into_iter().max_by(|one, other| seen(one).total_cmp(&seen(other)))?;
    let steps = subject.n.clamp(1, MOST_STEPS);
    let losses = |network: &Network| {
        [&here, &other].map(|(_, query)| mean_square(&network.predict(&query.x), &query.y))
    };
    let start = losses(&adaptive.start);
    let ends = [&here.0, &other.0].map(|support| losses(&adaptive.after(support, steps)));
    if !is_wanted() {
        return None;
    }
    let plane = Plane::new(&mut adaptive, [&here, &other], steps)?;
    Some(Box::new(Valleys { plane, start, ends, steps }))
}

/// The place of the map at which something lies, row and column.
fn place([along, beside]: [f64; 2]) -> (f64, f64) {
    let at = |value: f64| (value + 0.5) * 10.0;
    (at(along), at(beside))
}

impl Finding for Valleys {
    fn says(&self) -> String {
        let [a, b] = self.start.map(number);
        let at = |task: usize, end: usize| number(self.ends[end][task]);
        format!(
            "After {} steps of the rule the loss of A goes from {a} to {} at A, and is {} at B; that of B from {b} to {} at B, \
             and is {} at A.",
            self.steps,
            at(0, 0),
            at(0, 1),
            at(1, 1),
            at(1, 0)
        )
    }

    fn picture(&self, _: usize) -> Vec<Row> {
        let Plane { axis, losses, paths, .. } = &self.plane;
        let ends = [axis[0], axis[axis.len() - 1]];
        let mut letters = Vec::new();
        for (path, letter) in paths.iter().zip(['A', 'B']) {
            // Steps between, then the end over them, then the start over all.
            letters.extend(path.iter().skip(1).map(|at| (place(*at).0, place(*at).1, '.')));
            letters.extend(path.last().map(|at| (place(*at).0, place(*at).1, letter)));
        }
        letters.push((place([0.0; 2]).0, place([0.0; 2]).1, 'o'));
        let beside = |task: usize| -> Vec<f64> {
            let start = self.start[task];
            let of = |loss: &f64| if loss.is_finite() { (loss / start).ln() } else { STRONGEST };
            losses[task].iter().map(of).collect()
        };
        let values = [0, 1].map(beside);
        // Both maps have one scale.
        let strongest = most(values.iter().flatten()).min(STRONGEST);
        let field = |(task, letter): (usize, char)| {
            Part::Field(Field {
                size: (AXIS, AXIS),
                values: values[task].clone(),
                most: strongest,
                rows: Field::even_labels(ends, AXIS),
                y_name: "to A",
                x: ends,
                x_name: "to B",
                cursor: None,
                unit: format!("log loss of {letter} against o"),
                letters: letters.clone(),
            })
        };
        Row::of([(0, 'A'), (1, 'B')].map(field).to_vec())
    }
}
