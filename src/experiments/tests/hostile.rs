//! No file, however strange, crashes the reader or keeps it busy.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::{MINIMAL, refused};
use crate::experiments::{parse, presets};

/// Reads a file that is no good; in no time that a person would notice.
fn survives(text: &str) -> String {
    let began = Instant::now();
    let shown = refused(text).to_string();
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    shown
}

#[test]
fn brackets_nested_ten_thousand_deep() {
    for (open, close) in [("[", "]"), ("{a=", "}"), ("[", ""), ("{a=", ""), ("[{a=", "}]")] {
        let text = format!("{MINIMAL}seeds = {}1{}", open.repeat(10_000), close.repeat(10_000));
        let shown = survives(&text);
        assert!(shown.contains("nested too deeply"), "{}", &shown[..shown.len().min(500)]);
    }
}

#[test]
fn chains_of_keys() {
    let chain = "a.".repeat(500_000);
    for text in [format!("{chain}a = 1"), format!("[{chain}a]"), format!("[[{chain}a]]\nb = 1")] {
        assert!(survives(&text).contains("1:1: this is nested too deeply"));
    }
    // The deepest tree that the parser builds: about 80 inline tables of about 80 keys each.
    let link = format!("{}a = {{\n", "a.".repeat(78));
    let deep = format!("{}{}", link.repeat(79), "}".repeat(79));
    assert!(survives(&deep).contains("unknown key"));
    survives(&format!("{deep}\n{deep}\n[a]\n[a]\n{deep}"));
    survives(&format!("{}b", link.repeat(79)));
}

#[test]
fn a_megabyte_of_anything() {
    const SIZE: usize = 1 << 20;
    for piece in [
        "]",
        "[",
        "{",
        "\"",
        "'",
        "\n",
        "=",
        ",",
        "a",
        "\u{0}",
        "\r",
        "a\n",
        "a=1\n",
        "é",
        "{},",
        "[[a]]\n",
        "[a]\n",
        "] ] ] ",
        "a=[\n",
        "\"\"\"\n",
        "[[experiment]]\n",
        "[[experiment]]\nx=1\n",
        "name=1\n",
        "a b\n",
    ] {
        survives(&piece.repeat(SIZE / piece.len()));
    }
    let list = |item: &str| format!("experiment=[{}]", item.repeat((SIZE - 20) / item.len()));
    survives(&list("{},"));
    survives(&list("1,"));
    survives(&list("{name=1},"));
    survives(&format!("{MINIMAL}seeds = [{}]", "-1,".repeat(9_999)));
    survives(&format!("{MINIMAL}seeds = [{}]", "1,".repeat(400_000)));
    survives(&(0..SIZE / 10).map(|i| format!("k{i:06}=0\n")).collect::<String>());
}

#[test]
fn a_file_beyond_the_limit_is_not_read() {
    assert_eq!(survives(&" ".repeat((1 << 20) + 1)).lines().count(), 1);
}

proptest! {
    #[test]
    fn any_text(text in "\\PC*") {
        let _ = parse("test", None, &text);
    }

    #[test]
    fn any_text_made_of_toml(pieces in prop::collection::vec(prop::sample::select(&[
        "[", "]", "[[", "]]", "{", "}", "=", ",", ".", "\"", "'", "\"\"\"", "'''", "\n", "\r\n", "\r", " ", "#", "\\",
        "é", "\u{feff}", "experiment", "task", "name", "seeds", "epochs", "\"maml\"", "1", "-1", "1e3", "nan", "true",
        "2020-01-01", "[[experiment]]\n", "[task]\n", "name = \"A\"\n", "algorithm = \"maml\"\n", "seeds = [1, 2]\n",
    ][..]), 0..60)) {
        let text = pieces.concat();
        if let Err(problems) = parse("test", None, &text) {
            prop_assert!(!problems.list.is_empty());
            let lines = text.split('\n').count();
            prop_assert!(problems.list.iter().all(|p| p.line >= 1 && p.line <= lines && p.column >= 1));
            prop_assert!(!problems.to_string().chars().any(|c| c.is_control() && c != '\n'));
            prop_assert_eq!(problems.to_string().lines().count(), problems.list.len());
        }
    }

    /// Something taken out of, or put into, the shipped file.
    #[test]
    fn a_damaged_file(at in 0..5_000usize, length in 0..40usize, insert in "[\\[\\]{}=\",.\n #a1-]{0,3}") {
        let mut text = presets()[0].text.to_owned();
        let at = at.min(text.len());
        let end = (at + length).min(text.len());
        if text.is_char_boundary(at) && text.is_char_boundary(end) {
            text.replace_range(at..end, &insert);
        }
        let _ = parse("test", None, &text);
    }
}
