//! The built program in a folder of its own, and what it said there: what the whole-program tests share.

#[cfg(target_os = "linux")]
pub mod disk;
#[cfg(target_os = "linux")]
pub mod terminal;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use assert_cmd::cargo::cargo_bin;
use metascope::learner::Algorithm;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::{NamedTempFile, TempDir};

/// No single command of these tests takes this long, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(300);

/// What is waited for has happened long before, even on a busy machine.
const DEADLINE: Duration = Duration::from_secs(120);

/// Some systems, trained so briefly that it takes no time. [`tiny`] has all of them.
pub const TINY: &str = r#"[defaults]
seeds = 2
outer_steps = 40

[task]
train_tasks = 20

[evaluation]
test_tasks = 10
grid = 7
steps = 3

[[experiment]]
name = "Random"
algorithm = "random"

[[experiment]]
name = "Transfer"
algorithm = "transfer"

[[experiment]]
name = "MAML"
algorithm = "maml"

[[experiment]]
name = "First-order MAML"
algorithm = "first-order-maml"

[[experiment]]
name = "Reptile"
algorithm = "reptile"
inner_steps = 3
"#;

/// The name of every learner in `experiments.toml` that has a network.
pub fn learners() -> impl Iterator<Item = &'static str> {
    let networks = Algorithm::ALL.iter().filter(|algorithm| !algorithm.reads_answers());
    networks.map(|algorithm| algorithm.name())
}

/// This study, with an experiment more for every learner that it leaves out.
pub fn with_every_learner(study: &str) -> String {
    let missing = learners().filter(|learner| !study.contains(&format!("algorithm = \"{learner}\"")));
    let more =
        missing.map(|learner| format!("\n[[experiment]]\nname = \"{learner}\"\nalgorithm = \"{learner}\"\n"));
    study.to_owned() + &more.collect::<String>()
}

/// [`TINY`] with every learner.
pub fn tiny() -> String {
    with_every_learner(TINY)
}

/// The names of a study's experiments.
pub fn experiments(study: &str) -> Vec<&str> {
    study.lines().filter_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"')).collect()
}

/// Whether this came true before the deadline. Only ever asked for what must come true.
pub fn comes_true(so: impl FnMut() -> bool) -> bool {
    comes_true_within(DEADLINE, so)
}

fn comes_true_within(limit: Duration, mut so: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    while !so() {
        if start.elapsed() > limit {
            return false;
        }
        thread::sleep(Duration::from_millis(20));
    }
    true
}

/// Waits until this is so.
#[track_caller]
pub fn wait(what: &str, so: impl FnMut() -> bool) {
    assert!(comes_true(so), "never: {what}");
}

/// Waits for some `span` of time in which no more than `most` is added to what `count` counts.
#[track_caller]
pub fn wait_for_rest(what: &str, span: Duration, most: usize, count: impl Fn() -> usize) {
    wait(what, || {
        let before = count();
        thread::sleep(span);
        count() - before < most
    });
}

/// The program's file.
pub fn binary() -> PathBuf {
    cargo_bin!("metascope").to_owned()
}

/// An empty folder that the program is run in.
pub struct Bench {
    folder: TempDir,
}

impl Bench {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder") }
    }

    /// With this file in it.
    pub fn with(name: &str, contents: impl AsRef<[u8]>) -> Self {
        let bench = Self::new();
        bench.write(name, contents);
        bench
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, contents: impl AsRef<[u8]>) {
        fs::write(self.path(name), contents).expect("written");
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// The program in this folder, without a terminal and without what the environment might say.
    pub fn command(&self, arguments: &[&str]) -> assert_cmd::Command {
        let mut command = assert_cmd::Command::new(binary());
        command.current_dir(self.folder()).args(arguments).timeout(PATIENCE);
        for variable in ["METASCOPE_KERNEL", "NO_COLOR", "CLICOLOR_FORCE"] {
            command.env_remove(variable);
        }
        command
    }

    /// What the program said to these arguments.
    pub fn run(&self, arguments: &[&str]) -> Said {
        Said::of(&mut self.command(arguments))
    }

    /// Starts the program in this folder.
    pub fn start(&self, arguments: &[&str]) -> Running {
        self.start_with(arguments, &[])
    }

    /// The same, saving at every look at the clock: a save is what is disturbed.
    pub fn start_saving(&self, arguments: &[&str]) -> Running {
        self.start_with(arguments, &[("METASCOPE_SAVE_MS", "1".to_owned())])
    }

    /// The same with these variables in its environment.
    pub fn start_with(&self, arguments: &[&str], environment: &[(&str, String)]) -> Running {
        let mut command = Command::new(binary());
        command.args(arguments).envs(environment.iter().map(|(name, value)| (name, value)));
        self.spawn(command)
    }

    /// Starts any command in this folder.
    pub fn spawn(&self, mut command: Command) -> Running {
        let [stdout, stderr] = [(); 2].map(|()| NamedTempFile::new().expect("a temporary file"));
        let file = |file: &NamedTempFile| Stdio::from(file.reopen().expect("it is there"));
        command.current_dir(self.folder()).stdin(Stdio::null()).stdout(file(&stdout)).stderr(file(&stderr));
        Running { child: command.spawn().expect("it starts"), stdout, stderr }
    }

    /// Whether a file is there whose name ends so.
    pub fn has(&self, end: &str) -> bool {
        self.count(end) > 0
    }

    /// How many files are there whose names end so.
    pub fn count(&self, end: &str) -> usize {
        self.names().iter().filter(|name| name.ends_with(end)).count()
    }

    /// Trains the study with one worker until a run with this in its path is saved for the first time, and the
    /// process crashes: the runs before it are done, it is half done, the others have not begun.
    #[cfg(target_os = "linux")]
    pub fn half_do(&self, study: &str, run: &str) {
        let path = format!("{run}/resume.bin");
        let fault = disk::Fault { path: &path, ops: "rename", kind: "crash", at: 2, stays: false };
        let mut environment = fault.environment(None);
        environment.push(("METASCOPE_SAVE_MS", "0".to_owned()));
        let said = self.start_with(&["run", study, "--jobs", "1"], &environment).end();
        assert!(said.code != Some(0) && self.has(&path), "not half done: {said:?}");
    }

    /// Every file below the folder, by its relative path, and its bytes.
    pub fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let read = |name: String| {
            let bytes = fs::read(self.path(&name)).expect("readable");
            (name, bytes)
        };
        self.names().into_iter().map(read).collect()
    }

    /// What a study left behind that may not depend on time: file contents, log lines without their clocks.
    /// The file a run goes on from has clocks inside, and tests/resume_is_bit_exact.rs to itself; the study's
    /// lock and plan, and a run's provenance, say who trains what, not what came of it; and what was put aside is history.
    pub fn outcome(&self) -> BTreeMap<String, Vec<u8>> {
        let mut files = self.files();
        let other = ["/resume.bin", "/lock.json", "/plan.json", "/provenance.json"];
        files.retain(|name, _| !name.contains(".before-") && !other.iter().any(|end| name.ends_with(end)));
        for (name, bytes) in &mut files {
            if name.ends_with(".jsonl") {
                let timeless = |line: &str| {
                    let mut event: Value = serde_json::from_str(line).expect("a log of JSON lines");
                    for clock in ["steps_per_second", "seconds"] {
                        event.as_object_mut().expect("an object").remove(clock);
                    }
                    event.to_string()
                };
                let text = std::str::from_utf8(bytes).expect("UTF-8");
                *bytes = text.lines().map(timeless).collect::<Vec<_>>().join("\n").into_bytes();
            }
        }
        files
    }

    /// The [`results`] of what is left behind.
    pub fn results(&self) -> BTreeMap<String, Vec<u8>> {
        results(self.outcome())
    }

    /// The names of the files below the folder. They may come and go meanwhile.
    pub fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        let mut folders = vec![self.folder().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).into_iter().flatten().filter_map(Result::ok) {
                let path = entry.path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.is_file() {
                    let name = path.strip_prefix(self.folder()).expect("below the folder");
                    names.push(name.display().to_string());
                }
            }
        }
        names.sort();
        names
    }
}

/// A command at work. What it prints is kept, and a test that ends ends it too.
pub struct Running {
    child: Child,
    stdout: NamedTempFile,
    stderr: NamedTempFile,
}

impl Running {
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn signal(&self, signal: Signal) {
        assert!(self.try_signal(signal), "it has ended");
    }

    /// The same to one that may have ended meanwhile; whether it had not.
    pub fn try_signal(&self, signal: Signal) -> bool {
        kill_process(Pid::from_child(&self.child), signal).is_ok()
    }

    /// Where what it prints goes.
    pub fn stdout(&self) -> PathBuf {
        self.stdout.path().to_owned()
    }

    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("our child").is_some()
    }

    /// Waits until something is so, while it still runs.
    #[track_caller]
    pub fn until(&mut self, what: &str, mut so: impl FnMut() -> bool) {
        wait(what, || {
            let is_so = so();
            assert!(is_so || !self.has_ended(), "it ended before {what}: {:?}", self.said(None));
            is_so
        });
    }

    /// How it ended, which it has to.
    #[track_caller]
    pub fn end(mut self) -> Said {
        let mut status = None;
        let ends = comes_true_within(PATIENCE, || {
            status = self.child.try_wait().expect("our child");
            status.is_some()
        });
        assert!(ends, "it does not end: {:?}", self.said(None));
        self.said(status)
    }

    /// Ends it as `kill -9` does.
    #[track_caller]
    pub fn kill(mut self) -> Said {
        self.child.kill().expect("killed");
        self.end()
    }

    #[track_caller]
    fn said(&self, status: Option<ExitStatus>) -> Said {
        let text = |file: &NamedTempFile| fs::read(file.path()).expect("readable");
        Said::new(status.and_then(|status| status.code()), text(&self.stdout), text(&self.stderr))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Of files those of the runs themselves, without what is kept only for looking back: it may have gaps, and nothing
/// follows from it.
pub fn results(mut files: BTreeMap<String, Vec<u8>>) -> BTreeMap<String, Vec<u8>> {
    files.retain(|name, _| name.starts_with("runs/") && !name.ends_with("snapshots.bin"));
    files
}

/// How a command ended.
#[derive(Debug)]
pub struct Said {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Said {
    #[track_caller]
    pub fn of(command: &mut assert_cmd::Command) -> Self {
        let output = command.output().expect("the program starts");
        Self::new(output.status.code(), output.stdout, output.stderr)
    }

    #[track_caller]
    fn new(code: Option<i32>, stdout: Vec<u8>, stderr: Vec<u8>) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the program writes UTF-8");
        let said = Self { code, stdout: text(stdout), stderr: text(stderr) };
        for word in ["panicked at", "RUST_BACKTRACE", "a bug in metascope"] {
            assert!(!said.stderr.contains(word), "it panicked: {said:?}");
        }
        said
    }

    /// With this exit code; 0 has nothing to complain about.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "stdout: {}\nstderr: {}", self.stdout, self.stderr);
        if code != 0 {
            assert!(!self.stderr.trim().is_empty() || code == 130, "exit code {code} without a word");
        }
        self
    }

    /// Every line of stdout as JSON.
    #[track_caller]
    pub fn json_lines(&self) -> Vec<Value> {
        let parse = |line: &str| match serde_json::from_str(line) {
            Ok(Value::Object(object)) => Value::Object(object),
            other => panic!("no JSON object ({other:?}): {line}"),
        };
        self.stdout.lines().map(parse).collect()
    }

    /// All of stdout as one JSON object.
    #[track_caller]
    pub fn json(&self) -> Value {
        let lines = self.json_lines();
        assert_eq!(lines.len(), 1, "one object a command: {}", self.stdout);
        lines.into_iter().next().expect("one")
    }

    #[track_caller]
    pub fn says(self, words: &str) -> Self {
        assert!(self.stderr.contains(words), "{words:?} is missing from: {}", self.stderr);
        self
    }
}

/// That two outcomes are the same, file by file.
#[track_caller]
pub fn assert_same(a: &BTreeMap<String, Vec<u8>>, b: &BTreeMap<String, Vec<u8>>, what: &str) {
    assert_eq!(a.keys().collect::<Vec<_>>(), b.keys().collect::<Vec<_>>(), "{what}");
    for (name, bytes) in a {
        assert!(*bytes == b[name], "{what}: {name} differs");
    }
}

/// Copies a folder with all that is in it.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("made");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).expect("copied");
        }
    }
}

/// The numbers of a JSON list.
#[track_caller]
pub fn numbers(value: &Value) -> Vec<f64> {
    let list = value.as_array().unwrap_or_else(|| panic!("no list: {value}"));
    list.iter().map(|number| number.as_f64().unwrap_or(f64::NAN)).collect()
}

/// Events of this name.
pub fn events<'a>(lines: &'a [Value], name: &'a str) -> impl Iterator<Item = &'a Value> {
    lines.iter().filter(move |line| line["event"] == name)
}
