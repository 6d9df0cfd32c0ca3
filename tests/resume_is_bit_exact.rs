//! After any interruption the result is the same to the bit: studies are killed at random moments,
//! started again until they finish, on whatever instructions give the same bits, and compared with one that was left alone.

use std::fs;
use std::time::Duration;

use metascope::model::Kernels;

use crate::program::{Bench, Running, assert_same, experiments, with_every_learner};

/// Long enough to be interrupted; [`study`] has every learner.
const STUDY: &str = r#"
[defaults]
seeds = 1
meta_batch = 2
outer_steps = 8000
[task]
train_tasks = 500
[evaluation]
test_tasks = 200
[[experiment]]
name = "Random"
algorithm = "random"
[[experiment]]
name = "Transfer"
algorithm = "transfer"
outer_steps = 12000
[[experiment]]
name = "MAML"
algorithm = "maml"
[[experiment]]
name = "First-order"
algorithm = "first-order-maml"
outer_steps = 10000
[[experiment]]
name = "Reptile"
algorithm = "reptile"
inner_steps = 3
task = { train_tasks = "fresh" }
"#;

fn study() -> String {
    with_every_learner(STUDY)
}

/// The same, soon trained: for what does not depend on how long that takes.
fn brief_study() -> String {
    study().replace("000\n", "00\n")
}

/// Every few milliseconds instead of seconds: the study is short, and a save is what is tested.
const OFTEN: (&str, &str) = ("METASCOPE_SAVE_MS", "15");

fn start(bench: &Bench, environment: &[(&str, &str)]) -> Running {
    let environment: Vec<_> = environment.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    bench.start_with(&["run", "study.toml", "--json"], &environment)
}

fn finish(bench: &Bench) {
    start(bench, &[OFTEN]).end().exits(0);
}

/// A little randomness that a failure can be repeated with.
fn random(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

#[test]
fn kill_dash_nine_at_any_moment_changes_nothing() {
    // 100 rounds take minutes; METASCOPE_KILLS=100 runs them.
    let kills = std::env::var("METASCOPE_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(6);
    let alone = Bench::with("study.toml", study());
    finish(&alone);
    let expected = alone.outcome();
    let runs = experiments(&study()).len();
    assert_eq!(expected.len(), 1 + 4 * runs, "settings, a checkpoint, a log and a past of each run");
    let mut randomness = 0x9e37_79b9_7f4a_7c15;
    let mut killed = 0;
    // Each goes on where another left off: what has one name gives the same bits.
    let kernels: Vec<Kernels> = Kernels::available().collect();
    let mut in_turn = kernels.iter().filter(|one| one.name() == kernels[0].name()).cycle();
    while killed < kills {
        let bench = Bench::with("study.toml", study());
        // Several kills in one study, then to its end.
        for _ in 0..4 {
            let kernel = in_turn.next().expect("a circle").instructions();
            let mut run = start(&bench, &[OFTEN, ("METASCOPE_KERNEL", kernel)]);
            std::thread::sleep(Duration::from_millis(5 + random(&mut randomness) % 700));
            let was_running = !run.has_ended();
            run.kill();
            killed += usize::from(was_running);
            if !was_running {
                break;
            }
        }
        finish(&bench);
        assert_same(&bench.outcome(), &expected, &format!("after {killed} kills"));
    }
}

#[test]
fn finished_runs_are_loaded_not_repeated() {
    let bench = Bench::with("study.toml", brief_study());
    finish(&bench);
    let log = || {
        let file = fs::read_dir(bench.path("runs/study")).expect("a folder");
        let run = file.filter_map(Result::ok).map(|entry| entry.path().join("seed-0/metrics.jsonl"));
        run.filter_map(|path| fs::read(path).ok()).collect::<Vec<_>>()
    };
    let before = log();
    finish(&bench);
    // With their times: nothing has been computed again.
    assert_eq!(before, log());
}

#[test]
fn damage_is_repaired_or_started_over() {
    let bench = Bench::with("study.toml", brief_study());
    finish(&bench);
    let expected = bench.outcome();
    for (file, damage) in [
        ("checkpoint.safetensors", "truncate"),
        ("checkpoint.safetensors", "flip"),
        ("checkpoint.safetensors", "remove"),
        ("metrics.jsonl", "truncate"),
        ("metrics.jsonl", "garbage"),
        ("metrics.jsonl", "flip"),
        ("resume.bin", "truncate"),
        ("resume.bin", "flip"),
        ("resume.bin", "remove"),
    ] {
        for entry in fs::read_dir(bench.path("runs/study")).expect("a folder") {
            let path = entry.expect("an entry").path().join("seed-0").join(file);
            let Ok(mut bytes) = fs::read(&path) else { continue };
            match damage {
                "truncate" => bytes.truncate(bytes.len() / 2),
                "flip" => {
                    let middle = bytes.len() / 2;
                    bytes[middle] ^= 4;
                }
                "garbage" => bytes.extend([0, 255, 10, 13, 7]),
                _ => {
                    fs::remove_file(&path).expect("removed");
                    continue;
                }
            }
            fs::write(&path, bytes).expect("written");
        }
        finish(&bench);
        assert!(bench.outcome() == expected, "{file}: {damage}");
    }
}

#[test]
fn fresh_starts_over_and_keeps_what_was_there() {
    let bench = Bench::with("study.toml", brief_study());
    finish(&bench);
    bench.run(&["run", "study.toml", "--json", "--fresh", "--only", "MAML"]).exits(0);
    let maml = fs::read_dir(bench.path("runs/study")).expect("a folder").filter_map(Result::ok);
    let maml = maml.map(|entry| entry.path()).find(|path| path.display().to_string().contains("MAML-"));
    let maml = maml.expect("MAML's folder");
    let both = [maml.join("seed-0"), maml.join("seed-0.before-1")];
    let [new, old] =
        both.map(|folder| fs::read(folder.join("checkpoint.safetensors")).expect("a checkpoint"));
    assert_eq!(new, old, "the same settings and seed give the same bytes");
}
