//! Which commit a release was built from, for what it writes beside its results. Builds for development do not
//! say: it would have every commit build everything anew. Who builds outside a repository says METASCOPE_COMMIT.

use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=METASCOPE_COMMIT");
    if let Ok(commit) = std::env::var("METASCOPE_COMMIT") {
        // Empty: it is not to say any.
        if !commit.is_empty() {
            println!("cargo::rustc-env=METASCOPE_COMMIT={commit}");
        }
        return;
    }
    if std::env::var("PROFILE").is_ok_and(|profile| profile == "release")
        && let Some(commit) = commit()
    {
        println!("cargo::rustc-env=METASCOPE_COMMIT={commit}");
        println!("cargo::rerun-if-changed=.git/logs/HEAD");
        println!("cargo::rerun-if-changed=src");
    }
}

/// The commit, with a `+` where something of it was changed; `None` outside a repository, or without git.
fn commit() -> Option<String> {
    // Of this package's own repository, and not of one that it happens to lie in.
    std::path::Path::new(".git").exists().then_some(())?;
    let git = |words: &[&str]| {
        let output = Command::new("git").args(words).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let commit = git(&["rev-parse", "--short=12", "HEAD"])?;
    let changed = git(&["status", "--porcelain", "--untracked-files=no"])?;
    Some(if changed.is_empty() { commit } else { format!("{commit}+") })
}
