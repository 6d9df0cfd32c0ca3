//! Where a plot's values lie on the screen. Drawing and pointing use the same one, so that what is clicked
//! is what is seen.

use ratatui::layout::Rect;

use crate::results::Scale;

/// A plot's canvas and axes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Geometry {
    /// The cells that curves are drawn in.
    pub canvas: Rect,
    /// Horizontal axis.
    pub x: Scale,
    /// Vertical axis.
    pub y: Scale,
}

impl Geometry {
    /// The values at a cell; of a cell beside the canvas those at its nearest edge.
    pub fn at(&self, column: u16, row: u16) -> (f64, f64) {
        let share = |cell: u16, first: u16, cells: u16| {
            let last = cells.saturating_sub(1).max(1);
            f64::from(cell.saturating_sub(first).min(last)) / f64::from(last)
        };
        let across = share(column, self.canvas.x, self.canvas.width);
        let down = share(row, self.canvas.y, self.canvas.height);
        (self.x.value(across), self.y.value(1.0 - down))
    }

    /// The cell that shows these values; `None` where they are out of sight.
    pub fn cell(&self, x: f64, y: f64) -> Option<(u16, u16)> {
        let seen = |place: &f64| (0.0..=1.0).contains(place);
        let (across, up) = (self.x.place(x).filter(seen)?, self.y.place(y).filter(seen)?);
        let cell = |share: f64, cells: u16| (share * f64::from(cells.saturating_sub(1))).round() as u16;
        Some((
            self.canvas.x + cell(across, self.canvas.width),
            self.canvas.y + cell(1.0 - up, self.canvas.height),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_and_values_are_each_others_inverse() {
        let geometry = Geometry {
            canvas: Rect::new(7, 3, 41, 18),
            x: Scale::linear(-5.0, 5.0),
            y: Scale::linear(-6.25, 6.25),
        };
        for column in 7..48 {
            for row in 3..21 {
                let (x, y) = geometry.at(column, row);
                assert_eq!(geometry.cell(x, y), Some((column, row)));
            }
        }
        assert_eq!(geometry.at(0, 0), (-5.0, 6.25));
        assert_eq!(geometry.at(300, 300), (5.0, -6.25));
        assert_eq!(geometry.cell(5.1, 0.0), None);
        assert_eq!(geometry.cell(0.0, f64::NAN), None);
    }
}
