//! Least squares with two coefficients, with or without noise: what the oracles of families are made of.

use super::Points;

/// y = p u(x) + q v(x), fitted to points.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fit {
    /// p and q.
    pub coefficients: [f64; 2],
    /// Squared errors at the points, and the penalty.
    pub misfit: f64,
    /// Determinant of the normal equations.
    pub determinant: f64,
}

/// The coefficients of `basis` that these points suggest: those of least squared error plus `penalty`
/// times their squares. With a penalty that is the noise's variance over the coefficients', they are the
/// best guess; without one they are exact from two noiseless points, and the smallest where the points
/// leave a choice.
pub fn fit(support: &Points, penalty: f64, basis: impl Fn(f64) -> [f64; 2]) -> Fit {
    let (mut ss, mut sc, mut cc, mut sy, mut cy) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for (&x, &y) in support.x.iter().zip(&support.y) {
        let [s, c] = basis(x);
        ss += s * s;
        sc += s * c;
        cc += c * c;
        sy += s * y;
        cy += c * y;
    }
    ss += penalty;
    cc += penalty;
    let determinant = ss * cc - sc * sc;
    let (p, q) = if determinant > 1e-12 * (ss + cc) * (ss + cc) {
        ((sy * cc - cy * sc) / determinant, (cy * ss - sy * sc) / determinant)
    } else if ss + cc > 0.0 {
        // All points at one angle: of the solutions through them, the smallest.
        (sy / (ss + cc), cy / (ss + cc))
    } else {
        (0.0, 0.0)
    };
    let error = |(x, y): (&f64, &f64)| {
        let [s, c] = basis(*x);
        let off = p * s + q * c - y;
        off * off
    };
    let errors: f64 = support.x.iter().zip(&support.y).map(error).sum();
    Fit { coefficients: [p, q], misfit: errors + penalty * (p * p + q * q), determinant }
}
