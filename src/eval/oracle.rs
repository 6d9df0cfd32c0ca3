//! The two yardsticks drawn on every curve: the best constant guess, and a learner that knows the
//! family is made of sines.

use crate::task::{Points, Sine, TaskSettings};

/// Test loss of the prior-mean predictor: at every x it answers the mean of y over all tasks, so what
/// remains is the variance of y over tasks, averaged over the x range. 4.252 for the notebook's ranges,
/// 3.006 for phases in [0, pi]. From the moments of the uniform distributions, with no sampling.
pub fn prior_mean_loss(task: &TaskSettings) -> f64 {
    let [a0, a1] = task.amplitude;
    let [b0, b1] = task.phase;
    let [x0, x1] = task.x;
    let mean_amplitude = 0.5 * (a0 + a1);
    let mean_square = (a0 * a0 + a0 * a1 + a1 * a1) / 3.0;
    // E_x E_b sin^2(x + b) = 1/2 - 1/2 E cos(2x + 2b), and
    // E_x (E_b sin(x + b))^2 = |E_b e^{ib}|^2 (1/2 - 1/2 E_x cos(2x + 2m)), m the middle phase.
    let middle = 0.5 * (b0 + b1);
    let spread = sinc(0.5 * (b1 - b0));
    let over_x = (x0 + x1 + 2.0 * middle).cos() * sinc(x1 - x0);
    let square = 0.5 - 0.5 * over_x * sinc(b1 - b0);
    let square_of_mean = spread * spread * (0.5 - 0.5 * over_x);
    mean_square * square - mean_amplitude * mean_amplitude * square_of_mean
}

/// sin(t) / t.
fn sinc(t: f64) -> f64 {
    if t == 0.0 { 1.0 } else { t.sin() / t }
}

/// Least squares on (sin x, cos x) for these support points: exact from two noiseless points, and the
/// smallest such wave where the points leave a choice.
pub fn oracle(support: &Points) -> Sine {
    let (mut ss, mut sc, mut cc, mut sy, mut cy) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for (&x, &y) in support.x.iter().zip(&support.y) {
        let (s, c) = x.sin_cos();
        ss += s * s;
        sc += s * c;
        cc += c * c;
        sy += s * y;
        cy += c * y;
    }
    let determinant = ss * cc - sc * sc;
    let (p, q) = if determinant > 1e-12 * (ss + cc) * (ss + cc) {
        ((sy * cc - cy * sc) / determinant, (cy * ss - sy * sc) / determinant)
    } else if ss + cc > 0.0 {
        // All points at one angle: of the waves through them, the one of least amplitude.
        (sy / (ss + cc), cy / (ss + cc))
    } else {
        (0.0, 0.0)
    };
    // p sin x + q cos x = a sin(x + b).
    Sine { amplitude: p.hypot(q), phase: q.atan2(p) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::{TrainTasks, waves};

    fn settings(phase: [f64; 2]) -> TaskSettings {
        TaskSettings {
            amplitude: [0.1, 5.0],
            phase,
            x: [-5.0, 5.0],
            shots: 10,
            query: 10,
            train_tasks: TrainTasks::Fresh,
        }
    }

    #[test]
    fn the_published_floors() {
        let tau = std::f64::consts::TAU;
        assert!((prior_mean_loss(&settings([0.0, tau])) - 4.252).abs() < 5e-4);
        assert!((prior_mean_loss(&settings([0.0, 0.5 * tau])) - 3.006).abs() < 5e-4);
    }

    #[test]
    fn the_floor_is_what_sampling_finds() {
        let settings = TaskSettings { x: [-1.0, 3.0], ..settings([0.5, 2.0]) };
        let waves = waves(&settings, 1, 4000);
        let mut total = 0.0;
        for i in 0..200 {
            let x = -1.0 + 4.0 * (f64::from(i) + 0.5) / 200.0;
            let mean = waves.iter().map(|wave| wave.at(x)).sum::<f64>() / 4000.0;
            total += waves.iter().map(|wave| (wave.at(x) - mean).powi(2)).sum::<f64>() / 4000.0;
        }
        let (found, claimed) = (total / 200.0, prior_mean_loss(&settings));
        assert!((found - claimed).abs() < 0.03 * claimed, "sampled {found}, claimed {claimed}");
    }

    #[test]
    fn two_points_are_enough() {
        let wave = Sine { amplitude: 3.2, phase: 5.1 };
        let found = oracle(&wave.points(vec![0.3, 1.9]));
        for x in [-5.0, -1.0, 0.0, 2.0, 5.0] {
            assert!((found.at(x) - wave.at(x)).abs() < 1e-12);
        }
    }

    #[test]
    fn one_point_gives_the_smallest_wave_through_it() {
        let found = oracle(&Points { x: vec![1.0], y: vec![2.0] });
        assert!((found.at(1.0) - 2.0).abs() < 1e-12);
        assert!((found.amplitude - 2.0).abs() < 1e-12);
        assert_eq!(oracle(&Points::default()).amplitude, 0.0);
    }
}
