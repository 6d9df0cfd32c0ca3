//! Which systems were tested on the same tasks.

use std::collections::HashMap;

use crate::results::outcome::Outcome;

/// Systems that were tested on the same frozen tasks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Their places among the outcomes.
    pub members: Vec<usize>,
    /// In what its tasks differ from those of the other groups; empty where there is no other.
    pub title: String,
}

/// The groups of these systems on a test set, in the order of their first members; who was not tested on it is in
/// none.
pub fn groups(outcomes: &[Outcome<'_>], test: Option<&str>) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut tasks: Vec<Vec<(&str, String)>> = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    for (index, outcome) in outcomes.iter().enumerate() {
        let Some(settings) = outcome.tasks(test) else { continue };
        let settings: Vec<(&str, String)> =
            settings.into_iter().map(|(name, value)| (name, value.in_short())).collect();
        let key: String = settings.iter().map(|(name, value)| format!("{name} {value}\n")).collect();
        let at = *known.entry(key).or_insert_with(|| {
            groups.push(Group { members: Vec::new(), title: String::new() });
            tasks.push(settings);
            groups.len() - 1
        });
        groups[at].members.push(index);
    }
    if groups.len() > 1 {
        // What all groups have is said by none.
        let mut counts: HashMap<(&str, &str), usize> = HashMap::new();
        for (name, value) in tasks.iter().flatten() {
            *counts.entry((name, value)).or_default() += 1;
        }
        for (group, settings) in groups.iter_mut().zip(&tasks) {
            let own = settings.iter().filter(|(name, value)| counts[&(*name, value.as_str())] < tasks.len());
            let own: Vec<String> = own.map(|(name, value)| format!("{name} {value}")).collect();
            group.title = own.join(", ");
        }
    }
    groups
}
