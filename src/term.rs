//! The terminal as a resource: taken once, given back on every way out, be it quitting, an error, a
//! panic, a signal or a lost line. It is asked, behind a frame, how it is; one that answers is asked once for its ground
//! and its keyboard, and nothing is waited for. No keyboard protocol is wanted: one that is switched on is put aside
//! meanwhile. The mouse is the person's own until the dashboard is told to take it.
//!
//! Two facts shaped this. crossterm 0.29 spins for ever once the line has dropped, and may block where
//! it was told not to wait, so stdin is polled, read and decoded here. And signals may be delivered to
//! any thread, so each one writes into a pipe that the same poll watches.

mod backend;
mod decode;
mod editor;
mod flow;
mod frame;
mod input;
mod jobs;
mod key;
mod keyboard;
mod mode;
mod mouse;
mod pen;
mod terse;

use std::{
    io::{self, IsTerminal},
    mem::ManuallyDrop,
};

use ratatui::Terminal;

pub use backend::Canvas;
use backend::Terse;
pub use decode::Decoder;
pub use flow::{Flow, Purpose};
use frame::Synchronized;
pub use input::{Host, Input};
use keyboard::Keyboard;
use mode::{enter, hook_panics, leave};
pub use mouse::{Button, Mouse, MouseKind};

/// Whether there is a person to show a dashboard to.
pub fn is_interactive() -> bool {
    // With stdout piped, crossterm would happily find the controlling terminal and draw there.
    let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb" || term.is_empty());
    !dumb && io::stdin().is_terminal() && io::stdout().is_terminal()
}

/// The terminal, taken. Dropping it gives it back.
pub struct Screen {
    /// What ratatui draws on. Never dropped: its own clean-up prints to stderr when the line is gone,
    /// which panics. The guard of this type does what is needed.
    pub terminal: ManuallyDrop<Terminal<Terse<Synchronized<io::Stdout>>>>,
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
        let backend = || Terse::new(Synchronized::new(io::stdout()));
        let terminal = entered.and_then(|()| Terminal::new(backend()));
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
        self.keyboard.give_back();
    }
}
