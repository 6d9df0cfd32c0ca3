//! Systems held against the lowest of those that were tested on the same tasks, at every n.

use std::collections::BTreeSet;

use super::difference::{Difference, Losses, Quantiles, Standing, difference};
use super::groups::{Group, groups};
use crate::eval::{Average, Curve};
use crate::results::outcome::{Outcome, Ran};

/// The systems that were tested on the same tasks, compared at every n.
#[derive(Clone, Debug)]
pub struct Compared {
    /// Who they are, and on which tasks.
    pub group: Group,
    /// By n; `None` where fewer than two have results.
    at: Vec<Option<Comparison>>,
}

/// The systems of a group held against the lowest of them after n steps.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// Those that have a result there, by their place among the outcomes.
    pub group: Vec<usize>,
    /// The one with the lowest loss.
    pub lowest: usize,
    /// What the losses are over tasks.
    pub over: Average,
    /// The others, in the order of the group.
    pub others: Vec<Against>,
}

/// A system held against the lowest one.
#[derive(Clone, Debug, PartialEq)]
pub struct Against {
    /// Its place among the outcomes.
    pub experiment: usize,
    /// By how much it is higher.
    pub difference: Difference,
}

impl Compared {
    /// After n steps.
    pub fn at(&self, n: usize) -> Option<&Comparison> {
        self.at.get(n)?.as_ref()
    }
}

impl Compared {
    /// Those of these n at which medians are compared although means are shown, since some tasks blow up.
    pub fn by_medians(&self, steps: &[usize], shown: Average) -> Vec<usize> {
        let differs = |n: &usize| self.at(*n).is_some_and(|at| at.over != shown && !at.best_set().is_empty());
        steps.iter().copied().filter(differs).collect()
    }
}

impl Comparison {
    /// The lowest and all that cannot be told from it; empty where nothing is known of any difference.
    pub fn best_set(&self) -> BTreeSet<usize> {
        let known = |against: &&Against| against.difference.is_known();
        if self.others.iter().filter(known).count() == 0 {
            return BTreeSet::new();
        }
        let equal = self.others.iter().filter(known);
        let equal = equal.filter(|against| against.difference.standing == Standing::CannotTell);
        let with_interval = equal.filter(|against| against.difference.interval.is_some());
        with_interval.map(|against| against.experiment).chain([self.lowest]).collect()
    }

    /// How a system stands to the lowest one; `None` of the lowest itself and of what is not compared.
    pub fn against(&self, experiment: usize) -> Option<&Difference> {
        self.others.iter().find(|against| against.experiment == experiment).map(|against| &against.difference)
    }
}

/// The comparisons on a test set, a group each; those of a single system have none.
pub fn compare(outcomes: &[Outcome<'_>], test: Option<&str>, average: Average) -> Vec<Compared> {
    let compared = |group: Group| {
        let systems: Vec<System<'_>> =
            group.members.iter().filter_map(|index| System::of(*index, &outcomes[*index], test)).collect();
        let points = systems.iter().map(|system| system.points).max().unwrap_or(0);
        let mut quantiles = Quantiles::default();
        let at = (0..points).map(|n| compare_at(&systems, n, average, &mut quantiles)).collect();
        Compared { group, at }
    };
    groups(outcomes, test).into_iter().map(compared).collect()
}

/// How one system stands to another after n steps, each named beforehand: at 95 %. `None` where they were tested on
/// other tasks or have no result there.
pub fn compare_two(
    outcomes: &[Outcome<'_>],
    [one, other]: [usize; 2],
    (test, n, average): (Option<&str>, usize, Average),
) -> Option<(Difference, Average)> {
    let tasks = |index: usize| outcomes[index].tasks(test);
    if tasks(one)? != tasks(other)? {
        return None;
    }
    let system = |index: usize| System::of(index, &outcomes[index], test).filter(|system| system.is_at(n));
    let systems = [system(one)?, system(other)?];
    let over = average_at(&systems, n, average);
    let [one, other] = &systems;
    let [one, other] = [one.losses(n, over), other.losses(n, over)];
    Some((difference(&one, &other, &mut Quantiles::of(2)), over))
}

/// One system held against each other one of its group, at every n that it has.
#[derive(Clone, Debug, PartialEq)]
pub struct Contrasts {
    /// The one, by its place among the outcomes.
    pub subject: usize,
    /// What losses are over tasks, by n.
    pub over: Vec<Average>,
    /// The others, each with how much higher it is, by n; `None` where it has no result.
    pub others: Vec<(usize, Vec<Option<Difference>>)>,
}

/// A system held against all others that were tested on the same tasks; `None` where it has no result or there are no
/// others. All intervals at an n hold together, so it may be picked by looking.
pub fn contrasts(
    outcomes: &[Outcome<'_>],
    subject: usize,
    test: Option<&str>,
    average: Average,
) -> Option<Contrasts> {
    let group = groups(outcomes, test).into_iter().find(|group| group.members.contains(&subject))?;
    let systems: Vec<System<'_>> =
        group.members.iter().filter_map(|index| System::of(*index, &outcomes[*index], test)).collect();
    let one = systems.iter().find(|system| system.index == subject)?;
    let over: Vec<Average> = (0..one.points).map(|n| average_at(&systems, n, average)).collect();
    let others = systems.iter().filter(|system| system.index != subject);
    let mut others: Vec<(usize, Vec<Option<Difference>>)> =
        others.map(|system| (system.index, Vec::with_capacity(one.points))).collect();
    let mut quantiles = Quantiles::default();
    for (n, over) in over.iter().enumerate() {
        let losses = one.losses(n, *over);
        quantiles.are_of(systems.iter().filter(|system| system.is_at(n)).count());
        let rest = systems.iter().filter(|system| system.index != subject);
        for (system, (_, at)) in rest.zip(&mut others) {
            let held = |system: &System<'_>| difference(&losses, &system.losses(n, *over), &mut quantiles);
            at.push((one.is_at(n) && system.is_at(n)).then_some(system).map(held));
        }
    }
    (!others.is_empty()).then_some(Contrasts { subject, over, others })
}

/// An experiment with results on the test set.
struct System<'a> {
    index: usize,
    /// In order.
    seeds: Vec<u64>,
    /// One a seed; `None` where training diverged.
    curves: Vec<Option<&'a Curve>>,
    /// The n that all of its curves have.
    points: usize,
}

impl<'a> System<'a> {
    fn of(index: usize, outcome: &Outcome<'a>, test: Option<&str>) -> Option<Self> {
        let run = |run: &Ran<'a>| match outcome.curve(run, test) {
            Some(curve) => Some((run.seed, Some(curve))),
            None => run.has_diverged().then_some((run.seed, None)),
        };
        let mut runs: Vec<_> = outcome.runs.iter().filter_map(run).collect();
        runs.sort_by_key(|(seed, _)| *seed);
        let (seeds, curves): (Vec<u64>, Vec<Option<&Curve>>) = runs.into_iter().unzip();
        let points = curves.iter().flatten().map(|curve| curve.mean.len()).min()?;
        Some(Self { index, seeds, curves, points })
    }

    /// Whether it has a loss of every seed after n steps, finite or not: of somebody's answers there may be none.
    fn is_at(&self, n: usize) -> bool {
        n < self.points && self.curves.iter().flatten().all(|curve| curve.is_answered(n))
    }

    /// One a seed, infinite where it has none.
    fn losses(&self, n: usize, over: Average) -> Losses<'_> {
        let loss = |curve: &Option<&Curve>| curve.map_or(f64::INFINITY, |curve| over.of(curve)[n]);
        Losses { seeds: &self.seeds, losses: self.curves.iter().map(loss).collect() }
    }
}

/// Whether a few tasks carry the mean: some have no finite loss, or the losses' standard deviation is more than the
/// root of 24 times their mean. Wherever the worst 1 % of the tasks carry more than half of the mean it is: the mean
/// square is then at least 25 times the square of the mean, by Cauchy and Schwarz.
pub fn blows_up(curve: &Curve, n: usize) -> bool {
    let finite = curve.tasks as f64 * (1.0 - curve.nonfinite[n]);
    let deviation = curve.ci95[n] * finite.sqrt() / 1.96;
    let tame = curve.nonfinite[n] == 0.0 && deviation <= 24_f64.sqrt() * curve.mean[n];
    !tame
}

/// The average that these systems are compared by.
fn average_at(systems: &[System<'_>], n: usize, average: Average) -> Average {
    let mut curves = systems.iter().filter(|system| system.is_at(n)).flat_map(|system| &system.curves);
    if curves.any(|curve| curve.is_some_and(|curve| blows_up(curve, n))) { Average::Median } else { average }
}

fn compare_at(
    systems: &[System<'_>],
    n: usize,
    average: Average,
    quantiles: &mut Quantiles,
) -> Option<Comparison> {
    let over = average_at(systems, n, average);
    let systems = systems.iter().filter(|system| system.is_at(n));
    let losses: Vec<(usize, Losses<'_>)> =
        systems.map(|system| (system.index, system.losses(n, over))).collect();
    if losses.len() < 2 {
        return None;
    }
    // Of a single seed nothing is said, so it is the lowest only where all have one.
    let mean = |losses: &Losses<'_>| losses.mean().map(|mean| (losses.seeds.len() < 2, mean));
    let means = losses.iter().enumerate().filter_map(|(at, (_, losses))| Some((at, mean(losses)?)));
    let (lowest, _) = means.min_by(|(_, a), (_, b)| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)))?;
    quantiles.are_of(losses.len());
    let against = |(index, other): &(usize, Losses<'_>)| Against {
        experiment: *index,
        difference: difference(&losses[lowest].1, other, quantiles),
    };
    let lowest_index = losses[lowest].0;
    let mut others = losses.iter().filter(|(index, _)| *index != lowest_index);
    Some(Comparison {
        group: losses.iter().map(|(index, _)| *index).collect(),
        lowest: lowest_index,
        over,
        others: others.by_ref().map(against).collect(),
    })
}
