//! The ring: where test tasks lie in the two main directions of their steps, in the order of phases that nobody has told
//! the network.

use std::f64::consts::TAU;

use ratatui::{buffer::Buffer, layout::Rect};

use super::{Panel, most, state::Subject};
use crate::{
    analysis::{Adaptive, Ring},
    results::Scale,
    ui::{
        state::app::App,
        widgets::plot::{Plot, Series, Shape},
    },
};

/// Groups of phases, each with a digit and a colour of its own.
const PHASES: usize = 8;

/// The pane.
pub struct Phases;

/// What it shows.
pub struct Found {
    ring: Ring,
    /// The group of each task's phase, and how much of the family's coordinates the ring explains, where it has any.
    known: Option<(Vec<usize>, f64)>,
}

impl Panel for Phases {
    type Found = Found;
    const TITLE: &'static str = "Ring";
    const LOOK_FOR: &'static str = "a ring with its digits in order. Each test task lies where its first step leads, in the two \
                                    directions in which steps differ most. Digits are phases in eighths of a turn.";

    fn find(subject: &Subject, is_wanted: &dyn Fn() -> bool) -> Option<Found> {
        let mut adaptive = Adaptive::new(&subject.weights)?;
        let ring = Ring::new(&mut adaptive, &subject.pairs(), is_wanted)?;
        let coordinates: Option<Vec<[f64; 2]>> =
            subject.tasks.iter().map(|task| task.function.plane()).collect();
        let known = coordinates.map(|coordinates| {
            let group = |[x, y]: &[f64; 2]| {
                let turn = libm::atan2(*y, *x).rem_euclid(TAU) / TAU;
                (turn * PHASES as f64) as usize % PHASES
            };
            (coordinates.iter().map(group).collect(), ring.explained(&coordinates))
        });
        Some(Found { ring, known })
    }

    fn says(found: &Found) -> String {
        let Found { ring, known } = found;
        let shares = 100.0 * (ring.shares[0] + ring.shares[1]);
        let tasks = ring.scores.len();
        let told = format!(
            "The two directions have {shares:.0} % of what differs between the steps on {tasks} test tasks"
        );
        match known {
            Some((_, explained)) => {
                format!("{told}; they explain {:.0} % of (a cos b, a sin b).", 100.0 * explained)
            }
            None => format!("{told}."),
        }
    }

    fn draw(app: &App, _: usize, found: &Found, area: Rect, buffer: &mut Buffer) {
        let styles = &app.styles;
        let Found { ring, known } = found;
        let mut series = Vec::new();
        for group in 0..PHASES {
            let is_in = |task: usize| known.as_ref().map_or(group == 0, |(groups, _)| groups[task] == group);
            let here = ring.scores.iter().enumerate().filter(|(task, _)| is_in(*task));
            let points: Vec<(f64, f64)> = here.map(|(_, [x, y])| (*x, *y)).collect();
            let mark = if known.is_some() { char::from(b'1' + group as u8) } else { '*' };
            if points.is_empty() {
                continue;
            }
            let ends = [group, group + 1].map(|eighth| TAU * eighth as f64 / PHASES as f64);
            let name =
                known.as_ref().map(|_| format!("b {:.1} to {:.1}", ends[0], ends[1])).unwrap_or_default();
            let style = styles.series(group);
            series.push(Series { name, style, shape: Shape::Points(mark), mark, points });
        }
        // A cell is twice as high as it is wide, and names stand beside.
        let size = 1.08 * most(ring.scores.iter().flatten());
        let plot = Plot {
            x: Scale::linear(-size, size),
            y: Scale::linear(-size, size),
            x_name: "1st",
            series,
            crosshair: None,
            names: true,
        };
        let width = area.width.min(area.height * 2 + 28);
        plot.draw(Rect { width, ..area }, buffer, styles);
    }
}
