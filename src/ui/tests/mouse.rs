//! What the mouse does: each click is compared with what is drawn under it.

use ratatui::{Terminal, backend::TestBackend, buffer::Buffer};

use super::{
    fixture::{self, view},
    typing::tell,
};
use crate::{
    term::{Button, Mouse, MouseKind},
    ui::{
        frame,
        state::app::{App, Effect, View},
        state::file::Edited,
        style::Styles,
        update::{point, show::show},
        views,
    },
};

use MouseKind::{Drag, Press, Release, WheelDown, WheelUp};

const LEFT: Button = Button::Left;

fn app(view: View, size: (u16, u16)) -> App {
    let mut app = fixture::midway(Styles::default());
    app.size = size;
    tell(&mut app, "mouse", 1);
    show(&mut app, view);
    app
}

fn mouse(app: &mut App, kind: MouseKind, (column, row): (u16, u16)) -> bool {
    point(app, &Mouse { kind, column, row })
}

fn click(app: &mut App, at: (u16, u16)) {
    mouse(app, Press(LEFT), at);
    mouse(app, Release(LEFT), at);
}

fn screen(app: &App) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(app.size.0, app.size.1)).expect("a test screen");
    terminal.draw(|frame| frame::draw(app, frame)).expect("a test screen");
    terminal.backend().buffer().clone()
}

/// Where this text is drawn below row `from`, the first of it.
fn find(app: &App, text: &str, from: u16) -> (u16, u16) {
    let screen = screen(app);
    let letters: Vec<String> = text.chars().map(String::from).collect();
    let fits = |x: u16, y: u16| {
        letters.iter().enumerate().all(|(i, letter)| {
            screen.cell((x + i as u16, y)).is_some_and(|cell| cell.symbol() == letter.as_str())
        })
    };
    let cells = (from..app.size.1).flat_map(|y| (0..app.size.0).map(move |x| (x, y)));
    cells.into_iter().find(|(x, y)| fits(*x, *y)).unwrap_or_else(|| panic!("{text:?} is not on the screen"))
}

fn symbol(app: &App, at: (u16, u16)) -> String {
    screen(app).cell(at).expect("on the screen").symbol().to_owned()
}

const SIZES: [(u16, u16); 3] = [(120, 40), (80, 24), (60, 16)];

#[test]
fn a_key_takes_the_mouse_and_gives_it_back() {
    let mut app = fixture::midway(Styles::default());
    app.size = (120, 40);
    assert!(!mouse(&mut app, Press(LEFT), (14, 1)), "it is off by default");
    tell(&mut app, "mouse", 1);
    tell(&mut app, "mouse", 1);
    assert_eq!(app.effects, [Effect::Mouse(true), Effect::Mouse(false)]);
    assert!(!mouse(&mut app, Press(LEFT), (14, 1)), "and off again");
}

#[test]
fn a_click_on_a_tab_goes_there() {
    // Narrower screens do not show every tab.
    for size in SIZES[..2].iter().copied() {
        let mut app = app(view("Overview"), size);
        for tab in [8, 3, 0, 6] {
            // Its digit, with the blank before the name.
            let at = find(&app, &format!("{} ", tab + 1), 1);
            assert_eq!(at.1, 1);
            click(&mut app, at);
            assert_eq!(app.tab(app.view), tab, "{size:?}");
            click(&mut app, (at.0 + 2, 1));
            assert_eq!(app.tab(app.view), tab, "{size:?}: the first letter of the name");
        }
        assert!(!mouse(&mut app, Press(LEFT), (0, 0)));
        assert!(!mouse(&mut app, Press(LEFT), (size.0 - 1, size.1 - 1)));
    }
}

#[test]
fn more_tabs_than_fit_can_be_reached() {
    let names = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa"];
    let experiments =
        names.map(|name| fixture::experiment(name, crate::learner::Algorithm(&crate::learner::Maml), 1));
    let mut app = fixture::app(&fixture::study(experiments.to_vec()), Styles::default());
    app.size = (60, 16);
    tell(&mut app, "mouse", 1);
    let mut seen = vec![0];
    while app.view != view("Log") && seen.len() < 20 {
        let more = find(&app, if app.view == view("Tasks") { "Log" } else { "›" }, 1);
        click(&mut app, more);
        seen.push(app.tab(app.view));
    }
    assert!(seen.windows(2).all(|pair| pair[0] < pair[1]) && app.view == view("Log"), "{seen:?}");
    let less = find(&app, "‹", 1);
    click(&mut app, less);
    assert!(app.tab(app.view) < 12);
}

#[test]
fn a_point_is_placed_dragged_and_deleted_under_the_pointer() {
    for (size, noise, banner) in SIZES.into_iter().flat_map(|size| [(size, 0.0, true), (size, 0.9, false)]) {
        let mut app = app(view("Play"), size);
        if banner {
            let problem = "expected a value".to_owned();
            app.edited = Some(Edited::Broken { place: Some((3, 1)), problem, more: 0 });
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
    let plot = views::play::geometry(&app, body).expect("large enough");
    let (x, _) = plot.at(40, 10);
    let cell = plot.cell(x, app.play.sine.at(x)).expect("in sight");
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
    assert_eq!((point.x, point.y), (app.play.range[1], Some(app.play.height)));
}

#[test]
fn the_wheel_scrolls_log_and_help() {
    let mut app = app(view("Log"), (80, 24));
    mouse(&mut app, WheelUp, (10, 10));
    assert_eq!(app.log_back, 3, "up is towards older lines");
    mouse(&mut app, WheelDown, (10, 10));
    assert_eq!(app.log_back, 0);
    tell(&mut app, "help", 1);
    mouse(&mut app, WheelDown, (10, 10));
    assert_eq!(app.help().map(|help| help.line), Some(3), "down is towards the end");
    mouse(&mut app, WheelUp, (10, 10));
    assert_eq!((app.help().map(|help| help.line), app.log_back), (Some(0), 0));
    // Not past its end: the way back begins with the first notch.
    (0..200).for_each(|_| _ = mouse(&mut app, WheelDown, (10, 10)));
    let end = app.help().map_or(0, |help| help.line);
    assert!(end > 3 && end < 200, "{end}");
    mouse(&mut app, WheelUp, (10, 10));
    assert_eq!(app.help().map(|help| help.line), Some(end - 3));
    assert!(!mouse(&mut app, Press(LEFT), (10, 10)), "the help lies over the view");
}

#[test]
fn a_click_on_a_row_selects_its_experiment() {
    for size in SIZES {
        for (index, (name, _)) in fixture::SYSTEMS.iter().enumerate() {
            let mut app = app(view("Overview"), size);
            app.selected = (index + 1) % 5;
            // The names in the plot come first; those of table and runs begin a line of their pane.
            let screen = screen(&app);
            let begins = |x: u16, y: u16| {
                let letter = |i: u16| screen.cell((x + i, y)).map_or(" ", |cell| cell.symbol());
                let before = (0..x).rev().map(|x| screen.cell((x, y)).map_or(" ", |cell| cell.symbol()));
                before.into_iter().find(|symbol| *symbol != " ") == Some("│")
                    && name.chars().take(7).enumerate().all(|(i, c)| letter(i as u16) == c.to_string())
            };
            let cells = (2..size.1 - 1).flat_map(|y| (1..size.0 - 7).map(move |x| (x, y)));
            let rows: Vec<_> = cells.filter(|(x, y)| begins(*x, *y)).collect();
            assert_eq!(rows.len(), if size.0 >= 100 { 2 } else { 1 }, "{size:?} {name}: {rows:?}");
            for at in rows {
                app.selected = (index + 1) % 5;
                click(&mut app, at);
                assert_eq!(app.selected, index, "{size:?} {at:?}");
            }
        }
        let mut app = app(view("Overview"), size);
        let before = app.selected;
        let floor = find(&app, "oracle  ", 3);
        assert!(!mouse(&mut app, Press(LEFT), floor));
        assert_eq!(app.selected, before, "a yardstick is no experiment");
    }
}
