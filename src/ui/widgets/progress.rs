//! Progress rows: a line an experiment, saying first what a reader asks first.
//!
//! ```text
//!  MAML         5/5 done   200,000 steps
//!  First-order  3/5 ████████████▌      seeds 3, 4   26,400/40,000   121k steps/s   0:07 left
//! ```

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use super::text::{fit, pad, put, whereabouts, width};
use crate::ui::style::Styles;

/// One experiment's line.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its name.
    pub name: String,
    /// Its colour.
    pub style: Style,
    /// `3/5`.
    pub runs: String,
    /// Share of the steps taken.
    pub share: f64,
    /// Whether its bar is worth drawing: not when it is done.
    pub bar: bool,
    /// The rest, in order of worth.
    pub facts: Vec<String>,
    /// Bad news, after the rest.
    pub bad: String,
}

/// The first row in view, so that the row `keep` is too.
fn first(rows: usize, keep: usize, room: usize) -> usize {
    if rows <= room { 0 } else { (keep + 1).saturating_sub(room) }
}

/// Which rows are in view, where not all of them are.
pub fn in_view(rows: usize, keep: usize, room: usize) -> String {
    whereabouts(first(rows, keep, room), room, rows)
}

/// The row of so many that is drawn at line `y` of the screen.
pub fn row_at(rows: usize, keep: usize, area: Rect, y: u16) -> Option<usize> {
    let line = usize::from(y.checked_sub(area.y).filter(|line| *line < area.height)?);
    Some(first(rows, keep, usize::from(area.height)) + line).filter(|row| *row < rows)
}

/// Draws as many rows as there is room for, and says how many there is not.
pub fn draw(rows: &[Row], keep: usize, area: Rect, buffer: &mut Buffer, styles: &Styles) {
    let room = usize::from(area.height);
    let name = rows.iter().map(|row| width(&row.name)).max().unwrap_or(0).clamp(4, 18);
    let runs = rows.iter().map(|row| width(&row.runs)).max().unwrap_or(0);
    let first = first(rows.len(), keep, room);
    let bar = (usize::from(area.width) / 5).clamp(6, 24);
    for (i, row) in rows.iter().skip(first).take(room).enumerate() {
        let y = area.y + i as u16;
        let mut x = put(buffer, area, area.x, y, &pad(&row.name, name, styles), styles.readable(row.style));
        x = put(buffer, area, x + 1, y, &pad(&row.runs, runs, styles), styles.plain());
        if row.bar {
            x = put(buffer, area, x + 1, y, &styles.bar(row.share, bar), row.style);
        }
        // Bad news is never what gives way.
        let bad = width(&row.bad);
        let left = |x: u16| usize::from(area.right().saturating_sub(x));
        for fact in &row.facts {
            if left(x) < width(fact) + 2 + if bad > 0 { bad + 2 } else { 0 } {
                break;
            }
            x = put(buffer, area, x + 2, y, fact, styles.plain());
        }
        if bad > 0 {
            let room = left(x + 2);
            put(buffer, area, x + 2, y, &fit(&row.bad, room, styles), styles.error());
        }
    }
}
