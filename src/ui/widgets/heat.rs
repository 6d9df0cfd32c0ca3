//! Cells on whose ground a loss is told, the lower the lighter, on a log scale; where there are not colours enough for a
//! ground, shades stand beside the number.

use ratatui::{buffer::Buffer, layout::Rect, style::Modifier};

use super::text::{fit, number, put, width};
use crate::ui::style::Styles;

/// Cells of the screen from which on a cell has room for its number.
const WIDE: u16 = 7;
/// Columns below which the legend has fewer words and steps.
const NARROW: u16 = 50;

/// How good a loss is, from 0 to 1 on a log scale between the worst and the best.
#[derive(Clone, Copy)]
pub struct LossScale {
    best: f64,
    worst: f64,
}

impl LossScale {
    /// Of these losses. What is far worse than knowing nothing is no worse than that, or one cell that explodes
    /// would make all others alike.
    pub fn of(losses: &[f64], prior: f64) -> Self {
        let least = losses.iter().copied().fold(f64::INFINITY, f64::min).max(1e-12);
        let most = losses.iter().copied().fold(0.0, f64::max).min(2.0 * prior);
        Self { best: least, worst: most.max(least * 1.000_001) }
    }

    /// Where a loss lies: 1 is the best.
    pub fn share(self, loss: f64) -> f64 {
        let place = (loss.max(1e-12) / self.best).ln() / (self.worst / self.best).ln();
        1.0 - place.clamp(0.0, 1.0)
    }
}

fn shade(styles: &Styles, share: f64) -> char {
    let shades = styles.shades();
    // The emptiest is for what has no loss.
    shades[1 + (share * 3.0).round() as usize % 4]
}

/// A cell of such a map.
pub struct Cell<'a> {
    /// Its number, or why it has none.
    pub text: &'a str,
    /// How good it is, where it has a loss that counts.
    pub share: Option<f64>,
    /// Whether it stands in brackets.
    pub is_cursor: bool,
    /// Whether it is the best one.
    pub is_best: bool,
    /// Whether there is such a cell at all.
    pub is_known: bool,
}

impl Cell<'_> {
    /// Draws it.
    pub fn draw(&self, at: Rect, inner: Rect, buffer: &mut Buffer, styles: &Styles) {
        let ground = self.share.and_then(|share| styles.heat(share));
        let shades = self.share.filter(|_| ground.is_none()).map(|share| shade(styles, share));
        let mut style = ground.unwrap_or(styles.plain());
        if self.is_best {
            style = style.add_modifier(Modifier::BOLD | Modifier::UNDERLINED);
        }
        // Air between the cells, so that they are cells where there is no ground.
        let room = usize::from(at.width) - 1;
        let middle = (at.height - 1) / 2;
        for row in 0..at.height {
            let filled = match shades {
                Some(shade) if at.width < WIDE => shade.to_string().repeat(room),
                Some(shade) => format!("{:room$}", format!("{shade}{shade}")),
                None => " ".repeat(room),
            };
            put(buffer, inner, at.x, at.y + row, &filled, ground.unwrap_or(styles.plain()));
            if row != middle {
                continue;
            }
            if at.width < WIDE {
                let mark = match (self.is_cursor, self.is_best, self.share.is_none() && self.is_known) {
                    (true, ..) => "[]",
                    (_, true, _) => "**",
                    (.., true) => "-",
                    _ => continue,
                };
                put(buffer, inner, at.x, at.y + row, mark, style);
                continue;
            }
            let edges = if self.is_cursor { ("[", "]") } else { (" ", " ") };
            let indent = if shades.is_some() { 2 } else { 0 };
            let room = room - indent;
            let text = format!(
                "{}{:^width$}{}",
                edges.0,
                fit(self.text, room - 2, styles),
                edges.1,
                width = room - 2
            );
            let style = if self.is_cursor { style.add_modifier(Modifier::BOLD) } else { style };
            put(buffer, inner, at.x + indent as u16, at.y + row, &text, style);
        }
    }
}

/// What the grounds or shades mean; the first of `rests` that fits stands after the worst loss.
pub fn legend<S: AsRef<str>>(scale: LossScale, rests: &[S], at: Rect, buffer: &mut Buffer, styles: &Styles) {
    let (lead, steps) = if at.width < NARROW { ("loss", 6) } else { ("lower is better:", 12) };
    let mut x = put(buffer, at, at.x + 1, at.y, &format!("{lead} {} ", number(scale.best)), styles.plain());
    for step in 0..steps {
        let share = 1.0 - f64::from(step) / f64::from(steps - 1);
        match styles.heat(share) {
            Some(style) => x = put(buffer, at, x, at.y, " ", style),
            None => x = put(buffer, at, x, at.y, &shade(styles, share).to_string(), styles.plain()),
        }
    }
    let room = usize::from(at.right().saturating_sub(x));
    let words = |rest: &S| format!(" {}{}", number(scale.worst), rest.as_ref());
    let all = || rests.iter().map(words);
    let words = all().find(|words| width(words) <= room).or(all().last()).unwrap_or_default();
    put(buffer, at, x, at.y, &fit(&words, room, styles), styles.plain());
}
