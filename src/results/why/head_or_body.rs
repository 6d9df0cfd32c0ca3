//! Head or body: which layers carry the step. Two networks of one loss may do it in two ways.

use ratatui::{buffer::Buffer, layout::Rect, style::Modifier};

use super::{GRID, Panel, state::Subject};
use crate::{
    analysis::{Adaptive, Alone, Contributions, alone, mean},
    results::{Scale, text::number},
    task::grid,
    ui::{
        state::app::App,
        style::Pattern,
        widgets::plot::{Plot, Series, Shape},
    },
};

/// The pane.
pub struct HeadOrBody;

/// What it shows.
pub struct Found {
    x: Vec<f64>,
    /// The step on the task in view.
    step: Contributions,
    /// The names of the parts, and the share of the sum that each has over several tasks.
    parts: Vec<(String, f64)>,
    /// Mean losses over these tasks; none where a context adapts.
    losses: Option<[f64; 4]>,
    tasks: usize,
}

impl Panel for HeadOrBody {
    type Found = Found;
    const TITLE: &'static str = "Head or body";
    const LOOK_FOR: &'static str = "the layer whose curve follows the sum. Either the head (out) weighs features anew that \
                                    stay as they are, or hidden layers move the features.";

    fn find(subject: &Subject, is_wanted: &dyn Fn() -> bool) -> Option<Found> {
        let mut adaptive = Adaptive::new(&subject.weights)?;
        let x = grid(subject.settings.x, GRID);
        let step = Contributions::new(&mut adaptive, &subject.task.support, &x);
        let parts = adaptive.parts();
        let (mut along, mut all, mut losses) = (vec![0.0; parts.len()], 0.0, Vec::new());
        let product = |one: &[f64], other: &[f64]| one.iter().zip(other).map(|(a, b)| a * b).sum::<f64>();
        for task in &subject.tasks {
            if !is_wanted() {
                return None;
            }
            let step = Contributions::new(&mut adaptive, &task.support, &x);
            all += product(&step.sum, &step.sum);
            along.iter_mut().zip(&step.layers).for_each(|(along, layer)| *along += product(layer, &step.sum));
            losses.extend(alone(&mut adaptive, &task.support, &task.query));
        }
        let mean_of = |of: fn(&Alone) -> f64| mean(&losses.iter().map(of).collect::<Vec<_>>());
        let means = [mean_of(|a| a.before), mean_of(|a| a.after), mean_of(|a| a.head), mean_of(|a| a.body)];
        let losses = (!losses.is_empty()).then_some(means);
        let parts = parts.into_iter().zip(along).map(|(part, along)| (part.name, along / all)).collect();
        Some(Found { x, step, parts, losses, tasks: subject.tasks.len() })
    }

    fn says(found: &Found) -> String {
        let share = |(name, share): &(String, f64)| format!("{name} {share:.2}");
        let shares = found.parts.iter().map(share).collect::<Vec<_>>().join(", ");
        let shares = format!("Parts of the sum over {} test tasks: {shares}.", found.tasks);
        let Some([before, after, head, body]) = found.losses else {
            return format!("{shares} Only the context adapts.");
        };
        let [before, after, head, body] = [before, after, head, body].map(number);
        format!(
            "{shares} Loss {before} before the step, {after} after it; by the head alone {head}, by the body alone {body}."
        )
    }

    fn draw(app: &App, experiment: usize, found: &Found, area: Rect, buffer: &mut Buffer) {
        let styles = &app.styles;
        let Found { x, step, parts, .. } = found;
        let curve = |values: &[f64]| x.iter().copied().zip(values.iter().copied()).collect::<Vec<_>>();
        let mut series = Vec::new();
        for (place, ((name, _), layer)) in parts.iter().zip(&step.layers).enumerate() {
            series.push(Series {
                name: name.clone(),
                style: styles.series(place + 1),
                shape: Shape::Line(styles.pattern(place + 1)),
                mark: char::from(b'1' + place as u8),
                points: curve(layer),
            });
        }
        let hue = styles.series(app.hue(experiment)).add_modifier(Modifier::BOLD);
        let whole = [("sum", &step.sum, Pattern::Dash, '+'), ("change", &step.change, Pattern::Solid, '#')];
        for (name, values, pattern, mark) in whole {
            let shape = Shape::Line(pattern);
            series.push(Series { name: name.to_owned(), style: hue, shape, mark, points: curve(values) });
        }
        let drawn = series.iter().flat_map(|series| &series.points).map(|(_, y)| *y);
        let plot = Plot {
            x: Scale::linear(x[0], x[x.len() - 1]),
            y: Scale::around(drawn, false),
            x_name: "x",
            series,
            crosshair: None,
            names: true,
        };
        plot.draw(area, buffer, styles);
    }
}
