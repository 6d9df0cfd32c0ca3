//! Support against truth over training: whether the gradient on a few points knows the way to the whole task.

use super::course::Course;
use super::over_training::{level, lines, newest, over_seeds, over_steps};
use super::pane::{Finding, Found, Of, Pane};
use super::picture::{Hue, Row};
use crate::results::Scale;

/// The pane.
pub const PANE: Pane = Pane {
    name: "support",
    title: "Support against truth",
    look_for: "whether the line rises towards 1. It is the cosine of the gradient on the support points with the gradient on the \
               whole task: at 1 the few points know the way.",
    of: Of::Course(find),
};

/// What it shows.
struct Support(Course);

fn find(course: &Course) -> Found {
    Box::new(Support(course.clone()))
}

impl Finding for Support {
    fn says(&self) -> String {
        let course = &self.0;
        let first = over_seeds(course.seeds.iter().filter_map(|(_, marks)| Some(marks.first()?.1.support)));
        let (Some(first), Some(now)) = (first, over_seeds(newest(course).map(|marks| marks.support))) else {
            return "No network of its training is known yet.".to_owned();
        };
        format!("Mean cosine over {} test tasks: {first} at the first look, {now} now.", course.tasks)
    }

    fn picture(&self, _: usize) -> Vec<Row> {
        let course = &self.0;
        let lines = lines(course, "support, truth", Hue::Own, '#', |marks| marks.support);
        let low = lines.iter().flat_map(|line| &line.points).map(|(_, y)| *y).fold(0.0, f64::min);
        let lines = [vec![level(course, "", 1.0)], lines].concat();
        Row::of(vec![over_steps(course, Scale::linear(low, 1.05), "cosine", lines)])
    }
}
