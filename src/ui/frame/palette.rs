//! The commands that fit what is being typed, over the foot of the view; what is typed is in the line of keys.
//!
//! ```text
//! + Commands -------------------------------------------------+
//! | > pause MAML        on the Overview, with all of its runs |
//! |   pause all     P   the same with every run               |
//! + 2 of 14 --------------------------------------------------+
//! ```

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    widgets::{Clear, Widget},
};

use crate::ui::{
    commands::matching,
    state::{app::App, palette::Palette},
    widgets::text::{fit, pad, pane, pane_note, put, width},
};

/// Rows of commands.
const ROWS: usize = 10;
/// Columns for words, most of which are no longer.
const WORDS: usize = 26;
/// Columns for keys.
const KEY: usize = 8;
/// Columns of the whole.
const COLUMNS: u16 = 90;

/// Draws the palette over the view.
pub fn draw(app: &App, palette: &Palette, body: Rect, buffer: &mut Buffer) {
    let styles = &app.styles;
    let commands = matching(app, &palette.text);
    let rows = commands.len().clamp(1, ROWS).min(usize::from(body.height.saturating_sub(2)));
    let height = (rows as u16 + 2).min(body.height);
    let area = Rect { y: body.bottom() - height, height, width: body.width.min(COLUMNS), ..body };
    Clear.render(area, buffer);
    let inner = pane(buffer, area, "Commands", styles);
    if commands.is_empty() {
        put(buffer, inner, inner.x + 1, inner.y, "no command is called so", styles.warn());
    }
    let room = usize::from(inner.width).saturating_sub(2);
    let longest = commands.iter().map(|command| width(&command.words)).max().unwrap_or(0);
    let words = longest.min(WORDS).min(room.saturating_sub(KEY) / 2);
    let first = (palette.chosen + 1).saturating_sub(rows);
    for (row, command) in commands.iter().enumerate().skip(first).take(rows) {
        let y = inner.y + (row - first) as u16;
        let is_chosen = row == palette.chosen;
        let (mark, style) = if is_chosen { (">", styles.selected()) } else { (" ", styles.plain()) };
        put(buffer, inner, inner.x, y, mark, styles.key());
        let name = pad(&fit(&command.words, words, styles), words + 1, styles);
        let x = put(buffer, inner, inner.x + 2, y, &name, style.patch(styles.bold()));
        let x = put(buffer, inner, x, y, &pad(command.key, KEY, styles), styles.key());
        let left = usize::from(inner.right().saturating_sub(x));
        put(buffer, inner, x, y, &fit(command.help, left, styles), styles.plain());
    }
    if commands.len() > rows {
        let note = format!("{} of {}: Up/Down", palette.chosen + 1, commands.len());
        pane_note(buffer, area, &note, styles.warn(), styles);
    }
}
