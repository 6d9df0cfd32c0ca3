//! Scripts and other people's tools are built on the commands: their exit codes, the JSON they print,
//! the files they leave. So every command is run here as a script would, and held to its contract.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use crate::program::{Bench, Said, TINY, binary, events, experiments, numbers, tiny};
use metascope::experiments::presets;
use rustix::process::Signal;
use safetensors::{Dtype, SafeTensors};
use serde_json::{Value, json};

const GOLDEN: &[u8] = include_bytes!("reference/golden.safetensors");
const GOLDEN_TASKS: &str = include_str!("reference/golden_tasks.json");
const NAMES: [&str; 6] =
    ["hidden1.weight", "hidden1.bias", "hidden2.weight", "hidden2.bias", "out.weight", "out.bias"];

/// A study whose second experiment would take hours.
const ENDLESS: &str = r#"[defaults]
seeds = 1
[task]
train_tasks = 20
[evaluation]
test_tasks = 10
steps = 3
[[experiment]]
name = "Short"
algorithm = "transfer"
outer_steps = 10
[[experiment]]
name = "Endless"
algorithm = "maml"
outer_steps = 100000000000
"#;

fn keys(object: &Value) -> BTreeSet<&str> {
    object.as_object().expect("an object").keys().map(String::as_str).collect()
}

/// The fields of each event, as documented.
fn fields(event: &str) -> BTreeSet<&'static str> {
    let fields: &[&str] = match event {
        "started" => &["total_steps"],
        "progress" => &["step", "loss", "steps_per_second"],
        "evaluated" => &["steps", "mean", "median", "ci95", "nonfinite", "tasks"],
        "finished" => &["seconds", "checkpoint"],
        "failed" => &["step", "error"],
        "summary" => {
            return ["event", "experiment", "seeds", "steps", "mean", "seed_std", "nonfinite"].into();
        }
        "comparison" => return ["event", "n", "group", "lowest", "over", "others"].into(),
        other => panic!("there is no event {other:?}"),
    };
    fields.iter().copied().chain(["event", "experiment", "seed"]).collect()
}

#[test]
fn run_prints_the_events_of_the_contract_and_nothing_else() {
    let study = tiny();
    let systems = experiments(&study).len();
    let bench = Bench::with("experiments.toml", &study);
    let said = bench.run(&["run", "--json"]).exits(0);
    assert_eq!(said.stderr, "", "nothing went wrong, so there is nothing to say");
    let lines = said.json_lines();
    let mut per_run: BTreeMap<(String, u64), Vec<&Value>> = BTreeMap::new();
    for (line, text) in lines.iter().zip(said.stdout.lines()) {
        let event = line["event"].as_str().expect("every line names its event");
        assert!(text.starts_with(&format!("{{\"event\":\"{event}\",")), "the event comes first: {text}");
        assert_eq!(keys(line), fields(event), "{text}");
        if event == "comparison" {
            continue;
        }
        let experiment = line["experiment"].as_str().expect("a name").to_owned();
        if event != "summary" {
            per_run.entry((experiment, line["seed"].as_u64().expect("a seed"))).or_default().push(line);
        }
    }
    assert_eq!(per_run.len(), 2 * systems, "two seeds");
    for ((experiment, seed), events) in &per_run {
        let names: Vec<_> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
        let progress = names.iter().filter(|&&name| name == "progress").count();
        let mut expected = vec!["started"];
        expected.extend(std::iter::repeat_n("progress", progress));
        expected.extend(["evaluated", "finished"]);
        assert_eq!(names, expected, "{experiment}, seed {seed}");

        let total = events[0]["total_steps"].as_u64().unwrap();
        assert_eq!(total, if experiment == "Random" { 0 } else { 40 });
        let steps: Vec<_> =
            events[1..=progress].iter().map(|event| event["step"].as_u64().unwrap()).collect();
        assert!(steps.is_sorted_by(|a, b| a < b), "{steps:?}");
        assert_eq!(steps.last().copied().unwrap_or(0), total);

        let curve = events[progress + 1];
        assert_eq!(curve["steps"], json!([0, 1, 2, 3]));
        assert_eq!(curve["tasks"], 10);
        assert_eq!(curve["nonfinite"], json!([0.0, 0.0, 0.0, 0.0]));
        for field in ["mean", "median", "ci95"] {
            let values = numbers(&curve[field]);
            assert!(values.len() == 4 && values.iter().all(|&value| value > 0.0), "{field}: {values:?}");
        }
        let checkpoint = events[progress + 2]["checkpoint"].as_str().unwrap();
        assert!(bench.path(checkpoint).is_file(), "{checkpoint}");
        assert!(events[progress + 2]["seconds"].as_f64().unwrap() >= 0.0);
    }

    let summaries: Vec<_> = events(&lines, "summary").collect();
    assert_eq!(summaries.len(), systems, "one an experiment");
    for summary in summaries {
        let curves: Vec<_> = events(&lines, "evaluated")
            .filter(|event| event["experiment"] == summary["experiment"])
            .map(|event| numbers(&event["mean"]))
            .collect();
        assert_eq!((&summary["seeds"], &summary["steps"]), (&json!(2), &json!([0, 1, 2, 3])));
        for (n, (a, b)) in curves[0].iter().zip(&curves[1]).enumerate() {
            let (mean, deviation) = (f64::midpoint(*a, *b), (a - b).abs() / 2_f64.sqrt());
            assert!((numbers(&summary["mean"])[n] - mean).abs() < 1e-12 * mean);
            assert!((numbers(&summary["seed_std"])[n] - deviation).abs() < 1e-9);
        }
        // It comes when everything it sums up is known.
        let at = lines.iter().position(|line| line == summary).unwrap();
        let of_mine = |line: &&Value| line["experiment"] == summary["experiment"];
        assert_eq!(lines[at..].iter().filter(of_mine).count(), 1, "nothing follows an experiment's summary");
    }
}

/// What is told of the systems' differences, worked out a second time from the events of the seeds.
#[test]
fn comparisons_follow_the_summaries_and_are_exported() {
    let bench = Bench::with("experiments.toml", tiny());
    let lines = bench.run(&["run", "--json"]).exits(0).json_lines();
    let first = lines.iter().position(|line| line["event"] == "comparison").expect("a comparison");
    assert!(lines[first..].iter().all(|line| line["event"] == "comparison"), "they come last");
    let losses = |name: &Value, n: usize| -> Vec<f64> {
        let mut seeds: Vec<&Value> =
            events(&lines, "evaluated").filter(|event| event["experiment"] == *name).collect();
        seeds.sort_by_key(|event| event["seed"].as_u64());
        seeds.iter().map(|event| numbers(&event["mean"])[n]).collect()
    };
    let systems = experiments(&tiny()).len();
    // Student's t of one degree of freedom, at 1 - .05 / (m - 1).
    let t = 1.0 / (std::f64::consts::FRAC_PI_2 * 0.05 / (systems - 1) as f64).tan();
    let mut told = Vec::new();
    for (n, line) in lines[first..].iter().enumerate() {
        assert_eq!((line["n"].as_u64(), &line["over"]), (Some(n as u64), &json!("mean")), "{line}");
        assert_eq!(line["group"].as_array().expect("a list").len(), systems);
        let mean = |losses: &[f64]| losses.iter().sum::<f64>() / losses.len() as f64;
        let lowest = losses(&line["lowest"], n);
        for other in line["others"].as_array().expect("a list") {
            assert_eq!(keys(other), ["experiment", "difference", "ci95", "seeds", "verdict"].into());
            let differences: Vec<f64> =
                losses(&other["experiment"], n).iter().zip(&lowest).map(|(a, b)| a - b).collect();
            let half = t * (differences[0] - differences[1]).abs() / 2.0;
            let found = numbers(&other["ci95"]);
            let difference = other["difference"].as_f64().expect("a number");
            assert!(difference >= 0.0 && (difference - mean(&differences)).abs() < 1e-12);
            assert!(((found[1] - found[0]) / 2.0 - half).abs() < 1e-6 * half, "{other}: {half}");
            assert_eq!(other["seeds"], "paired");
            assert_eq!(other["verdict"], if found[0] > 0.0 { "higher" } else { "cannot tell" });
            told.push((line["n"].to_string(), other.clone()));
        }
    }
    let text = bench.run(&["export", "runs", "--format", "csv", "--comparisons"]).exits(0).stdout;
    let rows: Vec<_> = text.lines().collect();
    assert_eq!(rows[0], "test,n,group,over,lowest,experiment,difference,ci95_low,ci95_high,seeds,verdict");
    assert_eq!(rows.len() - 1, told.len());
    for (row, (n, other)) in rows[1..].iter().zip(&told) {
        assert!(row.starts_with(&format!(",{n},1,mean,\"")), "{row}");
        let [low, high] = [0, 1].map(|end| other["ci95"][end].as_f64().expect("a number"));
        let end = format!(
            "{},{},{low},{high},paired,{}",
            other["experiment"],
            other["difference"].as_f64().expect("a number"),
            other["verdict"].as_str().expect("a word")
        );
        assert!(row.ends_with(&end), "{row}: {end}");
    }
    let json = bench.run(&["export", "runs", "--format", "json"]).exits(0).stdout;
    let json: Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["comparisons"].as_array().map(Vec::as_slice), Some(&lines[first..]));
    bench.run(&["export", "runs", "--format", "json", "--comparisons"]).exits(2).says("need --format csv");
}

#[test]
fn only_and_seed_choose_runs() {
    let bench = Bench::with("study.toml", TINY);
    let runs = |arguments: &[&str]| -> Vec<(String, u64)> {
        let lines = bench.run(&[&["run", "study.toml", "--json", "--no-save"], arguments].concat()).exits(0);
        let mut runs: Vec<_> = events(&lines.json_lines(), "started")
            .map(|event| (event["experiment"].as_str().unwrap().to_owned(), event["seed"].as_u64().unwrap()))
            .collect();
        runs.sort();
        runs
    };
    let pairs = |pairs: &[(&str, u64)]| -> Vec<_> {
        pairs.iter().map(|(name, seed)| ((*name).to_owned(), *seed)).collect()
    };
    assert_eq!(runs(&["--only", "MAML"]), pairs(&[("MAML", 0), ("MAML", 1)]));
    assert_eq!(runs(&["--only", "MAML", "--seed", "7"]), pairs(&[("MAML", 7)]));
    assert_eq!(
        runs(&["--only", "Reptile", "--only", "MAML", "--seed", "18446744073709551615", "--seed", "3"]),
        pairs(&[("MAML", 3), ("MAML", u64::MAX), ("Reptile", 3), ("Reptile", u64::MAX)])
    );
    let said = bench.run(&["run", "study.toml", "--only", "maml"]).exits(2);
    assert!(
        said.stderr.contains("\"maml\"") && said.stderr.contains("\"First-order MAML\""),
        "{}",
        said.stderr
    );
    assert_eq!(bench.names(), ["study.toml"], "nothing was asked to be kept");
}

/// Names and shapes of a network of width 40 that reads its points, and of two blocks where it has some; `None` of
/// learners that adapt.
fn tensors_of_a_reader(algorithm: &str) -> Option<BTreeMap<String, Vec<usize>>> {
    let layers: &[(&str, usize, usize)] = match algorithm {
        "cnp" => &[
            ("encoder.0", 40, 2),
            ("encoder.1", 40, 40),
            ("encoder.2", 40, 40),
            ("decoder.0", 40, 41),
            ("decoder.1", 40, 40),
            ("decoder.2", 1, 40),
        ],
        "transformer" => &[
            ("embedding.0", 40, 3),
            ("embedding.1", 40, 40),
            ("block.0.qkv", 120, 40),
            ("block.0.out", 40, 40),
            ("block.0.mlp.0", 80, 40),
            ("block.0.mlp.1", 40, 80),
            ("block.1.qkv", 120, 40),
            ("block.1.out", 40, 40),
            ("block.1.mlp.0", 80, 40),
            ("block.1.mlp.1", 40, 80),
            ("readout.0", 40, 40),
            ("readout.1", 1, 40),
        ],
        "metafun" => &[
            ("feature.0", 40, 1),
            ("feature.1", 40, 40),
            ("update.0", 40, 42),
            ("update.1", 40, 40),
            ("update.2", 40, 40),
            ("decoder.0", 40, 41),
            ("decoder.1", 40, 40),
            ("decoder.2", 1, 40),
        ],
        _ => return None,
    };
    let own: &[(&str, usize)] = match algorithm {
        "cnp" => &[("prior", 40)],
        "metafun" => &[("prior", 40), ("alpha", 1), ("log_scale", 1)],
        _ => &[],
    };
    let weights = layers.iter().map(|&(name, out, into)| (format!("{name}.weight"), vec![out, into]));
    let biases = layers.iter().map(|&(name, out, _)| (format!("{name}.bias"), vec![out]));
    let own = own.iter().map(|&(name, count)| (name.to_owned(), vec![count]));
    Some(weights.chain(biases).chain(own).collect())
}

#[test]
fn out_holds_a_folder_a_run_with_its_settings_log_and_checkpoint() {
    let study = tiny();
    let runs = 2 * experiments(&study).len();
    let bench = Bench::with("my study.toml", &study);
    let said = bench.run(&["run", "my study.toml", "--json", "--jobs", "2", "--out", "deep/er"]).exits(0);
    let lines = said.json_lines();
    let mut seen = BTreeSet::new();
    for finished in events(&lines, "finished") {
        let checkpoint = finished["checkpoint"].as_str().unwrap();
        let parts: Vec<_> = checkpoint.split('/').collect();
        let [deep, er, study, experiment, seed, file] = parts[..] else { panic!("{checkpoint}") };
        assert_eq!((deep, er, study, file), ("deep", "er", "my-study", "checkpoint.safetensors"));
        assert_eq!(seed, format!("seed-{}", finished["seed"]));
        let (name, hash) = experiment.rsplit_once('-').unwrap();
        assert_eq!(name, finished["experiment"].as_str().unwrap().replace(' ', "-"));
        assert!(hash.len() == 12 && hash.chars().all(|c| c.is_ascii_hexdigit()), "{experiment}");
        let folder = checkpoint.strip_suffix("/checkpoint.safetensors").unwrap();
        seen.insert(folder.to_owned());

        // The settings are an experiments file of their own, for this run alone.
        bench.run(&["check", &format!("{folder}/settings.toml")]).exits(0);
        let settings = bench.read(&format!("{folder}/settings.toml"));
        assert!(settings.contains(&format!("seeds = [{}]", finished["seed"])), "{settings}");

        // The log is what was printed for this run.
        let log = bench.read(&format!("{folder}/metrics.jsonl"));
        let mine = |line: &&str| {
            let event: Value = serde_json::from_str(line).unwrap();
            event["experiment"] == finished["experiment"] && event["seed"] == finished["seed"]
        };
        let printed: Vec<_> = said.stdout.lines().filter(mine).collect();
        assert_eq!(log.lines().collect::<Vec<_>>(), printed);

        let bytes = fs::read(bench.path(checkpoint)).unwrap();
        let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
        let metadata = header.metadata().clone().unwrap();
        assert_eq!(metadata["experiment"], finished["experiment"].as_str().unwrap());
        assert_eq!(metadata["seed"], finished["seed"].to_string());
        assert_eq!(metadata["metascope"], env!("CARGO_PKG_VERSION"));
        assert!(["avx2+fma", "portable"].contains(&metadata["kernel"].as_str()));
        assert_eq!(metadata["settings"].len(), 64, "a SHA-256");
        assert!(["0", "40"].contains(&metadata["step"].as_str()));
        assert!(!metadata["algorithm"].is_empty());
        let tensors = SafeTensors::deserialize(&bytes).unwrap();
        if let Some(expected) = tensors_of_a_reader(&metadata["algorithm"]) {
            let scales = ["x_center", "x_scale", "y_scale"].map(|name| metadata[name].as_str());
            assert_eq!(scales, ["0", "5", "5"]);
            let found: BTreeMap<_, _> =
                tensors.tensors().into_iter().map(|(name, tensor)| (name, tensor.shape().to_vec())).collect();
            assert_eq!(found, expected);
            continue;
        }
        assert_eq!(metadata["activation"], "relu");
        let shapes = NAMES.map(|name| tensors.tensor(name).unwrap().shape().to_vec());
        // CAVIA's first layer reads its context too.
        let inputs = if metadata["algorithm"] == "cavia" { 1 + 4 } else { 1 };
        assert_eq!(shapes, [vec![40, inputs], vec![40], vec![40, 40], vec![40], vec![1, 40], vec![1]]);
        let mut more: Vec<_> =
            tensors.tensors().into_iter().map(|(name, tensor)| (name, tensor.shape().to_vec())).collect();
        more.retain(|(name, _)| !NAMES.contains(&name.as_str()));
        more.sort();
        let own: Vec<(String, Vec<usize>)> = match metadata["algorithm"].as_str() {
            "meta-sgd" => NAMES
                .iter()
                .zip(&shapes)
                .map(|(name, shape)| (format!("inner_lr.{name}"), shape.clone()))
                .collect(),
            "layer-step-rates" => NAMES.map(|name| (format!("inner_lr.{name}"), vec![1])).to_vec(),
            "meta-curvature" => [
                ("hidden1.bias", &[40][..]),
                ("hidden1.weight.in", &[1, 1]),
                ("hidden1.weight.out", &[40, 40]),
                ("hidden2.bias", &[40]),
                ("hidden2.weight.in", &[40, 40]),
                ("hidden2.weight.out", &[40, 40]),
                ("out.bias", &[1]),
                ("out.weight.in", &[40, 40]),
                ("out.weight.out", &[1, 1]),
            ]
            .map(|(name, shape)| (format!("curvature.{name}"), shape.to_vec()))
            .to_vec(),
            "ridge-head" => vec![("ridge.log_lambda".to_owned(), vec![1])],
            _ => Vec::new(),
        };
        let own: std::collections::BTreeSet<_> = own.into_iter().collect();
        assert_eq!(more, own.into_iter().collect::<Vec<_>>());
    }
    assert_eq!(seen.len(), runs);
    // Settings, log, checkpoint, what a run goes on from, its past and provenance; the study's lock and plan; the study
    // itself.
    assert_eq!(bench.names().len(), 6 * runs + 3, "{:?}", bench.names());
}

#[test]
fn without_json_the_loss_table_is_the_output() {
    let study = tiny();
    let systems = experiments(&study);
    let bench = Bench::with("experiments.toml", &study);
    let said = bench.run(&["run", "--no-save"]).exits(0);
    for name in &systems {
        assert!(
            said.stdout.lines().any(|line| line.starts_with(name) && line.contains("2/2")),
            "{}",
            said.stdout
        );
    }
    assert_eq!(said.stderr.lines().count(), 2 * systems.len(), "a line a run: {}", said.stderr);

    // Without a terminal the bare command is the same.
    let bare = bench.run(&["--no-save"]).exits(0);
    assert_eq!(bare.stdout, said.stdout);
    let other = Bench::with("other.toml", &study);
    assert_eq!(other.run(&["other.toml", "--no-save"]).exits(0).stdout, said.stdout);
    assert_eq!(other.names(), ["other.toml"]);
}

#[test]
fn without_a_file_the_built_in_copy_is_meant() {
    let bench = Bench::new();
    let said = bench.run(&["check"]).exits(0);
    assert!(said.stdout.contains("5 experiments, 25 runs, 650000 outer steps"), "{}", said.stdout);
    let said = bench.run(&["run", "--json", "--no-save", "--only", "Random", "--seed", "1"]).exits(0);
    assert_eq!(events(&said.json_lines(), "finished").count(), 1);
    assert!(bench.names().is_empty());
}

#[test]
fn check_says_what_is_right_and_may_not_be_meant() {
    let study = "[task]\ntrain_tasks = 10\n[defaults]\nepochs = 2\n[[experiment]]\nname = \"NA\"\nalgorithm = \"maml\"\n\
        meta_batch = 11\n[[experiment]]\nname = \"B\"\nalgorithm = \"maml\"\nmeta_batch = 11\n[[experiment]]\n\
        name = \"C\"\nalgorithm = \"reptile\"\n[[experiment]]\nname = \"D\"\nalgorithm = \"reptile\"\ninner_steps = 2\n\
        [[experiment]]\nname = \"E\"\nalgorithm = \"random\"\n";
    let bench = Bench::with("experiments.toml", study);
    let said = bench.run(&["check"]).exits(0).stdout;
    let visits =
        "NA, B: 2 epochs of 10 tasks are 20 visits; 1 outer steps of meta_batch = 11 leave 9 of them out";
    let notes =
        [visits, "C: Reptile with inner_steps = 1 is transfer learning", "NA: other programs take this name"];
    for note in notes {
        assert!(said.contains(note), "{note:?} is missing from {said}");
    }
    assert!(!said.contains("D: ") && !said.contains("E: "), "{said}");
    // From a pipe it is the same.
    let mut command = bench.command(&["check", "-"]);
    let piped = Said::of(command.write_stdin(study.replace("11", "0"))).exits(2);
    assert!(piped.stderr.starts_with("/dev/stdin:8:14: `meta_batch` is `0`"), "{}", piped.stderr);
    Said::of(bench.command(&["check", "-"]).write_stdin(study)).exits(0);
    bench.run(&["run", "-"]).exits(2).says("standard input is read by `check` alone");
    // What says nothing amiss has no notes.
    let said = Bench::new().run(&["check"]).exits(0).stdout;
    assert!(!said.contains("visits") && !said.contains("Reptile with"), "{said}");
}

#[test]
fn where_it_cannot_save_it_says_so_before_training() {
    let bench = Bench::with("experiments.toml", TINY);
    bench.write("file", "in the way");
    bench.run(&["run", "--out", "file"]).exits(1).says("file/");
    assert_eq!(bench.names(), ["experiments.toml", "file"]);
    assert_eq!(bench.read("file"), "in the way");
}

#[test]
fn an_interrupted_run_exits_with_130_and_leaves_whole_files() {
    for signal in [Signal::INT, Signal::TERM] {
        let bench = Bench::with("experiments.toml", ENDLESS);
        let mut run = bench.start(&["run", "--json", "--jobs", "2"]);
        // Once this comes, the endless run is on its way and the short one is over.
        let told = run.stdout();
        run.until("both are on their way", || {
            let told = std::fs::read_to_string(&told).expect("UTF-8");
            ["\"finished\"", "\"progress\"", "Endless"].iter().all(|word| told.contains(word))
        });
        run.signal(signal);
        let said = run.end();
        assert_eq!(said.code, Some(130), "{signal:?}");
        assert!(
            said.stderr.lines().count() == 1 && said.stderr.contains("the same command goes on"),
            "{said:?}"
        );
        assert_eq!(events(&said.json_lines(), "failed").count(), 0, "to be stopped is not to fail");
        let mut checkpoints = 0;
        for (name, bytes) in bench.files() {
            if name.ends_with(".jsonl") {
                let text = String::from_utf8(bytes).unwrap();
                assert!(text.is_empty() || text.ends_with('\n'), "{name} ends in the middle of a line");
                text.lines().for_each(|line| drop(serde_json::from_str::<Value>(line).unwrap()));
            } else if name.ends_with(".safetensors") {
                SafeTensors::deserialize(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
                checkpoints += 1;
            } else {
                let known =
                    [".toml", "resume.bin", "snapshots.bin", "lock.json", "plan.json", "provenance.json"];
                assert!(known.iter().any(|end| name.ends_with(end)), "left behind: {name}");
            }
        }
        assert_eq!(checkpoints, 1, "only the short run has one");
    }
}

#[test]
fn a_second_interrupt_does_not_wait() {
    let bench = Bench::with("experiments.toml", ENDLESS);
    let mut run = bench.start(&["run", "--json", "--no-save"]);
    let told = run.stdout();
    run.until("it has started", || std::fs::read(&told).is_ok_and(|told| !told.is_empty()));
    run.signal(Signal::INT);
    // It may be gone already, which is as good.
    run.try_signal(Signal::INT);
    assert_eq!(run.end().code, Some(130));
}

#[test]
fn a_reader_who_leaves_is_no_panic() {
    let bench = Bench::with("experiments.toml", ENDLESS);
    let mut script = Command::new("sh");
    script
        .args(["-c", "{ \"$0\" run --json --no-save --only Short; echo $? > code; } | head -n 1"])
        .arg(binary());
    bench.spawn(script).end();
    assert!(["0", "1"].contains(&bench.read("code").trim()), "{}", bench.read("code"));
}

#[test]
fn check_names_every_problem_with_its_place() {
    let text = "[task]\nshots = 0\nshot = 5\n\n[model]\nhidden = 41\n\n[[experiment]]\nname = \"A\"\nalgorithm = \"mamm\"\ninner_lr = -1.0\n";
    let bench = Bench::with("wrong.toml", text);
    let said = bench.run(&["check", "wrong.toml"]).exits(2);
    assert_eq!(said.stdout, "");
    let places: Vec<_> = said
        .stderr
        .lines()
        .map(|line| {
            let (place, message) = line.split_once(": ").unwrap_or_else(|| panic!("no place: {line}"));
            assert!(!message.is_empty());
            place.to_owned()
        })
        .collect();
    assert_eq!(
        places,
        ["wrong.toml:2:9", "wrong.toml:3:1", "wrong.toml:6:10", "wrong.toml:10:13", "wrong.toml:11:12"],
        "{}",
        said.stderr
    );
    assert!(said.stderr.contains("did you mean"), "{}", said.stderr);
    // `run` and the bare command refuse the same file in the same words.
    assert_eq!(bench.run(&["run", "wrong.toml"]).exits(2).stderr, said.stderr);
    assert_eq!(bench.run(&["wrong.toml"]).exits(2).stderr, said.stderr);
    bench.run(&["check", "absent.toml"]).exits(1).says("absent.toml");
    assert_eq!(bench.names(), ["wrong.toml"]);
}

#[test]
fn init_writes_every_preset_and_overwrites_nothing() {
    const SCHEMA: &str = "experiments.schema.json";
    let bench = Bench::new();
    let written = |text: &str| format!("#:schema ./{SCHEMA}\n{text}");
    bench.run(&["init"]).exits(0);
    assert_eq!(bench.read("experiments.toml"), written(include_str!("../experiments.toml")));
    assert_eq!(bench.read(SCHEMA), bench.run(&["schema"]).exits(0).stdout);
    bench.write("experiments.toml", "mine");
    bench.run(&["init"]).exits(1).says("experiments.toml");
    bench.run(&["init", "--preset", "quick"]).exits(1);
    assert_eq!(bench.read("experiments.toml"), "mine");
    for preset in presets() {
        let file = format!("{}.toml", preset.name);
        assert_eq!(bench.run(&["init", "--preset", preset.name, &file]).exits(0).stderr, "");
        assert_eq!(bench.read(&file), written(preset.text));
        bench.run(&["check", &file]).exits(0);
    }
    let said = bench.run(&["init", "--preset", "no such", "new.toml"]).exits(2);
    assert!(presets().iter().all(|preset| said.stderr.contains(preset.name)), "{}", said.stderr);
    bench.run(&["init", "no/such/folder/new.toml"]).exits(1);
    let tables: usize = presets().iter().map(|preset| preset.tables.len()).sum();
    assert_eq!(bench.names().len(), 2 + presets().len() + tables);
    // Another schema under that name is somebody's, and so is a link to nowhere.
    bench.write(SCHEMA, "mine");
    bench.run(&["init", "beside.toml"]).exits(0).says("is left as it is");
    assert_eq!(bench.read(SCHEMA), "mine");
    std::os::unix::fs::symlink("nowhere", bench.path("link.toml")).unwrap();
    bench.run(&["init", "link.toml"]).exits(1);
    fs::create_dir(bench.path("folder")).unwrap();
    std::os::unix::fs::symlink("../nowhere", bench.path("folder").join(SCHEMA)).unwrap();
    bench.run(&["init", "folder/new.toml"]).exits(0).says("is left as it is");
    assert!(!bench.path("nowhere").exists());
}

#[test]
fn bad_arguments_are_2_and_questions_are_0() {
    let bench = Bench::with("experiments.toml", TINY);
    for arguments in [
        &["run", "--jobs", "0"][..],
        &["run", "--jobs", "many"],
        &["run", "--jobs", "-1"],
        &["run", "--seed", "-1"],
        &["run", "--seed", "1.5"],
        &["run", "--seed", "18446744073709551616"],
        &["run", "--no-such-flag"],
        &["run", "experiments.toml", "another.toml"],
        &["--json"],
        &["eval"],
        &["eval", "c.safetensors"],
        &["eval", "c", "--tasks", "t", "--inner-lr", "0"],
        &["eval", "c", "--tasks", "t", "--inner-lr", "-0.1"],
        &["eval", "c", "--tasks", "t", "--inner-lr", "nan"],
        &["eval", "c", "--tasks", "t", "--inner-lr", "inf"],
        &["eval", "c", "--tasks", "t", "--steps", "1,-1"],
        &["eval", "c", "--tasks", "t", "--steps", ""],
        &["eval", "c", "--tasks", "t", "--steps", "99999999999999999999999"],
        &["gradient", "c"],
        &["gradient", "c", "--tasks", "t", "--inner-lr", "0.01", "--inner-steps", "-1"],
        &["gradient", "c", "--tasks", "t", "--inner-lr", "1e999", "--inner-steps", "1"],
        &["analyse", "c"],
        &["analyse", "c", "--tasks", "t", "--steps", "1,-1"],
        &["analyse", "c", "--tasks", "t", "--plane-steps", "many"],
        &["analyse", "c", "--tasks", "t", "--inner-lr", "0"],
        &["init", "--preset"],
        &["check", "a", "b"],
    ] {
        let said = bench.run(arguments);
        assert_eq!(said.code, Some(2), "{arguments:?}: {said:?}");
        assert_eq!(said.stdout, "", "{arguments:?}");
        assert!(!said.stderr.is_empty(), "{arguments:?}");
    }
    assert!(bench.run(&["--version"]).exits(0).stdout.contains(env!("CARGO_PKG_VERSION")));
    for command in ["run", "check", "init", "eval", "gradient", "analyse"] {
        assert!(bench.run(&["--help"]).exits(0).stdout.contains(command));
        bench.run(&[command, "--help"]).exits(0);
    }
    assert_eq!(bench.names(), ["experiments.toml"]);
}

/// The reference weights alone in a file, in either precision.
fn golden_checkpoint(dtype: Dtype) -> Vec<u8> {
    let file = SafeTensors::deserialize(GOLDEN).expect("the reference file is whole");
    let tensors: Vec<(&str, Vec<usize>, Vec<u8>)> = NAMES
        .into_iter()
        .map(|name| {
            let tensor = file.tensor(&format!("weights.{name}")).expect("there");
            let bytes = match dtype {
                Dtype::F64 => tensor.data().to_vec(),
                _ => doubles(tensor.data()).flat_map(|value| (value as f32).to_le_bytes()).collect(),
            };
            (name, tensor.shape().to_vec(), bytes)
        })
        .collect();
    let views = tensors.iter().map(|(name, shape, bytes)| {
        (*name, safetensors::tensor::TensorView::new(dtype, shape.clone(), bytes).expect("consistent"))
    });
    safetensors::serialize(views, None).expect("serialised")
}

fn doubles(bytes: &[u8]) -> impl Iterator<Item = f64> {
    bytes.as_chunks().0.iter().map(|&bytes| f64::from_le_bytes(bytes))
}

/// Values of a tensor of either precision.
fn values(file: &SafeTensors<'_>, name: &str) -> Vec<f64> {
    let tensor = file.tensor(name).unwrap_or_else(|error| panic!("{name}: {error}"));
    match tensor.dtype() {
        Dtype::F64 => doubles(tensor.data()).collect(),
        Dtype::F32 => {
            tensor.data().as_chunks().0.iter().map(|&bytes| f64::from(f32::from_le_bytes(bytes))).collect()
        }
        other => panic!("{name} is {other:?}"),
    }
}

/// Largest difference over largest entry, over all six tensors.
fn gap(found: &SafeTensors<'_>, expected: &SafeTensors<'_>, prefix: &str) -> f64 {
    let (mut difference, mut largest) = (0.0_f64, 0.0_f64);
    for name in NAMES {
        let (a, b) = (values(found, name), values(expected, &format!("{prefix}.{name}")));
        assert_eq!(a.len(), b.len());
        for (a, b) in a.iter().zip(&b) {
            assert!(a.is_finite());
            difference = difference.max((a - b).abs());
            largest = largest.max(b.abs());
        }
    }
    difference / largest
}

#[test]
fn gradient_agrees_with_the_reference_file() {
    let bench = Bench::with("tasks.json", GOLDEN_TASKS);
    let golden = SafeTensors::deserialize(GOLDEN).unwrap();
    let losses: Value = serde_json::from_str(GOLDEN_TASKS).unwrap();
    for (dtype, bound) in [(Dtype::F64, 1e-10), (Dtype::F32, 2e-6)] {
        bench.write("checkpoint.safetensors", golden_checkpoint(dtype));
        for steps in [1_u64, 3, 5] {
            for (flags, order) in [(&[][..], "meta_gradient"), (&["--first-order"][..], "fo_gradient")] {
                let count = steps.to_string();
                let arguments = ["gradient", "checkpoint.safetensors", "--tasks", "tasks.json", "--inner-lr"];
                let more = ["0.01", "--inner-steps", &count, "--out", "g.safetensors", "--json"];
                let said = bench.run(&[&arguments, &more[..], flags].concat()).exits(0);
                let report = said.json();
                let bytes = fs::read(bench.path("g.safetensors")).unwrap();
                let found = SafeTensors::deserialize(&bytes).unwrap();
                let gap = gap(&found, &golden, &format!("relu.steps{steps}.mean.{order}"));
                println!("{dtype:?} {steps} {order}: {gap:.1e}");
                assert!(gap <= bound, "{dtype:?} {steps} {order}: {gap:e}");
                let orders = golden.tensor(&format!("relu.steps{steps}.mean.{order}.hidden2.weight"));
                assert_eq!(found.tensor("hidden2.weight").unwrap().shape(), orders.unwrap().shape());
                assert_eq!(found.tensor("hidden2.weight").unwrap().dtype(), dtype, "the checkpoint's type");

                let squares: f64 = NAMES.iter().flat_map(|name| values(&found, name)).map(|g| g * g).sum();
                let norm = report["gradient_norm"].as_f64().unwrap();
                assert!((norm - squares.sqrt()).abs() < 1e-6 * norm, "{norm}");
                for (task, loss) in numbers(&report["losses"]).into_iter().enumerate() {
                    let entry =
                        losses["losses"].as_array().unwrap().iter().find(|entry| {
                            entry["task"] == json!(task) && entry["inner_steps"] == json!(steps)
                        });
                    let expected = entry.unwrap()["query_loss_after"].as_f64().unwrap();
                    assert!((loss - expected).abs() < 100.0 * bound * expected, "{loss} {expected}");
                }
            }
        }
    }
    assert!(bench.names().iter().all(|name| !name.contains("tmp")));
}

#[test]
fn a_gradient_is_held_against_somebody_elses() {
    let bench = Bench::with("tasks.json", GOLDEN_TASKS);
    bench.write("checkpoint.safetensors", golden_checkpoint(Dtype::F64));
    let ask = |flags: &[&str]| {
        let arguments = ["gradient", "checkpoint.safetensors", "--tasks", "tasks.json", "--inner-lr", "0.01"];
        bench.run(&[&arguments[..], &["--inner-steps", "3"], flags].concat())
    };
    ask(&["--out", "right.safetensors"]).exits(0);
    ask(&["--out", "first.safetensors", "--first-order"]).exits(0);
    let said = ask(&["--compare", "right.safetensors", "--json"]).exits(0).json();
    assert_eq!(said["compare"]["agrees"], json!(true));
    assert_eq!(said["compare"]["tensors"].as_array().map(Vec::len), Some(6));
    let said = ask(&["--compare", "first.safetensors", "--json"]).exits(1).json();
    assert_eq!(said["compare"]["agrees"], json!(false));
    assert!(said["compare"]["is"]["gradient"].as_str().unwrap().contains("first-order"));
    let said = ask(&["--compare", "first.safetensors"]).exits(1);
    assert!(said.stderr.contains("It is the first-order gradient") && said.stdout.contains("hidden2.weight"));
    // What is no gradient of this network is refused before anything is worked out.
    bench.write("text.safetensors", "no tensors");
    for (path, words) in [("text.safetensors", "is no such gradient"), ("tasks.json", "is no such gradient")]
    {
        assert!(ask(&["--compare", path]).exits(2).stderr.contains(words));
    }
    assert!(ask(&["--compare", "missing.safetensors"]).exits(1).stderr.contains("cannot be read"));
}

#[test]
fn test_tasks_of_a_study_are_what_other_programs_get() {
    let study = "[evaluation]\ntest_tasks = 5\n[[experiment]]\nname = \"MAML\"\nalgorithm = \"maml\"\n";
    let bench = Bench::with("experiments.toml", study);
    bench.run(&["tasks", "--out", "tasks.json"]).exits(0);
    let printed = bench.run(&["tasks"]).exits(0).stdout;
    assert_eq!(printed, fs::read_to_string(bench.path("tasks.json")).unwrap());
    bench.write("checkpoint.safetensors", golden_checkpoint(Dtype::F64));
    let report =
        bench.run(&["eval", "checkpoint.safetensors", "--tasks", "tasks.json", "--json"]).exits(0).json();
    let tasks: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(report["tasks"].as_u64(), tasks["tasks"].as_array().map(|tasks| tasks.len() as u64));
    assert!(bench.run(&["tasks", "--test", "far"]).exits(2).stderr.contains("no [[test]] called far"));
}

#[test]
fn eval_reports_what_the_reference_file_says() {
    let bench = Bench::with("tasks.json", GOLDEN_TASKS);
    bench.write("checkpoint.safetensors", golden_checkpoint(Dtype::F64));
    let arguments = ["eval", "checkpoint.safetensors", "--tasks", "tasks.json", "--steps", "5,0,1,3,1"];
    let report = bench.run(&[&arguments[..], &["--json"]].concat()).exits(0).json();
    assert_eq!(report["steps"], json!([0, 1, 3, 5]), "in order, each once");
    assert_eq!(report["tasks"], 3);
    let golden: Value = serde_json::from_str(GOLDEN_TASKS).unwrap();
    let expected = |task: usize, n: u64| {
        let of = |steps: u64| {
            let entries = golden["losses"].as_array().unwrap();
            let mine = |entry: &&Value| entry["task"] == json!(task) && entry["inner_steps"] == json!(steps);
            entries.iter().find(mine).unwrap()
        };
        if n == 0 { of(1)["query_loss_before"].clone() } else { of(n)["query_loss_after"].clone() }
    };
    let losses: Vec<Vec<f64>> = report["losses"].as_array().unwrap().iter().map(numbers).collect();
    for (column, n) in [0, 1, 3, 5].into_iter().enumerate() {
        let per_task: Vec<f64> = losses.iter().map(|row| row[column]).collect();
        for (task, &loss) in per_task.iter().enumerate() {
            let expected = expected(task, n).as_f64().unwrap();
            assert!((loss - expected).abs() < 1e-10 * expected, "task {task}, n = {n}: {loss} {expected}");
        }
        let mean = per_task.iter().sum::<f64>() / 3.0;
        let deviation = (per_task.iter().map(|loss| (loss - mean).powi(2)).sum::<f64>() / 2.0).sqrt();
        let mut sorted = per_task.clone();
        sorted.sort_by(f64::total_cmp);
        for (field, value) in [
            ("mean", mean),
            ("median", sorted[1]),
            ("ci95", 1.96 * deviation / 3_f64.sqrt()),
            ("nonfinite", 0.0),
        ] {
            let found = numbers(&report[field])[column];
            assert!((found - value).abs() <= 1e-12 * value.abs(), "{field} at n = {n}: {found} {value}");
        }
    }
    // A rate of its own changes everything but n = 0.
    let other = bench.run(&[&arguments[..], &["--json", "--inner-lr", "0.02"]].concat()).exits(0).json();
    let (a, b) = (numbers(&report["mean"]), numbers(&other["mean"]));
    assert!(a[0] == b[0] && a[1..].iter().zip(&b[1..]).all(|(a, b)| a != b));
    let text = bench.run(&arguments).exits(0).stdout;
    assert!(text.contains(&format!("{:.6}", a[3])), "{text}");
    // A checkpoint on which everything overflows: null where there is no mean, and told.
    let said = bench.run(&[&arguments[..], &["--json", "--inner-lr", "1e300"]].concat()).exits(0);
    let report = said.json();
    assert_eq!(report["nonfinite"][3], 1.0);
    assert!(report["mean"][3].is_null() && report["median"][3].is_null(), "{}", said.stdout);
}

#[test]
fn points_follow_from_amplitude_and_phase_where_y_is_left_out() {
    let bench = Bench::with("checkpoint.safetensors", golden_checkpoint(Dtype::F64));
    let x = [-4.0, -1.5, 0.25, 3.0];
    let y = x.map(|x: f64| 2.5 * (x + 1.25).sin());
    let short = json!({"tasks": [{"amplitude": 2.5, "phase": 1.25, "support_x": x, "query_x": x}]});
    let long = json!({"tasks": [{"support_x": x, "support_y": y, "query_x": x, "query_y": y}]});
    let losses = |tasks: &Value| {
        bench.write("tasks.json", tasks.to_string());
        let said = bench.run(&["eval", "checkpoint.safetensors", "--tasks", "tasks.json", "--json"]).exits(0);
        numbers(&said.json()["losses"][0])
    };
    // The program's sine is its own, and within a few last bits of this one.
    for (a, b) in losses(&short).into_iter().zip(losses(&long)) {
        assert!((a - b).abs() < 1e-13 * b, "{a} {b}");
    }
}
