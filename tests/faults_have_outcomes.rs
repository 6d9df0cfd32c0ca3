//! What can go wrong around a study has an outcome that is decided beforehand: the table of
//! promises, row by row, brought about for real and looked at from outside.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, OnceLock};
use std::thread::sleep;
use std::time::{Duration, SystemTime};

use crate::program::{Bench, Said, assert_same, binary, events, results, wait};
use metascope::experiments::parse;
use metascope::study::{Event, Kind, Session, SessionOptions, Watcher, plan};
use rustix::process::Signal;
use serde_json::Value;

/// Two systems and two seeds; a few tenths of a second a run.
const STUDY: &str = r#"[defaults]
seeds = 2
outer_steps = 20000
[model]
hidden = 16
[task]
train_tasks = 50
[evaluation]
test_tasks = 20
steps = 3
[[experiment]]
name = "MAML"
algorithm = "maml"
[[experiment]]
name = "Reptile"
algorithm = "reptile"
inner_steps = 3
"#;

const RUN: [&str; 3] = ["run", "study.toml", "--json"];

fn study() -> Bench {
    Bench::with("study.toml", STUDY)
}

/// The study as it ends when nothing goes wrong, and what is said.
fn untouched() -> &'static (BTreeMap<String, Vec<u8>>, Said) {
    static UNTOUCHED: OnceLock<(BTreeMap<String, Vec<u8>>, Said)> = OnceLock::new();
    UNTOUCHED.get_or_init(|| {
        let bench = study();
        let said = bench.run(&["run", "study.toml"]).exits(0);
        (bench.outcome(), said)
    })
}

/// Ends the program as the signal does, some time after its first save. Whether it still ran.
fn interrupt(bench: &Bench, signal: Signal, after: Duration) -> bool {
    let mut run = bench.start_saving(&RUN);
    run.until("the first save", || bench.has("resume.bin"));
    sleep(after);
    let runs = !run.has_ended();
    if runs {
        run.try_signal(signal);
    }
    let said = run.end();
    if runs && signal == Signal::TERM {
        // It may have been just about to end by itself.
        assert!(matches!(said.code, Some(0 | 130)), "{said:?}");
    }
    runs
}

/// A shell in the folder, with the program as `$0` and the arguments as `$@`.
fn shell(bench: &Bench, before: &[&str], script: &str, arguments: &[&str]) -> Output {
    let mut words = before.to_vec();
    words.extend(["sh", "-c", script]);
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).arg(binary()).args(arguments).current_dir(bench.folder());
    command.env("METASCOPE_SAVE_MS", "1").stdin(Stdio::null()).output().expect("a shell")
}

fn words(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("the program writes UTF-8");
    (text(&output.stdout), text(&output.stderr))
}

/// A shell that may mount what it likes where nobody else sees it; `None`, and a note, where the system
/// does not give one to everybody.
fn own_mounts() -> Option<[&'static str; 2]> {
    let shell = ["unshare", "-rm"];
    let probe = "mount -t tmpfs -o size=64k none /tmp && touch /tmp/x";
    let works = Command::new(shell[0]).args([shell[1], "sh", "-c", probe]).stderr(Stdio::null()).status();
    if works.is_ok_and(|status| status.success()) {
        return Some(shell);
    }
    eprintln!("not tried: this system does not let a test mount a file system of its own");
    None
}

#[test]
fn a_full_disk_stops_no_training_and_is_told() {
    let (expected, table) = untouched();
    // In blocks of 512 bytes: what fits is the settings; the checkpoint too; the log's first half too.
    for (blocks, unwritten) in [
        (2, "checkpoint.safetensors"),
        (8, "metrics.jsonl"),
        (20, "metrics.jsonl"),
        (0, "checkpoint.safetensors"),
    ] {
        let bench = study();
        let limited = format!("ulimit -f {blocks}; exec \"$0\" \"$@\"");
        let output = shell(&bench, &[], &limited, &["run", "study.toml"]);
        let (stdout, stderr) = words(&output);
        assert_eq!(output.status.code(), Some(1), "{blocks} blocks: {stdout}{stderr}");
        assert!(stderr.contains(unwritten) && stderr.contains("File too large"), "{blocks}: {stderr}");
        let half_done = bench.names().iter().any(|name| name.ends_with("resume.bin"));
        assert_eq!(half_done, blocks == 20, "{:?}", bench.names());
        // Trained to the end: all figures are there.
        for line in table.stdout.lines() {
            assert!(stdout.contains(line), "{blocks} blocks: {line:?} is missing from {stdout}");
        }
        assert_eq!(stderr.matches("but not saved: ").count(), 4, "every run says so: {stderr}");
        // With room again the same command makes good.
        bench.run(&RUN).exits(0);
        let words = format!("after a limit of {blocks} blocks");
        assert_same(&bench.results(), &results(expected.clone()), &words);
    }
}

#[test]
fn a_file_system_that_is_really_full_is_the_same() {
    let Some(mounts) = own_mounts() else { return };
    let (expected, table) = untouched();
    for kilobytes in [4, 16, 60, 120] {
        let bench = study();
        bench.write("codes", "");
        let script = format!(
            "mkdir runs && mount -t tmpfs -o size={kilobytes}k none runs || exit 99; \"$0\" \"$@\" >out 2>err; \
             echo $? >>codes; mount -o remount,size=8m runs; \"$0\" \"$@\" >/dev/null 2>err2; echo $? >>codes; \
             cp -r runs kept"
        );
        let output = shell(&bench, &mounts, &script, &["run", "study.toml"]);
        assert!(output.status.success(), "{output:?}");
        let codes = bench.read("codes");
        if kilobytes > 4 {
            assert_eq!(codes, "1\n0\n", "{kilobytes} kB: {}{}", bench.read("err"), bench.read("err2"));
            assert!(bench.read("err").contains("No space left on device"), "{}", bench.read("err"));
            for line in table.stdout.lines() {
                assert!(bench.read("out").contains(line), "{line:?} is missing from {}", bench.read("out"));
            }
        } else {
            // No room for as much as a folder: that is known before anything is trained.
            assert_eq!(codes, "1\n0\n", "{}", bench.read("err"));
        }
        let _ = fs::remove_dir(bench.path("runs"));
        fs::rename(bench.path("kept"), bench.path("runs")).expect("renamed");
        for file in ["codes", "out", "err", "err2"] {
            fs::remove_file(bench.path(file)).expect("removed");
        }
        assert_same(&bench.outcome(), expected, &format!("after {kilobytes} kB were full"));
    }
}

#[test]
fn a_folder_that_cannot_be_written_is_refused_before_training() {
    // Places that refuse even root.
    for out in ["/proc/metascope", "/sys/metascope"] {
        if !Path::new(out).parent().expect("a parent").exists() {
            continue;
        }
        let bench = study();
        let said = bench.run(&["run", "study.toml", "--out", out]).exits(1);
        let said = said.says(out).says("nothing was trained").says("--out").says("--no-save");
        assert_eq!((said.stdout.as_str(), bench.names()), ("", vec!["study.toml".to_owned()]));
    }
    // A folder without the permission to write; root would not notice.
    if !rustix::process::geteuid().is_root() {
        use std::os::unix::fs::PermissionsExt;
        let bench = study();
        fs::create_dir(bench.path("runs")).expect("made");
        fs::set_permissions(bench.path("runs"), fs::Permissions::from_mode(0o555)).expect("changed");
        bench.run(&RUN).exits(1).says("runs/study cannot be written").says("--out");
        assert_eq!(bench.names(), ["study.toml"]);
    }
    // A file system mounted for reading only.
    if let Some(mounts) = own_mounts() {
        let bench = study();
        let script = "mkdir runs && mount -t tmpfs -o ro none runs && exec \"$0\" \"$@\"";
        let output = shell(&bench, &mounts, script, &["run", "study.toml"]);
        let (stdout, stderr) = words(&output);
        assert_eq!((output.status.code(), stdout.as_str()), (Some(1), ""), "{stderr}");
        assert!(stderr.contains("Read-only file system") && stderr.contains("--out"), "{stderr}");
    }
}

#[test]
fn a_run_whose_own_folder_cannot_be_written_fails_alone() {
    let (expected, _) = untouched();
    let bench = study();
    // A file where one experiment's folder should be.
    let (of_maml, of_others): (Vec<_>, Vec<_>) = expected.keys().partition(|name| name.contains("/MAML-"));
    let folder = of_maml[0].split("/seed-").next().expect("a folder").to_owned();
    fs::create_dir_all(bench.path("runs/study")).expect("made");
    bench.write(&folder, "in the way");
    let said = bench.run(&RUN).exits(1).says(&folder).says("--out");
    assert_eq!(events(&said.json_lines(), "finished").count(), 2, "{}", said.stdout);
    let found = bench.outcome();
    for name in of_others {
        assert!(found[name] == expected[name], "{name} differs");
    }
    assert_eq!(bench.read(&folder), "in the way");
}

#[test]
fn a_folder_deleted_while_it_trains_is_made_anew() {
    let (expected, _) = untouched();
    let saved = |bench: &Bench| {
        let names = bench.names();
        names.into_iter().find_map(|name| Some(bench.path(name.strip_suffix("/resume.bin")?)))
    };
    for also_killed in [false, true] {
        let bench = study();
        let mut run = bench.start_saving(&RUN);
        run.until("the first save", || saved(&bench).is_some());
        // All at once: something may be written in the very moment.
        let away = tempfile::tempdir().expect("a temporary folder");
        fs::rename(bench.path("runs"), away.path().join("runs")).expect("it is there");
        run.until("the next save", || saved(&bench).is_some());
        let folder = saved(&bench).expect("just seen");
        assert!(folder.join("settings.toml").is_file(), "what was made anew can be watched and read");
        if also_killed {
            run.kill();
            bench.run(&RUN).exits(0);
        } else {
            run.end().exits(0);
        }
        // The lock's note went with the folder, and is about processes, not results.
        assert_same(&bench.results(), &results(expected.clone()), "after the folder was deleted");
    }
}

#[test]
fn a_folder_that_cannot_be_made_anew_costs_no_results() {
    let (_, table) = untouched();
    let bench = study();
    fs::create_dir(bench.path("inside")).expect("made");
    // The working folder itself goes away; nothing can be made in it any more.
    let script = "cd inside && cp ../study.toml . && \"$0\" \"$@\" & \
                  while ! ls inside/runs/study/*/seed-0/resume.bin >/dev/null 2>&1; do sleep 0.01; done; \
                  while ! rm -rf inside 2>/dev/null; do :; done; wait $!";
    let output = shell(&bench, &[], script, &["run", "study.toml"]);
    let (stdout, stderr) = words(&output);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    for line in table.stdout.lines() {
        assert!(stdout.contains(line), "{line:?} is missing from {stdout}");
    }
    assert!(stderr.contains("runs/study/MAML-") && stderr.contains("cannot be written"), "{stderr}");
    assert_eq!(bench.names(), ["study.toml"]);
}

/// The study, whose second run is half done.
fn half_done() -> Bench {
    let bench = study();
    bench.half_do("study.toml", "seed-1");
    bench
}

#[test]
fn a_half_done_run_survives_damage_to_any_of_its_files() {
    let (expected, _) = untouched();
    for (file, damage) in [
        ("resume.bin", "truncated"),
        ("resume.bin", "flipped"),
        ("metrics.jsonl", "torn"),
        ("metrics.jsonl", "garbage at the end"),
        ("metrics.jsonl", "garbage at the start"),
        ("settings.toml", "truncated"),
        ("settings.toml", "removed"),
    ] {
        let bench = half_done();
        assert!(bench.count(file) > 0, "{file}");
        for path in bench.names().iter().filter(|name| name.ends_with(file)).map(|name| bench.path(name)) {
            let mut bytes = fs::read(&path).expect("readable");
            let middle = bytes.len() / 2;
            match damage {
                "truncated" => bytes.truncate(middle),
                "flipped" => bytes[middle] ^= 4,
                "torn" => bytes.extend(b"{\"event\":\"progress\",\"experi"),
                "garbage at the end" => bytes.extend([0, 255, 10, 13, 7, 254]),
                "garbage at the start" => bytes.splice(0..0, [0, 255, 10, 13, 7, 254]).for_each(drop),
                _ => {
                    fs::remove_file(&path).expect("removed");
                    continue;
                }
            }
            fs::write(&path, bytes).expect("written");
        }
        // Whoever looks on meanwhile is not put off either.
        let looked = bench.run(&["export", "runs", "--format", "csv"]);
        assert!(matches!(looked.code, Some(0 | 1)), "{looked:?}");
        let said = bench.run(&RUN).exits(0);
        // A state that is not gone on from is kept and told; so is one without its log.
        let starts_over = file == "resume.bin" || damage == "garbage at the start";
        assert_eq!(said.stderr.contains(".before-1"), starts_over, "{file}, {damage}: {}", said.stderr);
        assert_same(&bench.outcome(), expected, &format!("{file}, {damage}"));
    }
}

#[test]
fn a_finished_run_gets_its_settings_and_checkpoint_back() {
    let bench = study();
    bench.run(&RUN).exits(0);
    let expected = bench.outcome();
    for end in ["settings.toml", "checkpoint.safetensors"] {
        for name in expected.keys().filter(|name| name.ends_with(end)) {
            // The seed, which is no part of what is computed.
            let bytes = expected[name].clone();
            let mark: &[u8] = if end == "settings.toml" { b"outer_lr = " } else { b"\"seed\":\"" };
            let at =
                bytes.windows(mark.len()).position(|part| part == mark).expect("it says so") + mark.len();
            let mut flipped = bytes;
            flipped[at] ^= 1;
            bench.write(name, flipped);
        }
        bench.run(&RUN).exits(0);
        assert_same(&bench.outcome(), &expected, end);
    }
}

#[test]
fn a_clock_that_goes_backwards_changes_nothing() {
    let (expected, _) = untouched();
    // 2035, then 1980: seconds since 1970.
    for seconds in [2_051_222_400, 315_532_800] {
        let bench = half_done();
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        for name in bench.names() {
            let file = fs::File::options().append(true).open(bench.path(&name)).expect("writable");
            file.set_modified(time).expect("a file's time can be set");
        }
        let (_, watcher) = Watcher::open(&[bench.path("runs")]).expect("runs");
        let steps = || -> Vec<u64> {
            while watcher.try_event().is_some() {}
            let newest = (0..watcher.runs().len()).map(|run| watcher.snapshot(run));
            newest.map(|newest| newest.map_or(0, |newest| newest.step)).collect()
        };
        let before = steps();
        assert!(before.iter().any(|&step| step < 20_000), "{before:?}");
        bench.run(&RUN).exits(0);
        assert_same(&bench.outcome(), expected, &format!("files from {seconds}"));
        // What was written now looks older than what was there; who looks on sees it all the same.
        for name in bench.names() {
            let file = fs::File::options().append(true).open(bench.path(&name)).expect("writable");
            file.set_modified(time - Duration::from_secs(1_000)).expect("a file's time can be set");
        }
        // It looks a few times a second, and seldom at what has ended.
        wait("the newest is seen", || steps() == vec![20_000; before.len()]);
    }
}

#[test]
fn of_two_processes_on_one_folder_the_second_leaves_it_alone() {
    let endless = STUDY.replace("outer_steps = 20000", "outer_steps = 100000000000");
    let bench = Bench::with("study.toml", &endless);
    let mut first = bench.start_saving(&RUN);
    first.until("the first save", || bench.has("resume.bin"));
    let said = bench.run(&RUN).exits(1).says(&format!("process {}", first.id())).says("metascope watch");
    assert_eq!(said.stdout, "");
    // Started over is no way in either.
    bench.run(&["run", "study.toml", "--fresh"]).exits(1).says("is being trained");
    assert!(bench.names().iter().all(|name| !name.contains(".before-")));
    // Another folder is.
    let other = bench
        .command(&["run", "study.toml", "--json", "--out", "other"])
        .timeout(Duration::from_secs(2))
        .output();
    assert!(other.is_ok_and(|output| output.status.code().is_none()), "it trains until it is killed");
    // A holder that is killed lets go.
    first.kill();
    bench.write("study.toml", STUDY);
    bench.run(&RUN).exits(0);
}

#[test]
fn sigterm_in_the_middle_of_writing_leaves_whole_files() {
    let (expected, _) = untouched();
    let mut interrupted = 0;
    for milliseconds in [0, 3, 11, 27, 49, 82, 120] {
        let bench = study();
        interrupted += usize::from(interrupt(&bench, Signal::TERM, Duration::from_millis(milliseconds)));
        for (name, bytes) in bench.files() {
            assert!(!name.ends_with(".tmp"), "left behind: {name}");
            if name.ends_with(".jsonl") {
                let text = String::from_utf8(bytes).expect("UTF-8");
                assert!(text.is_empty() || text.ends_with('\n'), "{name} ends in the middle of a line");
                text.lines().for_each(|line| drop(serde_json::from_str::<Value>(line).expect("an event")));
            }
        }
        bench.run(&RUN).exits(0);
        assert_same(&bench.outcome(), expected, &format!("SIGTERM after {milliseconds} ms"));
    }
    assert!(interrupted >= 3, "only {interrupted} were interrupted: is the study too short?");
}

/// The study's runs, the second of which makes its worker panic.
fn with_a_bug(out: Option<PathBuf>) -> Vec<(usize, Event)> {
    let study = parse("study", None, &STUDY.replace("20000", "200")).expect("a good file");
    let mut runs = plan(&study);
    let mut broken = (*runs[1].settings).clone();
    // Off the menu, which validation would have refused: building the network panics.
    broken.model.hidden = 41;
    runs[1].settings = Arc::new(broken);
    let options = SessionOptions { jobs: 2, out, study: "study".to_owned(), ..SessionOptions::default() };
    let session = Session::start(runs, &options).expect("it can be written");
    let mut told = Vec::new();
    loop {
        let over = session.is_over();
        while let Some(event) = session.try_event() {
            told.push(event);
        }
        if over {
            return told;
        }
        sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_panic_in_a_worker_is_one_failed_run() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for out in [None, Some(folder.path().to_owned())] {
        let told = with_a_bug(out);
        let of = |run: usize| told.iter().filter(move |(at, _)| *at == run).map(|(_, event)| event);
        let said = of(1).find_map(|event| match &event.kind {
            Kind::Failed { error, .. } => Some((error.clone(), event.run.seed)),
            _ => None,
        });
        let (error, seed) = said.expect("the run with the bug fails");
        assert!(error.contains("a bug in metascope") && error.contains("41") && seed == Some(1), "{error}");
        for run in [0, 2, 3] {
            assert!(of(run).any(|event| matches!(event.kind, Kind::Finished { .. })), "run {run}");
        }
        let seeds = told.iter().filter_map(|(_, event)| match &event.kind {
            Kind::Summary { seeds, .. } => Some((event.run.experiment.as_str(), *seeds)),
            _ => None,
        });
        assert_eq!(seeds.collect::<BTreeSet<_>>(), [("MAML", 1), ("Reptile", 2)].into());
    }
}

#[test]
fn a_loss_that_is_no_number_ends_one_run() {
    // Which seeds diverge depends on the processor's rounding, so a rate is looked for at which some do.
    for rate in [0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.3, 1.7, 2.2] {
        let study = STUDY.replace("seeds = 2", "seeds = 8").replace("20000", "300").replace(
            "algorithm = \"maml\"",
            &format!("algorithm = \"maml\"\ninner_lr = {rate:?}\ninner_steps = 5"),
        );
        let bench = Bench::with("study.toml", study);
        let said = bench.run(&RUN);
        let lines = said.json_lines();
        let failed: Vec<_> = events(&lines, "failed").collect();
        if failed.is_empty() || failed.len() == 8 {
            assert_eq!(said.code, Some(i32::from(!failed.is_empty())));
            continue;
        }
        let said = said.exits(1).says("diverged");
        for event in &failed {
            assert_eq!(event["experiment"], "MAML");
            let error = event["error"].as_str().expect("words");
            assert!(event["step"].as_u64().is_some_and(|step| (1..=300).contains(&step)), "{event}");
            assert!(error.contains("Try a smaller learning rate") && error.contains("inner_lr"), "{error}");
            assert!(said.stderr.contains(error), "{}", said.stderr);
        }
        assert_eq!(events(&lines, "finished").count(), 16 - failed.len());
        for summary in events(&lines, "summary") {
            let curves =
                events(&lines, "evaluated").filter(|event| event["experiment"] == summary["experiment"]);
            let at_0: Vec<f64> = curves.map(|event| event["mean"][0].as_f64().expect("a number")).collect();
            assert_eq!(summary["seeds"], at_0.len());
            let mean = at_0.iter().sum::<f64>() / at_0.len() as f64;
            assert!((summary["mean"][0].as_f64().expect("a number") - mean).abs() < 1e-9 * mean, "{summary}");
        }
        return;
    }
    panic!("at no rate some seeds diverge and others do not");
}

/// Some network and FUSE file systems do not know how to bring a file to the disk, and say that the call is wrong.
#[cfg(target_os = "linux")]
#[test]
fn a_file_system_that_cannot_sync_keeps_what_it_can() {
    let bench = study();
    let fault = crate::program::disk::Fault { path: "runs", ops: "sync", kind: "EINVAL", at: 1, stays: true };
    let mut command = bench.command(&["run", "study.toml"]);
    let said = Said::of(command.envs(fault.environment(None))).exits(0);
    assert!(!said.stderr.contains("saved") && !said.stderr.contains("kept"), "{}", said.stderr);
    assert_same(&untouched().0, &bench.outcome(), "without fsync");
}
