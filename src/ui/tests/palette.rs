//! What can be typed after a colon, and what comes of it.

use std::collections::HashSet;

use crossterm::event::KeyCode;
use insta::assert_snapshot;

use super::{
    fixture::{self, of_experiment, view},
    screens::picture,
    typing::{palette, press, question, type_in},
};
use crate::{
    study::Control,
    ui::{
        modes::palette::{Order, entries, matching},
        state::{
            app::{App, Effect},
            trainers::Trainer,
        },
        style::{Styles, Theme},
        update::show::go_to,
        views,
    },
};

/// Types a command and Enter.
fn tell(app: &mut App, command: &str) {
    type_in(app, ":");
    type_in(app, command);
    press(app, KeyCode::Enter);
}

fn said(app: &App) -> &str {
    app.said.as_ref().map_or("", |said| &said.text)
}

#[test]
fn commands_do_what_they_say() {
    let mut app = fixture::midway(Styles::default());
    tell(&mut app, "view reptile");
    assert_eq!((app.view, palette(&app).is_none()), (of_experiment(4), true));
    for (typed, n) in [("n 10", 10), ("n 0", 0), ("N 7 ", 7)] {
        tell(&mut app, typed);
        assert_eq!(app.fit.n, n, "{typed}");
    }
    tell(&mut app, "n 1000");
    assert!(app.fit.n == 7 && said(&app).contains("whole number from 0 to 100"), "{}", said(&app));
    tell(&mut app, "rate .5");
    assert_eq!(app.fit.inner_lr, Some(0.5));
    tell(&mut app, "view overv");
    assert_eq!(app.view, views::first());
    tell(&mut app, "pause rept");
    assert_eq!(app.selected, 4);
    let runs: Vec<usize> = app.experiments[4].runs.clone();
    let paused = |effect: &Effect| matches!(effect, Effect::Control(of, Control::Pause) if *of == runs);
    assert!(app.effects.iter().any(paused), "{:?}", app.effects);
    app.effects.clear();
    tell(&mut app, "export svg");
    assert_eq!(app.effects, [Effect::Take { copy: false }]);
    tell(&mut app, "theme light");
    assert_eq!(app.styles.theme, Theme::Light);
    tell(&mut app, "start over maml");
    assert!(question(&app).is_some_and(|text| text.contains("MAML")), "it asks as the key does");
}

#[test]
fn every_key_has_its_command_and_a_command_is_found_by_its_words() {
    for tab in 0..9 {
        let mut app = fixture::midway(Styles::default());
        go_to(&mut app, tab);
        let known = entries(&app);
        let words: HashSet<_> = known.iter().map(|command| command.words.to_lowercase()).collect();
        assert_eq!(words.len(), known.len(), "{:?}", known.iter().map(|c| &c.words).collect::<Vec<_>>());
        for line in app.view_contexts().iter().flat_map(|context| app.keymap.lines(context)) {
            let is_there = known.iter().any(|entry| entry.words == line.command.words());
            let is_offered = app.refusal_of(line.command).is_none() && !line.command.is_key_only;
            assert_eq!(is_there, is_offered, "{:?}", line.command);
        }
        for command in &known {
            type_in(&mut app, ":");
            type_in(&mut app, &command.words.to_lowercase());
            assert_eq!(matching(&app, &command.words)[0], *command);
            press(&mut app, KeyCode::Esc);
            assert!(palette(&app).is_none());
        }
    }
}

#[test]
fn tab_completes_arrows_choose_and_erasing_leaves() {
    let mut app = fixture::midway(Styles::default());
    type_in(&mut app, ":view t");
    press(&mut app, KeyCode::Tab);
    assert_eq!(palette(&app).unwrap().text, "view Transfer");
    (0..20).for_each(|_| press(&mut app, KeyCode::Backspace));
    assert_eq!(palette(&app), None);
    type_in(&mut app, ":view t");
    press(&mut app, KeyCode::Down);
    press(&mut app, KeyCode::Enter);
    assert_eq!(app.view, view("Tasks"));
    type_in(&mut app, ":");
    press(&mut app, KeyCode::Up);
    let last = entries(&app).len() - 1;
    assert_eq!(palette(&app).unwrap().chosen, last);
    assert_eq!(entries(&app)[last].order, Order::Theme(Theme::Light));
    press(&mut app, KeyCode::Esc);
    assert_eq!((palette(&app).is_none(), app.view), (true, view("Tasks")));
    // Letters are no keys meanwhile, digits neither; what wants a number waits for it.
    go_to(&mut app, 3);
    type_in(&mut app, ":q1");
    assert_eq!((app.view, app.effects.len()), (of_experiment(2), 0));
    press(&mut app, KeyCode::Esc);
    tell(&mut app, "rate");
    assert_eq!(palette(&app).unwrap().text, "rate ");
    type_in(&mut app, "0.2");
    press(&mut app, KeyCode::Enter);
    assert_eq!(app.fit.inner_lr, Some(0.2));
}

#[test]
fn an_unknown_command_says_the_nearest_and_stays_to_be_put_right() {
    let mut app = fixture::midway(Styles::default());
    for (typed, nearest) in [
        ("veiw log", "view log"),
        ("themes dark", "theme"),
        ("pase maml", "pause"),
        ("theme pink", "theme dark"),
    ] {
        tell(&mut app, typed);
        assert!(palette(&app).is_some_and(|palette| palette.text == typed));
        let said = said(&app).to_lowercase();
        assert!(said.contains(&format!("\"{typed}\"; did you mean \"{nearest}")), "{said}");
        press(&mut app, KeyCode::Esc);
    }
    tell(&mut app, "xyzzy plugh");
    assert!(said(&app).contains("Tab completes"), "{}", said(&app));
}

#[test]
fn what_only_looks_on_is_offered_nothing_that_steers() {
    let mut app = fixture::tested(Styles::default());
    tell(&mut app, "test 20 shots");
    assert_eq!(app.test_name(), Some("20 shots"));
    tell(&mut app, "test test");
    assert_eq!(app.test, 0);
    app.trainers.trainer = Trainer::Nobody;
    assert!(entries(&app).iter().all(|command| !command.words.starts_with("pause")));
}

#[test]
fn the_palette_over_a_view() {
    let mut app = fixture::midway(Styles { ascii: true, ..Styles::default() });
    type_in(&mut app, ":pau");
    assert_snapshot!("palette", picture(&app, 80, 24));
    for size in [(60, 16), (200, 60), (20, 5)] {
        picture(&app, size.0, size.1);
    }
}

#[test]
fn nothing_of_a_sentence_is_cut_in_help_and_palette() {
    let mut app = fixture::midway(Styles::default());
    for (size, keys) in [((60, 16), ":"), ((80, 24), ":"), ((120, 40), ":"), ((60, 16), "?"), ((80, 24), "?")]
    {
        app.size = size;
        type_in(&mut app, keys);
        let mut seen = String::new();
        for _ in 0..200 {
            let screen = picture(&app, size.0, size.1);
            let from = screen.find("Commands").or(screen.find(" Keys")).expect("it is open");
            let foot = screen.rfind('╰').unwrap_or(screen.len());
            assert!(!screen[from..foot].contains('…'), "{screen}");
            seen.push_str(&screen[from..foot].replace(['│', '"', '\n', '╭', '─', '╮'], " "));
            press(&mut app, KeyCode::Down);
        }
        let words = seen.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains("next test set, for curves, table and fit"), "{words}");
        press(&mut app, KeyCode::Esc);
    }
}
