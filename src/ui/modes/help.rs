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

use crate::ui::{
    command::Group,
    frame::{banner, layout::areas},
    keymap::Line,
    state::{
        app::{App, Command, Mode},
        modes::Help,
    },
    update::curves::step,
    widgets::text::{fit, pad, pane, pane_note, put, wrap},
};

/// Its commands.
pub static COMMANDS: &[Command] = &[
    Command::new("scroll-up", "Up k", "scroll up", |app| scroll(app, -1)).hint("scroll"),
    Command::new("scroll-down", "Down j", "scroll down", |app| scroll(app, 1)).shares_hint(),
    Command::new("page-up", "PgUp Ctrl-U", "ten lines up", |app| scroll(app, -10)),
    Command::new("page-down", "PgDn Space Ctrl-D", "ten lines down", |app| scroll(app, 10)),
    Command::new("top", "g Home", "to the top", |app| scroll(app, i32::MIN)),
    Command::new("end", "G End", "to the end", |app| scroll(app, i32::MAX)),
    Command::new("search", "/", "search: type a word", |app| {
        if let Some(help) = app.help_mut() {
            *help = Help::default();
        }
        app.modes.push(Mode::Search);
    })
    .hint("search"),
    Command::new("close", "Esc Enter ? q", "end the search, close the help", |app| match app.help_mut() {
        // Of a search first what was typed goes, then the help.
        Some(help) if !help.search.is_empty() => *help = Help::default(),
        _ => _ = app.modes.pop(),
    })
    .hint("close"),
];

/// Scrolls by so many lines, as far as there are any.
pub fn scroll(app: &mut App, by: i32) {
    let Some(help) = app.help() else { return };
    let line = step(help.line, by, furthest(app, help) + 1);
    if let Some(help) = app.help_mut() {
        help.line = line;
    }
}

/// Columns of the screen that a column of the help needs.
const COLUMN: u16 = 58;
/// The widest that one is of use.
const WIDEST: u16 = 78;

/// Columns for keys.
const KEY: usize = 11;

/// A line of the help.
struct Row {
    /// The key; a heading has none, and what goes on from the line above has a blank one.
    key: Option<String>,
    text: String,
    /// Whether it does something here and now.
    works: bool,
}

impl Row {
    fn heading(text: &str, works: bool) -> Self {
        Self { key: None, text: text.to_owned(), works }
    }
}

/// The help's lines, as long as a column over this part of the screen has room for.
fn lines(app: &App, help: &Help, body: Rect) -> Vec<Row> {
    let column = body.width.min(WIDEST * columns(body)).saturating_sub(2) / columns(body);
    let room = usize::from(column).saturating_sub(KEY + 4);
    let here = app.view_contexts();
    let mut parts: Vec<(&str, Vec<&Line<App>>)> = Group::ALL
        .into_iter()
        .map(|(group, name)| {
            let lines = here.iter().flat_map(|context| app.keymap.lines(context));
            (name, lines.filter(|line| line.command.group == group).collect())
        })
        .collect();
    let others = app.keymap.tables().filter(|table| !here.contains(&table.name));
    parts.extend(others.map(|table| (table.heading, app.keymap.lines(table.name).iter().collect())));
    let wanted = help.search.to_lowercase();
    let mut rows = Vec::new();
    for (place, (heading, mut lines)) in parts.into_iter().enumerate() {
        lines.retain(|line| !line.keys.is_empty());
        if !heading.to_lowercase().contains(&wanted) {
            lines.retain(|line| {
                line.label().to_lowercase() == wanted || line.command.help.to_lowercase().contains(&wanted)
            });
        }
        if lines.is_empty() {
            continue;
        }
        if !rows.is_empty() {
            rows.push(Row::heading("", false));
        }
        rows.push(Row::heading(heading, true));
        for line in lines {
            let works = place < Group::ALL.len() && app.refusal_of(line.command).is_none();
            let wrapped = wrap(line.command.help, room, &app.styles).into_iter().enumerate();
            rows.extend(wrapped.map(|(at, text)| {
                let key = if at == 0 { line.label() } else { String::new() };
                Row { key: Some(key), text, works }
            }));
        }
    }
    if rows.is_empty() {
        rows.push(Row::heading("no key does that", true));
    }
    rows
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
fn furthest(app: &App, help: &Help) -> usize {
    let (width, height) = app.size;
    let body = areas(Rect { x: 0, y: 0, width, height }).map(|(_, body)| banner::below(app, body));
    let Some(body) = body else { return 0 };
    lines(app, help, body).len().saturating_sub(rows(body) * usize::from(columns(body)))
}

/// Draws the help over the view.
pub fn draw(app: &App, help: &Help, body: Rect, buffer: &mut Buffer) {
    let styles = &app.styles;
    let lines = lines(app, help, body);
    let columns = columns(body);
    let width = body.width.min(WIDEST * columns);
    let each = lines.len().div_ceil(usize::from(columns));
    let height = (rows(body).min(each) + 2).min(usize::from(body.height)) as u16;
    let area =
        Rect { x: body.x + (body.width - width) / 2, y: body.y + (body.height - height) / 2, width, height };
    Clear.render(area, buffer);
    let is_typing = matches!(app.modes.last(), Some(Mode::Search));
    let title = match (is_typing, help.search.as_str()) {
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
        let Some(key) = &line.key else {
            put(
                buffer,
                area,
                left + 1,
                y,
                &fit(&line.text, usize::from(column).saturating_sub(1), styles),
                style,
            );
            continue;
        };
        let keys = if line.works { styles.key() } else { styles.plain() };
        let x = put(buffer, area, left + 3, y, &pad(key, KEY, styles), keys);
        let room = usize::from(area.right().saturating_sub(x + 1));
        put(buffer, area, x, y, &fit(&line.text, room, styles), style);
    }
    let more = lines.len().saturating_sub(first + shown);
    let note = match more {
        _ if is_typing => {
            let [keep, cancel] = ["keep", "cancel"].map(|name| app.keymap.label(&["search"], name));
            format!("type a word, {keep} keeps it, {cancel} ends the search")
        }
        more => {
            let [down, search, close] =
                ["scroll-down", "search", "close"].map(|name| app.keymap.label(&["help"], name));
            let more = if more > 0 { format!("{more} lines more: {down}. ") } else { String::new() };
            format!("{more}{search} searches, {close} closes")
        }
    };
    pane_note(buffer, area, &note, styles.warn(), styles);
}
