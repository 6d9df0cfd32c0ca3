//! What came of a study over the number of support points K, in sentences: who is the lowest with how many points, where
//! that turns over, how far the lowest is from the floor, and what features of either sign are worth with one point. The
//! rules are those of `findings.rs`: every figure is of the system that it is said of, and one system is called lower than
//! another only where their comparison says so.

use std::sync::Arc;

use super::{
    comparison::{Compared, Comparison, Standing, compare_two},
    differences::differences,
    findings::{COMPARED, Findings, listed, points},
    table::FLOOR,
    text::number,
};
use crate::{
    eval::{Average, Curve, LossAxis},
    task::Shots,
};

/// Some K, one after another, at which one system is the lowest or cannot be told from the lowest.
struct Stretch {
    leader: usize,
    from: usize,
    to: usize,
}

impl Findings<'_> {
    /// The sentences; none where there is nothing to compare. `guess` is the loss of the best guess without points on the test
    /// tasks of an experiment, `floor` what nobody can be expected to be below there, where it is known.
    pub fn over_points(
        &self,
        guess: impl Fn(usize, Average) -> f64,
        floor: impl Fn(usize) -> Option<Arc<Curve>>,
    ) -> Vec<String> {
        let mut said = Vec::new();
        for compared in self.compared {
            let last = (1..).map_while(|k| compared.at(k)).count();
            // Without a point nobody knows more than the family.
            let at = |k: usize| compared.at(k).map(|comparison| (k, comparison));
            let (Some(first), Some(many)) = (at(1), at(COMPARED.min(last))) else { continue };
            if !compared.group.title.is_empty() {
                said.push(format!("On tasks with {}:", compared.group.title));
            }
            let prior = |(_, comparison): (usize, &Comparison)| guess(comparison.lowest, comparison.over);
            if comparison_is_unknown(first.1) && comparison_is_unknown(many.1) {
                said.push(self.networks(&[first, many]));
                continue;
            }
            let stretches = self.stretches(compared, last, &guess);
            said.extend(self.leaders(&stretches));
            said.extend(self.above_the_floor(&[first, many], &floor));
            said.extend(stretches.windows(2).filter_map(|pair| self.turn(compared, &pair[0], &pair[1])));
            said.push(self.lowest(first.1, first.0, prior(first)));
            if many.0 > first.0 {
                said.push(self.lowest(many.1, many.0, prior(many)));
            }
        }
        said
    }

    /// Of single seeds: which of these networks are the lowest.
    fn networks(&self, at: &[(usize, &Comparison)]) -> String {
        let mut named: Vec<String> = Vec::new();
        for (k, comparison) in at {
            let loss = self.loss(comparison.lowest, *k, comparison.over);
            named.push(format!("that of {} after {} ({loss})", self.name(comparison.lowest), points(*k)));
        }
        named.dedup();
        format!(
            "Of these networks, one seed each, the lowest are {}. That says nothing of the systems.",
            listed(&named)
        )
    }

    /// Who is the lowest, or cannot be told from the lowest, with how many points. Who leads stays in the lead until it is
    /// higher than another one for sure; where nothing has learned to learn for sure, nobody leads.
    fn stretches(
        &self,
        compared: &Compared,
        last: usize,
        guess: &impl Fn(usize, Average) -> f64,
    ) -> Vec<Stretch> {
        let mut stretches: Vec<Stretch> = Vec::new();
        for k in 1..=last {
            let Some(comparison) = compared.at(k) else { continue };
            let best = comparison.best_set();
            let lowest = self.interval(comparison.lowest, k, comparison.over);
            let prior = guess(comparison.lowest, comparison.over);
            if best.is_empty() || lowest.is_none_or(|(mean, half)| mean + half.unwrap_or(0.0) >= prior) {
                continue;
            }
            match stretches.last_mut() {
                Some(now) if now.to + 1 == k && best.contains(&now.leader) => now.to = k,
                _ => stretches.push(Stretch { leader: comparison.lowest, from: k, to: k }),
            }
        }
        stretches
    }

    /// The short of it.
    fn leaders(&self, stretches: &[Stretch]) -> Option<String> {
        let said = |Stretch { leader, from, to }: &Stretch| {
            let with = match (from, to) {
                (from, to) if from == to => points(*from),
                (from, to) => format!("{from} to {to} points"),
            };
            format!("{} with {with}", self.name(*leader))
        };
        let said: Vec<String> = stretches.iter().map(said).collect();
        (!said.is_empty()).then(|| format!("Lowest, or not told from the lowest: {}.", said.join(", ")))
    }

    /// The shortest of it, of one group, for a line below its plot: `among the lowest: CNP K=1, Ridge head K=2-20`.
    pub fn leaders_in_short(
        &self,
        compared: &Compared,
        guess: impl Fn(usize, Average) -> f64,
    ) -> Option<String> {
        let last = (1..).map_while(|k| compared.at(k)).count();
        let named = |Stretch { leader, from, to }: &Stretch| {
            let to = if to > from { format!("-{to}") } else { String::new() };
            format!("{} K={from}{to}", self.name(*leader))
        };
        let named: Vec<String> = self.stretches(compared, last, &guess).iter().map(named).collect();
        (!named.is_empty()).then(|| format!("among the lowest: {}", named.join(", ")))
    }

    /// Where another one takes the lead.
    fn turn(&self, compared: &Compared, before: &Stretch, after: &Stretch) -> Option<String> {
        let comparison = compared.at(after.from)?;
        let by = comparison.against(before.leader).filter(|by| by.standing == Standing::Higher)?;
        let at = |index: usize| {
            let loss = self.loss(index, after.from, comparison.over);
            format!("{} {loss}{}", self.name(index), self.trained_elsewhere(index, after.from))
        };
        Some(format!(
            "It turns over at {}: {}, {} ({}).",
            points(after.from),
            at(after.leader),
            at(before.leader),
            self.by(by)
        ))
    }

    /// With how many points a system was trained, where it was not with these.
    fn trained_elsewhere(&self, index: usize, k: usize) -> String {
        let settings = self.outcomes[index].settings;
        let Shots { fewest, most } = settings.trained_points();
        match settings.algorithm.trains() && !(fewest..=most).contains(&k) {
            true if fewest == most => format!(", trained with {}", points(most)),
            true => format!(", trained with {fewest} to {most}"),
            false => String::new(),
        }
    }

    /// How far the lowest is from what nobody can be expected to be below: of means, which is what the floor is of.
    fn above_the_floor(
        &self,
        at: &[(usize, &Comparison)],
        floor: &impl Fn(usize) -> Option<Arc<Curve>>,
    ) -> Option<String> {
        let floor = floor(at.first()?.1.lowest)?;
        let mut said = Vec::new();
        for (k, comparison) in at.iter().filter(|(_, comparison)| comparison.over == Average::Mean) {
            let least = floor.mean.get(*k).copied().filter(|least| *least > 0.0);
            let mean = self.interval(comparison.lowest, *k, Average::Mean);
            let (Some(least), Some((mean, Some(half)))) = (least, mean) else { continue };
            let (low, high) = (mean - half - least, mean + half - least);
            let words = match low > 0.0 {
                true => "is above it by",
                false => "cannot be told from it by its seeds:",
            };
            said.push(format!(
                "The {FLOOR} is {} after {}; {} {words} {} (95 % from {} to {}).",
                number(least),
                points(*k),
                self.name(comparison.lowest),
                number(mean - least),
                number(low),
                number(high)
            ));
        }
        if let Some(k) = floor.mean.iter().position(|least| *least <= 0.0).filter(|k| *k > 0) {
            said.push(format!("From {} on the {FLOOR} is 0: the task is known.", points(k)));
        }
        said.dedup();
        (!said.is_empty()).then(|| said.join(" "))
    }

    /// What features of either sign are worth with one point: of a ridge head beside another one that differs in nothing
    /// else and whose features end in a relu.
    pub fn features(&self, index: usize) -> Option<String> {
        const RELU: [&str; 2] = ["relu", "-"];
        if self.axis() != LossAxis::Points {
            return None;
        }
        let is_other = |other: &usize| {
            let pair = [index, *other].map(|index| self.outcomes[index].settings);
            let apart = differences(pair.into_iter());
            let [ours, theirs] = match &apart[..] {
                [setting] if setting.name == "features" => [0, 1].map(|at| setting.values[at].as_str()),
                _ => return false,
            };
            !RELU.contains(&ours) && RELU.contains(&theirs)
        };
        let other = (0..self.outcomes.len()).find(|other| *other != index && is_other(other))?;
        let (difference, over) = compare_two(self.outcomes, [index, other], (self.test, 1, self.average))?;
        difference.interval?;
        let (word, why) = match difference.standing {
            Standing::Higher => (
                "lower than",
                ": features after a relu are never negative, so one point can move all predictions one way only",
            ),
            Standing::Lower => ("higher than", ""),
            Standing::CannotTell => ("not to be told from", ""),
        };
        Some(format!(
            "After one point it is at {}, {word} {} at {} ({}){why}.",
            self.loss(index, 1, over),
            self.name(other),
            self.loss(other, 1, over),
            self.by(&difference)
        ))
    }
}

/// Whether nothing is known of any difference.
fn comparison_is_unknown(comparison: &Comparison) -> bool {
    comparison.best_set().is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        eval::Curves,
        experiments::{Study, parse},
        results::{Outcome, Ran, compare, text::Glyphs},
    };

    const STUDY: &str = "[evaluation]\npoints = 20\n\
        [[experiment]]\nname = \"T\"\nalgorithm = \"transformer\"\ntask = { shots = 20 }\n\
        [[experiment]]\nname = \"R\"\nalgorithm = \"ridge-head\"\nfeatures = \"linear\"\ntask = { shots = [1, 20] }\n\
        [[experiment]]\nname = \"N\"\nalgorithm = \"ridge-head\"\ntask = { shots = [1, 20] }\n\
        [[experiment]]\nname = \"M\"\nalgorithm = \"maml\"\n";

    /// What the reference has at K = 0 to 4, a mean over seeds and a deviation of them.
    const LOSSES: [[(f64, f64); 5]; 4] = [
        [(2.96, 0.01), (1.35, 0.01), (0.55, 0.03), (0.26, 0.02), (0.15, 0.015)],
        [(2.96, 0.01), (1.39, 0.01), (0.30, 0.04), (0.06, 0.02), (0.02, 0.01)],
        [(2.96, 0.01), (2.84, 0.06), (1.50, 0.06), (0.44, 0.03), (0.13, 0.01)],
        [(2.97, 0.01), (3.02, 0.15), (1.68, 0.09), (1.19, 0.07), (0.96, 0.07)],
    ];

    fn study(text: &str) -> Study {
        parse("x", None, text).unwrap_or_else(|problems| panic!("{problems}"))
    }

    /// So many seeds, symmetric about the mean, each system's in an order of its own.
    fn curves(losses: &[(f64, f64)], seeds: usize, system: usize) -> Vec<Curves> {
        let curve = |seed: usize| {
            // No step of 1 to 4 is a multiple of five seeds.
            let z = ((seed * (system + 1) + system) % seeds.max(1)) as f64 - (seeds as f64 - 1.0) / 2.0;
            let mean: Vec<f64> = losses.iter().map(|(mean, std)| mean + std * z / 1.581).collect();
            let same = vec![0.0; mean.len()];
            let over = |steps: usize, mean: Vec<f64>| Curve {
                steps: (0..steps).collect(),
                median: mean.iter().map(|loss| loss / 2.0).collect(),
                ci95: same[..steps].to_vec(),
                nonfinite: same[..steps].to_vec(),
                mean,
                tasks: 9,
                points: None,
                calibration: None,
            };
            let points = over(mean.len(), mean);
            Curves::from(Curve { points: Some(Box::new(points)), ..over(1, vec![1.0]) })
        };
        (0..seeds).map(curve).collect()
    }

    fn with<T>(losses: &[[(f64, f64); 5]], seeds: usize, say: impl Fn(&Findings<'_>) -> T) -> T {
        let study = study(STUDY);
        let all: Vec<Vec<Curves>> =
            losses.iter().enumerate().map(|(at, losses)| curves(losses, seeds, at)).collect();
        let outcomes: Vec<Outcome<'_>> = study
            .experiments
            .iter()
            .zip(&all)
            .map(|(settings, curves)| Outcome {
                settings,
                runs: (0..).zip(curves).map(|(seed, curves)| Ran { seed, curves, failure: None }).collect(),
                axis: LossAxis::Points,
            })
            .collect();
        let compared = compare(&outcomes, None, Average::Mean);
        let (average, glyphs) = (Average::Mean, Glyphs { ascii: true });
        say(&Findings { outcomes: &outcomes, compared: &compared, test: None, average, glyphs })
    }

    /// The sentences, where the best guess without points is at 2.96.
    fn said(losses: &[[(f64, f64); 5]], seeds: usize, floor: Option<[f64; 5]>) -> String {
        let floor = floor.map(|mean| Arc::new(Curve { mean: mean.to_vec(), ..Curve::default() }));
        with(losses, seeds, |findings| findings.over_points(|_, _| 2.96, |_| floor.clone()).join(" "))
    }

    fn swapped() -> [[(f64, f64); 5]; 4] {
        let mut losses = LOSSES;
        losses.swap(0, 1);
        losses
    }

    #[test]
    fn who_is_lowest_with_how_many_points_and_where_it_turns_over() {
        let text = said(&LOSSES, 5, None);
        for words in [
            "Lowest, or not told from the lowest: T with one point, R with 2 to 4 points.",
            "It turns over at 2 points: R 0.30 +- 0.040, T 0.55 +- 0.030 (+0.25, 95 % from",
            "T has the lowest loss after one point: 1.35 +- 0.010.",
            "R has the lowest loss after 4 points: 0.020 +- 0.010.",
        ] {
            assert!(text.contains(words), "{words}: {text}");
        }
        assert!(!text.contains("step"), "nothing of it is of steps: {text}");
        let short =
            with(&LOSSES, 5, |findings| findings.leaders_in_short(&findings.compared[0], |_, _| 2.96));
        assert_eq!(short.as_deref(), Some("among the lowest: T K=1, R K=2-4"));
        // With the losses of the two exchanged the sentences are of the other.
        let text = said(&swapped(), 5, None);
        assert!(text.contains("R with one point, T with 2 to 4 points."), "{text}");
        // Where they overlap nothing turns over: who leads cannot be told from the lowest.
        let mut close = LOSSES;
        for (one, other) in [(0, 1), (1, 0)] {
            close[one].iter_mut().zip(LOSSES[other]).skip(2).for_each(|(ours, theirs)| {
                *ours = (0.5 * (ours.0 + theirs.0) + if one == 0 { 0.01 } else { 0.0 }, 0.1);
            });
        }
        let text = said(&close, 5, None);
        assert!(text.contains("Lowest, or not told from the lowest: T with 1 to 4 points."), "{text}");
        assert!(!text.contains("turns over"), "{text}");
    }

    #[test]
    fn who_was_trained_with_other_numbers_of_points_is_said_to_be() {
        let mut losses = LOSSES;
        losses.swap(0, 3);
        let text = said(&losses, 5, None);
        // M is trained with ten points and is the lowest with one.
        assert!(text.contains("M 0.55 +- 0.030, trained with 10 points (+0.25"), "{text}");
        assert!(text.contains("It turns over at 2 points: R 0.30 +- 0.040, M"), "{text}");
    }

    #[test]
    fn the_floor_is_held_against_the_lowest() {
        let text = said(&LOSSES, 5, Some([2.96, 1.27, 0.0, 0.0, 0.0]));
        let words =
            "The Bayes floor is 1.27 after one point; T is above it by 0.080 (95 % from 0.068 to 0.092).";
        assert!(text.contains(words) && text.contains("From 2 points on the Bayes floor is 0"), "{text}");
        let text = said(&LOSSES, 5, Some([2.96, 1.345, 0.31, 0.1, 0.019]));
        assert!(text.contains("T cannot be told from it by its seeds: 0.0050 (95 % from -0.0"), "{text}");
        assert!(text.contains("The Bayes floor is 0.019 after 4 points; R cannot be told"), "{text}");
        assert!(!text.contains("is 0: the task"), "{text}");
        assert!(!said(&LOSSES, 5, None).contains("floor"));
    }

    #[test]
    fn of_single_seeds_and_of_what_has_not_learned_nothing_is_claimed() {
        assert_eq!(
            said(&LOSSES, 1, Some([2.96, 1.27, 0.0, 0.0, 0.0])),
            "Of these networks, one seed each, the lowest are that of T after one point (1.35) and that of R after 4 \
             points (0.020). That says nothing of the systems."
        );
        let flat = [[(2.96, 0.05); 5], [(2.97, 0.05); 5], [(2.95, 0.05); 5], [(2.99, 0.05); 5]];
        let text = said(&flat, 5, None);
        assert!(
            text.contains("Not even that is for sure below the best guess") && !text.contains("Lowest,"),
            "{text}"
        );
    }

    #[test]
    fn features_of_either_sign_are_told_with_the_figures_of_the_two_that_differ_in_nothing_else() {
        let of = |losses, index| with(losses, 5, |findings| findings.features(index));
        let text = of(&LOSSES, 1).expect("R beside N");
        let words = "After one point it is at 1.39 +- 0.010, lower than N at 2.84 +- 0.060 (+1.45, 95 % from";
        assert!(text.starts_with(words) && text.contains("one way only"), "{text}");
        assert!([0, 2, 3].iter().all(|index| of(&LOSSES, *index).is_none()));
        // Where the figures do not say so, the reason is not given.
        let mut losses = LOSSES;
        losses.swap(1, 2);
        let text = of(&losses, 1).expect("R beside N");
        assert!(text.contains("higher than N") && !text.contains("one way only"), "{text}");
    }
}
