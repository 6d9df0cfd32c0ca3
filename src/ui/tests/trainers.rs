//! What the screen says is so: who trains the study, how long it takes, what was loaded.

use std::{collections::VecDeque, time::Duration};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::{
    fixture::{self, SYSTEMS, view},
    screens::picture,
    typing::tell,
};
use crate::{
    experiments::parse,
    study::{Found, Holder, Kind},
    ui::{
        Trainer, Trainers,
        state::{app::App, app::Effect, countdown::Remaining, runs::Phase},
        style::Styles,
        update::show::go_to,
    },
};

fn watching() -> Trainers {
    let holder = Holder { host: "mango".to_owned(), pid: 4711, ..Holder::default() };
    let worked = Some(Duration::from_secs(600));
    Trainers { trainer: Trainer::Elsewhere(holder), can_take: true, worked, ..Trainers::default() }
}

fn left() -> Trainers {
    Trainers { trainer: Trainer::Nobody, ..watching() }
}

fn press(app: &mut App, letter: char) {
    let key = KeyEvent::new(KeyCode::Char(letter), KeyModifiers::NONE);
    crate::ui::update::press(app, &key);
}

fn header(app: &App, width: u16) -> String {
    picture(app, width, 40).lines().next().unwrap_or_default().to_owned()
}

#[test]
fn whoever_looks_on_is_told_whose_the_runs_are_and_offered_what_works() {
    let mut app = fixture::midway(Styles::default());
    assert!(picture(&app, 120, 40).contains("p pause"));
    assert!(app.on_trainers(watching(), |_| true));
    let screen = picture(&app, 120, 40);
    assert!(screen.contains("watching PID 4711 on mango") && screen.contains("10:00 elapsed"), "{screen}");
    assert!(screen.contains("O take over") && screen.contains("q quit (training goes on)"), "{screen}");
    for hint in ["p pause", "e edit", "+ seeds"] {
        assert!(!screen.contains(hint), "{hint}");
    }
    assert!(header(&app, 80).contains("watching PID 4711"), "{}", header(&app, 80));
    for steers in "pPxXaA+re".chars() {
        app.effects.clear();
        press(&mut app, steers);
        assert!(app.effects.is_empty(), "{steers}");
        assert!(app.said.as_ref().is_some_and(|said| said.text.contains("O takes over")), "{steers}");
    }
    press(&mut app, 'O');
    assert_eq!(app.effects, [Effect::TakeOver]);
    app.on_trainers(Trainers { asked: true, ..watching() }, |_| true);
    assert!(header(&app, 120).contains("asking PID 4711"), "{}", header(&app, 120));
}

#[test]
fn a_trainer_that_is_gone_leaves_no_rates_and_no_time() {
    let mut app = fixture::midway(Styles::default());
    app.on_trainers(watching(), |_| true);
    let before = picture(&app, 120, 40);
    assert!(before.contains("steps/s") && before.contains(" left"), "{before}");
    app.on_trainers(left(), |_| false);
    let screen = picture(&app, 120, 40);
    assert!(screen.contains("not running") && screen.contains("O take over"), "{screen}");
    for gone in ["steps/s", "0:05 left", "0:01 left", "watching", "elapsed"] {
        assert!(!screen.contains(gone), "{gone}: {screen}");
    }
    assert_eq!(app.runs[11].phase, Phase::Left);
    // It comes back.
    app.on_trainers(watching(), |_| true);
    app.on_event(11, fixture::progress("First-order MAML", 2, 30_000, 1.0));
    assert!(picture(&app, 120, 40).contains("steps/s"));
}

#[test]
fn what_is_known_stays_when_the_study_changes_hands() {
    let study = fixture::notebook();
    let mut app = fixture::midway(Styles::default());
    app.on_trainers(watching(), |_| true);
    let table = crate::ui::report(&app);
    // Known under other numbers.
    let runs = fixture::plan(&study);
    let numbers: Vec<usize> = (0..runs.len()).map(|number| number + 2).collect();
    app.change_hands(&Found { study, runs, numbers });
    app.on_trainers(Trainers::default(), |_| true);
    assert_eq!(crate::ui::report(&app), table);
    assert_eq!(app.runs[11 + 2].phase, Phase::Queued);
    app.on_event(11 + 2, fixture::started("First-order MAML", 2, 40_000));
    assert_eq!(app.runs[11 + 2].phase, Phase::Training);
    assert!(picture(&app, 120, 40).contains("p pause"));
}

#[test]
fn done_failed_stopped_and_loaded_are_told_apart() {
    let mut app = fixture::midway(Styles::default());
    assert!(header(&app, 120).contains("10/15 runs, 1 failed"), "{}", header(&app, 120));
    for run in 11..15 {
        let seed = run as u64 % 3;
        app.on_event(run, fixture::tells("x", seed, Kind::Stopped { step: 5 }));
    }
    app.on_over();
    let header_of = header(&app, 120);
    assert!(header_of.contains("10/15 runs done, 1 failed, 4 stopped in 1:02"), "{header_of}");
    // The same study, opened again: everything is told at once, as it was recorded.
    let mut app = fixture::app(&fixture::notebook(), Styles::default());
    app.opened = (1_000_000_000, 0);
    for run in 0..15 {
        let (system, seed) = (run / 3, run as u64 % 3);
        let name = SYSTEMS[system].0;
        app.on_event(run, fixture::tells("x", 0, Kind::Recorded { at: 999_990_000 + run as u64, events: 3 }));
        app.on_event(run, fixture::started(name, seed, 40_000));
        app.on_event(run, fixture::evaluated(name, seed, fixture::curve(4.3, 0.7, seed)));
        app.on_event(run, fixture::finished(name, seed));
    }
    app.on_over();
    let header_of = header(&app, 120);
    assert!(header_of.contains("15/15 runs loaded") && !header_of.contains("done"), "{header_of}");
    assert!(!header_of.contains("0:00"), "{header_of}");
    // A line a run, at the time at which it ended: on the ninth of September 2001.
    let log = app.tab(view("Log"));
    go_to(&mut app, log);
    let screen = picture(&app, 120, 40);
    assert!(screen.contains("08 Sep 23:00  Random, seed 0: finished in 1.9 s; as recorded"), "{screen}");
    assert!(screen.contains("01:46:40  every run has ended"), "{screen}");
    assert_eq!(app.log.len(), 16);
    // One of them starts over: the others are loaded still.
    app.on_event(0, fixture::tells("Random", 0, Kind::Queued { step: 0 }));
    app.on_event(0, fixture::started("Random", 0, 0));
    app.on_event(0, fixture::finished("Random", 0));
    app.on_over();
    assert!(header(&app, 120).contains("15/15 runs done"), "{}", header(&app, 120));
}

#[test]
fn a_sentence_goes_after_four_seconds_or_when_it_is_no_longer_so() {
    let mut app = fixture::midway(Styles::default());
    tell(&mut app, "below", 1);
    press(&mut app, 'p');
    let said = |app: &App| app.said.as_ref().map(|said| said.text.clone());
    assert!(said(&app).is_some_and(|text| text.contains("paused")), "{:?}", said(&app));
    // It does not hide the keys.
    let screen = picture(&app, 120, 40);
    assert!(screen.contains("paused; p goes on") && screen.contains("? help"), "{screen}");
    let now = app.now;
    assert!(!app.on_time(now + Duration::from_millis(500)));
    assert!(said(&app).is_some());
    assert!(app.on_time(now + Duration::from_secs(4)));
    assert_eq!(said(&app), None);
    // Somebody else lets the runs go on.
    press(&mut app, 'p');
    app.on_event(11, fixture::tells("First-order MAML", 2, Kind::Queued { step: 9 }));
    assert_eq!(said(&app), None);
    // What is asked for has happened.
    app.on_trainers(watching(), |_| true);
    press(&mut app, 'O');
    assert!(said(&app).is_some());
    app.on_trainers(Trainers::default(), |_| true);
    assert_eq!(said(&app), None);
}

/// Runs through a study whose workers take so many seconds for a run's training and its evaluation, and
/// compares what is found to be left with what is. The largest factor between them from a fifth of the time on.
fn worst_estimate(seeds: u64, workers: usize, training: f64, testing: f64) -> f64 {
    const REPORTS: u64 = 20;
    let mut experiment = fixture::experiment("MAML", SYSTEMS[2].1, seeds);
    experiment.evaluation.test_tasks = 1_000;
    let study = fixture::study(vec![experiment]);
    let mut app = fixture::app(&study, Styles::default());
    app.on_trainers(Trainers { jobs: Some(workers), ..Trainers::default() }, |_| true);
    let steps = app.runs[0].total;
    // As the pool does it: the shares of an evaluation are taken up before the next run by whoever is free.
    const SHARES: usize = 16;
    let mut told: Vec<(f64, usize, u64)> = Vec::new();
    let mut jobs: VecDeque<(usize, bool)> = (0..seeds as usize).map(|run| (run, true)).collect();
    let mut open = vec![SHARES; seeds as usize];
    let mut free = vec![(0.0, None::<(usize, bool)>); workers];
    while told.iter().filter(|(.., report)| *report > REPORTS).count() < seeds as usize {
        // What the worker that is free first has done, and what it does next.
        let ready = |worker: &usize| free[*worker].1.is_some() || !jobs.is_empty();
        let busy = (0..workers).filter(ready).min_by(|a, b| f64::total_cmp(&free[*a].0, &free[*b].0));
        let worker = busy.expect("there is work");
        let now = free[worker].0;
        match free[worker].1.take() {
            Some((run, true)) => (0..SHARES).for_each(|_| jobs.push_front((run, false))),
            Some((run, false)) => {
                open[run] -= 1;
                if open[run] == 0 {
                    told.push((now, run, REPORTS + 1));
                }
            }
            None => {}
        }
        // Whoever had nothing to do waited until now.
        for idle in free.iter_mut().filter(|(_, job)| job.is_none()) {
            idle.0 = f64::max(idle.0, now);
        }
        let Some((run, trains)) = jobs.pop_front() else { continue };
        let time = if trains { training } else { testing / SHARES as f64 };
        if trains {
            let moment = |report: u64| (now + training * report as f64 / REPORTS as f64, run, report);
            told.extend((0..=REPORTS).map(moment));
        }
        free[worker] = (now + time, Some((run, trains)));
    }
    told.sort_by(|a, b| a.0.total_cmp(&b.0));
    let end = told.last().expect("something was told").0;
    let mut worst: f64 = 1.0;
    for (at, run, report) in told {
        app.on_time(Duration::from_secs_f64(at));
        // Within a second of the end a factor says nothing.
        if let (Some(said), true) = (app.left_as_found(), at > end / 5.0 && end - at > end / 50.0) {
            let (said, is) = (said.middle(), end - at);
            worst = worst.max(said / is).max(is / said);
        }
        let seed = run as u64;
        app.on_event(
            run,
            match report {
                0 => fixture::started("MAML", seed, steps),
                report if report <= REPORTS => {
                    let kind = Kind::Progress {
                        step: steps * report / REPORTS,
                        loss: 1.0,
                        steps_per_second: steps as f64 / training,
                    };
                    fixture::tells("MAML", seed, kind)
                }
                _ => fixture::evaluated("MAML", seed, fixture::curve(4.3, 0.7, 0)),
            },
        );
        if report > REPORTS {
            app.on_event(run, fixture::finished("MAML", seed));
        }
    }
    worst
}

#[test]
fn the_time_left_counts_training_evaluation_and_the_queue() {
    for (seeds, workers, training, testing) in
        [(30, 2, 0.2, 2.4), (30, 2, 6.0, 0.3), (25, 8, 0.2, 2.4), (5, 2, 60.0, 0.5), (12, 1, 1.0, 1.0)]
    {
        let factor = worst_estimate(seeds, workers, training, testing);
        assert!(factor < 1.5, "{seeds} seeds, {workers} workers, {training} s + {testing} s: {factor:.2}");
    }
}

#[test]
fn what_has_not_begun_is_as_fast_as_its_algorithm_elsewhere() {
    let experiments = [("quick", SYSTEMS[1].1), ("MAML", SYSTEMS[2].1), ("MAML too", SYSTEMS[2].1)];
    let experiments = experiments.map(|(name, algorithm)| fixture::experiment(name, algorithm, 1));
    let study = fixture::study(experiments.into());
    let mut app = fixture::app(&study, Styles::default());
    app.on_trainers(Trainers { jobs: Some(1), ..Trainers::default() }, |_| true);
    let steps = app.runs[0].total;
    let progress = |name: &str, step, steps_per_second| {
        fixture::tells(name, 0, Kind::Progress { step, loss: 1.0, steps_per_second })
    };
    // A hundred times as fast as its cost lets expect of the others.
    app.on_event(0, progress("quick", steps, 400.0 * steps as f64));
    app.on_event(0, fixture::evaluated("quick", 0, fixture::curve(4.3, 0.7, 0)));
    app.on_event(0, fixture::finished("quick", 0));
    app.on_event(1, fixture::started("MAML", 0, steps));
    app.on_event(1, progress("MAML", steps / 2, steps as f64 / 100.0));
    // Half of a run of a hundred seconds, and another one.
    let left = app.left().expect("a speed is known").middle();
    assert!((150.0..160.0).contains(&left), "{left}");
}

/// The study that was recorded.
const RECORDED: &str = "[defaults]\nseeds = 3\nouter_steps = 60000\nmeta_batch = 10\n[evaluation]\ntest_tasks = 20000\n\
    [[experiment]]\nname = \"Random\"\nalgorithm = \"random\"\n[[experiment]]\nname = \"Transfer\"\nalgorithm = \"transfer\"\n\
    [[experiment]]\nname = \"MAML\"\nalgorithm = \"maml\"\n\
    [[experiment]]\nname = \"MAML, five steps\"\nalgorithm = \"maml\"\ninner_steps = 5\n\
    [[experiment]]\nname = \"Reptile\"\nalgorithm = \"reptile\"\n[[experiment]]\nname = \"ANIL\"\nalgorithm = \"anil\"\n\
    [[experiment]]\nname = \"Meta-SGD\"\nalgorithm = \"meta-sgd\"\n\
    [[experiment]]\nname = \"CAVIA\"\nalgorithm = \"cavia\"\ninner_steps = 3\n\
    [[experiment]]\nname = \"Ridge head\"\nalgorithm = \"ridge-head\"\n";

/// What was found to be left and what was shown, a second after the other: seconds, the one, the other.
fn recorded() -> Vec<(f64, Remaining, Remaining)> {
    let study = parse("recorded", None, RECORDED).expect("a good file");
    let mut app = fixture::app(&study, Styles::default());
    app.on_trainers(Trainers { jobs: Some(2), ..Trainers::default() }, |_| true);
    let runs = fixture::plan(&study);
    let mut queue: Vec<usize> = (0..runs.len()).collect();
    queue.sort_by_key(|run| (runs[*run].seed, runs[*run].settings.total_steps() == 0, *run));
    let (mut seconds, mut told) = (Vec::new(), 0.0);
    for line in include_str!("recorded_study.txt").lines().skip(1) {
        let mut words = line.splitn(6, ' ');
        let number = |words: &mut dyn Iterator<Item = &'static str>| -> f64 {
            words.next().and_then(|word| word.parse().ok()).expect("a number")
        };
        let at = number(&mut words);
        let event = words.next().expect("an event");
        let (step, speed, seed) = (number(&mut words), number(&mut words), number(&mut words));
        let name = words.next().expect("a name");
        // The dashboard looks many times a second.
        while told + 0.1 < at {
            told += 0.1;
            app.on_time(Duration::from_secs_f64(told));
            let is_second = told.fract() < 0.1;
            if let (Some(found), Some(shown), true) = (app.left_as_found(), app.left(), is_second) {
                seconds.push((told, found, shown));
            }
        }
        let (seed, step) = (seed as u64, step as u64);
        let is_it = |run: &usize| runs[*run].settings.name == name && runs[*run].seed == seed;
        let run = (0..runs.len()).find(is_it).expect("a run of the study");
        queue.retain(|waiting| *waiting != run);
        app.on_queue(queue.clone());
        app.on_event(
            run,
            match event {
                "started" => fixture::started(name, seed, step),
                "progress" => {
                    let kind = Kind::Progress { step, loss: 1.0, steps_per_second: speed };
                    fixture::tells(name, seed, kind)
                }
                "evaluated" => fixture::evaluated(name, seed, fixture::curve(4.3, 0.7, 0)),
                _ => fixture::finished(name, seed),
            },
        );
    }
    seconds
}

#[test]
fn the_time_left_that_is_shown_never_jumps_and_comes_to_the_truth() {
    let seconds = recorded();
    let end = 129.2;
    assert!(seconds.len() > 120, "{}", seconds.len());
    // By which share of itself the time changes in a second, besides that second.
    let jump = |pick: fn(&(f64, Remaining, Remaining)) -> Remaining| {
        let share =
            |before: f64, now: f64| ((now - f64::max(before - 1.0, 0.0)).abs() - 1.0) / before.max(1.0);
        let of = |pair: &[(f64, Remaining, Remaining)]| {
            let (before, now) = (pick(&pair[0]), pick(&pair[1]));
            share(before.low, now.low).max(share(before.high, now.high))
        };
        seconds.windows(2).map(of).fold(0.0, f64::max)
    };
    let (found, shown) = (jump(|second| second.1), jump(|second| second.2));
    assert!(found > 0.5, "what was recorded does not jump: {found:.2}");
    assert!(shown < 0.36, "{shown:.2}");
    // Once a quarter has gone by the truth lies in what is shown, or next to it.
    let is_right = |(at, _, shown): &&(f64, Remaining, Remaining)| {
        let left = end - at;
        (shown.low / 1.25 - 2.0..shown.high * 1.25 + 2.0).contains(&left)
    };
    let wrong = seconds.iter().filter(|second| second.0 > end / 4.0 && !is_right(second)).count();
    assert!(wrong <= 5, "{wrong} seconds");
    // While speeds are not known there is a range, at the end there is none.
    assert!(seconds[2].2.words().contains('-'), "{:?}", seconds[2].2);
    assert!(!seconds[seconds.len() - 5].2.words().contains('-'));
}
