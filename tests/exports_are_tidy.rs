//! What is exported is read by other programs, which forgive nothing: rows must be complete, documents
//! well-formed, and names must come through whatever is in them.

mod program;

use std::collections::BTreeSet;
use std::fs;

use program::{Bench, TINY, numbers};
use serde_json::Value;

/// A name with everything that means something to CSV or XML.
const NASTY: &str = "a \"b\", <c> & 'd'; é";

/// A study that has been run.
fn trained(study: &str) -> Bench {
    let bench = Bench::with("study.toml", study);
    bench.run(&["run", "study.toml"]).exits(0);
    bench
}

fn nasty() -> String {
    let name = NASTY.replace('"', "\\\"");
    format!(
        "[defaults]\nseeds = [3, 5]\nouter_steps = 20\n[task]\ntrain_tasks = 20\n[evaluation]\ntest_tasks = 6\n\
         steps = 4\n[[experiment]]\nname = \"{name}\"\nalgorithm = \"maml\"\n\
         [[experiment]]\nname = \"Plain\"\nalgorithm = \"reptile\"\n"
    )
}

/// The fields of a line of CSV as RFC 4180 has them.
fn fields(line: &str) -> Vec<String> {
    let (mut fields, mut quoted) = (vec![String::new()], false);
    let mut characters = line.chars().peekable();
    while let Some(c) = characters.next() {
        let field = fields.last_mut().expect("one at least");
        match c {
            '"' if quoted && characters.peek() == Some(&'"') => field.extend(characters.next()),
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            c => field.push(c),
        }
    }
    assert!(!quoted, "a quote is left open: {line}");
    fields
}

/// The text of every `<text>` of an SVG, after a look at whether the document is well-formed.
fn texts(svg: &str) -> Vec<String> {
    assert!(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" "), "{svg:.60}");
    assert!(!svg.contains("NaN") && !svg.contains("inf"), "a coordinate is no number");
    let (mut open, mut texts, mut rest) = (Vec::new(), Vec::new(), svg);
    while let Some(start) = rest.find('<') {
        let (before, after) = rest.split_at(start);
        if open.last() == Some(&"text") {
            texts.push(before.to_owned());
        } else {
            assert!(before.trim().is_empty(), "text outside <text>: {before:?}");
        }
        let (tag, next) = after[1..].split_once('>').expect("every tag ends");
        assert!(!tag.contains('<'), "{tag}");
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
        let name = tag.trim_start_matches('/').split([' ', '/']).next().expect("a name");
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "tags close in order");
        } else if !tag.ends_with('/') {
            open.push(name);
        }
        rest = next;
    }
    assert!(open.is_empty() && rest.trim().is_empty(), "left open: {open:?}");
    let entities = ["&amp;", "&lt;", "&gt;", "&quot;"];
    for text in &mut texts {
        assert_eq!(
            text.matches('&').count(),
            entities.iter().map(|e| text.matches(e).count()).sum::<usize>()
        );
        *text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&");
    }
    texts
}

#[test]
fn csv_is_one_row_an_experiment_seed_and_n() {
    let bench = trained(&nasty());
    let said = bench.run(&["export", "runs", "--format", "csv"]).exits(0);
    let mut lines = said.stdout.lines();
    assert_eq!(lines.next(), Some("experiment,algorithm,seed,n,mean,median,ci95,nonfinite,tasks"));
    let rows: Vec<Vec<String>> = lines.map(fields).collect();
    assert_eq!(rows.len(), 2 * 2 * 5, "two experiments, two seeds, n from 0 to 4");
    let keys: BTreeSet<Vec<String>> = rows.iter().map(|row| row[..4].to_vec()).collect();
    assert_eq!(keys.len(), rows.len(), "no row twice");
    for row in &rows {
        assert_eq!(row.len(), 9, "{row:?}");
        assert!([NASTY, "Plain"].contains(&row[0].as_str()), "{row:?}");
        assert!(row[4..].iter().all(|field| field.parse::<f64>().is_ok_and(f64::is_finite)), "{row:?}");
        assert_eq!((row[7].as_str(), row[8].as_str()), ("0", "6"));
    }
    // The same figures as the log has, to the bit.
    let log =
        bench.names().into_iter().find(|name| name.contains("Plain-") && name.ends_with("5/metrics.jsonl"));
    let log = bench.read(&log.expect("a log"));
    let evaluated = log.lines().find(|line| line.contains("\"evaluated\"")).expect("it is tested");
    let evaluated: Value = serde_json::from_str(evaluated).expect("JSON");
    let of_run = rows.iter().filter(|row| row[0] == "Plain" && row[2] == "5");
    assert_eq!(
        of_run.map(|row| row[4].parse::<f64>().unwrap()).collect::<Vec<_>>(),
        numbers(&evaluated["mean"])
    );
}

#[test]
fn json_has_every_run_with_its_settings_and_curve() {
    let bench = trained(&nasty());
    let said = bench.run(&["export", "runs/study", "--format", "json", "--out", "all.json"]).exits(0);
    assert_eq!(said.stdout, "");
    let all: Value = serde_json::from_str(&bench.read("all.json")).expect("JSON");
    let runs = all["runs"].as_array().expect("a list");
    assert_eq!(runs.len(), 4);
    for run in runs {
        assert!([3, 5].contains(&run["seed"].as_u64().expect("a seed")));
        assert!([NASTY, "Plain"].contains(&run["settings"]["name"].as_str().expect("a name")));
        assert_eq!(numbers(&run["curve"]["mean"]).len(), 5);
    }
}

#[test]
fn svg_is_well_formed_and_names_everything() {
    let bench = trained(&nasty());
    let texts = texts(&bench.run(&["export", "runs", "--format", "svg"]).exits(0).stdout);
    for words in [&format!("{NASTY} (2)"), "Plain (2)", "prior mean", "n", "0", "4"] {
        assert!(texts.iter().any(|text| text == words), "{words:?} is missing from {texts:?}");
    }
    assert!(texts[0].contains("Test loss after n gradient steps"));
    // Ticks are whole numbers where they say they are: none twice.
    let ticks = texts.iter().filter(|text| text.parse::<usize>().is_ok());
    assert_eq!(ticks.clone().collect::<BTreeSet<_>>().len(), ticks.count());
}

#[test]
fn a_fit_is_a_panel_an_experiment_with_its_losses() {
    let bench = trained(&nasty());
    let fit = |arguments: &[&str]| {
        bench.run(&[&["export", "runs", "--format", "svg", "--fit"], arguments].concat()).exits(0).stdout
    };
    let svg = fit(&["2"]);
    let words = texts(&svg);
    for text in [&format!("{NASTY}, seed 3"), "Plain, seed 3", "n = 0", "n = 1", "n = 10", "the wave"] {
        assert!(words.iter().any(|word| word == text), "{text:?} is missing from {words:?}");
    }
    assert!(words[0].contains("Test task 2"));
    // Ten support points and a wave in each of two panels, and three fits.
    assert_eq!((svg.matches("<circle").count(), svg.matches("<polyline").count()), (20, 2 * (1 + 3)));
    // The losses are those that `eval` finds on the same task, worked out from the picture of all tasks:
    // the mean over every task's picture is the mean of the curve.
    let csv = bench.run(&["export", "runs", "--format", "csv"]).exits(0).stdout;
    for n in ["0", "4"] {
        let of_task = |task: usize| -> f64 {
            let words = texts(&fit(&[&task.to_string(), "--steps", "4,0"]));
            let losses: Vec<_> =
                words.iter().filter_map(|word| word.strip_prefix(&format!("n={n}: "))).collect();
            assert_eq!(losses.len(), 2, "{words:?}");
            // Panels stand in the order of the folders: Plain, then the other.
            let plain = words.iter().position(|word| word == "Plain, seed 3").expect("its panel");
            let nasty = words.iter().position(|word| word.starts_with(NASTY)).expect("its panel");
            losses[usize::from(plain > nasty)].parse().expect("a number")
        };
        let mean = (1..=6).map(of_task).sum::<f64>() / 6.0;
        let row = csv.lines().map(fields).find(|row| row[0] == "Plain" && row[2] == "3" && row[3] == n);
        let expected: f64 = row.expect("its row")[4].parse().expect("a number");
        assert!((mean - expected).abs() < 6e-4, "n = {n}: {mean} in the pictures, {expected} in the table");
    }
}

#[test]
fn a_fit_that_blows_up_stays_in_its_panel() {
    let study = TINY.replace("steps = 3", "steps = 3\ninner_lr = 3.0");
    let bench = Bench::with("study.toml", study);
    bench.run(&["run", "study.toml", "--only", "MAML"]);
    let svg =
        bench.run(&["export", "runs", "--format", "svg", "--fit", "1", "--steps", "0,1,100"]).exits(0).stdout;
    let words = texts(&svg);
    assert!(words.iter().any(|word| word.starts_with("n=100: ")), "{words:?}");
    for number in svg.split(['"', ' ', ',']).filter_map(|word| word.parse::<f64>().ok()) {
        assert!(number.abs() < 5_000.0, "{number} is far outside the picture");
    }
}

#[test]
fn what_cannot_be_exported_is_said() {
    let bench = trained(&nasty());
    bench.run(&["export", "nowhere", "--format", "csv"]).exits(1).says("nowhere: there is no such folder");
    fs::create_dir(bench.path("empty")).expect("made");
    bench.run(&["export", "empty", "--format", "csv"]).exits(1).says("empty holds no runs of metascope");
    bench.run(&["export", "study.toml", "--format", "csv"]).exits(1).says("is no folder");
    bench.run(&["export", "runs", "--format", "csv", "--out", "no/such/folder.csv"]).exits(1).says("no/such");
    // Arguments that make no sense.
    bench.run(&["export", "runs", "--format", "csv", "--fit", "1"]).exits(2).says("--format svg");
    bench.run(&["export", "runs", "--format", "svg", "--fit", "0"]).exits(2).says("from 1 on");
    bench.run(&["export", "runs", "--format", "svg", "--fit", "7"]).exits(2).says("has 6 test tasks");
    bench.run(&["export", "runs", "--format", "svg", "--steps", "1"]).exits(2).says("--fit");
    bench
        .run(&["export", "runs", "--format", "svg", "--fit", "1", "--steps", "1000000"])
        .exits(2)
        .says("10000");
    // A checkpoint that is none.
    for name in bench.names().iter().filter(|name| name.ends_with("seed-3/checkpoint.safetensors")) {
        bench.write(name, "nonsense");
    }
    bench.run(&["export", "runs", "--format", "svg", "--fit", "1"]).exits(1).says("writes it anew");
    for name in bench.names().iter().filter(|name| name.ends_with("checkpoint.safetensors")) {
        fs::remove_file(bench.path(name)).expect("removed");
    }
    bench.run(&["export", "runs", "--format", "svg", "--fit", "1"]).exits(1).says("trained yet");
}
