//! Every command there is, by context: those of the views, those of the modes, those that belong to no single view.

use super::{
    everywhere,
    keymap::Table,
    modes::{help, letter, palette, prompt, question, search, tour},
    state::app::{App, Command, Keymap},
    views::VIEWS,
};

/// Every context, in the order in which the help and docs/keys.md list them.
fn tables() -> impl Iterator<Item = Table<App>> {
    let table = |(name, heading, commands)| Table { name, heading, commands };
    let first = [
        ("everywhere", "Everywhere", everywhere::EVERYWHERE),
        ("always", "Always, whatever is open", everywhere::ALWAYS),
        (
            "runs",
            "Runs: of the selected row on the Overview, the cell of a sweep, the seed in view of one experiment",
            everywhere::RUNS,
        ),
        ("curves", "Adaptation curves: Overview and views of one experiment", everywhere::CURVES),
        ("travel", "Time travel: adaptation curves, Inner and Why", everywhere::TRAVEL),
    ];
    let last = [
        ("tour", "On the guided tour, besides the keys of its views", tour::COMMANDS),
        ("help", "Help", help::COMMANDS),
        ("search", "While a word is typed that is searched for", search::COMMANDS),
        ("palette", "While a command is typed", palette::COMMANDS),
        ("prompt", "While a number is typed", prompt::COMMANDS),
        ("question", "While a question is open", question::COMMANDS),
        ("letter", "After `v`", letter::COMMANDS),
    ];
    let views = VIEWS.iter().map(|kind| (kind.name, kind.heading, kind.commands));
    first.into_iter().chain(views).chain(last).map(table)
}

/// The keys that the commands bring.
pub fn keymap() -> Keymap {
    Keymap::new(tables())
}

/// The contexts in which a key can be pressed, each with those whose keys it has too.
pub fn reaches() -> Vec<Vec<&'static str>> {
    let views = VIEWS.iter().map(|kind| kind.contexts());
    let modes = ["search", "palette", "prompt", "question", "letter"].map(|mode| vec![mode, "always"]);
    let over_views = ["tour", "help"].map(|mode| vec![mode, "everywhere", "always"]);
    views.chain(modes).chain(over_views).collect()
}

/// What a capital letter means, everywhere; docs/keys.md says it.
pub const CAPITALS: &str = "A capital letter is its small letter for everything (p: these runs, P: every run; d: a \
                            point, D: all points) or another matter, never the way back. What goes both ways has a \
                            pair of signs or of neighbours: ( and ), [ and ], h and l. Only g and G are first and \
                            last, as in less and vim.";

/// The list of docs/keys.md.
pub fn markdown() -> String {
    let keymap = keymap();
    let mut text = format!("{CAPITALS}\n\n");
    for table in keymap.tables() {
        text.push_str(&format!("**{}**\n\n| key | what it does | command |\n|---|---|---|\n", table.heading));
        for line in keymap.lines(table.name) {
            let keys: Vec<String> = line.keys.iter().map(|key| format!("`{key}`")).collect();
            let (keys, Command { name, help, .. }) = (keys.join(" "), line.command);
            text.push_str(&format!("| {keys} | {help} | `{name}` |\n"));
        }
        text.push('\n');
    }
    text
}

/// The contexts as `[keys.NAME]` has them.
pub fn contexts_as_markdown() -> String {
    let rows = tables().map(|table| format!("| `{}` | {} |\n", table.name, table.heading));
    format!("| context | where |\n|---|---|\n{}", rows.collect::<String>())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::ui::key::Key;

    #[test]
    fn every_record_can_be_used() {
        let (mut names, mut headings) = (HashSet::new(), HashSet::new());
        for table in tables() {
            assert!(names.insert(table.name) && headings.insert(table.heading), "{}", table.heading);
            let (mut known, mut taken) = (HashSet::new(), Vec::new());
            for command in table.commands {
                let name = command.name;
                assert!(known.insert(name), "{}: {name} stands there twice", table.name);
                assert!(name.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{name}");
                assert!(!command.help.is_empty());
                let keys = Key::read_all(command.keys);
                let written = command.keys.split_whitespace().count();
                assert!(
                    keys.len() == written || matches!(keys[..], [Key::Number]),
                    "{name}: {}",
                    command.keys
                );
                assert!(!keys.is_empty() && !keys.iter().any(|key| taken.contains(key)), "{name}");
                taken.extend(keys);
            }
        }
    }

    #[test]
    fn what_has_one_name_is_one_command() {
        // Contexts share commands under other keys.
        let views = VIEWS.iter().flat_map(|kind| kind.commands);
        let views: Vec<_> =
            views.chain(everywhere::CURVES).chain(everywhere::TRAVEL).chain(everywhere::RUNS).collect();
        for command in &views {
            for other in views.iter().filter(|other| other.name == command.name) {
                let facts = |command: &Command| (command.group, command.steers, command.is_key_only);
                assert_eq!(facts(command), facts(other), "{}", command.name);
            }
        }
    }
}
