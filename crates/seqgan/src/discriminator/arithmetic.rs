//! Number formats of the completion scorer, and their matrix products.

use crate::kernel::{Gemm, PackedMatrix, Precision, Real, Right, Rows};
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
        PackedMatrix::new(b, k, n, Precision::F32)
    }

    fn pack_filters(w: &[R], n: usize, _: usize) -> PackedMatrix<R> {
        PackedMatrix::of_transpose(w, n, w.len() / n, Precision::F32)
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
        let (a_rows, b) = (Rows::Offsets(offsets), Right::Packed { matrix, first_row });
        let product = Gemm { k, a_rows, b, ..Gemm::packed(offsets.len(), x, matrix) };
        R::gemm(&product.adding(), y, matrix.columns());
    }
}

/// Factors in bfloat16 with sums in f32.
pub(crate) struct Pairs;

impl Arithmetic for Pairs {
    type Real = f32;
    type Value = f32;
    type Matrix = PackedMatrix<f32>;
    const ALIGN: usize = 32;

    fn pack(b: &[f32], k: usize, n: usize) -> PackedMatrix<f32> {
        let mut b = b.to_vec();
        let padded = k.next_multiple_of(Self::ALIGN);
        b.resize(padded * n, 0.0);
        PackedMatrix::new(&b, padded, n, Precision::Bf16)
    }

    fn pack_filters(w: &[f32], n: usize, dim: usize) -> PackedMatrix<f32> {
        let w = Self::values(w, dim);
        PackedMatrix::of_transpose(&w, n, w.len() / n, Precision::Bf16)
    }

    fn values(x: &[f32], width: usize) -> Cow<'_, [f32]> {
        let padded = width.next_multiple_of(Self::ALIGN);
        if padded == width {
            return Cow::Borrowed(x);
        }
        let mut values = vec![0.0; x.len() / width * padded];
        for (to, x) in values.chunks_exact_mut(padded).zip(x.chunks_exact(width)) {
            to[..width].copy_from_slice(x);
        }
        Cow::Owned(values)
    }

    fn add_product(
        x: &[f32],
        offsets: &[usize],
        matrix: &PackedMatrix<f32>,
        first_row: usize,
        k: usize,
        y: &mut [f32],
    ) {
        Exact::add_product(x, offsets, matrix, first_row, k, y);
    }
}
