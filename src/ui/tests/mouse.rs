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
        style::Styles,
        update::{point, show::show},
    },
};

use MouseKind::{Press, Release, WheelDown, WheelUp};

pub const LEFT: Button = Button::Left;

pub fn app(view: View, size: (u16, u16)) -> App {
    let mut app = fixture::midway(Styles::default());
    app.size = size;
    tell(&mut app, "mouse", 1);
    show(&mut app, view);
    app
}

pub fn mouse(app: &mut App, kind: MouseKind, (column, row): (u16, u16)) -> bool {
    point(app, &Mouse { kind, column, row })
}

pub fn click(app: &mut App, at: (u16, u16)) {
    mouse(app, Press(LEFT), at);
    mouse(app, Release(LEFT), at);
}

fn screen(app: &App) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(app.size.0, app.size.1)).expect("a test screen");
    terminal.draw(|frame| frame::draw(app, frame)).expect("a test screen");
    terminal.backend().buffer().clone()
}

/// Where this text is drawn below row `from`, the first of it.
pub fn find(app: &App, text: &str, from: u16) -> (u16, u16) {
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

pub fn symbol(app: &App, at: (u16, u16)) -> String {
    screen(app).cell(at).expect("on the screen").symbol().to_owned()
}

pub const SIZES: [(u16, u16); 3] = [(120, 40), (80, 24), (60, 16)];

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
    (0..400).for_each(|_| _ = mouse(&mut app, WheelDown, (10, 10)));
    let end = app.help().map_or(0, |help| help.line);
    assert!(end > 3 && end < 400, "{end}");
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
