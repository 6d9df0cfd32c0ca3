//! Keys, the mouse and signals, as one stream of inputs.

use std::{
    io::{self, Read},
    os::{fd::AsFd, unix::net::UnixStream},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use crossterm::clipboard::CopyToClipboard;
use rustix::{
    event::{PollFd, PollFlags, Timespec},
    io::Errno,
    process::{Signal, kill_current_process_group},
};
use signal_hook::{
    SigId,
    consts::{SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGUSR1, SIGUSR2, SIGWINCH, SIGXCPU},
    low_level::{emulate_default_handler, unregister},
};

use super::{
    decode, editor, flow,
    input::{Host, Input},
    jobs,
    mode::{self, MOUSE, UP, enter, leave, send},
    mouse,
};

/// What asks the program to end: a person, the system, a scheduler before the time is up.
const ENDS: [i32; 6] = [SIGINT, SIGTERM, SIGQUIT, SIGUSR1, SIGUSR2, SIGXCPU];

/// Keys and the mouse from stdin, and signals.
pub struct Keyboard {
    wake: UnixStream,
    interrupted: Arc<AtomicBool>,
    hung_up: Arc<AtomicBool>,
    resized: Arc<AtomicBool>,
    continued: Arc<AtomicBool>,
    stopped: Arc<AtomicBool>,
    left: Arc<AtomicBool>,
    /// What the keys for interrupting do; `None` while an editor has them.
    typed: Vec<SigId>,
    /// Where signals write to.
    ring: UnixStream,
    decoder: decode::Decoder,
    /// Once the line has dropped, stdin is never touched again.
    gone: bool,
}

impl Keyboard {
    pub fn new() -> io::Result<Self> {
        let (wake, ring) = UnixStream::pair()?;
        wake.set_nonblocking(true)?;
        let flag = || Arc::new(AtomicBool::new(false));
        let mut keyboard = Self {
            wake,
            ring,
            typed: Vec::new(),
            stopped: flag(),
            interrupted: flag(),
            hung_up: flag(),
            resized: flag(),
            continued: flag(),
            left: flag(),
            decoder: decode::Decoder::default(),
            gone: false,
        };
        for (signal, flag) in [
            (SIGTERM, &keyboard.interrupted),
            (SIGUSR1, &keyboard.interrupted),
            (SIGUSR2, &keyboard.interrupted),
            (SIGXCPU, &keyboard.interrupted),
            (SIGHUP, &keyboard.hung_up),
            (SIGWINCH, &keyboard.resized),
            (SIGCONT, &keyboard.continued),
            (SIGTSTP, &keyboard.stopped),
        ] {
            keyboard.register(signal, flag)?;
        }
        keyboard.typed = keyboard.register_typed()?;
        Ok(keyboard)
    }

    /// Has a signal raise this flag and wake whoever waits.
    fn register(&self, signal: i32, flag: &Arc<AtomicBool>) -> io::Result<Vec<SigId>> {
        let mut ids = Vec::new();
        // The second time, or once the screen is given back, a signal does what it always does: a
        // line that takes no more bytes must not keep the program from ending.
        if ENDS.contains(&signal) || signal == SIGTSTP {
            ids.push(signal_hook::flag::register_conditional_default(signal, Arc::clone(&self.left))?);
        }
        if ENDS.contains(&signal) {
            ids.push(signal_hook::flag::register(signal, Arc::clone(&self.left))?);
        }
        ids.push(signal_hook::flag::register(signal, Arc::clone(flag))?);
        ids.push(signal_hook::low_level::pipe::register(signal, self.ring.try_clone()?)?);
        Ok(ids)
    }

    /// What Ctrl-C and Ctrl-\ do while the terminal is not in raw mode, and `kill` at any time.
    fn register_typed(&self) -> io::Result<Vec<SigId>> {
        let mut ids = self.register(SIGINT, &self.interrupted)?;
        ids.extend(self.register(SIGQUIT, &self.interrupted)?);
        Ok(ids)
    }

    /// The screen is given back: from now on a signal ends the program at once.
    pub fn give_back(&self) {
        self.left.store(true, Ordering::SeqCst);
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
        if self.stopped.swap(false, Ordering::SeqCst) {
            inputs.push(Input::Stop);
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
        let patience = self.decoder.patience(Instant::now());
        let timeout = timeout.into_iter().chain(patience).min();
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
                Ok(read) => inputs.extend(self.decoder.push(&bytes[..read], Instant::now())),
                Err(Errno::INTR | Errno::AGAIN) => {}
                Err(_) => self.lose(&mut inputs),
            }
        } else if failed || keys.intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL) {
            self.lose(&mut inputs);
        } else {
            inputs.extend(self.decoder.quiet(Instant::now()));
        }
        if let Some(level) = self.decoder.other_keys.take() {
            mode::remember_other_keys(level);
        }
        inputs
    }

    fn suspend(&mut self) {
        leave();
        self.decoder = decode::Decoder::default();
        self.continued.store(false, Ordering::SeqCst);
        if jobs::are_controlled() {
            // The whole group, so that `cargo run` stops with us. To us it is only the flag: a signal that
            // is watched stops nobody.
            let _ = kill_current_process_group(Signal::TSTP);
            let _ = emulate_default_handler(SIGTSTP);
        }
        // A signal may be taken by another thread a moment after the call has returned.
        thread::sleep(Duration::from_millis(30));
        self.stopped.store(false, Ordering::SeqCst);
        // What follows is all that there is to do about being continued.
        self.continued.store(false, Ordering::SeqCst);
        let _ = enter();
    }

    fn edit(&mut self, path: &Path, line: usize) -> io::Result<()> {
        leave();
        self.decoder = decode::Decoder::default();
        // They are typed at the editor.
        self.typed.drain(..).for_each(|id| _ = unregister(id));
        let status = editor::editor(path, line).status();
        self.typed = self.register_typed()?;
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

    fn settle(&mut self, asks_ground: bool) {
        let _ = mode::settle(asks_ground);
    }

    fn mouse(&mut self, on: bool) {
        // Told apart from before, so that nothing is sent twice.
        if MOUSE.swap(on, Ordering::SeqCst) != on {
            let _ = send(if on { mouse::ON } else { mouse::OFF });
        }
    }
}
