//! Every setting of an experiment as it was resolved, those first that other experiments have otherwise.

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    experiments::settings,
    ui::{
        state::app::App,
        widgets::text::{fit, pane, pane_note, put, width},
    },
};

/// Cells of a column of settings at least.
const COLUMN: usize = 34;

/// Draws the pane.
pub fn draw(app: &App, index: usize, area: Rect, buffer: &mut Buffer) {
    let styles = &app.styles;
    let inner = pane(buffer, area, "Settings", styles);
    let inner = Rect { x: inner.x + 1, width: inner.width.saturating_sub(1), ..inner };
    let differs =
        |name: &str| app.differences.iter().any(|difference| difference.name == name.trim_end_matches(':'));
    let all = settings(&app.experiments[index].settings);
    let (own, same): (Vec<_>, Vec<_>) = all.iter().partition(|(name, _)| differs(name));
    let names = all.iter().map(|(name, _)| width(name)).max().unwrap_or(0);
    let columns = (usize::from(inner.width) / COLUMN).max(1);
    let (column, rows) = (usize::from(inner.width) / columns, usize::from(inner.height));
    for (place, (name, value)) in own.iter().chain(&same).take(columns * rows).enumerate() {
        let x = inner.x + (place / rows.max(1) * column) as u16;
        let y = inner.y + (place % rows.max(1)) as u16;
        let style = if place < own.len() { styles.bold() } else { styles.plain() };
        let line = format!("{name:<names$}  {}", value.trim_matches('"'));
        put(buffer, inner, x, y, &fit(&line, column.saturating_sub(1), styles), style);
    }
    let mut note = Vec::new();
    if !own.is_empty() {
        note.push("bold: others have it otherwise".to_owned());
    }
    if all.len() > columns * rows {
        note.push(format!("{} more: {}", all.len() - columns * rows, app.key_of("one-pane")));
    }
    note.reverse();
    pane_note(buffer, area, &note.join("   "), styles.plain(), styles);
}
