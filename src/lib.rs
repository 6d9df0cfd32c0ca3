//! metascope: watch neural networks learn to learn, in a terminal.
//!
//! The house, top floor first. A room imports only from rooms below it.
//!
//! ```text
//! main.rs     parse arguments, run a command, set the exit code
//! command/    one file a command: run, check, init, eval, gradient, watch, export, bench, the dashboard
//! cli.rs      what the command line accepts
//! ui/         the dashboard: state/, update/, frame/, views/, widgets/
//! results/    what came of a study: results over seeds, loss tables, verdicts, how figures are written
//! term.rs     the terminal as a resource: enter, leave, hang-up
//! study/      experiments.toml -> runs -> worker threads -> events; what is kept on disk
//! experiments/ experiments.toml as a whole: its experiments, their checks, presets
//! analysis/   a step taken apart: kernels, contributions, units, rates, gradients
//! eval/       adaptation curves and their statistics
//! learner/    one file an algorithm, and the list of them: transfer, MAML, Reptile, ANIL, CAVIA, ...
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
//!            worker threads: trainer.outer_step() ... -> Event --+--> run folders, JSON lines
//!                                        |                       |
//!                          newest Snapshot in a slot             |
//!                                        v                       v
//!                      ui: input -> Action -> update(&mut App) -> draw(&App)
//! ```
//!
//! Training never waits for the screen: workers leave their newest parameters in a slot, and the
//! screen computes the fits it shows from whatever is there.
//!
//! # As a library
//!
//! Train a network by MAML:
//!
//! ```
//! use metascope::learner::{Maml, Trainer, Training};
//! use metascope::model::{Kernels, ModelSettings};
//! use metascope::task::TaskSettings;
//!
//! let training = Training { meta_batch: 4, inner_steps: 2, ..Training::default() };
//! let settings = (&training, &TaskSettings::default(), &ModelSettings::default());
//! let mut trainer = Trainer::new(&Maml, settings, 0, Kernels::fastest());
//! for step in 0..40 {
//!     let loss = trainer.outer_step()?;
//!     println!("{step}: {loss:.2}");
//! }
//! # Ok::<(), anyhow::Error>(())
//! ```
//!
//! Load a checkpoint, this program's or PyTorch's, and adapt it to the points of a task, by the rule of the
//! learner that trained it:
//!
//! ```
//! use metascope::eval::fits;
//! use metascope::learner::read_checkpoint;
//! use metascope::task::Points;
//! # use metascope::learner::{Algorithm, Anil, Trainer, Training, metadata};
//! # use metascope::model::{Kernels, ModelSettings};
//! # let training = Training::default();
//! # let settings = (&training, &Default::default(), &ModelSettings::default());
//! # let trained = Trainer::new(&Anil, settings, 0, Kernels::fastest()).weights();
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("checkpoint.safetensors");
//! # std::fs::write(&path, trained.to_bytes(&metadata(Algorithm(&Anil), &training)))?;
//!
//! let weights = read_checkpoint(&path)?.weights;
//! let support = Points { x: vec![-2.0, -0.5, 1.0, 2.5], y: vec![-0.9, -0.5, 0.8, 0.6] };
//! let query = Points { x: vec![0.0, 2.0], y: vec![0.0, 0.9] };
//! for fit in fits(&weights, &support, &query, &[0, 1, 10]) {
//!     println!("after {} steps: {:?}, loss {:.2}", fit.n, fit.y, fit.loss);
//! }
//! # Ok::<(), anyhow::Error>(())
//! ```
//!
//! Write a learner of your own: what is to be known of it, and the loss that its outer steps descend. This one
//! wants to be good before the inner steps too:
//!
//! ```
//! use dfdx::prelude::{Cpu, Device};
//! use metascope::learner::{Cost, Learner, OuterLoss, OuterStep, Rule, Trainer, Training};
//! use metascope::model::{Kernels, ModelSettings, Order, Scalar};
//! use metascope::task::TaskSettings;
//!
//! #[derive(Clone, Copy)]
//! struct Cautious;
//!
//! impl Learner for Cautious {
//!     fn name(&self) -> &'static str {
//!         "cautious"
//!     }
//!     fn title(&self) -> &'static str {
//!         "cautious MAML"
//!     }
//!     fn paper(&self) -> &'static str {
//!         "unpublished"
//!     }
//!     fn keys(&self) -> &'static [&'static str] {
//!         &["inner_lr", "inner_steps", "outer_lr"]
//!     }
//!     fn rule(&self, _: &Training) -> &'static [&'static str] {
//!         &["θ ← θ − β d/dθ [L_query(θ′) + L_query(θ)]"]
//!     }
//!     fn notes(&self, _: &Training) -> &'static [&'static str] {
//!         &["Look for: a lower start at n = 0."]
//!     }
//!     fn cost(&self, training: &Training) -> Cost {
//!         Cost { query: 2, ..Cost::of_query_loss(training.inner_steps, Order::Exact) }
//!     }
//! }
//!
//! impl Rule for Cautious {
//!     fn outer_loss<E: Scalar>(&self, step: OuterStep<'_, E>) -> OuterLoss<E>
//!     where
//!         Cpu: Device<E>,
//!     {
//!         let before = step.theta.with_empty_tape().loss(&step.tasks.query, step.workspace);
//!         step.query_loss(Order::Exact).plus(before)
//!     }
//! }
//!
//! let settings = (&Training::default(), &TaskSettings::default(), &ModelSettings::default());
//! let mut trainer = Trainer::new(&Cautious, settings, 0, Kernels::fastest());
//! assert!(trainer.outer_step()?.is_finite());
//! # Ok::<(), anyhow::Error>(())
//! ```

// Nothing that ships panics on purpose; where a caller is warned of it, it is expected there.
#![cfg_attr(
    not(test),
    warn(clippy::unwrap_used, clippy::panic, clippy::todo, clippy::unimplemented, clippy::dbg_macro)
)]

// In the rooms that results come from, nothing asks the C library for sines, logarithms and the like (`clippy.toml`).
// Tests may.
#[cfg_attr(not(test), warn(clippy::disallowed_methods))]
pub mod analysis;
pub mod cli;
pub mod command;
pub mod config;
#[cfg_attr(not(test), warn(clippy::disallowed_methods))]
pub mod eval;
pub mod experiments;
#[cfg_attr(not(test), warn(clippy::disallowed_methods))]
pub mod learner;
#[cfg_attr(not(test), warn(clippy::disallowed_methods))]
pub mod model;
pub mod results;
pub mod study;
#[cfg_attr(not(test), warn(clippy::disallowed_methods))]
pub mod task;
pub mod term;
pub mod ui;
