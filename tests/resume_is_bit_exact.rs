//! After any interruption the result is the same to the bit: studies are killed at random moments,
//! started again until they finish, and compared with one that was left alone.

mod program;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use program::{experiments, with_every_learner};
use serde_json::Value;

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

fn start(folder: &Path) -> Child {
    Command::new(env!("CARGO_BIN_EXE_metascope"))
        .args(["run", "study.toml", "--json"])
        // Every few milliseconds instead of seconds: the study is short, and a save is what is tested.
        .env("METASCOPE_SAVE_MS", "15")
        .current_dir(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts")
}

/// Every checkpoint and past as it is and every log without its times, by path.
fn results(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    fn walk(at: &Path, found: &mut BTreeMap<String, Vec<u8>>, root: &Path) {
        for entry in fs::read_dir(at).expect("a folder") {
            let path = entry.expect("an entry").path();
            // What was put aside is history.
            if path.display().to_string().contains(".before-") {
                continue;
            }
            if path.is_dir() {
                walk(&path, found, root);
                continue;
            }
            let name = path.strip_prefix(root).expect("inside").display().to_string();
            if name.ends_with("checkpoint.safetensors") || name.ends_with("snapshots.bin") {
                found.insert(name, fs::read(&path).expect("readable"));
            } else if name.ends_with("metrics.jsonl") {
                let text = fs::read_to_string(&path).expect("readable");
                let timeless = text.lines().map(|line| {
                    let mut event: Value = serde_json::from_str(line).expect("every line is an event");
                    let fields = event.as_object_mut().expect("an object");
                    fields.remove("seconds");
                    fields.remove("steps_per_second");
                    event.to_string() + "\n"
                });
                found.insert(name, timeless.collect::<String>().into_bytes());
            } else {
                assert!(!name.ends_with(".tmp"), "left behind: {name}");
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(&folder.join("runs"), &mut found, &folder.join("runs"));
    found
}

fn folder_with(study: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("study.toml"), study).expect("written");
    folder
}

fn finish(folder: &Path) {
    let output = start(folder).wait_with_output().expect("it ends");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
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
    let alone = folder_with(&study());
    finish(alone.path());
    let expected = results(alone.path());
    let runs = experiments(&study()).len();
    assert_eq!(expected.len(), 3 * runs, "a checkpoint, a log and a past of each run");
    let mut randomness = 0x9e37_79b9_7f4a_7c15;
    let mut killed = 0;
    while killed < kills {
        let folder = folder_with(&study());
        // Several kills in one study, then to its end.
        for _ in 0..4 {
            let mut child = start(folder.path());
            std::thread::sleep(Duration::from_millis(5 + random(&mut randomness) % 700));
            let was_running = child.try_wait().expect("a child").is_none();
            child.kill().expect("killed");
            child.wait().expect("gone");
            killed += usize::from(was_running);
            if !was_running {
                break;
            }
        }
        finish(folder.path());
        let found = results(folder.path());
        assert_eq!(found.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
        for (name, bytes) in &found {
            assert!(*bytes == expected[name], "{name} differs after {killed} kills");
        }
    }
}

#[test]
fn finished_runs_are_loaded_not_repeated() {
    let folder = folder_with(&brief_study());
    finish(folder.path());
    let log = || {
        let file = fs::read_dir(folder.path().join("runs/study")).expect("a folder");
        let run = file.filter_map(Result::ok).map(|entry| entry.path().join("seed-0/metrics.jsonl"));
        run.filter_map(|path| fs::read(path).ok()).collect::<Vec<_>>()
    };
    let before = log();
    finish(folder.path());
    // With their times: nothing has been computed again.
    assert_eq!(before, log());
}

#[test]
fn damage_is_repaired_or_started_over() {
    let folder = folder_with(&brief_study());
    finish(folder.path());
    let expected = results(folder.path());
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
        for entry in fs::read_dir(folder.path().join("runs/study")).expect("a folder") {
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
        finish(folder.path());
        assert!(results(folder.path()) == expected, "{file}: {damage}");
    }
}

#[test]
fn fresh_starts_over_and_keeps_what_was_there() {
    let folder = folder_with(&brief_study());
    finish(folder.path());
    let status = Command::new(env!("CARGO_BIN_EXE_metascope"))
        .args(["run", "study.toml", "--json", "--fresh", "--only", "MAML"])
        .current_dir(folder.path())
        .stdout(Stdio::null())
        .status()
        .expect("the program starts");
    assert!(status.success());
    let maml = fs::read_dir(folder.path().join("runs/study")).expect("a folder").filter_map(Result::ok);
    let maml = maml.map(|entry| entry.path()).find(|path| path.display().to_string().contains("MAML-"));
    let maml = maml.expect("MAML's folder");
    let both = [maml.join("seed-0"), maml.join("seed-0.before-1")];
    let [new, old] =
        both.map(|folder| fs::read(folder.join("checkpoint.safetensors")).expect("a checkpoint"));
    assert_eq!(new, old, "the same settings and seed give the same bytes");
}
