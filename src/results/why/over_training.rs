//! Over training: when the kernel of the rule becomes that of the tasks, whether before or after the loss falls, and what
//! becomes of the step meanwhile. Every seed is a thin line, their mean a thick one.

use super::course::Course;
use super::pane::{Finding, Of, Pane};
use super::picture::{Curves, Hue, Line, Part, Row, Stroke};
use crate::analysis::{Marks, mean, to_halfway};
use crate::results::Scale;
use crate::results::text::{count, number};

/// The pane.
pub const PANE: Pane = Pane {
    name: "over-training",
    title: "Over training",
    look_for: "which comes first: the kernel that is the tasks' own (alignment), or the fall of the loss after the step. Every \
               seed is a thin line, their mean a thick one.",
    of: Of::Course(|course| Box::new(OverTraining(course.clone()))),
};

/// What it shows.
struct OverTraining(Course);

/// A quantity of every seed over the steps of training, and their mean at the steps that all of them have.
pub fn lines(course: &Course, name: &str, hue: Hue, letter: char, of: impl Fn(&Marks) -> f64) -> Vec<Line> {
    let seed = |(_, marks): &(u64, Vec<(u64, Marks)>)| -> Vec<(f64, f64)> {
        marks.iter().map(|(step, marks)| (*step as f64, of(marks))).filter(|(_, y)| y.is_finite()).collect()
    };
    let seeds: Vec<Vec<(f64, f64)>> = course.seeds.iter().map(seed).filter(|line| !line.is_empty()).collect();
    let at = |line: &Vec<(f64, f64)>, step: f64| line.iter().find(|(x, _)| *x == step).map(|(_, y)| *y);
    let means = seeds.first().into_iter().flatten().filter_map(|(step, _)| {
        let all: Option<Vec<f64>> = seeds.iter().map(|line| at(line, *step)).collect();
        all.map(|all| (*step, mean(&all)))
    });
    let mean = Line::new(name, hue, Stroke::Solid, means.collect()).bold().letter(letter);
    let is_alone = seeds.len() == 1;
    let thin = seeds.into_iter().filter(|_| !is_alone);
    thin.map(|line| Line::new("", hue, Stroke::Dot, line).letter(letter)).chain([mean]).collect()
}

/// Curves over training: on an axis on which the first steps have as much room as the many after them.
pub fn over_steps(course: &Course, y: Scale, y_name: &'static str, lines: Vec<Line>) -> Part {
    let steps = course.seeds.iter().flat_map(|(_, marks)| marks.iter().map(|(step, _)| *step as f64));
    let last = steps.fold(1.0, f64::max);
    let x = Scale::counts(0.0, last);
    Part::Curves(Curves { x, x_name: "steps", y, y_name, lines, crosshair: None, is_square: false })
}

/// The newest marks of every seed.
pub fn newest(course: &Course) -> impl Iterator<Item = &Marks> {
    course.seeds.iter().filter_map(|(_, marks)| marks.last().map(|(_, marks)| marks))
}

/// A mean over seeds, and how far they go.
pub fn over_seeds(values: impl Iterator<Item = f64>) -> Option<String> {
    let values: Vec<f64> = values.filter(|value| value.is_finite()).collect();
    let (low, high) = values
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(*value), high.max(*value)));
    match values.len() {
        0 => None,
        1 => Some(format!("{low:.2}")),
        _ => Some(format!("{:.2} ({low:.2} to {high:.2})", mean(&values))),
    }
}

impl OverTraining {
    /// The steps at which each seed's alignment and its loss after the inner steps are halfway.
    fn halfway(&self) -> Vec<(Option<u64>, Option<u64>)> {
        let of = |(_, marks): &(u64, Vec<(u64, Marks)>)| {
            let at = |of: fn(&Marks) -> f64, rises| {
                let values: Vec<f64> = marks.iter().map(|(_, marks)| of(marks)).collect();
                to_halfway(&values, rises).map(|place| marks[place].0)
            };
            (at(|marks| marks.alignment, true), at(|marks| marks.after, false))
        };
        self.0.seeds.iter().filter(|(_, marks)| marks.len() > 1).map(of).collect()
    }
}

impl Finding for OverTraining {
    fn says(&self) -> String {
        let course = &self.0;
        let n = course.inner_steps;
        let halfway = self.halfway();
        let seeds = halfway.len();
        if seeds == 0 {
            return "No seed has two moments of its training yet.".to_owned();
        }
        let both: Vec<(u64, u64)> = halfway.iter().filter_map(|(one, other)| one.zip(*other)).collect();
        let range = |of: fn(&(u64, u64)) -> u64| {
            let steps = both.iter().map(of);
            match (steps.clone().min(), steps.max()) {
                (Some(low), Some(high)) if low == high => count(low),
                (Some(low), Some(high)) => format!("{} to {}", count(low), count(high)),
                _ => String::new(),
            }
        };
        let order = match both.len() {
            0 => format!("In none of {seeds} seeds do both the alignment and the loss after n={n} move."),
            _ => {
                let first = both.iter().filter(|(kernel, loss)| kernel < loss).count();
                let together = both.iter().filter(|(kernel, loss)| kernel == loss).count();
                let together = match together {
                    0 => String::new(),
                    together => format!(", in {together} at the same look"),
                };
                format!(
                    "Alignment is halfway to its highest at step {}, the loss after n={n} halfway to its lowest at {}: the \
                     kernel comes first in {first} of {}{together}.",
                    range(|(kernel, _)| *kernel),
                    range(|(_, loss)| *loss),
                    if both.len() == 1 { "1 seed".to_owned() } else { format!("{} seeds", both.len()) }
                )
            }
        };
        let now = over_seeds(newest(course).map(|marks| marks.alignment));
        let linear = over_seeds(newest(course).map(|marks| marks.linear_share));
        let head = over_seeds(newest(course).map(|marks| marks.head));
        let dead = over_seeds(newest(course).filter_map(|marks| marks.dead.last().copied()));
        let parts =
            [("alignment", now), ("linear share", linear), ("the head's part", head), ("dead units", dead)];
        let now: Vec<String> =
            parts.into_iter().filter_map(|(name, figure)| Some(format!("{name} {}", figure?))).collect();
        format!("{order} At the end: {}.", now.join(", "))
    }

    fn picture(&self, _: usize) -> Vec<Row> {
        let course = &self.0;
        let before = lines(course, "loss, n=0", Hue::Plain, '0', |marks| marks.before);
        let after = lines(course, &format!("n={}", course.inner_steps), Hue::Own, '1', |marks| marks.after);
        let top = [&before, &after].into_iter().flatten().flat_map(|line| &line.points).map(|(_, y)| *y);
        let top = top.fold(0.0, f64::max).min(2.0 * course.prior.max(1e-9));
        let losses = [vec![level(course, "best guess", course.prior)], before, after].concat();
        let shares = [
            lines(course, "dead units", Hue::Series(4), 'd', |marks| {
                marks.dead.last().copied().unwrap_or(f64::NAN)
            }),
            lines(course, "head's part", Hue::Series(1), 'h', |marks| marks.head),
            lines(course, "linear share", Hue::Series(2), 'l', |marks| marks.linear_share),
            lines(course, "alignment", Hue::Own, 'a', |marks| marks.alignment),
        ]
        .concat();
        let shares: Vec<Line> = shares.into_iter().filter(|line| !line.points.is_empty()).collect();
        let shares = over_steps(course, Scale::linear(0.0, 1.0), "share", shares);
        let losses = over_steps(course, Scale::linear(0.0, 1.05 * top), "test loss", losses);
        vec![Row { parts: vec![losses], height: 1 }, Row { parts: vec![shares], height: 1 }]
    }

    fn figure(&self, name: &str) -> Option<f64> {
        let all: Vec<f64> = match name {
            "alignment" => newest(&self.0).map(|marks| marks.alignment).collect(),
            _ => return None,
        };
        (!all.is_empty()).then(|| mean(&all))
    }
}

/// A loss with the best guess beside it.
pub fn beside(loss: f64, prior: f64) -> String {
    format!("{} (the best guess has {})", number(loss), number(prior))
}

/// A line of one height, from the first step to the last.
pub fn level(course: &Course, name: &str, at: f64) -> Line {
    let last = course.seeds.iter().flat_map(|(_, marks)| marks).map(|(step, _)| *step).max().unwrap_or(1);
    Line::new(name, Hue::Plain, Stroke::Dot, vec![(0.0, at), (last as f64, at)])
}
