//! A field of numbers over a plane as a heat map: two numbers a cell of the screen where there are colours enough, else a
//! sign and a shade a cell.
//!
//! ```text
//!  5 ▀▀▀▀▀▀▀▀▀▀▀▀       y labels | colours about 0 | legend below
//!  0 ▀▀▀▀▀▀▀▀▀▀▀▀
//! -5 ▀▀▀▀▀▀▀▀▀▀▀▀
//!    -5    0    5 x'
//! ```

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use super::text::{fit, number, put, width};
use crate::{results::why::Field, ui::style::Styles};

/// Draws it into `area`, and returns the columns and rows that numbers are drawn in.
pub fn draw(field: &Field, area: Rect, buffer: &mut Buffer, styles: &Styles) -> Rect {
    Drawn(field).draw(area, buffer, styles)
}

/// A field on the screen.
struct Drawn<'a>(&'a Field);

impl Drawn<'_> {
    fn draw(&self, area: Rect, buffer: &mut Buffer, styles: &Styles) -> Rect {
        let label = self.0.rows.iter().map(|(_, text)| width(text)).max().unwrap_or(0) as u16 + 1;
        let canvas = Rect {
            x: area.x + label,
            y: area.y,
            width: area.width.saturating_sub(label),
            height: area.height.saturating_sub(2),
        };
        if canvas.width < 4 || canvas.height < 2 || self.0.values.is_empty() {
            return Rect { width: 0, height: 0, ..canvas };
        }
        self.draw_values(canvas, buffer, styles);
        self.draw_letters(canvas, buffer, styles);
        self.draw_labels(area, canvas, buffer, styles);
        self.draw_legend(Rect { y: canvas.bottom() + 1, height: 1, ..area }, buffer, styles);
        canvas
    }

    fn draw_values(&self, canvas: Rect, buffer: &mut Buffer, styles: &Styles) {
        let columns = usize::from(canvas.width);
        for row in 0..usize::from(canvas.height) {
            for column in 0..columns {
                let (x, y) = (canvas.x + column as u16, canvas.y + row as u16);
                let up = usize::from(canvas.height) - 1 - row;
                let halves = [2 * up + 1, 2 * up]
                    .map(|up| self.0.at((column, up), (columns, 2 * usize::from(canvas.height))));
                let colours = halves.map(|share| styles.signed(share));
                if styles.ascii {
                    let share = self.0.at((column, up), (columns, usize::from(canvas.height)));
                    if let Some(ground) = styles.signed(share) {
                        put(buffer, canvas, x, y, " ", Style::new().bg(ground));
                        continue;
                    }
                } else if let [Some(upper), Some(lower)] = colours {
                    put(buffer, canvas, x, y, styles.upper_half(), Style::new().fg(upper).bg(lower));
                    continue;
                }
                let share = self.0.at((column, up), (columns, usize::from(canvas.height)));
                let (glyph, style) = styles.signed_shade(share);
                put(buffer, canvas, x, y, glyph.encode_utf8(&mut [0; 4]), style);
            }
        }
    }

    /// The letters on it, later ones over earlier ones; those beside it are not drawn.
    fn draw_letters(&self, canvas: Rect, buffer: &mut Buffer, styles: &Styles) {
        let (rows, columns) = self.0.size;
        let at = |place: f64, all: usize, cells: u16| {
            let share = (place + 0.5) / all as f64;
            (0.0..1.0).contains(&share).then(|| (share * f64::from(cells)) as u16)
        };
        for (row, column, letter) in &self.0.letters {
            let (Some(up), Some(across)) =
                (at(*row, rows, canvas.height), at(*column, columns, canvas.width))
            else {
                continue;
            };
            let (x, y) = (canvas.x + across, canvas.bottom() - 1 - up);
            put(buffer, canvas, x, y, letter.encode_utf8(&mut [0; 4]), styles.letter());
        }
    }

    fn draw_labels(&self, area: Rect, canvas: Rect, buffer: &mut Buffer, styles: &Styles) {
        let mut free = canvas.bottom();
        for (row, text) in &self.0.rows {
            let up = (row * usize::from(canvas.height) / self.0.size.0) as u16;
            let y = canvas.bottom() - 1 - up.min(canvas.height - 1);
            if y < free {
                let x = canvas.x - 1 - width(text) as u16;
                put(buffer, area, x, y, text, styles.plain());
                free = y;
            }
        }
        let ([low, high], name) = (self.0.x, self.0.x_name);
        let y = canvas.bottom();
        if let Some(x) = (canvas.x - 1).checked_sub(width(self.0.y_name) as u16).filter(|x| *x >= area.x) {
            put(buffer, area, x, y, self.0.y_name, styles.plain());
        }
        let (left, right) = (number(low), format!("{} {name}", number(high)));
        put(buffer, area, canvas.x, y, &left, styles.plain());
        let x = canvas.right().saturating_sub(width(&right) as u16);
        if x > canvas.x + width(&left) as u16 {
            put(buffer, area, x, y, &right, styles.plain());
        }
        if let Some(cursor) = self.0.cursor {
            let x = canvas.x + (cursor * usize::from(canvas.width) / self.0.size.1) as u16;
            put(buffer, area, x, y, styles.pointer(), styles.key());
        }
    }

    /// What the colours mean: fewer of them where words have no room beside all.
    fn draw_legend(&self, at: Rect, buffer: &mut Buffer, styles: &Styles) {
        let (left, right) = (format!("{} ", number(-self.0.most)), format!(" {}", number(self.0.most)));
        let words = format!(" {}", self.0.unit);
        let whole = width(&left) + width(&right) + width(&words);
        let steps = if whole + 9 <= usize::from(at.width) { 4 } else { 2 };
        let mut x = put(buffer, at, at.x, at.y, &left, styles.plain());
        for step in -steps..=steps {
            let share = f64::from(step) / f64::from(steps);
            match styles.signed(share) {
                Some(colour) => x = put(buffer, at, x, at.y, " ", Style::new().bg(colour)),
                None => {
                    let (glyph, style) = styles.signed_shade(share);
                    x = put(buffer, at, x, at.y, glyph.encode_utf8(&mut [0; 4]), style);
                }
            }
        }
        let room = usize::from(at.right().saturating_sub(x));
        put(buffer, at, x, at.y, &fit(&(right + &words), room, styles), styles.plain());
    }
}

#[cfg(test)]
mod tests {
    use ratatui::style::{Color, Modifier};

    use super::*;
    use crate::ui::style::Depth;

    fn drawn(styles: &Styles) -> Buffer {
        let values: Vec<f64> =
            (0..6).flat_map(|row| (0..8).map(move |column| f64::from(row * column - 10))).collect();
        let field = Field {
            size: (6, 8),
            values,
            most: 25.0,
            rows: vec![(0, "-5".to_owned()), (5, "5".to_owned())],
            y_name: "x",
            x: [-5.0, 5.0],
            x_name: "x",
            cursor: Some(3),
            unit: "it".to_owned(),
            letters: vec![(2.0, 3.0, 'o')],
        };
        let mut buffer = Buffer::empty(Rect::new(0, 0, 30, 8));
        draw(&field, Rect::new(2, 1, 24, 6), &mut buffer, styles);
        buffer
    }

    #[test]
    fn the_sign_is_seen_however_few_colours_there_are() {
        for (depth, ascii) in [
            (Depth::Mono, false),
            (Depth::Mono, true),
            (Depth::Ansi16, false),
            (Depth::Ansi16, true),
            (Depth::Ansi256, false),
            (Depth::True, false),
            (Depth::True, true),
        ] {
            let styles = Styles { depth, ascii, ..Styles::default() };
            let buffer = drawn(&styles);
            // The lower left is negative, the upper right positive.
            let look = |x: u16, y: u16| {
                let cell = buffer.cell((x, y)).expect("on the screen");
                (cell.symbol().to_owned(), cell.fg, cell.bg)
            };
            assert_ne!(look(5, 4), look(25, 1), "{depth:?} {ascii}");
            // A letter is seen on whatever it stands.
            let letter = buffer.content.iter().find(|cell| cell.symbol() == "o").expect("a letter");
            assert_eq!((letter.fg, letter.bg), (Color::Reset, Color::Reset), "{depth:?} {ascii}");
            assert!(letter.modifier.contains(Modifier::REVERSED), "{depth:?} {ascii}");
            let outside = buffer.content.iter().enumerate().filter(|(at, _)| {
                let (x, y) = (at % 30, at / 30);
                !(2..26).contains(&x) || !(1..7).contains(&y)
            });
            assert!(outside.clone().all(|(_, cell)| cell.symbol() == " "), "{depth:?} {ascii}");
        }
    }

    #[test]
    fn every_size_draws_inside_its_area() {
        for width in 0..40 {
            for height in 0..12 {
                let values = vec![1.0; 50 * 50];
                let field = Field {
                    size: (50, 50),
                    values: values.clone(),
                    most: 1.0,
                    rows: vec![(0, "-5".to_owned()), (49, "5".to_owned())],
                    y_name: "along",
                    x: [-5.0, 5.0],
                    x_name: "x",
                    cursor: Some(49),
                    unit: String::new(),
                    letters: vec![(25.0, 25.0, 'o'), (-3.0, 60.0, 'A')],
                };
                let mut buffer = Buffer::empty(Rect::new(0, 0, 50, 20));
                draw(&field, Rect::new(3, 3, width, height), &mut buffer, &Styles::default());
                for y in 0..20 {
                    for x in 0..50 {
                        let inside = (3..3 + width).contains(&x) && (3..3 + height).contains(&y);
                        let blank = buffer.cell((x, y)).is_some_and(|cell| cell.symbol() == " ");
                        assert!(inside || blank, "{width}x{height} wrote at {x},{y}");
                    }
                }
            }
        }
    }
}
