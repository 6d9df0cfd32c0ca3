//! metascope: watch neural networks learn to learn, in a terminal.
//!
//! The house, top floor first. A room imports only from rooms below it.
//!
//! ```text
//! main.rs     parse arguments, run a command, set the exit code
//! command/    one file a command: run, check, init, eval, gradient, watch, export, bench, the dashboard
//! cli.rs      what the command line accepts
//! ui/         the dashboard: state/, update/, frame/, views/, widgets/
//! results/    what came of a study: results over seeds, the loss table, how figures are written
//! term.rs     the terminal as a resource: enter, leave, hang-up
//! study/      experiments.toml -> runs -> worker threads -> events; what is kept on disk
//! experiments/ experiments.toml as a whole: its experiments, their checks, presets
//! eval/       adaptation curves and their statistics
//! learner/    one file an algorithm: transfer, maml (exact and first order), reptile
//! model/      the network as dfdx tensors; tape operations; kernels; checkpoints
//! task/       families of tasks: how tasks and their points are drawn, floors and oracles
//! config/     reading tables of settings: keys, values, places, error reports
//! ```
//!
//! How data flows:
//!
//! ```text
//! experiments.toml -> Study -> study: one Run per experiment x seed
//!                                        |
//!            worker threads: learner.outer_step() ... -> Event --+--> run folders, JSON lines
//!                                        |                       |
//!                          newest Snapshot in a slot             |
//!                                        v                       v
//!                      ui: input -> Action -> update(&mut App) -> draw(&App)
//! ```
//!
//! Training never waits for the screen: workers leave their newest parameters in a slot, and the
//! screen computes the fits it shows from whatever is there.

pub mod cli;
pub mod command;
pub mod config;
pub mod eval;
pub mod experiments;
pub mod learner;
pub mod model;
pub mod results;
pub mod study;
pub mod task;
pub mod term;
pub mod ui;
