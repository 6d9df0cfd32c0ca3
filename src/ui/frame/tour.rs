//! The guided tour's words, below the view that they are about; or the offer of it.
//!
//! ```text
//! |  the view, as it always is                          |
//! + Tour 3/10: Why transfer fails ----------------------+
//! | Transfer learning trains on all waves at once ...   |
//! + Enter next, Backspace back, Esc leaves -------------+
//! ```

use ratatui::{buffer::Buffer, layout::Rect};

use crate::ui::{
    state::{app::App, tour::Tour},
    tour::STATIONS,
    widgets::text::{pane, pane_note, put, wrap},
};

/// The offer.
const OFFER: &str =
    "W walks you through learning to learn in ten stations, over these views with your own results.";

/// The area that it leaves to the view.
pub fn above(app: &App, area: Rect) -> Rect {
    let height = content(app, area).map_or(0, |(_, lines, _)| (lines.len() as u16 + 2).min(area.height / 2));
    Rect { height: area.height - height, ..area }
}

/// Draws it, where there is any, and leaves the rest of the area to the view.
pub fn draw(app: &App, area: Rect, buffer: &mut Buffer) -> Rect {
    let rest = above(app, area);
    let Some((title, lines, note)) = content(app, area) else { return rest };
    let styles = &app.styles;
    let place = Rect { y: rest.bottom(), height: area.height - rest.height, ..area };
    let inner = pane(buffer, place, &title, styles);
    for (row, line) in lines.iter().take(usize::from(inner.height)).enumerate() {
        put(buffer, inner, inner.x + 1, inner.y + row as u16, line, styles.plain());
    }
    pane_note(buffer, place, note, styles.key(), styles);
    rest
}

fn content(app: &App, area: Rect) -> Option<(String, Vec<String>, &'static str)> {
    let room = usize::from(area.width).saturating_sub(4);
    let lines = |text: &str| wrap(text, room, &app.styles);
    match &app.tour {
        Tour::Off => None,
        Tour::Offered => Some(("New here?".to_owned(), lines(OFFER), "W starts the tour, Esc: not now")),
        Tour::On(visit) => {
            let station = STATIONS.get(visit.station)?;
            let title = format!("Tour {}/{}: {}", visit.station + 1, STATIONS.len(), station.title);
            Some((title, lines(&station.text(app)), "Enter next, Backspace back, Esc leaves"))
        }
    }
}
