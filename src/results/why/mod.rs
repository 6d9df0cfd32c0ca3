//! Why a network adapts as it does, in panes, each of one quantity of [`crate::analysis`]: what to look for, what is there,
//! and a picture as plain data. The view *Why* shows them and `export --pane` writes them.
//!
//! A pane is a file with a `PANE` and a line of [`PANES`].

mod along_the_step;
mod course;
mod gradients;
mod head_or_body;
mod kernel;
mod one_step;
mod over_training;
mod pane;
mod picture;
mod plane;
mod rates;
mod ring;
mod steps_of_reptile;
mod support;
#[cfg(test)]
mod tests;
mod units;

pub use crate::analysis::GRID;
pub use course::{Course, Looks, closer, looks};
pub use one_step::point_name;
pub use pane::{Finding, Found, Of, Pane, Subject, TASKS, pairs};
pub use picture::{Curves, Field, Hue, Line, Losses, Mark, Part, Row, Shape, Stroke, most};

/// The panes, in the order of what they teach.
pub static PANES: &[Pane] = &[
    kernel::PANE,
    one_step::PANE,
    head_or_body::PANE,
    ring::PANE,
    rates::PANE,
    units::PANE,
    along_the_step::PANE,
    plane::PANE,
    over_training::PANE,
    gradients::PANE,
    support::PANE,
    steps_of_reptile::PANE,
];
