//! Loss over the number of support points, in the place of the adaptation curves.

use crossterm::event::KeyCode;

use super::{
    fixture::{self, view},
    list::frames_compute_nothing,
    screens::picture,
    typing::press,
};
use crate::{
    eval::{Curve, LossAxis},
    experiments::parse,
    results::floor,
    study::plan,
    ui::{
        state::app::App,
        style::Styles,
        update::{look::look, show::show},
    },
};

const STUDY: &str = "[defaults]\nseeds = 3\nouter_steps = 100\n[task]\nphase = [0.0, 3.141592653589793]\n\
    [evaluation]\ntest_tasks = 200\npoints = 20\n\
    [[experiment]]\nname = \"MAML\"\nalgorithm = \"maml\"\n\
    [[experiment]]\nname = \"CAVIA\"\nalgorithm = \"cavia\"\n\
    [[experiment]]\nname = \"Ridge head\"\nalgorithm = \"ridge-head\"\nfeatures = \"linear\"\ntask = { shots = [1, 20] }\n\
    [[experiment]]\nname = \"Noisy\"\nalgorithm = \"maml\"\ntask = { noise = 0.3 }\n";

/// Losses over K like those of the reference, a little different for every seed.
const LOSSES: [[f64; 21]; 4] = [
    [
        3.0, 3.0, 1.7, 1.2, 0.96, 0.83, 0.73, 0.64, 0.59, 0.55, 0.52, 0.49, 0.47, 0.45, 0.43, 0.41, 0.4,
        0.39, 0.37, 0.36, 0.355,
    ],
    [
        3.0, 1.8, 0.94, 0.64, 0.52, 0.43, 0.36, 0.31, 0.28, 0.26, 0.24, 0.22, 0.2, 0.19, 0.18, 0.17, 0.16,
        0.15, 0.145, 0.14, 0.136,
    ],
    [
        3.0, 1.4, 0.3, 0.06, 0.02, 0.012, 0.0095, 0.008, 0.0075, 0.007, 0.0065, 0.0063, 0.0061, 0.006,
        0.0058, 0.0057, 0.0056, 0.0055, 0.0054, 0.0053, 0.0053,
    ],
    [
        3.1, 3.2, 1.9, 1.4, 1.1, 0.93, 0.83, 0.74, 0.69, 0.65, 0.62, 0.59, 0.57, 0.55, 0.53, 0.51, 0.5, 0.49,
        0.47, 0.46, 0.45,
    ],
];

/// All of it done but the last seed of each.
fn app(styles: Styles) -> App {
    let study = parse("points", None, STUDY).unwrap_or_else(|problems| panic!("{problems}"));
    let runs = plan(&study);
    let mut app = fixture::app(&study, styles);
    for (number, run) in runs.iter().enumerate().filter(|(number, _)| number % 3 < 2) {
        let index = number / 3;
        let name = run.settings.name.as_str();
        let losses: Vec<f64> =
            LOSSES[index].iter().map(|loss| loss * (1.0 + 0.02 * run.seed as f64)).collect();
        let median: Vec<f64> = losses.iter().map(|loss| 0.5 * loss).collect();
        let points = Curve {
            steps: (0..21).collect(),
            ci95: losses.iter().map(|loss| 0.1 * loss).collect(),
            nonfinite: vec![0.0; 21],
            mean: losses,
            median,
            tasks: 200,
            points: None,
            calibration: None,
        };
        let curve = Curve { points: Some(Box::new(points)), ..fixture::curve(3.0, 0.5, run.seed) };
        app.on_event(number, fixture::started(name, run.seed, 100));
        app.on_snapshot(number, fixture::snapshot(100, run.seed));
        app.on_event(number, fixture::evaluated(name, run.seed, curve));
        app.on_event(number, fixture::finished(name, run.seed));
    }
    app.on_time(std::time::Duration::from_secs(62));
    app.spent = Default::default();
    app
}

/// Waits for what is worked out by another thread.
fn settle(app: &mut App) {
    for index in 0..app.experiments.len() {
        floor(app.set(index).test());
    }
    look(app);
}

#[test]
fn a_key_shows_the_loss_over_points() {
    let mut app = app(Styles::default());
    assert_eq!((app.axis(), app.most_steps()), (LossAxis::Steps, 32));
    let steps = picture(&app, 120, 40);
    assert!(steps.contains("Test loss after n gradient steps") && steps.contains("n=0"), "{steps}");
    press(&mut app, KeyCode::Char('K'));
    settle(&mut app);
    assert_eq!((app.axis(), app.most_steps()), (LossAxis::Points, 20));
    let points = picture(&app, 120, 40);
    for said in ["Test loss after K support points", "K=0", "Bayes floor", "trained K"] {
        assert!(points.contains(said), "{said}: {points}");
    }
    assert!(!points.contains("oracle ") && !points.contains("n gradient steps"), "{points}");
    // Nothing beside it is of steps: neither the progress of the runs nor what is said of the lowest.
    assert!(!points.contains("n=10"), "{points}");
    assert!(points.contains("among the lowest: Ridge head K=1-20"), "{points}");
    // What was trained with other points is compared; what was tested on noisy ones is not.
    assert_eq!([0, 1, 2, 3].map(|index| app.group_of(index)), [Some(0), Some(0), Some(0), Some(1)]);
    assert_eq!(app.best(&[10])[0].iter().copied().collect::<Vec<_>>(), [2]);
    insta::assert_snapshot!("points_overview_120x40", points);
    insta::assert_snapshot!("points_overview_80x24", picture(&app, 80, 24));
    // The crosshair reads K.
    press(&mut app, KeyCode::Right);
    press(&mut app, KeyCode::Right);
    assert!(picture(&app, 160, 40).contains("K=1: Ridge head 1.4"), "{}", picture(&app, 160, 40));
    // In a view of one experiment the seeds stand over K, and so do the figures beside them.
    show(&mut app, fixture::of_experiment(2));
    settle(&mut app);
    let one = picture(&app, 120, 40);
    assert!(one.contains("Here, 2 seeds: 1.41 ± 0.0"), "after one point: {one}");
    // The fit is still one of steps.
    assert!(!one.contains("at n = "), "{one}");
    insta::assert_snapshot!("points_experiment_120x40", one);
    // Elsewhere nothing is over points.
    show(&mut app, view("Tasks"));
    assert_eq!(app.axis(), LossAxis::Steps);
    press(&mut app, KeyCode::Char('1'));
    press(&mut app, KeyCode::Char('K'));
    assert_eq!(app.axis(), LossAxis::Steps);
    let again = picture(&app, 120, 40);
    // The head that is selected takes no gradient steps.
    assert!(again.contains("Test loss after n steps of adaptation") && again.contains("n=0"), "{again}");
    assert!(!again.contains("Bayes floor") && app.curves.crosshair.is_none(), "{again}");
}

#[test]
fn no_frame_computes_anything_over_points() {
    frames_compute_nothing(&mut app(Styles::default()), &["K", "c", "c", "m"]);
}

#[test]
fn what_came_of_it_is_told_over_points() {
    let mut app = app(Styles::default());
    let of_steps = app.found().join(" ");
    assert!(of_steps.contains("after 10 steps") && !of_steps.contains("one point"), "{of_steps}");
    press(&mut app, KeyCode::Char('K'));
    settle(&mut app);
    let said = app.found().join(" ");
    for words in [
        "Lowest, or not told from the lowest: Ridge head with 1 to 20 points.",
        "Ridge head has the lowest loss after one point: 1.41",
        "The Bayes floor is 1.",
        "From 2 points on the Bayes floor is 0",
        "Ridge head has the lowest loss after 10 points: 0.0066",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert!(!said.contains("step") && !said.contains("Noisy"), "{said}");
    // Without the points of one system the sentences are of the others.
    app.experiments[2].runs.clear();
    app.forget_comparisons();
    let said = app.found().join(" ");
    assert!(said.contains("CAVIA with 1 to 20 points.") && !said.contains("Ridge"), "{said}");
    app.on_over();
    let screen = picture(&app, 200, 60);
    assert!(screen.contains("Lowest, or not told from the"), "{screen}");
}

#[test]
fn without_a_points_curve_the_key_says_how_to_have_one() {
    let mut app = fixture::tested(Styles::default());
    press(&mut app, KeyCode::Char('K'));
    assert_eq!(app.axis(), LossAxis::Steps);
    assert!(app.said.as_ref().is_some_and(|said| said.text.contains("points = 20")));
}
