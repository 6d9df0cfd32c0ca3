//! Gradients of the meta-objective over training: exact, first-order, and that of the loss before any step. Of one network
//! their cosines say little; over training and seeds they say when a start goes bad.

use super::course::{Course, Looks};
use super::over_training::{beside, level, lines, newest, over_seeds, over_steps};
use super::pane::{Finding, Found, Of, Pane};
use super::picture::{Hue, Row};
use crate::analysis::mean;
use crate::results::Scale;

/// The pane.
pub const PANE: Pane = Pane {
    name: "gradients",
    title: "Gradients",
    look_for: "where the cosine of a gradient with that of the loss before any step is below 0: a step down the gradient makes \
               the start worse then. Exact and first-order are both shown, whichever the learner takes.",
    of: Of::Course(find),
};

/// What it shows.
struct Gradients(Course);

fn find(course: &Course) -> Found {
    Box::new(Gradients(course.clone()))
}

impl Gradients {
    /// How many networks were looked at, and in how many the exact and the first-order gradient are opposed to that of the
    /// start.
    fn opposed(&self) -> [usize; 3] {
        let all = || self.0.seeds.iter().flat_map(|(_, marks)| marks).map(|(_, marks)| marks.cosines);
        [all().count(), all().filter(|of| of[1] < 0.0).count(), all().filter(|of| of[2] < 0.0).count()]
    }

    /// Seeds whose start is by more than 5 % worse than the best guess, and how many of them no first-order gradient explains
    /// that was opposed to that of the start at any look.
    fn bad_starts(&self) -> [usize; 2] {
        let is_bad = |(_, marks): &&(u64, Looks)| {
            marks.last().is_some_and(|(_, marks)| marks.before > 1.05 * self.0.prior)
        };
        let bad = || self.0.seeds.iter().filter(is_bad);
        let is_opposed = |(_, marks): &&(u64, Looks)| marks.iter().any(|(_, of)| of.cosines[2] < 0.0);
        [bad().count(), bad().filter(|seed| !is_opposed(seed)).count()]
    }

    fn start(&self) -> Option<f64> {
        let starts: Vec<f64> = newest(&self.0).map(|marks| marks.before).collect();
        (!starts.is_empty()).then(|| mean(&starts))
    }
}

impl Finding for Gradients {
    fn says(&self) -> String {
        let course = &self.0;
        let Some(start) = self.start() else {
            return "No network of its training is known yet.".to_owned();
        };
        let [all, exact, first] = self.opposed();
        let cosine =
            |at: usize| over_seeds(newest(course).map(|marks| marks.cosines[at])).unwrap_or_default();
        format!(
            "Test loss before any step: now {}. Opposed to the start's gradient in {all} looks: first-order {first}, exact \
             {exact}. Cosines now: exact with first-order {}, exact with start {}, first-order with start {}.",
            beside(start, course.prior),
            cosine(0),
            cosine(1),
            cosine(2)
        )
    }

    fn picture(&self, _: usize) -> Vec<Row> {
        let course = &self.0;
        let cosines = [
            vec![level(course, "", 0.0)],
            lines(course, "exact, first", Hue::Plain, 'e', |marks| marks.cosines[0]),
            lines(course, "exact, start", Hue::Series(2), 'x', |marks| marks.cosines[1]),
            lines(course, "first, start", Hue::Series(1), 'f', |marks| marks.cosines[2]),
        ]
        .concat();
        let starts = lines(course, "loss, n=0", Hue::Own, '0', |marks| marks.before);
        let ends = starts.iter().flat_map(|line| &line.points).map(|(_, y)| *y).chain([course.prior]);
        let y = Scale::around(ends, false);
        let starts = [vec![level(course, "best guess", course.prior)], starts].concat();
        let part = |y: Scale, name, lines| Row { parts: vec![over_steps(course, y, name, lines)], height: 1 };
        vec![part(Scale::linear(-1.0, 1.0), "cosine", cosines), part(y, "test loss, n=0", starts)]
    }

    fn figure(&self, name: &str) -> Option<f64> {
        let [all, exact, first] = self.opposed().map(|count| count as f64);
        let [bad, unexplained] = self.bad_starts().map(|count| count as f64);
        match name {
            "bad starts" => Some(bad),
            "unexplained" => Some(unexplained),
            "looks" => Some(all),
            "exact opposed" => Some(exact),
            "first-order opposed" => Some(first),
            "start" => self.start(),
            "best guess" => Some(self.0.prior),
            _ => None,
        }
    }
}
