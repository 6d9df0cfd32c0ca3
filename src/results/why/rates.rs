//! Rate and steps: the test loss after n plain steps at many rates. Where the valley lies that a start was trained for, and
//! where it breaks off.

use ratatui::{buffer::Buffer, layout::Rect};

use super::{Panel, state::Subject};
use crate::{
    analysis::{RATES, Rates, STEPS, rate},
    results::text::number,
    ui::{
        state::app::App,
        widgets::{
            heat::{Cell, LossScale, legend},
            text::{put, width},
        },
    },
};

/// The pane.
pub struct Valley;

/// What it shows.
pub struct Found {
    rates: Rates,
    tasks: usize,
    /// What knowing nothing costs.
    prior: f64,
    /// The rate and the number of steps that the network was trained with, where plain steps of a rate are its rule.
    trained: Option<(f64, usize)>,
}

impl Found {
    /// Which rate is nearest to the trained one.
    fn trained_at(&self) -> Option<(usize, usize)> {
        let (trained, steps) = self.trained?;
        let off = |k: &usize| (rate(*k) / trained).ln().abs();
        let k = (0..RATES).min_by(|a, b| off(a).total_cmp(&off(b)))?;
        Some((k, STEPS.iter().position(|n| *n == steps)?))
    }
}

impl Panel for Valley {
    type Found = Found;
    const TITLE: &'static str = "Rate and steps";
    const LOOK_FOR: &'static str = "the valley, and where it breaks off. Each cell is the test loss after n steps of plain \
                                    gradient descent of all weights at a rate; brackets stand at what it was trained with.";

    fn find(subject: &Subject, is_wanted: &dyn Fn() -> bool) -> Option<Found> {
        let rates = Rates::new(&subject.weights, &subject.pairs(), is_wanted)?;
        let trained = subject.trained.filter(|_| subject.weights.adaptation.is_plain());
        let prior = subject.settings.prior_mean_loss();
        Some(Found { rates, tasks: subject.tasks.len(), prior, trained })
    }

    fn says(found: &Found) -> String {
        let Found { rates, tasks, .. } = found;
        let last = STEPS.len() - 1;
        let best = |column: usize| match rates.best(column) {
            Some((rate, loss)) => format!("{} after {} ({})", number(rate), STEPS[column], number(loss)),
            None => format!("none after {}, since tasks are lost at all", STEPS[column]),
        };
        let lost = (0..RATES).find(|k| rates.nonfinite[*k][last] > 0).map_or_else(String::new, |k| {
            let (count, rate) = (rates.nonfinite[k][last], number(rate(k)));
            format!(
                " The smallest rate at which tasks are lost within {} steps is {rate} ({count} of {tasks}).",
                STEPS[last]
            )
        });
        format!("Best rates over {tasks} tasks: {}, {}, {} steps.{lost}", best(1), best(5), best(last))
    }

    fn draw(app: &App, _: usize, found: &Found, area: Rect, buffer: &mut Buffer) {
        let styles = &app.styles;
        let rates = &found.rates;
        // Rates go down where there is the height for it, since then there is the width for numbers.
        let is_tall = area.height as usize >= RATES + 2;
        let (rows, columns) = if is_tall { (RATES, STEPS.len()) } else { (STEPS.len(), RATES) };
        let of = |row: usize, column: usize| if is_tall { (row, column) } else { (column, row) };
        let names = [
            (0..RATES).map(|k| number(rate(k))).collect::<Vec<_>>(),
            STEPS.map(|n| format!("n={n}")).to_vec(),
        ];
        let [down, across] = if is_tall { [&names[0], &names[1]] } else { [&names[1], &names[0]] };
        let left = down.iter().map(|name| width(name)).max().unwrap_or(0) as u16 + 1;
        let wide = (area.width.saturating_sub(left) / columns as u16).min(11);
        if wide < 2 {
            return;
        }
        let counts =
            |k: usize, column: usize| rates.nonfinite[k][column] == 0 && rates.mean[k][column].is_finite();
        let cells = || (0..RATES).flat_map(|k| (0..STEPS.len()).map(move |column| (k, column)));
        let losses: Vec<f64> =
            cells().filter(|(k, c)| counts(*k, *c)).map(|(k, c)| rates.mean[k][c]).collect();
        let scale = LossScale::of(&losses, found.prior);
        let lowest = losses.iter().copied().fold(f64::INFINITY, f64::min);
        let mut free = area.x;
        for (column, name) in across.iter().enumerate() {
            let x = area.x + left + column as u16 * wide;
            if x >= free {
                free = put(buffer, area, x, area.y, name, styles.plain()) + 1;
            }
        }
        for (row, name) in down.iter().enumerate() {
            let y = area.y + 1 + row as u16;
            put(buffer, area, area.x + left - 1 - width(name) as u16, y, name, styles.plain());
            for column in 0..columns {
                let (k, n) = of(row, column);
                let (mean, lost) = (rates.mean[k][n], rates.nonfinite[k][n]);
                let text = match lost {
                    0 if mean < 1e4 => number(mean),
                    0 => ">1e4".to_owned(),
                    lost => format!("{lost} lost"),
                };
                let cell = Cell {
                    text: &text,
                    share: counts(k, n).then(|| scale.share(mean)),
                    is_cursor: found.trained_at() == Some((k, n)),
                    is_best: mean == lowest,
                    is_known: true,
                };
                let at = Rect { x: area.x + left + column as u16 * wide, y, width: wide, height: 1 };
                cell.draw(at, area, buffer, styles);
            }
        }
        let below = area.y + 1 + rows as u16;
        if below < area.bottom() {
            legend(scale, " and more (log scale)", Rect { y: below, height: 1, ..area }, buffer, styles);
        }
    }
}
