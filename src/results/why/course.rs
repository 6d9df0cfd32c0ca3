//! The training of an experiment as the panes over training have it, and at which moments it is looked at.

use crate::analysis::{Marks, to_halfway};

/// Moments of a training that are looked at.
const LOOKS: usize = 24;

/// The looks at one seed, in the order of their steps.
pub type Looks = Vec<(u64, Marks)>;

/// The training of an experiment, seed by seed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Course {
    /// The seeds: which, and what is known of it, by step.
    pub seeds: Vec<(u64, Looks)>,
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

/// The looks at which the alignment and the loss after the inner steps have come halfway.
pub fn halfway(looks: &[(u64, Marks)]) -> [Option<usize>; 2] {
    let of = |of: fn(&Marks) -> f64, rises| {
        to_halfway(&looks.iter().map(|(_, marks)| of(marks)).collect::<Vec<f64>>(), rises)
    };
    [of(|marks| marks.alignment, true), of(|marks| marks.after, false)]
}

/// Which landmark is to be looked at next for it to be told what has come halfway first: the middle one of those since
/// the look before. `None` once there is none between, so that what is still the same cannot be told apart.
pub fn closer(landmarks: &[u64], looks: &[(u64, Marks)]) -> Option<usize> {
    let between = |place: usize| {
        let from = landmarks.partition_point(|step| *step <= looks[place - 1].0);
        let to = landmarks.partition_point(|step| *step < looks[place].0);
        (from < to).then(|| from + (to - from) / 2)
    };
    halfway(looks).into_iter().flatten().filter(|place| *place > 0).find_map(between)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_first_is_found_between_the_looks_in_a_few_more() {
        let landmarks: Vec<u64> = (0..200).map(|landmark| 7 * landmark).collect();
        // One has come halfway at landmark 101, the other two later, or at the same one.
        for apart in [2, 0] {
            let at = |landmark: usize| {
                let risen = |at: usize| if landmark >= at { 0.6 } else { 0.1 };
                let (alignment, after) = (risen(101), 4.5 * (1.0 - risen(101 + apart)));
                let marks = Marks {
                    before: 4.5,
                    after,
                    alignment,
                    negative: 0.0,
                    linear_share: 1.0,
                    head: 1.0,
                    dead: Vec::new(),
                    cosines: [1.0; 3],
                    support: 1.0,
                };
                (landmarks[landmark], marks)
            };
            let mut known: Looks = super::looks(200).into_iter().map(at).collect();
            known.sort_by_key(|(step, _)| *step);
            let coarse = halfway(&known);
            assert_eq!(coarse[0], coarse[1], "the first looks do not tell them apart");
            let mut more = 0;
            while let Some(landmark) = closer(&landmarks, &known) {
                let place = known.partition_point(|(step, _)| *step < landmarks[landmark]);
                assert_ne!(known.get(place).map(|(step, _)| *step), Some(landmarks[landmark]), "once");
                known.insert(place, at(landmark));
                more += 1;
            }
            assert!((1..=8).contains(&more), "{more}");
            let found = halfway(&known).map(|place| known[place.expect("it moves")].0);
            assert_eq!(found, [landmarks[101], landmarks[101 + apart]]);
        }
        assert_eq!(closer(&landmarks, &[]), None);
    }

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
