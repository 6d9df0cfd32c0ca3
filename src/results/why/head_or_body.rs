//! Head or body: which layers carry the step. Two networks of one loss may do it in two ways.

use super::one_step::sum_and_change;
use super::pane::{Finding, Found, Of, Pane, Subject};
use super::picture::{Curves, Hue, Line, Part, Row, Stroke, over};
use crate::analysis::{Adaptive, Alone, Contributions, GRID, Steps};
use crate::results::text::number;
use crate::task::grid;

/// The pane.
pub const PANE: Pane = Pane {
    name: "head-or-body",
    title: "Head or body",
    look_for: "the layer whose curve follows the sum. Either the head (out) weighs features anew that stay as they are, or \
               hidden layers move the features.",
    of: Of::Network(find),
};

/// What it shows.
struct HeadOrBody {
    x: Vec<f64>,
    /// The step on the task in view.
    step: Contributions,
    /// The names of the parts, and the share of the sum that each has over several tasks.
    parts: Vec<(String, f64)>,
    /// Mean losses over these tasks; none where a context adapts.
    losses: Option<Alone>,
    tasks: usize,
}

fn find(subject: &Subject, is_wanted: &dyn Fn() -> bool) -> Option<Found> {
    let mut adaptive = Adaptive::new(&subject.weights)?;
    let x = grid(subject.settings.x, GRID);
    let step = Contributions::new(&mut adaptive, &subject.task.support, &x);
    let all = Steps::new(&mut adaptive, &subject.pairs(), &x, is_wanted)?;
    let names = adaptive.parts().into_iter().map(|part| part.name);
    let parts = names.zip(all.parts).collect();
    Some(Box::new(HeadOrBody { x, step, parts, losses: all.losses, tasks: subject.tasks.len() }))
}

impl Finding for HeadOrBody {
    fn says(&self) -> String {
        let share = |(name, share): &(String, f64)| format!("{name} {share:.2}");
        let shares = self.parts.iter().map(share).collect::<Vec<_>>().join(", ");
        let shares = format!("Parts of the sum over {} test tasks: {shares}.", self.tasks);
        let Some(Alone { before, after, head, body }) = self.losses else {
            return format!("{shares} Only the context adapts.");
        };
        let [before, after, head, body] = [before, after, head, body].map(number);
        format!(
            "{shares} Loss {before} before the step, {after} after it; by the head alone {head}, by the body alone {body}."
        )
    }

    fn picture(&self, _: usize) -> Vec<Row> {
        let Self { x, step, parts, .. } = self;
        let layers = parts.iter().zip(&step.layers).enumerate().map(|(place, ((name, _), layer))| {
            Line::new(name.clone(), Hue::Series(place + 1), Stroke::Series(place + 1), over(x, layer))
                .letter(char::from(b'1' + place as u8))
        });
        let lines = layers.chain(sum_and_change(x, step)).collect();
        let curves = Curves::over_x([x[0], x[x.len() - 1]], "adds to the prediction", lines);
        Row::of(vec![Part::Curves(curves)])
    }

    fn figure(&self, name: &str) -> Option<f64> {
        match name {
            "head" => self.losses.and(self.parts.last()).map(|(_, share)| *share),
            "head alone" => self.losses.map(|losses| losses.head),
            "body alone" => self.losses.map(|losses| losses.body),
            "before" => self.losses.map(|losses| losses.before),
            "after" => self.losses.map(|losses| losses.after),
            _ => None,
        }
    }
}
