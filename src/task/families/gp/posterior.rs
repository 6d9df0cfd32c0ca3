//! What some of its points say of a curve of a Gaussian process: normal distributions in closed form (Rasmussen,
//! Williams 2006, section 2.2), one a length, scale and period, weighed by how well each explains the points.

use super::kernel::Kernel;
use crate::task::Points;
use crate::task::family::Posterior;

/// Of the scale's square: small enough not to be seen, large enough to divide by.
const LEAST_VARIANCE: f64 = 1e-9;

/// The posterior of curves within these ranges.
pub struct GpPosterior {
    kernel: Kernel,
    /// Midpoints of equal parts of the ranges of length, scale and period.
    nodes: [Vec<f64>; 3],
    noise: f64,
}

/// What is known after some points: at every x that was asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Known {
    /// Means.
    pub mean: Vec<f64>,
    /// Mean squares.
    pub square: Vec<f64>,
}

impl GpPosterior {
    /// With these ranges of length, scale and period.
    pub fn new(kernel: Kernel, ranges: [[f64; 2]; 3], noise: f64) -> Self {
        let [lengths, scales, periods] = ranges;
        let nodes = [midpoints(lengths, 16), midpoints(scales, 8), midpoints(periods, 12)];
        Self { kernel, nodes, noise }
    }

    /// How many distributions are weighed.
    pub fn nodes(&self) -> usize {
        self.nodes.iter().map(Vec::len).product()
    }

    /// Mean over lengths and periods of the covariance at this distance, over the scale's square.
    pub fn covariance(&self, d: f64) -> f64 {
        let [lengths, _, periods] = &self.nodes;
        let at = |length: &f64| periods.iter().map(|period| self.kernel.at(d, *length, *period)).sum::<f64>();
        lengths.iter().map(at).sum::<f64>() / (lengths.len() * periods.len()) as f64
    }

    /// After the first 0, 1, .., all of these points.
    pub fn after(&self, support: &Points, x: &[f64]) -> Vec<Known> {
        let [lengths, scales, periods] = &self.nodes;
        let mut sums = Sums::new(support.x.len(), x.len());
        for &length in lengths {
            for &period in periods {
                let kernel = |one: f64, other: f64| self.kernel.at(one - other, length, period);
                // What does not depend on the scale is worked out once.
                let rows: Vec<Vec<f64>> = (0..support.x.len())
                    .map(|i| {
                        support.x[..i].iter().chain(x).map(|&other| kernel(support.x[i], other)).collect()
                    })
                    .collect();
                for &scale in scales {
                    self.add(scale, &rows, (&support.y, x.len()), &mut sums);
                }
            }
        }
        sums.known()
    }

    /// Adds one distribution after every number of points. `rows`: the covariance of each point with those before it,
    /// then with every x, over the scale's square. The Cholesky factor of the points' covariance grows by a row a point.
    fn add(&self, scale: f64, rows: &[Vec<f64>], (y, count): (&[f64], usize), sums: &mut Sums) {
        let own = scale * scale;
        let extra = (self.noise * self.noise).max(LEAST_VARIANCE * own);
        let (mut factor, mut white): (Vec<Vec<f64>>, Vec<f64>) = (Vec::new(), Vec::new());
        // The factor's rows for every x, a point after the other.
        let mut across: Vec<Vec<f64>> = Vec::new();
        let (mut mean, mut variance, mut evidence) = (vec![0.0; count], vec![own; count], 0.0);
        sums.add(0, evidence, &mean, &variance);
        for (i, row) in rows.iter().enumerate() {
            let (before, to_x) = row.split_at(i);
            let mut own_row: Vec<f64> = Vec::with_capacity(i + 1);
            for (j, covariance) in before.iter().enumerate() {
                let known: f64 = own_row.iter().zip(&factor[j]).map(|(one, other)| one * other).sum();
                own_row.push((own * covariance - known) / factor[j][j]);
            }
            let left = own + extra - own_row.iter().map(|part| part * part).sum::<f64>();
            let pivot = left.max(0.5 * extra).sqrt();
            let expected: f64 = own_row.iter().zip(&white).map(|(part, z)| part * z).sum();
            let z = (y[i] - expected) / pivot;
            let mut new: Vec<f64> = to_x.iter().map(|covariance| own * covariance).collect();
            for (part, earlier) in own_row.iter().zip(&across) {
                new.iter_mut().zip(earlier).for_each(|(new, earlier)| *new -= part * earlier);
            }
            for (at, new) in new.iter_mut().enumerate() {
                *new /= pivot;
                mean[at] += *new * z;
                variance[at] = (variance[at] - *new * *new).max(0.0);
            }
            evidence -= 0.5 * z * z + libm::log(pivot);
            own_row.push(pivot);
            factor.push(own_row);
            white.push(z);
            across.push(new);
            sums.add(i + 1, evidence, &mean, &variance);
        }
    }
}

/// The middles of so many equal parts of a range; of a point, itself.
fn midpoints([low, high]: [f64; 2], count: usize) -> Vec<f64> {
    let count = if low < high { count } else { 1 };
    (0..count).map(|i| low + (high - low) * (i as f64 + 0.5) / count as f64).collect()
}

/// Sums over distributions, weighed by their evidence, after every number of points.
struct Sums(Vec<Sum>);

/// All weights are over that of the best so far.
struct Sum {
    best: f64,
    weight: f64,
    mean: Vec<f64>,
    square: Vec<f64>,
}

impl Sums {
    fn new(points: usize, count: usize) -> Self {
        let sum =
            || Sum { best: f64::NEG_INFINITY, weight: 0.0, mean: vec![0.0; count], square: vec![0.0; count] };
        Self((0..=points).map(|_| sum()).collect())
    }

    fn add(&mut self, points: usize, evidence: f64, mean: &[f64], variance: &[f64]) {
        let sum = &mut self.0[points];
        if evidence > sum.best {
            let less = libm::exp(sum.best - evidence);
            sum.best = evidence;
            sum.weight *= less;
            sum.mean.iter_mut().chain(&mut sum.square).for_each(|value| *value *= less);
        }
        let weight = libm::exp(evidence - sum.best);
        sum.weight += weight;
        for (at, (mean, variance)) in mean.iter().zip(variance).enumerate() {
            sum.mean[at] += weight * mean;
            sum.square[at] += weight * (variance + mean * mean);
        }
    }

    fn known(self) -> Vec<Known> {
        let over = |values: Vec<f64>, weight: f64| values.into_iter().map(|value| value / weight).collect();
        let known =
            |sum: Sum| Known { mean: over(sum.mean, sum.weight), square: over(sum.square, sum.weight) };
        self.0.into_iter().map(known).collect()
    }
}

impl Posterior for GpPosterior {
    fn means(&self, support: &Points, x: &[f64]) -> Vec<Vec<f64>> {
        self.after(support, x).into_iter().map(|known| known.mean).collect()
    }

    fn deviations(&self, support: &Points, x: &[f64]) -> Vec<Vec<f64>> {
        let deviation = |(mean, square): (&f64, &f64)| (square - mean * mean).max(0.0).sqrt();
        let of = |known: Known| known.mean.iter().zip(&known.square).map(deviation).collect();
        self.after(support, x).into_iter().map(of).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Solves A v = b by elimination, with nothing of the above.
    fn solve(mut a: Vec<Vec<f64>>, mut b: Vec<f64>) -> Vec<f64> {
        let n = b.len();
        for i in 0..n {
            let (row, known) = (a[i].clone(), b[i]);
            for j in i + 1..n {
                let times = a[j][i] / row[i];
                a[j].iter_mut().zip(&row).for_each(|(entry, above)| *entry -= times * above);
                b[j] -= times * known;
            }
        }
        for i in (0..n).rev() {
            let known: f64 = (i + 1..n).map(|k| a[i][k] * b[k]).sum();
            b[i] = (b[i] - known) / a[i][i];
        }
        b
    }

    #[test]
    fn one_distribution_is_the_textbooks() {
        let support = Points { x: vec![-1.2, 0.4, 0.9, 1.7], y: vec![0.5, -0.3, 0.8, 0.1] };
        let (x, scale, noise) = ([-2.0, 0.0, 0.7, 1.7], 1.3, 0.2);
        for kernel in Kernel::ALL {
            let posterior = GpPosterior::new(kernel, [[0.6; 2], [scale; 2], [2.2; 2]], noise);
            let of = |one: f64, other: f64| scale * scale * kernel.at(one - other, 0.6, 2.2);
            let (means, deviations) = (posterior.means(&support, &x), posterior.deviations(&support, &x));
            for k in 0..=4 {
                let points = &support.x[..k];
                let matrix = |i: usize| -> Vec<f64> {
                    (0..k)
                        .map(|j| of(points[i], points[j]) + if i == j { noise * noise } else { 0.0 })
                        .collect()
                };
                let matrix: Vec<_> = (0..k).map(matrix).collect();
                let weights = solve(matrix.clone(), support.y[..k].to_vec());
                for (at, &x) in x.iter().enumerate() {
                    let to: Vec<f64> = points.iter().map(|point| of(*point, x)).collect();
                    let mean: f64 = to.iter().zip(&weights).map(|(one, other)| one * other).sum();
                    let taken = solve(matrix.clone(), to.clone());
                    let variance =
                        scale * scale - to.iter().zip(&taken).map(|(one, other)| one * other).sum::<f64>();
                    assert!((means[k][at] - mean).abs() < 1e-9, "{kernel:?} {k}");
                    assert!((deviations[k][at] - variance.sqrt()).abs() < 1e-9, "{kernel:?} {k}");
                }
            }
        }
    }

    #[test]
    fn points_tell_lengths_apart() {
        // A curve that hardly turns between its points is of a long length, and so known between them.
        let x: Vec<f64> = (0..9).map(|i| f64::from(i) * 0.5 - 2.0).collect();
        let smooth = Points { y: x.iter().map(|x| x.sin()).collect(), x };
        let after = |length: [f64; 2]| {
            let posterior = GpPosterior::new(Kernel::Rbf, [length, [1.0; 2], [1.0; 2]], 0.0);
            posterior.means(&smooth, &[-1.75])[9][0]
        };
        let asked = (-1.75_f64).sin();
        assert!((after([0.1, 2.0]) - asked).abs() < 0.01, "{}", after([0.1, 2.0]));
        assert!((after([0.1, 0.1]) - asked).abs() > 0.8, "{}", after([0.1, 0.1]));
    }
}
