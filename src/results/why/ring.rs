//! The ring: where test tasks lie in the two main directions of their steps, in the order of phases that nobody has told
//! the network.

use std::f64::consts::TAU;

use super::pane::{Finding, Found, Of, Pane, Subject};
use super::picture::{Curves, Hue, Line, Mark, Part, Row, most};
use crate::analysis::{Adaptive, Ring, read};
use crate::results::Scale;

/// Groups of phases, each with a digit and a colour of its own.
const PHASES: usize = 8;

/// The pane.
pub const PANE: Pane = Pane {
    name: "ring",
    title: "Ring",
    look_for: "a ring with its digits in order. Each test task lies where its first step leads (or what is read of it), in the two directions \
               in which tasks differ most. Digits are phases in eighths of a turn.",
    of: Of::Network(find),
};

/// What it shows.
struct Phases {
    ring: Ring,
    /// The group of each task's phase, and how much of the family's coordinates the ring explains, where it has any.
    known: Option<(Vec<usize>, f64)>,
    /// What the family calls its coordinates.
    names: [&'static str; 2],
    /// What the directions are of.
    what: &'static str,
}

fn find(subject: &Subject, is_wanted: &dyn Fn() -> bool) -> Option<Found> {
    let pairs = subject.pairs();
    let (ring, what) = match Adaptive::new(&subject.weights) {
        Some(mut adaptive) => (Ring::new(&mut adaptive, &pairs, is_wanted)?, "the steps"),
        None => {
            let read: Option<Vec<Vec<f64>>> =
                pairs.iter().map(|(support, _)| read(&subject.weights, support)).collect();
            (Ring::of(&read?), "what is read of the points")
        }
    };
    let coordinates: Option<Vec<[f64; 2]>> = subject.tasks.iter().map(|task| task.function.plane()).collect();
    let known = coordinates.map(|coordinates| {
        let group = |[x, y]: &[f64; 2]| {
            let turn = libm::atan2(*y, *x).rem_euclid(TAU) / TAU;
            (turn * PHASES as f64) as usize % PHASES
        };
        (coordinates.iter().map(group).collect(), ring.explained(&coordinates))
    });
    let names = subject.settings.family.plane_names().unwrap_or(["a cos b", "a sin b"]);
    Some(Box::new(Phases { ring, known, names, what }))
}

impl Finding for Phases {
    fn says(&self) -> String {
        let Self { ring, known, names: [one, other], what } = self;
        let shares = 100.0 * (ring.shares[0] + ring.shares[1]);
        let tasks = ring.scores.len();
        let told = format!(
            "The two directions have {shares:.0} % of what differs between {what} on {tasks} test tasks"
        );
        match known {
            Some((_, explained)) => {
                format!("{told}; they explain {:.0} % of ({one}, {other}).", 100.0 * explained)
            }
            None => format!("{told}."),
        }
    }

    fn picture(&self, _: usize) -> Vec<Row> {
        let Self { ring, known, .. } = self;
        let mut lines = Vec::new();
        for group in 0..PHASES {
            let is_in = |task: usize| known.as_ref().map_or(group == 0, |(groups, _)| groups[task] == group);
            let here = ring.scores.iter().enumerate().filter(|(task, _)| is_in(*task));
            let points: Vec<(f64, f64)> = here.map(|(_, [x, y])| (*x, *y)).collect();
            if points.is_empty() {
                continue;
            }
            let mark = if known.is_some() { char::from(b'1' + group as u8) } else { '*' };
            let ends = [group, group + 1].map(|eighth| TAU * eighth as f64 / PHASES as f64);
            let name = known.as_ref().map(|_| format!("b {:.1} to {:.1}", ends[0], ends[1]));
            let hue = Hue::Series(group);
            lines.push(Line::marks(name.unwrap_or_default(), hue, Mark::Letter(mark), points));
        }
        let size = 1.08 * most(ring.scores.iter().flatten());
        let axis = Scale::linear(-size, size);
        let curves = Curves {
            x: axis,
            x_name: "1st direction",
            y: axis,
            is_square: true,
            ..Curves::over_x([-size, size], "2nd direction", lines)
        };
        Row::of(vec![Part::Curves(curves)])
    }

    fn figure(&self, name: &str) -> Option<f64> {
        self.known.as_ref().filter(|_| name == "explained").map(|(_, explained)| *explained)
    }
}
