//! The dashboard takes a terminal and gives it back as it was, on every way out. The real program in a
//! real pseudo-terminal, which `script` (util-linux) provides.
#![cfg(target_os = "linux")]

use std::{
    fs,
    io::{Read, Write},
    path::PathBuf,
    process::{Child, ChildStdin, Command, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

const ENTER: &str = "\x1b[?1049h";
const LEAVE: &str = "\x1b[?1049l";
const SHOW_CURSOR: &str = "\x1b[?25h";

/// A study that trains for as long as a test wants.
fn study(steps: u64) -> String {
    format!(
        "[defaults]\nseeds = 1\nouter_steps = {steps}\n[task]\ntrain_tasks = 100\n[evaluation]\ntest_tasks = 20\n\
         [[experiment]]\nname = \"MAML\"\nalgorithm = \"maml\"\n"
    )
}

const SHORT: u64 = 50;
const ENDLESS: u64 = 1_000_000;

struct Session {
    folder: tempfile::TempDir,
    script: Child,
    keys: ChildStdin,
    output: Arc<Mutex<Vec<u8>>>,
}

impl Session {
    /// The dashboard over a study of this many steps, on 120 columns and 40 rows.
    fn start(steps: u64) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the test");
        fs::write(folder.path().join("experiments.toml"), study(steps)).expect("the folder can be written");
        let program = env!("CARGO_BIN_EXE_metascope");
        let command = format!("stty rows 40 cols 120; tty > tty; echo $$ > pid; exec {program}");
        let mut script = Command::new("script")
            .args(["-qefc", &command, "/dev/null"])
            .current_dir(folder.path())
            .env("TERM", "xterm")
            .env("LANG", "C.UTF-8")
            .env_remove("LC_ALL")
            .env_remove("NO_COLOR")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("script of util-linux runs");
        let keys = script.stdin.take().expect("piped");
        let mut pipe = script.stdout.take().expect("piped");
        let output = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&output);
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(read) = pipe.read(&mut bytes) {
                if read == 0 {
                    break;
                }
                sink.lock().expect("no test panics while it holds this").extend_from_slice(&bytes[..read]);
            }
        });
        let session = Self { folder, script, keys, output };
        session.until("it draws", |text| text.contains("Overview"));
        session
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.output.lock().expect("no test panics while it holds this")).into_owned()
    }

    fn until(&self, what: &str, found: impl Fn(&str) -> bool) {
        let start = Instant::now();
        while !found(&self.text()) {
            assert!(start.elapsed() < Duration::from_secs(30), "never came: {what}\n{}", self.text());
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Has everything drawn anew until this word is on the screen. One word: blanks are not sent.
    fn sees(&mut self, word: &str) {
        let start = Instant::now();
        loop {
            let before = self.text().len();
            self.press("\x0c");
            thread::sleep(Duration::from_millis(200));
            if self.text()[before..].contains(word) {
                return;
            }
            assert!(start.elapsed() < Duration::from_secs(20), "never seen: {word}\n{}", self.text());
        }
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("the program reads keys");
        self.keys.flush().expect("the program reads keys");
    }

    fn noted(&self, file: &str) -> String {
        fs::read_to_string(self.folder.path().join(file)).expect("the shell wrote it").trim().to_owned()
    }

    fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.noted("pid")]).status().expect("kill runs");
        assert!(sent.success());
    }

    /// The exit code, and everything that was printed.
    fn end(&mut self) -> (i32, String) {
        let start = Instant::now();
        let status = loop {
            if let Some(status) = self.script.try_wait().expect("it is our child") {
                break status;
            }
            assert!(start.elapsed() < Duration::from_secs(30), "it does not end\n{}", self.text());
            thread::sleep(Duration::from_millis(20));
        };
        thread::sleep(Duration::from_millis(50));
        (status.code().unwrap_or(-1), self.text())
    }
}

impl Drop for Session {
    /// Whatever a test found, nothing of it keeps running.
    fn drop(&mut self) {
        if self.script.try_wait().is_ok_and(|status| status.is_none()) {
            let _ = Command::new("kill").args(["-KILL", &self.noted("pid")]).status();
            let _ = self.script.kill();
            let _ = self.script.wait();
        }
    }
}

/// The terminal was given back, and the loss table stands on the normal screen.
fn given_back(output: &str) {
    let left = output.rfind(LEAVE).expect("the alternate screen was left");
    assert!(output.rfind(SHOW_CURSOR).is_some_and(|at| at > output.find(ENTER).unwrap_or(0)));
    assert!(output[left..].contains("Test loss after n gradient steps"), "{}", &output[left..]);
    assert!(!output[left..].contains(ENTER));
}

#[test]
fn quitting_gives_the_terminal_back_and_prints_the_table() {
    let mut session = Session::start(SHORT);
    session.sees("done");
    session.press("2");
    session.sees("Training");
    session.press("q");
    let (code, output) = session.end();
    assert_eq!(code, 0);
    given_back(&output);
    // The table has numbers.
    let table = &output[output.rfind(LEAVE).expect("checked above")..];
    assert!(table.contains("MAML") && table.contains("1/1") && table.contains("prior mean"), "{table}");
}

#[test]
fn quitting_while_it_trains_does_not_wait_for_the_end() {
    let mut session = Session::start(ENDLESS);
    session.press("q");
    let (code, output) = session.end();
    assert_eq!(code, 0);
    given_back(&output);
}

#[test]
fn ctrl_c_and_signals_interrupt() {
    for way in ["key", "-INT", "-TERM"] {
        let mut session = Session::start(ENDLESS);
        match way {
            "key" => session.press("\x03"),
            signal => session.signal(signal),
        }
        let (code, output) = session.end();
        assert_eq!(code, 130, "{way}");
        given_back(&output);
    }
}

#[test]
fn a_resize_draws_anew() {
    let mut session = Session::start(ENDLESS);
    let before = session.text().len();
    let resized = Command::new("stty")
        .args(["-F", &session.noted("tty"), "rows", "24", "cols", "50"])
        .status()
        .expect("stty runs");
    assert!(resized.success());
    session.until("the line for small screens", |text| text[before..].contains("60x16"));
    session.press("q");
    assert_eq!(session.end().0, 0);
}

#[test]
fn nothing_is_asked_and_nothing_is_left_switched_on() {
    let mut session = Session::start(ENDLESS);
    session.press("\t\t\t?");
    thread::sleep(Duration::from_millis(300));
    session.press("\x1bq");
    thread::sleep(Duration::from_millis(300));
    session.press("q");
    let (_, output) = session.end();
    let start = output.find(ENTER).expect("the alternate screen was entered");
    // Device attributes, cursor position, keyboard protocol, mouse, bracketed paste, colours.
    for sequence in [
        "\x1b[c",
        "\x1b[0c",
        "\x1b[6n",
        "\x1b[?u",
        "\x1b[>",
        "\x1b[?1000h",
        "\x1b[?1006h",
        "\x1b[?2004h",
        "\x1b]11",
    ] {
        assert!(!output[start..].contains(sequence), "{sequence:?}");
    }
    // Every update ends, and leaving ends one more, in case a frame was cut short.
    assert_eq!(output.matches("\x1b[?2026h").count() + 1, output.matches("\x1b[?2026l").count());
}

#[test]
fn nothing_is_sent_while_nothing_changes() {
    let mut session = Session::start(SHORT);
    session.sees("done");
    thread::sleep(Duration::from_millis(400));
    let before = session.text().len();
    thread::sleep(Duration::from_secs(2));
    assert!(session.text().len() - before < 200);
    session.press("q");
    assert_eq!(session.end().0, 0);
}

#[test]
fn without_job_control_ctrl_z_does_no_harm() {
    let mut session = Session::start(ENDLESS);
    session.press("\x1a");
    thread::sleep(Duration::from_millis(300));
    session.press("q");
    let (code, output) = session.end();
    assert_eq!(code, 0);
    given_back(&output);
}

#[test]
fn when_the_line_drops_the_study_runs_to_its_end_without_a_busy_loop() {
    let mut session = Session::start(3_000);
    let process = PathBuf::from("/proc").join(session.noted("pid"));
    session.script.kill().expect("it is our child");
    session.script.wait().expect("it is our child");
    let start = Instant::now();
    while process.exists() && !is_zombie(&process) {
        assert!(start.elapsed() < Duration::from_secs(60), "it never ends");
        thread::sleep(Duration::from_millis(50));
    }
    let runs = session.folder.path().join("runs");
    let saved = Command::new("find").arg(&runs).args(["-name", "*.safetensors"]).output().expect("find runs");
    assert!(!saved.stdout.is_empty(), "the run was not saved");
}

/// Ended, but nobody has asked for its exit code.
fn is_zombie(process: &std::path::Path) -> bool {
    fs::read_to_string(process.join("stat")).is_ok_and(|stat| stat.contains(") Z "))
}
