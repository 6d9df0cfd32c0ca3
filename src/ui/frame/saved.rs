//! What the dashboard leaves behind as plain text: loss tables and figures for the normal screen, and views
//! saved to files.

use std::{
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

use ratatui::buffer::Buffer;

use super::svg::svg;
use crate::{
    results::{self, text::width},
    study::write_new,
    ui::state::app::App,
};

/// The loss tables of the runs that have been evaluated and the published figures beside them, whatever the
/// views look at.
pub fn report(app: &App) -> String {
    results::report(&app.outcomes(), app.curves.average, app.styles.glyphs())
}

/// A screen as lines of text.
fn lines(buffer: &Buffer) -> String {
    let (columns, rows) = (buffer.area.width, buffer.area.height);
    let mut text = String::new();
    for y in 0..rows {
        let mut line = String::new();
        let mut x = 0;
        while x < columns {
            let symbol = buffer.cell((x, y)).map_or(" ", |cell| cell.symbol());
            line.push_str(symbol);
            // A wide character covers the cells after it.
            x += width(symbol).max(1) as u16;
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// Writes a screen of the view in front as text, with the loss tables below it, and as SVG, to new files named after
/// the view; nothing is ever overwritten. The text's path.
pub fn save(app: &App, screen: &Buffer, folder: &Path) -> io::Result<PathBuf> {
    let text = format!("{}\n{}", lines(screen), report(app));
    let view = app.view_name(app.view).to_lowercase();
    let name: String = view.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    for number in 1..10_000 {
        let path = folder.join(format!("metascope-{name}-{number}.txt"));
        match write_new(&path, text.as_bytes()) {
            Ok(()) => {
                write_new(&path.with_extension("svg"), svg(screen, app.styles.theme).as_bytes())?;
                return Ok(path);
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::new(ErrorKind::AlreadyExists, "ten thousand saved views are enough"))
}
