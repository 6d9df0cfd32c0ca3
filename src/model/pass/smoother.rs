//! Kernel smoothing: what a function takes from values at known points, by how similar the points are.

use super::super::kernels::{Block, BlockMut, Kernels, Onto, layers, rowwise};
use super::super::scalar::Scalar;
use super::memory::Spare;
use super::recorder::Pass;
use super::rows::{Layout, Rows, Size};

/// Every task's rows times its others': a row of products with all others for each.
fn products<E: Scalar>(
    (kernels, spare): (Kernels, &Spare<E>),
    (of, rows): (Layout, &[E]),
    others: &Rows<E>,
    (to, out): (Layout, &mut [E]),
) {
    let (columns, stride) = (of.columns, to.stride);
    let mut turned = spare.zeros(columns * stride);
    for task in 0..of.tasks {
        let others = others.of_task(task).part(0, columns);
        rowwise::turn(kernels, others, BlockMut::new(&mut turned, columns, stride, stride));
        let (rows, turned) = (of.of_task(rows, task), Block::new(&turned, columns, stride, stride));
        let out = to.of_task_mut(out, task);
        layers::product(kernels, rows.part(0, columns), turned, Onto::Zero, false, out);
    }
    spare.take_back(turned);
}

impl<E: Scalar> Pass<E> {
    /// How similar a task's points are to its known ones, a row of as many numbers as are known for each:
    /// `exp(-exp(log_scale) |phi - phi'|^2 / (2 W))`.
    ///
    /// # Panics
    /// If these are not of the same tasks, or nothing is known.
    pub fn similarity(&self, phi: &Rows<E>, known: &Rows<E>, log_scale: &Rows<E>) -> Rows<E> {
        let (kernels, of, count) = (self.kernels(), phi.layout(), known.points());
        let layout = self.layout(Size { tasks: of.tasks, points: of.points, columns: count });
        assert!(count > 0 && known.tasks() == of.tasks, "there are known points");
        let norms = |rows: &Rows<E>| {
            let mut norms = self.spare().some(rows.count());
            rowwise::dot_each(kernels, rows.block(), rows.block(), &mut norms);
            norms
        };
        let (of_points, of_known) = (norms(phi), norms(known));
        let mut distances = self.spare().some(layout.numbers());
        let with = (kernels, &**self.spare());
        products(with, (of, phi.value()), known, (layout, &mut distances));
        let minus = -libm::exp(log_scale.row(0)[0].exact()) / (2.0 * of.columns as f64);
        let mut value = self.spare().some(layout.numbers());
        let mut others = self.spare().zeros(layout.stride);
        for task in 0..of.tasks {
            others[..count].copy_from_slice(&of_known[task * count..][..count]);
            let norms = (&of_points[task * of.points..][..of.points], &others[..]);
            let distances = layout.of_task_mut(&mut distances, task);
            let value = layout.of_task_mut(&mut value, task);
            rowwise::similar(kernels, count, E::rounded(minus), norms, distances, value);
        }
        [of_points, of_known, others].into_iter().for_each(|numbers| self.spare().take_back(numbers));
        let out = self.rows(layout, value, phi.leads() || known.leads() || log_scale.leads());
        let (phi, known, log_scale) = (phi.clone(), known.clone(), log_scale.clone());
        let (result, spare) = (out.clone(), self.spare().clone());
        self.record(&out, move |d, _| {
            // d becomes the derivative by the squared distances, times -2: what the products are taken with.
            let mut of_rows = spare.some(layout.count());
            let (squared, values) = (layout.rows(&distances), result.block());
            let (to, minus_rounded) = (layout.rows_mut(d), E::rounded(minus));
            let by = rowwise::similar_back(kernels, minus_rounded, squared, values, to, &mut of_rows);
            log_scale.derive(|to| to[0] += E::rounded(minus * by));
            let mut of_columns = spare.zeros(of.tasks * layout.stride);
            let to = BlockMut::new(&mut of_columns, of.tasks, layout.stride, layout.stride);
            rowwise::add_groups(kernels, of.points, E::rounded(-1.0), layout.rows(d), to);
            phi.derive(|to| {
                for task in 0..of.tasks {
                    let by = layout.of_task(d, task).part(0, count);
                    let to = of.of_task_mut(to, task);
                    layers::product(kernels, by, known.of_task(task), Onto::Itself, false, to);
                }
                rowwise::add_scaled_each(kernels, &of_rows, phi.block(), of.rows_mut(to));
            });
            known.derive(|to| {
                for task in 0..of.tasks {
                    let by = layout.of_task(d, task);
                    let sums = &of_columns[task * layout.stride..][..count];
                    let mut to = known.layout().of_task_mut(to, task);
                    layers::add_outer(kernels, by, phi.of_task(task), to.part(0, of.stride));
                    rowwise::add_scaled_each(kernels, sums, known.of_task(task), to);
                }
            });
            [of_rows, of_columns, distances].into_iter().for_each(|numbers| spare.take_back(numbers));
            Ok(())
        });
        out
    }

    /// `base - alpha / K sum_i weight_i values_i` at every point, over a task's K known points. `base` may have one
    /// row a task.
    ///
    /// # Panics
    /// If these are not of the same tasks, or there is not a weight for each known point.
    pub fn smooth(&self, base: &Rows<E>, weights: &Rows<E>, values: &Rows<E>, alpha: &Rows<E>) -> Rows<E> {
        let (kernels, of) = (self.kernels(), weights.layout());
        let (tasks, points, known) = (of.tasks, of.points, values.points());
        let is_shared = base.points() == 1 && points != 1;
        assert!(known > 0 && known == of.columns, "a weight for each known point");
        assert!(base.tasks() == tasks && (is_shared || base.points() == points), "base is of these points");
        assert!(values.tasks() == tasks && base.columns() == values.columns(), "of as many numbers");
        let layout = self.layout(Size { tasks, points, columns: values.columns() });
        let group = if is_shared { points } else { 1 };
        let step = -1.0 / known as f64;
        let scale = E::rounded(step * alpha.row(0)[0].exact());
        let mut shares = self.spare().some(of.numbers());
        rowwise::add_spread(kernels, 1, scale, weights.block(), true, of.rows_mut(&mut shares));
        let mut value = self.spare().some(layout.numbers());
        for task in 0..tasks {
            let (shares, out) =
                (of.of_task(&shares, task).part(0, known), layout.of_task_mut(&mut value, task));
            let onto = Onto::Rows(base.of_task(task), group);
            layers::product(kernels, shares, values.of_task(task), onto, false, out);
        }
        let out = self.rows(layout, value, true);
        let (base, weights, values, alpha) = (base.clone(), weights.clone(), values.clone(), alpha.clone());
        let spare = self.spare().clone();
        self.record(&out, move |d, _| {
            let mut by_weights = spare.some(of.numbers());
            products((kernels, &spare), (layout, d), &values, (of, &mut by_weights));
            let mut by_alpha = spare.some(of.count());
            rowwise::dot_each(kernels, of.rows(&by_weights), weights.block(), &mut by_alpha);
            let sum = by_alpha.iter().map(|by| by.exact()).sum::<f64>();
            alpha.derive(|to| to[0] += E::rounded(step * sum));
            weights.derive_all(|to, is_new| {
                rowwise::add_spread(kernels, 1, scale, of.rows(&by_weights), is_new, of.rows_mut(to));
            });
            values.derive(|to| {
                for task in 0..tasks {
                    let to = values.layout().of_task_mut(to, task);
                    layers::add_outer(kernels, of.of_task(&shares, task), layout.of_task(d, task), to);
                }
            });
            if is_shared {
                base.derive(|to| {
                    let to = base.layout().rows_mut(to);
                    rowwise::add_groups(kernels, group, E::rounded(1.0), layout.rows(d), to);
                });
            } else {
                base.hand(d, kernels);
            }
            [by_weights, by_alpha, shares].into_iter().for_each(|numbers| spare.take_back(numbers));
            Ok(())
        });
        out
    }
}
