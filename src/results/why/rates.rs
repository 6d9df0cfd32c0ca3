//! Rate and steps: the test loss after n plain steps at many rates. Where the valley lies that a start was trained for, and
//! where it breaks off.

use super::pane::{Finding, Found, Of, Pane, Subject};
use super::picture::{Losses, Part, Row};
use crate::analysis::{Adaptive, RATES, Rates, STEPS, rate};
use crate::results::text::number;

/// The pane.
pub const PANE: Pane = Pane {
    name: "rates",
    title: "Rate and steps",
    look_for: "the valley, and where it breaks off. Each cell is the test loss after n steps of plain gradient descent of all \
               weights at a rate; brackets stand at what it was trained with.",
    of: Of::Network(find),
};

/// What it shows.
struct Valley {
    rates: Rates,
    tasks: usize,
    /// What knowing nothing costs.
    prior: f64,
    /// The rate and the number of steps that the network was trained with, where plain steps of a rate are its rule.
    trained: Option<(f64, usize)>,
}

fn find(subject: &Subject, is_wanted: &dyn Fn() -> bool) -> Option<Found> {
    // Plain descent can be tried on any network of this shape, but says something of those that step.
    Adaptive::new(&subject.weights)?;
    let rates = Rates::new(&subject.weights, &subject.pairs(), is_wanted)?;
    let trained = subject.trained.filter(|_| subject.weights.adaptation.is_plain());
    let settings = &subject.settings;
    let prior = settings.family.units().loss_inward(settings.prior_mean_loss());
    Some(Box::new(Valley { rates, tasks: subject.tasks.len(), prior, trained }))
}

impl Valley {
    /// Which rate is nearest to the trained one.
    fn trained_at(&self) -> Option<(usize, usize)> {
        let (trained, steps) = self.trained?;
        let off = |k: &usize| (rate(*k) / trained).ln().abs();
        let k = (0..RATES).min_by(|a, b| off(a).total_cmp(&off(b)))?;
        Some((k, STEPS.iter().position(|n| *n == steps)?))
    }

    /// The smallest rate at which tasks are lost within the most steps that are looked at.
    fn breaks_at(&self) -> Option<usize> {
        (0..RATES).find(|k| self.rates.nonfinite[*k][STEPS.len() - 1] > 0)
    }
}

impl Finding for Valley {
    fn says(&self) -> String {
        let Self { rates, tasks, .. } = self;
        let last = STEPS.len() - 1;
        let best = |column: usize, steps: &str| match rates.best(column) {
            Some((rate, loss)) => format!("{} for {steps} ({})", number(rate), number(loss)),
            None => format!("none for {steps}, since tasks are lost at all"),
        };
        let [one, ten, many] = [(1, " step"), (5, ""), (last, "")]
            .map(|(column, word)| best(column, &format!("{}{word}", STEPS[column])));
        let lost = self.breaks_at().map_or_else(String::new, |k| {
            let (count, rate) = (rates.nonfinite[k][last], number(rate(k)));
            format!(" Tasks are lost within {} steps from rate {rate} on ({count} of {tasks}).", STEPS[last])
        });
        format!("Best rates over {tasks} tasks: {one}, {ten}, {many}.{lost}")
    }

    fn picture(&self, _: usize) -> Vec<Row> {
        let Self { rates, prior, .. } = self;
        let cell = |k: usize, column: usize| (rates.mean[k][column], rates.nonfinite[k][column]);
        let losses = Losses {
            rates: (0..RATES).map(|k| number(rate(k))).collect(),
            steps: STEPS.map(|n| format!("n={n}")).to_vec(),
            cells: (0..RATES).map(|k| (0..STEPS.len()).map(|column| cell(k, column)).collect()).collect(),
            prior: *prior,
            trained: self.trained_at(),
        };
        Row::of(vec![Part::Losses(losses)])
    }

    fn figure(&self, name: &str) -> Option<f64> {
        let best = |n: usize| STEPS.iter().position(|known| *known == n).and_then(|at| self.rates.best(at));
        match name {
            "best after 1" => best(1).map(|(rate, _)| rate),
            "best after 32" => best(32).map(|(rate, _)| rate),
            "breaks at" => self.breaks_at().map(rate),
            _ => None,
        }
    }
}
