//! Log: what happened, a line an event, the newest at the bottom.
//!
//! ```text
//! + Log ----------------------------------------------------------+
//! | 0:00  MAML, seed 0: started, 40,000 steps                     |
//! | 0:07  MAML, seed 0: finished in 6.9 s                         |
//! + newest --------------------------------------------------------+
//! ```

use crossterm::event::KeyCode::{Char, Down, End, Home, PageDown, PageUp, Up};
use ratatui::{buffer::Buffer, layout::Rect};

use super::{
    binding::{Binding, bind, keys},
    entry::{Entry, always, as_it_is, wheel},
};
use crate::{
    term::Mouse,
    ui::{
        action::Action,
        state::{app::App, view::Kind},
        widgets::text::{clock, fit, pane, pane_note, put},
    },
};

/// The view.
pub static VIEW: Entry = Entry {
    kind: Kind { title: "Log", each: false, curves: false },
    heading: "Log",
    wanted: always,
    keys: KEYS,
    draw,
    point,
    open: as_it_is,
};

/// Its keys.
static KEYS: &[Binding] = &[
    bind(keys![Up, Char('k')], "Up", Action::Scroll(1), "scroll up", "scroll").paired("Up/Down"),
    bind(keys![Down, Char('j')], "Down", Action::Scroll(-1), "scroll down", ""),
    bind(keys![PageUp], "PgUp", Action::Scroll(10), "ten lines up", ""),
    bind(keys![PageDown], "PgDn", Action::Scroll(-10), "ten lines down", ""),
    bind(keys![Home], "Home", Action::Scroll(i32::MAX), "to the first line", ""),
    bind(keys![End], "End", Action::Scroll(i32::MIN), "to the newest line", "newest"),
];

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

/// The wheel scrolls; the newest lines are at the end.
fn point(_: &App, _: Rect, mouse: &Mouse) -> Option<Action> {
    wheel(mouse.kind).map(|down| Action::Scroll(-down))
}
