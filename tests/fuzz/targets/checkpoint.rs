//! Any bytes as a checkpoint: either weights that come back from a file of their own to the bit, or one sentence that
//! is fit for a terminal.

#![no_main]

use libfuzzer_sys::fuzz_target;
use metascope::learner::checkpoint_from_bytes;
use metascope::model::Weights;
use serde_json::Value;

/// Longest line that is still a sentence and not the file.
const LONGEST: usize = 400;
/// More data than the seeds have.
const MOST_DATA: u64 = 1 << 16;

fuzz_target!(|bytes: &[u8]| {
    read(bytes);
    read(&framed(bytes));
});

fn read(bytes: &[u8]) {
    match checkpoint_from_bytes(bytes) {
        Ok(checkpoint) => {
            let weights = checkpoint.weights;
            let words = checkpoint.metadata.iter().filter(|(key, _)| *key != "activation");
            let words: Vec<(&str, String)> = words.map(|(key, word)| (key.as_str(), word.clone())).collect();
            assert_eq!(weights.values.len(), metascope::model::count(&weights.model, &weights.adaptation));
            let written = weights.to_bytes(&words);
            let again = checkpoint_from_bytes(&written).expect("what was written can be read").weights;
            let bits = |weights: &Weights| weights.values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(&again), bits(&weights));
            assert_eq!((again.model, &again.adaptation), (weights.model, &weights.adaptation));
        }
        Err(sentence) => {
            assert!((1..LONGEST).contains(&sentence.chars().count()), "{sentence}");
            assert!(!sentence.chars().any(char::is_control), "{sentence:?}");
        }
    }
}

/// The bytes up to the first zero as a header, with its length before it and as much data after it as it speaks of:
/// three numbers that chance does not bring together.
fn framed(bytes: &[u8]) -> Vec<u8> {
    let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    let (header, data) = bytes.split_at(end);
    let ends = |header: &Value| -> Option<u64> {
        header.as_object()?.values().filter_map(|tensor| tensor.get("data_offsets")?.get(1)?.as_u64()).max()
    };
    let size = serde_json::from_slice(header).ok().and_then(|header| ends(&header)).unwrap_or(0);
    let mut framed = (header.len() as u64).to_le_bytes().to_vec();
    framed.extend(header);
    framed.extend(data);
    framed.resize(8 + header.len() + size.min(MOST_DATA) as usize, 0);
    framed
}
