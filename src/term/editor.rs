//! The person's editor, opened at a line. Which one is `$VISUAL`, else `$EDITOR`, else `vi`, as every
//! program of a terminal has it.

use std::{env, ffi::OsString, path::Path, process::Command};

/// What opens `path` at a line (from 1; 0 for anywhere). The variable may hold arguments, so the shell
/// takes it apart, as git has it done.
pub fn editor(path: &Path, line: usize) -> Command {
    let named = |name: &str| env::var(name).ok().filter(|value| !value.trim().is_empty());
    let editor = named("VISUAL").or_else(|| named("EDITOR")).unwrap_or_else(|| "vi".to_owned());
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!("exec {editor} \"$@\"")).arg("sh").args(arguments(&editor, path, line));
    command
}

/// How this editor is told file and line; one that is not known gets the file alone.
fn arguments(editor: &str, path: &Path, line: usize) -> Vec<OsString> {
    let program = editor.split_whitespace().next().unwrap_or_default();
    let program = program.rsplit('/').next().unwrap_or_default();
    // A name that begins like an option (-x), or like a command of vi (+!x), is neither.
    let file = if path.is_absolute() { path.to_owned() } else { Path::new(".").join(path) }.into_os_string();
    let at_line = || {
        let mut place = file.clone();
        place.push(format!(":{line}"));
        place
    };
    match program {
        _ if line == 0 => vec![file],
        "vi" | "vim" | "nvim" | "view" | "nano" | "emacs" | "emacsclient" | "micro" | "kak" | "joe"
        | "ne" | "mg" | "jed" => vec![format!("+{line}").into(), file],
        "hx" | "helix" | "subl" | "zed" => vec![at_line()],
        "code" | "codium" => vec!["--goto".into(), at_line()],
        _ => vec![file],
    }
}

#[cfg(test)]
mod tests {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};

    use super::*;

    #[test]
    fn each_editor_is_told_in_its_own_way() {
        let told = |editor, line| arguments(editor, Path::new("a b.toml"), line).join(OsStr::new(" | "));
        assert_eq!(told("vim", 12), "+12 | ./a b.toml");
        assert_eq!(told("/usr/bin/nano -w", 12), "+12 | ./a b.toml");
        assert_eq!(told("code -w", 12), "--goto | ./a b.toml:12");
        assert_eq!(told("hx", 12), "./a b.toml:12");
        assert_eq!(told("ed", 12), "./a b.toml");
        assert_eq!(told("vim", 0), "./a b.toml");
        for name in ["-x.toml", "+!cmd.toml"] {
            assert_eq!(arguments("vi", Path::new(name), 0), [format!("./{name}").as_str()]);
        }
        assert_eq!(arguments("vi", Path::new("/at/x.toml"), 0), ["/at/x.toml"]);
        let other = OsStr::from_bytes(b"bad\xff.toml");
        assert_eq!(arguments("vi", Path::new(other), 0)[0].as_bytes(), b"./bad\xff.toml", "as it is");
    }
}
