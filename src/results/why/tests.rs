//! What the panes say is so of the network in view, and would not be said if it were not; and how they look.

use ratatui::{Terminal, backend::TestBackend};

use super::{
    PANES, Panel, VIEW, along_the_step::Along, head_or_body::HeadOrBody, kernel::Stripes, one_step::OneStep,
    rates::Valley, ring::Phases, state::Subject, units::Bumps,
};
use crate::{
    analysis::{Adaptive, Contributions, Kernel, Rates, alignment, covariance},
    config::Values,
    experiments::parse,
    learner::{Algorithm, Trainer, Training},
    model::{Activation, Kernels, ModelSettings, Precision, Weights},
    task::{EvaluationSettings, Points, TaskSettings, families::FAMILIES, grid, test_tasks},
    ui::{
        frame,
        state::app::{App, View},
        style::{Depth, Styles, Theme},
        tests::{
            fixture::{self, view},
            typing::{settle, tell},
        },
        update::show::show,
    },
};

/// A network after a little training, and tasks.
fn subject(algorithm: &str, activation: Activation, settings: TaskSettings) -> Subject {
    let algorithm = Algorithm::find(algorithm).expect("a learner of that name");
    let model = ModelSettings { layers: 2, hidden: 16, activation, precision: Precision::F32 };
    let inner_lr = if algorithm.name() == "cavia" { 1.0 } else { 0.01 };
    let training = Training { meta_batch: 8, inner_lr, clip: Some(10.0), ..Training::default() };
    let mut trainer = Trainer::new(algorithm.0, (&training, &settings, &model), 1, Kernels::portable());
    for _ in 0..150 {
        trainer.outer_step().expect("memory for sixteen units");
    }
    let evaluation = EvaluationSettings { test_tasks: 20, ..EvaluationSettings::default() };
    let tasks = test_tasks(&settings, &evaluation);
    let weights = trainer.weights();
    let trained = Some((weights.adaptation.inner_lr, weights.adaptation.inner_steps));
    Subject { weights, trained, task: tasks[0].clone(), tasks, settings, n: 5 }
}

fn waves(algorithm: &str) -> Subject {
    subject(algorithm, Activation::Relu, TaskSettings::default())
}

/// The same with every weight 0: nothing but the last bias moves.
fn flat(of: &Subject) -> Subject {
    let values = vec![0.0; of.weights.values.len()];
    let (task, tasks, settings) = (of.task.clone(), of.tasks.clone(), of.settings.clone());
    Subject { weights: Weights { values, ..of.weights.clone() }, task, tasks, settings, ..*of }
}

fn says<P: Panel>(subject: &Subject) -> String {
    P::says(&P::find(subject, &|| true).expect("a learner that steps"))
}

#[test]
fn the_kernel_is_called_negative_only_where_it_is() {
    let mut seen = [false; 2];
    for algorithm in ["anil", "maml", "cavia", "meta-sgd"] {
        for activation in [Activation::Relu, Activation::Tanh] {
            let subject = subject(algorithm, activation, TaskSettings::default());
            let said = says::<Stripes>(&subject);
            let x = grid(subject.settings.x, 50);
            let kernel = Kernel::new(&mut Adaptive::new(&subject.weights).expect("it steps"), &x);
            let is_negative = kernel.rule.iter().any(|entry| *entry < 0.0);
            seen[usize::from(is_negative)] = true;
            assert_eq!(said.contains("No entry is negative"), !is_negative, "{said}");
            assert_eq!(said.contains("% of it is negative"), is_negative, "{said}");
            let aligned = alignment(&kernel.rule, &covariance(&subject.settings, &x));
            assert!(said.contains(&format!("covariance: {aligned:.2}")), "{said}");
        }
    }
    assert_eq!(seen, [true; 2], "a head over features that are never negative, and others");
    assert!(says::<Stripes>(&waves("meta-sgd")).contains("without the learned rule"));
    assert!(!says::<Stripes>(&waves("maml")).contains("without the learned rule"));
}

#[test]
fn a_step_is_called_a_sum_as_far_as_it_is_one() {
    let mut subject = waves("maml");
    let said = says::<OneStep>(&subject);
    let mut adaptive = Adaptive::new(&subject.weights).expect("it steps");
    let x = grid(subject.settings.x, 50);
    let share = Contributions::new(&mut adaptive, &subject.task.support, &x).linear_share();
    assert!(said.starts_with(&format!("{:.1} % of the change", 100.0 * share)), "{said}");
    let fits = crate::eval::fits(&subject.weights, &subject.task.support, &subject.task.query, &[0, 1]);
    let [before, after] = [0, 1].map(|n: usize| crate::results::text::number(fits[n].loss));
    assert!(said.contains(&format!("from {before} to {after}.")), "{said}");
    // The longer the step, the more of it is bend.
    for rate in [0.05, 0.3, 2.0, 20.0] {
        subject.weights.adaptation.inner_lr = rate;
        let mut adaptive = Adaptive::new(&subject.weights).expect("it steps");
        let longer = Contributions::new(&mut adaptive, &subject.task.support, &x).linear_share();
        let said = says::<OneStep>(&subject);
        match longer > 0.0 {
            true => assert!(said.starts_with(&format!("{:.1} % of", 100.0 * longer)), "{said}"),
            false => assert!(said.starts_with("none of the change"), "{said}"),
        }
    }
    // Points that the network answers already.
    subject.weights.adaptation.inner_lr = 0.01;
    let support =
        Points { y: adaptive.start.predict(&subject.task.support.x), ..subject.task.support.clone() };
    subject.task.support = support;
    assert!(says::<OneStep>(&subject).starts_with("The step changes nothing"));
}

#[test]
fn who_does_the_work_is_who_does_it() {
    let head = says::<HeadOrBody>(&waves("anil"));
    assert!(head.contains("hidden1 0.00, hidden2 0.00, out 1.00"), "{head}");
    let body = says::<HeadOrBody>(&waves("boil"));
    assert!(body.contains("out 0.00"), "{body}");
    // What moves alone is all there is, and the other part leaves the loss as it was.
    let figure = |said: &str, after: &str| {
        let rest = said.split(after).nth(1).expect("the figure is told");
        rest.trim_start().split([' ', ',', ';']).next().expect("a word").trim_end_matches('.').to_owned()
    };
    assert_eq!(figure(&head, "by the head alone"), figure(&head, "before the step,"));
    assert_eq!(figure(&head, "by the body alone"), figure(&head, "Loss"));
    assert_eq!(figure(&body, "by the body alone"), figure(&body, "before the step,"));
    assert_eq!(figure(&body, "by the head alone"), figure(&body, "Loss"));
    let context = says::<HeadOrBody>(&waves("cavia"));
    assert!(context.contains("context 1.00") && context.contains("Only the context adapts"), "{context}");
}

#[test]
fn a_ring_explains_only_what_a_family_has() {
    let known = says::<Phases>(&waves("cavia"));
    assert!(known.contains("20 test tasks") && known.contains("explain"), "{known}");
    let family = FAMILIES[1];
    let own = Values::default().of(family.keys());
    let lines = TaskSettings { family, own, ..TaskSettings::default() };
    let unknown = says::<Phases>(&subject("maml", Activation::Relu, lines));
    assert!(!unknown.contains("explain"), "{unknown}");
}

#[test]
fn tasks_are_called_lost_at_the_rate_that_loses_them() {
    let subject = waves("maml");
    let pairs = subject.pairs();
    let rates = Rates::new(&subject.weights, &pairs, || true).expect("it is wanted");
    let lost = (0..17).find(|k| rates.nonfinite[*k][6] > 0).expect("a rate of 1 is too large for it");
    let said = says::<Valley>(&subject);
    let rate = crate::results::text::number(crate::analysis::rate(lost));
    assert!(
        said.contains(&format!("lost within 32 steps is {rate} ({} of 20)", rates.nonfinite[lost][6])),
        "{said}"
    );
    assert!(!says::<Valley>(&flat(&subject)).contains("lost"), "a bias alone loses nothing");
}

#[test]
fn units_are_called_dead_where_they_can_be_and_are() {
    let subject = waves("maml");
    assert!(says::<Bumps>(&flat(&subject)).contains("layer 2: 16 of 16 dead, 0 always on"));
    let said = says::<Bumps>(&subject);
    assert!(said.contains("n=5") && !said.contains("16 of 16 dead"), "{said}");
    let curved = self::subject("maml", Activation::Tanh, TaskSettings::default());
    assert!(!says::<Bumps>(&curved).contains("dead"));
}

#[test]
fn a_valley_that_goes_on_is_said_to() {
    let mut subject = waves("maml");
    subject.weights.adaptation.inner_lr = 1e-5;
    let said = says::<Along>(&subject);
    assert!(said.contains("least at 5.0 steps") && said.contains("the end of what is looked at"), "{said}");
    subject.weights.adaptation.inner_lr = 0.05;
    let said = says::<Along>(&subject);
    assert!(!said.contains("the end of what is looked at"), "{said}");
}

#[test]
fn what_nobody_wants_any_more_is_given_up() {
    let subject = waves("maml");
    assert!(Phases::find(&subject, &|| false).is_none());
    assert!(Valley::find(&subject, &|| false).is_none());
    assert!(Along::find(&subject, &|| false).is_none());
    assert!(HeadOrBody::find(&subject, &|| false).is_none());
}

/// A study in the middle of its training, with the view open on MAML.
fn opened(styles: Styles) -> App {
    let mut app = fixture::midway(styles);
    app.selected = 2;
    show(&mut app, view("Why"));
    app
}

fn picture(app: &mut App, width: u16, height: u16) -> String {
    settle(app);
    let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a test screen");
    terminal.draw(|frame| frame::draw(app, frame)).expect("a test screen");
    terminal.backend().to_string()
}

#[test]
fn panes_look_like_this() {
    let mut app = opened(Styles::default());
    for pane in PANES {
        let name = pane.title.to_lowercase().replace([' ', ','], "_");
        for (width, height) in [(80, 24), (120, 40)] {
            let screen = picture(&mut app, width, height);
            assert!(screen.contains(pane.title) && screen.contains("Look for:"), "{screen}");
            insta::assert_snapshot!(format!("why_{name}_{width}x{height}"), screen);
        }
        tell(&mut app, "next-pane", 1);
    }
    assert!(picture(&mut app, 80, 24).contains("1/7 Kernel"), "around to the first one");
    let ascii = Styles { ascii: true, ..Styles::default() };
    insta::assert_snapshot!("why_kernel_ascii", picture(&mut opened(ascii), 120, 40));
}

#[test]
fn every_pane_is_drawn_at_every_size_and_with_any_colours() {
    for depth in [Depth::Mono, Depth::Ansi16, Depth::Ansi256, Depth::True] {
        for theme in [Theme::Dark, Theme::Light] {
            let mut app = opened(Styles { depth, theme, ascii: depth == Depth::Mono });
            tell(&mut app, "compare", 1);
            for _ in PANES {
                settle(&mut app);
                for (width, height) in
                    [(200, 60), (100, 30), (80, 24), (60, 16), (30, 6), (20, 9), (3, 3), (1, 1)]
                {
                    let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a test screen");
                    terminal.draw(|frame| frame::draw(&app, frame)).expect("a test screen");
                    if depth == Depth::Mono {
                        let text = terminal.backend().to_string();
                        assert!(text.is_ascii(), "{text}");
                    }
                }
                tell(&mut app, "next-pane", 1);
            }
        }
    }
}

#[test]
fn transfer_is_what_stands_beside_maml_first() {
    let mut app = opened(Styles::default());
    tell(&mut app, "compare", 1);
    let screen = picture(&mut app, 120, 40);
    assert!(
        screen.contains("1/7 Kernel: MAML, seed 0 at") && screen.contains(" Transfer, seed 0 at"),
        "{screen}"
    );
    tell(&mut app, "compare", 1);
    let screen = picture(&mut app, 120, 40);
    assert!(screen.contains(" First-order MAML, seed 0"), "{screen}");
    // The experiment in view is never beside itself.
    tell(&mut app, "below", 1);
    let screen = picture(&mut app, 120, 40);
    assert!(screen.contains("Kernel: First-order MAML") && app.fit.compare.is_none(), "{screen}");
}

#[test]
fn the_view_follows_task_seed_rate_and_time() {
    let mut app = opened(Styles::default());
    tell(&mut app, "next-pane", 1);
    let first = picture(&mut app, 120, 40);
    assert!(first.contains("seed 0 at step 40,000"), "{first}");
    for (command, shows) in [("next-task", "task"), ("next-seed", "seed 1 at"), ("rate-up", "seed 1")] {
        let before = picture(&mut app, 120, 40);
        tell(&mut app, command, 1);
        let after = picture(&mut app, 120, 40);
        assert!(after.contains(shows) && before != after, "{command}: {after}");
    }
    // It is one of the tabs, and the experiment's own tab is another.
    assert_eq!(app.views()[app.tab(app.view)].kind.title, "Why");
    let has_travel = app.view_contexts().contains(&"travel");
    assert!(has_travel && view("Inner").kind.contexts().contains(&"travel"));
}

#[test]
fn a_learner_without_steps_and_one_without_a_network_say_so() {
    let study = "[[experiment]]\nname = \"R\"\nalgorithm = \"ridge-head\"\nseeds = 1\nouter_steps = 10\n\
                 [model]\nhidden = 16\n[evaluation]\ntest_tasks = 20\n";
    let study = parse("x", None, study).unwrap_or_else(|problems| panic!("{problems}"));
    let mut app = fixture::app(&study, Styles::default());
    show(&mut app, View { kind: &VIEW, experiment: None });
    assert!(picture(&mut app, 80, 24).contains("R has no network yet"));
    let trainer = study.experiments[0].trainer(0, Kernels::portable());
    let snapshot = crate::study::Snapshot { step: 0, weights: trainer.weights() };
    app.on_snapshot(0, std::sync::Arc::new(snapshot));
    let screen = picture(&mut app, 80, 24);
    assert!(screen.contains("R takes no gradient steps"), "{screen}");
}
