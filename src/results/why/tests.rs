//! What the panes say is so of the network in view, and would not be said if it were not; and how they look.

use super::{Course, Found, Of, PANES, Part, Subject};
use crate::analysis::{Adaptive, Contributions, Kernel, Marks, Rates, Steps, alignment, covariance};
use crate::config::Values;
use crate::learner::{Algorithm, Trainer, Training};
use crate::model::{Activation, Kernels, ModelSettings, Precision, Weights};
use crate::task::{EvaluationSettings, Points, TaskSettings, families::FAMILIES, grid, test_tasks};

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
    Subject { weights, trained, task: tasks[0].clone(), tasks, settings, training, seed: 1, n: 5 }
}

fn waves(algorithm: &str) -> Subject {
    subject(algorithm, Activation::Relu, TaskSettings::default())
}

/// The same with every weight 0: nothing but the last bias moves.
fn flat(of: &Subject) -> Subject {
    let values = vec![0.0; of.weights.values.len()];
    Subject { weights: Weights { values, ..of.weights.clone() }, ..of.clone() }
}

fn found(pane: &str, subject: &Subject, is_wanted: &dyn Fn() -> bool) -> Option<Found> {
    match PANES.iter().find(|of| of.name == pane).expect("a pane of that name").of {
        Of::Network(find) => find(subject, is_wanted),
        Of::Course(_) => panic!("it is of a whole training"),
    }
}

fn says(pane: &str, subject: &Subject) -> String {
    found(pane, subject, &|| true).expect("a learner that steps").says()
}

/// What a pane says of a whole training.
fn says_of(pane: &str, course: &Course) -> String {
    match PANES.iter().find(|of| of.name == pane).expect("a pane of that name").of {
        Of::Network(_) => panic!("it is of one network"),
        Of::Course(find) => find(course).says(),
    }
}

#[test]
fn the_kernel_is_called_negative_only_where_it_is() {
    let mut seen = [false; 2];
    for algorithm in ["anil", "maml", "cavia", "meta-sgd"] {
        for activation in [Activation::Relu, Activation::Tanh] {
            let subject = subject(algorithm, activation, TaskSettings::default());
            let said = says("kernel", &subject);
            let x = grid(subject.settings.x, 50);
            let kernel = Kernel::new(&mut Adaptive::new(&subject.weights).expect("it steps"), &x);
            let is_negative = kernel.rule.iter().any(|entry| *entry < 0.0);
            seen[usize::from(is_negative)] = true;
            assert_eq!(said.contains("No entry is negative"), !is_negative, "{said}");
            assert_eq!(said.contains("% of it is negative"), is_negative, "{said}");
            let aligned = alignment(&kernel.rule, &covariance(&subject.settings, &x));
            assert!(said.contains(&format!("covariance {aligned:.2} of 1")), "{said}");
        }
    }
    assert_eq!(seen, [true; 2], "a head over features that are never negative, and others");
    assert!(says("kernel", &waves("meta-sgd")).contains("without the learned rule"));
    assert!(!says("kernel", &waves("maml")).contains("without the learned rule"));
}

#[test]
fn a_step_is_called_a_sum_as_far_as_it_is_one() {
    let mut subject = waves("maml");
    let said = says("one-step", &subject);
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
        let said = says("one-step", &subject);
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
    assert!(says("one-step", &subject).starts_with("The step changes nothing"));
}

#[test]
fn who_does_the_work_is_who_does_it() {
    let head = says("head-or-body", &waves("anil"));
    assert!(head.contains("hidden1 0.00, hidden2 0.00, out 1.00"), "{head}");
    let body = says("head-or-body", &waves("boil"));
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
    let context = says("head-or-body", &waves("cavia"));
    assert!(context.contains("context 1.00") && context.contains("Only the context adapts"), "{context}");
}

#[test]
fn a_ring_explains_only_what_a_family_has() {
    let known = says("ring", &waves("cavia"));
    assert!(known.contains("20 test tasks") && known.contains("explain"), "{known}");
    let family = FAMILIES[1];
    let own = Values::default().of(family.keys());
    let lines = TaskSettings { family, own, ..TaskSettings::default() };
    let unknown = says("ring", &subject("maml", Activation::Relu, lines));
    assert!(!unknown.contains("explain"), "{unknown}");
}

#[test]
fn tasks_are_called_lost_at_the_rate_that_loses_them() {
    let subject = waves("maml");
    let pairs = subject.pairs();
    let rates = Rates::new(&subject.weights, &pairs, || true).expect("it is wanted");
    let lost = (0..17).find(|k| rates.nonfinite[*k][6] > 0).expect("a rate of 1 is too large for it");
    let said = says("rates", &subject);
    let rate = crate::results::text::number(crate::analysis::rate(lost));
    assert!(
        said.contains(&format!(
            "lost within 32 steps from rate {rate} on ({} of 20)",
            rates.nonfinite[lost][6]
        )),
        "{said}"
    );
    assert!(!says("rates", &flat(&subject)).contains("lost"), "a bias alone loses nothing");
}

#[test]
fn units_are_called_dead_where_they_can_be_and_are() {
    let subject = waves("maml");
    assert!(says("units", &flat(&subject)).contains("layer 2: 16 of 16 dead, 0 always on"));
    let said = says("units", &subject);
    assert!(said.contains("n=5") && !said.contains("16 of 16 dead"), "{said}");
    let curved = self::subject("maml", Activation::Tanh, TaskSettings::default());
    assert!(!says("units", &curved).contains("dead"));
}

#[test]
fn a_valley_that_goes_on_is_said_to() {
    let mut subject = waves("maml");
    subject.weights.adaptation.inner_lr = 1e-5;
    let said = says("along-the-step", &subject);
    assert!(said.contains("least at 5.0 steps") && said.contains("the end of what is looked at"), "{said}");
    subject.weights.adaptation.inner_lr = 0.05;
    let said = says("along-the-step", &subject);
    assert!(!said.contains("the end of what is looked at"), "{said}");
}

#[test]
fn what_nobody_wants_any_more_is_given_up() {
    let subject = waves("maml");
    assert!(found("ring", &subject, &|| false).is_none());
    assert!(found("rates", &subject, &|| false).is_none());
    assert!(found("along-the-step", &subject, &|| false).is_none());
    assert!(found("head-or-body", &subject, &|| false).is_none());
}

#[test]
fn many_steps_are_the_single_ones_together() {
    for algorithm in ["maml", "meta-curvature", "cavia", "anil"] {
        let subject = waves(algorithm);
        let mut adaptive = Adaptive::new(&subject.weights).expect("it steps");
        let x = grid(subject.settings.x, 50);
        let all = Steps::new(&mut adaptive, &subject.pairs(), &x, || true).expect("it is wanted");
        let (mut bent, mut changed, mut last, mut sums) = (0.0, 0.0, 0.0, 0.0);
        let product = |one: &[f64], other: &[f64]| one.iter().zip(other).map(|(a, b)| a * b).sum::<f64>();
        for (support, _) in subject.pairs() {
            let step = Contributions::new(&mut adaptive, &support, &x);
            bent += product(&step.bend, &step.bend);
            changed += product(&step.change, &step.change);
            last += product(step.layers.last().expect("a part"), &step.sum);
            sums += product(&step.sum, &step.sum);
        }
        assert!((all.linear_share - (1.0 - bent / changed)).abs() < 1e-9, "{algorithm}");
        assert!((all.parts.last().expect("a part") - last / sums).abs() < 1e-9, "{algorithm}");
        assert!(Steps::new(&mut adaptive, &subject.pairs(), &x, || false).is_none());
    }
}

#[test]
fn the_plane_tells_the_losses_where_steps_lead() {
    let subject = waves("maml");
    let said = says("plane", &subject);
    let fits = crate::eval::fits(&subject.weights, &subject.task.support, &subject.task.query, &[0, 5]);
    let [before, after] = [0, 1].map(|n: usize| crate::results::text::number(fits[n].loss));
    assert!(
        said.contains(&format!("After 5 steps of the rule the loss of A goes from {before} to {after}")),
        "{said}"
    );
    let rows = found("plane", &subject, &|| true).expect("two tasks").picture(0);
    let Part::Field(field) = &rows[0].parts[0] else { panic!("a map") };
    assert!(field.values.iter().any(|value| *value < 0.0), "somewhere it is better than at the start");
    assert_eq!(
        field.letters.last().map(|(row, column, letter)| (*row, *column, *letter)),
        Some((5.0, 5.0, 'o'))
    );
}

/// A training of so many seeds whose alignment and loss are these, look by look.
fn course(seeds: &[(&[f64], &[f64])], cosine: f64) -> Course {
    let marks = |alignment: f64, after: f64| Marks {
        before: 6.0,
        after,
        alignment,
        negative: 0.0,
        linear_share: 0.9,
        head: 0.75,
        dead: vec![0.1, 0.5],
        cosines: [0.8, 0.3, cosine],
        support: 0.9 * alignment,
    };
    let seed = |(seed, (alignments, losses)): (usize, &(&[f64], &[f64]))| {
        let looks = alignments.iter().zip(*losses).enumerate();
        (seed as u64, looks.map(|(look, (a, loss))| (100 * look as u64, marks(*a, *loss))).collect())
    };
    Course { seeds: seeds.iter().enumerate().map(seed).collect(), tasks: 50, prior: 4.5, inner_steps: 1 }
}

#[test]
fn what_comes_first_in_training_is_counted() {
    let (early, late) = ([0.1, 0.5, 0.6, 0.6], [0.1, 0.1, 0.2, 0.6]);
    let falls = [4.5, 4.2, 1.5, 1.0];
    let said = says_of("over-training", &course(&[(&early, &falls), (&late, &falls)], 0.1));
    assert!(said.contains("at step 100 to 300, the loss after n=1 halfway to its lowest at 200."), "{said}");
    assert!(said.contains("Halfway first: the kernel in seed 0, the loss in seed 1."), "{said}");
    assert!(said.contains("At the end: alignment 0.60 (0.60 to 0.60)"), "{said}");
    let still = says_of("over-training", &course(&[(&[0.1, 0.1, 0.1], &[4.5, 4.5, 4.5])], 0.1));
    assert!(still.starts_with("In none of 1 seeds do both"), "{still}");
    let same = says_of("over-training", &course(&[(&[0.1, 0.5], &[4.5, 1.0])], 0.1));
    assert!(same.contains("Halfway first: both at the same snapshot in seed 0."), "{same}");
}

#[test]
fn gradients_are_called_opposed_where_they_are() {
    let looks: (&[f64], &[f64]) = (&[0.1, 0.5], &[4.5, 1.0]);
    let said = says_of("gradients", &course(&[looks, looks], -0.2));
    assert!(said.contains("Opposed to the start's gradient in 4 looks: first-order 4, exact 0."), "{said}");
    assert!(said.contains("Test loss before any step: now 6.00 (the best guess has 4.50)."), "{said}");
    let figure =
        |cosine: f64, name: &str| match PANES.iter().find(|of| of.name == "gradients").expect("a pane").of {
            Of::Course(find) => find(&course(&[looks, looks], cosine)).figure(name),
            Of::Network(_) => None,
        };
    // All of these start at 6, where the best guess has 4.5.
    assert_eq!([-0.2, 0.2].map(|cosine| figure(cosine, "bad starts")), [Some(2.0); 2]);
    assert_eq!([-0.2, 0.2].map(|cosine| figure(cosine, "unexplained")), [Some(0.0), Some(2.0)]);
    let said = says_of("gradients", &course(&[looks], 0.2));
    assert!(said.contains("in 2 looks: first-order 0, exact 0."), "{said}");
    assert!(says_of("support", &course(&[looks], 0.2)).contains("0.09 at the first look, 0.45 now"));
}

#[test]
fn reptile_with_one_step_is_transfer_learning() {
    let mut subject = waves("reptile");
    (subject.n, subject.tasks) = (1, subject.tasks[..5].to_vec());
    subject.training.meta_batch = 25;
    let one = found("reptile", &subject, &|| true).expect("it steps");
    let apart = one.figure("apart").expect("told");
    assert!(apart > 0.0 && apart < 1e-6, "{apart}");
    // A step is the gradient rounded into the weights and nothing else, which is why the two are not the same to the bit.
    let rounding = one.figure("rounding").expect("no weight is off by more than its rounding");
    assert!(rounding > 0.0 && rounding < 1e-12, "{rounding}");
    let why = format!("rounded ({rounding:.0e} of a first gradient, and tasks are added up one by one)");
    assert!(one.says().contains("not the same to the bit") && one.says().contains(&why), "{}", one.says());
    assert!(!one.says().contains("Cosine"), "{}", one.says());
    subject.n = 3;
    let more = found("reptile", &subject, &|| true).expect("it steps");
    assert!(more.says().contains(", k = 3 "), "{}", more.says());
    assert_ne!(more.figure("one"), more.figure("more"));
    assert!(more.figure("adds").is_some_and(|cosine| (-1.0..=1.0).contains(&cosine)));
    assert!(found("reptile", &subject, &|| false).is_none());
}

#[test]
fn every_pane_has_a_picture_for_every_learner_that_steps() {
    for algorithm in ["maml", "cavia", "meta-curvature", "boil"] {
        let mut subject = waves(algorithm);
        for pane in PANES.iter().filter(|pane| pane.name != "reptile") {
            if let Of::Network(find) = pane.of {
                let found = find(&subject, &|| true).unwrap_or_else(|| panic!("{algorithm}: {}", pane.name));
                assert!(found.picture(7).iter().all(|row| !row.parts.is_empty()), "{}", pane.name);
            }
        }
        // Whoever drops every point is told so.
        subject.task.support = Points::default();
        assert!(says("one-step", &subject).starts_with("There is no support point"), "{algorithm}");
        assert!(!says("kernel", &subject).is_empty() && !says("head-or-body", &subject).is_empty());
    }
    let names: std::collections::HashSet<&str> = PANES.iter().map(|pane| pane.name).collect();
    assert_eq!(names.len(), PANES.len());
}

#[test]
fn learners_that_read_have_what_has_a_meaning() {
    let subjects =
        ["cnp", "transformer", "metafun", "ridge-head"].map(|algorithm| (algorithm, waves(algorithm)));
    for (algorithm, subject) in &subjects {
        let said = says("kernel", subject);
        assert!(said.starts_with("No gradient step is taken here"), "{algorithm}: {said}");
        for pane in ["one-step", "head-or-body", "along-the-step", "plane", "rates", "reptile"] {
            assert!(found(pane, subject, &|| true).is_none(), "{algorithm}: {pane}");
        }
        assert_eq!(found("ring", subject, &|| true).is_some(), *algorithm == "cnp", "{algorithm}");
        assert_eq!(found("units", subject, &|| true).is_some(), *algorithm != "ridge-head", "{algorithm}");
    }
    let [(_, subject), (_, transformer), (_, metafun), _] = subjects;
    assert!(says("ring", &subject).contains("between what is read of the points on 20 test tasks"));
    let units = says("units", &subject);
    assert!(
        units.starts_with("How far reading 10 points, or the y of one, moves the median unit: "),
        "{units}"
    );
    for layer in ["encoder.0 of a point: ", "encoder.1 of a point: ", "decoder.0: ", "decoder.1: "] {
        assert!(units.contains(layer), "{units}");
    }
    let units = says("units", &transformer);
    for layer in ["embedding.0 of a point: ", "block.0.mlp.0: ", "block.1.mlp.0: ", "readout.0: "] {
        assert!(units.contains(layer), "{units}");
    }
    assert!(says("units", &metafun).contains("update.1 of a point: "));
    let without = Subject {
        task: crate::task::TestTask { support: Points::default(), ..subject.task.clone() },
        ..subject
    };
    assert!(says("kernel", &without).starts_with("There is no support point"));
    assert!(found("kernel", &without, &|| true).is_some_and(|found| found.picture(3).is_empty()));
}
