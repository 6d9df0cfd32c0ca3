//! What sets the experiments apart: a row an experiment, a column a setting that not all of them have the same of.
//!
//! ```text
//! + What differs between experiments ----+
//! |            algorithm  inner_lr       |
//! | MAML       maml       0.01           |
//! | MAML slow  maml       0.001          |
//! +--------------------------------------+
//! ```

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    results::DifferingSetting,
    ui::{
        state::app::App,
        widgets::text::{fit, pad, pane, pane_note, put, whereabouts, width, wrap},
    },
};

/// Cells between columns, and those that a name and a value take at most.
const GAP: usize = 2;
const WIDEST: usize = 24;

/// A setting's name without its table, where that says it.
fn head(difference: &DifferingSetting) -> &str {
    difference.name.rsplit_once('.').map_or(difference.name.as_str(), |(_, key)| key)
}

/// The first row in view, and how many there are.
fn window(app: &App, listed: &[usize], area: Rect) -> (usize, usize) {
    let room = usize::from(area.height).saturating_sub(1);
    let at = listed.iter().position(|index| app.hue(*index) == app.selected_row()).unwrap_or(0);
    (if listed.len() <= room { 0 } else { (at + 1).saturating_sub(room) }, room)
}

/// The experiment whose row is drawn at this line of the screen, inside the pane.
pub fn row_at(app: &App, area: Rect, y: u16) -> Option<usize> {
    let listed = app.listed();
    let (first, room) = window(app, &listed, area);
    let row = usize::from(y.checked_sub(area.y + 1)?);
    listed.get(first + row).copied().filter(|_| row < room)
}

/// Draws the pane.
pub fn draw(app: &App, area: Rect, buffer: &mut Buffer) {
    let styles = &app.styles;
    let inner = pane(buffer, area, "What differs between experiments", styles);
    let inner = Rect { x: inner.x + 1, width: inner.width.saturating_sub(1), ..inner };
    let room = usize::from(inner.width);
    if app.differences.is_empty() {
        let text = "Nothing: every experiment has the same settings.";
        for (row, line) in wrap(text, room, styles).iter().enumerate() {
            put(buffer, inner, inner.x, inner.y + row as u16, line, styles.plain());
        }
        return;
    }
    let listed = app.listed();
    let (first, rows) = window(app, &listed, inner);
    let shown = || listed.iter().copied().skip(first).take(rows);
    let name = |index: usize| app.experiments[index].settings.name.as_str();
    let names = listed.iter().map(|index| width(name(*index))).max().unwrap_or(0).clamp(6, WIDEST);
    let mut x = inner.x;
    for (row, index) in shown().enumerate() {
        let style = styles.readable(styles.series(app.hue(index)));
        let style = if app.hue(index) == app.selected_row() { style.patch(styles.selected()) } else { style };
        put(buffer, inner, x, inner.y + 1 + row as u16, &pad(name(index), names, styles), style);
    }
    x += names as u16;
    let mut left_out = Vec::new();
    for difference in &app.differences {
        let values = || listed.iter().map(|index| difference.values[*index].as_str());
        let wide = values().chain([head(difference)]).map(width).max().unwrap_or(0).min(WIDEST);
        if usize::from(inner.right().saturating_sub(x)) < wide + GAP {
            left_out.push(head(difference));
            continue;
        }
        x += GAP as u16;
        put(buffer, inner, x, inner.y, &fit(head(difference), wide, styles), styles.plain());
        for (row, index) in shown().enumerate() {
            let value = fit(&difference.values[index], wide, styles);
            put(buffer, inner, x, inner.y + 1 + row as u16, &value, styles.plain());
        }
        x += wide as u16;
    }
    let more = match left_out.len() {
        0 => String::new(),
        more => format!("{more} more: {}", left_out.join(", ")),
    };
    let parts = [whereabouts(first, rows, listed.len()), more];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    pane_note(buffer, area, &parts.join("   "), styles.warn(), styles);
}
