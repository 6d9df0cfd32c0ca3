//! What is exported is read by other programs, which forgive nothing: rows must be complete, documents
//! well-formed, and names must come through whatever is in them. Two readers that share nothing with the
//! writers judge it.

use std::collections::BTreeSet;
use std::fs;

use crate::program::{Bench, TINY, numbers};
use csv::StringRecord;
use roxmltree::Document;
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

/// The rows below the header, every one of which has as many fields as it.
#[track_caller]
fn rows(text: &str) -> Vec<StringRecord> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    assert_eq!(
        reader.headers().expect("a header"),
        &["experiment", "algorithm", "seed", "n", "mean", "median", "ci95", "nonfinite", "tasks"][..]
    );
    reader.records().collect::<Result<_, _>>().expect("rows of CSV")
}

/// What is drawn, and nothing that runs or fetches anything.
const ELEMENTS: [&str; 8] = ["svg", "rect", "path", "polyline", "circle", "text", "g", "clipPath"];

/// The text of every `<text>` of an SVG, after a look at what else is in it.
#[track_caller]
fn texts(svg: &str) -> Vec<String> {
    assert!(!svg.contains("NaN") && !svg.contains("inf"), "a coordinate is no number");
    let document = Document::parse(svg).expect("well-formed");
    assert!(document.root_element().has_tag_name(("http://www.w3.org/2000/svg", "svg")));
    for node in document.descendants().filter(|node| !node.is_root()) {
        if node.is_text() {
            let inside = node.parent().is_some_and(|parent| parent.has_tag_name("text"));
            assert!(inside || node.text().is_some_and(|text| text.trim().is_empty()), "{node:?}");
            continue;
        }
        assert!(ELEMENTS.contains(&node.tag_name().name()), "{node:?}");
        for attribute in node.attributes() {
            let (name, value) = (attribute.name(), attribute.value());
            assert!(!name.starts_with("on") && name != "href" && name != "style", "{name}={value:?}");
        }
    }
    let text = document.descendants().filter(|node| node.has_tag_name("text"));
    text.map(|node| node.text().unwrap_or_default().to_owned()).collect()
}

#[test]
fn csv_is_one_row_an_experiment_seed_and_n() {
    let bench = trained(&nasty());
    let said = bench.run(&["export", "runs", "--format", "csv"]).exits(0);
    // A name is always quoted, whatever is in it, and nothing else is.
    let names = [format!("\"{}\",maml,", NASTY.replace('"', "\"\"")), "\"Plain\",reptile,".to_owned()];
    let quoted =
        |line: &str| names.iter().any(|name| line.strip_prefix(name).is_some_and(|rest| !rest.contains('"')));
    assert!(said.stdout.lines().skip(1).all(quoted), "{}", said.stdout);
    let rows = rows(&said.stdout);
    assert_eq!(rows.len(), 2 * 2 * 5, "two experiments, two seeds, n from 0 to 4");
    let keys: BTreeSet<Vec<&str>> = rows.iter().map(|row| row.iter().take(4).collect()).collect();
    assert_eq!(keys.len(), rows.len(), "no row twice");
    for row in &rows {
        assert!([NASTY, "Plain"].contains(&&row[0]), "{row:?}");
        assert!(row.iter().skip(4).all(|field| field.parse::<f64>().is_ok_and(f64::is_finite)), "{row:?}");
        assert_eq!((&row[7], &row[8]), ("0", "6"));
    }
    // The same figures as the log has, to the bit.
    let log =
        bench.names().into_iter().find(|name| name.contains("Plain-") && name.ends_with("5/metrics.jsonl"));
    let log = bench.read(&log.expect("a log"));
    let evaluated = log.lines().find(|line| line.contains("\"evaluated\"")).expect("it is tested");
    let evaluated: Value = serde_json::from_str(evaluated).expect("JSON");
    let of_run = rows.iter().filter(|row| &row[0] == "Plain" && &row[2] == "5");
    assert_eq!(
        of_run.map(|row| row[4].parse::<f64>().unwrap()).collect::<Vec<_>>(),
        numbers(&evaluated["mean"])
    );
}

#[test]
fn names_that_a_spreadsheet_carries_out_are_marked_where_asked_for() {
    let bench = trained(&nasty().replace("Plain", "=cmd|' /C calc'!A0"));
    let names = |more: &[&str]| {
        let said = bench.run(&[&["export", "runs/study", "--format", "csv"], more].concat()).exits(0);
        let names: std::collections::BTreeSet<String> =
            rows(&said.stdout).iter().map(|row| row[0].to_owned()).collect();
        names.into_iter().collect::<Vec<_>>()
    };
    assert_eq!(names(&[]), ["=cmd|' /C calc'!A0", NASTY]);
    assert_eq!(names(&["--safe"]), ["'=cmd|' /C calc'!A0", NASTY]);
    bench.run(&["export", "runs/study", "--format", "json", "--safe"]).exits(2).says("--format csv");
}

#[test]
fn folders_and_event_files_keep_the_letters_of_any_script() {
    let bench = trained(&nasty().replace("Plain", "学习 e\u{301}"));
    bench.run(&["export", "runs/study", "--format", "tensorboard", "--out", "events"]).exits(0);
    for place in ["runs/study/学习-é-", "events/学习-é-"] {
        assert!(bench.names().iter().any(|name| name.starts_with(place)), "{place}: {:?}", bench.names());
    }
    // As an earlier version has named it, it is found and gone on with.
    let of = |name: &str| {
        let found = std::fs::read_dir(bench.path("runs/study")).expect("a folder").flatten();
        found.map(|entry| entry.path()).find(|path| path.display().to_string().contains(name))
    };
    let now = of("学习").expect("it is there");
    let hash = now.display().to_string().rsplit_once('-').expect("a hash").1.to_owned();
    let before = bench.path(&format!("runs/study/e-{hash}"));
    std::fs::rename(&now, &before).expect("renamed");
    let said = bench.run(&["run", "study.toml"]).exits(0);
    assert!(of("学习").is_none() && before.is_dir(), "{}", said.stderr);
    let said = bench.run(&["export", "runs/study", "--format", "csv"]).exits(0);
    assert!(said.stdout.contains("学习") && said.stderr.is_empty(), "{}", said.stderr);
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
fn both_tables_have_the_same_figures_to_the_bit() {
    // Some tests must overflow: what is no number is an empty field and null.
    let bench = trained(&nasty().replace("steps = 4\n", "steps = 40\ninner_lr = 3.0\n"));
    let export = |format| bench.run(&["export", "runs", "--format", format]).exits(0).stdout;
    let (rows, all) = (rows(&export("csv")), export("json"));
    let all: Value = serde_json::from_str(&all).expect("JSON");
    let mut rows = rows.iter();
    let mut empty = 0;
    for run in all["runs"].as_array().expect("a list") {
        let (settings, curve) = (&run["settings"], &run["curve"]);
        for (i, n) in curve["steps"].as_array().expect("a list").iter().enumerate() {
            let row = rows.next().expect("a row for every n");
            let words =
                [&settings["name"], &settings["algorithm"]].map(|word| word.as_str().expect("a word"));
            assert_eq!([&row[0], &row[1]], words);
            let counts = [&run["seed"], n, &curve["tasks"]].map(|count| count.to_string());
            assert_eq!([&row[2], &row[3], &row[8]], counts.each_ref().map(String::as_str));
            for (field, name) in ["mean", "median", "ci95", "nonfinite"].into_iter().enumerate() {
                let (written, expected) = (&row[4 + field], &curve[name][i]);
                let read = written.parse::<f64>().ok();
                assert_eq!(read, expected.as_f64(), "{name} of {row:?}");
                assert!(read.is_some() || written.is_empty() && expected.is_null(), "{name} of {row:?}");
                empty += usize::from(written.is_empty());
            }
        }
    }
    assert!(rows.next().is_none(), "a row without a run");
    assert!(empty > 0, "nothing overflowed");
}

#[test]
fn svg_is_well_formed_and_names_everything() {
    let bench = trained(&nasty());
    let texts = texts(&bench.run(&["export", "runs", "--format", "svg"]).exits(0).stdout);
    let words = [
        &format!("{NASTY} (2 seeds)"),
        "Plain (2 seeds)",
        "prior mean",
        "gradient steps n",
        "test loss (MSE)",
        "4",
    ];
    for words in words {
        assert!(texts.iter().any(|text| text == words), "{words:?} is missing from {texts:?}");
    }
    assert!(texts[0].contains("Test loss after n gradient steps"));
}

/// Three seeds of two systems, a third on other tasks, a sweep, and a published figure.
fn every_kind() -> String {
    "[defaults]\nseeds = 3\nouter_steps = 30\n[task]\ntrain_tasks = 20\n[evaluation]\ntest_tasks = 8\ngrid = 9\nsteps = 5\n\
     [[experiment]]\nname = \"MAML\"\nalgorithm = \"maml\"\n[[experiment.published]]\nsource = \"a paper\"\nn = 1\nloss = 0.5\n\
     [[experiment]]\nname = \"Ridge\"\nalgorithm = \"ridge-head\"\n\
     [[experiment]]\nname = \"Flat\"\nalgorithm = \"maml\"\ntask = { amplitude = [0.1, 1.0] }\n\
     [[experiment]]\nname = \"S\"\nalgorithm = \"maml\"\nsweep = { inner_lr = [0.001, 0.1], outer_lr = [0.01, 0.001] }\n"
        .to_owned()
}

/// A system's mean loss over seeds by n, as the JSON has it.
fn mean_losses(all: &Value, name: &str) -> Vec<f64> {
    let runs: Vec<Vec<f64>> = all["runs"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|run| run["settings"]["name"] == name)
        .map(|run| numbers(&run["curve"]["mean"]))
        .collect();
    assert_eq!(runs.len(), 3, "{name}");
    (0..runs[0].len()).map(|n| runs.iter().map(|run| run[n]).sum::<f64>() / 3.0).collect()
}

/// What a vertical axis of a picture says of heights, by two of its labels: losses on it are linear or logarithmic.
fn losses_at(svg: &str, heights: &[f64]) -> Vec<f64> {
    let document = Document::parse(svg).expect("well-formed");
    let mut ticks: Vec<(f64, f64)> = document
        .descendants()
        .filter(|node| node.has_tag_name("text") && node.attribute("text-anchor") == Some("end"))
        .filter_map(|node| Some((node.attribute("y")?.parse().ok()?, node.text()?.parse().ok()?)))
        .collect();
    ticks.dedup();
    assert!(ticks.len() > 2, "{svg}");
    let steps: Vec<f64> = ticks.windows(2).map(|pair| (pair[1].1 - pair[0].1).abs()).collect();
    let is_linear = steps.windows(2).all(|pair| (pair[0] - pair[1]).abs() < 0.1 * pair[0]);
    let place = |loss: f64| if is_linear { loss } else { loss.ln() };
    let ((y0, first), (y1, last)) = (ticks[0], ticks[ticks.len() - 1]);
    // A label's foot lies below its tick by as much everywhere: a third of letters of nine tenths of nine points.
    let lift = 0.34 * 8.1;
    let at = |y: &f64| {
        let share = (y - (y0 - lift)) / (y1 - y0);
        let value = place(first) + share * (place(last) - place(first));
        if is_linear { value } else { value.exp() }
    };
    heights.iter().map(at).collect()
}

#[test]
fn every_format_has_the_figures_of_the_json() {
    let bench = trained(&every_kind());
    let export = |more: &[&str]| bench.run(&[&["export", "runs", "--format"], more].concat()).exits(0).stdout;
    let all: Value = serde_json::from_str(&export(&["json"])).expect("JSON");
    let (maml, ridge) = (mean_losses(&all, "MAML"), mean_losses(&all, "Ridge"));
    let short = |loss: &f64| metascope::results::text::number(*loss);
    // Rows: every run's curve, every difference and its interval, to the bit.
    let csv = export(&["csv"]);
    let rows: Vec<Vec<&str>> = csv.lines().map(|line| line.split(',').collect()).collect();
    let differences = export(&["csv", "--comparisons"]);
    let number = |text: &str| text.parse::<f64>().ok();
    // Event files: the same in single precision.
    let events = all_events(&bench);
    for run in all["runs"].as_array().expect("a list") {
        let (name, seed) = (run["settings"]["name"].to_string(), run["seed"].to_string());
        let losses = numbers(&run["curve"]["mean"]);
        // The names of cells have a comma in them.
        if !name.contains(',') {
            let of_run = rows.iter().filter(|row| row[0] == name && row[2] == seed);
            assert_eq!(of_run.filter_map(|row| number(row[4])).collect::<Vec<_>>(), losses, "{name} {seed}");
        }
        let single: Vec<f32> = losses.iter().map(|loss| *loss as f32).collect();
        assert!(events.iter().any(|events| of_tag(events, "test/loss") == single), "{name} {seed}");
    }
    let compared = all["comparisons"].as_array().expect("a list").iter();
    let others = compared.flat_map(|comparison| comparison["others"].as_array().expect("a list"));
    let told =
        others.map(|other| [&other["difference"], &other["ci95"][0], &other["ci95"][1]].map(Value::as_f64));
    let rows = csv::Reader::from_reader(differences.as_bytes()).into_records();
    let rows = rows.map(|row| row.expect("a row")).map(|row| [6, 7, 8].map(|field| number(&row[field])));
    assert_eq!(rows.collect::<Vec<_>>(), told.collect::<Vec<_>>());
    // Tables: every n of them, rounded as everywhere.
    for (format, between) in [("latex", " & "), ("markdown", " | ")] {
        let table = export(&[format, "--interval", "std"]);
        for (name, losses) in [("MAML", &maml), ("Ridge", &ridge)] {
            let row =
                table.lines().find(|line| line.trim_start_matches("| ").starts_with(name)).expect("a row");
            let cells: Vec<&str> = row.split(between).skip(2).collect();
            for (cell, n) in cells.iter().zip([0, 1, 2, 5]) {
                let bare = cell.trim_start_matches("\\textbf{").trim_start_matches("**");
                assert_eq!(
                    bare.split_whitespace().next(),
                    Some(short(&losses[n]).as_str()),
                    "{format}: {row}"
                );
            }
            assert_eq!(cells.len(), 4, "{row}");
        }
    }
    // The page: in full.
    let page = export(&["html"]);
    for loss in [0, 1, 2, 5].iter().flat_map(|n| [maml[*n], ridge[*n]]) {
        let value = format!("data-value=\"{loss}\"");
        let near =
            |text: &str| text.parse::<f64>().is_ok_and(|value| (value - loss).abs() <= 1e-12 * loss.abs());
        let any = page.split("data-value=\"").skip(1).filter_map(|rest| rest.split('"').next()).any(near);
        assert!(any, "{value}");
    }
    // The comparisons and the verdict are in it too, and in tables of their own.
    for comparison in all["comparisons"].as_array().expect("a list") {
        for other in comparison["others"].as_array().expect("a list") {
            let difference = other["difference"].as_f64().expect("a number");
            assert!(page.contains(&format!("data-value=\"{difference}\"")), "{other}");
            let [low, high] = [0, 1].map(|end| short(&other["ci95"][end].as_f64().expect("three seeds")));
            let words = format!("{} [{low}, {high}]", short(&difference));
            assert!(export(&["latex", "--comparisons"]).contains(&words), "{words}");
        }
    }
    let verdict = &all["verdicts"][0];
    let words = format!(
        "{} \u{b1} {}",
        short(&verdict["measured"].as_f64().unwrap()),
        short(&verdict["ci95"].as_f64().unwrap())
    );
    assert!(export(&["markdown", "--verdicts"]).contains(&words), "{words}");
    // The picture: the heights of the line, read off its own axis. Alone, the system has a chart to itself.
    let alone = trained(every_kind().split("[[experiment]]\nname = \"Ridge").next().expect("the first"));
    let svg = alone.run(&["export", "runs", "--format", "svg"]).exits(0).stdout;
    let document = Document::parse(&svg).expect("well-formed");
    let line = document.descendants().find(|node| node.has_tag_name("polyline")).expect("a line");
    let points = line.attribute("points").expect("points").split(' ');
    let heights: Vec<f64> =
        points.map(|point| point.split_once(',').expect("x,y").1.parse().unwrap()).collect();
    let read = losses_at(&svg, &heights);
    let inside: Vec<f64> = maml.iter().copied().take(read.len()).collect();
    assert!(read.len() > 3, "{svg}");
    let top = read.iter().copied().fold(0.0, f64::max);
    // What is above is cut at the edge.
    for (read, loss) in read.iter().zip(&inside).filter(|(_, loss)| **loss <= top) {
        assert!((read - loss).abs() < 0.02 * loss, "{read} in the picture, {loss}: {svg}");
    }
}

/// JSON, rows, event line, table and picture of the points curve say the same, and that with other shots the tasks are
/// the same; with other tasks there is another floor.
#[test]
fn the_points_curve_is_in_every_format() {
    let study = every_kind().replace("steps = 5", "steps = 5\npoints = 12")
        + "[[experiment]]\nname = \"Any K\"\nalgorithm = \"ridge-head\"\ntask = { shots = [0, 12] }\n";
    let bench = Bench::with("study.toml", &study);
    let told = bench.run(&["run", "study.toml", "--json"]).exits(0);
    let floors: Vec<Value> = told.json_lines().into_iter().filter(|line| line["event"] == "floor").collect();
    let export = |more: &[&str]| bench.run(&[&["export", "runs", "--format"], more].concat()).exits(0).stdout;
    let all: Value = serde_json::from_str(&export(&["json"])).expect("JSON");
    assert_eq!(all["floors"].as_array().expect("floors"), &floors);
    let [floor, flat] = &floors[..] else { panic!("{floors:?}") };
    let of = |floor: &Value| floor["group"].as_array().expect("names").len();
    assert_eq!((of(floor), of(flat)), (7, 1), "{floors:?}");
    assert!(floor.get("test").is_none() && floor["k"].as_array().is_some_and(|k| k.len() == 13));
    let (means, below) = (numbers(&floor["mean"]), numbers(&flat["mean"]));
    assert!(means[0] > means[1] && means[1] > 0.0 && means[2..].iter().all(|loss| *loss == 0.0), "{means:?}");
    assert!(below[0] < means[0], "smaller waves");
    let points = |name: &str| -> Vec<f64> {
        let runs = all["runs"].as_array().expect("runs").iter();
        let of = runs.filter(|run| run["settings"]["name"] == name);
        let of: Vec<Vec<f64>> = of.map(|run| numbers(&run["curve"]["points"]["mean"])).collect();
        (0..13).map(|k| of.iter().map(|run| run[k]).sum::<f64>() / of.len() as f64).collect()
    };
    // With ten points and one step the points curve is where the adaptation curve is.
    assert!((points("MAML")[10] - mean_losses(&all, "MAML")[1]).abs() < 1e-12);
    let csv = export(&["csv"]);
    assert!(
        csv.starts_with("experiment,algorithm,seed,n,mean,median,ci95,nonfinite,tasks,k,sweep,"),
        "{csv}"
    );
    let rows: Vec<Vec<&str>> = csv.lines().map(|line| line.split(',').collect()).collect();
    let of = |name: &str| -> Vec<&Vec<&str>> {
        let name = format!("\"{name}\"");
        rows.iter().filter(|row| row[0] == name && row[3].is_empty()).collect()
    };
    for (name, k) in [("MAML", 0), ("Any K", 12)] {
        let k_of = |row: &&Vec<&str>| row[9] == k.to_string();
        let rows = of(name).into_iter().filter(k_of).map(|row| row[4].parse().expect("a number"));
        let rows: Vec<f64> = rows.collect();
        let mean = rows.iter().sum::<f64>() / 3.0;
        assert!(rows.len() == 3 && (mean - points(name)[k]).abs() < 1e-12, "{name} {k}: {rows:?}");
    }
    assert_eq!(of("Ridge").len(), 3 * 13);
    let table = export(&["markdown"]);
    let by_points = table.split("Test loss after K support points").nth(1).expect("a table");
    for name in ["MAML", "Any K", "Bayes floor"] {
        assert!(by_points.contains(name), "{by_points}");
    }
    let short = metascope::results::text::number;
    assert!(
        by_points.contains(&short(means[1])) && by_points.contains(&short(points("Any K")[5])),
        "{by_points}"
    );
    let svg = export(&["svg", "--points"]);
    let words = texts(&svg).concat();
    for said in ["Test loss after K support points", "support points K", "Bayes floor", "Any K (3 seeds)"] {
        assert!(words.contains(said), "{said}: {words}");
    }
    for (wrong, why) in [(&["json", "--points"][..], "is a picture"), (&["csv", "--points"], "is a picture")]
    {
        bench.run(&[&["export", "runs", "--format"], wrong].concat()).exits(2).says(why);
    }
    // The page has it as a picture, beside the curves over steps.
    let page = export(&["html"]);
    assert!(
        page.contains("Test loss after n steps of adaptation</text>"),
        "over steps, which a ridge head solves"
    );
    assert!(page.contains("Test loss after K support points</text>"), "over points");
    // Who is lowest with how many points is compared as it is after how many steps: the same lines with k in the place of n.
    let compared: Vec<Value> =
        told.json_lines().into_iter().filter(|line| line["event"] == "comparison").collect();
    assert_eq!(all["comparisons"].as_array(), Some(&compared));
    let over_points: Vec<&Value> = compared.iter().filter(|line| line.get("k").is_some()).collect();
    let at: BTreeSet<u64> = over_points.iter().filter_map(|line| line["k"].as_u64()).collect();
    assert_eq!(at, [0, 1, 2, 5, 10, 12].into());
    assert!(compared.iter().all(|line| line.get("k").is_some() != line.get("n").is_some()));
    for line in &over_points {
        let k = line["k"].as_u64().expect("a number") as usize;
        let of = |name: &Value| points(name.as_str().expect("a name"))[k];
        if line["over"] == "mean" {
            for other in line["others"].as_array().expect("a list") {
                let difference = other["difference"].as_f64().expect("a number");
                let again = of(&other["experiment"]) - of(&line["lowest"]);
                assert!((difference - again).abs() < 1e-9, "{other}: {again}");
            }
        }
    }
    let rows = export(&["csv", "--comparisons"]);
    assert!(
        rows.starts_with("test,n,group,over,lowest,experiment,") && rows.contains(",seeds,verdict,k\n"),
        "{rows}"
    );
    let of_points = rows.lines().skip(1).filter(|row| row.starts_with(",,"));
    let others: usize = over_points.iter().map(|line| line["others"].as_array().map_or(0, Vec::len)).sum();
    assert_eq!(of_points.count(), others);
    for said in ["Loss over support points", "Differences to the lowest loss after K support points"] {
        assert!(page.contains(said), "{said}");
    }
    let differences = export(&["svg", "--comparisons", "--points"]);
    assert!(texts(&differences).concat().contains("support points K"), "{differences}");
    // A study without is told how to have one.
    let without = trained(&nasty());
    without.run(&["export", "runs", "--format", "svg", "--points"]).exits(1).says("points = 20");
}

/// What a network says of its own deviation is worth the same in every format, and a noisy target is less likely.
#[test]
fn log_likelihood_and_coverage_are_in_every_format() {
    let study = |target_noise: bool| {
        format!(
            "[defaults]\nseeds = 2\nouter_steps = 60\nmeta_batch = 4\n[task]\nnoise = 0.5\nphase = [0.0, 3.14]\n\
             [evaluation]\nsteps = 2\npoints = 3\ntest_tasks = 30\ntarget_noise = {target_noise}\n\
             [[experiment]]\nname = \"Sure\"\nalgorithm = \"ridge-head\"\nouter_loss = \"nll\"\nclip = 10.0\n\
             [[experiment]]\nname = \"Plain\"\nalgorithm = \"ridge-head\"\nclip = 10.0\n"
        )
    };
    let bench = Bench::with("study.toml", study(true));
    let told = bench.run(&["run", "study.toml", "--json"]).exits(0).json_lines();
    let of = |name: &str| -> Vec<&Value> {
        told.iter().filter(|line| line["event"] == "evaluated" && line["experiment"] == name).collect()
    };
    assert!(
        of("Plain")
            .iter()
            .all(|line| line.get("loglik").is_none() && line["points"].get("coverage").is_none())
    );
    for line in of("Sure") {
        for (curve, entries) in [(line, 3), (&line["points"], 4)] {
            assert_eq!(numbers(&curve["loglik"]).len(), entries, "{line}");
            let bands = ["50", "80", "90", "95"].map(|band| numbers(&curve["coverage"][band]));
            for n in 0..entries {
                // A wider band holds no fewer targets.
                assert!(bands.windows(2).all(|pair| pair[0][n] <= pair[1][n]), "{line}");
                assert!(bands.iter().all(|band| (0.0..=1.0).contains(&band[n])), "{line}");
            }
        }
    }
    let floor = told.iter().find(|line| line["event"] == "floor").expect("a floor");
    let best = numbers(&floor["loglik"]);
    assert!(best.len() == 4 && best.windows(2).all(|pair| pair[1] > pair[0]), "{floor}");
    // The noise alone leaves a Gaussian of deviation 1/2 no better than this.
    assert!(best[3] < -0.5 * (std::f64::consts::TAU * 0.25).ln(), "{floor}");
    let export = |format: &str| bench.run(&["export", "runs", "--format", format]).exits(0).stdout;
    let csv = export("csv");
    let end = ",k,loglik,coverage_50,coverage_80,coverage_90,coverage_95";
    assert!(csv.lines().next().is_some_and(|head| head.ends_with(end)), "{csv}");
    let sure = csv.lines().find(|row| row.starts_with("\"Sure\",ridge-head,0,1,")).expect("a row");
    let seed_0 = of("Sure").into_iter().find(|line| line["seed"] == 0).expect("seed 0");
    let cells: Vec<&str> = sure.split(',').collect();
    assert_eq!(cells[10].parse::<f64>().ok(), Some(numbers(&seed_0["loglik"])[1]), "{sure}");
    assert_eq!(cells[13].parse::<f64>().ok(), Some(numbers(&seed_0["coverage"]["90"])[1]), "{sure}");
    assert!(csv.lines().any(|row| row.starts_with("\"Plain\"") && row.ends_with(",,,,,")), "{csv}");
    let single = |told: &Value| numbers(told).into_iter().map(|value| value as f32).collect::<Vec<_>>();
    let events = all_events(&bench);
    for line in of("Sure") {
        let is_there = |of: &str, curve: &Value| {
            let loglik = (format!("{of}/loglik"), single(&curve["loglik"]));
            let shares = ["50", "80", "90", "95"]
                .map(|band| (format!("{of}/coverage {band}"), single(&curve["coverage"][band])));
            let told: Vec<(String, Vec<f32>)> = shares.into_iter().chain([loglik]).collect();
            events.iter().any(|events| told.iter().all(|(tag, values)| of_tag(events, tag) == *values))
        };
        assert!(is_there("test", line) && is_there("points", &line["points"]), "{line}");
    }
    for table in [export("markdown"), export("html"), export("latex")] {
        for said in ["Log-likelihood of a test target", "best Gaussian"] {
            assert!(table.contains(said), "{said}: {table}");
        }
    }
    // Without noise on them the targets are the function's, which is less to be wrong about; the tasks stay the same.
    let clean = Bench::with("study.toml", study(false));
    let lines = clean.run(&["run", "study.toml", "--json"]).exits(0).json_lines();
    let again = lines
        .iter()
        .find(|line| line["event"] == "evaluated" && line["experiment"] == "Sure" && line["seed"] == 0);
    let again = again.expect("seed 0");
    for (noisy, clean) in numbers(&seed_0["mean"]).iter().zip(numbers(&again["mean"])) {
        // 30 tasks of 50 targets: four standard errors of a variance of 1/4, and of its products with the errors.
        assert!((noisy - clean - 0.25).abs() < 0.25, "{noisy}, {clean}");
    }
}

#[test]
fn a_sweep_is_a_heat_map_of_its_cells() {
    let bench = trained(&every_kind());
    let svg = bench.run(&["export", "runs", "--format", "svg", "--sweep", "S"]).exits(0).stdout;
    let all = bench.run(&["export", "runs", "--format", "json"]).exits(0).stdout;
    let all: Value = serde_json::from_str(&all).expect("JSON");
    let words = texts(&svg);
    for cell in ["inner_lr=0.001 outer_lr=0.001", "inner_lr=0.1 outer_lr=0.001", "inner_lr=0.1 outer_lr=0.01"]
    {
        let loss = mean_losses(&all, &format!("S [{cell}]"))[5];
        let text = metascope::results::text::number(loss);
        assert!(words.iter().any(|word| word.trim_end_matches('!') == text), "{cell} {text}: {words:?}");
    }
    for word in ["inner_lr", "outer_lr", "0.001", "0.1"] {
        assert!(words.iter().any(|text| text == word), "{word}: {words:?}");
    }
    assert!(words[0].contains("after 5 steps at rate 0.01 on 10 points"), "{words:?}");
    bench.run(&["export", "runs", "--format", "svg", "--sweep", "T"]).exits(2).says("there are: S");
}

#[test]
fn a_cell_that_explodes_makes_no_others_alike() {
    // One step at a rate of 1 leads to losses in the thousands.
    let study = every_kind()
        .replace("sweep = { inner_lr = [0.001, 0.1]", "sweep = { \"evaluation.inner_lr\" = [0.01, 1.0]");
    let bench = trained(&study.replace("steps = 5", "steps = 1"));
    let svg = bench.run(&["export", "runs", "--format", "svg", "--sweep", "S"]).exits(0).stdout;
    let key =
        texts(&svg).into_iter().find(|text| text.contains("and more")).expect("the key says that it is cut");
    let up_to: f64 = key
        .split("up to ")
        .nth(1)
        .and_then(|rest| rest.split(' ').next())
        .expect("a number")
        .parse()
        .expect("a number");
    assert!(up_to < 30.0, "twice what knowing nothing has: {key}");
}

#[test]
fn the_distribution_over_tasks_and_the_comparison_are_pictures() {
    let bench = trained(&every_kind());
    let svg = bench
        .run(&["export", "runs", "--format", "svg", "--profile", "1", "--interval", "seeds"])
        .exits(0)
        .stdout;
    let words = texts(&svg);
    assert!(
        words[0].contains("Share of test tasks") && words.iter().any(|word| word == "Ridge (3 seeds)"),
        "{words:?}"
    );
    let svg = bench.run(&["export", "runs", "--format", "svg", "--comparisons"]).exits(0).stdout;
    assert!(
        texts(&svg).iter().any(|word| word.contains("MAML \u{2212}") || word.contains("\u{2212} MAML")),
        "{svg}"
    );
    for (arguments, says) in [
        (&["csv", "--profile"][..], "--format svg"),
        (&["html", "--width", "3in"], "--format svg"),
        (&["csv", "--interval", "std"], "--interval"),
        (&["svg", "--width", "3"], "3.4in"),
        (&["svg", "--font-size", "1"], "points"),
        (&["svg", "--fit", "1", "--profile", "3"], "cannot be used with"),
    ] {
        bench.run(&[&["export", "runs", "--format"], arguments].concat()).exits(2).says(says);
    }
}

#[cfg(feature = "pictures")]
#[test]
fn pdf_and_png_are_the_pictures_at_their_size() {
    let bench = trained(&every_kind());
    let read = |name: &str| std::fs::read(bench.path(name)).expect("it was written");
    for (picture, more) in [
        ("curves", &[][..]),
        ("fit", &["--fit", "3"]),
        ("profile", &["--profile", "2"]),
        ("map", &["--sweep"]),
        ("compared", &["--comparisons"]),
    ] {
        let small = [more, &["--width", "3.4in", "--font-size", "8"]].concat();
        let svg = bench.run(&[&["export", "runs", "--format", "svg"], &small[..]].concat()).exits(0).stdout;
        let height: f64 = svg
            .split("height=\"")
            .nth(1)
            .and_then(|rest| rest.split("pt").next())
            .expect("pt")
            .parse()
            .expect("a number");
        for format in ["pdf", "png"] {
            let file = format!("{picture}.{format}");
            bench
                .run(&[&["export", "runs", "--format", format, "--out", &file], &small[..]].concat())
                .exits(0);
        }
        let pdf = read(&format!("{picture}.pdf"));
        let text = String::from_utf8_lossy(&pdf);
        assert!(text.starts_with("%PDF-") && text.contains("DejaVuSans"), "letters stay letters");
        let page =
            text.split("/MediaBox").nth(1).and_then(|rest| rest.split(['[', ']']).nth(1)).expect("a page");
        let page: Vec<f64> =
            page.split_whitespace().map(|number| number.parse().expect("a number")).collect();
        assert!((page[2] - 244.8).abs() < 0.1 && (page[3] - height).abs() < 0.1, "{page:?} {height}");
        // 300 points an inch.
        let png = read(&format!("{picture}.png"));
        assert!(png.starts_with(b"\x89PNG\r\n"));
        let size = [16, 20].map(|at| u32::from_be_bytes(png[at..at + 4].try_into().expect("four bytes")));
        assert!((f64::from(size[0]) - 1_020.0).abs() <= 1.0, "{size:?}");
        assert!((f64::from(size[1]) - height / 72.0 * 300.0).abs() <= 1.0, "{size:?}");
    }
    // The same bytes from run to run.
    bench
        .run(&[
            "export",
            "runs",
            "--format",
            "png",
            "--out",
            "again.png",
            "--width",
            "3.4in",
            "--font-size",
            "8",
        ])
        .exits(0);
    assert!(read("again.png") == read("curves.png"));
    // A letter that no font here has is told, and the picture is there all the same.
    let odd = trained(&every_kind().replace("\"MAML\"", "\"MAML \u{10900}\""));
    let run = odd.run(&["export", "runs", "--format", "png", "--out", "odd.png"]).exits(0);
    assert!(
        std::fs::metadata(odd.path("odd.png")).is_ok() && !run.stderr.contains("panicked"),
        "{}",
        run.stderr
    );
}

#[cfg(not(feature = "pictures"))]
#[test]
fn a_build_without_pdf_and_png_says_how_to_have_one() {
    let bench = trained(&every_kind());
    for format in ["pdf", "png"] {
        let run = bench.run(&["export", "runs", "--format", format, "--out", "picture"]).exits(2);
        run.says("--features pictures").says(&format!("--format {format}"));
        assert!(!std::path::Path::new(&bench.path("picture")).exists());
    }
}

#[test]
fn panes_of_why_are_pictures_with_what_they_say() {
    let bench = trained(&nasty());
    for pane in metascope::results::why::PANES.iter().filter(|pane| pane.name != "reptile") {
        let svg = bench.run(&["export", "runs", "--format", "svg", "--pane", pane.name]).exits(0).stdout;
        let words = texts(&svg);
        assert_eq!(words[0], pane.title);
        let all = words.join(" ");
        assert!(all.contains("Look for: ") && all.contains(NASTY), "{}: {all}", pane.name);
        assert!(all.contains("Plain, "), "{}: every experiment has its picture: {all}", pane.name);
        let document = Document::parse(&svg).expect("well-formed");
        let drawn = document
            .descendants()
            .filter(|node| ["polyline", "rect", "text"].contains(&node.tag_name().name()));
        assert!(drawn.count() > 20, "{}: {svg}", pane.name);
    }
    let first = bench.run(&["export", "runs", "--format", "svg", "--pane", "one-step"]).exits(0).stdout;
    let other = bench
        .run(&["export", "runs", "--format", "svg", "--pane", "one-step", "--task", "2"])
        .exits(0)
        .stdout;
    assert!(texts(&first) != texts(&other) && other.contains("test task 2"));
    for (arguments, says) in [
        (&["svg", "--pane", "nope"][..], "there are: kernel, one-step"),
        (&["csv", "--pane", "kernel"], "--format svg"),
        (&["svg", "--pane", "kernel", "--task", "7"], "has 6 test tasks"),
        (&["svg", "--task", "2"], "--pane"),
        (&["svg", "--pane", "kernel", "--fit", "1"], "cannot be used with"),
    ] {
        bench.run(&[&["export", "runs", "--format"], arguments].concat()).exits(2).says(says);
    }
}

#[test]
fn fits_of_systems_with_other_tasks_are_under_headings_of_their_own() {
    let bench = trained(&every_kind());
    let words = texts(&bench.run(&["export", "runs", "--format", "svg", "--fit", "2"]).exits(0).stdout);
    let of = |amplitude: &str| {
        words
            .iter()
            .position(|word| *word == format!("Test task 2 of tasks with amplitude {amplitude}"))
            .expect(amplitude)
    };
    let panel = |name: &str| words.iter().position(|word| word.starts_with(name)).expect(name);
    assert!(!words[0].contains("Test task 2"), "{words:?}");
    let (wide, flat) = (of("[0.1,5]"), of("[0.1,1]"));
    let between = |from: usize, name: &str| {
        panel(name) > from && (from > wide.min(flat) || panel(name) < wide.max(flat))
    };
    assert!(
        between(wide, "MAML, seed 0") && between(wide, "Ridge, seed 0") && between(flat, "Flat, seed 0"),
        "{words:?}"
    );
}

#[test]
fn the_page_needs_nothing_else() {
    let bench = trained(&every_kind());
    bench.run(&["export", "runs", "--format", "html", "--out", "page.html"]).exits(0);
    let page = bench.read("page.html");
    for section in [
        "What came of it",
        "Losses",
        "Adaptation curves",
        "Sweeps",
        "Comparisons",
        "Published figures",
        "Settings that differ",
        "Where this comes from",
    ] {
        assert!(page.contains(&format!("<h2>{section}</h2>")), "{section}");
    }
    for forbidden in ["<script", "src=", "@import", "url(http", "javascript:"] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    let links = page.split("href=\"").skip(1);
    assert!(links.clone().count() > 5 && links.into_iter().all(|link| link.starts_with("#s")));
    // No two pictures share the name of a frame.
    let names: Vec<&str> =
        page.split("clipPath id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let others: BTreeSet<&str> = names.iter().copied().collect();
    assert!(!names.is_empty() && others.len() == names.len(), "{names:?}");
    // A name is a name.
    let nasty = trained(&nasty());
    let page = nasty.run(&["export", "runs", "--format", "html"]).exits(0).stdout;
    assert!(page.contains("&lt;c&gt;") && !page.contains("<c>"), "{NASTY}");
}

#[test]
fn a_fit_is_a_panel_an_experiment_with_its_losses() {
    let bench = trained(&nasty());
    let fit = |arguments: &[&str]| {
        bench.run(&[&["export", "runs", "--format", "svg", "--fit"], arguments].concat()).exits(0).stdout
    };
    let svg = fit(&["2"]);
    let words = texts(&svg);
    for text in [&format!("{NASTY}, seed 3"), "Plain, seed 3", "n = 0", "n = 1", "n = 10", "the task"] {
        assert!(words.iter().any(|word| word == text), "{text:?} is missing from {words:?}");
    }
    assert!(words[0].contains("Test task 2"));
    // Ten support points and a wave in each of two panels, and three fits.
    let document = Document::parse(&svg).expect("well-formed");
    let count = |name: &str| document.descendants().filter(|node| node.has_tag_name(name)).count();
    assert_eq!((count("circle"), count("polyline")), (20, 2 * (1 + 3)));
    // The losses are those that `eval` finds on the same task, worked out from the picture of all tasks:
    // the mean over every task's picture is the mean of the curve.
    let rows = rows(&bench.run(&["export", "runs", "--format", "csv"]).exits(0).stdout);
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
        let row = rows.iter().find(|row| [&row[0], &row[2], &row[3]] == ["Plain", "3", n]);
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

/// The bytes of a file of records, checked by a checksum that is worked out bit by bit.
#[track_caller]
fn records(mut bytes: &[u8]) -> Vec<Vec<u8>> {
    let masked = |data: &[u8]| {
        let mut sum = !0_u32;
        for byte in data {
            sum ^= u32::from(*byte);
            for _ in 0..8 {
                sum = if sum & 1 == 1 { sum >> 1 ^ 0x82f6_3b78 } else { sum >> 1 };
            }
        }
        let sum = !sum;
        sum.rotate_right(15).wrapping_add(0xa282_ead8)
    };
    let number = |bytes: &[u8]| u32::from_le_bytes(bytes.try_into().expect("four bytes"));
    let mut records = Vec::new();
    while !bytes.is_empty() {
        let length = u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes")) as usize;
        assert_eq!(masked(&bytes[..8]), number(&bytes[8..12]));
        let data = &bytes[12..12 + length];
        assert_eq!(masked(data), number(&bytes[12 + length..16 + length]));
        records.push(data.to_vec());
        bytes = &bytes[16 + length..];
    }
    records
}

/// The fields of a protocol buffer: their numbers, and their bytes.
fn fields(mut bytes: &[u8]) -> Vec<(u64, Vec<u8>)> {
    fn varint(bytes: &mut &[u8]) -> u64 {
        let end = bytes.iter().position(|byte| byte & 0x80 == 0).expect("it ends") + 1;
        let (number, rest) = bytes.split_at(end);
        *bytes = rest;
        number.iter().rev().fold(0, |all, byte| all << 7 | u64::from(byte & 0x7f))
    }
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let key = varint(&mut bytes);
        let length = match key & 7 {
            0 => {
                fields.push((key >> 3, varint(&mut bytes).to_le_bytes().to_vec()));
                continue;
            }
            1 => 8,
            2 => varint(&mut bytes) as usize,
            5 => 4,
            kind => panic!("a field of kind {kind}"),
        };
        fields.push((key >> 3, bytes[..length].to_vec()));
        bytes = &bytes[length..];
    }
    fields
}

/// Tag, step and value of every scalar of an event file.
fn scalars(bytes: &[u8]) -> Vec<(String, u64, f32)> {
    let mut scalars = Vec::new();
    for (place, record) in records(bytes).iter().enumerate() {
        let event = fields(record);
        assert_eq!((event[0].0, event[1].0), (1, 2), "a time and a step");
        let (kind, what) = &event[2];
        if place == 0 {
            assert_eq!((*kind, &what[..]), (3, &b"brain.Event:2"[..]));
            continue;
        }
        assert_eq!(*kind, 5, "a summary");
        let step = u64::from_le_bytes(event[1].1[..].try_into().expect("eight bytes"));
        for (_, value) in fields(what) {
            let [(1, tag), (2, value)] = &fields(&value)[..] else { panic!("a tag and a value") };
            let tag = String::from_utf8(tag.clone()).expect("UTF-8");
            scalars.push((tag, step, f32::from_le_bytes(value[..].try_into().expect("four bytes"))));
        }
    }
    scalars
}

/// What every event file of a study has.
fn all_events(bench: &Bench) -> Vec<Vec<(String, u64, f32)>> {
    bench.run(&["export", "runs", "--format", "tensorboard", "--out", "events"]).exits(0);
    let files = bench.files();
    files.iter().filter(|(name, _)| name.starts_with("events/")).map(|(_, bytes)| scalars(bytes)).collect()
}

/// The values of a tag, in their order.
fn of_tag(events: &[(String, u64, f32)], tag: &str) -> Vec<f32> {
    events.iter().filter(|(of, ..)| of == tag).map(|(.., value)| *value).collect()
}

#[test]
fn event_files_have_what_the_runs_have_told() {
    let bench = trained(&(nasty() + "[[test]]\nname = \"7 shots\"\nshots = 7\n"));
    let arguments = ["export", "runs", "--format", "tensorboard", "--out", "events"];
    bench.run(&arguments[..4]).exits(2).says("--out");
    bench.write("events", "a file");
    bench.run(&arguments).exits(1).says("events");
    fs::remove_file(bench.path("events")).unwrap();
    fs::create_dir(bench.path("events")).unwrap();
    bench.write("events/mine", "mine");
    bench.run(&arguments).exits(0);
    let all = bench.files();
    let files: Vec<_> = all.iter().filter(|(name, _)| name.starts_with("events/")).collect();
    assert_eq!(files.len(), 1 + 2 * 2, "{:?}", bench.names());
    for (name, bytes) in files.into_iter().filter(|(name, _)| *name != "events/mine") {
        let (folder, file) = name.rsplit_once('/').expect("in a folder");
        assert_eq!(file, "events.out.tfevents.0.metascope");
        let log =
            bench.read(&format!("runs/study/{}/metrics.jsonl", folder.strip_prefix("events/").unwrap()));
        let mut expected = Vec::new();
        for event in log.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON")) {
            if event["event"] == "progress" {
                let loss = event["loss"].as_f64().unwrap() as f32;
                expected.push(("train/loss".to_owned(), event["step"].as_u64().unwrap(), loss));
            }
            if event["event"] == "evaluated" {
                let on = event["test"].as_str().map_or(String::new(), |test| format!(" [{test}]"));
                for n in 0..event["steps"].as_array().unwrap().len() {
                    for (tag, field) in [("loss", "mean"), ("median", "median"), ("nonfinite", "nonfinite")] {
                        let value = numbers(&event[field])[n] as f32;
                        expected.push((format!("test/{tag}{on}"), n as u64, value));
                    }
                }
            }
        }
        assert!(expected.iter().any(|(tag, step, _)| tag == "train/loss" && *step == 20));
        assert!(expected.iter().any(|(tag, ..)| tag == "test/loss [7 shots]"));
        assert_eq!(scalars(bytes), expected, "{name}");
    }
    // Once more: the same bytes in the same places.
    bench.run(&arguments).exits(0);
    assert_eq!(bench.files(), all);
}
