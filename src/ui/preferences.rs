//! What a person wants of every dashboard, from `config.toml` in the person's own folder: colours, mouse, frames, keys.

use std::{collections::BTreeMap, path::Path};

use toml::{Spanned, de::DeTable, de::DeValue};

use super::{
    commands::{keymap, reaches},
    key::Key,
    state::app::Keymap,
    style::{Ground, Theme},
};
use crate::config::{
    Domain, Problems, Report, Setting, Syntax, Table, Value, nearest, quote, read, readable,
};

/// The keys of the file.
const TOP: [&str; 4] = ["theme", "mouse", "fps", "keys"];
/// What the theme may be.
const THEMES: [&str; 3] = ["dark", "light", "auto"];
/// Frames a second, as `--fps` takes them.
const FRAMES: Domain = Domain::Count(1..=60);
/// What a key looks like.
const A_KEY: &str = "a letter or sign, Space, Enter, Esc, Tab, Shift-Tab, Backspace, Delete, Insert, Left, Right, Up, Down, \
                     Home, End, PgUp, PgDn, F1 to F12, or Ctrl-A to Ctrl-Z";

/// What a person wants; the command line and the environment win over it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Preferences {
    /// The ground.
    pub theme: Option<Ground>,
    /// Whether the mouse is the dashboard's from the start.
    pub mouse: bool,
    /// Most frames a second.
    pub fps: Option<u16>,
    /// Commands with other keys than they bring.
    pub keys: Vec<Rebound>,
}

/// Other keys for a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rebound {
    /// The context that it stands in.
    pub context: &'static str,
    /// The command.
    pub command: &'static str,
    /// Its keys; none takes them away.
    pub keys: Vec<Key>,
}

/// The keymap of somebody who has other keys for some commands.
pub fn own_keymap(own: &[Rebound]) -> Keymap {
    keymap().with(own.iter().map(|one| (one.context, one.command, one.keys.as_slice())))
}

/// Where a person has put a key: context, command, key, place in the file.
type Placed = (&'static str, &'static str, Key, usize);

impl Preferences {
    /// Reads the text of a file that is shown as `file`.
    ///
    /// # Errors
    /// All that is wrong with it, each with its place.
    pub fn read(file: &Path, text: &str) -> Result<Self, Problems> {
        let readable = readable(text);
        let Syntax { root, errors, shadows } = read(text, &readable);
        let mut report = Report::new(text, errors, shadows, |_, _| None);
        let mut top = Table::open("the top level of this file", TOP.to_vec(), &root, &mut report);
        let theme = top.word("theme", &THEMES).map(|word| match word {
            "dark" => Ground::Said(Theme::Dark),
            "light" => Ground::Said(Theme::Light),
            _ => Ground::Own,
        });
        let mouse = top.get("mouse").is_some_and(|value| {
            value.get_ref().as_bool().unwrap_or_else(|| {
                let _: Setting<()> = top.refuse("mouse", value, "true or false");
                false
            })
        });
        let fps = top.get("fps").map(|value| top.read_as("fps", &FRAMES, value));
        let keys = top.table("keys");
        let preferences = Self {
            theme: theme.given(),
            mouse,
            fps: match fps.and_then(Setting::given) {
                Some(Value::Count(frames)) => u16::try_from(frames).ok(),
                _ => None,
            },
            keys: keys.map_or(Vec::new(), |keys| read_keys(keys, &mut report)),
        };
        let list = report.finish();
        if list.is_empty() {
            Ok(preferences)
        } else {
            Err(Problems { file: file.display().to_string(), list })
        }
    }
}

/// `[keys]` and the tables in it.
fn read_keys(entries: &DeTable<'_>, report: &mut Report<'_>) -> Vec<Rebound> {
    let map = keymap();
    let contexts: Vec<&'static str> = map.tables().map(|table| table.name).collect();
    let names = |wanted: &[&'static str]| -> Vec<&'static str> {
        let lines = wanted.iter().flat_map(|context| map.lines(context));
        lines.filter(|line| !line.takes_letters()).map(|line| line.command.name).collect()
    };
    let (mut rebound, mut placed) = (Vec::new(), Vec::new());
    let mut take =
        |wanted: &[&'static str], title: &str, name: &Spanned<_>, value, report: &mut Report<'_>| {
            let (name, at): (&str, usize) = (AsRef::<str>::as_ref(name.get_ref()), name.span().start);
            let mut found = Vec::new();
            for &context in wanted {
                let line =
                    map.lines(context).iter().find(|line| line.command.name == name && !line.takes_letters());
                found.extend(line.map(|line| (context, line.command.name)));
            }
            if found.is_empty() {
                let guess = nearest(name, &names(wanted));
                let guess = guess.map_or(String::new(), |guess| format!("; did you mean `{guess}`?"));
                report.problem(at, format!("there is no command {} in {title}{guess}", quote(name)));
            }
            let keys = keys_of(name, value, report);
            for (context, command) in found {
                placed.extend(keys.iter().map(|(key, at)| (context, command, *key, *at)));
                let keys = keys.iter().map(|(key, _)| *key).collect();
                rebound.push(Rebound { context, command, keys });
            }
        };
    // What is said of one context goes before what is said of all.
    for (name, value) in entries.iter().filter(|(_, value)| !value.get_ref().is_table()) {
        take(&contexts, "[keys]", name, value, report);
    }
    for (name, value) in entries {
        let DeValue::Table(table) = value.get_ref() else { continue };
        let wanted: &str = name.get_ref();
        match contexts.iter().find(|context| **context == wanted) {
            Some(context) => {
                let title = format!("[keys.{context}]");
                table.iter().for_each(|(name, value)| take(&[context], &title, name, value, report));
            }
            None => {
                let guess = nearest(wanted, &contexts);
                let guess = guess.map_or(String::new(), |guess| format!("; did you mean `{guess}`?"));
                let message =
                    format!("there is no [keys.{}]{guess}; there are {}", quote(wanted), contexts.join(", "));
                report.problem(name.span().start, message);
            }
        }
    }
    find_conflicts(&rebound, &placed, report);
    rebound
}

/// One key or a list of them, each with its place.
fn keys_of(name: &str, value: &Spanned<DeValue<'_>>, report: &mut Report<'_>) -> Vec<(Key, usize)> {
    let items = match value.get_ref() {
        DeValue::String(_) => std::slice::from_ref(value),
        DeValue::Array(list) => list.iter().as_slice(),
        _ => {
            let message =
                format!("`{name}` is a key such as \"q\", or a list of keys; [] takes its keys away");
            report.problem(value.span().start, message);
            return Vec::new();
        }
    };
    let mut keys = Vec::new();
    for item in items {
        let at = item.span().start;
        match item.get_ref().as_str().map(|text| (text, Key::read(text))) {
            Some((_, Some(key))) => keys.push((key, at)),
            Some((text, None)) => report.problem(at, format!("{} is no key; a key is {A_KEY}", quote(text))),
            None => report.problem(at, format!("a key is a text in quotes: {A_KEY}")),
        }
    }
    keys
}

/// A key that a person gives must not mean two things where it is pressed, and Ctrl-C always ends the program.
fn find_conflicts(rebound: &[Rebound], placed: &[Placed], report: &mut Report<'_>) {
    let interrupt = Key::Ctrl('c');
    if let Some(taken) =
        rebound.iter().find(|one| one.command == "interrupt" && !one.keys.contains(&interrupt))
    {
        let at = placed.iter().find(|one| one.1 == taken.command).map_or(0, |one| one.3);
        report.problem(at, "`interrupt` keeps Ctrl-C".to_owned());
    }
    let map = own_keymap(rebound);
    let mut told: BTreeMap<usize, String> = BTreeMap::new();
    for contexts in reaches() {
        for &(context, command, key, at) in placed.iter().filter(|one| contexts.contains(&one.0)) {
            let lines =
                contexts.iter().flat_map(|other| map.lines(other).iter().map(move |line| (*other, line)));
            let clash = lines.filter(|(_, line)| line.keys.contains(&key)).find(|(other, line)| {
                (*other, line.command.name) != (context, command) && line.command.name != command
            });
            if let Some((other, line)) = clash {
                let name = line.command.name;
                told.entry(at).or_insert_with(|| {
                    format!("`{key}` is `{name}` in [keys.{other}] already; give that another key, or none: {name} = []")
                });
            }
        }
    }
    told.into_iter().for_each(|(at, message)| report.problem(at, message));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Preferences, Vec<String>> {
        let read = Preferences::read(Path::new("config.toml"), text);
        read.map_err(|problems| problems.to_string().lines().map(str::to_owned).collect())
    }

    #[test]
    fn what_is_said_is_taken() {
        assert_eq!(read(""), Ok(Preferences::default()));
        let said = read(
            "theme = \"light\"\nmouse = true\nfps = 3\n[keys]\nquit = [\"Q\", \"F10\"]\n[keys.play]\nundo = \"z\"\n",
        );
        let said = said.expect("a good file");
        assert_eq!((said.theme, said.mouse, said.fps), (Some(Ground::Said(Theme::Light)), true, Some(3)));
        let map = own_keymap(&said.keys);
        assert_eq!(map.label(&["everywhere"], "quit"), "Q");
        assert_eq!(map.label(&["play"], "undo"), "z");
        // A command that several views have gets the key in each, unless one of them says otherwise.
        let said = read("[keys]\nnext-seed = \"@\"\n[keys.play]\nnext-seed = \"&\"\n").expect("a good file");
        let map = own_keymap(&said.keys);
        assert_eq!(
            ["experiment", "inner", "play"].map(|view| map.label(&[view], "next-seed")),
            ["@", "@", "&"]
        );
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place_and_what_was_meant() {
        for (text, place, words) in [
            ("theem = \"light\"", "1:1", "did you mean `theme`?"),
            ("theme = \"ligth\"", "1:9", "did you mean \"light\"?"),
            ("mouse = 1", "1:9", "true or false"),
            ("fps = 0", "1:7", "from 1 to 60"),
            ("[keys]\nquti = \"Q\"", "2:1", "did you mean `quit`?"),
            ("[keys]\nquit = 7", "2:8", "a list of keys"),
            ("[keys]\nquit = [\"Q\", 7]", "2:14", "text in quotes"),
            ("[keys]\nquit = \"qq\"", "2:8", "`qq` is no key"),
            ("[keys.plya]\nundo = \"z\"", "1:7", "did you mean `play`?"),
            ("[keys.play]\nundoo = \"z\"", "2:1", "did you mean `undo`?"),
            ("[keys.play]\npause = \"z\"", "2:1", "there is no command `pause` in [keys.play]"),
            ("[keys]\ngo-to-view = \"z\"", "2:1", "there is no command"),
            // A key means one thing where it is pressed.
            ("[keys]\npause = \"x\"", "2:9", "`x` is `stop` in [keys.runs] already"),
            ("[keys]\nquit = \"Ctrl-C\"", "2:8", "`interrupt` in [keys.always]"),
            ("[keys.play]\nplace = \"q\"", "2:9", "`q` is `quit` in [keys.everywhere]"),
            ("[keys]\nquit = \"t\"", "2:8", "in [keys."),
            ("[keys]\npause = \"@\"\nstop = \"@\"", "2:9", "`@` is `stop`"),
            ("[keys]\ninterrupt = \"@\"", "2:13", "keeps Ctrl-C"),
            ("theme = \n", "1:9", ""),
        ] {
            let problems = read(text).expect_err(text);
            let found = problems
                .iter()
                .any(|line| line.starts_with(&format!("config.toml:{place}: ")) && line.contains(words));
            assert!(found, "{text}: {problems:#?}");
        }
        // Where the other one gives its key away there is no conflict.
        assert!(read("[keys]\npause = \"x\"\nstop = []").is_ok());
        assert!(read("[keys]\npause = \"x\"\nstop = \"p\"").is_ok());
    }
}
