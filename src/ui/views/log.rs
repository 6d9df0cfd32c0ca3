//! Log: what happened, a line an event, the newest at the bottom.
//!
//! ```text
//! + Log ----------------------------------------------------------+
//! | 17:03:01  MAML, seed 0: started, 40,000 steps                 |
//! | 17:03:08  MAML, seed 0: finished in 6.9 s                     |
//! + newest --------------------------------------------------------+
//! ```

use crossterm::event::KeyCode::{Char, Down, End, Home, PageDown, PageUp, Up};
use ratatui::{buffer::Buffer, layout::Rect};

use super::{
    binding::{Binding, Press, bind, keys},
    entry::{Entry, always, as_it_is, wheel},
};
use crate::{
    term::Mouse,
    ui::{
        action::Action,
        state::{app::App, view::Kind},
        widgets::text::{fit, pane, pane_note, put, stamp, width},
    },
};

/// The view.
pub static VIEW: Entry = Entry {
    kind: Kind { title: "Log", each: false, sweep: false, curves: false, undoes: false },
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
    bind(&[Press::Key(PageUp), Press::Ctrl('u')], "PgUp", Action::Scroll(10), "ten lines up, as Ctrl-U", ""),
    bind(
        &[Press::Key(PageDown), Press::Ctrl('d')],
        "PgDn",
        Action::Scroll(-10),
        "ten lines down, as Ctrl-D",
        "",
    ),
    bind(keys![Home, Char('g')], "g", Action::Scroll(i32::MAX), "to the first line", ""),
    bind(keys![End, Char('G')], "G", Action::Scroll(i32::MIN), "to the newest line", "newest"),
];

/// Draws the view.
pub fn draw(app: &App, area: Rect, buffer: &mut Buffer) {
    let styles = &app.styles;
    let inner = pane(buffer, area, &format!("Log ({} lines)", app.log.len()), styles);
    let rows = usize::from(inner.height);
    let back = app.log_back.min(app.log.len().saturating_sub(rows));
    let end = app.log.len() - back;
    let (opened, ahead) = app.opened;
    let now = opened + app.now.as_secs();
    let lines = app.log.iter().skip(end.saturating_sub(rows)).take(rows.min(end));
    let lines: Vec<_> = lines.map(|line| (stamp(line.at, now, ahead), line)).collect();
    let widest = lines.iter().map(|(at, _)| width(at)).max().unwrap_or(0);
    for (row, (at, line)) in lines.into_iter().enumerate() {
        let y = inner.y + row as u16;
        let x = put(buffer, inner, inner.x + 1, y, &format!("{at:>widest$}  "), styles.plain());
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
