//! What keys do to the state.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::fixture::{self, of_experiment, view};
use crate::ui::{
    keys,
    state::app::{App, Effect},
    state::controls::Focus,
    style::Styles,
    update::update,
};

fn press(app: &mut App, code: KeyCode) {
    let key = KeyEvent::new(code, KeyModifiers::NONE);
    if let Some(action) = keys::action(keys::context(app), &key) {
        update(app, action);
    }
}

fn type_in(app: &mut App, text: &str) {
    text.chars().for_each(|letter| press(app, KeyCode::Char(letter)));
}

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
        match app.notice {
            None => assert!(app.shown_task(2).expect("there are tasks").is_one_sided()),
            Some(_) => assert!(app.set(2).tasks.iter().all(|task| !task.is_one_sided())),
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
    assert!(app.notice.as_ref().is_some_and(|(words, _)| words.contains("0 to 100")));
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
        press(&mut app, KeyCode::Char('I'));
        rates.push(app.inner_lr(2));
    }
    assert_eq!(rates, [0.013, 0.016, 0.02, 0.025]);
    (0..500).for_each(|_| press(&mut app, KeyCode::Char('i')));
    assert!(app.inner_lr(2) > 0.0);
}

#[test]
fn more_support_points_belong_to_the_task() {
    let mut app = on_maml();
    let before = app.shown_task(2).expect("there are tasks");
    press(&mut app, KeyCode::Char('K'));
    let after = app.shown_task(2).expect("there are tasks");
    assert_eq!(after.support.x.len(), 11);
    assert_eq!(after.support.x[..10], before.support.x[..]);
    assert!(after.support.x.iter().zip(&after.support.y).all(|(x, y)| after.function.at(*x) == *y));
    (0..20).for_each(|_| press(&mut app, KeyCode::Char('k')));
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
    type_in(&mut app, "flz?");
    assert!(app.help.is_some() && app.curves.crosshair.is_some() && app.curves.window.is_some());
    press(&mut app, KeyCode::Esc);
    assert!(app.help.is_none() && app.curves.crosshair.is_some());
    press(&mut app, KeyCode::Esc);
    press(&mut app, KeyCode::Esc);
    assert!(app.curves.crosshair.is_none() && app.curves.window.is_none());
    press(&mut app, KeyCode::Esc);
    assert_eq!(app.fit.focus, Focus::All);
}

#[test]
fn zoom_and_pan_stay_within_the_curve() {
    let mut app = on_maml();
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
    let interrupt = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
    let action = keys::action(keys::context(&app), &interrupt).expect("Ctrl-C means something");
    update(&mut app, action);
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
    assert!(app.over_seeds(2).is_none() && app.result(2).is_some());
    let run = app.next_preview().expect("the past has no curve yet");
    let preview = app.preview(run).expect("it has parameters");
    assert_eq!(preview.0, 0);
    app.on_preview(run, preview);
    assert!(app.over_seeds(2).is_some_and(|curve| curve.preview));
    press(&mut app, KeyCode::Char(' '));
    let start = app.now;
    (1..1_000).for_each(|tick| _ = app.on_time(start + std::time::Duration::from_millis(50 * tick)));
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
