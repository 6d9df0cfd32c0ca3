//! Over training: when the kernel of the rule becomes that of the tasks, whether before or after the loss falls, and what
//! becomes of the step meanwhile. Every seed is a thin line, their mean a thick one.

use super::course::{Course, Looks, halfway};
use super::pane::{Finding, Of, Pane};
use super::picture::{Curves, Hue, Line, Mark, Part, Row, Stroke};
use crate::analysis::{Marks, mean};
use crate::results::Scale;
use crate::results::text::{count, number};

/// The pane.
pub const PANE: Pane = Pane {
    name: "over-training",
    title: "Over training",
    look_for: "which comes first: the kernel that is the tasks' own (alignment), or the fall of the loss after the step. Every \
               seed is a thin line, their mean a thick one; marks are where a seed is halfway.",
    of: Of::Course(|course| Box::new(OverTraining(course.clone()))),
};

/// What it shows.
struct OverTraining(Course);

/// A quantity of every seed over the steps of training, and their mean at the steps that all of them have.
pub fn lines(course: &Course, name: &str, hue: Hue, letter: char, of: impl Fn(&Marks) -> f64) -> Vec<Line> {
    let seed = |(_, marks): &(u64, Looks)| -> Vec<(f64, f64)> {
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
    /// The looks at which each seed's alignment and its loss after the inner steps are halfway, where both move.
    fn halfway(&self) -> impl Iterator<Item = (u64, [&(u64, Marks); 2])> {
        self.0.seeds.iter().filter_map(|(seed, looks)| {
            let [Some(kernel), Some(loss)] = halfway(looks) else { return None };
            Some((*seed, [&looks[kernel], &looks[loss]]))
        })
    }

    /// Which comes first, seed by seed.
    fn order(&self) -> String {
        let n = self.0.inner_steps;
        let both: Vec<(u64, [u64; 2])> =
            self.halfway().map(|(seed, both)| (seed, both.map(|(step, _)| *step))).collect();
        if both.is_empty() {
            let seeds = self.0.seeds.len();
            return format!("In none of {seeds} seeds do both the alignment and the loss after n={n} move.");
        }
        let range = |at: usize| {
            let steps = both.iter().map(|(_, steps)| steps[at]);
            let (low, high) = (steps.clone().min().unwrap_or(0), steps.max().unwrap_or(0));
            if low == high { count(low) } else { format!("{} to {}", count(low), count(high)) }
        };
        let seeds = |which: fn(&[u64; 2]) -> bool| {
            let of = both.iter().filter(|(_, steps)| which(steps)).map(|(seed, _)| seed.to_string());
            of.collect::<Vec<String>>()
        };
        let groups = [
            ("the kernel", seeds(|[kernel, loss]| kernel < loss)),
            ("the loss", seeds(|[kernel, loss]| kernel > loss)),
            ("both at the same snapshot", seeds(|[kernel, loss]| kernel == loss)),
        ];
        let groups = groups.into_iter().filter(|(_, of)| !of.is_empty()).map(|(first, of)| {
            let word = if of.len() == 1 { "seed" } else { "seeds" };
            format!("{first} in {word} {}", of.join(" "))
        });
        format!(
            "Halfway first: {}. Alignment is halfway to its highest at step {}, the loss after n={n} halfway to its lowest at {}.",
            groups.collect::<Vec<String>>().join(", "),
            range(0),
            range(1)
        )
    }
}

impl Finding for OverTraining {
    fn says(&self) -> String {
        let course = &self.0;
        if course.seeds.iter().all(|(_, looks)| looks.len() < 2) {
            return "No seed has two moments of its training yet.".to_owned();
        }
        let order = self.order();
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
        let marks = |at: usize, of: fn(&Marks) -> f64| {
            let points = self.halfway().map(|(_, both)| (both[at].0 as f64, of(&both[at].1)));
            Line::marks("halfway", Hue::Key, Mark::Trained, points.collect())
        };
        let halfway = [marks(0, |marks| marks.alignment), marks(1, |marks| marks.after)];
        let [of_kernel, of_loss] = halfway.map(|line| Some(line).filter(|line| !line.points.is_empty()));
        let losses = vec![level(course, "best guess", course.prior)];
        let losses = losses.into_iter().chain(before).chain(after).chain(of_loss).collect();
        let shares = [
            lines(course, "dead units", Hue::Series(4), 'd', |marks| {
                marks.dead.last().copied().unwrap_or(f64::NAN)
            }),
            lines(course, "head's part", Hue::Series(1), 'h', |marks| marks.head),
            lines(course, "linear share", Hue::Series(2), 'l', |marks| marks.linear_share),
            lines(course, "alignment", Hue::Own, 'a', |marks| marks.alignment),
            of_kernel.into_iter().collect(),
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
