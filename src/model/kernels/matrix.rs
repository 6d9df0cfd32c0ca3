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

    /// The same, where whoever asks knows it.
    ///
    /// # Safety
    /// There are `rows * stride` numbers.
    #[inline(always)]
    pub unsafe fn unchecked(numbers: &'a [E], rows: usize, stride: usize) -> Self {
        debug_assert!(numbers.len() == rows * stride, "these are no whole rows");
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

    /// The vectors of every row from the `lane`-th on.
    #[inline(always)]
    pub fn strip<S: Simd<E>, const N: usize>(self, lane: usize) -> Strip<'a, E, S, N> {
        assert!((lane + N) * S::WIDTH <= self.stride, "a strip lies within its rows");
        Strip {
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

    /// The same, where whoever asks knows it.
    ///
    /// # Safety
    /// There are `rows * stride` numbers.
    #[inline(always)]
    pub unsafe fn unchecked(numbers: &'a mut [E], rows: usize, stride: usize) -> Self {
        debug_assert!(numbers.len() == rows * stride, "these are no whole rows");
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

    /// The vectors of every row from the `lane`-th on.
    #[inline(always)]
    pub fn strip<S: Simd<E>, const N: usize>(self, lane: usize) -> StripMut<'a, E, S, N> {
        assert!((lane + N) * S::WIDTH <= self.stride, "a strip lies within its rows");
        let rows = self.rows;
        StripMut {
            first: self.numbers.as_mut_ptr().wrapping_add(lane * S::WIDTH),
            rows,
            stride: self.stride,
            of: PhantomData,
        }
    }
}

/// The vectors of a row from the `lane`-th on.
#[inline(always)]
pub fn load<E, S: Simd<E>, const N: usize>(row: &[E], lane: usize) -> [S::V; N] {
    let chunks = &S::chunks(row)[lane..lane + N];
    let mut vectors = [S::load(&chunks[0]); N];
    for i in 1..N {
        vectors[i] = S::load(&chunks[i]);
    }
    vectors
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

/// Some vectors side by side of every row. How many is known when this is compiled, so that they and what is
/// made of them stay in registers from one row to the next.
#[derive(Clone, Copy)]
pub struct Strip<'a, E, S, const N: usize> {
    first: *const E,
    rows: usize,
    stride: usize,
    of: PhantomData<(&'a [E], S)>,
}

impl<E: Copy, S: Simd<E>, const N: usize> Strip<'_, E, S, N> {
    /// Those of one row.
    ///
    /// # Panics
    /// If there is no such row.
    #[inline(always)]
    pub fn load(&self, row: usize) -> [S::V; N] {
        assert!(row < self.rows);
        // SAFETY: `Matrix::strip` has seen that the strip lies within a row, and there is this row.
        let chunks: &[S::Chunk; N] = unsafe { &*self.first.add(row * self.stride).cast() };
        let mut vectors = [S::load(&chunks[0]); N];
        for i in 1..N {
            vectors[i] = S::load(&chunks[i]);
        }
        vectors
    }
}

/// Some vectors side by side of every row, to write to.
pub struct StripMut<'a, E, S, const N: usize> {
    first: *mut E,
    rows: usize,
    stride: usize,
    of: PhantomData<(&'a mut [E], S)>,
}

impl<E: Copy, S: Simd<E>, const N: usize> StripMut<'_, E, S, N> {
    /// Those of one row.
    ///
    /// # Panics
    /// If there is no such row.
    #[inline(always)]
    pub fn at(&mut self, row: usize) -> &mut [S::Chunk; N] {
        assert!(row < self.rows);
        // SAFETY: `MatrixMut::strip` has seen that the strip lies within a row, and there is this row.
        unsafe { &mut *self.first.add(row * self.stride).cast() }
    }
}

/// Walks the lanes of a row in strips: `$body` is compiled for these widths of a strip, the last of which is 1, and
/// told where each begins. What it keeps of a strip, times the widest, has to fit sixteen registers.
macro_rules! in_strips {
    ($($width:literal),+ of $lanes:expr, |$lane:ident, $few:ident| $body:block) => {{
        let lanes = $lanes;
        let mut $lane = 0;
        $({
            const $few: usize = $width;
            while lanes - $lane >= $few {
                $body
                $lane += $few;
            }
        })+
    }};
}
pub(super) use in_strips;
