//! Shells, manual readers and editors are told what this program knows, from the same definitions: so what
//! they are told is given to them here, as far as they are installed, and held against the program.

use std::io::ErrorKind;
use std::process::{Command, Output};

use crate::program::Bench;

/// What a program prints that is given arguments in a folder; `None`, with a line, where it is not installed.
fn ask(bench: &Bench, program: &str, arguments: &[&str]) -> Option<Output> {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(bench.folder()).env("LC_ALL", "C.UTF-8").env("MANWIDTH", "100");
    match command.env("HOME", bench.folder()).output() {
        Ok(output) => Some(output),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            println!("skipped: {program} is not installed");
            None
        }
        Err(error) => panic!("{program}: {error}"),
    }
}

/// The commands as `--help` lists them.
fn commands(bench: &Bench) -> Vec<String> {
    let help = bench.run(&["--help"]).exits(0).stdout;
    let (_, list) = help.split_once("Commands:\n").expect("a list of commands");
    let lines = list.lines().take_while(|line| !line.trim().is_empty());
    lines.filter_map(|line| line.split_whitespace().next().map(str::to_owned)).collect()
}

#[test]
fn shells_complete_commands_options_and_presets() {
    let bench = Bench::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = bench.run(&["completions", shell]).exits(0).stdout;
        assert!(script.contains("metascope"), "{shell}: {script}");
        bench.write(&format!("completions.{shell}"), script);
    }
    bench.run(&["completions", "no-such-shell"]).exits(2);
    for (line, expected) in [
        ("metascope ", commands(&bench)),
        ("metascope run --no", vec!["--no-save".to_owned()]),
        ("metascope init --preset ca", vec!["cavia".to_owned()]),
    ] {
        let word = line.split(' ').next_back().unwrap_or_default();
        let before = line.split(' ').rev().nth(1).unwrap_or_default();
        let count = line.split(' ').count() - 1;
        // As bash calls it: the program, the word to complete, the one before it.
        let bash = format!(
            "source completions.bash; COMP_WORDS=({line}); COMP_CWORD={count}; \
             _metascope metascope '{word}' '{before}'; printf '%s\\n' \"${{COMPREPLY[@]}}\""
        );
        let fish = format!("source completions.fish; complete -C '{line}'");
        let asked = [
            ask(&bench, "bash", &["--norc", "-c", &bash]),
            ask(&bench, "fish", &["--no-config", "-c", &fish]),
        ];
        for output in asked.into_iter().flatten() {
            let offered = String::from_utf8_lossy(&output.stdout);
            let errors = String::from_utf8_lossy(&output.stderr);
            assert!(errors.is_empty(), "{line}: {errors}");
            let offered: Vec<_> = offered.lines().filter_map(|line| line.split('\t').next()).collect();
            for word in &expected {
                assert!(offered.contains(&word.as_str()), "{line}: no {word} in {offered:?}");
            }
        }
    }
    let zsh = "autoload -Uz compinit; compinit -u -D; source ./completions.zsh; print $_comps[metascope]; \
               whence -w _metascope";
    if let Some(output) = ask(&bench, "zsh", &["-f", "-c", zsh]) {
        let said = String::from_utf8_lossy(&output.stdout);
        assert_eq!(said.trim(), "_metascope\n_metascope: function", "{output:?}");
        assert!(output.stderr.is_empty(), "{output:?}");
    }
}

#[test]
fn the_manual_page_has_every_command_and_no_warning() {
    let bench = Bench::new();
    let page = bench.run(&["man"]).exits(0).stdout;
    bench.write("metascope.1", &page);
    for command in commands(&bench).iter().filter(|command| *command != "help") {
        assert!(page.contains(&format!("\n.SS \"metascope {command}\"\n")), "{command} in {page}");
    }
    let page_of_commands = include_str!("../docs/commands.md");
    for code in [0, 1, 2, 130] {
        let (_, row) =
            page_of_commands.split_once(&format!("\n| {code} | ")).expect("the table of exit codes");
        let meaning = row.split(" |").next().expect("a cell");
        assert!(
            page.contains(&format!("\\fB{code}\\fR\n{}\n", meaning.replace('-', "\\-"))),
            "{code}: {meaning}"
        );
    }
    let Some(output) = ask(&bench, "man", &["--warnings", "-E", "UTF-8", "-l", "metascope.1"]) else {
        return;
    };
    let (shown, warnings) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && warnings.is_empty(), "{warnings}");
    assert!(shown.contains("EXIT STATUS") && shown.contains("--no-save"), "{shown}");
}

/// The bytes that a terminal is sent by the program with these arguments.
#[cfg(target_os = "linux")]
fn on_a_terminal(bench: &Bench, arguments: &str, variables: &str) -> String {
    let command = format!("stty cols 60; {variables} {} {arguments}", crate::program::binary().display());
    let output = Command::new("script")
        .args(["-qefc", &command, "/dev/null"])
        .current_dir(bench.folder())
        .env("TERM", "xterm")
        .env_remove("NO_COLOR")
        .stdin(std::process::Stdio::null())
        .output()
        .expect("script of util-linux runs");
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    String::from_utf8_lossy(&output.stdout).replace("\r\n", "\n")
}

#[cfg(target_os = "linux")]
#[test]
fn a_terminal_is_shown_the_line_and_a_pipe_is_not() {
    let file = "[task]\nshots = 0 # \u{9b}2J\u{202e}\n\n[[experiment]]\nname = \"A\"\nalgorithm = \"maml\"\n";
    let bench = Bench::with("wrong.toml", file);
    let place = "wrong.toml:2:9: `shots` is `0`, but must be a whole number from 1 to 10,000, or [low, high] with low \
                 from 0\n";
    assert_eq!(bench.run(&["check", "wrong.toml"]).exits(2).stderr.matches('\n').count(), 1);
    for arguments in ["check wrong.toml", "run wrong.toml", "wrong.toml"] {
        let shown = on_a_terminal(&bench, arguments, "NO_COLOR=1");
        assert!(shown.contains(place), "{shown}");
        let line = "\n  |\n2 | shots = 0 # \\u{9b}2J\\u{202e}\n  |         ^\n";
        assert!(shown.contains(line) && !shown.contains(['\u{1b}', '\u{9b}', '\u{202e}']), "{shown:?}");
    }
    let coloured = on_a_terminal(&bench, "check wrong.toml", "");
    assert!(coloured.contains("\u{1b}[") && !coloured.contains(['\u{9b}', '\u{202e}']), "{coloured:?}");
}
