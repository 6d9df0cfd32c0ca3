//! Any bytes as the two files that a run goes on from. As a log, which grows while it is read: the same events however
//! it is cut into pieces, each of which comes back from its own line. As a resume file with the checksum put right: a
//! state that comes back to the bit and that a trainer can go on from, or a refusal fit for a terminal.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use metascope::experiments::{Experiment, parse};
use metascope::model::Kernels;
use metascope::study::{Event, Kind, LogReader, Resume, Unusable};
use sha2::{Digest, Sha256};

/// Longest line that is still a sentence and not the file.
const LONGEST: usize = 400;

/// The settings of the seeds' first experiment.
static SETTINGS: LazyLock<Experiment> = LazyLock::new(|| {
    parse("seeds", None, include_str!("../seeds.toml")).expect("a good file").experiments.remove(0)
});

fuzz_target!(|bytes: &[u8]| {
    read_log(bytes);
    read_resume(bytes);
});

fn read_log(bytes: &[u8]) {
    let lines = |events: &[Event]| events.iter().map(Event::to_json).collect::<Vec<_>>();
    let whole = LogReader::default().take(bytes, &SETTINGS);
    let (mut reader, mut pieces, mut rest) = (LogReader::default(), Vec::new(), bytes);
    while let Some(&first) = rest.first() {
        let (piece, after) = rest.split_at(rest.len().min(1 + usize::from(first)));
        pieces.extend(reader.take(piece, &SETTINGS));
        rest = after;
    }
    assert_eq!(lines(&pieces), lines(&whole));
    for event in whole {
        let again = LogReader::default().take((event.to_json() + "\n").as_bytes(), &SETTINGS);
        assert_eq!(lines(&again), [event.to_json()]);
        if let Kind::Evaluated { test, curve, .. } = event.kind {
            let test = SETTINGS.test(test.as_deref()).expect("of others nothing is told");
            let lengths = [&curve.mean, &curve.median, &curve.ci95, &curve.nonfinite].map(Vec::len);
            assert_eq!(lengths, [test.evaluation.steps + 1; 4]);
        }
    }
}

fn read_resume(bytes: &[u8]) {
    let body = bytes.split_last_chunk::<32>().map_or(bytes, |(body, _)| body);
    let bytes = [body, &Sha256::digest(body)].concat();
    match Resume::from_bytes(&bytes, &SETTINGS) {
        Ok(resume) => {
            let written = resume.to_bytes();
            let again = Resume::from_bytes(&written, &SETTINGS).expect("what was written can be read");
            assert_eq!(again.to_bytes(), written);
            let mut trainer = SETTINGS.trainer(0, Kernels::fastest());
            trainer.restore(&resume.state);
            // Whatever the numbers are, a step may find them useless, but not crash on them.
            let _ = trainer.outer_step();
        }
        Err(Unusable::Newer(format)) => {
            assert!(format.chars().count() < LONGEST && !format.chars().any(char::is_control), "{format:?}");
        }
        Err(Unusable::Damaged | Unusable::Foreign) => {}
    }
}
