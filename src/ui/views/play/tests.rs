//! What keys and the mouse do to the task of Play.

use std::sync::Arc;

use crossterm::event::KeyCode;

use super::state::Play;
use crate::{
    experiments::parse,
    learner::Algorithm,
    model::Kernels,
    study::Snapshot,
    term::{
        Button,
        MouseKind::{Drag, Press, Release},
    },
    ui::{
        frame,
        state::{app::App, file::Edited, trainers::Trainer},
        style::Styles,
        tests::{
            fixture::{self, view},
            mouse::{LEFT, SIZES, app, click, find, mouse, symbol},
            screens::picture,
            typing::{press, settle, tell, type_in},
        },
    },
};

impl Play {
    /// Where the cursor is.
    pub fn cursor(&self) -> (f64, f64) {
        (self.x, self.y)
    }

    /// What holds whatever was done.
    pub fn assert_sound(&self) {
        assert!(self.task().support.x.iter().all(|x| (self.range[0]..=self.range[1]).contains(x)));
        assert!(self.held.is_none_or(|held| held < self.points.len()));
    }
}

#[test]
fn a_point_is_placed_dragged_and_deleted_under_the_pointer() {
    for (size, noise, banner) in SIZES.into_iter().flat_map(|size| [(size, 0.0, true), (size, 0.9, false)]) {
        let mut app = app(view("Play"), size);
        if banner {
            let problem = "expected a value".to_owned();
            app.edited = Some(Edited::Broken { named: None, place: Some((3, 1)), problem, more: 0 });
        }
        tell(&mut app, "delete-points", 1);
        app.play.noise = noise;
        let plot = find(&app, "▕", 2);
        let (place, other) = ((plot.0 + 9, plot.1 + 1), (plot.0 + 5, plot.1 + 4));
        let cursor = app.styles.cursor_mark().to_string();
        let support = app.styles.support_mark().to_string();

        mouse(&mut app, Press(LEFT), place);
        assert_eq!(app.play.points.len(), 1, "{size:?}");
        assert_eq!(symbol(&app, place), cursor, "{size:?}: the cursor is under the pointer");
        mouse(&mut app, Release(LEFT), place);
        assert_eq!(app.play.held, None);
        let away = |app: &mut App| {
            tell(app, "cursor-right", 25);
            tell(app, "cursor-down", 25);
        };
        away(&mut app);
        assert_eq!(symbol(&app, place), support, "{size:?}: and so is the point");

        // A press beside it takes hold of it and moves nothing yet.
        mouse(&mut app, Press(LEFT), (place.0 + 1, place.1 + 1));
        assert_eq!((app.play.points.len(), app.play.held), (1, Some(0)), "{size:?}");
        mouse(&mut app, Drag(LEFT), other);
        mouse(&mut app, Release(LEFT), other);
        mouse(&mut app, Drag(LEFT), place);
        away(&mut app);
        assert_eq!(symbol(&app, other), support, "{size:?}: it went with the pointer, until it was let go");
        assert_ne!(symbol(&app, place), support, "{size:?}");

        // Far from it a left press places another, a right press does nothing.
        assert!(!mouse(&mut app, Press(Button::Right), (other.0 + 3, other.1)));
        click(&mut app, (other.0 + 3, other.1));
        assert_eq!(app.play.points.len(), 2, "{size:?}");
        mouse(&mut app, Press(Button::Right), (other.0, other.1 + 1));
        assert_eq!(app.play.points.len(), 1, "{size:?}");
        assert_ne!(symbol(&app, other), support, "{size:?}: the one beside the pointer has gone");
    }
}

#[test]
fn a_press_on_the_wave_places_a_point_on_it() {
    let mut app = app(view("Play"), (120, 40));
    tell(&mut app, "delete-points", 1);
    let (_, body) = frame::areas(ratatui::layout::Rect::new(0, 0, 120, 40)).expect("large enough");
    let plot = super::geometry(&app, body).expect("large enough");
    let (x, _) = plot.at(40, 10);
    let cell = plot.cell(x, app.play.function.at(x)).expect("in sight");
    click(&mut app, cell);
    assert_eq!(app.play.points[0].y, None);
    click(&mut app, (cell.0, cell.1 + 3));
    assert!(app.play.points[1].y.is_some(), "three rows below it is off it");
}

#[test]
fn a_point_stays_in_the_plot_and_outside_of_it_nothing_is_placed() {
    let mut app = app(view("Play"), (80, 24));
    tell(&mut app, "delete-points", 1);
    for at in [(0, 5), (79, 5), (20, 23), (20, 0), (60, 12), (200, 200)] {
        mouse(&mut app, Press(LEFT), at);
        assert!(app.play.points.is_empty(), "{at:?}");
    }
    mouse(&mut app, Press(LEFT), (20, 6));
    mouse(&mut app, Drag(LEFT), (79, 0));
    let point = app.play.points[0];
    assert_eq!((point.x, point.y), (app.play.range[1], Some(app.play.heights[1])));
}

#[test]
fn play_undoes_what_was_done_to_its_task() {
    let mut app = fixture::midway(Styles::default());
    type_in(&mut app, "vp");
    let first = app.play.made();
    type_in(&mut app, "D");
    assert!(app.play.points.is_empty());
    type_in(&mut app, "w}];'u");
    assert_eq!(app.play.points.len(), 1);
    type_in(&mut app, "uuuuu");
    assert_eq!(app.play.made(), first);
    type_in(&mut app, "u");
    assert!(app.said.as_ref().is_some_and(|said| said.text == "nothing has been changed here"));
    // It changes nothing that is trained, so whoever looks on can do it too.
    type_in(&mut app, "t");
    app.trainers.trainer = Trainer::Nobody;
    type_in(&mut app, "u");
    assert_eq!(app.play.made(), first);
}

#[test]
fn the_lowest_learner_has_a_band_of_its_seeds_and_its_next_step_in_parts() {
    let mut app = fixture::midway(Styles::default());
    type_in(&mut app, "vp");
    settle(&mut app);
    let screen = picture(&app, 120, 40);
    assert!(screen.contains("3 seeds") && !screen.contains("point 1 adds"), "{screen}");
    let lowest = super::ranked(&app).0[0].0;
    let task = app.play.task();
    let (of, beside) = app.seeds.known(lowest, &task.support, app.fit.n).expect("it is worked out");
    assert_eq!(of.networks.len(), 3);
    // The band holds the fit of each of the seeds, and touches some of them everywhere.
    let fits = of.networks.iter().map(|(run, _)| {
        let weights = &app.shown_snapshot(*run).expect("a network").weights;
        crate::eval::fits(weights, &task.support, &task.query, &[app.fit.n]).remove(0).y
    });
    let fits: Vec<Vec<f64>> = fits.collect();
    for (at, [low, high]) in beside.ends.iter().enumerate() {
        let all = fits.iter().map(|fit| fit[at]);
        assert_eq!(all.clone().fold(f64::INFINITY, f64::min), *low);
        assert_eq!(all.fold(f64::NEG_INFINITY, f64::max), *high);
    }
    // The next step leads where one step more leads.
    let next = beside.next.as_ref().expect("it steps");
    let weights = &app.shown_snapshot(of.networks[of.chosen].0).expect("a network").weights;
    let then = crate::eval::fits(weights, &task.support, &task.query, &[app.fit.n + 1]).remove(0).y;
    for ((before, change), then) in next.before.iter().zip(&next.change).zip(then) {
        assert!((before + change - then).abs() < 1e-4, "{before} {change} {then}");
    }
    type_in(&mut app, "i");
    settle(&mut app);
    let screen = picture(&app, 120, 40);
    assert!(screen.contains("point 1 adds") && screen.contains("n=11"), "{screen}");
    // Without points there is no step.
    type_in(&mut app, "D");
    settle(&mut app);
    assert!(!picture(&app, 120, 40).contains("point 1 adds"));
}

/// Every learner, before its first step: what a walk shows holds of any weights.
fn of_every_learner(task: &str) -> App {
    let experiments: String = Algorithm::ALL
        .iter()
        .filter(|algorithm| algorithm.name() != "external")
        .map(|algorithm| {
            let name = algorithm.name();
            format!("[[experiment]]\nname = \"{name}\"\nalgorithm = \"{name}\"\nclip = 10.0\n")
        })
        .collect();
    let text = format!("[task]\n{task}\n[evaluation]\npoints = 12\ntest_tasks = 5\n{experiments}");
    let study = parse("x", None, &text).unwrap_or_else(|problems| panic!("{problems}"));
    let mut app = fixture::app(&study, Styles::default());
    let firsts: Vec<usize> = app.experiments.iter().map(|experiment| experiment.runs[0]).collect();
    for (settings, run) in study.experiments.iter().zip(firsts) {
        let weights = settings.trainer(0, Kernels::portable()).weights();
        app.on_snapshot(run, Arc::new(Snapshot { step: 0, weights }));
    }
    app.view = view("Play");
    app
}

#[test]
fn the_points_of_a_test_task_come_one_by_one_for_every_learner() {
    for task in ["phase = [0.0, 3.141592653589793]", "family = \"gp\"\nnoise = 0.1"] {
        let mut app = of_every_learner(task);
        let own = app.play.made();
        let tasks = app.set(0).tasks().to_vec();
        type_in(&mut app, "f");
        assert_eq!(app.play.task().support.x.len(), 0, "a walk begins without a point");
        let mut before: Vec<f64> = Vec::new();
        for k in 1..=12 {
            type_in(&mut app, "f");
            settle(&mut app);
            let support = app.play.task().support;
            assert_eq!((support.x.len(), &support.x[..k - 1]), (k, &before[..]), "one more than before");
            assert_eq!(support, tasks[0].first_points(k), "in the order of the points curve");
            before = support.x;
            let paths = app.paths().expect("worked out");
            assert_eq!(paths.losses.len(), app.experiments.len());
            for index in 0..app.experiments.len() {
                let name = &app.experiments[index].settings.name;
                let fit = app.fit_after(index, app.played_steps(index)).expect("worked out");
                let path = paths.of(index).expect("every learner");
                // What is drawn above is what the line below is at.
                assert_eq!((path.len(), path[k]), (13, fit.loss), "{name} at K={k}");
            }
            // On a wave without noise two points are all there is to know.
            let best = paths.best.as_ref().expect("known");
            assert!(task.contains("gp") || (best[k] < 1e-9) == (k >= 2), "{best:?}");
        }
        type_in(&mut app, "f");
        assert!(app.said.as_ref().is_some_and(|said| said.text == "these are all of its points"));
        type_in(&mut app, "bbb");
        assert_eq!(app.play.task().support, tasks[0].first_points(9), "and back");
        type_in(&mut app, "F");
        assert_eq!(app.play.task().support, tasks[1].first_points(9), "another task, as many points");
        // The points are the task's: nothing that a person does to a task of one's own touches them.
        type_in(&mut app, "wD}u");
        assert_eq!(app.play.task().support, tasks[1].first_points(9));
        press(&mut app, KeyCode::Esc);
        assert_eq!(app.play.made(), own, "and one's own is as it was");
        assert_eq!(app.play.task().support.x.len(), own.points.len());
    }
}

#[test]
fn a_walk_is_drawn_with_its_losses_below() {
    let mut app = of_every_learner("phase = [0.0, 3.141592653589793]");
    type_in(&mut app, "ff");
    settle(&mut app);
    for (width, height) in [(80, 24), (120, 40)] {
        let screen = picture(&app, width, height);
        for said in ["Test task 1: y =", "K 1 of 12", "Test loss on this task after K points", "K=0", "K=1"] {
            assert!(screen.contains(said), "{said}: {screen}");
        }
        assert!(screen.contains("K=1: lowest ") && screen.contains("Bayes-optimal"), "{screen}");
    }
    type_in(&mut app, "f");
    settle(&mut app);
    let screen = picture(&app, 120, 40);
    assert!(screen.contains("Bayes-optimal 0") && screen.contains("K 2 of 12"), "{screen}");
}
