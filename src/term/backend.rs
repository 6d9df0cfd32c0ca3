//! What ratatui draws on: a terminal at the other end of a line that may be slow, of a size that can be drawn.
//!
//! A frame that would fill the line for long is written in pieces, whole rows each. What is left of it when the
//! next one is drawn is not sent, but what has taken its place, so that no row waits for ever.

use std::io::{self, Write};

use ratatui::{
    backend::{Backend, ClearType, CrosstermBackend, WindowSize},
    buffer::{Buffer, Cell, CellWidth},
    layout::{Position, Rect, Size},
};

use super::{pen::Pen, terse::Writing};

/// The largest screen that is drawn: far more than any has, though a terminal may say that it has four billion
/// cells. Beyond it the terminal stays empty.
const LARGEST: Size = Size { width: 1_000, height: 500 };

fn bounded(size: Size) -> Size {
    Size { width: size.width.min(LARGEST.width), height: size.height.min(LARGEST.height) }
}

/// What frames are drawn on, in pieces if they are long.
pub trait Canvas: Backend {
    /// The next piece may have so many bytes, and a row more. It begins at the top, or where the last one ended.
    fn allow(&mut self, _bytes: usize, _anew: bool) {}

    /// How many bytes the last piece had.
    fn sent(&self) -> usize {
        0
    }

    /// Whether rows are left that show what was drawn before.
    fn owes(&self) -> bool {
        false
    }
}

#[cfg(test)]
impl Canvas for ratatui::backend::TestBackend {}

/// Draws through crossterm's backend, but for cells, which it writes by itself.
pub struct Terse<W: Write> {
    inner: CrosstermBackend<W>,
    screen: Rows,
    sent: usize,
}

impl<W: Write> Terse<W> {
    /// Over `to`, on a screen that is empty.
    pub fn new(to: W) -> Self {
        let mut backend = Self { inner: CrosstermBackend::new(to), screen: Rows::default(), sent: 0 };
        backend.forget();
        backend
    }

    /// Nothing is on screen any more.
    fn forget(&mut self) {
        let Size { width, height } = self.size().unwrap_or_default();
        self.screen = Rows { allowed: self.screen.allowed, ..Rows::new(Rect::new(0, 0, width, height)) };
    }
}

impl<W: Write> Canvas for Terse<W> {
    fn allow(&mut self, bytes: usize, anew: bool) {
        self.screen.allowed = bytes;
        if anew {
            self.screen.next = 0;
        }
    }

    fn sent(&self) -> usize {
        self.sent
    }

    fn owes(&self) -> bool {
        self.screen.owes
    }
}

/// What the terminal shows, and what it is to show.
#[derive(Default)]
struct Rows {
    shown: Buffer,
    wanted: Buffer,
    /// Bytes of a piece.
    allowed: usize,
    /// The row that the next piece begins with.
    next: u16,
    /// Whether there is more to be written.
    owes: bool,
}

impl Rows {
    fn new(area: Rect) -> Self {
        let (shown, wanted) = (Buffer::empty(area), Buffer::empty(area));
        Self { shown, wanted, allowed: usize::MAX, next: 0, owes: false }
    }

    /// Takes in what is to change.
    fn draw<'a>(&mut self, cells: impl Iterator<Item = (u16, u16, &'a Cell)>) {
        for (x, y, cell) in cells {
            if let Some(wanted) = self.wanted.cell_mut((x, y)) {
                wanted.clone_from(cell);
            }
            // A wide sign leaves nothing of what it covers, of which ratatui says nothing more.
            for x in x + 1..x.saturating_add(cell.cell_width()) {
                if let Some(covered) = self.wanted.cell_mut((x, y)) {
                    covered.reset();
                }
            }
        }
    }

    /// The next piece, as a terminal takes it: rows in which something is to change, all of them if so many
    /// bytes are allowed.
    fn piece(&mut self) -> String {
        let changes = self.shown.diff(&self.wanted);
        let above = changes.partition_point(|(_, y, _)| *y < self.next);
        let mut writing = Writing::new(&mut self.shown);
        (self.next, self.owes) = (0, false);
        for row in changes[above..].chunk_by(same_row).chain(changes[..above].chunk_by(same_row)) {
            if writing.out.len() >= self.allowed {
                (self.next, self.owes) = (row[0].1, true);
                break;
            }
            for (x, y, cell) in row {
                writing.put(Position { x: *x, y: *y }, cell);
            }
            writing.erase();
        }
        writing.pick(Pen::default());
        writing.out
    }
}

/// A cell that changes, and where it is.
type Change<'a> = (u16, u16, &'a Cell);

fn same_row(one: &Change<'_>, other: &Change<'_>) -> bool {
    one.1 == other.1
}

impl<W: Write> Backend for Terse<W> {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        self.screen.draw(content);
        let piece = self.screen.piece();
        self.sent = piece.len();
        self.inner.write_all(piece.as_bytes())
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        self.inner.hide_cursor()
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        self.inner.show_cursor()
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        self.inner.get_cursor_position()
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        self.inner.set_cursor_position(position)
    }

    fn clear(&mut self) -> io::Result<()> {
        self.clear_region(ClearType::All)
    }

    fn clear_region(&mut self, region: ClearType) -> io::Result<()> {
        // ratatui clears a screen that is used as a whole no other way.
        self.forget();
        self.inner.clear_region(region)
    }

    fn size(&self) -> io::Result<Size> {
        self.inner.size().map(bounded)
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        let window = self.inner.window_size()?;
        Ok(WindowSize { columns_rows: bounded(window.columns_rows), ..window })
    }

    fn flush(&mut self) -> io::Result<()> {
        Write::flush(&mut self.inner)
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU16;

    use proptest::prelude::*;
    use ratatui::style::{Color, Modifier, Style};

    use super::{super::pen::SEEN_ON_BLANKS, *};

    const WIDTH: u16 = 24;
    const HEIGHT: u16 = 4;

    /// What a terminal shows after these frames, of which pieces of so many bytes are sent.
    fn terminal(frames: &[Buffer], allowed: usize) -> vt100::Parser {
        let mut terminal = {
            let cells = |count| NonZeroU16::new(count).expect("not nothing");
            vt100::Parser::new(cells(HEIGHT), cells(WIDTH), 0)
        };
        let mut rows = Rows { allowed, ..Rows::new(frames[0].area) };
        let mut before = rows.wanted.clone();
        for frame in frames {
            rows.draw(before.diff(frame).into_iter());
            terminal.process(rows.piece().as_bytes());
            before.clone_from(frame);
        }
        while rows.owes {
            terminal.process(rows.piece().as_bytes());
        }
        terminal
    }

    /// The colour as the terminal names it.
    fn named(color: Color) -> vt100::Color {
        match color {
            Color::Reset => vt100::Color::Default,
            Color::Yellow => vt100::Color::Idx(3),
            Color::LightRed => vt100::Color::Idx(9),
            Color::Indexed(index) => vt100::Color::Idx(index),
            Color::Rgb(r, g, b) => vt100::Color::Rgb(r, g, b),
            other => panic!("{other} is in no test"),
        }
    }

    fn a_look() -> impl Strategy<Value = Style> {
        let color = || {
            prop::sample::select(vec![
                Color::Reset,
                Color::Reset,
                Color::Yellow,
                Color::LightRed,
                Color::Indexed(77),
                Color::Rgb(1, 2, 3),
            ])
        };
        // This terminal is not both at once, bold and dim.
        let weights = [Modifier::BOLD, Modifier::DIM, Modifier::empty()];
        let others = [Modifier::ITALIC, Modifier::UNDERLINED, Modifier::REVERSED, Modifier::empty()];
        let (weight, other) = (prop::sample::select(weights.to_vec()), prop::sample::select(others.to_vec()));
        (color(), color(), weight, other)
            .prop_map(|(fg, bg, weight, other)| Style::reset().fg(fg).bg(bg).add_modifier(weight | other))
    }

    /// Some words on top of what is there, or nothing but blanks.
    fn frames() -> impl Strategy<Value = Vec<Buffer>> {
        let words = prop::sample::select(vec!["a", "of it", "⣿⠁⠂⣿", "│ θ │", "        ", "   .   "]);
        let written = (0..WIDTH, 0..HEIGHT - 1, words, a_look());
        // Wide signs have a row of their own: what is left of half a sign is the terminal's business.
        let wide = prop::option::of((prop::sample::select(vec!["a 数字.", "a bcde.", "a     ."]), a_look()));
        let frame = (any::<bool>(), prop::collection::vec(written, 1..9), wide);
        prop::collection::vec(frame, 1..5).prop_map(|frames| {
            let mut buffer = Buffer::empty(Rect::new(0, 0, WIDTH, HEIGHT));
            let draw = |(anew, words, wide): (bool, Vec<_>, Option<(&str, Style)>)| {
                if anew {
                    buffer.reset();
                }
                for (x, y, word, look) in words {
                    buffer.set_string(x, y, word, look);
                }
                if let Some((word, look)) = wide {
                    buffer.set_string(9, HEIGHT - 1, word, look);
                }
                buffer.clone()
            };
            frames.into_iter().map(draw).collect()
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_terminal_shows_what_was_drawn(
            frames in frames(),
            allowed in prop::sample::select(vec![1, 30, usize::MAX]),
        ) {
            let terminal = terminal(&frames, allowed);
            let last = &frames[frames.len() - 1];
            let mut hidden = 0;
            for (at, cell) in last.content.iter().enumerate() {
                let (x, y) = (at as u16 % WIDTH, at as u16 / WIDTH);
                let seen = terminal.screen().cell(y, x).expect("it has as many");
                // A wide sign covers what is right of it.
                hidden = if x == 0 { 0 } else { hidden };
                if hidden > 0 {
                    hidden -= 1;
                    continue;
                }
                hidden = cell.cell_width().saturating_sub(1);
                let blank = cell.symbol() == " ";
                let symbol = if seen.has_contents() { seen.contents() } else { " " };
                prop_assert_eq!(symbol, cell.symbol(), "at {},{}", x, y);
                let has = |modifier| cell.modifier.contains(modifier);
                let looks = (seen.bgcolor(), seen.underline(), seen.inverse());
                let asked = (named(cell.bg), has(Modifier::UNDERLINED), has(Modifier::REVERSED));
                prop_assert_eq!(looks, asked, "at {},{}", x, y);
                if cell.modifier.intersects(SEEN_ON_BLANKS) {
                    prop_assert_eq!(seen.fgcolor(), named(cell.fg), "at {},{}", x, y);
                }
                if !blank {
                    let letters = (seen.fgcolor(), seen.bold(), seen.dim(), seen.italic());
                    let asked = (named(cell.fg), has(Modifier::BOLD), has(Modifier::DIM), has(Modifier::ITALIC));
                    prop_assert_eq!(letters, asked, "at {},{}", x, y);
                }
            }
        }
    }

    fn frame(rows: &[&str]) -> Buffer {
        let mut frame = Buffer::empty(Rect::new(0, 0, WIDTH, rows.len() as u16));
        for (y, row) in rows.iter().enumerate() {
            frame.set_string(0, y as u16, row, Style::new());
        }
        frame
    }

    /// What is sent for the second frame, once the first is shown.
    fn sent(first: &Buffer, second: &Buffer) -> String {
        let mut rows = Rows::new(first.area);
        rows.draw(Buffer::empty(first.area).diff(first).into_iter());
        rows.piece();
        rows.draw(first.diff(second).into_iter());
        rows.piece()
    }

    #[test]
    fn what_is_left_of_a_frame_gives_way_to_a_newer_one() {
        let mut rows = Rows { allowed: 1, ..Rows::new(Rect::new(0, 0, 24, 4)) };
        let first = frame(&["one", "two", "three", "four"]);
        rows.draw(Buffer::empty(first.area).diff(&first).into_iter());
        assert_eq!((rows.piece().as_str(), rows.owes), ("\x1b[1Hone", true));
        let second = frame(&["1", "two", "3", "four"]);
        rows.draw(first.diff(&second).into_iter());
        // It goes on where it was, and comes back to what has changed above.
        assert_eq!((rows.piece().as_str(), rows.owes), ("\x1b[2Htwo", true));
        assert_eq!((rows.piece().as_str(), rows.owes), ("\x1b[3H3", true));
        assert_eq!((rows.piece().as_str(), rows.owes), ("\x1b[4Hfour", true));
        assert_eq!((rows.piece().as_str(), rows.owes), ("\x1b[1H1  ", false));
        assert_eq!((rows.piece().as_str(), rows.owes), ("", false));
    }

    #[test]
    fn what_a_wide_sign_covered_does_not_come_back() {
        let frames = ["abcd", "a数d", "a  d"].map(|row| frame(&[row, "", "", ""]));
        let terminal = terminal(&frames, usize::MAX);
        assert_eq!(terminal.screen().rows(0, 4).next().expect("the first"), "a  d");
    }

    #[test]
    fn the_shorter_way_is_taken() {
        let blank = frame(&["", ""]);
        assert_eq!(sent(&blank, &frame(&["one of two", ""])), "\x1b[1Hone of two");
        assert_eq!(sent(&blank, &frame(&["", "a         far  away"])), "\x1b[2Ha\x1b[9Cfar  away");
        assert_eq!(sent(&frame(&["a lot of words", ""]), &blank), "\x1b[1H\x1b[K");
        assert_eq!(
            sent(&frame(&["", "│ words again  │"]), &frame(&["", "│              │"])),
            "\x1b[2;3H\x1b[11X"
        );
    }

    #[test]
    fn no_terminal_is_too_large_to_be_drawn() {
        assert_eq!(bounded(Size { width: 65_535, height: 65_535 }), LARGEST);
        assert_eq!(bounded(Size { width: 80, height: 24 }), Size { width: 80, height: 24 });
    }
}
