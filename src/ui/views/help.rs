//! The help: every key of the view in front, then those of all views, from the key table.
//!
//! ```text
//! + Keys ----------------------------------------------+
//! | Overview                                           |
//! |   Up      select the experiment above              |
//! | Everywhere                                         |
//! |   Tab     next view                                |
//! + Up/Down scroll, Esc close -------------------------+
//! ```

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    widgets::{Clear, Widget},
};

use crate::ui::{
    app::App,
    keys::{self, Context, HEADINGS},
    widgets::text::{fit, pad, pane, pane_note, put},
};

/// Draws the help over the view, from line `first`.
pub fn draw(app: &App, first: usize, body: Rect, buffer: &mut Buffer) {
    let styles = &app.styles;
    let own = keys::of_view(app.view);
    // This view's keys first, then what works everywhere, then the rest.
    let rest = HEADINGS.iter().map(|(context, _)| *context);
    let rest = rest.filter(|context| ![own, Context::Curves, Context::Anywhere].contains(context));
    let mut lines: Vec<(Option<&str>, &str)> = Vec::new();
    for context in [own, Context::Curves, Context::Anywhere].into_iter().chain(rest) {
        let heading = HEADINGS.iter().find(|(other, _)| *other == context).map_or("", |(_, heading)| heading);
        if !lines.is_empty() {
            lines.push((None, ""));
        }
        lines.push((None, heading));
        lines.extend(keys::help(context).into_iter().map(|(key, sentence)| (Some(key), sentence)));
    }
    let width = body.width.min(78);
    let height = body.height.min(lines.len() as u16 + 2);
    let area =
        Rect { x: body.x + (body.width - width) / 2, y: body.y + (body.height - height) / 2, width, height };
    Clear.render(area, buffer);
    let inner = pane(buffer, area, "Keys", styles);
    let rows = usize::from(inner.height);
    let first = first.min(lines.len().saturating_sub(rows));
    for (row, (key, sentence)) in lines.iter().skip(first).take(rows).enumerate() {
        let y = inner.y + row as u16;
        match key {
            None => _ = put(buffer, inner, inner.x + 1, y, sentence, styles.bold()),
            Some(key) => {
                let x = put(buffer, inner, inner.x + 3, y, &pad(key, 11, styles), styles.key());
                let room = usize::from(inner.right().saturating_sub(x));
                put(buffer, inner, x, y, &fit(sentence, room, styles), styles.plain());
            }
        }
    }
    let more = lines.len().saturating_sub(first + rows);
    let note = if more > 0 { format!("{more} lines more: Down") } else { "Esc closes".to_owned() };
    pane_note(buffer, area, &note, styles.warn(), styles);
}
