//! Settings by name: what tables say about them, laid over each other, and what holds in the end.

use std::fmt;

use super::{
    key::{AnyKey, Key, Keys, Written, are_rivals},
    table::{Setting, Table},
    value::{Typed, Value},
};

/// Settings that hold, each with its key, in the order in which they are written.
#[derive(Clone, Default)]
pub struct Values(Vec<(&'static dyn AnyKey, Value)>);

impl Values {
    /// The value of a setting, its default where there is none.
    pub fn get<T: Typed + Sync>(&self, key: &Key<T>) -> T {
        self.named(key.name()).unwrap_or_else(|| key.default_value())
    }

    /// The value of the setting of this name; `None` where there is none.
    pub fn named<T: Typed>(&self, name: &str) -> Option<T> {
        self.find(name).and_then(T::from_value)
    }

    /// These, and another one at the end.
    #[must_use]
    pub fn with<T: Typed + Sync>(mut self, key: &'static Key<T>, value: &T) -> Self {
        self.0.extend(value.to_value().map(|value| (key as &dyn AnyKey, value)));
        self
    }

    /// These, and others at the end.
    #[must_use]
    pub fn and(mut self, others: &Self) -> Self {
        self.0.extend(others.0.iter().cloned());
        self
    }

    /// The settings of these keys: their values here, else their defaults.
    #[must_use]
    pub fn of(&self, keys: &Keys) -> Self {
        let value = |key: &dyn AnyKey| self.find(key.name()).cloned().or_else(|| key.default());
        keys.iter().filter_map(|key| Some((*key, value(*key)?))).collect()
    }

    /// Those of them that pass.
    #[must_use]
    pub fn filter(&self, passes: impl Fn(&dyn AnyKey, &Value) -> bool) -> Self {
        Self(self.0.iter().filter(|(key, value)| passes(*key, value)).cloned().collect())
    }

    /// Those that have none of these keys.
    #[must_use]
    pub fn beside(&self, keys: &Keys) -> Self {
        self.filter(|key, _| keys.iter().all(|one| one.name() != key.name()))
    }

    /// Their keys.
    pub fn keys(&self) -> Vec<&'static dyn AnyKey> {
        self.0.iter().map(|(key, _)| *key).collect()
    }

    /// Those that a settings file has.
    pub fn written(&self) -> impl Iterator<Item = (&'static str, &Value)> {
        let is_written = |(key, value): &&(&dyn AnyKey, Value)| {
            key.written() != Written::IfChanged || key.default().as_ref() != Some(value)
        };
        self.0.iter().filter(is_written).map(|(key, value)| (key.name(), value))
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &Value)> {
        self.0.iter().map(|(key, value)| (key.name(), value))
    }

    fn find(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(key, _)| key.name() == name).map(|(_, value)| value)
    }
}

impl FromIterator<(&'static dyn AnyKey, Value)> for Values {
    fn from_iter<I: IntoIterator<Item = (&'static dyn AnyKey, Value)>>(values: I) -> Self {
        Self(values.into_iter().collect())
    }
}

impl PartialEq for Values {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl fmt::Debug for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// The settings of one table, or of several laid over each other.
#[derive(Clone, Default)]
pub struct Layer(Vec<(&'static dyn AnyKey, Setting<Value>)>);

impl Layer {
    /// Reads these settings of an open table.
    pub fn read(keys: &Keys, table: &mut Table<'_, '_, '_>) -> Self {
        let mut layer = Self(keys.iter().map(|key| (*key, table.value(*key))).collect());
        for key in keys {
            let Some((other, what)) = key.instead_of() else { continue };
            if let (Some(first), Some(second)) = (table.key_at(other), table.key_at(key.name())) {
                let name = key.name();
                let message =
                    format!("both `{other}` and `{name}` say {what}: keep one of them in this table");
                table.report.problem(first.max(second), message);
                let both = layer.0.iter_mut().filter(|(key, _)| [other, name].contains(&key.name()));
                both.for_each(|(_, setting)| *setting = Setting::Broken);
            }
        }
        layer.0.retain(|(_, setting)| *setting != Setting::Absent);
        layer
    }

    /// A layer that gives these settings these values, each with its place in the file.
    pub fn of(settings: impl IntoIterator<Item = (&'static dyn AnyKey, Value, usize)>) -> Self {
        let given = |(key, value, at)| (key, Setting::Given(value, at));
        Self(settings.into_iter().map(given).collect())
    }

    /// Whether it says anything of a setting, be it under another name.
    pub fn says(&self, key: &dyn AnyKey) -> bool {
        self.0.iter().any(|(own, _)| own.name() == key.name() || are_rivals(*own, key))
    }

    /// This layer over a shared one: `shared` counts where this says nothing.
    #[must_use]
    pub fn over(mut self, shared: &Self) -> Self {
        let own = self.0.len();
        for (key, setting) in &shared.0 {
            let is_said = |(own, _): &(&dyn AnyKey, _)| own.name() == key.name() || are_rivals(*own, *key);
            if !self.0[..own].iter().any(is_said) {
                self.0.push((*key, setting.clone()));
            }
        }
        self
    }

    /// The values of these keys, with the default wherever nothing is said.
    pub fn resolve(&self, keys: &Keys) -> Values {
        let value = |key: &'static dyn AnyKey| {
            if let Setting::Given(value, _) = self.find(key.name()) {
                return Some(value.clone());
            }
            let is_said_otherwise = self
                .0
                .iter()
                .any(|(other, setting)| matches!(setting, Setting::Given(..)) && are_rivals(key, *other));
            if is_said_otherwise { None } else { key.default() }
        };
        keys.iter().filter_map(|key| Some((*key, value(*key)?))).collect()
    }

    /// The part of this layer with these keys.
    #[must_use]
    pub fn only(&self, keys: &Keys) -> Self {
        let is_one = |key: &dyn AnyKey| keys.iter().any(|one| one.name() == key.name());
        Self(self.0.iter().filter(|(key, _)| is_one(*key)).cloned().collect())
    }

    /// Where a setting was given.
    pub fn at(&self, name: &str) -> Option<usize> {
        self.find(name).at()
    }

    /// Whether a setting was refused.
    pub fn is_broken(&self, name: &str) -> bool {
        *self.find(name) == Setting::Broken
    }

    fn find(&self, name: &str) -> &Setting<Value> {
        self.0.iter().find(|(key, _)| key.name() == name).map_or(&Setting::Absent, |(_, setting)| setting)
    }
}
