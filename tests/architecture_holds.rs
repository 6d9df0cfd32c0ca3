//! The house in src/lib.rs is a promise to whoever reads the code: a room knows only the rooms below
//! it, and only the kernels are unsafe. A compiler does not check that; this does. What clippy checks (nothing
//! that ships panics on purpose, nothing asks the C library for a sine) stands in `src/lib.rs`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every source file below `folder`, relative to the repository.
fn sources(folder: &str) -> Vec<PathBuf> {
    let (mut files, mut folders) = (Vec::new(), vec![root().join(folder)]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of the repository") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                // The fuzz targets are built beside their sources.
                if !path.ends_with("fuzz/target") {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path.strip_prefix(root()).expect("below the root").to_owned());
            }
        }
    }
    assert!(!files.is_empty(), "{folder} has no sources");
    files.sort();
    files
}

fn text(file: &Path) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// The source without comments and literals, a line a statement.
fn code(text: &str) -> String {
    fn write(tokens: TokenStream, code: &mut String) {
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => {
                    let follows_a_word = code.ends_with(|c: char| c.is_alphanumeric() || c == '_');
                    *code += if follows_a_word { " " } else { "" };
                    *code += &ident.to_string();
                }
                TokenTree::Punct(punct) => {
                    code.push(punct.as_char());
                    *code += if punct.as_char() == ';' { "\n" } else { "" };
                }
                TokenTree::Literal(_) => code.push(' '),
                TokenTree::Group(group) => {
                    let [open, close] = match group.delimiter() {
                        Delimiter::Brace => ["{\n", "}\n"],
                        Delimiter::Bracket => ["[", "]"],
                        Delimiter::Parenthesis => ["(", ")"],
                        Delimiter::None => ["", ""],
                    };
                    *code += open;
                    write(group.stream(), code);
                    *code += close;
                }
            }
        }
    }
    let mut code = String::new();
    write(text.parse().expect("Rust"), &mut code);
    code
}

/// The part of a file that ships: everything before its tests, which come last.
fn shipped(code: &str) -> &str {
    code.split("#[cfg(test)]mod tests").next().expect("split gives at least one part")
}

fn is_test(file: &Path) -> bool {
    file.components().any(|part| part.as_os_str() == "tests")
}

/// The room a file belongs to.
fn room(file: &Path) -> String {
    let inside = file.strip_prefix("src").expect("a source file");
    let first = inside.components().next().expect("not empty").as_os_str().to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

/// The rooms as src/lib.rs lists them, top floor first.
fn floors() -> Vec<String> {
    let map = text(Path::new("src/lib.rs"));
    let map = map.split("```text").nth(1).expect("lib.rs opens with the map");
    let lines = map.lines().take_while(|line| !line.contains("```"));
    let name = |line: &str| {
        let line = line.trim_start_matches("//!").trim();
        let name = line.split_whitespace().next()?;
        Some(name.trim_end_matches('/').trim_end_matches(".rs").to_owned())
    };
    lines.filter_map(name).collect()
}

/// The rooms named after `crate::`, in one path or in a group.
fn imports(code: &str) -> BTreeSet<String> {
    let name = |text: &str| -> String {
        text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
    };
    let mut rooms = BTreeSet::new();
    for after in code.split("crate::").skip(1) {
        let Some(group) = after.strip_prefix('{') else {
            rooms.insert(name(after));
            continue;
        };
        let (mut depth, mut from) = (0, 0);
        for (at, c) in group.char_indices() {
            match c {
                '{' => depth += 1,
                '}' if depth == 0 => {
                    rooms.insert(name(&group[from..at]));
                    break;
                }
                '}' => depth -= 1,
                ',' if depth == 0 => {
                    rooms.insert(name(&group[from..at]));
                    from = at + 1;
                }
                _ => {}
            }
        }
    }
    rooms.remove("");
    rooms
}

#[test]
fn the_map_names_every_room() {
    let mut listed = floors();
    let mut rooms: BTreeSet<String> = sources("src").iter().map(|file| room(file)).collect();
    rooms.remove("lib");
    assert_eq!(listed.first().map(String::as_str), Some("main"));
    listed.sort();
    assert_eq!(listed, rooms.into_iter().collect::<Vec<_>>(), "the map in src/lib.rs and src/");
}

#[test]
fn a_room_imports_only_from_rooms_below_it() {
    let floors = floors();
    let mut wrong = Vec::new();
    let mut seen = 0;
    for file in sources("src") {
        let room = room(&file);
        if room == "lib" {
            continue;
        }
        let floor = floors.iter().position(|other| *other == room).expect("on the map");
        for import in imports(&code(&text(&file))) {
            seen += 1;
            match floors.iter().position(|other| *other == import) {
                Some(other) if other >= floor => {}
                Some(_) => wrong.push(format!("{}: {room} looks up to {import}", file.display())),
                None => wrong.push(format!("{}: crate::{import} is no room", file.display())),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen > 50, "only {seen} imports were found: does the search still work?");
}

#[test]
fn no_files_of_a_room_lean_on_each_other_in_a_circle() {
    let files = sources("src").into_iter().filter(|file| !is_test(file) && !file.ends_with("main.rs"));
    let house = crate::house::House::new(files.map(|file| {
        let path = file.strip_prefix("src").expect("a source file").display().to_string();
        (path, shipped(&code(&text(&file))).to_owned())
    }));
    for room in floors() {
        let links = house.links(&room);
        if let Some(circle) = crate::house::circle(&links) {
            panic!("{room} goes round in a circle: {}", circle.join(" -> "));
        }
    }
    // What is found where it is known to be.
    let links = house.links("study");
    assert!(links["study::pool::session"].contains("study::pool::shared"), "{links:#?}");
    assert!(links["study::disk::watch"].contains("study::event"), "{links:#?}");
}

#[test]
fn a_circle_is_found_through_re_exports_and_through_paths_in_code() {
    let circle = |files: &[(&str, &str)]| {
        let files = files.iter().map(|(path, code)| ((*path).to_owned(), (*code).to_owned()));
        crate::house::circle(&crate::house::House::new(files).links("room")).map(|circle| circle.join(" "))
    };
    let (lib, door) = (
        ("lib.rs", "pub mod room;"),
        ("room/mod.rs", "mod a; mod b;\npub use a::A;\npub(crate) use b::{B, b};\n"),
    );
    for (a, b) in [
        ("use super::B;", "use crate::room::A;"),
        ("use super::b::{self, B};", "use super::{A as Other};"),
        ("use super::b; fn a() { b::b() }", "fn b() { crate::room::a::A::new() }"),
        ("fn a() { super::b() }", "fn b() { super::super::room::A }"),
        ("use crate::{other, room::{self}}; fn a() { room::B }", "use super::a::*;"),
    ] {
        let files = [lib, door, ("room/a.rs", a), ("room/b.rs", b)];
        assert_eq!(circle(&files).as_deref(), Some("room::a room::b room::a"), "{a} {b}");
    }
    for (a, b) in [
        ("use super::B;", "use crate::other::A; use std::b; fn b() -> impl Sized + use<> { a::A }"),
        ("use super::{b, B};", "use super::b::Own; fn b() { self.a }"),
        ("fn a(b: B) { b.b() }", "use super::A;"),
    ] {
        let files = [lib, door, ("room/a.rs", a), ("room/b.rs", b)];
        assert_eq!(circle(&files), None, "{a} {b}");
    }
    // A door that does more than hand on is on the way.
    let busy = ("room/mod.rs", "mod a;\npub use a::A;\npub fn b() -> A { A }");
    assert_eq!(circle(&[lib, busy, ("room/a.rs", "use super::b;")]).as_deref(), Some("room room::a room"));
}

/// The manifest denies unsafe code to the crate and its tests; only the kernels allow themselves what is denied.
#[test]
fn only_the_kernels_are_unsafe() {
    const LINT: &str = concat!("unsafe", "_code");
    assert!(text(Path::new("Cargo.toml")).contains(&format!("{LINT} = \"deny\"")));
    let names_it = |file: &PathBuf| text(file).contains(LINT);
    let allowed: Vec<PathBuf> =
        [sources("src"), sources("tests")].concat().into_iter().filter(names_it).collect();
    assert_eq!(allowed, [Path::new("src/model/kernels/mod.rs")]);
}

#[test]
fn every_file_opens_with_why_it_exists() {
    for file in [sources("src"), sources("tests")].concat() {
        let text = text(&file);
        let first = text.lines().next().unwrap_or_default();
        assert!(first.starts_with("//! ") && first.len() > 20, "{}: {first}", file.display());
    }
}

#[test]
fn the_scanner_sees_code_and_nothing_else() {
    let source =
        "use a /* crate::b */ as c; // crate::d\n fn e<'e>() { \"crate::f\"; r#\"crate::\"g\"# } mod h;";
    assert_eq!(code(source), "use a as c;\nfn e<'e>(){\n ;\n }\nmod h;\n");
    let source = "use crate::{config::{A, B}, task, term::{self, Host}}; fn a() { crate::eval::x(); $crate::model::y }";
    let rooms = imports(&code(source));
    assert_eq!(rooms.into_iter().collect::<Vec<_>>(), ["config", "eval", "model", "task", "term"]);
}
