//! The dashboard takes a terminal and gives it back as it was, on every way out. The real program in a
//! real pseudo-terminal, which `script` (util-linux) provides.
#![cfg(target_os = "linux")]

use std::{
    fs,
    ops::{Deref, DerefMut},
    path::PathBuf,
    process::Command,
    time::{Duration, Instant},
};

use crate::program::terminal::{ANSWER, ENTER, LEAVE, Terminal};
use crate::program::{Bench, wait, wait_for_rest};

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

/// The dashboard over a study of its own.
struct Session {
    bench: Bench,
    terminal: Terminal,
}

impl Session {
    fn start(steps: u64) -> Self {
        Self::start_with(steps, "")
    }

    /// With variables in its environment, as a shell takes them.
    fn start_with(steps: u64, variables: &str) -> Self {
        let bench = Bench::with("experiments.toml", study(steps));
        let terminal = Terminal::open_with(bench.folder(), "", variables);
        Self { bench, terminal }
    }

    /// On a terminal that answers.
    fn that_answers(variables: &str) -> Self {
        let bench = Bench::with("experiments.toml", study(ENDLESS));
        let terminal = Terminal::that_answers(bench.folder(), variables);
        Self { bench, terminal }
    }
}

impl Deref for Session {
    type Target = Terminal;

    fn deref(&self) -> &Terminal {
        &self.terminal
    }
}

impl DerefMut for Session {
    fn deref_mut(&mut self) -> &mut Terminal {
        &mut self.terminal
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
    session.sees("searches,");
    // Alone: with a letter right behind it, it would be Alt.
    session.press("\x1b");
    session.goes_on();
    session.sees_no_more("searches,");
    session.press("q");
    let (_, output) = session.end();
    let start = output.find(ENTER).expect("the alternate screen was entered");
    // Device attributes, cursor position, keyboard protocols, mouse, colours: of a terminal that does not answer.
    for sequence in [
        "\x1b[c",
        "\x1b[0c",
        "\x1b[6n",
        "\x1b[?u",
        "\x1b[>",
        "\x1b[<",
        "\x1b[?4m",
        "\x1b[?2031h",
        "\x1b[?1000h",
        "\x1b[?1002h",
        "\x1b[?1006h",
        "\x1b[?1000l",
        "\x1b]11",
    ] {
        assert!(!output[start..].contains(sequence), "{sequence:?}");
    }
    // What is pasted comes in brackets only while the screen is up.
    let (on, off) = (output.find(PASTE_ON), output.find(PASTE_OFF));
    assert!(on > Some(start) && on < off && off < output.rfind(LEAVE), "{on:?} {off:?}");
    // Every update ends, and leaving ends one more, in case a frame was cut short.
    assert_eq!(output.matches("\x1b[?2026h").count() + 1, output.matches("\x1b[?2026l").count());
}

/// What a terminal is told and asked once it has answered.
const SETTLES: &str = "\x1b[?4m\x1b[>0u\x1b[>4;0m\x1b[m";
const ASKS_GROUND: &str = "\x1b]11;?\x07\x1b[?2031h";
/// Black letters, of the light theme only.
const BLACK: &str = "38;5;16";

#[test]
fn a_terminal_that_answers_is_asked_once_for_its_ground_and_its_answer_decides() {
    let mut session = Session::that_answers("TERM=xterm-256color");
    session.until("it is asked", |text| text.contains(ASKS_GROUND));
    session.goes_on();
    assert!(!session.text().contains(BLACK), "nothing is waited for, and dark is what it begins with");
    // Answers to others change nothing, whenever they come.
    session.press("\x1b]10;rgb:0/0/0\x07\x1bP1$r2 q\x1b\\\x1b[>4;2m\x1b]11;rgb:fdfd/f6f6/e3e3\x1b\\");
    session.until("the light theme", |text| text.contains(BLACK));
    let drawn = session.sees("steps/s");
    assert!(drawn.contains(BLACK));
    // The ground becomes another one, as terminals tell that are asked to.
    session.press("\x1b[?997;1n");
    session.goes_on();
    assert!(!session.sees("steps/s").contains(BLACK));
    session.press("q");
    let (code, output) = session.end();
    assert_eq!(code, 0);
    assert_eq!(output.matches(ASKS_GROUND).count(), 1);
    assert_eq!(output.matches(SETTLES).count(), 1);
    // As it was said to be, in the other order.
    assert_eq!(output.matches("\x1b[?2031l\x1b[>4;2m\x1b[m\x1b[<u").count(), 1);
    given_back(&output);
}

#[test]
fn the_ground_is_not_asked_for_where_a_person_has_said_it_or_the_terminal_prints_questions() {
    for variables in ["TERM=xterm-256color METASCOPE_THEME=dark", "NO_COLOR=1", "TERM=linux", "STY=1.tty"] {
        let mut session = Session::that_answers(variables);
        session.goes_on();
        // Whoever answers unasked is not heard either.
        session.press("\x1b[?997;2n");
        session.goes_on();
        let drawn = session.sees("steps/s");
        assert!(!variables.contains("THEME") || !drawn.contains(BLACK), "{variables}");
        session.press("q");
        let (_, output) = session.end();
        assert!(!output.contains("\x1b]11") && !output.contains("\x1b[?2031"), "{variables}");
        let settles = variables.contains("THEME") || variables.contains("COLOR");
        assert_eq!(output.contains(SETTLES), settles, "{variables}");
    }
}

#[test]
fn the_last_answers_are_taken_before_the_shell_reads_them() {
    let bench = Bench::with("experiments.toml", study(ENDLESS));
    let mut terminal = Terminal::under_a_shell(bench.folder(), true);
    terminal.until("it is asked", |text| text.contains(ASKS_GROUND));
    terminal.falls_silent();
    // A frame, which it has not answered when the key comes.
    let before = terminal.text().len();
    terminal.until("a frame", |text| text[before..].contains("\x1b[?2026l"));
    terminal.press("q");
    std::thread::sleep(Duration::from_millis(700));
    assert!(!terminal.text().contains(LEAVE), "it waits for the answers");
    terminal.press("\x1b]11;rgb:ffff/ffff/ffff\x07");
    terminal.press(&ANSWER.repeat(4));
    terminal.until("it is left", |text| text.matches(LEAVE).count() == 1);
    terminal.press("echo rest=$((6 * 7))\n");
    terminal.until("the shell", |text| text.contains("rest=42"));
    let text = terminal.text();
    assert!(!text[text.rfind(LEAVE).expect("it was left")..].contains("ffff"), "{text}");
    terminal.press("exit\n");
    assert_eq!(terminal.end().0, 0);
}

#[test]
fn keys_of_a_keyboard_protocol_leave() {
    for (keys, expected) in [("\x1b[113u", 0), ("\x1b[99;5u", 130), ("\x1b[27;5;99~", 130)] {
        let mut session = Session::start(ENDLESS);
        session.press(keys);
        let (code, output) = session.end();
        assert_eq!(code, expected, "{keys:?}");
        given_back(&output);
    }
}

#[test]
fn ctrl_c_leaves_a_paste_that_has_lost_its_end_whatever_the_terminal_answers_meanwhile() {
    let mut session = Session::that_answers("");
    session.press("\x1b[200~hello");
    std::thread::sleep(Duration::from_millis(1_500));
    session.press("\x03");
    assert_eq!(session.end().0, 130);
}

const PASTE_ON: &str = "\x1b[?2004h";
const PASTE_OFF: &str = "\x1b[?2004l";

#[test]
fn a_paste_is_no_keys() {
    let mut session = Session::start(ENDLESS);
    session.sees("steps/s");
    // Every letter of it would put every run aside; so would the marks' absence.
    let text = "A\r".repeat(100_000);
    session.press(&format!("\x1b[200~{text}\x1b[201~"));
    // It goes on as if nothing had been typed.
    session.sees("steps/s");
    session.press("q");
    let (code, output) = session.end();
    assert_eq!(code, 0);
    given_back(&output);
    let names = session.bench.names();
    assert!(!names.iter().any(|name| name.contains(".before-")), "{names:?}");
}

#[test]
fn what_is_typed_at_an_editor_is_the_editors() {
    let mut session = Session::start_with(ENDLESS, "EDITOR='sh ./editor'");
    // As a terminal does it: to every process of the group. It ends well only if it may go on.
    let editor =
        "trap : INT QUIT; touch opened; kill -INT 0; kill -QUIT 0; kill -INT 0; sleep 0.3; touch closed\n";
    session.bench.write("editor", editor);
    session.press("e");
    wait("the editor's end", || session.bench.path("closed").exists());
    session.until("it is back", |text| text.matches(ENTER).count() == 2);
    session.sees("steps/s");
    // Afterwards they are for the dashboard again.
    session.signal("-INT");
    let (code, output) = session.end();
    assert_eq!(code, 130);
    given_back(&output);
}

#[test]
fn stopped_from_outside_it_gives_the_terminal_to_the_shell() {
    let bench = Bench::with("experiments.toml", study(ENDLESS));
    // A shell with job control around it, so that what stops comes back.
    let mut terminal = Terminal::under_a_shell(bench.folder(), false);
    terminal.signal("-TSTP");
    terminal.until("the terminal is given back", |text| {
        text.rfind(LEAVE) > text.rfind(ENTER) && text.contains("Stopped")
    });
    terminal.press("fg\n");
    terminal.until("it is back", |text| text.matches(ENTER).count() == 2);
    terminal.press("q");
    terminal.until("it is left", |text| text.matches(LEAVE).count() == 2);
    terminal.press("exit\n");
    assert_eq!(terminal.end().0, 0);
}

#[test]
fn a_terminal_of_any_size_is_drawn_on() {
    let mut session = Session::start(ENDLESS);
    for (rows, columns) in [("65535", "65535"), ("1", "65535"), ("65535", "1"), ("1", "1"), ("40", "120")] {
        let resized = Command::new("stty")
            .args(["-F", &session.noted("tty"), "rows", rows, "cols", columns])
            .status()
            .expect("stty runs");
        assert!(resized.success());
        wait("a look at the new size", || {
            let process = PathBuf::from("/proc").join(session.noted("pid"));
            let status = fs::read_to_string(process.join("status")).expect("it runs");
            let memory = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("its memory");
            let kilobytes: u64 = memory.trim().trim_end_matches(" kB").parse().expect("a number");
            assert!(kilobytes < 500_000, "{rows} x {columns}: {memory}");
            true
        });
    }
    session.sees("steps/s");
    session.press("q");
    assert_eq!(session.end().0, 0);
}

const MOUSE_ON: &str = "\x1b[?1000h\x1b[?1002h\x1b[?1006h";
const MOUSE_OFF: &str = "\x1b[?1000l\x1b[?1002l\x1b[?1006l";

#[test]
fn the_mouse_is_taken_on_request_and_given_back() {
    for way in ["q", "Mq", "\x03", "-TERM"] {
        let mut session = Session::start(ENDLESS);
        session.press("M");
        session.until("the mouse is taken", |text| text.contains(MOUSE_ON));
        // A click on the second tab.
        session.press("\x1b[<0;16;2M\x1b[<0;16;2m");
        session.sees("Training");
        match way {
            signal if signal.starts_with('-') => session.signal(signal),
            keys => session.press(keys),
        }
        let (_, output) = session.end();
        assert_eq!(output.matches(MOUSE_ON).count(), 1, "{way:?}");
        assert_eq!(output.matches(MOUSE_OFF).count(), 1, "{way:?}");
        let (off, left) = (output.find(MOUSE_OFF), output.rfind(LEAVE));
        assert!(output.find(MOUSE_ON) < off && off < left, "{way:?}");
        given_back(&output);
    }
}

#[test]
fn a_person_has_keys_of_their_own_and_a_file_that_is_wrong_is_said_before_anything_starts() {
    let home = tempfile::tempdir().expect("a folder");
    let file = home.path().join("metascope/config.toml");
    fs::create_dir(home.path().join("metascope")).expect("a folder");
    let variables = format!("XDG_CONFIG_HOME={}", home.path().display());
    fs::write(&file, "mouse = true\n[keys]\nquit = \"Q\"\n").expect("written");
    let mut session = Session::start_with(ENDLESS, &variables);
    session.until("the mouse is taken", |text| text.contains(MOUSE_ON));
    assert!(session.sees("quit").contains('Q'));
    session.press("q");
    session.goes_on();
    session.press("Q");
    let (code, output) = session.end();
    assert_eq!(code, 0);
    given_back(&output);
    fs::write(&file, "[keys]\nquti = \"Q\"\n").expect("written");
    let bench = Bench::with("experiments.toml", study(ENDLESS));
    let command = format!("env {variables} {}", crate::program::binary().display());
    let refused = Command::new("script")
        .args(["-qec", &command, "/dev/null"])
        .current_dir(bench.folder())
        .stdin(std::process::Stdio::null())
        .output()
        .expect("script of util-linux runs");
    let said = String::from_utf8_lossy(&refused.stdout).into_owned();
    assert_eq!(refused.status.code(), Some(2), "{said}");
    assert!(said.contains("config.toml:2:1") && said.contains("did you mean `quit`?"), "{said}");
    assert!(!bench.folder().join("runs").exists() && !said.contains(ENTER), "{said}");
}

#[test]
fn the_shell_never_gets_a_terminal_that_reports_the_mouse() {
    let mut session = Session::start(ENDLESS);
    session.press("M");
    session.until("the mouse is taken", |text| text.contains(MOUSE_ON));
    // There is no job control here: the shell's turn is over at once.
    session.press("\x1a");
    session.until("it is taken again", |text| text.matches(MOUSE_ON).count() == 2);
    session.press("q");
    let (_, output) = session.end();
    let marks = [MOUSE_ON, MOUSE_OFF, LEAVE, ENTER];
    let mut found: Vec<_> = marks.iter().flat_map(|mark| output.match_indices(mark)).collect();
    found.sort();
    let order: Vec<_> = found.into_iter().map(|(_, mark)| mark).collect();
    assert_eq!(order, [ENTER, MOUSE_ON, MOUSE_OFF, LEAVE, ENTER, MOUSE_ON, MOUSE_OFF, LEAVE]);
    given_back(&output);
}

#[test]
fn y_copies_the_table_and_saves_it_with_a_picture() {
    let mut session = Session::start(SHORT);
    session.sees("done");
    session.press("y");
    session.until("the clipboard", |text| text.contains("\x1b]52;c;"));
    wait("the picture", || session.bench.names().iter().any(|name| name.ends_with(".svg")));
    session.press("q");
    let (_, output) = session.end();
    let (_, copied) = output.split_once("\x1b]52;c;").expect("the clipboard was written");
    let (code, _) = copied.split_once('\x1b').expect("it ends");
    session.bench.write("code", code);
    let text =
        Command::new("base64").arg("-d").arg(session.bench.path("code")).output().expect("base64 runs");
    let table = String::from_utf8(text.stdout).expect("UTF-8");
    assert!(table.starts_with("Test loss after n gradient steps") && table.contains("MAML"), "{table}");
    let saved = |end: &str| {
        let name = session.bench.names().into_iter().find(|name| name.ends_with(end));
        session.bench.read(&name.unwrap_or_else(|| panic!("no file {end}: {:?}", session.bench.names())))
    };
    assert!(saved(".txt").contains(&table));
    let picture = saved(".svg");
    let picture = roxmltree::Document::parse(&picture).expect("well-formed");
    let words = picture.descendants().filter_map(|node| node.text()).collect::<String>();
    assert!(words.contains("Overview") && words.contains("MAML"), "{words}");
}

/// A step of training takes many seconds, and so do a fit and a preview.
const HEAVY: &str = "[defaults]\nseeds = 1\nouter_steps = 1000\ninner_steps = 500\n[task]\nshots = 1000\n\
    train_tasks = 10\n[model]\nhidden = 128\n[evaluation]\ntest_tasks = 100\nsteps = 1000\n\
    [[experiment]]\nname = \"MAML\"\nalgorithm = \"maml\"\n";

/// Far more than a second, for machines that are busy; a step of it alone takes longer.
const AT_ONCE: Duration = Duration::from_secs(5);

#[test]
fn nothing_freezes_whatever_the_file_asks_for() {
    for way in ["q", "-TERM"] {
        let bench = Bench::with("experiments.toml", HEAVY);
        let mut terminal = Terminal::open(bench.folder(), "");
        for (key, word) in [("2", "Training"), ("?", "searches,"), ("?", "truth"), ("1", "Runs")] {
            let began = Instant::now();
            terminal.press(key);
            terminal.sees(word);
            assert!(began.elapsed() < AT_ONCE, "{key:?} waits {:?}", began.elapsed());
        }
        let began = Instant::now();
        match way {
            "q" => terminal.press("q"),
            signal => terminal.signal(signal),
        }
        let (code, output) = terminal.end();
        assert!(began.elapsed() < AT_ONCE, "{way} waits {:?}", began.elapsed());
        assert_eq!(code, if way == "q" { 0 } else { 130 });
        given_back(&output);
    }
    // Without a screen too.
    let bench = Bench::with("study.toml", HEAVY);
    let run = bench.start(&["run", "study.toml"]);
    wait("its beginning", || bench.has("metrics.jsonl"));
    std::thread::sleep(Duration::from_millis(500));
    let began = Instant::now();
    run.signal(rustix::process::Signal::TERM);
    let said = run.end();
    assert!(began.elapsed() < AT_ONCE, "SIGTERM waits {:?}", began.elapsed());
    assert_eq!(said.code, Some(130));
}

#[test]
fn nothing_is_sent_while_nothing_changes() {
    let mut session = Session::start(SHORT);
    session.sees("done");
    // In bytes.
    wait_for_rest("nothing is sent", Duration::from_secs(2), 200, || session.text().len());
    session.press("q");
    assert_eq!(session.end().0, 0);
}

#[test]
fn without_job_control_ctrl_z_does_no_harm() {
    let mut session = Session::start(ENDLESS);
    session.press("\x1a");
    session.until("it is back", |text| text.matches(ENTER).count() == 2);
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
    wait("its end", || !process.exists() || is_zombie(&process));
    let runs = session.bench.path("runs");
    let saved = Command::new("find").arg(&runs).args(["-name", "*.safetensors"]).output().expect("find runs");
    assert!(!saved.stdout.is_empty(), "the run was not saved");
}

/// Ended, but nobody has asked for its exit code.
/// What may stand in a file's place and does not answer, or not to its end.
fn stand_in(kind: &str, path: &std::path::Path) {
    let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    match kind {
        "pipe" => rustix::fs::mkfifoat(rustix::fs::CWD, path, mode).expect("a pipe"),
        "socket" => drop(std::os::unix::net::UnixListener::bind(path).expect("a socket")),
        "folder" => fs::create_dir(path).expect("a folder"),
        _ => std::os::unix::fs::symlink("/dev/zero", path).expect("a link to a device"),
    }
}

#[test]
fn whatever_stands_in_a_files_place_keys_are_answered_and_it_ends() {
    for (kind, ends) in [("pipe", "q"), ("socket", "-TERM"), ("folder", "\x03"), ("device", "-TERM")] {
        let mut session = Session::start(ENDLESS);
        let ended = Bench::with("experiments.toml", study(SHORT));
        ended.run(&["run"]).exits(0);
        let names = ended.names();
        let log = names.iter().find(|name| name.ends_with("metrics.jsonl")).expect("a run's log");
        let mut looks_on = Terminal::open(ended.folder(), "watch runs");
        session.goes_on();
        let files = [log, "runs/experiments/plan.json"].map(|name| ended.path(name));
        for path in [session.bench.path("experiments.toml")].iter().chain(&files) {
            fs::remove_file(path).expect("it was there");
            stand_in(kind, path);
        }
        session.sees("pipe");
        looks_on.press("?");
        looks_on.sees("Keys");
        looks_on.press("?");
        for terminal in [&mut looks_on, &mut session.terminal] {
            match ends {
                "q" => terminal.press("q"),
                signal if signal.starts_with('-') => terminal.signal(signal),
                key => terminal.press(key),
            }
            let (_, text) = terminal.end();
            assert!(text.contains(LEAVE), "{kind}");
        }
    }
}

#[test]
fn a_time_zone_without_an_end_keeps_nobody_waiting() {
    let mut session = Session::start_with(ENDLESS, "TZ=/dev/zero");
    session.goes_on();
    session.press("q");
    assert_eq!(session.end().0, 0);
}

fn is_zombie(process: &std::path::Path) -> bool {
    fs::read_to_string(process.join("stat")).is_ok_and(|stat| stat.contains(") Z "))
}
