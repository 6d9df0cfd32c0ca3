//! One step point by point: what each support point adds, their sum, what the step really does, and the bend between.

use ratatui::{buffer::Buffer, layout::Rect, style::Modifier};

use super::{GRID, Panel, most, state::Subject};
use crate::{
    analysis::{Adaptive, Contributions, mean_square},
    results::{Scale, text::number},
    task::{Points, grid},
    ui::{
        state::app::App,
        style::Pattern,
        widgets::plot::{Plot, Series, Shape},
    },
};

/// The pane.
pub struct OneStep;

/// What it shows.
pub struct Found {
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

impl Found {
    /// The support point next to a place of the cursor.
    fn nearest(&self, cursor: usize) -> Option<usize> {
        let at = self.x[cursor.min(self.x.len() - 1)];
        let distance = |point: &usize| (self.support.x[*point] - at).abs();
        (0..self.support.x.len()).min_by(|a, b| distance(a).total_cmp(&distance(b)))
    }
}

/// The name of a support point: its number from the left.
fn name(place: usize) -> char {
    match place {
        0..9 => char::from(b'1' + place as u8),
        9..35 => char::from(b'a' + (place - 9) as u8),
        _ => '*',
    }
}

impl Panel for OneStep {
    type Found = Found;
    const TITLE: &'static str = "One step, point by point";
    const LOOK_FOR: &'static str = "thin curves, one a support point, that add up to the dashed sum. The solid line is what \
                                    the step really does; what the sum lacks is the network's bend.";

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
        let loss =
            |network: &crate::analysis::Network| mean_square(&network.predict(&task.query.x), &task.query.y);
        let losses = [loss(&adaptive.start.clone()), loss(&adaptive.after(&support, 1))];
        Some(Found { x, step, support, missing, truth, losses })
    }

    fn says(found: &Found) -> String {
        let Found { step, x, losses: [before, after], .. } = found;
        let losses = format!("The test loss goes from {} to {}.", number(*before), number(*after));
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

    fn draw(app: &App, experiment: usize, found: &Found, area: Rect, buffer: &mut Buffer) {
        let styles = &app.styles;
        let Found { x, step, support, missing, truth, .. } = found;
        let curve = |values: &[f64]| x.iter().copied().zip(values.iter().copied()).collect::<Vec<_>>();
        let chosen = found.nearest(app.why.cursor);
        let mut series = vec![Series {
            name: "truth".to_owned(),
            style: styles.plain(),
            shape: Shape::Line(Pattern::Dot),
            mark: '.',
            points: curve(truth),
        }];
        let mut points: Vec<usize> = (0..step.points.len()).collect();
        // The one that is looked at lies over the others.
        points.sort_by_key(|point| Some(*point) == chosen);
        for point in points {
            let is_chosen = Some(point) == chosen;
            let style = styles.series(point);
            series.push(Series {
                name: if is_chosen { format!("point {}", name(point)) } else { String::new() },
                style: if is_chosen { style.add_modifier(Modifier::BOLD) } else { style },
                shape: Shape::Line(if is_chosen { Pattern::LongDash } else { styles.pattern(point) }),
                mark: name(point),
                points: curve(&step.points[point]),
            });
        }
        let hue = styles.series(app.hue(experiment)).add_modifier(Modifier::BOLD);
        let whole = [("sum", &step.sum, Pattern::Dash, '+'), ("change", &step.change, Pattern::Solid, '#')];
        for (name, values, pattern, mark) in whole {
            series.push(Series {
                name: name.to_owned(),
                style: hue,
                shape: Shape::Line(pattern),
                mark,
                points: curve(values),
            });
        }
        // Where the points are that the wave is to be moved to.
        for (point, (x, y)) in support.x.iter().zip(missing).enumerate() {
            let is_chosen = Some(point) == chosen;
            let style =
                if is_chosen { styles.support() } else { styles.series(point).add_modifier(Modifier::BOLD) };
            series.push(Series {
                name: String::new(),
                style,
                shape: Shape::Points(name(point)),
                mark: name(point),
                points: vec![(*x, *y)],
            });
        }
        let drawn = series.iter().flat_map(|series| &series.points).map(|(_, y)| *y);
        let plot = Plot {
            x: Scale::linear(x[0], x[x.len() - 1]),
            y: Scale::around(drawn, false),
            x_name: "x",
            series,
            crosshair: chosen.map(|point| support.x[point]),
            names: true,
        };
        plot.draw(area, buffer, styles);
    }
}
