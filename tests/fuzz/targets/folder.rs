//! Any files as a run's folder, under any name: what `watch` and `export` make of it. Of a run in doubt nothing is told
//! that came of it; what is told is what its checksums prove, or is said to be unverified; and nothing that is printed
//! about it can drive a terminal. The input is the folder's name, and the five files, each with its length before it.

#![no_main]

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use libfuzzer_sys::fuzz_target;
use metascope::config::{is_hidden, printable};
use metascope::eval::Average;
use metascope::results::{Results, text::Glyphs};
use metascope::study::{Event, Kind, Watcher};

const FILES: [&str; 5] =
    ["settings.toml", "metrics.jsonl", "resume.bin", "checkpoint.safetensors", "snapshots.bin"];

fuzz_target!(|bytes: &[u8]| {
    let mut rest = bytes;
    let mut part = || -> &[u8] {
        let Some((length, after)) = rest.split_first_chunk::<2>() else { return &[] };
        let (part, after) = after.split_at(after.len().min(usize::from(u16::from_le_bytes(*length))));
        rest = after;
        part
    };
    let root = tempfile::tempdir().expect("a folder");
    let name: Vec<u8> = part().iter().copied().filter(|byte| !b"/\0".contains(byte)).take(100).collect();
    let name = std::ffi::OsStr::from_bytes(if name.is_empty() { b"seed-0" } else { &name });
    let folder = root.path().join("study").join("maml").join(name);
    if fs::create_dir_all(&folder).is_err() {
        return;
    }
    for file in FILES {
        let contents = part();
        if !contents.is_empty() && fs::write(folder.join(file), contents).is_err() {
            return;
        }
    }
    look(root.path());
});

fn look(root: &Path) {
    let tame = |text: &str| {
        let printed = printable(text);
        assert!(!printed.chars().any(|c| is_hidden(c) && c != '\n'), "{printed:?}");
    };
    let (study, watcher) = match Watcher::open(&[root.to_owned()]) {
        Ok(opened) => opened,
        Err(error) => return tame(&format!("{error:#}")),
    };
    let told = watcher.read_all();
    let runs = watcher.runs();
    let mut results = Results::new(&study, &runs);
    for (run, events) in told.into_iter().enumerate() {
        let came = |event: &Event| matches!(event.kind, Kind::Evaluated { .. } | Kind::Finished { .. });
        if watcher.doubt(run).is_some() {
            assert!(!events.iter().any(came), "told in doubt: {events:?}");
        }
        for event in events {
            results.on_event(run, &event);
        }
    }
    tame(&results.loss_table(Average::Mean, Glyphs::detect(|_| None)).to_string());
    for (path, why) in watcher.passed_over() {
        tame(&format!("{}: {why}", path.display()));
    }
}
