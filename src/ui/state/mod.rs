//! Everything the dashboard knows, and what follows from it: only data, and questions about it. What changes
//! it is in [`super::update`].

pub mod app;
pub mod axes;
pub mod by_task;
pub mod compared;
pub mod controls;
pub mod countdown;
pub mod distributed;
pub mod distributions;
pub mod family;
pub mod file;
pub mod fits;
pub mod fitted;
pub mod gathered;
pub mod hardness;
pub mod job;
pub mod keys;
pub mod left;
pub mod list;
pub mod listed;
pub mod look;
pub mod measured;
pub mod modes;
pub mod own_rate;
pub mod pairs;
pub mod ranked;
pub mod rewind;
pub mod runs;
pub mod said;
pub mod schedule;
pub mod standing;
pub mod statistics;
pub mod summary;
pub mod sweep;
pub mod swept;
pub mod trainers;
