//! What a study will take of the machine, before anything starts: an estimate from the settings alone, of the
//! memory at its worst moment and of all operations. It follows the buffers as they are allocated; the test
//! beside `memory_is_estimated_before_anything_starts` holds it against a process.

use std::path::Path;

use super::disk::trail::landmarks;
use super::plan::Run;
use crate::config::Value;
use crate::experiments::{Experiment, Test, resolved_toml};
use crate::learner::Cost;
use crate::model::{self, ModelSettings, Precision};
use crate::task::{EvaluationSettings, TrainTasks};

/// The program itself, with its threads.
const PROGRAM: f64 = 16e6;
/// What stays of a run after its end besides its curve: its entry, events, places of its snapshots.
const A_RUN: f64 = 3.3e3;
/// What a file or a folder is rounded up to on the disk: the block of ext4, xfs and btrfs.
const BLOCK: f64 = 4096.0;
/// Where a run came from, in bytes.
const PROVENANCE: f64 = 300.0;
/// A test task and a training task without their points.
const A_TASK: f64 = 200.0;

/// Values of a tape with the derivatives of some of them, in values: as measured of three networks.
const DERIVATIVES: f64 = 1.3;

/// What a study will take.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Needs {
    /// Bytes of memory at the worst moment.
    pub bytes: f64,
    /// Floating-point operations from beginning to end.
    pub flop: f64,
    /// Bytes that all run folders take up at the end, as `du` counts them.
    pub disk: f64,
}

impl Needs {
    /// The needs of these runs with so many workers.
    pub fn of(runs: &[Run], jobs: usize) -> Self {
        let (mut flop, mut kept, mut disk) = (0.0, 0.0, 0.0);
        let (mut at_work, mut tables, mut reading) = (Vec::new(), Vec::<&str>::new(), 0.0_f64);
        let mut last: Option<(&Run, [f64; 4])> = None;
        for run in runs {
            // Runs of one experiment need the same.
            let settings = &*run.settings;
            let needs @ [work, busy, stays, folder] = match last {
                Some((known, needs)) if known.experiment == run.experiment => needs,
                _ => [work(settings), busy(settings), stays(settings), folder(settings)],
            };
            if last.is_none_or(|(known, _)| known.experiment != run.experiment) {
                // The experiment's own folder.
                disk += BLOCK;
                if let Some(answers) = &settings.answers {
                    let [stays, at_reading] = answers.bytes();
                    kept += stays;
                    reading = reading.max(at_reading);
                }
                for table in settings.every_test().filter_map(|test| test.task.family.table()) {
                    let contents = table.contents();
                    if !tables.contains(&contents.sha256.as_str()) {
                        tables.push(&contents.sha256);
                        let file = contents.bytes.len() as f64;
                        // The file, and its points in order.
                        kept += file + 16.0 * contents.rows as f64;
                        disk += file;
                    }
                }
            }
            last = Some((run, needs));
            flop += work;
            kept += stays;
            disk += folder;
            at_work.push(busy);
        }
        // The largest may come together.
        at_work.sort_by(|one, other| other.total_cmp(one));
        let busy: f64 = at_work.iter().take(jobs.max(1)).sum();
        // Files are read one after another, before anything else.
        Self { bytes: PROGRAM + kept + busy.max(reading), flop, disk }
    }

    /// The needs of a meta-gradient over tasks of so many support and query points.
    pub fn of_gradient(model: &ModelSettings, points: &[(usize, usize)], steps: usize) -> Self {
        let (support, query) =
            points.iter().fold((0, 0), |(s, q), (support, query)| (s.max(*support), q.max(*query)));
        let given: usize = points.iter().map(|(support, query)| support + query).sum();
        let cost = Cost { support: steps, query: 1, hessian_products: steps };
        let flop = points.iter().map(|(support, query)| cost.flop(model, *support, *query) as f64).sum();
        Self {
            bytes: PROGRAM + 64.0 * given as f64 + machine(model, steps + 1, support, query),
            flop,
            disk: 0.0,
        }
    }
}

/// Bytes of a number that a network has.
fn number(model: &ModelSettings) -> f64 {
    match model.precision {
        Precision::F32 => 4.0,
        Precision::F64 => 8.0,
    }
}

/// The memory of a pass over so many points: three numbers a point and neuron.
fn trace(model: &ModelSettings, points: usize) -> f64 {
    let rows = points.next_multiple_of(8) as f64;
    number(model) * rows * (3 * model.layers * model.hidden.next_multiple_of(8)) as f64
}

/// Weights, the squares among them transposed.
fn weights(model: &ModelSettings) -> f64 {
    2.0 * number(model) * model.parameters() as f64
}

/// The engine with a trajectory of so many points.
fn machine(model: &ModelSettings, trajectory: usize, shots: usize, query: usize) -> f64 {
    trajectory.max(2) as f64 * (weights(model) + trace(model, shots))
        + trace(model, query)
        + trace(model, shots)
        + 8.0 * weights(model)
}

/// The memory of a run while it is trained and tested.
fn busy(settings: &Experiment) -> f64 {
    let Experiment { task, model, training, .. } = settings;
    // All of its test sets, as they are handed out together.
    let tests = settings.every_test().map(|Test { task, evaluation, .. }| {
        let tasks = evaluation.test_tasks as f64;
        tasks * (16.0 * (task.test_points(evaluation) + evaluation.grid) as f64 + A_TASK)
            + 8.0 * tasks * (evaluation.steps + 1 + points_of(evaluation)) as f64
            + machine(model, 2, task.test_points(evaluation), evaluation.grid)
    });
    let test: f64 = tests.sum();
    if !settings.algorithm.trains() {
        return test;
    }
    let cost = settings.algorithm.cost(training);
    // The gradient of a query loss needs every inner step.
    let (trajectory, query) = if cost.query > 0 { (cost.support + 1, task.query) } else { (2, 0) };
    let pool = match task.train_tasks {
        TrainTasks::Pool(tasks) => tasks as f64 * (2.0 * number(model) * task.shots.most as f64 + A_TASK),
        TrainTasks::Fresh => 0.0,
    };
    let batch = training.meta_batch as f64 * 2.0 * number(model) * (task.shots.most + query) as f64;
    let state = 8.0 * 8.0 * model::count(model, &settings.adaptation()) as f64;
    // What is kept of a meta-batch, and the derivatives that are on the way back.
    let tape = settings.algorithm.tape(training, model, task.shots.most, task.query) as f64;
    let tape = DERIVATIVES * number(model) * training.meta_batch as f64 * tape;
    pool + batch + state + machine(model, trajectory, task.shots.most, query) + tape + test
}

/// The memory of a run after its end.
fn stays(settings: &Experiment) -> f64 {
    let count = model::count(&settings.model, &settings.adaptation()) as f64;
    let points: usize =
        settings.every_test().map(|test| test.evaluation.steps + 1 + points_of(test.evaluation)).sum();
    // The curves as they were told, kept for the summary, and kept for the table.
    A_RUN + 8.0 * count + 3.0 * 40.0 * points as f64
}

/// Bytes that its folder takes up at its end. What follows from no format was counted in folders of runs: a line of
/// progress has 121 bytes, an n of a curve 62, and 50 more where a network says how sure it is; beside their numbers a log
/// has 300, a checkpoint 700, a state 500.
fn folder(settings: &Experiment) -> f64 {
    let count = model::count(&settings.model, &settings.adaptation()) as f64;
    let parameters = number(&settings.model) * count;
    let total = settings.total_steps();
    // As often as a run reports.
    let reports = (total / (total / 200).max(1)) as f64;
    let points: usize =
        settings.every_test().map(|test| test.evaluation.steps + 1 + points_of(test.evaluation)).sum();
    let says_so = settings.value("outer_loss") == Some(Value::Word("nll"));
    let a_point = if says_so { 112.0 } else { 62.0 };
    let files = [
        resolved_toml(settings, 0).len() as f64,
        300.0 + 121.0 * reports + a_point * points as f64,
        700.0 + parameters,
        500.0 + 3.0 * 8.0 * count,
        landmarks(total).len() as f64 * (parameters + 16.0),
        PROVENANCE,
    ];
    BLOCK + files.iter().map(|bytes| (bytes / BLOCK).ceil() * BLOCK).sum::<f64>()
}

/// Losses of a task for the points curve.
fn points_of(evaluation: &EvaluationSettings) -> usize {
    evaluation.points.map_or(0, |points| points + 1)
}

/// Operations of one run.
fn work(settings: &Experiment) -> f64 {
    let Experiment { task, model, training, .. } = settings;
    let step = if settings.algorithm.trains() {
        settings.algorithm.flop(training, model, task.shots.middle(), task.query) as f64
    } else {
        0.0
    };
    let trained = settings.adaptation().inner_steps as f64;
    let tests = settings.every_test().map(|Test { task, evaluation, .. }| {
        let descent =
            Cost { support: 1, query: 0, hessian_products: 0 }.flop(model, task.shots.most, 0) as f64;
        let look = Cost { support: 0, query: 1, hessian_products: 0 }.flop(model, 0, evaluation.grid) as f64;
        let steps = evaluation.steps as f64;
        // A forward pass is a third of a gradient.
        let points = points_of(evaluation) as f64;
        // Half of them on average, and each number anew.
        let of_points = 0.5 * points / task.shots.most as f64 * trained * descent + look / 3.0;
        evaluation.test_tasks as f64 * (steps * descent + (steps + 1.0) * look / 3.0 + points * of_points)
    });
    settings.total_steps() as f64 * training.meta_batch as f64 * step + tests.sum::<f64>()
}

/// The memory that this process can have: the machine's, or less where somebody has set a limit.
pub fn available() -> Option<f64> {
    let read = |path: &str| std::fs::read_to_string(path).ok();
    let of_machine = read("/proc/meminfo").and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
        line.trim().strip_suffix("kB")?.trim().parse::<f64>().ok().map(|kilobytes| kilobytes * 1024.0)
    });
    let of_group = read("/proc/self/cgroup").and_then(|text| of_groups(&text, Path::new("/sys/fs/cgroup")));
    let of_process =
        rustix::process::getrlimit(rustix::process::Resource::As).current.map(|most| most as f64);
    [of_machine, of_group, of_process].into_iter().flatten().reduce(f64::min)
}

/// The least that any control group leaves this process, as `/proc/self/cgroup` names them: its own and those above it,
/// of version 2 (one hierarchy) and of version 1 (one for memory). In a container a group's path may be one outside;
/// what it can see is then at the top.
fn of_groups(named: &str, mounted: &Path) -> Option<f64> {
    let limits = named.lines().flat_map(|line| {
        let (controllers, group) = line.split_once(':').and_then(|(_, rest)| rest.split_once(':'))?;
        let (below, file) = match controllers {
            "" => ("", "memory.max"),
            _ if controllers.split(',').any(|controller| controller == "memory") => {
                ("memory", "memory.limit_in_bytes")
            }
            _ => return None,
        };
        let top = mounted.join(below);
        let group = top.join(group.trim_start_matches('/'));
        let above = group.ancestors().take_while(|folder| folder.starts_with(&top));
        let limit = |folder: &Path| std::fs::read_to_string(folder.join(file)).ok()?.trim().parse().ok();
        above.filter_map(limit).reduce(f64::min)
    });
    limits.reduce(f64::min)
}

/// Bytes in words: `12 MiB`, `3.4 GiB`.
pub fn size(bytes: f64) -> String {
    let mib = bytes / f64::from(1 << 20);
    match mib {
        ..1_024.0 => format!("{:.0} MiB", mib.ceil()),
        ..1_048_576.0 => format!("{:.1} GiB", mib / 1_024.0),
        _ => format!("{:.1} TiB", mib / 1_048_576.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiments::parse;
    use crate::study::{Session, SessionOptions, plan};

    fn needs(settings: &str, jobs: usize) -> Needs {
        let text = format!("[[experiment]]\nname = \"A\"\nalgorithm = \"maml\"\n{settings}");
        Needs::of(&plan(&parse("x", None, &text).expect("a good file")), jobs)
    }

    #[test]
    fn it_grows_with_what_it_is_made_of() {
        let small = needs("", 1);
        assert!(small.bytes < 64e6, "{small:?}");
        let counted = 40_000.0 * 401_600.0;
        assert!(small.flop > counted * 5.0 && small.flop < 1.6 * counted * 5.0, "{small:?}");
        let pool = needs("task = { train_tasks = 1000000, shots = 20 }", 1);
        assert!(pool.bytes > 1e6 * 20.0 * 8.0, "{pool:?}");
        let model = "model = { hidden = 128, precision = \"f64\" }";
        let trajectory = needs(&format!("inner_steps = 1000\ntask = {{ shots = 600 }}\n{model}"), 1);
        assert!(trajectory.bytes > 1000.0 * 600.0 * 128.0 * 2.0 * 3.0 * 8.0, "{trajectory:?}");
        let tests = needs("evaluation = { test_tasks = 100000, grid = 150 }", 1);
        assert!(tests.bytes > 1e5 * 160.0 * 16.0, "{tests:?}");
        let two = needs("seeds = 2\nevaluation = { test_tasks = 100000 }", 2);
        assert!(
            two.bytes > 1.5 * needs("seeds = 2\nevaluation = { test_tasks = 100000 }", 1).bytes - PROGRAM
        );
        assert_eq!(two.bytes, needs("seeds = 2\nevaluation = { test_tasks = 100000 }", 64).bytes);
    }

    /// Against kilobytes of resident memory, as `time` told them of `run --jobs 1`.
    #[test]
    fn the_tape_of_networks_that_read_is_counted() {
        for (learner, meta_batch, taken) in
            [("cnp", 1200, 412_648.0), ("transformer", 150, 491_772.0), ("metafun", 150, 156_200.0)]
        {
            let text = format!(
                "[defaults]\nseeds = 1\nouter_steps = 4\nmeta_batch = {meta_batch}\n\
                 [task]\nshots = 100\nquery = 100\ntrain_tasks = \"fresh\"\n[model]\nhidden = 128\n\
                 [evaluation]\ntest_tasks = 10\nsteps = 1\n\
                 [[experiment]]\nname = \"A\"\nalgorithm = \"{learner}\"\n"
            );
            let said = Needs::of(&plan(&parse("x", None, &text).expect("a good file")), 1).bytes / 1024.0;
            assert!((said / taken - 1.0).abs() < 0.25, "{learner}: {said} said, {taken} taken");
        }
    }

    #[test]
    fn a_folder_takes_whole_blocks_of_the_disk() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let text = "[defaults]\nseeds = 3\nouter_steps = 30\n[task]\ntrain_tasks = 4\n[evaluation]\ntest_tasks = 2\n\
            steps = 5\n[[experiment]]\nname = \"A\"\nalgorithm = \"maml\"\nmodel = { hidden = 16 }\n\
            [[experiment]]\nname = \"B\"\nalgorithm = \"meta-sgd\"\nmodel = { precision = \"f64\" }\n";
        let runs = plan(&parse("x", None, text).expect("a good file"));
        let out = Some(folder.path().to_owned());
        let options = SessionOptions { jobs: 2, out, study: "x".to_owned(), ..SessionOptions::default() };
        let session = Session::start(runs.clone(), &options).expect("a writable folder");
        while !session.is_over() {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        drop(session);
        let (mut taken, mut folders) = (0.0, vec![folder.path().to_owned()]);
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("readable")) {
                let found = entry.metadata().expect("there");
                // Not by this disk's blocks, which may be others.
                taken +=
                    (found.len() as f64 / BLOCK).ceil().max(if found.is_dir() { 1.0 } else { 0.0 }) * BLOCK;
                folders.extend(found.is_dir().then(|| entry.path()));
            }
        }
        let said = Needs::of(&runs, 2).disk;
        assert!((said / taken - 1.0).abs() < 0.25, "{said} said, {taken} taken");
    }

    #[test]
    fn the_least_limit_of_the_groups_above_counts() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let limit = |file: &str, bytes: &str| {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            std::fs::write(path, bytes).expect("written");
        };
        let of = |named: &str| of_groups(named, folder.path());
        assert_eq!(of("0::/slurm/job_7/step_0\n"), None);
        limit("slurm/job_7/step_0/memory.max", "max\n");
        limit("slurm/job_7/memory.max", "2000000\n");
        limit("slurm/memory.max", "3000000\n");
        assert_eq!(of("0::/slurm/job_7/step_0\n"), Some(2e6), "the job's");
        assert_eq!(of("0::/slurm/job_8\n"), Some(3e6), "that of what is seen of it");
        assert_eq!(of("0::/\n"), None);
        limit("memory/memory.limit_in_bytes", "9223372036854771712\n");
        limit("memory/slurm/job_7/memory.limit_in_bytes", "1000000\n");
        let both = "4:cpu,cpuacct:/slurm\n3:memory:/slurm/job_7/step_0\n0::/slurm/job_7/step_0\n";
        assert_eq!(of(both), Some(1e6), "of either version");
        assert_eq!(of("3:memory:/docker/abc\n"), Some(9_223_372_036_854_771_712.0));
        assert_eq!(of("nonsense\n0\n"), None);
    }

    #[test]
    fn sizes_are_said_in_few_letters() {
        for (bytes, words) in [(1.0, "1 MiB"), (24e6, "23 MiB"), (3.6e9, "3.4 GiB"), (8e13, "72.8 TiB")] {
            assert_eq!(size(bytes), words);
        }
    }
}
