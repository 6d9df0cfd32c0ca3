//! `metascope analyse`: the first steps of a checkpoint taken apart, for other programs. The names of the quantities are
//! a contract: docs/commands.md lists them.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde_json::{Map, Value, json};

use super::inputs::{adapt_at, checkpoint};
use super::outcome::{Exit, Misuse};
use super::tasks::{ReadTask, read_waves};
use crate::analysis::{
    self, Activity, Adaptive, Alone, Contributions, GRID, Kernel, MetaGradients, Plane, Rates, Ring, Slice,
    Steps, Task,
};
use crate::cli::AnalyseCommand;
use crate::config::printable;
use crate::learner::Algorithm;
use crate::model::{ModelSettings, Precision, Scale, TensorInfo, Weights, safetensors};
use crate::results::text::number;
use crate::study::{Watcher, write_out};
use crate::task::{Points, TaskSettings, grid};

/// Most tasks: the ring holds each against each.
const MOST_TASKS: usize = 1_000;
/// Tasks that are told in detail.
const DETAILED: usize = 3;

/// What there is to say, by name.
#[derive(Default)]
struct Quantities(Vec<(TensorInfo, Vec<f64>)>);

impl Quantities {
    fn put(&mut self, name: impl Into<String>, shape: &[usize], values: Vec<f64>) {
        debug_assert_eq!(shape.iter().product::<usize>(), values.len());
        self.0.push((TensorInfo::new(name, shape), values));
    }

    fn one(&mut self, name: impl Into<String>, value: f64) {
        self.put(name, &[1], vec![value]);
    }

    fn list(&mut self, name: impl Into<String>, values: Vec<f64>) {
        self.put(name, &[values.len()], values);
    }

    /// Arrays in arrays; what is not finite is null.
    fn json(&self) -> Value {
        fn nested(shape: &[usize], values: &[f64]) -> Value {
            match shape {
                [_, inner @ ..] if !inner.is_empty() => {
                    let size = inner.iter().product::<usize>().max(1);
                    values.chunks(size).map(|values| nested(inner, values)).collect()
                }
                _ => json!(values),
            }
        }
        let entries = self.0.iter().map(|(of, values)| (of.name.clone(), nested(&of.shape, values)));
        Value::Object(entries.collect::<Map<_, _>>())
    }
}

/// The network that is asked about, and the tasks of its study.
struct Subject {
    weights: Weights,
    /// The family and the range of x.
    settings: TaskSettings,
    /// Whether these are its study's own.
    is_own: bool,
}

/// Computes, writes and prints.
pub fn analyse(command: &AnalyseCommand) -> anyhow::Result<Exit> {
    let Subject { mut weights, mut settings, is_own } = subject(&command.checkpoint)?;
    // All that is said of a network is said in the units that it sees.
    let units = std::mem::take(&mut weights.adaptation.units);
    if !units.are_own() {
        settings.x = settings.x.map(|x| units.x_inward(x));
    }
    adapt_at(&mut weights, command.inner_lr)?;
    weights.model.precision = Precision::F64;
    let shown = command.checkpoint.display().to_string();
    let Some(mut adaptive) = Adaptive::new(&weights) else {
        let stepping = |algorithm: &&Algorithm| {
            let adaptation = algorithm.adaptation(&crate::learner::Training::default(), Scale::default());
            let model = ModelSettings { precision: Precision::F64, ..ModelSettings::default() };
            let values = vec![0.0; crate::model::count(&model, &adaptation)];
            Adaptive::new(&Weights { model, adaptation, values }).is_some()
        };
        let names: Vec<&str> = Algorithm::ALL.iter().filter(stepping).map(|known| known.name()).collect();
        let text = format!(
            "{shown}: its learner takes no gradient steps that could be taken apart; those of {} do",
            names.join(", ")
        );
        return Err(Misuse(text).into());
    };
    let read = read_waves(&command.tasks)?;
    if read.len() > MOST_TASKS {
        let (file, count) = (command.tasks.display(), read.len());
        let text =
            format!("{file}: tasks: {count}; at most {MOST_TASKS}, each of which is held against each");
        return Err(Misuse(text).into());
    }
    let coordinates: Option<Vec<[f64; 2]>> = read.iter().map(|task| task.wave.as_ref()?.plane()).collect();
    let tasks: Vec<Task> =
        read.into_iter().map(|ReadTask { points: (support, query), .. }| (support, query)).collect();
    let seen = |(support, query): Task| (units.inward(&support), units.inward(&query));
    let tasks: Vec<Task> = if units.are_own() { tasks } else { tasks.into_iter().map(seen).collect() };
    let mut steps = command.steps.clone();
    steps.sort_unstable();
    steps.dedup();

    let mut all = Quantities::default();
    let mut lines = Vec::new();
    if !units.are_own() {
        let [x, y] = [units.x, units.y].map(|[mean, deviation]| [number(mean), number(deviation)]);
        let text = format!("x less {}, over {}; y less {}, over {}", x[0], x[1], y[0], y[1]);
        lines.push(("units of the network", text));
    }
    let x = grid(settings.x, GRID);
    all.list("grid", x.clone());
    of_the_start(&mut adaptive, (&settings, is_own), &x, &mut all, &mut lines);
    one_step(&mut adaptive, &tasks, &x, &mut all, &mut lines);
    for (i, (support, _)) in tasks.iter().take(DETAILED).enumerate() {
        after_steps(&mut adaptive, (i, support), &steps, &x, &mut all);
    }
    over_tasks(&weights, &mut adaptive, &tasks, coordinates.as_deref(), &mut all, &mut lines)?;
    if let [a, b, ..] = &tasks[..]
        && let Some(plane) = Plane::new(&mut adaptive, [a, b], command.plane_steps)
    {
        put_plane(plane, &mut all);
    }

    if let Some(out) = &command.out {
        let counts: Vec<String> = steps.iter().map(usize::to_string).collect();
        let words = [
            ("quantity", "first steps taken apart".to_owned()),
            ("tasks", tasks.len().to_string()),
            ("steps", counts.join(",")),
            ("plane_steps", command.plane_steps.to_string()),
            ("family", family(&settings, is_own)),
            ("metascope", env!("CARGO_PKG_VERSION").to_owned()),
        ];
        write_out(out, &safetensors(words, Precision::F64, &all.0))
            .with_context(|| format!("{} could not be written", out.display()))?;
        lines.push(("written to", printable(&out.display().to_string())));
    }
    let mut out = std::io::stdout().lock();
    if command.json {
        writeln!(out, "{}", all.json())?;
        return Ok(Exit::Done);
    }
    for (name, line) in lines {
        writeln!(out, "{name:<17}{line}")?;
    }
    Ok(Exit::Done)
}

/// The network that a person means, with the tasks of its study where it lies in a run's folder, else the default ones.
fn subject(path: &Path) -> anyhow::Result<Subject> {
    let is_folder = path.is_dir();
    let folder: Option<PathBuf> = match is_folder {
        true => Some(path.to_owned()),
        // A run's checkpoint is never a link, so that its folder is where it lies.
        false => {
            fs::symlink_metadata(path).ok().filter(|file| file.is_file()).and(path.parent()).map(|parent| {
                if parent.as_os_str().is_empty() { PathBuf::from(".") } else { parent.to_owned() }
            })
        }
    };
    let found = folder.map(|folder| Watcher::open(std::slice::from_ref(&folder)));
    if !is_folder {
        let weights = checkpoint(path)?;
        let own = found.and_then(Result::ok).filter(|(_, watcher)| {
            let is_it =
                |of: &Path| of.join("checkpoint.safetensors").canonicalize().ok() == path.canonicalize().ok();
            watcher.runs().len() == 1 && is_it(&watcher.folder(0))
        });
        let is_own = own.is_some();
        let settings =
            own.map_or_else(TaskSettings::default, |(_, watcher)| watcher.settings(0).task.clone());
        return Ok(Subject { weights, settings, is_own });
    }
    let Some(found) = found else { anyhow::bail!("{} cannot be read", path.display()) };
    let (_, watcher) = found?;
    let runs = watcher.runs().len();
    if runs > 1 {
        let text = format!(
            "{}: there are {runs} runs below it; name one, such as {}",
            path.display(),
            watcher.folder(0).display()
        );
        return Err(Misuse(text).into());
    }
    let trained =
        watcher.trained(0).map_err(|why| anyhow::anyhow!("{} {why}", watcher.folder(0).display()))?;
    let Some(weights) = trained else {
        anyhow::bail!("{} is not trained to its end; `metascope run` goes on with it", path.display());
    };
    Ok(Subject { weights, settings: watcher.settings(0).task.clone(), is_own: true })
}

/// The family that the kernel is held against, in words.
fn family(settings: &TaskSettings, is_own: bool) -> String {
    let whose = if is_own { "its study's" } else { "the default, since the checkpoint names none" };
    format!("{} ({whose})", settings.family.formula(&settings.own))
}

/// A figure of a sentence.
fn figures(values: &[f64]) -> String {
    values.iter().map(|value| number(*value)).collect::<Vec<_>>().join(" ")
}

type Lines = Vec<(&'static str, String)>;

/// What needs no task: the kernel, the units.
fn of_the_start(
    adaptive: &mut Adaptive,
    (settings, is_own): (&TaskSettings, bool),
    x: &[f64],
    all: &mut Quantities,
    lines: &mut Lines,
) {
    let kernel = Kernel::new(adaptive, x);
    let covariance = analysis::covariance(settings, x);
    let [of_rule, of_all] =
        [&kernel.rule, &kernel.tangent].map(|kernel| analysis::alignment(kernel, &covariance));
    lines.push(("tasks are", family(settings, is_own)));
    let negative = kernel.negative_part();
    lines.push((
        "kernel",
        format!(
            "alignment of the rule {of_rule:.3}, without its rates {of_all:.3}; {negative:.2} of it negative"
        ),
    ));
    let pass = adaptive.start.pass(x);
    all.put("kernel", &[x.len(); 2], kernel.rule);
    all.list("prediction", pass.y);
    all.one("alignment", of_all);
    all.one("alignment.rule", of_rule);
    let hidden = adaptive.start.hidden;
    let mut dead = Vec::new();
    for (layer, h) in pass.h.into_iter().enumerate() {
        let of = analysis::activity(&h, hidden);
        dead.push(of.iter().filter(|unit| **unit == Activity::Dead).count().to_string());
        all.put(format!("units{}.before", layer + 1), &[x.len(), hidden], h);
    }
    all.list("units1.kink", adaptive.start.kinks());
    if adaptive.start.can_die() {
        lines.push(("dead units", format!("{} of {hidden}, hidden layer by hidden layer", dead.join(" "))));
    }
}

/// The first step on every task, in detail on the first ones.
fn one_step(adaptive: &mut Adaptive, tasks: &[Task], x: &[f64], all: &mut Quantities, lines: &mut Lines) {
    let mut shares = Vec::with_capacity(tasks.len());
    for (i, (support, _)) in tasks.iter().enumerate() {
        let step = Contributions::new(adaptive, support, x);
        shares.push(step.linear_share());
        if i < DETAILED {
            let name = |what: &str| format!("task{i}.{what}");
            all.put(name("contributions"), &[step.points.len(), x.len()], step.points.concat());
            all.put(name("contributions.layers"), &[step.layers.len(), x.len()], step.layers.concat());
            all.list(name("change"), step.change);
            all.list(name("bend"), step.bend);
            all.one(name("linear_share"), shares[i]);
        }
    }
    let parts = adaptive.parts();
    let names: Vec<&str> = parts.iter().map(|part| part.name.as_str()).collect();
    if let Some(Steps { linear_share, parts, losses }) = Steps::new(adaptive, tasks, x, || true) {
        let (names, parts) = (names.join(", "), figures(&parts));
        lines.push((
            "one step",
            format!("{linear_share:.3} of it is the sum of its points; of that {names} have {parts}"),
        ));
        if let Some(Alone { before, after, head, body }) = losses {
            let [before, after, head, body] = [before, after, head, body].map(number);
            lines.push((
                "loss",
                format!("{before} before it, {after} after it; the head alone {head}, the body alone {body}"),
            ));
        }
    }
    all.list("linear_share.tasks", shares);
}

/// Units and layers after n steps on a task.
fn after_steps(
    adaptive: &mut Adaptive,
    (task, support): (usize, &Points),
    steps: &[usize],
    x: &[f64],
    all: &mut Quantities,
) {
    let most = steps.last().copied().unwrap_or(0);
    let path = adaptive.path(support, most);
    let hidden = adaptive.start.hidden;
    let before = adaptive.start.pass(x).h;
    for &n in steps {
        let after = path[n].pass(x).h;
        for (layer, (before, after)) in before.iter().zip(after).enumerate() {
            let reach = analysis::reach(before, &after, hidden);
            let layer = layer + 1;
            all.put(format!("task{task}.units{layer}.after{n}"), &[x.len(), hidden], after);
            all.list(format!("task{task}.units{layer}.reach{n}"), reach);
        }
        let moved = analysis::moved(adaptive, &path[n], x);
        all.list(format!("task{task}.layers.change{n}"), moved.layers);
        all.list(format!("task{task}.layers.cka{n}"), moved.cka);
    }
}

/// What is over all tasks.
fn over_tasks(
    weights: &Weights,
    adaptive: &mut Adaptive,
    tasks: &[Task],
    coordinates: Option<&[[f64; 2]]>,
    all: &mut Quantities,
    lines: &mut Lines,
) -> anyhow::Result<()> {
    if let Some(slice) = Slice::new(adaptive, tasks, || true) {
        lines.push(("along the step", format!("the loss is least at {} steps", number(slice.least_at()))));
        all.list("slice.t", slice.t);
        all.list("slice.mean", slice.mean);
        all.list("slice.low", slice.low);
        all.list("slice.high", slice.high);
    }
    if let Some(rates) = Rates::new(weights, tasks, || true) {
        let at =
            |n: usize| analysis::STEPS.iter().position(|known| *known == n).and_then(|at| rates.best(at));
        let words = [1, 32].map(|n| match at(n) {
            Some((rate, loss)) => format!("{} for n={n} (loss {})", number(rate), number(loss)),
            None => format!("none for n={n}: tasks are lost at all of them"),
        });
        lines.push(("best plain rates", words.join(", ")));
        all.list("rates.rates", (0..analysis::RATES).map(analysis::rate).collect());
        all.list("rates.steps", analysis::STEPS.map(|n| n as f64).to_vec());
        let shape = [analysis::RATES, analysis::STEPS.len()];
        let lost = rates.nonfinite.concat().into_iter().map(|tasks| tasks as f64).collect();
        all.put("rates.mean", &shape, rates.mean.concat());
        all.put("rates.nonfinite", &shape, lost);
    }
    let gradients = MetaGradients::new(weights, tasks)?;
    let [first, start, other] = gradients.cosines.each_ref().map(|cosines| cosines[0]);
    lines.push((
        "gradients",
        format!("cosines: exact and first-order {first:.2}, exact and n=0 {start:.2}, first-order and n=0 {other:.2}"),
    ));
    let network = weights.model.tensors();
    for (kind, gradient) in ["exact", "first", "start"].iter().zip(&gradients.exact_first_start) {
        for (tensor, values) in gradient.stored() {
            if network.iter().any(|known| known.name == tensor.name) {
                all.put(format!("gradients.{kind}.{}", tensor.name), &tensor.shape, values);
            }
        }
    }
    let columns = gradients.norms[0].len();
    all.put("gradients.cosine", &[3, columns], gradients.cosines.concat());
    all.put("gradients.norm", &[3, columns], gradients.norms.concat());
    if let Some(ring) = Ring::new(adaptive, tasks, || true) {
        let explained = coordinates.map(|coordinates| ring.explained(coordinates));
        let words = explained.map(|r2| format!("; they explain {r2:.2} of (a cos b, a sin b)"));
        let [one, other] = ring.shares.map(|share| format!("{share:.2}"));
        let words = words.unwrap_or_default();
        lines.push(("ring", format!("two directions have {one} and {other} of what steps change{words}")));
        all.put("ring.scores", &[tasks.len(), 2], ring.scores.concat());
        all.list("ring.variance", ring.shares.to_vec());
        if let Some(r2) = explained {
            all.one("ring.r2", r2);
        }
    }
    let cosines = analysis::support_cosine(adaptive, tasks);
    let mean = analysis::mean(&cosines);
    lines.push(("support", format!("its gradient has a cosine of {mean:.2} with that of the query points")));
    all.list("support_cosine.tasks", cosines);
    all.one("support_cosine", mean);
    Ok(())
}

fn put_plane(plane: Plane, all: &mut Quantities) {
    all.list("plane.axis", plane.axis);
    for (task, (losses, path)) in ["a", "b"].iter().zip(plane.losses.into_iter().zip(plane.paths)) {
        all.put(format!("plane.loss_{task}"), &[analysis::AXIS; 2], losses);
        all.put(format!("plane.path_{task}"), &[path.len(), 2], path.concat());
    }
    all.one("plane.unit", plane.unit);
}
