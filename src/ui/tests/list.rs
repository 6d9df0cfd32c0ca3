//! Studies of more experiments than fit: found by a word, put in order, hidden, told apart by their settings; and
//! lists that say where they are.

use std::time::{Duration, Instant};

use crossterm::event::KeyCode;

use super::{
    fixture::{self, of_experiment, view},
    screens::picture,
    typing::{press, type_in},
};
use crate::{
    eval::{GATHERED, fits},
    learner::Algorithm,
    task::TestTask,
    ui::{
        state::{app::App, trainers::Trainers},
        style::Styles,
        update::{look::look, show::go_to},
    },
};

/// Thirty experiments of MAML and Reptile at ten rates, the later the better, with a result each.
fn thirty() -> App {
    let maml = Algorithm(&crate::learner::Maml);
    let reptile = Algorithm(&crate::learner::Reptile);
    let experiments = (0..30).map(|i| {
        let algorithm = if i % 2 == 0 { maml } else { reptile };
        let mut experiment = fixture::experiment(&format!("number {i}"), algorithm, 2);
        experiment.training.inner_lr = 0.01 * f64::from(i / 3 + 1);
        experiment
    });
    let mut app = fixture::app(&fixture::study(experiments.collect()), Styles::default());
    for run in 0..60 {
        let name = format!("number {}", run / 2);
        app.on_event(run, fixture::started(&name, run as u64 % 2, 100));
        let end = 3.0 - 0.05 * (run / 2) as f64;
        app.on_event(run, fixture::evaluated(&name, run as u64 % 2, fixture::curve(4.3, end, 1)));
        app.on_event(run, fixture::finished(&name, run as u64 % 2));
    }
    app
}

#[test]
fn a_word_finds_experiments_by_name_algorithm_and_what_differs() {
    let mut app = thirty();
    for (word, count) in [("number 2", 11), ("reptile", 15), ("inner_lr=0.02", 3), ("nothing like it", 0)] {
        type_in(&mut app, "/");
        type_in(&mut app, word);
        let screen = picture(&app, 120, 40);
        assert!(screen.contains(&format!("experiments with: {word}_")), "{screen}");
        press(&mut app, KeyCode::Enter);
        assert_eq!(app.listed().len(), count, "{word}");
        assert!(count == 0 || app.listed().contains(&app.selected));
        let screen = picture(&app, 120, 40);
        assert!(screen.contains(&format!("/{word}")), "{screen}");
        assert!(count > 0 || screen.contains("no experiment is listed"), "{screen}");
        press(&mut app, KeyCode::Down);
    }
    // A letter of a word is no key, and Esc brings the list back.
    type_in(&mut app, "/q");
    assert!(app.effects.is_empty());
    press(&mut app, KeyCode::Esc);
    assert_eq!(app.listed().len(), 30);
}

#[test]
fn the_list_is_sorted_by_columns_and_keys_follow_it() {
    let mut app = thirty();
    press(&mut app, KeyCode::Char('E'));
    assert_eq!(app.listed()[..3], [0, 1, 2], "all start alike");
    press(&mut app, KeyCode::Char('E'));
    assert_eq!(app.listed()[..3], [29, 28, 27]);
    assert!(picture(&app, 120, 40).contains("by n=1"));
    type_in(&mut app, "gj");
    assert_eq!(app.selected, 28);
    (0..5).for_each(|_| press(&mut app, KeyCode::Char('E')));
    assert_eq!(app.listed()[..3], [0, 1, 10], "by name");
    press(&mut app, KeyCode::Char('E'));
    assert_eq!(app.listed()[..3], [0, 1, 2]);
}

#[test]
fn what_is_hidden_is_out_of_plot_table_and_runs_until_it_is_shown_again() {
    let mut app = thirty();
    type_in(&mut app, "/number 1");
    press(&mut app, KeyCode::Enter);
    type_in(&mut app, "g-");
    assert_eq!((app.listed().len(), app.selected), (10, 10));
    let screen = picture(&app, 120, 40);
    let shown = |line: &str| line.contains("number 1 ") && !line.contains("is hidden");
    assert!(!screen.lines().skip(2).any(shown) && screen.contains("1 hidden: _"), "{screen}");
    type_in(&mut app, "_");
    assert_eq!(app.listed().len(), 11);
    // The last one cannot be hidden.
    type_in(&mut app, "/number 29");
    press(&mut app, KeyCode::Enter);
    type_in(&mut app, "-");
    assert_eq!(app.listed(), [29]);
}

#[test]
fn what_differs_are_columns() {
    let mut app = thirty();
    let names: Vec<&str> = app.differences.iter().map(|difference| difference.name.as_str()).collect();
    assert_eq!(names, ["algorithm", "inner_lr"]);
    type_in(&mut app, "V");
    for (width, height) in [(80, 24), (120, 40)] {
        let screen = picture(&app, width, height);
        assert!(screen.contains("What differs between experiments"), "{screen}");
        let told = |line: &str| ["number 4 ", "maml", "0.02"].iter().all(|word| line.contains(word));
        assert!(screen.lines().any(told), "{screen}");
        assert!(screen.contains("of 30, "), "it says what is out of sight: {screen}");
    }
    let alike = fixture::study(vec![fixture::experiment("A", Algorithm(&crate::learner::Maml), 1)]);
    let mut app = fixture::app(&alike, Styles::default());
    type_in(&mut app, "V");
    assert!(picture(&app, 80, 24).contains("Nothing: every experiment has the same settings"));
}

#[test]
fn lists_say_where_they_are() {
    let mut app = thirty();
    let screen = picture(&app, 120, 40);
    assert!(screen.contains("1-") && screen.contains("of 32, ") && screen.contains("of 30, "), "{screen}");
    type_in(&mut app, "G");
    let screen = picture(&app, 120, 40);
    assert!(screen.lines().any(|line| line.contains("-30 of 30, ")), "{screen}");
    let mut seeds = fixture::app(
        &fixture::study(vec![fixture::experiment("A", Algorithm(&crate::learner::Maml), 40)]),
        Styles::default(),
    );
    press(&mut seeds, KeyCode::Char('2'));
    let screen = picture(&seeds, 120, 40);
    assert!(screen.contains("of 40, "), "{screen}");
}

#[test]
fn a_large_screen_is_used() {
    let mut app = fixture::midway(Styles::default());
    for view in [view("Overview"), of_experiment(2)] {
        let tab = app.tab(view);
        go_to(&mut app, tab);
        crate::ui::update::look(&mut app);
        let screen = picture(&app, 200, 60);
        // Of the column at the right hardly a third of the rows is blank.
        let blank = |line: &&str| line.chars().skip(150).take(45).all(|letter| " │\"".contains(letter));
        let rows = screen.lines().filter(blank).count();
        assert!(rows < 20, "{rows} rows: {screen}");
    }
    insta::assert_snapshot!("experiment_200x60", picture(&app, 200, 60));
    press(&mut app, KeyCode::Char('1'));
    insta::assert_snapshot!("overview_200x60", picture(&app, 200, 60));
}

#[test]
fn a_rate_is_offered_where_there_is_one() {
    let text = "[[experiment]]\nname = \"A\"\nalgorithm = \"ridge-head\"\n[[experiment]]\nname = \"B\"\nalgorithm = \"maml\"\n";
    let study = crate::experiments::parse("x", None, text).unwrap_or_else(|problems| panic!("{problems}"));
    let mut app = fixture::app(&study, Styles::default());
    press(&mut app, KeyCode::Char('2'));
    assert!(!picture(&app, 200, 40).contains("(/) rate"));
    press(&mut app, KeyCode::Char('('));
    assert!(
        app.said.as_ref().is_some_and(|said| said.text.contains("have no rate"))
            && app.fit.inner_lr.is_none()
    );
    press(&mut app, KeyCode::Char('3'));
    assert!(picture(&app, 200, 40).contains("(/) rate"));
}

#[test]
fn neither_tabs_nor_legends_are_cut_on_a_usual_terminal() {
    let mut app = fixture::midway(Styles::default());
    let tabs = |app: &App| picture(app, 80, 24).lines().nth(1).unwrap_or_default().to_owned();
    for name in ["1 Overview", "7 Tasks", "8 Play", "9 Log", "Figures", "Why"] {
        assert!(tabs(&app).contains(name), "{}", tabs(&app));
    }
    press(&mut app, KeyCode::Char('4'));
    let screen = picture(&app, 80, 24);
    assert!(screen.contains("⠒⠒ seed 0 ⠒  prior mean"), "{screen}");
    // What does not fit whole is counted.
    app.curves.log_y = Some(false);
    let screen = picture(&app, 80, 24);
    assert!(screen.contains("⠒⠒ seed 0 ⠂⠐ oracle +2"), "{screen}");
}

/// The least time of twenty frames of an overview of so many systems, each with ten runs that wait.
fn frame_of(systems: usize) -> Duration {
    let maml = Algorithm(&crate::learner::Maml);
    let experiments = (0..systems).map(|i| fixture::experiment(&format!("{i}"), maml, 10)).collect();
    let mut app = fixture::app(&fixture::study(experiments), Styles::default());
    app.on_trainers(Trainers { jobs: Some(2), ..Trainers::default() }, |_| true);
    app.on_event(0, fixture::started("0", 0, 100));
    app.on_event(0, fixture::progress("0", 0, 50, 1.0));
    app.on_queue((1..10 * systems).collect());
    // As many as it takes for one that nobody else slowed down.
    let frames = (1..=20).map(|second| {
        let began = Instant::now();
        app.on_time(Duration::from_secs(second));
        picture(&app, 120, 40);
        began.elapsed()
    });
    frames.min().expect("twenty of them")
}

#[test]
fn ten_times_as_many_runs_are_drawn_in_about_ten_times_the_time() {
    let (few, many) = (frame_of(60), frame_of(600));
    assert!(many < 30 * few, "{few:?} and {many:?}");
}

#[test]
fn c_shows_by_how_much_the_others_are_higher_than_the_selected_one() {
    let mut app = fixture::midway(Styles::default());
    app.curves.crosshair = Some(10);
    // The selected one is MAML.
    let before = picture(&app, 160, 40);
    assert!(!before.contains("higher than"), "{before}");
    type_in(&mut app, "c");
    let screen = picture(&app, 160, 40);
    assert!(
        screen.contains("Test loss higher than that of MAML by (mean; all intervals at an n: 95 %)"),
        "{screen}"
    );
    let contrasts = app.contrasts(2);
    let contrasts = contrasts.as_ref().as_ref().expect("there are others");
    assert_eq!(contrasts.others.len(), 3, "Reptile has no result, first-order has one seed: {contrasts:?}");
    // What the lower border says is what the comparison says, the system and its figures together.
    let random = contrasts.others[0].1[10].as_ref().expect("a result");
    let [low, high] = random.interval.expect("three seeds").map(crate::results::text::number);
    let mean = crate::results::text::number(random.mean.expect("finite"));
    assert!(screen.contains(&format!("n=10: Random {mean} [{low}, {high}] higher")), "{screen}");
    let one_seed = contrasts.others.iter().find(|(other, _)| *other == 3).expect("first-order");
    assert!(one_seed.1[10].as_ref().is_some_and(|by| by.interval.is_none() && !by.is_known()));
    assert!(screen.contains("By how much every other system's loss is higher"), "{screen}");
    // Another selected system, another subject; c goes back.
    press(&mut app, KeyCode::Up);
    assert!(picture(&app, 160, 40).contains("higher than that of Transfer by"));
    type_in(&mut app, "c");
    assert!(!picture(&app, 160, 40).contains("higher than"));
    // Where nothing was tested yet it says so.
    let mut empty = fixture::app(&fixture::notebook(), Styles::default());
    type_in(&mut empty, "c");
    assert!(picture(&empty, 160, 40).contains("no other system has results on the same test tasks"));
}

#[test]
fn the_header_says_what_numbers_of_points_are_drawn() {
    let text = "[[experiment]]\nname = \"A\"\nalgorithm = \"maml\"\n[[experiment]]\nname = \"B\"\nalgorithm = \"maml\"\n\
                task = { shots = [0, 20] }\n[[experiment]]\nname = \"C\"\nalgorithm = \"maml\"\n";
    let study = crate::experiments::parse("x", None, text).unwrap_or_else(|problems| panic!("{problems}"));
    let app = fixture::app(&study, Styles::default());
    assert!(app.subject().starts_with("sine, 0-20/10-shot, 3 systems"), "{}", app.subject());
}

/// Eleven learners, some of whose names begin alike.
#[test]
fn of_eleven_tabs_the_one_in_view_is_whole_and_the_others_can_be_told_apart() {
    let names = [
        "Random",
        "Transfer",
        "MAML",
        "First-order MAML",
        "Reptile",
        "ANIL",
        "BOIL",
        "Meta-SGD",
        "Meta-Curvature",
        "CAVIA",
        "Meta-Reptile",
    ];
    let maml = Algorithm(&crate::learner::Maml);
    let experiments = names.map(|name| fixture::experiment(name, maml, 1)).to_vec();
    let mut app = fixture::app(&fixture::study(experiments), Styles::default());
    for width in [80, 100, 120, 200] {
        for (index, name) in names.iter().enumerate() {
            let tab = app.tab(of_experiment(index));
            go_to(&mut app, tab);
            let screen = picture(&app, width, 24);
            let tabs = screen.lines().nth(1).unwrap_or_default().to_owned();
            assert!(tabs.contains(name), "{width}: {name}: {tabs}");
            let seen: Vec<&str> = tabs.split_whitespace().filter(|word| word.contains('…')).collect();
            let distinct: std::collections::BTreeSet<&&str> = seen.iter().collect();
            assert_eq!(distinct.len(), seen.len(), "{width}: {tabs}");
        }
    }
}

#[test]
fn d_shows_how_losses_are_spread_over_tasks() {
    let mut app = fixture::midway(Styles::default());
    type_in(&mut app, "d");
    let settle = |app: &mut App| {
        let began = Instant::now();
        look(app);
        while app.spreads.is_awaited() || app.distributions().is_none_or(|known| known.missing > 0) {
            assert!(began.elapsed() < Duration::from_secs(60));
            std::thread::sleep(Duration::from_millis(2));
            look(app);
        }
    };
    let words = "it is being worked out";
    // A quick machine may know it by now.
    let says_so = |app: &App| app.distributions().is_some() || picture(app, 160, 40).contains(words);
    assert!(says_so(&app), "{}", picture(&app, 160, 40));
    settle(&mut app);
    // What is said of MAML, the selected one, is what its networks come to on the test tasks.
    let screen = picture(&app, 200, 40);
    assert!(screen.contains("Share of test tasks with a loss of at most τ after 10 steps"), "{screen}");
    let said = |app: &App, system: usize, n: usize| {
        let tasks = app.set(system).tasks();
        let losses = app.experiments[system].runs.iter().map(|run| {
            let weights = &app.runs[*run].snapshot.as_ref().expect("a network").weights;
            let loss = |task: &TestTask| fits(weights, &task.support, &task.query, &[n])[0].loss;
            let mut losses: Vec<f64> = tasks.iter().map(loss).collect();
            losses.sort_by(f64::total_cmp);
            losses
        });
        let losses: Vec<Vec<f64>> = losses.collect();
        let mean = |of: &dyn Fn(&Vec<f64>) -> f64| losses.iter().map(of).sum::<f64>() / losses.len() as f64;
        // Of 200 tasks, in ascending order.
        let median = mean(&|losses| 0.5 * (losses[99] + losses[100]));
        let hardest = mean(&|losses| losses[180..].iter().sum::<f64>() / losses.iter().sum::<f64>());
        let [median, most] = [median, mean(&|losses| losses[179])].map(crate::results::text::number);
        let name = &app.experiments[system].settings.name;
        format!(
            "{name}: half of the tasks at most {median}, nine in ten at most {most}; the hardest tenth has {:.0} % of",
            100.0 * hardest
        )
    };
    assert!(screen.contains(&said(&app, 2, 10)), "{}: {screen}", said(&app, 2, 10));
    assert!(
        screen.contains("How to read this") && screen.contains("At every loss, the share of the test"),
        "{screen}"
    );
    assert_eq!(app.distributions().expect("it is known").systems.len(), 4, "Reptile has no network");
    insta::assert_snapshot!("distribution_120x40", picture(&app, 120, 40));
    insta::assert_snapshot!("distribution_80x24", picture(&app, 80, 24));
    // Another n, another system; the figures of the one before never stand under its name.
    press(&mut app, KeyCode::Right);
    assert_eq!(app.curves.crosshair, Some(0));
    assert!(says_so(&app), "{}", picture(&app, 160, 40));
    settle(&mut app);
    press(&mut app, KeyCode::Up);
    let screen = picture(&app, 200, 40);
    assert!(screen.contains("after 0 steps") && screen.contains(&said(&app, 1, 0)), "{screen}");
    // A network that has learned more since is tested anew.
    app.on_snapshot(3, fixture::snapshot(77, 5));
    settle(&mut app);
    assert!(picture(&app, 200, 40).contains(&said(&app, 1, 0)), "{}", picture(&app, 200, 40));
    // Nothing is kept of it once nobody looks.
    type_in(&mut app, "d");
    look(&mut app);
    assert!(app.distributions().is_none() && !app.is_working());
    // Where no network is there it says so.
    let mut empty = fixture::app(&fixture::notebook(), Styles::default());
    type_in(&mut empty, "d");
    settle(&mut empty);
    assert!(picture(&empty, 160, 40).contains("no network of these systems is here to be tested"));
}

/// In every view, with what these keys set: what has come in is worked out before the next frame, and by none.
pub fn frames_compute_nothing(app: &mut App, keys: &[&str]) {
    for keys in keys {
        type_in(app, keys);
        for tab in 0..app.tabs.len() {
            go_to(app, tab);
            look(app);
            let before = GATHERED.get();
            picture(app, 160, 50);
            picture(app, 80, 24);
            assert_eq!(GATHERED.get(), before, "{keys}, {}", app.view_name(app.view));
        }
        go_to(app, 0);
    }
}

#[test]
fn no_frame_compares_systems_or_brings_seeds_together() {
    let mut app = fixture::midway(Styles::default());
    frames_compute_nothing(&mut app, &["", "c", "m", "T", "V", "V", "d", "d", "E", "W"]);
    app.modes.clear();
    for tab in 0..app.tabs.len() {
        go_to(&mut app, tab);
        // A result comes in, or a preview: it is looked at before the next frame.
        app.on_event(0, fixture::evaluated("Random", 0, fixture::curve(4.3, 4.0, 0)));
        app.on_preview(11, (400, fixture::curve(4.3, 0.9, 1)));
        let before = [app.comparisons.times.get(), app.sentences.times.get(), app.statistics.times.get()];
        frames_compute_nothing(&mut app, &[""]);
        let after = [app.comparisons.times.get(), app.sentences.times.get(), app.statistics.times.get()];
        assert!(before.iter().zip(after).all(|(before, after)| after > *before), "{before:?} {after:?}");
    }
}
