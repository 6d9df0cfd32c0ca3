//! What came of a study, for whoever prints or draws it: the results of its runs, the loss table, and how
//! figures are written. Nothing here knows of a screen.

mod runs;
pub mod svg;
mod table;
pub mod text;

pub use runs::Results;
pub use table::{Failure, LossTable, Row, best, table_steps};
