//! What is given to a pass, and what goes over the points of a task.

use super::super::kernels::rowwise;
use super::super::scalar::Scalar;
use super::recorder::Pass;
use super::rows::{Rows, Size};

impl<E: Scalar> Pass<E> {
    /// Numbers that are given, column by column; each has one for every point of every task.
    ///
    /// # Panics
    /// If a column is of another length.
    pub fn given(&self, (tasks, points): (usize, usize), columns: &[&[E]]) -> Rows<E> {
        let layout = self.layout(Size { tasks, points, columns: columns.len() });
        let mut value = self.spare().zeros(layout.numbers());
        for (place, column) in columns.iter().enumerate() {
            assert_eq!(column.len(), tasks * points, "a column has a number a row");
            for (row, &number) in value.chunks_exact_mut(layout.stride).zip(*column) {
                row[place] = number;
            }
        }
        self.rows(layout, value, false)
    }

    /// The vector of this name, one row of it for each task.
    ///
    /// # Panics
    /// If the network has no such tensor.
    pub fn parameter(&self, name: &str, tasks: usize) -> Rows<E> {
        let kernels = self.kernels();
        let (_, named) = self.memory.named(name, "");
        let (columns, pieces) = (named.rows(), named.pieces.clone());
        let layout = self.layout(Size { tasks, points: 1, columns });
        let stride = layout.stride;
        let mut value = self.spare().zeros(layout.numbers());
        if let Some((first, rest)) = value.split_at_mut_checked(stride) {
            for piece in &pieces {
                first[piece.row..piece.row + piece.rows].copy_from_slice(self.theta.tensor(piece.array));
            }
            rest.chunks_exact_mut(stride).for_each(|row| row.copy_from_slice(first));
        }
        let out = self.rows(layout, value, true);
        let theta = self.theta.clone();
        self.record(&out, move |d, gradients| {
            for piece in &pieces {
                let to = theta.gradient(piece.array, gradients)?;
                for row in d.chunks_exact(stride) {
                    rowwise::add_all(kernels, &row[piece.row..piece.row + piece.rows], to);
                }
            }
            Ok(())
        });
        out
    }

    /// The mean over each task's points, of which there is at least one.
    ///
    /// # Panics
    /// If there is none.
    pub fn mean_over_points(&self, of: &Rows<E>) -> Rows<E> {
        let (kernels, points) = (self.kernels(), of.points());
        assert!(points > 0, "there is no mean of nothing");
        let share = E::rounded(1.0 / points as f64);
        let layout = self.layout(Size { tasks: of.tasks(), points: 1, columns: of.columns() });
        let mut value = self.spare().zeros(layout.numbers());
        rowwise::add_groups(kernels, points, share, of.block(), layout.rows_mut(&mut value));
        let out = self.rows(layout, value, of.leads());
        let of = of.clone();
        self.record(&out, move |d, _| {
            of.derive_all(|to, is_new| {
                let to = of.layout().rows_mut(to);
                rowwise::add_spread(kernels, points, share, layout.rows(d), is_new, to);
            });
            Ok(())
        });
        out
    }

    /// The sum of rows of the same size.
    ///
    /// # Panics
    /// If one is of another size.
    pub fn sum(&self, of: &[&Rows<E>]) -> Rows<E> {
        let (kernels, first) = (self.kernels(), of[0]);
        let mut value = self.spare().zeros(first.value().len());
        for rows in of {
            assert_eq!((rows.count(), rows.columns()), (first.count(), first.columns()), "rows of one size");
            rowwise::add_all(kernels, rows.value(), &mut value);
        }
        let out = self.rows(first.layout(), value, of.iter().any(|rows| rows.leads()));
        let of: Vec<Rows<E>> = of.iter().map(|rows| (*rows).clone()).collect();
        self.record(&out, move |d, _| {
            of.iter().for_each(|rows| rows.derive(|to| rowwise::add_all(kernels, d, to)));
            Ok(())
        });
        out
    }
}
