//! Sweeps on screen: which two axes lie on the map and where its cursor is.

use crate::results::{CellLoss, Sweep};

/// A sweep and what a person looks at of it.
#[derive(Clone, Debug, PartialEq)]
pub struct SweepState {
    /// Its cells.
    pub grid: Sweep,
    /// The axis from top to bottom.
    pub down: usize,
    /// The axis from left to right; `None` of a sweep of one axis.
    pub across: Option<usize>,
    /// The cursor: the number of the value on each axis.
    pub place: Vec<usize>,
}

/// What is known of a cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Known {
    /// Its loss.
    Loss(CellLoss),
    /// The loss of networks that are still in training, on a few tasks.
    Preview(CellLoss),
    /// Some runs failed, and none has a result.
    Failed,
    /// Nothing yet; the share of its steps that are taken.
    Waiting(f64),
}

impl SweepState {
    /// With the cursor where it was, if the sweep was there before with the same axes.
    pub fn new(grid: Sweep, before: &[Self]) -> Self {
        let axes = grid.axes.len();
        let known = before.iter().find(|other| other.grid.name == grid.name && other.place.len() == axes);
        let (down, across) = known.map_or((0, (axes > 1).then_some(1)), |known| (known.down, known.across));
        let mut place = known.map_or_else(|| vec![0; axes], |known| known.place.clone());
        if grid.at(&place).is_none() {
            let first = grid.experiments.first().and_then(|first| grid.place(*first));
            place = first.map_or(place, <[usize]>::to_vec);
        }
        Self { grid, down, across, place }
    }

    /// Rows and columns of the map.
    pub fn size(&self) -> (usize, usize) {
        let values = |axis: usize| self.grid.axes[axis].values.len();
        (values(self.down), self.across.map_or(1, values))
    }

    /// The experiment in a row and column of the map.
    pub fn cell(&self, row: usize, column: usize) -> Option<usize> {
        let mut place = self.place.clone();
        place[self.down] = row;
        if let Some(across) = self.across {
            place[across] = column;
        }
        self.grid.at(&place)
    }

    /// Row and column of the cursor.
    pub fn cursor(&self) -> (usize, usize) {
        (self.place[self.down], self.across.map_or(0, |across| self.place[across]))
    }

    /// The axes that do not lie on the map.
    pub fn hidden(&self) -> Vec<usize> {
        (0..self.place.len()).filter(|axis| *axis != self.down && Some(*axis) != self.across).collect()
    }
}
