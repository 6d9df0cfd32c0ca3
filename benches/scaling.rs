//! Cost against floating-point operations: one setting of exact MAML at a time, from the default
//! experiment outwards, to see where time leaves the line; and workers, through the program itself.
//!
//! ```text
//! cargo bench --bench scaling                  everything, as Markdown tables
//! cargo bench --bench scaling -- width jobs    some of: depth width steps batch shots type
//!                                              learner jobs
//! ```

mod problem;

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use metascope::experiments::Experiment;
use metascope::learner::{Algorithm, Training};
use metascope::model::kernels::fma_peak_gflops;
use metascope::model::{Activation, Kernels, ModelSettings, Precision, WIDTHS};

/// Measurements of each row, of which the median and the minimum are told.
const REPEATS: usize = 200;
/// How long one measurement takes, unless a single step takes longer: shorter than a time slice, so that
/// a neighbour's fall into few of them.
const MEASUREMENT: Duration = Duration::from_micros(500);
/// The meta-batch of the tables in which it does not vary: large enough that Adam does not matter.
const META_BATCH: usize = 25;
/// Times the program is run with each number of workers.
const ROUNDS: usize = 3;

fn main() {
    // Cargo adds `--bench`.
    let wanted: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let wants = |name: &str| wanted.is_empty() || wanted.iter().any(|word| word == name);
    let base = problem::experiment(Algorithm(&metascope::learner::Maml), META_BATCH);
    // The first measurement also brings the core up to its speed.
    fma_peak_gflops(Kernels::fastest());
    println!("Kernels {}, load {}.", Kernels::fastest().name(), load());
    let model = base.model;
    let network = |name: String, model: ModelSettings| (name, problem::network(&base, model));
    if wants("depth") {
        let row = |layers: usize| network(layers.to_string(), ModelSettings { layers, ..model });
        table("hidden layers", [1, 2, 3, 4].map(row));
    }
    if wants("width") {
        let row = |hidden: usize| network(hidden.to_string(), ModelSettings { hidden, ..model });
        table("hidden width", WIDTHS.map(row));
    }
    if wants("steps") {
        let training = |inner_steps| Training { inner_steps, ..base.training.clone() };
        let row =
            |steps: usize| (steps.to_string(), Experiment { training: training(steps), ..base.clone() });
        table("inner steps", [1, 2, 3, 5, 10].map(row));
    }
    if wants("batch") {
        let training = |meta_batch| Training { meta_batch, ..base.training.clone() };
        let row =
            |tasks: usize| (tasks.to_string(), Experiment { training: training(tasks), ..base.clone() });
        table("meta-batch", [1, 2, 5, 10, 25, 50, 100, 200, 400].map(row));
    }
    if wants("shots") {
        let row = |shots: usize| {
            let mut experiment = base.clone();
            experiment.task.shots = shots.into();
            (shots.to_string(), experiment)
        };
        table("shots K", [5, 7, 10, 15, 20, 50, 100].map(row));
    }
    if wants("type") {
        let kinds = [
            (Activation::Relu, Precision::F32),
            (Activation::Tanh, Precision::F32),
            (Activation::Relu, Precision::F64),
            (Activation::Tanh, Precision::F64),
        ];
        table(
            "activation, precision",
            kinds.map(|(activation, precision)| {
                let name = format!("{} {}", activation.name(), precision.name());
                network(name, ModelSettings { activation, precision, ..model })
            }),
        );
    }
    if wants("learner") {
        let learners = || Algorithm::ALL.iter().filter(|algorithm| !algorithm.bench().is_empty());
        table(
            "learner, meta-batch",
            [1, META_BATCH].into_iter().flat_map(|meta_batch| {
                learners().map(move |algorithm| {
                    let name = format!("{}, {meta_batch}", algorithm.name());
                    (name, problem::experiment(*algorithm, meta_batch))
                })
            }),
        );
    }
    if wants("jobs") {
        jobs();
    }
}

/// Measures rows of (what varies, experiment) and prints them.
fn table(what: &str, rows: impl IntoIterator<Item = (String, Experiment)>) {
    println!("\n| {what} | kFLOP a task | us a task | at best | GFLOP/s | share of peak | at best |");
    println!("|---|--:|--:|--:|--:|--:|--:|");
    for (name, experiment) in rows {
        let (mut times, mut peaks) = measure(&experiment);
        times.sort_by(f64::total_cmp);
        peaks.sort_by(f64::total_cmp);
        let (median, least) = (times[times.len() / 2], times[0]);
        // Half as many f64 as f32 fit into a register.
        let lanes = if experiment.model.precision == Precision::F64 { 0.5 } else { 1.0 };
        let (peak, best_peak) = (peaks[peaks.len() / 2] * lanes, peaks[peaks.len() - 1] * lanes);
        let kflop = problem::task_flop(&experiment) as f64 / 1e3;
        let gflops = |microseconds: f64| kflop / microseconds;
        println!(
            "| {name} | {kflop:.1} | {median:.2} | {least:.2} | {:.1} | {:.0} % | {:.0} % |",
            gflops(median),
            100.0 * gflops(median) / peak,
            100.0 * gflops(least) / best_peak,
        );
    }
}

/// Microseconds a task of each measurement, and the f32 FMA peaks in GFLOP/s measured between them: on a
/// machine with neighbours both move.
fn measure(experiment: &Experiment) -> (Vec<f64>, Vec<f64>) {
    let mut trainer = experiment.trainer(0, Kernels::fastest());
    let mut run = |steps: usize| {
        let start = Instant::now();
        for _ in 0..steps {
            trainer.outer_step().expect("there is memory");
        }
        start.elapsed()
    };
    // The fastest of a few, as the first ones fill the caches.
    let once = (0..10).map(|_| run(3)).min().map_or(0.0, |three| three.as_secs_f64() / 3.0);
    let steps = ((MEASUREMENT.as_secs_f64() / once) as usize).max(1);
    let (mut times, mut peaks) = (Vec::new(), Vec::new());
    for repeat in 0..REPEATS {
        if repeat % 40 == 0 {
            peaks.push(fma_peak_gflops(Kernels::fastest()));
        }
        times.push(run(steps).as_secs_f64() * 1e6 / (steps * experiment.training.meta_batch) as f64);
    }
    (times, peaks)
}

/// The shipped experiments.toml on one worker and on two, in turn.
fn jobs() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/experiments.toml");
    let seconds = |jobs: &str| {
        let start = Instant::now();
        let status = Command::new(env!("CARGO_BIN_EXE_metascope"))
            .args(["run", file, "--no-save", "--json", "--jobs", jobs])
            .stdout(Stdio::null())
            .status();
        assert!(status.is_ok_and(|status| status.success()), "metascope run --jobs {jobs} failed");
        start.elapsed().as_secs_f64()
    };
    println!("\n| experiments.toml | --jobs 1, s | --jobs 2, s | one / two | load |");
    println!("|---|--:|--:|--:|--:|");
    let (mut ones, mut twos) = (Vec::new(), Vec::new());
    for round in 1..=ROUNDS {
        let (one, two) = (seconds("1"), seconds("2"));
        println!("| round {round} | {one:.2} | {two:.2} | {:.2} | {} |", one / two, load());
        ones.push(one);
        twos.push(two);
    }
    let least = |values: &[f64]| values.iter().copied().fold(f64::INFINITY, f64::min);
    let (one, two) = (least(&ones), least(&twos));
    println!("| at best | {one:.2} | {two:.2} | {:.2} | |", one / two);
}

/// What else the machine does: the mean number of running threads over the last minute, ours included.
fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().filter(|load| !load.is_empty()).unwrap_or("unknown").to_owned()
}
