//! Whatever single thing happens to any file of a study, or to any operation on one: nothing differs without
//! a word, nothing hangs, nothing outside is touched, and the next run ends with the same results.
//!
//! A few dozen cases of each kind run with the other tests. `tests/torture/nightly` runs as many as fit into a
//! time, or all: METASCOPE_TORTURE is their number (0: all there are), METASCOPE_TORTURE_SEED where the choice
//! begins, METASCOPE_TORTURE_SECONDS when to stop. Each test prints what it has counted.
#![cfg(target_os = "linux")]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::program::disk::{Cut, Fault, after_power_cut, power_cut, with_fewer_threads_than};
use crate::program::terminal::Terminal;
use crate::program::{Bench, Said, assert_same, binary, copy};

const STUDY: &str = r#"[defaults]
seeds = 2
outer_steps = 6000
[model]
hidden = 16
[task]
train_tasks = 20
[evaluation]
test_tasks = 10
grid = 7
steps = 2
[[experiment]]
name = "MAML"
algorithm = "maml"
[[experiment]]
name = "Reptile"
algorithm = "reptile"
inner_steps = 2
"#;

const RUN: [&str; 5] = ["run", "study.toml", "--json", "--jobs", "2"];
const EXPORT: [&str; 4] = ["export", "runs", "--format", "csv"];
/// Nothing of this takes a tenth of it.
const HANGS: Duration = Duration::from_secs(60);

/// How much is asked for.
struct Budget {
    cases: usize,
    state: u64,
    end: Instant,
}

impl Budget {
    fn new(usual: usize) -> Self {
        let asked = |name| std::env::var(name).ok().and_then(|text: String| text.parse::<u64>().ok());
        let cases = match asked("METASCOPE_TORTURE") {
            Some(0) => usize::MAX,
            Some(cases) => cases as usize,
            None => usual,
        };
        let state = asked("METASCOPE_TORTURE_SEED").unwrap_or(1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let seconds = asked("METASCOPE_TORTURE_SECONDS").unwrap_or(86_400);
        Self { cases, state, end: Instant::now() + Duration::from_secs(seconds) }
    }

    fn is_spent(&self, done: usize) -> bool {
        done >= self.cases || Instant::now() >= self.end
    }

    fn random(&mut self, below: usize) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        (self.state % below.max(1) as u64) as usize
    }
}

/// A folder with this study, its files as they are in another.
fn copy_of(template: &Path) -> Bench {
    let bench = Bench::with("study.toml", STUDY);
    copy(&template.join("runs"), &bench.path("runs"));
    fs::create_dir(bench.path("outside")).expect("made");
    bench.write("outside/theirs", "important");
    bench
}

/// The study, finished.
fn finished() -> Bench {
    let bench = Bench::with("study.toml", STUDY);
    bench.run(&RUN).exits(0);
    bench
}

/// The study, one run of it done and another half done.
fn half_done() -> Bench {
    let bench = Bench::with("study.toml", STUDY);
    bench.half_do("study.toml", "seed-1");
    bench
}

/// Without waiting for ever.
fn said(bench: &Bench, arguments: &[&str]) -> Said {
    let began = Instant::now();
    let said = Said::of(bench.command(arguments).timeout(HANGS));
    assert!(began.elapsed() < HANGS, "{arguments:?} hangs: {said:?}");
    said
}

/// Does something to one file; what it was.
fn mutate(bench: &Bench, budget: &mut Budget) -> String {
    let files: Vec<String> = bench
        .names()
        .into_iter()
        .filter(|name| name.starts_with("runs/") && !name.ends_with(".tmp"))
        .collect();
    let name = files[budget.random(files.len())].clone();
    let path = bench.path(&name);
    let mut bytes = fs::read(&path).expect("readable");
    let file = name.rsplit('/').next().expect("a name").to_owned();
    let others: Vec<&String> =
        files.iter().filter(|other| **other != name && other.ends_with(&format!("/{file}"))).collect();
    let kind = budget.random(8);
    let what = match kind {
        0 if !bytes.is_empty() => {
            let at = budget.random(bytes.len() * 8);
            bytes[at / 8] ^= 1 << (at % 8);
            fs::write(&path, &bytes).expect("written");
            format!("flipped bit {at}")
        }
        1 if !bytes.is_empty() => {
            let at = budget.random(bytes.len());
            fs::write(&path, &bytes[..at]).expect("written");
            format!("cut to {at} bytes")
        }
        2 | 3 if !others.is_empty() => {
            let other = others[budget.random(others.len())].clone();
            let theirs = fs::read(bench.path(&other)).expect("readable");
            fs::write(&path, theirs).expect("written");
            if kind == 2 {
                fs::write(bench.path(&other), bytes).expect("written");
                format!("swapped with {other}")
            } else {
                format!("copied from {other}")
            }
        }
        4 => {
            fs::remove_file(&path).expect("removed");
            symlink(bench.path("outside/theirs"), &path).expect("a link");
            "a link".to_owned()
        }
        5 => {
            fs::remove_file(&path).expect("removed");
            fs::hard_link(bench.path("outside/theirs"), &path).expect("a second name");
            "a second name of another file".to_owned()
        }
        6 => {
            fs::remove_file(&path).expect("removed");
            let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
            rustix::fs::mkfifoat(rustix::fs::CWD, &path, mode).expect("a pipe");
            "a pipe".to_owned()
        }
        _ => {
            fs::remove_file(&path).expect("removed");
            fs::create_dir(&path).expect("made");
            "a folder".to_owned()
        }
    };
    format!("{name}: {what}")
}

/// Whether a command has given the same, or has said that it has not.
#[track_caller]
fn same_or_said(now: &Said, before: &Said, what: &str) -> bool {
    let same = now.stdout == before.stdout && now.code == before.code;
    let is_said = !now.stderr.trim().is_empty() && now.stderr != before.stderr;
    assert!(same || is_said, "{what}: differs without a word: {now:?}");
    same
}

#[test]
fn any_change_of_one_file_is_seen_or_makes_no_difference() {
    let mut budget = Budget::new(48);
    let templates = [finished(), half_done()];
    let expected = templates[0].results();
    let exports = templates.each_ref().map(|bench| bench.run(&EXPORT));
    let (mut done, mut silent, mut put_aside, mut watched) = (0, 0, 0, 0);
    while !budget.is_spent(done) {
        let which = done % templates.len();
        let bench = copy_of(templates[which].folder());
        let what = mutate(&bench, &mut budget);
        let what = format!("case {done}, {}: {what}", ["finished", "half done"][which]);
        silent += usize::from(same_or_said(&said(&bench, &EXPORT), &exports[which], &what));
        // A screen takes longer to come up than all the rest.
        if done % 8 == 3 && exports[which].code == Some(0) {
            watch(&bench, &what);
            watched += 1;
        }
        let ran = said(&bench, &RUN);
        assert!(matches!(ran.code, Some(0 | 1)), "{what}: {ran:?}");
        let found = bench.results();
        if ran.code == Some(0) {
            assert_same(&found, &expected, &what);
        } else {
            assert!(!ran.stderr.trim().is_empty(), "{what}: exit code 1 without a word");
        }
        put_aside += usize::from(ran.stderr.contains(".before-"));
        // What was put aside is said once; what is in the way has to be taken away by a person.
        let again = said(&bench, &RUN);
        assert!(again.code == Some(0) || again.stderr.contains("cannot be written"), "{what}: {again:?}");
        if again.code == Some(0) {
            assert_same(&bench.results(), &expected, &what);
            assert_eq!(said(&bench, &EXPORT).stdout, exports[0].stdout, "{what}");
        }
        assert_eq!(bench.read("outside/theirs"), "important", "{what}");
        assert_eq!(fs::read_dir(bench.path("outside")).expect("a folder").count(), 1, "{what}");
        done += 1;
    }
    println!(
        "{done} changes: {silent} made no difference to export, {put_aside} put aside, {watched} watched"
    );
    assert!(done == 0 || put_aside > 0 && silent > 0, "{done}: does it still change anything?");
}

/// Opens the dashboard over it and leaves.
fn watch(bench: &Bench, what: &str) {
    let mut terminal = Terminal::open(bench.folder(), "watch runs");
    let began = Instant::now();
    terminal.press("q");
    let (code, output) = terminal.end();
    assert!(began.elapsed() < HANGS && matches!(code, 0 | 1), "{what}: {code} {output}");
}

/// Small enough that every operation can be hit.
const SMALL: &str = r#"[defaults]
seeds = 1
outer_steps = 12
[model]
hidden = 16
[task]
train_tasks = 4
[evaluation]
test_tasks = 4
grid = 5
steps = 1
[[experiment]]
name = "MAML"
algorithm = "maml"
[[experiment]]
name = "Reptile"
algorithm = "reptile"
"#;

fn with_fault(bench: &Bench, fault: &Fault, count: Option<&Path>) -> Said {
    let mut command = bench.command(&["run", "study.toml", "--jobs", "1"]);
    command.envs(fault.environment(count)).env("METASCOPE_SAVE_MS", "0").timeout(HANGS);
    let began = Instant::now();
    let said = Said::of(&mut command);
    assert!(began.elapsed() < HANGS, "{fault:?} hangs: {said:?}");
    said
}

/// Where a study stands before a fault hits it.
fn before(resumes: bool) -> Bench {
    if !resumes {
        return Bench::with("study.toml", SMALL);
    }
    // Killed when the second state was to come to its place: one is saved, and not everything done. The two may come to
    // their places at the same time, and then none is saved.
    let fault = Fault { path: "resume.bin", ops: "rename", kind: "crash", at: 2, stays: false };
    for _ in 0..20 {
        let bench = Bench::with("study.toml", SMALL);
        let killed = with_fault(&bench, &fault, None);
        assert_eq!(killed.code, None, "{killed:?}");
        let names = bench.names();
        if ["resume.bin", ".tmp"].iter().all(|end| names.iter().any(|name| name.ends_with(end))) {
            return bench;
        }
    }
    panic!("no kill has left one state saved and one beside its place");
}

#[test]
fn a_fault_at_any_operation_is_survived_and_said() {
    let mut budget = Budget::new(40);
    let whole = Bench::with("study.toml", SMALL);
    let table = whole.run(&["run", "study.toml"]).exits(0).stdout;
    let expected = whole.results();
    let (mut done, mut failed, mut operations) = (0, 0, Vec::new());
    for resumes in [false, true] {
        let template = before(resumes);
        let bench = fresh(&template);
        let count: PathBuf = bench.path("count");
        let all = Fault { path: "runs", ops: "", kind: "EIO", at: 0, stays: false };
        with_fault(&bench, &all, Some(&count)).exits(0);
        let many: u64 = bench.read("count").trim().parse().expect("a number");
        assert!(many > 50, "only {many} operations are seen: does the library still work?");
        operations.push(many);
        let kinds = [
            ("crash", false),
            ("EIO", false),
            ("EIO", true),
            ("ENOSPC", true),
            ("EINTR", false),
            ("short", false),
        ];
        let cases = many as usize * kinds.len();
        let share = (budget.cases / 2).min(cases);
        for case in 0..share {
            // All of them, or as many that lie apart.
            let case = if share == cases { case } else { budget.random(cases) };
            if Instant::now() >= budget.end {
                break;
            }
            let (kind, stays) = kinds[case % kinds.len()];
            let fault = Fault { path: "runs", ops: "", kind, at: 1 + (case / kinds.len()) as u64, stays };
            let bench = fresh(&template);
            let what = format!("resumes: {resumes}, {fault:?}");
            let said = with_fault(&bench, &fault, None);
            match said.code {
                // It made no difference that counts.
                Some(0) => {
                    let mut found = bench.results();
                    // What a killed process was just writing is in nobody's way, and the next run tries again.
                    found.retain(|name, _| !name.ends_with(".tmp"));
                    assert_same(&found, &expected, &what);
                }
                Some(1) => {
                    assert!(!said.stderr.trim().is_empty(), "{what}: exit code 1 without a word");
                    let early =
                        said.stderr.contains("nothing was trained") || said.stderr.contains("cannot be read");
                    let told = table.lines().all(|line| said.stdout.contains(line));
                    assert!(early || told, "{what}: the results are lost: {said:?}");
                    failed += 1;
                }
                code => assert!(code.is_none() && kind == "crash", "{what}: {said:?}"),
            }
            bench.run(&["run", "study.toml"]).exits(0);
            assert_same(&bench.results(), &expected, &format!("{what}, then run again"));
            done += 1;
        }
    }
    println!(
        "{done} faults at {operations:?} operations (from empty, of a resume): {failed} failed and said so"
    );
    assert!(done == 0 || failed > 0);
}

fn fresh(template: &Bench) -> Bench {
    let bench = Bench::with("study.toml", SMALL);
    if template.path("runs").exists() {
        copy(&template.path("runs"), &bench.path("runs"));
    }
    bench
}

/// Says of everything in a folder that it is on the disk.
fn on_disk(folder: &Path, disk: &Path) {
    use std::os::unix::fs::{DirEntryExt, MetadataExt};
    let mut names = String::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let entry = entry.expect("an entry");
        let path = entry.path();
        if path == disk {
            continue;
        }
        let kind = if path.is_dir() { 'd' } else { 'f' };
        names += &format!("{kind} {} {}\n", entry.ino(), entry.file_name().display());
        if path.is_dir() {
            on_disk(&path, disk);
        } else {
            fs::copy(&path, disk.join(format!("f-{}", entry.ino()))).expect("copied");
        }
    }
    let inode = folder.metadata().expect("there").ino();
    fs::write(disk.join(format!("d-{inode}")), names).expect("written");
}

/// Runs the study until the power goes; as the disk has it then.
fn cut_short(from: &Bench, together: bool, at: u64, cut: Cut, budget: &mut Budget) -> Bench {
    let disk = tempfile::tempdir().expect("a temporary folder");
    on_disk(from.folder(), disk.path());
    let arguments = ["run", "study.toml", "--jobs", "1", "--join"];
    let start = |at| {
        let mut environment = power_cut("runs", at, disk.path());
        environment.push(("METASCOPE_SAVE_MS", "0".to_owned()));
        from.start_with(&arguments[..if together { 5 } else { 4 }], &environment)
    };
    let other = together.then(|| start(0));
    start(at).end();
    drop(other);
    let after = Bench::new();
    after_power_cut(from.folder(), disk.path(), after.folder(), cut, &mut |below| budget.random(below));
    after
}

/// Holds a study that the power was cut in against what it is as a whole: no table has anything that is not so, it goes on
/// to the same results, `verify` accuses nobody, and what is missing is said and made good. Whether something was.
#[track_caller]
fn loses_nothing(bench: &Bench, whole: &Bench, what: &str) -> bool {
    let rows = whole.run(&EXPORT).stdout;
    let export = said(bench, &EXPORT);
    let is_true = export.stdout.lines().all(|line| rows.lines().any(|known| known == line));
    assert!(is_true && (export.code == Some(0) || !export.stderr.is_empty()), "{what}: {export:?}");
    let ran = said(bench, &["run", "study.toml", "--jobs", "1"]);
    assert_eq!(ran.code, Some(0), "{what}: {ran:?}");
    assert_same(&bench.results(), &whole.results(), what);
    let lacks = pasts(bench) != pasts(whole);
    assert!(!lacks || ran.stderr.contains("snapshots of its past are missing"), "{what}: {ran:?}");
    let verified = said(bench, &["verify", "runs", "--jobs", "1"]);
    assert!(!verified.stdout.contains("DIFFERS"), "{what}: {verified:?}");
    assert_eq!(verified.code, Some(i32::from(lacks)), "{what}: {verified:?}");
    if lacks {
        assert!(verified.stdout.contains("DAMAGED"), "{what}: {verified:?}");
        let repaired = said(bench, &["verify", "runs", "--repair", "--jobs", "1"]);
        assert!(repaired.code == Some(0) && repaired.stdout.contains("repaired"), "{what}: {repaired:?}");
        assert_same(&pasts(bench), &pasts(whole), what);
    }
    lacks
}

const CUTS: [Cut; 3] = [Cut::Strict, Cut::Names, Cut::Torn];

#[test]
fn a_power_cut_loses_nothing_without_a_word() {
    let mut budget = Budget::new(12);
    let whole = Bench::with("study.toml", SMALL);
    whole.run(&["run", "study.toml"]).exits(0);
    let (mut done, mut gone_on, mut holes) = (0, 0, 0);
    while !budget.is_spent(done) {
        let (cut, together, twice) = (CUTS[done % 3], done / 3 % 3 == 1, done / 3 % 3 == 2);
        let mut bench = Bench::with("study.toml", SMALL);
        let mut at = 1 + budget.random(220) as u64;
        let what = format!("case {done}: {cut:?}, together: {together}, twice: {twice}, at {at}");
        bench = cut_short(&bench, together, at, cut, &mut budget);
        if twice {
            at = 1 + budget.random(220) as u64;
            bench = cut_short(&bench, false, at, cut, &mut budget);
        }
        gone_on += usize::from(bench.has("resume.bin"));
        holes += usize::from(loses_nothing(&bench, &whole, &what));
        done += 1;
    }
    println!("{done} power cuts: after {gone_on} there was something to go on from, after {holes} a hole");
    assert!(done == 0 || gone_on > 0, "does it still cut anything?");
}

/// The study at a length that takes a second where every look at the clock saves it.
fn longer() -> String {
    STUDY.replace("seeds = 2", "seeds = 1").replace("outer_steps = 6000", "outer_steps = 3000")
}

/// A process trains the study, another one takes it over, and the power goes at some operation of that one: while it
/// looks on, asks, goes on or ends. As the disk has it then, and whether the study had changed hands.
fn cut_in_a_take_over(at: u64, cut: Cut, budget: &mut Budget) -> (Bench, bool) {
    let from = Bench::with("study.toml", longer());
    let disk = tempfile::tempdir().expect("a temporary folder");
    on_disk(from.folder(), disk.path());
    let environment = |at| {
        let mut environment = power_cut("runs", at, disk.path());
        environment.push(("METASCOPE_SAVE_MS", "0".to_owned()));
        environment
    };
    let mut gives = from.start_with(&["run", "study.toml", "--jobs", "1"], &environment(0));
    gives.until("something is saved", || from.has("resume.bin"));
    let variables = environment(at).into_iter().map(|(name, value)| format!("{name}={value}"));
    let variables = variables.collect::<Vec<_>>().join(" ");
    let mut takes = Terminal::open_with(from.folder(), "study.toml --jobs 1", &variables);
    let began = Instant::now();
    while !takes.has_ended() && began.elapsed() < HANGS {
        // It can be asked once it is known who trains; whoever trains then is not asked any more.
        takes.try_press(if from.count("checkpoint.safetensors") == 2 { "q" } else { "O" });
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(takes.has_ended(), "it neither ends nor comes to operation {at}: {}", takes.text());
    // The power goes for both.
    let was_given = if gives.has_ended() {
        gives.end().code == Some(130)
    } else {
        drop(gives);
        false
    };
    drop(takes);
    let after = Bench::new();
    after_power_cut(from.folder(), disk.path(), after.folder(), cut, &mut |below| budget.random(below));
    (after, was_given)
}

#[test]
fn a_power_cut_while_a_study_changes_hands_loses_nothing_without_a_word() {
    let mut budget = Budget::new(6);
    let whole = Bench::with("study.toml", longer());
    whole.run(&["run", "study.toml"]).exits(0);
    let (mut done, mut given, mut gone_on, mut holes) = (0, 0, 0, 0);
    while !budget.is_spent(done) {
        // While it looks on and asks, and while it goes on.
        let at = if done % 2 == 0 { 1 + budget.random(180) } else { 150 + budget.random(1_200) } as u64;
        let cut = CUTS[done / 2 % 3];
        let what = format!("case {done}: {cut:?}, at {at}");
        let (bench, was_given) = cut_in_a_take_over(at, cut, &mut budget);
        given += usize::from(was_given);
        gone_on += usize::from(bench.has("resume.bin"));
        holes += usize::from(loses_nothing(&bench, &whole, &what));
        done += 1;
    }
    println!(
        "{done} power cuts, {given} after a study had changed hands: after {gone_on} there was something to go on from, after {holes} a hole"
    );
    assert!(done < 6 || given > 0 && gone_on > 0, "{given} {gone_on}: does it still cut anything?");
}

/// The pasts of all runs but those that were put aside.
fn pasts(bench: &Bench) -> BTreeMap<String, Vec<u8>> {
    let mut files = bench.files();
    files.retain(|name, _| name.ends_with("snapshots.bin") && !name.contains(".before-"));
    files
}

#[test]
fn what_a_person_asked_for_is_whole_after_a_power_cut() {
    let mut budget = Budget::new(18);
    let bench = Bench::with("study.toml", SMALL);
    bench.run(&["run", "study.toml"]).exits(0);
    let rows = bench.run(&EXPORT).stdout;
    let (mut done, mut old, mut new) = (0, 0, 0);
    while !budget.is_spent(done) {
        let (cut, at) = (CUTS[done % 3], 1 + (done / 3) as u64 % 9);
        let (folder, disk) = (Bench::with("table.csv", "old"), tempfile::tempdir().expect("a folder"));
        on_disk(folder.folder(), disk.path());
        let path = folder.path("table.csv");
        let mut command = Command::new(binary());
        command.args(EXPORT).arg("--out").arg(&path).current_dir(bench.folder());
        let name = folder.folder().display().to_string();
        let ended = command.envs(power_cut(&name, at, disk.path())).output().expect("it runs");
        let after = Bench::new();
        after_power_cut(folder.folder(), disk.path(), after.folder(), cut, &mut |below| budget.random(below));
        let found = after.read("table.csv");
        assert!(found == "old" || found == rows, "{cut:?} at {at}: {found:?}");
        // Whoever was told that it is done has it.
        assert!(!ended.status.success() || found == rows, "{cut:?} at {at}: it was there");
        (old, new) = (old + usize::from(found == "old"), new + usize::from(found == rows));
        // What is left of it is cleared by the next one.
        let mut command = bench.command(&EXPORT);
        Said::of(command.arg("--out").arg(&path)).exits(0);
        assert_eq!(folder.names(), ["table.csv"], "{cut:?} at {at}");
        done += 1;
    }
    println!("{done} power cuts while a table was written: {old} times the old one, {new} times the new one");
    assert!(done < 18 || old > 0 && new > 0);
}

#[test]
fn threads_that_cannot_be_started_are_called_so_and_fewer_do() {
    let run = |threads: usize, arguments: &[&str]| {
        let bench = Bench::with("study.toml", SMALL);
        Said::of(bench.command(arguments).envs(with_fewer_threads_than(threads)))
    };
    let whole = run(100, &RUN).exits(0);
    for threads in 1..=4 {
        let said = run(threads, &RUN).exits(1).says("no thread can be started").says("nothing was trained");
        assert!(!said.stderr.contains("cannot be read") && !said.stderr.contains("--out"), "{}", said.stderr);
    }
    // Those that tell of the plan, keep outcomes and listen are three.
    let said = run(5, &["run", "study.toml", "--jobs", "4"]).exits(0);
    assert!(said.stderr.contains("only 1 of 4 worker threads"), "{}", said.stderr);
    let lines = |said: &Said| said.stdout.matches("\"finished\"").count();
    assert!(lines(&run(5, &RUN).exits(0)) == lines(&whole) && lines(&whole) > 0);
    // Beside the screen there are four more: whichever comes first, two workers have begun before the tenth.
    let bench = Bench::with("experiments.toml", STUDY);
    let variables = with_fewer_threads_than(10).map(|(name, value)| format!("{name}={value}")).join(" ");
    let mut terminal = Terminal::open_with(bench.folder(), "--jobs 8", &variables);
    terminal.until("why there are so few", |text| text.contains("threads"));
    terminal.press("q");
    assert_eq!(terminal.end().0, 0);
}

#[test]
fn whatever_kills_init_or_an_export_leaves_nothing_half_written() {
    let runs = Bench::with("study.toml", SMALL);
    runs.run(&["run", "study.toml"]).exits(0);
    let folder = runs.path("runs").display().to_string();
    let export = ["export", &folder, "--format", "tensorboard", "--out", "events"];
    for (arguments, again) in [(&["init"][..], 1), (&export, 0)] {
        let whole = Bench::new();
        whole.run(arguments).exits(0);
        let mut killed = 0;
        for at in 1..=40 {
            let bench = Bench::new();
            let name = bench.folder().display().to_string();
            let fault = Fault { path: &name, ops: "", kind: "crash", at, stays: false };
            let ended = bench.command(arguments).envs(fault.environment(None)).output().expect("it runs");
            killed += usize::from(!ended.status.success());
            // Under the names that other programs read there are whole files or none; they carry a time.
            let is_whole = |name: &String| whole.names().contains(name) || name.contains("tfevents");
            for name in bench.names().iter().filter(|name| is_whole(name)) {
                let (found, expected) = (bench.files()[name].len(), whole.files().get(name).map(Vec::len));
                assert!(expected.is_none_or(|expected| expected == found) && found > 0, "{name} at {at}");
            }
            // It goes on from whatever is there: `init` refuses only a file that is whole.
            let said = bench.run(arguments);
            let is_there = ended.status.success() || bench.names().contains(&"experiments.toml".to_owned());
            assert!(said.code == Some(0) || is_there && said.code == Some(again), "at {at}: {}", said.stderr);
            let left = bench.names().into_iter().find(|name| name.ends_with(".tmp"));
            assert!(left.is_none() || said.code != Some(0), "{left:?} at {at}");
        }
        assert!(killed > 3, "{arguments:?} was killed {killed} times");
    }
}
