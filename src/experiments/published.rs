//! `[[experiment.published]]`: figures from the literature that an experiment's results are held against.
//! They are of no account to its training.

use serde::Serialize;
use toml::de::DeTable;

use super::{
    names::read_text,
    schema::{self, FIRST_TEST, LARGEST_LOSS, LONGEST_NAME, LONGEST_SOURCE},
};
use crate::config::{Domain, Layer, Report, Table, Values, as_seen, nearest, quote, settings, words};

/// A figure from the literature.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Published {
    /// Where it stands.
    pub source: String,
    /// The test set it is compared on; `None` for the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test: Option<String>,
    /// After this many steps.
    pub n: usize,
    /// The test loss.
    pub loss: f64,
    /// Half width of its 95 % interval, where one was published.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ci95: Option<f64>,
    /// How its source is known, where that is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mark: Option<Mark>,
}

words! {
    /// How a figure's source is known.
    pub enum Mark {
        /// The source was opened.
        Verified = "V",
        /// The figure is recalled.
        Recalled = "R",
    }
}

settings! {
    /// What a figure says beside its two texts, `source` and `test`.
    pub(super) struct Figure {
        /// The loss is the one after this many steps.
        n: usize = Domain::Count(0..=10_000), 1;
        /// The published test loss.
        loss: Option<f64> = Domain::Size(LARGEST_LOSS), None;
        /// Half width of its 95 % interval, where one was published.
        ci95: Option<f64> = Domain::Size(LARGEST_LOSS), None;
        /// "V" where the source was opened, "R" where the figure is recalled.
        mark: Option<Mark> = Domain::Words(Mark::NAMES), None;
    }
}

impl Published {
    /// Its values by key, for a settings file.
    pub(super) fn values(&self) -> Values {
        let Self { n, loss, ci95, mark, .. } = *self;
        Figure { n, loss: Some(loss), ci95, mark }.values()
    }
}

/// A figure as the file has it, and where it says on what.
pub(super) struct FigureEntry {
    pub published: Published,
    test_at: usize,
    n_at: usize,
}

impl FigureEntry {
    /// The figure, its test set called as that calls itself: the same letters may be written in several ways.
    pub fn of<'n>(&self, mut tests: impl Iterator<Item = &'n str>) -> Published {
        let wanted = self.published.test.as_deref().map(as_seen);
        let known = wanted.and_then(|wanted| tests.find(|name| as_seen(name) == wanted));
        let test = known.map(str::to_owned).or_else(|| self.published.test.clone());
        Published { test, ..self.published.clone() }
    }

    /// Reports what the experiment's test sets do not have. `steps` are those of the test set of this name.
    pub fn check(
        &self,
        published: &Published,
        steps: impl Fn(Option<&str>) -> Option<usize>,
        tests: &[&str],
        report: &mut Report<'_>,
    ) {
        let Published { test, n, .. } = published;
        let Some(most) = steps(test.as_deref()) else {
            let name = test.as_deref().unwrap_or(FIRST_TEST);
            let guess = nearest(name, tests).map(|name| format!("; did you mean \"{name}\"?"));
            let hint = match tests {
                [] => "this file has no [[test]]".to_owned(),
                tests => format!("the test sets are {}", listed(tests)),
            };
            let message = format!(
                "there is no test set {}{}; {hint}, and the first one is meant where `test` is left out",
                quote(name),
                guess.unwrap_or_default()
            );
            return report.problem(self.test_at, message);
        };
        if *n > most {
            let set = test.as_ref().map_or(String::new(), |name| format!(" on {}", quote(name)));
            let message = format!(
                "`n` is `{n}`, but the evaluation{set} ends with n = {most}: raise `steps` in [evaluation]{}",
                if test.is_some() { " or in its [[test]]" } else { "" }
            );
            report.problem(self.n_at, message);
        }
    }
}

/// Names in quotes, with commas between them.
fn listed(names: &[&str]) -> String {
    names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
}

/// Every `[[experiment.published]]` of an experiment that can be read.
pub(super) fn read_published<'a>(
    list: Vec<(usize, &DeTable<'a>)>,
    report: &mut Report<'a>,
) -> Vec<FigureEntry> {
    list.into_iter().filter_map(|(at, entries)| read_figure(at, entries, report)).collect()
}

fn read_figure<'a>(at: usize, entries: &DeTable<'a>, report: &mut Report<'a>) -> Option<FigureEntry> {
    const TITLE: &str = "[[experiment.published]]";
    let keys = [&["source", "test"], &schema::names(Figure::keys())[..]].concat();
    let mut table = Table::open(TITLE, keys, entries, report);
    for (key, example) in [("source", "\"...\""), ("n", "1"), ("loss", "0.35")] {
        if table.get(key).is_none() && !table.has_unknown_key_like(key) {
            table.report.absent(at, format!("this {TITLE} has no `{key}`: add {key} = {example}"));
        }
    }
    let text = |table: &mut Table<'_, 'a, '_>, key, longest| {
        let value = table.get(key)?;
        Some((read_text(table, key, value, longest), value.span().start))
    };
    let source = text(&mut table, "source", LONGEST_SOURCE);
    let test = text(&mut table, "test", LONGEST_NAME);
    let said = Layer::read(Figure::keys(), &mut table);
    let n_at = said.at("n")?;
    if Figure::keys().iter().any(|key| said.is_broken(key.name())) {
        return None;
    }
    let Figure { n, loss, ci95, mark } = Figure::new(&said.resolve(Figure::keys()));
    let (test, test_at) = match test {
        Some((test, at)) => (Some(test?), at),
        None => (None, at),
    };
    let published = Published { source: source?.0?, test, n, loss: loss?, ci95, mark };
    Some(FigureEntry { published, test_at, n_at })
}
