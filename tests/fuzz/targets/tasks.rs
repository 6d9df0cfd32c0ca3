//! Any bytes as a tasks file: either points that can be computed with, or problems that are fit for a terminal.

#![no_main]

use libfuzzer_sys::fuzz_target;
use metascope::command::parse_tasks;

/// Longest line that is still a sentence and not the file.
const LONGEST: usize = 400;

fuzz_target!(|bytes: &[u8]| {
    match parse_tasks("tasks.json", bytes) {
        Ok(tasks) => {
            assert!(!tasks.is_empty());
            for points in tasks.iter().flat_map(|(support, query)| [support, query]) {
                assert!((1..=10_000).contains(&points.x.len()) && points.x.len() == points.y.len());
                assert!(points.x.iter().chain(&points.y).all(|number| number.is_finite()), "{points:?}");
            }
        }
        Err(problems) => {
            assert!(!problems.is_empty());
            for line in problems.split('\n') {
                assert!(line.starts_with("tasks.json:") && line.chars().count() < LONGEST, "{line}");
                assert!(!line.chars().any(char::is_control), "{line:?}");
            }
        }
    }
});
