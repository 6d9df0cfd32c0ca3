//! A sweep is a short way to write many experiments: the same folders, the same bits; and whoever reads the results is
//! told which combination each is.

use std::collections::{BTreeMap, BTreeSet};

use crate::program::Bench;
use serde_json::Value;

const HEAD: &str = "[defaults]\nseeds = 2\nouter_steps = 20\n[task]\ntrain_tasks = 20\n[evaluation]\ntest_tasks = 6\nsteps = 4\n";
const SWEEP: &str = "[[experiment]]\nname = \"rate x shots\"\nalgorithm = \"maml\"\n\
    sweep = { inner_lr = [0.01, 0.1], \"task.shots\" = [5, 10] }\n[[experiment]]\nname = \"Plain\"\nalgorithm = \"reptile\"\n";
const WRITTEN: &str = "[[experiment]]\nname = \"rate x shots [inner_lr=0.1 shots=5]\"\nalgorithm = \"maml\"\n\
    inner_lr = 0.1\ntask = { shots = 5 }\n";

#[test]
fn a_combination_has_the_folder_and_the_bits_of_what_is_written_out() {
    let bench = Bench::with("study.toml", format!("{HEAD}{SWEEP}"));
    let check = bench.run(&["check", "study.toml"]).exits(0).stdout;
    assert!(check.contains("5 experiments, 10 runs"), "{check}");
    assert!(
        check.contains("sweep rate x shots: inner_lr (2) x task.shots (2) are 4 experiments, 8 runs"),
        "{check}"
    );
    assert!(check.contains("an estimate for this machine: about"), "{check}");
    let said = bench.run(&["run", "study.toml", "--json"]).exits(0).stdout;
    let events: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let cells: Vec<&Value> = events.iter().filter(|event| event["event"] == "cell").collect();
    assert_eq!(cells.len(), 4);
    assert!(events.iter().take(4).all(|event| event["event"] == "cell"), "before anything else");
    assert_eq!(cells[2]["experiment"], "rate x shots [inner_lr=0.1 shots=5]");
    assert_eq!(cells[2]["sweep"], "rate x shots");
    assert_eq!(cells[2]["axes"], serde_json::json!({"inner_lr": 0.1, "task.shots": 5}));

    bench.write("written.toml", format!("{HEAD}{WRITTEN}"));
    bench.run(&["run", "written.toml"]).exits(0);
    let of = |study: &str| -> BTreeMap<String, Vec<u8>> {
        let names = bench.names().into_iter();
        let names = names.filter_map(|name| {
            Some((name.strip_prefix(&format!("runs/{study}/"))?.to_owned(), name.clone()))
        });
        let kept = names
            .filter(|(short, _)| short.contains("inner_lr-0.1-shots-5") && short.ends_with(".safetensors"));
        kept.map(|(short, name)| (short, std::fs::read(bench.path(&name)).expect("a file"))).collect()
    };
    let (swept, written) = (of("study"), of("written"));
    assert_eq!(written.len(), 2, "{:?}", bench.names());
    assert_eq!(swept, written);

    // In the folder of the one the other is done already, and the other way round.
    bench.write("study.toml", format!("{HEAD}{WRITTEN}"));
    let again = bench.run(&["run", "study.toml", "--json"]).exits(0).stdout;
    assert!(
        !again.contains("\"progress\"")
            || again.matches("\"progress\"").count() <= said.matches("\"progress\"").count() / 5
    );
    let settings = bench.names().into_iter().find(|name| {
        name.starts_with("runs/study/") && name.contains("0.1-shots-5") && name.ends_with("0/settings.toml")
    });
    assert!(
        !bench.read(&settings.expect("it is kept")).contains("[experiment.cell]"),
        "it is of no sweep now"
    );
}

#[test]
fn exports_have_the_axes() {
    let bench = Bench::with("study.toml", format!("{HEAD}{SWEEP}"));
    let table = bench.run(&["run", "study.toml"]).exits(0).stdout;
    // Each of two: those that were tested on the same tasks.
    assert!(table.matches(", lowest of 2").count() == 2 && table.contains("inner_lr \\ shots"), "{table}");
    let csv = bench.run(&["export", "runs", "--format", "csv"]).exits(0).stdout;
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let head = reader.headers().expect("a header").clone();
    assert_eq!(head.iter().skip(9).collect::<Vec<_>>(), ["sweep", "inner_lr", "task.shots"]);
    let rows: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>().expect("rows");
    assert_eq!(rows.len(), 5 * 2 * 5);
    let mut seen = BTreeSet::new();
    for row in &rows {
        let axes: Vec<&str> = row.iter().skip(9).collect();
        seen.insert(axes.iter().map(|field| (*field).to_owned()).collect::<Vec<_>>());
        let expected = match axes[..] {
            ["", "", ""] => "Plain".to_owned(),
            [sweep, rate, shots] => format!("{sweep} [inner_lr={rate} shots={shots}]"),
            _ => panic!("{row:?}"),
        };
        assert_eq!(row[0], expected);
    }
    assert_eq!(seen.len(), 5);
    let json = bench.run(&["export", "runs", "--format", "json"]).exits(0).stdout;
    let json: Value = serde_json::from_str(&json).expect("JSON");
    for run in json["runs"].as_array().expect("a list") {
        if run["settings"]["name"] == "Plain" {
            assert!(run.get("sweep").is_none() && run.get("axes").is_none());
        } else {
            assert_eq!(run["axes"]["inner_lr"], run["settings"]["inner_lr"]);
            assert_eq!(run["axes"]["task.shots"], run["settings"]["task"]["shots"]);
        }
    }
    // A picture of curves has one of the sweep.
    let svg = bench.run(&["export", "runs", "--format", "svg"]).exits(0).stdout;
    assert!(svg.matches("rate x shots").count() == 1 && svg.contains("lowest of 2 (2 seeds)"), "{svg}");
    // A sweep is trained alone by its name.
    let alone = bench.run(&["run", "study.toml", "--no-save", "--only", "rate x shots"]).exits(0).stdout;
    assert!(alone.contains("lowest of 2") && !alone.contains("Plain"), "{alone}");
    bench
        .run(&["run", "study.toml", "--no-save", "--only", "rate"])
        .exits(2)
        .says("\"rate x shots\", \"Plain\"");
}

#[test]
fn the_estimate_of_the_disk_is_that_of_the_folders() {
    let bench = Bench::with(
        "study.toml",
        "[defaults]\nseeds = 4\nouter_steps = 400\n[evaluation]\ntest_tasks = 5\n[[experiment]]\nname = \"A\"\nalgorithm = \"maml\"\n",
    );
    let check = bench.run(&["check", "study.toml"]).exits(0).stdout;
    let disk = check.split(", ").find_map(|part| {
        part.strip_suffix(" MiB of disk\n")
            .or(part.split(" MiB of disk").next().filter(|_| part.contains("MiB of disk")))
    });
    let estimate: f64 = disk.expect("an estimate").trim().parse().expect("a number");
    bench.run(&["run", "study.toml"]).exits(0);
    let bytes: u64 = bench
        .names()
        .iter()
        .filter(|name| name.contains("seed-"))
        .map(|name| std::fs::metadata(bench.path(name)).expect("a file").len())
        .sum();
    let real = bytes as f64 / f64::from(1 << 20);
    // It is rounded up to whole mebibytes.
    assert!(estimate >= 0.95 * real && estimate <= 1.05 * real + 1.0, "{estimate} MiB for {real}");
}
