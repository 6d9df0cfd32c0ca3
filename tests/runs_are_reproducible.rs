//! A run is a pure function of its settings and its seed. Otherwise no figure could be checked by
//! anybody else, and a comparison of two settings would compare threads and luck as well.

use std::collections::BTreeMap;

use crate::program::{Bench, Said, assert_same, events, experiments, with_every_learner};
use metascope::learner::Algorithm;
use metascope::model::Kernels;
use serde_json::Value;

/// Every number type, nonlinearity, pool and meta-batch; [`study`] has every learner.
const STUDY: &str = r#"[defaults]
seeds = [0, 11]
outer_steps = 150

[task]
train_tasks = 70

[evaluation]
test_tasks = 60
steps = 4

[[experiment]]
name = "Random"
algorithm = "random"

[[experiment]]
name = "Transfer"
algorithm = "transfer"

[[experiment]]
name = "MAML"
algorithm = "maml"

[[experiment]]
name = "MAML, as the notebook ran, three steps"
algorithm = "maml"
outer_gradient = "meta+inner"
inner_steps = 3

[[experiment]]
name = "First-order MAML, tanh, f64"
algorithm = "first-order-maml"
model = { activation = "tanh", precision = "f64", hidden = 16 }

[[experiment]]
name = "Reptile, meta-batch"
algorithm = "reptile"
inner_steps = 3
meta_batch = 7
task = { train_tasks = "fresh" }
"#;

fn study() -> String {
    with_every_learner(STUDY)
}

/// Its runs: two seeds an experiment.
fn runs() -> usize {
    2 * experiments(&study()).len()
}

/// The study's outcome with these arguments and this environment.
fn trained(arguments: &[&str], environment: &[(&str, &str)]) -> (Bench, BTreeMap<String, Vec<u8>>) {
    let bench = Bench::with("study.toml", study());
    let mut command = bench.command(&[&["run", "study.toml", "--json"], arguments].concat());
    Said::of(command.envs(environment.iter().copied())).exits(0);
    let outcome = bench.outcome();
    (bench, outcome)
}

fn checkpoints(files: &BTreeMap<String, Vec<u8>>) -> Vec<&Vec<u8>> {
    files
        .iter()
        .filter(|(name, _)| name.ends_with("checkpoint.safetensors"))
        .map(|(_, bytes)| bytes)
        .collect()
}

#[test]
fn the_same_bytes_with_any_number_of_threads_and_from_run_to_run() {
    let (_, one) = trained(&["--jobs", "1"], &[]);
    let (_, two) = trained(&["--jobs", "2"], &[]);
    let (_, many) = trained(&["--jobs", "5"], &[]);
    let (_, again) = trained(&["--jobs", "2"], &[]);
    assert_same(&one, &two, "--jobs 1 and --jobs 2");
    assert_same(&one, &many, "--jobs 1 and --jobs 5");
    assert_same(&two, &again, "--jobs 2, twice");
    let checkpoints = checkpoints(&one);
    assert_eq!(checkpoints.len(), runs());
    // Were they all alike, the comparison above would say nothing.
    for (i, a) in checkpoints.iter().enumerate() {
        assert!(checkpoints[..i].iter().all(|b| a != b), "two runs ended at the same checkpoint");
    }
}

#[test]
fn a_run_does_not_depend_on_its_company() {
    let (_, all) = trained(&[], &[]);
    let (_, alone) = trained(&["--only", "MAML", "--seed", "11"], &[]);
    let of_runs =
        |files: &BTreeMap<String, Vec<u8>>| files.keys().filter(|name| name.contains("seed-")).count();
    assert_eq!((of_runs(&alone), of_runs(&all)), (4, 4 * runs()));
    for (name, bytes) in &alone {
        assert!(all[name] == *bytes, "{name} differs when the run is alone");
    }
}

#[test]
fn the_same_command_again_leaves_the_same_files() {
    let (bench, first) = trained(&["--only", "Transfer"], &[]);
    let checkpoints_of =
        |bench: &Bench| -> Vec<Vec<u8>> { checkpoints(&bench.files()).into_iter().cloned().collect() };
    bench.run(&["run", "study.toml", "--only", "Transfer"]).exits(0);
    assert_same(&first, &bench.outcome(), "the second time");
    // Started over it trains once more, beside what was kept of the first time.
    bench.run(&["run", "study.toml", "--only", "Transfer", "--fresh"]).exits(0);
    let mut all = checkpoints_of(&bench);
    assert_eq!(all.len(), 4);
    all.sort();
    assert!(all[0] == all[1] && all[2] == all[3] && all[1] != all[2], "started over, to the same bits");
}

#[test]
fn the_portable_kernels_are_reproducible_and_the_run_says_so() {
    let portable = [("METASCOPE_KERNEL", "portable")];
    let (_, one) = trained(&["--jobs", "1"], &portable);
    let (_, two) = trained(&["--jobs", "2"], &portable);
    assert_same(&one, &two, "portable, --jobs 1 and --jobs 2");
    for (name, bytes) in &one {
        if name.ends_with("settings.toml") {
            assert!(String::from_utf8_lossy(bytes).contains("kernels portable"), "{name}");
        }
    }
}

/// Every learner in both precisions, with a schedule, noise and losses that ask for exponentials, logarithms, sines
/// and hyperbolic tangents.
#[cfg(target_os = "linux")]
fn study_of_transcendentals() -> String {
    let mut study = r#"[defaults]
seeds = 1
outer_steps = 60
outer_schedule = "cosine"

[task]
family = "sine-or-line"
shots = 40
train_tasks = 50

[evaluation]
test_tasks = 40
grid = 20
steps = 3
"#
    .to_owned();
    let learners = crate::program::learners().map(|learner| (learner, "")).chain([("ridge-head", "nll")]);
    for (learner, loss) in learners {
        let outer_loss = if loss.is_empty() { String::new() } else { format!("outer_loss = \"{loss}\"\n") };
        let algorithm = Algorithm::ALL.iter().find(|algorithm| algorithm.name() == learner);
        let is_asked = algorithm.is_some_and(|algorithm| algorithm.network_keys().contains(&"activation"));
        for (precision, activation) in [("f32", "relu"), ("f64", "tanh")] {
            let activation =
                if is_asked { format!(", activation = \"{activation}\"") } else { String::new() };
            study += &format!(
                "\n[[experiment]]\nname = \"{learner} {loss}{precision}\"\nalgorithm = \"{learner}\"\n{outer_loss}\
                 model = {{ precision = \"{precision}\"{activation} }}\n"
            );
        }
    }
    study
}

/// The bits are the program's own: no C library, and no setting of one, has a part in them.
#[cfg(target_os = "linux")]
#[test]
fn no_c_library_changes_a_bit() {
    let study = study_of_transcendentals();
    for kernel in Kernels::available() {
        let trained = |environment: &[(&str, &str)]| {
            let bench = Bench::with("study.toml", &study);
            let mut command = bench.command(&["run", "study.toml"]);
            let environment =
                environment.iter().copied().chain([("METASCOPE_KERNEL", kernel.instructions())]);
            Said::of(command.envs(environment)).exits(0);
            bench.outcome()
        };
        let plain = trained(&[("LC_ALL", "C")]);
        assert_eq!(checkpoints(&plain).len(), experiments(&study).len());
        // Other instructions in the C library, and one that is wrong.
        let tuned = ("GLIBC_TUNABLES", "glibc.cpu.hwcaps=-FMA,-AVX2,-AVX,-AVX512F");
        let (name, value) = crate::program::disk::with_a_false_libm();
        assert_same(&plain, &trained(&[tuned, (name, &value)]), "another C library");
    }
}

#[test]
fn a_diverging_experiment_fails_alone() {
    let bench = Bench::with(
        "study.toml",
        study()
            + "\n[[experiment]]\nname = \"Hopeless\"\nalgorithm = \"maml\"\ninner_lr = 1000.0\ninner_steps = 9\n",
    );
    let said = bench.run(&["run", "study.toml", "--json", "--jobs", "2"]).exits(1);
    let lines = said.json_lines();
    let failed: Vec<_> = events(&lines, "failed").collect();
    assert_eq!(failed.len(), 2, "both seeds: {}", said.stdout);
    for event in failed {
        assert_eq!(event["experiment"], "Hopeless");
        let (step, error) = (event["step"].as_u64().unwrap(), event["error"].as_str().unwrap());
        assert!((1..=150).contains(&step), "{event}");
        assert!(error.contains("diverged") && error.contains("inner_lr = 1000"), "{error}");
    }
    assert_eq!(events(&lines, "finished").count(), runs());
    assert_eq!(events(&lines, "summary").count(), runs() / 2 + 1);
    let summary = events(&lines, "summary").find(|event| event["experiment"] == "Hopeless").unwrap();
    assert_eq!(summary["seeds"], 0);
    assert!(summary["mean"].as_array().unwrap().iter().all(Value::is_null), "the mean of nothing: {summary}");
    let hopeless: Vec<_> = bench.names().into_iter().filter(|name| name.contains("Hopeless")).collect();
    assert!(hopeless.iter().all(|name| !name.contains("checkpoint")), "{hopeless:?}");

    // The others are what they are without it.
    let (_, without) = trained(&["--jobs", "2"], &[]);
    let with = bench.outcome();
    for (name, bytes) in without.iter().filter(|(name, _)| name.contains("seed-")) {
        assert!(with[name] == *bytes, "{name} depends on a run that failed");
    }

    // In words: a row without figures, and why.
    let said =
        bench.run(&["run", "study.toml", "--no-save", "--only", "Hopeless", "--only", "Random"]).exits(1);
    assert!(said.stdout.contains("0/2") && said.stdout.contains("failed at step"), "{}", said.stdout);
    assert!(said.stderr.contains("diverged"), "{}", said.stderr);
}
