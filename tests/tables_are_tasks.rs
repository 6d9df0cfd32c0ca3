//! A CSV file of one's own is a family like any other: it trains, is tested in its own units, resumes, is watched from
//! elsewhere, verified and exported; a file that has changed is noticed, and one that is wrong trains nothing.

use std::fs;

use crate::program::Bench;
use serde_json::Value;

/// Lines in units far from 1: x in thousands, y around a million.
fn csv(tasks: usize) -> String {
    let mut text = "task,x (mg),\"y (count, per ml)\"\n".to_owned();
    for task in 0..tasks {
        let points = if task == 3 { 3 } else { 9 };
        for i in 0..points {
            let y = 1_000_000 + 1_000 * task + 20_000 * (i * task % 7);
            text += &format!("subject {task},{},{y}\n", 5_000 + 250 * i);
        }
    }
    text
}

const HEAD: &str = "[defaults]\nseeds = 2\nouter_steps = 30\nmeta_batch = 3\n[task]\nfamily = \"table\"\nfile = \"own.csv\"\n\
    shots = 4\ntest_share = 0.3\ntrain_tasks = 20\n[evaluation]\nsteps = 3\npoints = 5\n";

fn bench() -> Bench {
    let study = crate::program::with_every_learner(HEAD)
        .replace("algorithm = \"external\"", "algorithm = \"random\"");
    let bench = Bench::with("study.toml", study);
    bench.write("own.csv", csv(12));
    bench
}

fn events(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[test]
fn every_learner_trains_on_a_table_and_is_tested_in_its_units() {
    let bench = bench();
    let check = bench.run(&["check", "study.toml"]).exits(0).stdout;
    assert!(check.contains("own.csv: 102 points of 12 tasks, 8 to train on and 4 to test on"), "{check}");
    assert!(check.contains("Left out: 1 of"), "{check}");
    let said = bench.run(&["run", "study.toml", "--json"]).exits(0).stdout;
    let tested: Vec<Value> =
        events(&said).into_iter().filter(|event| event["event"] == "evaluated").collect();
    assert!(tested.len() >= 2 * 10, "{}", tested.len());
    for event in &tested {
        let mean = event["mean"][0].as_f64().unwrap_or(f64::NAN);
        // In counts per ml, squared: not what a network sees, which is about 1.
        assert!(mean.is_nan() || mean > 1e6, "{event}");
        assert!(event["tasks"].as_u64().is_some_and(|tasks| (3..=4).contains(&tasks)), "{event}");
        assert_eq!(event["points"]["k"].as_array().map(Vec::len), Some(6));
    }
    assert!(!said.contains("\"floor\""), "nobody knows where they come from");
    // The same bits again, and from what is kept here alone.
    bench.run(&["verify", "runs/study"]).exits(0);
    bench.run(&["run", "study.toml", "--json"]).exits(0);

    let tasks = bench.run(&["tasks", "study.toml"]).exits(0).stdout;
    let tasks: Value = serde_json::from_str(&tasks).expect("JSON");
    let first = &tasks["tasks"][0];
    assert_eq!(first["support_x"].as_array().map(Vec::len), Some(4));
    assert!(first["query_y"].as_array().expect("a list").iter().all(|y| y.as_f64() > Some(9e5)), "{first}");
    bench.write("tasks.json", tasks.to_string());
    let checkpoint =
        bench.names().into_iter().find(|name| name.contains("maml-") && name.ends_with(".safetensors"));
    let checkpoint = checkpoint.expect("one is there");
    let eval = bench.run(&["eval", &checkpoint, "--tasks", "tasks.json", "--steps", "0,3"]).exits(0).stdout;
    assert!(eval.contains("e+") || eval.chars().filter(char::is_ascii_digit).count() > 12, "{eval}");
    let svg = bench.run(&["export", "runs/study", "--format", "svg", "--fit", "1"]).exits(0).stdout;
    for label in ["mg", "count, per ml", "points asked for", "Test task 1, task subject"] {
        assert!(svg.contains(label), "{label}");
    }
}

#[test]
fn whoever_looks_on_from_elsewhere_has_the_table_and_a_changed_one_is_noticed() {
    let bench =
        Bench::with("study.toml", format!("{HEAD}[[experiment]]\nname = \"A\"\nalgorithm = \"maml\"\n"));
    bench.write("own.csv", csv(12));
    bench.run(&["run", "study.toml"]).exits(0);
    let kept: Vec<String> = bench.names().into_iter().filter(|name| name.contains("/table-")).collect();
    assert_eq!(kept.len(), 1, "once a study: {kept:?}");
    assert_eq!(fs::read(bench.path(&kept[0])).expect("a file"), csv(12).as_bytes());

    // Elsewhere, without the file that was trained on.
    fs::create_dir(bench.path("elsewhere")).expect("made");
    fs::rename(bench.path("runs"), bench.path("elsewhere/moved")).expect("moved");
    fs::remove_file(bench.path("own.csv")).expect("removed");
    let shown = bench.run(&["export", "elsewhere/moved/study", "--format", "csv"]).exits(0).stdout;
    assert!(shown.lines().count() > 2, "{shown}");
    bench.run(&["verify", "elsewhere/moved/study"]).exits(0);
    fs::rename(bench.path("elsewhere/moved"), bench.path("runs")).expect("moved back");
    let gone = bench.run(&["run", "study.toml"]).exits(2).stderr;
    assert!(gone.contains("study.toml:7:8: own.csv cannot be read"), "{gone}");

    // Other contents: other runs, and it is said; the old ones stay.
    bench.write("own.csv", csv(13));
    let said = bench.run(&["run", "study.toml"]).exits(0).stderr;
    assert!(said.contains("own.csv has changed since runs of A were made"), "{said}");
    assert_eq!(said.matches("has changed").count(), 1, "once an experiment: {said}");
    let folders = bench.names().into_iter().filter(|name| name.ends_with("seed-0/settings.toml")).count();
    assert_eq!(folders, 2, "{:?}", bench.names());
    // As it was: the first runs are found again, and nothing is trained.
    bench.write("own.csv", csv(12));
    let again = bench.run(&["run", "study.toml"]).exits(0).stderr;
    assert!(!again.contains("has changed"), "{again}");

    // What is kept and was changed is not believed.
    fs::write(bench.path(&kept[0]), csv(13)).expect("written");
    let doubted = bench.run(&["export", "runs/study", "--format", "csv"]);
    assert!(doubted.stderr.contains("own.csv cannot be read as it was: table-"), "{}", doubted.stderr);
    bench.run(&["run", "study.toml"]).exits(0);
    assert_eq!(fs::read(bench.path(&kept[0])).expect("a file"), csv(12).as_bytes(), "and made good");
}

#[test]
fn a_wrong_table_trains_nothing_and_every_problem_has_its_place() {
    let bench =
        Bench::with("study.toml", format!("{HEAD}[[experiment]]\nname = \"A\"\nalgorithm = \"maml\"\n"));
    bench.write("own.csv", "task,x,y\na,1,2\nb,x,\nc,1,NaN\n");
    for command in ["run", "check"] {
        let said = bench.run(&[command, "study.toml"]).exits(2).stderr;
        for place in ["own.csv:3:3: x is `x`", "own.csv:3:5: y is empty", "own.csv:4:5: y is `NaN`"] {
            assert!(said.contains(place), "{place}: {said}");
        }
    }
    assert!(bench.names().iter().all(|name| !name.starts_with("runs")), "{:?}", bench.names());
    bench.write("own.csv", csv(12));
    let with = |more: &str| {
        bench
            .write("study.toml", format!("{HEAD}{more}[[experiment]]\nname = \"A\"\nalgorithm = \"maml\"\n"));
        bench.run(&["check", "study.toml"]).exits(2).stderr
    };
    let few = with("[[test]]\nname = \"many\"\nshots = 9\n");
    assert!(few.contains("no test task of own.csv has more than 9 points"), "{few}");
    let leak = with("[[test]]\nname = \"other\"\nsplit_seed = 1\n");
    assert!(leak.contains("would test on tasks that are trained on"), "{leak}");
    let text = HEAD.replace("shots = 4", "shots = 4\nx = [0, 1]");
    bench.write("study.toml", format!("{text}[[experiment]]\nname = \"A\"\nalgorithm = \"maml\"\n"));
    let said = bench.run(&["check", "study.toml"]).exits(2).stderr;
    assert!(said.contains("study.toml:9:5: the range of x is that of the table"), "{said}");
    // No file at all, and what is none.
    for (file, what) in [("none.csv", "cannot be read"), ("/dev/zero", "a device"), (".", "directory")] {
        let text = HEAD.replace("own.csv", file);
        bench.write("study.toml", format!("{text}[[experiment]]\nname = \"A\"\nalgorithm = \"maml\"\n"));
        let said = bench.run(&["check", "study.toml"]).exits(2).stderr;
        assert!(said.contains(what) && said.contains("study.toml:7:8"), "{said}");
    }
}

#[test]
fn the_preset_brings_its_table() {
    let bench = Bench::new();
    bench.run(&["init", "--preset", "table"]).exits(0);
    let check = bench.run(&["check"]).exits(0).stdout;
    assert!(check.contains("898 points of 60 tasks, 45 to train on and 15 to test on"), "{check}");
    // What is there already is left alone, and said.
    fs::remove_file(bench.path("experiments.toml")).expect("removed");
    bench.write("growth.csv", "task,x,y\n");
    let said = bench.run(&["init", "--preset", "table"]).exits(0).stderr;
    assert!(said.contains("growth.csv is another one and is left as it is"), "{said}");
}
