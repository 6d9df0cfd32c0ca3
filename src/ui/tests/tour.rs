//! The guided tour: every station over the reader's own study, and back to where the reader was.

use crossterm::event::KeyCode;

use super::{
    fixture::{self, of_experiment, view},
    screens::picture,
    typing::press,
};
use crate::ui::{
    state::{app::Mode, controls::Focus},
    style::Styles,
    tour::STATIONS,
};

#[test]
fn every_station_shows_what_it_speaks_of() {
    let mut app = fixture::midway(Styles::default());
    press(&mut app, KeyCode::Char('3'));
    let before = (app.view, app.fit.clone());
    press(&mut app, KeyCode::Char('W'));
    let mut seen = Vec::new();
    for (number, station) in STATIONS.iter().enumerate() {
        assert!(app.modes.len() == 1 && app.said.is_none(), "{}", station.title);
        for (width, height) in [(60, 16), (80, 24), (120, 40), (200, 60)] {
            let screen = picture(&app, width, height);
            assert!(screen.contains(&format!("Tour {}/10: {}", number + 1, station.title)), "{screen}");
            assert!(screen.contains("Enter next, Backspace back, Esc leaves"), "{screen}");
        }
        // What is cut is said.
        let small = picture(&app, 60, 16);
        let last = station.text(&app).split_whitespace().last().unwrap_or_default().to_owned();
        let says = small.contains(" line more; Enter next") || small.contains(" lines more; Enter next");
        let shows = small.replace(['│', '\n', '"'], " ").contains(&format!(" {last} "));
        assert_eq!(says, !shows, "{last}: {small}");
        // On a usual screen nothing of the words is cut.
        let screen = picture(&app, 120, 40);
        let last = station.text(&app).split_whitespace().last().unwrap_or_default().to_owned();
        assert!(screen.contains(&last), "{last}: {screen}");
        seen.push((app.view, app.fit.n, app.fit.focus));
        if number == 4 {
            insta::assert_snapshot!("tour_one_step_120x40", screen);
        }
        if number + 1 < STATIONS.len() {
            press(&mut app, KeyCode::Enter);
        }
    }
    let (maml, overview) = (of_experiment(2), view("Overview"));
    assert_eq!(seen[0], (maml, 1, Focus::Fit));
    assert_eq!((seen[1].0, seen[2].0, seen[3].2), (view("Tasks"), of_experiment(1), Focus::About));
    assert_eq!((seen[6].0, seen[7].0, seen[9].0), (of_experiment(3), of_experiment(4), overview));
    press(&mut app, KeyCode::Backspace);
    assert!(app.visit().is_some_and(|visit| visit.station == 8));
    // The keys of its views work on it.
    press(&mut app, KeyCode::Char('m'));
    assert_eq!(app.curves.average, crate::eval::Average::Median);
    (0..2).for_each(|_| press(&mut app, KeyCode::Enter));
    assert_eq!((app.view, app.fit.clone()), before, "past the last one it is over");
    assert!(app.modes.is_empty());
}

#[test]
fn its_figures_are_the_results() {
    let mut app = fixture::midway(Styles::default());
    app.on_event(12, fixture::started("Reptile", 0, 40_000));
    app.on_event(12, fixture::evaluated("Reptile", 0, fixture::curve(4.3, 0.5, 1)));
    let said = |station: usize| STATIONS[station].text(&app);
    assert!(
        said(2).contains("Over all test tasks its loss is 4.22 before and 4.15 after ten steps; the best constant guess has 4.23"),
        "{}",
        said(2)
    );
    assert!(said(4).contains("4.30 before, 2.16 after one step, 0.70 after ten"), "{}", said(4));
    assert!(said(6).contains("1.10 after ten steps, beside 0.70 of MAML"), "{}", said(6));
    let words = "Of the systems with several seeds, MAML has the lowest loss after 10 steps: 0.70";
    assert!(said(8).starts_with(words), "{}", said(8));
    // "Here" is the wave in view, and a mean over tasks is not of it.
    (0..STATIONS.len()).for_each(|station| assert!(!said(station).contains("Here"), "{}", said(station)));
    // Before there is anything, nothing is claimed.
    let app = fixture::app(&fixture::notebook(), Styles::default());
    let before: String = STATIONS.iter().map(|station| station.text(&app)).collect();
    assert!(before.contains("Its figures come as its runs end") && !before.contains("NaN"), "{before}");
}

#[test]
fn a_file_without_an_experiment_is_told_so() {
    let mut app = fixture::tested(Styles::default());
    press(&mut app, KeyCode::Char('W'));
    (0..2).for_each(|_| press(&mut app, KeyCode::Enter));
    let screen = picture(&app, 120, 40);
    assert!(screen.contains("This file has no experiment with algorithm = \"transfer\""), "{screen}");
    assert_eq!((app.view, app.curves.window), (view("Overview"), None));
    press(&mut app, KeyCode::Esc);
    assert_eq!((app.view, app.modes.len()), (view("Overview"), 0));
}

#[test]
fn the_last_station_knows_whether_there_is_a_file() {
    let mut app = fixture::midway(Styles::default());
    let said = |app: &crate::ui::state::app::App| STATIONS[9].text(app);
    assert!(said(&app).contains("e opens experiments.toml"), "{}", said(&app));
    app.trainers.trainer = crate::ui::state::trainers::Trainer::Nobody;
    assert!(said(&app).contains("Whoever trains can change experiments.toml"), "{}", said(&app));
    assert!(!said(&app).contains("`metascope init` writes an experiments file"), "{}", said(&app));
    app.study.path = None;
    assert!(said(&app).contains("`metascope init` writes an experiments file"), "{}", said(&app));
}

#[test]
fn the_offer_is_taken_or_left() {
    let mut app = fixture::midway(Styles::default());
    app.modes.push(Mode::Offer);
    let screen = picture(&app, 80, 24);
    assert!(screen.contains("New here?") && screen.contains("W starts the tour, Esc: not now"), "{screen}");
    press(&mut app, KeyCode::Esc);
    assert!(app.modes.is_empty());
    app.modes.push(Mode::Offer);
    press(&mut app, KeyCode::Char('W'));
    assert!(app.visit().is_some());
}

#[test]
fn when_all_is_done_the_first_screen_says_what_came_out_and_how_to_see_it_again() {
    let mut app = fixture::midway(Styles::default());
    assert!(!picture(&app, 120, 40).contains("Space replays"));
    app.on_over();
    let screen = picture(&app, 120, 40);
    assert!(
        screen.contains("Of the systems with several seeds")
            && screen.contains("loss after 10 steps")
            && screen.contains("Space replays the training"),
        "{screen}"
    );
    assert!(picture(&app, 80, 24).contains("Space replays the training"));
    insta::assert_snapshot!("overview_over_120x40", screen);
    press(&mut app, KeyCode::Char(' '));
    assert!(app.rewind.playing.is_some());
}
