//! What can be known of a sawtooth wave from some of its points: the posterior under the family's own ranges.
//!
//! With u_i = saw(f x_i + s) and the shift s known, the targets y_i = a u_i + noise say of a that it is normal with mean
//! sum y_i u_i / sum u_i^2 and variance noise^2 / sum u_i^2, cut to its range; over s is summed by the midpoint rule, with
//! nodes closer together than the noise can tell shifts apart.
//!
//! Without noise one point says a = y / u, with weight 1 / |u| on those s where this lies in range. With d the part of a
//! tooth from x_1 to x the wave is y (1 + 2 d / u) as long as u < 1 - 2 d, and y (1 + 2 (d - 1) / u) from there on. Two
//! points say all: y_2 - y_1 is 2 a d, or 2 a (d - 1) if a jump lies between them.

use super::sine::moments;
use super::sine_posterior::truncated;
use crate::task::Points;
use crate::task::family::Posterior;

/// More nodes take longer than anybody waits for.
const MOST_NODES: usize = 20_000;
/// Fewest nodes of a whole tooth.
const FEWEST_NODES: f64 = 1_000.0;
/// Nodes of frequency and shift where frequencies vary: near enough for an oracle.
const COARSE: [usize; 2] = [64, 256];
/// What is this much less likely than the likeliest adds nothing, in logarithms.
const NEGLIGIBLE: f64 = 30.0;

/// Where waves come from.
#[derive(Clone, Copy, Debug)]
pub struct Ranges {
    /// Of the amplitude a.
    pub amplitude: [f64; 2],
    /// Of the frequency f.
    pub frequency: [f64; 2],
    /// Of the shift s.
    pub shift: [f64; 2],
    /// Standard deviation of what is added to the y of points.
    pub noise: f64,
}

/// The posterior of waves within these ranges.
pub struct SawtoothPosterior {
    ranges: Ranges,
    /// Frequencies and shifts that are summed over.
    nodes: Vec<[f64; 2]>,
    /// Noise that these can tell apart.
    noise: f64,
}

/// A wave, or several of one frequency and shift, and how likely they are.
struct Node {
    weight: f64,
    frequency: f64,
    shift: f64,
    /// Mean and mean square of the amplitude.
    amplitude: [f64; 2],
}

/// From -1 up to 1 in every tooth.
pub fn saw(t: f64) -> f64 {
    2.0 * (t - libm::floor(t)) - 1.0
}

/// Mean and mean square of saw(f x + s) over these ranges. saw has the antiderivative {t}^2 - {t}, and that again
/// {t}^3 / 3 - {t}^2 / 2 - [t] / 6; its square has [t] / 3 + ((2 {t} - 1)^3 + 1) / 6, and that again
/// [t]^2 / 6 + [t] {t} / 3 + {t} / 6 + ((2 {t} - 1)^4 - 1) / 48, with [t] the whole part and {t} the rest.
pub fn teeth([f0, f1]: [f64; 2], [s0, s1]: [f64; 2], x: f64) -> [f64; 2] {
    let parts = |t: f64| {
        let whole = libm::floor(t);
        (whole, t - whole)
    };
    let once = |t: f64| {
        let (whole, rest) = parts(t);
        let u = 2.0 * rest - 1.0;
        [rest * rest - rest, whole / 3.0 + (u * u * u + 1.0) / 6.0]
    };
    let twice = |t: f64| {
        let (whole, rest) = parts(t);
        let u = 2.0 * rest - 1.0;
        [
            rest * rest * rest / 3.0 - rest * rest / 2.0 - whole / 6.0,
            whole * whole / 6.0 + whole * rest / 3.0 + rest / 6.0 + (u * u * u * u - 1.0) / 48.0,
        ]
    };
    let over = |[low, high]: [[f64; 2]; 2], width: f64| [0, 1].map(|i| (high[i] - low[i]) / width);
    let (spread, middle) = ((f1 - f0) * x, 0.5 * (f0 + f1) * x);
    // Differences of nearly the same numbers say nothing.
    let varies = spread.abs() > 1e-6;
    match (varies, s0 < s1) {
        (false, false) => {
            let u = saw(middle + s0);
            [u, u * u]
        }
        (false, true) => over([s0, s1].map(|s| once(middle + s)), s1 - s0),
        (true, false) => over([f0, f1].map(|f| once(f * x + s0)), spread),
        (true, true) => {
            let along = |s: f64| over([f0, f1].map(|f| twice(f * x + s)), spread);
            over([along(s0), along(s1)], s1 - s0)
        }
    }
}

impl SawtoothPosterior {
    /// For waves of these ranges, of which up to so many points are to be known.
    pub fn new(ranges: Ranges, most_points: usize) -> Self {
        let Ranges { amplitude, frequency, shift, noise } = ranges;
        let largest = amplitude[0].abs().max(amplitude[1].abs()).max(1e-9);
        let midpoints = |[low, high]: [f64; 2], count: usize| -> Vec<f64> {
            let count = if low < high { count } else { 1 };
            (0..count).map(|i| low + (high - low) * (i as f64 + 0.5) / count as f64).collect()
        };
        let varies = frequency[0] < frequency[1];
        let (frequencies, shifts, noise) = if varies {
            // What lies between two nodes is taken for noise.
            let [f, s] = COARSE;
            (midpoints(frequency, f), midpoints(shift, s), noise.max(0.02 * largest))
        } else {
            // Of many points a shift is known to this part of a tooth.
            let known_to = noise / (2.0 * largest * (most_points.max(1) as f64).sqrt());
            let teeth = shift[1] - shift[0];
            let count = (teeth * FEWEST_NODES).max(if noise > 0.0 { 4.0 * teeth / known_to } else { 0.0 });
            (vec![frequency[0]], midpoints(shift, (count.ceil() as usize).clamp(1, MOST_NODES + 1)), noise)
        };
        let nodes = frequencies.iter().flat_map(|f| shifts.iter().map(|s| [*f, *s])).collect();
        Self { ranges, nodes, noise }
    }

    /// How many waves are weighed.
    pub fn nodes(&self) -> usize {
        self.nodes.len()
    }

    /// Whether it is what can be known: not of waves whose frequencies vary, or with too little noise for the nodes and
    /// yet some, or with amplitudes of both signs and none.
    pub fn is_exact(&self) -> bool {
        let Ranges { amplitude: [low, high], frequency, noise, .. } = self.ranges;
        let is_one_sided = low >= 0.0 || high <= 0.0;
        frequency[0] == frequency[1] && self.nodes.len() <= MOST_NODES && (noise > 0.0 || is_one_sided)
    }

    /// Mean and mean square at these x after the first k points.
    pub fn after(&self, support: &Points, x: &[f64], k: usize) -> Vec<[f64; 2]> {
        if k == 0 {
            let Ranges { amplitude, frequency, shift, .. } = self.ranges;
            let [mean, square] = moments(amplitude);
            let of = |[first, second]: [f64; 2]| [mean * first, square * second];
            return x.iter().map(|x| of(teeth(frequency, shift, *x))).collect();
        }
        if self.noise > 0.0 {
            return at(&self.noisy(support, k), x);
        }
        if k == 1
            && let Some(found) = self.of_one_point(support.x[0], support.y[0], x)
        {
            return found;
        }
        match self.of_two_points(support, k) {
            Some(wave) => at(&[wave], x),
            None => self.after(support, x, 0),
        }
    }

    /// All nodes that points with noise leave.
    fn noisy(&self, support: &Points, k: usize) -> Vec<Node> {
        let [low, high] = self.ranges.amplitude;
        let half_precision = 0.5 / (self.noise * self.noise);
        let mut found: Vec<Node> = Vec::with_capacity(self.nodes.len());
        for &[frequency, shift] in &self.nodes {
            let (mut yy, mut yu, mut uu) = (0.0, 0.0, 0.0);
            for (x, y) in support.x.iter().zip(&support.y).take(k) {
                let u = saw(frequency * x + shift);
                (yy, yu, uu) = (yy + y * y, yu + y * u, uu + u * u);
            }
            let (log, amplitude) = if low == high {
                (-half_precision * (yy - 2.0 * low * yu + low * low * uu), [low, low * low])
            } else {
                let deviation = self.noise / uu.sqrt().max(1e-12);
                let (log, moments) = truncated([low, high], yu / uu.max(1e-24), deviation);
                (log + libm::log(deviation) - half_precision * (yy - yu * yu / uu.max(1e-24)), moments)
            };
            found.push(Node { weight: log, frequency, shift, amplitude });
        }
        let most = found.iter().map(|node| node.weight).fold(f64::NEG_INFINITY, f64::max);
        found.retain(|node| node.weight > most - NEGLIGIBLE);
        found.iter_mut().for_each(|node| node.weight = libm::exp(node.weight - most));
        let total: f64 = found.iter().map(|node| node.weight).sum();
        found.iter_mut().for_each(|node| node.weight /= total);
        found
    }

    /// Where u can be after one point, each range of one sign.
    fn ranges_of_u(&self, from: f64, y: f64) -> Vec<[f64; 2]> {
        let Ranges { amplitude: [low, high], shift: [s0, s1], .. } = self.ranges;
        let mut found = Vec::new();
        for (sign, [least, most]) in [(1.0, [low.max(0.0), high]), (-1.0, [(-high).max(0.0), -low])] {
            if most <= 0.0 {
                continue;
            }
            let near = y.abs() / most;
            let far = if least > 0.0 { (y.abs() / least).min(1.0) } else { 1.0 };
            let [a, b] = if y * sign > 0.0 { [near, far] } else { [-far, -near] };
            // In parts of a tooth, for every tooth that the shift goes through.
            let mut tooth = libm::floor(s0 + from);
            while tooth < s1 + from {
                let ends = [(s0 + from - tooth).max(0.0), (s1 + from - tooth).min(1.0)];
                let [c, d] = ends.map(|t| 2.0 * t - 1.0);
                if a.max(c) < b.min(d) {
                    found.push([a.max(c), b.min(d)]);
                }
                tooth += 1.0;
            }
        }
        found
    }

    /// Of one point without noise, where neither amplitude nor shift is known beforehand.
    fn of_one_point(&self, from: f64, y: f64, x: &[f64]) -> Option<Vec<[f64; 2]>> {
        let Ranges { amplitude: [low, high], frequency: [f, _], shift: [s0, s1], .. } = self.ranges;
        if low == high || s0 == s1 || y == 0.0 {
            return None;
        }
        let ranges = self.ranges_of_u(f * from, y);
        let total: f64 = ranges.iter().map(|ends| powers(*ends)[0]).sum();
        (total > 0.0).then(|| {
            let at = |x: &f64| {
                let d = f * (x - from) - libm::floor(f * (x - from));
                let mut sums = [0.0; 2];
                for [a, b] in &ranges {
                    let jump = (1.0 - 2.0 * d).clamp(*a, *b);
                    for (ends, c) in [([*a, jump], 2.0 * d), ([jump, *b], 2.0 * (d - 1.0))] {
                        let [one, by_u, by_square] = powers(ends);
                        sums[0] += one + c * by_u;
                        sums[1] += one + 2.0 * c * by_u + c * c * by_square;
                    }
                }
                [y * sums[0] / total, y * y * sums[1] / total]
            };
            x.iter().map(at).collect()
        })
    }

    /// The wave through two points or more, or through one where amplitude or shift is known beforehand.
    fn of_two_points(&self, support: &Points, k: usize) -> Option<Node> {
        let Ranges { amplitude: [low, high], frequency: [f, _], shift: [s0, s1], .. } = self.ranges;
        let (x, y) = (&support.x[..k], &support.y[..k]);
        let part = |t: f64| t - libm::floor(t);
        let node = |a: f64, u: f64, from: f64| {
            // In the range of shifts, where whole teeth do not matter.
            let shift = s0 + part(0.5 * (u + 1.0) - f * from - s0);
            Node { weight: 1.0, frequency: f, shift, amplitude: [a, a * a] }
        };
        if s0 == s1 {
            let far = x
                .iter()
                .zip(y)
                .max_by(|one, other| saw(f * one.0 + s0).abs().total_cmp(&saw(f * other.0 + s0).abs()))?;
            let a = far.1 / saw(f * far.0 + s0);
            return Some(Node { weight: 1.0, frequency: f, shift: s0, amplitude: [a, a * a] });
        }
        if low == high {
            return (low != 0.0).then(|| node(low, y[0] / low, x[0]));
        }
        // The pair that is least nearly at one place of a tooth.
        let off = |i: &usize| {
            let d = part(f * (x[*i] - x[0]));
            d.min(1.0 - d)
        };
        let other = (1..k).max_by(|one, other| off(one).total_cmp(&off(other)))?;
        let (d, rise) = (part(f * (x[other] - x[0])), y[other] - y[0]);
        if off(&other) < 1e-9 || rise == 0.0 {
            return None;
        }
        let close = |one: f64, other: f64| (one - other).abs() <= 1e-6 * (1.0 + other.abs());
        let fits = |a: f64| {
            let wave = node(a, y[0] / a, x[0]);
            let is_within = low - 1e-9 <= a && a <= high + 1e-9 && wave.shift <= s1 + 1e-9;
            let through = x.iter().zip(y).all(|(x, y)| close(a * saw(f * x + wave.shift), *y));
            (is_within && through).then_some(wave)
        };
        fits(rise / (2.0 * d)).or_else(|| fits(-rise / (2.0 * (1.0 - d))))
    }

    fn means_after(&self, support: &Points, x: &[f64], k: usize) -> Vec<f64> {
        self.after(support, x, k).into_iter().map(|[mean, _]| mean).collect()
    }
}

/// Integrals of 1, 1 / u and 1 / u^2 over du / |u| between these ends of one sign.
fn powers([a, b]: [f64; 2]) -> [f64; 3] {
    if a >= b {
        return [0.0; 3];
    }
    let sign = if a < 0.0 { -1.0 } else { 1.0 };
    let whole = libm::log(b / a).abs();
    [whole, sign * (1.0 / a - 1.0 / b), sign * 0.5 * (1.0 / (a * a) - 1.0 / (b * b))]
}

/// Mean and mean square at these x over these waves.
fn at(nodes: &[Node], x: &[f64]) -> Vec<[f64; 2]> {
    let of = |x: &f64| {
        nodes.iter().fold([0.0; 2], |[mean, square], node| {
            let u = saw(node.frequency * x + node.shift);
            [mean + node.weight * node.amplitude[0] * u, square + node.weight * node.amplitude[1] * u * u]
        })
    };
    x.iter().map(of).collect()
}

impl Posterior for SawtoothPosterior {
    fn means(&self, support: &Points, x: &[f64]) -> Vec<Vec<f64>> {
        (0..=support.x.len()).map(|k| self.means_after(support, x, k)).collect()
    }

    fn deviations(&self, support: &Points, x: &[f64]) -> Vec<Vec<f64>> {
        let deviation = |[mean, square]: [f64; 2]| (square - mean * mean).max(0.0).sqrt();
        let of = |k| self.after(support, x, k).into_iter().map(deviation).collect();
        (0..=support.x.len()).map(of).collect()
    }

    fn losses(&self, support: &Points, query: &Points) -> Vec<f64> {
        let loss = |means: Vec<f64>| {
            let errors = means.iter().zip(&query.y).map(|(mean, y)| (mean - y) * (mean - y));
            let loss = errors.sum::<f64>() / query.y.len().max(1) as f64;
            // Rounding, far below anything a reader could mean by a loss.
            if loss < 1e-12 { 0.0 } else { loss }
        };
        self.means(support, &query.x).into_iter().map(loss).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The mean over a million shifts and the amplitudes that they leave.
    #[test]
    fn one_point_is_what_summing_finds() {
        let ranges = Ranges { amplitude: [0.5, 4.0], frequency: [0.2; 2], shift: [0.1, 0.9], noise: 0.0 };
        let posterior = SawtoothPosterior::new(ranges, 1);
        let x = [-4.0, 0.3, 1.7, 4.4];
        for (from, y) in [(1.0, 0.7), (-2.0, -1.3), (0.0, 0.45)] {
            let found = posterior.after(&Points { x: vec![from], y: vec![y] }, &x, 1);
            let (mut total, mut sums) = (0.0, [[0.0; 2]; 4]);
            for i in 0..1_000_000 {
                let s = 0.1 + 0.8 * (f64::from(i) + 0.5) / 1e6;
                let u = saw(0.2 * from + s);
                if (0.5..=4.0).contains(&(y / u)) {
                    total += 1.0 / u.abs();
                    for (sum, x) in sums.iter_mut().zip(x) {
                        let answer = y / u * saw(0.2 * x + s);
                        *sum = [sum[0] + answer / u.abs(), sum[1] + answer * answer / u.abs()];
                    }
                }
            }
            for (found, sum) in found.iter().zip(sums) {
                for (found, sum) in found.iter().zip(sum) {
                    assert!((found - sum / total).abs() < 1e-4, "{from} {y}: {found} for {}", sum / total);
                }
            }
        }
    }

    #[test]
    fn a_little_noise_is_nearly_none() {
        let of = |noise: f64| {
            let ranges = Ranges { amplitude: [0.5, 4.0], frequency: [0.2; 2], shift: [0.0, 1.0], noise };
            let posterior = SawtoothPosterior::new(ranges, 3);
            assert!(posterior.is_exact());
            let wave = |x: f64| 2.0 * saw(0.2 * x + 0.37);
            let x = vec![1.0, -3.3, 4.2];
            let y = x.iter().map(|x| wave(*x)).collect();
            posterior.means(&Points { x, y }, &[-4.5, 0.2, 2.2])
        };
        for (exact, noisy) in of(0.0).iter().flatten().zip(of(0.005).iter().flatten()) {
            assert!((exact - noisy).abs() < 0.03, "{exact}, {noisy}");
        }
    }
}
