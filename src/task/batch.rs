//! Points of a meta-batch as the numerical core takes them: flat, one task after another.

/// The points of several tasks, as many in each.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch<E> {
    tasks: usize,
    rows: usize,
    x: Vec<E>,
    y: Vec<E>,
}

impl<E> Batch<E> {
    /// Room for `tasks` tasks of `rows` points, all default.
    pub fn new(tasks: usize, rows: usize) -> Self
    where
        E: Clone + Default,
    {
        Self { tasks, rows, x: vec![E::default(); tasks * rows], y: vec![E::default(); tasks * rows] }
    }

    /// One task's points.
    pub fn of_one(x: Vec<E>, y: Vec<E>) -> Self {
        assert_eq!(x.len(), y.len(), "a point has an x and a y");
        Self { tasks: 1, rows: x.len(), x, y }
    }

    /// Another number of points a task, whatever they are; memory is kept.
    pub fn set_rows(&mut self, rows: usize)
    where
        E: Clone + Default,
    {
        self.rows = rows;
        self.x.resize(self.tasks * rows, E::default());
        self.y.resize(self.tasks * rows, E::default());
    }

    /// Points a task.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Tasks.
    pub fn tasks(&self) -> usize {
        self.tasks
    }

    /// Inputs and targets of one task.
    pub fn task(&self, task: usize) -> (&[E], &[E]) {
        let range = task * self.rows..(task + 1) * self.rows;
        (&self.x[range.clone()], &self.y[range])
    }

    /// Inputs and targets of the tasks from `from` to before `to`, one after another.
    pub fn tasks_from(&self, from: usize, to: usize) -> (&[E], &[E]) {
        let range = from * self.rows..to * self.rows;
        (&self.x[range.clone()], &self.y[range])
    }

    /// The inputs of all tasks, one after another, to write to.
    pub fn every_x_mut(&mut self) -> &mut [E] {
        &mut self.x
    }

    /// Inputs and targets of one task, to write to.
    pub fn task_mut(&mut self, task: usize) -> (&mut [E], &mut [E]) {
        let range = task * self.rows..(task + 1) * self.rows;
        (&mut self.x[range.clone()], &mut self.y[range])
    }
}
