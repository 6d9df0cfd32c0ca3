//! The ways of the terminal while the dashboard is up, and as they were before.

use std::{
    io::{self, Write},
    sync::{
        Once,
        atomic::{AtomicBool, AtomicU8, Ordering},
    },
    thread,
};

use crossterm::{
    cursor,
    terminal::{self, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen},
};

use super::mouse;

/// Whether the dashboard's screen is up; what the panic hook and the guard agree on.
pub static UP: AtomicBool = AtomicBool::new(false);

/// Has the terminal put marks around what is pasted, so that nobody takes it for keys.
const PASTE_ON: &str = "\x1b[?2004h";
const PASTE_OFF: &str = "\x1b[?2004l";

/// Whether the mouse is wanted while the screen is up. Outside of it the mouse is always given back.
pub static MOUSE: AtomicBool = AtomicBool::new(false);

/// Whether the terminal's keyboard was settled, and whether it tells of other grounds from then on.
static SETTLED: AtomicBool = AtomicBool::new(false);
static TELLS_GROUND: AtomicBool = AtomicBool::new(false);

/// What modifyOtherKeys was before, once the terminal has said so.
static OTHER_KEYS: AtomicU8 = AtomicU8::new(UNSAID);
const UNSAID: u8 = u8::MAX;

/// Keys as terminals send them on their own, whatever a program before has left: kitty keeps what it was and gives it
/// back, for xterm's modifyOtherKeys one has to know. Who takes the latter for colours gets its own again.
const KEYS_PLAIN: &str = "\x1b[>0u\x1b[>4;0m\x1b[m";
const KEYS_BACK: &str = "\x1b[<u";
const ASK_OTHER_KEYS: &str = "\x1b[?4m";

/// Asks for the colour of the ground. With BEL, since some answer badly to the other end.
const ASK_GROUND: &str = "\x1b]11;?\x07";
/// Has the terminal say when its ground becomes another one.
const GROUND_ON: &str = "\x1b[?2031h";
const GROUND_OFF: &str = "\x1b[?2031l";

/// Terminals that print questions, or hand them on to another that answers when it likes: by the beginning of their
/// names.
const UNASKED: [&str; 13] = [
    "dumb", "linux", "cons25", "vt1", "vt2", "vt3", "vt4", "vt5", "ansi", "sun", "eterm", "Eterm", "screen.",
];

/// Whether a terminal of this name takes questions; GNU screen, which sets `STY`, hands them on.
fn takes_questions(term: &str, is_in_screen: bool) -> bool {
    !is_in_screen && term != "screen" && !UNASKED.iter().any(|name| term.starts_with(name))
}

/// Of a terminal that answers: asks what its keyboard is like and, if wanted, its ground, and puts the keyboard
/// into its plain ways.
pub fn settle(asks_ground: bool) -> io::Result<()> {
    let term = std::env::var("TERM").unwrap_or_default();
    if !takes_questions(&term, std::env::var_os("STY").is_some()) || SETTLED.swap(true, Ordering::SeqCst) {
        return Ok(());
    }
    send(ASK_OTHER_KEYS)?;
    send(KEYS_PLAIN)?;
    if asks_ground {
        TELLS_GROUND.store(true, Ordering::SeqCst);
        send(ASK_GROUND)?;
        send(GROUND_ON)?;
    }
    Ok(())
}

/// The terminal has said what modifyOtherKeys is. Only the first time: later it is what was made of it.
pub fn remember_other_keys(level: u8) {
    let _ = OTHER_KEYS.compare_exchange(UNSAID, level, Ordering::SeqCst, Ordering::SeqCst);
}

/// Takes the terminal: raw mode, the alternate screen, no cursor, and pasted text in brackets.
pub fn enter() -> io::Result<()> {
    terminal::enable_raw_mode()?;
    UP.store(true, Ordering::SeqCst);
    crossterm::execute!(io::stdout(), EnterAlternateScreen, cursor::Hide)?;
    send(PASTE_ON)?;
    if SETTLED.load(Ordering::SeqCst) {
        send(KEYS_PLAIN)?;
    }
    if TELLS_GROUND.load(Ordering::SeqCst) {
        send(GROUND_ON)?;
    }
    if MOUSE.load(Ordering::SeqCst) { send(mouse::ON) } else { Ok(()) }
}

/// Sends a sequence at once.
pub fn send(sequence: &str) -> io::Result<()> {
    let mut out = io::stdout();
    out.write_all(sequence.as_bytes())?;
    out.flush()
}

/// Safe to call at any time, as often as one likes. Errors are nothing to act on: the line may be gone.
pub fn leave() {
    if UP.swap(false, Ordering::SeqCst) {
        if MOUSE.load(Ordering::SeqCst) {
            let _ = send(mouse::OFF);
        }
        if TELLS_GROUND.load(Ordering::SeqCst) {
            let _ = send(GROUND_OFF);
        }
        if SETTLED.load(Ordering::SeqCst) {
            let level = Some(OTHER_KEYS.load(Ordering::SeqCst)).filter(|level| *level != UNSAID);
            // Where it was not said, the person's own setting.
            let _ = send(&level.map_or("\x1b[>4m".to_owned(), |level| format!("\x1b[>4;{level}m\x1b[m")));
            let _ = send(KEYS_BACK);
        }
        let _ = send(PASTE_OFF);
        let _ = crossterm::execute!(io::stdout(), EndSynchronizedUpdate, LeaveAlternateScreen, cursor::Show);
        let _ = terminal::disable_raw_mode();
    }
}

/// A panic of the thread that draws gives the terminal back before it says anything. A panic of a
/// worker must not: the dashboard is still up, and the run's failure is reported in it.
pub fn hook_panics() {
    static HOOKED: Once = Once::new();
    HOOKED.call_once(|| {
        let drawing = thread::current().id();
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if thread::current().id() == drawing {
                leave();
            }
            if !UP.load(Ordering::SeqCst) {
                before(panic);
            }
        }));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_prints_questions_is_asked_none() {
        for term in
            ["linux", "dumb", "screen", "screen.xterm-256color", "vt100", "vt220", "eterm-color", "ansi"]
        {
            assert!(!takes_questions(term, false), "{term}");
        }
        for term in [
            "xterm",
            "xterm-256color",
            "tmux-256color",
            "screen-256color",
            "vte-256color",
            "alacritty",
            "xterm-kitty",
        ] {
            assert!(takes_questions(term, false), "{term}");
            assert!(!takes_questions(term, true), "{term}");
        }
    }
}
