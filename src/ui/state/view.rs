//! Which view is in front. What the state has to know of a view is here; how it is drawn and what its keys
//! are stands in its own file in [`crate::ui::views`].

/// A kind of view.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    /// On its tab, where that has not the experiment's name; no two kinds have the same.
    pub title: &'static str,
    /// Whether every experiment has one.
    pub each: bool,
    /// Whether it shows a sweep, and is there for each of them.
    pub sweep: bool,
    /// Whether it shows adaptation curves and runs, and so has their keys.
    pub curves: bool,
    /// Whether what is changed in it can be undone there.
    pub undoes: bool,
}

/// A screen of its own, with a tab.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    /// What it shows.
    pub kind: &'static Kind,
    /// Of which experiment, where every experiment has one.
    pub experiment: Option<usize>,
}

impl View {
    /// Whether it shows the adaptation curve of an experiment.
    pub fn has_curve_of(self, experiment: usize) -> bool {
        self.kind.curves && self.experiment.is_none_or(|shown| shown == experiment)
    }
}
