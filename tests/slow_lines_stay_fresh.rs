//! Over a line of 8 kB/s and 150 ms each way, while a study trains, a key is answered within a second and the
//! round trip, and nothing on screen is older than two seconds. The line is simulated between the program's
//! pseudo-terminal (`script` of util-linux) and a terminal that answers when it has taken what was sent.
//!
//! METASCOPE_KEYS is how often a key is pressed, METASCOPE_SIZE the screen's size as `stty` takes it.
#![cfg(target_os = "linux")]

use std::{
    io::{Read, Write},
    process::{Child, ChildStdin, Command, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use crate::program::{Bench, binary};

/// Bytes a second.
const RATE: f64 = 8_000.0;
/// Each way.
const DELAY: Duration = Duration::from_millis(150);
/// What the program asks behind a frame, and what a terminal answers.
const QUESTION: &[u8] = b"\x1b[5n";
const ANSWER: &[u8] = b"\x1b[0n";

/// How what is drawn at once ends.
const END: &str = "\x1b[?2026l";

/// What has reached the far end.
#[derive(Default)]
struct Screen {
    text: Vec<u8>,
    /// The longest time that something was under way, since it was asked last.
    oldest: Duration,
    /// Whether the far end's terminal answers.
    silent: bool,
}

/// The program behind a slow line.
struct FarAway {
    script: Child,
    keys: Arc<Mutex<ChildStdin>>,
    screen: Arc<Mutex<Screen>>,
}

/// Sends after the way there.
fn post(keys: &Arc<Mutex<ChildStdin>>, bytes: &'static [u8]) {
    let keys = Arc::clone(keys);
    thread::spawn(move || {
        thread::sleep(DELAY);
        let mut keys = keys.lock().expect("nobody panics while it holds this");
        // The program may have ended.
        let _ = keys.write_all(bytes).and_then(|()| keys.flush());
    });
}

impl FarAway {
    fn start(bench: &Bench, silent: bool) -> Self {
        let size = std::env::var("METASCOPE_SIZE").unwrap_or_else(|_| "rows 40 cols 120".to_owned());
        let command = format!("stty {size}; exec {} --on-hangup stop", binary().display());
        let mut script = Command::new("script")
            .args(["-qefc", &command, "/dev/null"])
            .current_dir(bench.folder())
            .env("TERM", "xterm-256color")
            .env("LANG", "C.UTF-8")
            // Nobody is offered the tour here, and nothing is remembered of it.
            .env("XDG_STATE_HOME", "/dev/null")
            .env_remove("LC_ALL")
            .env_remove("NO_COLOR")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("script of util-linux runs");
        let keys = Arc::new(Mutex::new(script.stdin.take().expect("piped")));
        let mut pipe = script.stdout.take().expect("piped");
        let screen = Arc::new(Mutex::new(Screen { silent, ..Screen::default() }));
        // What the program wrote, and when: the near end takes everything at once, as sshd does.
        let (sender, written) = std::sync::mpsc::channel::<(Instant, Vec<u8>)>();
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(read @ 1..) = pipe.read(&mut bytes) {
                if sender.send((Instant::now(), bytes[..read].to_vec())).is_err() {
                    break;
                }
            }
        });
        let (far, answers) = (Arc::clone(&screen), Arc::clone(&keys));
        thread::spawn(move || {
            let mut free = Instant::now();
            for (at, bytes) in written {
                for piece in bytes.chunks(256) {
                    // One piece after the other leaves, and each is under way for a while.
                    free = free.max(at) + Duration::from_secs_f64(piece.len() as f64 / RATE);
                    thread::sleep((free + DELAY).saturating_duration_since(Instant::now()));
                    let mut screen = far.lock().expect("nobody panics while it holds this");
                    let known = screen.text.len().saturating_sub(QUESTION.len() - 1);
                    screen.text.extend_from_slice(piece);
                    screen.oldest = screen.oldest.max(at.elapsed());
                    let asked = screen.text[known..].windows(QUESTION.len()).filter(|four| *four == QUESTION);
                    let asked = asked.count();
                    if !screen.silent {
                        (0..asked).for_each(|_| post(&answers, ANSWER));
                    }
                }
            }
        });
        Self { script, keys, screen }
    }

    fn press(&self, keys: &'static [u8]) {
        post(&self.keys, keys);
    }

    fn seen(&self) -> usize {
        self.screen.lock().expect("nobody panics while it holds this").text.len()
    }

    /// Waits until a whole piece of a frame with this in it has reached the far end behind so many bytes. How long
    /// it took.
    #[track_caller]
    fn shows(&self, word: &str, behind: usize) -> Duration {
        let start = Instant::now();
        loop {
            let screen = self.screen.lock().expect("nobody panics while it holds this");
            let text = String::from_utf8_lossy(&screen.text[behind..]);
            if text.find(word).is_some_and(|at| text[at..].contains(END)) {
                return start.elapsed();
            }
            drop(text);
            drop(screen);
            assert!(start.elapsed() < Duration::from_secs(60), "never came: {word}");
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// How old the oldest thing was that came since this was asked last.
    fn oldest(&self) -> Duration {
        std::mem::take(&mut self.screen.lock().expect("nobody panics while it holds this").oldest)
    }
}

impl Drop for FarAway {
    fn drop(&mut self) {
        let _ = self.script.kill();
        let _ = self.script.wait();
    }
}

fn study() -> Bench {
    let text = "[defaults]\nseeds = 2\nouter_steps = 2000000\n[task]\ntrain_tasks = 100\n[evaluation]\ntest_tasks = 20\n\
        [[experiment]]\nname = \"MAML\"\nalgorithm = \"maml\"\n[[experiment]]\nname = \"Reptile\"\nalgorithm = \"reptile\"\n";
    Bench::with("experiments.toml", text)
}

#[test]
fn a_key_is_answered_within_a_second_and_the_round_trip() {
    let bench = study();
    let far = FarAway::start(&bench, false);
    far.shows("Overview", 0);
    thread::sleep(Duration::from_secs(4));
    far.oldest();
    let times = std::env::var("METASCOPE_KEYS").ok().and_then(|text| text.parse().ok()).unwrap_or(8);
    let mut answers = Vec::new();
    for _ in 0..times {
        let behind = far.seen();
        far.press(b"?");
        // It is there several times: of one a letter may be on the screen already.
        answers.push(far.shows("select", behind));
        let behind = far.seen();
        far.press(b"\x1b");
        // What was under the help is back, and the line is quiet again.
        far.shows("gradient", behind);
        thread::sleep(Duration::from_millis(1_000));
    }
    answers.sort();
    let (median, worst, oldest) = (answers[times / 2], answers[times - 1], far.oldest());
    println!("median {median:?}, worst {worst:?}, oldest {oldest:?}");
    let within = Duration::from_secs(1) + 2 * DELAY;
    assert!(median < within, "median {median:?}, worst {worst:?}");
    // A loaded machine is given half a second.
    assert!(worst < within + Duration::from_millis(500), "{answers:?}");
    assert!(oldest < Duration::from_secs(2), "{oldest:?}");
}

#[test]
fn a_terminal_that_does_not_answer_is_asked_no_more() {
    let bench = study();
    let far = FarAway::start(&bench, true);
    far.shows("Overview", 0);
    let asked = |from: usize| {
        let screen = far.screen.lock().expect("nobody panics while it holds this");
        screen.text[from..].windows(QUESTION.len()).filter(|four| *four == QUESTION).count()
    };
    thread::sleep(Duration::from_secs(6));
    let behind = far.seen();
    thread::sleep(Duration::from_secs(2));
    assert!(far.seen() > behind, "it draws on");
    assert_eq!(asked(behind), 0);
    assert!(asked(0) > 0);
}
