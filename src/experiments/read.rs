//! From the text of an experiments file to a study, or to everything that is wrong with it.

use std::{collections::HashMap, path::Path, thread};

use toml::de::DeTable;

use super::{
    Experiment, Study,
    answers::Source,
    merge::{Entry, Layers, family, resolve},
    names::read_name,
    published::read_published,
    resolved::RECORDED,
    schema::{self, LARGEST_FILE, LONGEST_CELL, LONGEST_NAME, MOST_EXPERIMENTS, MOST_FIGURES, TABLES, TOP},
    sweep::{read_cell, read_sweep},
    tables::TaskFiles,
    test_set::{TestEntry, read_test, test_tables},
};
use crate::config::{
    self, Finding, Layer, Problem, Problems, Report, Setting, Syntax, Table, alternatives, locate, readable,
};
use crate::learner::Algorithm;
use crate::model::ModelSettings;
use crate::task::{Family, families::FAMILIES};

/// Stack of the thread that reads a file. The parser stops at 80 nested values and at 80 dotted keys, so
/// the deepest tree has 6,400 levels; taking it apart recurses as deep, and no thread's default stack
/// is known to be enough for that.
const STACK: usize = 64 << 20;
/// Brackets, braces and dots of a file that needs no stack like that: a hundredth of the levels takes a hundredth of it.
const SHALLOW: usize = 64;

/// Reads an experiments file that is called `name` (and lies at `path`, unless it is built in).
///
/// # Errors
///
/// All problems of the file, each with its place.
pub fn parse(name: &str, path: Option<&Path>, text: &str) -> Result<Study, Problems> {
    // A person may train from the settings file of a run, which names all settings there are.
    let origin = if text.starts_with(RECORDED) { Origin::Record } else { Origin::Person };
    parse_as(origin, name, path, text)
}

/// Reads a settings file that [`super::resolved_toml`] wrote, which says everything, be it of use to its
/// algorithm or not.
///
/// # Errors
///
/// As [`parse`].
pub fn parse_recorded(name: &str, path: Option<&Path>, text: &str) -> Result<Study, Problems> {
    parse_as(Origin::Record, name, path, text)
}

/// Who wrote a file.
#[derive(Clone, Copy, PartialEq)]
enum Origin {
    /// Somebody who should know of settings that do nothing.
    Person,
    /// This program.
    Record,
}

fn parse_as(origin: Origin, name: &str, path: Option<&Path>, text: &str) -> Result<Study, Problems> {
    let file = path.map_or_else(|| format!("{name}.toml"), |path| path.display().to_string());
    // Editors hide a byte order mark, and do not count it as a column.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.len() > LARGEST_FILE {
        return Err(Problems { file, list: locate("", vec![Finding { at: 0, message: too_large() }]) });
    }
    let mut tables = TaskFiles::of(path, origin == Origin::Record);
    // Other files that it names lie where it lies; what comes through a pipe lies here.
    let lies = path.filter(|path| !path.starts_with("/dev")).and_then(Path::parent);
    let folder = lies.unwrap_or(Path::new(""));
    let source = Source { folder, is_record: origin == Origin::Record };
    let outcome = if is_shallow(text) {
        Ok(read((origin, source), text, &readable(text), &mut tables))
    } else {
        read_on_a_large_stack((origin, source), text, &mut tables)
    };
    let list = match outcome {
        Ok(Ok(experiments)) => {
            return Ok(Study { name: name.to_owned(), path: path.map(Path::to_owned), experiments });
        }
        Ok(Err(problems)) => {
            let of_table = |(file, problems): (String, Vec<Problem>)| {
                problems.into_iter().map(move |problem| Problem { file: Some(file.clone()), ..problem })
            };
            problems.into_iter().chain(tables.problems().flat_map(of_table)).collect()
        }
        Err(why) => locate("", vec![Finding { at: 0, message: why }]),
    };
    Err(Problems { file, list })
}

/// Whether nothing in a file can be nested so deep that a thread's usual stack might not be enough: as every settings
/// file of a run, of which there may be thousands.
fn is_shallow(text: &str) -> bool {
    text.bytes().filter(|byte| b"[{.".contains(byte)).count() <= SHALLOW
}

fn read_on_a_large_stack(
    from: (Origin, Source<'_>),
    text: &str,
    tables: &mut TaskFiles,
) -> Result<Result<Vec<Experiment>, Vec<Problem>>, String> {
    thread::scope(|scope| {
        let reader = thread::Builder::new().name("experiments file".to_owned()).stack_size(STACK);
        let reading = reader.spawn_scoped(scope, || read(from, text, &readable(text), tables)).map_err(|error| {
            format!(
                "no thread can be started to read this file ({error}): this process has come to its limit of threads \
                 or of memory; nothing is wrong with the file"
            )
        })?;
        reading.join().map_err(|_| {
            "this file could not be read: its reader panicked, which is a bug: please report it".to_owned()
        })
    })
}

/// The message about a file above [`LARGEST_FILE`].
pub(super) fn too_large() -> String {
    "this file is larger than 1 MiB: is it an experiments file?".to_owned()
}

/// Reads all there is and reports all there is to report.
fn read<'a>(
    (origin, source): (Origin, Source<'_>),
    text: &'a str,
    readable: &'a str,
    files: &mut TaskFiles,
) -> Result<Vec<Experiment>, Vec<Problem>> {
    let Syntax { root, errors, shadows } = config::read(text, readable);
    let mut report = Report::new(text, errors, shadows, schema::home);
    let mut top = Table::open("the top level of this file", TOP.to_vec(), &root, &mut report);

    let defaults = top.table("defaults");
    let tables = own_tables(&mut top);
    let entries = experiment_tables(&mut top);
    let tests = test_tables(&mut top);

    let training = schema::training();
    let mut shared = read_tables(tables, TITLES, &Layer::default(), &mut report);
    if let Some(defaults) = defaults {
        let mut table = Table::open("[defaults]", schema::names(&training), defaults, &mut report);
        shared.training = Layer::read(&training, &mut table);
    }

    let mut names = HashMap::new();
    let mut experiments = Vec::with_capacity(entries.len());
    for (place, (at, table)) in entries.iter().enumerate() {
        // Each of those that follow needs a place of its own.
        let room = MOST_EXPERIMENTS.saturating_sub(experiments.len() + entries.len() - place - 1);
        let origin = (origin, room);
        experiments.extend(read_experiment(origin, *at, table, &shared, &mut names, &mut report));
    }
    let mut names = HashMap::new();
    let family = family(&shared.task);
    let tests: Vec<TestEntry> =
        tests.into_iter().map(|(at, table)| read_test(at, table, family, &mut names, &mut report)).collect();
    let algorithms: Option<Vec<Algorithm>> =
        experiments.iter().map(|entry: &Entry| entry.algorithm.clone().given()).collect();
    if let (Origin::Person, Some(algorithms)) = (origin, algorithms) {
        refuse_network("any experiment here", &algorithms, &shared.model, &mut report);
    }
    let experiments = resolve(experiments, &tests, (source, files), &mut report);
    let problems = report.finish();
    if problems.is_empty() && !files.are_wrong() { Ok(experiments) } else { Err(problems) }
}

/// The `task`, `model` and `evaluation` tables within a table.
type Tables<'t, 'a> = [Option<&'t DeTable<'a>>; 3];

/// How reports call them at the top of the file, and in an experiment.
const TITLES: [&str; 3] = ["[task]", "[model]", "[evaluation]"];
const OWN_TITLES: [&str; 3] = ["[experiment.task]", "[experiment.model]", "[experiment.evaluation]"];

fn own_tables<'t, 'a>(table: &mut Table<'t, 'a, '_>) -> Tables<'t, 'a> {
    TABLES.map(|key| table.table(key))
}

/// Reads them; `shared` is the `[task]` table above an experiment's, which may say what a task is.
fn read_tables<'a>(
    tables: Tables<'_, 'a>,
    titles: [&'static str; 3],
    shared: &Layer,
    report: &mut Report<'a>,
) -> Layers {
    let family = tables[0].and_then(named_family).unwrap_or_else(|| family(shared));
    let keys = schema::of_tables(family);
    Layers::of(|table| {
        let Some((at, entries)) = table.and_then(|at| Some((at, tables[at]?))) else {
            return Layer::default();
        };
        let names = schema::names(&keys[at]);
        Layer::read(&keys[at], &mut Table::open(titles[at], names, entries, report))
    })
}

/// The family that a `task` table names, if there is one of that name: which keys it may have depends on
/// it.
fn named_family(entries: &DeTable<'_>) -> Option<&'static dyn Family> {
    let name = entries.get("family")?.get_ref().as_str()?;
    FAMILIES.iter().find(|family| family.name() == name).copied()
}

/// Every `[[experiment]]` and its place; an empty list is a problem.
fn experiment_tables<'t, 'a>(top: &mut Table<'t, 'a, '_>) -> Vec<(usize, &'t DeTable<'a>)> {
    const EXAMPLE: &str = "add at least one, for example\u{20}\
                           [[experiment]] with name = \"MAML\" and algorithm = \"maml\"";
    let limit = ("this file", "experiments", MOST_EXPERIMENTS);
    let Some((at, tables)) = top.tables("experiment", "[[experiment]]", limit) else {
        if top.get("experiment").is_none() && !top.has_unknown_key_like("experiment") {
            top.report.absent(0, format!("there is no [[experiment]]: {EXAMPLE}"));
        }
        return Vec::new();
    };
    if tables.is_empty() && top.is_empty_list("experiment") {
        top.report.absent(at, format!("the list of experiments is empty: {EXAMPLE}"));
    }
    tables
}

/// Reads one `[[experiment]]` and lays it over the shared settings; of a sweep every combination, as long as there
/// is room for so many.
fn read_experiment<'a>(
    (origin, room): (Origin, usize),
    at: usize,
    entries: &DeTable<'a>,
    shared: &Layers,
    names: &mut HashMap<String, usize>,
    report: &mut Report<'a>,
) -> Vec<Entry> {
    let is_record = origin == Origin::Record;
    let own_keys =
        if is_record { [schema::experiment(), vec!["cell"]].concat() } else { schema::experiment() };
    let mut table = Table::open("[[experiment]]", own_keys, entries, report);
    let longest = if is_record { LONGEST_CELL } else { LONGEST_NAME };
    let name = table.get("name").map(|value| read_name(&mut table, "an experiment", value, longest, names));
    if name.is_none() && !table.has_unknown_key_like("name") {
        table.report.absent(at, "this [[experiment]] has no `name`: add name = \"...\"".to_owned());
    }
    let algorithm = read_algorithm(&mut table);
    if algorithm == Setting::Absent && !table.has_unknown_key_like("algorithm") {
        let names = Algorithm::ALL.iter().map(|algorithm| format!("\"{}\"", algorithm.name()));
        let names = names.collect::<Vec<_>>().join(", ");
        table.report.absent(at, format!("this [[experiment]] has no `algorithm`: add one of {names}"));
    }
    let training = Layer::read(&schema::training(), &mut table);
    if let (Origin::Person, Setting::Given(algorithm, _)) = (origin, &algorithm) {
        refuse_unused(*algorithm, &mut table);
    }
    let tables = own_tables(&mut table);
    let limit = ("this experiment", "published figures", MOST_FIGURES);
    let figures = table.tables("published", "[[experiment.published]]", limit);
    let published_at = figures.as_ref().map(|(at, _)| *at);
    let own = Layers { training, ..read_tables(tables, OWN_TITLES, &shared.task, table.report) };
    if let (Origin::Person, Setting::Given(algorithm, _)) = (origin, &algorithm) {
        refuse_network(algorithm.name(), std::slice::from_ref(algorithm), &own.model, table.report);
    }
    let published = read_published(figures.map(|(_, figures)| figures).unwrap_or_default(), table.report);
    let base = own.clone().over(shared);
    let cell = if is_record { read_cell(&mut table, &base) } else { None };
    let sweep = match &algorithm {
        Setting::Given(algorithm, _) => read_sweep(&mut table, Some(*algorithm), &own, &base),
        _ => read_sweep(&mut table, None, &own, &base),
    };
    let entry = Entry { at, name: name.flatten(), algorithm, layers: base, published, cell };
    let Setting::Given(sweep, _) = sweep else { return vec![entry] };
    if let Some(at) = published_at {
        let message = "a published figure is about one experiment, and a sweep is many: write the one that it is about as \
                       an [[experiment]] of its own";
        table.report.problem(at, message.to_owned());
    }
    sweep.expand(entry, room, names, &mut table)
}

/// Refuses what an experiment says itself and its algorithm does not go by; what `[defaults]` says is
/// for whomever it concerns.
fn refuse_unused(algorithm: Algorithm, table: &mut Table<'_, '_, '_>) {
    let used: Vec<&str> = algorithm.used_keys().collect();
    for key in Algorithm::every_key().iter().map(|key| key.name()).filter(|name| !used.contains(name)) {
        if let Some(at) = table.key_at(key) {
            let (name, used) = (algorithm.name(), used.join(", "));
            let message = format!("`{key}` is not used by {name}; what counts there: seeds, {used}");
            table.report.problem(at, message);
        }
    }
}

/// Refuses what a `[model]` says that none of these algorithms goes by: its network is another.
fn refuse_network(who: &str, algorithms: &[Algorithm], model: &Layer, report: &mut Report<'_>) {
    for key in ModelSettings::keys().iter().map(|key| key.name()) {
        let uses = |algorithm: &Algorithm| algorithm.network_keys().contains(&key);
        if let (Some(at), Some(first), false) =
            (model.at(key), algorithms.first(), algorithms.iter().any(uses))
        {
            let used = first.network_keys().join(", ");
            let message = format!(
                "`{key}` is not used by {who}: such a network has layers of its own; what counts there: {used}"
            );
            report.problem(at, message);
        }
    }
}

/// The algorithm, which people know by several names.
fn read_algorithm(table: &mut Table<'_, '_, '_>) -> Setting<Algorithm> {
    let Some(value) = table.get("algorithm") else { return Setting::Absent };
    let word = value.get_ref().as_str().map(|word| word.trim().to_lowercase().replace(['_', ' '], "-"));
    let names: Vec<&str> = Algorithm::ALL.iter().map(|algorithm| algorithm.name()).collect();
    let Some(meant) = word.as_deref().and_then(Algorithm::known_as) else {
        let known = |name| Algorithm::find(name).unwrap_or(Algorithm::ALL[0]);
        return table.word("algorithm", &names).map(known);
    };
    let expected = format!("{}; did you mean \"{}\"?", alternatives(&names), meant.name());
    table.refuse("algorithm", value, &expected)
}
