//! What a command is: one record that says how it is called, what it does and in which words, from which keys, help,
//! footer, palette and docs/keys.md follow. It knows nothing of the state that it changes.

use std::fmt;

/// What a person wants of a command; the help is in these groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Move.
    Move,
    /// Look.
    Look,
    /// Steer.
    Steer,
    /// Take away, leave.
    Leave,
}

impl Group {
    /// In the order of the help, with their headings.
    pub const ALL: [(Self, &'static str); 4] = [
        (Self::Move, "Move"),
        (Self::Look, "Look"),
        (Self::Steer, "Steer"),
        (Self::Leave, "Take away, leave"),
    ];
}

/// How a command changes the state.
pub enum Run<S> {
    /// At once.
    Now(fn(&mut S)),
    /// With the letter that was pressed.
    Letter(fn(&mut S, char)),
    /// With a number that is typed.
    Number {
        /// What is asked for.
        asks: fn(&S) -> String,
        /// Takes what was typed, or says what would be right.
        take: fn(&mut S, &str) -> Result<(), String>,
    },
}

/// A command.
pub struct Command<S> {
    /// Its name, for the palette (with blanks for hyphens) and for `[keys]`. It never changes.
    pub name: &'static str,
    /// The keys that do it unless a person has others, the one that is shown first.
    pub keys: &'static str,
    /// What it does, in a sentence.
    pub help: &'static str,
    /// The same in a word or two for the footer; empty keeps it out.
    pub hint: &'static str,
    /// Whether its keys stand beside those of the command before it, whose hint is its hint too.
    pub shares_hint: bool,
    /// What a person wants of it.
    pub group: Group,
    /// Whether it changes what is trained, which only whoever trains can do.
    pub steers: bool,
    /// Whether the palette does it with an experiment that is named.
    pub takes_experiment: bool,
    /// Whether it is of use as a key only.
    pub is_key_only: bool,
    /// Why it can do nothing here and now, if so.
    pub refusal: fn(&S) -> Option<String>,
    /// What it does.
    pub run: Run<S>,
}

impl<S> Command<S> {
    /// A command that is done at once.
    pub const fn new(name: &'static str, keys: &'static str, help: &'static str, run: fn(&mut S)) -> Self {
        Self::record(name, keys, help, Run::Now(run))
    }

    /// A command for a group of keys.
    pub const fn typing(
        name: &'static str,
        keys: &'static str,
        help: &'static str,
        run: fn(&mut S, char),
    ) -> Self {
        Self::record(name, keys, help, Run::Letter(run)).key_only()
    }

    /// A command that takes a number.
    pub const fn number(
        name: &'static str,
        keys: &'static str,
        help: &'static str,
        asks: fn(&S) -> String,
        take: fn(&mut S, &str) -> Result<(), String>,
    ) -> Self {
        Self::record(name, keys, help, Run::Number { asks, take })
    }

    const fn record(name: &'static str, keys: &'static str, help: &'static str, run: Run<S>) -> Self {
        Self {
            name,
            keys,
            help,
            hint: "",
            shares_hint: false,
            group: Group::Look,
            steers: false,
            takes_experiment: false,
            is_key_only: false,
            refusal: |_| None,
            run,
        }
    }

    /// With these keys.
    pub const fn keys(mut self, keys: &'static str) -> Self {
        self.keys = keys;
        self
    }

    /// With this sentence.
    pub const fn help(mut self, help: &'static str) -> Self {
        self.help = help;
        self
    }

    /// With this hint.
    pub const fn hint(mut self, hint: &'static str) -> Self {
        self.hint = hint;
        self
    }

    /// With the hint of the command before it.
    pub const fn shares_hint(mut self) -> Self {
        self.shares_hint = true;
        self
    }

    /// Of this group.
    pub const fn group(mut self, group: Group) -> Self {
        self.group = group;
        self
    }

    /// Changes what is trained.
    pub const fn steers(mut self) -> Self {
        self.steers = true;
        self.group(Group::Steer)
    }

    /// Can be done with an experiment that is named.
    pub const fn takes_experiment(mut self) -> Self {
        self.takes_experiment = true;
        self
    }

    /// Not in the palette.
    pub const fn key_only(mut self) -> Self {
        self.is_key_only = true;
        self
    }

    /// Does nothing where this says why.
    pub const fn unless(mut self, refusal: fn(&S) -> Option<String>) -> Self {
        self.refusal = refusal;
        self
    }

    /// As the palette has it.
    pub fn words(&self) -> String {
        self.name.replace('-', " ")
    }
}

impl<S> PartialEq for Command<S> {
    fn eq(&self, other: &Self) -> bool {
        (self.name, self.help) == (other.name, other.help)
    }
}

impl<S> fmt::Debug for Command<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}
