//! Layer normalisation (Ba, Kiros and Hinton 2016, <https://arxiv.org/abs/1607.06450>, equation 4) without gain and
//! bias: a layer that follows it has its own.

use super::super::kernels::rowwise;
use super::super::scalar::Scalar;
use super::recorder::Pass;
use super::rows::Rows;

impl<E: Scalar> Pass<E> {
    /// Every row less its mean, over its standard deviation: `(h - mean) / sqrt(var + 1e-5)`.
    pub fn layer_norm(&self, of: &Rows<E>) -> Rows<E> {
        let (kernels, layout) = (self.kernels(), of.layout());
        let (columns, stride) = (layout.columns, layout.stride);
        let mut value = self.spare().some(layout.numbers());
        let mut factors = self.spare().some(of.count());
        rowwise::normalise(kernels, columns, stride, of.value(), &mut value, &mut factors);
        let out = self.rows(layout, value, of.leads());
        let (z, of, spare) = (out.clone(), of.clone(), self.spare().clone());
        self.record(&out, move |d, _| {
            of.derive(|to| rowwise::normalise_back(kernels, columns, stride, z.value(), &factors, d, to));
            spare.take_back(factors);
            Ok(())
        });
        out
    }
}
