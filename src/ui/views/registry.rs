//! The list of the views: adding one is a line here.

use crate::experiments::Experiment;
use crate::results::{ListRow, rows};
use crate::ui::state::app::{Kind, View};

/// Every view, in the order of the tabs. The first one is not of an experiment.
pub static VIEWS: &[&Kind] = &[
    &super::overview::VIEW,
    &super::experiment::VIEW,
    &super::sweep::VIEW,
    &super::tasks::VIEW,
    &super::play::VIEW,
    &super::log::VIEW,
    &super::figures::VIEW,
    &super::inner::VIEW,
    &super::why::VIEW,
];

/// The view that is in front at first.
pub fn first() -> View {
    View { kind: VIEWS[0], experiment: None }
}

/// The tabs of a study of these experiments.
pub fn tabs(experiments: &[Experiment]) -> Vec<View> {
    let (list, sweeps) = rows(experiments.iter());
    let mut tabs = Vec::new();
    for kind in VIEWS.iter().copied().filter(|kind| (kind.wanted)(experiments)) {
        match kind.each {
            // The map of a sweep stands where views of its cells would.
            true if kind.sweep => {}
            true => tabs.extend(list.iter().map(|row| match *row {
                ListRow::One(index) => View { kind, experiment: Some(index) },
                ListRow::Sweep(sweep) => {
                    let first = sweeps[sweep].experiments.first().copied();
                    View { kind: &super::sweep::VIEW, experiment: first }
                }
            })),
            false => tabs.push(View { kind, experiment: None }),
        }
    }
    tabs
}
