//! Attention with heads (Vaswani et al. 2017, <https://arxiv.org/abs/1706.03762>, section 3.2.2), masked to the points
//! that a token may see.

use super::super::kernels::attention::{Heads, attend, attend_back};
use super::super::scalar::Scalar;
use super::recorder::Pass;
use super::rows::{Rows, Size};

impl<E: Scalar> Pass<E> {
    /// What each token takes from the values of the tokens it sees: the first `see` of `keys`, a number a point of a
    /// task, and itself. Rows have queries, keys and values side by side, `heads` of each; the result has the heads
    /// side by side.
    ///
    /// # Panics
    /// If rows do not divide into three times so many heads, or a token sees more than there are.
    pub fn attention(&self, tokens: &Rows<E>, keys: &Rows<E>, heads: usize, see: &[usize]) -> Rows<E> {
        let (kernels, tasks, width) = (self.kernels(), tokens.tasks(), tokens.columns() / 3);
        assert_eq!((tokens.columns(), keys.columns()), (3 * width, 3 * width), "queries, keys and values");
        assert!(width.is_multiple_of(heads) && keys.tasks() == tasks, "heads are of one size");
        assert!(see.len() == tokens.points() && see.iter().all(|see| *see <= keys.points()), "it is there");
        let scale = E::rounded(1.0 / ((width / heads) as f64).sqrt());
        let mut seen = self.spare().zeros(kernels.stride::<E>(see.len().max(1)));
        seen.iter_mut().zip(see).for_each(|(to, &see)| *to = E::rounded(see as f64));
        let shape = Heads { count: heads, width, scale, see: &seen };
        let (each, room) = (shape.weights(keys.points()), shape.scratch(keys.points()));
        let mut weights = self.spare().some(tasks * each);
        let layout = self.layout(Size { tasks, points: tokens.points(), columns: width });
        let mut value = self.spare().zeros(layout.numbers());
        let mut scratch = self.spare().zeros(room);
        for task in 0..tasks {
            let weights = &mut weights[task * each..][..each];
            let out = layout.of_task_mut(&mut value, task);
            attend(kernels, shape, tokens.of_task(task), keys.of_task(task), weights, &mut scratch, out);
        }
        self.spare().take_back(scratch);
        let out = self.rows(layout, value, tokens.leads() || keys.leads());
        let (tokens, keys, spare) = (tokens.clone(), keys.clone(), self.spare().clone());
        self.record(&out, move |d, _| {
            let shape = Heads { count: heads, width, scale, see: &seen };
            let mut scratch = spare.zeros(room);
            let mut of_tokens = tokens.lend_derivative();
            let mut of_keys = (!tokens.is(&keys)).then(|| keys.lend_derivative());
            for task in 0..tasks {
                let d = layout.of_task(d, task);
                let weights = &weights[task * each..][..each];
                let to_tokens = tokens.layout().of_task_mut(&mut of_tokens, task);
                let to_keys = of_keys.as_mut().map(|of_keys| keys.layout().of_task_mut(of_keys, task));
                let (tokens, keys) = (tokens.of_task(task), keys.of_task(task));
                attend_back(kernels, shape, tokens, keys, weights, d, &mut scratch, to_tokens, to_keys);
            }
            tokens.return_derivative(of_tokens);
            if let Some(of_keys) = of_keys {
                keys.return_derivative(of_keys);
            }
            [scratch, weights, seen].into_iter().for_each(|numbers| spare.take_back(numbers));
            Ok(())
        });
        out
    }
}
