//! What the tests of the trained networks gave, as tidy rows and as JSON.

use std::fmt::Write as _;

use serde_json::json;

use crate::eval::Curve;
use crate::study::Run;

/// A run that has been tested.
pub struct Tested<'a> {
    /// The run.
    pub run: &'a Run,
    /// What its tests gave.
    pub curve: Curve,
}

/// One row an experiment, seed and n; empty fields where a number is not finite.
pub fn csv(tested: &[Tested]) -> String {
    let number = |x: f64| if x.is_finite() { x.to_string() } else { String::new() };
    let mut text = "experiment,algorithm,seed,n,mean,median,ci95,nonfinite,tasks\n".to_owned();
    for Tested { run, curve } in tested {
        // Quoted as RFC 4180 asks, whatever is in the name.
        let name = run.settings.name.replace('"', "\"\"");
        for (i, n) in curve.steps.iter().enumerate() {
            // Writing to a string cannot fail.
            let _ = writeln!(
                text,
                "\"{name}\",{},{},{n},{},{},{},{},{}",
                run.settings.algorithm.name(),
                run.seed,
                number(curve.mean[i]),
                number(curve.median[i]),
                number(curve.ci95[i]),
                number(curve.nonfinite[i]),
                curve.tasks
            );
        }
    }
    text
}

/// Settings and curve of every run.
pub fn as_json(tested: &[Tested]) -> anyhow::Result<String> {
    let runs: Vec<_> = tested
        .iter()
        .map(|Tested { run, curve }| json!({ "seed": run.seed, "settings": &*run.settings, "curve": curve }))
        .collect();
    Ok(serde_json::to_string_pretty(&json!({ "runs": runs }))? + "\n")
}
