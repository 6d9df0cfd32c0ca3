//! Text that must fit: numbers in few characters, words with an ellipsis, panes with a title.

use std::time::Duration;

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::Style,
    text::{Line, Span},
    widgets::{Block, Widget},
};

use crate::ui::style::Styles;

/// Cells that `text` takes.
pub fn width(text: &str) -> usize {
    Span::raw(text).width()
}

/// `text` in at most `room` cells; what is cut ends in an ellipsis.
pub fn fit(text: &str, room: usize, styles: &Styles) -> String {
    if width(text) <= room {
        return text.to_owned();
    }
    let mut short = String::new();
    if room == 0 {
        return short;
    }
    let mut used = 0;
    for letter in text.chars() {
        let cells = width(letter.encode_utf8(&mut [0; 4]));
        if used + cells + 1 > room {
            break;
        }
        used += cells;
        short.push(letter);
    }
    short.truncate(short.trim_end().len());
    short.push(styles.ellipsis());
    short
}

/// `text` in exactly `room` cells, filled with blanks on the right.
pub fn pad(text: &str, room: usize, styles: &Styles) -> String {
    let mut text = fit(text, room, styles);
    text.extend(std::iter::repeat_n(' ', room.saturating_sub(width(&text))));
    text
}

/// Writes `text` at `(x, y)`, inside `area` only. Returns the column after it.
pub fn put(buffer: &mut Buffer, area: Rect, x: u16, y: u16, text: &str, style: Style) -> u16 {
    let area = area.intersection(buffer.area);
    if y < area.top() || y >= area.bottom() || x < area.left() || x >= area.right() {
        return x;
    }
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

/// `text` broken into lines of at most `room` cells at blanks.
pub fn wrap(text: &str, room: usize, styles: &Styles) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        let mut line = String::new();
        for word in paragraph.split(' ').filter(|word| !word.is_empty()) {
            if !line.is_empty() && width(&line) + 1 + width(word) > room {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(&fit(word, room, styles));
        }
        lines.push(line);
    }
    lines
}

/// A loss or a rate in at most six characters, three digits of it.
pub fn number(value: f64) -> String {
    let size = value.abs();
    if value.is_nan() {
        "none".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { "inf" } else { "-inf" }.to_owned()
    } else if size == 0.0 {
        "0".to_owned()
    } else if size < 0.001 {
        format!("{value:.0e}")
    } else if size < 0.0995 {
        format!("{value:.3}")
    } else if size < 9.995 {
        format!("{value:.2}")
    } else if size < 99.95 {
        format!("{value:.1}")
    } else if size < 9999.5 {
        format!("{value:.0}")
    } else {
        format!("{value:.0e}")
    }
}

/// A spread in at most four characters: its second digit is noise.
pub fn short_spread(value: f64) -> String {
    match value {
        v if v < 0.995 => format!("{v:.2}").trim_start_matches('0').to_owned(),
        v if v < 9.95 => format!("{v:.1}"),
        v if v < 999.5 => format!("{v:.0}"),
        v => number(v),
    }
}

/// A rate as a person would type it: no trailing zeros.
pub fn rate(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let text = if value.abs() < 1e-4 { format!("{value:.2e}") } else { format!("{value:.6}") };
    match text.split_once('e') {
        Some((digits, exponent)) => {
            format!("{}e{exponent}", digits.trim_end_matches('0').trim_end_matches('.'))
        }
        None => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
    }
}

/// A count with commas between the thousands.
pub fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count in at most five characters: 940, 1.2k, 121k, 3.4M.
pub fn short_count(value: f64) -> String {
    match value {
        v if !v.is_finite() || v < 0.0 => "none".to_owned(),
        v if v < 999.5 => format!("{v:.0}"),
        v if v < 9_950.0 => format!("{:.1}k", v / 1e3),
        v if v < 999_500.0 => format!("{:.0}k", v / 1e3),
        v if v < 9_950_000.0 => format!("{:.1}M", v / 1e6),
        v => format!("{:.0}M", v / 1e6),
    }
}

/// Minutes and seconds, and hours where there are any.
pub fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_three_digits_and_few_characters() {
        let cases = [
            (4.336, "4.34"),
            (12.64, "12.6"),
            (0.6, "0.60"),
            (0.0123, "0.012"),
            (0.0, "0"),
            (1234.0, "1234"),
            (5.6e7, "6e7"),
            (1.3e-5, "1e-5"),
            (f64::NAN, "none"),
            (f64::INFINITY, "inf"),
        ];
        for (value, text) in cases {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn what_is_cut_says_so() {
        let styles = Styles::default();
        assert_eq!(fit("First-order", 7, &styles), "First-…");
        assert_eq!(fit("MAML", 4, &styles), "MAML");
        assert_eq!(fit("学習学習", 5, &styles), "学習…");
        assert_eq!(fit("MAML", 0, &styles), "");
        assert_eq!(wrap("learn to learn", 8, &styles), ["learn to", "learn"]);
    }

    #[test]
    fn counts_rates_and_clocks() {
        assert_eq!(count(40_000), "40,000");
        assert_eq!(count(999), "999");
        assert_eq!(short_count(121_300.0), "121k");
        assert_eq!(rate(0.0125), "0.0125");
        assert_eq!(rate(2.5e-6), "2.5e-6");
        assert_eq!(clock(Duration::from_secs(62)), "1:02");
        assert_eq!(clock(Duration::from_secs(3723)), "1:02:03");
    }
}
