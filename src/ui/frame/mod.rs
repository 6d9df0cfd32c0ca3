//! The frame around every view: what runs and how long still, the tabs, the view, the keys.
//!
//! ```text
//!  metascope  experiments.toml  sine, 10-shot, 5 systems x 5 seeds      14/25 runs  0:02 elapsed  0:01 left
//!  1 Overview  2 Random  3 Transfer  4 MAML  5 First-order  6 Reptile  7 Tasks  8 Play  9 Log
//!  what the edited experiments file would change: banner.rs
//!  .
//!  .  the view: ../views
//!  .
//!  what a station of the guided tour says: tour.rs
//!  Left/Right task  Up/Down steps  o one-sided  Tab view  ? help  q quit
//! ```

pub mod banner;
mod header;
mod help;
pub mod layout;
mod palette;
mod saved;
mod svg;
pub mod tabs;
pub mod tour;

use ratatui::{
    Frame,
    buffer::Buffer,
    layout::Rect,
    text::{Line, Span},
    widgets::{Clear, Widget},
};

use layout::SMALLEST;

use super::{
    keys,
    state::app::App,
    views::entry_of,
    widgets::text::{fit, put, put_line, width},
};

pub use help::furthest;
pub use layout::areas;
pub use saved::{report, save};

/// Draws the state.
pub fn draw(app: &App, frame: &mut Frame<'_>) {
    let area = frame.area();
    render(app, area, frame.buffer_mut());
}

/// Draws the state into a buffer: what tests and saved screens use.
pub fn render(app: &App, area: Rect, buffer: &mut Buffer) {
    let area = area.intersection(buffer.area);
    if area.is_empty() {
        return;
    }
    if let Some((tabs, body)) = areas(area) {
        header::draw(app, Rect { height: 1, ..area }, buffer);
        footer(app, Rect { y: area.bottom() - 1, height: 1, ..area }, buffer);
        tabs::draw(app, tabs, buffer);
        let body = banner::draw(app, body, buffer);
        let view = tour::draw(app, body, buffer);
        (entry_of(app.view).draw)(app, view, buffer);
        if let Some(help) = &app.help {
            help::draw(app, help, body, buffer);
        }
        if let Some(open) = &app.palette {
            palette::draw(app, open, body, buffer);
        }
        said(app, body, buffer);
    } else {
        too_small(app, area, buffer);
    }
    app.styles.finish(buffer);
}

fn too_small(app: &App, area: Rect, buffer: &mut Buffer) {
    let (done, all) = app.runs_done();
    let text = format!("metascope: {done}/{all} runs, needs {}x{}", SMALLEST.0, SMALLEST.1);
    let text = fit(&text, usize::from(area.width), &app.styles);
    let x = area.x + (area.width - width(&text) as u16) / 2;
    put(buffer, area, x, area.y + area.height / 2, &text, app.styles.plain());
}

/// What a person is told, on the last line of the view: in place of its border and all that stands there, and never
/// over the keys.
fn said(app: &App, body: Rect, buffer: &mut Buffer) {
    let Some(said) = &app.said else { return };
    let text = format!(" {} ", fit(&said.text, usize::from(body.width).saturating_sub(4), &app.styles));
    let style = app.styles.warn().patch(app.styles.selected());
    let row = Rect { y: body.bottom().saturating_sub(1), height: body.height.min(1), ..body };
    Clear.render(row, buffer);
    put(buffer, row, row.x + 1, row.y, &text, style);
}

fn footer(app: &App, area: Rect, buffer: &mut Buffer) {
    let styles = &app.styles;
    let context = keys::context(app);
    let mut spans = vec![Span::raw(" ")];
    if let Some(question) = &app.question {
        spans.push(Span::styled(format!("{}   ", question.text), styles.warn().patch(styles.bold())));
    } else if let Some(palette) = &app.palette {
        spans.push(Span::styled(format!(":{}_   ", palette.text), styles.bold()));
    } else if app.asks_view {
        spans.push(Span::styled("which view?   ", styles.bold()));
    } else if let Some(prompt) = app.prompt_text() {
        spans.push(Span::styled(format!("{prompt}   "), styles.bold()));
    }
    // `O`, where it does anything, `?` and `q` keep their place at the end whatever has to go before them.
    let hints = keys::hints_here(app, context);
    let text = |(key, hint): &(&str, &str)| format!("{key} {hint}  ");
    // Whoever only looks on should know what leaving does.
    let leaves = !app.trains_here() && !app.is_over() && !app.is_left() && area.width >= 100;
    let last_word = |key: &'static str, hint| match key {
        "q" if leaves => (key, "quit (training goes on)"),
        _ => (key, hint),
    };
    let hints = hints.into_iter().map(|(key, hint)| last_word(key, hint));
    let (last, rest): (Vec<_>, Vec<_>) = hints.partition(|(key, _)| ["O", "?", "q"].contains(key));
    let used = |spans: &[Span<'_>]| spans.iter().map(Span::width).sum::<usize>();
    let tail: usize = last.iter().map(|hint| width(&text(hint))).sum();
    let room = usize::from(area.width).saturating_sub(tail);
    for hint in rest.iter().filter(|hint| hint.0 != "Tab").chain(rest.iter().filter(|hint| hint.0 == "Tab")) {
        if used(&spans) + width(&text(hint)) > room {
            continue;
        }
        spans.push(Span::styled(hint.0.to_owned(), styles.key()));
        spans.push(Span::raw(format!(" {}  ", hint.1)));
    }
    for (key, hint) in last {
        spans.push(Span::styled(key, styles.key()));
        spans.push(Span::raw(format!(" {hint}  ")));
    }
    put_line(buffer, area, 0, &Line::from(spans), styles);
}
