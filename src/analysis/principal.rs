//! Principal components of many long rows: of the matrix of their products, which has a row a row.

use super::linear::{add, difference, dot, mean};

/// The main directions of rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Principal {
    /// Every row's place along the first two, centred. A direction points to where its entry of the largest size lies.
    pub scores: Vec<[f64; 2]>,
    /// Their shares of the variance.
    pub shares: [f64; 2],
    /// The mean of the rows.
    centre: Vec<f64>,
    /// The two directions, each of length 1; of none where the rows do not vary along it.
    directions: [Vec<f64>; 2],
}

impl Principal {
    /// The place of any row along the two directions of these.
    pub fn place(&self, row: &[f64]) -> [f64; 2] {
        let row = difference(row, &self.centre);
        self.directions.each_ref().map(|direction| dot(direction, &row))
    }
}

/// The first two principal components of rows, centred and not scaled.
pub fn principal(rows: &[Vec<f64>]) -> Principal {
    let (count, width) = (rows.len(), rows.first().map_or(0, Vec::len));
    let centre: Vec<f64> =
        (0..width).map(|column| mean(&rows.iter().map(|row| row[column]).collect::<Vec<_>>())).collect();
    let rows: Vec<Vec<f64>> = rows.iter().map(|row| difference(row, &centre)).collect();
    let mut products = vec![0.0; count * count];
    for (i, one) in rows.iter().enumerate() {
        for (j, other) in rows.iter().enumerate().take(i + 1) {
            let product = dot(one, other);
            (products[i * count + j], products[j * count + i]) = (product, product);
        }
    }
    let all: f64 = (0..count).map(|i| products[i * (count + 1)]).sum();
    let (values, vectors) = eigen(products, count);
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by(|a, b| values[*b].total_cmp(&values[*a]));
    let (mut scores, mut shares) = (vec![[0.0; 2]; count], [0.0; 2]);
    let mut directions = [(); 2].map(|()| vec![0.0; width]);
    for (place, &at) in order.iter().take(2).enumerate() {
        let size = values[at].max(0.0).sqrt();
        let vector = &vectors[at * count..(at + 1) * count];
        let largest = vector.iter().fold(0.0_f64, |most, x| if x.abs() > most.abs() { *x } else { most });
        let sign = if largest < 0.0 { -1.0 } else { 1.0 };
        scores.iter_mut().zip(vector).for_each(|(score, x)| score[place] = sign * size * x);
        if size > 0.0 {
            let direction = &mut directions[place];
            rows.iter().zip(vector).for_each(|(row, x)| add(direction, sign * x / size, row));
        }
        shares[place] = values[at] / all;
    }
    Principal { scores, shares, centre, directions }
}

/// Eigenvalues of a symmetric matrix, and eigenvectors as rows: Jacobi's rotations, cyclic, until nothing is left beside
/// the diagonal (Golub and Van Loan 2013, section 8.5).
fn eigen(mut matrix: Vec<f64>, count: usize) -> (Vec<f64>, Vec<f64>) {
    /// More than any matrix needs, whose convergence is quadratic.
    const SWEEPS: usize = 60;
    let mut vectors = vec![0.0; count * count];
    (0..count).for_each(|i| vectors[i * (count + 1)] = 1.0);
    for _ in 0..SWEEPS {
        let mut rotated = false;
        for p in 0..count {
            for q in p + 1..count {
                let (pp, qq, pq) = (matrix[p * (count + 1)], matrix[q * (count + 1)], matrix[p * count + q]);
                if pq.abs() <= f64::EPSILON * (pp * qq).abs().sqrt() || pq == 0.0 {
                    continue;
                }
                rotated = true;
                let theta = 0.5 * (qq - pp) / pq;
                let t = if theta < 0.0 { -1.0 } else { 1.0 } / (theta.abs() + (theta * theta + 1.0).sqrt());
                let c = 1.0 / (t * t + 1.0).sqrt();
                let s = t * c;
                // The matrix stays symmetric, so rows are turned and columns follow.
                turn(&mut matrix, count, (p, q), (c, s));
                for row in matrix.chunks_exact_mut(count) {
                    (row[p], row[q]) = (c * row[p] - s * row[q], s * row[p] + c * row[q]);
                }
                turn(&mut vectors, count, (p, q), (c, s));
            }
        }
        if !rotated {
            break;
        }
    }
    ((0..count).map(|i| matrix[i * (count + 1)]).collect(), vectors)
}

/// Turns rows p < q of a square matrix.
fn turn(matrix: &mut [f64], count: usize, (p, q): (usize, usize), (c, s): (f64, f64)) {
    let (above, below) = matrix.split_at_mut(q * count);
    for (p, q) in above[p * count..(p + 1) * count].iter_mut().zip(&mut below[..count]) {
        (*p, *q) = (c * *p - s * *q, s * *p + c * *q);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ellipse_in_many_dimensions_has_its_axes() {
        // Two orthogonal directions of five, of size 3 and 1.
        let row = |i: usize| {
            let angle = std::f64::consts::TAU * i as f64 / 40.0;
            let (s, c) = angle.sin_cos();
            vec![1.0 + 3.0 * c * 0.6, 2.0 + s, -3.0 * c * 0.8, 4.0, 0.0]
        };
        let rows: Vec<Vec<f64>> = (0..40).map(row).collect();
        let found = principal(&rows);
        for (row, score) in rows.iter().zip(&found.scores) {
            let place = found.place(row);
            assert!((0..2).all(|at| (place[at] - score[at]).abs() < 1e-12), "{place:?} {score:?}");
        }
        let Principal { scores, shares, .. } = found;
        assert!((shares[0] - 0.9).abs() < 1e-12 && (shares[1] - 0.1).abs() < 1e-12, "{shares:?}");
        for (i, [first, second]) in scores.iter().enumerate() {
            let angle = std::f64::consts::TAU * i as f64 / 40.0;
            assert!((first.abs() - 3.0 * angle.cos().abs()).abs() < 1e-10);
            assert!((second.abs() - angle.sin().abs()).abs() < 1e-10);
        }
        let nothing = principal(&vec![vec![1.0, 2.0]; 5]);
        assert!(nothing.scores.iter().flatten().all(|score| *score == 0.0) && nothing.shares[0].is_nan());
    }
}
