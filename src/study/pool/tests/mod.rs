//! The pool's promises: those of the board without any thread, those of a session with real ones.

mod board;
mod session;
