//! What keys do to the state.

use crossterm::event::KeyCode;

use super::{
    fixture::{self, of_experiment, view},
    screens::picture,
    typing::{press, press_control, type_in},
};
use crate::results::text::number;
use crate::study::Snapshot;
use crate::ui::{
    commands::keymap,
    key::Key,
    keymap::Line,
    state::app::{App, Effect},
    state::controls::Focus,
    style::Styles,
    views::VIEWS,
};

fn on_maml() -> App {
    let mut app = fixture::midway(Styles::default());
    press(&mut app, KeyCode::Char('4'));
    assert_eq!(app.view, of_experiment(2));
    app
}

#[test]
fn digits_and_tab_reach_views() {
    let mut app = on_maml();
    press(&mut app, KeyCode::Tab);
    assert_eq!(app.view, of_experiment(3));
    press(&mut app, KeyCode::BackTab);
    press(&mut app, KeyCode::Char('1'));
    press(&mut app, KeyCode::BackTab);
    assert_eq!((app.view.kind, app.view.experiment), (view("Why").kind, Some(2)));
    press(&mut app, KeyCode::BackTab);
    assert_eq!(app.view, view("Figures"));
    press(&mut app, KeyCode::BackTab);
    assert_eq!(app.view, view("Log"));
    press(&mut app, KeyCode::Char('7'));
    assert_eq!(app.view, view("Tasks"));
    assert!(app.illustration.is_some());
}

#[test]
fn arrows_change_task_and_steps_within_their_range() {
    let mut app = on_maml();
    type_in(&mut app, "g");
    press(&mut app, KeyCode::Left);
    assert_eq!(app.fit.task, 0);
    (0..500).for_each(|_| press(&mut app, KeyCode::Right));
    assert_eq!(app.fit.task, 199);
    (0..500).for_each(|_| press(&mut app, KeyCode::Up));
    assert_eq!(app.fit.n, 100);
    (0..500).for_each(|_| press(&mut app, KeyCode::Down));
    assert_eq!(app.fit.n, 0);
    assert_eq!(app.shown_steps(), [0, 1]);
}

#[test]
fn one_sided_tasks_are_found_in_turn() {
    let mut app = on_maml();
    let mut seen = Vec::new();
    for _ in 0..3 {
        press(&mut app, KeyCode::Char('o'));
        match app.said {
            None => assert!(app.shown_task(2).expect("there are tasks").is_one_sided()),
            Some(_) => assert!(app.set(2).tasks().iter().all(|task| !task.is_one_sided())),
        }
        seen.push(app.fit.task);
    }
}

#[test]
fn numbers_can_be_typed_and_wrong_ones_are_refused_in_words() {
    let mut app = on_maml();
    type_in(&mut app, "n37");
    press(&mut app, KeyCode::Enter);
    assert_eq!((app.fit.n, app.view), (37, of_experiment(2)));
    type_in(&mut app, "n101");
    press(&mut app, KeyCode::Enter);
    assert_eq!(app.fit.n, 37);
    assert!(app.said.as_ref().is_some_and(|said| said.text.contains("0 to 100")));
    type_in(&mut app, "R0.5");
    press(&mut app, KeyCode::Backspace);
    type_in(&mut app, "25");
    press(&mut app, KeyCode::Enter);
    assert_eq!(app.inner_lr(2), 0.25);
    type_in(&mut app, "t200");
    press(&mut app, KeyCode::Enter);
    assert_eq!(app.fit.task, 199);
    type_in(&mut app, "#3");
    press(&mut app, KeyCode::Enter);
    assert_eq!(app.shown_task(2).expect("there are tasks").support.x.len(), 3);
    type_in(&mut app, "n5");
    press(&mut app, KeyCode::Esc);
    assert_eq!(app.fit.n, 37);
    press(&mut app, KeyCode::Char('0'));
    assert_eq!((app.fit.n, app.inner_lr(2), app.fit.shots), (10, 0.01, None));
}

#[test]
fn the_rate_moves_in_round_steps() {
    let mut app = on_maml();
    let mut rates = Vec::new();
    for _ in 0..4 {
        press(&mut app, KeyCode::Char(')'));
        rates.push(app.inner_lr(2));
    }
    assert_eq!(rates, [0.013, 0.016, 0.02, 0.025]);
    (0..500).for_each(|_| press(&mut app, KeyCode::Char('(')));
    assert!(app.inner_lr(2) > 0.0);
}

#[test]
fn more_support_points_belong_to_the_task() {
    let mut app = on_maml();
    let before = app.shown_task(2).expect("there are tasks");
    press(&mut app, KeyCode::Char('\''));
    let after = app.shown_task(2).expect("there are tasks");
    assert_eq!(after.support.x.len(), 11);
    assert_eq!(after.support.x[..10], before.support.x[..]);
    assert!(after.support.x.iter().zip(&after.support.y).all(|(x, y)| after.function.at(*x) == *y));
    (0..20).for_each(|_| press(&mut app, KeyCode::Char(';')));
    assert_eq!(app.shown_task(2).expect("there are tasks").support.x.len(), 1);
}

#[test]
fn compare_walks_over_the_others() {
    let mut app = on_maml();
    let mut walked = Vec::new();
    for _ in 0..5 {
        press(&mut app, KeyCode::Char('c'));
        walked.push(app.fit.compare);
    }
    assert_eq!(walked, [Some(0), Some(1), Some(3), Some(4), None]);
}

#[test]
fn escape_goes_back_one_step_at_a_time() {
    let mut app = on_maml();
    type_in(&mut app, "ffflz?");
    assert!(app.help().is_some() && app.curves.crosshair.is_some() && app.curves.window.is_some());
    press(&mut app, KeyCode::Esc);
    assert!(app.help().is_none() && app.curves.crosshair.is_some());
    press(&mut app, KeyCode::Esc);
    press(&mut app, KeyCode::Esc);
    assert!(app.curves.crosshair.is_none() && app.curves.window.is_none());
    press(&mut app, KeyCode::Esc);
    assert_eq!(app.fit.focus, Focus::All);
}

#[test]
fn zoom_and_pan_stay_within_the_curve() {
    let mut app = fixture::midway(Styles::default());
    (0..9).for_each(|_| press(&mut app, KeyCode::Char('z')));
    (0..40).for_each(|_| press(&mut app, KeyCode::Char('L')));
    let (first, last) = app.curves.window.expect("zoomed in");
    assert!(first < last && last == 32);
    (0..9).for_each(|_| press(&mut app, KeyCode::Char('Z')));
    assert_eq!(app.curves.window, None);
}

#[test]
fn quitting_is_an_effect() {
    let mut app = on_maml();
    press(&mut app, KeyCode::Char('q'));
    press_control(&mut app, 'c');
    assert_eq!(app.effects, [Effect::Quit, Effect::Interrupt]);
}

#[test]
fn time_travel_shows_the_networks_of_the_past() {
    let mut app = on_maml();
    // Asks for what the views look at, as the main loop does, until there is nothing more to ask for.
    let look_back = |app: &mut App| {
        while let Some((run, landmark)) = app.missing_past() {
            let step = app.experiments[app.runs[run].experiment].landmarks[landmark];
            app.on_past(run, landmark, Some(fixture::snapshot(step, 0)));
        }
        while let Some(run) = app.next_preview() {
            let preview = app.preview(run).expect("it has parameters");
            app.on_preview(run, preview);
        }
        app.settle();
    };
    let step = |app: &App| app.shown_snapshot(6).map(|snapshot| snapshot.step);
    assert_eq!(step(&app), Some(40_000));
    press(&mut app, KeyCode::Char('['));
    assert_eq!(app.missing_past().map(|(run, _)| run), Some(6), "the run in view is asked for first");
    look_back(&mut app);
    assert!((38_000..40_000).contains(&step(&app).expect("a network")), "{:?}", step(&app));
    (0..30).for_each(|_| press(&mut app, KeyCode::Char('{')));
    assert_eq!(app.rewind.notch, Some(0));
    look_back(&mut app);
    assert_eq!(step(&app), Some(0));
    // Finished runs are evaluated anew, at the step in view.
    assert!(app.over_seeds(2).is_some_and(|curve| curve.preview && !curve.behind));
    press(&mut app, KeyCode::Char(' '));
    let start = app.now;
    for tick in 1..1_000 {
        app.on_time(start + std::time::Duration::from_millis(500 * tick));
        look_back(&mut app);
        if app.rewind.notch.is_none() {
            break;
        }
    }
    assert_eq!(app.rewind.notch, None, "playing ends at now");
    press(&mut app, KeyCode::Char('['));
    press(&mut app, KeyCode::End);
    assert_eq!(app.shown_snapshot(6).map(|snapshot| snapshot.step), Some(40_000));
    assert!(app.over_seeds(2).is_some_and(|curve| !curve.preview));
}

#[test]
fn the_loss_pane_alone_has_a_crosshair_of_its_own() {
    let mut app = on_maml();
    type_in(&mut app, "ff");
    assert_eq!(app.fit.focus, Focus::Loss);
    press(&mut app, KeyCode::Char('h'));
    assert_eq!((app.curves.report, app.curves.crosshair), (Some(199), None));
    (0..3).for_each(|_| press(&mut app, KeyCode::Char('h')));
    let area = ratatui::layout::Rect::new(0, 0, 80, 24);
    let mut buffer = ratatui::buffer::Buffer::empty(area);
    crate::ui::frame::render(&app, area, &mut buffer);
    let screen: String = buffer.content().iter().map(|cell| cell.symbol()).collect();
    let (step, loss) = app.runs[6].losses[196];
    assert_eq!(step, 39_400);
    assert!(screen.contains(&format!("step 39,400: {loss:.2}, smoothed ")), "{screen}");
    press(&mut app, KeyCode::Esc);
    assert_eq!((app.curves.report, app.fit.focus), (None, Focus::Loss));
}

#[test]
fn letters_move_wherever_arrows_do() {
    let mut app = fixture::midway(Styles::default());
    type_in(&mut app, "gj");
    assert_eq!(app.selected, 1);
    type_in(&mut app, "G");
    assert_eq!(app.selected, 4);
    type_in(&mut app, "kk");
    assert_eq!(app.selected, 2);
    let with_control = |app: &mut App, letter| assert!(press_control(app, letter), "it is bound");
    with_control(&mut app, 'u');
    assert_eq!(app.selected, 0);
    with_control(&mut app, 'd');
    assert_eq!(app.selected, 4);
    let mut app = on_maml();
    type_in(&mut app, "G");
    assert_eq!(app.fit.task, 199);
    with_control(&mut app, 'u');
    type_in(&mut app, "k");
    assert_eq!((app.fit.task, app.fit.n), (189, 11));
    type_in(&mut app, "gjj");
    assert_eq!((app.fit.task, app.fit.n), (0, 9));
    type_in(&mut app, "vp");
    let before = app.play.cursor();
    type_in(&mut app, "lk");
    assert!(app.play.cursor().0 > before.0 && app.play.cursor().1 > before.1);
    type_in(&mut app, "vl");
    for line in 0..100 {
        app.note(format!("line {line}"), false);
    }
    type_in(&mut app, "kk");
    assert_eq!(app.log_back, 2);
    type_in(&mut app, "G");
    assert_eq!(app.log_back, 0);
    with_control(&mut app, 'u');
    assert_eq!(app.log_back, 10);
}

#[test]
fn views_that_stay_have_letters_however_many_experiments_there_are() {
    let systems = (0..24).map(|i| fixture::experiment(&format!("E{i}"), fixture::SYSTEMS[i % 5].1, 1));
    let mut app = fixture::app(&fixture::study(systems.collect()), Styles::default());
    for (letter, title) in [('t', "Tasks"), ('p', "Play"), ('l', "Log"), ('o', "Overview")] {
        type_in(&mut app, &format!("v{letter}"));
        assert_eq!(app.view, view(title));
        assert!(app.modes.is_empty());
    }
    type_in(&mut app, "vz");
    assert_eq!(app.view, view("Overview"));
    type_in(&mut app, "v");
    press(&mut app, KeyCode::Esc);
    assert!(app.modes.is_empty());
}

/// A key that steers runs everywhere it means anything means nothing else where there are none: a person who
/// has learned it on the Overview must not do something else with it in Play.
#[test]
fn a_key_means_one_thing_everywhere() {
    let keymap = keymap();
    for shared in ["always", "everywhere", "runs"].iter().flat_map(|context| keymap.lines(context)) {
        for key in shared.keys.iter().filter(|key| **key != Key::Digit) {
            for kind in VIEWS {
                let clash = keymap.lines(kind.name).iter().find(|line| line.keys.contains(key));
                // What undoes has one key, whatever there is to undo.
                let clash = clash.filter(|_| shared.command.name != "bring-back");
                assert!(clash.is_none(), "{:?} is another key in {kind:?}", shared.command);
            }
        }
    }
}

#[test]
fn all_rows_travel_in_one_frame_and_what_is_not_of_that_moment_says_so() {
    let mut app = fixture::midway(Styles::default());
    let before = picture(&app, 120, 40);
    (0..3).for_each(|_| press(&mut app, KeyCode::Char('{')));
    let table = |screen: &str| -> Vec<String> {
        let rows = screen.lines().skip(4).take(12).map(|line| line.chars().skip(66).collect());
        rows.collect()
    };
    let mut known = 0;
    while !app.settle() {
        assert_eq!(table(&picture(&app, 120, 40)), table(&before), "a row went ahead of the others");
        match (app.missing_past(), app.next_preview()) {
            (Some((run, landmark)), _) => {
                let step = app.experiments[app.runs[run].experiment].landmarks[landmark];
                app.on_past(run, landmark, Some(fixture::snapshot(step, 0)));
            }
            (None, Some(run)) => {
                let preview = app.preview(run).expect("it has parameters");
                app.on_preview(run, preview);
            }
            (None, None) => panic!("it is complete and does not settle"),
        }
        known += 1;
    }
    assert!(known > 10, "{known}");
    let after = picture(&app, 120, 40);
    assert_ne!(table(&after), table(&before));
    assert!(after.contains("rewound to step"), "{after}");
    assert!(after.contains("shown at step"), "{after}");
    // Reptile has not begun, and one seed of First-order failed at step 1,200: neither is of that moment.
    let reptile = after.lines().rfind(|line| line.contains("Reptile")).unwrap_or_default();
    assert!(reptile.contains("had not come so far"), "{reptile}");
    assert!(after.contains("(now)") && after.contains("~prior mean"), "{after}");
    press(&mut app, KeyCode::End);
    assert_eq!(table(&picture(&app, 120, 40)), table(&before));
}

#[test]
fn yardsticks_are_of_the_kind_of_the_curves() {
    let mut app = fixture::midway(Styles::default());
    let prior = |app: &App| {
        let screen = picture(app, 120, 40);
        let right = screen.lines().map(|line| line.chars().skip(65).collect::<String>());
        let row = right.into_iter().find(|line| line.contains("prior mean  "));
        row.unwrap_or_else(|| panic!("no row: {screen}"))
    };
    // Waves of every phase average to nothing, so the best constant guess is 0.
    let square = |y: &[f64]| y.iter().map(|y| y * y).sum::<f64>() / y.len() as f64;
    let losses: Vec<f64> = app.sets[0].tasks().iter().map(|task| square(&task.query.y)).collect();
    let mut sorted = losses.clone();
    sorted.sort_by(f64::total_cmp);
    let mean = number(losses.iter().sum::<f64>() / losses.len() as f64);
    assert!(mean != "4.25" && prior(&app).contains(&mean), "of these tasks: {mean}, {}", prior(&app));
    let median = (sorted[99] + sorted[100]) / 2.0;
    press(&mut app, KeyCode::Char('m'));
    assert!(prior(&app).contains(&number(median)), "{median}: {}", prior(&app));
    press(&mut app, KeyCode::Char('m'));
    // A preview is of 24 tasks, and is held against the best guess on these.
    app.on_event(12, fixture::started("Reptile", 0, 40_000));
    app.on_preview(12, (900, fixture::curve(4.3, 0.9, 1)));
    let few = losses[..24].iter().sum::<f64>() / 24.0;
    let screen = picture(&app, 120, 40);
    let mut right = screen.lines().map(|line| line.chars().skip(65).collect::<String>());
    let row = right.find(|line| line.contains("~prior mean  ")).unwrap_or_default();
    assert!(row.contains(&number(few)), "{few}: {screen}");
    // A log axis, which curves so far apart are on, keeps what is in range, and says what is not.
    let screen = picture(&app, 250, 40);
    let left: Vec<String> = screen.lines().map(|line| line.chars().take(165).collect()).collect();
    assert!(left.iter().any(|line| line.contains("prior mean")), "{screen}");
    assert!(screen.contains("below: oracle 0, best linear step"), "{screen}");
}

/// Shift is no way back: what a capital letter does is never what its small letter does the other way.
#[test]
fn a_capital_letter_never_undoes_its_small_letter() {
    let keymap = keymap();
    for kind in VIEWS {
        let shared: &[&str] = if kind.curves { &["runs", "curves", "everywhere"] } else { &["everywhere"] };
        let lines: Vec<&Line<App>> =
            [&[kind.name], shared].concat().iter().flat_map(|context| keymap.lines(context)).collect();
        for (small, capital) in ('a'..='z').zip('A'..='Z').filter(|(small, _)| *small != 'g') {
            let of = |letter| {
                let key = Key::One(KeyCode::Char(letter));
                lines.iter().find(|line| line.keys.contains(&key)).map(|line| line.command.name)
            };
            let (Some(one), Some(other)) = (of(small), of(capital)) else { continue };
            let stem = |name: &str| {
                let end = ["-up", "-down", "-left", "-right", "-back", "-forward", "-in", "-out"];
                end.iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name).to_owned()
            };
            let alike = stem(one) == stem(other) && one != other;
            // Zooming out goes all the way, from however far in.
            assert!(!alike || one == "zoom", "{small}: {one}, {capital}: {other}");
        }
    }
}

#[test]
fn training_plays_again_by_what_changes() {
    /// A network that does not change before this step, and more and more after it.
    const STILL: u64 = 185;
    let mut app = on_maml();
    let network = |step: u64| {
        let mut snapshot = Snapshot::clone(&fixture::snapshot(0, 0));
        let grown = (step.max(STILL) as f64 / STILL as f64).ln();
        snapshot.weights.values.iter_mut().for_each(|value| *value *= 1.0 + grown);
        std::sync::Arc::new(Snapshot { step, ..snapshot })
    };
    let step = |app: &App| app.shown_snapshot(6).map(|snapshot| snapshot.step);
    let look_back = |app: &mut App| {
        while let Some((run, landmark)) = app.missing_past() {
            let step = app.experiments[app.runs[run].experiment].landmarks[landmark];
            app.on_past(run, landmark, Some(network(step)));
        }
        while let Some(run) = app.next_preview() {
            let preview = app.preview(run).expect("it has parameters");
            app.on_preview(run, preview);
        }
        app.settle();
    };
    press(&mut app, KeyCode::Char(' '));
    let (start, mut frames) = (app.now, [0, 0]);
    for frame in 1..1_000 {
        look_back(&mut app);
        app.on_time(start + std::time::Duration::from_millis(60 * frame));
        match (app.rewind.notch, step(&app)) {
            (None, _) => break,
            (_, Some(step)) => frames[usize::from(step > STILL)] += 1,
            _ => {}
        }
    }
    let landmarks = &app.experiments[2].landmarks;
    let still = landmarks.iter().filter(|step| **step <= STILL).count();
    assert!(still > 70, "{still} of {} landmarks", landmarks.len());
    assert_eq!(app.rewind.notch, None, "it comes to now");
    assert!(frames[0] <= still / 5, "{frames:?}: nothing changes in the first");
    assert!(frames[1] > 2 * frames[0], "{frames:?}");
}
