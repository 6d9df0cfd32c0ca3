//! The training of an experiment as the panes over training have it, and at which moments it is looked at.

use crate::analysis::Marks;

/// Moments of a training that are looked at.
const LOOKS: usize = 24;

/// The training of an experiment, seed by seed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Course {
    /// The seeds: which, and what is known of it, by step.
    pub seeds: Vec<(u64, Vec<(u64, Marks)>)>,
    /// Over so many test tasks.
    pub tasks: usize,
    /// The loss of the best guess without points on these.
    pub prior: f64,
    /// Inner steps of its training, at least one.
    pub inner_steps: usize,
}

/// Which of so many landmarks are looked at: the first and the last before those between them, each time in halves.
pub fn looks(all: usize) -> Vec<usize> {
    let some = LOOKS.min(all);
    let place = |look: usize| if some < 2 { 0 } else { look * (all - 1) / (some - 1) };
    let mut looks: Vec<usize> = (0..some).collect();
    // The larger the power of two that a number holds, the sooner.
    looks.sort_by_key(|look| (*look != 0 && look + 1 != some, std::cmp::Reverse(look.trailing_zeros())));
    looks.into_iter().map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_coarse_picture_comes_first_and_every_look_once() {
        for all in 0..300 {
            let mut looks = super::looks(all);
            assert_eq!(looks.len(), all.min(LOOKS), "{all}");
            if all > 1 {
                assert!(looks[..2].contains(&0) && looks[..2].contains(&(all - 1)), "{looks:?}");
            }
            looks.sort_unstable();
            looks.dedup();
            assert_eq!(looks.len(), all.min(LOOKS), "{all}: {looks:?}");
        }
    }
}
