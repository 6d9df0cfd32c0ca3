//! Along the step: whether the start has learned how long a step is.

use ratatui::{buffer::Buffer, layout::Rect, style::Modifier};

use super::{Panel, state::Subject};
use crate::{
    analysis::{Adaptive, Slice},
    results::{Scale, text::number},
    ui::{
        state::app::App,
        style::Pattern,
        widgets::plot::{Plot, Series, Shade, Shape},
    },
};

/// The pane.
pub struct Along;

/// What it shows.
pub struct Found {
    slice: Slice,
    tasks: usize,
}

impl Panel for Along {
    type Found = Found;
    const TITLE: &'static str = "Along the step";
    const LOOK_FOR: &'static str = "where the valley stands. 0 is the start and 1 the step; a start that has learned how long a \
                                    step is has its lowest loss at 1.";

    fn find(subject: &Subject, is_wanted: &dyn Fn() -> bool) -> Option<Found> {
        let mut adaptive = Adaptive::new(&subject.weights)?;
        let slice = Slice::new(&mut adaptive, &subject.pairs(), is_wanted)?;
        Some(Found { slice, tasks: subject.tasks.len() })
    }

    fn says(found: &Found) -> String {
        let Found { slice, tasks } = found;
        let (least, last) = (slice.least_at(), slice.t[slice.t.len() - 1]);
        let at = slice.t.iter().position(|t| *t == least).unwrap_or(0);
        let edge = if least == last { ", the end of what is looked at" } else { "" };
        let [start, step, low] = [0, 10, at].map(|place| number(slice.mean[place]));
        format!(
            "Mean test loss over {tasks} tasks: {start} at the start, {step} after the step, and least at {least:.1} steps \
             ({low}){edge}."
        )
    }

    fn draw(app: &App, experiment: usize, found: &Found, area: Rect, buffer: &mut Buffer) {
        let styles = &app.styles;
        let Slice { t, mean, low, high } = &found.slice;
        let curve = |values: &[f64]| t.iter().copied().zip(values.iter().copied()).collect::<Vec<_>>();
        let hue = styles.series(app.hue(experiment));
        let series = vec![
            Series {
                name: "8 in 10".to_owned(),
                style: hue.patch(styles.dim()),
                shape: Shape::Band(high.clone(), Shade::Light),
                mark: ':',
                points: curve(low),
            },
            Series {
                name: "mean".to_owned(),
                style: hue.add_modifier(Modifier::BOLD),
                shape: Shape::Line(Pattern::Solid),
                mark: '#',
                points: curve(mean),
            },
            Series {
                name: "step".to_owned(),
                style: styles.key(),
                shape: Shape::Points(styles.trained_mark()),
                mark: 'X',
                points: vec![(1.0, mean[10])],
            },
        ];
        // What explodes beyond the step is no reason to see nothing of the valley.
        let ceiling = 3.0 * mean[0].max(mean[10]);
        let shown = mean.iter().chain(high).copied().filter(|loss| *loss <= ceiling);
        let top = shown.fold(mean[0], f64::max);
        let plot = Plot {
            x: Scale::linear(0.0, t[t.len() - 1]),
            y: Scale::linear(0.0, 1.05 * top),
            x_name: "steps",
            series,
            crosshair: Some(1.0),
            names: true,
        };
        plot.draw(area, buffer, styles);
    }
}
