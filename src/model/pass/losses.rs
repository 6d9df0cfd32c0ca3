//! What predictions are judged by. Sums are in double precision.

use dfdx::prelude::{Cpu, Rank0, Tensor};

use super::super::scalar::Scalar;
use super::recorder::Pass;
use super::rows::Rows;

/// The least standard deviation, in units of the scale of y.
const LEAST: f64 = 0.002;

/// The standard deviation that an output stands for, in units of the scale of y: 0.002 + ln(1 + e^o).
pub fn deviation(output: f64) -> f64 {
    LEAST + output.max(0.0) + libm::log1p(libm::exp(-output.abs()))
}

impl<E: Scalar> Pass<E> {
    /// The mean squared error of the first column, times `scale`, from `y`; of two columns the mean negative
    /// log-likelihood of `y` under a Gaussian of mean `scale o_0` and standard deviation
    /// `scale (0.002 + softplus(o_1))`.
    ///
    /// # Panics
    /// If there is not a `y` for each row.
    pub fn loss(&self, predictions: &Rows<E>, y: &[E], scale: f64) -> Tensor<Rank0, E, Cpu> {
        assert_eq!(predictions.count(), y.len(), "a target for each prediction");
        let share = 1.0 / y.len() as f64;
        let is_gaussian = predictions.columns() == 2;
        let (stride, mut total) = (predictions.layout().stride, 0.0);
        let mut slopes = self.spare().zeros(predictions.value().len());
        for (row, (y, slope)) in y.iter().zip(slopes.chunks_exact_mut(stride)).enumerate() {
            let o = predictions.row(row);
            let error = scale * o[0].exact() - y.exact();
            if !is_gaussian {
                total += error * error;
                slope[0] = E::rounded(2.0 * scale * share * error);
                continue;
            }
            let (s, raw) = (scale * deviation(o[1].exact()), o[1].exact());
            total += 0.5 * libm::log(std::f64::consts::TAU) + libm::log(s) + 0.5 * (error / s) * (error / s);
            slope[0] = E::rounded(share * scale * error / (s * s));
            let sigmoid = 1.0 / (1.0 + libm::exp(-raw));
            slope[1] = E::rounded(share * scale * sigmoid * (1.0 - (error / s) * (error / s)) / s);
        }
        let value = self.theta.scalar(E::rounded(total * share));
        let (at, predictions) = (value.clone(), predictions.clone());
        let spare = self.spare().clone();
        self.record_first(move |gradients| {
            let scale = gradients.get_or_alloc_mut(&at)?[0];
            predictions.derive(|to| {
                for (to, &slope) in to.iter_mut().zip(&slopes) {
                    *to += scale * slope;
                }
            });
            spare.take_back(slopes);
            Ok(())
        });
        value
    }
}
