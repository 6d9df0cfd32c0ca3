//! What a learner does, in its paper's letters, with the settings in use and what to look for: the words
//! are [`crate::ui::learners`]'s.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use crate::ui::{
    learners::{notes, paper, rule, settings_in_words, title},
    state::app::App,
    widgets::text::{pane, pane_note, put, wrap},
};

/// Draws the pane.
pub fn draw(app: &App, index: usize, area: Rect, buffer: &mut Buffer) {
    let styles = &app.styles;
    let settings = &app.experiments[index].settings;
    let inner = pane(buffer, area, &format!("About {}", title(settings.algorithm)), styles);
    let room = usize::from(inner.width).saturating_sub(2);
    let mut lines = Vec::new();
    let mut write = |text: &str, style: Style| {
        let wrapped = wrap(&styles.formula(text), room, styles);
        lines.extend(wrapped.into_iter().map(|line| (line, style)));
    };
    for line in rule(settings) {
        write(line, styles.bold().patch(styles.series(index)));
    }
    write(&settings_in_words(settings), styles.plain());
    write(paper(settings.algorithm), styles.dim());
    for line in notes(settings) {
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
