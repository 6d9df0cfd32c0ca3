//! Problems of an experiments file for a person at a terminal: under each one the line that it is in, with a
//! caret at the place.
//!
//! ```text
//! experiments.toml:12:9: `shots` is `0`, but must be a whole number from 1 to 10,000
//!    |
//! 12 | shots = 0
//!    |         ^
//! ```

use std::io::{IsTerminal as _, stderr};

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use unicode_width::UnicodeWidthStr as _;

use crate::config::{Excerpt, Problem, Problems, is_hidden, printable};

/// Columns where the terminal does not say how many it has.
const COLUMNS: usize = 80;

/// What stderr is shown, if it is a terminal.
pub fn on_terminal(problems: &Problems) -> Option<String> {
    if !stderr().is_terminal() {
        return None;
    }
    let variable = |name| std::env::var_os(name);
    let plain = variable("NO_COLOR").is_some() || variable("TERM").is_some_and(|term| term == "dumb");
    let size = rustix::termios::tcgetwinsize(stderr()).ok();
    let columns = size.map(|size| usize::from(size.ws_col)).filter(|columns| *columns > 0);
    let renderer = if plain { Renderer::plain() } else { Renderer::styled() };
    Some(shown(problems, columns.unwrap_or(COLUMNS), renderer))
}

fn shown(problems: &Problems, columns: usize, renderer: Renderer) -> String {
    // The lines are made to fit below, by the columns of a terminal and not by characters.
    let renderer = renderer.term_width(usize::MAX / 4);
    let mut text = String::new();
    for problem in &problems.list {
        let Problem { line, column, message, excerpt, .. } = problem;
        text += &printable(&format!("{}:{line}:{column}: {message}\n", problems.file_of(problem)));
        let gutter = line.to_string().len() + " | ".len();
        let (source, at) = fitting(excerpt, columns.saturating_sub(gutter));
        if source.is_empty() {
            continue;
        }
        let caret = AnnotationKind::Primary.span(at..at);
        let snippet = Snippet::source(source).line_start(*line).annotation(caret);
        text += &renderer.render(&[Group::with_level(Level::ERROR).element(snippet)]);
        text += "\n";
    }
    text
}

/// A line as a terminal may be shown it, in no more than so many columns around the place, and the byte of the
/// place in that.
fn fitting(excerpt: &Excerpt, columns: usize) -> (String, usize) {
    let visible = |c: char| match c {
        '\t' => "    ".to_owned(),
        c if is_hidden(c) => c.escape_default().to_string(),
        c => c.to_string(),
    };
    let (before, after) = excerpt.text.split_at(excerpt.at);
    let before: Vec<String> = before.chars().map(visible).collect();
    let after: Vec<String> = after.chars().map(visible).collect();
    let width = |pieces: &[String]| pieces.iter().map(|piece| piece.width()).sum::<usize>();
    if width(&before) + width(&after) < columns {
        let before = before.concat();
        let at = before.len();
        return (before + &after.concat(), at);
    }
    // The sign that something is left out takes a column, and so does a caret at the end.
    let room = columns.saturating_sub(3);
    let left = room.saturating_sub(width(&after)).max(room / 2);
    let shown = before.iter().rev().scan(0, |used, piece| {
        *used += piece.width();
        (*used <= left).then_some(())
    });
    let first = before.len() - shown.count();
    let right = room.saturating_sub(width(&before[first..]));
    let shown = after.iter().scan(0, |used, piece| {
        *used += piece.width();
        (*used <= right).then_some(())
    });
    let last = shown.count();
    let mut text = if first > 0 { "…".to_owned() } else { String::new() };
    text += &before[first..].concat();
    let at = text.len();
    text += &after[..last].concat();
    if last < after.len() {
        text.push('…');
    }
    (text, at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Finding, locate};
    use crate::experiments::parse;

    /// What a problem at the `@` of a text looks like in so many columns.
    fn show(text: &str, columns: usize) -> String {
        let at = text.find('@').unwrap_or(text.len());
        let list = locate(text, vec![Finding { at, message: "wrong".to_owned() }]);
        shown(&Problems { file: "x.toml".to_owned(), list }, columns, Renderer::plain())
    }

    /// The source line, which fits and has the caret under its `@`.
    fn pointed(text: &str, columns: usize) -> String {
        let shown = show(text, columns);
        let lines: Vec<&str> = shown.lines().collect();
        let at = lines.iter().position(|line| line.contains('^')).unwrap_or_else(|| panic!("{shown}"));
        let (source, caret) = (lines[at - 1], lines[at]);
        let place = source.find('@').unwrap_or_else(|| panic!("{shown}"));
        assert_eq!(
            source[..place].width(),
            caret[..caret.find('^').expect("found above")].width(),
            "{shown}"
        );
        assert!(source.width() <= columns, "{columns}\n{shown}");
        source.to_owned()
    }

    #[test]
    fn the_caret_is_under_the_place_and_the_line_is_as_it_was() {
        let text = "[[experiment]]\nname = \"A\"\nalgorithm = \"maml\"\ntask = { shots = 0 }\n";
        let expected = "x.toml:4:18: `shots` is `0`, but must be a whole number from 1 to 10,000, or [low, high] with low from 0\n  \
                        |\n4 | task = { shots = 0 }\n  |                  ^\n";
        let problems = parse("x", None, text).expect_err("a bad file");
        assert_eq!(shown(&problems, 80, Renderer::plain()), expected);
        let styled = shown(&problems, 80, Renderer::styled());
        assert!(styled.contains("\u{1b}[") && styled.starts_with(&expected[..70]), "{styled:?}");
    }

    #[test]
    fn tabs_wide_characters_and_hidden_ones_leave_the_caret_in_place() {
        for before in ["", "\t\t", "  \t ", "é", "😀日本", "a\u{301}\u{301}", "\u{7}\u{1b}]0;", "\u{feff}"]
        {
            let source = pointed(&format!("one\ntask = {before}@ = 1\nthree"), 80);
            assert!(source.ends_with("@ = 1"), "{source}");
        }
        let source = pointed("@ = 1 # \u{1b}[2J\u{202e}\u{200b}\r\n", 80);
        assert_eq!(source, "1 | @ = 1 # \\u{1b}[2J\\u{202e}\\u{200b}");
    }

    #[test]
    fn long_lines_are_cut_around_the_place() {
        for (piece, width) in [("x", 1), ("日", 2), ("\u{1b}", 6), ("\t", 4)] {
            for [before, after] in [[0, 400], [400, 0], [30, 30], [400, 400], [3, 400], [400, 3], [20, 4000]]
            {
                let text = format!("{}@{}", piece.repeat(before), piece.repeat(after));
                for columns in [12, 40, 79, 200] {
                    let source = pointed(&text, columns);
                    let is_cut = source.contains('…');
                    let whole = "1 | @".len() + width * (before + after);
                    assert_eq!(is_cut, whole >= columns, "{source}");
                    // Nearly all the room there is, but for white space at the start.
                    let is_full = !is_cut || source.contains("| ...");
                    assert!(is_full || columns - source.width() <= 14, "{columns}: {source}");
                }
                // In a window of no use it shows what it can.
                assert!([0, 1, 5].iter().all(|columns| show(&text, *columns).contains('^')));
            }
        }
    }

    #[test]
    fn a_place_at_the_end_of_a_line_or_of_the_file_has_its_caret_there() {
        let text = "a = ";
        assert_eq!(show(text, 80), "x.toml:1:5: wrong\n  |\n1 | a = \n  |     ^\n");
        assert!(show(&"x".repeat(300), 80).contains('^'));
        assert_eq!(show("", 80).lines().count(), 1, "there is no line to show");
    }
}
