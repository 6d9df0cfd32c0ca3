//! The help, from the key table: what works in the view in front, grouped as a person thinks of it, then the
//! keys of everything else; in columns where there is room. What does something here and now is bold.
//!
//! ```text
//! + Keys -------------------------------------------------------------------+
//! | Move                              | Steer                               |
//! |   Up      select the one above    |   p       pause; what is paused ..  |
//! | Look                              | Take away, leave                    |
//! |   m       mean or median          |   s       save this view as text .. |
//! + Up/Down scroll, Esc close ----------------------------------------------+
//! ```

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    widgets::{Clear, Widget},
};

use super::{banner, layout::areas};
use crate::ui::{
    action::Action,
    keys::{self, headings},
    state::app::{App, Help},
    views::binding::{Binding, Context, Does},
    widgets::text::{fit, pad, pane, pane_note, put},
};

/// Columns of the screen that a column of the help needs.
const COLUMN: u16 = 58;
/// The widest that one is of use.
const WIDEST: u16 = 78;

/// What a person wants of a key.
const GROUPS: [&str; 4] = ["Move", "Look", "Steer", "Take away, leave"];

/// The group of a key.
fn group(binding: &Binding) -> &'static str {
    let Does::This(action) = binding.does else { return GROUPS[0] };
    match action {
        Action::NextView
        | Action::PreviousView
        | Action::AskView
        | Action::Palette
        | Action::Escape
        | Action::Select(_)
        | Action::Open
        | Action::NextTask
        | Action::PreviousTask
        | Action::OneSided
        | Action::Seed(_)
        | Action::Scroll(_)
        | Action::Ends(_)
        | Action::Pages(_)
        | Action::Figure(_)
        | Action::Cursor(..)
        | Action::Ask(crate::ui::state::controls::Ask::Task) => GROUPS[0],
        Action::TakeOver => GROUPS[2],
        _ if action.steers() => GROUPS[2],
        Action::Take { .. } | Action::Quit | Action::Interrupt | Action::Suspend => GROUPS[3],
        _ => GROUPS[1],
    }
}

/// A line of the help.
struct Line {
    /// The key; a heading has none.
    key: Option<&'static str>,
    text: &'static str,
    /// Whether it does something here and now.
    works: bool,
}

/// The help's lines.
fn lines(app: &App, help: &Help) -> Vec<Line> {
    let own = keys::of_view(app.view);
    let here: Vec<Context> =
        [own].into_iter().chain(keys::shared(own).iter().copied()).chain([Context::Anywhere]).collect();
    let mut parts: Vec<(&str, Vec<&Binding>)> = GROUPS
        .into_iter()
        .map(|name| {
            let bindings = here.iter().flat_map(|context| keys::lines(*context));
            (name, bindings.filter(|binding| group(binding) == name).collect())
        })
        .collect();
    let others = headings().filter(|(context, _)| !here.contains(context));
    parts.extend(others.map(|(context, heading)| (heading, keys::lines(context).iter().collect())));
    let wanted = help.search.to_lowercase();
    let mut lines = Vec::new();
    for (place, (heading, mut bindings)) in parts.into_iter().enumerate() {
        if !heading.to_lowercase().contains(&wanted) {
            bindings.retain(|binding| {
                binding.label.to_lowercase() == wanted || binding.help.to_lowercase().contains(&wanted)
            });
        }
        if bindings.is_empty() {
            continue;
        }
        if !lines.is_empty() {
            lines.push(Line { key: None, text: "", works: false });
        }
        lines.push(Line { key: None, text: heading, works: true });
        lines.extend(bindings.into_iter().map(|binding| {
            let works = place < GROUPS.len() && keys::is_offered(app, binding);
            Line { key: Some(binding.label), text: binding.help, works }
        }));
    }
    if lines.is_empty() {
        lines.push(Line { key: None, text: "no key does that", works: true });
    }
    lines
}

/// Columns of text there is room for over this part of the screen.
fn columns(body: Rect) -> u16 {
    (body.width / COLUMN).max(1)
}

/// Rows of text there is room for in the help over this part of the screen.
fn rows(body: Rect) -> usize {
    usize::from(body.height).saturating_sub(2)
}

/// The furthest the help can be scrolled on the screen that was drawn last.
pub fn furthest(app: &App, help: &Help) -> usize {
    let (width, height) = app.size;
    let body = areas(Rect { x: 0, y: 0, width, height }).map(|(_, body)| banner::below(app, body));
    let shown = body.map_or(0, |body| rows(body) * usize::from(columns(body)));
    lines(app, help).len().saturating_sub(shown)
}

/// Draws the help over the view.
pub fn draw(app: &App, help: &Help, body: Rect, buffer: &mut Buffer) {
    let styles = &app.styles;
    let lines = lines(app, help);
    let columns = columns(body);
    let width = body.width.min(WIDEST * columns);
    let each = lines.len().div_ceil(usize::from(columns));
    let height = (rows(body).min(each) + 2).min(usize::from(body.height)) as u16;
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
    let shown = rows * usize::from(columns);
    let first = help.line.min(lines.len().saturating_sub(shown));
    let column = inner.width / columns;
    for (at, line) in lines.iter().skip(first).take(shown).enumerate() {
        let left = inner.x + (at / rows.max(1)) as u16 * column;
        let area = Rect { x: left, width: column.min(inner.right() - left), ..inner };
        let y = inner.y + (at % rows.max(1)) as u16;
        let style = if line.works { styles.bold() } else { styles.plain() };
        let Some(key) = line.key else {
            put(
                buffer,
                area,
                left + 1,
                y,
                &fit(line.text, usize::from(column).saturating_sub(1), styles),
                style,
            );
            continue;
        };
        let keys = if line.works { styles.key() } else { styles.plain() };
        let x = put(buffer, area, left + 3, y, &pad(key, 11, styles), keys);
        let room = usize::from(area.right().saturating_sub(x + 1));
        put(buffer, area, x, y, &fit(line.text, room, styles), style);
    }
    let more = lines.len().saturating_sub(first + shown);
    let note = match more {
        _ if help.typing => "type a word, Enter keeps it, Esc ends the search".to_owned(),
        0 => "/ searches, Esc closes".to_owned(),
        more => format!("{more} lines more: Down. / searches, Esc closes"),
    };
    pane_note(buffer, area, &note, styles.warn(), styles);
}
