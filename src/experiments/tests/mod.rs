//! What this room promises to a person with an experiments file, tested through its public functions.

mod bad_inputs;
mod good_inputs;
mod hostile;
mod json_schema;
mod round_trip;
mod sweeps;
mod syntax_errors;

use super::{Study, parse};
use crate::config::Problems;

/// An experiment that says only what it must.
const MINIMAL: &str = "[[experiment]]\nname = \"A\"\nalgorithm = \"maml\"\n";

fn read(text: &str) -> Study {
    let study = parse("test", None, text).unwrap_or_else(|problems| panic!("{text}\n{problems}"));
    json_schema::agrees(text, None);
    study
}

fn refused(text: &str) -> Problems {
    match parse("test", None, text) {
        Err(problems) => problems,
        Ok(study) => panic!("{text}\n{study:#?}"),
    }
}

/// A problem: line, column, and a part of the message.
type Expected = (usize, usize, &'static str);

/// A file with all of its problems.
type Bad = (&'static str, &'static [Expected]);

/// Asserts that a file has exactly these problems.
fn expect(text: &str, expected: &[(usize, usize, &str)]) {
    let problems = refused(text);
    json_schema::agrees(text, Some(&problems));
    let matches = problems.list.len() == expected.len()
        && problems.list.iter().zip(expected).all(|(problem, (line, column, part))| {
            (problem.line, problem.column) == (*line, *column) && problem.message.contains(part)
        });
    assert!(matches, "\n{text}\n--- got\n{problems}\n--- expected\n{expected:#?}");
}
