//! What a learner does, in its paper's letters, with the settings in use and what to look for: all of it
//! the learner's own words.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use crate::ui::{
    state::app::App,
    widgets::text::{pane, pane_note, put, wrap},
};

/// Draws the pane.
pub fn draw(app: &App, index: usize, area: Rect, buffer: &mut Buffer) {
    let styles = &app.styles;
    let settings = &app.experiments[index].settings;
    let (algorithm, training) = (settings.algorithm, &settings.training);
    let inner = pane(buffer, area, &format!("About {}", algorithm.title()), styles);
    let room = usize::from(inner.width).saturating_sub(2);
    let mut lines = Vec::new();
    let mut write = |text: &str, style: Style| {
        let wrapped = wrap(&styles.formula(text), room, styles);
        lines.extend(wrapped.into_iter().map(|line| (line, style)));
    };
    for line in algorithm.rule(training) {
        write(line, styles.bold().patch(styles.series(index)));
    }
    write(&algorithm.settings(training), styles.plain());
    write(algorithm.paper(), styles.dim());
    for line in algorithm.notes(training) {
        write(line, styles.plain());
    }
    let rows = usize::from(inner.height);
    for (row, (line, style)) in lines.iter().take(rows).enumerate() {
        put(buffer, inner, inner.x + 1, inner.y + row as u16, line, *style);
    }
    if lines.len() > rows {
        pane_note(buffer, area, "more: f", styles.key(), styles);
    }
}
