//! A screen of a size that can be drawn: a terminal may say that it has four billion cells.

use ratatui::{
    backend::{Backend, ClearType, WindowSize},
    buffer::Cell,
    layout::{Position, Size},
};

/// The largest screen that is drawn: far more than any has. Beyond it the terminal stays empty.
const LARGEST: Size = Size { width: 1_000, height: 500 };

/// A backend that never says it is larger than [`LARGEST`].
pub struct Bounded<B>(pub B);

impl<B: Backend> Backend for Bounded<B> {
    type Error = B::Error;

    fn draw<'a, I>(&mut self, content: I) -> Result<(), Self::Error>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        self.0.draw(content)
    }

    fn hide_cursor(&mut self) -> Result<(), Self::Error> {
        self.0.hide_cursor()
    }

    fn show_cursor(&mut self) -> Result<(), Self::Error> {
        self.0.show_cursor()
    }

    fn get_cursor_position(&mut self) -> Result<Position, Self::Error> {
        self.0.get_cursor_position()
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> Result<(), Self::Error> {
        self.0.set_cursor_position(position)
    }

    fn clear(&mut self) -> Result<(), Self::Error> {
        self.0.clear()
    }

    fn clear_region(&mut self, region: ClearType) -> Result<(), Self::Error> {
        self.0.clear_region(region)
    }

    fn size(&self) -> Result<Size, Self::Error> {
        let Size { width, height } = self.0.size()?;
        Ok(Size { width: width.min(LARGEST.width), height: height.min(LARGEST.height) })
    }

    fn window_size(&mut self) -> Result<WindowSize, Self::Error> {
        let window = self.0.window_size()?;
        Ok(WindowSize { columns_rows: self.size()?, ..window })
    }

    fn flush(&mut self) -> Result<(), Self::Error> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use ratatui::{Terminal, backend::TestBackend};

    use super::*;

    #[test]
    fn no_terminal_is_too_large_to_be_drawn() {
        let mut terminal =
            Terminal::new(Bounded(TestBackend::new(4_000, 2_000))).expect("it can be drawn on");
        let drawn = terminal.draw(|_| {}).expect("it can be drawn").area;
        assert_eq!((drawn.width, drawn.height), (LARGEST.width, LARGEST.height));
        let small = Bounded(TestBackend::new(80, 24));
        assert_eq!(small.size().expect("it has one"), Size { width: 80, height: 24 });
    }
}
