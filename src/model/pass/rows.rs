//! Values of a pass, and their derivatives on the way back.

use std::cell::RefCell;
use std::rc::Rc;

use super::super::kernels::{Block, BlockMut, Kernels, Real, rowwise};
use super::memory::Spare;

/// A row of numbers for every point of every task. Cloning it makes another handle to the same numbers.
#[derive(Clone)]
pub struct Rows<E: Real>(Rc<Kept<E>>);

struct Kept<E: Real> {
    layout: Layout,
    /// Rows with their padding, which is zero.
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

/// How rows lie in a buffer.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    pub tasks: usize,
    pub points: usize,
    pub columns: usize,
    /// Numbers from the beginning of a row to that of the next: whole vectors.
    pub stride: usize,
}

impl Layout {
    /// Of rows of this size.
    pub fn new<E: Real>(size: Size, kernels: Kernels) -> Self {
        let Size { tasks, points, columns } = size;
        Self { tasks, points, columns, stride: kernels.stride::<E>(columns.max(1)) }
    }

    /// All rows.
    pub fn count(self) -> usize {
        self.tasks * self.points
    }

    /// Numbers of all rows, padding included.
    pub fn numbers(self) -> usize {
        self.count() * self.stride
    }

    /// All rows of a buffer with their padding.
    pub fn rows<E>(self, numbers: &[E]) -> Block<'_, E> {
        Block::new(numbers, self.count(), self.stride, self.stride)
    }

    /// The same, to write to.
    pub fn rows_mut<E>(self, numbers: &mut [E]) -> BlockMut<'_, E> {
        BlockMut::new(numbers, self.count(), self.stride, self.stride)
    }

    fn place(self, task: usize) -> std::ops::Range<usize> {
        let each = self.points * self.stride;
        task * each..(task + 1) * each
    }

    /// The rows of one task with their padding.
    pub fn of_task<E>(self, numbers: &[E], task: usize) -> Block<'_, E> {
        Block::new(&numbers[self.place(task)], self.points, self.stride, self.stride)
    }

    /// The same, to write to.
    pub fn of_task_mut<E>(self, numbers: &mut [E], task: usize) -> BlockMut<'_, E> {
        BlockMut::new(&mut numbers[self.place(task)], self.points, self.stride, self.stride)
    }
}

impl<E: Real> Rows<E> {
    /// These numbers, in rows of this layout.
    pub(super) fn new(layout: Layout, value: Vec<E>, leads: bool, spare: Rc<Spare<E>>) -> Self {
        assert_eq!(value.len(), layout.numbers(), "as many numbers as rows have");
        Self(Rc::new(Kept { layout, value, leads, derivative: RefCell::new(Vec::new()), spare }))
    }

    /// Tasks.
    pub fn tasks(&self) -> usize {
        self.0.layout.tasks
    }

    /// Points of a task.
    pub fn points(&self) -> usize {
        self.0.layout.points
    }

    /// Numbers of a row.
    pub fn columns(&self) -> usize {
        self.0.layout.columns
    }

    /// All rows.
    pub fn count(&self) -> usize {
        self.0.layout.count()
    }

    /// The numbers of one row, counted over the points of all tasks.
    pub fn row(&self, row: usize) -> &[E] {
        &self.0.value[row * self.0.layout.stride..][..self.0.layout.columns]
    }

    /// How they lie, and their derivative.
    pub(super) fn layout(&self) -> Layout {
        self.0.layout
    }

    /// Every row with its padding.
    pub(super) fn value(&self) -> &[E] {
        &self.0.value
    }

    /// The rows with their padding.
    pub(super) fn block(&self) -> Block<'_, E> {
        self.0.layout.rows(&self.0.value)
    }

    /// The rows of one task with their padding.
    pub(super) fn of_task(&self, task: usize) -> Block<'_, E> {
        self.0.layout.of_task(&self.0.value, task)
    }

    /// Whether these are the same numbers.
    pub(super) fn is(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }

    /// Whether a derivative by it leads to a parameter.
    pub(super) fn leads(&self) -> bool {
        self.0.leads
    }

    /// The derivative as it is so far, to be added to and given back; zeros where there is none.
    pub(super) fn lend_derivative(&self) -> Vec<E> {
        let derivative = self.0.derivative.take();
        if derivative.is_empty() { self.0.spare.zeros(self.0.value.len()) } else { derivative }
    }

    /// Takes it back; where none is wanted, it is dropped.
    pub(super) fn return_derivative(&self, derivative: Vec<E>) {
        if self.0.leads {
            self.0.derivative.replace(derivative);
        } else {
            self.0.spare.take_back(derivative);
        }
    }

    /// Hands `add` the derivative, to be added to, where one is wanted.
    pub(super) fn derive(&self, add: impl FnOnce(&mut [E])) {
        if self.0.leads {
            let mut derivative = self.lend_derivative();
            add(&mut derivative);
            self.return_derivative(derivative);
        }
    }

    /// The same, where the first that comes may write over what it finds: it is told whether it is.
    pub(super) fn derive_all(&self, add: impl FnOnce(&mut [E], bool)) {
        if self.0.leads {
            let mut derivative = self.0.derivative.take();
            let is_new = derivative.is_empty();
            if is_new {
                derivative = self.0.spare.some(self.0.value.len());
            }
            add(&mut derivative, is_new);
            self.return_derivative(derivative);
        }
    }

    /// Adds all of `d`, or takes it as it is where there is no derivative yet.
    pub(super) fn hand(&self, d: &mut Vec<E>, kernels: Kernels) {
        if !self.0.leads {
            return;
        }
        let mut derivative = self.0.derivative.borrow_mut();
        if derivative.is_empty() {
            std::mem::swap(&mut *derivative, d);
        } else {
            rowwise::add_all(kernels, d, &mut derivative);
        }
    }

    /// The derivative, when all that used these rows has added its share; `None` where nothing did.
    pub(super) fn take_derivative(&self) -> Option<Vec<E>> {
        Some(self.0.derivative.take()).filter(|derivative| !derivative.is_empty())
    }
}
