//! What the exported pictures are drawn on: how wide it is, how large its letters are, and the colours, dashes and marks
//! that lines are told apart by. Lengths are in points, of which an inch has 72.

use crate::results::palette::{HUES, PAPER, hex};
use crate::results::svg::{Page, Picture};
use crate::results::text;

/// Sheets of paper.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Paper {
    /// Points across.
    pub width: f64,
    /// Points of the letters.
    pub font: f64,
    /// Whether it is dark, as a screen may be.
    pub dark: bool,
}

/// Dashes, so that nothing hangs on colour alone, in widths of the line.
const DASHES: [&[f64]; 4] = [&[], &[4.0, 1.6], &[1.2, 1.6], &[4.0, 1.6, 1.2, 1.6]];
/// Width of a letter of size 1, on the generous side.
const LETTER: f64 = 0.58;

/// The number of a line that is no system's: a floor.
pub const NO_SYSTEM: usize = usize::MAX;

impl Paper {
    /// Of writing and frames.
    pub fn ink(&self) -> &'static str {
        if self.dark { "#e6e6e6" } else { "#000" }
    }

    /// Of what stands behind.
    pub fn faint(&self) -> &'static str {
        if self.dark { "#999" } else { "#666" }
    }

    /// Of grids.
    pub fn grid(&self) -> &'static str {
        if self.dark { "#333" } else { "#e4e4e4" }
    }

    /// Of itself.
    pub fn ground(&self) -> &'static str {
        if self.dark { "#16181c" } else { "#fff" }
    }

    /// The colour of line number `place`; of one that is no system's, that of writing.
    pub fn colour(&self, place: usize) -> String {
        if place == NO_SYSTEM {
            return self.ink().to_owned();
        }
        let at = place % HUES.len();
        hex(if self.dark { HUES[at].dark.rgb } else { PAPER[at] })
    }

    /// The look of line number `place`.
    pub fn look(&self, place: usize, width: f64) -> String {
        let dash = DASHES[place % DASHES.len()].iter().map(|part| format!("{:.1}", part * width));
        let dash = match dash.collect::<Vec<_>>().join(" ") {
            dash if dash.is_empty() => String::new(),
            dash => format!(" stroke-dasharray=\"{dash}\""),
        };
        format!("stroke=\"{}\" stroke-width=\"{width}\" stroke-linejoin=\"round\"{dash}", self.colour(place))
    }

    /// Width of the lines that are to be seen.
    pub fn stroke(&self) -> f64 {
        0.16 * self.font
    }

    /// How much room a text of this size takes.
    pub fn width_of(&self, text: &str, size: f64) -> f64 {
        LETTER * size * text::width(text) as f64
    }

    /// A text in lines that fit into this room.
    pub fn wrapped(&self, text: &str, room: f64, size: f64) -> Vec<String> {
        let letters = (room / (LETTER * size)).max(8.0) as usize;
        text::wrap(text, letters, text::Glyphs::default())
    }

    /// A text cut to this room.
    pub fn fitted(&self, text: &str, room: f64, size: f64) -> String {
        text::fit(text, (room / (LETTER * size)).max(1.0) as usize, text::Glyphs::default())
    }

    /// Writes at a point.
    pub fn write(&self, picture: &mut Picture, at: (f64, f64), (size, look): (f64, &str), text: &str) {
        picture.text(at, &format!("font-size=\"{size:.2}\" fill=\"{}\" {look}", self.ink()), text);
    }

    /// Writes lines below one another, the first with its foot a line below `top`; where the last one ends.
    pub fn paragraph(
        &self,
        picture: &mut Picture,
        [left, top]: [f64; 2],
        (size, look): (f64, &str),
        lines: &[String],
    ) -> f64 {
        let mut y = top;
        for line in lines {
            y += 1.3 * size;
            self.write(picture, (left, y), (size, look), line);
        }
        y
    }

    /// The document around a picture of this height.
    pub fn document(&self, picture: Picture, height: f64) -> String {
        let page = Page { paper: self.ground(), fonts: "sans-serif", letters: self.font };
        picture.document([self.width, height].map(|length| format!("{length:.1}")), Some("pt"), page)
    }
}

/// The mark of line number `place` around a point.
pub fn mark(place: usize, (x, y): (f64, f64), size: f64) -> String {
    let s = size;
    match place % 5 {
        0 => format!(
            "M{:.2} {y:.2}a{s:.2} {s:.2} 0 1 0 {:.2} 0a{s:.2} {s:.2} 0 1 0 {:.2} 0z",
            x - s,
            2.0 * s,
            -2.0 * s
        ),
        1 => format!("M{:.2} {:.2}h{:.2}v{:.2}h{:.2}z", x - s, y - s, 2.0 * s, 2.0 * s, -2.0 * s),
        2 => up(x, y - 1.3 * s, 1.3 * s),
        3 => format!("M{x:.2} {:.2}l{:.2} {:.2}h{:.2}z", y + 1.3 * s, -1.3 * s, -2.2 * s, 2.6 * s),
        _ => format!(
            "M{:.2} {y:.2}l{:.2} {:.2}l{:.2} {:.2}l{:.2} {:.2}z",
            x - 1.4 * s,
            1.4 * s,
            -1.4 * s,
            1.4 * s,
            1.4 * s,
            -1.4 * s,
            1.4 * s
        ),
    }
}

/// A triangle whose tip is at this point, above the rest of it.
pub fn up(x: f64, y: f64, size: f64) -> String {
    format!("M{x:.2} {y:.2}l{size:.2} {:.2}h{:.2}z", 1.7 * size, -2.0 * size)
}

/// A triangle whose tip is at this point, below the rest of it.
pub fn down(x: f64, y: f64, size: f64) -> String {
    format!("M{x:.2} {y:.2}l{size:.2} {:.2}h{:.2}z", -1.7 * size, -2.0 * size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twenty_lines_are_told_apart_in_grey() {
        let paper = Paper { width: 245.0, font: 8.0, dark: false };
        let grey = |place: usize| {
            let look = paper.look(place, 1.0);
            let dash = look.split_once("stroke-dasharray").map(|(_, dash)| dash.to_owned());
            (dash, mark(place, (0.0, 0.0), 1.0))
        };
        for one in 0..20 {
            assert!((0..one).all(|other| grey(one) != grey(other)), "{one}");
        }
    }
}
