//! How losses are spread over test tasks: the share of the tasks whose loss is at most tau, for every tau.

use super::text::{number, width};
use crate::eval::{mean_and_deviation, median};

/// Places on the axis of tau.
const PLACES: usize = 121;

/// A system's distribution over tasks, over its seeds.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// Losses, ascending.
    pub taus: Vec<f64>,
    /// Mean over seeds of the share of tasks with a loss of at most that.
    pub mean: Vec<f64>,
    /// Its sample standard deviation over seeds.
    pub std: Vec<f64>,
    /// The smallest and the largest share of a seed.
    pub ends: Vec<[f64; 2]>,
}

impl Profile {
    /// Where profiles of these losses are looked at: evenly on a logarithmic axis, from where next to nothing is left to
    /// where next to all is, whatever the few that explode.
    pub fn taus(losses: impl Iterator<Item = f64>) -> Vec<f64> {
        let mut losses: Vec<f64> = losses.filter(|loss| loss.is_finite() && *loss > 0.0).collect();
        losses.sort_by(f64::total_cmp);
        let at = |share: f64| losses.get((share * losses.len() as f64) as usize).or(losses.last()).copied();
        let (low, high) = (at(0.005).unwrap_or(0.1), at(0.995).unwrap_or(10.0));
        let (low, high) = (low, high.max(10.0 * low));
        let place = |at: usize| low * (high / low).powf(at as f64 / (PLACES - 1) as f64);
        (0..PLACES).map(place).collect()
    }

    /// Of the losses of every seed on every task. One that is not finite is above every tau.
    pub fn of<L: AsRef<[f64]>>(seeds: &[L], taus: &[f64]) -> Self {
        let sorted = |losses: &[f64]| {
            let mut losses: Vec<f64> = losses.iter().copied().filter(|loss| loss.is_finite()).collect();
            losses.sort_by(f64::total_cmp);
            losses
        };
        let of = seeds.iter().map(AsRef::as_ref);
        let of: Vec<(Vec<f64>, usize)> = of.map(|losses| (sorted(losses), losses.len())).collect();
        let mut profile = Self { taus: taus.to_vec(), mean: vec![], std: vec![], ends: vec![] };
        for tau in taus {
            let share = |(losses, all): &(Vec<f64>, usize)| {
                losses.partition_point(|loss| loss <= tau) as f64 / (*all).max(1) as f64
            };
            let shares: Vec<f64> = of.iter().map(share).collect();
            let (mean, std) = mean_and_deviation(&shares);
            profile.mean.push(mean);
            profile.std.push(std);
            let low = shares.iter().copied().fold(f64::INFINITY, f64::min);
            profile.ends.push([low, shares.iter().copied().fold(f64::NEG_INFINITY, f64::max)]);
        }
        profile
    }
}

/// The same in figures, each the mean over seeds.
#[derive(Clone, Debug, PartialEq)]
pub struct Spread {
    /// The median over tasks.
    pub median: f64,
    /// What nine in ten tasks have at most.
    pub most: f64,
    /// The share of the summed loss that the hardest tenth of the tasks has.
    pub hardest: f64,
    /// The largest number of tasks of a seed without a finite loss; the figures are of the others.
    pub lost: usize,
    /// Tasks.
    pub tasks: usize,
    /// Seeds.
    pub seeds: usize,
}

impl Spread {
    /// Of the losses of every seed on every task; `None` where a seed has no finite loss.
    pub fn of<L: AsRef<[f64]>>(seeds: &[L]) -> Option<Self> {
        let mut spread = Self { median: 0.0, most: 0.0, hardest: 0.0, lost: 0, tasks: 0, seeds: seeds.len() };
        for losses in seeds.iter().map(AsRef::as_ref) {
            let mut finite: Vec<f64> = losses.iter().copied().filter(|loss| loss.is_finite()).collect();
            finite.sort_by(f64::total_cmp);
            // As many tasks as nine in ten are at least.
            let nine = (finite.len() * 9).div_ceil(10);
            let hardest: f64 = finite[nine..].iter().sum();
            let all: f64 = finite[..nine].iter().sum::<f64>() + hardest;
            spread.median += median(&finite);
            spread.most += *finite.get(nine.checked_sub(1)?)?;
            spread.hardest += if all > 0.0 { hardest / all } else { 0.0 };
            spread.lost = spread.lost.max(losses.len() - finite.len());
            spread.tasks = losses.len();
        }
        let seeds = seeds.len() as f64;
        (spread.median, spread.most, spread.hardest) =
            (spread.median / seeds, spread.most / seeds, spread.hardest / seeds);
        (spread.seeds > 0).then_some(spread)
    }

    /// In a sentence; of this system alone, since nothing follows from it for two. Where there is little room, in fewer words.
    pub fn said(&self, name: &str, room: usize) -> String {
        let Self { lost, tasks, seeds, .. } = self;
        let (median, most) = (number(self.median), number(self.most));
        let share = (100.0 * self.hardest).round();
        let lost = match lost {
            0 => String::new(),
            lost => format!("; without a finite loss up to {lost} of {tasks} tasks"),
        };
        let seeds = if *seeds == 1 { "1 seed".to_owned() } else { format!("{seeds} seeds") };
        let long = format!(
            "{name}: half of the tasks at most {median}, nine in ten at most {most}; the hardest tenth has {share} % of \
             the whole loss ({seeds}){lost}"
        );
        let short = format!("{name}: half at most {median}, nine in ten {most}");
        let middle = format!("{short}; hardest tenth {share} % of the loss{lost}");
        let fits = |text: &String| width(text) <= room;
        [long, middle].into_iter().find(fits).unwrap_or(short + &lost)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spread_is_of_every_seed_by_itself() {
        // 20 tasks: 1, 2, .., 20, and the same ten times as high.
        let one: Vec<f64> = (1..=20).map(f64::from).collect();
        let ten: Vec<f64> = one.iter().map(|loss| 10.0 * loss).collect();
        let spread = Spread::of(&[one.clone(), ten]).expect("finite");
        assert_eq!((spread.median, spread.most), (0.5 * (10.5 + 105.0), 0.5 * (18.0 + 180.0)));
        assert!((spread.hardest - 39.0 / 210.0).abs() < 1e-12, "19 and 20 of 210: {spread:?}");
        let said = spread.said("MAML", 200);
        assert!(said.starts_with("MAML: half of the tasks at most 57"), "{said}");
        assert!(said.ends_with("has 19 % of the whole loss (2 seeds)"), "{said}");
        assert!(spread.said("MAML", 60).starts_with("MAML: half at most 57"), "{}", spread.said("MAML", 60));
        // One task that blew up carries it all, and one without a finite loss is told.
        let heavy: Vec<f64> = (0..20).map(|task| if task == 7 { 1e6 } else { 1.0 }).collect();
        assert!(
            Spread::of(&[heavy])
                .expect("finite")
                .said("X", 200)
                .contains("has 100 % of the whole loss (1 seed)")
        );
        let lost: Vec<f64> = (0..20).map(|task| if task == 7 { f64::NAN } else { 1.0 }).collect();
        let said = Spread::of(&[one, lost]).expect("some are finite").said("X", 200);
        assert!(said.ends_with("; without a finite loss up to 1 of 20 tasks"), "{said}");
        assert_eq!(Spread::of(&[vec![f64::NAN; 3]]), None);
        assert_eq!(Spread::of::<Vec<f64>>(&[]), None);
    }

    #[test]
    fn shares_are_of_all_tasks() {
        let seeds = [vec![1.0, 2.0, f64::NAN, 8.0], vec![2.0, 2.0, 4.0, f64::INFINITY]];
        let profile = Profile::of(&seeds, &[0.5, 2.0, 100.0]);
        assert_eq!(profile.mean, [0.0, 0.5, 0.75], "what is not finite never counts");
        assert_eq!(Profile::of(&[vec![1.0], vec![3.0]], &[2.0]).ends, [[0.0, 1.0]]);
        let taus = Profile::taus((0..1_000).map(|i| if i == 0 { 1e30 } else { f64::from(i) }));
        assert!(taus[0] > 1.0 && taus[PLACES - 1] < 1e4 && taus.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
