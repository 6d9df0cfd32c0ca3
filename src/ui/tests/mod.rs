//! The dashboard without a terminal: screens as text, keys as events, studies made up.

mod answered;
mod anything;
pub mod fit;
pub mod fixture;
mod inner;
mod keys;
mod list;
pub mod mouse;
mod palette;
mod points;
mod running;
pub mod screens;
mod steering;
mod sweeps;
mod tested;
mod tour;
mod trainers;
pub mod typing;
