//! Any number of processes work on one study: whatever of them is killed or stopped, every run is trained once at
//! a time, by one of them, and comes to the same bytes; who has which run is on screen.
#![cfg(target_os = "linux")]

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use crate::program::disk::{as_a_lower_layer, without_inodes, without_locks};
use crate::program::terminal::Terminal;
use crate::program::{Bench, Running, Said, assert_same, events, wait};
use rustix::process::Signal;
use serde_json::Value;

/// So many seeds of four systems, one of them untrained.
fn study(seeds: usize, steps: u64) -> String {
    format!(
        "[defaults]\nseeds = {seeds}\nouter_steps = {steps}\n[model]\nhidden = 16\n[task]\ntrain_tasks = 100\n\
         [evaluation]\ntest_tasks = 20\n[[experiment]]\nname = \"MAML\"\nalgorithm = \"maml\"\n\
         [[experiment]]\nname = \"Reptile\"\nalgorithm = \"reptile\"\n[[experiment]]\nname = \"Random\"\n\
         algorithm = \"random\"\n[[experiment]]\nname = \"Meta-SGD\"\nalgorithm = \"meta-sgd\"\n"
    )
}

const ENDLESS: u64 = 2_000_000;

/// A process that joins in. It saves so often that what is interrupted has been saved before.
fn join(bench: &Bench) -> Running {
    let arguments = ["run", "study.toml", "--out", "shared", "--join", "--jobs", "1", "--json"];
    bench.start_with(&arguments, &[("METASCOPE_SAVE_MS", "20".to_owned())])
}

/// How often each run's end was told.
fn finished(told: &[String]) -> BTreeMap<(String, u64), usize> {
    let mut finished = BTreeMap::new();
    for line in told.iter().flat_map(|told| told.lines()) {
        // A process that was killed may not have come to the line's end.
        let Ok(event) = serde_json::from_str::<Value>(line) else { continue };
        if event["event"] == "finished" {
            let name = event["experiment"].as_str().expect("a name").to_owned();
            *finished.entry((name, event["seed"].as_u64().expect("a seed"))).or_insert(0) += 1;
        }
    }
    finished
}

/// What one process by itself comes to.
fn alone(study: &str) -> BTreeMap<String, Vec<u8>> {
    let bench = Bench::with("study.toml", study);
    bench.run(&["run", "study.toml", "--out", "shared"]).exits(0);
    below(&bench)
}

/// What the study left.
fn below(bench: &Bench) -> BTreeMap<String, Vec<u8>> {
    bench.outcome().into_iter().filter(|(name, _)| name.starts_with("shared/")).collect()
}

/// Kills, stops and continues processes that share a study, until it is done. `METASCOPE_KILLS`, `METASCOPE_PROCESSES`,
/// `METASCOPE_SEEDS` and further learners in `METASCOPE_LEARNERS` make more of it.
#[test]
fn whatever_is_killed_or_stopped_every_run_is_trained_once_and_to_the_same_bytes() {
    let asked =
        |name: &str, few: usize| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(few);
    let (kills, processes) = (asked("METASCOPE_KILLS", 12), asked("METASCOPE_PROCESSES", 5));
    let more = std::env::var("METASCOPE_LEARNERS").unwrap_or_default();
    let more = more
        .split_whitespace()
        .map(|one| format!("[[experiment]]\nname = \"{one}\"\nalgorithm = \"{one}\"\n"));
    let study = study(asked("METASCOPE_SEEDS", 5), 2_000) + &more.collect::<String>();
    let alone = alone(&study);
    let bench = Bench::with("study.toml", study);
    let mut joiners: Vec<Running> = (0..processes).map(|_| join(&bench)).collect();
    let (mut killed, mut told) = (0, Vec::new());
    let mut dice: usize = 7;
    while !joiners.is_empty() {
        if killed < kills {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let chosen = (dice >> 33) % joiners.len();
            let joiner = &mut joiners[chosen];
            if !joiner.has_ended() {
                match (dice >> 20) % 4 {
                    0 => joiner.signal(Signal::STOP),
                    1 => joiner.signal(Signal::CONT),
                    _ => {
                        joiner.signal(Signal::KILL);
                        killed += 1;
                    }
                }
            }
        } else {
            for joiner in joiners.iter_mut().filter_map(|joiner| (!joiner.has_ended()).then_some(joiner)) {
                joiner.signal(Signal::CONT);
            }
        }
        thread::sleep(Duration::from_millis(40));
        let (ended, go_on): (Vec<_>, Vec<_>) =
            joiners.into_iter().map(|mut joiner| (joiner.has_ended(), joiner)).partition(|(ended, _)| *ended);
        let (ended, go_on) = (
            ended.into_iter().map(|(_, joiner)| joiner),
            go_on.into_iter().map(|(_, joiner)| joiner).collect(),
        );
        joiners = go_on;
        for joiner in ended {
            let said = joiner.end();
            if said.code != Some(0) {
                assert_eq!(said.code, None, "only what was killed has not gone well: {}", said.stderr);
                joiners.push(join(&bench));
            }
            told.push(said.stdout);
        }
    }
    assert_same(&below(&bench), &alone, "shared");
    let left = bench
        .names()
        .into_iter()
        .filter(|name| name.contains(".tmp") || name.contains("seed-") && name.ends_with("lock.json"));
    assert_eq!(left.collect::<Vec<_>>(), Vec::<String>::new(), "nothing half done is left");
    let finished = finished(&told);
    assert!(finished.values().all(|times| *times == 1), "{finished:?}");
}

#[test]
fn those_that_share_tell_of_different_runs_and_all_know_the_whole() {
    let bench = Bench::with("study.toml", study(4, 2_000));
    let joiners = [(); 2].map(|()| join(&bench));
    let told = joiners.map(|joiner| joiner.end().exits(0).stdout);
    let finished = finished(&told);
    assert_eq!((finished.len(), finished.values().max()), (16, Some(&1)));
    let summaries = |told: &String| {
        let lines: Vec<Value> = told.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        events(&lines, "summary").map(Value::to_string).collect::<std::collections::BTreeSet<_>>()
    };
    let first = summaries(&told[0]);
    assert_eq!(first.len(), 4);
    assert!(first.iter().all(|summary| summary.contains("\"seeds\":4")), "{first:?}");
    assert_eq!(first, summaries(&told[1]));
}

#[test]
fn what_is_written_behind_the_end_of_a_run_is_cut_off() {
    let bench = Bench::with("study.toml", study(1, 100));
    let join = || bench.run(&["run", "study.toml", "--out", "shared", "--join"]).exits(0);
    join();
    let whole = below(&bench);
    let log = bench.names().into_iter().find(|name| name.ends_with("metrics.jsonl")).expect("a log");
    // As of a process that was stopped between looking and writing, for as long as another trained the run.
    let longer = bench.read(&log) + "{\"event\":\"progress\"}\n";
    std::fs::write(bench.path(&log), longer).expect("written");
    join();
    assert_same(&below(&bench), &whole, "the end");
}

#[test]
fn alone_and_together_keep_apart() {
    let bench = Bench::with("study.toml", study(2, ENDLESS));
    let joiner = join(&bench);
    wait("it has claimed a run", || bench.names().iter().any(|name| name.ends_with("seed-0.lock.json")));
    let said = bench.run(&["run", "study.toml", "--out", "shared"]).exits(1);
    assert!(said.stderr.contains("--join trains with them"), "{}", said.stderr);
    drop(joiner);
    let alone = bench.start(&["run", "study.toml", "--out", "shared"]);
    let pid = alone.id().to_string();
    wait("it trains", || bench.read("shared/study/lock.json").contains(&pid));
    let said = bench.run(&["run", "study.toml", "--out", "shared", "--join"]).exits(1);
    assert!(said.stderr.contains(&format!("process {pid}")), "{}", said.stderr);
    alone.kill();
    assert!(
        !bench.names().iter().any(|name| name.ends_with("seed-0.lock.json")),
        "the claim of the killed went"
    );
}

#[test]
fn shares_are_of_different_runs_and_together_the_whole() {
    let study = study(3, 100);
    let bench = Bench::with("study.toml", &study);
    let mut seen = BTreeMap::new();
    for share in ["1/5", "2/5", "3/5", "4/5", "5/5"] {
        let said =
            bench.run(&["run", "study.toml", "--out", "shared", "--partition", share, "--json"]).exits(0);
        let lines = said.json_lines();
        for event in events(&lines, "finished") {
            *seen.entry((event["experiment"].to_string(), event["seed"].to_string())).or_insert(0) += 1;
        }
        // Whoever looks on sees what is still to come, in the plan's order.
        let plan: Value = serde_json::from_str(&bench.read("shared/study/plan.json")).expect("JSON");
        assert_eq!(plan.as_array().expect("a list").len(), 4);
    }
    assert_eq!((seen.len(), seen.values().max()), (12, Some(&1)));
    assert_same(&below(&bench), &alone(&study), "shares");
    for wrong in ["0/3", "4/3", "1/0", "1", "a/b", "1/2/3"] {
        let said = bench.run(&["run", "study.toml", "--partition", wrong]).exits(2);
        assert!(said.stderr.contains("3/64"), "{}", said.stderr);
    }
    bench.run(&["run", "study.toml", "--join", "--no-save"]).exits(2);
    bench.run(&["run", "study.toml", "--partition", "1/2", "--fresh"]).exits(2);
}

#[test]
fn what_schedulers_send_before_the_time_is_up_saves_and_ends() {
    for signal in [Signal::USR1, Signal::USR2, Signal::XCPU, Signal::TERM] {
        let bench = Bench::with("study.toml", study(1, ENDLESS));
        let run = bench.start(&["run", "study.toml"]);
        // Empty ones are there before.
        let is_begun = |name: &String| name.ends_with("metrics.jsonl") && !bench.read(name).is_empty();
        wait("it trains", || bench.names().iter().any(is_begun));
        // To the process and to its whole job: more than one is still the same wish.
        for _ in 0..2 {
            run.try_signal(signal);
        }
        let said = run.end().exits(130).says("the same command goes on");
        assert_eq!(said.stdout, "", "of nothing there is no table");
        assert!(bench.names().iter().any(|name| name.ends_with("resume.bin")), "{signal:?}");
    }
}

#[test]
fn a_dashboard_joins_and_shows_who_trains_what() {
    let bench = Bench::with("study.toml", study(3, ENDLESS));
    let headless = join(&bench);
    let pid = headless.id().to_string();
    wait("it has claimed a run", || bench.names().iter().any(|name| name.ends_with(".lock.json")));
    let mut watches = Terminal::open(bench.folder(), "watch shared");
    let drawn = watches.sees("watching");
    assert!(drawn.contains(&pid), "{drawn}");
    let mut joins = Terminal::open(bench.folder(), "study.toml --out shared --join --jobs 1");
    joins.sees("with");
    joins.sees(&pid);
    joins.sees("steps/s");
    watches.sees("processes");
    // A plain one looks on, and joins when it is asked to.
    let mut third = Terminal::open(bench.folder(), "study.toml --out shared --jobs 1");
    third.sees("watching");
    third.press("O");
    third.sees("with");
    for mut terminal in [watches, joins, third] {
        terminal.press("q");
        let (code, words) = terminal.end();
        assert_eq!(code, 0, "{words}");
    }
}

#[test]
fn what_is_paused_or_stopped_in_one_process_is_told_by_all_that_share_the_study() {
    let study = "[defaults]\nseeds = 1\nouter_steps = 2000000\n[model]\nhidden = 16\n[evaluation]\ntest_tasks = 20\n\
        [[experiment]]\nname = \"MAML\"\nalgorithm = \"maml\"\n\
        [[experiment]]\nname = \"Quick\"\nalgorithm = \"maml\"\nouter_steps = 20\n";
    let bench = Bench::with("study.toml", study);
    let mut steers = Terminal::open(bench.folder(), "study.toml --out shared --join --jobs 1");
    // The long run comes first.
    steers.sees("steps/s");
    let pid = steers.noted("pid");
    let mut joins = Terminal::open(bench.folder(), "study.toml --out shared --join --jobs 1");
    joins.sees(&pid);
    wait("the other run is done", || {
        bench.names().iter().any(|name| name.ends_with("checkpoint.safetensors"))
    });
    let headless = join(&bench);
    steers.press("P");
    let drawn = joins.sees("paused");
    assert!(drawn.contains(&pid) && !drawn.contains("goes"), "it is steered there: {drawn}");
    joins.press("vL");
    let drawn = joins.sees("paused");
    assert!(drawn.contains(&pid), "{drawn}");
    joins.press("1");
    // It goes on there, and here.
    steers.press("P");
    joins.sees("steps/s");
    joins.sees_no_more("paused");
    // What is stopped there has nobody who waits for it.
    steers.press("X");
    steers.press("y");
    assert!(joins.sees("stopped").contains(&pid));
    let Said { code, stderr: words, .. } = headless.end();
    assert_eq!(code, Some(0), "{words}");
    assert!(words.contains("MAML, seed 0: stopped elsewhere at step"), "{words}");
    assert!(words.contains("1 of 2 runs are done, 1 stopped."), "{words}");
    joins.press("q");
    let (_, words) = joins.end();
    assert!(words.contains("1 of 2 runs are done, 1 stopped."), "{words}");
    // Also where it was made wait before it had begun, and another has done it meanwhile.
    steers.sees("1/2");
    steers.press("q");
    let (_, words) = steers.end();
    assert!(words.contains("1 of 2 runs are done, 1 stopped."), "{words}");
}

#[test]
fn runs_with_the_same_settings_are_one_experiment_wherever_they_lie() {
    let study = study(3, 100);
    let bench = Bench::with("study.toml", &study);
    bench.run(&["run", "study.toml", "--out", "whole"]).exits(0);
    for share in ["1", "2"] {
        let (out, share) = (format!("machine-{share}"), format!("{share}/2"));
        bench.run(&["run", "study.toml", "--out", &out, "--partition", &share]).exits(0);
    }
    let csv = |folders: &[&str]| bench.run(&[&["export", "--format", "csv"], folders].concat()).exits(0);
    let (whole, pooled) = (csv(&["whole"]), csv(&["machine-1", "machine-2"]));
    assert_eq!(pooled.stdout, whole.stdout);
    // What is there twice counts once, and is said.
    let twice = csv(&["machine-1", "whole", "machine-2"]);
    assert_eq!(twice.stdout.lines().count(), whole.stdout.lines().count());
    assert_eq!(twice.stderr.matches("twice: ").count(), 12, "{}", twice.stderr);
    let mut watches = Terminal::open(bench.folder(), "watch machine-1 machine-2");
    watches.sees("12/12");
    watches.press("q");
    assert_eq!(watches.end().0, 0);
}

#[test]
fn whoever_watches_waits_for_runs_that_are_still_to_come() {
    let bench = Bench::with("study.toml", study(1, 100));
    std::fs::create_dir(bench.path("shared")).expect("made");
    let mut watches = Terminal::open(bench.folder(), "watch shared");
    assert!(watches.text().contains("waiting") && !watches.text().contains("Overview"), "{}", watches.text());
    // Who does not want to wait leaves.
    let mut leaves = Terminal::open(bench.folder(), "watch shared");
    leaves.press("q");
    assert_eq!(leaves.end().0, 0);
    bench.run(&["run", "study.toml", "--out", "shared"]).exits(0);
    watches.until("the dashboard", |text| text.contains("Overview"));
    watches.sees("4/4");
    watches.press("q");
    assert_eq!(watches.end().0, 0);
}

/// A process that trains by itself where nothing can be locked.
fn without_locks_runs(bench: &Bench, arguments: &[&str]) -> Running {
    bench.start_with(&[&["run", "study.toml", "--out", "shared"], arguments].concat(), &without_locks())
}

fn tries_without_locks(bench: &Bench, arguments: &[&str]) -> Said {
    let mut command = bench.command(&["run", "study.toml", "--out", "shared"]);
    Said::of(command.args(arguments).envs(without_locks()))
}

#[test]
fn where_nothing_can_be_locked_one_process_trains_and_none_is_joined() {
    let bench = Bench::with("study.toml", study(2, ENDLESS));
    let said = tries_without_locks(&bench, &["--join"]).exits(1);
    assert!(said.stderr.contains("run --partition 1/2") && !said.stderr.contains("watch"), "{}", said.stderr);
    let mut first = without_locks_runs(&bench, &[]);
    let pid = first.id().to_string();
    wait("it trains", || bench.names().iter().any(|name| name.ends_with("resume.bin")));
    for arguments in [&[][..], &["--partition", "1/2"], &["--force"]] {
        let said = tries_without_locks(&bench, arguments).exits(1);
        for part in [&format!("process {pid}"), "run --force", "no locks"] {
            assert!(said.stderr.contains(part), "{}", said.stderr);
        }
    }
    assert!(!first.has_ended(), "and it goes on");
    first.kill();
    // It is known to have ended, so nobody has to be forced.
    let second = without_locks_runs(&bench, &[]);
    let pid = second.id().to_string();
    wait("another goes on", || bench.read("shared/study/held.json").contains(&pid));
    second.kill();
}

#[test]
fn of_another_machine_s_process_nobody_believes_that_it_has_ended_until_a_person_says_so() {
    let bench = Bench::with("study.toml", study(1, 100));
    let theirs = r#"{"host":"mango","pid":1,"boot":"another","namespace":"pid:[1]","word":"w","beat":7}"#;
    std::fs::create_dir_all(bench.path("shared/study")).expect("made");
    bench.write("shared/study/held.json", theirs);
    let said = tries_without_locks(&bench, &[]).exits(1);
    assert!(said.stderr.contains("process 1 on mango"), "{}", said.stderr);
    assert_eq!(bench.read("shared/study/held.json"), theirs);
    tries_without_locks(&bench, &["--force"]).exits(0);
    assert!(!bench.names().iter().any(|name| name.contains("held")), "nothing is left");
    // One that gives a sign of life keeps it, whatever a person says.
    let beating = bench.path("shared/study/held.json");
    let beats = thread::spawn(move || {
        for beat in 0..40 {
            std::fs::write(&beating, theirs.replace(":7", &format!(":{beat}"))).expect("written");
            thread::sleep(Duration::from_millis(200));
        }
    });
    tries_without_locks(&bench, &["--force"]).exits(1);
    beats.join().expect("it only writes");
}

#[test]
fn parts_need_no_locks() {
    let study = study(3, 2_000);
    let bench = Bench::with("study.toml", &study);
    let parts = ["1/3", "2/3", "3/3"];
    let processes = parts.map(|part| without_locks_runs(&bench, &["--partition", part]));
    wait("one has its part", || bench.names().iter().any(|name| name.contains("held-")));
    tries_without_locks(&bench, &[]).exits(1);
    for process in processes {
        process.end().exits(0);
    }
    assert_same(&below(&bench), &alone(&study), "parts");
    assert!(!bench.names().iter().any(|name| name.contains("held")), "nothing is left");
}

#[test]
fn a_lower_layer_s_runs_are_put_aside_by_copying_them() {
    let bench = Bench::with("study.toml", study(1, 100));
    bench.run(&["run", "study.toml", "--out", "shared"]).exits(0);
    let (files, before) = (bench.files(), below(&bench));
    let mut command = bench.command(&["run", "study.toml", "--out", "shared", "--fresh"]);
    Said::of(command.envs(as_a_lower_layer("/seed-"))).exits(0);
    assert_same(&below(&bench), &before, "the same again");
    let after = bench.files();
    for (name, bytes) in files.iter().filter(|(name, _)| name.contains("/seed-0/")) {
        assert_eq!(after.get(&name.replace("/seed-0/", "/seed-0.before-1/")), Some(bytes), "{name}");
    }
    assert!(!bench.names().iter().any(|name| name.contains(".metascope-")), "nothing half done is left");
}

#[test]
fn a_file_that_is_another_one_at_every_look_is_not_looked_at_for_ever() {
    let bench = Bench::with("study.toml", study(1, 100));
    let mut command = bench.command(&["run", "study.toml", "--out", "shared"]);
    let said = Said::of(command.envs(without_inodes())).exits(1);
    assert!(said.stderr.contains("another inode number at every look"), "{}", said.stderr);
}
