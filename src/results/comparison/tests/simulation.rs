//! The rules held to what they promise: studies are drawn in which nothing differs, and the claims that something does
//! are counted. Then studies in which something does.

use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng};
use rand_distr::{Distribution, StandardNormal};

use super::rules::{curve, study};
use crate::eval::{Average, Curves, LossAxis, statistics};
use crate::experiments::Study;
use crate::results::comparison::*;
use crate::results::{Outcome, Ran};

/// Studies of each kind.
const STUDIES: usize = 4_000;
/// Share of them that may claim a difference that is not there.
const MOST: f64 = 0.06;

/// What a seed's loss is drawn from.
#[derive(Clone, Copy, Debug)]
enum Kind {
    /// Normal with this mean and standard deviation.
    Normal(f64, f64),
    /// Log-normal with sigma 1.
    LogNormal,
    /// The mean over a hundred tasks, of which one in 200 is blown up by up to six powers of ten.
    BlownUp,
}

impl Kind {
    fn draw(self, random: &mut ChaCha8Rng) -> Curves {
        fn normal(random: &mut ChaCha8Rng) -> f64 {
            StandardNormal.sample(random)
        }
        Curves::from(match self {
            Self::Normal(mean, std) => curve(mean + std * normal(random)),
            Self::LogNormal => curve(normal(random).exp()),
            Self::BlownUp => {
                let level = (0.3 * normal(random)).exp();
                let task = |_| {
                    let loss = level * (0.5 * normal(random)).exp();
                    let is_blown_up = random.random_bool(1.0 / 200.0);
                    if is_blown_up { loss * 10_f64.powf(random.random_range(0.0..6.0)) } else { loss }
                };
                statistics(&(0..100).map(task).collect::<Vec<f64>>(), 0)
            }
        })
    }
}

/// A study in which systems of these kinds have these seeds.
fn drawn(systems: &[(Kind, std::ops::Range<u64>)], random: &mut ChaCha8Rng) -> Vec<Vec<(u64, Curves)>> {
    systems
        .iter()
        .map(|(kind, seeds)| seeds.clone().map(|seed| (seed, kind.draw(random))).collect())
        .collect()
}

/// Share of studies of these systems of whose comparison this holds.
fn share(
    study: &Study,
    systems: &[(Kind, std::ops::Range<u64>)],
    holds: impl Fn(&Comparison) -> bool,
) -> f64 {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let mut found = 0;
    for _ in 0..STUDIES {
        let told = drawn(systems, &mut random);
        let outcomes: Vec<Outcome<'_>> = study
            .experiments
            .iter()
            .zip(&told)
            .map(|(settings, runs)| Outcome {
                settings,
                runs: runs.iter().map(|(seed, curves)| Ran { seed: *seed, curves, failure: None }).collect(),
                axis: LossAxis::Steps,
            })
            .collect();
        let compared = compare(&outcomes, None, Average::Mean);
        found += usize::from(holds(compared[0].at(0).expect("there are results")));
    }
    found as f64 / STUDIES as f64
}

fn differ(comparison: &Comparison) -> bool {
    comparison.others[0].difference.standing == Standing::Higher
}

#[test]
fn equal_systems_are_seldom_told_apart() {
    let study = study(&[("A", ""), ("B", "")]);
    for kind in [Kind::Normal(1.0, 0.2), Kind::LogNormal, Kind::BlownUp] {
        // The same seeds, other seeds, and more of them.
        for (one, other) in [
            (0..2, 0..2),
            (0..3, 0..3),
            (0..5, 0..5),
            (0..10, 0..10),
            (0..20, 0..20),
            (0..2, 2..4),
            (0..3, 3..6),
            (0..5, 5..10),
            (0..20, 20..40),
            (0..2, 0..3),
            (0..2, 0..20),
            (0..3, 0..20),
            (0..5, 0..20),
            (0..10, 0..20),
        ] {
            let systems = [(kind, one), (kind, other)];
            let claimed = share(&study, &systems, differ);
            assert!(claimed <= MOST, "{systems:?}: {claimed}");
        }
    }
}

#[test]
fn a_real_difference_is_found() {
    let study = study(&[("MAML", ""), ("First-order MAML", "")]);
    // The shipped file's spread over seeds after ten steps.
    let kinds = [Kind::Normal(0.75, 0.26), Kind::Normal(1.16, 0.42)];
    for other in [0..20, 20..40] {
        let found = share(&study, &[(kinds[0], 0..20), (kinds[1], other.clone())], differ);
        assert!(found >= 0.9, "{other:?}: {found}");
    }
}

#[test]
fn the_truly_best_is_seldom_left_out() {
    let names: Vec<String> = (0..12).map(|at| format!("S{at}")).collect();
    let study = study(&names.iter().map(|name| (name.as_str(), "")).collect::<Vec<_>>());
    let every: &[u64] = &[2, 3, 5, 10, 20];
    // Of the last kind medians are compared; a study takes a hundred times as long to draw.
    for (kind, seeds) in
        [(Kind::Normal(1.0, 0.2), every), (Kind::LogNormal, every), (Kind::BlownUp, &[2, 5, 10])]
    {
        for &seeds in seeds {
            let systems = vec![(kind, 0..seeds); 12];
            let left_out = share(&study, &systems, |comparison| !comparison.best_set().contains(&3));
            assert!(left_out <= MOST, "{kind:?}, {seeds} seeds: {left_out}");
        }
    }
}
