//! Along the step: whether the start has learned how long a step is.

use super::pane::{Finding, Found, Of, Pane, Subject};
use super::picture::{Curves, Hue, Line, Mark, Part, Row, Shape, Stroke, over};
use crate::analysis::{Adaptive, Slice};
use crate::results::{Scale, text::number};

/// The pane.
pub const PANE: Pane = Pane {
    name: "along-the-step",
    title: "Along the step",
    look_for: "where the valley stands. 0 is the start and 1 the step; a start that has learned how long a step is has its \
               lowest loss at 1.",
    of: Of::Network(find),
};

/// What it shows.
struct Along {
    slice: Slice,
    tasks: usize,
}

fn find(subject: &Subject, is_wanted: &dyn Fn() -> bool) -> Option<Found> {
    let mut adaptive = Adaptive::new(&subject.weights)?;
    let slice = Slice::new(&mut adaptive, &subject.pairs(), is_wanted)?;
    Some(Box::new(Along { slice, tasks: subject.tasks.len() }))
}

impl Finding for Along {
    fn says(&self) -> String {
        let Self { slice, tasks } = self;
        let (least, last) = (slice.least_at(), slice.t[slice.t.len() - 1]);
        let at = slice.t.iter().position(|t| *t == least).unwrap_or(0);
        let edge = if least == last { ", the end of what is looked at" } else { "" };
        let [start, step, low] = [0, 10, at].map(|place| number(slice.mean[place]));
        format!(
            "Mean test loss over {tasks} tasks: {start} at the start, {step} after the step, and least at {least:.1} steps \
             ({low}){edge}."
        )
    }

    fn picture(&self, _: usize) -> Vec<Row> {
        let Slice { t, mean, low, high } = &self.slice;
        let band = Line::new("8 in 10", Hue::Faint, Stroke::Solid, over(t, low)).letter(':');
        let lines = vec![
            Line { shape: Shape::Band(high.clone()), ..band },
            Line::new("mean", Hue::Own, Stroke::Solid, over(t, mean)).bold().letter('#'),
            Line::marks("step", Hue::Key, Mark::Trained, vec![(1.0, mean[10])]),
        ];
        // What explodes beyond the step is no reason to see nothing of the valley.
        let ceiling = 3.0 * mean[0].max(mean[10]);
        let shown = mean.iter().chain(high).copied().filter(|loss| *loss <= ceiling);
        let top = shown.fold(mean[0], f64::max);
        let curves = Curves {
            y: Scale::linear(0.0, 1.05 * top),
            x_name: "steps",
            crosshair: Some(1.0),
            ..Curves::over_x([0.0, t[t.len() - 1]], "test loss", lines)
        };
        Row::of(vec![Part::Curves(curves)])
    }

    fn figure(&self, name: &str) -> Option<f64> {
        (name == "least at").then(|| self.slice.least_at())
    }
}
