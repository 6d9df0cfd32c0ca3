//! What a setting is: one definition says its name, what it does, which values it may have and which
//! it has when nothing is said. Reading, writing, error reports and documentation all ask it.

use std::ops::RangeInclusive;

use super::{
    value::{Typed, Value},
    words::{alternatives, thousands},
};

/// Any seed.
pub const SEED: RangeInclusive<u64> = 0..=u64::MAX;
/// Learning rates. Reptile divides by one, so the smallest is far from f32's smallest number.
pub const RATE: RangeInclusive<f64> = 1e-12..=1_000.0;
/// Ends of the ranges of amplitude, phase and x.
pub const END: RangeInclusive<f64> = -1e6..=1e6;

/// Which values a setting may have.
#[derive(Clone, Debug)]
pub enum Domain {
    /// A whole number within bounds.
    Count(RangeInclusive<u64>),
    /// A whole number within bounds, or a word.
    CountOr {
        /// The bounds.
        bounds: RangeInclusive<u64>,
        /// The word.
        word: &'static str,
        /// What the word does, after "for".
        meaning: &'static str,
    },
    /// A whole number within bounds, or two of them, low and high.
    CountOrCounts {
        /// The bounds of one number, and of the high end.
        bounds: RangeInclusive<u64>,
        /// What the low end may go down to.
        low: u64,
    },
    /// One of a few whole numbers.
    Menu {
        /// The numbers.
        numbers: &'static [usize],
        /// What they are.
        of: &'static str,
    },
    /// A learning rate, within [`RATE`].
    Rate,
    /// A number from 0 up to this.
    Size(f64),
    /// Two numbers, low and high, whose ends lie within bounds.
    Range {
        /// The bounds of both ends.
        ends: RangeInclusive<f64>,
        /// Whether both ends may be the same.
        point: bool,
    },
    /// One of these words.
    Words(&'static [&'static str]),
    /// A text of at most so many characters, all of which can be seen.
    Text {
        /// The longest.
        longest: usize,
        /// What it is, after "must be".
        what: &'static str,
    },
    /// One of the names of a registry.
    Names(fn() -> Vec<&'static str>),
    /// True or false.
    Switch,
    /// A count of seeds (0, 1, ...) within bounds, or a list of as many.
    Seeds(RangeInclusive<u64>),
}

impl Domain {
    /// The domain in words, after "must be".
    pub fn in_words(&self) -> String {
        match self {
            Self::Count(bounds) | Self::Seeds(bounds) => whole_number(bounds),
            Self::CountOr { bounds, word, meaning } => {
                format!("{}, or \"{word}\" for {meaning}", whole_number(bounds))
            }
            Self::CountOrCounts { bounds, low } => {
                format!("{}, or [low, high] with low from {low}", whole_number(bounds))
            }
            Self::Menu { numbers, of } => {
                let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
                format!("a whole number from the menu of {of}: {}", numbers.join(", "))
            }
            Self::Rate => format!("a number above 0 (from {:e} to {})", RATE.start(), RATE.end()),
            Self::Size(most) => format!("a number from 0 to {}", thousands(*most as u64)),
            Self::Range { .. } => "two numbers, [low, high]".to_owned(),
            Self::Switch => "true or false".to_owned(),
            Self::Words(words) => alternatives(words),
            Self::Text { what, .. } => format!("{what}, in quotes"),
            Self::Names(names) => alternatives(&names()),
        }
    }
}

impl Domain {
    /// The value that [`Value::in_words`] wrote, for the domains whose values are one word or number; `None` if
    /// it is out of bounds.
    pub fn read_word(&self, text: &str) -> Option<Value> {
        match self {
            Self::Count(bounds) => text.parse().ok().filter(|count| bounds.contains(count)).map(Value::Count),
            Self::Switch => text.parse().ok().map(Value::Switch),
            Self::Words(words) => words.iter().find(|word| **word == text).map(|word| Value::Word(word)),
            _ => None,
        }
    }
}

/// A whole number within bounds, in words.
pub fn whole_number(bounds: &RangeInclusive<u64>) -> String {
    if *bounds == SEED {
        return "a whole number from 0 to 2^64 - 1".to_owned();
    }
    format!("a whole number from {} to {}", thousands(*bounds.start()), thousands(*bounds.end()))
}

/// When a setting is written to a run's settings file, whose text names the run's folder, and to JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// Always.
    Always,
    /// Always to settings files, and to JSON where it is not the default.
    InFiles,
    /// Where it is not the default: a setting that came after 0.1.0, so that the folders of that
    /// version keep their names.
    IfChanged,
}

/// What a setting of `[task]` or `[evaluation]` is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// The frozen test tasks, and for most of `[task]` those of training too.
    TestTasks,
    /// Training alone: no test depends on it.
    Training,
    /// How networks adapt to test tasks, which stay the same.
    Adapting,
}

/// A setting of this type.
#[derive(Debug)]
pub struct Key<T> {
    name: &'static str,
    doc: &'static str,
    domain: Domain,
    default: T,
    written: Written,
    about: About,
    instead_of: Option<(&'static str, &'static str)>,
}

impl<T> Key<T> {
    /// The setting `name`; `doc` is one sentence on what it does.
    pub const fn new(name: &'static str, doc: &'static str, domain: Domain, default: T) -> Self {
        Self {
            name,
            doc,
            domain,
            default,
            written: Written::Always,
            about: About::TestTasks,
            instead_of: None,
        }
    }

    /// The same, written to settings files only where it is not the default.
    pub const fn added_later(mut self) -> Self {
        self.written = Written::IfChanged;
        self
    }

    /// The same, left out of JSON where it is the default.
    pub const fn left_out_of_json(mut self) -> Self {
        self.written = Written::InFiles;
        self
    }

    /// The same, of which tests know nothing.
    pub const fn for_training(mut self) -> Self {
        self.about = About::Training;
        self
    }

    /// The same, of which test tasks know nothing: it says how networks adapt to them.
    pub const fn for_adapting(mut self) -> Self {
        self.about = About::Adapting;
        self
    }

    /// The same, as another way to say what `key` says, namely `what`: no table may have both, and
    /// whichever an experiment has hides the other in the shared tables.
    pub const fn instead_of(mut self, key: &'static str, what: &'static str) -> Self {
        self.instead_of = Some((key, what));
        self
    }
}

impl<T: Typed> Key<T> {
    /// The value where nothing is said.
    pub fn default_value(&self) -> T {
        self.default.clone()
    }
}

/// A setting of any type.
pub trait AnyKey: Sync {
    /// As the file has it.
    fn name(&self) -> &'static str;
    /// One sentence on what it does.
    fn doc(&self) -> &'static str;
    /// Which values it may have.
    fn domain(&self) -> &Domain;
    /// The value where nothing is said; `None` if it is off then.
    fn default(&self) -> Option<Value>;
    /// When it is written to settings files.
    fn written(&self) -> Written {
        Written::Always
    }
    /// What it is about, if it is one of `[task]` or `[evaluation]`.
    fn about(&self) -> About {
        About::TestTasks
    }
    /// The key that it stands for, and what both of them say.
    fn instead_of(&self) -> Option<(&'static str, &'static str)> {
        None
    }
}

impl<T: Typed + Sync> AnyKey for Key<T> {
    fn name(&self) -> &'static str {
        self.name
    }
    fn doc(&self) -> &'static str {
        self.doc
    }
    fn domain(&self) -> &Domain {
        &self.domain
    }
    fn default(&self) -> Option<Value> {
        self.default.to_value()
    }
    fn written(&self) -> Written {
        self.written
    }
    fn about(&self) -> About {
        self.about
    }
    fn instead_of(&self) -> Option<(&'static str, &'static str)> {
        self.instead_of
    }
}

/// Whether these are two ways to say the same.
pub fn are_rivals(one: &dyn AnyKey, other: &dyn AnyKey) -> bool {
    let stands_for =
        |key: &dyn AnyKey, other: &dyn AnyKey| key.instead_of().is_some_and(|(name, _)| name == other.name());
    stands_for(one, other) || stands_for(other, one)
}

/// Settings of one kind, in the order in which they are written.
pub type Keys = [&'static dyn AnyKey];
