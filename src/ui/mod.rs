//! The dashboard. State is data ([`state`]), drawing is a function of state ([`frame`] around [`views`] made
//! of [`widgets`]), a key becomes an [`action::Action`] through the one key table ([`keys`]), and [`update`]
//! alone changes the state. Top floor first; a file imports only from floors below its own:
//!
//! ```text
//! show.rs      takes the terminal over and gives it back
//! drive.rs     the main loop: waits for input or the next frame, performs what the state asks for
//! update/      every change of state: keys and mouse, what the study reports, the file, another study
//! frame/       what stands around every view: header, tabs, banner, footer, help; saved screens
//! commands.rs  what can be typed after a colon, from the keys and from what there is
//! keys.rs      what a key means where, for dispatch, help, footer and docs
//! tour.rs      the guided tour: its stations
//! views/       a file a view, listed in one place; the panes they share
//! widgets/     plots, tables, text: pieces that know nothing of the state
//! action.rs    everything a person can ask for
//! state/       what the dashboard knows, and questions about it
//! style.rs     every colour and glyph
//! helper.rs    a thread for what takes longer than a frame
//! source.rs    what the main loop asks of a study
//! options.rs   what the dashboard is told, and how it ends
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

pub mod action;
pub mod commands;
mod drive;
pub mod frame;
mod helper;
pub mod keys;
mod options;
mod show;
mod source;
pub mod state;
pub mod style;
pub mod tour;
pub mod update;
pub mod views;
pub mod widgets;

pub use crate::term::is_interactive;
pub use drive::{Lost, drive};
pub use frame::report;
pub use options::{End, Options};
pub use show::{Outcome, run};
pub use source::Source;
pub use state::file::StudyFile;
pub use state::hands::{Hands, Trainer, crowd};
pub use style::{Depth, Ground, Theme};

#[cfg(test)]
mod tests;
