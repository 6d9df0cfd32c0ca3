//! Whoever looks on sees when nobody trains any more, and can take over: the process that trains saves and lets
//! go, this one goes on, and the result is the same to the bit.
#![cfg(target_os = "linux")]

use std::{
    thread,
    time::{Duration, Instant},
};

use crate::program::terminal::{LEAVE, Terminal};
use crate::program::{Bench, Running, Said, assert_same, wait};

/// Two systems for as long as it takes, or as many short runs as there are seeds.
fn study(steps: u64, seeds: usize, tasks: usize) -> String {
    format!(
        "[defaults]\nseeds = {seeds}\nouter_steps = {steps}\n[model]\nhidden = 16\n[task]\ntrain_tasks = 100\n\
         [evaluation]\ntest_tasks = {tasks}\n[[experiment]]\nname = \"MAML\"\nalgorithm = \"maml\"\n\
         [[experiment]]\nname = \"Reptile\"\nalgorithm = \"reptile\"\n"
    )
}

const ENDLESS: u64 = 2_000_000;

/// Saves so often that what is interrupted has been saved before.
const OFTEN: &str = "METASCOPE_SAVE_MS=15";

/// Training without a screen.
fn headless(bench: &Bench) -> Running {
    let headless = bench.start(&["run"]);
    wait("it trains", || bench.has("lock.json"));
    headless
}

/// Who has the study's lock, by its note.
fn holder(bench: &Bench) -> String {
    let note = std::fs::read_to_string(bench.path("runs/experiments/lock.json")).unwrap_or_default();
    let note: serde_json::Value = serde_json::from_str(&note).unwrap_or_default();
    note["pid"].to_string()
}

#[test]
fn a_trainer_that_is_gone_is_noticed_and_a_key_goes_on() {
    let bench = Bench::with("experiments.toml", study(ENDLESS, 1, 20));
    let trains = headless(&bench);
    let mut looks = Terminal::open(bench.folder(), "");
    looks.sees("steps/s");
    let badge = looks.sees("watching");
    assert!(badge.contains(&trains.id().to_string()), "{badge}");
    trains.kill();
    let killed = Instant::now();
    looks.until("it is noticed", |text| text.contains("not running"));
    assert!(killed.elapsed() < Duration::from_secs(3), "{:?}", killed.elapsed());
    // Nothing is on screen that is not so.
    let drawn = looks.sees("over");
    for gone in ["steps/s", "watching", "elapsed"] {
        assert!(!drawn.contains(gone), "{gone} is on screen: {drawn}");
    }
    looks.press("O");
    looks.sees("steps/s");
    assert_eq!(holder(&bench), looks.noted("pid"));
    looks.press("q");
    assert_eq!(looks.end().0, 0);
}

#[test]
fn the_process_that_trains_saves_and_lets_go() {
    let bench = Bench::with("experiments.toml", study(ENDLESS, 1, 20));
    let trains = headless(&bench);
    let mut looks = Terminal::open(bench.folder(), "");
    looks.sees("watching");
    looks.press("O");
    let Said { code, stderr: words, .. } = trains.end();
    assert_eq!(code, Some(130), "{words}");
    let pid = looks.noted("pid");
    assert!(words.contains(&pid) && words.contains("goes on"), "{words}");
    wait("it trains here", || holder(&bench) == pid);
    let drawn = looks.sees("steps/s");
    assert!(!drawn.contains("watching"), "{drawn}");
    // What steers works now.
    looks.press("P");
    looks.sees("paused");
    looks.press("q");
    assert_eq!(looks.end().0, 0);
}

#[test]
fn what_a_person_has_made_wait_is_told_to_whoever_looks_on_and_at_the_end() {
    let bench = Bench::with("experiments.toml", study(ENDLESS, 1, 20));
    let mut trains = Terminal::open(bench.folder(), "");
    trains.sees("steps/s");
    let mut looks = Terminal::open(bench.folder(), "");
    looks.sees("watching");
    trains.press("P");
    let drawn = looks.sees("paused");
    assert!(!drawn.contains("p goes on"), "nothing is steered from here: {drawn}");
    trains.press("P");
    looks.sees_no_more("paused");
    looks.sees("steps/s");
    trains.press("P");
    looks.sees("paused");
    trains.press("q");
    let (code, words) = trains.end();
    assert_eq!(code, 0);
    assert!(words.contains("0 of 2 runs are done, 2 paused."), "{words}");
    // Whoever looks on goes on seeing it, and so does whoever comes later.
    looks.press("q");
    let (_, words) = looks.end();
    assert!(words.contains("2 paused"), "{words}");
    let mut later = Terminal::open(bench.folder(), "watch runs");
    later.sees("paused");
    later.press("q");
    assert!(later.end().1.contains("2 paused"));
    // The next process goes on with them.
    let mut trains = Terminal::open(bench.folder(), "");
    trains.sees("steps/s");
    trains.press("q");
    assert!(!trains.end().1.contains("paused"));
    assert!(!bench.names().iter().any(|name| name.contains("paused-")), "nothing is left");
}

#[test]
fn whoever_only_looks_on_steers_nothing_and_leaves_training_alone() {
    let bench = Bench::with("experiments.toml", study(ENDLESS, 1, 20));
    let trains = headless(&bench);
    let mut looks = Terminal::open(bench.folder(), "");
    let drawn = looks.sees("watching");
    assert!(!drawn.contains("pause") && drawn.contains("goes"), "{drawn}");
    // Everything would start over.
    looks.press("A");
    looks.until("it is refused", |text| text.contains("takes"));
    looks.press("q");
    let (code, output) = looks.end();
    assert_eq!(code, 0);
    let left = &output[output.rfind(LEAVE).expect("the alternate screen was left")..];
    let pid = trains.id().to_string();
    assert!(left.contains("Training goes on") && left.contains(&pid), "{left}");
    assert!(!bench.names().iter().any(|name| name.contains(".before-")), "nothing was put aside");
}

/// Hands the study to and fro between two dashboards; how often it changed hands.
fn to_and_fro(bench: &Bench, times: usize) -> usize {
    let mut seats = [(); 2].map(|()| Terminal::open_with(bench.folder(), "", OFTEN));
    let pids = [seats[0].noted("pid"), seats[1].noted("pid")];
    let finished = || {
        let logs = bench.names().into_iter().filter(|name| name.ends_with("metrics.jsonl"));
        logs.filter(|name| bench.read(name).contains("\"event\":\"finished\"")).count()
    };
    let mut changed = 0;
    for turn in 0..times {
        let now = holder(bench);
        let to = usize::from(now == pids[0]);
        // It may not have noticed yet that it only looks on, where the key means nothing.
        let mut pressed: Option<Instant> = None;
        wait("it changes hands", || {
            let changed = holder(bench) == pids[to];
            if !changed && pressed.is_none_or(|at| at.elapsed() > Duration::from_secs(1)) {
                seats[to].press("O");
                pressed = Some(Instant::now());
            }
            changed
        });
        changed += 1;
        // A little longer every time, so that it happens at all moments of a run.
        thread::sleep(Duration::from_millis(20 + (turn as u64 * 37) % 160));
    }
    wait("every run", || finished() == 8);
    for seat in &mut seats {
        seat.sees("8/8");
        seat.press("q");
        assert_eq!(seat.end().0, 0);
    }
    changed
}

#[test]
fn handed_to_and_fro_it_ends_with_the_same_bytes() {
    let text = study(200_000, 4, 600);
    let [alone, shared] = [(); 2].map(|()| Bench::with("experiments.toml", &text));
    let times = std::env::var("METASCOPE_TURNS").ok().and_then(|text| text.parse().ok()).unwrap_or(12);
    assert_eq!(to_and_fro(&shared, times), times);
    alone.run(&["run"]).exits(0);
    assert_same(&alone.outcome(), &shared.outcome(), "alone and handed to and fro");
}
