//! The dashboard. State is data ([`state`]), drawing is a function of state ([`frame`] around [`views`] made
//! of [`widgets`]), a key becomes a [`command::Command`] through the keymap ([`keymap`]), and what commands, the mouse
//! and the study do to the state is done in [`update`]. Top floor first; files lean on each other in one direction:
//!
//! ```text
//! show.rs        takes the terminal over and gives it back
//! opening.rs     the screen until there is a study to show
//! drive.rs       the main loop: waits for input or the next frame, performs what the state asks for
//! update/        changes of state: keys and mouse, what the study reports, the file, another study
//! commands.rs    every command there is, by context: the keymap and docs/keys.md
//! everywhere.rs  the commands of no single view
//! frame/         what stands around every view: header, tabs, banner, footer; saved screens
//! modes/         what stands over the views and takes the keys: help, palette, questions, tour
//! tour/          the guided tour: its stations and what they say
//! views/         a file a view with its commands, listed in one place; the panes they share
//! widgets/       plots, tables, text: pieces that know nothing of the state
//! state/         what the dashboard knows, and questions about it
//! style.rs       every colour and glyph
//! view.rs        what a view is
//! keymap.rs      which key does which command where
//! command.rs     what a command is
//! key.rs         a key as it is written
//! preferences.rs what a person wants of every dashboard: config.toml
//! apart.rs       a study on a thread of its own, for which the screen never waits
//! source.rs      what the main loop asks of a study
//! options.rs     what the dashboard is told, and how it ends
//! ```
//!
//! The screen:
//!
//! ```text
//!  metascope  experiments.toml  sine, 10-shot, 5 systems x 5 seeds      14/25 runs  0:02 elapsed  0:01 left
//!  1 Overview  2 Random  3 Transfer  4 MAML  5 First-order  6 Reptile  7 Tasks  8 Play  9 Log
//! + Test loss after n gradient steps ---------------------++ Loss table (mean +- seeds) ----------------+
//! |  what wins ...                                        || ... and by how much                        |
//! +-------------------------------------------------------++--------------------------------------------+
//! + Runs -----------------------------------------------------------------------------------------------+
//! |  what is still running                                                                              |
//! +-----------------------------------------------------------------------------------------------------+
//!  Left/Right crosshair  Up/Down select  Enter open  Tab view  ? help  q quit
//! ```

mod apart;
pub mod command;
pub mod commands;
mod drive;
mod everywhere;
pub mod frame;
mod key;
pub mod keymap;
pub mod modes;
mod opening;
mod options;
mod preferences;
mod show;
mod source;
pub mod state;
pub mod style;
pub mod tour;
pub mod update;
pub mod view;
pub mod views;
pub mod widgets;

pub use crate::term::is_interactive;
pub use apart::Apart;
pub use drive::{Lost, drive};
pub use frame::report;
pub use opening::{Heard, open};
pub use options::{End, Options};
pub use preferences::{Preferences, Rebound};
pub use show::{Outcome, run};
pub use source::Source;
pub use state::file::StudyFile;
pub use state::trainers::{Trainer, Trainers, crowd};
pub use style::{Depth, Ground, Theme};

#[cfg(test)]
mod tests;
