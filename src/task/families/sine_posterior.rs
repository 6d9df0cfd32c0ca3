//! What can be known of a wave from some of its points: the posterior under the family's own ranges, exactly. The
//! mean squared error of its mean is what no learner can be below.
//!
//! With s_i = sin(f x_i + b) and the phase b known, the targets y_i = a s_i + noise say of a that it is normal with mean
//! m = sum y_i s_i / sum s_i^2 and variance v = noise^2 / sum s_i^2, cut to its range [lo, hi]; and of b that its
//! weight is
//!
//! ```text
//! exp(-(sum y_i^2 - (sum y_i s_i)^2 / sum s_i^2) / (2 noise^2)) sqrt(v) [Phi((hi - m) / sqrt v) - Phi((lo - m) / sqrt v)]
//! ```
//!
//! over which is summed by Gauss-Legendre quadrature, with nodes closer together than the noise can tell phases apart.
//! A wave of one frequency is linear in (sin f x, cos f x), so its moments are those of a (cos b, sin b) at every x.
//!
//! Without noise one point says a = y / s, with weight 1 / |s| on those b where this lies in range. With
//! t = f x_1 + b the mean of a sin(f x + b) is y (cos f(x - x_1) + E[cot t] sin f(x - x_1)), and the integrals of 1, cot t
//! and cot^2 t over dt / sin t are ln tan(t/2), -1/sin t and -(cos t / sin^2 t + ln tan(t/2)) / 2. Two points say all.

use std::f64::consts::{FRAC_1_SQRT_2, PI, TAU};

use crate::task::Points;
use crate::task::family::Posterior;

/// More nodes take longer than anybody waits for: noise of less than about a thousandth of the largest amplitude.
const MOST_NODES: usize = 30_000;
/// Nodes of a panel.
const NODES: usize = 10;
/// What is this much less likely than the likeliest adds nothing, in logarithms.
const NEGLIGIBLE: f64 = 30.0;
/// Phases that fit worse than the best one by this much are looked at only where those that fit are out of range.
const WITHIN: f64 = 60.0;

/// Where waves come from.
#[derive(Clone, Copy, Debug)]
pub struct Ranges {
    /// Of the amplitude a.
    pub amplitude: [f64; 2],
    /// Of the phase b.
    pub phase: [f64; 2],
    /// Of the frequency f.
    pub frequency: [f64; 2],
    /// Standard deviation of what is added to the y of points.
    pub noise: f64,
}

/// The posterior of waves of one frequency within these ranges.
pub struct SinePosterior {
    amplitude: [f64; 2],
    phase: [f64; 2],
    frequency: f64,
    noise: f64,
    nodes: Vec<Node>,
}

/// A phase of the quadrature.
#[derive(Clone, Copy)]
struct Node {
    sine: f64,
    cosine: f64,
    weight: f64,
}

/// What is known of (p, q) = a (cos b, sin b), with which the wave is p sin f x + q cos f x.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Moments {
    /// Means of p and q.
    mean: [f64; 2],
    /// Means of p p, p q and q q.
    square: [f64; 3],
}

impl SinePosterior {
    /// For waves of these ranges, of which up to so many points are to be known; `None` where frequencies vary,
    /// or the noise is too small for the quadrature and yet not 0.
    pub fn new(ranges: Ranges, most_points: usize) -> Option<Self> {
        let Ranges { amplitude, phase, frequency: [low, high], noise } = ranges;
        let [b0, b1] = phase;
        if low < high {
            return None;
        }
        // Of many points and a large amplitude a phase is known to this.
        let largest = amplitude[0].abs().max(amplitude[1].abs());
        let known_to = noise / (largest * (most_points.max(1) as f64).sqrt());
        let narrow = if noise > 0.0 { (b1 - b0) / (3.0 * known_to) } else { 0.0 };
        let panels = narrow.max((b1 - b0) / 0.1).max(1.0).ceil();
        if panels * NODES as f64 > MOST_NODES as f64 {
            return None;
        }
        let mut nodes = Vec::new();
        let rule = gauss_legendre();
        for panel in 0..panels as usize {
            let half = 0.5 * (b1 - b0) / panels;
            let middle = b0 + half * (2 * panel + 1) as f64;
            for (at, weight) in rule {
                let (sine, cosine) = libm::sincos(middle + half * at);
                nodes.push(Node { sine, cosine, weight: 0.5 * weight / panels });
            }
        }
        Some(Self { amplitude, phase, frequency: low, noise, nodes })
    }

    /// Before any point.
    fn prior(&self) -> Moments {
        let [lo, hi] = self.amplitude;
        let (mean, square) = (0.5 * (lo + hi), (lo * lo + lo * hi + hi * hi) / 3.0);
        let mut sum = Moments::default();
        self.nodes.iter().for_each(|node| sum.add(node, node.weight, [mean, square]));
        sum
    }

    /// After the first 0, 1, .. of these points.
    fn moments(&self, support: &Points) -> Vec<Moments> {
        let mut found = vec![self.prior()];
        if self.noise == 0.0 {
            for k in 1..=support.x.len() {
                found.push(match k {
                    1 => self.of_one_point(support.x[0], support.y[0]),
                    _ => self.of_two_points(support, k),
                });
            }
            return found;
        }
        let mut squares = 0.0;
        // Of every node sum y s and sum s^2.
        let mut sums = vec![[0.0; 2]; self.nodes.len()];
        let mut misfits = vec![0.0; self.nodes.len()];
        for (&x, &y) in support.x.iter().zip(&support.y) {
            let (sine, cosine) = libm::sincos(self.frequency * x);
            squares += y * y;
            for (node, [ys, ss]) in self.nodes.iter().zip(&mut sums) {
                let s = sine * node.cosine + cosine * node.sine;
                *ys += y * s;
                *ss += s * s;
            }
            found.push(self.of_noisy_points(squares, &sums, &mut misfits));
        }
        found
    }

    /// From sum y^2, and of every node sum y s and sum s^2.
    fn of_noisy_points(&self, squares: f64, sums: &[[f64; 2]], misfits: &mut [f64]) -> Moments {
        let [lo, hi] = self.amplitude;
        let half_precision = 0.5 / (self.noise * self.noise);
        let is_known = lo == hi;
        let mut least = f64::INFINITY;
        for (misfit, [ys, ss]) in misfits.iter_mut().zip(sums) {
            *misfit = half_precision
                * if is_known { squares - 2.0 * lo * ys + lo * lo * ss } else { squares - ys * ys / ss };
            least = least.min(*misfit);
        }
        let mut likely: Vec<(usize, f64, [f64; 2])> = Vec::new();
        let mut most = f64::NEG_INFINITY;
        // How likely a lies in its range is part of it: the least misfit alone may be far outside.
        let mut take = |within: f64, likely: &mut Vec<(usize, f64, [f64; 2])>| {
            likely.clear();
            most = f64::NEG_INFINITY;
            for (at, (misfit, [ys, ss])) in misfits.iter().zip(sums).enumerate() {
                if *misfit - least > within {
                    continue;
                }
                let (log, moments) = if is_known {
                    (-misfit, [lo, lo * lo])
                } else {
                    let deviation = self.noise / ss.sqrt();
                    let (log, moments) = truncated([lo, hi], ys / ss, deviation);
                    (libm::log(deviation) + log - misfit, moments)
                };
                most = most.max(log);
                likely.push((at, log, moments));
            }
            most
        };
        let found = take(WITHIN, &mut likely);
        // What is left out is no likelier than this: a density of at most 1 / sqrt(2 pi) over the whole range.
        let bound = if is_known { -least } else { -least + libm::log(hi - lo) } - WITHIN;
        if bound > found - NEGLIGIBLE {
            take(f64::INFINITY, &mut likely);
        }
        let (mut total, mut sum) = (0.0, Moments::default());
        for (at, log, moments) in &likely {
            if log - most > -NEGLIGIBLE {
                let node = &self.nodes[*at];
                let weight = node.weight * libm::exp(log - most);
                total += weight;
                sum.add(node, weight, *moments);
            }
        }
        sum.divided_by(total)
    }

    /// Of one point without noise.
    fn of_one_point(&self, x: f64, y: f64) -> Moments {
        let [lo, hi] = self.amplitude;
        let shift = self.frequency * x;
        let [from, to] = self.phase.map(|b| shift + b);
        // Integrals of 1, cot t and cot^2 t.
        let mut sums = [0.0; 3];
        if lo == hi || from == to {
            return self.of_one_point_and(x, y);
        }
        for (sign, [least, most]) in [(1.0, [lo.max(0.0), hi]), (-1.0, [(-hi).max(0.0), -lo])] {
            if most <= 0.0 || y == 0.0 {
                continue;
            }
            // |sin t| between these, with the sign of y / a: within half a turn that begins here.
            let low = y.abs() / most;
            let high = if least > 0.0 { (y.abs() / least).min(1.0) } else { 1.0 };
            if low > high {
                continue;
            }
            let begin = if y * sign > 0.0 { 0.0 } else { PI };
            let (low, high) = (libm::asin(low), libm::asin(high));
            for [t0, t1] in [[low, high], [PI - high, PI - low]] {
                let mut turn = begin + TAU * libm::floor((from - begin - t1) / TAU);
                while turn + t0 < to {
                    let ends = [t0.max(from - turn), t1.min(to - turn)];
                    if ends[0] < ends[1] {
                        let [first, last] = ends.map(integrals);
                        sums.iter_mut().zip(first.iter().zip(last)).for_each(|(sum, (a, b))| *sum += b - a);
                    }
                    turn += TAU;
                }
            }
        }
        let [total, cot, cot_squared] = sums;
        if total <= 0.0 {
            return self.prior();
        }
        let (cot, cot_squared) = (cot / total, cot_squared / total);
        // The wave is y cos f(x - x1) + y cot t sin f(x - x1).
        let (sine, cosine) = libm::sincos(shift);
        let square = y * y;
        Moments {
            mean: [y * (sine + cot * cosine), y * (cosine - cot * sine)],
            square: [
                square * (sine * sine + 2.0 * cot * sine * cosine + cot_squared * cosine * cosine),
                square
                    * (sine * cosine + cot * (cosine * cosine - sine * sine) - cot_squared * sine * cosine),
                square * (cosine * cosine - 2.0 * cot * sine * cosine + cot_squared * sine * sine),
            ],
        }
    }

    /// Of one point without noise where the amplitude or the phase is known beforehand: the other is one of a few.
    fn of_one_point_and(&self, x: f64, y: f64) -> Moments {
        let ([lo, hi], [b0, b1]) = (self.amplitude, self.phase);
        if b0 == b1 {
            let (sine, cosine) = libm::sincos(b0);
            let at = libm::sin(self.frequency * x + b0);
            if lo == hi || at.abs() < 1e-12 {
                return self.prior();
            }
            let mut moments = Moments::default();
            moments.add(&Node { sine, cosine, weight: 1.0 }, 1.0, [y / at, y / at * (y / at)]);
            return moments;
        }
        let shift = self.frequency * x;
        let root = libm::asin((y / lo).clamp(-1.0, 1.0));
        let (mut total, mut sum) = (0.0, Moments::default());
        for t in [root, PI - root] {
            let mut b = t - shift + TAU * libm::ceil((b0 - t + shift) / TAU - 1e-9);
            while b <= b1 + 1e-9 {
                // The flatter the wave is there, the likelier is such a y.
                let weight = 1.0 / libm::cos(t).abs().max(1e-12);
                let (sine, cosine) = libm::sincos(b);
                total += weight;
                sum.add(&Node { sine, cosine, weight }, weight, [lo, lo * lo]);
                b += TAU;
            }
        }
        if total > 0.0 { sum.divided_by(total) } else { self.prior() }
    }

    /// Of two points or more without noise, which say all: by least squares.
    fn of_two_points(&self, support: &Points, k: usize) -> Moments {
        let [mut ss, mut sc, mut cc, mut sy, mut cy] = [0.0; 5];
        for (&x, &y) in support.x.iter().zip(&support.y).take(k) {
            let (sine, cosine) = libm::sincos(self.frequency * x);
            ss += sine * sine;
            sc += sine * cosine;
            cc += cosine * cosine;
            sy += sine * y;
            cy += cosine * y;
        }
        let determinant = ss * cc - sc * sc;
        if determinant <= 1e-20 {
            return self.of_one_point(support.x[0], support.y[0]);
        }
        let [p, q] = [(cc * sy - sc * cy) / determinant, (ss * cy - sc * sy) / determinant];
        Moments { mean: [p, q], square: [p * p, p * q, q * q] }
    }
}

impl Posterior for SinePosterior {
    fn means(&self, support: &Points, x: &[f64]) -> Vec<Vec<f64>> {
        let mean = |moments: &Moments| x.iter().map(|&x| moments.at(self.frequency * x)[0]).collect();
        self.moments(support).iter().map(mean).collect()
    }

    fn deviations(&self, support: &Points, x: &[f64]) -> Vec<Vec<f64>> {
        let deviation = |moments: &Moments| {
            let of = |x: &f64| {
                let [mean, square] = moments.at(self.frequency * x);
                (square - mean * mean).max(0.0).sqrt()
            };
            x.iter().map(of).collect()
        };
        self.moments(support).iter().map(deviation).collect()
    }

    fn losses(&self, support: &Points, query: &Points) -> Vec<f64> {
        let basis: Vec<(f64, f64)> = query.x.iter().map(|x| libm::sincos(self.frequency * x)).collect();
        let share = 1.0 / query.x.len().max(1) as f64;
        let loss = |Moments { mean: [p, q], .. }: &Moments| {
            let errors = basis.iter().zip(&query.y).map(|((sine, cosine), y)| p * sine + q * cosine - y);
            let loss = share * errors.map(|error| error * error).sum::<f64>();
            // Rounding, far below anything a reader could mean by a loss.
            if loss < 1e-12 { 0.0 } else { loss }
        };
        self.moments(support).iter().map(loss).collect()
    }
}

impl Moments {
    /// Adds a phase with this weight, and the mean and mean square of the amplitude there.
    fn add(&mut self, node: &Node, weight: f64, [mean, square]: [f64; 2]) {
        let Node { sine, cosine, .. } = *node;
        self.mean[0] += weight * mean * cosine;
        self.mean[1] += weight * mean * sine;
        self.square[0] += weight * square * cosine * cosine;
        self.square[1] += weight * square * cosine * sine;
        self.square[2] += weight * square * sine * sine;
    }

    fn divided_by(self, total: f64) -> Self {
        Self { mean: self.mean.map(|sum| sum / total), square: self.square.map(|sum| sum / total) }
    }

    /// Mean and mean square of the wave where f x is this.
    fn at(&self, angle: f64) -> [f64; 2] {
        let (sine, cosine) = libm::sincos(angle);
        let [p, q] = self.mean;
        let [pp, pq, qq] = self.square;
        [p * sine + q * cosine, pp * sine * sine + 2.0 * pq * sine * cosine + qq * cosine * cosine]
    }
}

/// Antiderivatives of 1 / sin t, cot t / sin t and cot^2 t / sin t within half a turn from 0.
fn integrals(t: f64) -> [f64; 3] {
    let (sine, cosine) = libm::sincos(t);
    let log = libm::log(libm::tan(0.5 * t));
    [log, -1.0 / sine, -0.5 * (cosine / (sine * sine) + log)]
}

/// Of a normal variable with this mean and standard deviation, cut to a range: the logarithm of the part that lies in
/// it, and its mean and mean square there.
pub(super) fn truncated([lo, hi]: [f64; 2], mean: f64, deviation: f64) -> (f64, [f64; 2]) {
    let [a, b] = [(lo - mean) / deviation, (hi - mean) / deviation];
    if a + b < 0.0 {
        // By symmetry, so that the tail is always the upper one.
        let (log, [first, second]) = truncated([-hi, -lo], -mean, deviation);
        return (log, [-first, second]);
    }
    let normal = |z: f64| -0.5 * z * z - 0.5 * libm::log(TAU);
    let log = if a <= 0.0 {
        let outside = 0.5 * (libm::erfc(-a * FRAC_1_SQRT_2) + libm::erfc(b * FRAC_1_SQRT_2));
        libm::log1p(-outside)
    } else {
        let [upper, beyond] = [a, b].map(log_upper_tail);
        upper + libm::log(-libm::expm1(beyond - upper))
    };
    let [at_a, at_b] = [a, b].map(|z| libm::exp(normal(z) - log));
    // Mean and mean square of the deviations from `mean`, in units of the deviation.
    let (first, second) = (at_a - at_b, 1.0 + a * at_a - b * at_b);
    let moved = mean + deviation * first;
    let square = mean * mean + 2.0 * mean * deviation * first + deviation * deviation * second;
    // Far out all digits are lost to rounding; in its range it is in any case.
    let moved = moved.clamp(lo, hi);
    (log, [moved, square.max(moved * moved)])
}

/// The logarithm of 1 - Phi(z), z >= 0.
fn log_upper_tail(z: f64) -> f64 {
    let x = z * FRAC_1_SQRT_2;
    if x < 20.0 {
        return libm::log(0.5 * libm::erfc(x));
    }
    // The asymptotic series of erfc.
    let r = 0.5 / (x * x);
    let series = 1.0 - r * (1.0 - 3.0 * r * (1.0 - 5.0 * r));
    -x * x + libm::log(0.5 * series / (x * PI.sqrt()))
}

/// Nodes and weights of Gauss-Legendre quadrature on [-1, 1] (Abramowitz and Stegun, table 25.4).
fn gauss_legendre() -> [(f64, f64); NODES] {
    const HALF: [(f64, f64); NODES / 2] = [
        (0.148_874_338_981_631_22, 0.295_524_224_714_752_87),
        (0.433_395_394_129_247_2, 0.269_266_719_309_996_35),
        (0.679_409_568_299_024_4, 0.219_086_362_515_982_04),
        (0.865_063_366_688_984_5, 0.149_451_349_150_580_6),
        (0.973_906_528_517_171_7, 0.066_671_344_308_688_14),
    ];
    let mut rule = [(0.0, 0.0); NODES];
    for (i, (at, weight)) in HALF.into_iter().enumerate() {
        (rule[2 * i], rule[2 * i + 1]) = ((-at, weight), (at, weight));
    }
    rule
}

#[cfg(test)]
mod tests {
    use serde_json::Value as Json;

    use super::*;
    use crate::task::families::sine::SineSettings;
    use crate::task::{Draw, EvaluationSettings, TaskSettings, normal::standard_normal, stream, test_tasks};
    use crate::task::{Family, Purpose, families::sine::Sine};

    fn posterior_of(settings: &SineSettings, most_points: usize) -> Option<SinePosterior> {
        SinePosterior::new(settings.ranges(), most_points)
    }

    /// By another implementation, which was held against quadrature in (a, b) and against weighted draws from the prior.
    fn reference() -> Json {
        serde_json::from_str(include_str!("../../../tests/reference/bayes.json")).expect("whole")
    }

    fn numbers(list: &Json) -> Vec<f64> {
        list.as_array().expect("a list").iter().map(|number| number.as_f64().expect("a number")).collect()
    }

    /// The settings that the reference calls so: `phase 2pi, noise 0.1`.
    fn settings(name: &str) -> SineSettings {
        let (phase, noise) = name.split_once(", noise ").expect("phase and noise");
        let phase = if phase == "phase pi" { PI } else { TAU };
        let noise = noise.parse().expect("a number");
        SineSettings { phase: [0.0, phase], noise, ..SineSettings::default() }
    }

    #[test]
    fn means_and_deviations_are_those_of_the_reference() {
        let reference = reference();
        let at = numbers(&reference["tasks"]["at"]);
        let mut compared = 0;
        for (name, tasks) in reference["tasks"]["sets"].as_object().expect("sets") {
            let posterior = posterior_of(&settings(name), 20).expect("known");
            for task in tasks.as_array().expect("tasks") {
                let support = Points { x: numbers(&task["x"]), y: numbers(&task["y"]) };
                let (means, deviations) =
                    (posterior.means(&support, &at), posterior.deviations(&support, &at));
                for (k, expected) in task["posterior"].as_object().expect("by K") {
                    let k: usize = k.parse().expect("a number of points");
                    for (found, expected) in
                        [(&means[k], numbers(&expected["mean"])), (&deviations[k], numbers(&expected["sd"]))]
                    {
                        for (found, expected) in found.iter().zip(expected) {
                            assert!((found - expected).abs() < 1e-4, "{name} K {k}: {found} for {expected}");
                            compared += 1;
                        }
                    }
                }
            }
        }
        assert_eq!(compared, 6 * 8 * 4 * 2 * 11);
    }

    #[test]
    fn floors_are_those_of_the_reference() {
        let reference = reference();
        let points: Vec<usize> = numbers(&reference["K"]).iter().map(|k| *k as usize).collect();
        let mut compared = 0;
        for (name, floor) in reference["floor"].as_object().expect("floors") {
            let own = settings(name).values();
            let settings = TaskSettings { own, shots: 20.into(), ..TaskSettings::default() };
            let evaluation = EvaluationSettings { test_tasks: 1_000, ..EvaluationSettings::default() };
            let posterior = settings.posterior(20).expect("known");
            let tasks = test_tasks(&settings, &evaluation);
            let losses: Vec<Vec<f64>> =
                tasks.iter().map(|task| posterior.losses(&task.support, &task.query)).collect();
            let expected = numbers(&floor["mse"]).into_iter().zip(numbers(&floor["mean_variance"]));
            for ((k, (expected, variance)), error) in points.iter().zip(expected).zip(numbers(&floor["se"])) {
                let mean = losses.iter().map(|losses| losses[*k]).sum::<f64>() / 1_000.0;
                // Of other tasks here and there.
                let error = std::f64::consts::SQRT_2 * error + 1e-9;
                // The error that is to be expected is the variance; what the reference's own tasks gave lies up to
                // 2.5 standard errors from it.
                assert!((mean - variance).abs() <= 2.0 * error, "{name} K {k}: {mean} for {variance}");
                assert!((mean - expected).abs() <= 3.0 * error, "{name} K {k}: {mean} for {expected}");
                compared += 1;
            }
        }
        assert_eq!(compared, 60);
    }

    /// Mean and deviation by weighing draws of the prior: everything in the settings that the reference has at its
    /// default, and what is known beforehand.
    #[test]
    fn any_ranges_agree_with_draws_of_the_prior() {
        let usual = SineSettings::default();
        let kinds = [
            SineSettings { amplitude: [-2.0, 3.0], phase: [0.5, 2.0], noise: 0.4, ..usual },
            SineSettings { amplitude: [1.0, 1.0], noise: 0.3, ..usual },
            SineSettings { phase: [1.0, 1.0], noise: 0.5, ..usual },
            SineSettings { frequency: [2.5, 2.5], phase: [-1.0, 7.0], noise: 1.0, ..usual },
            SineSettings { amplitude: [4.0, 5.0], phase: [0.0, 1.0], noise: 2.0, ..usual },
        ];
        for settings in kinds {
            let task = TaskSettings { own: settings.values(), ..TaskSettings::default() };
            let (draw, mut stream) = (Draw::new(&task), stream(5, Purpose::Illustration));
            let truth = draw.function(&mut stream);
            let mut support = Points { x: vec![-2.0, 0.7, 3.1], y: Vec::new() };
            let noisy = |x: &f64, stream: &mut _| truth.at(*x) + settings.noise * standard_normal(stream);
            support.y = support.x.iter().map(|x| noisy(x, &mut stream)).collect();
            let at = [-4.0, 0.0, 1.3];
            let posterior = posterior_of(&settings, 3).expect("known");
            let (means, deviations) = (posterior.means(&support, &at), posterior.deviations(&support, &at));
            let draws: Vec<_> = (0..300_000).map(|_| draw.function(&mut stream)).collect();
            for k in 0..=3 {
                let weight = |task: &crate::task::Function| {
                    let misfits = support.x.iter().zip(&support.y).take(k).map(|(x, y)| y - task.at(*x));
                    let squares: f64 = misfits.map(|misfit| misfit * misfit).sum();
                    libm::exp(-0.5 * squares / (settings.noise * settings.noise))
                };
                let weights: Vec<f64> = draws.iter().map(weight).collect();
                let total: f64 = weights.iter().sum();
                let effective = total * total / weights.iter().map(|w| w * w).sum::<f64>();
                assert!(effective > 2_000.0, "{settings:?} {k}: {effective}");
                for (i, x) in at.iter().enumerate() {
                    let mean =
                        draws.iter().zip(&weights).map(|(task, w)| w * task.at(*x)).sum::<f64>() / total;
                    let square =
                        draws.iter().zip(&weights).map(|(task, w)| w * task.at(*x).powi(2)).sum::<f64>()
                            / total;
                    let deviation = (square - mean * mean).sqrt();
                    let bound = 5.0 * deviation / effective.sqrt() + 1e-9;
                    assert!(
                        (means[k][i] - mean).abs() < bound,
                        "{settings:?} {k}: {} for {mean}",
                        means[k][i]
                    );
                    assert!(
                        (deviations[k][i] - deviation).abs() < bound + 0.02 * deviation,
                        "{settings:?} {k}: {} for {deviation}",
                        deviations[k][i]
                    );
                }
            }
        }
    }

    #[test]
    fn what_is_known_beforehand_needs_fewer_points() {
        let usual = SineSettings::default();
        let support = Points { x: vec![0.4], y: vec![2.0 * libm::sin(0.4 + 1.0)] };
        let query = Sine.at(&[2.0, 1.0, 1.0, 0.0], -1.5);
        // The phase is known: one point gives the amplitude.
        let phase = posterior_of(&SineSettings { phase: [1.0, 1.0], ..usual }, 1).expect("known");
        assert!((phase.means(&support, &[-1.5])[1][0] - query).abs() < 1e-12);
        // The amplitude is known: one point leaves two phases, as likely as one another, and within half a turn one.
        let whole = posterior_of(&SineSettings { amplitude: [2.0, 2.0], ..usual }, 1).expect("known");
        let other = 2.0 * libm::sin(-1.5 + (PI - 1.4) - 0.4);
        assert!((whole.means(&support, &[-1.5])[1][0] - 0.5 * (query + other)).abs() < 1e-9);
        let half = SineSettings { amplitude: [2.0, 2.0], phase: [0.5, 1.2], ..usual };
        let half = posterior_of(&half, 1).expect("known");
        assert!((half.means(&support, &[-1.5])[1][0] - query).abs() < 1e-12);
        assert!(half.deviations(&support, &[-1.5])[1][0] < 1e-6);
    }

    #[test]
    fn where_no_floor_is_known_there_is_none() {
        let usual = SineSettings::default();
        assert!(posterior_of(&SineSettings { frequency: [0.8, 1.2], ..usual }, 20).is_none());
        assert!(posterior_of(&SineSettings { noise: 1e-4, ..usual }, 20).is_none());
        assert!(posterior_of(&SineSettings { noise: 0.02, ..usual }, 20).is_some());
    }
}
