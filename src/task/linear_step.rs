//! How good one step can be that is linear in the targets it sees: a yardstick between the best guess without points
//! and the oracle. A gradient step of a network that starts from the mean answer is of this kind as long as its
//! features stay what they are; to be better, a step has to turn them.

use super::Points;

/// 2 x 2 matrices, row after row.
type Matrix = [[f64; 2]; 2];

/// The best step of y = theta' phi(x): theta' = mean + M (1/K) sum phi(x_i) (y_i - mean' phi(x_i)) from K points, with
/// the matrix M of the least mean loss.
pub struct LinearStep {
    basis: Box<dyn Fn(f64) -> [f64; 2]>,
    mean: [f64; 2],
    matrix: Matrix,
}

impl LinearStep {
    /// Where theta has this mean and covariance and the points are uniform over the range: M = S G Q^-1, with G the mean
    /// of phi phi', S the covariance and Q = mean of (phi' S phi) phi phi' / K + (1 - 1/K) G S G.
    pub fn best(
        [low, high]: [f64; 2],
        shots: usize,
        basis: impl Fn(f64) -> [f64; 2] + 'static,
        (mean, covariance): ([f64; 2], Matrix),
    ) -> Self {
        /// Enough for three digits where the basis has a thousand waves.
        const POINTS: u32 = 10_000;
        let (mut gram, mut fourth) = ([[0.0; 2]; 2], [[0.0; 2]; 2]);
        for i in 0..POINTS {
            let phi = basis(low + (high - low) * (f64::from(i) + 0.5) / f64::from(POINTS));
            let seen = apply(&covariance, phi);
            let spread = phi[0] * seen[0] + phi[1] * seen[1];
            for (row, &one) in phi.iter().enumerate() {
                for (column, &other) in phi.iter().enumerate() {
                    gram[row][column] += one * other / f64::from(POINTS);
                    fourth[row][column] += spread * one * other / f64::from(POINTS);
                }
            }
        }
        let share = 1.0 / shots as f64;
        let both = product(&product(&gram, &covariance), &gram);
        let at = |row: usize, column: usize| share * fourth[row][column] + (1.0 - share) * both[row][column];
        let second = [[at(0, 0), at(0, 1)], [at(1, 0), at(1, 1)]];
        let (determinant, along) =
            (second[0][0] * second[1][1] - second[0][1] * second[1][0], second[0][0] + second[1][1]);
        // What is left of a covariance when everything but rounding has cancelled says nothing.
        let is_noise = along <= 1e-12 * (mean[0] * mean[0] + mean[1] * mean[1]);
        let inverse = if is_noise {
            [[0.0; 2]; 2]
        } else if determinant.abs() > 1e-12 * along * along {
            [
                [second[1][1] / determinant, -second[0][1] / determinant],
                [-second[1][0] / determinant, second[0][0] / determinant],
            ]
        } else {
            // Theta moves along a line only.
            second.map(|row| row.map(|number| number / (along * along)))
        };
        let matrix = product(&product(&covariance, &gram), &inverse);
        Self { basis: Box::new(basis), mean, matrix }
    }

    /// What it answers at these `x`.
    pub fn answers(&self, support: &Points, x: &[f64]) -> Vec<f64> {
        let at = |theta: [f64; 2], x: f64| {
            let phi = (self.basis)(x);
            theta[0] * phi[0] + theta[1] * phi[1]
        };
        let mut seen = [0.0; 2];
        for (&x, y) in support.x.iter().zip(&support.y) {
            let (phi, off) = ((self.basis)(x), y - at(self.mean, x));
            seen = [seen[0] + phi[0] * off, seen[1] + phi[1] * off];
        }
        let step = apply(&self.matrix, seen.map(|sum| sum / support.x.len().max(1) as f64));
        let theta = [self.mean[0] + step[0], self.mean[1] + step[1]];
        x.iter().map(|&x| at(theta, x)).collect()
    }
}

fn apply(matrix: &Matrix, [x, y]: [f64; 2]) -> [f64; 2] {
    matrix.map(|[a, b]| a * x + b * y)
}

fn product(one: &Matrix, other: &Matrix) -> Matrix {
    let column = |at: usize| apply(one, [other[0][at], other[1][at]]);
    let [left, right] = [column(0), column(1)];
    [[left[0], right[0]], [left[1], right[1]]]
}
