//! Reads one table of `experiments.toml` setting by setting. Whatever it refuses it reports with the
//! offending text and what would be right, and it knows which of its keys nobody should have written.

use std::{collections::HashSet, ops::RangeInclusive};

use toml::{
    Spanned,
    de::{DeInteger, DeTable, DeValue},
};

use super::{
    key::{AnyKey, Domain, RATE, SEED, whole_number},
    problem::{Home, Report, quote, seen},
    value::Value,
    words::{alternatives, nearest, thousands, with_a_point},
};

/// What a table says about one setting.
#[derive(Clone, Debug, PartialEq)]
pub enum Setting<T> {
    /// Nothing.
    Absent,
    /// Something that was refused and reported.
    Broken,
    /// This, at that byte of the file.
    Given(T, usize),
}

impl<T> Setting<T> {
    /// The value, or the one that holds where nothing is said.
    pub fn value_or(self, default: T) -> T {
        match self {
            Setting::Given(value, _) => value,
            Setting::Absent | Setting::Broken => default,
        }
    }

    /// The value, where one was given.
    pub fn given(self) -> Option<T> {
        match self {
            Setting::Given(value, _) => Some(value),
            Setting::Absent | Setting::Broken => None,
        }
    }

    /// The same setting as another type.
    pub fn map<U>(self, into: impl FnOnce(T) -> U) -> Setting<U> {
        match self {
            Setting::Absent => Setting::Absent,
            Setting::Broken => Setting::Broken,
            Setting::Given(value, at) => Setting::Given(into(value), at),
        }
    }

    /// Where it was given.
    pub fn at(&self) -> Option<usize> {
        match self {
            Setting::Given(_, at) => Some(*at),
            Setting::Absent | Setting::Broken => None,
        }
    }
}

/// One table while it is read.
pub struct Table<'t, 'a, 'r> {
    /// As in the file: `[task]`.
    title: &'static str,
    keys: Vec<&'static str>,
    entries: &'t DeTable<'a>,
    pub report: &'r mut Report<'a>,
}

impl<'t, 'a, 'r> Table<'t, 'a, 'r> {
    /// Begins to read a table that may have these keys, and reports all others.
    pub fn open(
        title: &'static str,
        keys: Vec<&'static str>,
        entries: &'t DeTable<'a>,
        report: &'r mut Report<'a>,
    ) -> Self {
        for key in entries.keys().filter(|key| !keys.contains(&key.get_ref().as_ref())) {
            report.problem(key.span().start, unknown_key(key.get_ref(), title, &keys, report.home));
        }
        Self { title, keys, entries, report }
    }

    /// Whether some key here that means nothing was probably meant to be `key`.
    pub fn has_unknown_key_like(&self, key: &str) -> bool {
        let mut unknown =
            self.entries.keys().map(Spanned::get_ref).filter(|k| !self.keys.contains(&k.as_ref()));
        unknown.any(|unknown| nearest(unknown, &self.keys) == Some(key))
    }

    /// The value of a key. A value that the parser made up after a syntax error counts as absent.
    pub fn get(&self, key: &str) -> Option<&'t Spanned<DeValue<'a>>> {
        debug_assert!(self.keys.contains(&key), "{key} is no key of {}", self.title);
        self.entries.get(key).filter(|value| value.span() != (0..0))
    }

    /// Whether a key has a list without anything in it.
    pub fn is_empty_list(&self, key: &str) -> bool {
        let list = self.get(key).and_then(|value| value.get_ref().as_array());
        list.is_some_and(|list| list.is_empty())
    }

    /// Where a key stands.
    pub fn key_at(&self, key: &str) -> Option<usize> {
        self.entries.get_key_value(key).map(|(key, _)| key.span().start)
    }

    /// What the table says about a setting.
    pub fn value(&mut self, key: &dyn AnyKey) -> Setting<Value> {
        let Some(value) = self.get(key.name()) else { return Setting::Absent };
        self.read_as(key.name(), key.domain(), value)
    }

    /// What a value says, wherever it stands, of a setting of this domain that is called `name`.
    pub fn read_as(&mut self, name: &str, domain: &Domain, value: &Spanned<DeValue<'a>>) -> Setting<Value> {
        let number_up_to = |most: f64| number(value.get_ref()).filter(|number| (0.0..=most).contains(number));
        let read = match domain {
            Domain::Range { ends, point } => return self.range(name, value, ends, *point),
            Domain::Seeds(bounds) => return self.seeds(name, value, bounds),
            Domain::Words(words) => return self.word_of(name, value, words).map(Value::Word),
            Domain::Names(names) => return self.word_of(name, value, &names()).map(Value::Word),
            Domain::Count(bounds) => count(value.get_ref(), bounds).map(Value::Count),
            Domain::CountOr { word, .. } if value.get_ref().as_str() == Some(word) => Some(Value::Word(word)),
            Domain::CountOrCounts { bounds, low } if value.get_ref().is_array() => {
                return self.counts(name, value, &(*low..=*bounds.end()));
            }
            Domain::CountOrCounts { bounds, .. } | Domain::CountOr { bounds, .. } => {
                count(value.get_ref(), bounds).map(Value::Count)
            }
            Domain::Menu { numbers, .. } => count(value.get_ref(), &SEED)
                .filter(|number| numbers.iter().any(|one| *one as u64 == *number))
                .map(Value::Count),
            Domain::Text { longest, .. } => text(value.get_ref(), *longest).map(Value::Text),
            Domain::Rate => number(value.get_ref()).filter(|rate| RATE.contains(rate)).map(Value::Number),
            Domain::Switch => value.get_ref().as_bool().map(Value::Switch),
            // Adding 0 takes the sign from -0.
            Domain::Size(most) => number_up_to(*most).map(|number| Value::Number(number + 0.0)),
        };
        match read {
            Some(read) => Setting::Given(read, value.span().start),
            None => self.refuse(name, value, &domain.in_words()),
        }
    }

    /// Reports that a value is not what its key expects.
    pub fn refuse<T>(&mut self, what: &str, value: &Spanned<DeValue<'a>>, expected: &str) -> Setting<T> {
        let source = self.source(value);
        let hint = hint(value.get_ref(), expected);
        self.report
            .problem(value.span().start, format!("`{what}` is {source}, but must be {expected}{hint}"));
        Setting::Broken
    }

    /// A value as the file has it, quoted.
    pub fn source(&self, value: &Spanned<DeValue<'a>>) -> String {
        match value.get_ref() {
            DeValue::Table(_) => "a table".to_owned(),
            DeValue::Array(_) if self.is_under_headers(value) => "a list of tables".to_owned(),
            _ => quote(self.text_of(value)),
        }
    }

    fn text_of(&self, value: &Spanned<DeValue<'a>>) -> &'a str {
        self.report.text.get(value.span()).unwrap_or_default()
    }

    /// Whether a list was written as tables under `[[headers]]`.
    fn is_under_headers(&self, value: &Spanned<DeValue<'a>>) -> bool {
        let first = value.get_ref().as_array().and_then(|list| list.first());
        first.is_some_and(|item| item.get_ref().is_table()) && self.text_of(value).starts_with("[[")
    }

    /// One of a few words.
    pub fn word(&mut self, key: &str, words: &[&'static str]) -> Setting<&'static str> {
        let Some(value) = self.get(key) else { return Setting::Absent };
        self.word_of(key, value, words)
    }

    fn word_of(
        &mut self,
        key: &str,
        value: &Spanned<DeValue<'a>>,
        words: &[&'static str],
    ) -> Setting<&'static str> {
        let said = value.get_ref().as_str();
        if let Some(word) = words.iter().find(|word| Some(**word) == said) {
            return Setting::Given(*word, value.span().start);
        }
        let guess = said
            .filter(|_| words.len() > 1)
            .and_then(|said| nearest(said, words))
            .map_or(String::new(), |word| format!("; did you mean \"{word}\"?"));
        self.refuse(key, value, &(alternatives(words) + &guess))
    }

    /// `seeds = 5` or `seeds = [0, 7]`.
    fn seeds(
        &mut self,
        key: &str,
        value: &Spanned<DeValue<'a>>,
        bounds: &RangeInclusive<u64>,
    ) -> Setting<Value> {
        let seeds = match value.get_ref() {
            DeValue::Array(list) if list.is_empty() => {
                return self.refuse(key, value, "a count or a list with at least one seed");
            }
            DeValue::Array(list) if list.len() as u64 > *bounds.end() => {
                let (many, most) = (list.len(), thousands(*bounds.end()));
                let message = format!("`{key}` lists {many} seeds, but may list at most {most}");
                self.report.problem(value.span().start, message);
                return Setting::Broken;
            }
            DeValue::Array(list) => self.seed_list(key, list),
            number @ DeValue::Integer(_) => match count(number, bounds) {
                Some(count) => Some((0..count).collect()),
                None => return self.refuse(key, value, &(whole_number(bounds) + ", or a list of seeds")),
            },
            _ => return self.refuse(key, value, &(whole_number(bounds) + ", or a list such as [0, 1, 2]")),
        };
        seeds.map_or(Setting::Broken, |seeds| Setting::Given(Value::List(seeds), value.span().start))
    }

    /// Seeds one by one; `None` if one of them was refused.
    fn seed_list(&mut self, key: &str, list: &[Spanned<DeValue<'a>>]) -> Option<Vec<u64>> {
        let mut seen = HashSet::new();
        let mut seeds = Vec::with_capacity(list.len());
        for item in list {
            match count(item.get_ref(), &SEED) {
                None => {
                    let expected = format!("a list of seeds, each {}", whole_number(&SEED));
                    let _: Setting<()> = self.refuse(key, item, &expected);
                }
                Some(seed) if !seen.insert(seed) => {
                    let message = format!("seed `{seed}` stands in this list already: each seed is one run");
                    self.report.problem(item.span().start, message);
                }
                Some(seed) => seeds.push(seed),
            }
        }
        (seeds.len() == list.len()).then_some(seeds)
    }

    /// A range `[low, high]` of whole numbers.
    fn counts(
        &mut self,
        key: &str,
        value: &Spanned<DeValue<'a>>,
        bounds: &RangeInclusive<u64>,
    ) -> Setting<Value> {
        let Some([low, high]) = value.get_ref().as_array().map(|list| list.iter().as_slice()) else {
            return self.refuse(key, value, "one whole number, or two: [low, high]");
        };
        let ends = [(low, "low"), (high, "high")].map(|(item, name)| {
            let end = count(item.get_ref(), bounds);
            if end.is_none() {
                let _: Setting<u64> =
                    self.refuse(&format!("{key} ({name} end)"), item, &whole_number(bounds));
            }
            end
        });
        match ends {
            [Some(low), Some(high)] if low > high => {
                self.refuse(key, value, &format!("[low, high] with the low end first: [{high}, {low}]"))
            }
            [Some(low), Some(high)] if low == high => {
                self.refuse(key, value, "[low, high] with the low end below the high end")
            }
            [Some(low), Some(high)] => Setting::Given(Value::List(vec![low, high]), value.span().start),
            _ => Setting::Broken,
        }
    }

    /// A range `[low, high]`; `may_be_a_point` allows both ends to be the same.
    fn range(
        &mut self,
        key: &str,
        value: &Spanned<DeValue<'a>>,
        bounds: &RangeInclusive<f64>,
        may_be_a_point: bool,
    ) -> Setting<Value> {
        let Some([low, high]) = value.get_ref().as_array().map(|list| list.iter().as_slice()) else {
            return self.refuse(key, value, "two numbers, [low, high]");
        };
        let mut ends = [0.0; 2];
        let mut broken = false;
        for ((end, item), name) in ends.iter_mut().zip([low, high]).zip(["low", "high"]) {
            match number(item.get_ref()).filter(|number| bounds.contains(number)) {
                Some(number) => *end = number,
                None => {
                    broken = true;
                    let expected =
                        format!("a number from {} to {}", whole(*bounds.start()), whole(*bounds.end()));
                    let _: Setting<f64> = self.refuse(&format!("{key} ({name} end)"), item, &expected);
                }
            }
        }
        if broken {
            return Setting::Broken;
        }
        let [low, high] = ends;
        if low > high {
            let expected = format!("[low, high] with the low end first: [{high}, {low}]");
            return self.refuse(key, value, &expected);
        }
        if low == high && !may_be_a_point {
            return self.refuse(key, value, "[low, high] with the low end below the high end");
        }
        Setting::Given(Value::Range(ends), value.span().start)
    }

    /// A table within this one, and where it stands.
    pub fn table(&mut self, key: &str) -> Option<&'t DeTable<'a>> {
        let value = self.get(key)?;
        match value.get_ref() {
            DeValue::Table(table) => Some(table),
            DeValue::Array(_) if self.is_under_headers(value) => {
                let message =
                    format!("`{key}` is one table, not a list: write its header with single brackets");
                self.report.problem(value.span().start, message);
                None
            }
            _ => {
                let _: Setting<()> = self.refuse(key, value, "a table");
                None
            }
        }
    }
}

impl<'t, 'a> Table<'t, 'a, '_> {
    /// The tables of a list, as `header` writes each of them, with their places, and the place of the list;
    /// `None` if there is none. What may have how many of what is `limit`.
    pub fn tables(
        &mut self,
        key: &str,
        header: &str,
        (has, what, most): (&str, &str, usize),
    ) -> Option<(usize, Vec<(usize, &'t DeTable<'a>)>)> {
        let value = self.get(key)?;
        let at = value.span().start;
        let list = match value.get_ref() {
            DeValue::Array(list) => list,
            DeValue::Table(_) => {
                let message = format!("`{key}` is a list: write {header}, with double brackets");
                self.report.problem(at, message);
                return None;
            }
            _ => {
                let _: Setting<()> = self.refuse(key, value, &format!("a list of tables: write {header}"));
                return None;
            }
        };
        if let Some(excess) = list.get(most) {
            let (length, most) = (thousands(list.len() as u64), thousands(most as u64));
            let message = format!("{has} has {length} {what}, but may have at most {most}");
            self.report.problem(excess.span().start, message);
        }
        let mut tables = Vec::new();
        for item in list.iter().take(most) {
            match item.get_ref() {
                DeValue::Table(table) => tables.push((item.span().start, table)),
                _ => {
                    let _: Setting<()> = self.refuse(key, item, &format!("a table: write {header}"));
                }
            }
        }
        Some((at, tables))
    }
}

/// A whole number within bounds.
fn count(value: &DeValue<'_>, bounds: &RangeInclusive<u64>) -> Option<u64> {
    integer(value.as_integer()?).and_then(|number| u64::try_from(number).ok()).filter(|n| bounds.contains(n))
}

/// The end of a range's bounds: whole, and grouped where it is large.
fn whole(number: f64) -> String {
    let sign = if number < 0.0 { "-" } else { "" };
    format!("{sign}{}", thousands(number.abs() as u64))
}

fn integer(integer: &DeInteger<'_>) -> Option<i128> {
    i128::from_str_radix(integer.as_str(), integer.radix()).ok()
}

/// A number, be it written as an integer or as a float.
fn number(value: &DeValue<'_>) -> Option<f64> {
    match value {
        DeValue::Integer(number) => integer(number).map(|number| number as f64),
        DeValue::Float(number) => number.as_str().parse().ok(),
        _ => None,
    }
}

/// A text that is there, of at most so many characters, and can be seen; spaces around it do not count.
fn text(value: &DeValue<'_>, longest: usize) -> Option<String> {
    let text = value.as_str()?.trim();
    let is_fine = (1..=longest).contains(&text.chars().count()) && !seen(text).any(|(_, hidden)| hidden);
    is_fine.then(|| text.to_owned())
}

/// How to put a value right whose meaning is clear.
fn hint(value: &DeValue<'_>, expected: &str) -> String {
    match value {
        DeValue::Float(float) if expected.contains("whole number") => {
            let whole = float.as_str().parse().ok().filter(|n: &f64| n.fract() == 0.0 && n.abs() < 1e15);
            whole.map_or(String::new(), |n| format!("; write {n:.0}, without a point or an exponent"))
        }
        DeValue::String(text) if expected.contains("number") && text.trim().parse::<f64>().is_ok() => {
            "; leave out the quotes".to_owned()
        }
        DeValue::String(text) if expected.contains("number") => {
            with_a_point(text).map_or(String::new(), |number| format!("; write {number}, with a point"))
        }
        // [0,1, 5,0] is a list of four.
        DeValue::Array(list) if expected.contains("two numbers") && list.len() > 2 => {
            "; a number has a point, no comma: 0.5".to_owned()
        }
        _ => String::new(),
    }
}

fn unknown_key(key: &str, title: &str, keys: &[&str], home: Home) -> String {
    let mut message = format!("unknown key {} in {title}", quote(key));
    if let Some(name) = nearest(key, keys) {
        message += &format!("; did you mean `{name}`?");
    }
    if let Some(home) = home(key, title) {
        message += &format!("; `{key}` belongs {home}");
    }
    message + "; allowed here: " + &keys.join(", ")
}
