//! Which key does which command where. The commands bring their keys; a person may have others. Footer, help and
//! docs/keys.md ask it, so that they cannot disagree with what a key does.

use crossterm::event::KeyEvent;

use super::{
    command::{Command, Run},
    key::Key,
};

/// The commands of a context: a view, a mode, or what several of them share.
pub struct Table<S: 'static> {
    /// Its name, as `[keys.NAME]` has it.
    pub name: &'static str,
    /// Its heading in the help and in docs/keys.md.
    pub heading: &'static str,
    /// Its commands, in the order in which the footer hints at them.
    pub commands: &'static [Command<S>],
}

/// A command and the keys that do it.
pub struct Line<S: 'static> {
    /// The command.
    pub command: &'static Command<S>,
    /// Its keys, the one that is shown first; none where a person has taken them away.
    pub keys: Vec<Key>,
}

impl<S> Line<S> {
    /// The key as the help writes it; empty where there is none.
    pub fn label(&self) -> String {
        self.keys.first().map(Key::to_string).unwrap_or_default()
    }

    /// Whether a whole group of keys does it, each with another letter.
    pub fn takes_letters(&self) -> bool {
        matches!(self.command.run, Run::Letter(_))
    }
}

/// Every context with its commands and their keys.
pub struct Keymap<S: 'static> {
    tables: Vec<(Table<S>, Vec<Line<S>>)>,
}

/// A hint of the footer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// The name of its command.
    pub command: &'static str,
    /// The keys, of all commands that share it.
    pub keys: String,
    /// What they do.
    pub words: &'static str,
}

impl<S> Keymap<S> {
    /// With the keys that the commands bring.
    pub fn new(tables: impl IntoIterator<Item = Table<S>>) -> Self {
        let line = |command: &'static Command<S>| Line { command, keys: Key::read_all(command.keys) };
        let with_lines = |table: Table<S>| {
            let lines = table.commands.iter().map(line).collect();
            (table, lines)
        };
        Self { tables: tables.into_iter().map(with_lines).collect() }
    }

    /// With these keys in place of those that the commands bring: context, command, keys.
    pub fn with<'k>(mut self, own: impl IntoIterator<Item = (&'k str, &'k str, &'k [Key])>) -> Self {
        for (context, command, keys) in own {
            let tables = self.tables.iter_mut().filter(|(table, _)| table.name == context);
            let mut lines = tables.flat_map(|(_, lines)| lines);
            if let Some(line) = lines.find(|line| line.command.name == command) {
                line.keys = keys.to_vec();
            }
        }
        self
    }

    /// Every context, in the order of the help.
    pub fn tables(&self) -> impl Iterator<Item = &Table<S>> {
        self.tables.iter().map(|(table, _)| table)
    }

    /// The commands of a context.
    pub fn lines(&self, context: &str) -> &[Line<S>] {
        self.tables.iter().find(|(table, _)| table.name == context).map_or(&[], |(_, lines)| lines)
    }

    /// What a key does in the first of these contexts where it does anything.
    pub fn command(&self, contexts: &[&str], key: &KeyEvent) -> Option<&'static Command<S>> {
        let lines = contexts.iter().flat_map(|context| self.lines(context));
        let mut fitting = lines.filter(|line| line.keys.iter().any(|own| own.fits(key)));
        fitting.next().map(|line| line.command)
    }

    /// The key that does a command, in one of these contexts or else anywhere, as sentences name it: `:stop all` where
    /// none does.
    pub fn label(&self, contexts: &[&str], name: &str) -> String {
        let here = contexts.iter().flat_map(|context| self.lines(context));
        let mut lines = here.chain(self.tables.iter().flat_map(|(_, lines)| lines));
        let label = lines.find(|line| line.command.name == name).map(Line::label);
        label.filter(|label| !label.is_empty()).unwrap_or_else(|| format!(":{}", name.replace('-', " ")))
    }

    /// The hints of these contexts, in order, of the commands that are offered.
    pub fn hints(&self, contexts: &[&str], is_offered: impl Fn(&Command<S>) -> bool) -> Vec<Hint> {
        let lines = contexts.iter().flat_map(|context| self.lines(context)).collect::<Vec<_>>();
        let groups = lines.chunk_by(|_, next| next.command.shares_hint);
        let hint = |group: &[&Line<S>]| {
            let Command { name, hint, .. } = group[0].command;
            let labels: Vec<String> =
                group.iter().map(|line| line.label()).filter(|l| !l.is_empty()).collect();
            let is_there = !hint.is_empty() && !labels.is_empty() && is_offered(group[0].command);
            is_there.then(|| Hint { command: name, keys: together(&labels), words: hint })
        };
        groups.filter_map(hint).collect()
    }
}

/// Keys that share a hint, in pairs.
fn together(labels: &[String]) -> String {
    const ARROWS: [&str; 4] = ["Left", "Right", "Up", "Down"];
    if labels.len() == 4 && labels.iter().all(|label| ARROWS.contains(&label.as_str())) {
        return "arrows".to_owned();
    }
    labels.chunks(2).map(|pair| pair.join("/")).collect::<Vec<_>>().join(" ")
}
