//! Pieces that views are made of. None of them knows the program's state: each draws what it is given.

pub mod canvas;
pub mod field;
pub mod geometry;
pub mod heat;
pub mod plot;
pub mod progress;
pub mod table;
pub mod text;
