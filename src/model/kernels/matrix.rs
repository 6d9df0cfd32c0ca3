//! Rows of numbers as the kernels see them. How many there are and how far apart they lie are numbers at run time,
//! so that a kernel is compiled once for networks of every width.

use std::marker::PhantomData;

use super::simd::Simd;

/// Rows of `stride` numbers back to back.
#[derive(Clone, Copy, Debug)]
pub struct Matrix<'a, E> {
    numbers: &'a [E],
    rows: usize,
    stride: usize,
}

/// The same, to write to.
#[derive(Debug)]
pub struct MatrixMut<'a, E> {
    numbers: &'a mut [E],
    rows: usize,
    stride: usize,
}

impl<'a, E: Copy> Matrix<'a, E> {
    /// These numbers as rows.
    ///
    /// # Panics
    /// If they are no whole rows.
    #[inline(always)]
    pub fn new(numbers: &'a [E], stride: usize) -> Self {
        Self::of(numbers, numbers.len() / stride, stride)
    }

    /// These numbers as so many rows, which saves a division.
    #[inline(always)]
    pub fn of(numbers: &'a [E], rows: usize, stride: usize) -> Self {
        assert!(numbers.len() == rows * stride, "these are no whole rows");
        Self { numbers, rows, stride }
    }

    /// Rows.
    #[inline(always)]
    pub fn rows(self) -> usize {
        self.rows
    }

    /// Numbers from the beginning of a row to that of the next.
    #[inline(always)]
    pub fn stride(self) -> usize {
        self.stride
    }

    /// Every number, row after row.
    #[inline(always)]
    pub fn flat(self) -> &'a [E] {
        self.numbers
    }

    /// One row.
    #[inline(always)]
    pub fn row(self, row: usize) -> &'a [E] {
        &self.numbers[row * self.stride..][..self.stride]
    }

    /// Row by row.
    #[inline(always)]
    pub fn iter(self) -> RowIter<'a, E> {
        RowIter { rest: self.numbers, stride: self.stride }
    }

    /// So many rows at a time.
    #[inline(always)]
    pub fn groups(self, rows: usize) -> impl Iterator<Item = Matrix<'a, E>> {
        let stride = self.stride;
        self.numbers.chunks_exact(rows * stride).map(move |numbers| Matrix { numbers, rows, stride })
    }

    /// The first rows, and the others.
    pub fn split_at(self, rows: usize) -> (Self, Self) {
        let (first, rest) = self.numbers.split_at(rows * self.stride);
        let (stride, others) = (self.stride, self.rows - rows);
        (Self { numbers: first, rows, stride }, Self { numbers: rest, rows: others, stride })
    }

    /// The `lane`-th vector of every row.
    #[inline(always)]
    pub fn lane<S: Simd<E>>(self, lane: usize) -> Lane<'a, E, S> {
        assert!((lane + 1) * S::WIDTH <= self.stride, "a lane lies within its rows");
        Lane {
            first: self.numbers.as_ptr().wrapping_add(lane * S::WIDTH),
            rows: self.rows,
            stride: self.stride,
            of: PhantomData,
        }
    }
}

impl<'a, E: Copy> MatrixMut<'a, E> {
    /// These numbers as rows.
    ///
    /// # Panics
    /// If they are no whole rows.
    #[inline(always)]
    pub fn new(numbers: &'a mut [E], stride: usize) -> Self {
        let rows = numbers.len() / stride;
        Self::of(numbers, rows, stride)
    }

    /// These numbers as so many rows, which saves a division.
    #[inline(always)]
    pub fn of(numbers: &'a mut [E], rows: usize, stride: usize) -> Self {
        assert!(numbers.len() == rows * stride, "these are no whole rows");
        Self { numbers, rows, stride }
    }

    /// Rows.
    #[inline(always)]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Numbers from the beginning of a row to that of the next.
    #[inline(always)]
    pub fn stride(&self) -> usize {
        self.stride
    }

    /// To read from.
    #[inline(always)]
    pub fn shared(&self) -> Matrix<'_, E> {
        Matrix { numbers: self.numbers, rows: self.rows, stride: self.stride }
    }

    /// For a while.
    #[inline(always)]
    pub fn reborrow(&mut self) -> MatrixMut<'_, E> {
        MatrixMut { numbers: self.numbers, rows: self.rows, stride: self.stride }
    }

    /// Every number, row after row.
    #[inline(always)]
    pub fn flat(self) -> &'a mut [E] {
        self.numbers
    }

    /// One row.
    #[inline(always)]
    pub fn row(self, row: usize) -> &'a mut [E] {
        &mut self.numbers[row * self.stride..][..self.stride]
    }

    /// Row by row.
    #[inline(always)]
    pub fn iter_mut(self) -> RowIterMut<'a, E> {
        RowIterMut { rest: self.numbers, stride: self.stride }
    }

    /// So many rows at a time.
    #[inline(always)]
    pub fn groups(self, rows: usize) -> impl Iterator<Item = MatrixMut<'a, E>> {
        let stride = self.stride;
        self.numbers.chunks_exact_mut(rows * stride).map(move |numbers| MatrixMut { numbers, rows, stride })
    }

    /// The first rows, and the others.
    pub fn split_at(self, rows: usize) -> (Self, Self) {
        let (stride, others) = (self.stride, self.rows - rows);
        let (first, rest) = self.numbers.split_at_mut(rows * stride);
        (Self { numbers: first, rows, stride }, Self { numbers: rest, rows: others, stride })
    }

    /// The rows from this one on.
    #[inline(always)]
    pub fn from(self, row: usize) -> Self {
        let (rows, stride) = (self.rows - row, self.stride);
        Self { numbers: &mut self.numbers[row * stride..], rows, stride }
    }

    /// The `lane`-th vector of every row.
    #[inline(always)]
    pub fn lane<S: Simd<E>>(self, lane: usize) -> LaneMut<'a, E, S> {
        assert!((lane + 1) * S::WIDTH <= self.stride, "a lane lies within its rows");
        let rows = self.rows;
        LaneMut {
            first: self.numbers.as_mut_ptr().wrapping_add(lane * S::WIDTH),
            rows,
            stride: self.stride,
            of: PhantomData,
        }
    }
}

/// Row by row; without the division that the library's chunks begin with.
pub struct RowIter<'a, E> {
    rest: &'a [E],
    stride: usize,
}

impl<'a, E> Iterator for RowIter<'a, E> {
    type Item = &'a [E];

    #[inline(always)]
    fn next(&mut self) -> Option<&'a [E]> {
        let (row, rest) = self.rest.split_at_checked(self.stride)?;
        self.rest = rest;
        Some(row)
    }
}

/// The same, to write to.
pub struct RowIterMut<'a, E> {
    rest: &'a mut [E],
    stride: usize,
}

impl<'a, E> Iterator for RowIterMut<'a, E> {
    type Item = &'a mut [E];

    #[inline(always)]
    fn next(&mut self) -> Option<&'a mut [E]> {
        let (row, rest) = std::mem::take(&mut self.rest).split_at_mut_checked(self.stride)?;
        self.rest = rest;
        Some(row)
    }
}

/// The vectors of one lane, row by row.
#[derive(Clone, Copy)]
pub struct Lane<'a, E, S> {
    first: *const E,
    rows: usize,
    stride: usize,
    of: PhantomData<(&'a [E], S)>,
}

impl<'a, E: Copy, S: Simd<E>> Lane<'a, E, S> {
    /// That of one row.
    ///
    /// # Panics
    /// If there is no such row.
    #[inline(always)]
    pub fn at(&self, row: usize) -> &'a S::Chunk {
        assert!(row < self.rows);
        // SAFETY: `Matrix::lane` has seen that the lane lies within a row, and there is this row.
        unsafe { &*self.first.add(row * self.stride).cast() }
    }
}

/// The vectors of one lane, row by row, to write to.
pub struct LaneMut<'a, E, S> {
    first: *mut E,
    rows: usize,
    stride: usize,
    of: PhantomData<(&'a mut [E], S)>,
}

impl<E: Copy, S: Simd<E>> LaneMut<'_, E, S> {
    /// That of one row.
    ///
    /// # Panics
    /// If there is no such row.
    #[inline(always)]
    pub fn at(&mut self, row: usize) -> &mut S::Chunk {
        assert!(row < self.rows);
        // SAFETY: `MatrixMut::lane` has seen that the lane lies within a row, and there is this row.
        unsafe { &mut *self.first.add(row * self.stride).cast() }
    }
}
