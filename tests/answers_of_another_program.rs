//! Answers of another program to the frozen test tasks are tested as if they had been given here, and nothing in the file
//! that they are read from is believed unseen.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use crate::program::{Bench, events};
use metascope::eval::{Adapter, Fit, fits};
use metascope::experiments::{Experiment, load};
use metascope::learner::read_checkpoint;
use metascope::task::{TestTask, test_tasks};
use serde_json::Value;

/// A network of one inner step too few for its tasks, so that every n has another loss.
const STUDY: &str = r#"[defaults]
seeds = 2
outer_steps = 60

[task]
train_tasks = 20
shots = 5

[model]
hidden = 16

[evaluation]
test_tasks = 9
grid = 11
steps = 4
points = 7

[[test]]
name = "far"
phase = [1.0, 2.0]
steps = 2

[[experiment]]
name = "MAML"
algorithm = "maml"
inner_steps = 2
"#;

const EXTERNAL: &str =
    "\n[[experiment]]\nname = \"Mine\"\nalgorithm = \"external\"\npredictions = \"mine.csv\"\n";

/// What a trained network answers, as another program would write it: at every n and K of its curves.
fn answers(bench: &Bench) -> String {
    let study = load(&bench.path("study.toml")).expect("a good file");
    let settings = &study.experiments[0];
    let mut text = "test,seed,task,n,k,x,y\n".to_owned();
    for seed in &settings.seeds {
        let end = format!("/seed-{seed}/checkpoint.safetensors");
        let checkpoint = bench.names().into_iter().find(|name| name.ends_with(&end)).expect("it is trained");
        let weights = read_checkpoint(&bench.path(&checkpoint)).expect("a checkpoint").weights;
        for test in settings.every_test() {
            let weights = settings.tested(&weights, test);
            let name = test.name.unwrap_or_default();
            for (number, task) in test_tasks(test.task, test.evaluation).iter().enumerate() {
                let steps: Vec<usize> = (0..=test.evaluation.steps).collect();
                for Fit { n, y, .. } in fits(&weights, &task.support, &task.query, &steps) {
                    write(&mut text, &format!("{name},{seed},{number},{n},"), task, &y);
                }
                let mut adapter = Adapter::new(&weights);
                for k in 0..=test.evaluation.points.expect("it is on") {
                    adapter.take_task(&task.first_points(k), &task.query);
                    (0..if k > 0 { settings.training.inner_steps } else { 0 })
                        .for_each(|_| adapter.descend());
                    write(&mut text, &format!("{name},{seed},{number},,{k}"), task, &adapter.predict().0);
                }
            }
        }
    }
    text
}

fn write(text: &mut String, row: &str, task: &TestTask, y: &[f64]) {
    for (x, y) in task.query.x.iter().zip(y) {
        writeln!(text, "{row},{x},{y}").expect("text");
    }
}

/// Trained, answered and tested once more.
fn answered() -> Bench {
    let bench = Bench::with("study.toml", STUDY);
    bench.run(&["run", "study.toml"]).exits(0);
    bench.write("mine.csv", answers(&bench));
    bench.write("study.toml", format!("{STUDY}{EXTERNAL}"));
    bench
}

/// The curves that `run --json` prints, by experiment, seed and test set.
fn curves(stdout: &str) -> BTreeMap<(String, u64, String), Value> {
    let lines: Vec<Value> = stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let key = |event: &Value| {
        let text = |key: &str| event[key].as_str().unwrap_or_default().to_owned();
        (text("experiment"), event["seed"].as_u64().expect("a seed"), text("test"))
    };
    events(&lines, "evaluated").map(|event| (key(event), event.clone())).collect()
}

#[test]
fn a_networks_own_answers_have_its_losses() {
    let bench = answered();
    let said = bench.run(&["run", "study.toml", "--json"]).exits(0);
    let curves = curves(&said.stdout);
    assert_eq!(curves.len(), 8, "two systems, two seeds, two test sets");
    let mut held = 0;
    for ((name, seed, test), mine) in curves.iter().filter(|((name, ..), _)| name == "Mine") {
        let maml = &curves[&("MAML".to_owned(), *seed, test.clone())];
        for place in ["/mean", "/median", "/ci95", "/points/mean", "/points/median"] {
            let numbers = |of: &Value| of.pointer(place).and_then(Value::as_array).expect("a curve").clone();
            let (mine, maml) = (numbers(mine), numbers(maml));
            assert_eq!(mine.len(), maml.len());
            for (mine, maml) in mine.iter().zip(&maml) {
                let (mine, maml) = (mine.as_f64().expect("a loss"), maml.as_f64().expect("a loss"));
                assert!(
                    (mine - maml).abs() <= 1e-6 * maml.max(1.0),
                    "{name} {seed} {test} {place}: {mine}, {maml}"
                );
                held += 1;
            }
        }
        assert_eq!(mine["nonfinite"], maml["nonfinite"]);
    }
    assert!(held > 100, "only {held} losses were compared");
    // Nobody trained it, and everything that others read has it.
    assert!(said.stdout.contains(r#"{"event":"finished","experiment":"Mine","seed":1"#), "{}", said.stdout);
    for format in ["csv", "json", "svg", "latex", "markdown", "html", "tensorboard"] {
        let said = bench.run(&["export", "runs", "--format", format, "--out", &format!("exported.{format}")]);
        assert_eq!(said.code, Some(0), "{format}: {said:?}");
    }
    let page = bench.read("exported.html");
    assert!(page.contains("Mine") && !page.contains("NaN"), "the page has a fit of it too");
    for options in [&["--fit", "2", "--steps", "0,1"][..], &["--profile", "1"]] {
        let arguments = [&["export", "runs", "--format", "svg", "--out", "picture.svg"], options].concat();
        assert_eq!(bench.run(&arguments).code, Some(0), "{options:?}");
        assert!(bench.read("picture.svg").contains("Mine"), "{options:?}");
    }
}

#[test]
fn what_is_not_answered_is_null_and_no_task_is_lost_by_it() {
    let bench = answered();
    let all = fs::read_to_string(bench.path("mine.csv")).expect("there");
    // Only the answers after two steps on all points, without a word on n.
    let kept = all.lines().filter(|line| line.split(',').nth(3) == Some("2") && line.starts_with(','));
    let kept: Vec<String> = kept
        .map(|line| line.split(',').collect::<Vec<_>>())
        .map(|of| format!("{},{},{},{}", of[1], of[2], of[5], of[6]))
        .collect();
    bench.write("mine.csv", format!("seed,task,x,y\n{}\n", kept.join("\n")));
    let more = "[[experiment.published]]\nsource = \"x\"\nn = 0\nloss = 1.0\n\
                [[experiment]]\nname = \"Random\"\nalgorithm = \"random\"\n";
    bench.write("study.toml", format!("{STUDY}{EXTERNAL}{more}"));
    let said = bench.run(&["run", "study.toml", "--json"]).exits(0);
    let lines: Vec<Value> =
        said.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    // Nobody is ranked, or found to miss what was published, where he said nothing.
    for at in events(&lines, "comparison").filter(|at| at["test"].is_null()) {
        let (n, k) = (at["n"].as_u64(), at["k"].as_u64());
        let is_answered = n.is_some_and(|n| n > 0) || k == Some(5);
        let has = at["group"].as_array().is_some_and(|group| group.contains(&"Mine".into()));
        assert!(has == is_answered && at["over"] == "mean", "{at}");
    }
    assert_eq!(events(&lines, "verdict").count(), 0);
    let curves = curves(&said.stdout);
    let of = |name: &str, test: &str| &curves[&(name.to_owned(), 0, test.to_owned())];
    let (mine, maml) = (of("Mine", ""), of("MAML", ""));
    assert!(
        mine["mean"][0].is_null() && mine["median"][0].is_null(),
        "before adaptation nothing is answered"
    );
    for n in 1..=4 {
        let difference =
            mine["mean"][n].as_f64().expect("answered") - maml["mean"][2].as_f64().expect("a loss");
        assert!(difference.abs() < 1e-6, "after adaptation it is the same at every n");
    }
    assert_eq!(mine["nonfinite"], serde_json::json!([0.0, 0.0, 0.0, 0.0, 0.0]));
    let points = mine["points"]["mean"].as_array().expect("a points curve");
    let is_there = |(k, loss): (usize, &Value)| loss.is_null() == (k != 5);
    assert!(
        points.iter().enumerate().all(is_there),
        "adaptation to all five points is one of them: {points:?}"
    );
    let far = of("Mine", "far");
    assert!(far["mean"].as_array().expect("a curve").iter().all(Value::is_null));
    let said = bench.run(&["check", "study.toml"]).exits(0);
    assert!(
        said.stdout
            .contains("Mine: answers of seed 0, 1 are read from mine.csv: after adaptation; on far none"),
        "{}",
        said.stdout
    );
}

#[test]
fn another_seed_or_none_is_said() {
    let bench = answered();
    let refused = |bench: &Bench, arguments: &[&str]| bench.run(arguments).exits(2).stderr;
    let said = refused(&bench, &["run", "study.toml", "--seed", "7"]);
    assert!(
        said.contains("--seed 7: Mine is read from mine.csv, which has no answers of that seed"),
        "{said}"
    );
    bench.write("study.toml", format!("{}{EXTERNAL}", STUDY.replace("seeds = 2", "seeds = 3")));
    let said = refused(&bench, &["check", "study.toml"]);
    assert!(
        said.starts_with("study.toml:2:9: mine.csv has no answers of seed 2; it has seeds = [0, 1]"),
        "{said}"
    );
    // Whoever says nothing of seeds takes those that are there.
    bench.write("study.toml", format!("{}{EXTERNAL}", STUDY.replace("seeds = 2\n", "")));
    let said = bench.run(&["run", "study.toml", "--only", "Mine", "--json"]).exits(0);
    assert_eq!(curves(&said.stdout).len(), 4);
}

/// The folder of the run of seed 0 of the answers.
fn run_of(bench: &Bench) -> PathBuf {
    let name = bench
        .names()
        .into_iter()
        .find(|name| name.contains("/Mine-") && name.ends_with("seed-0/metrics.jsonl"));
    bench.path(&name.expect("it was tested")).parent().expect("a folder").to_owned()
}

#[test]
fn verify_reads_the_answers_again() {
    let bench = answered();
    bench.run(&["run", "study.toml"]).exits(0);
    let said = bench.run(&["verify", "runs"]).exits(0);
    assert!(said.stdout.contains("4 of 4 runs give the same bytes again"), "{}", said.stdout);
    // Found from elsewhere too: above the run's folder.
    let elsewhere = Bench::new();
    let runs = bench.path("runs").display().to_string();
    let said = elsewhere.run(&["verify", &runs]);
    assert_eq!(said.code, Some(0), "{}", said.stdout);
    // A result that was touched.
    let log = run_of(&bench).join("metrics.jsonl");
    let before = fs::read_to_string(&log).expect("there");
    fs::write(&log, before.replacen("\"mean\":[", "\"mean\":[1", 1)).expect("written");
    let said = bench.run(&["verify", "runs"]);
    assert!(said.code == Some(1) && said.stdout.contains("DAMAGED  Mine, seed 0"), "{}", said.stdout);
    fs::write(&log, before).expect("written");
    // Answers that were changed since are others: nobody says that they are the same.
    let answers = fs::read_to_string(bench.path("mine.csv")).expect("there");
    bench.write("mine.csv", format!("{answers}\n"));
    let said = bench.run(&["verify", "runs"]);
    assert!(
        said.code == Some(1) && said.stdout.contains("Mine, seed 0: mine.csv is not as it was read"),
        "{}",
        said.stdout
    );
    assert!(
        said.stdout.contains("2 of 2 runs give the same bytes again; 2 could not be compared"),
        "{}",
        said.stdout
    );
    // What was measured is still there to be read.
    for file in ["mine.csv", "study.toml"] {
        fs::remove_file(bench.path(file)).expect("removed");
    }
    let said = bench.run(&["export", "runs", "--format", "csv", "--out", "all.csv"]).exits(0);
    assert!(fs::read_to_string(bench.path("all.csv")).expect("there").contains("Mine"), "{}", said.stdout);
}

#[test]
fn changed_answers_are_another_run() {
    let bench = answered();
    bench.run(&["run", "study.toml"]).exits(0);
    let first = run_of(&bench);
    let answers = fs::read_to_string(bench.path("mine.csv")).expect("there");
    bench.write("mine.csv", format!("{answers}\n"));
    bench.run(&["run", "study.toml"]).exits(0);
    let folders = bench
        .names()
        .into_iter()
        .filter(|name| name.contains("/Mine-") && name.ends_with("seed-0/metrics.jsonl"));
    assert_eq!(folders.count(), 2, "beside {}", first.display());
    // Its digest may be asked for.
    let asked = EXTERNAL.to_owned() + &format!("predictions_sha256 = \"{}\"\n", "0".repeat(64));
    bench.write("study.toml", format!("{STUDY}{asked}"));
    let said = bench.run(&["check", "study.toml"]).exits(2);
    assert!(said.stderr.contains("mine.csv has another SHA-256"), "{}", said.stderr);
}

/// Two tasks, two points.
const SMALL: &str = "[task]\nshots = 1\n[evaluation]\ntest_tasks = 2\ngrid = 2\nsteps = 1\npoints = 1\n\
    [[experiment]]\nname = \"Mine\"\nalgorithm = \"external\"\npredictions = \"a.csv\"\n";
const GOOD: &str = "seed,task,x,y\n0,0,-5,1\n0,0,5,1\n0,1,-5,1\n0,1,5,1\n";

#[test]
fn whatever_is_wrong_in_the_file_has_its_place() {
    let with = |rows: &str| format!("{GOOD}{rows}\n").into_bytes();
    let without = |row: &str| GOOD.replacen(row, "", 1).into_bytes();
    let header = |header: &str| GOOD.replacen("seed,task,x,y", header, 1).into_bytes();
    let wide = |rows: &str| format!("seed,task,n,x,y,deviation,k\n{rows}\n").into_bytes();
    for (bytes, said) in [
        (
            b"".to_vec(),
            "a.csv:1:1: this file is empty: it needs a header, seed,task,[n],x,y,[deviation],[k],[test]",
        ),
        (b"seed,task,x,y\n".to_vec(), "a.csv:1:14: there is no row below the header"),
        (header("seed,task,x,z"), "a.csv:1:1: no column is called y"),
        (header("sed,task,x,y"), "a.csv:1:1: no column is called seed; this may be it"),
        (header("seed,task,x,y,x"), "a.csv:1:15: a second column x"),
        (with("0,2,-5,1"), "a.csv:6:3: task is 2, and the tasks are 0 to 1"),
        (with("0,-1,-5,1"), "a.csv:6:3: task is `-1`, which is no whole number"),
        (with("0,99999999999999999999,-5,1"), "a.csv:6:3: task is `99999999999999999999`"),
        (with("0,0,-4.9,1"), "a.csv:6:5: x is `-4.9`, and task 0 has no such query point; the nearest is -5"),
        (
            with("0,0,-5,2"),
            "a.csv:6:1: task 0 at x = -5, seed 0 has an answer in line 2: this is a second one",
        ),
        (with("0,0,-5,NaN"), "a.csv:6:8: y is `NaN`, which is no finite number"),
        (with("0,0,-5,inf"), "a.csv:6:8: y is `inf`"),
        (with("0,0,-5,"), "a.csv:6:8: y is empty"),
        (with("0,0,,1"), "a.csv:6:5: x is empty"),
        (with("0,0,-5"), "a.csv:6:5: this row has 3 values, and the header 4"),
        (with("zero,0,-5,1"), "a.csv:6:1: seed is `zero`"),
        (with("1,0,-5,1"), "a.csv:6:1: task 0, seed 1: there is no answer at x = 5"),
        (without("0,1,5,1\n"), "a.csv:4:1: task 1, seed 0: there is no answer at x = 5"),
        (without("0,1,-5,1\n0,1,5,1\n"), "a.csv:3:1: seed 0: there is no answer for task 1"),
        (without("0,0,-5,1\n0,0,5,1\n"), "a.csv:3:1: seed 0: there is no answer for task 0"),
        (wide("0,0,x,-5,1,,"), "a.csv:2:5: n is `x`"),
        (wide("0,0,9,-5,1,,"), "a.csv:2:13: no row is about what the test asks for"),
        (wide("0,0,,-5,1,,9"), "a.csv:2:13: no row is about what the test asks for"),
        (wide("0,0,,-5,1,-1,"), "a.csv:2:11: deviation is `-1`: a standard deviation is above 0"),
        (wide("0,0,,-5,1,0.5,\n0,0,,5,1,,"), "a.csv:3:10: deviation is ``, and rows before it have one"),
        (wide("0,0,1,-5,1,,"), "a.csv:2:1: task 0, seed 0, n = 1: there is no answer at x = 5"),
        (wide("0,0,,-5,1,,1"), "a.csv:2:1: task 0, seed 0, k = 1: there is no answer at x = 5"),
        (
            b"test,seed,task,x,y\nfar,0,0,-5,1\n".to_vec(),
            "a.csv:2:1: test is `far`, and no [[test]] is called so",
        ),
        (
            b"seed;task;x;y\n0;0;-5,0;1,5\n0;0;5.0;1,5\n".to_vec(),
            "a.csv:3:5: x is `5.0`, and numbers before it have decimal commas",
        ),
        (with("0,0,-5,\x1b[2J"), "a.csv:6:8: y is `\\u{1b}[2J`, which is no finite number"),
        (b"seed,task,x,y\n0,0,-5,\xff\n".to_vec(), "a.csv:2:8: byte 0xff is not UTF-8"),
        (b"\xff\xfes\0e\0e\0d\0".to_vec(), "a.csv:1:1: this looks like UTF-16"),
        (with("\"0,0,-5,1"), "a.csv:6:1: a quotation mark opens here"),
    ] {
        let bench = Bench::with("a.toml", SMALL);
        fs::write(bench.path("a.csv"), &bytes).expect("written");
        for arguments in [&["check", "a.toml"][..], &["run", "a.toml"], &["a.toml"]] {
            let found = bench.run(arguments).exits(2);
            // Of what is wrong at one place any may be first.
            assert!(found.stderr.lines().any(|line| line.starts_with(said)), "{said}\n{}", found.stderr);
            assert_eq!(found.stdout, "");
        }
        assert_eq!(bench.names(), ["a.csv", "a.toml"], "something was written");
    }
    for bytes in [
        GOOD.as_bytes().to_vec(),
        format!("\u{feff}{}", GOOD.replace('\n', "\r\n")).into_bytes(),
        GOOD.replace(',', ";").replace("-5;1", "-5,0;1,0").into_bytes(),
        b"k,seed,y,task,x,note\n,0,1,1,5,\"a, b\"\n,0,1,1,-5.0000000001,\n,0,1,0,5,\n,0,1,0,-5,\n".to_vec(),
    ] {
        let bench = Bench::with("a.toml", SMALL);
        fs::write(bench.path("a.csv"), &bytes).expect("written");
        bench.run(&["check", "a.toml"]).exits(0);
    }
}

#[test]
fn what_is_no_file_is_not_waited_for() {
    let bench = Bench::with("a.toml", SMALL);
    let said = |bench: &Bench| bench.run(&["check", "a.toml"]).exits(2).stderr;
    assert!(said(&bench).starts_with("a.toml:11:15: a.csv cannot be read: No such file"), "{}", said(&bench));
    let csv = bench.path("a.csv");
    fs::create_dir(&csv).expect("made");
    assert!(said(&bench).contains("a.csv cannot be read: it is a directory"), "{}", said(&bench));
    fs::remove_dir(&csv).expect("removed");
    std::os::unix::fs::symlink("/dev/zero", &csv).expect("linked");
    assert!(said(&bench).contains("a.csv cannot be read: it is a device"), "{}", said(&bench));
    fs::remove_file(&csv).expect("removed");
    rustix::fs::mkfifoat(rustix::fs::CWD, &csv, rustix::fs::Mode::RUSR).expect("a pipe");
    assert!(said(&bench).contains("a pipe that nothing comes from"), "{}", said(&bench));
    let none = SMALL.replace("predictions = \"a.csv\"\n", "");
    bench.write("a.toml", none);
    assert!(
        said(&bench).starts_with("a.toml:10:13: answers of another program need a file"),
        "{}",
        said(&bench)
    );
    // A million problems are told in few lines.
    let bench = Bench::with("a.toml", SMALL);
    bench.write("a.csv", format!("{GOOD}{}", "0,0,-5,1\n".repeat(100_000)));
    let told = said(&bench);
    assert!(told.lines().count() <= 110 && told.contains("more problems"), "{}", told.lines().count());
}

#[test]
fn tasks_for_other_programs_have_the_points_that_the_points_curve_adds() {
    let bench = Bench::with("study.toml", STUDY);
    let said = bench.run(&["tasks", "study.toml"]).exits(0);
    let file: Value = serde_json::from_str(&said.stdout).expect("JSON");
    let study = load(&bench.path("study.toml")).expect("a good file");
    let Experiment { task, evaluation, .. } = &study.experiments[0];
    for (told, drawn) in file["tasks"].as_array().expect("tasks").iter().zip(test_tasks(task, evaluation)) {
        let numbers = |key: &str| -> Vec<f64> {
            told[key]
                .as_array()
                .expect("numbers")
                .iter()
                .map(|number| number.as_f64().expect("a number"))
                .collect()
        };
        let points = drawn.first_points(7);
        assert_eq!([numbers("support_x"), numbers("further_x")].concat(), points.x);
        assert_eq!([numbers("support_y"), numbers("further_y")].concat(), points.y);
        assert_eq!(numbers("support_x").len(), 5);
    }
    // They are read as before: by the points of the test alone.
    bench.run(&["run", "study.toml", "--seed", "0"]).exits(0);
    bench.write("tasks.json", &said.stdout);
    let checkpoint =
        bench.names().into_iter().find(|name| name.ends_with("checkpoint.safetensors")).expect("trained");
    bench.run(&["eval", &checkpoint, "--tasks", "tasks.json"]).exits(0);
}
