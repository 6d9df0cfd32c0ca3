//! What a view is to the rest of the dashboard: an entry in the list of [`super::VIEWS`].

use ratatui::{buffer::Buffer, layout::Rect};

use super::binding::Binding;
use crate::{
    experiments::Experiment,
    term::{Mouse, MouseKind},
    ui::{
        action::Action,
        state::{app::App, view::Kind},
    },
};

/// A view. Tabs, keys, help, docs, mouse and drawing ask it.
pub struct Entry {
    /// What it is.
    pub kind: Kind,
    /// The heading of its keys in the help and in docs/keys.md.
    pub heading: &'static str,
    /// Whether a study of these experiments has it.
    pub wanted: fn(&[Experiment]) -> bool,
    /// The keys that are its own, in the order in which the footer hints at them.
    pub keys: &'static [Binding],
    /// Draws it: the view in front, which is of this kind.
    pub draw: fn(&App, Rect, &mut Buffer),
    /// What the mouse asks for when the view is drawn into this area.
    pub point: fn(&App, Rect, &Mouse) -> Option<Action>,
    /// Prepares the state when the view comes to the front.
    pub open: fn(&mut App),
}

/// For views that every study has.
pub fn always(_: &[Experiment]) -> bool {
    true
}

/// For views that do not care for the mouse.
pub fn unmoved(_: &App, _: Rect, _: &Mouse) -> Option<Action> {
    None
}

/// For views that need nothing prepared.
pub fn as_it_is(_: &mut App) {}

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
