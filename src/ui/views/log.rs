//! Log: what happened, a line an event, the newest at the bottom.
//!
//! ```text
//! + Log ----------------------------------------------------------+
//! | 17:03:01  MAML, seed 0: started, 40,000 steps                 |
//! | 17:03:08  MAML, seed 0: finished in 6.9 s                     |
//! + newest --------------------------------------------------------+
//! ```

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    term::Mouse,
    ui::{
        command::Group,
        state::app::{App, Command, Kind},
        update::curves::step,
        view::wheel,
        widgets::text::{fit, pane, pane_note, put, stamp, width},
    },
};

/// The view.
pub static VIEW: Kind = Kind { point, commands: COMMANDS, ..Kind::new("Log", "log", draw) };

/// Its commands.
static COMMANDS: &[Command] = &[
    Command::new("older", "Up k", "scroll up", |app| scroll(app, 1)).hint("scroll").group(Group::Move),
    Command::new("newer", "Down j", "scroll down", |app| scroll(app, -1)).shares_hint().group(Group::Move),
    Command::new("ten-older", "PgUp Ctrl-U", "ten lines up", |app| scroll(app, 10)).group(Group::Move),
    Command::new("ten-newer", "PgDn Ctrl-D", "ten lines down", |app| scroll(app, -10)).group(Group::Move),
    Command::new("oldest", "g Home", "to the first line", |app| scroll(app, i32::MAX)).group(Group::Move),
    Command::new("newest", "G End", "to the newest line", |app| scroll(app, i32::MIN))
        .hint("newest")
        .group(Group::Move),
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
    let note =
        if back == 0 { String::new() } else { format!("{back} newer lines below: {}", app.key_of("newest")) };
    pane_note(buffer, area, &note, styles.warn(), styles);
}

/// The wheel scrolls; the newest lines are at the end.
fn point(app: &mut App, _: Rect, mouse: &Mouse) -> bool {
    let lines = wheel(mouse.kind);
    scroll(app, -lines.unwrap_or(0));
    lines.is_some()
}

/// Scrolls up by so many lines.
fn scroll(app: &mut App, by: i32) {
    app.log_back = step(app.log_back, by, app.log.len());
}
