//! How good one step can be that is linear in the targets it sees: a yardstick between the best constant guess
//! and the oracle. A gradient step of a network that starts from the mean answer is of this kind as long as its
//! features stay what they are; to be better, a step has to turn them.

/// Symmetric 2 x 2 matrices, row after row.
type Matrix = [[f64; 2]; 2];

/// The least mean loss over the range of x, for y = theta' phi(x) with theta of this covariance, of the step
/// theta' = mean + M (1/K) sum phi(x_i) (y_i - mean' phi(x_i)) with the best matrix M, from K points uniform
/// over the range: trace(G S) - trace(G S G Q^-1 G S), with G the mean of phi phi', S the covariance and
/// Q = mean of (phi' S phi) phi phi' / K + (1 - 1/K) G S G.
pub fn best_loss(
    [low, high]: [f64; 2],
    shots: usize,
    basis: impl Fn(f64) -> [f64; 2],
    covariance: Matrix,
) -> f64 {
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
    let seen = product(&gram, &covariance);
    let both = product(&seen, &gram);
    let at = |row: usize, column: usize| share * fourth[row][column] + (1.0 - share) * both[row][column];
    let second = [[at(0, 0), at(0, 1)], [at(1, 0), at(1, 1)]];
    let determinant = second[0][0] * second[1][1] - second[0][1] * second[1][0];
    let prior = trace(&seen);
    if determinant.abs() <= 1e-12 * trace(&second) * trace(&second) {
        // Theta moves along a line only, or not at all.
        let along = trace(&second);
        return if along > 0.0 { prior - trace(&product(&both, &seen)) / along } else { 0.0 };
    }
    let inverse = [
        [second[1][1] / determinant, -second[0][1] / determinant],
        [-second[1][0] / determinant, second[0][0] / determinant],
    ];
    prior - trace(&product(&product(&both, &inverse), &seen))
}

fn apply(matrix: &Matrix, [x, y]: [f64; 2]) -> [f64; 2] {
    matrix.map(|[a, b]| a * x + b * y)
}

fn product(one: &Matrix, other: &Matrix) -> Matrix {
    let column = |at: usize| apply(one, [other[0][at], other[1][at]]);
    let [left, right] = [column(0), column(1)];
    [[left[0], right[0]], [left[1], right[1]]]
}

fn trace(matrix: &Matrix) -> f64 {
    matrix[0][0] + matrix[1][1]
}
