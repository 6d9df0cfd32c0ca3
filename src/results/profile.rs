//! How losses are spread over test tasks: the share of the tasks whose loss is at most tau, for every tau.

use crate::eval::mean_and_deviation;

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
    pub fn of(seeds: &[Vec<f64>], taus: &[f64]) -> Self {
        let sorted = |losses: &Vec<f64>| {
            let mut losses: Vec<f64> = losses.iter().copied().filter(|loss| loss.is_finite()).collect();
            losses.sort_by(f64::total_cmp);
            losses
        };
        let of: Vec<(Vec<f64>, usize)> = seeds.iter().map(|losses| (sorted(losses), losses.len())).collect();
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

#[cfg(test)]
mod tests {
    use super::*;

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
