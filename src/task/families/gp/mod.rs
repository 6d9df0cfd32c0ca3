//! Draws from a Gaussian process: the family of the neural-process papers (Garnelo et al. 2018, arXiv:1807.01622,
//! section 4.1). What can be known of such a curve from some of its points has a closed form.

mod curve;
mod kernel;
mod posterior;

use rand::RngExt;
use rand::distr::Distribution;

use self::curve::Curve;
use self::kernel::Kernel;
use self::posterior::GpPosterior;
use super::sine::{moments, uniform};
use crate::config::{Domain, Keys, Values, settings};
use crate::task::family::{Family, Numbers, Posterior, Sampler, Slider};
use crate::task::{Points, Target};

settings! {
    /// What `[task]` has for Gaussian processes.
    #[derive(Clone, Copy, Debug)]
    struct GpSettings {
        /// Covariance of a curve with itself.
        kernel: Kernel = Domain::Words(Kernel::NAMES), Kernel::Rbf, .added_later();
        /// Range of the length over which a curve changes, in units of x; of "periodic", in turns over 2 pi.
        length: [f64; 2] = SIZES, [0.3, 1.0], .added_later();
        /// Range of the standard deviation of y.
        scale: [f64; 2] = SIZES, [0.1, 1.0], .added_later();
        /// Range of the period of "periodic".
        period: [f64; 2] = SIZES, [1.0, 4.0], .added_later();
        /// Standard deviation of the noise on the y of support points.
        noise: f64 = Domain::Size(1e6), 0.0, .added_later();
    }
}

/// Ranges of what is above 0; may be points.
const SIZES: Domain = Domain::Range { ends: 1e-3..=1e3, point: true };

/// The family. A curve has a number that its random coefficients are drawn from and that ends in its kernel, its length,
/// its scale, and the x after which it would repeat: its period, or so far that nobody sees it.
pub struct Gp;

impl Family for Gp {
    fn name(&self) -> &'static str {
        "gp"
    }

    fn doc(&self) -> &'static str {
        "Curves drawn from a Gaussian process of mean 0, every task with its own length and scale."
    }

    fn keys(&self) -> &'static Keys {
        GpSettings::keys()
    }

    /// Length, scale, a period where there is one, then the number of the coefficients.
    fn sampler(&self, own: &Values, [low, high]: [f64; 2]) -> Sampler {
        let GpSettings { kernel, length, scale, period, .. } = GpSettings::new(own);
        let [length, scale, period] = [length, scale, period].map(uniform);
        Box::new(move |stream| {
            let (length, scale) = (length.sample(stream), scale.sample(stream));
            let repeats = match kernel {
                Kernel::Periodic => period.sample(stream),
                Kernel::Rbf | Kernel::Matern => repeats(kernel, [low, high], length),
            };
            // Exact as a float.
            let number = stream.random::<u64>() >> 13;
            [(4 * number + kernel as u64) as f64, length, scale, repeats]
        })
    }

    fn at(&self, numbers: &Numbers, x: f64) -> f64 {
        Curve::new(numbers).at(x)
    }

    fn fill(&self, numbers: &Numbers, target: Target<'_>) {
        let curve = Curve::new(numbers);
        match target {
            Target::F32(x, y) => y.iter_mut().zip(x).for_each(|(y, x)| *y = curve.at(f64::from(*x)) as f32),
            Target::F64(x, y) => y.iter_mut().zip(x).for_each(|(y, x)| *y = curve.at(*x)),
        }
    }

    fn noise(&self, own: &Values) -> f64 {
        GpSettings::new(own).noise
    }

    /// Three standard deviations: one point in 400 is further out.
    fn heights(&self, own: &Values, _x: [f64; 2]) -> [f64; 2] {
        GpSettings::new(own).scale.map(|scale| 3.0 * scale)
    }

    fn moments(&self, own: &Values, _x: f64) -> [f64; 2] {
        [0.0, moments(GpSettings::new(own).scale)[1]]
    }

    fn product_moment(&self, own: &Values, x: f64, other: f64) -> f64 {
        self.moments(own, x)[1] * posterior(own).covariance(x - other)
    }

    fn prior_mean_loss(&self, own: &Values, _range: [f64; 2]) -> f64 {
        self.moments(own, 0.0)[1]
    }

    fn oracle(&self, own: &Values, _range: [f64; 2], support: &Points, x: &[f64]) -> Vec<f64> {
        let known = posterior(own).after(support, x);
        known.into_iter().next_back().map_or_else(Vec::new, |known| known.mean)
    }

    fn oracle_passes(&self, own: &Values, _range: [f64; 2]) -> usize {
        posterior(own).nodes()
    }

    fn posterior(&self, own: &Values, _most_points: usize) -> Option<Box<dyn Posterior>> {
        Some(Box::new(posterior(own)))
    }

    /// Length and scale as far as their ranges go, another curve with each step of the third, a period where there is one.
    fn sliders(&self, own: &Values, _range: [f64; 2], _numbers: &Numbers) -> Vec<Slider> {
        let GpSettings { kernel, length, scale, period, .. } = GpSettings::new(own);
        let kind = kernel as u64 as f64;
        let curves = Slider { step: 4.0, ..Slider::new("curve", 0, [kind, kind + 4_000.0], 1.0) }.round();
        let period = (kernel == Kernel::Periodic).then(|| Slider::new("period", 3, period, 48.0));
        let all = [Slider::new("length", 1, length, 48.0), Slider::new("scale", 2, scale, 48.0), curves];
        all.into_iter().chain(period).filter(|slider| slider.step > 0.0).collect()
    }

    /// A curve of another length is not seen to repeat either.
    fn turned(&self, range: [f64; 2], numbers: &Numbers, slider: &Slider, value: f64) -> Numbers {
        let mut numbers = *numbers;
        numbers[slider.number] = value;
        if curve::kernel(&numbers) != Kernel::Periodic {
            numbers[3] = repeats(curve::kernel(&numbers), range, numbers[1]);
        }
        numbers
    }

    fn one(&self) -> &'static str {
        "a draw from a Gaussian process"
    }

    fn word(&self) -> &'static str {
        "curve"
    }

    fn oracle_in_words(&self) -> &'static str {
        "the posterior mean of the Gaussian process, over its lengths and scales"
    }

    fn formula(&self, own: &Values) -> String {
        let GpSettings { kernel, length: [l0, l1], scale: [s0, s1], period: [p0, p1], .. } =
            GpSettings::new(own);
        let period = if kernel == Kernel::Periodic { format!(", p in [{p0}, {p1}]") } else { String::new() };
        format!("y ~ GP(0, s² k), k = {}, l in [{l0}, {l1}], s in [{s0}, {s1}]{period}", kernel.name())
    }

    fn title(&self, numbers: &Numbers) -> String {
        let [_, length, scale, repeats] = *numbers;
        let period = match curve::kernel(numbers) {
            Kernel::Periodic => format!(", p {repeats:.2}"),
            Kernel::Rbf | Kernel::Matern => String::new(),
        };
        format!("GP, l {length:.2}, s {scale:.2}{period}")
    }

    fn label(&self, &[_, length, scale, _]: &Numbers) -> String {
        format!("l {length:.2} s {scale:.2}")
    }
}

/// After how much of x a curve of this length may repeat: at this distance nothing is left of the covariance, 1e-14 or
/// 1e-10.
fn repeats(kernel: Kernel, [low, high]: [f64; 2], length: f64) -> f64 {
    high - low + if kernel == Kernel::Rbf { 8.0 } else { 12.0 } * length
}

fn posterior(own: &Values) -> GpPosterior {
    let GpSettings { kernel, length, scale, period, noise } = GpSettings::new(own);
    let period = if kernel == Kernel::Periodic { period } else { [1.0; 2] };
    GpPosterior::new(kernel, [length, scale, period], noise)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::{EvaluationSettings, TaskSettings, illustration, test_tasks};

    fn settings(own: GpSettings, shots: usize) -> TaskSettings {
        TaskSettings {
            family: &Gp,
            own: own.values(),
            shots: shots.into(),
            x: [-2.0, 2.0],
            ..TaskSettings::default()
        }
    }

    #[test]
    fn curves_have_the_covariance_of_their_kernel() {
        for kernel in Kernel::ALL {
            let own =
                GpSettings { kernel, length: [0.7, 0.7], scale: [1.5, 1.5], period: [2.0, 2.0], noise: 0.0 };
            let curves = illustration(&settings(own, 5), 1, 20_000);
            let at: Vec<_> = curves.iter().map(|curve| curve.points(vec![-1.5, -1.0, -0.2, 1.9]).y).collect();
            for (one, other, d) in [(0, 0, 0.0), (0, 1, 0.5), (1, 2, 0.8), (0, 2, 1.3), (0, 3, 3.4)] {
                let found = at.iter().map(|y| y[one] * y[other]).sum::<f64>() / 20_000.0;
                let asked = 2.25 * kernel.at(d, 0.7, 2.0);
                assert!((found - asked).abs() < 0.06, "{kernel:?} at {d}: {found} for {asked}");
            }
            let curve = curves[0];
            let [one, other] = [curve.at(0.3), curve.points(vec![0.3]).y[0]];
            assert_eq!(one.to_bits(), other.to_bits());
        }
    }

    #[test]
    fn the_prior_mean_is_what_sampling_finds() {
        let settings = settings(GpSettings::default(), 5);
        let curves = illustration(&settings, 2, 10_000);
        let square = |x: f64| curves.iter().map(|curve| curve.at(x).powi(2)).sum::<f64>() / 10_000.0;
        let (found, claimed) = ((square(-1.0) + square(1.0)) / 2.0, settings.prior_mean_loss());
        assert!((claimed - 0.37).abs() < 1e-12, "the mean square of a uniform scale");
        assert!((found - claimed).abs() < 0.03 * claimed, "sampled {found}, claimed {claimed}");
    }

    /// Of what is known exactly, the mean error is the mean variance.
    #[test]
    fn the_posterior_is_calibrated_and_the_floor_falls() {
        for kernel in Kernel::ALL {
            let own = GpSettings { kernel, noise: 0.1, ..GpSettings::default() };
            let settings = settings(own, 8);
            let evaluation =
                EvaluationSettings { test_tasks: 600, grid: 25, ..EvaluationSettings::default() };
            let posterior = Gp.posterior(&settings.own, 8).expect("it has one");
            let (mut errors, mut variances) = (vec![0.0; 9], vec![0.0; 9]);
            for task in test_tasks(&settings, &evaluation) {
                for (sum, loss) in errors.iter_mut().zip(posterior.losses(&task.support, &task.query)) {
                    *sum += loss / 600.0;
                }
                for (sum, deviations) in
                    variances.iter_mut().zip(posterior.deviations(&task.support, &task.query.x))
                {
                    *sum += deviations.iter().map(|sd| sd * sd).sum::<f64>() / 25.0 / 600.0;
                }
            }
            assert!((errors[0] - 0.37).abs() < 0.05, "before any point the best answer is 0: {}", errors[0]);
            for k in 0..9 {
                let ratio = errors[k] / variances[k];
                assert!(
                    (0.85..1.15).contains(&ratio),
                    "{kernel:?}, {k} points: {} and {}",
                    errors[k],
                    variances[k]
                );
                assert!(k == 0 || errors[k] < errors[k - 1], "{kernel:?}: another point helps");
            }
        }
    }

    #[test]
    fn without_noise_the_oracle_goes_through_the_points() {
        let settings = settings(GpSettings::default(), 6);
        for task in
            test_tasks(&settings, &EvaluationSettings { test_tasks: 20, ..EvaluationSettings::default() })
        {
            let answers = settings.oracle(&task.support, &task.support.x);
            for (answer, y) in answers.iter().zip(&task.support.y) {
                assert!((answer - y).abs() < 1e-4, "{answer} for {y}");
            }
        }
    }

    #[test]
    fn a_task_in_words() {
        let own = GpSettings { kernel: Kernel::Periodic, ..GpSettings::default() };
        let words = "y ~ GP(0, s² k), k = periodic, l in [0.3, 1], s in [0.1, 1], p in [1, 4]";
        assert_eq!(Gp.formula(&own.values()), words);
        assert_eq!(Gp.title(&[2.0, 0.31, 0.5, 2.0]), "GP, l 0.31, s 0.50, p 2.00");
        assert_eq!(Gp.title(&[4.0, 0.31, 0.5, 9.0]), "GP, l 0.31, s 0.50");
        assert_eq!(Gp.label(&[4.0, 0.31, 0.5, 9.0]), "l 0.31 s 0.50");
    }
}
