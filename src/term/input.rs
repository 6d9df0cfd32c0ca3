//! What the terminal and signals say, in the words of the dashboard: what is decoded here is handled there.

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
    /// The screen must be drawn anew: another size, or a shell was in between.
    Redraw,
    /// SIGINT, SIGTERM or SIGQUIT.
    Interrupt,
    /// The line has dropped: there is no screen and no keyboard any more.
    HangUp,
}
