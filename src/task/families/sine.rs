//! Sine waves, y = a sin(f x + b): the family of the few-shot papers, where f is 1 and points have no
//! noise.

use std::f64::consts::TAU;

use rand::distr::{Distribution, Uniform};

use super::sine_posterior::{Ranges, SinePosterior};
use crate::config::{Domain, END, Keys, Values, settings};
use crate::task::family::{Family, Function, Numbers, Posterior, Sampler, Slider, average_variance};
use crate::task::ridge::fit;
use crate::task::{LinearStep, Points, Target, Wave};

settings! {
    /// What `[task]` has for waves.
    #[derive(Clone, Copy, Debug)]
    pub struct SineSettings {
        /// Range of a in a sin(f x + b).
        amplitude: [f64; 2] = ANY, [0.1, 5.0];
        /// Range of b, radians.
        phase: [f64; 2] = ANY, [0.0, TAU];
        /// Range of f.
        frequency: [f64; 2] = Domain::Range { ends: 0.0..=1_000.0, point: true }, [1.0, 1.0], .added_later();
        /// Standard deviation of the noise on the y of support points.
        noise: f64 = Domain::Size(1e6), 0.0, .added_later();
    }
}

/// Ranges that may be points.
pub(super) const ANY: Domain = Domain::Range { ends: END, point: true };

impl SineSettings {
    /// Where these waves come from.
    pub(super) fn ranges(&self) -> Ranges {
        let Self { amplitude, phase, frequency, noise } = *self;
        Ranges { amplitude, phase, frequency, noise }
    }
}

/// The family.
pub struct Sine;

impl Family for Sine {
    fn name(&self) -> &'static str {
        "sine"
    }

    fn doc(&self) -> &'static str {
        "y = a sin(f x + b), every task with its own a and b, and f too if it has a range."
    }

    fn keys(&self) -> &'static Keys {
        SineSettings::keys()
    }

    /// Amplitude first, then phase; frequency only where it has a range.
    fn sampler(&self, own: &Values, _range: [f64; 2]) -> Sampler {
        let SineSettings { amplitude, phase, frequency: [low, high], .. } = SineSettings::new(own);
        let [amplitude, phase] = [amplitude, phase].map(uniform);
        let frequency = (low < high).then(|| uniform([low, high]));
        Box::new(move |stream| {
            let (a, b) = (amplitude.sample(stream), phase.sample(stream));
            [a, b, frequency.map_or(low, |frequency| frequency.sample(stream)), 0.0]
        })
    }

    fn at(&self, numbers: &Numbers, x: f64) -> f64 {
        wave(numbers).at(x)
    }

    fn fill(&self, numbers: &Numbers, target: Target<'_>) {
        match target {
            Target::F32(x, y) => wave(numbers).fill(x, y),
            Target::F64(x, y) => wave(numbers).fill(x, y),
        }
    }

    fn noise(&self, own: &Values) -> f64 {
        SineSettings::new(own).noise
    }

    fn heights(&self, own: &Values, _x: [f64; 2]) -> [f64; 2] {
        SineSettings::new(own).amplitude
    }

    fn moments(&self, own: &Values, x: f64) -> [f64; 2] {
        let SineSettings { amplitude, phase: [b0, b1], frequency: [f0, f1], .. } = SineSettings::new(own);
        let [mean, square] = moments(amplitude);
        // The means over b and f of sin(f x + b) and of cos(2 f x + 2 b).
        let (middle, spread) = (0.5 * (b0 + b1) + 0.5 * (f0 + f1) * x, (f1 - f0) * x);
        let sine = libm::sin(middle) * sinc(0.5 * (b1 - b0)) * sinc(0.5 * spread);
        let cosine = libm::cos(2.0 * middle) * sinc(b1 - b0) * sinc(spread);
        [mean * sine, square * (0.5 - 0.5 * cosine)]
    }

    /// E[a^2]/2 times the mean over b and f of cos(f (x - x')) - cos(f (x + x') + 2 b).
    fn product_moment(&self, own: &Values, x: f64, other: f64) -> f64 {
        let SineSettings { amplitude, phase: [b0, b1], frequency: [f0, f1], .. } = SineSettings::new(own);
        let [_, square] = moments(amplitude);
        let (middle, half) = (0.5 * (f0 + f1), 0.5 * (f1 - f0));
        let cosine = |shift: f64, by: f64| libm::cos(middle * by + shift) * sinc(half * by);
        0.5 * square * (cosine(0.0, x - other) - cosine(b0 + b1, x + other) * sinc(b1 - b0))
    }

    /// In closed form where all waves have one frequency: 4.252 for the notebook's ranges, 3.006 for
    /// phases in [0, pi].
    fn prior_mean_loss(&self, own: &Values, [x0, x1]: [f64; 2]) -> f64 {
        let SineSettings { amplitude, phase: [b0, b1], frequency: [f0, f1], .. } = SineSettings::new(own);
        if f0 < f1 {
            return average_variance([x0, x1], |x| self.moments(own, x));
        }
        let [mean_amplitude, mean_square] = moments(amplitude);
        let (x0, x1) = (f0 * x0, f0 * x1);
        // E_x E_b sin^2(x + b) = 1/2 - 1/2 E cos(2x + 2b), and
        // E_x (E_b sin(x + b))^2 = |E_b e^{ib}|^2 (1/2 - 1/2 E_x cos(2x + 2m)), m the middle phase.
        let middle = 0.5 * (b0 + b1);
        let spread = sinc(0.5 * (b1 - b0));
        let over_x = libm::cos(x0 + x1 + 2.0 * middle) * sinc(x1 - x0);
        let square = 0.5 - 0.5 * over_x * sinc(b1 - b0);
        let square_of_mean = spread * spread * (0.5 - 0.5 * over_x);
        mean_square * square - mean_amplitude * mean_amplitude * square_of_mean
    }

    /// For waves of one frequency without noise: a sin(f x + b) = (a cos b, a sin b) (sin f x, cos f x)'. With
    /// phases of a whole turn its mean loss is the prior mean's over K + 1.
    fn linear_step(&self, own: &Values, range: [f64; 2], shots: usize) -> Option<LinearStep> {
        let SineSettings { amplitude, phase: [b0, b1], frequency: [f, f1], noise } = SineSettings::new(own);
        if f < f1 || noise > 0.0 {
            return None;
        }
        let [mean, square] = moments(amplitude);
        // Means of cos b, sin b, cos 2b and sin 2b.
        let (middle, half) = (0.5 * (b0 + b1), 0.5 * (b1 - b0));
        let [c, s] = [libm::cos(middle), libm::sin(middle)].map(|part| mean * part * sinc(half));
        let [c2, s2] = [libm::cos(2.0 * middle), libm::sin(2.0 * middle)]
            .map(|part| 0.5 * square * part * sinc(2.0 * half));
        let across = s2 - c * s;
        let covariance = [[0.5 * square + c2 - c * c, across], [across, 0.5 * square - c2 - s * s]];
        let basis = move |x: f64| libm::sincos(f * x).into();
        Some(LinearStep::best(range, shots, basis, ([c, s], covariance)))
    }

    /// Least squares on (sin f x, cos f x): exact from two noiseless points where f is known, found by
    /// search where it is not. With noise, ridge with the noise's variance over the coefficients'.
    fn oracle(&self, own: &Values, range: [f64; 2], support: &Points, x: &[f64]) -> Vec<f64> {
        let wave = best_wave(own, range, support);
        x.iter().map(|&x| wave.at(x)).collect()
    }

    fn posterior(&self, own: &Values, most_points: usize) -> Option<Box<dyn Posterior>> {
        Some(Box::new(SinePosterior::new(SineSettings::new(own).ranges(), most_points)?))
    }

    fn oracle_passes(&self, own: &Values, range: [f64; 2]) -> usize {
        let frequencies = SineSettings::new(own).frequency;
        if frequencies[0] == frequencies[1] { 1 } else { steps(frequencies, range) + 2 * SECTIONS * VALLEYS }
    }

    /// As high as the picture, all the way round, and a frequency where it has a range.
    fn sliders(&self, own: &Values, range: [f64; 2], _numbers: &Numbers) -> Vec<Slider> {
        let [_, highest] = self.y_range(own, range);
        let [low, high] = SineSettings::new(own).frequency;
        let mut sliders = vec![
            Slider::new("amplitude", 0, [0.0, highest], 50.0),
            Slider::new("phase", 1, [0.0, TAU], 48.0).round(),
        ];
        if low < high {
            sliders.push(Slider::new("frequency", 2, [low, high], 48.0));
        }
        sliders
    }

    fn middle(&self, own: &Values, _range: [f64; 2]) -> Numbers {
        let SineSettings { amplitude: [a0, a1], frequency: [f0, f1], .. } = SineSettings::new(own);
        [(a0 + a1) / 2.0, 1.0, (f0 + f1) / 2.0, 0.0]
    }

    fn plane(&self, numbers: &Numbers) -> Option<[f64; 2]> {
        let Wave { amplitude, phase, .. } = wave(numbers);
        Some([amplitude * libm::cos(phase), amplitude * libm::sin(phase)])
    }

    fn plane_names(&self) -> Option<[&'static str; 2]> {
        Some(["a cos b", "a sin b"])
    }

    fn one(&self) -> &'static str {
        "a sine wave"
    }

    fn word(&self) -> &'static str {
        "wave"
    }

    fn oracle_in_words(&self) -> &'static str {
        "least squares on sin x and cos x, which knows the answer is a wave"
    }

    fn formula(&self, own: &Values) -> String {
        let own = SineSettings::new(own);
        let ([a0, a1], [b0, b1], [f0, f1]) = (own.amplitude, own.phase, own.frequency);
        let (f, range) = match (f0 == f1, f0) {
            (true, 1.0) => (String::new(), String::new()),
            (true, f) => (format!("{f} "), String::new()),
            (false, _) => ("f ".to_owned(), format!(", f in [{f0}, {f1}]")),
        };
        format!("y = a sin({f}x + b), a in [{a0}, {a1}], b in [{b0:.3}, {b1:.3}]{range}")
    }

    fn title(&self, numbers: &Numbers) -> String {
        let Wave { amplitude, phase, frequency } = wave(numbers);
        let f = if frequency == 1.0 { String::new() } else { format!("{frequency:.2} ") };
        format!("{amplitude:.2} sin({f}x + {phase:.2})")
    }

    fn label(&self, numbers: &Numbers) -> String {
        let Wave { amplitude, phase, frequency } = wave(numbers);
        let f = if frequency == 1.0 { String::new() } else { format!(" f {frequency:.1}") };
        format!("a {amplitude:.1} b {phase:.1}{f}")
    }
}

impl From<Wave> for Function {
    fn from(Wave { amplitude, phase, frequency }: Wave) -> Self {
        Self { family: &Sine, numbers: [amplitude, phase, frequency, 0.0] }
    }
}

/// The wave that these support points suggest.
fn best_wave(own: &Values, range: [f64; 2], support: &Points) -> Wave {
    let SineSettings { amplitude, frequency, noise, .. } = SineSettings::new(own);
    let [_, mean_square] = moments(amplitude);
    // Over a circle of phases both coefficients have half the variance of the amplitude's square.
    let penalty = noise * noise / (0.5 * mean_square).max(1e-12);
    let at = |f: f64| fit(support, penalty, move |x| <[f64; 2]>::from(libm::sincos(f * x)));
    let f = most_likely(frequency, range, |f| at(f).misfit);
    let [p, q] = at(f).coefficients;
    // p sin fx + q cos fx = a sin(fx + b).
    Wave { amplitude: libm::hypot(p, q), phase: libm::atan2(q, p), frequency: f }
}

/// Valleys of the misfit that are looked into.
const VALLEYS: usize = 8;
/// Sections by which a valley's bottom is found.
const SECTIONS: usize = 60;

/// Steps of the grid of frequencies.
fn steps([low, high]: [f64; 2], [x0, x1]: [f64; 2]) -> usize {
    /// For a wave that comes or goes over the range of x. With 24 one task in 4,000 has two valleys in one step.
    const STEPS_A_WAVE: f64 = 100.0;
    ((high - low) * (x1 - x0) / TAU * STEPS_A_WAVE).ceil().clamp(100.0, 10_000.0) as usize
}

/// The frequency of least misfit: a grid that no valley of the misfit falls through, then golden section
/// in the deepest valleys.
fn most_likely([low, high]: [f64; 2], range: [f64; 2], misfit: impl Fn(f64) -> f64) -> f64 {
    if low == high {
        return low;
    }
    let steps = steps([low, high], range);
    let place = |i: usize| low + (high - low) * i as f64 / steps as f64;
    let heights: Vec<f64> = (0..=steps).map(|i| misfit(place(i))).collect();
    let is_valley = |i: &usize| {
        (*i == 0 || heights[*i] <= heights[i - 1]) && (*i == steps || heights[*i] <= heights[i + 1])
    };
    let mut valleys: Vec<usize> = (0..=steps).filter(is_valley).collect();
    valleys.sort_by(|a, b| heights[*a].total_cmp(&heights[*b]));
    let bottoms = valleys
        .into_iter()
        .take(VALLEYS)
        .map(|i| golden_section([place(i.saturating_sub(1)), place((i + 1).min(steps))], &misfit));
    let lowest = bottoms.min_by(|a, b| misfit(*a).total_cmp(&misfit(*b)));
    lowest.unwrap_or(low)
}

/// Where a function of one valley is least.
fn golden_section([mut low, mut high]: [f64; 2], f: impl Fn(f64) -> f64) -> f64 {
    let part = 0.5 * (5.0_f64.sqrt() - 1.0);
    for _ in 0..SECTIONS {
        let (left, right) = (high - part * (high - low), low + part * (high - low));
        if f(left) < f(right) {
            high = right;
        } else {
            low = left;
        }
    }
    0.5 * (low + high)
}

fn wave(&[amplitude, phase, frequency, _]: &Numbers) -> Wave {
    Wave { amplitude, phase, frequency }
}

/// A range, which validation has found finite and in order, as a distribution.
pub(super) fn uniform([low, high]: [f64; 2]) -> Uniform<f64> {
    Uniform::new_inclusive(low, high).expect("validated: low <= high, both finite")
}

/// Mean and mean square of the uniform distribution on a range.
pub(super) fn moments([low, high]: [f64; 2]) -> [f64; 2] {
    [0.5 * (low + high), (low * low + low * high + high * high) / 3.0]
}

/// sin(t) / t.
pub(super) fn sinc(t: f64) -> f64 {
    if t == 0.0 { 1.0 } else { libm::sin(t) / t }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::{EvaluationSettings, TaskSettings, TestTask, grid, illustration, test_tasks};

    fn settings(own: SineSettings) -> TaskSettings {
        TaskSettings { own: own.values(), ..TaskSettings::default() }
    }

    fn phases(phase: [f64; 2]) -> TaskSettings {
        settings(SineSettings { phase, ..SineSettings::default() })
    }

    /// Mean squared error of the oracle on test tasks.
    fn oracle_loss(knows: &TaskSettings, tasks: &TaskSettings) -> f64 {
        let evaluation = EvaluationSettings { test_tasks: 200, ..EvaluationSettings::default() };
        let tested = test_tasks(tasks, &evaluation);
        let losses = tested.iter().map(|task| {
            let answers = knows.oracle(&task.support, &task.query.x);
            let errors = answers.iter().zip(&task.query.y).map(|(answer, y)| (answer - y).powi(2));
            errors.sum::<f64>() / answers.len() as f64
        });
        losses.sum::<f64>() / 200.0
    }

    /// The expected losses are another implementation's, over all tasks; these are of ten thousand.
    #[test]
    fn the_best_linear_step() {
        for (phase, expected) in [(TAU, [0.707, 0.386, 0.202]), (0.5 * TAU, [0.468, 0.260, 0.137])] {
            for (shots, expected) in [5, 10, 20].into_iter().zip(expected) {
                let settings = TaskSettings { shots: shots.into(), ..phases([0.0, phase]) };
                let step = settings.linear_step().expect("it is known");
                let evaluation = EvaluationSettings { test_tasks: 10_000, grid: 100, ..Default::default() };
                let tasks = test_tasks(&settings, &evaluation);
                let loss = |task: &TestTask| task.loss(&step.answers(&task.support, &task.query.x));
                let loss = tasks.iter().map(loss).sum::<f64>() / tasks.len() as f64;
                assert!((loss - expected).abs() < 0.04 * expected, "{phase} {shots}: {loss} for {expected}");
            }
        }
        let noisy = settings(SineSettings { noise: 0.1, ..SineSettings::default() });
        assert!(noisy.linear_step().is_none());
        // Waves that are all alike need no step.
        let alike = SineSettings { amplitude: [2.0, 2.0], phase: [1.0, 1.0], ..SineSettings::default() };
        let support = Points { x: vec![0.5], y: vec![9.0] };
        let answer = settings(alike).linear_step().expect("it is known").answers(&support, &[0.5])[0];
        assert!((answer - 2.0 * libm::sin(1.5)).abs() < 1e-9, "{answer}");
    }

    #[test]
    fn the_published_floors() {
        assert!((phases([0.0, TAU]).prior_mean_loss() - 4.252).abs() < 5e-4);
        assert!((phases([0.0, 0.5 * TAU]).prior_mean_loss() - 3.006).abs() < 5e-4);
    }

    #[test]
    fn the_floor_is_what_sampling_finds() {
        for frequency in [[1.0, 1.0], [0.5, 0.5], [0.3, 2.0]] {
            let own = SineSettings { phase: [0.5, 2.0], frequency, ..SineSettings::default() };
            let settings = TaskSettings { x: [-1.0, 3.0], ..settings(own) };
            let waves = illustration(&settings, 1, 4000);
            let mut total = 0.0;
            for i in 0..200 {
                let x = -1.0 + 4.0 * (f64::from(i) + 0.5) / 200.0;
                let mean = waves.iter().map(|wave| wave.at(x)).sum::<f64>() / 4000.0;
                total += waves.iter().map(|wave| (wave.at(x) - mean).powi(2)).sum::<f64>() / 4000.0;
            }
            let (found, claimed) = (total / 200.0, settings.prior_mean_loss());
            assert!((found - claimed).abs() < 0.03 * claimed, "sampled {found}, claimed {claimed}");
            let averaged = average_variance(settings.x, |x| Sine.moments(&settings.own, x));
            assert!((averaged - claimed).abs() < 1e-3 * claimed, "averaged {averaged}, claimed {claimed}");
        }
    }

    #[test]
    fn two_points_are_enough() {
        let wave = Wave { amplitude: 3.2, phase: 5.1, frequency: 1.0 };
        let x = [-5.0, -1.0, 0.0, 2.0, 5.0];
        let found = TaskSettings::default().oracle(&wave.points(vec![0.3, 1.9]), &x);
        for (x, found) in x.iter().zip(found) {
            assert!((found - wave.at(*x)).abs() < 1e-12);
        }
    }

    #[test]
    fn one_point_gives_the_smallest_wave_through_it() {
        let own = TaskSettings::default().own;
        let found = best_wave(&own, [-5.0, 5.0], &Points { x: vec![1.0], y: vec![2.0] });
        assert!((found.at(1.0) - 2.0).abs() < 1e-12);
        assert!((found.amplitude - 2.0).abs() < 1e-12);
        assert_eq!(best_wave(&own, [-5.0, 5.0], &Points::default()).amplitude, 0.0);
    }

    #[test]
    fn the_frequency_is_found() {
        let settings = settings(SineSettings { frequency: [0.5, 2.0], ..SineSettings::default() });
        let x = grid(settings.x, 50);
        for shots in 5..10 {
            let settings = TaskSettings { shots: shots.into(), ..settings.clone() };
            let tasks = test_tasks(&settings, &EvaluationSettings::default());
            let is_found = |task: &&TestTask| {
                let found = settings.oracle(&task.support, &x);
                x.iter().zip(found).all(|(x, y)| (task.function.at(*x) - y).abs() < 1e-4)
            };
            // Now and then the points lie so close together that two frequencies fit them nearly alike.
            let found = tasks.iter().filter(is_found).count();
            assert!(found >= 998, "{shots} points: {found} of {}", tasks.len());
        }
        // Had it taken the middle for the frequency, most of the wave would be missed.
        let naive = TaskSettings { own: TaskSettings::default().own, ..settings.clone() };
        assert!(oracle_loss(&naive, &settings) > 100.0 * oracle_loss(&settings, &settings));
    }

    #[test]
    fn with_noise_ridge_is_better_than_least_squares() {
        let noisy = settings(SineSettings { noise: 1.0, ..SineSettings::default() });
        let noisy = TaskSettings { shots: 3.into(), ..noisy };
        let (ridge, plain) = (oracle_loss(&noisy, &noisy), oracle_loss(&TaskSettings::default(), &noisy));
        assert!(ridge < 0.8 * plain, "{ridge} against {plain}");
        let clean = oracle_loss(&TaskSettings::default(), &TaskSettings::default());
        assert!(clean < 1e-12, "{clean}");
    }

    #[test]
    fn a_task_in_words() {
        let task = |frequency| Function::from(Wave { amplitude: 2.71, phase: 1.32, frequency });
        assert_eq!(
            (task(1.0).title(), task(1.0).label()),
            ("2.71 sin(x + 1.32)".into(), "a 2.7 b 1.3".into())
        );
        assert_eq!(task(0.5).title(), "2.71 sin(0.50 x + 1.32)");
        let words = Sine.formula(&TaskSettings::default().own);
        assert_eq!(words, "y = a sin(x + b), a in [0.1, 5], b in [0.000, 6.283]");
    }
}
