//! What the terminal and signals say, in the words of the dashboard: what is decoded here is handled there.

use std::{io, path::Path, time::Duration};

use crossterm::event::KeyEvent;

use super::mouse::Mouse;

/// What reaches the dashboard from outside.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// A key.
    Key(KeyEvent),
    /// The mouse, where it is switched on.
    Mouse(Mouse),
    /// The terminal has taken everything that was sent before it was last asked.
    Taken,
    /// The colour of the ground that everything is drawn on, as the terminal says, in red, green and blue.
    Ground(u8, u8, u8),
    /// The screen must be drawn anew: another size, or a shell was in between.
    Redraw,
    /// Text was pasted, which is nobody's keys.
    Paste,
    /// SIGTSTP: somebody wants the program to stop for now.
    Stop,
    /// SIGINT, SIGTERM or SIGQUIT.
    Interrupt,
    /// The line has dropped: there is no screen and no keyboard any more.
    HangUp,
}

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
    /// Puts the keyboard into the terminal's own ways and, if wanted, asks for its ground, as [`Input::Ground`]: of a
    /// terminal that is known to answer, and once.
    fn settle(&mut self, _asks_ground: bool) {}
}
