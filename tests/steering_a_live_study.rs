//! The file is edited and runs are steered while the study trains, in a real terminal and with a real
//! editor process: only what was touched starts over, and no result changes.
#![cfg(target_os = "linux")]

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::program::terminal::Terminal;
use crate::program::{wait, wait_for_rest};

const STUDY: &str = "[defaults]\nseeds = 2\nouter_steps = 300\n[task]\ntrain_tasks = 100\n[evaluation]\n\
    test_tasks = 20\n[[experiment]]\nname = \"MAML\"\nalgorithm = \"maml\"\n\
    [[experiment]]\nname = \"Reptile\"\nalgorithm = \"reptile\"\ninner_steps = 2\n";

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder for the test");
    fs::write(folder.path().join("experiments.toml"), STUDY).expect("written");
    folder
}

/// Folders of finished runs, by the name of their experiment's folder.
fn finished(folder: &Path) -> Vec<PathBuf> {
    let found = fs::read_dir(folder.join("runs/experiments")).into_iter().flatten().filter_map(Result::ok);
    let seeds = found.flat_map(|entry| fs::read_dir(entry.path()).into_iter().flatten());
    let folders = seeds.filter_map(Result::ok).map(|entry| entry.path());
    let mut done: Vec<PathBuf> = folders
        .filter(|folder| {
            let log = fs::read_to_string(folder.join("metrics.jsonl")).unwrap_or_default();
            log.contains("\"event\":\"finished\"")
        })
        .collect();
    done.sort();
    done
}

#[test]
fn an_edit_shows_its_errors_and_r_applies_it_to_what_it_touches() {
    let folder = folder();
    let file = folder.path().join("experiments.toml");
    let mut terminal = Terminal::open(folder.path(), "");
    wait("four runs", || finished(folder.path()).len() == 4);
    let before: Vec<_> = finished(folder.path());
    let times = |folders: &[PathBuf]| -> Vec<_> {
        let time = |folder: &PathBuf| fs::read_to_string(folder.join("metrics.jsonl")).expect("a log");
        folders.iter().map(time).collect()
    };
    let logs = times(&before);
    fs::write(&file, STUDY.replace("inner_steps", "iner_steps")).expect("written");
    assert!(terminal.sees("experiments.toml:14:1:").contains("`iner_steps`"));
    let asked = terminal.text().len();
    terminal.press("r");
    terminal.until("an answer", |text| text[asked..].contains("opens"));
    assert_eq!(finished(folder.path()).len(), 4, "nothing is applied that cannot be used");
    fs::write(&file, STUDY.replace("inner_steps = 2", "inner_steps = 3")).expect("written");
    let drawn = terminal.sees("applies");
    assert!(drawn.contains("inner_steps") && drawn.contains('3'), "{drawn}");
    // The two that were trained otherwise leave the study.
    terminal.press("r");
    terminal.sees("leave");
    terminal.press("y");
    wait("the two touched runs", || finished(folder.path()).len() == 6);
    assert_eq!(times(&before), logs, "what was not touched was not trained again");
    // The header, which then says so.
    terminal.sees("4/4");
    terminal.press("q");
    let (code, output) = terminal.end();
    assert_eq!(code, 0);
    let table = &output[output.rfind("Test loss after n").expect("the table is printed")..];
    assert_eq!(table.matches("2/2").count(), 2, "{table}");
}

#[test]
fn a_test_set_and_a_figure_that_are_added_train_nothing() {
    let folder = folder();
    let mut terminal = Terminal::open(folder.path(), "");
    wait("four runs", || finished(folder.path()).len() == 4);
    let networks = || -> Vec<_> {
        let network = |folder: &PathBuf| fs::read(folder.join("checkpoint.safetensors")).expect("a network");
        finished(folder.path()).iter().map(network).collect()
    };
    let before = networks();
    let figure = "[[experiment.published]]\nsource = \"nowhere\"\ntest = \"far\"\nn = 1\nloss = 900.0\n";
    let edited = format!("{STUDY}{figure}[[test]]\nname = \"far\"\nx = [5.0, 10.0]\n");
    fs::write(folder.path().join("experiments.toml"), edited).expect("written");
    let drawn = terminal.sees("applies");
    assert!(drawn.contains("far") && drawn.contains("published"), "{drawn}");
    terminal.press("r");
    let tested = |folder: &PathBuf| {
        let log = fs::read_to_string(folder.join("metrics.jsonl")).expect("a log");
        log.lines().filter(|line| line.contains("\"event\":\"started\"")).count() == 1
            && log.lines().any(|line| line.contains("\"test\":\"far\""))
    };
    wait("four tests", || finished(folder.path()).iter().filter(|folder| tested(folder)).count() == 4);
    assert_eq!(networks(), before);
    terminal.sees("[test]");
    terminal.press("T");
    terminal.sees("[far]");
    // The last view but one.
    terminal.press("\x1b[Z\x1b[Z");
    terminal.sees("beats");
    terminal.press("q");
    let (code, output) = terminal.end();
    assert_eq!(code, 0);
    let left = &output[output.rfind("[test] Test loss").expect("the tables are printed")..];
    assert!(left.contains("[far] Test loss") && left.contains("Reptile, far, n=1"), "{left}");
}

#[test]
fn the_editor_opens_at_the_place_and_comes_back() {
    let folder = folder();
    let editor = folder.path().join("vim");
    // An editor that notes how it was called and adds an experiment.
    let script = "#!/bin/sh\necho \"$@\" > called\nprintf '[[experiment]]\\nname = \"New\"\\nalgorithm = \"random\"\\nseeds = 1\\n' >> experiments.toml\n";
    fs::write(&editor, script).expect("written");
    fs::set_permissions(&editor, fs::Permissions::from_mode(0o755)).expect("it can be run");
    let mut terminal = Terminal::open_with(folder.path(), "", &format!("VISUAL={}", editor.display()));
    wait("four runs", || finished(folder.path()).len() == 4);
    // The view of Reptile, whose name stands on line 12.
    terminal.press("3e");
    wait("the editor", || folder.path().join("called").exists());
    let called = fs::read_to_string(folder.path().join("called")).expect("noted");
    assert_eq!(called.trim(), "+12 ./experiments.toml");
    let drawn = terminal.sees("applies");
    assert!(drawn.contains("New"), "{drawn}");
    terminal.press("r");
    wait("the new run", || finished(folder.path()).len() == 5);
    terminal.press("q");
    assert_eq!(terminal.end().0, 0);
}

#[test]
fn paused_runs_use_no_time_and_end_with_the_same_bits() {
    let [plain, steered] = [folder(), folder()];
    let study = STUDY.replace("outer_steps = 300", "outer_steps = 60000");
    for folder in [&plain, &steered] {
        fs::write(folder.path().join("experiments.toml"), &study).expect("written");
    }
    let mut terminal = Terminal::open(plain.path(), "");
    wait("four runs", || finished(plain.path()).len() == 4);
    terminal.press("q");
    terminal.end();
    let mut terminal = Terminal::open(steered.path(), "");
    terminal.press("P");
    terminal.sees("paused");
    let used = || {
        let stat = fs::read_to_string(format!("/proc/{}/stat", terminal.noted("pid"))).expect("it runs");
        let fields: Vec<usize> = stat
            .rsplit(") ")
            .next()
            .map(|rest| rest.split(' ').filter_map(|field| field.parse().ok()).collect())
            .unwrap_or_default();
        // Clock ticks of 10 ms, in user and kernel mode; the state before them is no number.
        (fields[10] + fields[11]) * 10
    };
    // In milliseconds. The step that is under way is taken to its end.
    wait_for_rest("paused runs use no time", Duration::from_secs(2), 200, used);
    assert!(finished(steered.path()).len() < 4, "it was over before it was paused");
    terminal.press("P");
    wait("four runs", || finished(steered.path()).len() == 4);
    terminal.press("q");
    assert_eq!(terminal.end().0, 0);
    for (one, other) in finished(plain.path()).iter().zip(finished(steered.path())) {
        let [one, other] = [one.as_path(), other.as_path()]
            .map(|folder| fs::read(folder.join("checkpoint.safetensors")).expect("a checkpoint"));
        assert_eq!(one, other);
    }
}
