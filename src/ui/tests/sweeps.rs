//! A sweep on screen: one tab, one row, a map whose cursor moves, and no loss or cell that is not there.

use std::time::{Duration, Instant};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::{buffer::Buffer, layout::Rect};

use super::{
    fixture::{self, plan},
    list::frames_compute_nothing,
    screens::picture,
    typing::tell,
};
use crate::{
    experiments::parse,
    study::Snapshot,
    ui::{
        frame::{self, report},
        state::{
            app::{App, Effect},
            sweep::Known,
        },
        style::{Depth, Styles},
        update::{look, show::go_to},
    },
};

/// A plain experiment, and a sweep over three axes.
const TEXT: &str = "[defaults]\nouter_steps = 100\nseeds = 2\n[model]\nhidden = 16\n[evaluation]\ntest_tasks = 60\n\
    [[experiment]]\nname = \"Transfer\"\nalgorithm = \"transfer\"\n\
    [[experiment]]\nname = \"rate x shots\"\nalgorithm = \"maml\"\n\
    sweep = { inner_lr = [0.001, 0.01, 0.1], \"task.shots\" = [5, 10, 20], meta_batch = [1, 4] }\n\
    [[experiment]]\nname = \"Reptile\"\nalgorithm = \"reptile\"\n";

/// Most of it done: one cell lost tasks, one failed, one is in training, the last ones wait.
fn app(styles: Styles) -> App {
    let study = parse("sweeps", None, TEXT).expect("a good file");
    let runs = plan(&study);
    let mut app = App::new(&study, &runs, styles);
    for (number, run) in runs.iter().enumerate().take(34) {
        let name = run.settings.name.as_str();
        let cell = number / 2;
        app.on_event(number, fixture::started(name, run.seed, 100));
        if cell == 7 {
            app.on_event(number, fixture::failed(name, run.seed));
            continue;
        }
        if cell == 16 {
            app.on_snapshot(number, fixture::snapshot(40, run.seed));
            app.on_preview(number, (40, fixture::curve(4.3, 1.3, run.seed)));
            continue;
        }
        let mut curve = fixture::curve(4.3, 0.3 + 0.2 * ((cell * 5) % 17) as f64, run.seed);
        if cell == 3 {
            curve.nonfinite[10] = 0.1;
            curve.mean[10] = 0.01;
        }
        app.on_snapshot(number, fixture::snapshot(100, run.seed));
        app.on_event(number, fixture::evaluated(name, run.seed, curve));
        app.on_event(number, fixture::finished(name, run.seed));
    }
    app.on_time(std::time::Duration::from_secs(62));
    app.spent = Default::default();
    app
}

fn press(app: &mut App, code: KeyCode) {
    let key = KeyEvent::new(code, KeyModifiers::NONE);
    assert!(crate::ui::update::press(app, &key), "the key means something here");
}

fn on_map(styles: Styles) -> App {
    let mut app = app(styles);
    go_to(&mut app, 2);
    assert!(app.view.kind.sweep);
    app
}

#[test]
fn a_sweep_is_one_tab_and_one_row() {
    let mut app = app(Styles::default());
    let names: Vec<&str> = app.views().iter().map(|view| app.view_name(*view)).collect();
    assert_eq!(names[..4], ["Overview", "Transfer", "rate x shots", "Reptile"]);
    assert_eq!((app.rows.len(), app.experiments.len()), (3, 20));
    // What lost tasks has the smallest mean and is not the best.
    let best = app.best_cell(0).expect("there are results").0;
    assert!(best != 3 && best != 0, "{best}");
    let screen = picture(&app, 140, 40);
    assert!(
        screen.contains("lowest/6")
            && screen.contains("2 more on other tasks")
            && !screen.contains("seed 0, "),
        "{screen}"
    );
    insta::assert_snapshot!("sweep_overview", screen);
    // Up and down go over rows; what is steered there is all of the sweep.
    tell(&mut app, "first-experiment", 1);
    // Reptile's tasks are Transfer's, so it stands before the sweep.
    tell(&mut app, "below", 2);
    assert_eq!(app.selected, best);
    tell(&mut app, "stop", 1);
    let Some(Effect::Control(runs, _)) = app.effects.last() else { panic!("{:?}", app.effects) };
    assert_eq!(runs.len(), 6, "those that have not ended: of three cells");
    tell(&mut app, "add-seed", 1);
    let Some(Effect::Plan(study)) = app.effects.last() else { panic!("{:?}", app.effects) };
    assert!(study.experiments[1..19].iter().all(|cell| cell.seeds.len() == 3));
    assert!(study.experiments[0].seeds.len() == 2 && study.experiments[19].seeds.len() == 2);
    tell(&mut app, "open", 1);
    assert!(app.view.kind.sweep);
}

#[test]
fn the_map() {
    let mut app = on_map(Styles::default());
    press(&mut app, KeyCode::Char('j'));
    press(&mut app, KeyCode::Right);
    for (width, height) in [(120, 40), (80, 24), (60, 16), (30, 6)] {
        insta::assert_snapshot!(format!("sweep_{width}x{height}"), picture(&app, width, height));
    }
    let cell = app.experiments[app.view.experiment.expect("a cell")].settings.name.clone();
    assert_eq!(cell, "rate x shots [inner_lr=0.01 shots=10 meta_batch=1]");
    // The value on the map is the one that is computed.
    let Known::Loss(loss) = app.known(app.view.experiment.expect("a cell")) else { panic!("it is done") };
    assert!(picture(&app, 120, 40).contains(&format!("[ {:.2} ]", loss.mean)), "{loss:?}");
}

#[test]
fn the_cursor_goes_to_every_cell_and_no_further() {
    let mut app = on_map(Styles::default());
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..3 {
        for _ in 0..2 {
            for _ in 0..4 {
                seen.insert(app.view.experiment);
                press(&mut app, KeyCode::Char('l'));
            }
            (0..4).for_each(|_| press(&mut app, KeyCode::Char('h')));
            press(&mut app, KeyCode::Char('>'));
        }
        press(&mut app, KeyCode::Down);
    }
    assert_eq!(seen.len(), 18);
    assert_eq!(app.tab(app.view), 2, "its tab is that of all its cells");
    // Every two axes can lie on the map.
    let mut pairs = std::collections::BTreeSet::new();
    for _ in 0..6 {
        let sweep = &app.sweeps[0];
        pairs.insert((sweep.down, sweep.across));
        assert_eq!(sweep.grid.at(&sweep.place), app.view.experiment);
        picture(&app, 120, 40);
        press(&mut app, KeyCode::Char('c'));
    }
    assert_eq!(pairs.len(), 6);
    press(&mut app, KeyCode::Char('b'));
    assert_eq!(app.view.experiment, app.best_cell(0).map(|(best, _)| best));
    let best = app.view;
    press(&mut app, KeyCode::Enter);
    assert!(!app.view.kind.sweep && app.view.experiment == best.experiment);
    assert!(picture(&app, 120, 40).contains("About"));
    press(&mut app, KeyCode::Esc);
    assert_eq!(app.view, best);
    // Away and back again the cursor is where it was.
    go_to(&mut app, 0);
    go_to(&mut app, 2);
    assert_eq!(app.view, best);
}

#[test]
fn n_is_the_crosshairs() {
    let mut app = on_map(Styles::default());
    assert!(picture(&app, 120, 40).contains("loss at n=10 (mean), meta_batch=1, test inner_lr 0.01"));
    press(&mut app, KeyCode::Char(')'));
    press(&mut app, KeyCode::Char(')'));
    assert!(picture(&app, 120, 40).contains("loss at n=1 (mean)"));
    press(&mut app, KeyCode::Char('m'));
    assert!(picture(&app, 120, 40).contains("loss at n=1 (median)"));
}

#[test]
fn what_has_no_loss_says_why() {
    let mut app = on_map(Styles::default());
    let mut screens = picture(&app, 140, 40);
    press(&mut app, KeyCode::Char('>'));
    screens += &picture(&app, 140, 40);
    for words in ["failed", "~1.", "0.010!", "lower is better"] {
        assert!(screens.contains(words), "{words}: {screens}");
    }
    assert!(screens.contains("runs of 18 cells done, 2 failed"), "{screens}");
}

#[test]
fn shades_where_there_are_no_colours_and_grounds_where_there_are() {
    let area = Rect::new(0, 0, 120, 40);
    for depth in [Depth::Mono, Depth::Ansi16, Depth::Ansi256, Depth::True] {
        for ascii in [false, true] {
            let app = on_map(Styles { depth, ascii, ..Styles::default() });
            let mut buffer = Buffer::empty(area);
            frame::render(&app, area, &mut buffer);
            let grounds =
                buffer.content.iter().filter(|cell| cell.bg != ratatui::style::Color::Reset).count();
            let has_grounds = matches!(depth, Depth::Ansi256 | Depth::True);
            assert_eq!(grounds > 50, has_grounds, "{depth:?}: {grounds}");
            assert!(!ascii || picture(&app, 120, 40).is_ascii());
        }
    }
    let app = on_map(Styles { depth: Depth::Mono, ascii: true, ..Styles::default() });
    insta::assert_snapshot!("sweep_ascii", picture(&app, 100, 24));
}

#[test]
fn a_click_is_on_the_cell_that_is_drawn_there() {
    let mut app = on_map(Styles::default());
    let area = Rect::new(0, 2, 120, 37);
    let mut buffer = Buffer::empty(Rect::new(0, 0, 120, 40));
    frame::render(&app, buffer.area, &mut buffer);
    let mut hit = std::collections::BTreeSet::new();
    for (x, y) in (0..120).flat_map(|x| (2..39).map(move |y| (x, y))) {
        let kind = crate::term::MouseKind::Press(crate::term::Button::Left);
        let mouse = crate::term::Mouse { kind, column: x, row: y };
        let point = app.view.kind.point;
        if point(&mut app, area, &mouse) {
            hit.insert(app.view.experiment);
        }
    }
    assert_eq!(hit.len(), 9);
}

#[test]
fn a_thousand_cells_are_drawn_in_no_time() {
    let list = |count: usize| (1..=count).map(|i| format!("{i}e-5")).collect::<Vec<_>>().join(", ");
    let text = format!(
        "[defaults]\nouter_steps = 10\nseeds = 1\n[[experiment]]\nname = \"S\"\nalgorithm = \"maml\"\n\
         sweep = {{ inner_lr = [{}], outer_lr = [{}] }}\n",
        list(40),
        list(25)
    );
    let study = parse("x", None, &text).expect("a good file");
    let start = std::time::Instant::now();
    let mut app = App::new(&study, &plan(&study), Styles::default());
    for (number, cell) in study.experiments.iter().enumerate() {
        let curve = fixture::curve(4.3, 1.0 + number as f64 / 1e3, 0);
        app.on_event(number, fixture::evaluated(&cell.name, 0, curve));
    }
    for tab in [0, 1] {
        go_to(&mut app, tab);
        for size in [(200, 60), (80, 24)] {
            let screen = picture(&app, size.0, size.1);
            assert!(screen.contains("S"), "{screen}");
        }
    }
    let text = report(&app);
    assert!(text.lines().count() < 20, "{text}");
    // Without optimisation, on a busy machine: what is quadratic takes minutes.
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
}

#[test]
fn what_is_left_names_the_best_cells() {
    let text = report(&app(Styles::default()));
    assert!(text.contains(", lowest of 6"), "{text}");
    assert!(
        text.contains("rate x shots: test loss at n=10 of 18 cells, 32/36 runs tested (mean over tasks)")
            || text.contains("runs tested"),
        "{text}"
    );
    // Each is the lowest of those on the same tasks, and of the three none is better.
    for shots in [5, 10, 20] {
        assert!(
            text.lines()
                .any(|line| line.starts_with("lowest: ") && line.contains(&format!("shots={shots} "))),
            "{text}"
        );
        assert!(text.contains(&format!("on tasks with shots {shots}:\n")), "{text}");
    }
    assert!(text.contains("and 1 more runs of this sweep failed"), "{text}");
    let study = parse("x", None, &TEXT.replace(", meta_batch = [1, 4]", "")).expect("a good file");
    let app = App::new(&study, &plan(&study), Styles::default());
    assert!(report(&app).contains("no cell has been tested yet"));
}

#[test]
fn cells_are_tested_at_their_own_rate_where_a_person_asks_for_it() {
    let mut app = on_map(Styles::default());
    let cell = app.view.experiment.expect("a cell");
    assert_eq!((app.experiments[cell].settings.training.inner_lr, app.test_rate(cell)), (0.001, 0.01));
    // Networks that say nothing, as they were trained; on the tests they explode.
    let runs = app.experiments[cell].runs.clone();
    for &run in &runs {
        let mut snapshot = Snapshot::clone(app.runs[run].snapshot.as_ref().expect("it is trained"));
        snapshot.weights.adaptation = snapshot.weights.adaptation.at_rate(0.001);
        snapshot.weights.values.fill(0.0);
        app.on_snapshot(run, snapshot.into());
        let name = app.experiments[cell].settings.name.clone();
        let exploded = fixture::curve(4.3, 1e9, app.runs[run].seed);
        app.on_event(run, fixture::evaluated(&name, app.runs[run].seed, exploded));
    }
    let before = app.known(cell);
    assert!(matches!(before, Known::Loss(loss) if loss.mean > 1e8), "{before:?}");
    let screen = picture(&app, 160, 40);
    assert!(screen.contains("test inner_lr 0.01"), "{screen}");
    assert!(
        words(&screen).contains("It explodes at the 0.01 of the tests; it was trained at 0.001."),
        "{screen}"
    );
    press(&mut app, KeyCode::Char('o'));
    let began = Instant::now();
    while !matches!(app.known(cell), Known::Preview(loss) if loss.seeds == runs.len()) {
        assert!(began.elapsed() < Duration::from_secs(60), "{:?}", app.known(cell));
        look(&mut app);
        std::thread::sleep(Duration::from_millis(2));
    }
    // What is shown is what these networks come to.
    let (n, set) = (app.judged_at(), app.set(cell));
    let loss = |run: &usize| {
        let weights = &app.runs[*run].snapshot.as_ref().expect("it is trained").weights;
        crate::eval::curve(weights, &set.few()[..24], n).mean[n]
    };
    let wanted = runs.iter().map(loss).sum::<f64>() / runs.len() as f64;
    assert!(matches!(app.known(cell), Known::Preview(loss) if (loss.mean - wanted).abs() < 1e-9 * wanted));
    let screen = picture(&app, 160, 40);
    assert!(screen.contains("each at its own inner_lr, 24 tasks"), "{screen}");
    assert!(words(&screen).contains("It explodes only at the 0.01 of the tests"), "{screen}");
    // Of what has no network there is none, and another press is the way back.
    assert!(matches!(app.known(16), Known::Waiting(_)));
    press(&mut app, KeyCode::Char('o'));
    assert_eq!(app.known(cell), before);
}

#[test]
fn no_frame_computes_anything_of_a_sweep() {
    frames_compute_nothing(&mut app(Styles::default()), &["", "m", "E"]);
}

/// What is on a screen, with one blank between words.
fn words(screen: &str) -> String {
    // The pane of words is on the right.
    let right = screen.lines().map(|line| line.rsplit('│').nth(1).unwrap_or_default());
    right.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")
}

#[test]
fn what_is_said_beside_the_map_is_never_cut() {
    let mut app = app(Styles::default());
    go_to(&mut app, 2);
    for width in [80, 100, 120, 160, 200] {
        let screen = picture(&app, width, 40);
        let note =
            screen.lines().find(|line| line.contains("╰ lowest")).unwrap_or_else(|| panic!("{screen}"));
        let note = note.split(['╮', '╯', '┤']).next().unwrap_or_default();
        assert!(!note.contains('…') && note.contains("inner_lr="), "{width}: {note}");
        let legend = screen.lines().find(|line| line.contains("lower is better")).unwrap_or_default();
        let legend = legend.split("││").next().unwrap_or_default().trim_end_matches(['│', '"']).trim_end();
        let is_whole = legend.ends_with("! tasks or seeds lost") || legend.ends_with("! lost");
        assert!(is_whole && !legend.contains('…'), "{width}: {legend}");
    }
}
