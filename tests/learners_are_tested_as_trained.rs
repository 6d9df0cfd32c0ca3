//! No learner is tested by another rule than it was trained with: what a study says of every learner is held
//! to a second account of how it adapts, written down here parameter by parameter, and so is what its
//! checkpoint does by itself.

use std::path::PathBuf;

use metascope::eval::Adapter;
use metascope::experiments::parse;
use metascope::learner::{Algorithm, meta_gradient, read_checkpoint};
use metascope::model::{Adaptation, Kernels, Order, Weights};
use metascope::study::{Event, Session, SessionOptions, plan};
use metascope::task::{Points, test_tasks};

/// The rate of training, and the rate that `[evaluation]` names for those whose tests have a common one.
const TRAINED: f64 = 0.04;
const COMMON: f64 = 0.015;
/// Inner steps of the adaptation curve.
const STEPS: usize = 3;

/// How a learner moves one of its tensors in an inner step, times the tensor's gradient.
fn rate(learner: &str, tensor: &str) -> f64 {
    let is_head = tensor.starts_with("out.");
    match learner {
        "random" | "transfer" | "maml" | "first-order-maml" | "reptile" => COMMON,
        "anil" => f64::from(u8::from(is_head)) * TRAINED,
        "boil" => f64::from(u8::from(!is_head)) * TRAINED,
        other => panic!("say here how {other} adapts"),
    }
}

/// The loss on `query` after 0, 1, ... steps on `support`, by the account above; the gradients are of no
/// inner step, which other tests have judged.
fn losses(learner: &str, trained: &Weights, support: &Points, query: &Points) -> Vec<f64> {
    let mut weights = Weights { adaptation: Adaptation::sgd(1.0, 1), ..trained.clone() };
    let gradient = |weights: &Weights, points: &Points| {
        let on = [(points.clone(), points.clone())];
        meta_gradient(weights, &on, 0, Order::First, Kernels::fastest()).expect("memory for sixteen units")
    };
    let mut losses = Vec::new();
    for _ in 0..=STEPS {
        losses.push(gradient(&weights, query).losses[0]);
        let step = gradient(&weights, support).gradient.values;
        let mut at = 0;
        for tensor in weights.tensors() {
            for _ in 0..tensor.count() {
                weights.values[at] -= rate(learner, &tensor.name) * step[at];
                at += 1;
            }
        }
    }
    losses
}

fn assert_close(what: &str, found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (n, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!((found - expected).abs() < 1e-9 * (1.0 + expected), "{what} n = {n}: {found}, {expected}");
    }
}

#[test]
fn every_learner_is_tested_by_its_own_rule() {
    let mut text = format!(
        "[defaults]\nseeds = 1\nouter_steps = 30\nmeta_batch = 2\ninner_lr = {TRAINED}\ninner_steps = 2\n\
         [task]\ntrain_tasks = 40\n[model]\nhidden = 16\nprecision = \"f64\"\n\
         [evaluation]\ntest_tasks = 6\ngrid = 9\nsteps = {STEPS}\ninner_lr = {COMMON}\n"
    );
    for algorithm in Algorithm::ALL {
        let name = algorithm.name();
        text += &format!("[[experiment]]\nname = \"{name}\"\nalgorithm = \"{name}\"\n");
    }
    let study = parse("own", None, &text).unwrap_or_else(|problems| panic!("{problems}"));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let out = Some(folder.path().to_owned());
    let options = SessionOptions { jobs: 2, out, study: "own".to_owned(), fresh: false };
    let session = Session::start(plan(&study), &options).expect("a writable folder");
    let (mut curves, mut checkpoints) = (vec![Vec::new(); study.experiments.len()], Vec::new());
    checkpoints.resize(study.experiments.len(), PathBuf::new());
    loop {
        let over = session.is_over();
        while let Some((run, event)) = session.try_event() {
            match event {
                Event::Evaluated { curve, .. } => curves[run] = curve.mean,
                Event::Finished { checkpoint: Some(path), .. } => checkpoints[run] = path.into(),
                Event::Failed { error, .. } => panic!("{}: {error}", study.experiments[run].name),
                _ => {}
            }
        }
        if over {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    for (run, settings) in study.experiments.iter().enumerate() {
        let name = settings.name.as_str();
        let tasks = test_tasks(&settings.task, &settings.evaluation);
        let weights = read_checkpoint(&checkpoints[run]).expect("its checkpoint").weights;
        let mut mean = [0.0; STEPS + 1];
        for task in &tasks {
            let expected = losses(name, &weights, &task.support, &task.query);
            // By the checkpoint alone, at the rate that the tests have.
            let mut adapter = Adapter::new(&settings.tested(&weights));
            adapter.take_task(&task.support, &task.query);
            let mut found = vec![adapter.loss()];
            for _ in 0..STEPS {
                adapter.descend();
                found.push(adapter.loss());
            }
            assert_close(name, &found, &expected);
            for (mean, loss) in mean.iter_mut().zip(&expected) {
                *mean += loss / tasks.len() as f64;
            }
        }
        assert_close(&format!("{name}, by its study"), &curves[run], &mean);
    }
}
