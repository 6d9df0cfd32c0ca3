//! The shipped experiments must give the published curves: 20 seeds of an independent implementation
//! (tests/reference/curves.json) judge what this program trains, with the notebook's settings and
//! nothing tuned.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::program::{Bench, events, numbers};
use serde_json::Value;

/// Where the curves are compared.
const AT: [usize; 6] = [0, 1, 2, 5, 10, 32];
/// The reference's seeds.
const REFERENCE_SEEDS: f64 = 20.0;
/// The spread of a test set's own mean: the reference's seeds had test sets of their own.
const TEST_SET_SPREAD: f64 = 0.025;

/// Mean test losses at n = 0..=32, one curve a seed.
type Curves = Vec<Vec<f64>>;

fn reference(name: &str) -> Value {
    let file: Value = serde_json::from_str(include_str!("reference/curves.json")).expect("JSON");
    assert_eq!(file["seeds"], 20);
    let curves = file["curves"][name].clone();
    assert!(curves.is_object(), "the reference has no {name:?}");
    curves
}

/// Trains a study and collects each experiment's curves, in the order of seeds.
fn trained(study: &str) -> BTreeMap<String, Curves> {
    let bench = Bench::with("study.toml", study);
    let lines = bench.run(&["run", "study.toml", "--json", "--no-save"]).exits(0).json_lines();
    let mut evaluated: Vec<_> = events(&lines, "evaluated").collect();
    evaluated.sort_by_key(|event| event["seed"].as_u64());
    let mut curves: BTreeMap<String, Curves> = BTreeMap::new();
    for event in evaluated {
        assert_eq!(event["tasks"], 1000);
        assert!(numbers(&event["nonfinite"]).iter().all(|&share| share == 0.0), "{event}");
        let name = event["experiment"].as_str().expect("a name").to_owned();
        curves.entry(name).or_default().push(numbers(&event["mean"]));
    }
    curves
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

/// Where these curves leave the reference's band:
/// |mean - reference| <= 3 sqrt(s^2 (1/m + 1/20) + (0.025 reference)^2), s the spread over seeds.
fn departures(name: &str, curves: &Curves) -> Vec<String> {
    let reference = reference(name);
    let mut report = format!("{name}, {} seeds:", curves.len());
    let mut departures = Vec::new();
    for n in AT {
        let mine: Vec<f64> = curves.iter().map(|curve| curve[n]).collect();
        if n == 0 && name == "first-order maml" {
            // Heavy-tailed, from 4 to 56: a mean says nothing. With a probability of 99.8 % the median
            // of five seeds lies between the 5 % and 95 % quantiles.
            let theirs: Vec<f64> = reference["per_seed"]
                .as_array()
                .expect("seeds")
                .iter()
                .map(|curve| numbers(curve)[0])
                .collect();
            let (median, theirs) = (sorted(&mine)[mine.len() / 2], sorted(&theirs));
            assert_eq!(theirs.len(), 20);
            write!(report, "  n=0 median {median:.2} in {:.2}..{:.2}", theirs[1], theirs[18]).unwrap();
            if !(theirs[1]..=theirs[18]).contains(&median) {
                departures.push(report.clone());
            }
            continue;
        }
        let (expected, spread) = (numbers(&reference["mean"])[n], numbers(&reference["std_over_seeds"])[n]);
        let seeds = spread * spread * (1.0 / mine.len() as f64 + 1.0 / REFERENCE_SEEDS);
        let band = 3.0 * (seeds + (TEST_SET_SPREAD * expected).powi(2)).sqrt();
        let found = mean(&mine);
        let entry = format!("  n={n} {found:.3} ({expected:.3} +- {band:.3})");
        let inside = (found - expected).abs() <= band;
        if !inside {
            departures.push(format!("{name}{entry}"));
        }
        report += &entry;
    }
    println!("{report}");
    departures
}

#[test]
fn the_shipped_experiments_give_the_published_curves() {
    let curves = trained(include_str!("../experiments.toml"));
    let names = [
        ("Random", "random"),
        ("Transfer", "transfer"),
        ("MAML", "maml"),
        ("First-order MAML", "first-order maml"),
        ("Reptile", "reptile"),
    ];
    assert_eq!(curves.len(), names.len());
    for (mine, theirs) in names {
        assert_eq!(curves[mine].len(), 5, "{mine}");
        assert_eq!(departures(theirs, &curves[mine]), [""; 0]);
    }

    // The judge is able: a MAML that is secretly of first order is found out, and the other way round.
    assert!(!departures("maml", &curves["First-order MAML"]).is_empty());
    assert!(!departures("first-order maml", &curves["MAML"]).is_empty());
    assert!(!departures("maml", &curves["Transfer"]).is_empty());
    for (exact, first) in curves["MAML"].iter().zip(&curves["First-order MAML"]) {
        assert!(AT[1..].iter().all(|&n| exact[n] != first[n]), "the orders are the same");
    }
}

#[test]
fn the_notebooks_own_gradient_gives_its_own_curves() {
    let curves = trained(
        "[defaults]\nseeds = 2\nouter_gradient = \"meta+inner\"\n\
         [[experiment]]\nname = \"Exact\"\nalgorithm = \"maml\"\n\
         [[experiment]]\nname = \"First\"\nalgorithm = \"first-order-maml\"\n",
    );
    for (mine, theirs) in [
        ("Exact", "maml, outer_gradient = meta+inner"),
        ("First", "first-order maml, outer_gradient = meta+inner"),
    ] {
        assert_eq!(curves[mine].len(), 2, "{mine}");
        assert_eq!(departures(theirs, &curves[mine]), [""; 0]);
    }
    // Two seeds cannot tell the orders apart here, so wide is the spread; that each learner takes its own
    // gradient is shown step by step in tests/learners_take_the_right_step.rs.
    for (exact, first) in curves["Exact"].iter().zip(&curves["First"]) {
        assert!(AT.iter().all(|&n| exact[n] != first[n]), "the orders are the same");
    }
}
