//! Values of a pass, and their derivatives on the way back.

use std::cell::RefCell;
use std::rc::Rc;

use super::super::kernels::{Block, BlockMut, Kernels, Real};
use super::memory::Spare;

/// A row of numbers for every point of every task. Cloning it makes another handle to the same numbers.
#[derive(Clone)]
pub struct Rows<E: Real>(Rc<Kept<E>>);

struct Kept<E: Real> {
    tasks: usize,
    points: usize,
    columns: usize,
    stride: usize,
    /// Rows of `stride` numbers, the padding zero.
    value: Vec<E>,
    /// Whether a derivative by it leads to a parameter.
    leads: bool,
    /// The derivative of what the pass ends in; empty as long as there is none.
    derivative: RefCell<Vec<E>>,
    spare: Rc<Spare<E>>,
}

impl<E: Real> Drop for Kept<E> {
    fn drop(&mut self) {
        self.spare.take_back(std::mem::take(&mut self.value));
        self.spare.take_back(self.derivative.take());
    }
}

/// How many rows there are, and of how many numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    pub tasks: usize,
    pub points: usize,
    pub columns: usize,
}

impl<E: Real> Rows<E> {
    /// These numbers, in rows of the kernels' stride.
    pub(super) fn new(size: Size, value: Vec<E>, leads: bool, kernels: Kernels, spare: Rc<Spare<E>>) -> Self {
        let Size { tasks, points, columns } = size;
        let (stride, derivative) = (kernels.stride::<E>(columns), RefCell::new(Vec::new()));
        assert_eq!(value.len(), tasks * points * stride, "as many numbers as rows have");
        Self(Rc::new(Kept { tasks, points, columns, stride, value, leads, derivative, spare }))
    }

    /// Tasks.
    pub fn tasks(&self) -> usize {
        self.0.tasks
    }

    /// Points of a task.
    pub fn points(&self) -> usize {
        self.0.points
    }

    /// Numbers of a row.
    pub fn columns(&self) -> usize {
        self.0.columns
    }

    /// All rows.
    pub fn count(&self) -> usize {
        self.0.tasks * self.0.points
    }

    /// The numbers of one row, counted over the points of all tasks.
    pub fn row(&self, row: usize) -> &[E] {
        &self.0.value[row * self.0.stride..][..self.0.columns]
    }

    /// Numbers from the beginning of a row to that of the next.
    pub(super) fn stride(&self) -> usize {
        self.0.stride
    }

    /// Every row with its padding.
    pub(super) fn value(&self) -> &[E] {
        &self.0.value
    }

    /// The rows without their padding.
    pub(super) fn block(&self) -> Block<'_, E> {
        Block::new(&self.0.value, self.count(), self.0.columns, self.0.stride)
    }

    /// The rows of one task, `columns` of their numbers from `column` on.
    pub(super) fn of_task(&self, (task, column, columns): (usize, usize, usize)) -> Block<'_, E> {
        let Kept { points, stride, value, .. } = &*self.0;
        let from = (task * points * stride + column).min(value.len());
        Block::new(&value[from..], *points, columns, *stride)
    }

    /// The same of numbers that lie as these do.
    pub(super) fn of_task_in<'a>(
        &self,
        numbers: &'a mut [E],
        (task, column, columns): (usize, usize, usize),
    ) -> BlockMut<'a, E> {
        let Kept { points, stride, .. } = &*self.0;
        let from = (task * points * stride + column).min(numbers.len());
        BlockMut::new(&mut numbers[from..], *points, columns, *stride)
    }

    /// Whether a derivative by it leads to a parameter.
    pub(super) fn leads(&self) -> bool {
        self.0.leads
    }

    /// Hands `add` the derivative, to be added to, where one is wanted.
    pub(super) fn derive(&self, add: impl FnOnce(&mut [E])) {
        if !self.0.leads {
            return;
        }
        let mut derivative = self.0.derivative.borrow_mut();
        if derivative.is_empty() {
            *derivative = self.0.spare.zeros(self.0.value.len());
        }
        add(&mut derivative);
    }

    /// The derivative, when all that used these rows has added its share; `None` where nothing did.
    pub(super) fn take_derivative(&self) -> Option<Vec<E>> {
        Some(self.0.derivative.take()).filter(|derivative| !derivative.is_empty())
    }
}
