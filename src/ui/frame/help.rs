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

use super::{banner, layout::areas};
use crate::ui::{
    keys::{self, headings},
    state::{
        app::{App, Help},
        view::View,
    },
    views::binding::Context,
    widgets::text::{fit, pad, pane, pane_note, put},
};

/// The help's lines: a key and what it does, or a heading without a key.
fn lines(view: View, help: &Help) -> Vec<(Option<&'static str>, &'static str)> {
    let own = keys::of_view(view);
    // This view's keys first, then what works everywhere, then the rest.
    let mut contexts = vec![own];
    contexts.extend(keys::shared(own));
    contexts.push(Context::Anywhere);
    let rest = headings().map(|(context, _)| context).filter(|context| !contexts.contains(context));
    contexts.extend(rest.collect::<Vec<_>>());
    let wanted = help.search.to_lowercase();
    let mut lines = Vec::new();
    for context in contexts {
        let heading = headings().find(|(other, _)| *other == context).map_or("", |(_, heading)| heading);
        let mut keys = keys::help(context);
        if !heading.to_lowercase().contains(&wanted) {
            keys.retain(|(key, sentence)| {
                key.to_lowercase() == wanted || sentence.to_lowercase().contains(&wanted)
            });
        }
        if keys.is_empty() {
            continue;
        }
        if !lines.is_empty() {
            lines.push((None, ""));
        }
        lines.push((None, heading));
        lines.extend(keys.into_iter().map(|(key, sentence)| (Some(key), sentence)));
    }
    if lines.is_empty() {
        lines.push((None, "no key does that"));
    }
    lines
}

/// Rows of text there is room for in the help over this part of the screen.
fn rows(body: Rect) -> usize {
    usize::from(body.height).saturating_sub(2)
}

/// The furthest the help can be scrolled on the screen that was drawn last.
pub fn furthest(app: &App, help: &Help) -> usize {
    let (width, height) = app.size;
    let body = areas(Rect { x: 0, y: 0, width, height }).map(|(_, body)| banner::below(app, body));
    lines(app.view, help).len().saturating_sub(body.map_or(0, rows))
}

/// Draws the help over the view.
pub fn draw(app: &App, help: &Help, body: Rect, buffer: &mut Buffer) {
    let styles = &app.styles;
    let lines = lines(app.view, help);
    let first = help.line;
    let width = body.width.min(78);
    let height = (rows(body).min(lines.len()) + 2).min(usize::from(body.height)) as u16;
    let area =
        Rect { x: body.x + (body.width - width) / 2, y: body.y + (body.height - height) / 2, width, height };
    Clear.render(area, buffer);
    let title = match (help.typing, help.search.as_str()) {
        (true, search) => format!("Keys: {search}_"),
        (false, "") => "Keys".to_owned(),
        (false, search) => format!("Keys: {search}"),
    };
    let inner = pane(buffer, area, &title, styles);
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
    let note = match more {
        _ if help.typing => "type a word, Enter keeps it, Esc ends the search".to_owned(),
        0 => "/ searches, Esc closes".to_owned(),
        more => format!("{more} lines more: Down. / searches, Esc closes"),
    };
    pane_note(buffer, area, &note, styles.warn(), styles);
}
