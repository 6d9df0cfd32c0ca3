//! `metascope bench`: what a whole outer step costs, task sampling, gradients and Adam included, beside
//! what this core could do at best.

use std::io::Write;
use std::time::Instant;

use serde_json::{Map, json};

use super::outcome::Exit;
use crate::learner::{Algorithm, Budget, Trainer, Training};
use crate::model::kernels::fma_peak_gflops;
use crate::model::{Kernels, ModelSettings};
use crate::task::{TaskSettings, TrainTasks};

const META_BATCHES: [usize; 2] = [1, 25];
/// Measurements of each, of which the median and the minimum are told.
const REPEATS: usize = 400;
/// Tasks a measurement: a fraction of a millisecond, so that a neighbour's time slices fall into few of
/// them.
const TASKS: usize = 100;
/// Steps before the first measurement, for caches and branch predictors.
const WARM_UP_TASKS: usize = 2000;

/// Measures and prints.
pub fn bench(json: bool) -> anyhow::Result<Exit> {
    let kernels = Kernels::fastest();
    // The first measurement also brings the core up to its speed.
    fma_peak_gflops(kernels);
    let mut peaks = vec![fma_peak_gflops(kernels)];
    let mut rows = Vec::new();
    let model = ModelSettings::default();
    let task = TaskSettings { train_tasks: TrainTasks::Fresh, ..TaskSettings::default() };
    for meta_batch in META_BATCHES {
        for algorithm in Algorithm::ALL {
            for (name, training) in algorithm.bench() {
                let training = Training { budget: Budget::OuterSteps(1), meta_batch, ..training };
                let mut trainer = Trainer::new(&**algorithm, (&training, &task, &model), 0, kernels);
                let mut times = microseconds_per_task(&mut trainer, meta_batch)?;
                times.sort_by(f64::total_cmp);
                let kflop = algorithm.flop(&training, &model, task.shots.middle(), task.query) as f64 / 1e3;
                let keeps_a_tape = algorithm.tape(&training, &model, 1, 1) > 0;
                let tape =
                    if keeps_a_tape { Some(microseconds_of_tape(*algorithm, &training)?) } else { None };
                let tape = tape.map(|tape| tape / (times[0] * meta_batch as f64));
                rows.push((format!("{name} B={meta_batch}"), times[times.len() / 2], times[0], kflop, tape));
                peaks.push(fma_peak_gflops(kernels));
            }
        }
    }
    // The peak is measured beside every row: on a machine with neighbours it moves.
    peaks.sort_by(f64::total_cmp);
    let peak = peaks[peaks.len() / 2];
    let share = |microseconds: f64, kflop: f64| kflop / microseconds / peak;
    let mut out = std::io::stdout().lock();
    if json {
        let mut report = Map::new();
        report.insert("kernel".into(), json!(kernels.name()));
        report.insert("instructions".into(), json!(kernels.instructions()));
        report.insert("fma_peak_gflops".into(), json!(rounded(peak, 1)));
        for (name, median, least, kflop, tape) in rows {
            let mut row = json!({
                "median_us": rounded(median, 3),
                "min_us": rounded(least, 3),
                "peak_share": rounded(share(median, kflop), 4),
            });
            if let Some(tape) = tape {
                row["tape_share_at_most"] = json!(rounded(tape, 4));
            }
            report.insert(name, row);
        }
        writeln!(out, "{}", serde_json::Value::Object(report))?;
        return Ok(Exit::Done);
    }
    let (name, instructions) = (kernels.name(), kernels.instructions());
    writeln!(
        out,
        "kernel {name} by {instructions} instructions, f32 FMA peak of this core {peak:.1} GFLOP/s"
    )?;
    writeln!(out, "one task of an outer step, 1-40-40-1 relu, 10 support and 10 query points:")?;
    writeln!(out, "{:18} {:>10} {:>10} {:>14}", "", "median us", "min us", "share of peak")?;
    for (name, median, least, kflop, tape) in rows {
        let tape = tape.map_or_else(String::new, |tape| format!("   of it tape <= {:.0} %", 100.0 * tape));
        let share = 100.0 * share(median, kflop);
        writeln!(out, "{name:18} {median:>10.2} {least:>10.2} {share:>12.0} %{tape}")?;
    }
    writeln!(
        out,
        "Tape: a whole step of one task of one support and one query point, weights and Adam included, of this step."
    )?;
    writeln!(out, "Operations are counted as matrix products; above 100 %, most of these were not needed.")?;
    Ok(Exit::Done)
}

/// Microseconds of a step that has next to nothing to compute: one task of one support and one query point. What the
/// tape costs by itself is less.
fn microseconds_of_tape(algorithm: Algorithm, training: &Training) -> anyhow::Result<f64> {
    let task =
        TaskSettings { train_tasks: TrainTasks::Fresh, shots: 1.into(), query: 1, ..TaskSettings::default() };
    let training = Training { budget: Budget::OuterSteps(1), meta_batch: 1, ..training.clone() };
    let settings = (&training, &task, &ModelSettings::default());
    let mut trainer = Trainer::new(&*algorithm, settings, 0, Kernels::fastest());
    let times = microseconds_per_task(&mut trainer, 1)?;
    Ok(times.into_iter().fold(f64::INFINITY, f64::min))
}

/// Microseconds a task of each measurement.
fn microseconds_per_task(trainer: &mut Trainer, meta_batch: usize) -> anyhow::Result<Vec<f64>> {
    let steps = TASKS / meta_batch;
    for _ in 0..WARM_UP_TASKS / meta_batch {
        trainer.outer_step()?;
    }
    let mut times = Vec::with_capacity(REPEATS);
    for _ in 0..REPEATS {
        let start = Instant::now();
        for _ in 0..steps {
            trainer.outer_step()?;
        }
        times.push(start.elapsed().as_secs_f64() * 1e6 / (steps * meta_batch) as f64);
    }
    Ok(times)
}

/// `x` to so many decimals.
fn rounded(x: f64, decimals: i32) -> f64 {
    let scale = 10_f64.powi(decimals);
    (x * scale).round() / scale
}
