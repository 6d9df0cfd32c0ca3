//! `verify` trains runs again and compares every byte: it finds what was changed even where every checksum was put
//! right, says what may differ without being wrong, and believes nothing it has not trained itself.

use std::fs;
use std::path::PathBuf;

use crate::program::Bench;
use serde_json::Value;
use sha2::{Digest, Sha256};

const STUDY: &str = "[defaults]\nseeds = 2\nouter_steps = 60\n[model]\nhidden = 16\n[task]\ntrain_tasks = 20\n\
    [evaluation]\ntest_tasks = 10\nsteps = 3\n[[test]]\nname = \"more\"\nshots = 20\n[[experiment]]\n\
    name = \"MAML\"\nalgorithm = \"maml\"\n[[experiment]]\nname = \"Ridge\"\nalgorithm = \"ridge-head\"\n";

fn trained() -> Bench {
    let bench = Bench::with("experiments.toml", STUDY);
    bench.run(&["run"]).exits(0);
    bench
}

/// The file of this name of an experiment's first run.
fn of(bench: &Bench, experiment: &str, file: &str) -> PathBuf {
    let end = format!("seed-0/{file}");
    let names = bench.names();
    let name =
        names.iter().find(|name| name.contains(experiment) && name.ends_with(&end)).expect("it is there");
    bench.path(name)
}

fn of_maml(bench: &Bench, file: &str) -> PathBuf {
    of(bench, "MAML", file)
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Puts right what `resume.bin` says of the files beside it, and its own checksum.
fn put_right(bench: &Bench) {
    forge(bench, "MAML", |_| {});
}

/// The same for an experiment's first run, with this done to what `resume.bin` says.
fn forge(bench: &Bench, experiment: &str, change: impl Fn(&mut Value)) {
    let path = of(bench, experiment, "resume.bin");
    let bytes = fs::read(&path).expect("there");
    let body = &bytes[..bytes.len() - 32];
    let mut parts = body.splitn(3, |byte| *byte == b'\n');
    let (magic, header, numbers) =
        (parts.next().expect("a line"), parts.next().expect("a line"), parts.next().expect("the rest"));
    let mut header: Value = serde_json::from_slice(header).expect("JSON");
    let log = fs::read(of(bench, experiment, "metrics.jsonl")).expect("there");
    header["log_bytes"] = log.len().into();
    header["log_sha256"] = hex(&log).into();
    header["checkpoint_sha256"] =
        hex(&fs::read(of(bench, experiment, "checkpoint.safetensors")).expect("there")).into();
    change(&mut header);
    let mut forged = [magic, b"\n", header.to_string().as_bytes(), b"\n", numbers].concat();
    let checksum = Sha256::digest(&forged);
    forged.extend(checksum);
    fs::write(path, forged).expect("written");
}

#[test]
fn what_was_trained_here_is_had_again() {
    let bench = trained();
    let before = bench.files();
    let said = bench.run(&["verify", "runs"]).exits(0);
    assert!(said.stdout.contains("4 of 4 runs give the same bytes again"), "{}", said.stdout);
    assert_eq!(said.stdout.lines().filter(|line| line.starts_with("same ")).count(), 4);
    let said = bench.run(&["verify", "runs", "--sample", "2", "--jobs", "1"]).exits(0);
    assert!(
        said.stdout.contains("2 of 2 runs") && said.stdout.contains("2 were not trained"),
        "{}",
        said.stdout
    );
    assert!(said.stdout.contains("MAML") && said.stdout.contains("Ridge"), "{}", said.stdout);
    assert_eq!(bench.files(), before, "nothing of what is verified is touched");
    // Whatever this process would take by itself.
    let mut command = bench.command(&["verify", "runs"]);
    crate::program::Said::of(command.env("METASCOPE_KERNEL", "portable")).exits(0);
    let mut command = bench.command(&["run"]);
    let said = crate::program::Said::of(command.env("METASCOPE_KERNEL", "avx1024")).exits(2);
    assert!(said.stderr.contains("avx1024") && said.stderr.contains("portable"), "{}", said.stderr);
}

#[test]
fn a_bit_of_a_weight_is_found_whatever_the_checksums_say() {
    let bench = trained();
    let path = of_maml(&bench, "checkpoint.safetensors");
    let mut bytes = fs::read(&path).expect("there");
    let last = bytes.len() - 4;
    bytes[last] ^= 1;
    fs::write(&path, bytes).expect("written");
    put_right(&bench);
    // Nothing else can see it.
    bench.run(&["export", "runs", "--format", "csv"]).exits(0);
    let said = bench.run(&["verify", "runs"]);
    assert_eq!(said.code, Some(1));
    let line = said.stdout.lines().find(|line| line.starts_with("DIFFERS")).expect("it is found");
    assert!(line.contains("MAML, seed 0") && line.contains("has 1 of 321 weights wrong"), "{line}");
    assert!(line.contains("made by metascope"), "{line}");
    assert!(said.stdout.contains("3 of 4 runs give the same bytes again; 1 differ"), "{}", said.stdout);
}

#[test]
fn what_an_earlier_arithmetic_has_made_is_not_accused() {
    let bench = trained();
    let names_none = |header: &mut Value| {
        header["identity"].as_object_mut().expect("an object").remove("arithmetic").expect("it names one");
    };
    // To the same bits, as most are, there is nothing to say.
    forge(&bench, "Ridge", names_none);
    let said = bench.run(&["verify", "runs"]).exits(0);
    assert!(said.stdout.contains("4 of 4 runs give the same bytes again"), "{}", said.stdout);
    let path = of(&bench, "Ridge", "checkpoint.safetensors");
    let mut bytes = fs::read(&path).expect("there");
    let last = bytes.len() - 8;
    bytes[last] ^= 1;
    fs::write(&path, bytes).expect("written");
    forge(&bench, "Ridge", |_| {});
    let said = bench.run(&["verify", "runs"]);
    let line = said.stdout.lines().find(|line| line.starts_with("? ")).expect("it is told");
    assert!(line.contains("Ridge, seed 0") && line.contains("were the C library's"), "{line}");
    assert!(line.contains("1 of 322 weights wrong"), "{line}");
    assert!(said.stdout.contains("3 of 3 runs give the same bytes again; 1 could not be"), "{}", said.stdout);
    assert_eq!((said.code, said.stdout.contains("DIFFERS")), (Some(1), false));
    // An arithmetic that gave the same bits as ever names none.
    let maml = fs::read(of_maml(&bench, "resume.bin")).expect("there");
    assert!(!String::from_utf8_lossy(&maml).contains("arithmetic"));
}

#[test]
fn a_number_of_a_log_is_found_whatever_the_checksums_say() {
    for event in ["\"evaluated\"", "\"progress\""] {
        let bench = trained();
        let path = of_maml(&bench, "metrics.jsonl");
        let log = fs::read_to_string(&path).expect("there");
        let changed: Vec<String> = log
            .lines()
            .map(|line| {
                let at = line
                    .find("\"mean\":[")
                    .or_else(|| line.find("\"loss\":"))
                    .filter(|_| line.contains(event));
                match at.and_then(|at| line[at..].find('.').map(|dot| at + dot + 1)) {
                    Some(digit) => {
                        let other = if line.as_bytes()[digit] == b'9' { "8" } else { "9" };
                        format!("{}{other}{}", &line[..digit], &line[digit + 1..])
                    }
                    None => line.to_owned(),
                }
            })
            .collect();
        assert_ne!(changed.join("\n") + "\n", log);
        fs::write(&path, changed.join("\n") + "\n").expect("written");
        put_right(&bench);
        bench.run(&["export", "runs", "--format", "csv"]).exits(0);
        let said = bench.run(&["verify", "runs"]);
        assert_eq!(said.code, Some(1));
        let line = said.stdout.lines().find(|line| line.starts_with("DIFFERS")).expect("it is found");
        let what = event.trim_matches('"');
        assert!(line.contains(&format!("metrics.jsonl tells something else: {what}")), "{line}");
    }
}

#[test]
fn what_is_damaged_or_unfinished_is_said_and_no_proof() {
    let bench = trained();
    let path = of_maml(&bench, "resume.bin");
    let mut bytes = fs::read(&path).expect("there");
    bytes[200] ^= 1;
    fs::write(&path, bytes).expect("written");
    let said = bench.run(&["verify", "runs"]);
    assert_eq!(said.code, Some(1));
    assert!(said.stdout.contains("DAMAGED  MAML, seed 0: resume.bin is damaged"), "{}", said.stdout);
    let empty = Bench::new();
    empty.run(&["verify", "."]).exits(1);
    empty.run(&["verify", "nowhere"]).exits(1);
    empty.run(&["verify", ".", "--sample", "0"]).exits(2);
}

#[test]
fn what_is_missing_of_a_past_is_told_from_what_differs_and_made_good() {
    let bench = trained();
    let path = of_maml(&bench, "snapshots.bin");
    let whole = fs::read(&path).expect("there");
    let damages: [(&str, Option<Vec<u8>>); 4] = [
        ("not there", None),
        ("empty", Some(Vec::new())),
        ("cut short", Some(whole[..whole.len() / 3].to_owned())),
        ("with a hole", Some([&whole[..4000], &vec![0; 9000], &whole[13_000..]].concat())),
    ];
    for (what, left) in damages {
        fs::remove_file(&path).expect("removed");
        if let Some(left) = left {
            fs::write(&path, left).expect("written");
        }
        if what != "with a hole" {
            let said = bench.run(&["run"]).exits(0);
            assert!(said.stderr.contains("snapshots of its past are missing"), "{what}: {}", said.stderr);
        }
        let said = bench.run(&["verify", "runs"]);
        assert_eq!(said.code, Some(1), "{what}");
        assert!(!said.stdout.contains("DIFFERS"), "{what}: {}", said.stdout);
        let line = said.stdout.lines().find(|line| line.starts_with("DAMAGED")).expect("it is said");
        assert!(line.contains("MAML, seed 0") && line.contains("the result is the same"), "{what}: {line}");
        let said = bench.run(&["verify", "runs", "--repair"]).exits(0);
        assert!(said.stdout.contains("4 of 4 runs give the same bytes again\n"), "{what}: {}", said.stdout);
        assert!(fs::read(&path).expect("there") == whole, "{what}");
        let said = bench.run(&["run"]).exits(0);
        assert!(!said.stderr.contains("snapshots"), "{what}: {}", said.stderr);
    }
    // A whole snapshot of other parameters was put there by somebody.
    let other = bench
        .names()
        .into_iter()
        .find(|name| name.contains("MAML") && name.ends_with("seed-1/snapshots.bin"));
    fs::copy(bench.path(&other.expect("it is there")), &path).expect("copied");
    for words in [&["verify", "runs"][..], &["verify", "runs", "--repair"]] {
        let said = bench.run(words);
        assert_eq!(said.code, Some(1));
        assert!(said.stdout.contains("DIFFERS  MAML, seed 0: snapshots.bin holds other"), "{}", said.stdout);
    }
    assert!(fs::read(&path).expect("there") != whole, "what differs is nobody's to repair");
}

#[test]
fn where_and_when_a_run_was_made_is_beside_it() {
    let bench = trained();
    let made: Value =
        serde_json::from_slice(&fs::read(of_maml(&bench, "provenance.json")).expect("there")).expect("JSON");
    assert_eq!(made["restarts"], 0);
    let process = &made["processes"][0];
    for key in ["host", "cpu", "metascope", "kernel", "began", "ended"] {
        assert!(process[key].as_str().is_some_and(|word| !word.is_empty()), "{key}: {made}");
    }
    assert!(process["pid"].as_u64().is_some() && process["from_step"] == 0, "{made}");
}
