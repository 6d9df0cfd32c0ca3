//! Any text as an experiments file: either every setting is known and comes back from the settings file of a run, or
//! every problem has its place and is fit for a terminal.

#![no_main]

use libfuzzer_sys::fuzz_target;
use metascope::experiments::{Study, parse, parse_recorded, recorded_toml};

fuzz_target!(|text: &str| {
    match parse("fuzz", None, text) {
        Ok(Study { experiments, .. }) => {
            assert!(!experiments.is_empty());
            // Each costs a thread, so not all of a thousand.
            for mut experiment in experiments.into_iter().take(8) {
                experiment.seeds.truncate(1);
                let settings = recorded_toml(&experiment, experiment.seeds[0]);
                let again = parse_recorded("fuzz", None, &settings).unwrap_or_else(|e| panic!("{e}\n{settings}"));
                assert_eq!(again.experiments, [experiment]);
            }
        }
        Err(problems) => {
            let lines = text.split('\n').count();
            assert!(!problems.list.is_empty());
            assert!(problems.list.is_sorted_by_key(|problem| (problem.line, problem.column)));
            for problem in &problems.list {
                assert!((1..=lines).contains(&problem.line) && problem.column >= 1, "{problem:?}");
                assert!(!problem.message.chars().any(char::is_control), "{problem:?}");
            }
        }
    }
});
