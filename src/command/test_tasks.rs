//! `metascope tasks`: the frozen test tasks of a study for other programs, in the form that `eval --tasks` reads. Whoever
//! answers them can be held against what was trained here.

use std::io::Write as _;

use anyhow::Context;
use serde_json::json;

use super::inputs::study;
use super::outcome::{Exit, Misuse};
use crate::cli::TasksCommand;
use crate::config::{presentable, printable};
use crate::experiments::{Experiment, Study, Test};
use crate::study::write_out;
use crate::task::{TestTask, test_tasks};

/// Writes or prints them.
pub fn tasks(command: &TasksCommand) -> anyhow::Result<Exit> {
    let study = study(command.file.as_deref())?;
    let (test, tasks) = chosen(&study, command)?;
    let text = text(test, &tasks);
    let Some(out) = &command.out else {
        std::io::stdout().write_all(text.as_bytes())?;
        return Ok(Exit::Done);
    };
    write_out(out, text.as_bytes()).with_context(|| format!("{} could not be written", out.display()))?;
    let name = printable(&out.display().to_string());
    writeln!(std::io::stdout(), "{} tasks written to {name}", tasks.len())?;
    Ok(Exit::Done)
}

/// The test set that is meant, and its tasks.
fn chosen<'s>(study: &'s Study, command: &TasksCommand) -> anyhow::Result<(Test<'s>, Vec<TestTask>)> {
    let named = |experiment: &&Experiment| command.only.as_ref().is_none_or(|name| *name == experiment.name);
    let tested = |experiment: &'s Experiment| Some((experiment, experiment.test(command.test.as_deref())?));
    let mut sets = study.experiments.iter().filter(named).filter_map(tested);
    let Some((first, test)) = sets.next() else {
        return Err(Misuse(nothing_there(study, command)).into());
    };
    let tasks = test_tasks(test.task, test.evaluation);
    // Training may differ in settings that the test tasks do not know of.
    let is_other = |other: &Test<'_>| {
        (other.task, other.evaluation) != (test.task, test.evaluation)
            && test_tasks(other.task, other.evaluation) != tasks
    };
    match sets.find(|(_, other)| is_other(other)) {
        None => Ok((test, tasks)),
        Some((other, _)) => {
            let [first, other] = [first, other].map(|experiment| presentable(&experiment.name, 60));
            let text =
                format!("{first} and {other} are tested on different tasks: choose one with --only NAME");
            Err(Misuse(text).into())
        }
    }
}

/// Why there is no such test set.
fn nothing_there(study: &Study, command: &TasksCommand) -> String {
    let names = |mut names: Vec<&str>| {
        names.dedup();
        let names: Vec<_> = names.into_iter().map(|name| presentable(name, 60)).collect();
        if names.is_empty() { "none".to_owned() } else { names.join(", ") }
    };
    let experiments: Vec<_> = study.experiments.iter().map(|experiment| experiment.name.as_str()).collect();
    match (&command.only, &command.test) {
        (Some(only), _) if !experiments.contains(&only.as_str()) => {
            format!("there is no experiment {}; there are {}", presentable(only, 60), names(experiments))
        }
        (_, test) => {
            let tests = study.experiments.iter().flat_map(|experiment| &experiment.tests);
            let mut tests: Vec<_> = tests.map(|test| test.name.as_str()).collect();
            tests.sort_unstable();
            let asked = presentable(test.as_deref().unwrap_or_default(), 60);
            format!("there is no [[test]] called {asked}; there are {}", names(tests))
        }
    }
}

/// A task a line: its support points are in the order in which the points curve adds them, first those of the test and
/// then the further ones.
fn text(test: Test<'_>, tasks: &[TestTask]) -> String {
    let mut text = format!("{{\"test\":{},\"seed\":{},\"tasks\":[", json!(test.name), test.evaluation.seed);
    for (number, TestTask { support, further, query, .. }) in tasks.iter().enumerate() {
        text += if number == 0 { "\n" } else { ",\n" };
        let mut task = json!({
            "support_x": support.x,
            "support_y": support.y,
            "query_x": query.x,
            "query_y": query.y,
        });
        // What only the points curve has; `eval` adapts to what every system is tested with.
        if !further.x.is_empty() {
            (task["further_x"], task["further_y"]) = (json!(further.x), json!(further.y));
        }
        text += &task.to_string();
    }
    text + "\n]}\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::parse_tasks;
    use crate::experiments::parse;

    fn command(test: Option<&str>, only: Option<&str>) -> TasksCommand {
        TasksCommand { file: None, test: test.map(Into::into), only: only.map(Into::into), out: None }
    }

    #[test]
    fn what_is_written_is_what_networks_are_tested_on() {
        let file = r#"
            task.noise = 0.2
            evaluation = { test_tasks = 7, grid = 5 }
            experiment = [
                { name = "one", algorithm = "maml" },
                { name = "two", algorithm = "reptile", meta_batch = 3 },
            ]
            test = [{ name = "far", phase = [1.0, 2.0] }]
        "#;
        let study = parse("study", None, file).expect("valid");
        for name in [None, Some("far")] {
            let (test, tasks) = chosen(&study, &command(name, None)).expect("one set");
            let read = parse_tasks("tasks.json", text(test, &tasks).as_bytes()).expect("valid");
            let written: Vec<_> =
                tasks.iter().map(|task| (task.support.clone(), task.query.clone())).collect();
            assert_eq!(read, written, "to the bit");
            assert_eq!(tasks, test_tasks(test.task, test.evaluation));
        }
    }

    #[test]
    fn one_set_at_a_time() {
        let file = r#"
            experiment = [
                { name = "plain", algorithm = "maml" },
                { name = "noisy", algorithm = "maml", task = { noise = 0.1 } },
            ]
        "#;
        let study = parse("study", None, file).expect("valid");
        let refused = |test, only| chosen(&study, &command(test, only)).expect_err("refused").to_string();
        assert!(
            refused(None, None).contains("plain and noisy are tested on different tasks"),
            "{}",
            refused(None, None)
        );
        assert!(refused(None, Some("noise")).contains("there are plain, noisy"));
        assert!(refused(Some("far"), None).contains("no [[test]] called far; there are none"));
        assert!(chosen(&study, &command(None, Some("noisy"))).is_ok());
    }
}
