//! The ways of the terminal while the dashboard is up, and as they were before.

use std::{
    io::{self, Write},
    sync::{
        Once,
        atomic::{AtomicBool, Ordering},
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

/// Takes the terminal: raw mode, the alternate screen, no cursor, and pasted text in brackets.
pub fn enter() -> io::Result<()> {
    terminal::enable_raw_mode()?;
    UP.store(true, Ordering::SeqCst);
    crossterm::execute!(io::stdout(), EnterAlternateScreen, cursor::Hide)?;
    send(PASTE_ON)?;
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
