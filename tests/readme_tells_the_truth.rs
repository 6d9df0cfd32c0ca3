//! A README is believed, and so are the pages it leads to. So what they show is tried here as a reader would:
//! their commands run, their files are valid, their tables are the program's, their figures are the reference's.
//!
//! `METASCOPE_UPDATE_DOCS=1 cargo test --test all readme_tells_the_truth` writes the tables that are made of definitions.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::program::{Bench, binary};
use metascope::experiments::tables;
use metascope::learner::Algorithm;
use metascope::ui::{Preferences, commands, views};
use serde_json::Value;

const README: &str = include_str!("../README.md");
const CONTRIBUTING: &str = include_str!("../CONTRIBUTING.md");
const SETTINGS: &str = include_str!("../docs/settings.md");
const COMMANDS: &str = include_str!("../docs/commands.md");
const RESULTS: &str = include_str!("../docs/results.md");
const ALL: &str = include_str!("all.rs");
const KEPT: &str = include_str!("../docs/what-is-kept.md");

/// Every page with its path, in the order in which their commands are tried.
const PAGES: [(&str, &str); 11] = [
    ("README.md", README),
    ("docs/commands.md", COMMANDS),
    ("docs/settings.md", SETTINGS),
    ("docs/keys.md", include_str!("../docs/keys.md")),
    ("docs/screen.md", include_str!("../docs/screen.md")),
    ("docs/your-own-learner.md", include_str!("../docs/your-own-learner.md")),
    ("docs/what-is-kept.md", KEPT),
    ("docs/cluster.md", include_str!("../docs/cluster.md")),
    ("docs/results.md", RESULTS),
    ("docs/library.md", include_str!("../docs/library.md")),
    ("CONTRIBUTING.md", CONTRIBUTING),
];

/// The manual: what a newcomer reads, without what only a contributor does.
fn manual() -> impl Iterator<Item = &'static str> {
    PAGES.iter().filter(|(name, _)| *name != "CONTRIBUTING.md").map(|(_, text)| *text)
}

/// The contents of every code block of this language.
fn blocks<'t>(text: &'t str, language: &str) -> Vec<&'t str> {
    let mut blocks = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("```") {
        let (info, body) = rest[start + 3..].split_once('\n').expect("a block has lines");
        let end = body.find("```").expect("every block ends");
        if info.trim() == language {
            blocks.push(&body[..end]);
        }
        rest = &body[end + 3..];
    }
    blocks
}

/// What stands between two comments of this name.
fn part<'t>(text: &'t str, name: &str) -> &'t str {
    let (_, after) = text.split_once(&format!("<!-- {name} -->\n")).expect("the part begins");
    after.split_once(&format!("<!-- /{name} -->")).expect("the part ends").0
}

/// Holds the part of this name in a page against what the program says of it, or writes it there.
fn holds(page: &str, name: &str, expected: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
    let text = fs::read_to_string(&path).expect("the page is there");
    let written = part(&text, name);
    if written.trim() == expected.trim() {
        return;
    }
    assert!(
        std::env::var_os("METASCOPE_UPDATE_DOCS").is_some(),
        "the part `{name}` of {page} is not the program's; METASCOPE_UPDATE_DOCS=1 with this test writes:\n\n{expected}"
    );
    fs::write(&path, text.replace(written, &format!("\n{}\n\n", expected.trim())))
        .expect("the page is written");
}

#[test]
fn a_newcomer_reads_two_hundred_lines() {
    let lines = README.lines().count();
    assert!(lines <= 200, "README.md has {lines} lines: what is longer has a page in docs/");
    let listed = README.split_once("## Where to read on").expect("the list of pages").1;
    for (name, _) in PAGES.iter().filter(|(name, _)| *name != "README.md") {
        assert!(listed.contains(&format!("]({name})")), "README.md does not lead to {name}");
    }
    let pages = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs")).unwrap();
    for page in pages.map(|entry| format!("docs/{}", entry.unwrap().file_name().to_string_lossy())) {
        assert!(PAGES.iter().any(|(name, _)| *name == page), "{page} is not held by this test");
    }
}

/// Runs the commands of a page in a folder of their own, as a reader would; and how many there were.
fn follow(page: &str) -> (Bench, usize) {
    let bench = Bench::with("tasks.json", blocks(page, "json").concat());
    let folder = binary().parent().expect("the program is in a folder").to_owned();
    let path = std::env::var("PATH").unwrap_or_default();
    let mut commands = 0;
    for line in blocks(page, "sh").iter().flat_map(|block| block.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        commands += 1;
        if line.starts_with("cargo ") {
            // One of them is running this; the other's program is the one that runs below.
            assert!(["cargo run --release", "cargo test"].contains(&line), "{line}");
            continue;
        }
        let output = Command::new("sh")
            .args(["-e", "-c", line])
            .current_dir(bench.folder())
            .env("PATH", format!("{}:{path}", folder.display()))
            .stdin(Stdio::null())
            .output()
            .expect("a shell");
        let (stdout, stderr) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{line}: {}\n{stdout}\n{stderr}", output.status);
    }
    (bench, commands)
}

#[test]
fn every_command_runs() {
    for page in manual().filter(|page| *page != COMMANDS) {
        follow(page);
    }
    let (bench, commands) = follow(COMMANDS);
    assert!(commands >= 8, "only {commands} commands were found: does the search still work?");
    for left in
        ["experiments.toml", "events.jsonl", "curves.csv", "curves.svg", "fit.svg", "gradient.safetensors"]
    {
        assert!(bench.path(left).is_file(), "the README's commands leave {left}");
    }
    for event in bench.read("events.jsonl").lines() {
        serde_json::from_str::<Value>(event).expect("JSON lines");
    }
    let mut study = fs::read_dir(bench.path("runs/experiments")).unwrap().map(|entry| entry.unwrap().path());
    let folder = study.find(|path| path.is_dir()).expect("an experiment's folder");
    let kept = fs::read_dir(folder.join("seed-0")).unwrap();
    let kept: BTreeSet<_> = kept.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    let documented = blocks(KEPT, "text").into_iter().find(|block| block.starts_with("settings.toml"));
    let documented: BTreeSet<_> = documented
        .expect("a list of files")
        .lines()
        .map(|line| line.split(' ').next().unwrap().to_owned())
        .collect();
    assert_eq!(kept, documented, "a run's folder");
}

#[test]
fn cargo_run_runs_this_program() {
    let manifest = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")).unwrap();
    // With more than one program `cargo run` would ask which.
    let programs = manifest.matches("[[bin]]").count();
    assert!(
        programs == 0 || programs == 1 && manifest.contains("[[bin]]\nname = \"metascope\"\n"),
        "{programs}"
    );
    assert!(!Path::new(env!("CARGO_MANIFEST_DIR")).join("src/bin").exists());
    let version = manifest.lines().find_map(|line| line.strip_prefix("rust-version = ")).unwrap();
    assert!(README.contains(&format!("Rust](https://rustup.rs) {}", version.trim_matches('"'))), "{version}");
}

#[test]
fn the_experiments_files_are_valid() {
    let snippets: Vec<&str> = manual().flat_map(|page| blocks(page, "toml")).collect();
    assert!(snippets.len() >= 3, "only {} were found: does the search still work?", snippets.len());
    for snippet in snippets {
        if snippet.contains("[keys]") {
            Preferences::read(Path::new("config.toml"), snippet).expect("a good config.toml");
            continue;
        }
        let bench = Bench::with("snippet.toml", snippet);
        bench.run(&["check", "snippet.toml"]).exits(0);
    }
}

/// The definitions as the README has them.
fn settings_table() -> String {
    let mut table = "| table | key | what it says | values | default |\n|---|---|---|---|---|\n".to_owned();
    for (title, keys) in tables() {
        for key in keys {
            let default = match key.default() {
                None => "off".to_owned(),
                Some(value) => format!("`{}`", shown(&value)),
            };
            let (name, doc, values) = (key.name(), key.doc(), key.domain().in_words());
            table += &format!("| `{title}` | `{name}` | {doc} | {values} | {default} |\n");
        }
    }
    table
}

/// A default as a person would write it.
fn shown(value: &metascope::config::Value) -> String {
    match value {
        // Seeds 0, 1, ... are a count.
        metascope::config::Value::List(list) => list.len().to_string(),
        value => value.to_string(),
    }
}

#[test]
fn the_settings_are_the_programs() {
    holds("docs/settings.md", "settings", &settings_table());
}

#[test]
fn the_shipped_file_shows_every_setting_with_its_default() {
    let shipped = include_str!("../experiments.toml");
    for (title, keys) in tables() {
        let Some((_, after)) = shipped.split_once(&format!("\n{title}\n")) else {
            assert!(title.contains("with family"), "{title}");
            continue;
        };
        let table = after.split("\n[").next().expect("its lines");
        // What a single learner can be told stands where that learner is.
        let of_one =
            |name| Algorithm::ALL.iter().any(|one| one.own_keys().iter().any(|key| key.name() == name));
        for key in keys.into_iter().filter(|key| !of_one(key.name())) {
            let name = key.name();
            let is_there = match key.default() {
                Some(value) => table.lines().any(|line| line == format!("{name} = {}", shown(&value))),
                None => {
                    table.lines().any(|line| line.starts_with('#') && line.contains(&format!(" {name} = ")))
                }
            };
            assert!(is_there, "{title} {name}");
        }
    }
}

#[test]
fn every_learner_is_named() {
    for algorithm in Algorithm::ALL {
        let name = algorithm.name();
        assert!(README.contains(&format!("`{name}`")), "the README does not say that there is `{name}`");
    }
}

#[test]
fn the_keys_are_the_programs() {
    holds("docs/keys.md", "keys", &commands::markdown());
    holds("docs/keys.md", "contexts", &commands::contexts_as_markdown());
}

#[test]
fn the_picture_shows_this_screen() {
    let picture = blocks(part(README, "picture"), "text").concat();
    let lines: Vec<&str> = picture.lines().collect();
    assert_eq!(lines.len(), 40);
    assert!(lines.iter().all(|line| line.chars().count() <= 120));
    assert!(
        lines[0].starts_with(" metascope  experiments.toml   sine, 10-shot, 5 systems × 5 seeds"),
        "{}",
        lines[0]
    );
    let tabs = " 1 Overview  2 Random  3 Transfer  4 MAML  5 First-order MAML  6 Reptile  7 Tasks  8 Play  9 Log  Figures  Why";
    assert_eq!(lines[1].trim_end(), tabs);
    // The footer names keys and what they do, as the key table has it.
    let contexts = views::first().kind.contexts();
    let hints = commands::keymap().hints(&contexts, |_| true);
    let footer: Vec<&str> = lines[39].trim().split("  ").collect();
    for entry in &footer {
        assert!(hints.iter().any(|hint| format!("{} {}", hint.keys, hint.words) == *entry), "{entry}");
    }
    assert!(footer.len() >= 5);
}

#[test]
fn the_events_are_the_contracts() {
    let block =
        blocks(COMMANDS, "text").into_iter().find(|block| block.starts_with("{\"event\"")).expect("there");
    let bench = Bench::with("experiments.toml", crate::program::TINY);
    let said = bench.run(&["run", "--json"]).exits(0);
    let names = |line: &str| -> Vec<String> {
        line.split('"')
            .skip(1)
            .step_by(2)
            .zip(line.split('"').skip(2).step_by(2))
            .filter(|(_, after)| after.starts_with(':'))
            .map(|(name, _)| name.to_owned())
            .collect()
    };
    let mut compared = 0;
    for line in block.lines() {
        let start = line.split(',').next().expect("the event's name");
        // The only one that a good study has not.
        if start.contains("failed") {
            continue;
        }
        let real =
            said.stdout.lines().find(|real| real.starts_with(start)).unwrap_or_else(|| panic!("{start}"));
        assert_eq!(names(line), names(real), "fields and their order");
        compared += 1;
    }
    assert_eq!(compared, 5);
}

#[test]
fn every_command_and_exit_code_is_in_the_help() {
    let help = Bench::new().run(&["--help"]).exits(0).stdout;
    let (_, commands) = help.split_once("Commands:").expect("clap lists them");
    let commands = commands.lines().skip(1).take_while(|line| !line.trim().is_empty());
    let listed = blocks(COMMANDS, "text").into_iter().find(|block| block.starts_with("metascope [FILE]"));
    let listed = listed.expect("docs/commands.md lists the commands");
    for command in commands {
        let name = command.split_whitespace().next().expect("a name");
        assert!(
            name == "help" || listed.contains(&format!("metascope {name}")),
            "{name} is not in docs/commands.md"
        );
    }
    for code in [0, 1, 2, 130] {
        assert!(COMMANDS.contains(&format!("| {code} |")), "{code}");
    }
}

/// The names of the functions in a file of tests.
fn tests_in(text: &str) -> impl Iterator<Item = &str> {
    text.split("#[test]\n")
        .skip(1)
        .filter_map(|after| after.split_once("fn ")?.1.split_once('(').map(|(name, _)| name))
}

#[test]
fn every_promise_has_a_test_and_every_fault_is_in_the_table() {
    let mut promised = BTreeSet::new();
    let cells = |row: &str| -> [String; 2] {
        let cells: Vec<String> =
            row.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect();
        cells.try_into().unwrap_or_else(|cells| panic!("a row has two cells: {cells:?}"))
    };
    let told: Vec<[String; 2]> = part(KEPT, "faults").lines().skip(2).map(cells).collect();
    let held: Vec<[String; 2]> = part(CONTRIBUTING, "faults").lines().skip(2).map(cells).collect();
    let faults = |rows: &[[String; 2]]| rows.iter().map(|[fault, _]| fault.clone()).collect::<Vec<_>>();
    assert_eq!(faults(&told), faults(&held), "docs/what-is-kept.md and CONTRIBUTING.md name the same faults");
    for [row, tests] in &held {
        let names: Vec<&str> = tests.split(", ").map(|name| name.trim_matches('`')).collect();
        assert!(names.iter().all(|name| !name.is_empty()), "no test: {row}");
        promised.extend(names);
    }
    assert!(promised.len() >= 12, "only {} tests were found: does the search still work?", promised.len());
    let mut known = BTreeSet::new();
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.file_stem().unwrap().to_str().unwrap();
            assert!(name == "all" || ALL.contains(&format!("mod {name};")), "all.rs leaves out {name}");
            known.extend(tests_in(&fs::read_to_string(&path).unwrap()).map(str::to_owned));
        }
    }
    for name in &promised {
        assert!(known.contains(*name), "there is no test {name}");
    }
    for name in tests_in(include_str!("faults_have_outcomes.rs")) {
        assert!(promised.contains(name), "{name} is not in the table of CONTRIBUTING.md");
    }
}

#[test]
fn the_map_is_the_folders() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut rooms = BTreeSet::new();
    for entry in fs::read_dir(&source).unwrap() {
        let entry = entry.unwrap();
        let slash = if entry.path().is_dir() { "/" } else { "" };
        rooms.insert(format!("{}{slash}", entry.file_name().into_string().unwrap()));
    }
    rooms.remove("lib.rs");
    // A room may be a file with a folder of its own beside it.
    rooms = rooms
        .iter()
        .filter(|room| !rooms.contains(&format!("{}.rs", room.trim_end_matches('/'))))
        .cloned()
        .collect();
    let lib = fs::read_to_string(source.join("lib.rs")).unwrap().replace("//! ", "");
    let map = blocks(&lib, "text").into_iter().find(|block| block.contains("config/")).expect("a map");
    let map: BTreeSet<String> = map.lines().map(|line| line.split(' ').next().unwrap().to_owned()).collect();
    assert_eq!(map, rooms);
}

/// How a page is linked to at this line, if it is a heading: as GitHub does it.
fn anchor(line: &str) -> String {
    let Some(heading) = line.strip_prefix('#') else { return String::new() };
    let kept = heading.trim_start_matches('#').trim().to_lowercase();
    kept.chars()
        .filter(|c| c.is_alphanumeric() || " -_".contains(*c))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

#[test]
fn links_lead_somewhere() {
    for (name, text) in PAGES {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
        for target in text.split("](").skip(1).filter_map(|after| after.split(')').next()) {
            if target.starts_with("https://") {
                continue;
            }
            let (file, section) = target.split_once('#').unwrap_or((target, ""));
            let file = if file.is_empty() { page.clone() } else { page.parent().unwrap().join(file) };
            assert!(file.exists(), "{name}: {target}");
            if !section.is_empty() {
                let headings = fs::read_to_string(&file).unwrap();
                assert!(headings.lines().any(|line| anchor(line) == section), "{name}: {target}");
            }
        }
    }
    for test in CONTRIBUTING
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` |"))
        .map(|(test, _)| test)
    {
        if !test.contains(' ') {
            let file = format!("tests/{test}.rs");
            assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join(&file).exists(), "{file}");
        }
    }
}

#[test]
fn the_figures_are_the_references() {
    let file: Value = serde_json::from_str(include_str!("reference/curves.json")).expect("JSON");
    let at = |name: &str, what: &str, n: usize| file["curves"][name][what][n].as_f64().expect("a number");
    for (name, n) in [
        ("maml", 1),
        ("maml, outer_gradient = meta+inner", 1),
        ("first-order maml", 10),
        ("maml", 10),
        ("reptile", 10),
        ("reptile", 32),
        ("maml", 32),
    ] {
        let figure = format!("{:.2}", at(name, "mean", n));
        let (_, notebook) = RESULTS.split_once("## Where the notebook differs").expect("the section");
        assert!(notebook.contains(&figure), "{name} at n = {n} is {figure}");
    }
    let spread = format!("{:.2} ± {:.2}", at("maml", "mean", 10), at("maml", "std_over_seeds", 10));
    assert!(RESULTS.contains(&spread), "{spread}");
}
