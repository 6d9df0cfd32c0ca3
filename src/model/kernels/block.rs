//! Rows of numbers of any width, as the operations on the tape hand them to the kernels.

/// The first `columns` numbers of rows that lie `stride` apart.
#[derive(Clone, Copy, Debug)]
pub struct Block<'a, E> {
    pub(super) numbers: &'a [E],
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) stride: usize,
}

/// The same, to write to.
#[derive(Debug)]
pub struct BlockMut<'a, E> {
    pub(super) numbers: &'a mut [E],
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) stride: usize,
}

/// Whether there are so many numbers.
fn fits(numbers: usize, rows: usize, columns: usize, stride: usize) -> bool {
    rows == 0 || (columns <= stride && numbers >= columns && (numbers - columns) / stride.max(1) >= rows - 1)
}

impl<'a, E> Block<'a, E> {
    /// These rows.
    ///
    /// # Panics
    /// If there are not so many numbers.
    #[inline(always)]
    pub fn new(numbers: &'a [E], rows: usize, columns: usize, stride: usize) -> Self {
        assert!(fits(numbers.len(), rows, columns, stride), "a block lies within its numbers");
        Self { numbers, rows, columns, stride }
    }

    /// One row.
    #[inline(always)]
    pub fn row(self, row: usize) -> &'a [E] {
        &self.numbers[row * self.stride..][..self.columns]
    }

    /// So many columns of its rows, from `column` on.
    ///
    /// # Panics
    /// If it does not have them.
    #[inline(always)]
    pub fn part(self, column: usize, columns: usize) -> Self {
        assert!(column + columns <= self.columns, "a part lies within its block");
        let from = column.min(self.numbers.len());
        Self { numbers: &self.numbers[from..], columns, ..self }
    }
}

impl<'a, E> BlockMut<'a, E> {
    /// These rows.
    ///
    /// # Panics
    /// If there are not so many numbers.
    #[inline(always)]
    pub fn new(numbers: &'a mut [E], rows: usize, columns: usize, stride: usize) -> Self {
        assert!(fits(numbers.len(), rows, columns, stride), "a block lies within its numbers");
        Self { numbers, rows, columns, stride }
    }

    /// One row.
    #[inline(always)]
    pub fn row(&mut self, row: usize) -> &mut [E] {
        &mut self.numbers[row * self.stride..][..self.columns]
    }

    /// So many columns of its rows, from `column` on.
    ///
    /// # Panics
    /// If it does not have them.
    #[inline(always)]
    pub fn part(&mut self, column: usize, columns: usize) -> BlockMut<'_, E> {
        assert!(column + columns <= self.columns, "a part lies within its block");
        let from = column.min(self.numbers.len());
        BlockMut { numbers: &mut self.numbers[from..], rows: self.rows, columns, stride: self.stride }
    }
}
