//! One step point by point: what each support point adds, their sum, what the step really does, and the bend between.

use super::pane::{Finding, Found, Of, Pane, Subject};
use super::picture::{Curves, Hue, Line, Mark, Part, Row, Stroke, most, over};
use crate::analysis::{Adaptive, Contributions, GRID, mean_square};
use crate::results::text::number;
use crate::task::{Points, grid};

/// The pane.
pub const PANE: Pane = Pane {
    name: "one-step",
    title: "One step, point by point",
    look_for: "thin curves, one a support point, that add up to the dashed sum. The solid line is what the step really does; \
               what the sum lacks is the network's bend.",
    of: Of::Network(find),
};

/// What it shows.
struct OneStep {
    x: Vec<f64>,
    step: Contributions,
    support: Points,
    /// How far each support point lies above the prediction.
    missing: Vec<f64>,
    /// How far the truth lies above it over the whole range.
    truth: Vec<f64>,
    /// Test losses before and after.
    losses: [f64; 2],
}

fn find(subject: &Subject, _: &dyn Fn() -> bool) -> Option<Found> {
    let mut adaptive = Adaptive::new(&subject.weights)?;
    let x = grid(subject.settings.x, GRID);
    let task = &subject.task;
    // From left to right, so that numbers are in the order of the picture.
    let mut order: Vec<usize> = (0..task.support.x.len()).collect();
    order.sort_by(|a, b| task.support.x[*a].total_cmp(&task.support.x[*b]));
    let sorted = |values: &[f64]| order.iter().map(|point| values[*point]).collect::<Vec<f64>>();
    let support = Points { x: sorted(&task.support.x), y: sorted(&task.support.y) };
    let step = Contributions::new(&mut adaptive, &support, &x);
    let seen = adaptive.start.predict(&support.x);
    let missing = support.y.iter().zip(&seen).map(|(y, seen)| y - seen).collect();
    let truth = x.iter().zip(&step.before).map(|(x, before)| task.function.at(*x) - before).collect();
    let after = adaptive.after(&support, 1);
    let losses =
        [&adaptive.start, &after].map(|network| mean_square(&network.predict(&task.query.x), &task.query.y));
    Some(Box::new(OneStep { x, step, support, missing, truth, losses }))
}

impl OneStep {
    /// The support point next to a place of the cursor.
    fn nearest(&self, cursor: usize) -> Option<usize> {
        let at = self.x[cursor.min(self.x.len() - 1)];
        let distance = |point: &usize| (self.support.x[*point] - at).abs();
        (0..self.support.x.len()).min_by(|a, b| distance(a).total_cmp(&distance(b)))
    }
}

/// The name of a support point: its number from the left.
pub fn point_name(place: usize) -> char {
    match place {
        0..9 => char::from(b'1' + place as u8),
        9..35 => char::from(b'a' + (place - 9) as u8),
        _ => '*',
    }
}

/// The dashed sum of a step's parts and the solid line of what it really does.
pub fn sum_and_change(x: &[f64], step: &Contributions) -> [Line; 2] {
    [
        Line::new("sum", Hue::Own, Stroke::Dash, over(x, &step.sum)).bold().letter('+'),
        Line::new("change", Hue::Own, Stroke::Solid, over(x, &step.change)).bold().letter('#'),
    ]
}

impl Finding for OneStep {
    fn says(&self) -> String {
        let Self { step, x, losses: [before, after], .. } = self;
        let losses = format!("The test loss goes from {} to {}.", number(*before), number(*after));
        if self.support.x.is_empty() {
            return format!("There is no support point, so there is no step. {losses}");
        }
        let (bend, change) = (most(&step.bend), most(&step.change));
        if change <= 1e-12 {
            return format!("The step changes nothing. {losses}");
        }
        let at = step.bend.iter().position(|bent| bent.abs() >= bend).unwrap_or(0);
        let share = step.linear_share();
        let share = if share > 0.0 { format!("{:.1} %", 100.0 * share) } else { "none".to_owned() };
        format!(
            "{share} of the change is the sum of its points; the bend is at most {} (at x = {}), the change {}. {losses}",
            number(bend),
            number(x[at]),
            number(change)
        )
    }

    fn picture(&self, cursor: usize) -> Vec<Row> {
        let Self { x, step, support, missing, truth, .. } = self;
        let chosen = self.nearest(cursor);
        let mut lines = vec![Line::new("truth", Hue::Plain, Stroke::Dot, over(x, truth))];
        let mut points: Vec<usize> = (0..step.points.len()).collect();
        // The one that is looked at lies over the others.
        points.sort_by_key(|point| Some(*point) == chosen);
        for point in points {
            let curve = over(x, &step.points[point]);
            lines.push(match Some(point) == chosen {
                true => {
                    let of = format!("point {}", point_name(point));
                    Line::new(of, Hue::Series(1 + point % 6), Stroke::LongDash, curve)
                        .bold()
                        .letter(point_name(point))
                }
                false => Line::new("", Hue::Series(1 + point % 6), Stroke::Series(point), curve)
                    .letter(point_name(point)),
            });
        }
        lines.extend(sum_and_change(x, step));
        // Where the points are that the wave is to be moved to.
        for (point, (x, y)) in support.x.iter().zip(missing).enumerate() {
            let hue = if Some(point) == chosen { Hue::Support } else { Hue::Series(1 + point % 6) };
            lines.push(Line::marks("", hue, Mark::Letter(point_name(point)), vec![(*x, *y)]).bold());
        }
        let curves = Curves {
            crosshair: Some(x[cursor.min(x.len() - 1)]),
            ..Curves::over_x([x[0], x[x.len() - 1]], "adds to the prediction", lines)
        };
        Row::of(vec![Part::Curves(curves)])
    }

    fn before(&self) -> Option<&[f64]> {
        Some(&self.step.before)
    }

    fn figure(&self, name: &str) -> Option<f64> {
        match name {
            "linear share" => Some(self.step.linear_share()),
            "before" => Some(self.losses[0]),
            "after" => Some(self.losses[1]),
            _ => None,
        }
    }
}
