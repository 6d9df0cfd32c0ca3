//! Units: what every hidden unit answers over the x axis, and what inner steps change of it.

use ratatui::{buffer::Buffer, layout::Rect};

use super::{GRID, Panel, state::Subject};
use crate::{
    analysis::{Activity, Adaptive, activity},
    task::grid,
    ui::{
        state::app::App,
        widgets::{field::Field, text::put},
    },
};

/// The pane.
pub struct Bumps;

/// What it shows.
pub struct Found {
    x: Vec<f64>,
    layers: Vec<Layer>,
    hidden: usize,
    n: usize,
    /// Whether units can be dead at all.
    can_die: bool,
}

/// A hidden layer: its units that answer anything, in the order of where they answer most.
struct Layer {
    /// Activations, a row a unit, in units of its own largest.
    before: Vec<f64>,
    /// By how much they change, in the same units.
    change: Vec<f64>,
    dead: usize,
    always: usize,
    /// The median of how far a unit's answers move.
    reach: f64,
}

fn layer(before: &[f64], after: &[f64], hidden: usize) -> Layer {
    let of = activity(before, hidden);
    let count = |what| of.iter().filter(|unit| **unit == what).count();
    let column = |h: &[f64], unit: usize| h.iter().skip(unit).step_by(hidden).copied().collect::<Vec<f64>>();
    let size = |values: &[f64]| values.iter().fold(0.0_f64, |most, value| most.max(value.abs()));
    let peak = |unit: &usize| {
        let column = column(before, *unit);
        let most = size(&column);
        column.iter().position(|h| h.abs() >= most).unwrap_or(0)
    };
    let mut units: Vec<usize> = (0..hidden).filter(|unit| of[*unit] != Activity::Dead).collect();
    units.sort_by_key(peak);
    let (mut rows, mut changes) = (Vec::new(), Vec::new());
    for &unit in &units {
        let (was, is) = (column(before, unit), column(after, unit));
        let most = size(&was).max(1e-12);
        rows.extend(was.iter().map(|h| h / most));
        changes.extend(is.iter().zip(&was).map(|(is, was)| (is - was) / most));
    }
    let mut reaches = crate::analysis::reach(before, after, hidden);
    reaches.retain(|reach| !reach.is_nan());
    reaches.sort_by(f64::total_cmp);
    let (dead, always) = (count(Activity::Dead), count(Activity::AlwaysOn));
    Layer { before: rows, change: changes, dead, always, reach: crate::analysis::quantile(&reaches, 0.5) }
}

impl Panel for Bumps {
    type Found = Found;
    const TITLE: &'static str = "Units";
    const LOOK_FOR: &'static str = "how few units answer, and where. A row is a hidden unit that answers anything, in its own \
                                    colours; at the right is what n steps on the task change of it.";

    fn find(subject: &Subject, _: &dyn Fn() -> bool) -> Option<Found> {
        let mut adaptive = Adaptive::new(&subject.weights)?;
        let x = grid(subject.settings.x, GRID);
        let after = adaptive.after(&subject.task.support, subject.n).pass(&x).h;
        let hidden = adaptive.start.hidden;
        let before = adaptive.start.pass(&x).h;
        let layers = before.iter().zip(&after).map(|(before, after)| layer(before, after, hidden)).collect();
        Some(Found { x, layers, hidden, n: subject.n, can_die: adaptive.start.can_die() })
    }

    fn says(found: &Found) -> String {
        let Found { layers, hidden, n, .. } = found;
        let of = |(place, layer): (usize, &Layer)| {
            let activity = match found.can_die {
                true => format!("{} of {hidden} dead, {} always on, ", layer.dead, layer.always),
                false => String::new(),
            };
            format!(
                "layer {}: {activity}n={n} moves the median unit by {:.0} %",
                place + 1,
                100.0 * layer.reach
            )
        };
        let words: Vec<String> = layers.iter().enumerate().map(of).collect();
        format!("{}.", words.join("; "))
    }

    fn draw(app: &App, _: usize, found: &Found, area: Rect, buffer: &mut Buffer) {
        let styles = &app.styles;
        let Found { x, layers, .. } = found;
        let ends = [x[0], x[x.len() - 1]];
        // Each layer has as much height as it has units that answer, but enough to be seen.
        let units: Vec<usize> = layers.iter().map(|layer| layer.before.len() / x.len()).collect();
        let all: usize = units.iter().sum::<usize>().max(1);
        let spare = area.height.saturating_sub(5 * layers.len() as u16);
        let mut y = area.y;
        for (place, (layer, &units)) in layers.iter().zip(&units).enumerate() {
            let height = 5 + (usize::from(spare) * units / all) as u16;
            let height = height.min(area.bottom().saturating_sub(y));
            let here = Rect { y, height, ..area };
            y += height;
            if units == 0 {
                let words = format!("layer {}: no unit answers", place + 1);
                put(buffer, here, here.x, here.y, &words, styles.plain());
                continue;
            }
            let half = here.width / 2;
            let sides = [(&layer.before, "before"), (&layer.change, "change")];
            for (side, (values, unit)) in sides.into_iter().enumerate() {
                let unit = format!("layer {}, {unit}", place + 1);
                let rows = if side == 0 {
                    vec![(0, "1".to_owned()), (units - 1, units.to_string())]
                } else {
                    Vec::new()
                };
                let field = Field {
                    size: (units, x.len()),
                    values,
                    most: 1.0,
                    rows,
                    x: (ends, "x"),
                    cursor: Some(app.why.cursor),
                    unit: &unit,
                };
                let left = here.x + side as u16 * half;
                field.draw(Rect { x: left, width: half.saturating_sub(1), ..here }, buffer, styles);
            }
        }
    }
}
