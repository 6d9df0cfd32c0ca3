//! A grid of dots in character cells: eight braille dots a cell, or one mark a cell in ASCII. Lines are
//! clipped to it, never drawn outside.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use crate::ui::style::Pattern;

/// Dots of one plot, collected before they are written to the screen.
pub struct Canvas {
    /// Cells.
    columns: usize,
    rows: usize,
    /// Dots of one cell, across and down.
    across: usize,
    down: usize,
    cells: Vec<Cell>,
}

#[derive(Clone, Copy, Default)]
struct Cell {
    dots: u8,
    glyph: Option<char>,
    style: Style,
    /// What lies behind: seen where nothing else is.
    shade: Shade,
}

#[derive(Clone, Copy, Default)]
struct Shade {
    dots: u8,
    glyph: Option<char>,
    style: Style,
}

/// Braille dots by row and column of a cell, as Unicode numbers them.
const DOTS: [[u8; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];

impl Canvas {
    /// An empty canvas of this many cells.
    pub fn new(columns: u16, rows: u16, ascii: bool) -> Self {
        let (columns, rows) = (usize::from(columns), usize::from(rows));
        let (across, down) = if ascii { (1, 1) } else { (2, 4) };
        Self { columns, rows, across, down, cells: vec![Cell::default(); columns * rows] }
    }

    /// Whether a cell is one mark.
    pub fn is_ascii(&self) -> bool {
        self.across == 1
    }

    /// Dots across.
    pub fn width(&self) -> usize {
        self.columns * self.across
    }

    /// Dots down.
    pub fn height(&self) -> usize {
        self.rows * self.down
    }

    /// Sets the dot at `(x, y)`, counted from the top left; in ASCII the cell becomes `mark`.
    pub fn dot(&mut self, x: usize, y: usize, mark: char, style: Style) {
        if x >= self.width() || y >= self.height() {
            return;
        }
        let cell = &mut self.cells[y / self.down * self.columns + x / self.across];
        if self.across == 1 {
            cell.glyph = Some(mark);
        } else {
            cell.dots |= DOTS[y % self.down][x % self.across];
        }
        cell.style = style;
    }

    /// Sets the dot at `(x, y)` of what lies behind everything: a cell with a line in it shows the line alone, so
    /// that lines can be told from the areas that they cross.
    pub fn shade(&mut self, x: usize, y: usize, mark: char, style: Style) {
        if x >= self.width() || y >= self.height() {
            return;
        }
        let shade = &mut self.cells[y / self.down * self.columns + x / self.across].shade;
        match self.across {
            1 => shade.glyph = Some(mark),
            _ => shade.dots |= DOTS[y % self.down][x % self.across],
        }
        shade.style = style;
    }

    /// Puts `glyph` over whatever the cell at these shares of the canvas (from the bottom left) shows.
    pub fn mark(&mut self, across: f64, up: f64, glyph: char, style: Style) {
        if self.cells.is_empty() {
            return;
        }
        let column =
            (across * (self.columns - 1) as f64).round().clamp(0.0, (self.columns - 1) as f64) as usize;
        let row = ((1.0 - up) * (self.rows - 1) as f64).round().clamp(0.0, (self.rows - 1) as f64) as usize;
        self.cells[row * self.columns + column] = Cell { glyph: Some(glyph), style, ..Cell::default() };
    }

    /// A vertical line of `glyph` in the empty cells of a column.
    pub fn upright(&mut self, across: f64, glyph: char, style: Style) {
        if self.columns == 0 || !(0.0..=1.0).contains(&across) {
            return;
        }
        let column = (across * (self.columns - 1) as f64).round() as usize;
        for row in 0..self.rows {
            let cell = &mut self.cells[row * self.columns + column];
            if cell.dots == 0 && cell.glyph.is_none() {
                *cell = Cell { glyph: Some(glyph), style, ..*cell };
            }
        }
    }

    /// A line between two points given as shares of the canvas from the bottom left, clipped to it.
    pub fn line(&mut self, from: (f64, f64), to: (f64, f64), pattern: Pattern, mark: char, style: Style) {
        let Some((from, to)) = clip(from, to) else { return };
        let (right, bottom) = (self.width().max(1) - 1, self.height().max(1) - 1);
        let dots = |(x, y): (f64, f64)| (x * right as f64, (1.0 - y) * bottom as f64);
        let ((x0, y0), (x1, y1)) = (dots(from), dots(to));
        let count = (x1 - x0).abs().max((y1 - y0).abs()).ceil().max(1.0) as usize;
        for i in 0..=count {
            let share = i as f64 / count as f64;
            let x = (x0 + (x1 - x0) * share).round() as usize;
            let y = (y0 + (y1 - y0) * share).round() as usize;
            if pattern.shows(x, y) {
                self.dot(x, y, mark, style);
            }
        }
    }

    /// Writes the dots over `area`, whose size is the canvas's. Cells without dots stay as they are.
    pub fn draw(&self, area: Rect, buffer: &mut Buffer) {
        for (i, cell) in self.cells.iter().enumerate() {
            let (x, y) = (area.x + (i % self.columns) as u16, area.y + (i / self.columns) as u16);
            let Shade { dots, glyph, style } = cell.shade;
            let seen = [(cell.glyph, cell.dots, cell.style), (glyph, dots, style)];
            let Some(&(glyph, dots, style)) =
                seen.iter().find(|(glyph, dots, _)| glyph.is_some() || *dots != 0)
            else {
                continue;
            };
            let glyph = glyph.or(char::from_u32(0x2800 + u32::from(dots))).unwrap_or(' ');
            if let Some(target) = buffer.cell_mut((x, y)) {
                target.set_char(glyph).set_style(style);
            }
        }
    }
}

/// The part of a segment inside the unit square (Liang and Barsky), if any.
fn clip(from: (f64, f64), to: (f64, f64)) -> Option<((f64, f64), (f64, f64))> {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let (mut enter, mut leave) = (0.0f64, 1.0f64);
    for (p, q) in [(-dx, from.0), (dx, 1.0 - from.0), (-dy, from.1), (dy, 1.0 - from.1)] {
        if p == 0.0 {
            if q < 0.0 {
                return None;
            }
        } else if p < 0.0 {
            enter = enter.max(q / p);
        } else {
            leave = leave.min(q / p);
        }
    }
    let inside = enter <= leave && [enter, leave, dx, dy].iter().all(|value| value.is_finite());
    let at = |share: f64| ((from.0 + share * dx).clamp(0.0, 1.0), (from.1 + share * dy).clamp(0.0, 1.0));
    inside.then(|| (at(enter), at(leave)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_cut_at_the_edge() {
        assert_eq!(clip((-1.0, 0.5), (2.0, 0.5)), Some(((0.0, 0.5), (1.0, 0.5))));
        assert_eq!(clip((0.0, 1.5), (1.0, 1.2)), None);
        assert_eq!(clip((0.5, 0.5), (f64::INFINITY, 0.5)), None);
    }

    #[test]
    fn dots_are_braille_and_marks_are_ascii() {
        let area = Rect::new(0, 0, 2, 1);
        let mut buffer = Buffer::empty(area);
        let mut canvas = Canvas::new(2, 1, false);
        canvas.line((0.0, 0.0), (1.0, 0.0), Pattern::Solid, '*', Style::new());
        canvas.draw(area, &mut buffer);
        assert_eq!(buffer, Buffer::with_lines(["⣀⣀"]));
        let mut canvas = Canvas::new(2, 1, true);
        canvas.line((0.0, 0.0), (1.0, 0.0), Pattern::Solid, '*', Style::new());
        canvas.draw(area, &mut buffer);
        assert_eq!(buffer, Buffer::with_lines(["**"]));
    }

    #[test]
    fn an_area_gives_way_to_the_lines_over_it() {
        let area = Rect::new(0, 0, 2, 1);
        for (ascii, seen) in [(false, "⣀⠁"), (true, "*:")] {
            let mut buffer = Buffer::empty(area);
            let mut canvas = Canvas::new(2, 1, ascii);
            (0..canvas.width()).step_by(canvas.across).for_each(|x| canvas.shade(x, 0, ':', Style::new()));
            canvas.line((0.0, 0.0), (0.4, 0.0), Pattern::Solid, '*', Style::new());
            canvas.shade(0, 0, ':', Style::new());
            canvas.draw(area, &mut buffer);
            assert_eq!(buffer, Buffer::with_lines([seen]));
        }
    }
}
