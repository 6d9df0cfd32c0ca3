//! What came of a study, for whoever prints or draws it: the results of its runs, the loss tables, published
//! figures beside them, and how figures are written. Nothing here knows of a screen.

mod calibration;
mod comparison;
mod context;
mod differences;
mod figure_table;
mod figures;
mod findings;
mod floor;
mod outcome;
mod over_points;
pub mod palette;
mod profile;
mod runs;
mod scale;
pub mod svg;
mod sweep;
mod sweep_table;
mod table;
pub mod text;
pub mod why;
mod yardsticks;

use std::fmt::Write as _;

use crate::eval::Average;
use text::Glyphs;

pub use calibration::{BEST_GAUSSIAN, CalibrationRow, CalibrationTable, calibration_tables, percent};
pub use comparison::{
    Compared, Comparison, Contrasts, Difference, Group, Replicates, Standing, TableComparison, compare,
    compare_two, contrasts, groups, table_comparisons,
};
pub use context::{Plane, ReadPlane, ReadWeights, Reading, plane, reading};
pub use differences::{DifferingSetting, differences};
pub use figure_table::FigureTable;
pub use figures::{Figure, Measured, Verdict, VerdictEvent, figures};
pub use findings::Findings;
pub use floor::{FloorEvent, best_calibration, floor, floors, known_calibration, known_floor};
pub use outcome::{AxisWords, Outcome, Ran, Tally, test_names};
pub use profile::{Profile, Spread};
pub use runs::Results;
pub use scale::{Scale, are_far_apart, difference_scale, loss_scale};
pub use sweep::{CellLoss, ListRow, Sweep, SweptAxis, judged_at, rows};
pub use sweep_table::SweepTable;
pub use table::{
    FLOOR, Failure, LossTable, Row, TableGroup, medians_in_words, point_tables, table_steps, tables,
};
pub use yardsticks::{Yardstick, average_of, best_guess, guess_loss, oracle_loss, tasks_at_hand};

/// All there is to say on a normal screen: a loss table a test set, the sweeps, and the published figures.
pub fn report(outcomes: &[Outcome<'_>], average: Average, glyphs: Glyphs) -> String {
    let of_points = point_tables(outcomes, average, glyphs);
    let tables = tables(outcomes, average, glyphs);
    let mut text = tables.iter().chain(&of_points).map(LossTable::to_string).collect::<Vec<_>>().join("\n");
    for table in calibration_tables(outcomes, glyphs) {
        // Writing to a string cannot fail.
        let _ = write!(text, "\n{table}");
    }
    let (_, sweeps) = rows(outcomes.iter().map(|outcome| outcome.settings));
    let names = test_names(outcomes.iter().map(|outcome| outcome.settings));
    for sweep in &sweeps {
        for test in std::iter::once(None).chain(names.iter().map(|name| Some(name.as_str()))) {
            let several = !names.is_empty();
            // Writing to a string cannot fail.
            let _ = write!(text, "\n{}", SweepTable { sweep, outcomes, test, several, average, glyphs });
        }
    }
    let figures = figures(outcomes);
    if !figures.is_empty() {
        // Writing to a string cannot fail.
        let _ = write!(text, "\n{}", FigureTable { figures: &figures, glyphs });
    }
    text
}
