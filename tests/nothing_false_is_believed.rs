//! What is found in a folder is only believed if it is what the program itself has written there: the rows of
//! the table of faults that are about wrong places, damage, disks that fail and other people's files.
#![cfg(target_os = "linux")]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use crate::program::disk::Fault;
use crate::program::{Bench, Running, Said, assert_same, binary, copy, events, wait};
use rustix::process::Signal;
use sha2::{Digest, Sha256};

/// Two systems and two seeds, of a tenth of a second each.
const STUDY: &str = r#"[defaults]
seeds = 2
outer_steps = 4000
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
const EXPORT: [&str; 4] = ["export", "runs", "--format", "csv"];

/// The study, trained.
fn trained() -> Bench {
    let bench = Bench::with("study.toml", STUDY);
    bench.run(&RUN).exits(0);
    bench
}

/// The study, whose second run is half done.
fn half_done() -> Bench {
    let bench = Bench::with("study.toml", STUDY);
    bench.half_do("study.toml", "seed-1");
    bench
}

/// The study at work with two workers.
fn start(bench: &Bench) -> Running {
    bench.start_saving(&[&RUN[..], &["--jobs=2"]].concat())
}

/// The folder of a run.
fn folder(bench: &Bench, experiment: &str, seed: u64) -> PathBuf {
    let of = fs::read_dir(bench.path("runs/study")).expect("a study").map(|entry| entry.expect("one").path());
    let is_its = |path: &PathBuf| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&format!("{experiment}-")))
    };
    of.into_iter().find(is_its).expect("an experiment").join(format!("seed-{seed}"))
}

/// As an earlier version has left it: a state that does not say whose it is.
fn forget_identity(resume: &Path) {
    let bytes = fs::read(resume).expect("a state");
    let body = &bytes[..bytes.len() - 32];
    let mut parts = body.splitn(3, |&byte| byte == b'\n');
    let (magic, header, numbers) =
        (parts.next().expect("magic"), parts.next().expect("header"), parts.next().expect("numbers"));
    let mut header: serde_json::Value = serde_json::from_slice(header).expect("JSON");
    let fields = header.as_object_mut().expect("an object");
    assert!(fields.remove("identity").is_some(), "this version says whose it is");
    fields.remove("checkpoint_sha256");
    let mut bytes = [magic, b"\n", header.to_string().as_bytes(), b"\n", numbers].concat();
    let checksum = Sha256::digest(&bytes);
    bytes.extend(checksum);
    fs::write(resume, bytes).expect("written");
}

fn forget_identities(bench: &Bench) {
    let states = bench.names().into_iter().filter(|name| name.ends_with("resume.bin"));
    states.for_each(|name| forget_identity(&bench.path(&name)));
}

#[test]
fn a_run_folder_in_the_wrong_place_is_put_aside() {
    for (half, old) in [(false, false), (false, true), (true, false), (true, true)] {
        for (other, seed) in [("MAML", 0), ("Reptile", 1)] {
            let bench = if half { half_done() } else { trained() };
            if old {
                forget_identities(&bench);
            }
            let (from, to) = (folder(&bench, other, seed), folder(&bench, "MAML", 1));
            if !from.join("resume.bin").exists() {
                // It came no further; whatever has come far enough takes its place.
                continue;
            }
            let _ = fs::remove_dir_all(&to);
            copy(&from, &to);
            let what = format!("{other} {seed}, half done: {half}, old: {old}");
            let said = bench.run(&EXPORT).exits(1).says("skipped: ").says("/seed-1): holds");
            let wrong = said.stdout.lines().filter(|line| line.starts_with("\"MAML\"")).count();
            assert!(wrong <= 4, "{what}: {}", said.stdout);
            let said = bench.run(&RUN).exits(1).says("is not gone on from").says("seed-1.before-1");
            assert_eq!(said.stderr.matches("is not gone on from").count(), 1, "{what}: {}", said.stderr);
            assert!(to.with_file_name("seed-1.before-1").join("resume.bin").exists(), "{what}");
            let expected = Bench::with("study.toml", bench.read("study.toml"));
            expected.run(&RUN).exits(0);
            assert_same(&bench.results(), &expected.results(), &what);
            bench.run(&RUN).exits(0);
            bench.run(&EXPORT).exits(0);
        }
    }
}

#[test]
fn folders_of_earlier_versions_are_read_and_said_to_be_unverified() {
    let bench = trained();
    let expected = (bench.results(), bench.run(&EXPORT).exits(0).stdout);
    forget_identities(&bench);
    let said = bench.run(&EXPORT).exits(0).says("unverified: MAML, seed 0");
    assert_eq!(said.stdout, expected.1);
    bench.run(&RUN).exits(0).says("unverified");
    assert_same(&bench.results(), &expected.0, "finished");
    let bench = half_done();
    forget_identities(&bench);
    let said = bench.run(&RUN).exits(0).says("unverified");
    assert!(!said.stderr.contains("not gone on from"), "{}", said.stderr);
    // What goes on says from now on whose it is.
    let said = bench.run(&EXPORT).exits(0);
    assert!(said.stderr.matches("unverified").count() < 4, "{}", said.stderr);
}

/// The rows that an export gives of the runs that it says nothing about.
fn rows_of(said: &Said, but: &str) -> Vec<String> {
    said.stdout.lines().filter(|line| !line.starts_with(but)).map(str::to_owned).collect()
}

#[test]
fn a_flipped_bit_in_a_result_is_seen_by_whoever_reads_it() {
    let bench = trained();
    let whole = bench.run(&EXPORT).exits(0);
    assert_eq!(whole.stderr, "");
    let log = folder(&bench, "MAML", 0).join("metrics.jsonl");
    let bytes = fs::read(&log).expect("a log");
    let mark = b"\"evaluated\"";
    let at = bytes.windows(mark.len()).position(|part| part == mark).expect("it was tested");
    for place in (at..bytes.len()).step_by(23) {
        let mut flipped = bytes.clone();
        flipped[place] ^= 1 << (place % 8);
        fs::write(&log, flipped).expect("written");
        let said = bench.run(&EXPORT).exits(1).says("skipped: MAML, seed 0").says("metrics.jsonl");
        assert!(!said.stdout.contains("\"MAML\",maml,0,"), "{}", said.stdout);
        assert_eq!(rows_of(&said, "\"MAML\",maml,0,"), rows_of(&whole, "\"MAML\",maml,0,"));
    }
    for format in ["json", "svg"] {
        bench.run(&["export", "runs", "--format", format]).exits(1).says("skipped: MAML, seed 0");
    }
    bench.run(&["export", "runs", "--format", "svg", "--fit", "1"]).exits(1).says("skipped: MAML, seed 0");
    bench.run(&RUN).exits(0).says("not the one that belongs to").says("seed-0.before-1");
    let again = bench.run(&EXPORT).exits(0);
    assert_eq!((again.stdout, again.stderr), (whole.stdout, String::new()));
}

#[test]
fn a_run_that_cannot_be_read_is_named() {
    let bench = trained();
    let run = folder(&bench, "Reptile", 1);
    let settings = run.join("settings.toml");
    let whole = fs::read(&settings).expect("settings");
    // The first line too: without its first character the run would be lost for good.
    for place in [0, 1, 30, whole.len() / 2] {
        let mut flipped = whole.clone();
        flipped[place] ^= 1;
        fs::write(&settings, &flipped).expect("written");
        bench.run(&EXPORT).exits(if place == 0 { 1 } else { bench.run(&EXPORT).code.expect("a code") });
        bench.run(&RUN).exits(0);
        assert_eq!(fs::read(&settings).expect("settings"), whole, "byte {place}");
    }
    fs::remove_file(&settings).expect("removed");
    bench.run(&EXPORT).exits(1).says("skipped: runs/study/Reptile-").says("settings.toml is not there");
    bench.run(&RUN).exits(0);
    fs::remove_dir_all(&run).expect("removed");
    bench.run(&EXPORT).exits(1).says("seed-1: is planned and not there");
    bench.run(&RUN).exits(0);
    // A checkpoint whose metadata alone are another's.
    let checkpoint = run.join("checkpoint.safetensors");
    let whole = fs::read(&checkpoint).expect("a checkpoint");
    let mark = b"\"metascope\":\"";
    let at = whole.windows(mark.len()).position(|part| part == mark).expect("it says so") + mark.len();
    let mut flipped = whole.clone();
    flipped[at] ^= 1;
    fs::write(&checkpoint, flipped).expect("written");
    bench.run(&RUN).exits(0);
    assert_eq!(fs::read(&checkpoint).expect("a checkpoint"), whole);
}

/// The program with this fault of the disk.
fn run_with(bench: &Bench, fault: &Fault) -> Said {
    let mut command = bench.command(&RUN);
    command.envs(fault.environment(None)).env("METASCOPE_SAVE_MS", "1");
    Said::of(&mut command)
}

#[test]
fn an_error_of_the_disk_is_not_damage() {
    let expected = trained().results();
    for kind in ["EIO", "EMFILE"] {
        for (file, ops) in
            [("seed-0/resume.bin", "open"), ("seed-0/resume.bin", "read"), ("seed-0/metrics.jsonl", "read")]
        {
            if kind == "EMFILE" && ops != "open" {
                continue;
            }
            for bench in [trained(), half_done()] {
                let before = folder(&bench, "MAML", 0);
                let state = fs::read(before.join("resume.bin"));
                let fault = Fault { path: file, ops, kind, at: 1, stays: true };
                let said = run_with(&bench, &fault)
                    .exits(1)
                    .says("cannot be read")
                    .says("nothing there was changed");
                assert!(!bench.names().iter().any(|name| name.contains(".before-")), "{}", said.stderr);
                if let Ok(state) = state {
                    assert_eq!(fs::read(before.join("resume.bin")).expect("still there"), state);
                }
                bench.run(&RUN).exits(0);
                if bench.read("study.toml") == STUDY {
                    assert_same(&bench.results(), &expected, &format!("{kind} at {ops} of {file}"));
                }
            }
        }
    }
}

#[test]
fn any_error_of_writing_midway_is_like_a_full_disk() {
    let (whole, expected) = (trained(), Bench::with("study.toml", STUDY));
    let table = expected.run(&["run", "study.toml", "--no-save"]).exits(0).stdout;
    for ops in ["write", "sync", "rename", "truncate"] {
        let bench = Bench::with("study.toml", STUDY);
        // Within a run's folder, from the first on.
        let fault = Fault { path: "/seed-", ops, kind: "EIO", at: 1, stays: true };
        let mut command = bench.command(&["run", "study.toml"]);
        command.envs(fault.environment(None)).env("METASCOPE_SAVE_MS", "1");
        let said = Said::of(&mut command).exits(1).says("but not saved: ").says("Input/output error");
        for line in table.lines() {
            assert!(said.stdout.contains(line), "{ops}: {line:?} is missing from {}", said.stdout);
        }
        bench.run(&RUN).exits(0);
        assert_same(&bench.results(), &whole.results(), ops);
    }
    // The folder goes, and something else is in its place: what was not begun is trained too.
    let bench = Bench::with("study.toml", STUDY.replace("4000", "40000"));
    let run = start(&bench);
    wait("the first save", || bench.has("resume.bin"));
    wait("no folder", || {
        let _ = fs::remove_dir_all(bench.path("runs"));
        fs::write(bench.path("runs"), "in the way").is_ok()
    });
    let stderr = run.end().exits(1).stderr;
    assert_eq!(stderr.matches("but not saved: ").count(), 4, "{stderr}");
    assert_eq!(bench.read("runs"), "in the way");
}

#[test]
fn of_two_processes_one_trains_even_if_the_folder_goes() {
    let endless = STUDY.replace("outer_steps = 4000", "outer_steps = 100000000000");
    let bench = Bench::with("study.toml", &endless);
    // The folder goes and is made anew: it is held again, and nobody else gets it.
    let mut first = start(&bench);
    wait("the first save", || bench.has("resume.bin"));
    wait("no folder", || fs::remove_dir_all(bench.path("runs")).is_ok());
    wait("the next save", || bench.has("resume.bin"));
    bench.run(&RUN).exits(1).says(&format!("process {}", first.id()));
    // Another is there first: the one before writes no more.
    first.signal(Signal::STOP);
    // Its threads stop one after another.
    wait("no folder", || fs::remove_dir_all(bench.path("runs")).is_ok());
    let second = start(&bench);
    wait("the second's first save", || bench.has("resume.bin"));
    first.signal(Signal::CONT);
    sleep(Duration::from_millis(300));
    second.kill();
    let left = bench.files();
    sleep(Duration::from_millis(300));
    assert!(!first.has_ended(), "it trains on");
    assert_same(&bench.files(), &left, "written by the one that has lost its lock");
    assert!(first.kill().stderr.contains("its lock was taken away"));
}

#[test]
fn what_is_last_written_is_on_the_disk_when_it_ends() {
    let bench = Bench::with("study.toml", STUDY);
    let trace = bench.path("trace");
    // Asked of the system itself: every rename into a run's folder is followed by a sync of that folder, that of a
    // checkpoint before the state that names it gets its own. The folders above are synced once, not for every run.
    let traced = Command::new("strace")
        .args(["-f", "-y", "-e", "trace=rename,renameat,renameat2,fsync", "-o"])
        .arg(&trace)
        .arg(binary())
        .args(RUN)
        .current_dir(bench.folder())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if !traced.is_ok_and(|status| status.success()) {
        eprintln!("not tried: there is no strace here");
        return;
    }
    let trace = bench.read("trace");
    let mut waiting: Vec<String> = Vec::new();
    for line in trace.lines() {
        let renamed = line.rsplit('"').nth(1).filter(|_| line.contains("rename"));
        match renamed.and_then(|to| to.rsplit_once('/')) {
            Some((folder, name @ ("resume.bin" | "checkpoint.safetensors"))) => {
                let is_named = name != "resume.bin" || !waiting.iter().any(|other| other == folder);
                assert!(is_named, "a state before its checkpoint's name: {trace}");
                waiting.push(folder.to_owned());
            }
            _ if line.contains("fsync(") => waiting.retain(|folder| !line.contains(&format!("{folder}>"))),
            _ => {}
        }
    }
    assert!(trace.contains("resume.bin\""), "{trace}");
    assert_eq!(waiting, Vec::<String>::new(), "{trace}");
    let above = trace.lines().filter(|line| line.contains("fsync(") && line.contains("/runs>"));
    assert_eq!(above.count(), 1, "{trace}");
}

#[test]
fn nothing_is_written_through_links_or_cleaned_away_that_is_not_ours() {
    let bench = trained();
    let expected = bench.results();
    bench.write("theirs", "important");
    // Only own leftovers go.
    fs::create_dir_all(bench.path("home/notes")).expect("made");
    bench.write("home/notes/draft.tmp", "a draft");
    bench.write("notes.toml", STUDY.replace("4000", "40"));
    bench.run(&["run", "notes.toml", "--out", "home"]).exits(0);
    assert_eq!(bench.read("home/notes/draft.tmp"), "a draft");
    // Links and second names in the place of files.
    for file in ["metrics.jsonl", "settings.toml", "snapshots.bin", "checkpoint.safetensors", "resume.bin"] {
        for hard in [false, true] {
            let path = folder(&bench, "MAML", 0).join(file);
            fs::remove_file(&path).expect("removed");
            if hard {
                fs::hard_link(bench.path("theirs"), &path).expect("a second name");
            } else {
                symlink(bench.path("theirs"), &path).expect("a link");
            }
            let _ = bench.run(&EXPORT);
            let said = bench.run(&RUN);
            assert!(matches!(said.code, Some(0 | 1)), "{file}: {said:?}");
            bench.run(&RUN).exits(0);
            assert_eq!(bench.read("theirs"), "important", "{file}, hard: {hard}");
            assert_same(&bench.results(), &expected, &format!("{file}, hard: {hard}"));
        }
    }
    for hard in [false, true] {
        let lock = bench.path("runs/study/lock.json");
        fs::remove_file(&lock).expect("removed");
        if hard {
            fs::hard_link(bench.path("theirs"), &lock).expect("a second name");
        } else {
            symlink(bench.path("theirs"), &lock).expect("a link");
        }
        bench.run(&RUN).exits(1).says("lock.json").says("nothing was trained");
        assert_eq!(bench.read("theirs"), "important");
        fs::remove_file(&lock).expect("removed");
        bench.run(&RUN).exits(0);
    }
    // A link in the place of a folder.
    fs::create_dir(bench.path("elsewhere")).expect("made");
    let run = folder(&bench, "MAML", 0);
    fs::remove_dir_all(&run).expect("removed");
    symlink(bench.path("elsewhere"), &run).expect("a link");
    bench.run(&EXPORT).exits(1).says("is a link");
    bench.write("elsewhere/snapshots.bin", "theirs");
    bench.run(&RUN).exits(1).says("is a link").says("seed-0.before-");
    assert_same(&bench.results(), &expected, "after a link in the place of a run's folder");
    // And above it.
    let above = run.parent().expect("an experiment's folder").to_owned();
    fs::remove_dir_all(&above).expect("removed");
    symlink(bench.path("elsewhere"), &above).expect("a link");
    bench.run(&RUN).exits(1).says("is a link").says("but not saved");
    assert_eq!(bench.read("elsewhere/snapshots.bin"), "theirs");
    assert_eq!(fs::read_dir(bench.path("elsewhere")).expect("a folder").count(), 1);
}

#[test]
fn pipes_and_endless_files_hang_nothing() {
    let bench = trained();
    for file in ["metrics.jsonl", "settings.toml", "snapshots.bin", "checkpoint.safetensors", "resume.bin"] {
        let path = folder(&bench, "MAML", 0).join(file);
        for what in ["pipe", "sparse", "folder"] {
            let _ = fs::remove_file(&path).or_else(|_| fs::remove_dir_all(&path));
            match what {
                "pipe" => {
                    let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
                    rustix::fs::mkfifoat(rustix::fs::CWD, &path, mode).expect("a pipe");
                }
                "sparse" => fs::File::create(&path).expect("made").set_len(1 << 40).expect("sparse"),
                _ => fs::create_dir(&path).expect("made"),
            }
            let said = bench.run(&EXPORT);
            let is_read = ["metrics.jsonl", "settings.toml", "resume.bin"].contains(&file);
            if is_read {
                said.exits(1).says("skipped: ");
            }
            let said = bench.run(&RUN);
            assert!(matches!(said.code, Some(0 | 1)), "{file} as a {what}: {said:?}");
            let _ = fs::remove_dir_all(&path);
            bench.run(&RUN).exits(0);
            bench.run(&EXPORT).exits(0);
        }
    }
}

#[test]
fn what_is_exported_goes_where_a_person_says() {
    use std::os::unix::fs::PermissionsExt;
    let bench = trained();
    let rows = bench.run(&EXPORT).exits(0).stdout;
    let export = |out: &str| bench.run(&[&EXPORT[..], &["--out", out]].concat());
    assert_eq!(export("/dev/stdout").exits(0).stdout, rows);
    bench.write("rows.csv", "old");
    fs::set_permissions(bench.path("rows.csv"), fs::Permissions::from_mode(0o604)).expect("changed");
    symlink("rows.csv", bench.path("link.csv")).expect("a link");
    export("link.csv").exits(0);
    assert!(fs::symlink_metadata(bench.path("link.csv")).expect("there").is_symlink());
    assert_eq!(bench.read("rows.csv"), rows);
    assert_eq!(fs::metadata(bench.path("rows.csv")).expect("there").permissions().mode() & 0o777, 0o604);
    // A pipe, with somebody who reads it.
    let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    rustix::fs::mkfifoat(rustix::fs::CWD, bench.path("pipe"), mode).expect("a pipe");
    let path = bench.path("pipe");
    let reader = std::thread::spawn(move || fs::read_to_string(path).expect("read"));
    export("pipe").exits(0);
    assert_eq!(reader.join().expect("it read"), rows);
    assert!(bench.path("pipe").exists());
}

#[test]
fn no_name_drives_the_terminal() {
    let hidden =
        |text: &str| text.chars().any(|c| c.is_control() && c != '\n' || "\u{202e}\u{200b}".contains(c));
    let bench = Bench::with("study.toml", STUDY.replace("\"MAML\"", "\"MA\\u202eML\""));
    bench.run(&["check", "study.toml"]).exits(2).says("study.toml:12:8").says("nobody sees");
    // What another person has put there.
    let bench = trained();
    let run = folder(&bench, "MAML", 0);
    let text = fs::read_to_string(run.join("settings.toml")).expect("settings");
    fs::create_dir_all(bench.path("runs/study/\u{1b}[2J\u{202e}x/seed-0")).expect("made");
    let evil = bench.path("runs/study/\u{1b}[2J\u{202e}x/seed-0");
    copy(&run, &evil);
    fs::write(evil.join("settings.toml"), text.replace("\"MAML\"", "\"M\\u202eAML\\u200b\""))
        .expect("written");
    let said = bench.run(&EXPORT).exits(1);
    assert!(!hidden(&said.stderr), "{:?}", said.stderr);
    let said = bench.run(&["export", "runs/study/\u{1b}[2Jnowhere", "--format", "csv"]).exits(1);
    assert!(!hidden(&said.stderr), "{:?}", said.stderr);
    let said = bench.run(&["run", "\u{1b}[2Jnowhere.toml"]).exits(1);
    assert!(!hidden(&said.stderr), "{:?}", said.stderr);
    // A study that is called after such a file.
    bench.write("st\u{202e}udy.toml", STUDY.replace("4000", "40"));
    let said = bench.run(&["run", "st\u{202e}udy.toml"]).exits(0);
    assert!(!hidden(&said.stdout) && !hidden(&said.stderr), "{said:?}");
    assert_eq!(events(&bench.run(&RUN).exits(0).json_lines(), "finished").count(), 4);
}

/// The most memory that a program had, as seen while it ran.
fn most_memory(mut run: Running) -> u64 {
    let status = PathBuf::from(format!("/proc/{}/status", run.id()));
    let mut most = 0;
    wait("it ends", || {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
        most = most.max(kilobytes.unwrap_or(0));
        run.has_ended()
    });
    run.end().exits(0);
    most * 1024
}

#[test]
fn memory_is_estimated_before_anything_starts() {
    // What it says is what it takes.
    let large = STUDY
        .replace("test_tasks = 20\nsteps = 3", "test_tasks = 20\nsteps = 1\ngrid = 400")
        .replace("test_tasks = 20", "test_tasks = 20000")
        .replace("seeds = 2", "seeds = 1");
    let bench = Bench::with("study.toml", &large);
    let said = bench.run(&["check", "study.toml"]).exits(0).stdout;
    let words: Vec<&str> = said.split_whitespace().collect();
    let at = words.iter().position(|word| *word == "MiB").expect("an estimate");
    let workers = words[words.len() - 2].parse::<u64>().unwrap_or(1);
    let estimate = words[at - 1].parse::<f64>().expect("a number") * f64::from(1 << 20);
    let run = bench.start(&[&RUN[..], &["--jobs", &workers.to_string()]].concat());
    let most = most_memory(run) as f64;
    assert!((0.4 * estimate..1.1 * estimate).contains(&most), "said {estimate}, took {most}");
    // What the machine has not is refused before it is tried; a limit counts as the machine. What is forced is
    // tried.
    let inner = "outer_steps = 4000\ninner_steps = 1000";
    let large = STUDY
        .replace("outer_steps = 4000", inner)
        .replace("train_tasks = 50", "train_tasks = 50\nshots = 600");
    let bench = Bench::with("study.toml", large.replace("hidden = 16", "hidden = 128\nprecision = \"f64\""));
    let limited = |command: &str| {
        let script = format!("ulimit -v 1500000; exec \"$0\" {command}");
        let mut command = Command::new("sh");
        command.args(["-c", &script]).arg(binary()).current_dir(bench.folder()).stdin(Stdio::null());
        let output = command.output().expect("a shell");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        // Not taken for a panic: where memory is forced, the last words are the allocator's.
        Said { code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) }
    };
    for arguments in ["", "--only MAML --jobs 1"] {
        let said =
            limited(&format!("run study.toml {arguments}")).exits(2).says("GiB of memory").says("--force");
        let said = said.says("this machine gives 1.4 GiB");
        assert_eq!((said.stdout.as_str(), bench.names()), ("", vec!["study.toml".to_owned()]));
    }
    let said = limited("check study.toml").exits(0);
    assert!(said.stdout.contains("refuses it without --force"), "{}", said.stdout);
    assert_ne!(limited("run study.toml --only MAML --jobs 1 --force").code, Some(2));
    // The meta-gradient of a small file can be large too.
    bench.write(
        "net.toml",
        "[model]\nhidden = 128\n[[experiment]]\nname = \"R\"\nalgorithm = \"random\"\nseeds = 1\n",
    );
    bench.run(&["run", "net.toml"]).exits(0);
    let names = bench.names();
    let checkpoint =
        names.iter().find(|name| name.starts_with("runs/net/") && name.ends_with(".safetensors"));
    let x = vec!["1"; 10_000].join(",");
    bench.write(
        "tasks.json",
        format!("{{\"tasks\":[{{\"amplitude\":1,\"phase\":0,\"support_x\":[{x}],\"query_x\":[1]}}]}}"),
    );
    let checkpoint = checkpoint.expect("a checkpoint").as_str();
    let gradient =
        ["gradient", checkpoint, "--tasks", "tasks.json", "--inner-lr", "0.1", "--inner-steps", "1000"];
    limited(&gradient.join(" ")).exits(2).says("GiB of memory").says("--force");
}
