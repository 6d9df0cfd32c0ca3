//! A frame reaches the terminal in one piece. A line that is slow, or a terminal that draws while it reads,
//! would otherwise show halves.

use std::io::{self, Write};

use crossterm::terminal::{BeginSynchronizedUpdate, EndSynchronizedUpdate};

/// Collects what is written and sends it in one piece, as one synchronized update, so that no frame is
/// ever seen half drawn.
pub struct Synchronized<W: Write> {
    to: W,
    frame: Vec<u8>,
}

impl<W: Write> Synchronized<W> {
    /// Over `to`.
    pub fn new(to: W) -> Self {
        Self { to, frame: Vec::with_capacity(16 << 10) }
    }
}

impl<W: Write> Write for Synchronized<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.frame.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.frame.is_empty() {
            return Ok(());
        }
        let mut bytes = Vec::with_capacity(self.frame.len() + 16);
        crossterm::queue!(bytes, BeginSynchronizedUpdate)?;
        bytes.append(&mut self.frame);
        crossterm::queue!(bytes, EndSynchronizedUpdate)?;
        self.to.write_all(&bytes)?;
        self.to.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_one_write_between_the_marks() {
        let mut out = Synchronized::new(Vec::new());
        out.write_all(b"one ").expect("a vector takes everything");
        out.write_all(b"frame").expect("a vector takes everything");
        assert!(out.to.is_empty());
        out.flush().expect("a vector takes everything");
        out.flush().expect("a vector takes everything");
        assert_eq!(out.to, b"\x1b[?2026hone frame\x1b[?2026l");
    }
}
