//! Which file leans on which, as the paths in their code tell it: a name that passes through a re-export
//! leads to the file that defines it, so a `mod.rs` that only hands names on is nobody's neighbour.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// A module by its path below the crate; the crate itself is empty.
type Module = Vec<String>;

/// The modules of a crate and the code of their files.
pub struct House(BTreeMap<Module, File>);

#[derive(Default)]
struct File {
    /// Modules that are files of their own below this one.
    children: BTreeSet<String>,
    /// What `use` lines bring in: name, path, and whether it is handed on.
    imports: Vec<(String, Vec<String>, bool)>,
    /// The code without its `use` lines.
    rest: String,
}

impl House {
    /// Of files by their path below `src`, comments and literals blanked, tests cut off.
    pub fn new(files: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut house = Self(BTreeMap::from([(Module::new(), File::default())]));
        for (path, code) in files {
            let module = module(&path);
            if let Some((name, parent)) = module.split_last() {
                house.0.entry(parent.to_vec()).or_default().children.insert(name.clone());
            }
            let file = house.0.entry(module).or_default();
            (file.imports, file.rest) = take_imports(&code);
        }
        house
    }

    /// The modules that each module of a room leans on, those of the room only.
    pub fn links(&self, room: &str) -> BTreeMap<String, BTreeSet<String>> {
        let is_inside = |module: &Module| module.first().is_some_and(|first| first == room);
        let inside = self.0.iter().filter(|(module, _)| is_inside(module));
        inside
            .map(|(module, file)| {
                let mut found = self.links_of(module, file);
                found.retain(|other| is_inside(other) && other != module);
                (module.join("::"), found.iter().map(|other| other.join("::")).collect())
            })
            .collect()
    }

    fn links_of(&self, module: &Module, file: &File) -> BTreeSet<Module> {
        let mut roots: BTreeSet<&str> = ["crate", "super", "self"].into();
        roots.extend(file.children.iter().map(String::as_str));
        let mut paths = Vec::new();
        for (name, path, handed_on) in &file.imports {
            if !handed_on || words(&file.rest).any(|(_, word)| word == name) {
                paths.push(path.clone());
            }
            roots.insert(name);
        }
        let starts = words(&file.rest).filter(|(at, word)| {
            let before = file.rest[..*at].chars().next_back();
            roots.contains(word) && before != Some(':') && file.rest[at + word.len()..].starts_with("::")
        });
        paths.extend(starts.flat_map(|(at, _)| tree(&file.rest[at..])).map(|(_, path)| path));
        paths.iter().filter_map(|path| self.home(module, path, 0)).collect()
    }

    /// The module whose file defines what a path names; `None` for a module, or what is not of this crate.
    fn home(&self, from: &Module, path: &[String], depth: usize) -> Option<Module> {
        // Names that lead to each other lead nowhere.
        if depth > 20 {
            return None;
        }
        let mut at = from.clone();
        for (place, part) in path.iter().enumerate() {
            let file = self.0.get(&at)?;
            let import = file.imports.iter().find(|(name, ..)| name == part);
            // A module and a function may share a name: only the module is led through.
            let is_last = place + 1 == path.len() && import.is_some();
            match part.as_str() {
                "crate" => at.clear(),
                "self" => {}
                "super" => {
                    at.pop()?;
                }
                child if file.children.contains(child) && !is_last => at.push(child.to_owned()),
                _ => {
                    return match import {
                        Some((_, known, _)) => {
                            self.home(&at, &[known.as_slice(), &path[place + 1..]].concat(), depth + 1)
                        }
                        // Of the file itself, unless nothing has led here: then it is a library's.
                        None => (place > 0).then_some(at),
                    };
                }
            }
        }
        None
    }
}

/// The shortest way from a module back to itself.
pub fn circle(links: &BTreeMap<String, BTreeSet<String>>) -> Option<Vec<String>> {
    let from = |start: &String| {
        let mut ways = VecDeque::from([vec![start.clone()]]);
        let mut seen = BTreeSet::new();
        while let Some(way) = ways.pop_front() {
            for next in links.get(&way[way.len() - 1]).into_iter().flatten() {
                let on = [way.as_slice(), std::slice::from_ref(next)].concat();
                if next == start {
                    return Some(on);
                }
                if seen.insert(next) {
                    ways.push_back(on);
                }
            }
        }
        None
    };
    links.keys().filter_map(from).min_by_key(Vec::len)
}

fn module(path: &str) -> Module {
    let path = path.trim_end_matches(".rs");
    let parts = path.split('/').filter(|part| !["mod", "lib"].contains(part));
    parts.map(str::to_owned).collect()
}

/// What the `use` lines of a file bring in, and the rest of its code without its `mod` lines.
fn take_imports(code: &str) -> (Vec<(String, Vec<String>, bool)>, String) {
    let (mut imports, mut rest) = (Vec::new(), String::new());
    // A group ends within its statement, so that braces are no ends.
    let mut from = 0;
    let starts =
        words(code).filter(|(at, word)| *word == "use" && !code[at + 3..].trim_start().starts_with('<'));
    for (at, _) in starts {
        let end = at + code[at..].find(';').unwrap_or(code.len() - at);
        let before = code[from..at].rsplit([';', '{', '}']).next().unwrap_or_default();
        let handed_on = words(before).any(|(_, word)| word == "pub");
        imports.extend(tree(&code[at + 3..end]).into_iter().map(|(name, path)| (name, path, handed_on)));
        rest.push_str(&code[from..at]);
        from = end;
    }
    rest.push_str(&code[from..]);
    let is_mod = |line: &&str| words(line).any(|(_, word)| word == "mod") && line.trim_end().ends_with(';');
    (imports, rest.lines().filter(|line| !is_mod(line)).map(|line| format!("{line}\n")).collect())
}

/// The words of some code, and where they begin.
fn words(code: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut from = 0;
    std::iter::from_fn(move || {
        let start = from + code[from..].find(is_word)?;
        from = code[start..].find(|c| !is_word(c)).map_or(code.len(), |length| start + length);
        Some((start, &code[start..from]))
    })
}

/// The paths that some code begins with, each with the name it is known under here: one, or those of a group.
fn tree(code: &str) -> Vec<(String, Vec<String>)> {
    let mut found = Vec::new();
    branch(&mut &*code, &[], &mut found);
    found
}

fn branch(rest: &mut &str, prefix: &[String], found: &mut Vec<(String, Vec<String>)>) {
    let take = |rest: &mut &str, token: &str| {
        *rest = rest.trim_start();
        let after = rest.strip_prefix(token);
        *rest = after.unwrap_or(rest);
        after.is_some()
    };
    let word = |rest: &mut &str| match words(rest).next() {
        Some((0, word)) => {
            let word = word.to_owned();
            *rest = &rest[word.len()..];
            word
        }
        _ => String::new(),
    };
    let mut path = prefix.to_vec();
    loop {
        if take(rest, "{") {
            while !take(rest, "}") && !rest.is_empty() {
                let before = rest.len();
                branch(rest, &path, found);
                if !take(rest, ",") && rest.len() == before {
                    return;
                }
            }
            return;
        }
        let part = if take(rest, "*") { "*".to_owned() } else { word(rest) };
        if !part.is_empty() && (part != "self" || path.is_empty()) {
            path.push(part);
        }
        if !take(rest, "::") {
            break;
        }
    }
    let alias = if take(rest, "as ") { word(&mut rest.trim_start()) } else { String::new() };
    if let Some(last) = path.last() {
        let name = if alias.is_empty() { last.clone() } else { alias };
        found.push((name, path));
    }
}
