//! What came of a study, in sentences for a reader who sees the curves for the first time. Every figure in them is of the
//! system that it is said of, and what is said of two systems is what their comparison says.

use super::{
    comparison::{Compared, Comparison, Difference, Standing, compare_two},
    outcome::Outcome,
    text::{Glyphs, number},
};
use crate::eval::{Average, LossAxis, OverSeeds, half_width};

/// The n at which systems are compared, or the K, where the evaluation goes that far.
pub(super) const COMPARED: usize = 10;
/// What a start may differ from the best guess without points, as a share of its loss, and still be called that guess.
const NEAR: f64 = 0.1;
/// As many systems are named one by one.
const NAMED: usize = 3;

/// The results that sentences are about.
pub struct Findings<'a> {
    /// What came of every experiment.
    pub outcomes: &'a [Outcome<'a>],
    /// Who is compared with whom on the test set.
    pub compared: &'a [Compared],
    /// The test set.
    pub test: Option<&'a str>,
    /// What losses are over tasks, where no task blows up.
    pub average: Average,
    /// The characters it may use.
    pub glyphs: Glyphs,
}

impl Findings<'_> {
    /// The sentences; none where there is nothing to compare. `guess` is the loss of the best guess without points on the
    /// test tasks of an experiment.
    pub fn sentences(&self, guess: impl Fn(usize, Average) -> f64) -> Vec<String> {
        let mut said = Vec::new();
        for compared in self.compared {
            let last = (0..=COMPARED).rev().find_map(|n| Some((n, compared.at(n)?)));
            let Some((n, comparison)) = last.filter(|(_, comparison)| comparison.group.len() > 1) else {
                continue;
            };
            if !compared.group.title.is_empty() {
                said.push(format!("On tasks with {}:", compared.group.title));
            }
            let prior = guess(comparison.lowest, comparison.over);
            said.push(self.lowest(comparison, n, prior));
            said.extend(self.early(compared, comparison.lowest, n));
            said.extend(self.start(comparison.lowest, &guess));
            said.extend(self.untrained(comparison, n));
            said.extend(self.second_derivative(&comparison.group, n));
        }
        said
    }

    pub(super) fn name(&self, index: usize) -> &str {
        &self.outcomes[index].settings.name
    }

    /// What losses are looked at over.
    pub(super) fn axis(&self) -> LossAxis {
        self.outcomes.first().map_or(LossAxis::Steps, |outcome| outcome.axis)
    }

    /// What a loss is taken after: `one step`, `10 points`.
    pub(super) fn count(&self, n: usize) -> String {
        match self.axis() {
            LossAxis::Steps => steps(n),
            LossAxis::Points => points(n),
        }
    }

    pub(super) fn over(&self, index: usize, over: Average) -> Option<OverSeeds> {
        self.outcomes[index].over(self.test, over)
    }

    /// A system's loss after n steps, or K points, with what it varies by over seeds.
    pub(super) fn loss(&self, index: usize, n: usize, over: Average) -> String {
        let Some(over) = self.over(index, over).filter(|over| n < over.mean.len()) else {
            return "none".to_owned();
        };
        match over.seeds {
            1 => number(over.mean[n]),
            _ => format!("{} {} {}", number(over.mean[n]), self.glyphs.plus_minus(), number(over.std[n])),
        }
    }

    /// A system's mean over seeds after n steps, and half the width of its 95 % interval.
    pub(super) fn interval(&self, index: usize, n: usize, over: Average) -> Option<(f64, Option<f64>)> {
        let over = self.over(index, over)?;
        let mean = *over.mean.get(n).filter(|mean| over.lost[n] == 0 && !mean.is_nan())?;
        Some((mean, half_width(over.std[n], over.seeds)))
    }

    /// Which system is the lowest, and what cannot be told from it.
    pub(super) fn lowest(&self, comparison: &Comparison, n: usize, prior: f64) -> String {
        let Comparison { lowest, over, others, .. } = comparison;
        let (name, loss) = (self.name(*lowest), self.loss(*lowest, n, *over));
        let by = match (over, self.average) {
            (Average::Median, Average::Mean) => ", by medians over tasks, since some tasks blow up",
            _ => "",
        };
        let (mean, half) = self.interval(*lowest, n, *over).unwrap_or((f64::INFINITY, None));
        let known = || others.iter().filter(|against| against.difference.is_known());
        if known().count() == 0 {
            return format!(
                "Of these networks, one seed each, that of {name} has the lowest loss after {}{by}: {loss}. That says \
                 nothing of the systems.",
                self.count(n)
            );
        }
        let of = match self.leaves_out_single_seeds(comparison) {
            true => "Of the systems with several seeds, ",
            false => "",
        };
        let mut said = format!("{of}{name} has the lowest loss after {}{by}: {loss}.", self.count(n));
        if mean + half.unwrap_or(0.0) >= prior {
            let prior = number(prior);
            said.push_str(&format!(
                " Not even that is for sure below the best guess without points: {prior}."
            ));
            return said;
        }
        let mut equal: Vec<_> = known()
            .filter(|against| against.difference.standing == Standing::CannotTell)
            .map(|against| (self.name(against.experiment), &against.difference))
            .collect();
        // The closest first; those without a difference last.
        let by = |difference: &Difference| difference.mean.unwrap_or(f64::INFINITY);
        equal.sort_by(|(_, one), (_, other)| by(one).total_cmp(&by(other)));
        if !equal.is_empty() {
            let named = equal.iter().take(NAMED).map(|(name, by)| format!("{name} ({})", self.by(by)));
            let mut named: Vec<String> = named.collect();
            if equal.len() > NAMED {
                named.push(format!("{} more", equal.len() - NAMED));
            }
            said.push_str(&format!(" Not to be told apart from it: {}.", listed(&named)));
        }
        let next = known().filter(|against| against.difference.standing == Standing::Higher);
        let next = next.filter_map(|against| Some((against, against.difference.mean?)));
        if let Some((next, _)) = next.min_by(|a, b| a.1.total_cmp(&b.1)) {
            let (name, by) = (self.name(next.experiment), self.by(&next.difference));
            let next = format!("{name} ({by})");
            let higher = known().count() - equal.len();
            said.push_str(&match (equal.is_empty(), known().count() == others.len()) {
                _ if higher == 1 => format!(" Higher: {next}."),
                (true, true) => format!(" All others are higher, next {next}."),
                (true, false) => format!(" The others with several seeds are higher, next {next}."),
                (false, _) => format!(" Higher: next {next}."),
            });
        }
        said
    }

    /// Whether there is a system of a single seed, which may be lower still.
    fn leaves_out_single_seeds(&self, comparison: &Comparison) -> bool {
        let seeds = |index: usize| self.over(index, comparison.over).map_or(0, |over| over.seeds);
        let is_single = |index: &usize| seeds(*index) == 1;
        !is_single(&comparison.lowest) && comparison.group.iter().any(is_single)
    }

    /// A difference with its interval.
    pub(super) fn by(&self, difference: &Difference) -> String {
        let Difference { mean: Some(mean), interval, .. } = difference else {
            return "some seeds have no finite loss".to_owned();
        };
        let sign = if *mean < 0.0 { "" } else { "+" };
        let interval = interval.map(|ends| ends.map(number));
        let interval = interval.map_or(String::new(), |[low, high]| format!(", 95 % from {low} to {high}"));
        format!("{sign}{}{interval}", number(*mean))
    }

    /// The lowest after one step, where that is another one for sure.
    fn early(&self, compared: &Compared, lowest: usize, n: usize) -> Option<String> {
        let comparison = compared.at(1).filter(|_| n > 1)?;
        let by = comparison.against(lowest).filter(|by| by.standing == Standing::Higher)?;
        let first = comparison.lowest;
        let (one, other) = (self.loss(first, 1, comparison.over), self.loss(lowest, 1, comparison.over));
        Some(format!(
            "After a single step the lowest is {}: {one}; {} is at {other} then ({}).",
            self.name(first),
            self.name(lowest),
            self.by(by)
        ))
    }

    /// What the lowest one's first step is worth, where it starts from the best guess without points.
    fn start(&self, lowest: usize, guess: &impl Fn(usize, Average) -> f64) -> Option<String> {
        let over = Average::Mean;
        let prior = guess(lowest, over);
        let (start, one) = (self.interval(lowest, 0, over)?, self.interval(lowest, 1, over)?);
        let is_no_better = start.0 > (1.0 - NEAR) * prior && start.0 + start.1? >= prior;
        let falls = one.0 + one.1? < prior.min(start.0 - start.1?);
        let settings = self.outcomes[lowest].settings;
        let words = format!(
            "Before a step {} knows no more than the best guess without points ({} beside {}); after one step it is at {}.",
            settings.name,
            number(start.0),
            number(prior),
            number(one.0)
        );
        // A learner that has learned its steps too has learned more than where to start.
        let more = match settings.adaptation().is_plain() {
            true => " It has learned where to start, not what to answer.",
            false => "",
        };
        (is_no_better && falls).then(|| words + more)
    }

    /// Those that were not trained to adapt, where steps leave them higher.
    fn untrained(&self, comparison: &Comparison, n: usize) -> Option<String> {
        let higher = |algorithm: &str| {
            let found = comparison.others.iter().find(|against| {
                self.outcomes[against.experiment].settings.algorithm.name() == algorithm
                    && against.difference.standing == Standing::Higher
            })?;
            Some((found.experiment, self.by(&found.difference)))
        };
        let (index, by, what) = match (higher("transfer"), higher("random")) {
            (Some((index, by)), _) => (index, by, "trained to answer every task at once"),
            (None, Some((index, by))) => (index, by, "not trained at all"),
            (None, None) => return None,
        };
        let over = comparison.over;
        Some(format!(
            "{}, {what}, starts at {} and is at {} after {}: higher than {} ({by}).",
            self.name(index),
            self.loss(index, 0, over),
            self.loss(index, n, over),
            steps(n),
            self.name(comparison.lowest)
        ))
    }

    /// What leaving out the second derivative costs, where nothing else is different.
    pub fn of_second_derivative(&self) -> Option<String> {
        self.compared.iter().find_map(|compared| {
            let last = (0..=COMPARED).rev().find_map(|n| Some((n, compared.at(n)?)));
            last.and_then(|(n, comparison)| self.second_derivative(&comparison.group, n))
        })
    }

    /// The same of these, which were tested on the same tasks.
    fn second_derivative(&self, group: &[usize], n: usize) -> Option<String> {
        let is =
            |algorithm: &str, index: &usize| self.outcomes[*index].settings.algorithm.name() == algorithm;
        let exact = *group.iter().find(|index| is("maml", index))?;
        let alike = |index: &usize| {
            let [one, other] = [exact, *index].map(|index| self.outcomes[index].settings);
            one.training == other.training && one.task == other.task && one.model == other.model
        };
        let mut first_orders = group.iter().filter(|index| is("first-order-maml", index));
        let first_order = *first_orders.find(|index| alike(index))?;
        let trained = self.outcomes[exact].settings.training.inner_steps;
        let mut at = vec![trained.min(n), n];
        at.dedup();
        let said = at.iter().filter_map(|n| {
            let where_at = (self.test, *n, self.average);
            let (difference, over) = compare_two(self.outcomes, [exact, first_order], where_at)?;
            let by = self.by(&difference);
            let word = match difference.standing {
                Standing::Higher => "costs",
                Standing::Lower => "helps",
                Standing::CannotTell => "cannot be told from keeping it",
            };
            difference.interval.map(|_| {
                format!(
                    "Leaving out the second derivative {word} after {}: {} {}, {} {} ({by}).",
                    steps(*n),
                    self.name(first_order),
                    self.loss(first_order, *n, over),
                    self.name(exact),
                    self.loss(exact, *n, over)
                )
            })
        });
        Some(said.collect::<Vec<_>>().join(" ")).filter(|said| !said.is_empty())
    }

    /// How a system stands to the lowest of its group after n steps, or K points.
    pub fn standing(&self, index: usize, n: usize) -> Option<String> {
        let compared = self.compared.iter().find(|compared| compared.group.members.contains(&index))?;
        let comparison = compared.at(n)?;
        let name = self.name(comparison.lowest);
        if comparison.lowest == index {
            let is_known = comparison.others.iter().any(|against| against.difference.is_known());
            let of = match self.leaves_out_single_seeds(comparison) {
                true => " of the systems with several seeds",
                false => "",
            };
            return is_known.then(|| format!("The lowest{of} after {}.", self.count(n)));
        }
        let by = comparison.against(index).filter(|by| by.is_known())?;
        Some(match by.standing {
            Standing::CannotTell => {
                format!(
                    "After {} not to be told apart from the lowest, {name} ({}).",
                    self.count(n),
                    self.by(by)
                )
            }
            _ => format!("After {} higher than the lowest, {name} ({}).", self.count(n), self.by(by)),
        })
    }
}

fn steps(n: usize) -> String {
    match n {
        1 => "one step".to_owned(),
        n => format!("{n} steps"),
    }
}

/// The same of support points.
pub(super) fn points(k: usize) -> String {
    match k {
        1 => "one point".to_owned(),
        k => format!("{k} points"),
    }
}

/// `a`, `a and b`, `a, b and c`.
pub(super) fn listed(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        eval::{Curve, Curves, LossAxis},
        experiments::{Study, parse},
        results::{Ran, compare},
    };

    const FILE: [(&str, &str, &str); 4] = [
        ("T", "transfer", ""),
        ("M", "maml", ""),
        ("F", "first-order-maml", ""),
        ("R", "reptile", "inner_steps = 3\n"),
    ];

    fn study(experiments: &[(&str, &str, &str)]) -> Study {
        let tables = experiments.iter().map(|(name, algorithm, more)| {
            format!("[[experiment]]\nname = \"{name}\"\nalgorithm = \"{algorithm}\"\n{more}")
        });
        parse("x", None, &tables.collect::<String>()).unwrap_or_else(|problems| panic!("{problems}"))
    }

    /// A curve over tasks that are alike: at n = 0, at 1, and from 2 on.
    fn curve([start, one, rest]: [f64; 3]) -> Curves {
        let mean: Vec<f64> = [start, one].into_iter().chain([rest; 9]).collect();
        let same = vec![0.0; 11];
        Curves::from(Curve {
            steps: (0..11).collect(),
            median: mean.clone(),
            ci95: same.clone(),
            nonfinite: same,
            mean,
            tasks: 9,
            points: None,
            calibration: None,
        })
    }

    /// The sentences, where the best guess without points has a loss of 4.
    fn said(study: &Study, losses: &[Vec<[f64; 3]>]) -> String {
        let curves: Vec<Vec<Curves>> =
            losses.iter().map(|seeds| seeds.iter().map(|losses| curve(*losses)).collect()).collect();
        let outcomes: Vec<Outcome<'_>> = study
            .experiments
            .iter()
            .zip(&curves)
            .map(|(settings, curves)| Outcome {
                settings,
                runs: (0..).zip(curves).map(|(seed, curves)| Ran { seed, curves, failure: None }).collect(),
                axis: LossAxis::Steps,
            })
            .collect();
        let compared = compare(&outcomes, None, Average::Mean);
        let glyphs = Glyphs { ascii: true };
        let findings =
            Findings { outcomes: &outcomes, compared: &compared, test: None, average: Average::Mean, glyphs };
        findings.sentences(|_, _| 4.0).join(" ")
    }

    /// Losses of 20 seeds with this mean and standard deviation, each system's in an order of its own.
    fn twenty(mean: f64, std: f64, stride: usize) -> Vec<f64> {
        let z = |seed: usize| ((seed * stride) % 20) as f64 - 9.5;
        // The standard deviation of 0, 1, .., 19 is 5.916.
        (0..20).map(|seed| mean + std * z(seed) / 5.916).collect()
    }

    fn at_rest(losses: &[f64]) -> Vec<[f64; 3]> {
        losses.iter().map(|loss| [4.1, 2.0, *loss]).collect()
    }

    #[test]
    fn what_leaving_out_the_second_derivative_costs_is_found_with_twenty_seeds() {
        // The shipped file's MAML and first-order MAML after ten steps: every range of seeds overlaps, and t is 3.7.
        let (exact, first_order) = (twenty(0.75, 0.26, 3), twenty(1.16, 0.42, 7));
        let study = study(&FILE[1..3]);
        let text = said(&study, &[at_rest(&exact), at_rest(&first_order)]);
        assert!(!text.contains("costs nothing"), "{text}");
        let words = "Leaving out the second derivative costs after 10 steps: F 1.16 +- 0.42, M 0.75 +- 0.26 (+0.41, 95 % from";
        assert!(text.contains(words), "{text}");
        assert!(text.contains(" Higher: F (+0.41"), "{text}");
    }

    #[test]
    fn a_difference_at_the_trained_step_is_said_where_there_is_none_later() {
        let seeds = |start: [f64; 5], rest: [f64; 5]| -> Vec<[f64; 3]> {
            start.iter().zip(rest).map(|(one, rest)| [4.1, *one, rest]).collect()
        };
        let text = said(
            &study(&FILE[1..3]),
            &[
                seeds([1.47, 1.6, 1.95, 1.5, 1.7], [0.7, 0.9, 0.6, 1.0, 0.8]),
                seeds([2.05, 2.1, 2.29, 2.2, 2.15], [0.9, 0.7, 1.0, 0.6, 0.9]),
            ],
        );
        assert!(text.contains("Leaving out the second derivative costs after one step: F 2.16"), "{text}");
        let words = "second derivative cannot be told from keeping it after 10 steps: F 0.82";
        assert!(text.contains(words) && text.contains("95 % from -0."), "{text}");
        // Where something else differs too, nothing is said of the derivative.
        let other = study(&[FILE[1], ("F", "first-order-maml", "outer_lr = 0.01\n")]);
        let text = said(&other, &[at_rest(&[0.7, 0.8, 0.7]), at_rest(&[1.7, 1.8, 1.7])]);
        assert!(!text.contains("second derivative"), "{text}");
    }

    #[test]
    fn each_figure_is_of_the_system_that_it_is_said_of() {
        let reptile = [4.1, 2.0, 0.5];
        let text = said(
            &study(&FILE),
            &[
                vec![[4.0, 3.9, 3.8], [4.1, 3.9, 3.7], [4.0, 3.9, 3.8]],
                vec![[4.2, 1.5, 1.1], [4.0, 1.4, 1.0], [4.2, 1.5, 1.2]],
                vec![[9.0, 3.0, 2.0], [9.1, 3.1, 2.1], [9.2, 3.0, 2.0]],
                vec![reptile, reptile.map(|loss| loss - 0.05), reptile.map(|loss| loss + 0.04)],
            ],
        );
        for words in [
            "R has the lowest loss after 10 steps: 0.50 +- 0.045. All others are higher, next M (+0.60,",
            "After a single step the lowest is M: 1.47 +- 0.058; R is at 2.00 +- 0.045 then (+0.53, 95 % from",
            "Before a step R knows no more than the best guess without points (4.10 beside 4.00); after one step it is at 2.00.",
            "It has learned where to start, not what to answer.",
            "T, trained to answer every task at once, starts at 4.03 +- 0.058 and is at 3.77 +- 0.058 after 10 steps: higher than R",
        ] {
            assert!(text.contains(words), "{words}: {text}");
        }
        assert!(!text.contains("wins"), "{text}");
        // Of a learner of matrices it is not said that it has learned nothing but a start.
        let curvature = study(&[("C", "meta-curvature", ""), FILE[1]]);
        let lower = vec![reptile, reptile.map(|loss| loss - 0.05), reptile.map(|loss| loss + 0.04)];
        let higher = vec![[4.2, 3.5, 3.1], [4.0, 3.4, 3.0], [4.2, 3.5, 3.2]];
        let text = said(&curvature, &[lower, higher]);
        assert!(text.contains("Before a step C knows no more") && !text.contains("where to start"), "{text}");
    }

    #[test]
    fn systems_on_other_tasks_are_not_ranked() {
        let study = study(&[FILE[1], ("Long wave", "maml", "task = { amplitude = [0.1, 1.0] }\n"), FILE[3]]);
        let three = |loss: f64| vec![[loss * 2.0, loss * 1.5, loss], [loss * 2.0, loss * 1.5, loss * 1.1]];
        let text = said(&study, &[three(1.0), three(0.17), three(3.0)]);
        assert!(text.starts_with("On tasks with amplitude [0.1,5]: M has the lowest loss"), "{text}");
        assert!(!text.contains("Long wave"), "alone it is compared with nothing: {text}");
    }

    #[test]
    fn one_seed_that_is_lower_still_is_left_out_and_that_is_said() {
        let several = |loss: f64| vec![[4.1, 2.0, loss], [4.1, 2.1, loss + 0.01], [4.0, 2.0, loss - 0.01]];
        let text = said(&study(&FILE[1..]), &[several(0.7), several(3.0), vec![[4.1, 1.9, 0.5]]]);
        let words = "Of the systems with several seeds, M has the lowest loss after 10 steps: 0.70 +- 0.010. \
                     Higher: F (+2.30,";
        assert!(text.starts_with(words), "{text}");
    }

    #[test]
    fn of_those_that_cannot_be_told_apart_the_closest_are_named() {
        let far = |loss: f64| vec![[4.1, 2.0, loss], [4.1, 2.1, loss + 3.0], [4.0, 2.0, loss - 0.3]];
        let near = vec![[4.1, 2.0, 0.52], [4.1, 2.1, 0.51], [4.0, 2.0, 0.47]];
        let lowest = vec![[4.1, 2.0, 0.5], [4.1, 2.1, 0.49], [4.0, 2.0, 0.48]];
        let text = said(&study(&FILE), &[far(0.9), far(0.8), near, lowest]);
        assert!(text.contains("Not to be told apart from it: F (+0.010,"), "{text}");
    }

    #[test]
    fn nothing_is_claimed_of_nothing() {
        let study = study(&FILE);
        let flat = vec![[4.0, 4.0, 3.9], [4.0, 4.0, 4.2]];
        let text = said(&study, &[flat.clone(), flat.clone(), flat.clone(), flat]);
        assert!(
            text.contains("Not even that is for sure below the best guess without points: 4.00."),
            "{text}"
        );
        let lost = vec![[f64::NAN; 3]; 2];
        assert_eq!(said(&study, &[lost.clone(), lost.clone(), lost.clone(), lost]), "");
        let one = |loss: f64| vec![[4.1, 2.0, loss]];
        let text = said(&study, &[one(3.8), one(0.6), one(0.9), one(0.5)]);
        let words = "Of these networks, one seed each, that of R has the lowest loss after 10 steps: 0.50. That says \
                     nothing of the systems.";
        assert_eq!(text, words);
        assert!(
            !text.contains("higher") && !text.contains("told apart") && !text.contains("derivative"),
            "{text}"
        );
    }
}
