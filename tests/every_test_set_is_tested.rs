//! A run is tested on every test set of the file and held against the figures of its experiment, and none of
//! that ever trains it again.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use crate::program::{Bench, events, numbers, wait};
use serde_json::Value;

/// Two further test sets and three figures, of which one is far too low, one far too high, and one is for a
/// system that cannot have it in one seed.
const STUDY: &str = r#"[defaults]
seeds = 3
outer_steps = 60

[task]
train_tasks = 20

[model]
hidden = 16

[evaluation]
test_tasks = 70
grid = 7
steps = 3

[[experiment]]
name = "MAML"
algorithm = "maml"

[[experiment.published]]
source = "too low, \"p. 1\""
test = "more"
n = 2
loss = 0.001
mark = "V"

[[experiment.published]]
source = "too high"
n = 3
loss = 1000.0
ci95 = 0.5

[[experiment]]
name = "Reptile"
algorithm = "reptile"
seeds = 1

[[experiment.published]]
source = "of one seed"
test = "far"
n = 0
loss = 1.0

[[test]]
name = "more"
shots = 20
seed = 7

[[test]]
name = "far"
x = [5.0, 10.0]
test_tasks = 9
steps = 5
"#;

/// Everything a run's training has left, by path: what no test set may change.
fn trained(bench: &Bench) -> BTreeMap<String, Vec<u8>> {
    let mut files = bench.outcome();
    files.retain(|name, _| name.ends_with("checkpoint.safetensors") || name.ends_with("snapshots.bin"));
    assert!(!files.is_empty());
    files
}

/// Without clocks: of each run and test set the `evaluated` events, as many as there are.
fn evaluated(lines: &[Value]) -> BTreeMap<(String, u64, Option<String>), Vec<String>> {
    let mut found = BTreeMap::<_, Vec<String>>::new();
    for event in events(lines, "evaluated") {
        let text = |key: &str| event[key].as_str().map(str::to_owned);
        let seed = event["seed"].as_u64().expect("a seed");
        let key = (text("experiment").expect("a name"), seed, text("test"));
        found.entry(key).or_default().push(event.to_string());
    }
    found
}

/// The verdicts in the order of the file; they are told in that in which experiments end.
fn verdicts(lines: &[Value]) -> Vec<&Value> {
    let mut found: Vec<&Value> = events(lines, "verdict").collect();
    let place = |event: &&Value| {
        let source = format!("source = {}", event["source"]);
        STUDY.find(&source).unwrap_or_else(|| panic!("{source}"))
    };
    found.sort_by_key(place);
    found
}

#[test]
fn events_tell_of_every_test_set_and_of_every_verdict() {
    let bench = Bench::with("study.toml", STUDY);
    let lines = bench.run(&["run", "study.toml", "--json"]).exits(0).json_lines();
    let found = evaluated(&lines);
    assert_eq!(found.len(), 4 * 3);
    assert!(found.values().all(|events| events.len() == 1));
    for event in events(&lines, "evaluated") {
        let (steps, tasks) = if event["test"] == "far" { (6, 9) } else { (4, 70) };
        assert_eq!(
            (numbers(&event["steps"]).len(), event["tasks"].as_u64()),
            (steps, Some(tasks)),
            "{event}"
        );
        assert_eq!(event.get("test").is_some(), event.get("test_hash").is_some());
    }
    let sums: Vec<_> =
        events(&lines, "summary").map(|event| (event["experiment"].clone(), event["test"].clone())).collect();
    assert_eq!(sums.len(), 2 * 3, "{sums:?}");
    // The same statistics, worked out a second time from the events of the seeds.
    let of = |test: &str, n: usize| -> Vec<f64> {
        let is_it = |event: &&Value| event["experiment"] == "MAML" && event["test"] == *test;
        events(&lines, "evaluated").filter(is_it).map(|event| numbers(&event["mean"])[n]).collect()
    };
    let means = of("more", 2);
    let mean = means.iter().sum::<f64>() / 3.0;
    let std = (means.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 2.0).sqrt();
    let verdicts = verdicts(&lines);
    let [low, high, one] = verdicts[..] else { panic!("{verdicts:?}") };
    assert!((low["measured"].as_f64().unwrap() - mean).abs() < 1e-12);
    assert!((low["ci95"].as_f64().unwrap() - 4.3027 * std / 3f64.sqrt()).abs() < 1e-3 * std);
    assert_eq!(
        (low["verdict"].as_str(), low["test"].as_str(), low["n"].as_u64()),
        (Some("misses"), Some("more"), Some(2))
    );
    assert_eq!((low["source"].as_str(), low["mark"].as_str()), (Some("too low, \"p. 1\""), Some("V")));
    assert_eq!(
        (high["verdict"].as_str(), high.get("test"), high["seeds"].as_u64()),
        (Some("beats"), None, Some(3))
    );
    assert_eq!(
        (one["verdict"].as_str(), &one["ci95"], one["test"].as_str()),
        (Some("cannot tell"), &Value::Null, Some("far"))
    );
    // Each after the summary of its test set.
    let place = |event: &Value| lines.iter().position(|line| line == event).expect("it is one of them");
    for verdict in verdicts {
        let is_its = |event: &&Value| {
            event["experiment"] == verdict["experiment"] && event.get("test") == verdict.get("test")
        };
        let summary = events(&lines, "summary").find(is_its).expect("its summary");
        assert!(place(summary) < place(verdict));
    }
    // And the same again from what is kept.
    let again = bench.run(&["run", "study.toml", "--json"]).exits(0).json_lines();
    assert_eq!(evaluated(&again), found);
    assert_eq!(self::verdicts(&again), self::verdicts(&lines));
}

#[test]
fn tables_and_check_name_every_test_set() {
    let bench = Bench::with("study.toml", STUDY);
    let said = bench.run(&["check", "study.toml"]).exits(0).stdout;
    assert!(said.contains("3 test sets: test, more, far") && said.contains("3 published figures"), "{said}");
    let said = bench.run(&["run", "study.toml"]).exits(0).stdout;
    for block in ["[test] Test loss", "[more] Test loss", "[far] Test loss", "Published figures"] {
        assert!(said.contains(block), "{block}: {said}");
    }
    let row = |name: &str| {
        said.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{name}: {said}"))
    };
    assert!(row("MAML, more, n=2").contains("misses") && row("MAML, more").contains("V too low"));
    assert!(row("MAML, n=3").contains("beats") && row("MAML, n=3").contains("0.50"), "{said}");
    assert!(row("Reptile, far, n=0").contains("cannot tell: one seed, no interval"));
}

#[test]
fn test_sets_come_and_go_without_any_training() {
    let bench = Bench::with("study.toml", STUDY);
    let first = bench.run(&["run", "study.toml", "--json"]).exits(0).json_lines();
    let (before, files) = (evaluated(&first), trained(&bench));
    let without = STUDY.split_once("[[test]]").expect("test sets").0;
    let without = without.replace("test = \"more\"\n", "").replace("test = \"far\"\n", "");
    bench.write("study.toml", &without);
    let lines = bench.run(&["run", "study.toml", "--json"]).exits(0).json_lines();
    assert_eq!(
        evaluated(&lines).keys().map(|key| key.2.clone()).collect::<Vec<_>>(),
        [const { None::<String> }; 4]
    );
    assert_eq!((trained(&bench), events(&lines, "finished").count()), (files.clone(), 4));
    // A hundredth of the training's log is new; the rest is as it was.
    let log = |bench: &Bench| -> BTreeMap<String, String> {
        let logs = bench.names().into_iter().filter(|name| name.ends_with(".jsonl"));
        logs.map(|name| (name.clone(), bench.read(&name))).collect()
    };
    let old = log(&bench);
    // They are known still, and another one is tested, whose figure waits for nothing else.
    let other =
        STUDY.replace("shots = 20", "shots = 5") + "\n[[test]]\nname = \"third\"\nfrequency = [0.8, 1.2]\n";
    bench.write("study.toml", &other);
    let lines = bench.run(&["run", "study.toml", "--json"]).exits(0).json_lines();
    let now = evaluated(&lines);
    assert_eq!((now.len(), events(&lines, "finished").count()), (4 * 4, 4));
    for (key, events) in &now {
        assert_eq!(events.len(), 1, "{key:?}");
        match key.2.as_deref() {
            None | Some("far") => assert_eq!(events, &before[key], "it was known"),
            Some("more") => assert_ne!(events, &before[key], "it is another one"),
            _ => assert!(!before.contains_key(key)),
        }
    }
    assert_eq!(trained(&bench), files);
    for (name, text) in log(&bench) {
        let added = text.strip_prefix(&old[&name]).expect("a log only grows");
        let added: Vec<Value> = added.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        let kinds: Vec<_> =
            added.iter().map(|event| (event["event"].as_str(), event["test"].as_str())).collect();
        let evaluated = Some("evaluated");
        assert_eq!(kinds, [(evaluated, Some("more")), (evaluated, Some("third")), (Some("finished"), None)]);
    }
    // One that fresh processes add is the one that an unbroken study has, to the bit.
    let alone = Bench::with("study.toml", &other);
    let lines = alone.run(&["run", "study.toml", "--json"]).exits(0).json_lines();
    assert_eq!(evaluated(&lines), now);
    assert_eq!(trained(&alone), files);
}

#[test]
fn exports_have_every_test_set_and_the_verdicts() {
    let bench = Bench::with("study.toml", STUDY);
    let lines = bench.run(&["run", "study.toml", "--json"]).exits(0).json_lines();
    let text = bench.run(&["export", "runs", "--format", "csv"]).exits(0).stdout;
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    assert_eq!(reader.headers().expect("a header").iter().next_back(), Some("test"));
    let rows: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>().expect("rows");
    assert_eq!(rows.len(), 4 * (4 + 4 + 6));
    for event in events(&lines, "evaluated") {
        let (seed, test) = (event["seed"].to_string(), event["test"].as_str().unwrap_or_default());
        let is_its = |row: &&csv::StringRecord| {
            row[0] == *event["experiment"].as_str().unwrap() && row[2] == seed && row[9] == *test
        };
        let means: Vec<f64> = rows.iter().filter(is_its).map(|row| row[4].parse().unwrap()).collect();
        assert_eq!(means, numbers(&event["mean"]));
    }
    // Of a study without further test sets the columns are what they were.
    let plain = Bench::with("study.toml", STUDY.split_once("[[experiment.published]]").expect("figures").0);
    plain.run(&["run", "study.toml"]).exits(0);
    let text = plain.run(&["export", "runs", "--format", "csv"]).exits(0).stdout;
    assert!(text.starts_with("experiment,algorithm,seed,n,mean,median,ci95,nonfinite,tasks\n"), "{text}");
    plain.run(&["export", "runs", "--format", "csv", "--verdicts"]).exits(1).says("no published figures");

    let json = bench.run(&["export", "runs", "--format", "json"]).exits(0).stdout;
    let json: Value = serde_json::from_str(&json).expect("JSON");
    let verdicts = verdicts(&lines);
    assert_eq!(json["verdicts"].as_array().expect("a list").iter().collect::<Vec<_>>(), verdicts);
    assert!(json["runs"][0]["tests"]["far"]["mean"].is_array(), "{}", json["runs"][0]);
    assert_eq!(json["runs"][0]["settings"]["tests"][0]["name"], "more");
    let text = bench.run(&["export", "runs", "--format", "csv", "--verdicts"]).exits(0).stdout;
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let rows: Vec<BTreeMap<String, String>> = reader.deserialize().collect::<Result<_, _>>().expect("rows");
    assert_eq!(rows.len(), 3);
    for (row, verdict) in rows.iter().zip(verdicts) {
        for key in ["experiment", "test", "source", "verdict", "mark"] {
            assert_eq!(row[key], verdict[key].as_str().unwrap_or_default());
        }
        for key in ["measured", "ci95", "published"] {
            assert_eq!(row[key].parse().ok(), verdict[key].as_f64(), "{key}");
        }
    }
    let of = |test: &str| bench.run(&["export", "runs", "--format", "svg", "--test", test]);
    assert!(of("far").exits(0).stdout.contains("[far] Test loss"));
    bench.run(&["export", "runs", "--format", "json", "--verdicts"]).exits(2).says("need --format csv");
    bench.run(&["export", "runs", "--format", "csv", "--test", "far"]).exits(2).says("needs --format svg");
    of("fat").exits(2).says("no run here has such a further test set; there are: more, far");
    let fit =
        bench.run(&["export", "runs", "--format", "svg", "--test", "far", "--fit", "9"]).exits(0).stdout;
    assert!(fit.contains("[far] Test task 9") && fit.contains(">10<"), "its range of x ends at 10");
}

#[test]
fn a_network_is_tested_by_the_kernels_that_trained_it() {
    let by = |bench: &Bench, kernel: &str| {
        let mut command = bench.command(&["run", "study.toml", "--json"]);
        crate::program::Said::of(command.env("METASCOPE_KERNEL", kernel)).exits(0).json_lines()
    };
    let alone = Bench::with("study.toml", STUDY);
    let expected = evaluated(&by(&alone, "portable"));
    let bench = Bench::with("study.toml", STUDY.replace("shots = 20", "shots = 19"));
    by(&bench, "portable");
    bench.write("study.toml", STUDY);
    // Whatever is the fastest here: one more set, and it is as if it had been there from the start.
    let lines = bench.run(&["run", "study.toml", "--json"]).exits(0).json_lines();
    assert_eq!(evaluated(&lines), expected);
    // And so is a third one, after the second process has written the run's files.
    let other = STUDY.replace("shots = 20", "shots = 21");
    alone.write("study.toml", &other);
    bench.write("study.toml", &other);
    let lines = bench.run(&["run", "study.toml", "--json"]).exits(0).json_lines();
    assert_eq!(evaluated(&lines), evaluated(&by(&alone, "portable")));
}

#[cfg(target_os = "linux")]
#[test]
fn killed_while_it_is_evaluated_it_ends_with_the_same_bytes() {
    // Long enough to be evaluated for about a second.
    let long = STUDY.replace("test_tasks = 70", "test_tasks = 6000").replace("steps = 3", "steps = 60");
    let plain = |study: &str| {
        let study = study.split_once("[[test]]").expect("test sets").0;
        study.replace("test = \"more\"\n", "").replace("test = \"far\"\n", "")
    };
    let alone = Bench::with("study.toml", &long);
    alone.run(&["run", "study.toml"]).exits(0);
    let expected = alone.outcome();
    for trained_before in [false, true] {
        let bench = Bench::with("study.toml", plain(&long));
        if trained_before {
            bench.run(&["run", "study.toml"]).exits(0);
        }
        bench.write("study.toml", &long);
        let mut kills = 0;
        for wait in [60, 150, 250, 400] {
            let mut run = bench.start_saving(&["run", "study.toml", "--jobs", "1"]);
            std::thread::sleep(Duration::from_millis(wait));
            kills += usize::from(!run.has_ended());
            run.kill();
        }
        assert!(kills > 0, "it was over before it could be killed");
        bench.run(&["run", "study.toml"]).exits(0);
        let mut found = bench.outcome();
        if trained_before {
            // Its log has one `finished` more, between the first test set and the others.
            for (name, bytes) in &mut found {
                if name.ends_with(".jsonl") {
                    let text = String::from_utf8(bytes.clone()).expect("UTF-8");
                    let lines: Vec<&str> = text.lines().collect();
                    let at =
                        lines.iter().position(|line| line.contains("\"finished\"")).expect("it finished");
                    let kept: Vec<&str> =
                        lines.iter().enumerate().filter(|(i, _)| *i != at).map(|(_, line)| *line).collect();
                    *bytes = kept.join("\n").into_bytes();
                }
            }
        }
        crate::program::assert_same(&found, &expected, "after being killed");
    }
}

#[test]
fn whoever_looks_on_learns_of_another_test_set() {
    let bench = Bench::with("study.toml", STUDY.replace("outer_steps = 60", "outer_steps = 400"));
    bench.run(&["run", "study.toml"]).exits(0);
    let watcher = metascope::study::Watcher::open(&[bench.path("runs")]).expect("runs").1;
    let told = |watcher: &metascope::study::Watcher| -> Vec<(usize, metascope::study::Event)> {
        std::iter::from_fn(|| watcher.try_event()).collect()
    };
    let of = |events: &[(usize, metascope::study::Event)], name: &str| {
        let is_of_it =
            |event: &metascope::study::Event| event.to_json().contains(&format!("\"test\":\"{name}\""));
        events.iter().filter(|(_, event)| is_of_it(event)).count()
    };
    let events = told(&watcher);
    assert_eq!((of(&events, "more"), of(&events, "third")), (4, 0));
    let text = fs::read_to_string(bench.path("study.toml")).expect("it was written");
    // Without the first one, whose results are still in the logs.
    let text = text.replace("test = \"more\"\n", "").replace("name = \"more\"", "name = \"third\"");
    bench.write("study.toml", &text);
    bench.run(&["run", "study.toml"]).exits(0);
    let mut found = None;
    wait("it is found", || {
        found = watcher.found();
        found.is_some()
    });
    let found = found.expect("just found");
    let tests: Vec<_> = found.study.experiments[0].tests.iter().map(|test| test.name.as_str()).collect();
    assert_eq!((tests, found.numbers.clone()), (vec!["third", "far"], vec![0, 1, 2, 3]));
    let events = told(&watcher);
    assert_eq!((of(&events, "more"), of(&events, "third"), of(&events, "far")), (0, 4, 4));
}
