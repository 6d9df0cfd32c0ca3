//! Colours and weight of what is written next, and the shortest order that changes them.

use std::fmt::Write as _;

use ratatui::{
    buffer::Cell,
    style::{Color, Modifier},
};

/// How the terminal draws what comes next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pen {
    /// The colour of letters.
    pub fg: Color,
    /// The colour of the ground.
    pub bg: Color,
    /// Weight, slant, lines.
    pub modifier: Modifier,
}

/// Modifiers, what sets them and what takes them back, which some have in common.
const MODIFIERS: [(Modifier, u8, u8); 9] = [
    (Modifier::BOLD, 1, 22),
    (Modifier::DIM, 2, 22),
    (Modifier::ITALIC, 3, 23),
    (Modifier::UNDERLINED, 4, 24),
    (Modifier::SLOW_BLINK, 5, 25),
    (Modifier::RAPID_BLINK, 6, 25),
    (Modifier::REVERSED, 7, 27),
    (Modifier::HIDDEN, 8, 28),
    (Modifier::CROSSED_OUT, 9, 29),
];

/// What can be seen of a blank, beside its ground.
pub const SEEN_ON_BLANKS: Modifier =
    Modifier::UNDERLINED.union(Modifier::REVERSED).union(Modifier::CROSSED_OUT);

/// The parameters of a colour: 30 is the first of the sixteen for letters, 40 for the ground. Some terminals
/// take the short form of the first eight for the brighter eight where letters are bold, so there the long one
/// is used.
fn colour(color: Color, first: u8, bold: bool) -> String {
    let short = match color {
        Color::Reset => return (first + 9).to_string(),
        Color::Rgb(r, g, b) => return format!("{};2;{r};{g};{b}", first + 8),
        Color::Indexed(index) => return format!("{};5;{index}", first + 8),
        Color::Black => 0,
        Color::Red => 1,
        Color::Green => 2,
        Color::Yellow => 3,
        Color::Blue => 4,
        Color::Magenta => 5,
        Color::Cyan => 6,
        Color::Gray => 7,
        Color::DarkGray => 8,
        Color::LightRed => 9,
        Color::LightGreen => 10,
        Color::LightYellow => 11,
        Color::LightBlue => 12,
        Color::LightMagenta => 13,
        Color::LightCyan => 14,
        Color::White => 15,
    };
    match short {
        0..8 if !bold => (first + short).to_string(),
        8.. if first == 30 => (82 + short).to_string(),
        _ => format!("{};5;{short}", first + 8),
    }
}

impl Pen {
    /// The one that draws this cell.
    pub fn of(cell: &Cell) -> Self {
        Self { fg: cell.fg, bg: cell.bg, modifier: cell.modifier }
    }

    /// Whether this and the other pen draw the same blank.
    pub fn blank(self, other: Self) -> bool {
        let is_marked = |pen: Self| pen.modifier.intersects(SEEN_ON_BLANKS);
        // The colour and the weight of a line, or of a ground that was a letter's, can be seen too.
        if is_marked(self) || is_marked(other) { self == other } else { self.bg == other.bg }
    }

    fn letters(self) -> String {
        colour(self.fg, 30, self.modifier.contains(Modifier::BOLD))
    }

    /// The shorter order of two that turns this pen into the other.
    pub fn change(self, to: Self) -> String {
        if to == Self::default() {
            return "\x1b[m".to_owned();
        }
        let parameters = |from: Self, first: &str| {
            let mut order = String::from(first);
            let mut add = |parameter: &str| {
                let _ = write!(order, "{}{parameter}", if order.is_empty() { "" } else { ";" });
            };
            let (mut taken, mut missing) = (Modifier::empty(), to.modifier - from.modifier);
            for (modifier, _, back) in MODIFIERS {
                if (from.modifier - to.modifier).contains(modifier) && !taken.contains(modifier) {
                    add(&back.to_string());
                    let together = MODIFIERS.into_iter().filter(|(_, _, other)| *other == back);
                    together.for_each(|(modifier, _, _)| taken |= modifier);
                }
            }
            missing |= to.modifier & taken;
            for (_, set, _) in MODIFIERS.into_iter().filter(|(modifier, _, _)| missing.contains(*modifier)) {
                add(&set.to_string());
            }
            if from.letters() != to.letters() {
                add(&to.letters());
            }
            if from.bg != to.bg {
                add(&colour(to.bg, 40, false));
            }
            order
        };
        let (changes, whole) = (parameters(self, ""), parameters(Self::default(), "0"));
        format!("\x1b[{}m", if changes.len() <= whole.len() { changes } else { whole })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pen_changes_in_few_words() {
        let plain = Pen::default();
        let yellow = Pen { fg: Color::Yellow, ..plain };
        let bold = Pen { modifier: Modifier::BOLD, ..yellow };
        let bold_and_dim = Pen { modifier: Modifier::BOLD | Modifier::DIM, ..yellow };
        assert_eq!(plain.change(yellow), "\x1b[33m");
        // Bold must not make it another yellow.
        assert_eq!(yellow.change(bold), "\x1b[1;38;5;3m");
        assert_eq!(bold_and_dim.change(bold), "\x1b[22;1m");
        assert_eq!(bold.change(plain), "\x1b[m");
        // What cannot be seen of a blank needs no other pen.
        assert!(bold.blank(plain));
        let marked = |pen: Pen| Pen { modifier: pen.modifier | Modifier::REVERSED, ..pen };
        assert!(!marked(bold).blank(bold) && !marked(bold).blank(marked(yellow)));
        assert_eq!(plain.change(Pen { bg: Color::LightRed, ..plain }), "\x1b[48;5;9m");
    }
}
