//! What a file means: built-in values, what overrides what, and the ways to write the same thing.

use super::{MINIMAL, read};
use crate::experiments::{Experiment, Mark, Published, parse_recorded, recorded_toml, resolved_toml};
use crate::learner::{Algorithm, Budget, OuterGradient};
use crate::model::{Activation, Precision};
use crate::task::families::sine::SineSettings;
use crate::task::{TaskSettings, TrainTasks};

fn own(task: &TaskSettings) -> SineSettings {
    SineSettings::new(&task.own)
}

#[test]
fn a_minimal_file_has_the_built_in_values() {
    let study = read(MINIMAL);
    assert_eq!((study.name.as_str(), &study.path), ("test", &None));
    let experiment = &study.experiments[0];
    assert_eq!((experiment.name.as_str(), experiment.algorithm), ("A", Algorithm(&crate::learner::Maml)));
    assert_eq!(experiment.seeds, [0, 1, 2, 3, 4]);
    assert_eq!(experiment.training.budget, Budget::Epochs(4));
    assert_eq!((experiment.training.meta_batch, experiment.training.inner_steps), (1, 1));
    assert_eq!((experiment.training.inner_lr, experiment.training.outer_lr), (0.01, 0.001));
    assert_eq!(experiment.training.outer_gradient, OuterGradient::Meta);
    assert_eq!(experiment.task.train_tasks, TrainTasks::Pool(10_000));
    assert_eq!((experiment.model.hidden, experiment.model.activation), (40, Activation::Relu));
    assert_eq!(experiment.model.precision, Precision::F32);
    assert_eq!((experiment.evaluation.inner_lr, experiment.evaluation.seed), (0.01, 0));
}

#[test]
fn an_experiment_overrides_the_shared_tables_key_by_key() {
    let study = read(
        "[defaults]\nseeds = [7, 3]\nouter_steps = 50\ninner_lr = 0.02\n\
         [task]\nshots = 5\nquery = 6\n[model]\nhidden = 64\n[evaluation]\nsteps = 3\ngrid = 9\n\
         [[experiment]]\nname = \"A\"\nalgorithm = \"maml\"\nepochs = 2\ntask = { shots = 20 }\n\
         [experiment.evaluation]\nsteps = 4\n\
         [[experiment]]\nname = \"B\"\nalgorithm = \"reptile\"\nseeds = 1\nmodel.activation = \"tanh\"\n",
    );
    let [a, b] = &study.experiments[..] else { panic!() };
    assert_eq!(
        (&a.seeds[..], a.training.budget, a.training.inner_lr),
        (&[7, 3][..], Budget::Epochs(2), 0.02)
    );
    assert_eq!((a.task.shots.most, a.task.query, a.model.hidden), (20, 6, 64));
    assert_eq!((a.evaluation.steps, a.evaluation.grid), (4, 9));
    assert_eq!((&b.seeds[..], b.training.budget, b.task.shots.most), (&[0][..], Budget::OuterSteps(50), 5));
    assert_eq!((b.model.hidden, b.model.activation, b.evaluation.steps), (64, Activation::Tanh, 3));
}

#[test]
fn an_experiment_counts_its_steps_as_it_likes() {
    let study = read(
        "[defaults]\nepochs = 2\n[task]\ntrain_tasks = \"fresh\"\n\
         [[experiment]]\nname = \"A\"\nalgorithm = \"maml\"\nouter_steps = 7\n",
    );
    assert_eq!(study.experiments[0].training.budget, Budget::OuterSteps(7));
    assert_eq!(study.experiments[0].total_steps(), 7);
}

#[test]
fn numbers_may_be_written_in_every_way_that_toml_has() {
    let study = read(
        "[[experiment]]\nname = \"A\"\nalgorithm = \"maml\"\ninner_lr = 1\nouter_lr = 1e-3\n\
         outer_steps = 1_000_000\nmeta_batch = 0x10\nseeds = [+1, 0b10, 0o17, 18446744073709551615, -0]\n\
         task = { x = [-5, 5], amplitude = [2, 2.0] }\n",
    );
    let experiment = &study.experiments[0];
    assert_eq!((experiment.training.inner_lr, experiment.training.outer_lr), (1.0, 0.001));
    assert_eq!(
        (experiment.training.budget, experiment.training.meta_batch),
        (Budget::OuterSteps(1_000_000), 16)
    );
    assert_eq!(experiment.seeds, [1, 2, 15, u64::MAX, 0]);
    assert_eq!((experiment.task.x, own(&experiment.task).amplitude), ([-5.0, 5.0], [2.0, 2.0]));
}

#[test]
fn tables_may_come_in_any_order_and_form() {
    let study = read(
        "experiment = [{ name = 'A', algorithm = 'maml' }, { name = 'B', algorithm = 'random' }]\n\
         task.shots = 3\nevaluation = { steps = 0 }\ndefaults.seeds = 2\n",
    );
    assert_eq!(study.experiments.len(), 2);
    assert!(study.experiments.iter().all(|e| e.task.shots.most == 3 && e.evaluation.steps == 0));
    assert!(study.experiments.iter().all(|e| e.seeds == [0, 1]));
}

#[test]
fn windows_line_ends_and_a_byte_order_mark_are_fine() {
    let text = format!("\u{feff}{}", MINIMAL.replace('\n', "\r\n"));
    assert_eq!(read(&text), read(MINIMAL));
}

#[test]
fn names_may_be_anything_that_can_be_shown() {
    for name in ["é 😀", "../../etc/passwd", "a/b", "\\", "'\"'", "CON", ".", "x".repeat(60).as_str()] {
        let quoted = toml::Value::from(name).to_string();
        let study = read(&format!("[[experiment]]\nname = {quoted}\nalgorithm = \"maml\"\n"));
        assert_eq!(study.experiments[0].name, name);
    }
    assert_eq!(read(&MINIMAL.replace("\"A\"", "\"  A \"")).experiments[0].name, "A");
}

#[test]
fn what_an_algorithm_ignores_may_be_shared() {
    let random = "[task]\ntrain_tasks = \"fresh\"\n[defaults]\nepochs = 3\nmeta_batch = 10000\ninner_steps = 1000\n\
                  [[experiment]]\nname = \"A\"\nalgorithm = \"random\"\n";
    assert_eq!(read(random).experiments[0].total_steps(), 0);
    let transfer = "[defaults]\ninner_steps = 1000\nouter_gradient = \"meta+inner\"\norder = \"first\"\n\
                    [[experiment]]\nname = \"A\"\nalgorithm = \"transfer\"\nmeta_batch = 500\n";
    assert_eq!(read(transfer).experiments[0].total_steps(), 80);
}

#[test]
fn the_largest_study_is_allowed() {
    let mut text = "[defaults]\nseeds = 10\n".to_owned();
    for i in 0..1_000 {
        text += &format!("[[experiment]]\nname = \"{i}\"\nalgorithm = \"random\"\n");
    }
    assert_eq!(read(&text).experiments.len(), 1_000);
    let long = "[defaults]\nepochs = 1000000\n[task]\ntrain_tasks = 1000000\n".to_owned() + MINIMAL;
    assert_eq!(read(&long).experiments[0].total_steps(), 1_000_000_000_000);
}

#[test]
fn a_familys_own_settings_are_shared_within_the_family() {
    let own = |text: &str| {
        let experiment = read(text).experiments.remove(0);
        let of = |name| {
            experiment.task.own.iter().find(|(key, _)| *key == name).map(|(_, value)| value.to_string())
        };
        (of("amplitude"), of("intercept"), experiment.task.shots.most)
    };
    let other = format!("[task]\namplitude = [1, 2]\nshots = 3\n{MINIMAL}task.family = \"sine-or-line\"\n");
    assert_eq!(own(&other), (Some("[0.1, 5.0]".into()), Some("[-3.0, 3.0]".into()), 3));
    let same = "[task]\nfamily = \"sine-or-line\"\namplitude = [1, 2]\n";
    let same = format!("{same}{MINIMAL}task.intercept = [0, 1]\n");
    assert_eq!(own(&same), (Some("[1.0, 2.0]".into()), Some("[0.0, 1.0]".into()), 10));
}

/// Two experiments, one with tasks and tests of its own; two further test sets and a figure.
const TESTED: &str = "[task]\nshots = 5\nnoise = 0.1\n[evaluation]\nsteps = 4\ninner_lr = 0.02\n\
    [[experiment]]\nname = \"A\"\nalgorithm = \"maml\"\n\
    [[experiment.published]]\nsource = \" Li et al. 2017 \"\ntest = \"far\"\nn = 6\nloss = 1\nmark = \"R\"\n\
    [[experiment.published]]\nsource = \"x\"\nn = 0\nloss = 0.5\nci95 = 0.05\n\
    [[experiment]]\nname = \"B\"\nalgorithm = \"maml\"\ntask = { shots = 7, phase = [0, 1] }\nevaluation.steps = 9\n\
    [[test]]\nname = \"far\"\nx = [5, 10]\nsteps = 6\nseed = 3\nnoise = 0\n\
    [[test]]\nname = \"20 shots\"\nshots = 20\n\
    [[test]]\nname = \"lines\"\nfamily = \"sine-or-line\"\n";

#[test]
fn a_test_set_is_laid_over_the_experiments_own_settings() {
    let study = read(TESTED);
    let [a, b] = &study.experiments[..] else { panic!() };
    for experiment in [a, b] {
        let names: Vec<_> = experiment.every_test().map(|test| test.name).collect();
        assert_eq!(names, [None, Some("far"), Some("20 shots"), Some("lines")]);
        let far = experiment.test(Some("far")).unwrap();
        assert_eq!((far.task.x, own(far.task).noise), ([5.0, 10.0], 0.0));
        assert_eq!(
            (far.task.shots.most, own(far.task).phase),
            (experiment.task.shots.most, own(&experiment.task).phase)
        );
        assert_eq!((far.evaluation.steps, far.evaluation.seed, far.evaluation.inner_lr), (6, 3, 0.02));
        let more = experiment.test(Some("20 shots")).unwrap();
        assert_eq!((more.task.shots.most, more.evaluation), (20, &experiment.evaluation));
        assert_eq!(more.task.own, experiment.task.own);
        // Another family has nothing of this one's but what all have.
        let lines = experiment.test(Some("lines")).unwrap();
        assert_eq!(
            (lines.task.family.name(), lines.task.shots.most),
            ("sine-or-line", experiment.task.shots.most)
        );
        assert_ne!(own(lines.task).noise, 0.1);
        assert_eq!(experiment.test(None).unwrap().task, &experiment.task);
        assert_eq!(experiment.test(Some("no")), None);
    }
    assert_eq!((a.task.shots.most, b.task.shots.most, b.evaluation.steps), (5, 7, 9));
    assert_ne!(a.tests[1].hash(), a.tests[0].hash());
    let hash = |text: &str| read(text).experiments[0].tests[1].hash();
    assert_eq!(hash(TESTED), hash(&TESTED.replace("seed = 3", "seed = 4")), "another set's");
    assert_ne!(hash(TESTED), hash(&TESTED.replace("shots = 20", "shots = 21")), "its own setting");
    assert_ne!(hash(TESTED), hash(&TESTED.replace("inner_lr = 0.02", "inner_lr = 0.03")), "a shared one");
}

#[test]
fn a_published_figure_says_where_it_is_from_and_what_it_is_of() {
    let study = read(TESTED);
    let figure = |source: &str, test: Option<&str>, n, loss, ci95, mark| Published {
        source: source.to_owned(),
        test: test.map(str::to_owned),
        n,
        loss,
        ci95,
        mark,
    };
    let expected = [
        figure("Li et al. 2017", Some("far"), 6, 1.0, None, Some(Mark::Recalled)),
        figure("x", None, 0, 0.5, Some(0.05), None),
    ];
    assert_eq!(study.experiments[0].published, expected);
    assert!(study.experiments[1].published.is_empty());
    // An accent of its own or with its letter: a test set is the same.
    let accents =
        TESTED.replace("test = \"far\"", "test = \"cafe\u{301}\"").replace("\"far\"", "\"caf\u{e9}\"");
    assert_eq!(read(&accents).experiments[0].published[0].test.as_deref(), Some("caf\u{e9}"));
}

#[test]
fn tests_and_figures_are_recorded_and_are_no_part_of_the_training() {
    let plain = TESTED.split_once("[[test]]").unwrap().0.replace("test = \"far\"\nn = 6", "n = 1");
    for (tested, plain) in read(TESTED).experiments.into_iter().zip(read(&plain).experiments) {
        assert_eq!(resolved_toml(&tested, 1), resolved_toml(&plain, 1));
        let text = recorded_toml(&tested, 1);
        let again = parse_recorded("x", None, &text).unwrap_or_else(|problems| panic!("{text}\n{problems}"));
        assert_eq!(again.experiments, [Experiment { seeds: vec![1], ..tested }], "{text}");
    }
    let minimal = &read(MINIMAL).experiments[0];
    assert_eq!(recorded_toml(minimal, 0), resolved_toml(minimal, 0));
}
