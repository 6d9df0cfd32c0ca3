//! The terminal as a resource: taken once, given back on every way out, be it quitting, an error, a
//! panic, a signal or a lost line. Nothing is asked of the terminal but, behind a frame, how it is; no keyboard
//! protocol is pushed; the mouse is the person's own until the dashboard is told to take it.
//!
//! Two facts shaped this. crossterm 0.29 spins for ever once the line has dropped, and may block where
//! it was told not to wait, so stdin is polled, read and decoded here. And signals may be delivered to
//! any thread, so each one writes into a pipe that the same poll watches.

mod decode;
mod editor;
mod flow;
mod frame;
mod input;
mod mouse;

use std::{
    io::{self, IsTerminal, Read, Write},
    mem::ManuallyDrop,
    os::{fd::AsFd, unix::net::UnixStream},
    path::Path,
    sync::{
        Arc, Once,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use crossterm::{
    clipboard::CopyToClipboard,
    cursor,
    terminal::{self, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen},
};
use ratatui::{Terminal, backend::CrosstermBackend};
use rustix::{
    event::{PollFd, PollFlags, Timespec},
    io::Errno,
    process::{Signal, kill_current_process_group},
};
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGWINCH};

pub use flow::Flow;
pub use frame::Synchronized;
pub use input::Input;
pub use mouse::{Button, Mouse, MouseKind};

/// Where input comes from, and the few things a terminal does besides drawing. The main loop asks for
/// no more, so that tests can stand in for it.
pub trait Host {
    /// Waits until something arrives or the time is over. `None` waits without end.
    fn wait(&mut self, timeout: Option<Duration>) -> Vec<Input>;
    /// Gives the terminal to the shell and comes back when the shell says so.
    fn suspend(&mut self);
    /// Gives the terminal to an editor on this file, at this line (0: anywhere), until it is closed.
    ///
    /// # Errors
    /// If it could not be started or ended badly.
    fn edit(&mut self, path: &Path, line: usize) -> io::Result<()>;
    /// Puts text into the clipboard of the terminal at the other end of the line, where it allows that.
    fn copy(&mut self, text: &str);
    /// Has the terminal report the mouse, or no more.
    fn mouse(&mut self, on: bool);
    /// Asks the terminal to say when it has taken all that was sent, as [`Input::Taken`].
    fn ask(&mut self) {}
    /// The answer to what was asked is still to come: waits for it a little, so that no shell gets it.
    fn await_answer(&mut self) {}
}

/// Whether there is a person to show a dashboard to.
pub fn is_interactive() -> bool {
    // With stdout piped, crossterm would happily find the controlling terminal and draw there.
    let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb" || term.is_empty());
    !dumb && io::stdin().is_terminal() && io::stdout().is_terminal()
}

/// Whether the dashboard's screen is up; what the panic hook and the guard agree on.
static UP: AtomicBool = AtomicBool::new(false);

/// Whether the mouse is wanted while the screen is up. Outside of it the mouse is always given back.
static MOUSE: AtomicBool = AtomicBool::new(false);

fn enter() -> io::Result<()> {
    terminal::enable_raw_mode()?;
    UP.store(true, Ordering::SeqCst);
    crossterm::execute!(io::stdout(), EnterAlternateScreen, cursor::Hide)?;
    if MOUSE.load(Ordering::SeqCst) { send(mouse::ON) } else { Ok(()) }
}

fn send(sequence: &str) -> io::Result<()> {
    let mut out = io::stdout();
    out.write_all(sequence.as_bytes())?;
    out.flush()
}

/// Safe to call at any time, as often as one likes. Errors are nothing to act on: the line may be gone.
fn leave() {
    if UP.swap(false, Ordering::SeqCst) {
        if MOUSE.load(Ordering::SeqCst) {
            let _ = send(mouse::OFF);
        }
        let _ = crossterm::execute!(io::stdout(), EndSynchronizedUpdate, LeaveAlternateScreen, cursor::Show);
        let _ = terminal::disable_raw_mode();
    }
}

/// A panic of the thread that draws gives the terminal back before it says anything. A panic of a
/// worker must not: the dashboard is still up, and the run's failure is reported in it.
fn hook_panics() {
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

/// The terminal, taken. Dropping it gives it back.
pub struct Screen {
    /// What ratatui draws on. Never dropped: its own clean-up prints to stderr when the line is gone,
    /// which panics. The guard of this type does what is needed.
    pub terminal: ManuallyDrop<Terminal<CrosstermBackend<Synchronized<io::Stdout>>>>,
    /// Keys and signals.
    pub keyboard: Keyboard,
}

impl Screen {
    /// Takes the terminal: raw mode, alternate screen, no cursor.
    pub fn enter() -> io::Result<Self> {
        hook_panics();
        let keyboard = Keyboard::new()?;
        let entered = enter();
        // From here on the guard below restores what was changed, also when the next lines fail.
        let terminal =
            entered.and_then(|()| Terminal::new(CrosstermBackend::new(Synchronized::new(io::stdout()))));
        match terminal {
            Ok(terminal) => Ok(Self { terminal: ManuallyDrop::new(terminal), keyboard }),
            Err(error) => {
                leave();
                Err(error)
            }
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        leave();
        // From now on a second Ctrl-C ends the program at once.
        self.keyboard.left.store(true, Ordering::SeqCst);
    }
}

/// How long an Escape waits for the rest of a sequence: longer than a line takes between two bytes of
/// one packet, shorter than a person notices.
const ESCAPE: Duration = Duration::from_millis(25);

/// How long the terminal's last answer is waited for before it is given back.
const PARTING: Duration = Duration::from_secs(2);

/// Keys and the mouse from stdin, and signals.
pub struct Keyboard {
    wake: UnixStream,
    interrupted: Arc<AtomicBool>,
    hung_up: Arc<AtomicBool>,
    resized: Arc<AtomicBool>,
    continued: Arc<AtomicBool>,
    left: Arc<AtomicBool>,
    decoder: decode::Decoder,
    /// Once the line has dropped, stdin is never touched again.
    gone: bool,
}

impl Keyboard {
    fn new() -> io::Result<Self> {
        let (wake, ring) = UnixStream::pair()?;
        wake.set_nonblocking(true)?;
        let flag = || Arc::new(AtomicBool::new(false));
        let keyboard = Self {
            wake,
            interrupted: flag(),
            hung_up: flag(),
            resized: flag(),
            continued: flag(),
            left: flag(),
            decoder: decode::Decoder::default(),
            gone: false,
        };
        for (signal, flag) in [
            (SIGINT, &keyboard.interrupted),
            (SIGTERM, &keyboard.interrupted),
            (SIGQUIT, &keyboard.interrupted),
            (SIGHUP, &keyboard.hung_up),
            (SIGWINCH, &keyboard.resized),
            (SIGCONT, &keyboard.continued),
        ] {
            // The second time, or once the screen is given back, a signal does what it always does: a
            // line that takes no more bytes must not keep the program from ending.
            if matches!(signal, SIGINT | SIGTERM | SIGQUIT) {
                signal_hook::flag::register_conditional_default(signal, Arc::clone(&keyboard.left))?;
                signal_hook::flag::register(signal, Arc::clone(&keyboard.left))?;
            }
            signal_hook::flag::register(signal, Arc::clone(flag))?;
            signal_hook::low_level::pipe::register(signal, ring.try_clone()?)?;
        }
        Ok(keyboard)
    }

    /// Whether a signal has asked the program to end.
    pub fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::SeqCst)
    }

    /// Waits for stdin or a signal: what stdin has to say, and whether waiting itself failed.
    fn poll(&self, timeout: Option<Duration>) -> (PollFlags, bool) {
        let timeout = timeout
            .map(|time| Timespec { tv_sec: time.as_secs() as i64, tv_nsec: i64::from(time.subsec_nanos()) });
        let stdin = io::stdin();
        let mut watched = vec![PollFd::from_borrowed_fd(self.wake.as_fd(), PollFlags::IN)];
        if !self.gone {
            watched.push(PollFd::from_borrowed_fd(stdin.as_fd(), PollFlags::IN));
        }
        let polled = rustix::event::poll(&mut watched, timeout.as_ref());
        let keys = watched.get(1).map_or(PollFlags::empty(), PollFd::revents);
        (keys, polled.is_err_and(|error| error != Errno::INTR))
    }

    fn lose(&mut self, inputs: &mut Vec<Input>) {
        self.gone = true;
        inputs.push(Input::HangUp);
    }

    fn signals(&mut self, inputs: &mut Vec<Input>) {
        while matches!(self.wake.read(&mut [0; 64]), Ok(read) if read > 0) {}
        if self.resized.swap(false, Ordering::SeqCst) {
            inputs.push(Input::Redraw);
        }
        if self.continued.swap(false, Ordering::SeqCst) && UP.load(Ordering::SeqCst) {
            // A shell was in between and has put the terminal back to its own ways.
            let _ = enter();
            inputs.push(Input::Redraw);
        }
        // Both stay set: whoever looks later must see them too.
        if self.interrupted.load(Ordering::SeqCst) {
            inputs.push(Input::Interrupt);
        }
        if self.hung_up.load(Ordering::SeqCst) {
            self.gone = true;
            inputs.push(Input::HangUp);
        }
    }
}

impl Host for Keyboard {
    fn wait(&mut self, timeout: Option<Duration>) -> Vec<Input> {
        let mut inputs = Vec::new();
        // A lone Escape is a key only when nothing follows it.
        let timeout = if self.decoder.is_waiting() { Some(ESCAPE) } else { timeout };
        let (keys, failed) = self.poll(timeout);
        self.signals(&mut inputs);
        if self.gone {
            return inputs;
        }
        if keys.contains(PollFlags::IN) {
            let mut bytes = [0; 1024];
            match rustix::io::read(io::stdin(), &mut bytes) {
                // The end of the input: there is no keyboard any more.
                Ok(0) => self.lose(&mut inputs),
                Ok(read) => inputs.extend(self.decoder.push(&bytes[..read])),
                Err(Errno::INTR | Errno::AGAIN) => {}
                Err(_) => self.lose(&mut inputs),
            }
        } else if failed || keys.intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL) {
            self.lose(&mut inputs);
        } else if self.decoder.is_waiting() && inputs.is_empty() {
            inputs.extend(self.decoder.settle());
        }
        inputs
    }

    fn suspend(&mut self) {
        leave();
        self.continued.store(false, Ordering::SeqCst);
        // The whole group, so that `cargo run` stops with us; a terminal without job control ignores it.
        let _ = kill_current_process_group(Signal::TSTP);
        // The signal may be taken by another thread a moment after the call has returned.
        thread::sleep(Duration::from_millis(30));
        let _ = enter();
    }

    fn edit(&mut self, path: &Path, line: usize) -> io::Result<()> {
        leave();
        let status = editor::editor(path, line).status();
        if !self.hung_up.load(Ordering::SeqCst) {
            enter()?;
        }
        match status? {
            status if status.success() => Ok(()),
            status => Err(io::Error::other(format!("the editor ended with {status}"))),
        }
    }

    fn copy(&mut self, text: &str) {
        let _ = crossterm::execute!(io::stdout(), CopyToClipboard::to_clipboard_from(text));
    }

    fn ask(&mut self) {
        let _ = send(flow::QUESTION);
    }

    fn await_answer(&mut self) {
        let until = Instant::now() + PARTING;
        while let Some(left) = until.checked_duration_since(Instant::now()) {
            let inputs = self.wait(Some(left));
            if self.gone || inputs.iter().any(|input| matches!(input, Input::Taken)) {
                return;
            }
        }
    }

    fn mouse(&mut self, on: bool) {
        // Told apart from before, so that nothing is sent twice.
        if MOUSE.swap(on, Ordering::SeqCst) != on {
            let _ = send(if on { mouse::ON } else { mouse::OFF });
        }
    }
}
