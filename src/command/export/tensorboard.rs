//! The results as event files of TensorBoard, one folder a run: a record is a length, its bytes and a masked
//! checksum of either (TFRecord), and what is recorded is a protocol buffer, `Event`, of which a scalar needs
//! five fields.

use std::fs::create_dir_all;
use std::path::Path;

use anyhow::Context as _;
use crc::{CRC_32_ISCSI, Crc};

use crate::eval::{BANDS, Curve, LossAxis};
use crate::study::{Event, Kind, Run, run_folder, write_out};

/// What TensorBoard takes for events is named so; the same export again replaces it.
const FILE: &str = "events.out.tfevents.0.metascope";

/// CRC-32C.
const CHECKSUM: Crc<u32> = Crc::<u32>::new(&CRC_32_ISCSI);

/// The kind of a field of a protocol buffer, as its key has it.
const VARINT: u64 = 0;
const EIGHT_BYTES: u64 = 1;
const LENGTH: u64 = 2;
const FOUR_BYTES: u64 = 5;

/// Writes what these runs have told into a folder; how many of them had something to tell.
pub fn write<'a>(out: &Path, told: impl Iterator<Item = (&'a Run, &'a [Event])>) -> anyhow::Result<usize> {
    let mut written = 0;
    for (run, events) in told {
        let Some(bytes) = file(events) else { continue };
        let folder = run_folder(out, run);
        create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
        let path = folder.join(FILE);
        write_out(&path, &bytes).with_context(|| format!("{} could not be written", path.display()))?;
        written += 1;
    }
    Ok(written)
}

/// The event file of a run; `None` if there is nothing to show yet. Its times are seconds of training, since
/// the log has no others.
fn file(events: &[Event]) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    record(&mut bytes, &event(0.0, 0, &field(3, b"brain.Event:2")));
    let empty = bytes.len();
    let (mut seconds, mut reached) = (0.0, 0);
    for said in events {
        match &said.kind {
            Kind::Started { .. } => {
                bytes.truncate(empty);
                (seconds, reached) = (0.0, 0);
            }
            Kind::Progress { step, loss, steps_per_second, .. } => {
                let rate = if *steps_per_second > 0.0 { *steps_per_second } else { f64::INFINITY };
                seconds += step.saturating_sub(reached) as f64 / rate;
                reached = *step;
                scalars(&mut bytes, seconds, *step, &[("train/loss", *loss)]);
            }
            Kind::Evaluated { test, curve, .. } => evaluated(&mut bytes, seconds, test.as_deref(), curve),
            _ => {}
        }
    }
    (bytes.len() > empty).then_some(bytes)
}

/// An adaptation curve, over n, and a points curve, over K.
fn evaluated(bytes: &mut Vec<u8>, seconds: f64, test: Option<&str>, curve: &Curve) {
    let on = test.map_or(String::new(), |test| format!(" [{test}]"));
    for (axis, of) in [(LossAxis::Steps, "test"), (LossAxis::Points, "points")] {
        let Some(curve) = axis.of(curve) else { continue };
        for (i, n) in curve.steps.iter().enumerate().filter(|(i, _)| curve.is_answered(*i)) {
            let mut values = vec![
                ("loss".to_owned(), curve.mean[i]),
                ("median".to_owned(), curve.median[i]),
                ("nonfinite".to_owned(), curve.nonfinite[i]),
            ];
            if let Some(calibration) = &curve.calibration {
                values.push(("loglik".to_owned(), calibration.loglik[i]));
                let bands = BANDS.iter().zip(calibration.coverage.bands());
                values.extend(bands.map(|(band, shares)| (format!("coverage {band}"), shares[i])));
            }
            values.iter_mut().for_each(|(name, _)| *name = format!("{of}/{name}{on}"));
            scalars(bytes, seconds, *n as u64, &values);
        }
    }
}

/// Scalars at a step, in the single precision that TensorBoard has.
fn scalars(bytes: &mut Vec<u8>, seconds: f64, step: u64, values: &[(impl AsRef<str>, f64)]) {
    let mut summary = Vec::new();
    for (tag, value) in values {
        let mut scalar = field(1, tag.as_ref().as_bytes());
        key(&mut scalar, 2, FOUR_BYTES);
        scalar.extend((*value as f32).to_le_bytes());
        summary.extend(field(1, &scalar));
    }
    record(bytes, &event(seconds, step, &field(5, &summary)));
}

fn event(seconds: f64, step: u64, what: &[u8]) -> Vec<u8> {
    let mut event = Vec::new();
    key(&mut event, 1, EIGHT_BYTES);
    event.extend(seconds.to_le_bytes());
    key(&mut event, 2, VARINT);
    varint(&mut event, step);
    event.extend(what);
    event
}

/// A field that is text or a message.
fn field(number: u64, contents: &[u8]) -> Vec<u8> {
    let mut field = Vec::new();
    key(&mut field, number, LENGTH);
    varint(&mut field, contents.len() as u64);
    field.extend(contents);
    field
}

fn key(bytes: &mut Vec<u8>, number: u64, kind: u64) {
    varint(bytes, number << 3 | kind);
}

fn varint(bytes: &mut Vec<u8>, mut number: u64) {
    while number > 0x7f {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn record(bytes: &mut Vec<u8>, data: &[u8]) {
    let length = (data.len() as u64).to_le_bytes();
    for part in [&length, data] {
        bytes.extend(part);
        bytes.extend(masked(part).to_le_bytes());
    }
}

/// A checksum of bytes that may hold checksums.
fn masked(data: &[u8]) -> u32 {
    CHECKSUM.checksum(data).rotate_right(15).wrapping_add(0xa282_ead8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksum_and_numbers_are_the_standards() {
        // The check value of the catalogue of checksums, and the example of the encoding's documentation.
        assert_eq!(CHECKSUM.checksum(b"123456789"), 0xe306_9283);
        let mut bytes = Vec::new();
        varint(&mut bytes, 300);
        assert_eq!(bytes, [0xac, 0x02]);
        assert_eq!(file(&[]), None);
    }
}
