//! Text on the screen: where it is written, and panes with a title. How it is made to fit is
//! [`crate::results::text`]'s.

use std::collections::{BTreeMap, BTreeSet};

use chrono::DateTime;
use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::{Modifier, Style},
    text::Line,
    widgets::{Block, Widget},
};

pub use crate::results::text::{clock, count, number, rate, short_count, short_spread, width};
use crate::{results::text, ui::style::Styles};

/// `text` in at most `room` cells; what is cut ends in an ellipsis.
pub fn fit(text: &str, room: usize, styles: &Styles) -> String {
    text::fit(text, room, styles.glyphs())
}

/// `text` in exactly `room` cells, filled with blanks on the right.
pub fn pad(text: &str, room: usize, styles: &Styles) -> String {
    text::pad(text, room, styles.glyphs())
}

/// Names in so many cells. Those that would look the same are told apart by their ends, where that is enough.
pub fn shortened(names: &[&str], longest: usize, styles: &Styles) -> Vec<String> {
    let mut short: Vec<String> = names.iter().map(|name| fit(name, longest, styles)).collect();
    let mut alike: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (at, name) in short.iter().enumerate() {
        alike.entry(name.clone()).or_default().push(at);
    }
    for group in alike.values().filter(|group| group.len() > 1) {
        // A letter and an ellipsis before the end, at least.
        let with_end = |length: usize| -> Vec<String> {
            let cut = |at: &usize| {
                let letters: Vec<char> = names[*at].chars().collect();
                let end: String = letters[letters.len().saturating_sub(length)..].iter().collect();
                let end = end.trim_start();
                match width(names[*at]) <= longest {
                    true => names[*at].to_owned(),
                    false => format!("{}{end}", fit(names[*at], longest.saturating_sub(width(end)), styles)),
                }
            };
            group.iter().map(cut).collect()
        };
        let are_apart = |names: &Vec<String>| names.iter().collect::<BTreeSet<_>>().len() == names.len();
        if let Some(apart) = (1..longest.saturating_sub(1)).map(with_end).find(are_apart) {
            group.iter().zip(apart).for_each(|(at, name)| short[*at] = name);
        }
    }
    short
}

/// `text` broken into lines of at most `room` cells at blanks.
pub fn wrap(text: &str, room: usize, styles: &Styles) -> Vec<String> {
    text::wrap(text, room, styles.glyphs())
}

/// A moment in seconds since 1970 as the clocks of this place show it, which are so many seconds ahead of UTC:
/// with its date where it is of another day than `now`.
pub fn stamp(at: u64, now: u64, ahead: i32) -> String {
    let local = |at: u64| DateTime::from_timestamp(i64::try_from(at).ok()?.checked_add(ahead.into())?, 0);
    match (local(at), local(now)) {
        (Some(at), Some(now)) if at.date_naive() == now.date_naive() => at.format("%H:%M:%S").to_string(),
        (Some(at), _) => at.format("%d %b %H:%M").to_string(),
        (None, _) => String::new(),
    }
}

/// Which rows of a list are in view, and how many are not; empty where all of them are.
pub fn whereabouts(first: usize, room: usize, all: usize) -> String {
    let seen = all.saturating_sub(first).min(room);
    match all - seen {
        0 => String::new(),
        hidden => format!("{}-{} of {all}, {hidden} out of sight", first + 1, first + seen),
    }
}

/// Writes `text` at `(x, y)`, inside `area` only. Returns the column after it. Only what is to be dim is: on a border
/// it would be as dim as that.
pub fn put(buffer: &mut Buffer, area: Rect, x: u16, y: u16, text: &str, style: Style) -> u16 {
    let area = area.intersection(buffer.area);
    if y < area.top() || y >= area.bottom() || x < area.left() || x >= area.right() {
        return x;
    }
    let is_dim = style.add_modifier.contains(Modifier::DIM);
    let style = if is_dim { style } else { style.remove_modifier(Modifier::DIM) };
    buffer.set_stringn(x, y, text, usize::from(area.right() - x), style).0
}

/// Writes a line of spans at row `row` of `area`. What does not fit ends in an ellipsis.
pub fn put_line(buffer: &mut Buffer, area: Rect, row: u16, line: &Line<'_>, styles: &Styles) {
    let mut x = area.left();
    let y = area.top().saturating_add(row);
    for (i, span) in line.spans.iter().enumerate() {
        let room = usize::from(area.right().saturating_sub(x));
        let more_follows = line.spans[i + 1..].iter().any(|span| !span.content.trim_end().is_empty());
        // A span that fills the room to the last cell must give one up if another follows it.
        let wide = span.width();
        let cut = wide > room || (wide == room && more_follows);
        let text =
            if cut { fit(&format!("{} ", span.content), room, styles) } else { span.content.to_string() };
        x = put(buffer, area, x, y, &text, line.style.patch(span.style));
        if cut {
            break;
        }
    }
}

/// Draws a pane's border and title, and returns the room inside.
pub fn pane(buffer: &mut Buffer, area: Rect, title: &str, styles: &Styles) -> Rect {
    let block = Block::bordered().border_set(styles.border()).border_style(styles.dim());
    let inner = block.inner(area);
    block.render(area.intersection(buffer.area), buffer);
    if area.width > 4 && area.height > 0 {
        let title = format!(" {} ", fit(title, usize::from(area.width) - 4, styles));
        put(buffer, area, area.x + 1, area.y, &title, styles.bold());
    }
    inner
}

/// The room inside a pane.
pub fn inside(area: Rect) -> Rect {
    Block::bordered().inner(area)
}

/// Writes a note into a pane's lower border.
pub fn pane_note(buffer: &mut Buffer, area: Rect, note: &str, style: Style, styles: &Styles) {
    if area.width > 6 && area.height > 1 && !note.is_empty() {
        let note = format!(" {} ", fit(note, usize::from(area.width) - 4, styles));
        put(buffer, area, area.x + 1, area.bottom() - 1, &note, style);
    }
}
