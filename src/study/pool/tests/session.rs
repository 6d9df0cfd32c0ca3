//! Sessions with real threads: whatever is done to a run, what is told and what comes out are the same.

use std::path::PathBuf;
use std::time::Duration;

use crate::experiments::parse;
use crate::study::{Control, Event, Kind, Run, Session, SessionOptions, Watcher, landmarks, plan};

const STUDY: &str = "[defaults]\nseeds = 2\nouter_steps = 50\n[task]\ntrain_tasks = 10\n\
    [model]\nhidden = 16\n[evaluation]\ntest_tasks = 5\nsteps = 3\n\
    [[experiment]]\nname = \"a\"\nalgorithm = \"maml\"\n[[experiment]]\nname = \"b\"\nalgorithm = \"reptile\"\n";

fn runs() -> Vec<Run> {
    plan(&parse("test", None, STUDY).expect("a good file"))
}

fn options(out: Option<PathBuf>) -> SessionOptions {
    SessionOptions { jobs: 2, out, study: "test".to_owned(), ..SessionOptions::default() }
}

/// Everything a session tells until it is over.
fn told(session: &Session) -> Vec<(usize, Event)> {
    let mut told = Vec::new();
    loop {
        let over = session.is_over();
        while let Some(event) = session.try_event() {
            told.push(event);
        }
        if over {
            return told;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_watcher_tells_what_the_session_told() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let session =
        Session::start(runs(), &options(Some(folder.path().to_owned()))).expect("a writable folder");
    let told = told(&session);
    let of = |run: usize| {
        let mine =
            told.iter().filter(|(at, event)| *at == run && !matches!(event.kind, Kind::Summary { .. }));
        mine.map(|(_, event)| event.to_json()).collect::<Vec<_>>()
    };
    let (study, watcher) = Watcher::open(&[folder.path().to_owned()]).expect("runs");
    assert_eq!(study.experiments.len(), 2);
    let mut watched: Vec<Vec<String>> = vec![Vec::new(); 4];
    while let Some((run, event)) = watcher.try_event() {
        match event.kind {
            // How many events follow that were there before.
            Kind::Recorded { at, events } => assert!(at > 0 && events == of(run).len()),
            _ => watched[run].push(event.to_json()),
        }
    }
    assert!(watcher.is_over());
    for (run, watched) in watched.iter().enumerate() {
        assert_eq!(*watched, of(run), "run {run}");
        let (seen, is) = (watcher.snapshot(run), session.snapshot(run));
        assert_eq!(seen.map(|seen| seen.weights.clone()), is.map(|is| is.weights.clone()));
    }
}

#[test]
fn a_loaded_session_tells_the_same_again() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut before: Option<Vec<String>> = None;
    for _ in 0..2 {
        let session = Session::start(runs(), &options(Some(folder.path().to_owned()))).expect("writable");
        let mut lines: Vec<String> = told(&session)
            .iter()
            .filter(|(_, event)| event.is_result())
            .map(|(run, event)| format!("{run} {}", event.to_json()))
            .collect();
        lines.sort();
        if let Some(before) = &before {
            assert_eq!(*before, lines);
        }
        before = Some(lines);
    }
}

#[test]
fn a_test_set_that_comes_while_the_session_lives_is_tested_and_nothing_is_trained_for_it() {
    let more = format!("{STUDY}[[test]]\nname = \"more\"\nshots = 20\nsteps = 7\n");
    let other = more.replace("shots = 20", "shots = 3");
    let planned = |text: &str| plan(&parse("test", None, text).expect("a good file"));
    let kinds = |told: &[(usize, Event)]| {
        let kind = |(run, event): &(usize, Event)| match &event.kind {
            Kind::Evaluated { test, .. } => Some(format!("{run} tested on {test:?}")),
            Kind::Finished { .. } => Some(format!("{run} finished")),
            Kind::Summary { .. } => None,
            _ => panic!("{run}: {event:?}"),
        };
        let mut kinds: Vec<String> = told.iter().filter_map(kind).collect();
        kinds.sort();
        kinds
    };
    let on_more: Vec<String> = (0..4)
        .flat_map(|run| [format!("{run} finished"), format!("{run} tested on Some(\"more\")")])
        .collect();
    // What a study has that had the set from its beginning.
    let curves = |told: &[(usize, Event)]| {
        let mut curves: Vec<String> = told
            .iter()
            .filter(|(_, event)| matches!(event.kind, Kind::Evaluated { test: Some(_), .. }))
            .map(|(run, event)| format!("{run} {}", event.to_json()))
            .collect();
        curves.sort();
        curves
    };
    let fresh = |text: &str| {
        let session = Session::start(planned(text), &options(None)).expect("nothing to write");
        curves(&told(&session))
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    for out in [None, Some(folder.path().to_owned())] {
        let session = Session::start(runs(), &options(out)).expect("a writable folder");
        told(&session);
        let networks = || (0..4).map(|run| session.snapshot(run).expect("trained").weights.clone());
        let trained: Vec<_> = networks().collect();
        for text in [&more, &other] {
            assert_eq!(session.plan(planned(text)), [0, 1, 2, 3]);
            let new = told(&session);
            assert_eq!(kinds(&new), on_more);
            assert_eq!(curves(&new), fresh(text));
            // The same plan once more asks for nothing.
            assert_eq!(session.plan(planned(text)), [0, 1, 2, 3]);
            assert!(session.is_over() && told(&session).is_empty());
        }
        assert_eq!(networks().collect::<Vec<_>>(), trained);
        session.plan(runs());
        assert!(session.is_over());
    }
}

/// A study of one run that takes a while, or two.
fn long(seeds: usize) -> Vec<Run> {
    let text = STUDY
        .replace("outer_steps = 50", "outer_steps = 60000")
        .replace("seeds = 2", &format!("seeds = {seeds}"));
    let runs = plan(&parse("test", None, &text).expect("a good file"));
    runs.into_iter().filter(|run| run.experiment == 0).collect()
}

/// Waits for an event of a run, and gives its step where it has one.
fn until(session: &Session, run: usize, name: &str) -> u64 {
    let began = std::time::Instant::now();
    loop {
        assert!(began.elapsed() < Duration::from_secs(60), "never told: {name}");
        let Some((at, event)) = session.wait_event(Duration::from_millis(20)) else { continue };
        let json: serde_json::Value = serde_json::from_str(&event.to_json()).expect("JSON");
        if at == run && json["event"] == name {
            return json["step"].as_u64().unwrap_or(0);
        }
    }
}

/// Waits until it is so: what is told and what is so may be a moment apart.
fn soon(so: impl Fn() -> bool) {
    let began = std::time::Instant::now();
    while !so() {
        assert!(began.elapsed() < Duration::from_secs(60), "it never was so");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// What a run was left with at its end.
fn result(session: &Session, run: usize) -> Vec<f64> {
    session.snapshot(run).expect("it has ended").weights.values.clone()
}

#[test]
fn whatever_is_done_to_a_run_its_result_is_the_same_to_the_bit() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let alone = Session::start(long(1), &options(None)).expect("nothing to write");
    until(&alone, 0, "finished");
    for out in [None, Some(folder.path().to_owned())] {
        let session = Session::start(long(1), &options(out.clone())).expect("writable");
        let control = |control| session.control(0, control).expect("it can be done");
        until(&session, 0, "progress");
        control(Control::Pause);
        let at = until(&session, 0, "paused");
        assert!(session.is_idle() && !session.is_over(), "paused is not over");
        assert_eq!(session.snapshot(0).map(|snapshot| snapshot.step), Some(at));
        control(Control::Start);
        assert_eq!(until(&session, 0, "queued"), at);
        until(&session, 0, "progress");
        control(Control::Stop);
        let stopped = until(&session, 0, "stopped");
        assert!(stopped > at && session.is_over());
        control(Control::Start);
        assert_eq!(until(&session, 0, "queued"), stopped);
        until(&session, 0, "finished");
        assert_eq!(result(&session, 0), result(&alone, 0));
        control(Control::Restart);
        assert_eq!(until(&session, 0, "queued"), 0);
        until(&session, 0, "started");
        control(Control::Restart);
        until(&session, 0, "started");
        until(&session, 0, "finished");
        assert_eq!(result(&session, 0), result(&alone, 0));
        // The past that both have kept is the same too.
        for landmark in 0..landmarks(60_000).len() {
            let [mine, other] = [&session, &alone].map(|session| session.past(0, landmark).expect("kept"));
            assert_eq!((mine.step, &mine.weights), (other.step, &other.weights), "{landmark}");
        }
    }
    let aside = std::fs::read_dir(folder.path().join("test")).expect("the study's folder");
    let aside = aside.filter_map(Result::ok).filter_map(|entry| std::fs::read_dir(entry.path()).ok());
    assert_eq!(aside.flatten().count(), 3, "both earlier attempts are kept beside the run");
}

#[test]
fn a_changed_plan_keeps_what_it_did_not_touch() {
    let session = Session::start(long(2), &options(None)).expect("nothing to write");
    until(&session, 0, "progress");
    let mut more = long(3);
    more.remove(1);
    assert_eq!(session.plan(more), [0, 2]);
    until(&session, 2, "finished");
    soon(|| session.is_over());
    assert_eq!(session.snapshot(0).map(|snapshot| snapshot.step), Some(60_000), "it was not disturbed");
    assert!(session.snapshot(1).is_none_or(|snapshot| snapshot.step < 60_000), "it was dropped");
    // Back again: it starts, since nothing of it was kept.
    assert_eq!(session.plan(long(2)), [0, 1]);
    until(&session, 1, "finished");
    soon(|| session.is_over());
}

#[test]
fn the_queue_is_seen_and_what_waits_in_it_can_be_held() {
    let mut options = options(None);
    options.jobs = 1;
    let session = Session::start(long(3), &options).expect("nothing to write");
    until(&session, 0, "started");
    assert_eq!(session.queue(), [1, 2]);
    session.control(1, Control::Pause).expect("it can be done");
    assert_eq!(session.queue(), [2]);
    session.control(2, Control::Stop).expect("it can be done");
    until(&session, 0, "finished");
    soon(|| session.is_idle());
    assert!(!session.is_over(), "one is paused");
    session.control(1, Control::Start).expect("it can be done");
    until(&session, 1, "finished");
    soon(|| session.is_over());
}
