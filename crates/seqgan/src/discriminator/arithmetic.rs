//! Number formats of the completion scorer, and their matrix products.

use crate::kernel::bf16::{self, Bf16, PairMatrix, PairProduct};
use crate::kernel::{Gemm, PackedMatrix, Real, Right, Rows};
use std::borrow::Cow;
use std::marker::PhantomData;

/// A number format and its matrix product.
pub(crate) trait Arithmetic: Sync {
    /// Type of inputs, outputs and sums.
    type Real: Real;
    /// Type of the factors of a product.
    type Value: Copy + Default + Send + Sync;
    /// A packed matrix.
    type Matrix: Send + Sync;

    /// The number of values of a window position is padded to a multiple of this.
    const ALIGN: usize;

    /// Packs a dense row-major `[k, n]`.
    fn pack(b: &[Self::Real], k: usize, n: usize) -> Self::Matrix;

    /// Packs filters `[n, positions * dim]`, transposed. Each position is padded to a multiple of [`Self::ALIGN`].
    fn pack_filters(w: &[Self::Real], n: usize, dim: usize) -> Self::Matrix;

    /// Converts rows of `width` numbers to factors. Each row is padded to a multiple of [`Self::ALIGN`].
    fn values(x: &[Self::Real], width: usize) -> Cow<'_, [Self::Value]>;

    /// y `[offsets.len(), n]` += the rows of x at `offsets`, of `k` values, times rows `first_row..` of the matrix.
    fn add_product(
        x: &[Self::Value],
        offsets: &[usize],
        matrix: &Self::Matrix,
        first_row: usize,
        k: usize,
        y: &mut [Self::Real],
    );
}

/// The network's own precision; results equal those of its layers bit for bit.
pub(crate) struct Exact<R>(PhantomData<R>);

impl<R: Real> Arithmetic for Exact<R> {
    type Real = R;
    type Value = R;
    type Matrix = PackedMatrix<R>;
    const ALIGN: usize = 1;

    fn pack(b: &[R], k: usize, n: usize) -> PackedMatrix<R> {
        PackedMatrix::new(b, k, n)
    }

    fn pack_filters(w: &[R], n: usize, _: usize) -> PackedMatrix<R> {
        PackedMatrix::of_transpose(w, n, w.len() / n)
    }

    fn values(x: &[R], _: usize) -> Cow<'_, [R]> {
        Cow::Borrowed(x)
    }

    fn add_product(
        x: &[R],
        offsets: &[usize],
        matrix: &PackedMatrix<R>,
        first_row: usize,
        k: usize,
        y: &mut [R],
    ) {
        let n = matrix.columns();
        let (a_rows, b) = (Rows::Offsets(offsets), Right::Packed { matrix, first_row });
        R::gemm(&Gemm { m: offsets.len(), n, k, a: x, a_rows, a_step: 1, b, accumulate: true }, y, n);
    }
}

/// Pairs of bfloat16 with sums in f32, for CPUs with such an instruction.
pub(crate) struct Pairs;

impl Arithmetic for Pairs {
    type Real = f32;
    type Value = Bf16;
    type Matrix = PairMatrix;
    const ALIGN: usize = 2;

    fn pack(b: &[f32], k: usize, n: usize) -> PairMatrix {
        PairMatrix::new(k, n, |p, j| b[p * n + j])
    }

    fn pack_filters(w: &[f32], n: usize, dim: usize) -> PairMatrix {
        let (inner, padded) = (w.len() / n, dim.next_multiple_of(2));
        PairMatrix::new(inner / dim * padded, n, |p, j| {
            let (position, i) = (p / padded, p % padded);
            if i < dim { w[j * inner + position * dim + i] } else { 0.0 }
        })
    }

    fn values(x: &[f32], width: usize) -> Cow<'_, [Bf16]> {
        let padded = width.next_multiple_of(2);
        let mut values = vec![0; x.len() / width * padded];
        for (to, x) in values.chunks_exact_mut(padded).zip(x.chunks_exact(width)) {
            to.iter_mut().zip(x).for_each(|(to, &x)| *to = bf16::round(x));
        }
        Cow::Owned(values)
    }

    fn add_product(
        x: &[Bf16],
        offsets: &[usize],
        matrix: &PairMatrix,
        first_row: usize,
        k: usize,
        y: &mut [f32],
    ) {
        PairProduct { a: x, offsets, b: matrix, first_row, k }.add_to(y);
    }
}
