//! `metascope analyse` against files that NumPy and JAX made, two routes without a common line of formulas, of eight
//! networks that this program trained: relu, 1-40-40-1, 64 bits. `reference/analysis/golden.safetensors` has the first two
//! tasks in detail (units of the first alone) and of gradients all but the hidden weight's; what is over tasks is over 200.

use std::fs;
use std::path::Path;

use crate::program::Bench;
use safetensors::SafeTensors;
use serde_json::{Value, json};

const GOLDEN: &[u8] = include_bytes!("reference/analysis/golden.safetensors");

/// Networks, the tasks that they were analysed on, and how many steps.
const CHECKPOINTS: [(&str, &str, &str, &str); 8] = [
    ("maml", "tasks", "1,10", "5"),
    ("first-order-maml", "tasks", "1,10", "5"),
    ("transfer", "tasks", "1,10", "5"),
    ("reptile", "tasks", "1,10", "5"),
    ("meta-sgd", "tasks-half-turn", "1,2", "2"),
    ("meta-curvature", "tasks-half-turn", "1,2", "2"),
    ("anil", "tasks-half-turn", "1,10", "5"),
    ("cavia", "tasks-half-turn", "1,10", "5"),
];

fn values(file: &SafeTensors<'_>, name: &str) -> Vec<f64> {
    let tensor = file.tensor(name).unwrap_or_else(|error| panic!("{name}: {error}"));
    tensor.data().as_chunks().0.iter().map(|&bytes| f64::from_le_bytes(bytes)).collect()
}

fn tasks(golden: &SafeTensors<'_>, name: &str, count: usize) -> Value {
    let [amplitude, phase, support] =
        ["amplitude", "phase", "support_x"].map(|what| values(golden, &format!("{name}.{what}")));
    let grid: Vec<f64> = (0..50).map(|i| -5.0 + 10.0 * f64::from(i) / 49.0).collect();
    let task = |i: usize| {
        let x = &support[10 * i..10 * i + 10];
        json!({ "amplitude": amplitude[i], "phase": phase[i], "support_x": x, "query_x": grid })
    };
    json!({ "tasks": (0..count).map(task).collect::<Vec<_>>() })
}

fn checkpoint(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/analysis");
    fs::read(folder.join(format!("{name}.safetensors"))).expect("a file of the repository")
}

/// The largest difference in units of the largest entry; what is no number has to be none.
fn gap(found: &[f64], expected: &[f64], unit: &[f64], what: &str) -> f64 {
    assert_eq!(found.len(), expected.len(), "{what}");
    let largest = unit.iter().filter(|x| !x.is_nan()).fold(1e-300_f64, |most, x| most.max(x.abs()));
    let pairs = found.iter().zip(expected).map(|(found, expected)| {
        assert_eq!(found.is_nan(), expected.is_nan(), "{what}: {found} for {expected}");
        if found.is_nan() { 0.0 } else { (found - expected).abs() / largest }
    });
    pairs.fold(0.0, f64::max)
}

/// In halves, which the machine's cores share.
#[test]
fn every_quantity_agrees_with_the_reference() {
    agree(&CHECKPOINTS[..4]);
}

#[test]
fn every_quantity_of_more_learners_agrees_with_the_reference() {
    agree(&CHECKPOINTS[4..]);
}

fn agree(checkpoints: &[(&str, &str, &str, &str)]) {
    let golden = SafeTensors::deserialize(GOLDEN).expect("the reference file is whole");
    let bench = Bench::with("tasks.json", tasks(&golden, "tasks", 200).to_string());
    bench.write("tasks-half-turn.json", tasks(&golden, "tasks-half-turn", 200).to_string());
    for (name, tasks, steps, plane_steps) in checkpoints {
        bench.write("c.safetensors", checkpoint(name));
        let tasks = format!("{tasks}.json");
        let arguments =
            ["analyse", "c.safetensors", "--tasks", &tasks, "--out", "a.safetensors", "--steps", steps];
        bench.run(&[&arguments[..], &["--plane-steps", plane_steps]].concat()).exits(0);
        let bytes = fs::read(bench.path("a.safetensors")).expect("it is written");
        let found = SafeTensors::deserialize(&bytes).expect("a whole file");
        let prefix = format!("{name}.");
        let names = golden.names().into_iter().filter_map(|full| full.strip_prefix(prefix.as_str()));
        let spread = values(&golden, &format!("{name}.rates.spread"));
        let mut compared = 0;
        for quantity in names.filter(|quantity| *quantity != "rates.spread") {
            let full = format!("{name}.{quantity}");
            let shapes = [&found, &golden].map(|file| {
                let tensor =
                    file.tensor(if file.names().contains(&full.as_str()) { &full } else { quantity });
                tensor.unwrap_or_else(|error| panic!("{full}: {error}")).shape().to_vec()
            });
            assert_eq!(shapes[0], shapes[1], "{full}");
            let (found, expected) = (values(&found, quantity), values(&golden, &full));
            compared += 1;
            if quantity.starts_with("rates.") {
                // When a task overflows depends on the implementation where the two routes differ.
                for (place, (found, expected)) in found.iter().zip(&expected).enumerate() {
                    if spread[place] < 1e-8 {
                        let off = (found - expected).abs() / expected.abs().max(1e-300);
                        assert!(found == expected || off < 1e-7, "{full}, {place}: {found} for {expected}");
                    } else {
                        assert!(quantity != "rates.nonfinite" || *found > 0.0, "{full}, {place}");
                    }
                }
                continue;
            }
            let unit = match quantity.strip_suffix("bend") {
                Some(task) if expected.len() == 50 => values(&golden, &format!("{name}.{task}change")),
                _ => expected.clone(),
            };
            let gap = gap(&found, &expected, &unit, &full);
            assert!(gap <= 1e-10, "{full}: off by {gap:e} of the largest entry");
        }
        assert!(compared >= 50, "{name}: only {compared} quantities");
    }
}

#[test]
fn json_has_the_same_numbers_and_words_what_they_say() {
    let golden = SafeTensors::deserialize(GOLDEN).expect("the reference file is whole");
    let bench = Bench::with("tasks.json", tasks(&golden, "tasks", 4).to_string());
    bench.write("c.safetensors", checkpoint("maml"));
    let arguments = ["analyse", "c.safetensors", "--tasks", "tasks.json", "--steps", "2,0,2"];
    let report = bench.run(&[&arguments[..], &["--out", "a.safetensors", "--json"]].concat()).exits(0).json();
    let bytes = fs::read(bench.path("a.safetensors")).expect("it is written");
    let file = SafeTensors::deserialize(&bytes).expect("a whole file");
    let report = report.as_object().expect("one object");
    assert_eq!(report.len(), file.names().len());
    fn flat(value: &Value, to: &mut Vec<Option<f64>>) {
        match value.as_array() {
            Some(values) => values.iter().for_each(|value| flat(value, to)),
            None => to.push(value.as_f64()),
        }
    }
    for (name, value) in report {
        let mut found = Vec::new();
        flat(value, &mut found);
        let expected = values(&file, name);
        let expected: Vec<Option<f64>> = expected.into_iter().map(|x| x.is_finite().then_some(x)).collect();
        assert_eq!(found, expected, "{name}");
    }
    assert!(report.contains_key("task2.units2.after0") && !report.contains_key("task3.change"));
    assert!(!report.contains_key("task0.units1.after1"), "only what was asked for");
    let text = bench.run(&arguments).exits(0).stdout;
    for words in ["alignment of the rule 0.604", "4 31 of 40", "the head alone", "0.010 for n=1"] {
        assert!(text.contains(words), "{words}: {text}");
    }
}

#[test]
fn the_tasks_of_a_run_are_its_studys() {
    let study = "[defaults]\nseeds = 2\nouter_steps = 20\n[task]\nphase = [0.2, 1.0]\nx = [-2.0, 4.0]\n\
                 [[experiment]]\nname = \"MAML\"\nalgorithm = \"maml\"\n";
    let bench = Bench::with("experiments.toml", study);
    bench.run(&["run"]).exits(0);
    let golden = SafeTensors::deserialize(GOLDEN).expect("the reference file is whole");
    bench.write("tasks.json", tasks(&golden, "tasks", 3).to_string());
    let folder = fs::read_dir(bench.path("runs/experiments")).expect("the study's folder");
    let experiment = folder.filter_map(Result::ok).map(|entry| entry.path()).find(|path| path.is_dir());
    let experiment = experiment.expect("the experiment's folder");
    let run = experiment.join("seed-0");
    let file = run.join("checkpoint.safetensors");
    fs::copy(&file, bench.path("elsewhere.safetensors")).expect("room on the disk");
    let of = |path: &str| bench.run(&["analyse", path, "--tasks", "tasks.json", "--json"]).exits(0).json();
    let by_folder = of(run.to_str().expect("its name"));
    assert_eq!(by_folder, of(file.to_str().expect("its name")));
    assert_eq!((by_folder["grid"][0].as_f64(), by_folder["grid"][49].as_f64()), (Some(-2.0), Some(4.0)));
    let elsewhere = of("elsewhere.safetensors");
    assert_eq!(elsewhere["grid"][0].as_f64(), Some(-5.0));
    assert_ne!(elsewhere["alignment"], by_folder["alignment"]);
    let text = bench.run(&["analyse", "elsewhere.safetensors", "--tasks", "tasks.json"]).exits(0).stdout;
    assert!(text.contains("the default, since the checkpoint names none"), "{text}");
    // Of several runs one has to be named.
    let several = bench.run(&["analyse", experiment.to_str().expect("its name"), "--tasks", "tasks.json"]);
    several.exits(2).says("2 runs").says("seed-0");
}

#[test]
fn what_cannot_be_taken_apart_is_said_with_what_can() {
    let study = "[defaults]\nseeds = 1\nouter_steps = 20\n\
                 [[experiment]]\nname = \"R\"\nalgorithm = \"ridge-head\"\n";
    let bench = Bench::with("experiments.toml", study);
    bench.run(&["run"]).exits(0);
    let golden = SafeTensors::deserialize(GOLDEN).expect("the reference file is whole");
    bench.write("tasks.json", tasks(&golden, "tasks", 1).to_string());
    bench.write("c.safetensors", checkpoint("maml"));
    bench
        .run(&["analyse", "runs", "--tasks", "tasks.json"])
        .exits(2)
        .says("takes no gradient steps")
        .says("maml");
    bench.run(&["analyse", "nowhere", "--tasks", "tasks.json"]).exits(1).says("nowhere");
    bench.run(&["analyse", "c.safetensors", "--tasks", "nowhere.json"]).exits(1).says("nowhere.json");
    bench.run(&["analyse", "c.safetensors"]).exits(2).says("--tasks");
    let out = ["analyse", "c.safetensors", "--tasks", "tasks.json", "--out", "no/such/place"];
    bench.run(&out).exits(1).says("no/such/place");
    // One task spans no plane, and is no reason to fail.
    let report = bench.run(&["analyse", "c.safetensors", "--tasks", "tasks.json", "--json"]).exits(0).json();
    assert!(report.get("plane.unit").is_none() && report.get("alignment").is_some());
    let many = tasks(&golden, "tasks", 1)["tasks"][0].clone();
    bench.write("many.json", json!({ "tasks": vec![many; 1_001] }).to_string());
    bench.run(&["analyse", "c.safetensors", "--tasks", "many.json"]).exits(2).says("many.json: tasks: 1001");
}
