//! How the panes look, and what keys and the mouse do to them.

use std::sync::Arc;

use ratatui::{Terminal, backend::TestBackend, layout::Rect};

use super::{VIEW, layout};
use crate::{
    experiments::parse,
    model::Kernels,
    results::why::{GRID, PANES},
    term::{
        Button,
        MouseKind::{Drag, Press, Release},
    },
    ui::{
        frame,
        state::app::{App, View},
        style::{Depth, Styles, Theme},
        tests::{
            fixture::{self, settle, view},
            mouse::{LEFT, mouse},
            typing::{tell, type_in},
        },
        update::{look, show::show},
    },
};

/// A study in the middle of its training, with the view open on MAML.
fn opened(styles: Styles) -> App {
    let mut app = fixture::midway(styles);
    app.selected = 2;
    show(&mut app, view("Why"));
    app
}

fn picture(app: &mut App, width: u16, height: u16) -> String {
    settle(app);
    let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a test screen");
    terminal.draw(|frame| frame::draw(app, frame)).expect("a test screen");
    terminal.backend().to_string()
}

#[test]
fn panes_look_like_this() {
    let mut app = opened(Styles::default());
    for pane in PANES {
        let name = pane.name.replace('-', "_");
        for (width, height) in [(80, 24), (120, 40), (200, 60)] {
            let screen = picture(&mut app, width, height);
            assert!(screen.contains(pane.title) && screen.contains("Look for:"), "{screen}");
            insta::assert_snapshot!(format!("why_{name}_{width}x{height}"), screen);
        }
        tell(&mut app, "next-pane", 1);
    }
    let around = format!("1/{} Kernel", PANES.len());
    assert!(picture(&mut app, 80, 24).contains(&around), "around to the first one");
    for (name, styles) in [
        ("ascii", Styles { ascii: true, ..Styles::default() }),
        ("light", Styles { theme: Theme::Light, ..Styles::default() }),
        ("16", Styles { depth: Depth::Ansi16, ..Styles::default() }),
    ] {
        insta::assert_snapshot!(format!("why_kernel_{name}"), picture(&mut opened(styles), 120, 40));
    }
}

#[test]
fn every_pane_is_drawn_at_every_size_and_with_any_colours() {
    let mut app = opened(Styles::default());
    tell(&mut app, "compare", 1);
    // Training takes long, and how a course is drawn does not depend on what it is of.
    for _ in PANES.iter().filter(|pane| pane.name != "reptile") {
        settle(&mut app);
        for depth in [Depth::Mono, Depth::Ansi16, Depth::Ansi256, Depth::True] {
            for theme in [Theme::Dark, Theme::Light] {
                app.styles = Styles { depth, theme, ascii: depth == Depth::Mono };
                for (width, height) in
                    [(200, 60), (100, 30), (80, 24), (60, 16), (30, 6), (20, 9), (3, 3), (1, 1)]
                {
                    let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a test screen");
                    terminal.draw(|frame| frame::draw(&app, frame)).expect("a test screen");
                    if depth == Depth::Mono {
                        let text = terminal.backend().to_string();
                        assert!(text.is_ascii(), "{text}");
                    }
                }
            }
        }
        tell(&mut app, "next-pane", 1);
    }
}

#[test]
fn two_networks_have_room_for_their_maps() {
    let mut app = opened(Styles { depth: Depth::True, ..Styles::default() });
    tell(&mut app, "compare", 1);
    for (width, height) in [(80, 24), (120, 40)] {
        let screen = picture(&mut app, width, height);
        let rows = screen.lines().filter(|line| line.matches('▀').count() > 30).count();
        assert!(rows >= 9, "{rows} rows: {screen}");
        insta::assert_snapshot!(format!("why_two_kernels_{width}x{height}"), screen);
    }
}

#[test]
fn transfer_is_what_stands_beside_maml_first() {
    let mut app = opened(Styles::default());
    tell(&mut app, "compare", 1);
    let screen = picture(&mut app, 120, 40);
    assert!(
        screen.contains("Kernel: MAML, seed 0 at") && screen.contains(" Transfer, seed 0 at"),
        "{screen}"
    );
    tell(&mut app, "compare", 1);
    let screen = picture(&mut app, 120, 40);
    assert!(screen.contains(" First-order MAML, seed 0"), "{screen}");
    // The experiment in view is never beside itself.
    tell(&mut app, "below", 1);
    let screen = picture(&mut app, 120, 40);
    assert!(screen.contains("Kernel: First-order MAML") && app.fit.compare.is_none(), "{screen}");
}

#[test]
fn the_view_follows_task_seed_rate_and_time() {
    let mut app = opened(Styles::default());
    tell(&mut app, "next-pane", 1);
    let first = picture(&mut app, 120, 40);
    assert!(first.contains("seed 0 at step 40,000"), "{first}");
    for (command, shows) in [("next-task", "task"), ("next-seed", "seed 1 at"), ("rate-up", "seed 1")] {
        let before = picture(&mut app, 120, 40);
        tell(&mut app, command, 1);
        let after = picture(&mut app, 120, 40);
        assert!(after.contains(shows) && before != after, "{command}: {after}");
    }
    // It is one of the tabs, and the experiment's own tab is another.
    assert_eq!(app.views()[app.tab(app.view)].kind.title, "Why");
    let has_travel = app.view_contexts().contains(&"travel");
    assert!(has_travel && view("Inner").kind.contexts().contains(&"travel"));
}

#[test]
fn a_learner_without_steps_and_one_without_a_network_say_so() {
    let study = "[[experiment]]\nname = \"R\"\nalgorithm = \"ridge-head\"\nseeds = 1\nouter_steps = 10\n\
                 [model]\nhidden = 16\n[evaluation]\ntest_tasks = 20\n";
    let study = parse("x", None, study).unwrap_or_else(|problems| panic!("{problems}"));
    let mut app = fixture::app(&study, Styles::default());
    show(&mut app, View { kind: &VIEW, experiment: None });
    assert!(picture(&mut app, 80, 24).contains("R has no network yet"));
    let trainer = study.experiments[0].trainer(0, Kernels::portable());
    let snapshot = crate::study::Snapshot { step: 0, weights: trainer.weights() };
    app.on_snapshot(0, Arc::new(snapshot));
    let screen = picture(&mut app, 80, 24);
    assert!(screen.contains("No gradient step is taken here"), "{screen}");
    tell(&mut app, "next-pane", 1);
    let screen = picture(&mut app, 120, 40);
    assert!(screen.contains("R takes no gradient steps, so this has no meaning for it"), "{screen}");
}

#[test]
fn points_are_placed_moved_and_dropped_and_the_sum_moves_with_them() {
    let mut app = opened(Styles::default());
    tell(&mut app, "next-pane", 1);
    let points = |app: &App| layout::shown_task(app, 2).expect("a task").support;
    let (own, first) = (points(&app), picture(&mut app, 120, 40));
    type_in(&mut app, "w");
    assert_eq!(points(&app).x.len(), own.x.len() + 1);
    let task = app.shown_task(2).expect("a task");
    let (x, y) = (*points(&app).x.last().expect("one"), *points(&app).y.last().expect("one"));
    assert!((y - task.function.at(x)).abs() < 1e-9, "it lies on the truth");
    let placed = picture(&mut app, 120, 40);
    assert!(placed.contains("your points") && placed != first, "{placed}");
    // Taken up it goes with the cursor, and up and down.
    type_in(&mut app, "g");
    assert!(picture(&mut app, 120, 40).contains("held"));
    tell(&mut app, "cursor-right", 3);
    tell(&mut app, "above", 5);
    let moved = points(&app);
    assert!(*moved.x.last().expect("one") > x && *moved.y.last().expect("one") > y, "{moved:?}");
    assert_eq!(app.view.experiment, Some(2), "the arrows move the point");
    assert_ne!(picture(&mut app, 120, 40), placed);
    type_in(&mut app, "g");
    tell(&mut app, "above", 1);
    assert_eq!(app.view.experiment, Some(1), "and once it is let go of, they do not");
    tell(&mut app, "below", 1);
    type_in(&mut app, "d");
    assert_eq!(points(&app), own);
    type_in(&mut app, "D");
    assert!(points(&app).x.is_empty() && picture(&mut app, 120, 40).contains("There is no support point"));
    // Undone one by one, then put back as a whole.
    (0..9).for_each(|_| type_in(&mut app, "u"));
    assert_eq!(points(&app), own);
    assert!(app.said.as_ref().is_some_and(|said| said.text == "nothing has been changed here"));
    type_in(&mut app, "w0");
    assert_eq!((points(&app), app.fit.n), (own.clone(), 10));
    // Another task has its own points.
    type_in(&mut app, "D");
    tell(&mut app, "next-task", 1);
    assert_eq!(points(&app), app.shown_task(2).expect("a task").support);
}

#[test]
fn the_mouse_places_drags_and_drops_points() {
    let mut app = opened(Styles::default());
    tell(&mut app, "next-pane", 1);
    settle(&mut app);
    (app.size, app.mouse) = ((120, 40), true);
    let points = |app: &App| layout::shown_task(app, 2).expect("a task").support;
    let own = points(&app);
    let (_, body) = frame::areas(Rect::new(0, 0, 120, 40)).expect("large enough");
    let (_, places) = layout::places(&app, body);
    let picture = places[0].picture;
    let at = (picture.x + picture.width / 3, picture.y + 2);
    mouse(&mut app, Press(LEFT), at);
    settle(&mut app);
    assert_eq!(points(&app).x.len(), own.x.len() + 1);
    let placed = (*points(&app).x.last().expect("one"), *points(&app).y.last().expect("one"));
    mouse(&mut app, Drag(LEFT), (at.0 + 6, at.1 + 3));
    settle(&mut app);
    let dragged = (*points(&app).x.last().expect("one"), *points(&app).y.last().expect("one"));
    assert!(dragged.0 > placed.0 && dragged.1 < placed.1, "{placed:?} {dragged:?}");
    mouse(&mut app, Release(LEFT), (at.0 + 6, at.1 + 3));
    mouse(&mut app, Drag(LEFT), at);
    assert_eq!(points(&app).x.last(), Some(&dragged.0), "it was let go of");
    // The cursor is where the hand was.
    assert!(app.why.cursor > 0 && app.why.cursor < GRID);
    let cell = {
        settle(&mut app);
        let screen = self::picture(&mut app, 120, 40);
        assert!(screen.contains("your points"), "{screen}");
        (at.0 + 6, at.1 + 3)
    };
    let before = points(&app).x.len();
    mouse(&mut app, Press(Button::Right), cell);
    assert!(points(&app).x.len() <= before);
    // On panes without support points it does nothing.
    tell(&mut app, "previous-pane", 1);
    settle(&mut app);
    assert!(!mouse(&mut app, Press(LEFT), at));
}

#[test]
fn a_training_is_looked_at_from_its_snapshots() {
    let mut app = opened(Styles::default());
    app.why.pane = PANES.iter().position(|pane| pane.name == "over-training").expect("a pane");
    look(&mut app);
    assert!(app.why.courses.missing().count() > 0, "it asks for the past");
    let screen = picture(&mut app, 120, 40);
    assert!(screen.contains("Over training: MAML, 3 seeds, ") && screen.contains(" looks"), "{screen}");
    assert!(!screen.contains(" of 6"), "all of them are known: {screen}");
    // It leaves the moment of time travel alone.
    assert!(app.runs.iter().all(|run| run.past.found.is_none()));
    // A past that is not to be had is no reason to wait for ever.
    let mut app = opened(Styles::default());
    app.why.pane = PANES.iter().position(|pane| pane.name == "gradients").expect("a pane");
    for _ in 0..2_000 {
        look(&mut app);
        let missing: Vec<(usize, usize)> = app.why.courses.missing().collect();
        missing.iter().for_each(|(run, landmark)| app.on_past(*run, *landmark, None));
        if !app.is_working() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    panic!("it waits for what does not come");
}
