//! A made-up study: the notebook's five systems, part of the way through, with curves near those that
//! real runs give.

use std::sync::Arc;

use crate::{
    eval::Curve,
    experiments::{Experiment, Study},
    learner::{Algorithm, Training},
    model::{Activation, Adaptation, ModelSettings, Precision, Weights},
    study::{Event, Kind, Run, RunName, Snapshot},
    task::{EvaluationSettings, TaskSettings, families::sine::SineSettings},
    ui::{
        state::app::{App, View},
        style::Styles,
        update::look,
        views::{self, VIEWS},
    },
};

/// Two systems with two seeds, as a file.
pub const NOTEBOOK: &str = "[defaults]\nouter_steps = 100\nseeds = 2\n\
    [[experiment]]\nname = \"A\"\nalgorithm = \"maml\"\n[[experiment]]\nname = \"B\"\nalgorithm = \"transfer\"\n";

pub const SYSTEMS: [(&str, Algorithm); 5] = [
    ("Random", Algorithm(&crate::learner::Random)),
    ("Transfer", Algorithm(&crate::learner::Transfer)),
    ("MAML", Algorithm(&crate::learner::Maml)),
    ("First-order MAML", Algorithm(&crate::learner::FirstOrderMaml)),
    ("Reptile", Algorithm(&crate::learner::Reptile)),
];

pub fn experiment(name: &str, algorithm: Algorithm, seeds: u64) -> Experiment {
    Experiment {
        name: name.to_owned(),
        algorithm,
        seeds: (0..seeds).collect(),
        training: Training::default(),
        task: TaskSettings::default(),
        model: ModelSettings { hidden: 16, ..ModelSettings::default() },
        evaluation: EvaluationSettings { test_tasks: 200, seed: 1, ..EvaluationSettings::default() },
        tests: Vec::new(),
        published: Vec::new(),
        cell: None,
        answers: None,
    }
}

pub fn study(experiments: Vec<Experiment>) -> Study {
    Study { name: "experiments".to_owned(), path: Some("experiments.toml".into()), experiments }
}

pub fn notebook() -> Study {
    study(SYSTEMS.iter().map(|(name, algorithm)| experiment(name, *algorithm, 3)).collect())
}

/// Settings at the edges of what is allowed, and names that take more or fewer cells than letters.
pub fn odd() -> Study {
    let mut wide = experiment(
        "学習を学ぶ ☃ a name that goes on for longer than any pane",
        Algorithm(&crate::learner::Maml),
        7,
    );
    wide.evaluation = EvaluationSettings { test_tasks: 1, grid: 1, steps: 0, ..wide.evaluation };
    let mut flat = experiment("e\u{301}\u{200b}", Algorithm(&crate::learner::Reptile), 1);
    let own = SineSettings { amplitude: [0.0, 0.0], phase: [0.0, 0.0], ..SineSettings::default() }.values();
    flat.task = TaskSettings { own, x: [2.0, 2.0], shots: 1.into(), ..flat.task };
    let mut long = experiment("A", Algorithm(&crate::learner::Transfer), 8);
    long.evaluation.steps = 500;
    long.training.budget = crate::learner::Budget::OuterSteps(u64::MAX);
    study(vec![wide, flat, long])
}

pub fn plan(study: &Study) -> Vec<Run> {
    let runs = study.experiments.iter().enumerate().flat_map(|(index, experiment)| {
        let settings = Arc::new(experiment.clone());
        let run = move |seed| Run { experiment: index, settings: Arc::clone(&settings), seed };
        experiment.seeds.iter().copied().map(run).collect::<Vec<_>>()
    });
    runs.collect()
}

pub fn app(study: &Study, styles: Styles) -> App {
    let mut app = App::new(study, &plan(study), styles);
    app.sets.iter_mut().for_each(|set| set.prior_mean = 4.252);
    app
}

/// The view of this title.
pub fn view(title: &str) -> View {
    let kind = VIEWS.iter().find(|kind| kind.title == title).expect("a view");
    View { kind, experiment: None }
}

/// The view of an experiment.
pub fn of_experiment(index: usize) -> View {
    View { kind: &views::experiment::VIEW, experiment: Some(index) }
}

/// Falls from `start` to `end`, a little differently for every seed.
pub fn curve(start: f64, end: f64, seed: u64) -> Curve {
    let wobble = 1.0 + 0.08 * (seed as f64 - 1.0);
    let mean: Vec<f64> =
        (0..33).map(|n| (end + (start - end) * (-0.9 * f64::from(n)).exp()) * wobble).collect();
    Curve {
        steps: (0..33).collect(),
        median: mean.iter().map(|loss| loss * 0.7).collect(),
        ci95: vec![0.1; 33],
        nonfinite: vec![0.0; 33],
        mean,
        tasks: 200,
        points: None,
        calibration: None,
    }
}

pub fn snapshot(step: u64, seed: u64) -> Arc<Snapshot> {
    let (activation, precision) = (Activation::Relu, Precision::F32);
    let model = ModelSettings { layers: 2, hidden: 16, activation, precision };
    let numbers = 0..model.parameters();
    let values = numbers.map(|i| 0.4 * ((i as f64 + seed as f64) * 1.7 + step as f64).sin());
    Arc::new(Snapshot {
        step,
        weights: Weights {
            model,
            adaptation: Adaptation::sgd(0.01, 1),
            values: values.map(|value| f64::from(value as f32)).collect(),
        },
    })
}

/// MAML and Reptile on two further test sets, with figures of every verdict; MAML is done, Reptile's second
/// seed is not.
pub const TESTED: &str = "[defaults]\nouter_steps = 100\nseeds = 3\n[model]\nhidden = 16\n\
    [evaluation]\ntest_tasks = 60\n\
    [[experiment]]\nname = \"MAML\"\nalgorithm = \"maml\"\n\
    [[experiment.published]]\nsource = \"Somebody 2017, table 1\"\nn = 1\nloss = 2.4\nci95 = 0.3\nmark = \"V\"\n\
    [[experiment.published]]\nsource = \"Somebody else 2018, figure 3, whose caption is longer than most screens are wide\"\n\
    test = \"20 shots\"\nn = 10\nloss = 0.9\nmark = \"R\"\n\
    [[experiment.published]]\nsource = \"Somebody 2017, table 2\"\nn = 10\nloss = 0.01\n\
    [[experiment]]\nname = \"Reptile\"\nalgorithm = \"reptile\"\n\
    [[experiment.published]]\nsource = \"Somebody 2017, table 1\"\ntest = \"far\"\nn = 5\nloss = 1.25\n\
    [[test]]\nname = \"20 shots\"\nshots = 20\n[[test]]\nname = \"far\"\nx = [5.0, 10.0]\nsteps = 9\nphase = [0.0, 1.0]\n";

/// That study while it runs.
pub fn tested(styles: Styles) -> App {
    let study = crate::experiments::parse("tested", None, TESTED).expect("a good file");
    let mut app = App::new(&study, &plan(&study), styles);
    for run in 0..4 {
        let (name, seed) = (if run < 3 { "MAML" } else { "Reptile" }, run as u64 % 3);
        app.on_event(run, started(name, seed, 100));
        app.on_snapshot(run, snapshot(100, seed));
        for (test, end) in [(None, 0.7), (Some("20 shots"), 0.3), (Some("far"), 3.1)] {
            let mut curve = curve(4.3, end, seed);
            if test == Some("far") {
                for losses in [&mut curve.mean, &mut curve.median, &mut curve.ci95, &mut curve.nonfinite] {
                    losses.truncate(10);
                }
                curve.steps.truncate(10);
            }
            app.on_event(run, evaluated_on(test, name, seed, curve));
        }
        app.on_event(run, finished(name, seed));
    }
    app
}

/// That this run tells this.
pub fn tells(name: &str, seed: u64, kind: Kind) -> Event {
    Event { run: RunName::new(name, seed), kind }
}

pub fn started(name: &str, seed: u64, total_steps: u64) -> Event {
    tells(name, seed, Kind::Started { total_steps })
}

pub fn progress(name: &str, seed: u64, step: u64, loss: f64) -> Event {
    tells(name, seed, Kind::Progress { step, loss, steps_per_second: 21_000.0 })
}

pub fn evaluated(name: &str, seed: u64, curve: Curve) -> Event {
    evaluated_on(None, name, seed, curve)
}

pub fn evaluated_on(test: Option<&str>, name: &str, seed: u64, curve: Curve) -> Event {
    let test = test.map(str::to_owned);
    tells(name, seed, Kind::Evaluated { test, test_hash: None, curve })
}

pub fn finished(name: &str, seed: u64) -> Event {
    tells(name, seed, Kind::Finished { seconds: 1.9, checkpoint: None })
}

pub fn failed(name: &str, seed: u64) -> Event {
    let error =
        "diverged: the training loss became not a number. Try a smaller learning rate (inner_lr = 0.01)"
            .to_owned();
    tells(name, seed, Kind::Failed { step: 1_200, error })
}

/// Random, Transfer and MAML done, first-order with a failed seed and one in training, Reptile queued.
pub fn midway(styles: Styles) -> App {
    let mut app = app(&notebook(), styles);
    let ends = [(4.3, 4.1), (4.22, 4.15), (4.3, 0.7), (9.6, 1.2)];
    for (system, (start, end)) in ends.into_iter().enumerate() {
        let name = SYSTEMS[system].0;
        for seed in 0..3u64 {
            let run = system * 3 + seed as usize;
            app.on_event(run, started(name, seed, if system == 0 { 0 } else { 40_000 }));
            app.on_snapshot(run, snapshot(0, seed));
            if (system, seed) == (3, 1) {
                app.on_event(run, failed(name, seed));
                continue;
            }
            let last = if (system, seed) == (3, 2) { 132 } else { 200 };
            for report in 1..=last {
                let wave = 1.0 + 0.6 * (f64::from(report) * 2.3 + seed as f64).sin();
                let loss = (end + 6.0 * (-f64::from(report) / 30.0).exp()) * wave;
                app.on_event(run, progress(name, seed, report as u64 * 200, loss));
            }
            app.on_snapshot(run, snapshot(u64::from(last as u32) * 200, seed));
            if last == 200 {
                app.on_event(run, evaluated(name, seed, curve(start, end, seed)));
                app.on_event(run, finished(name, seed));
            }
        }
    }
    app.on_time(std::time::Duration::from_secs(62));
    // All of it was told at once.
    app.spent = Default::default();
    app
}

/// Looks until all that is in view is worked out, with a past for whoever asks for it.
pub fn settle(app: &mut App) {
    for _ in 0..60_000 {
        look(app);
        let missing: Vec<(usize, usize)> = app.why.courses.missing().collect();
        // What has come is looked at by the next look.
        let has_come = !missing.is_empty();
        for (run, landmark) in missing {
            let step = app.experiments[app.runs[run].experiment].landmarks[landmark];
            app.on_past(run, landmark, Some(snapshot(step, app.runs[run].seed)));
        }
        if !has_come && !app.is_working() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("it is never done");
}
