//! How good one step can be that is linear in the targets it sees: a yardstick between the best guess without points
//! and the oracle. A gradient step of a network that starts from the mean answer is of this kind as long as its
//! features stay what they are; to be better, a step has to turn them.

use super::Points;

/// 2 x 2 matrices, row after row.
type Matrix = [[f64; 2]; 2];

/// The best step of y = mean(x) + theta' phi(x) from theta = 0: theta = M (1/K) sum phi(x_i) (y_i - mean(x_i)) from K
/// points, with the matrix M of the least mean loss.
pub struct LinearStep {
    basis: Box<dyn Fn(f64) -> [f64; 2]>,
    mean: Box<dyn Fn(f64) -> f64>,
    matrix: Matrix,
}

impl LinearStep {
    /// Where tasks are theta' phi(x), theta has this mean and covariance and the points are uniform over the range:
    /// M = S G Q^-1, with G the mean of phi phi', S the covariance and Q = mean of (phi' S phi) phi phi' / K +
    /// (1 - 1/K) G S G.
    pub fn best(
        [low, high]: [f64; 2],
        shots: usize,
        basis: impl Fn(f64) -> [f64; 2] + Clone + 'static,
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
        let own = basis.clone();
        let mean = move |x: f64| {
            let phi = own(x);
            mean[0] * phi[0] + mean[1] * phi[1]
        };
        Self { basis: Box::new(basis), mean: Box::new(mean), matrix }
    }

    /// Where nothing is known of the tasks but these episodes, support and query points: the M of least squared error over
    /// their query points.
    pub fn measured(
        basis: impl Fn(f64) -> [f64; 2] + 'static,
        mean: impl Fn(f64) -> f64 + 'static,
        episodes: &[(Points, Points)],
    ) -> Self {
        let mut step = Self { basis: Box::new(basis), mean: Box::new(mean), matrix: [[0.0; 2]; 2] };
        // phi(x)' M s is linear in the four entries of M.
        let (mut normal, mut sides) = ([[0.0; 4]; 4], [0.0; 4]);
        for (support, query) in episodes {
            let seen = step.seen(support);
            let share = 1.0 / query.x.len().max(1) as f64;
            for (x, y) in query.x.iter().zip(&query.y) {
                let (phi, off) = ((step.basis)(*x), y - (step.mean)(*x));
                let row = [phi[0] * seen[0], phi[0] * seen[1], phi[1] * seen[0], phi[1] * seen[1]];
                for (i, one) in row.iter().enumerate() {
                    sides[i] += share * one * off;
                    row.iter().enumerate().for_each(|(j, other)| normal[i][j] += share * one * other);
                }
            }
        }
        let trace: f64 = (0..4).map(|i| normal[i][i]).sum();
        (0..4).for_each(|i| normal[i][i] += 1e-10 * trace + f64::MIN_POSITIVE);
        let [a, b, c, d] = solved(normal, sides);
        step.matrix = [[a, b], [c, d]];
        step
    }

    /// The mean of what the points say in each direction.
    fn seen(&self, support: &Points) -> [f64; 2] {
        let mut seen = [0.0; 2];
        for (&x, y) in support.x.iter().zip(&support.y) {
            let (phi, off) = ((self.basis)(x), y - (self.mean)(x));
            seen = [seen[0] + phi[0] * off, seen[1] + phi[1] * off];
        }
        seen.map(|sum| sum / support.x.len().max(1) as f64)
    }

    /// What it answers at these `x`.
    pub fn answers(&self, support: &Points, x: &[f64]) -> Vec<f64> {
        let theta = apply(&self.matrix, self.seen(support));
        let at = |x: f64| {
            let phi = (self.basis)(x);
            (self.mean)(x) + theta[0] * phi[0] + theta[1] * phi[1]
        };
        x.iter().map(|&x| at(x)).collect()
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

/// The solution of a positive definite system, by elimination.
fn solved(mut matrix: [[f64; 4]; 4], mut sides: [f64; 4]) -> [f64; 4] {
    for i in 0..4 {
        let row = matrix[i];
        for j in i + 1..4 {
            let times = matrix[j][i] / row[i];
            matrix[j].iter_mut().zip(row).for_each(|(entry, above)| *entry -= times * above);
            sides[j] -= times * sides[i];
        }
    }
    for i in (0..4).rev() {
        let known: f64 = (i + 1..4).map(|j| matrix[i][j] * sides[j]).sum();
        sides[i] = (sides[i] - known) / matrix[i][i];
    }
    sides
}
