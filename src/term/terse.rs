//! A frame in few bytes. Over a line of 8 kB/s every byte is an eighth of a millisecond, and half of what
//! crossterm's backend sends for a large screen only moves the cursor and changes colours: an absolute position
//! of eight bytes before each word, both colours whenever one changes, every blank by itself.
//!
//! What is drawn is the same. Of two ways the shorter is written each time: steps to the right or the cells in
//! between once more, blanks or an order to erase them, what changes of the pen or the whole of it. Nothing is
//! used that a VT220, tmux or the Linux console would not know.

use std::{fmt::Write as _, ops::Range};

use ratatui::{
    buffer::{Buffer, Cell, CellWidth},
    layout::Position,
};

use super::pen::Pen;

/// An order with a number in front of its letter, which is left out if it is one.
fn counted(count: u16, letter: char) -> String {
    if count == 1 { format!("\x1b[{letter}") } else { format!("\x1b[{count}{letter}") }
}

/// Whether every terminal advances by one cell where this is written: of most other signs some hold that they
/// are wide.
fn is_narrow(symbol: &str) -> bool {
    let mut signs = symbol.chars();
    let first = signs.next();
    signs.next().is_none() && first.is_some_and(|sign| matches!(sign, ' '..='~' | '\u{2800}'..='\u{28ff}'))
}

/// A frame that is being written.
pub struct Writing<'a> {
    /// As a terminal takes it.
    pub out: String,
    /// What is on screen, or will be.
    shown: &'a mut Buffer,
    /// Where the cursor is, as far as one can be sure.
    cursor: Option<Position>,
    pen: Pen,
    /// Blanks that are still to be written: where they begin, how many, and how they look.
    blanks: Option<(Position, u16, Pen)>,
}

impl<'a> Writing<'a> {
    /// On a screen that shows this, and will show what is put.
    pub fn new(shown: &'a mut Buffer) -> Self {
        Self { out: String::new(), shown, cursor: None, pen: Pen::default(), blanks: None }
    }

    /// Takes another pen.
    pub fn pick(&mut self, pen: Pen) {
        if pen != self.pen {
            self.out.push_str(&self.pen.change(pen));
            self.pen = pen;
        }
    }

    /// Moves the cursor.
    fn go(&mut self, to: Position) {
        if let Some(from) = self.cursor
            && from.y == to.y
            && from.x <= to.x
        {
            if from.x == to.x {
                return;
            }
            let steps = counted(to.x - from.x, 'C');
            match self.between(from, to.x).filter(|again| again.len() <= steps.len()) {
                Some(again) => self.out.push_str(&again),
                None => self.out.push_str(&steps),
            }
        } else if to.x == 0 {
            let _ = write!(self.out, "\x1b[{}H", to.y + 1);
        } else {
            let _ = write!(self.out, "\x1b[{};{}H", to.y + 1, to.x + 1);
        }
        self.cursor = Some(to);
    }

    /// What is on screen from here to there, if it is short and the pen in hand would write the same.
    fn between(&self, from: Position, end: u16) -> Option<String> {
        /// Of more cells an order to step over them is shorter.
        const FEW: u16 = 5;
        let again = |x| {
            let cell = self.shown.cell((x, from.y)).filter(|cell| is_narrow(cell.symbol()))?;
            let pen = Pen::of(cell);
            let same = pen == self.pen || cell.symbol() == " " && pen.blank(self.pen);
            same.then(|| cell.symbol())
        };
        if end - from.x <= FEW { (from.x..end).map(again).collect() } else { None }
    }

    /// Keeps what will be on screen.
    fn remember(&mut self, at: Position, cell: &Cell) {
        let Position { x, y } = at;
        if let Some(shown) = self.shown.cell_mut((x, y)) {
            shown.clone_from(cell);
        }
        // The rest of a wide sign is nothing that could be written again.
        for x in x + 1..x.saturating_add(cell.cell_width()) {
            if let Some(shown) = self.shown.cell_mut((x, y)) {
                shown.set_symbol("");
            }
        }
    }

    /// Writes a cell, or remembers to write it with the blanks that follow.
    pub fn put(&mut self, at: Position, cell: &Cell) {
        let pen = Pen::of(cell);
        if cell.symbol() == " " {
            let run = self.blanks.filter(|(first, count, look)| {
                let end = first.x + count;
                first.y == at.y && look.blank(pen) && self.is_blank(end..at.x, at.y, pen)
            });
            if run.is_none() {
                self.erase();
            }
            let (first, _, look) = run.unwrap_or((at, 1, pen));
            self.blanks = Some((first, at.x + 1 - first.x, look));
        } else {
            self.erase();
            self.go(at);
            self.pick(pen);
            self.out.push_str(cell.symbol());
            self.cursor = Some(Position { x: at.x + 1, ..at }).filter(|next| next.x < self.shown.area.width);
            if !is_narrow(cell.symbol()) {
                self.cursor = None;
            }
        }
        self.remember(at, cell);
    }

    /// Whether such blanks are all there is on screen in these columns of a row.
    fn is_blank(&self, columns: Range<u16>, y: u16, look: Pen) -> bool {
        let mut cells = columns.map(|x| self.shown.cell((x, y)));
        cells.all(|cell| cell.is_some_and(|cell| cell.symbol() == " " && Pen::of(cell).blank(look)))
    }

    /// Writes the blanks that are still to be written.
    pub fn erase(&mut self) {
        let Some((first, count, look)) = self.blanks.take() else { return };
        self.go(first);
        if !self.pen.blank(look) {
            self.pick(look);
        }
        let end = first.x + count;
        let width = self.shown.area.width;
        let ends_the_row = end <= width && self.is_blank(end..width, first.y, look);
        // Terminals differ in the ground that they erase with; of the terminal's own there is but one.
        let erasable = Pen::default().blank(self.pen);
        let order = if ends_the_row { "\x1b[K".to_owned() } else { counted(count, 'X') };
        let steps = if ends_the_row { 0 } else { counted(count, 'C').len() };
        if erasable && order.len() + steps < usize::from(count) {
            self.out.push_str(&order);
        } else {
            self.out.extend(std::iter::repeat_n(' ', count.into()));
            self.cursor = Some(Position { x: end, ..first }).filter(|next| next.x < width);
        }
    }
}
