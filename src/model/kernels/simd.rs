//! Short vectors: the handful of operations the passes are written in, once as 512-bit AVX-512 instructions, once
//! as 256-bit AVX2 and FMA instructions and once as plain arrays. Everything is `inline(always)`: the instructions
//! only exist inside a function compiled for them, which the dispatch in this room's `mod.rs` provides.
//!
//! An element has the same operations in 512 bits as in 256, so both give the same bits. What is summed *across*
//! lanes is added up in [`Simd::Narrow`] vectors, which are 256 bits wide for both.

/// Vectors of `E`.
pub trait Simd<E>: 'static {
    /// A few numbers.
    type V: Copy;
    /// The same in memory.
    type Chunk: Copy;
    /// How sums across lanes are added up.
    type Narrow: Lanes<E>;
    /// How many numbers.
    const WIDTH: usize;
    /// Which instructions there are; decides the tiles' shapes.
    const LEVEL: Level;

    /// All lanes `x`.
    fn splat(x: E) -> Self::V;
    /// A row whose length is a multiple of the width, vector by vector; what is left over is left out.
    fn chunks(row: &[E]) -> &[Self::Chunk];
    /// The same, to write to.
    fn chunks_mut(row: &mut [E]) -> &mut [Self::Chunk];
    /// From memory.
    fn load(chunk: &Self::Chunk) -> Self::V;
    /// To memory.
    fn store(chunk: &mut Self::Chunk, v: Self::V);
    /// Fewer numbers than a vector has; the other lanes are 0.
    fn load_first(from: &[E]) -> Self::V;
    /// The first lanes, fewer than all.
    fn store_first(to: &mut [E], v: Self::V);
    /// a + b.
    fn add(a: Self::V, b: Self::V) -> Self::V;
    /// a - b.
    fn sub(a: Self::V, b: Self::V) -> Self::V;
    /// a * b.
    fn mul(a: Self::V, b: Self::V) -> Self::V;
    /// a / b.
    fn div(a: Self::V, b: Self::V) -> Self::V;
    /// Square root.
    fn sqrt(a: Self::V) -> Self::V;
    /// a * b + c, rounded once unless the level is [`Level::Portable`].
    fn mul_add(a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    /// The same of single numbers.
    fn mul_add_one(a: E, b: E, c: E) -> E;
    /// The larger one; `b` where either is NaN.
    fn max(a: Self::V, b: Self::V) -> Self::V;
    /// The larger of 0 and `v`; NaN stays NaN.
    fn positive_part(v: Self::V) -> Self::V;
    /// `u` where `h` > 0, else 0.
    fn where_positive(h: Self::V, u: Self::V) -> Self::V;
    /// `v` without its sign.
    fn magnitude(v: Self::V) -> Self::V;
    /// `v`, which has no sign, with that of `of`.
    fn with_sign(v: Self::V, of: Self::V) -> Self::V;
    /// Adds `a * b` to `sums`, the first lanes before the others where these are wider vectors than the sums.
    fn add_products(
        a: Self::V,
        b: Self::V,
        sums: <Self::Narrow as Simd<E>>::V,
    ) -> <Self::Narrow as Simd<E>>::V;
    /// Narrow numbers in both halves of a vector that has halves.
    fn twice(v: <Self::Narrow as Simd<E>>::V) -> Self::V;
    /// The first half of `a` and the second of `b`, of vectors that have halves; `second` is [`Simd::second`].
    fn halves(a: Self::V, b: Self::V, second: u16) -> Self::V;
    /// Which lanes the second half has, of vectors that have halves. The compiler does not know it, and so does not
    /// turn the choice between lanes into a permutation, which would take the place of a multiply-add.
    #[inline(always)]
    fn second() -> u16 {
        std::hint::black_box(0xffff << (Self::WIDTH / 2))
    }
    /// Both halves, of a vector that has them.
    fn split(v: Self::V) -> [<Self::Narrow as Simd<E>>::V; 2];
    /// `f` of every lane, for what is not worth an instruction here.
    fn map(v: Self::V, f: impl Fn(E) -> E) -> Self::V;
}

/// What goes across the lanes of a vector, which has the same order whatever the instructions.
pub trait Lanes<E>: Simd<E> {
    /// The sum of all lanes, halves folded together.
    fn sum(v: Self::V) -> E;
    /// The first [`Simd::WIDTH`] of these vectors as the rows of a block, transposed.
    fn transpose(rows: &mut [Self::V; 8]);
    /// The sum of all lanes of each of these, as [`Lanes::sum`] has it, side by side.
    #[inline(always)]
    fn sums(rows: &mut [Self::V; 8]) -> Self::V {
        Self::transpose(rows);
        let mut width = Self::WIDTH;
        while width > 1 {
            width /= 2;
            for i in 0..width {
                rows[i] = Self::add(rows[i], rows[i + width]);
            }
        }
        rows[0]
    }
}

/// Instructions and registers that vectors are compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// The target's baseline: sixteen registers of 128 bits, no fused multiply-add.
    Portable,
    /// AVX2 and FMA: sixteen registers of 256 bits.
    Avx2,
    /// AVX-512 F, VL, DQ and BW: thirty-two registers of 512 bits.
    Avx512,
}

impl Level {
    /// Whether this processor has it.
    pub fn is_there(self) -> bool {
        #[cfg(target_arch = "x86_64")]
        {
            let has_avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
            match self {
                Self::Portable => true,
                Self::Avx2 => has_avx2,
                Self::Avx512 => {
                    has_avx2
                        && is_x86_feature_detected!("avx512f")
                        && is_x86_feature_detected!("avx512vl")
                        && is_x86_feature_detected!("avx512dq")
                        && is_x86_feature_detected!("avx512bw")
                }
            }
        }
        #[cfg(not(target_arch = "x86_64"))]
        {
            self == Self::Portable
        }
    }

    /// Bytes of a vector.
    pub fn bytes(self) -> usize {
        match self {
            Self::Portable | Self::Avx2 => 32,
            Self::Avx512 => 64,
        }
    }
}

/// Plain arrays of 256 bits' size, for the compiler to split into what the baseline has.
pub struct Portable;

macro_rules! portable {
    ($type:ident, $width:literal) => {
        impl Simd<$type> for Portable {
            type V = [$type; $width];
            type Chunk = [$type; $width];
            type Narrow = Self;
            const WIDTH: usize = $width;
            const LEVEL: Level = Level::Portable;

            #[inline(always)]
            fn splat(x: $type) -> Self::V {
                [x; $width]
            }
            #[inline(always)]
            fn chunks(row: &[$type]) -> &[Self::Chunk] {
                row.as_chunks().0
            }
            #[inline(always)]
            fn chunks_mut(row: &mut [$type]) -> &mut [Self::Chunk] {
                row.as_chunks_mut().0
            }
            #[inline(always)]
            fn load(chunk: &Self::Chunk) -> Self::V {
                *chunk
            }
            #[inline(always)]
            fn store(chunk: &mut Self::Chunk, v: Self::V) {
                *chunk = v;
            }
            #[inline(always)]
            fn load_first(from: &[$type]) -> Self::V {
                std::array::from_fn(|i| from.get(i).copied().unwrap_or(0.0))
            }
            #[inline(always)]
            fn store_first(to: &mut [$type], v: Self::V) {
                to.iter_mut().zip(v).for_each(|(to, lane)| *to = lane);
            }
            #[inline(always)]
            fn add(a: Self::V, b: Self::V) -> Self::V {
                std::array::from_fn(|i| a[i] + b[i])
            }
            #[inline(always)]
            fn sub(a: Self::V, b: Self::V) -> Self::V {
                std::array::from_fn(|i| a[i] - b[i])
            }
            #[inline(always)]
            fn mul(a: Self::V, b: Self::V) -> Self::V {
                std::array::from_fn(|i| a[i] * b[i])
            }
            #[inline(always)]
            fn div(a: Self::V, b: Self::V) -> Self::V {
                std::array::from_fn(|i| a[i] / b[i])
            }
            #[inline(always)]
            fn sqrt(a: Self::V) -> Self::V {
                std::array::from_fn(|i| a[i].sqrt())
            }
            #[inline(always)]
            fn mul_add(a: Self::V, b: Self::V, c: Self::V) -> Self::V {
                std::array::from_fn(|i| a[i] * b[i] + c[i])
            }
            #[inline(always)]
            fn mul_add_one(a: $type, b: $type, c: $type) -> $type {
                a * b + c
            }
            #[inline(always)]
            fn max(a: Self::V, b: Self::V) -> Self::V {
                std::array::from_fn(|i| if a[i] > b[i] { a[i] } else { b[i] })
            }
            #[inline(always)]
            fn positive_part(v: Self::V) -> Self::V {
                std::array::from_fn(|i| if v[i] < 0.0 { 0.0 } else { v[i] })
            }
            #[inline(always)]
            fn where_positive(h: Self::V, u: Self::V) -> Self::V {
                std::array::from_fn(|i| if h[i] > 0.0 { u[i] } else { 0.0 })
            }
            #[inline(always)]
            fn magnitude(v: Self::V) -> Self::V {
                std::array::from_fn(|i| v[i].abs())
            }
            #[inline(always)]
            fn with_sign(v: Self::V, of: Self::V) -> Self::V {
                std::array::from_fn(|i| v[i].copysign(of[i]))
            }
            #[inline(always)]
            fn add_products(a: Self::V, b: Self::V, sums: Self::V) -> Self::V {
                <Self as Simd<$type>>::mul_add(a, b, sums)
            }
            #[inline(always)]
            fn twice(v: Self::V) -> Self::V {
                v
            }
            #[inline(always)]
            fn halves(a: Self::V, _: Self::V, _: u16) -> Self::V {
                a
            }
            #[inline(always)]
            fn split(v: Self::V) -> [Self::V; 2] {
                [v, v]
            }
            #[inline(always)]
            fn map(v: Self::V, f: impl Fn($type) -> $type) -> Self::V {
                std::array::from_fn(|i| f(v[i]))
            }
        }

        impl Lanes<$type> for Portable {
            #[inline(always)]
            fn sum(mut v: Self::V) -> $type {
                let mut width = $width;
                while width > 1 {
                    width /= 2;
                    for i in 0..width {
                        v[i] += v[i + width];
                    }
                }
                v[0]
            }
            #[inline(always)]
            fn transpose(rows: &mut [Self::V; 8]) {
                for i in 0..$width {
                    for j in 0..i {
                        let (a, b) = (rows[i][j], rows[j][i]);
                        (rows[i][j], rows[j][i]) = (b, a);
                    }
                }
            }
        }
    };
}

portable!(f32, 8);
portable!(f64, 4);

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64 as x86;

/// 256-bit registers with fused multiply-add.
#[cfg(target_arch = "x86_64")]
pub struct Avx2;

/// 512-bit registers with fused multiply-add.
#[cfg(target_arch = "x86_64")]
pub struct Avx512;

/// So many ones, from the lowest bit on; at most 16.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn first_bits(count: usize) -> u32 {
    (1 << count.min(16)) - 1
}

/// A mask of the first of eight lanes.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn first_of_8(count: usize) -> x86::__m256i {
    // SAFETY: as for every block of the macro below; no memory is touched.
    unsafe {
        let places = x86::_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
        x86::_mm256_cmpgt_epi32(x86::_mm256_set1_epi32(count.min(8) as i32), places)
    }
}

/// A mask of the first of four lanes.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn first_of_4(count: usize) -> x86::__m256i {
    // SAFETY: as for every block of the macro below; no memory is touched.
    unsafe {
        let places = x86::_mm256_setr_epi64x(0, 1, 2, 3);
        x86::_mm256_cmpgt_epi64(x86::_mm256_set1_epi64x(count.min(4) as i64), places)
    }
}

// SAFETY, for every `unsafe` block in this macro: the intrinsics need the instructions of their level, and `Avx2`
// and `Avx512` are only named in functions compiled with these enabled, which this room's dispatch calls only after
// detecting them. Loads and stores go through references to exactly a register's size, or masked to a slice's.
#[cfg(target_arch = "x86_64")]
macro_rules! registers {
    ($vectors:ident, $level:ident, $type:ident, $width:literal, $register:ident, narrow: $narrow:ident,
     load: $load:ident, store: $store:ident, set1: $set1:ident, add: $add:ident, sub: $sub:ident, mul: $mul:ident,
     div: $div:ident, sqrt: $sqrt:ident, fmadd: $fmadd:ident, max: $max:ident, zero: $zero:ident,
     or: $or:ident, and: $and:ident, andnot: $andnot:ident,
     where_positive: |$h:ident, $u:ident| $where_positive:expr,
     load_first: |$from:ident| $load_first:expr, store_first: |$to:ident, $v:ident| $store_first:expr,
     add_products: |$a:ident, $b:ident, $sums:ident| $add_products:expr,
     twice: |$n:ident| $twice:expr, halves: |$x:ident, $y:ident, $second:ident| $halves:expr, split: |$w:ident| $split:expr) => {
        // Vectors without halves say so in plain words.
        #[allow(unused_unsafe)]
        impl Simd<$type> for $vectors {
            type V = x86::$register;
            type Chunk = [$type; $width];
            type Narrow = $narrow;
            const WIDTH: usize = $width;
            const LEVEL: Level = Level::$level;

            #[inline(always)]
            fn splat(x: $type) -> Self::V {
                unsafe { x86::$set1(x) }
            }
            #[inline(always)]
            fn chunks(row: &[$type]) -> &[Self::Chunk] {
                row.as_chunks().0
            }
            #[inline(always)]
            fn chunks_mut(row: &mut [$type]) -> &mut [Self::Chunk] {
                row.as_chunks_mut().0
            }
            #[inline(always)]
            fn load(chunk: &Self::Chunk) -> Self::V {
                unsafe { x86::$load(chunk.as_ptr()) }
            }
            #[inline(always)]
            fn store(chunk: &mut Self::Chunk, v: Self::V) {
                unsafe { x86::$store(chunk.as_mut_ptr(), v) }
            }
            #[inline(always)]
            fn load_first($from: &[$type]) -> Self::V {
                unsafe { $load_first }
            }
            #[inline(always)]
            fn store_first($to: &mut [$type], $v: Self::V) {
                unsafe { $store_first }
            }
            #[inline(always)]
            fn add(a: Self::V, b: Self::V) -> Self::V {
                unsafe { x86::$add(a, b) }
            }
            #[inline(always)]
            fn sub(a: Self::V, b: Self::V) -> Self::V {
                unsafe { x86::$sub(a, b) }
            }
            #[inline(always)]
            fn mul(a: Self::V, b: Self::V) -> Self::V {
                unsafe { x86::$mul(a, b) }
            }
            #[inline(always)]
            fn div(a: Self::V, b: Self::V) -> Self::V {
                unsafe { x86::$div(a, b) }
            }
            #[inline(always)]
            fn sqrt(a: Self::V) -> Self::V {
                unsafe { x86::$sqrt(a) }
            }
            #[inline(always)]
            fn mul_add(a: Self::V, b: Self::V, c: Self::V) -> Self::V {
                unsafe { x86::$fmadd(a, b, c) }
            }
            #[inline(always)]
            fn mul_add_one(a: $type, b: $type, c: $type) -> $type {
                a.mul_add(b, c)
            }
            #[inline(always)]
            fn max(a: Self::V, b: Self::V) -> Self::V {
                unsafe { x86::$max(a, b) }
            }
            #[inline(always)]
            fn positive_part(v: Self::V) -> Self::V {
                // The instruction answers its second operand when either is NaN.
                unsafe { x86::$max(x86::$zero(), v) }
            }
            #[inline(always)]
            fn where_positive($h: Self::V, $u: Self::V) -> Self::V {
                unsafe { $where_positive }
            }
            #[inline(always)]
            fn magnitude(v: Self::V) -> Self::V {
                unsafe { x86::$andnot(x86::$set1(-0.0), v) }
            }
            #[inline(always)]
            fn with_sign(v: Self::V, of: Self::V) -> Self::V {
                unsafe { x86::$or(v, x86::$and(x86::$set1(-0.0), of)) }
            }
            #[inline(always)]
            fn add_products(
                $a: Self::V,
                $b: Self::V,
                $sums: <Self::Narrow as Simd<$type>>::V,
            ) -> <Self::Narrow as Simd<$type>>::V {
                unsafe { $add_products }
            }
            #[inline(always)]
            fn twice($n: <Self::Narrow as Simd<$type>>::V) -> Self::V {
                unsafe { $twice }
            }
            #[inline(always)]
            fn halves($x: Self::V, $y: Self::V, $second: u16) -> Self::V {
                unsafe { $halves }
            }
            #[inline(always)]
            fn split($w: Self::V) -> [<Self::Narrow as Simd<$type>>::V; 2] {
                unsafe { $split }
            }
            #[inline(always)]
            fn map(v: Self::V, f: impl Fn($type) -> $type) -> Self::V {
                let mut lanes = [0.0; $width];
                <Self as Simd<$type>>::store(&mut lanes, v);
                for lane in &mut lanes {
                    *lane = f(*lane);
                }
                <Self as Simd<$type>>::load(&lanes)
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
registers!(Avx2, Avx2, f32, 8, __m256, narrow: Avx2, load: _mm256_loadu_ps, store: _mm256_storeu_ps,
    set1: _mm256_set1_ps, add: _mm256_add_ps, sub: _mm256_sub_ps, mul: _mm256_mul_ps, div: _mm256_div_ps,
    sqrt: _mm256_sqrt_ps, fmadd: _mm256_fmadd_ps, max: _mm256_max_ps, zero: _mm256_setzero_ps,
    or: _mm256_or_ps, and: _mm256_and_ps, andnot: _mm256_andnot_ps,
    where_positive: |h, u| x86::_mm256_and_ps(
        x86::_mm256_cmp_ps::<{ x86::_CMP_GT_OQ }>(h, x86::_mm256_setzero_ps()), u),
    load_first: |from| x86::_mm256_maskload_ps(from.as_ptr(), first_of_8(from.len())),
    store_first: |to, v| x86::_mm256_maskstore_ps(to.as_mut_ptr(), first_of_8(to.len()), v),
    add_products: |a, b, sums| x86::_mm256_fmadd_ps(a, b, sums),
    twice: |v| v, halves: |a, _b, _second| a, split: |v| [v, v]);
#[cfg(target_arch = "x86_64")]
registers!(Avx2, Avx2, f64, 4, __m256d, narrow: Avx2, load: _mm256_loadu_pd, store: _mm256_storeu_pd,
    set1: _mm256_set1_pd, add: _mm256_add_pd, sub: _mm256_sub_pd, mul: _mm256_mul_pd, div: _mm256_div_pd,
    sqrt: _mm256_sqrt_pd, fmadd: _mm256_fmadd_pd, max: _mm256_max_pd, zero: _mm256_setzero_pd,
    or: _mm256_or_pd, and: _mm256_and_pd, andnot: _mm256_andnot_pd,
    where_positive: |h, u| x86::_mm256_and_pd(
        x86::_mm256_cmp_pd::<{ x86::_CMP_GT_OQ }>(h, x86::_mm256_setzero_pd()), u),
    load_first: |from| x86::_mm256_maskload_pd(from.as_ptr(), first_of_4(from.len())),
    store_first: |to, v| x86::_mm256_maskstore_pd(to.as_mut_ptr(), first_of_4(to.len()), v),
    add_products: |a, b, sums| x86::_mm256_fmadd_pd(a, b, sums),
    twice: |v| v, halves: |a, _b, _second| a, split: |v| [v, v]);
#[cfg(target_arch = "x86_64")]
registers!(Avx512, Avx512, f32, 16, __m512, narrow: Avx2, load: _mm512_loadu_ps, store: _mm512_storeu_ps,
    set1: _mm512_set1_ps, add: _mm512_add_ps, sub: _mm512_sub_ps, mul: _mm512_mul_ps, div: _mm512_div_ps,
    sqrt: _mm512_sqrt_ps, fmadd: _mm512_fmadd_ps, max: _mm512_max_ps, zero: _mm512_setzero_ps,
    or: _mm512_or_ps, and: _mm512_and_ps, andnot: _mm512_andnot_ps,
    where_positive: |h, u| x86::_mm512_maskz_mov_ps(
        x86::_mm512_cmp_ps_mask::<{ x86::_CMP_GT_OQ }>(h, x86::_mm512_setzero_ps()), u),
    load_first: |from| x86::_mm512_maskz_loadu_ps(first_bits(from.len()) as u16, from.as_ptr()),
    store_first: |to, v| x86::_mm512_mask_storeu_ps(to.as_mut_ptr(), first_bits(to.len()) as u16, v),
    add_products: |a, b, sums| x86::_mm256_fmadd_ps(
        x86::_mm512_extractf32x8_ps::<1>(a), x86::_mm512_extractf32x8_ps::<1>(b),
        x86::_mm256_fmadd_ps(x86::_mm512_castps512_ps256(a), x86::_mm512_castps512_ps256(b), sums)),
    twice: |v| x86::_mm512_broadcast_f32x8(v),
    halves: |a, b, second| x86::_mm512_mask_mov_ps(a, second, b),
    split: |v| [x86::_mm512_castps512_ps256(v), x86::_mm512_extractf32x8_ps::<1>(v)]);
#[cfg(target_arch = "x86_64")]
registers!(Avx512, Avx512, f64, 8, __m512d, narrow: Avx2, load: _mm512_loadu_pd, store: _mm512_storeu_pd,
    set1: _mm512_set1_pd, add: _mm512_add_pd, sub: _mm512_sub_pd, mul: _mm512_mul_pd, div: _mm512_div_pd,
    sqrt: _mm512_sqrt_pd, fmadd: _mm512_fmadd_pd, max: _mm512_max_pd, zero: _mm512_setzero_pd,
    or: _mm512_or_pd, and: _mm512_and_pd, andnot: _mm512_andnot_pd,
    where_positive: |h, u| x86::_mm512_maskz_mov_pd(
        x86::_mm512_cmp_pd_mask::<{ x86::_CMP_GT_OQ }>(h, x86::_mm512_setzero_pd()), u),
    load_first: |from| x86::_mm512_maskz_loadu_pd(first_bits(from.len()) as u8, from.as_ptr()),
    store_first: |to, v| x86::_mm512_mask_storeu_pd(to.as_mut_ptr(), first_bits(to.len()) as u8, v),
    add_products: |a, b, sums| x86::_mm256_fmadd_pd(
        x86::_mm512_extractf64x4_pd::<1>(a), x86::_mm512_extractf64x4_pd::<1>(b),
        x86::_mm256_fmadd_pd(x86::_mm512_castpd512_pd256(a), x86::_mm512_castpd512_pd256(b), sums)),
    twice: |v| x86::_mm512_broadcast_f64x4(v),
    halves: |a, b, second| x86::_mm512_mask_mov_pd(a, second as u8, b),
    split: |v| [x86::_mm512_castpd512_pd256(v), x86::_mm512_extractf64x4_pd::<1>(v)]);

#[cfg(target_arch = "x86_64")]
impl Lanes<f32> for Avx2 {
    #[inline(always)]
    fn sum(v: Self::V) -> f32 {
        let mut lanes = [0.0_f32; 8];
        <Self as Simd<f32>>::store(&mut lanes, v);
        Portable::sum(lanes)
    }
    #[inline(always)]
    fn transpose(rows: &mut [Self::V; 8]) {
        transpose8(rows);
    }
}

#[cfg(target_arch = "x86_64")]
impl Lanes<f64> for Avx2 {
    #[inline(always)]
    fn sum(v: Self::V) -> f64 {
        let mut lanes = [0.0_f64; 4];
        <Self as Simd<f64>>::store(&mut lanes, v);
        Portable::sum(lanes)
    }
    #[inline(always)]
    fn transpose(rows: &mut [Self::V; 8]) {
        transpose4(rows);
    }
}

/// A block of 8 x 8: pairs of rows, then of pairs, then the halves of registers change places.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn transpose8(rows: &mut [x86::__m256; 8]) {
    // SAFETY: as for every block of the macro above; no memory is touched.
    unsafe {
        let [a, b, c, d, e, f, g, h] = *rows;
        let pair = |a, b| (x86::_mm256_unpacklo_ps(a, b), x86::_mm256_unpackhi_ps(a, b));
        let ((ab0, ab1), (cd0, cd1), (ef0, ef1), (gh0, gh1)) =
            (pair(a, b), pair(c, d), pair(e, f), pair(g, h));
        let four = |a, b| (x86::_mm256_shuffle_ps::<0x44>(a, b), x86::_mm256_shuffle_ps::<0xee>(a, b));
        let ((top0, top1), (top2, top3)) = (four(ab0, cd0), four(ab1, cd1));
        let ((low0, low1), (low2, low3)) = (four(ef0, gh0), four(ef1, gh1));
        let halves = [(top0, low0), (top1, low1), (top2, low2), (top3, low3)];
        for (i, (top, low)) in halves.into_iter().enumerate() {
            rows[i] = x86::_mm256_permute2f128_ps::<0x20>(top, low);
            rows[i + 4] = x86::_mm256_permute2f128_ps::<0x31>(top, low);
        }
    }
}

/// A block of 4 x 4 in the same manner.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn transpose4(rows: &mut [x86::__m256d; 8]) {
    // SAFETY: as for every block of the macro above; no memory is touched.
    unsafe {
        let pair = |a, b| (x86::_mm256_unpacklo_pd(a, b), x86::_mm256_unpackhi_pd(a, b));
        let ((ab0, ab1), (cd0, cd1)) = (pair(rows[0], rows[1]), pair(rows[2], rows[3]));
        for (i, (ab, cd)) in [(ab0, cd0), (ab1, cd1)].into_iter().enumerate() {
            rows[i] = x86::_mm256_permute2f128_pd::<0x20>(ab, cd);
            rows[i + 2] = x86::_mm256_permute2f128_pd::<0x31>(ab, cd);
        }
    }
}
