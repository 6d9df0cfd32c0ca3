//! Log: what happened, a line an event, the newest at the bottom.
//!
//! ```text
//! + Log ----------------------------------------------------------+
//! | 0:00  MAML, seed 0: started, 40,000 steps                     |
//! | 0:07  MAML, seed 0: finished in 6.9 s                         |
//! + newest --------------------------------------------------------+
//! ```

use ratatui::{buffer::Buffer, layout::Rect};

use crate::ui::{
    state::app::App,
    widgets::text::{clock, fit, pane, pane_note, put},
};

/// Draws the view.
pub fn draw(app: &App, area: Rect, buffer: &mut Buffer) {
    let styles = &app.styles;
    let inner = pane(buffer, area, &format!("Log ({} lines)", app.log.len()), styles);
    let rows = usize::from(inner.height);
    let back = app.log_back.min(app.log.len().saturating_sub(rows));
    let end = app.log.len() - back;
    let lines = app.log.iter().skip(end.saturating_sub(rows)).take(rows.min(end));
    for (row, line) in lines.enumerate() {
        let y = inner.y + row as u16;
        let x = put(buffer, inner, inner.x + 1, y, &format!("{}  ", clock(line.at)), styles.dim());
        let style = if line.bad { styles.error() } else { styles.plain() };
        let room = usize::from(inner.right().saturating_sub(x));
        put(buffer, inner, x, y, &fit(&line.text, room, styles), style);
    }
    let note = if back == 0 { String::new() } else { format!("{back} newer lines below: End") };
    pane_note(buffer, area, &note, styles.warn(), styles);
}
