//! Reads one table of `experiments.toml` setting by setting. Whatever it refuses it reports with the
//! offending text and what would be right, and it knows which of its keys nobody should have written.

use std::ops::RangeInclusive;

use toml::{
    Spanned,
    de::{DeInteger, DeTable, DeValue},
};

use super::{
    problem::{Home, Report, quote},
    words::{alternatives, nearest, thousands},
};

/// Any seed.
pub const SEED: RangeInclusive<u64> = 0..=u64::MAX;
/// Learning rates. Reptile divides by one, so the smallest is far from f32's smallest number.
const RATE: RangeInclusive<f64> = 1e-12..=1_000.0;
/// Ends of the ranges of amplitude, phase and x.
const END: RangeInclusive<f64> = -1e6..=1e6;

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
    /// This setting, or the shared one where this table says nothing.
    pub fn or(self, shared: Setting<T>) -> Setting<T> {
        match self {
            Setting::Absent => shared,
            own => own,
        }
    }

    /// The value, or the one that holds where nothing is said.
    pub fn value_or(self, default: T) -> T {
        match self {
            Setting::Given(value, _) => value,
            Setting::Absent | Setting::Broken => default,
        }
    }

    /// Where it was given.
    pub fn at(&self) -> Option<usize> {
        match self {
            Setting::Given(_, at) => Some(*at),
            Setting::Absent | Setting::Broken => None,
        }
    }

    /// Whether it was refused.
    pub fn is_broken(&self) -> bool {
        matches!(self, Setting::Broken)
    }

    /// The same setting as another type.
    pub fn map<U>(self, into: impl FnOnce(T) -> U) -> Setting<U> {
        match self {
            Setting::Absent => Setting::Absent,
            Setting::Broken => Setting::Broken,
            Setting::Given(value, at) => Setting::Given(into(value), at),
        }
    }
}

/// One table while it is read.
pub struct Table<'t, 'a, 'r> {
    /// As in the file: `[task]`.
    title: &'static str,
    keys: &'static [&'static str],
    entries: &'t DeTable<'a>,
    pub report: &'r mut Report<'a>,
}

impl<'t, 'a, 'r> Table<'t, 'a, 'r> {
    /// Begins to read a table that may have these keys, and reports all others.
    pub fn open(
        title: &'static str,
        keys: &'static [&'static str],
        entries: &'t DeTable<'a>,
        report: &'r mut Report<'a>,
    ) -> Self {
        for key in entries.keys().filter(|key| !keys.contains(&key.get_ref().as_ref())) {
            report.problem(key.span().start, unknown_key(key.get_ref(), title, keys, report.home));
        }
        Self { title, keys, entries, report }
    }

    /// Whether some key here that means nothing was probably meant to be `key`.
    pub fn has_unknown_key_like(&self, key: &str) -> bool {
        let mut unknown =
            self.entries.keys().map(Spanned::get_ref).filter(|k| !self.keys.contains(&k.as_ref()));
        unknown.any(|unknown| nearest(unknown, self.keys) == Some(key))
    }

    /// The value of a key. A value that the parser made up after a syntax error counts as absent.
    pub fn get(&self, key: &str) -> Option<&'t Spanned<DeValue<'a>>> {
        debug_assert!(self.keys.contains(&key), "{key} is not in the schema of {}", self.title);
        self.entries.get(key).filter(|value| value.span() != (0..0))
    }

    /// Where a key stands.
    pub fn key_at(&self, key: &str) -> Option<usize> {
        self.entries.get_key_value(key).map(|(key, _)| key.span().start)
    }

    /// Whatever `read` makes of a key's value; if it makes nothing of it, `expected` says why.
    pub fn setting<T>(
        &mut self,
        key: &str,
        expected: impl FnOnce() -> String,
        read: impl FnOnce(&DeValue<'a>) -> Option<T>,
    ) -> Setting<T> {
        let Some(value) = self.get(key) else { return Setting::Absent };
        match read(value.get_ref()) {
            Some(read) => Setting::Given(read, value.span().start),
            None => self.refuse(key, value, &expected()),
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

    /// A whole number within bounds.
    pub fn count(&mut self, key: &str, bounds: RangeInclusive<u64>) -> Setting<u64> {
        self.setting(key, || expected_count(&bounds), |value| count(value, &bounds))
    }

    /// The same, for what ends up as a length; no bound here exceeds 32 bits.
    pub fn size(&mut self, key: &str, bounds: RangeInclusive<u64>) -> Setting<usize> {
        self.count(key, bounds).map(|count| count as usize)
    }

    /// A learning rate.
    pub fn rate(&mut self, key: &str) -> Setting<f64> {
        let expected = || format!("a number above 0 (from {:e} to {})", RATE.start(), RATE.end());
        self.setting(key, expected, |value| number(value).filter(|rate| RATE.contains(rate)))
    }

    /// One of a few words, each with what it means.
    pub fn word<T: Copy>(&mut self, key: &str, menu: &[(&str, T)]) -> Setting<T> {
        let Some(value) = self.get(key) else { return Setting::Absent };
        let word = value.get_ref().as_str();
        if let Some((_, meaning)) = menu.iter().find(|(name, _)| Some(*name) == word) {
            return Setting::Given(*meaning, value.span().start);
        }
        let names: Vec<&str> = menu.iter().map(|(name, _)| *name).collect();
        let guess = word
            .filter(|_| names.len() > 1)
            .and_then(|word| nearest(word, &names))
            .map_or(String::new(), |name| format!("; did you mean \"{name}\"?"));
        self.refuse(key, value, &(alternatives(&names) + &guess))
    }

    /// A range `[low, high]`; `may_be_a_point` allows both ends to be the same.
    pub fn range(&mut self, key: &str, may_be_a_point: bool) -> Setting<[f64; 2]> {
        let Some(value) = self.get(key) else { return Setting::Absent };
        let Some([low, high]) = value.get_ref().as_array().map(|list| list.iter().as_slice()) else {
            return self.refuse(key, value, "two numbers, [low, high]");
        };
        let mut ends = [0.0; 2];
        let mut broken = false;
        for ((end, item), name) in ends.iter_mut().zip([low, high]).zip(["low", "high"]) {
            match number(item.get_ref()).filter(|number| END.contains(number)) {
                Some(number) => *end = number,
                None => {
                    broken = true;
                    let expected = format!("a number from -{0} to {0}", thousands(*END.end() as u64));
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
        Setting::Given(ends, value.span().start)
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

/// A whole number within bounds.
pub fn count(value: &DeValue<'_>, bounds: &RangeInclusive<u64>) -> Option<u64> {
    integer(value.as_integer()?).and_then(|number| u64::try_from(number).ok()).filter(|n| bounds.contains(n))
}

/// What [`count`] expects, in words.
pub fn expected_count(bounds: &RangeInclusive<u64>) -> String {
    if *bounds == SEED {
        return "a whole number from 0 to 2^64 - 1".to_owned();
    }
    format!("a whole number from {} to {}", thousands(*bounds.start()), thousands(*bounds.end()))
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
        _ => String::new(),
    }
}

fn unknown_key(key: &str, title: &str, keys: &[&str], home: Home) -> String {
    let mut message = format!("unknown key {} in {title}", quote(key));
    if let Some(name) = nearest(key, keys) {
        message += &format!("; did you mean `{name}`?");
    }
    if let Some(home) = home(key) {
        message += &format!("; `{key}` belongs {home}");
    }
    message + "; allowed here: " + &keys.join(", ")
}
