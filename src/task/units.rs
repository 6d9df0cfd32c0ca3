//! Units: a network is trained on numbers of about 1, whatever a table's columns are measured in, and what it answers is
//! brought back.

use super::Points;

/// What is taken from x and y, and what they are divided by, before a network sees them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Units {
    /// Mean and standard deviation of x.
    pub x: [f64; 2],
    /// Mean and standard deviation of y.
    pub y: [f64; 2],
}

impl Default for Units {
    /// Those in which nothing is changed.
    fn default() -> Self {
        Self { x: [0.0, 1.0], y: [0.0, 1.0] }
    }
}

impl Units {
    /// Whether nothing is changed.
    pub fn are_own(&self) -> bool {
        *self == Self::default()
    }

    /// Points as the network sees them.
    pub fn inward(&self, points: &Points) -> Points {
        let of = |values: &[f64], unit: [f64; 2]| values.iter().map(|value| inward(*value, unit)).collect();
        Points { x: of(&points.x, self.x), y: of(&points.y, self.y) }
    }

    /// An x as the network sees it.
    pub fn x_inward(&self, x: f64) -> f64 {
        inward(x, self.x)
    }

    /// A y as the network sees it.
    pub fn y_inward(&self, y: f64) -> f64 {
        inward(y, self.y)
    }

    /// An answer in the units of y.
    pub fn y_outward(&self, y: f64) -> f64 {
        let [mean, deviation] = self.y;
        mean + deviation * y
    }

    /// A difference of answers in the units of y.
    pub fn spread_outward(&self, spread: f64) -> f64 {
        self.y[1] * spread
    }

    /// A mean squared error in the square of the units of y.
    pub fn loss_outward(&self, loss: f64) -> f64 {
        self.y[1] * self.y[1] * loss
    }

    /// A mean squared error as the network's is.
    pub fn loss_inward(&self, loss: f64) -> f64 {
        loss / (self.y[1] * self.y[1])
    }

    /// An x of the network in the units of x.
    pub fn x_outward(&self, x: f64) -> f64 {
        let [mean, deviation] = self.x;
        mean + deviation * x
    }

    /// As files have them, name by name.
    pub fn words(&self) -> [(&'static str, f64); 4] {
        let ([x_mean, x_deviation], [y_mean, y_deviation]) = (self.x, self.y);
        [("x_mean", x_mean), ("x_deviation", x_deviation), ("y_mean", y_mean), ("y_deviation", y_deviation)]
    }
}

fn inward(value: f64, [mean, deviation]: [f64; 2]) -> f64 {
    (value - mean) / deviation
}
