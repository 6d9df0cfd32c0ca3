//! The frame around every view: what runs and how long still, the tabs, the view, the keys.
//!
//! ```text
//!  metascope  experiments.toml  sine, 10-shot, 5 systems x 5 seeds      14/25 runs  0:02 elapsed  0:01 left
//!  1 Overview  2 Random  3 Transfer  4 MAML  5 First-order  6 Reptile  7 Tasks  8 Play  9 Log
//!  what the edited experiments file would change: banner.rs
//!  .
//!  .  the view: ../views
//!  .
//!  Left/Right task  Up/Down steps  o one-sided  Tab view  ? help  q quit
//! ```

pub mod banner;
mod help;
pub mod layout;
mod saved;
mod svg;
pub mod tabs;

use ratatui::{
    Frame,
    buffer::Buffer,
    layout::Rect,
    text::{Line, Span},
};

use layout::SMALLEST;

use super::{
    keys,
    state::{app::App, rewind::NOTCHES},
    views::entry_of,
    widgets::text::{clock, fit, put, put_line, width},
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
        header(app, Rect { height: 1, ..area }, buffer);
        footer(app, Rect { y: area.bottom() - 1, height: 1, ..area }, buffer);
        tabs::draw(app, tabs, buffer);
        let body = banner::draw(app, body, buffer);
        (entry_of(app.view).draw)(app, body, buffer);
        if let Some(help) = &app.help {
            help::draw(app, help, body, buffer);
        }
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

fn header(app: &App, area: Rect, buffer: &mut Buffer) {
    let styles = &app.styles;
    let (done, all) = app.runs_done();
    let time = clock(app.ended.unwrap_or(app.now));
    let past = app.rewind.notch.map(|notch| {
        let sign = if app.rewind.playing.is_some() { "playing" } else { "rewound" };
        format!("{sign} {notch}/{NOTCHES}  ")
    });
    let state = match (app.ended, app.left()) {
        (Some(_), _) => format!("{done}/{all} runs done in {time} "),
        (None, Some(left)) => format!("{done}/{all} runs  {time} elapsed  {} left ", clock(left)),
        (None, None) => format!("{done}/{all} runs  {time} elapsed "),
    };
    let state = format!("{}{state}", past.unwrap_or_default());
    let right = usize::from(area.width).saturating_sub(width(&state));
    let (file, subject) = (app.file.as_str(), app.subject());
    // The longest form that fits beside the state.
    let forms = [format!(" {file}   {subject}"), format!(" {subject}"), format!(" {file}"), String::new()];
    let room = right.saturating_sub(width(" metascope ") + 1);
    let form = forms.iter().find(|form| width(form) <= room).map_or("", String::as_str);
    let x = put(buffer, area, area.x, area.y, " metascope ", styles.bold());
    put(buffer, area, x, area.y, form, styles.plain());
    let state = fit(&state, usize::from(area.width), styles);
    put(buffer, area, area.x + right as u16, area.y, &state, styles.bold());
}

fn footer(app: &App, area: Rect, buffer: &mut Buffer) {
    let styles = &app.styles;
    let context = keys::context(app);
    let mut spans = vec![Span::raw(" ")];
    if let Some(prompt) = app.prompt_text() {
        spans.push(Span::styled(format!("{prompt}   "), styles.bold()));
    } else if let Some((notice, _)) = &app.notice {
        put_line(buffer, area, 0, &Line::styled(format!(" {notice}"), styles.warn()), styles);
        return;
    }
    // `?` and `q` keep their place at the end whatever has to go before them.
    let hints = keys::hints(context);
    let text = |(key, hint): &(&str, &str)| format!("{key} {hint}  ");
    let (last, rest): (Vec<_>, Vec<_>) = hints.into_iter().partition(|(key, _)| ["?", "q"].contains(key));
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
