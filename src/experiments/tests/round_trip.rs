//! A run's settings, written to its folder, are the settings it ran with.

use proptest::{collection::hash_set, prelude::*, sample::select};

use super::read;
use crate::config::{AnyKey, Domain, Value, Values, is_hidden};
use crate::experiments::{
    Experiment, Mark, Published, TestSettings, parse_recorded, presets, recorded_toml, resolved_toml,
};
use crate::learner::{Algorithm, Budget, OuterGradient, OuterSchedule, Training};
use crate::model::Order;
use crate::model::{Activation, ModelSettings, Precision, WIDTHS};
use crate::task::{EvaluationSettings, Family, Shots, TaskSettings, TrainTasks, families::FAMILIES};

fn range(points: bool) -> impl Strategy<Value = [f64; 2]> {
    (-1e6..1e6, 0.0..1.0).prop_map(move |(low, part): (f64, f64)| {
        let high = low + (1e6 - low) * part;
        if points || low < high { [low, high] } else { [-1.0, 1.0] }
    })
}

fn rate() -> impl Strategy<Value = f64> {
    (-12.0..3.0).prop_map(|exponent: f64| 10f64.powf(exponent).clamp(1e-12, 1e3))
}

/// Values of a family's own settings, whatever they are.
fn own(family: &'static dyn Family) -> impl Strategy<Value = Values> {
    let one = |key: &'static dyn AnyKey| match key.domain() {
        Domain::Range { ends, point } => {
            let (low, high, point) = (*ends.start(), *ends.end(), *point);
            let range = (0.0..1.0, 0.0..1.0).prop_map(move |(from, part): (f64, f64)| {
                let from = low + (high - low) * from;
                let to = from + (high - from) * part;
                Value::Range(if point || from < to { [from, to] } else { [low, high] })
            });
            range.boxed()
        }
        Domain::Size(most) => (0.0..*most).prop_map(Value::Number).boxed(),
        _ => Just(key.default().expect("a family's settings are never off")).boxed(),
    };
    let values: Vec<_> = family.keys().iter().map(|key| one(*key)).collect();
    values.prop_map(|values| family.keys().iter().copied().zip(values).collect())
}

fn task() -> impl Strategy<Value = TaskSettings> {
    let train_tasks = prop_oneof![(20..1_000usize).prop_map(TrainTasks::Pool), Just(TrainTasks::Fresh)];
    // The tasks of a table take a file.
    let drawn: Vec<_> = FAMILIES.iter().copied().filter(|family| family.table().is_none()).collect();
    let family = select(drawn).prop_flat_map(|family| (Just(family), own(family)));
    let shots = (0..100usize, 1..100usize).prop_map(|(fewest, more)| match fewest {
        50.. => more.into(),
        _ => Shots { fewest, most: fewest + more },
    });
    (family, range(false), shots, 1..100usize, train_tasks).prop_map(
        |((family, own), x, shots, query, train_tasks)| TaskSettings {
            family,
            own,
            x,
            shots,
            query,
            train_tasks,
        },
    )
}

fn model() -> impl Strategy<Value = ModelSettings> {
    (select(&WIDTHS[..]), 1..=4usize, select(&Activation::ALL[..]), select(&Precision::ALL[..])).prop_map(
        |(hidden, layers, activation, precision)| ModelSettings { hidden, layers, activation, precision },
    )
}

fn evaluation() -> impl Strategy<Value = EvaluationSettings> {
    let points = proptest::option::of(1..50usize);
    (1..1_000usize, 2..1_000usize, 0..100usize, points, any::<bool>(), rate(), any::<u64>()).prop_map(
        |(test_tasks, grid, steps, points, target_noise, inner_lr, seed)| EvaluationSettings {
            test_tasks,
            grid,
            steps,
            points,
            target_noise,
            inner_lr,
            seed,
        },
    )
}

prop_compose! {
    fn experiment()(
        name in shown(60),
        algorithm in select(Algorithm::ALL),
        seeds in hash_set(any::<u64>(), 1..5),
        length in 1..1_000_000u64,
        (meta_batch, inner_steps) in (1..20usize, 1..20usize),
        (inner_lr, outer_lr) in (rate(), rate()),
        (outer_gradient, order) in (select(&OuterGradient::ALL[..]), select(&Order::ALL[..])),
        task in task(),
        model in model(),
        evaluation in evaluation(),
    ) -> Experiment {
        let budget = match task.train_tasks {
            TrainTasks::Pool(_) if length % 2 == 0 => Budget::Epochs(length),
            _ => Budget::OuterSteps(length),
        };
        let name = if name.trim().is_empty() { "A" } else { name.trim() };
        // Of a network that is not of hidden layers one after the other a file says only what counts.
        let model = ModelSettings::new(&model.values().filter(|key, _| algorithm.network_keys().contains(&key.name())));
        Experiment {
            name: name.to_owned(), seeds: seeds.into_iter().collect(), task, model, evaluation,
            algorithm, tests: Vec::new(), published: Vec::new(), cell: None, answers: None,
            training: Training {
                budget, meta_batch, inner_lr, inner_steps, outer_lr, outer_gradient,
                order: if algorithm.uses("order") { order } else { Order::Exact },
                clip: if length % 3 == 0 { Some(outer_lr) } else { None },
                outer_schedule: if length % 2 == 0 { OuterSchedule::Cosine } else { OuterSchedule::Constant },
                own: Values::default().of(algorithm.own_keys()),
            },
        }
    }
}

fn assert_round_trip(experiment: &Experiment) {
    let seed = experiment.seeds[0];
    let text = resolved_toml(experiment, seed);
    let again = parse_recorded("test", None, &text).unwrap_or_else(|problems| panic!("{text}\n{problems}"));
    // Which sweep it is of is no setting.
    assert_eq!(again.experiments, [Experiment { seeds: vec![seed], cell: None, ..experiment.clone() }]);
}

/// The experiment with further test sets: these, but for what is about training.
fn with_tests(experiment: Experiment, more: Vec<(TaskSettings, EvaluationSettings)>) -> Experiment {
    let TaskSettings { query, train_tasks, .. } = experiment.task;
    let test = |(number, (task, evaluation)): (usize, (TaskSettings, EvaluationSettings))| TestSettings {
        name: format!("test {number}"),
        task: TaskSettings { query, train_tasks, ..task },
        // A test set can ask for another points curve than its experiment, but not for none.
        evaluation: EvaluationSettings {
            points: evaluation.points.or(experiment.evaluation.points),
            ..evaluation
        },
    };
    Experiment { tests: more.into_iter().enumerate().map(test).collect(), ..experiment }
}

/// Texts without characters that nobody sees, which a file may not have.
fn shown(longest: usize) -> impl Strategy<Value = String> {
    let texts =
        prop::string::string_regex(&format!("\\P{{Cc}}{{1,{longest}}}")).expect("a regular expression");
    texts.prop_map(|text| text.chars().filter(|c| !is_hidden(*c)).collect())
}

fn figure() -> impl Strategy<Value = Published> {
    let number = || prop_oneof![Just(0.0), 0.0..1e6];
    let mark = prop::option::of(select(&Mark::ALL[..]));
    (shown(200), number(), prop::option::of(number()), mark).prop_map(|(source, loss, ci95, mark)| {
        let source = if source.trim().is_empty() { "x" } else { source.trim() }.to_owned();
        Published { source, test: None, n: 0, loss, ci95, mark }
    })
}

proptest! {
    #[test]
    fn tests_and_figures_read_back_as_they_were(
        experiment in experiment(),
        more in prop::collection::vec((task(), evaluation()), 0..3),
        published in prop::collection::vec(figure(), 0..3),
    ) {
        let mut experiment = Experiment { published, ..with_tests(experiment, more) };
        if let (Some(figure), false) = (experiment.published.first_mut(), experiment.tests.is_empty()) {
            figure.test = Some("test 0".to_owned());
        }
        let seed = experiment.seeds[0];
        let text = recorded_toml(&experiment, seed);
        let again = parse_recorded("test", None, &text).unwrap_or_else(|problems| panic!("{text}\n{problems}"));
        prop_assert_eq!(again.experiments, [Experiment { seeds: vec![seed], ..experiment }]);
    }

    #[test]
    fn settings_read_back_as_they_were(experiment in experiment()) {
        assert_round_trip(&experiment);
    }
}

#[test]
fn every_preset_reads_back() {
    for preset in presets() {
        let study = crate::experiments::presets::written(preset).unwrap_or_else(|error| panic!("{error}"));
        for experiment in &study.experiments {
            // Test sets and published figures are the study's, not a run's.
            let trained = Experiment { tests: Vec::new(), published: Vec::new(), ..experiment.clone() };
            assert_round_trip(&trained);
        }
    }
}

#[test]
fn a_resolved_file_says_everything() {
    let shown = resolved_toml(&read(super::MINIMAL).experiments[0], 3);
    let expected = r#"[[experiment]]
name = "A"
algorithm = "maml"
seeds = [3]
epochs = 4
meta_batch = 1
inner_lr = 0.01
inner_steps = 1
outer_lr = 0.001
outer_gradient = "meta"

[experiment.task]
family = "sine"
amplitude = [0.1, 5.0]
phase = [0.0, 6.283185307179586]
x = [-5.0, 5.0]
shots = 10
query = 10
train_tasks = 10000

[experiment.model]
hidden = 40
activation = "relu"
precision = "f32"

[experiment.evaluation]
test_tasks = 1000
grid = 50
steps = 32
inner_lr = 0.01
seed = 0
"#;
    assert_eq!(shown, expected);
}

#[test]
fn what_came_later_is_written_only_where_it_says_something() {
    let minimal = resolved_toml(&read(super::MINIMAL).experiments[0], 3);
    let shared = |more: &str| format!("[defaults]\norder = \"first\"\n[model]\nlayers = 2\n{more}");
    for algorithm in ["first-order-maml", "reptile"] {
        let experiment = super::MINIMAL.replace("maml", algorithm);
        let text = resolved_toml(&read(&shared(&experiment)).experiments[0], 3);
        assert_eq!(text, minimal.replace("\"maml\"", &format!("\"{algorithm}\"")));
    }
    let first = read(&shared(super::MINIMAL)).experiments.remove(0);
    assert_eq!(first.training.order, Order::First);
    let text = resolved_toml(&first, 3);
    assert_eq!(text, minimal.replace("\"meta\"\n", "\"meta\"\norder = \"first\"\n"));
    let deep = read(&format!("{}model.layers = 3\n", super::MINIMAL)).experiments.remove(0);
    assert_eq!(resolved_toml(&deep, 3), minimal.replace("hidden = 40\n", "hidden = 40\nlayers = 3\n"));
    assert_round_trip(&deep);
}
