//! What won and why, in sentences whose every figure comes from the results: for a reader who sees the curves for
//! the first time.

use super::{
    outcome::Outcome,
    text::{Glyphs, number},
};
use crate::eval::{Average, OverSeeds};

/// The n at which systems are compared, where the evaluation goes that far.
const COMPARED: usize = 10;
/// Share of the best constant guess's loss above which a system has learned no more than that guess.
const NOTHING: f64 = 0.85;
/// Share of its loss that a system loses in one step if it has learned to learn.
const STEEP: f64 = 0.7;

/// A system with results.
struct Of<'a> {
    name: &'a str,
    outcome: &'a Outcome<'a>,
    over: OverSeeds,
}

impl Of<'_> {
    /// Its loss after n steps with what it varies by over seeds.
    fn at(&self, n: usize, glyphs: Glyphs) -> String {
        let loss = number(self.over.mean[n]);
        match self.over.seeds {
            1 => loss,
            _ => format!("{loss} {} {}", glyphs.plus_minus(), number(self.over.std[n])),
        }
    }

    fn is(&self, algorithm: &str) -> bool {
        self.outcome.settings.algorithm.name() == algorithm
    }
}

/// What won on a test set, and why; empty where there is nothing to compare. `prior` is the loss of the best
/// constant guess there, of the same average.
pub fn won(
    outcomes: &[Outcome<'_>],
    test: Option<&str>,
    average: Average,
    prior: f64,
    glyphs: Glyphs,
) -> Vec<String> {
    let of = |outcome| {
        let outcome: &Outcome<'_> = outcome;
        let over = outcome.over(test, average)?;
        over.mean.first().is_some_and(|loss| loss.is_finite()).then_some(Of {
            name: &outcome.settings.name,
            outcome,
            over,
        })
    };
    let mut systems: Vec<Of<'_>> = outcomes.iter().filter_map(of).collect();
    let Some(last) = systems.iter().map(|system| system.over.mean.len() - 1).min() else { return Vec::new() };
    let n = COMPARED.min(last);
    let key =
        |system: &Of<'_>| if system.over.mean[n].is_nan() { f64::INFINITY } else { system.over.mean[n] };
    systems.sort_by(|a, b| key(a).total_cmp(&key(b)));
    let [best, next, ..] = &systems[..] else { return Vec::new() };
    if !key(best).is_finite() {
        return vec![format!("Nothing won: every mean loss after {n} steps is infinite or no number.")];
    }
    if key(best) > NOTHING * prior {
        let best = best.at(n, glyphs);
        let prior = number(prior);
        return vec![format!(
            "Nothing has learned to learn: the best loss after {n} steps is {best}, and the best constant guess has {prior}."
        )];
    }
    let mut said = vec![first(best, next, n, glyphs)];
    said.extend(early(&systems, best));
    said.extend(steep(best, prior));
    said.extend(still(&systems, n, prior));
    said.extend(cheaper(&systems, n));
    said
}

/// Who is first, and whether that is more than chance among seeds.
fn first(best: &Of<'_>, next: &Of<'_>, n: usize, glyphs: Glyphs) -> String {
    let seeds = |system: &Of<'_>| system.over.seeds > 1;
    let apart = match (seeds(best) && seeds(next), best.over.high[n] < next.over.low[n]) {
        (false, _) => "one seed each says little",
        (true, true) => "every seed of the one is below every seed of the other",
        (true, false) => "their seeds overlap",
    };
    let (low, high) = (best.at(n, glyphs), next.at(n, glyphs));
    format!("{} wins after {n} steps: {low}. Next is {} with {high}; {apart}.", best.name, next.name)
}

/// Who is first after one step, where that is somebody else.
fn early(systems: &[Of<'_>], best: &Of<'_>) -> Option<String> {
    let after_one = |system: &&Of<'_>| system.over.mean.get(1).copied().filter(|loss| loss.is_finite());
    let first = systems.iter().filter(|system| after_one(system).is_some()).min_by(|a, b| {
        let [a, b] = [a, b].map(|system| after_one(system).unwrap_or(f64::INFINITY));
        a.total_cmp(&b)
    })?;
    let loss = after_one(&first)?;
    (first.name != best.name).then(|| format!("After a single step it is {}: {}.", first.name, number(loss)))
}

/// Why the best one is: not by its answer, but by where it starts.
fn steep(best: &Of<'_>, prior: f64) -> Option<String> {
    let [start, one] = [*best.over.mean.first()?, *best.over.mean.get(1)?];
    let steep = start > NOTHING * prior && one < STEEP * start;
    let (start, one, prior) = (number(start), number(one), number(prior));
    steep.then(|| {
        format!(
            "Why: before a step it knows no more than the best constant guess ({start} beside {prior}), after one \
             it is at {one}. It has learned no answer but a start from which a step leads to one."
        )
    })
}

/// Those that a few steps do not help.
fn still(systems: &[Of<'_>], n: usize, prior: f64) -> Option<String> {
    let stays = |name: &str| {
        let system = systems.iter().find(|system| system.is(name));
        system.filter(|system| system.over.mean[n] > NOTHING * prior)
    };
    let words = |system: &Of<'_>| format!("{} stays at {}", system.name, number(system.over.mean[n]));
    match stays("transfer") {
        Some(transfer) => Some(format!(
            "{}: trained to answer every task at once, it has learned their average, and {n} steps do not leave it.",
            words(transfer)
        )),
        None => Some(format!("{}: steps alone are not enough.", words(stays("random")?))),
    }
}

/// What leaving out the second derivative costs.
fn cheaper(systems: &[Of<'_>], n: usize) -> Option<String> {
    let find = |name: &str| systems.iter().find(|system| system.is(name));
    let (exact, first_order) = (find("maml")?, find("first-order-maml")?);
    let (with, without) = (exact.over.mean[n], first_order.over.mean[n]);
    if !with.is_finite() || !without.is_finite() {
        return None;
    }
    let overlap =
        exact.over.low[n] <= first_order.over.high[n] && first_order.over.low[n] <= exact.over.high[n];
    let word = match (overlap, without > with) {
        (true, _) => "costs nothing that these seeds show",
        (false, true) => "costs",
        (false, false) => "even helps here",
    };
    let (with, without) = (number(with), number(without));
    Some(format!(
        "Leaving out the second derivative {word}: {} {without}, {} {with}.",
        first_order.name, exact.name
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        eval::{Curve, Curves},
        experiments::{Experiment, parse},
        results::Ran,
    };

    fn experiments() -> Vec<Experiment> {
        let names = [("T", "transfer"), ("M", "maml"), ("F", "first-order-maml"), ("R", "reptile")];
        let tables = names.map(|(name, algorithm)| {
            format!("[[experiment]]\nname = \"{name}\"\nalgorithm = \"{algorithm}\"\n")
        });
        parse("x", None, &tables.concat()).unwrap_or_else(|problems| panic!("{problems}")).experiments
    }

    fn curve(losses: [f64; 3]) -> Curves {
        let [start, one, rest] = losses;
        let mean: Vec<f64> = [start, one].into_iter().chain([rest; 9]).collect();
        let same = vec![0.0; 11];
        Curves::from(Curve {
            steps: (0..11).collect(),
            median: mean.clone(),
            ci95: same.clone(),
            nonfinite: same,
            mean,
            tasks: 9,
        })
    }

    fn said(losses: [[[f64; 3]; 2]; 4]) -> String {
        let (experiments, curves) = (experiments(), losses.map(|seeds| seeds.map(curve)));
        fn ran(curves: &[Curves; 2]) -> Vec<Ran<'_>> {
            curves.iter().zip(0..).map(|(curves, seed)| Ran { seed, curves, failure: None }).collect()
        }
        let outcomes: Vec<Outcome<'_>> = experiments
            .iter()
            .zip(&curves)
            .map(|(settings, curves)| Outcome { settings, runs: ran(curves) })
            .collect();
        won(&outcomes, None, Average::Mean, 4.0, Glyphs { ascii: true }).join(" ")
    }

    #[test]
    fn the_words_follow_the_figures() {
        let transfer = [[4.0, 3.9, 3.8]; 2];
        let said_of = |maml: [[f64; 3]; 2], first_order| {
            said([transfer, maml, first_order, [[4.0, 2.0, 0.5], [4.0, 2.0, 0.7]]])
        };
        let text = said_of([[4.0, 1.5, 1.0], [4.0, 1.5, 1.2]], [[9.0, 3.0, 2.0], [9.0, 3.0, 2.0]]);
        for words in [
            "R wins after 10 steps: 0.60 +- 0.14. Next is M with 1.10 +- 0.14; every seed of the one is below",
            "After a single step it is M: 1.50.",
            "no more than the best constant guess (4.00 beside 4.00), after one it is at 2.00",
            "T stays at 3.80: trained to answer every task at once",
            "second derivative costs: F 2.00, M 1.10.",
        ] {
            assert!(text.contains(words), "{words}: {text}");
        }
        let text = said_of([[4.0, 2.5, 0.6], [4.0, 2.5, 0.9]], [[4.0, 3.0, 0.6], [4.0, 3.0, 0.8]]);
        assert!(
            text.contains("their seeds overlap") && text.contains("costs nothing that these seeds show"),
            "{text}"
        );
        assert!(!text.contains("single step"), "the same one is first there: {text}");
    }

    #[test]
    fn nothing_is_claimed_of_nothing() {
        let flat = [[4.0, 4.0, 3.9]; 2];
        let text = said([flat; 4]);
        assert!(text.starts_with("Nothing has learned to learn") && !text.contains("wins"), "{text}");
        let text = said([[[f64::NAN; 3]; 2]; 4]);
        assert!(text.is_empty(), "{text}");
        let lost = [[4.0, f64::NAN, f64::NAN]; 2];
        assert!(said([lost; 4]).contains("infinite or no number"));
    }
}
