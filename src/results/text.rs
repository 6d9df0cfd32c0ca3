//! Text that must fit: figures in few characters, words with an ellipsis, lines that wrap.

pub use crate::learner::words::rate;
use std::time::Duration;

use indicatif::HumanCount;
use textwrap::{Options, WordSplitter, WrapAlgorithm};
use unicode_truncate::UnicodeTruncateStr;
use unicode_width::UnicodeWidthStr;

/// The characters that may be printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Glyphs {
    /// Only ASCII.
    pub ascii: bool,
}

impl Glyphs {
    /// What fits this environment.
    pub fn detect(variable: impl Fn(&str) -> Option<String>) -> Self {
        let variable = |name| variable(name).filter(|value: &String| !value.is_empty());
        // The first of these that is set names the locale's character set. The Linux console's font has
        // no braille, whatever the locale says.
        let locale =
            ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(variable).unwrap_or_default().to_lowercase();
        let utf8 = locale.contains("utf-8") || locale.contains("utf8");
        Self { ascii: !utf8 || variable("TERM").as_deref() == Some("linux") }
    }

    /// The end of text that did not fit.
    pub fn ellipsis(self) -> char {
        if self.ascii { '~' } else { '…' }
    }

    /// Between a mean and its spread.
    pub fn plus_minus(self) -> &'static str {
        if self.ascii { "+-" } else { "±" }
    }
}

/// Cells that `text` takes.
pub fn width(text: &str) -> usize {
    text.width()
}

/// `text` in at most `room` cells; what is cut ends in an ellipsis.
pub fn fit(text: &str, room: usize, glyphs: Glyphs) -> String {
    if width(text) <= room {
        return text.to_owned();
    }
    let Some(room) = room.checked_sub(1) else { return String::new() };
    let (short, _) = text.unicode_truncate(room);
    format!("{}{}", short.trim_end(), glyphs.ellipsis())
}

/// `text` in exactly `room` cells, filled with blanks on the right.
pub fn pad(text: &str, room: usize, glyphs: Glyphs) -> String {
    let mut text = fit(text, room, glyphs);
    text.extend(std::iter::repeat_n(' ', room.saturating_sub(width(&text))));
    text
}

/// `text` broken into lines of at most `room` cells at blanks; a word that is longer is cut.
pub fn wrap(text: &str, room: usize, glyphs: Glyphs) -> Vec<String> {
    let options = Options::new(room)
        .break_words(false)
        .word_splitter(WordSplitter::NoHyphenation)
        .wrap_algorithm(WrapAlgorithm::FirstFit);
    textwrap::wrap(text, options).iter().map(|line| fit(line, room, glyphs)).collect()
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
        format!("{value:.1e}").replace(".0e", "e")
    } else if size < 0.00995 {
        format!("{value:.4}")
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

/// The spread of a number, to as many places as [`number`] gives that; a second digit of a large one is noise.
pub fn short_spread(value: f64, of: f64) -> String {
    let places = match of.abs() {
        size if size < 0.001 => return format!("{value:.0e}"),
        size if size < 0.00995 => 4,
        size if size < 0.0995 => 3,
        _ => 2,
    };
    match value {
        v if v < 0.995 => format!("{v:.places$}").trim_start_matches('0').to_owned(),
        v if v < 9.95 => format!("{v:.1}"),
        v if v < 999.5 => format!("{v:.0}"),
        v => number(v),
    }
}

/// A count with commas between the thousands.
pub fn count(value: u64) -> String {
    HumanCount(value).to_string()
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
            (0.00219, "0.0022"),
            (3.84e-4, "3.8e-4"),
            (0.0, "0"),
            (1234.0, "1234"),
            (5.6e7, "6e7"),
            (1.3e-5, "1.3e-5"),
            (2.0e-5, "2e-5"),
            (f64::NAN, "none"),
            (f64::INFINITY, "inf"),
        ];
        for (value, text) in cases {
            assert_eq!(number(value), text);
        }
        let spreads = [
            (0.344, 4.3, ".34"),
            (0.004, 4.3, ".00"),
            (0.004, 0.03, ".004"),
            (2e-4, 0.002, ".0002"),
            (12.3, 40.0, "12"),
        ];
        for (value, of, text) in spreads {
            assert_eq!(short_spread(value, of), text);
        }
    }

    #[test]
    fn what_is_cut_says_so() {
        let glyphs = Glyphs::default();
        assert_eq!(fit("First-order", 7, glyphs), "First-…");
        assert_eq!(fit("MAML", 4, glyphs), "MAML");
        assert_eq!(fit("学習学習", 5, glyphs), "学習…");
        assert_eq!(fit("MAML", 0, glyphs), "");
        assert_eq!(wrap("learn to learn", 8, glyphs), ["learn to", "learn"]);
        assert_eq!(wrap("to\n\nmeta-learn quickly", 6, glyphs), ["to", "", "meta-…", "quick…"]);
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
