//! Kernel smoothing: what a function takes from values at known points, by how similar the points are.

use super::super::kernels::{Block, BlockMut, Kernels, Onto, layers};
use super::super::scalar::Scalar;
use super::recorder::Pass;
use super::rows::{Rows, Size};

/// Rows of one task turned into columns.
fn turned<E: Scalar>(rows: Block<'_, E>, (count, stride): (usize, usize), out: &mut [E]) {
    for row in 0..count {
        for (column, &number) in rows.row(row).iter().enumerate() {
            out[column * stride + row] = number;
        }
    }
}

/// Every task's rows times its others': a row of products with all others for each.
fn products<E: Scalar>(kernels: Kernels, of: &Rows<E>, d: Option<&[E]>, others: &Rows<E>, out: &mut [E]) {
    let (columns, known) = (of.columns(), others.points());
    let stride = kernels.stride::<E>(known.max(1));
    let mut turn = vec![E::default(); columns * stride];
    for task in 0..of.tasks() {
        turned(others.of_task((task, 0, columns)), (known, stride), &mut turn);
        let rows = match d {
            Some(d) => Block::new(&d[task * of.points() * of.stride()..], of.points(), columns, of.stride()),
            None => of.of_task((task, 0, columns)),
        };
        let out = &mut out[task * of.points() * stride..];
        let out = BlockMut::new(out, of.points(), stride, stride);
        layers::product(kernels, rows, Block::new(&turn, columns, stride, stride), Onto::Zero, false, out);
    }
}

impl<E: Scalar> Pass<E> {
    /// How similar a task's points are to its known ones, a row of as many numbers as are known for each:
    /// `exp(-exp(log_scale) |phi - phi'|^2 / (2 W))`.
    pub fn similarity(&self, phi: &Rows<E>, known: &Rows<E>, log_scale: &Rows<E>) -> Rows<E> {
        let (kernels, columns) = (self.kernels(), phi.columns());
        let size = Size { tasks: phi.tasks(), points: phi.points(), columns: known.points() };
        let stride = kernels.stride::<E>(size.columns.max(1));
        assert!(size.columns > 0 && known.tasks() == size.tasks, "there are known points");
        let norms = |rows: &Rows<E>| {
            let mut norms = self.spare().some(rows.count());
            layers::dot_each(kernels, rows.block(), rows.block(), &mut norms);
            norms
        };
        let (of_points, of_known) = (norms(phi), norms(known));
        let mut distances = self.buffer(size);
        products(kernels, phi, None, known, &mut distances);
        let times = libm::exp(log_scale.row(0)[0].exact()) / (2.0 * columns as f64);
        let minus = E::rounded(-times);
        let mut value = self.buffer(size);
        for (row, (d, v)) in
            distances.chunks_exact_mut(stride).zip(value.chunks_exact_mut(stride)).enumerate()
        {
            let known = &of_known[row / size.points * size.columns..][..size.columns];
            for ((d, v), &other) in d.iter_mut().zip(&mut *v).zip(known) {
                let squared = of_points[row] + other - (*d + *d);
                *d = if squared < E::default() { E::default() } else { squared };
                *v = minus * *d;
            }
            layers::exp_all(kernels, v);
            [d, v].into_iter().for_each(|row| row[size.columns..].fill(E::default()));
        }
        self.spare().take_back(of_points);
        self.spare().take_back(of_known);
        let out = self.rows(size, value, phi.leads() || known.leads() || log_scale.leads());
        let (phi, known, log_scale) = (phi.clone(), known.clone(), log_scale.clone());
        let (result, spare) = (out.clone(), self.spare().clone());
        self.record(&out, move |d, _| {
            // d becomes the derivative by the squared distances, times -2: what the products are taken with.
            let mut by_scale = 0.0;
            let two = E::rounded(2.0 * times);
            for (d, (&value, &distance)) in d.iter_mut().zip(result.value().iter().zip(&distances)) {
                let by = *d * value;
                by_scale -= times * (by * distance).exact();
                *d = two * by;
            }
            log_scale.derive(|to| to[0] += E::rounded(by_scale));
            let (points, count, wide) = (size.points, size.columns, phi.stride());
            let mut sums = spare.some(0);
            for task in 0..size.tasks {
                let d = &d[task * points * stride..][..points * stride];
                let by = Block::new(d, points, count, stride);
                phi.derive(|to| {
                    let others = known.of_task((task, 0, wide));
                    let to = phi.of_task_in(to, (task, 0, wide));
                    layers::product(kernels, by, others, Onto::Itself, false, to);
                });
                sums.clear();
                sums.extend((0..points).map(|row| by.row(row).iter().fold(E::default(), |sum, &d| sum - d)));
                phi.derive(|to| {
                    let to = phi.of_task_in(to, (task, 0, wide));
                    layers::add_scaled_each(kernels, &sums, phi.of_task((task, 0, wide)), to);
                });
                known.derive(|to| {
                    layers::add_outer(
                        kernels,
                        by,
                        phi.of_task((task, 0, wide)),
                        known.of_task_in(to, (task, 0, wide)),
                    );
                });
                sums.clear();
                sums.resize(count, E::default());
                for row in 0..points {
                    sums.iter_mut().zip(by.row(row)).for_each(|(sum, &d)| *sum -= d);
                }
                known.derive(|to| {
                    let to = known.of_task_in(to, (task, 0, wide));
                    layers::add_scaled_each(kernels, &sums, known.of_task((task, 0, wide)), to);
                });
            }
            spare.take_back(sums);
            spare.take_back(distances);
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
        let kernels = self.kernels();
        let (tasks, points, known) = (weights.tasks(), weights.points(), values.points());
        let is_shared = base.points() == 1 && points != 1;
        assert!(known > 0 && known == weights.columns(), "a weight for each known point");
        assert!(base.tasks() == tasks && (is_shared || base.points() == points), "base is of these points");
        assert_eq!(base.columns(), values.columns(), "of as many numbers");
        let size = Size { tasks, points, columns: values.columns() };
        let stride = values.stride();
        let group = if is_shared { points } else { 1 };
        let mut means = self.buffer(size);
        for task in 0..tasks {
            let out = BlockMut::new(&mut means[task * points * stride..], points, stride, stride);
            let values = values.of_task((task, 0, stride));
            layers::product(kernels, weights.of_task((task, 0, known)), values, Onto::Zero, false, out);
        }
        let step = -1.0 / known as f64;
        let scale = E::rounded(step * alpha.row(0)[0].exact());
        let (rows, one) = (tasks * points, E::rounded(1.0));
        let mut value = self.spare().zeros(rows * stride);
        layers::add_spread(
            kernels,
            1,
            scale,
            Block::new(&means, rows, stride, stride),
            BlockMut::new(&mut value, rows, stride, stride),
        );
        let bases = Block::new(base.value(), base.count(), stride, stride);
        layers::add_spread(kernels, group, one, bases, BlockMut::new(&mut value, rows, stride, stride));
        let out = self.rows(size, value, true);
        let (base, weights, values, alpha) = (base.clone(), weights.clone(), values.clone(), alpha.clone());
        let (result, spare) = (out.clone(), self.spare().clone());
        self.record(&out, move |d, _| {
            base.derive(|to| {
                let to = BlockMut::new(to, base.count(), stride, stride);
                layers::add_groups(kernels, group, one, Block::new(d, rows, stride, stride), to);
            });
            let of_alpha: f64 = d.iter().zip(&means).map(|(&d, &mean)| (d * mean).exact()).sum();
            alpha.derive(|to| to[0] += E::rounded(step * of_alpha));
            let across = weights.stride();
            let mut by_weights = spare.some(rows * across);
            products(kernels, &result, Some(d), &values, &mut by_weights);
            weights.derive(|to| {
                let to = BlockMut::new(to, rows, across, across);
                layers::add_spread(kernels, 1, scale, Block::new(&by_weights, rows, across, across), to);
            });
            spare.take_back(by_weights);
            d.iter_mut().for_each(|d| *d = scale * *d);
            for task in 0..tasks {
                let d = Block::new(&d[task * points * stride..], points, stride, stride);
                values.derive(|to| {
                    let to = values.of_task_in(to, (task, 0, stride));
                    layers::add_outer(kernels, weights.of_task((task, 0, known)), d, to);
                });
            }
            spare.take_back(means);
            Ok(())
        });
        out
    }
}
