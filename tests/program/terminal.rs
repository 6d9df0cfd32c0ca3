//! The program in a real pseudo-terminal, which `script` (util-linux) provides: keys go in, what a
//! terminal would show comes out.

use std::{
    fs,
    io::{Read, Write},
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
};

use super::{binary, comes_true};

pub const ENTER: &str = "\x1b[?1049h";
pub const LEAVE: &str = "\x1b[?1049l";

/// How every frame ends.
const FRAME_END: &str = "\x1b[?2026l";
/// How a terminal is asked how it is, and its answer.
const QUESTION: &[u8] = b"\x1b[5n";
pub const ANSWER: &str = "\x1b[0n";
/// Clears the screen; what is drawn next is drawn whole.
const CLEAR: &str = "\x1b[2J";

/// The program on a terminal of 120 columns and 40 rows.
pub struct Terminal {
    /// What the shell before it noted: its process and its terminal.
    notes: tempfile::TempDir,
    pub script: Child,
    keys: Arc<Mutex<ChildStdin>>,
    output: Arc<Mutex<Vec<u8>>>,
    /// Whether it answers when it is asked how it is, as terminals do.
    answers: Arc<AtomicBool>,
    /// Takes the output in until there is no more.
    reader: Option<JoinHandle<()>>,
}

impl Terminal {
    /// The program in this folder with these arguments, once it draws.
    pub fn open(folder: &Path, arguments: &str) -> Self {
        Self::open_with(folder, arguments, "")
    }

    /// The same with variables in its environment, as a shell takes them.
    pub fn open_with(folder: &Path, arguments: &str, variables: &str) -> Self {
        Self::script(folder, |at: &str| Self::words(at, arguments, variables), |_| String::new(), false)
    }

    /// The program on a terminal that answers when it is asked how it is.
    pub fn that_answers(folder: &Path, variables: &str) -> Self {
        Self::script(folder, |at: &str| Self::words(at, "", variables), |_| String::new(), true)
    }

    fn words(at: &str, arguments: &str, variables: &str) -> String {
        format!("echo $$ > {at}/pid; exec env {variables} {} {arguments}", binary().display())
    }

    /// The program as a job of an interactive shell, which it gives the terminal back to.
    pub fn under_a_shell(folder: &Path, answers: bool) -> Self {
        let program = binary();
        let job = |at: &str| format!("sh -c 'echo $$ > {at}/pid; exec {}'\n", program.display());
        Self::script(folder, |_| "exec bash --norc --noprofile -i".to_owned(), job, answers)
    }

    /// From now on it answers nothing any more.
    pub fn falls_silent(&self) {
        self.answers.store(false, Ordering::SeqCst);
    }

    /// What a shell does with these words, and with what is typed at once, when it draws. Both are told the
    /// folder for notes.
    fn script(
        folder: &Path,
        words: impl Fn(&str) -> String,
        typed: impl Fn(&str) -> String,
        answers: bool,
    ) -> Self {
        let notes = tempfile::tempdir().expect("a folder for notes");
        let at = notes.path().display().to_string();
        let command = format!("stty rows 40 cols 120; tty > {at}/tty; {}", words(&at));
        let mut script = Command::new("script")
            .args(["-qefc", &command, "/dev/null"])
            .current_dir(folder)
            .env("TERM", "xterm")
            .env("LANG", "C.UTF-8")
            // Whoever runs the tests has a first start of their own.
            .env("XDG_STATE_HOME", "/dev/null")
            .env("XDG_CONFIG_HOME", "/dev/null")
            .env_remove("LC_ALL")
            .env_remove("NO_COLOR")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("script of util-linux runs");
        let keys = Arc::new(Mutex::new(script.stdin.take().expect("piped")));
        let mut pipe = script.stdout.take().expect("piped");
        let output = Arc::new(Mutex::new(Vec::new()));
        let answers = Arc::new(AtomicBool::new(answers));
        let (sink, writer, answering) = (Arc::clone(&output), Arc::clone(&keys), Arc::clone(&answers));
        let reader = thread::spawn(move || {
            let (mut bytes, mut seen) = ([0; 4096], 0);
            while let Ok(read) = pipe.read(&mut bytes) {
                if read == 0 {
                    break;
                }
                let mut all = sink.lock().expect("no test panics while it holds this");
                all.extend_from_slice(&bytes[..read]);
                // A question may come in two pieces.
                let asked = all[seen..].windows(QUESTION.len()).filter(|part| *part == QUESTION).count();
                seen = all.len().saturating_sub(QUESTION.len() - 1).max(seen);
                drop(all);
                if answering.load(Ordering::SeqCst) {
                    let answer = ANSWER.repeat(asked);
                    // It may have ended meanwhile.
                    let _ = writer.lock().map(|mut keys| keys.write_all(answer.as_bytes()));
                }
            }
        });
        let mut terminal = Self { notes, script, keys, output, answers, reader: Some(reader) };
        terminal.press(&typed(&at));
        terminal.until("it draws", |text| text.contains("Overview") || text.contains("waiting"));
        terminal
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.output.lock().expect("no test panics while it holds this")).into_owned()
    }

    /// The newest frames, to be shown when something is missing.
    fn newest(&self) -> String {
        let text = self.text();
        let first = text.rmatch_indices(FRAME_END).nth(3).map_or(0, |(at, _)| at);
        text[first..].to_owned()
    }

    #[track_caller]
    pub fn until(&self, what: &str, found: impl Fn(&str) -> bool) {
        assert!(comes_true(|| found(&self.text())), "never came: {what}\n{}", self.newest());
    }

    /// Has everything drawn anew until this word is on the screen; everything that was drawn then. One
    /// word: blanks are not sent.
    #[track_caller]
    pub fn sees(&mut self, word: &str) -> String {
        let mut drawn = String::new();
        let seen = comes_true(|| {
            drawn = self.redrawn();
            drawn.contains(word)
        });
        assert!(seen, "never seen: {word}\n{drawn}");
        drawn
    }

    /// Has everything drawn anew until this word, which was on the screen, is not any more.
    #[track_caller]
    pub fn sees_no_more(&mut self, word: &str) {
        let gone = comes_true(|| !self.redrawn().contains(word));
        assert!(gone, "still seen: {word}\n{}", self.newest());
    }

    /// Waits for some frames of a study that trains, in which keys pressed before are answered.
    #[track_caller]
    pub fn goes_on(&self) {
        let before = self.text().len();
        self.until("frames", |text| text[before..].matches(FRAME_END).count() > 2);
    }

    /// Everything that is sent until the whole screen has been drawn anew.
    #[track_caller]
    fn redrawn(&mut self) -> String {
        let before = self.text().len();
        self.press("\x0c");
        self.until("a whole screen", |text| {
            let cleared = text[before..].split_once(CLEAR);
            cleared.is_some_and(|(_, drawn)| drawn.matches(FRAME_END).count() > 1)
        });
        self.text().split_off(before)
    }

    pub fn press(&mut self, keys: &str) {
        let mut writer = self.keys.lock().expect("no test panics while it holds this");
        writer.write_all(keys.as_bytes()).expect("the program reads keys");
        writer.flush().expect("the program reads keys");
    }

    /// The same where the program may have ended by now.
    pub fn try_press(&mut self, keys: &str) {
        let mut writer = self.keys.lock().expect("no test panics while it holds this");
        let _ = writer.write_all(keys.as_bytes()).and_then(|()| writer.flush());
    }

    pub fn has_ended(&mut self) -> bool {
        self.script.try_wait().expect("it is our child").is_some()
    }

    /// `tty` or `pid`.
    pub fn noted(&self, note: &str) -> String {
        fs::read_to_string(self.notes.path().join(note)).expect("the shell wrote it").trim().to_owned()
    }

    pub fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.noted("pid")]).status().expect("kill runs");
        assert!(sent.success());
    }

    /// The exit code, and everything that was printed.
    pub fn end(&mut self) -> (i32, String) {
        let mut status = None;
        let ended = comes_true(|| {
            status = self.script.try_wait().expect("it is our child");
            status.is_some()
        });
        assert!(ended, "it does not end\n{}", self.newest());
        // Its last words are still in the pipe.
        let reader = self.reader.take().expect("a program ends once");
        assert!(comes_true(|| reader.is_finished()), "its output does not end\n{}", self.newest());
        let status = status.expect("it has ended");
        (status.code().unwrap_or(-1), self.text())
    }
}

impl Drop for Terminal {
    /// Whatever a test found, nothing of it keeps running.
    fn drop(&mut self) {
        if self.script.try_wait().is_ok_and(|status| status.is_none()) {
            let _ = Command::new("kill").args(["-KILL", &self.noted("pid")]).status();
            let _ = self.script.kill();
            let _ = self.script.wait();
        }
    }
}
