//! Sawtooth waves: straight lines that jump. Where a sine wave is smooth, every tooth asks where the jump is.

use rand::distr::Distribution;

use super::sawtooth_posterior::{Ranges, SawtoothPosterior, saw, teeth};
use super::sine::{ANY, moments, uniform};
use crate::config::{Domain, Keys, Values, settings};
use crate::task::Points;
use crate::task::family::{Family, Numbers, Posterior, Sampler, Slider, average_variance};

settings! {
    /// What `[task]` has for sawtooth waves.
    #[derive(Clone, Copy, Debug)]
    pub struct SawtoothSettings {
        /// Range of a in a saw(f x + s).
        amplitude: [f64; 2] = ANY, [0.1, 5.0];
        /// Range of f, teeth in a unit of x.
        frequency: [f64; 2] = Domain::Range { ends: 0.0..=1_000.0, point: true }, [0.2, 0.2], .added_later();
        /// Range of s, in teeth.
        shift: [f64; 2] = ANY, [0.0, 1.0], .added_later();
        /// Standard deviation of the noise on the y of support points.
        noise: f64 = Domain::Size(1e6), 0.0, .added_later();
    }
}

/// The family. A wave has its amplitude, its frequency and its shift.
pub struct Sawtooth;

impl Family for Sawtooth {
    fn name(&self) -> &'static str {
        "sawtooth"
    }

    fn doc(&self) -> &'static str {
        "y = a saw(f x + s), from -a up to a in every tooth, every task with its own a and s, and f too if it has a range."
    }

    fn keys(&self) -> &'static Keys {
        SawtoothSettings::keys()
    }

    /// Amplitude first, then shift; frequency only where it has a range.
    fn sampler(&self, own: &Values, _range: [f64; 2]) -> Sampler {
        let SawtoothSettings { amplitude, frequency: [low, high], shift, .. } = SawtoothSettings::new(own);
        let [amplitude, shift] = [amplitude, shift].map(uniform);
        let frequency = (low < high).then(|| uniform([low, high]));
        Box::new(move |stream| {
            let (a, s) = (amplitude.sample(stream), shift.sample(stream));
            [a, frequency.map_or(low, |frequency| frequency.sample(stream)), s, 0.0]
        })
    }

    fn at(&self, &[amplitude, frequency, shift, _]: &Numbers, x: f64) -> f64 {
        amplitude * saw(frequency * x + shift)
    }

    fn noise(&self, own: &Values) -> f64 {
        SawtoothSettings::new(own).noise
    }

    fn heights(&self, own: &Values, _x: [f64; 2]) -> [f64; 2] {
        SawtoothSettings::new(own).amplitude
    }

    fn moments(&self, own: &Values, x: f64) -> [f64; 2] {
        let SawtoothSettings { amplitude, frequency, shift, .. } = SawtoothSettings::new(own);
        let ([mean, square], [first, second]) = (moments(amplitude), teeth(frequency, shift, x));
        [mean * first, square * second]
    }

    /// By the midpoint rule over shifts and frequencies.
    fn product_moment(&self, own: &Values, x: f64, other: f64) -> f64 {
        const NODES: u32 = 200;
        let SawtoothSettings { amplitude, frequency, shift, .. } = SawtoothSettings::new(own);
        let nodes = |[low, high]: [f64; 2]| {
            let count = if low < high { NODES } else { 1 };
            (0..count).map(move |i| low + (high - low) * (f64::from(i) + 0.5) / f64::from(count))
        };
        let mut sum = (0.0, 0.0);
        for f in nodes(frequency) {
            for s in nodes(shift) {
                sum = (sum.0 + saw(f * x + s) * saw(f * other + s), sum.1 + 1.0);
            }
        }
        moments(amplitude)[1] * sum.0 / sum.1
    }

    /// Over whole teeth the average is flat, and what is left is E[a^2] / 3.
    fn prior_mean_loss(&self, own: &Values, range: [f64; 2]) -> f64 {
        let SawtoothSettings { amplitude, shift: [low, high], .. } = SawtoothSettings::new(own);
        if high > low && (high - low).fract() == 0.0 {
            return moments(amplitude)[1] / 3.0;
        }
        average_variance(range, |x| self.moments(own, x))
    }

    fn oracle(&self, own: &Values, _range: [f64; 2], support: &Points, x: &[f64]) -> Vec<f64> {
        posterior(own, support.x.len())
            .after(support, x, support.x.len())
            .into_iter()
            .map(|[mean, _]| mean)
            .collect()
    }

    fn oracle_passes(&self, own: &Values, _range: [f64; 2]) -> usize {
        posterior(own, 10).nodes()
    }

    /// Where all waves have one frequency.
    fn posterior(&self, own: &Values, most_points: usize) -> Option<Box<dyn Posterior>> {
        let posterior = posterior(own, most_points);
        posterior.is_exact().then(|| Box::new(posterior) as Box<dyn Posterior>)
    }

    fn sliders(&self, own: &Values, range: [f64; 2], _numbers: &Numbers) -> Vec<Slider> {
        let [_, highest] = self.y_range(own, range);
        let [low, high] = SawtoothSettings::new(own).frequency;
        let mut sliders = vec![
            Slider::new("amplitude", 0, [0.0, highest], 50.0),
            Slider::new("shift", 2, [0.0, 1.0], 48.0).round(),
        ];
        if low < high {
            sliders.push(Slider::new("frequency", 1, [low, high], 48.0));
        }
        sliders
    }

    fn middle(&self, own: &Values, _range: [f64; 2]) -> Numbers {
        let SawtoothSettings { amplitude: [a0, a1], frequency: [f0, f1], .. } = SawtoothSettings::new(own);
        [(a0 + a1) / 2.0, (f0 + f1) / 2.0, 0.25, 0.0]
    }

    fn one(&self) -> &'static str {
        "a sawtooth wave"
    }

    fn word(&self) -> &'static str {
        "wave"
    }

    fn oracle_in_words(&self) -> &'static str {
        "the posterior mean over amplitudes and shifts, which knows the answer is a sawtooth"
    }

    fn formula(&self, own: &Values) -> String {
        let SawtoothSettings { amplitude: [a0, a1], frequency: [f0, f1], shift: [s0, s1], .. } =
            SawtoothSettings::new(own);
        let (f, range) = match f0 == f1 {
            true => (f0.to_string(), String::new()),
            false => ("f".to_owned(), format!(", f in [{f0}, {f1}]")),
        };
        format!("y = a saw({f} x + s), a in [{a0}, {a1}], s in [{s0}, {s1}]{range}")
    }

    fn title(&self, &[amplitude, frequency, shift, _]: &Numbers) -> String {
        format!("{amplitude:.2} saw({frequency:.2} x + {shift:.2})")
    }

    fn label(&self, &[amplitude, frequency, shift, _]: &Numbers) -> String {
        format!("a {amplitude:.1} f {frequency:.1} s {shift:.1}")
    }
}

fn posterior(own: &Values, most_points: usize) -> SawtoothPosterior {
    let SawtoothSettings { amplitude, frequency, shift, noise } = SawtoothSettings::new(own);
    SawtoothPosterior::new(Ranges { amplitude, frequency, shift, noise }, most_points)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::{EvaluationSettings, TaskSettings, illustration, test_tasks};

    fn settings(own: SawtoothSettings, shots: usize) -> TaskSettings {
        TaskSettings { family: &Sawtooth, own: own.values(), shots: shots.into(), ..TaskSettings::default() }
    }

    #[test]
    fn the_prior_is_what_sampling_finds() {
        let default = SawtoothSettings::default();
        for own in [
            default,
            SawtoothSettings { shift: [0.1, 0.4], ..default },
            SawtoothSettings { shift: [0.3, 0.3], frequency: [0.1, 0.5], ..default },
            SawtoothSettings { shift: [-0.2, 0.5], frequency: [0.1, 0.5], ..default },
        ] {
            let settings = settings(own, 5);
            let tasks = illustration(&settings, 1, 100_000);
            let mean = |of: &dyn Fn(&crate::task::Function) -> f64| tasks.iter().map(of).sum::<f64>() / 1e5;
            for x in [-4.7, -1.0, 0.0, 2.4, 4.9] {
                let [first, second] = Sawtooth.moments(&settings.own, x);
                assert!((first - mean(&|task| task.at(x))).abs() < 0.04, "{own:?} {x}: {first}");
                assert!((second - mean(&|task| task.at(x).powi(2))).abs() < 0.1, "{own:?} {x}: {second}");
                let found = mean(&|task| task.at(x) * task.at(1.3));
                let asked = Sawtooth.product_moment(&settings.own, x, 1.3);
                assert!((asked - found).abs() < 0.15, "{own:?} {x}: {asked}, {found}");
            }
        }
        let whole = settings(default, 5);
        // E[a^2] / 3 with a in [0.1, 5].
        let asked = (25.0 + 0.5 + 0.01) / 9.0;
        assert!((whole.prior_mean_loss() - asked).abs() < 1e-12);
        let measured = average_variance(whole.x, |x| Sawtooth.moments(&whole.own, x));
        assert!((measured - asked).abs() < 1e-6, "{measured}");
    }

    /// Of what is known exactly, the mean error is the mean variance.
    #[test]
    fn the_posterior_is_calibrated_and_the_floor_falls() {
        for noise in [0.0, 0.3] {
            let settings = settings(SawtoothSettings { noise, ..SawtoothSettings::default() }, 8);
            let evaluation = EvaluationSettings { test_tasks: 1_500, ..EvaluationSettings::default() };
            let posterior = settings.posterior(8).expect("it has one");
            let (mut errors, mut variances) = (vec![0.0; 9], vec![0.0; 9]);
            for task in test_tasks(&settings, &evaluation) {
                for (sum, loss) in errors.iter_mut().zip(posterior.losses(&task.support, &task.query)) {
                    *sum += loss / 1_500.0;
                }
                for (sum, deviations) in
                    variances.iter_mut().zip(posterior.deviations(&task.support, &task.query.x))
                {
                    *sum += deviations.iter().map(|sd| sd * sd).sum::<f64>() / 50.0 / 1_500.0;
                }
            }
            for k in 0..9 {
                if noise == 0.0 && k > 1 {
                    assert!(errors[k] < 1e-9, "two points say all: {}", errors[k]);
                    continue;
                }
                let ratio = errors[k] / variances[k];
                assert!((0.85..1.15).contains(&ratio), "noise {noise}, {k}: {} {}", errors[k], variances[k]);
                assert!(k == 0 || errors[k] < errors[k - 1], "noise {noise}: another point helps");
            }
        }
        let varied = settings(SawtoothSettings { frequency: [0.1, 0.3], ..SawtoothSettings::default() }, 8);
        assert!(varied.posterior(8).is_none());
        let tasks = test_tasks(&varied, &EvaluationSettings { test_tasks: 60, ..Default::default() });
        let loss = |task: &crate::task::TestTask| task.loss(&varied.oracle(&task.support, &task.query.x));
        let mean = tasks.iter().map(loss).sum::<f64>() / 60.0;
        assert!(mean < 0.2 * varied.prior_mean_loss(), "{mean}");
    }

    #[test]
    fn a_task_in_words() {
        assert_eq!(Sawtooth.title(&[2.5, 0.2, 0.35, 0.0]), "2.50 saw(0.20 x + 0.35)");
        let own = SawtoothSettings::default().values();
        assert_eq!(Sawtooth.formula(&own), "y = a saw(0.2 x + s), a in [0.1, 5], s in [0, 1]");
        assert_eq!(Sawtooth.at(&[2.0, 0.5, 0.0, 0.0], 1.0), 0.0);
        assert_eq!(Sawtooth.at(&[2.0, 0.5, 0.0, 0.0], 2.0), -2.0);
    }
}
