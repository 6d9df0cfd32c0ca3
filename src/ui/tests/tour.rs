//! The guided tour: every station over the reader's own study, and back to where the reader was.

use crossterm::event::KeyCode;

use super::{
    fixture::{self, of_experiment, settle, view},
    screens::picture,
    typing::press,
};
use crate::ui::{
    state::{
        app::{App, Mode, View},
        controls::Focus,
    },
    style::Styles,
    tour::{STATIONS, stations},
};

/// The station of this title, from 0.
fn station(title: &str) -> usize {
    STATIONS.iter().position(|station| station.title == title).expect("a station of that name")
}

/// What the last scene of a station says.
fn says(app: &App, title: &str) -> String {
    STATIONS[station(title)].scenes().last().expect("a scene").text(app)
}

#[test]
fn every_station_shows_what_it_speaks_of() {
    let mut app = fixture::midway(Styles::default());
    press(&mut app, KeyCode::Char('3'));
    let before = (app.view, app.fit.clone());
    press(&mut app, KeyCode::Char('W'));
    let mut seen = Vec::new();
    // No network of this study reads.
    assert_eq!(stations(&app).len() + 1, STATIONS.len());
    for (number, station) in stations(&app).iter().enumerate() {
        let scenes = station.scenes().count();
        for (at, scene) in station.scenes().enumerate() {
            settle(&mut app);
            assert!(app.modes.len() == 1 && app.said.is_none(), "{}", station.title);
            let enter = if at + 1 < scenes { "Enter shows it" } else { "Enter next" };
            for (width, height) in [(60, 16), (80, 24), (120, 40), (200, 60)] {
                let screen = picture(&app, width, height);
                let title = format!("Tour {}/{}: {}", number + 1, stations(&app).len(), station.title);
                assert!(screen.contains(&title), "{screen}");
                assert!(screen.contains(&format!("{enter}, Backspace back, Esc leaves")), "{screen}");
            }
            // What is cut is said.
            let small = picture(&app, 60, 16);
            let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
            let text = words(&scene.text(&app));
            let last: String = text.chars().skip(text.chars().count() - 24).collect();
            let says = small.contains(&format!(" line more; {enter}"))
                || small.contains(&format!(" lines more; {enter}"));
            let on_screen = |screen: &str| words(&screen.replace(['│', '\n', '"'], " "));
            let shows = on_screen(&small).contains(&last);
            assert_eq!(says, !shows, "{last}: {small}");
            // On a usual screen nothing of the words is cut.
            let screen = picture(&app, 120, 40);
            assert!(on_screen(&screen).contains(&last), "{last}: {screen}");
            assert!(!scene.text(&app).contains("NaN"), "{}", scene.text(&app));
            if scene.view(&app).kind.title == "Why" {
                let waits = scene.text(&app).contains("being worked out");
                assert!(!waits, "{}: {}", station.title, scene.text(&app));
            }
            if at + 1 < scenes {
                press(&mut app, KeyCode::Enter);
            }
        }
        seen.push((app.view, app.fit.n, app.fit.focus));
        if ["One step", "Why transfer stays"].contains(&station.title) {
            let name = station.title.to_lowercase().replace(' ', "_");
            insta::assert_snapshot!(format!("tour_{name}_120x40"), picture(&app, 120, 40));
        }
        if number + 1 < stations(&app).len() {
            press(&mut app, KeyCode::Enter);
        }
    }
    let (maml, overview) = (of_experiment(2), view("Overview"));
    assert_eq!(seen[0], (maml, 1, Focus::Fit));
    assert_eq!((seen[1].0, seen[2].0), (view("Tasks"), of_experiment(1)));
    assert_eq!(seen[station("What MAML asks for")].2, Focus::About);
    let of = |title: &str| seen[station(title)].0;
    assert_eq!((of("First order"), of("Reptile")), (of_experiment(3), of_experiment(4)));
    assert_eq!(of("What to try next"), overview);
    assert_eq!(of("Why transfer stays"), View { kind: view("Why").kind, experiment: Some(1) });
    press(&mut app, KeyCode::Backspace);
    assert!(app.visit().is_some_and(|visit| visit.station == stations(&app).len() - 2));
    // The keys of its views work on it.
    press(&mut app, KeyCode::Char('m'));
    assert_eq!(app.curves.average, crate::eval::Average::Median);
    (0..2).for_each(|_| press(&mut app, KeyCode::Enter));
    assert_eq!((app.view, app.fit.clone()), before, "past the last one it is over");
    assert!(app.modes.is_empty());
}

#[test]
fn a_guess_comes_before_what_is_to_be_guessed() {
    let mut app = fixture::midway(Styles::default());
    press(&mut app, KeyCode::Char('W'));
    let to = station("One-sided support");
    while app.visit().is_some_and(|visit| visit.station < to) {
        press(&mut app, KeyCode::Enter);
    }
    assert_eq!(app.fit.n, 0, "nothing is shown of it yet");
    let screen = picture(&app, 120, 40);
    // None of these tasks may be one-sided, and then that is said.
    let asks = app.shown_task(2).expect("a task").is_one_sided();
    assert_eq!(screen.contains("Where will the"), asks, "{screen}");
    assert_eq!(screen.contains("so there is nothing to guess"), !asks, "{screen}");
    assert!(screen.contains("Enter shows it"), "{screen}");
    press(&mut app, KeyCode::Enter);
    assert_eq!((app.visit().map(|visit| visit.station), app.fit.n), (Some(to), 10));
    press(&mut app, KeyCode::Backspace);
    assert_eq!((app.visit().map(|visit| visit.station), app.fit.n), (Some(to), 0));
}

#[test]
fn the_five_questions_are_answered_with_the_figures_of_this_study() {
    let mut app = fixture::midway(Styles::default());
    app.on_event(12, fixture::started("Reptile", 0, 40_000));
    app.on_snapshot(12, fixture::snapshot(40_000, 0));
    press(&mut app, KeyCode::Char('W'));
    let mut answers = Vec::new();
    while let Some(visit) = app.visit() {
        let (at, last) = (visit.station, STATIONS[visit.station].scenes().count() - 1);
        if visit.scene == last {
            settle(&mut app);
            answers.push((STATIONS[at].title, says(&app, STATIONS[at].title)));
        }
        press(&mut app, KeyCode::Enter);
    }
    let said = |title: &str| &answers.iter().find(|(of, _)| *of == title).expect("a station").1;
    // These networks are made up, and what holds of them is said of them.
    for (title, words) in [
        ("Why transfer stays", "A point that lies 1 above lifts its curve by"),
        ("Head or body", "Over the test tasks the loss goes from"),
        ("Why it starts there", "looks at its training"),
        ("Reptile, k by hand", "no weight of the two is apart by more than"),
        ("A good rate", "The best rate of one step is"),
    ] {
        assert!(said(title).contains(words), "{title}: {}", said(title));
    }
}

#[test]
fn its_figures_are_the_results() {
    let mut app = fixture::midway(Styles::default());
    app.on_event(12, fixture::started("Reptile", 0, 40_000));
    app.on_event(12, fixture::evaluated("Reptile", 0, fixture::curve(4.3, 0.5, 1)));
    let said = |title: &str| says(&app, title);
    for (title, words) in [
        (
            "What transfer learns",
            "Over all test tasks its loss is 4.22 before and 4.15 after ten steps; the best guess without points has 4.23",
        ),
        ("One step", "4.30 before, 2.16 after one step, 0.70 after ten"),
        // First-order MAML has one seed: nothing is said of it beside MAML.
        ("First order", "comes to 1.10 after ten steps. "),
        ("What came out", "Of the systems with several seeds, MAML has the lowest loss after 10 steps: 0.70"),
    ] {
        assert!(said(title).contains(words), "{}", said(title));
    }
    let all = |app: &App| {
        stations(app)
            .iter()
            .flat_map(|station| station.scenes())
            .map(|scene| scene.text(app))
            .collect::<Vec<_>>()
    };
    // "Here" is the wave in view, and a mean over tasks is not of it.
    all(&app).iter().for_each(|said| assert!(!said.contains("Here"), "{said}"));
    // Before there is anything, nothing is claimed.
    let app = fixture::app(&fixture::notebook(), Styles::default());
    let before = all(&app).concat();
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
    let said = |app: &App| says(app, "What to try next");
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

#[test]
fn what_is_said_of_the_tasks_is_of_the_test_tasks_and_of_no_others() {
    let mut app = fixture::midway(Styles::default());
    let measured = crate::results::text::number(app.set(0).prior(crate::eval::Average::Mean, None));
    assert_ne!(
        measured,
        crate::results::text::number(4.252),
        "two hundred tasks are not all that there can be"
    );
    let words = format!("their average, which has a test loss of {measured} on the test tasks");
    assert!(says(&app, "Many tasks").contains(&words), "{}", says(&app, "Many tasks"));
    press(&mut app, KeyCode::Char('7'));
    let screen = picture(&app, 160, 50).replace(['"', '\n'], " ");
    let words = screen.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains(&format!("it has a loss of {measured} on the test tasks")), "{words}");
    // A step more or less is said as it is.
    assert!(
        says(&app, "What MAML asks for").contains("after one step")
            && !says(&app, "What MAML asks for").contains("all of them")
    );
    let mut settings = (*app.experiments[2].settings).clone();
    settings.training.inner_steps = 3;
    app.experiments[2].settings = std::sync::Arc::new(settings);
    assert!(
        says(&app, "What MAML asks for").contains("after 3 steps on a task's points"),
        "{}",
        says(&app, "What MAML asks for")
    );
    let said = says(&app, "What MAML asks for");
    assert!(
        said.contains("the derivative runs through all of them") && said.contains("it is exact"),
        "{said}"
    );
    // What this file leaves out, or adds, is said of it.
    let mut settings = (*app.experiments[2].settings).clone();
    settings.training.order = crate::model::Order::First;
    settings.training.outer_gradient = crate::learner::OuterGradient::MetaPlusInner;
    app.experiments[2].settings = std::sync::Arc::new(settings);
    let said = says(&app, "What MAML asks for");
    assert!(said.contains("which this file leaves out") && said.contains("good start too"), "{said}");
    assert!(!said.contains("exact"), "{said}");
}

#[test]
fn first_order_stands_beside_maml_only_where_nothing_else_is_different() {
    let two = |more: &str| {
        let text = format!(
            "[defaults]\nouter_steps = 100\nseeds = 3\n[model]\nhidden = 16\n\
             [[experiment]]\nname = \"M\"\nalgorithm = \"maml\"\n\
             [[experiment]]\nname = \"F\"\nalgorithm = \"first-order-maml\"\n{more}"
        );
        let study =
            crate::experiments::parse("x", None, &text).unwrap_or_else(|problems| panic!("{problems}"));
        let mut app = fixture::app(&study, Styles::default());
        for run in 0..6 {
            let (name, end) = if run < 3 { ("M", 0.7) } else { ("F", 1.2) };
            app.on_event(run, fixture::started(name, run as u64 % 3, 100));
            app.on_event(
                run,
                fixture::evaluated(name, run as u64 % 3, fixture::curve(4.3, end, run as u64 % 3)),
            );
        }
        says(&app, "First order")
    };
    let alike = two("");
    assert!(alike.contains("Leaving out the second derivative costs after 10 steps: F 1.20"), "{alike}");
    assert!(alike.contains("M 0.70") && alike.contains("95 % from"), "{alike}");
    // On other tasks no figure of the other one is said.
    let other = two("task = { shots = 5 }\n");
    assert!(other.contains("comes to 1.20 after ten steps.") && !other.contains("0.70"), "{other}");
}

#[test]
fn a_study_with_a_network_that_reads_has_a_station_about_it() {
    const STUDY: &str = "[evaluation]\npoints = 12\n[[experiment]]\nname = \"M\"\nalgorithm = \"maml\"\n\
        [[experiment]]\nname = \"C\"\nalgorithm = \"cnp\"\ntask = { shots = [0, 20] }\n";
    let study = crate::experiments::parse("x", None, STUDY).unwrap_or_else(|problems| panic!("{problems}"));
    let mut app = fixture::app(&study, Styles::default());
    assert_eq!(stations(&app).len(), STATIONS.len());
    let title = "Reading instead of stepping";
    assert!(says(&app, title).contains("Its figures come as its runs end"), "{}", says(&app, title));
    let firsts: Vec<usize> = app.experiments.iter().map(|experiment| experiment.runs[0]).collect();
    for (run, name, scale) in [(firsts[0], "M", 2.0), (firsts[1], "C", 1.0)] {
        let mean: Vec<f64> = (0..13).map(|k| scale / f64::from(k + 1)).collect();
        let points = crate::eval::Curve {
            steps: (0..13).collect(),
            median: mean.clone(),
            ci95: vec![0.0; 13],
            nonfinite: vec![0.0; 13],
            mean,
            tasks: 9,
            points: None,
            calibration: None,
        };
        let curve = crate::eval::Curve { points: Some(Box::new(points)), ..fixture::curve(3.0, 0.5, 0) };
        app.on_event(run, fixture::evaluated(name, 0, curve));
    }
    let text = says(&app, title);
    let words = "C is at 0.50 after one point and at 0.091 after ten; M is at 1.00 after one point and at 0.18 after ten.";
    assert!(text.contains(words) && text.contains("In Play f shows"), "{text}");
    press(&mut app, KeyCode::Char('W'));
    for _ in 0..2 * STATIONS.len() {
        if app.visit().is_some_and(|visit| visit.station < station(title)) {
            press(&mut app, KeyCode::Enter);
        }
    }
    assert_eq!((app.view, app.axis()), (of_experiment(1), crate::eval::LossAxis::Points));
    let screen = picture(&app, 120, 40);
    assert!(screen.contains(&format!("Tour {}/{}: {title}", STATIONS.len(), STATIONS.len())), "{screen}");
}
