//! Steps: one level before a place on the x axis and another one from there on. What no network of few kinks has built
//! in, and of which everything that can be known from points has a closed form.

use std::f64::consts::TAU;

use rand::distr::Distribution;

use super::sine::{ANY, moments, uniform};
use super::sine_posterior::truncated;
use crate::config::{Domain, Keys, Values, settings};
use crate::task::Points;
use crate::task::family::{Family, Numbers, Posterior, Sampler, Slider};

settings! {
    /// What `[task]` has for steps.
    #[derive(Clone, Copy, Debug)]
    pub struct StepSettings {
        /// Range of y before the step.
        left: [f64; 2] = ANY, [-3.0, 3.0], .added_later();
        /// Range of y from the step on.
        right: [f64; 2] = ANY, [-3.0, 3.0], .added_later();
        /// Range of the x at which the step is.
        place: [f64; 2] = ANY, [-4.0, 4.0], .added_later();
        /// Standard deviation of the noise on the y of support points.
        noise: f64 = Domain::Size(1e6), 0.0, .added_later();
    }
}

/// The family. A step has its level before, its level from there on, and its place.
pub struct Step;

impl Family for Step {
    fn name(&self) -> &'static str {
        "step"
    }

    fn doc(&self) -> &'static str {
        "y = l before x = p and r from there on, every task with its own l, r and p."
    }

    fn keys(&self) -> &'static Keys {
        StepSettings::keys()
    }

    fn sampler(&self, own: &Values, _range: [f64; 2]) -> Sampler {
        let StepSettings { left, right, place, .. } = StepSettings::new(own);
        let [left, right, place] = [left, right, place].map(uniform);
        Box::new(move |stream| [left.sample(stream), right.sample(stream), place.sample(stream), 0.0])
    }

    fn at(&self, &[left, right, place, _]: &Numbers, x: f64) -> f64 {
        if x < place { left } else { right }
    }

    fn noise(&self, own: &Values) -> f64 {
        StepSettings::new(own).noise
    }

    fn heights(&self, own: &Values, _x: [f64; 2]) -> [f64; 2] {
        let StepSettings { left, right, .. } = StepSettings::new(own);
        let highest = left.iter().chain(&right).fold(0.0_f64, |most, level| most.max(level.abs()));
        [0.0, highest]
    }

    fn moments(&self, own: &Values, x: f64) -> [f64; 2] {
        let StepSettings { left, right, place, .. } = StepSettings::new(own);
        let (past, left, right) = (part_up_to(place, x), moments(left), moments(right));
        [0, 1].map(|power| (1.0 - past) * left[power] + past * right[power])
    }

    fn product_moment(&self, own: &Values, x: f64, other: f64) -> f64 {
        let StepSettings { left, right, place, .. } = StepSettings::new(own);
        let (both, any) = (part_up_to(place, x.min(other)), part_up_to(place, x.max(other)));
        let ([left, left_square], [right, right_square]) = (moments(left), moments(right));
        (1.0 - any) * left_square + both * right_square + (any - both) * left * right
    }

    fn oracle(&self, own: &Values, _range: [f64; 2], support: &Points, x: &[f64]) -> Vec<f64> {
        let known = Known::after(&StepSettings::new(own), support, support.x.len());
        x.iter().map(|x| known.moments(*x)[0]).collect()
    }

    fn posterior(&self, own: &Values, _most_points: usize) -> Option<Box<dyn Posterior>> {
        Some(Box::new(StepPosterior(StepSettings::new(own))))
    }

    fn sliders(&self, own: &Values, range: [f64; 2], _numbers: &Numbers) -> Vec<Slider> {
        let ends = self.y_range(own, range);
        let level = |name, number| Slider::new(name, number, ends, 96.0);
        vec![level("left", 0), Slider::new("place", 2, range, 96.0), level("right", 1)]
    }

    fn one(&self) -> &'static str {
        "a step"
    }

    fn oracle_in_words(&self) -> &'static str {
        "the posterior mean over levels and places, which knows the answer is a step"
    }

    fn formula(&self, own: &Values) -> String {
        let StepSettings { left: [l0, l1], right: [r0, r1], place: [p0, p1], .. } = StepSettings::new(own);
        format!("y = l for x < p, else r, l in [{l0}, {l1}], r in [{r0}, {r1}], p in [{p0}, {p1}]")
    }

    fn title(&self, &[left, right, place, _]: &Numbers) -> String {
        format!("{left:.2} before {place:.2}, then {right:.2}")
    }

    fn label(&self, &[left, right, place, _]: &Numbers) -> String {
        format!("{left:.1} to {right:.1} at {place:.1}")
    }
}

/// The part of a range up to x; of a point, whether it is.
fn part_up_to([low, high]: [f64; 2], x: f64) -> f64 {
    if low < high { ((x - low) / (high - low)).clamp(0.0, 1.0) } else { f64::from(u8::from(low <= x)) }
}

/// What can be known of a step.
struct StepPosterior(StepSettings);

/// What is known after some points: between two of them the place of the step is as likely here as there.
struct Known(Vec<Piece>);

/// A range of places, how likely it is, and mean and mean square of both levels there.
struct Piece {
    places: [f64; 2],
    weight: f64,
    left: [f64; 2],
    right: [f64; 2],
}

/// What points say of one level.
struct Side {
    /// The logarithm of their density.
    log: f64,
    /// Of how many numbers it is a density, without noise: a level that is seen is one, whatever its points.
    order: usize,
    /// Mean and mean square of the level.
    level: [f64; 2],
}

impl Known {
    fn after(own: &StepSettings, support: &Points, k: usize) -> Self {
        let mut points: Vec<(f64, f64)> =
            support.x.iter().copied().zip(support.y.iter().copied()).take(k).collect();
        points.sort_by(|one, other| one.0.total_cmp(&other.0));
        let [low, high] = own.place;
        let mut edges = vec![low];
        edges.extend(points.iter().map(|(x, _)| *x).filter(|x| low < *x && *x < high));
        edges.push(high);
        let mut pieces = Vec::new();
        for ends in edges.windows(2).filter(|ends| ends[0] < ends[1] || low == high) {
            // A step at p has everything below p on its left.
            let split = points.partition_point(|(x, _)| if low == high { *x < low } else { *x <= ends[0] });
            let sides = [(own.left, &points[..split]), (own.right, &points[split..])];
            if let [Some(left), Some(right)] = sides.map(|(range, points)| side(range, points, own.noise)) {
                let width = if low == high { 1.0 } else { (ends[1] - ends[0]) / (high - low) };
                let log = libm::log(width) + left.log + right.log;
                pieces.push((left.order + right.order, log, [ends[0], ends[1]], left.level, right.level));
            }
        }
        let fewest = pieces.iter().map(|(order, ..)| *order).min().unwrap_or(0);
        pieces.retain(|(order, ..)| *order == fewest);
        let most = pieces.iter().map(|(_, log, ..)| *log).fold(f64::NEG_INFINITY, f64::max);
        let total: f64 = pieces.iter().map(|(_, log, ..)| libm::exp(log - most)).sum();
        let piece = |(_, log, places, left, right)| Piece {
            places,
            weight: libm::exp(log - most) / total,
            left,
            right,
        };
        let pieces: Vec<Piece> = pieces.into_iter().map(piece).collect();
        // Points that are of no step at all say nothing.
        if pieces.is_empty() && k > 0 { Self::after(own, support, 0) } else { Self(pieces) }
    }

    /// Mean and mean square at x.
    fn moments(&self, x: f64) -> [f64; 2] {
        [0, 1].map(|power| {
            let of = |piece: &Piece| {
                let past = part_up_to(piece.places, x);
                piece.weight * ((1.0 - past) * piece.left[power] + past * piece.right[power])
            };
            self.0.iter().map(of).sum()
        })
    }
}

/// What these points say of a level in this range; `None` if they cannot be of it.
fn side([low, high]: [f64; 2], points: &[(f64, f64)], noise: f64) -> Option<Side> {
    let count = points.len() as f64;
    if points.is_empty() {
        return Some(Side { log: 0.0, order: 0, level: moments([low, high]) });
    }
    let mean = points.iter().map(|(_, y)| y).sum::<f64>() / count;
    let about = |level: f64| points.iter().map(|(_, y)| (y - level) * (y - level)).sum::<f64>();
    if noise == 0.0 {
        let close = 1e-9 * (1.0 + mean.abs());
        let is_level = points.iter().all(|(_, y)| (y - mean).abs() <= close);
        let is_within = (low - close..=high + close).contains(&mean);
        let (log, order) = if low < high { (-libm::log(high - low), 1) } else { (0.0, 0) };
        return (is_level && is_within).then_some(Side { log, order, level: [mean, mean * mean] });
    }
    let half_precision = 0.5 / (noise * noise);
    if low == high {
        return Some(Side { log: -half_precision * about(low), order: 0, level: [low, low * low] });
    }
    let deviation = noise / count.sqrt();
    let (part, level) = truncated([low, high], mean, deviation);
    let log =
        0.5 * libm::log(TAU) + libm::log(deviation / (high - low)) + part - half_precision * about(mean);
    Some(Side { log, order: 0, level })
}

impl Posterior for StepPosterior {
    fn means(&self, support: &Points, x: &[f64]) -> Vec<Vec<f64>> {
        let of = |known: Known| x.iter().map(|x| known.moments(*x)[0]).collect();
        (0..=support.x.len()).map(|k| of(Known::after(&self.0, support, k))).collect()
    }

    fn deviations(&self, support: &Points, x: &[f64]) -> Vec<Vec<f64>> {
        let deviation = |[mean, square]: [f64; 2]| (square - mean * mean).max(0.0).sqrt();
        let of = |known: Known| x.iter().map(|x| deviation(known.moments(*x))).collect();
        (0..=support.x.len()).map(|k| of(Known::after(&self.0, support, k))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::{EvaluationSettings, TaskSettings, illustration, test_tasks};

    fn settings(own: StepSettings, shots: usize) -> TaskSettings {
        TaskSettings { family: &Step, own: own.values(), shots: shots.into(), ..TaskSettings::default() }
    }

    #[test]
    fn the_prior_is_what_sampling_finds() {
        let own = StepSettings { left: [-1.0, 3.0], right: [0.0, 4.0], ..StepSettings::default() };
        let settings = settings(own, 5);
        let tasks = illustration(&settings, 1, 100_000);
        let mean = |of: &dyn Fn(&crate::task::Function) -> f64| tasks.iter().map(of).sum::<f64>() / 1e5;
        for x in [-4.5, -1.0, 0.0, 2.5, 4.5] {
            let [first, second] = Step.moments(&settings.own, x);
            assert!((first - mean(&|task| task.at(x))).abs() < 0.02, "{x}");
            assert!((second - mean(&|task| task.at(x).powi(2))).abs() < 0.06, "{x}");
            let found = mean(&|task| task.at(x) * task.at(1.0));
            assert!((Step.product_moment(&settings.own, x, 1.0) - found).abs() < 0.06, "{x}");
        }
        // Two levels alike: the variance of a level, wherever the step is. With these ranges
        // it is a closed form: 36 / 12.
        let alike = self::settings(StepSettings::default(), 5);
        assert!((alike.prior_mean_loss() - 3.0).abs() < 1e-6, "{}", alike.prior_mean_loss());
    }

    /// Worked out by hand: l and r in [-3, 3], p in [-4, 4].
    #[test]
    fn closed_forms() {
        let own = StepSettings::default().values();
        let posterior = Step.posterior(&own, 2).expect("it has one");
        let support = Points { x: vec![0.0, 2.0], y: vec![1.0, -2.0] };
        let x = [-4.5, -2.0, 0.5, 1.0, 3.0];
        let means = posterior.means(&support, &x);
        // One point says its own level; on the other side of the step the level is 0 on average.
        let one = [0.5, 0.75, 1.0 - 0.5 / 8.0, 1.0 - 1.0 / 8.0, 1.0 - 3.0 / 8.0];
        // Of two that differ the step is between them.
        let two = [1.0, 1.0, 0.25, -0.5, -2.0];
        for (found, asked) in means.iter().zip([[0.0; 5], one, two]) {
            for (found, asked) in found.iter().zip(asked) {
                assert!((found - asked).abs() < 1e-12, "{found} for {asked}");
            }
        }
        // Two alike are on one side: which, the rest of the range says.
        let alike = Points { x: vec![-2.0, 2.0], y: vec![1.0, 1.0] };
        let means = posterior.means(&alike, &[0.0, 4.0]);
        assert!((means[2][0] - 1.0).abs() < 1e-12 && (means[2][1] - 0.5).abs() < 1e-12, "{means:?}");
    }

    /// Of what is known exactly, the mean error is the mean variance.
    #[test]
    fn the_posterior_is_calibrated_and_the_floor_falls() {
        for noise in [0.0, 0.3] {
            let settings = settings(StepSettings { noise, ..StepSettings::default() }, 10);
            let evaluation = EvaluationSettings { test_tasks: 3_000, ..EvaluationSettings::default() };
            let posterior = settings.posterior(10).expect("it has one");
            let (mut errors, mut variances) = (vec![0.0; 11], vec![0.0; 11]);
            for task in test_tasks(&settings, &evaluation) {
                for (sum, loss) in errors.iter_mut().zip(posterior.losses(&task.support, &task.query)) {
                    *sum += loss / 3_000.0;
                }
                for (sum, deviations) in
                    variances.iter_mut().zip(posterior.deviations(&task.support, &task.query.x))
                {
                    *sum += deviations.iter().map(|sd| sd * sd).sum::<f64>() / 50.0 / 3_000.0;
                }
            }
            assert!((errors[0] - 3.0).abs() < 0.15, "before any point the best answer is 0: {}", errors[0]);
            for k in 0..11 {
                let ratio = errors[k] / variances[k];
                assert!(
                    (0.9..1.1).contains(&ratio),
                    "noise {noise}, {k} points: {} {}",
                    errors[k],
                    variances[k]
                );
                assert!(k == 0 || errors[k] < errors[k - 1], "noise {noise}: another point helps");
            }
        }
    }

    #[test]
    fn a_little_noise_is_nearly_none() {
        let support = Points { x: vec![1.0, -3.0, 2.0, 0.0], y: vec![2.0, -1.0, 2.0, -1.0] };
        let of = |noise: f64| {
            let own = StepSettings { noise, ..StepSettings::default() }.values();
            Step.posterior(&own, 4).expect("it has one").means(&support, &[-4.0, -1.0, 0.3, 0.9, 4.5])
        };
        for (exact, noisy) in of(0.0).iter().flatten().zip(of(1e-4).iter().flatten()) {
            assert!((exact - noisy).abs() < 2e-3, "{exact}, {noisy}");
        }
    }

    #[test]
    fn a_task_in_words() {
        assert_eq!(Step.title(&[1.0, -2.5, 0.25, 0.0]), "1.00 before 0.25, then -2.50");
        assert_eq!(
            Step.formula(&StepSettings::default().values()),
            "y = l for x < p, else r, l in [-3, 3], r in [-3, 3], p in [-4, 4]"
        );
        let task = [1.0, -2.5, 0.25, 0.0];
        assert_eq!([Step.at(&task, 0.2), Step.at(&task, 0.25)], [1.0, -2.5]);
    }
}
