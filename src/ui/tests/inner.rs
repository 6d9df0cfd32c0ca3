//! What learners learn besides initial weights, on screen: numbers as strips, a context as a plane, how sure a
//! prediction is as a band; and where training ended on a curve.

use std::sync::Arc;

use ratatui::{Terminal, backend::TestBackend};

use super::{
    fixture::{self, of_experiment, view},
    typing::{settle, tell},
};
use crate::{
    experiments::parse,
    model::Kernels,
    study::Snapshot,
    ui::{frame, state::app::App, style::Styles, views::tabs},
};

const STUDY: &str = "[defaults]\nseeds = 1\nouter_steps = 150\nmeta_batch = 4\ninner_steps = 2\nclip = 10.0\n\
    [task]\ntrain_tasks = \"fresh\"\n[evaluation]\ntest_tasks = 40\nsteps = 5\n\
    [[experiment]]\nname = \"plain\"\nalgorithm = \"maml\"\n\
    [[experiment]]\nname = \"rates\"\nalgorithm = \"meta-sgd\"\n\
    [[experiment]]\nname = \"steps\"\nalgorithm = \"layer-step-rates\"\n\
    [[experiment]]\nname = \"waves\"\nalgorithm = \"cavia\"\ninner_lr = 1.0\ncontext = 2\n\
    [[experiment]]\nname = \"sure\"\nalgorithm = \"ridge-head\"\nouter_loss = \"nll\"\n\
    [[experiment]]\nname = \"process\"\nalgorithm = \"cnp\"\ntask = { shots = [0, 10] }\n\
    [[experiment]]\nname = \"tokens\"\nalgorithm = \"transformer\"\n\
    [[experiment]]\nname = \"updates\"\nalgorithm = \"metafun\"\ntask = { shots = [0, 10] }\n";

/// Every experiment after its training, which is short.
fn trained() -> App {
    let study = parse("x", None, STUDY).unwrap_or_else(|problems| panic!("{problems}"));
    let mut app = fixture::app(&study, Styles::default());
    for (run, settings) in study.experiments.iter().enumerate() {
        let mut trainer = settings.trainer(0, Kernels::portable());
        for _ in 0..150 {
            trainer.outer_step().expect("memory for forty units");
        }
        let weights = trainer.weights();
        let curve = {
            let tested = settings.tested(&weights, settings.test(None).expect("its test set"));
            crate::eval::curve(&tested, app.set(run).tasks(), 5)
        };
        app.on_snapshot(run, Arc::new(Snapshot { step: 150, weights }));
        app.on_event(run, fixture::evaluated(&settings.name, 0, curve));
    }
    app
}

fn picture(app: &mut App) -> String {
    settle(app);
    let mut terminal = Terminal::new(TestBackend::new(120, 40)).expect("a test screen");
    terminal.draw(|frame| frame::draw(app, frame)).expect("a test screen");
    terminal.backend().to_string()
}

#[test]
fn learned_numbers_are_visible() {
    let mut app = trained();
    app.view = view("Inner");
    let screen = picture(&mut app);
    assert!(screen.contains("learns initial weights and nothing else"), "{screen}");
    tell(&mut app, "below", 1);
    let screen = picture(&mut app);
    assert!(
        screen.contains("rates, seed 0 at step 150") && screen.contains("inner_lr.hidden2.weight"),
        "{screen}"
    );
    assert!(
        screen.lines().any(|line| line.contains("inner_lr.hidden2.weight") && line.contains('█')),
        "{screen}"
    );
    tell(&mut app, "below", 1);
    let screen = picture(&mut app);
    // Two numbers a tensor, one a step, which started at 0.01.
    let line = screen.lines().find(|line| line.contains("inner_lr.out.bias")).expect("the tensor");
    assert_eq!(line.split_whitespace().filter(|word| word.parse::<f64>().is_ok()).count(), 2, "{line}");
}

#[test]
fn a_context_is_drawn_by_the_phase_of_its_tasks() {
    let mut app = trained();
    app.view = view("Inner");
    tell(&mut app, "below", 3);
    app.fit.n = 2;
    let screen = picture(&mut app);
    assert!(screen.contains("40 tasks after n=2 steps") && screen.contains("context explains"), "{screen}");
    assert!(screen.contains("angle 0.0 to 0.8") && screen.contains("angle 5.5 to 6.3"), "{screen}");
}

#[test]
fn what_networks_make_of_the_points_they_read_is_drawn() {
    let mut app = trained();
    app.view = view("Inner");
    tell(&mut app, "below", 5);
    app.fit.n = 0;
    let none = picture(&mut app);
    assert!(none.contains("process, seed 0 at step 150: what it makes of the points it reads"), "{none}");
    assert!(none.contains("40 tasks after K=0 points, step 150; the plane has"), "{none}");
    app.fit.n = 3;
    let three = picture(&mut app);
    assert!(three.contains("40 tasks after K=3 points") && three.contains("angle 0.0 to 0.8"), "{three}");
    // Digits in the plot and the eight of its names: before a point all tasks are at one place, after three they are not.
    let digits = |screen: &str| {
        let plot = screen.lines().filter(|line| line.contains('▕')).map(|line| {
            let line = line.split("angle").next().unwrap_or_default();
            line.split('▕').nth(1).unwrap_or_default().chars().filter(char::is_ascii_digit).count()
        });
        plot.sum::<usize>()
    };
    assert!(digits(&none) < 11 && digits(&three) > 20, "{}, {}", digits(&none), digits(&three));
    for (name, weights) in [("tokens", "attention"), ("updates", "kernel")] {
        tell(&mut app, "below", 1);
        let screen = picture(&mut app);
        assert!(screen.contains(&format!("{name}, seed 0 at step 150")), "{screen}");
        let words = format!("test task 1, K=3; asked at x 0.10: most {weights} has the point at x");
        // What to look for goes on in a second line.
        let said: Vec<&str> =
            screen.split_whitespace().filter(|word| !["│", "\"│", "│\""].contains(word)).collect();
        assert!(
            screen.contains(&words) && said.join(" ").contains(&format!("Each bar is the {weights}")),
            "{screen}"
        );
        tell(&mut app, "ask-left", 2);
        let left = picture(&mut app);
        assert!(left.contains("asked at x -0.31") && left != screen, "{left}");
        tell(&mut app, "ask-right", 2);
        // Of the task that is looked at elsewhere, and of another one from here.
        tell(&mut app, "next-task", 2);
        let third = picture(&mut app);
        assert!(
            third.contains("test task 3, K=3") && third != screen.replace("test task 1", "test task 3"),
            "{third}"
        );
        tell(&mut app, "previous-task", 2);
    }
}

#[test]
fn a_learner_that_says_how_sure_it_is_has_a_band() {
    let mut app = trained();
    app.view = of_experiment(4);
    let screen = picture(&mut app);
    assert!(screen.contains("90 % of y"), "{screen}");
    assert!(!screen.contains("rate 0.01"), "it has no rate: {screen}");
    app.view = of_experiment(0);
    let screen = picture(&mut app);
    assert!(!screen.contains("90 % of y") && screen.contains("rate 0.01"), "{screen}");
    assert!(screen.contains("◆ n=2: trained for"), "{screen}");
    assert!(screen.contains("Here, 1 seed:"), "what was measured stands in About: {screen}");
}

#[test]
fn only_a_study_that_learns_more_has_the_view() {
    let has = |text: &str| {
        let study = parse("x", None, text).unwrap_or_else(|problems| panic!("{problems}"));
        tabs(&study.experiments).contains(&view("Inner"))
    };
    assert!(has(STUDY));
    assert!(!has("[[experiment]]\nname = \"A\"\nalgorithm = \"anil\"\n"));
    assert!(
        has("[[experiment]]\nname = \"A\"\nalgorithm = \"cnp\"\ntask = { shots = [0, 10] }\n"),
        "it reads"
    );
}
