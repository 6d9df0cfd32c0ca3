//! The fit's pane: which task it opens on, in which order tasks come, how much of the screen and of y it takes.

use crossterm::event::KeyCode;

use super::{
    fixture::{self, of_experiment},
    screens::picture,
    typing::{press, settle},
};
use crate::{
    eval::fits,
    ui::{state::app::App, state::controls::Focus, style::Styles},
};

fn on_maml() -> App {
    let mut app = fixture::midway(Styles::default());
    press(&mut app, KeyCode::Char('4'));
    assert_eq!(app.view, of_experiment(2));
    app
}

/// Loss of MAML's first seed on every test task after ten steps.
fn losses(app: &App) -> Vec<f64> {
    let weights = &app.runs[6].snapshot.as_ref().expect("a network").weights;
    let loss = |task: &crate::task::TestTask| fits(weights, &task.support, &task.query, &[10])[0].loss;
    app.set(2).tasks().iter().map(loss).collect()
}

#[test]
fn a_view_opens_on_a_task_of_median_difficulty() {
    let mut app = on_maml();
    let losses = losses(&app);
    let harder = losses.iter().filter(|loss| **loss > losses[app.fit.task]).count();
    assert_eq!(harder, losses.len() / 2);
    // What a person has chosen stays, whatever view opens.
    press(&mut app, KeyCode::Right);
    let chosen = app.fit.task;
    press(&mut app, KeyCode::Tab);
    assert_eq!(app.fit.task, chosen);
    // Before there is a network, it is the wave that knowing nothing does half as well on.
    let mut app = fixture::app(&fixture::notebook(), Styles::default());
    press(&mut app, KeyCode::Char('4'));
    let square = |task: &crate::task::TestTask| task.query.y.iter().map(|y| y * y).sum::<f64>();
    let squares: Vec<f64> = app.set(2).tasks().iter().map(square).collect();
    assert_eq!(squares.iter().filter(|y| **y > squares[app.fit.task]).count(), squares.len() / 2);
}

#[test]
fn tasks_come_hard_first_easy_first_or_one_sided_only() {
    let mut app = on_maml();
    let losses = losses(&app);
    for (first, rises) in [(f64::max as fn(f64, f64) -> f64, false), (f64::min, true)] {
        press(&mut app, KeyCode::Char('E'));
        let end = losses.iter().copied().reduce(first).expect("tasks");
        assert_eq!(losses[app.fit.task], end);
        for _ in 0..20 {
            let before = losses[app.fit.task];
            press(&mut app, KeyCode::Right);
            assert_eq!(losses[app.fit.task] > before, rises);
        }
        let screen = picture(&app, 120, 40);
        assert!(
            screen.contains(if rises { "no. 21 of the easiest" } else { "no. 21 of the hardest" }),
            "{screen}"
        );
    }
    press(&mut app, KeyCode::Char('E'));
    let sided: Vec<usize> =
        (0..losses.len()).filter(|task| app.set(2).tasks()[*task].is_one_sided()).collect();
    if sided.is_empty() {
        assert!(app.said.as_ref().is_some_and(|said| said.text.contains("is one-sided")));
    }
    for task in &sided {
        assert_eq!(app.fit.task, *task);
        press(&mut app, KeyCode::Right);
    }
    press(&mut app, KeyCode::Char('E'));
    press(&mut app, KeyCode::Char('g'));
    press(&mut app, KeyCode::Right);
    assert_eq!(app.fit.task, 1, "as they were drawn");
}

#[test]
fn z_gives_the_fit_the_whole_area_and_the_curves_alone_a_nearer_look() {
    let mut app = on_maml();
    press(&mut app, KeyCode::Char('z'));
    assert_eq!((app.fit.focus, app.curves.window), (Focus::Fit, None));
    press(&mut app, KeyCode::Char('Z'));
    assert_eq!(app.fit.focus, Focus::All);
    (0..3).for_each(|_| press(&mut app, KeyCode::Char('f')));
    press(&mut app, KeyCode::Char('z'));
    assert!(app.fit.focus == Focus::Adaptation && app.curves.window.is_some());
}

#[test]
fn y_shows_what_the_task_needs_or_the_same_for_every_task() {
    let mut app = on_maml();
    let labels = |app: &App| {
        let screen = picture(app, 120, 40);
        screen
            .lines()
            .skip(3)
            .take(20)
            .map(|line| line.chars().skip(2).take(3).collect())
            .collect::<Vec<String>>()
    };
    press(&mut app, KeyCode::Char('z'));
    let mut of = [Vec::new(), Vec::new()];
    for fixed in &mut of {
        for task in [0, 1, 2] {
            app.fit.task = task;
            fixed.push(labels(&app));
        }
        press(&mut app, KeyCode::Char('F'));
    }
    assert!(of[0].windows(2).any(|pair| pair[0] != pair[1]), "waves of different heights: {of:?}");
    assert!(of[1].windows(2).all(|pair| pair[0] == pair[1]), "{of:?}");
}

#[test]
fn what_is_compared_is_held_against_each_other_task_by_task() {
    let mut app = on_maml();
    // Another network than MAML's, on the same tasks.
    app.on_snapshot(0, fixture::snapshot(40_000, 3));
    app.fit.n = 10;
    assert!(!picture(&app, 160, 40).contains("Two networks"));
    // Nothing is worked out before a look asks for it.
    app.fit.compare = Some(0);
    let screen = picture(&app, 160, 40);
    assert!(screen.contains("Two networks by task: Random higher by (n=10)"), "{screen}");
    assert!(screen.contains("it is being worked out"), "{screen}");
    app.fit.compare = None;
    press(&mut app, KeyCode::Char('c'));
    assert_eq!(app.fit.compare, Some(0), "Random");
    settle(&mut app);
    // What is shown is what these two networks come to.
    let ours = losses(&app);
    let weights = &app.runs[0].snapshot.as_ref().expect("a network").weights;
    let theirs = app.set(0).tasks().iter();
    let theirs: Vec<f64> =
        theirs.map(|task| fits(weights, &task.support, &task.query, &[10])[0].loss).collect();
    let mut wanted: Vec<f64> = theirs.iter().zip(&ours).map(|(other, this)| other - this).collect();
    wanted.sort_by(f64::total_cmp);
    let by_task = app.by_task(2).expect("it is known").clone();
    assert_eq!(by_task.higher.len(), wanted.len());
    assert!(
        by_task.higher.iter().zip(&wanted).all(|(by, wanted)| (by - wanted).abs() <= 1e-9 * wanted.abs())
    );
    let on = wanted.iter().filter(|by| **by > 0.0).count();
    let screen = picture(&app, 200, 60);
    assert!(screen.contains(&format!("on {on} of 200 tasks; mean ")), "{screen}");
    // One seed says nothing of systems.
    assert!(screen.contains("Two networks, task by task: loss of Random higher by (n=10)"), "{screen}");
    // After another step it is another difference, and the old one is not shown under its name.
    app.fit.n = 11;
    assert_eq!(app.by_task(2), None);
    assert!(picture(&app, 160, 40).contains("it is being worked out"));
    // What is tested on other tasks cannot be held against it; one that is not trained neither.
    app.fit.compare = Some(4);
    let screen = picture(&app, 200, 60);
    assert!(screen.contains("both need finite losses on the same tasks"), "{screen}");
    press(&mut app, KeyCode::Esc);
    assert!(!picture(&app, 160, 40).contains("Two networks"));
}
