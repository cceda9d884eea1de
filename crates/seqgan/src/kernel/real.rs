//! The number type of a network: f32 on SIMD kernels, f64 on plain loops.

use super::bf16::Tiles;
use super::cells::CellsBackward;
use super::{Gemm, adam, cells, gemm, math, transpose, windows};
use std::fmt::Debug;
use std::ops::{Add, AddAssign, Div, Mul, MulAssign, Neg, Sub, SubAssign};

/// f32 or f64. The default methods are the plain loops; f32 replaces them by SIMD kernels.
#[allow(private_interfaces)] // the trait is public only as a bound; nobody outside implements it
pub trait Real:
    Copy
    + Default
    + Debug
    + PartialOrd
    + Send
    + Sync
    + 'static
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + SubAssign
    + MulAssign
    + std::iter::Sum
{
    /// Rounds a number to this type.
    fn of(x: f64) -> Self;
    /// Widens to f64.
    fn to_f64(self) -> f64;
    /// Square root.
    fn sqrt(self) -> Self;

    /// C (+)= A B on the calling thread.
    #[doc(hidden)]
    fn gemm(p: &Gemm<'_, Self>, c: &mut [Self], c_stride: usize) {
        gemm::plain(p, c, c_stride);
    }
    /// C (+)= A B over all threads; the same bits.
    #[doc(hidden)]
    fn gemm_parallel(p: &Gemm<'_, Self>, c: &mut [Self], c_stride: usize) {
        gemm::plain(p, c, c_stride);
    }
    /// The tiles of B `[k, n]`, row-major and dense.
    #[doc(hidden)]
    fn tiles(b: &[Self], k: usize, n: usize) -> Tiles {
        Tiles::from_fn(k, n, |p, j| b[p * n + j].to_f64() as f32)
    }
    /// The tiles of B whose transpose is `[n, k]`, row-major and dense.
    #[doc(hidden)]
    fn tiles_of_transpose(b: &[Self], n: usize, k: usize) -> Tiles {
        Tiles::from_fn(k, n, |p, j| b[j * k + p].to_f64() as f32)
    }
    /// x = sigmoid(x).
    #[doc(hidden)]
    fn sigmoid_in_place(x: &mut [Self]) {
        x.iter_mut().for_each(|x| *x = Self::of(1.0 / (1.0 + (-x.to_f64()).exp())));
    }
    /// x = tanh(x).
    #[doc(hidden)]
    fn tanh_in_place(x: &mut [Self]) {
        x.iter_mut().for_each(|x| *x = Self::of(x.to_f64().tanh()));
    }
    /// x = exp(x - shift); returns the sum.
    #[doc(hidden)]
    fn exp_and_sum(x: &mut [Self], shift: Self) -> Self {
        x.iter_mut().for_each(|x| *x = Self::of((*x - shift).to_f64().exp()));
        x.iter().copied().sum()
    }
    /// The largest value of a slice that is not empty.
    #[doc(hidden)]
    fn largest(x: &[Self]) -> Self {
        x.iter().copied().fold(x[0], |a, b| if b > a { b } else { a })
    }
    /// The largest size of a value, 0 for none; infinite or no number if one of them is.
    #[doc(hidden)]
    fn largest_size(x: &[Self]) -> Self {
        let sizes = x.iter().map(|x| x.to_f64().abs());
        Self::of(sizes.fold(0.0, |a, b| if b.is_nan() || b > a { b } else { a }))
    }
    /// y += alpha x.
    #[doc(hidden)]
    fn axpy(alpha: Self, x: &[Self], y: &mut [Self]) {
        x.iter().zip(y).for_each(|(&x, y)| *y += alpha * x);
    }
    /// to[j * to_stride + i] = from[i * from_stride + j] for i in 0..rows, j in 0..columns.
    #[doc(hidden)]
    fn transpose(
        rows: usize,
        columns: usize,
        from: &[Self],
        from_stride: usize,
        to: &mut [Self],
        to_stride: usize,
    ) {
        for i in 0..rows {
            for j in 0..columns {
                to[j * to_stride + i] = from[i * from_stride + j];
            }
        }
    }
    /// The largest of each column of y `[windows, n]`, and the first window that has it.
    #[doc(hidden)]
    fn largest_window(y: &[Self], best: &mut [Self], won: &mut [u32]) {
        let n = best.len();
        best.copy_from_slice(&y[..n]);
        won.fill(0);
        for (p, candidates) in y.chunks_exact(n).enumerate().skip(1) {
            for ((best, won), &candidate) in best.iter_mut().zip(won.iter_mut()).zip(candidates) {
                if candidate > *best {
                    (*best, *won) = (candidate, p as u32);
                }
            }
        }
    }
    /// to[start..] = max(to[start..], row of y) for each row of y, whose starts are `starts`.
    #[doc(hidden)]
    fn max_pool_scatter(y: &[Self], starts: &[usize], to: &mut [Self]) {
        let n = y.len() / starts.len().max(1);
        for (y, &start) in y.chunks_exact(n.max(1)).zip(starts) {
            for (to, &y) in to[start..start + n].iter_mut().zip(y) {
                *to = if y > *to { y } else { *to };
            }
        }
    }
    /// y += sum of scale x[start..] over the terms (scale, start).
    #[doc(hidden)]
    fn add_scaled(terms: &[(Self, usize)], x: &[Self], y: &mut [Self]) {
        terms.iter().for_each(|&(scale, start)| Self::axpy(scale, &x[start..start + y.len()], y));
    }
    /// y[start..start + x.len()] += scale x for each (scale, start).
    #[doc(hidden)]
    fn scatter_scaled(terms: &[(Self, usize)], x: &[Self], y: &mut [Self]) {
        terms.iter().for_each(|&(scale, start)| Self::axpy(scale, x, &mut y[start..start + x.len()]));
    }
    /// LSTM cells of rows of `n`: `gates` `[rows, 4n]` before their nonlinearities become those after; `c` `[rows, n]`
    /// goes one step on; `h` is its output; `tanh_c` keeps tanh(c) for the backward pass.
    #[doc(hidden)]
    fn lstm_cells(
        gates: &mut [Self],
        c: &mut [Self],
        h: &mut [Self],
        mut tanh_c: Option<&mut [Self]>,
        n: usize,
    ) {
        for (row, gates) in gates.chunks_exact_mut(4 * n).enumerate() {
            Self::sigmoid_in_place(&mut gates[..3 * n]);
            Self::tanh_in_place(&mut gates[3 * n..]);
            for j in 0..n {
                let at = row * n + j;
                c[at] = gates[n + j] * c[at] + gates[j] * gates[3 * n + j];
                let tanh = Self::of(c[at].to_f64().tanh());
                h[at] = gates[2 * n + j] * tanh;
                if let Some(tanh_c) = &mut tanh_c {
                    tanh_c[at] = tanh;
                }
            }
        }
    }
    /// One step back of a row of LSTM cells.
    #[doc(hidden)]
    fn lstm_cells_backward(cells: CellsBackward<'_, Self>) {
        let CellsBackward { gates, before, tanh_c, dh, dh_next, dc, d_gates } = cells;
        let (n, one) = (dc.len(), Self::of(1.0));
        for j in 0..n {
            let (i, f, o, g) = (gates[j], gates[n + j], gates[2 * n + j], gates[3 * n + j]);
            let before = before.map_or_else(Self::default, |cells| cells[j]);
            let dh = dh[j] + dh_next[j];
            let d = dc[j] + dh * o * (one - tanh_c[j] * tanh_c[j]);
            d_gates[j] = d * g * i * (one - i);
            d_gates[n + j] = d * before * f * (one - f);
            d_gates[2 * n + j] = dh * tanh_c[j] * o * (one - o);
            d_gates[3 * n + j] = d * i * (one - g * g);
            dc[j] = d * f;
        }
    }
    /// One Adam update of a slice.
    #[doc(hidden)]
    fn adam(c: &adam::Constants<Self>, w: &mut [Self], g: &[Self], m: &mut [Self], v: &mut [Self]) {
        adam::plain(c, w, g, m, v);
    }
    /// One Adam update of `[m, n]` parameters whose gradient is a product.
    #[doc(hidden)]
    fn adam_of_product(
        c: &adam::Constants<Self>,
        gradient: &Gemm<'_, Self>,
        w: &mut [Self],
        m: &mut [Self],
        v: &mut [Self],
    ) {
        let mut g = vec![Self::default(); w.len()];
        gemm::plain(gradient, &mut g, gradient.n);
        adam::plain(c, w, &g, m, v);
    }
}

impl Real for f64 {
    fn of(x: f64) -> Self {
        x
    }
    fn to_f64(self) -> f64 {
        self
    }
    fn sqrt(self) -> Self {
        f64::sqrt(self)
    }
}

#[allow(private_interfaces)]
impl Real for f32 {
    fn of(x: f64) -> Self {
        x as f32
    }
    fn to_f64(self) -> f64 {
        f64::from(self)
    }
    fn sqrt(self) -> Self {
        f32::sqrt(self)
    }
    fn gemm(p: &Gemm<'_, Self>, c: &mut [Self], c_stride: usize) {
        gemm::fast(p, c, c_stride);
    }
    fn gemm_parallel(p: &Gemm<'_, Self>, c: &mut [Self], c_stride: usize) {
        gemm::fast_parallel(p, c, c_stride);
    }
    fn tiles(b: &[Self], k: usize, n: usize) -> Tiles {
        Tiles::new(b, k, n)
    }
    fn tiles_of_transpose(b: &[Self], n: usize, k: usize) -> Tiles {
        Tiles::of_transpose(b, n, k)
    }
    fn sigmoid_in_place(x: &mut [Self]) {
        math::sigmoid_in_place(x);
    }
    fn tanh_in_place(x: &mut [Self]) {
        math::tanh_in_place(x);
    }
    fn exp_and_sum(x: &mut [Self], shift: Self) -> Self {
        math::exp_and_sum(x, shift)
    }
    fn largest(x: &[Self]) -> Self {
        math::largest(x)
    }
    fn largest_size(x: &[Self]) -> Self {
        math::largest_size(x)
    }
    fn axpy(alpha: Self, x: &[Self], y: &mut [Self]) {
        math::axpy(alpha, x, y);
    }
    fn lstm_cells(gates: &mut [Self], c: &mut [Self], h: &mut [Self], tanh_c: Option<&mut [Self]>, n: usize) {
        cells::lstm_cells(gates, c, h, tanh_c, n);
    }
    fn lstm_cells_backward(cells: CellsBackward<'_, Self>) {
        cells::backward(cells);
    }
    fn transpose(
        rows: usize,
        columns: usize,
        from: &[Self],
        from_stride: usize,
        to: &mut [Self],
        to_stride: usize,
    ) {
        transpose::transpose(rows, columns, from, from_stride, to, to_stride);
    }
    fn largest_window(y: &[Self], best: &mut [Self], won: &mut [u32]) {
        windows::largest_window(y, best, won);
    }
    fn max_pool_scatter(y: &[Self], starts: &[usize], to: &mut [Self]) {
        windows::max_pool_scatter(y, starts, to);
    }
    fn add_scaled(terms: &[(Self, usize)], x: &[Self], y: &mut [Self]) {
        windows::add_scaled(terms, x, y);
    }
    fn scatter_scaled(terms: &[(Self, usize)], x: &[Self], y: &mut [Self]) {
        windows::scatter_scaled(terms, x, y);
    }
    fn adam(c: &adam::Constants<Self>, w: &mut [Self], g: &[Self], m: &mut [Self], v: &mut [Self]) {
        adam::adam(c, w, g, m, v);
    }
    fn adam_of_product(
        c: &adam::Constants<Self>,
        gradient: &Gemm<'_, Self>,
        w: &mut [Self],
        m: &mut [Self],
        v: &mut [Self],
    ) {
        adam::adam_of_product(c, gradient, w, m, v);
    }
}
