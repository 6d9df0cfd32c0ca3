//! Writes one resolved experiment back as a file, so that a run's folder says everything about the run.

use std::fmt::Write as _;

use super::Experiment;
use crate::config::Value;

/// How the settings file of a run begins, by which it is known.
pub const RECORDED: &str = "# What this run was made with:";

/// One experiment with one seed as an experiments file of its own, every setting explicit; reading it
/// gives the same experiment.
pub fn resolved_toml(experiment: &Experiment, seed: u64) -> String {
    let name = toml::Value::from(experiment.name.as_str());
    let algorithm = Value::Word(experiment.algorithm.name());
    let mut out = format!("[[experiment]]\nname = {name}\nalgorithm = {algorithm}\nseeds = [{seed}]\n");
    for (table, values) in experiment.tables() {
        if !table.is_empty() {
            let _ = writeln!(out, "\n[experiment.{table}]");
        }
        out.extend(values.written().map(|(key, value)| format!("{key} = {value}\n")));
    }
    out
}

/// The same, and what its training knows nothing of: the sweep that it is of, and what it is tested and compared
/// with beyond that, further test sets and published figures.
pub fn recorded_toml(experiment: &Experiment, seed: u64) -> String {
    let mut out = resolved_toml(experiment, seed);
    let text = |text: &str| toml::Value::from(text);
    if let Some(cell) = &experiment.cell {
        let axes: Vec<String> = cell.axes.iter().map(|axis| text(&axis.key).to_string()).collect();
        let _ =
            write!(out, "\n[experiment.cell]\nsweep = {}\naxes = [{}]\n", text(&cell.sweep), axes.join(", "));
    }
    for figure in &experiment.published {
        out += "\n[[experiment.published]]\n";
        let _ = writeln!(out, "source = {}", text(&figure.source));
        if let Some(test) = &figure.test {
            let _ = writeln!(out, "test = {}", text(test));
        }
        out.extend(figure.values().iter().map(|(key, value)| format!("{key} = {value}\n")));
    }
    for test in &experiment.tests {
        let _ = writeln!(out, "\n[[test]]\nname = {}", text(&test.name));
        let said = test.said(&experiment.task, &experiment.evaluation);
        out.extend(said.iter().map(|(key, value)| format!("{key} = {value}\n")));
    }
    out
}

/// Every setting of an experiment that its algorithm uses, but for its seeds, as (`task.shots`, `10`), those of its own
/// without a table's name.
pub fn settings(experiment: &Experiment) -> Vec<(String, String)> {
    let algorithm = Value::Word(experiment.algorithm.name()).to_string();
    let mut settings = vec![("algorithm".to_owned(), algorithm)];
    for (table, values) in experiment.tables() {
        let path = |key| if table.is_empty() { String::from(key) } else { format!("{table}.{key}") };
        let is_used = |key: &str| !table.is_empty() || experiment.algorithm.uses(key);
        let used = values.iter().filter(|(key, _)| is_used(key));
        settings.extend(used.map(|(key, value)| (path(key), value.to_string())));
    }
    for test in &experiment.tests {
        let said = test.said(&experiment.task, &experiment.evaluation);
        let said: Vec<_> = said.iter().map(|(key, value)| format!("{key} {value}")).collect();
        settings.push((format!("test \"{}\":", test.name), said.join(" ")));
    }
    if !experiment.published.is_empty() {
        let figures: Vec<_> = experiment.published.iter().map(|figure| figure.loss.to_string()).collect();
        settings.push(("published".to_owned(), figures.join(" ")));
    }
    settings
}
