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
pub mod layout;
mod saved;
mod svg;
pub mod tabs;

use ratatui::{
    Frame,
    buffer::Buffer,
    layout::Rect,
    text::{Line, Span},
    widgets::{Clear, Widget},
};

use layout::SMALLEST;

use super::{
    keymap::Hint,
    modes::{help, palette, prompt, tour},
    state::app::{App, Mode},
    widgets::text::{fit, put, put_line, width},
};

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
        (app.view.kind.draw)(app, view, buffer);
        for mode in &app.modes {
            match mode {
                Mode::Help(open) => help::draw(app, open, body, buffer),
                Mode::Palette(open) => palette::draw(app, open, body, buffer),
                _ => {}
            }
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
    let asked = match app.modes.last() {
        Some(Mode::Question(question)) => question.text.clone(),
        Some(Mode::Palette(palette)) => format!(":{}_", palette.text),
        Some(Mode::Letter) => "which view?".to_owned(),
        Some(Mode::Prompt(prompt)) => prompt::text(app, prompt),
        Some(Mode::Search) if app.help().is_none() => format!("experiments with: {}_", app.list.filter),
        _ => String::new(),
    };
    let mut spans = vec![Span::raw(" ")];
    if !asked.is_empty() {
        let style = styles.bold();
        let is_grave = matches!(app.modes.last(), Some(Mode::Question(_)));
        let style = if is_grave { styles.warn().patch(style) } else { style };
        spans.push(Span::styled(format!("{asked}   "), style));
    }
    let text = |Hint { keys, words, .. }: &Hint| format!("{keys} {words}  ");
    // Whoever only looks on should know what leaving does.
    let leaves = !app.trains_here() && !app.is_over() && !app.is_left() && area.width >= 100;
    let last_word = |hint: Hint| match hint.command {
        "quit" if leaves => Hint { words: "quit (training goes on)", ..hint },
        _ => hint,
    };
    let hints = app.hints().into_iter().map(last_word);
    // To take over, where it does anything, to get help and to leave keep their place at the end.
    let (last, rest): (Vec<_>, Vec<_>) =
        hints.partition(|hint| ["take-over", "help", "quit"].contains(&hint.command));
    let is_next_view = |hint: &&Hint| hint.command == "next-view";
    let used = |spans: &[Span<'_>]| spans.iter().map(Span::width).sum::<usize>();
    let tail: usize = last.iter().map(|hint| width(&text(hint))).sum();
    let room = usize::from(area.width).saturating_sub(tail);
    let (next_view, others): (Vec<&Hint>, Vec<&Hint>) = rest.iter().partition(is_next_view);
    let mut hinted = Vec::new();
    let mut taken = used(&spans);
    for hint in others.into_iter().chain(next_view) {
        if taken + width(&text(hint)) <= room {
            taken += width(&text(hint));
            hinted.push(hint);
        }
    }
    for Hint { keys, words, .. } in hinted.into_iter().chain(&last) {
        spans.push(Span::styled(keys.as_str(), styles.key()));
        spans.push(Span::raw(format!(" {words}  ")));
    }
    put_line(buffer, area, 0, &Line::from(spans), styles);
}
