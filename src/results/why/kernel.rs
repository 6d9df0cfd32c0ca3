//! The kernel of the rule: what a point would do to the whole curve, before any point is there.

use super::pane::{Finding, Found, Of, Pane, Subject};
use super::picture::{Curves, Field, Hue, Line, Mark, Part, Row, Stroke, most, over};
use crate::analysis::{Adaptive, GRID, Kernel, alignment, by_points, covariance, quantile};
use crate::results::{Scale, text::number};
use crate::task::grid;

/// The pane.
pub const PANE: Pane = Pane {
    name: "kernel",
    title: "Kernel",
    look_for: "stripes. Column x' is what a step does to the whole curve where a point at x' lies above it: above 0 it lifts, \
               below 0 it lowers. Dotted: the tasks' own covariance.",
    of: Of::Network(find),
};

/// What it shows.
struct Stripes {
    x: Vec<f64>,
    kernel: Kernel,
    /// The tasks' covariance, in the kernel's size.
    covariance: Vec<f64>,
    alignment: f64,
    /// Whether the rule is more than one rate, so that the alignment without it is another.
    plain: Option<f64>,
    shots: usize,
}

fn find(subject: &Subject, _: &dyn Fn() -> bool) -> Option<Found> {
    let x = grid(subject.settings.x, GRID);
    let Some(mut adaptive) = Adaptive::new(&subject.weights) else { return by_reading(subject, x) };
    let kernel = Kernel::new(&mut adaptive, &x);
    let mut covariance = covariance(&subject.settings, &x);
    let of_rule = alignment(&kernel.rule, &covariance);
    let of_all = alignment(&kernel.tangent, &covariance);
    let size = |values: &[f64]| values.iter().map(|value| value * value).sum::<f64>().sqrt();
    let scale = size(&kernel.rule) / size(&covariance);
    covariance.iter_mut().for_each(|value| *value *= scale);
    let plain = ((of_rule - of_all).abs() > 1e-9).then_some(of_all);
    let shots = subject.task.support.x.len();
    Some(Box::new(Stripes { x, kernel, covariance, alignment: of_rule, plain, shots }))
}

/// What has the strongest colour: 1 entry in 20 is larger, or the ends of the x axis would leave all else without one.
fn strongest(kernel: &[f64]) -> f64 {
    let mut sizes: Vec<f64> = kernel.iter().map(|entry| entry.abs()).collect();
    sizes.sort_by(f64::total_cmp);
    quantile(&sizes, 0.95).max(1e-12)
}

impl Stripes {
    /// What a point that lies 1 above the prediction does to it, among as many as the task has.
    fn share(&self) -> f64 {
        2.0 / self.shots.max(1) as f64
    }

    /// How far such a point lifts the curve where it is, on average over the x axis.
    fn lift(&self) -> f64 {
        let points = self.kernel.points;
        let diagonal: f64 = self.kernel.rule.iter().step_by(points + 1).sum();
        self.share() * diagonal / points as f64
    }
}

impl Finding for Stripes {
    fn says(&self) -> String {
        let sign = match self.kernel.negative_part() {
            0.0 => "No entry is negative.".to_owned(),
            negative => format!("{:.0} % of it is negative.", 100.0 * negative),
        };
        let plain =
            self.plain.map(|plain| format!(" ({plain:.2} without the learned rule)")).unwrap_or_default();
        format!(
            "One of {} points, 1 above the curve, lifts it by {} where it is. Alignment with the tasks' covariance {:.2} of \
             1{plain}. {sign}",
            self.shots,
            number(self.lift()),
            self.alignment
        )
    }

    fn picture(&self, cursor: usize) -> Vec<Row> {
        let Self { x, kernel, covariance, .. } = self;
        let ends = [x[0], x[x.len() - 1]];
        let share = self.share();
        let field = Field {
            size: (kernel.points, kernel.points),
            values: kernel.rule.iter().map(|value| share * value).collect(),
            most: share * strongest(&kernel.rule),
            rows: Field::even_labels(ends, kernel.points),
            y_name: "x",
            x: ends,
            x_name: "x'",
            cursor: Some(cursor),
            unit: "lift+".to_owned(),
            letters: Vec::new(),
        };
        let at = cursor.min(kernel.points - 1);
        let column = |values: &[f64]| -> Vec<(f64, f64)> {
            let entries = values.iter().skip(at).step_by(kernel.points);
            x.iter().copied().zip(entries.map(|value| share * value)).collect()
        };
        let lines = vec![
            Line::new("covariance", Hue::Plain, Stroke::Dot, column(covariance)),
            Line::new(format!("x'={}", number(x[at])), Hue::Own, Stroke::Solid, column(&kernel.rule))
                .bold()
                .letter('#'),
        ];
        let largest = share * most(kernel.rule.iter().chain(covariance));
        let curves = Curves {
            y: Scale::linear(-largest, largest),
            crosshair: Some(x[at]),
            ..Curves::over_x(ends, "lift", lines)
        };
        Row::of(vec![Part::Field(field), Part::Curves(curves)])
    }

    fn figure(&self, name: &str) -> Option<f64> {
        match name {
            "lift" => Some(self.lift()),
            "alignment" => Some(self.alignment),
            "negative" => Some(self.kernel.negative_part()),
            _ => None,
        }
    }
}

/// The same of a learner without gradient steps: what the y of a support point does to the whole curve.
struct Readings {
    x: Vec<f64>,
    /// The support points from left to right, and what each does.
    points: Vec<(f64, Vec<f64>)>,
}

fn by_reading(subject: &Subject, x: Vec<f64>) -> Option<Found> {
    let support = &subject.task.support;
    let steps = subject.weights.adaptation.inner_steps.max(1);
    let does = by_points(&subject.weights, support, &x, steps);
    let mut points: Vec<(f64, Vec<f64>)> = support.x.iter().copied().zip(does).collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    Some(Box::new(Readings { x, points }))
}

impl Readings {
    /// What each point does where it is.
    fn lift(&self) -> f64 {
        let at = |(at, does): &(f64, Vec<f64>)| {
            let nearest =
                (0..self.x.len()).min_by(|a, b| (self.x[*a] - at).abs().total_cmp(&(self.x[*b] - at).abs()));
            nearest.map_or(f64::NAN, |nearest| does[nearest])
        };
        self.points.iter().map(at).sum::<f64>() / self.points.len() as f64
    }
}

impl Finding for Readings {
    fn says(&self) -> String {
        let points = self.points.len();
        if points == 0 {
            return "There is no support point, so there is nothing to read.".to_owned();
        }
        let all: f64 = self.points.iter().flat_map(|(_, does)| does).map(|value| value.abs()).sum();
        let negative: f64 = self.points.iter().flat_map(|(_, does)| does).filter(|value| **value < 0.0).sum();
        format!(
            "No gradient step is taken here. This is how the curve changes with the y of each of the {points} points that are \
             read: by {} where the point is, for every 1 that it is higher; {:.0} % of it is negative.",
            number(self.lift()),
            -100.0 * negative / all
        )
    }

    fn picture(&self, cursor: usize) -> Vec<Row> {
        let Self { x, points } = self;
        let ends = [x[0], x[x.len() - 1]];
        let at = x[cursor.min(x.len() - 1)];
        let nearest =
            (0..points.len()).min_by(|a, b| (points[*a].0 - at).abs().total_cmp(&(points[*b].0 - at).abs()));
        let Some(nearest) = nearest else { return Vec::new() };
        let values =
            (0..x.len()).flat_map(|row| points.iter().map(move |(_, does)| does[row])).collect::<Vec<f64>>();
        let field = Field {
            size: (x.len(), points.len()),
            most: most(&values),
            values,
            rows: Field::even_labels(ends, x.len()),
            y_name: "x",
            x: [1.0, points.len() as f64],
            x_name: "point",
            cursor: Some(nearest),
            unit: "lift".to_owned(),
            letters: Vec::new(),
        };
        let places = points.iter().map(|(x, _)| (*x, 0.0)).collect();
        let lines = vec![
            Line::marks("points", Hue::Support, Mark::Support, places),
            Line::new(format!("point {}", nearest + 1), Hue::Own, Stroke::Solid, over(x, &points[nearest].1))
                .bold()
                .letter('#'),
        ];
        let curves = Curves { crosshair: Some(points[nearest].0), ..Curves::over_x(ends, "lift", lines) };
        Row::of(vec![Part::Field(field), Part::Curves(curves)])
    }

    fn figure(&self, name: &str) -> Option<f64> {
        (name == "lift").then(|| self.lift())
    }
}
