//! The comparisons that scripts are given: one a test set, group and n of the loss table, and where there are points curves
//! one a K of theirs, as a line of JSON or as rows.

use serde::Serialize;

use super::compare::{Comparison, compare};
use super::difference::{Difference, Replicates, Standing};
use crate::eval::{Average, LossAxis};
use crate::results::outcome::{Outcome, test_names};
use crate::results::table::table_steps;

/// A comparison and where it belongs.
#[derive(Clone, Debug)]
pub struct TableComparison {
    /// The test set; `None` is the first.
    pub test: Option<String>,
    /// The group's number on this test set, from 1.
    pub group: usize,
    /// What losses are over.
    pub axis: LossAxis,
    /// Steps, or support points.
    pub n: usize,
    /// What it says.
    pub comparison: Comparison,
}

/// The comparisons of a study at the n of its loss tables, and then at the K, of means where no task blows up.
pub fn table_comparisons(outcomes: &[Outcome<'_>]) -> Vec<TableComparison> {
    let axes = [LossAxis::Steps, LossAxis::Points];
    axes.into_iter().flat_map(|axis| comparisons_along(outcomes, axis)).collect()
}

fn comparisons_along(outcomes: &[Outcome<'_>], axis: LossAxis) -> Vec<TableComparison> {
    let outcomes: Vec<Outcome<'_>> = outcomes.iter().map(|outcome| outcome.along(axis)).collect();
    let names = test_names(outcomes.iter().map(|outcome| outcome.settings));
    let mut found = Vec::new();
    for test in std::iter::once(None).chain(names.iter().map(Some)) {
        let name = test.map(String::as_str);
        let steps = outcomes.iter().filter_map(|outcome| outcome.last(name));
        let steps = table_steps(steps.max().unwrap_or(0));
        for (group, compared) in (1..).zip(compare(&outcomes, name, Average::Mean)) {
            let at = |n: &usize| {
                let comparison = compared.at(*n)?.clone();
                Some(TableComparison { test: test.cloned(), axis, group, n: *n, comparison })
            };
            found.extend(steps.iter().filter_map(at));
        }
    }
    found
}

/// The event of `--json`: one a group of systems tested on the same tasks and n, or K, of the loss table.
#[derive(Clone, Debug, Serialize)]
pub struct ComparisonEvent<'a> {
    event: &'static str,
    /// Absent for the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    test: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    n: Option<usize>,
    /// In the place of n, where losses are over support points.
    #[serde(skip_serializing_if = "Option::is_none")]
    k: Option<usize>,
    group: Vec<&'a str>,
    lowest: &'a str,
    over: &'static str,
    others: Vec<Other<'a>>,
}

#[derive(Clone, Debug, Serialize)]
struct Other<'a> {
    experiment: &'a str,
    /// Null where a seed of the two has no finite loss.
    difference: Option<f64>,
    /// All intervals of a group together hold at 95 %; null where one of the two has a single seed, or one without a
    /// finite loss.
    ci95: Option<[f64; 2]>,
    seeds: Replicates,
    verdict: Standing,
}

impl TableComparison {
    /// As an event; `outcomes` are those that it was made of.
    pub fn event<'a>(&'a self, outcomes: &'a [Outcome<'_>]) -> ComparisonEvent<'a> {
        let Comparison { group, lowest, over, others } = &self.comparison;
        let name = |index: usize| outcomes[index].settings.name.as_str();
        let others = others.iter().map(|against| {
            let Difference { mean, interval, seeds, standing } = against.difference;
            let experiment = name(against.experiment);
            Other { experiment, difference: mean, ci95: interval, seeds, verdict: standing }
        });
        ComparisonEvent {
            event: "comparison",
            test: self.test.as_deref(),
            n: (self.axis == LossAxis::Steps).then_some(self.n),
            k: (self.axis == LossAxis::Points).then_some(self.n),
            group: group.iter().map(|index| name(*index)).collect(),
            lowest: name(*lowest),
            over: over.name(),
            others: others.collect(),
        }
    }
}
