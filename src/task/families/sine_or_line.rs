//! Sine waves and straight lines, one as likely as the other, seen through noise: a few points leave it
//! open which it is. The illustrative regression of Finn, Xu, Levine 2018 (PLATIPUS), section 6,
//! arXiv:1806.02817.

use std::f64::consts::PI;

use rand::{RngExt, distr::Distribution};

use super::sine::{ANY, Sine, moments, sinc, uniform};
use crate::config::{Domain, Keys, Values, settings};
use crate::task::family::{Family, Numbers, Sampler, Slider};
use crate::task::ridge::{Fit, fit};
use crate::task::{Points, Target};

settings! {
    /// What `[task]` has for waves and lines.
    #[derive(Clone, Copy, Debug)]
    struct SineOrLineSettings {
        /// Range of a in a sin(f x + b).
        amplitude: [f64; 2] = ANY, [0.1, 5.0];
        // Over these phases the average wave is not flat.
        /// Range of b, radians.
        phase: [f64; 2] = ANY, [0.0, PI], .added_later();
        /// Range of s in s x + i.
        slope: [f64; 2] = ANY, [-3.0, 3.0], .added_later();
        /// Range of i.
        intercept: [f64; 2] = ANY, [-3.0, 3.0], .added_later();
        /// Standard deviation of the noise on the y of support points.
        noise: f64 = Domain::Size(1e6), 0.3, .added_later();
    }
}

/// The family. A wave has the numbers of [`Sine`]; a line, its slope and its intercept, and a 1 at the end.
pub struct SineOrLine;

impl Family for SineOrLine {
    fn name(&self) -> &'static str {
        "sine-or-line"
    }

    fn doc(&self) -> &'static str {
        "y = a sin(x + b) or y = s x + i, one as likely as the other."
    }

    fn keys(&self) -> &'static Keys {
        SineOrLineSettings::keys()
    }

    /// Which of the two first.
    fn sampler(&self, own: &Values, range: [f64; 2]) -> Sampler {
        let wave = Sine.sampler(own, range);
        let SineOrLineSettings { slope, intercept, .. } = SineOrLineSettings::new(own);
        let [slope, intercept] = [slope, intercept].map(uniform);
        Box::new(move |stream| {
            if stream.random() {
                wave(stream)
            } else {
                [slope.sample(stream), intercept.sample(stream), 0.0, 1.0]
            }
        })
    }

    fn at(&self, numbers: &Numbers, x: f64) -> f64 {
        match line(numbers) {
            Some([slope, intercept]) => slope * x + intercept,
            None => Sine.at(numbers, x),
        }
    }

    fn fill(&self, numbers: &Numbers, target: Target<'_>) {
        match (line(numbers), target) {
            (None, target) => Sine.fill(numbers, target),
            (Some([s, i]), Target::F32(x, y)) => {
                y.iter_mut().zip(x).for_each(|(y, x)| *y = (s * f64::from(*x) + i) as f32);
            }
            (Some([s, i]), Target::F64(x, y)) => y.iter_mut().zip(x).for_each(|(y, x)| *y = s * x + i),
        }
    }

    fn noise(&self, own: &Values) -> f64 {
        SineOrLineSettings::new(own).noise
    }

    fn heights(&self, own: &Values, x: [f64; 2]) -> [f64; 2] {
        let largest = |[low, high]: [f64; 2]| low.abs().max(high.abs());
        let [low, high] = Sine.heights(own, x);
        let SineOrLineSettings { slope, intercept, .. } = SineOrLineSettings::new(own);
        let line = largest(slope) * largest(x) + largest(intercept);
        [low, high.max(line)]
    }

    fn moments(&self, own: &Values, x: f64) -> [f64; 2] {
        let SineOrLineSettings { slope, intercept, .. } = SineOrLineSettings::new(own);
        let ([s, s2], [i, i2]) = (moments(slope), moments(intercept));
        let line = [s * x + i, s2 * x * x + 2.0 * s * i * x + i2];
        let wave = Sine.moments(own, x);
        [0.5 * (wave[0] + line[0]), 0.5 * (wave[1] + line[1])]
    }

    fn product_moment(&self, own: &Values, x: f64, other: f64) -> f64 {
        let SineOrLineSettings { slope, intercept, .. } = SineOrLineSettings::new(own);
        let ([s, s2], [i, i2]) = (moments(slope), moments(intercept));
        let line = s2 * x * other + s * i * (x + other) + i2;
        0.5 * (Sine.product_moment(own, x, other) + line)
    }

    /// The best wave and the best line, each the posterior mean under a normal distribution with the moments
    /// of its family, weighed by their evidence. Without noise, whichever goes through the points.
    fn oracle(&self, own: &Values, _range: [f64; 2], support: &Points, x: &[f64]) -> Vec<f64> {
        /// Small enough not to be seen, large enough to divide by.
        const LEAST_NOISE: f64 = 1e-6;
        let own = SineOrLineSettings::new(own);
        let deviation = own.noise.max(LEAST_NOISE);
        let variance = deviation * deviation;
        let kinds = [waves(&own), lines(&own)];
        let fits = kinds.each_ref().map(|kind| kind.fit(support, variance));
        // Twice the logarithm of one over the evidence, but for what is the same of both.
        let [wave, line] = fits.map(|fit| fit.misfit / variance + libm::log(fit.determinant));
        let weight = 1.0 / (1.0 + libm::exp(0.5 * (wave - line)));
        let answer = |x: f64| {
            weight * kinds[0].at(fits[0].coefficients, x)
                + (1.0 - weight) * kinds[1].at(fits[1].coefficients, x)
        };
        x.iter().map(|&x| answer(x)).collect()
    }

    fn sliders(&self, own: &Values, range: [f64; 2], numbers: &Numbers) -> Vec<Slider> {
        let SineOrLineSettings { slope, intercept, .. } = SineOrLineSettings::new(own);
        let of_line = [Slider::new("slope", 0, slope, 48.0), Slider::new("intercept", 1, intercept, 48.0)];
        match line(numbers) {
            Some(_) => of_line.into_iter().filter(|slider| slider.step > 0.0).collect(),
            None => Sine.sliders(own, range, numbers),
        }
    }

    fn one(&self) -> &'static str {
        "a sine wave or a line"
    }

    fn oracle_in_words(&self) -> &'static str {
        "the best wave and the best line, weighed by how well each explains the points"
    }

    fn formula(&self, own: &Values) -> String {
        let SineOrLineSettings { amplitude: [a0, a1], phase: [b0, b1], .. } = SineOrLineSettings::new(own);
        let SineOrLineSettings { slope: [s0, s1], intercept: [i0, i1], .. } = SineOrLineSettings::new(own);
        format!(
            "y = a sin(x + b) or y = s x + i, a in [{a0}, {a1}], b in [{b0:.3}, {b1:.3}], s in [{s0}, {s1}], \
             i in [{i0}, {i1}]"
        )
    }

    fn title(&self, numbers: &Numbers) -> String {
        match line(numbers) {
            Some([slope, intercept]) => {
                let sign = if intercept < 0.0 { '-' } else { '+' };
                format!("{slope:.2} x {sign} {:.2}", intercept.abs())
            }
            None => Sine.title(numbers),
        }
    }

    fn label(&self, numbers: &Numbers) -> String {
        match line(numbers) {
            Some([slope, intercept]) => format!("s {slope:.1} i {intercept:.1}"),
            None => Sine.label(numbers),
        }
    }
}

/// Slope and intercept, if it is a line.
fn line(&[slope, intercept, _, is_line]: &Numbers) -> Option<[f64; 2]> {
    (is_line == 1.0).then_some([slope, intercept])
}

/// Functions p u(x) + q v(x), and what is known of p and q beforehand.
struct Kind {
    basis: fn(f64) -> [f64; 2],
    mean: [f64; 2],
    /// The covariance's Cholesky factor: its first column, and the lower end of its second.
    factor: [f64; 3],
}

impl Kind {
    fn new(basis: fn(f64) -> [f64; 2], mean: [f64; 2], [pp, pq, qq]: [f64; 3]) -> Self {
        let first = (pp - mean[0] * mean[0]).max(0.0).sqrt();
        let both = if first > 0.0 { (pq - mean[0] * mean[1]) / first } else { 0.0 };
        let second = (qq - mean[1] * mean[1] - both * both).max(0.0).sqrt();
        Self { basis, mean, factor: [first, both, second] }
    }

    /// The basis in which the coefficients are independent, of variance 1.
    fn white(&self, x: f64) -> [f64; 2] {
        let ([u, v], [first, both, second]) = ((self.basis)(x), self.factor);
        [first * u + both * v, second * v]
    }

    fn average(&self, x: f64) -> f64 {
        let ([u, v], [p, q]) = ((self.basis)(x), self.mean);
        p * u + q * v
    }

    fn fit(&self, support: &Points, variance: f64) -> Fit {
        let rest = support.x.iter().zip(&support.y).map(|(x, y)| y - self.average(*x));
        fit(&Points { x: support.x.clone(), y: rest.collect() }, variance, |x| self.white(x))
    }

    fn at(&self, [p, q]: [f64; 2], x: f64) -> f64 {
        let [u, v] = self.white(x);
        self.average(x) + p * u + q * v
    }
}

/// a sin(x + b) = a cos b sin x + a sin b cos x.
fn waves(own: &SineOrLineSettings) -> Kind {
    let [a, a2] = moments(own.amplitude);
    let [b0, b1] = own.phase;
    let (middle, width) = (0.5 * (b0 + b1), b1 - b0);
    // The means over b of e^{ib} and of e^{2ib}.
    let (once, twice) = (sinc(0.5 * width), sinc(width));
    let mean = [a * once * libm::cos(middle), a * once * libm::sin(middle)];
    let (cosine, sine) = (twice * libm::cos(2.0 * middle), twice * libm::sin(2.0 * middle));
    let squares = [0.5 * a2 * (1.0 + cosine), 0.5 * a2 * sine, 0.5 * a2 * (1.0 - cosine)];
    Kind::new(|x| libm::sincos(x).into(), mean, squares)
}

fn lines(own: &SineOrLineSettings) -> Kind {
    let ([s, s2], [i, i2]) = (moments(own.slope), moments(own.intercept));
    Kind::new(|x| [x, 1.0], [s, i], [s2, s * i, i2])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::families::FAMILIES;
    use crate::task::{EvaluationSettings, TaskSettings, TestTask, illustration, test_tasks};

    fn settings(noise: f64, shots: usize) -> TaskSettings {
        let own = SineOrLineSettings { noise, ..SineOrLineSettings::default() }.values();
        TaskSettings { family: &SineOrLine, own, shots: shots.into(), ..TaskSettings::default() }
    }

    /// Mean squared error on a task.
    fn loss(answers: &[f64], task: &TestTask) -> f64 {
        let errors = answers.iter().zip(&task.query.y).map(|(answer, y)| (answer - y).powi(2));
        errors.sum::<f64>() / answers.len() as f64
    }

    #[test]
    fn the_papers_ranges() {
        let settings = settings(0.3, 5);
        assert!(FAMILIES.contains(&settings.family));
        let words =
            "y = a sin(x + b) or y = s x + i, a in [0.1, 5], b in [0.000, 3.142], s in [-3, 3], i in [-3, 3]";
        assert_eq!(settings.family.formula(&settings.own), words);
        assert_eq!((settings.family.noise(&settings.own), settings.heights()), (0.3, [0.1, 18.0]));
        let drawn = illustration(&settings, 1, 2_000);
        let lines = drawn.iter().filter(|task| line(&task.numbers).is_some()).count();
        assert!((900..1_100).contains(&lines), "{lines} lines");
        let task = drawn.iter().find(|task| line(&task.numbers).is_some()).expect("half of them");
        let mut filled = [0.0; 2];
        SineOrLine.fill(&task.numbers, Target::F64(&[-2.0, 1.5], &mut filled));
        assert_eq!(filled, [task.at(-2.0), task.at(1.5)]);
        assert_eq!(SineOrLine.title(&[1.25, -0.5, 0.0, 1.0]), "1.25 x - 0.50");
    }

    #[test]
    fn the_prior_mean_is_what_sampling_finds() {
        let settings = settings(0.3, 5);
        let tasks = illustration(&settings, 2, 10_000);
        let mut total = 0.0;
        for i in 0..100 {
            let x = -5.0 + 0.1 * (f64::from(i) + 0.5);
            let mean = tasks.iter().map(|task| task.at(x)).sum::<f64>() / 1e4;
            total += tasks.iter().map(|task| (task.at(x) - mean).powi(2)).sum::<f64>() / 1e4;
        }
        let (found, claimed) = (total / 100.0, settings.prior_mean_loss());
        assert!((found - claimed).abs() < 0.03 * claimed, "sampled {found}, claimed {claimed}");
    }

    #[test]
    fn without_noise_the_oracle_is_exact() {
        let settings = settings(0.0, 5);
        for task in test_tasks(&settings, &EvaluationSettings::default()) {
            let answers = settings.oracle(&task.support, &task.query.x);
            let lost = loss(&answers, &task);
            assert!(lost < 1e-8, "{}: {lost:e}", task.function.title());
        }
    }

    #[test]
    fn with_noise_it_is_better_than_to_know_only_one_of_them() {
        let settings = settings(0.3, 5);
        let tasks = test_tasks(&settings, &EvaluationSettings::default());
        let mean = |answers: &dyn Fn(&TestTask) -> Vec<f64>| {
            tasks.iter().map(|task| loss(&answers(task), task)).sum::<f64>() / tasks.len() as f64
        };
        let both = mean(&|task| settings.oracle(&task.support, &task.query.x));
        let own = SineOrLineSettings::new(&settings.own);
        for kind in [waves(&own), lines(&own)] {
            let alone = mean(&|task| {
                let fit = kind.fit(&task.support, 0.09);
                task.query.x.iter().map(|x| kind.at(fit.coefficients, *x)).collect()
            });
            assert!(both < 0.2 * alone, "{both} against {alone}");
        }
        assert!(both < 0.05 * settings.prior_mean_loss(), "{both}");
    }
}
