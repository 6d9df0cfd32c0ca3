//! What the experiments file says since it was edited: where it is broken, or what would change. It
//! stands over the view until the file is applied or put right.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use crate::ui::{
    state::app::App,
    state::file::Edited,
    widgets::text::{pane, pane_note, put, wrap},
};

/// Most lines of text; the rest is left to the editor.
const MOST_LINES: usize = 4;

/// What it says, and how.
struct Banner {
    title: &'static str,
    lines: Vec<String>,
    note: String,
    style: Style,
}

/// The area that it leaves to the view.
pub fn below(app: &App, area: Rect) -> Rect {
    let height = content(app, area).map_or(0, |banner| banner.height(area));
    Rect { y: area.y + height, height: area.height - height, ..area }
}

impl Banner {
    fn height(&self, area: Rect) -> u16 {
        (self.lines.len() as u16 + 2).min(area.height)
    }
}

/// Draws it, where there is anything to say, and leaves the rest of the area to the view.
pub fn draw(app: &App, area: Rect, buffer: &mut Buffer) -> Rect {
    let Some(content) = content(app, area) else { return area };
    let banner = Rect { height: content.height(area), ..area };
    let inner = pane(buffer, banner, content.title, &app.styles);
    for (row, line) in content.lines.iter().take(usize::from(inner.height)).enumerate() {
        put(buffer, inner, inner.x + 1, inner.y + row as u16, line, content.style);
    }
    pane_note(buffer, banner, &content.note, app.styles.key(), &app.styles);
    below(app, area)
}

fn content(app: &App, area: Rect) -> Option<Banner> {
    let styles = &app.styles;
    let [edit, apply] = ["edit-file", "apply-file"].map(|name| app.key_of(name));
    let (title, text, note, style) = match app.edited.as_ref()? {
        Edited::Broken { named, place, problem, more } => {
            let place = place.map(|(line, column)| format!(":{line}:{column}")).unwrap_or_default();
            let others = match more {
                0 => String::new(),
                more => format!(" ({more} more)"),
            };
            let file = named.as_ref().unwrap_or(&app.file);
            let text = format!("{file}{place}: {problem}{others}");
            let (title, note) = match named {
                None => {
                    ("The file cannot be used; the old settings run on", format!("{edit} opens it there"))
                }
                Some(_) => ("A file that it reads cannot be used; what was read runs on", String::new()),
            };
            (title, text, note, styles.error())
        }
        Edited::Changed { changes, runs: [start, gone, same], .. } => {
            let runs = format!("{start} runs start, {gone} leave the study, {same} stay as they are");
            let text = format!("{}\n{runs}", changes.join("; "));
            ("The file has changed", text, format!("{apply} applies it, {edit} edits it"), styles.warn())
        }
    };
    let room = usize::from(area.width).saturating_sub(4);
    let mut lines = wrap(&text, room, styles);
    // What happens to the runs is worth more than the last of many changes.
    while lines.len() > MOST_LINES.min(usize::from(area.height) / 4) && lines.len() > 1 {
        lines.remove(lines.len() - 2);
    }
    Some(Banner { title, lines, note, style })
}
