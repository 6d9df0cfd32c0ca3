//! Every view as a picture, at the sizes people have: a difference shows up as a changed line.

use ratatui::{
    Terminal,
    backend::TestBackend,
    buffer::{Buffer, Cell},
    layout::Rect,
    style::Modifier,
};

use super::{
    fixture::{self, of_experiment, view},
    typing::{tell, type_in},
};
use crate::config::LoadError;
use crate::experiments::parse;
use crate::ui::{
    frame,
    state::app::{App, View},
    state::controls::Focus,
    style::{Depth, Styles},
    update::{
        look,
        show::{go_to, show},
    },
};

pub fn picture(app: &App, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a test screen");
    terminal.draw(|frame| frame::draw(app, frame)).expect("a test screen");
    terminal.backend().to_string()
}

fn go(app: &mut App, view: View) {
    show(app, view);
    look(app);
}

const SIZES: [(u16, u16); 4] = [(80, 24), (120, 40), (60, 16), (30, 6)];

fn each_size(name: &str, app: &App) {
    for (width, height) in SIZES {
        insta::assert_snapshot!(format!("{name}_{width}x{height}"), picture(app, width, height));
    }
}

#[test]
fn overview() {
    each_size("overview", &fixture::midway(Styles::default()));
}

#[test]
fn that_axes_are_logarithmic_is_said_at_every_width() {
    let mut app = fixture::midway(Styles::default());
    (app.curves.log_x, app.curves.log_y) = (Some(true), Some(true));
    for width in 60..=200 {
        let screen = picture(&app, width, 30);
        assert!(screen.contains("log axes"), "{screen}");
    }
}

#[test]
fn no_word_is_dim_but_the_name_of_an_axis() {
    for (mut app, name) in [
        (fixture::midway(Styles::default()), "midway"),
        (fixture::tested(Styles::default()), "tested"),
        (fixture::app(&fixture::odd(), Styles::default()), "odd"),
    ] {
        for tab in 0..app.views().len() {
            go_to(&mut app, tab);
            for (width, height) in [(80, 24), (120, 40), (200, 60)] {
                let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a test screen");
                terminal.draw(|frame| frame::draw(&app, frame)).expect("a test screen");
                let buffer = terminal.backend().buffer();
                let dim = |cell: &Cell| match cell.modifier.contains(Modifier::DIM) {
                    true => cell.symbol().to_owned(),
                    false => " ".to_owned(),
                };
                let text: String = buffer.content.iter().map(dim).collect();
                let word = text
                    .split(|letter: char| !letter.is_alphabetic())
                    .find(|word| word.len() > 2 && *word != "step");
                assert_eq!(word, None, "{name}, tab {tab}, {width}x{height}");
            }
        }
    }
}

#[test]
fn overview_before_anything_happened() {
    let app = fixture::app(&fixture::notebook(), Styles::default());
    each_size("overview_empty", &app);
}

#[test]
fn previews_and_what_went_wrong_are_marked_in_the_table() {
    let mut app = fixture::midway(Styles::default());
    let reptile = 12;
    app.on_event(reptile, fixture::started("Reptile", 0, 40_000));
    app.on_snapshot(reptile, fixture::snapshot(900, 0));
    assert_eq!(app.next_preview(), Some(reptile));
    app.on_preview(reptile, (900, fixture::curve(4.3, 0.9, 1)));
    assert_eq!(app.next_preview(), Some(11), "one that was never previewed comes first");
    let mut lossy = fixture::curve(4.3, 0.7, 1);
    lossy.mean[10] = f64::NAN;
    lossy.nonfinite[10] = 1.0;
    app.on_event(6, fixture::evaluated("MAML", 0, lossy));
    let screen = picture(&app, 120, 40);
    assert!(
        screen.contains("~0.90") && screen.contains("~Reptile") && screen.contains("preview"),
        "{screen}"
    );
    assert!(screen.contains("0.73!") && screen.contains("! some tasks not finite"), "{screen}");
    insta::assert_snapshot!("overview_previews", screen);
}

#[test]
fn experiment() {
    let mut app = fixture::midway(Styles::default());
    go(&mut app, of_experiment(2));
    each_size("experiment", &app);
}

#[test]
fn experiment_with_a_failed_seed() {
    let mut app = fixture::midway(Styles::default());
    go(&mut app, of_experiment(3));
    tell(&mut app, "next-seed", 1);
    for (width, height) in [(80, 24), (120, 40)] {
        let screen = picture(&app, width, height);
        assert!(screen.contains("diverged at step") && screen.contains("why: it diverged"), "{screen}");
    }
    each_size("experiment_failed", &app);
}

#[test]
fn experiment_one_pane_alone() {
    let mut app = fixture::midway(Styles::default());
    go(&mut app, of_experiment(2));
    app.fit.focus = Focus::Adaptation;
    tell(&mut app, "log-loss", 1);
    tell(&mut app, "larger-n", 1);
    insta::assert_snapshot!("experiment_adaptation", picture(&app, 80, 24));
    app.fit.focus = Focus::Loss;
    insta::assert_snapshot!("experiment_loss", picture(&app, 80, 24));
}

#[test]
fn tasks() {
    let mut app = fixture::midway(Styles::default());
    go(&mut app, view("Tasks"));
    each_size("tasks", &app);
}

#[test]
fn play() {
    let mut app = fixture::midway(Styles::default());
    go(&mut app, view("Play"));
    tell(&mut app, "cursor-right", 5);
    tell(&mut app, "cursor-up", 3);
    tell(&mut app, "place", 1);
    each_size("play", &app);
}

#[test]
fn log() {
    let mut app = fixture::midway(Styles::default());
    go(&mut app, view("Log"));
    each_size("log", &app);
}

#[test]
fn help() {
    let mut app = fixture::midway(Styles::default());
    tell(&mut app, "help", 1);
    each_size("help", &app);
}

#[test]
fn typing_a_number() {
    let mut app = fixture::midway(Styles::default());
    go(&mut app, of_experiment(2));
    type_in(&mut app, "n3");
    let screen = picture(&app, 80, 24);
    assert!(screen.contains("inner steps (0 to 100): 3_"), "{screen}");
}

#[test]
fn many_experiments_are_all_within_reach() {
    let systems = (0..24).map(|i| {
        let (name, algorithm) = fixture::SYSTEMS[i % 5];
        fixture::experiment(&format!("{name} number {i}"), algorithm, 2)
    });
    let study = fixture::study(systems.collect());
    let mut app = fixture::app(&study, Styles::default());
    insta::assert_snapshot!("many_overview", picture(&app, 80, 24));
    for tab in 0..app.views().len() {
        assert_eq!(app.tab(app.view), tab);
        // The tab in view is always on screen.
        let name: String = app.view_name(app.view).chars().take(4).collect();
        let screen = picture(&app, 80, 24);
        assert!(screen.lines().nth(1).is_some_and(|tabs| tabs.contains(&name)), "{screen}");
        tell(&mut app, "next-view", 1);
    }
    assert_eq!(app.view, view("Overview"));
    tell(&mut app, "below", 20);
    let screen = picture(&app, 80, 24);
    assert!(screen.contains("number 20"), "{screen}");
}

#[test]
fn ascii_is_only_ascii_and_still_tells_curves_apart() {
    let styles = Styles { depth: Depth::Mono, ascii: true, ..Styles::default() };
    let mut app = fixture::midway(styles);
    insta::assert_snapshot!("overview_ascii", picture(&app, 120, 40));
    for view in app.views().to_vec() {
        go(&mut app, view);
        for (width, height) in SIZES {
            assert!(picture(&app, width, height).is_ascii());
        }
    }
}

/// The screen's runs of style, a line each: what colours are used where.
fn styles_of(buffer: &Buffer) -> String {
    let mut text = String::new();
    for y in 0..buffer.area.height {
        let mut before = None;
        for x in 0..buffer.area.width {
            let Some(cell) = buffer.cell((x, y)) else { continue };
            let style = (cell.fg, cell.modifier);
            if before != Some(style) {
                text.push_str(&format!(
                    "{}{x}:{:?}/{:?}",
                    if x == 0 { "\n" } else { " " },
                    cell.fg,
                    cell.modifier
                ));
                before = Some(style);
            }
        }
    }
    text
}

#[test]
fn colours_are_the_terminals_own_sixteen_unless_more_are_announced() {
    let area = Rect::new(0, 0, 80, 24);
    for depth in [Depth::Mono, Depth::Ansi16, Depth::Ansi256, Depth::True] {
        let mut app = fixture::midway(Styles { depth, ..Styles::default() });
        for view in app.views().to_vec() {
            go(&mut app, view);
            let mut buffer = Buffer::empty(area);
            frame::render(&app, area, &mut buffer);
            let text = styles_of(&buffer);
            if depth == Depth::Mono {
                assert!(buffer.content.iter().all(|cell| {
                    cell.fg == ratatui::style::Color::Reset && cell.bg == ratatui::style::Color::Reset
                }));
            }
            if depth == Depth::Ansi16 {
                assert!(!text.contains("Rgb(") && !text.contains("Indexed("));
            }
        }
    }
    let app = fixture::midway(Styles::default());
    let mut buffer = Buffer::empty(area);
    frame::render(&app, area, &mut buffer);
    insta::assert_snapshot!("overview_colours", styles_of(&buffer));
}

#[test]
fn the_edited_file_stands_over_the_view() {
    let mut app = fixture::midway(Styles::default());
    let parse = |text: &str| parse("x", None, text).map_err(|problems| LoadError::Problems(problems).into());
    app.on_file(parse(&fixture::NOTEBOOK.replace("outer_steps", "outer_stps")));
    each_size("file_broken", &app);
    app.on_file(parse(fixture::NOTEBOOK));
    each_size("file_changed", &app);
}

#[test]
fn what_waits_is_told_from_what_ended() {
    let mut app = fixture::midway(Styles::default());
    let paused = crate::study::Kind::Paused { step: 26_400 };
    app.on_event(11, fixture::tells("First-order MAML", 2, paused));
    app.queue = vec![12, 13, 14];
    each_size("paused", &app);
    go(&mut app, of_experiment(3));
    insta::assert_snapshot!("paused_experiment", picture(&app, 120, 40));
}

#[test]
fn a_message_stands_alone_on_its_line() {
    let mut app = fixture::midway(Styles::default());
    for (width, height) in [(60, 16), (80, 24), (120, 40)] {
        for title in ["Overview", "Tasks", "Play", "Log"] {
            app.view = fixture::view(title);
            app.say("paused; p goes on");
            let screen = picture(&app, width, height);
            let line = screen.lines().nth(usize::from(height) - 2).expect("a line");
            assert_eq!(line.trim_matches(['"', ' ']), "paused; p goes on", "{title}: {screen}");
        }
    }
}
