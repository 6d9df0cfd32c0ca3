//! What is compared with what, on small studies made by hand.

use crate::eval::{Average, Curve, Curves, LossAxis};
use crate::experiments::{Study, parse};
use crate::results::comparison::{compare::blows_up, *};
use crate::results::{Outcome, Ran};

/// A curve over 100 tasks with this mean at n = 0 and 1; its losses vary by as much as they are large.
pub(super) fn curve(mean: f64) -> Curve {
    let two = |value: f64| vec![value; 2];
    Curve {
        steps: vec![0, 1],
        mean: two(mean),
        median: two(mean),
        ci95: two(0.196 * mean),
        nonfinite: two(if mean.is_finite() { 0.0 } else { 1.0 }),
        tasks: 100,
        points: None,
        calibration: None,
    }
}

/// A study of these experiments, each with lines of its own.
pub(super) fn study(experiments: &[(&str, &str)]) -> Study {
    let tables = experiments.iter().map(|(name, more)| {
        format!("[[experiment]]\nname = \"{name}\"\nalgorithm = \"maml\"\ninner_lr = 0.01\n{more}\n")
    });
    parse("x", None, &tables.collect::<String>()).unwrap_or_else(|problems| panic!("{problems}"))
}

/// Every seed's curves, experiment by experiment.
pub(super) type Told = Vec<Vec<(u64, Curves)>>;

/// These losses, one a seed from 0.
pub(super) fn told(losses: &[&[f64]]) -> Told {
    let seeds =
        |losses: &&[f64]| (0..).zip(losses.iter().map(|loss| Curves::from(curve(*loss)))).collect::<Vec<_>>();
    losses.iter().map(seeds).collect()
}

pub(super) fn outcomes<'a>(study: &'a Study, told: &'a Told) -> Vec<Outcome<'a>> {
    let outcome = |(settings, runs): (&'a _, &'a Vec<(u64, Curves)>)| Outcome {
        settings,
        runs: runs.iter().map(|(seed, curves)| Ran { seed: *seed, curves, failure: None }).collect(),
        axis: LossAxis::Steps,
    };
    study.experiments.iter().zip(told).map(outcome).collect()
}

#[test]
fn only_what_was_tested_on_the_same_tasks_is_compared() {
    let study = study(&[
        ("A", ""),
        ("Long wave", "task = { amplitude = [0.1, 1.0] }"),
        ("B", "task = { query = 5 }\nevaluation = { inner_lr = 0.1 }"),
        ("Few", "task = { shots = 5 }"),
        ("C", ""),
        ("D", "task = { amplitude = [0.1, 1.0] }"),
        ("Drawn", "task = { shots = [0, 10] }"),
    ]);
    let told =
        told(&[&[1.0, 1.1], &[0.1, 0.2], &[2.0, 2.1], &[3.0, 3.1], &[0.9, 1.4], &[0.3, 0.5], &[4.0, 4.1]]);
    let outcomes = outcomes(&study, &told);
    let compared = compare(&outcomes, None, Average::Mean);
    let members: Vec<&[usize]> = compared.iter().map(|one| one.group.members.as_slice()).collect();
    assert_eq!(members, [&[0, 2, 4, 6][..], &[1, 5], &[3]], "however many points training has");
    let titles: Vec<&str> = compared.iter().map(|one| one.group.title.as_str()).collect();
    assert_eq!(
        titles,
        ["amplitude [0.1,5], shots 10", "amplitude [0.1,1], shots 10", "amplitude [0.1,5], shots 5"]
    );
    let first = compared[0].at(1).expect("three systems");
    assert_eq!(
        (first.lowest, first.others.len()),
        (0, 3),
        "not the one with other tasks, which is far lower"
    );
    assert_eq!(compared[2].at(1), None, "there is nothing to compare it with");
    assert_eq!(compare_two(&outcomes, [0, 1], (None, 1, Average::Mean)), None);
    assert_eq!(groups(&outcomes[..1], None)[0].title, "", "alone it has nothing to be told from");
}

#[test]
fn the_best_set_is_all_that_cannot_be_told_from_the_lowest() {
    let study = study(&[("A", ""), ("B", ""), ("C", ""), ("D", ""), ("E", "")]);
    let near = [1.0, 1.3, 0.9, 1.1, 1.2];
    let above = near.map(|loss| loss + 0.5);
    let told = told(&[&near.map(|loss| loss * loss), &near, &above, &[0.5], &[f64::NAN; 5]]);
    let outcomes = outcomes(&study, &told);
    let compared = compare(&outcomes, None, Average::Mean);
    let at = compared[0].at(1).expect("five systems");
    assert_eq!(at.lowest, 1, "of a single seed nothing is said, though it is the lowest");
    assert_eq!(at.best_set().into_iter().collect::<Vec<_>>(), [0, 1]);
    let standings: Vec<Standing> = at.others.iter().map(|other| other.difference.standing).collect();
    use Standing::{CannotTell, Higher};
    assert_eq!(standings, [CannotTell, Higher, CannotTell, Higher]);
    assert_eq!(at.others[3].difference.mean, None);
    let alone = self::told(&[&[2.0], &[1.0], &[1.0], &[1.0], &[1.0]]);
    let outcomes = self::outcomes(&study, &alone);
    let at = &compare(&outcomes[..2], None, Average::Mean)[0];
    let at = at.at(0).expect("two systems");
    assert_eq!((at.lowest, at.best_set().len()), (1, 0), "of one seed each nothing is said");
}

#[test]
fn where_somebody_has_no_answer_he_is_not_ranked() {
    let study = study(&[("A", ""), ("B", ""), ("C", "")]);
    let mut told = told(&[&[1.0, 1.1, 1.2], &[0.1, 0.2, 0.3], &[2.0, 2.1, 2.2]]);
    // One seed of B, the lowest of all, was not answered for after one step.
    let mut curve = curve(0.2);
    (curve.mean[1], curve.median[1], curve.ci95[1]) = (f64::NAN, f64::NAN, f64::NAN);
    told[1][1].1 = Curves::from(curve);
    let outcomes = outcomes(&study, &told);
    let compared = compare(&outcomes, None, Average::Mean);
    assert_eq!(compared[0].at(0).expect("three systems").lowest, 1);
    let at = compared[0].at(1).expect("two systems");
    assert_eq!((&at.group[..], at.lowest, at.over), (&[0, 2][..], 0, Average::Mean), "nothing blows up");
    assert_eq!(at.best_set().into_iter().collect::<Vec<_>>(), [0]);
    assert!(compare_two(&outcomes, [0, 1], (None, 1, Average::Mean)).is_none());
    assert!(compare_two(&outcomes, [0, 1], (None, 0, Average::Mean)).is_some());
    for (subject, there) in [(0, [true, false, true, true]), (1, [true, false, true, false])] {
        let against = contrasts(&outcomes, subject, None, Average::Mean).expect("there are others").others;
        let found: Vec<bool> = against.iter().flat_map(|(_, at)| at.iter().map(Option::is_some)).collect();
        assert_eq!(found, there, "{subject}");
    }
    let over = outcomes[1].over(None, Average::Mean).expect("it has curves");
    assert!(over.is_answered(0) && !over.is_answered(1));
    assert_eq!(
        (over.nonfinite[1], over.lost[1], over.half_width(1).is_some_and(f64::is_finite)),
        (0.0, 0, false)
    );
}

#[test]
fn where_tasks_blow_up_medians_are_compared() {
    let study = study(&[("A", ""), ("B", "")]);
    let mut told = told(&[&[1.0, 1.1, 1.2], &[5.0, 5.1, 5.2]]);
    // Of the second seed of A one task in a hundred carries the mean after one step, and no median shows it.
    let losses: Vec<f64> = (0..100).flat_map(|task| [1.0, if task == 7 { 1e4 } else { 0.9 }]).collect();
    let blown = crate::eval::statistics(&losses, 1);
    assert!(!blows_up(&blown, 0) && blows_up(&blown, 1));
    told[0][1].1 = Curves::from(blown);
    let outcomes = outcomes(&study, &told);
    let compared = compare(&outcomes, None, Average::Mean);
    let (before, after) = (compared[0].at(0).expect("two"), compared[0].at(1).expect("two"));
    assert_eq!((before.over, before.lowest), (Average::Mean, 0));
    assert_eq!((after.over, after.lowest), (Average::Median, 0));
    assert_eq!(after.others[0].difference.standing, Standing::Higher);
    // A table whose means are marked by medians says where.
    let words = "* at n=1 by medians over tasks, since some tasks blow up";
    let table = |average| crate::results::tables(&outcomes, average, Default::default())[0].to_string();
    assert!(table(Average::Mean).contains(words), "{}", table(Average::Mean));
    assert!(!table(Average::Median).contains("medians over"), "{}", table(Average::Median));
    // The worst 1 % carrying half of the mean is enough, however the rest lies.
    let carried = |share: f64| {
        let rest = 99.0 * (1.0 - share) / share;
        let losses: Vec<f64> = (0..100).map(|task| if task == 0 { 99.0 } else { rest / 99.0 }).collect();
        blows_up(&crate::eval::statistics(&losses, 0), 0)
    };
    assert!(carried(0.501) && !carried(0.4));
    // A mean that leaves tasks out is none.
    let lost = crate::eval::statistics(&[1.0, f64::NAN, 1.0, 1.0], 0);
    assert!(blows_up(&lost, 0));
}

#[test]
fn a_thousand_cells_are_compared_at_every_step() {
    let names: Vec<String> = (0..1_000).map(|cell| format!("c{cell}")).collect();
    let study = study(&names.iter().map(|name| (name.as_str(), "")).collect::<Vec<_>>());
    let told: Told = (0..1_000)
        .map(|cell| {
            let curve = |seed: u64| {
                let losses: Vec<f64> = (0..33)
                    .map(|n| 1.0 + f64::from(cell) * 0.1 + ((seed * 7 + n) % 5) as f64 * 0.01)
                    .collect();
                let same = vec![0.0; 33];
                let curve = Curve {
                    steps: (0..33).collect(),
                    median: losses.clone(),
                    ci95: same.clone(),
                    nonfinite: same,
                    mean: losses,
                    tasks: 9,
                    points: None,
                    calibration: None,
                };
                (seed, Curves::from(curve))
            };
            (0..10).map(curve).collect()
        })
        .collect();
    let outcomes = outcomes(&study, &told);
    let compared = compare(&outcomes, None, Average::Mean);
    let last = compared[0].at(32).expect("a thousand systems");
    assert_eq!((last.lowest, last.others.len(), last.best_set().len()), (0, 999, 1));
}
