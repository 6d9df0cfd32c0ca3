//! What the dashboard is told, and how it ends.

use std::path::PathBuf;

use super::{
    preferences::Rebound,
    state::file::StudyFile,
    style::{Depth, Ground},
};

/// What the command line says about the dashboard.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Only ASCII, or not; by the locale where nothing is said.
    pub ascii: Option<bool>,
    /// How many colours; by the environment where nothing is said.
    pub color: Option<Depth>,
    /// The ground; by `METASCOPE_THEME` where nothing is said.
    pub theme: Option<Ground>,
    /// The ground where neither says anything.
    pub usual_theme: Option<Ground>,
    /// Whether the mouse is the dashboard's from the start.
    pub mouse: bool,
    /// Commands with other keys than they bring.
    pub keys: Vec<Rebound>,
    /// Most frames a second, where somebody has said so.
    pub fps: Option<u16>,
    /// Stop training when the line drops, instead of finishing without a screen.
    pub stop_on_hangup: bool,
    /// The experiments file, where it may be edited while it runs.
    pub file: Option<StudyFile>,
    /// Whether somebody is here for the first time, and is offered the guided tour.
    pub offer_tour: bool,
    /// Where saved views go; the working directory where nothing is said.
    pub save_to: Option<PathBuf>,
}

/// Why the dashboard closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// A person quit.
    Quit,
    /// Ctrl-C, SIGINT or SIGTERM.
    Interrupted,
    /// The line dropped. The study was run to its end; there is nobody to print anything to.
    HungUp,
}
