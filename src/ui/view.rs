//! What a view is to the rest of the dashboard: tabs, keys, help, docs, mouse and drawing ask its [`Kind`].

use std::fmt;

use ratatui::{buffer::Buffer, layout::Rect};

use super::command::Command;
use crate::{
    experiments::Experiment,
    term::{Mouse, MouseKind},
};

/// A kind of view.
pub struct Kind<S: 'static> {
    /// On its tab, where that has not the experiment's name; no two kinds have the same.
    pub title: &'static str,
    /// The name of its keys in `[keys.NAME]`.
    pub name: &'static str,
    /// The heading of its keys in the help and in docs/keys.md.
    pub heading: &'static str,
    /// Whether every experiment has one.
    pub each: bool,
    /// Whether it shows a sweep, and is there for each of them.
    pub sweep: bool,
    /// Whether it shows adaptation curves and runs, and so has their keys.
    pub curves: bool,
    /// Whether these may be over support points too.
    pub points: bool,
    /// Whether it shows networks as they were in their training, and so has the keys of time travel; one with curves has
    /// them anyway.
    pub travels: bool,
    /// Whether a study of these experiments has it.
    pub wanted: fn(&[Experiment]) -> bool,
    /// The commands that are its own, in the order in which the footer hints at them.
    pub commands: &'static [Command<S>],
    /// Draws it: the view in front, which is of this kind.
    pub draw: fn(&S, Rect, &mut Buffer),
    /// What the mouse does when the view is drawn into this area; whether it does anything.
    pub point: fn(&mut S, Rect, &Mouse) -> bool,
    /// Prepares the state when the view comes to the front.
    pub open: fn(&mut S),
    /// Before each frame with the view in front: works out what it shows, or asks for it.
    pub look: fn(&mut S),
}

impl<S> Kind<S> {
    /// A view that every study has once, without keys and mouse.
    pub const fn new(title: &'static str, name: &'static str, draw: fn(&S, Rect, &mut Buffer)) -> Self {
        Self {
            title,
            name,
            heading: title,
            each: false,
            sweep: false,
            curves: false,
            points: false,
            travels: false,
            wanted: |_| true,
            commands: &[],
            draw,
            point: |_, _, _| false,
            open: |_| {},
            look: |_| {},
        }
    }
}

impl<S> Kind<S> {
    /// The contexts whose keys it has, its own first.
    pub fn contexts(&self) -> Vec<&'static str> {
        let shared: &[&str] = match (self.curves, self.travels) {
            (true, _) => &["runs", "curves", "travel"],
            (_, true) => &["travel"],
            _ => &[],
        };
        [&[self.name], shared, &["everywhere", "always"]].concat()
    }
}

impl<S> PartialEq for Kind<S> {
    fn eq(&self, other: &Self) -> bool {
        self.title == other.title
    }
}

impl<S> fmt::Debug for Kind<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.title)
    }
}

/// A screen of its own, with a tab.
pub struct View<S: 'static> {
    /// What it shows.
    pub kind: &'static Kind<S>,
    /// Of which experiment, where every experiment has one.
    pub experiment: Option<usize>,
}

impl<S> View<S> {
    /// Whether it shows the adaptation curve of an experiment.
    pub fn has_curve_of(self, experiment: usize) -> bool {
        self.kind.curves && self.experiment.is_none_or(|shown| shown == experiment)
    }
}

impl<S> Clone for View<S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S> Copy for View<S> {}

impl<S> fmt::Debug for View<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {:?}", self.kind.title, self.experiment)
    }
}

impl<S> PartialEq for View<S> {
    fn eq(&self, other: &Self) -> bool {
        (self.kind, self.experiment) == (other.kind, other.experiment)
    }
}

/// Lines that the wheel scrolls at once.
const WHEEL: i32 = 3;

/// How many lines the wheel scrolls down.
pub fn wheel(kind: MouseKind) -> Option<i32> {
    match kind {
        MouseKind::WheelUp => Some(-WHEEL),
        MouseKind::WheelDown => Some(WHEEL),
        _ => None,
    }
}
