//! `sweep` in an experiment: what comes of it, and what is said of a bad one.

use super::{Bad, expect, read, refused};
use crate::config::Value;
use crate::experiments::{parse, parse_recorded, recorded_toml, resolved_toml};

const SWEEP: &str = "[defaults]\nouter_steps = 5\nseeds = 2\n[[experiment]]\nname = \"rate x shots\"\nalgorithm = \"maml\"\n\
    sweep = { inner_lr = [0.001, 0.010, 1], \"task.shots\" = [5, 10] }\n";

fn names(text: &str) -> Vec<String> {
    read(text).experiments.into_iter().map(|experiment| experiment.name).collect()
}

#[test]
fn every_combination_is_an_experiment() {
    let expected = [
        "rate x shots [inner_lr=0.001 shots=5]",
        "rate x shots [inner_lr=0.001 shots=10]",
        "rate x shots [inner_lr=0.01 shots=5]",
        "rate x shots [inner_lr=0.01 shots=10]",
        "rate x shots [inner_lr=1 shots=5]",
        "rate x shots [inner_lr=1 shots=10]",
    ];
    assert_eq!(names(SWEEP), expected);
    // However tables are written, in the order of the file.
    for other in [
        "sweep.inner_lr = [0.001, 0.01, 1]\nsweep.task.shots = [5, 10]\n",
        "[experiment.sweep]\ninner_lr = [0.001, 0.01, 1]\ntask.shots = [5, 10]\n",
        "[experiment.sweep]\ninner_lr = [0.001, 0.01, 1]\n[experiment.sweep.task]\nshots = [5, 10]\n",
    ] {
        let head = SWEEP.split("sweep = ").next().expect("a head");
        assert_eq!(names(&format!("{head}{other}")), expected, "{other}");
    }
}

#[test]
fn a_combination_is_what_somebody_would_have_written() {
    for cell in read(SWEEP).experiments {
        let of = cell.cell.clone().expect("it is of a sweep");
        assert_eq!((of.sweep.as_str(), of.name()), ("rate x shots", cell.name.clone()));
        assert_eq!(of.axes[1].value, Value::Count(cell.task.shots.most as u64));
        let plain = format!(
            "[defaults]\nouter_steps = 5\nseeds = 2\n[[experiment]]\nname = \"{}\"\nalgorithm = \"maml\"\n\
             inner_lr = {}\ntask = {{ shots = {} }}\n",
            cell.name, cell.training.inner_lr, cell.task.shots.most
        );
        let plain = read(&plain).experiments.remove(0);
        assert_eq!(resolved_toml(&plain, 0), resolved_toml(&cell, 0), "the folder is named after this");
        assert_eq!(crate::experiments::Experiment { cell: None, ..cell }, plain);
    }
}

#[test]
fn every_kind_of_setting_can_be_swept() {
    let text = "[[experiment]]\nname = \"S\"\nalgorithm = \"cavia\"\n[experiment.sweep]\nepochs = [1, 2]\n\
        context = [2, 4]\nouter_schedule = [\"cosine\"]\n\"task.train_tasks\" = [100]\n\
        \"task.x\" = [[-5, 5], [-1, 0.5]]\ntask.phase = [[0, 1]]\n\"model.hidden\" = [16]\n\"evaluation.steps\" = [3, 4]\n";
    let experiments = read(text).experiments;
    assert_eq!(experiments.len(), 16);
    let last = experiments.last().expect("sixteen");
    assert_eq!(
        last.name,
        "S [epochs=2 context=4 outer_schedule=cosine train_tasks=100 x=[-1,0.5] phase=[0,1] hidden=16 steps=4]"
    );
    for mut experiment in experiments {
        experiment.seeds.truncate(1);
        let text = recorded_toml(&experiment, experiment.seeds[0]);
        let again = parse_recorded("x", None, &text).unwrap_or_else(|problems| panic!("{text}\n{problems}"));
        assert_eq!(again.experiments, [experiment]);
    }
}

#[test]
fn what_defaults_say_otherwise_gives_way() {
    // Of two ways to say how long, the one that is swept.
    let text = SWEEP.replace("inner_lr = [0.001, 0.010, 1]", "epochs = [1, 2]");
    assert_eq!(names(&text)[0], "rate x shots [epochs=1 shots=5]");
    let two = SWEEP.replace("\"task.shots\" = [5, 10]", "\"evaluation.inner_lr\" = [0.1]");
    assert_eq!(names(&two)[0], "rate x shots [inner_lr=0.001 evaluation.inner_lr=0.1]");
}

/// What `sweep` is, and what is said of it at which column of line 4.
#[rustfmt::skip]
const BAD: &[Bad] = &[
    ("3", &[(4, 9, "`sweep` is `3`, but must be a table of lists, for example")]),
    ("{}", &[(4, 9, "no settings to go through")]),
    ("{ inner_lr = 0.1 }", &[(4, 22, "`inner_lr` is `0.1`, but must be a list of values, each a number above 0")]),
    ("{ inner_lr = [] }", &[(4, 22, "`inner_lr` has no values")]),
    ("{ inner_lr = [0.1, \"a\", -1] }", &[
        (4, 28, "`inner_lr` is `\"a\"`, but must be a number above 0"),
        (4, 33, "`inner_lr` is `-1`, but must be"),
    ]),
    ("{ inner_lr = [0.1, 0.10] }", &[(4, 28, "`0.10` stands in this list already")]),
    ("{ shots = [5] }", &[(4, 11, "unknown key `shots` in sweep; did you mean `task.shots`?")]),
    ("{ \"task.shot\" = [5] }", &[(4, 11, "did you mean `task.shots`?; allowed here: epochs")]),
    ("{ shots = [5], \"task.shots\" = [5] }", &[(4, 11, "did you mean `task.shots`?")]),
    ("{ task.shots = [5], \"task.shots\" = [5] }", &[(4, 29, "`task.shots` is an axis of this sweep already")]),
    ("{ epochs = [5], outer_steps = [5] }", &[(4, 25, "both `epochs` and `outer_steps` say the same")]),
    ("{ meta_batch = [5] }", &[(4, 11, "`meta_batch` is swept, and this [[experiment]] sets it")]),
    ("{ \"model.hidden\" = [16] }", &[(4, 11, "`model.hidden` is swept, and [experiment.model] sets it")]),
    ("{ outer_gradient = [\"meta\"] }", &[(4, 11, "`outer_gradient` is not used by reptile; what counts there")]),
    ("{ context = [3] }", &[(4, 11, "`context` is not used by reptile")]),
    ("{ seeds = [3] }", &[(4, 11, "`seeds` cannot be swept; every combination has the same seeds")]),
    ("{ algorithm = [\"maml\"] }", &[(4, 11, "`algorithm` cannot be swept")]),
    ("{ \"task.family\" = [\"sine\"] }", &[(4, 11, "`task.family` cannot be swept")]),
    ("{ task.slope = [[0, 1]] }", &[(4, 16, "unknown key `task.slope` in sweep")]),
    ("{ \"task.shots\" = [0] }", &[(4, 27, "`task.shots` is `0`, but must be a whole number from 1 to 10,000")]),
    ("{ \"task.x\" = [-5, 5] }", &[(4, 23, "`task.x` is `-5`"), (4, 27, "`task.x` is `5`, but must be two numbers, [low, high]")]),
    ("{ \"task.x\" = [[5, -5]] }", &[(4, 23, "with the low end first")]),
];

#[test]
fn a_bad_sweep_is_refused_where_it_is_bad() {
    for (sweep, problems) in BAD {
        let text = format!(
            "[[experiment]]\nname = \"S\"\nalgorithm = \"reptile\"\nsweep = {sweep}\nmeta_batch = 1\nmodel = {{ hidden = 40 }}\n"
        );
        expect(&text, problems);
    }
}

/// A sweep of so many rates and batches.
fn sized(rates: usize, batches: usize) -> String {
    let rates: Vec<String> = (1..=rates).map(|i| format!("{i}e-6")).collect();
    let batches: Vec<String> = (1..=batches).map(|i| i.to_string()).collect();
    format!("sweep = {{ inner_lr = [{}], meta_batch = [{}] }}\n", rates.join(", "), batches.join(", "))
}

#[test]
fn a_sweep_has_limits() {
    let head = "[[experiment]]\nname = \"S\"\nalgorithm = \"maml\"\n";
    assert_eq!(read(&format!("[defaults]\nseeds = 10\n{head}{}", sized(100, 10))).experiments.len(), 1_000);
    let more = format!("{head}{}", sized(100, 11));
    expect(
        &more,
        &[(4, 9, "1,100 combinations, and each is an experiment, but a study may have at most 1,000")],
    );
    let two =
        format!("{head}{}{}", sized(50, 10), format!("{head}{}", sized(50, 11)).replace("\"S\"", "\"T\""));
    expect(
        &two,
        &[(
            8,
            9,
            "550 combinations, and each is an experiment, but a study may have at most 1,000: 500 are left",
        )],
    );
    let runs = format!("[defaults]\nseeds = 11\n{head}{}", sized(100, 10));
    expect(&runs, &[(3, 1, "more than 10,000 runs")]);
    let long = format!("[[experiment]]\nname = \"{}\"\nalgorithm = \"maml\"\n", "n".repeat(60));
    let sweep = "sweep = { inner_lr = [0.001], outer_lr = [0.001], inner_steps = [1], meta_batch = [1], epochs = [3] }\n";
    expect(&format!("{long}{sweep}"), &[(4, 9, "128 characters, but may be at most 120")]);
}

#[test]
fn a_name_that_a_combination_has_is_taken() {
    let plain = "[[experiment]]\nname = \"rate x shots [inner_lr=0.001 shots=5]\"\nalgorithm = \"maml\"\n";
    let sweep = SWEEP.replace("[defaults]\nouter_steps = 5\nseeds = 2\n", "");
    let taken =
        "a combination is called `rate x shots [inner_lr=0.001 shots=5]`, as is an experiment on line 2";
    expect(&format!("{plain}{sweep}"), &[(7, 9, taken)]);
    let taken = "the name `rate x shots [inner_lr=0.001 shots=5]` is taken";
    expect(&format!("{sweep}{plain}"), &[(6, 8, taken)]);
}

#[test]
fn what_is_wrong_with_many_combinations_is_said_once() {
    let text = "[task]\ntrain_tasks = \"fresh\"\n[[experiment]]\nname = \"S\"\nalgorithm = \"maml\"\n\
        sweep = { epochs = [1, 2], \"task.shots\" = [5, 10, 20] }\n";
    expect(text, &[(6, 21, "a pass has no end")]);
}

#[test]
fn figures_are_of_one_experiment() {
    let text = format!("{SWEEP}[[experiment.published]]\nsource = \"x\"\nn = 1\nloss = 1.0\n");
    let problems = refused(&text);
    assert!(problems.to_string().contains("8:1: a published figure is about one experiment"), "{problems}");
}

#[test]
fn the_settings_of_a_run_say_which_sweep_it_is_of() {
    let cell = read(SWEEP).experiments.remove(2);
    let text = recorded_toml(&cell, 0);
    assert!(text.starts_with(&resolved_toml(&cell, 0)), "what names the folder is as without a sweep");
    assert!(
        text.ends_with(
            "[experiment.cell]\nsweep = \"rate x shots\"\naxes = [\"inner_lr\", \"task.shots\"]\n"
        ),
        "{text}"
    );
    // It is the program's word, and no person's.
    let problems = parse("x", None, &text).expect_err("a file that a person wrote");
    assert!(problems.to_string().contains("unknown key `cell`"), "{problems}");
    for (good, bad) in [
        ("\"inner_lr\"", "\"inner_rate\""),
        ("axes = [\"inner_lr\", \"task.shots\"]", "axes = []"),
        ("sweep = \"rate x shots\"", "sweep = 3"),
    ] {
        let broken = text.replace(good, bad);
        assert!(parse_recorded("x", None, &broken).is_err(), "{broken}");
    }
}
