//! Convolution over time, ReLU and maximum over time (Kim 2014), for sequences of unequal length.
//!
//! A filter of width k looks at the windows p = 0..max(1, length - k + 1), those that lie inside the sequence;
//! a sequence shorter than k has the one at 0, zeros behind its end. Positions behind the end are zero vectors.
//! x `[B, T, E]`, filters `[F, k E]`, pooled `[B, F]`. Only the window that won passes a gradient back, so the
//! backward pass touches one window a filter instead of all of them.

use crate::kernel::{Gemm, Real, Rows};
use rayon::prelude::*;

/// Filters of one width.
#[derive(Clone, Copy)]
pub struct Filters<'a, R> {
    /// k.
    pub width: usize,
    /// `[F, k E]`.
    pub w: &'a [R],
    /// `[F]`.
    pub b: &'a [R],
}

/// A batch of embedded sequences.
#[derive(Clone, Copy)]
pub struct Input<'a, R> {
    /// `[B, T, E]`, zero behind each end.
    pub x: &'a [R],
    /// `[B]`.
    pub lengths: &'a [usize],
    /// T.
    pub max_length: usize,
    /// E.
    pub dim: usize,
}

/// The result: relu(max over windows + bias) `[B, F]` of all widths side by side, and the winning windows.
pub struct Pooled<R> {
    /// `[B, F]`, F summed over the widths.
    pub values: Vec<R>,
    /// `[B, F]`: the first window that reached the maximum.
    pub windows: Vec<u32>,
}

/// Filters a task computes: three vectors of 16, as wide as a product's tile.
const PANEL: usize = 48;

/// One task: filters `from..from + n` of width number `width`, whose first output column is `column`.
struct Panel {
    width: usize,
    from: usize,
    n: usize,
    column: usize,
}

fn panels<R>(filters: &[Filters<'_, R>]) -> Vec<Panel> {
    let mut list = Vec::new();
    let mut column = 0;
    for (width, f) in filters.iter().enumerate() {
        for from in (0..f.b.len()).step_by(PANEL) {
            let n = PANEL.min(f.b.len() - from);
            list.push(Panel { width, from, n, column });
            column += n;
        }
    }
    // Longest first, so that no thread is left with a wide filter at the end.
    list.sort_by_key(|p| std::cmp::Reverse(filters[p.width].width * p.n.div_ceil(16)));
    list
}

/// Number of windows of width `width` in a sequence of `length`.
pub fn num_windows(length: usize, width: usize) -> usize {
    (length + 1).saturating_sub(width).max(1)
}

/// y = relu(y + b).
pub(crate) fn bias_and_relu<R: Real>(y: &mut [R], b: &[R]) {
    for (y, &b) in y.iter_mut().zip(b) {
        let sum = *y + b;
        *y = if sum > R::default() { sum } else { R::default() };
    }
}

/// Pooled features of all filters.
pub fn forward<R: Real>(input: Input<'_, R>, filters: &[Filters<'_, R>]) -> Pooled<R> {
    let (batch, total) = (input.lengths.len(), filters.iter().map(|f| f.b.len()).sum::<usize>());
    let results: Vec<_> = panels(filters)
        .into_par_iter()
        .map(|panel| {
            let result = forward_panel(input, &filters[panel.width], panel.from, panel.n);
            (panel, result)
        })
        .collect();
    let mut pooled = Pooled { values: vec![R::default(); batch * total], windows: vec![0; batch * total] };
    for (panel, (values, windows)) in results {
        for b in 0..batch {
            let at = b * total + panel.column..b * total + panel.column + panel.n;
            pooled.values[at.clone()].copy_from_slice(&values[b * panel.n..][..panel.n]);
            pooled.windows[at].copy_from_slice(&windows[b * panel.n..][..panel.n]);
        }
    }
    pooled
}

fn forward_panel<R: Real>(
    input: Input<'_, R>,
    f: &Filters<'_, R>,
    from: usize,
    n: usize,
) -> (Vec<R>, Vec<u32>) {
    let inner = f.width * input.dim;
    // The panel transposed to [k E, n], as the product reads it.
    let wt = super::linear::transpose(&f.w[from * inner..(from + n) * inner], n, inner);
    let mut values = Vec::with_capacity(input.lengths.len() * n);
    let mut windows = Vec::with_capacity(values.capacity());
    let (mut offsets, mut y) = (Vec::new(), Vec::new());
    // Few sequences at a time, so that their windows' results stay in the second cache.
    const SEQUENCES: usize = 32;
    for (chunk, lengths) in input.lengths.chunks(SEQUENCES).enumerate() {
        offsets.clear();
        for (i, &length) in lengths.iter().enumerate() {
            let start = (chunk * SEQUENCES + i) * input.max_length;
            offsets.extend((0..num_windows(length, f.width)).map(|p| (start + p) * input.dim));
        }
        let rows = offsets.len();
        y.resize(rows * n, R::default());
        let product = Gemm { a_rows: Rows::Offsets(&offsets), ..Gemm::dense(rows, inner, n, input.x, &wt) };
        R::gemm(&product, &mut y, n);
        let mut row = 0;
        for &length in lengths {
            let count = num_windows(length, f.width);
            let begin = values.len();
            values.resize(begin + n, R::default());
            windows.resize(begin + n, 0u32);
            R::largest_window(&y[row * n..][..count * n], &mut values[begin..], &mut windows[begin..]);
            bias_and_relu(&mut values[begin..], &f.b[from..from + n]);
            row += count;
        }
    }
    (values, windows)
}

/// Gradients of the filters of one width, to be added to.
pub struct Gradients<'a, R> {
    /// `[F, k E]`.
    pub w: &'a mut [R],
    /// `[F]`.
    pub b: &'a mut [R],
}

/// Adds the gradients of the filters for `d_pooled` `[B, F]` and returns that of x, `[B, T, E]`.
pub fn backward<R: Real>(
    input: Input<'_, R>,
    filters: &[Filters<'_, R>],
    pooled: &Pooled<R>,
    d_pooled: &[R],
    gradients: Vec<Gradients<'_, R>>,
) -> Vec<R> {
    let (batch, dim) = (input.lengths.len(), input.dim);
    let total = pooled.values.len() / batch;
    // What ReLU stopped has no gradient. Transposed, `[F, B]`: a filter's are read together.
    let d: Vec<R> = d_pooled
        .iter()
        .zip(&pooled.values)
        .map(|(&d, &y)| if y > R::default() { d } else { R::default() })
        .collect();
    let d = super::linear::transpose(&d, batch, total);
    let mut windows = vec![0u32; pooled.windows.len()];
    windows.par_chunks_mut(batch).enumerate().for_each(|(i, windows)| {
        windows.iter_mut().enumerate().for_each(|(b, p)| *p = pooled.windows[b * total + i]);
    });

    // A task owns whole filters, so every sum has one owner and one order.
    const FILTERS: usize = 16;
    let mut tasks = Vec::new();
    let mut column = 0;
    for (f, g) in filters.iter().zip(gradients) {
        let inner = f.width * dim;
        for (dw, db) in g.w.chunks_mut(FILTERS * inner).zip(g.b.chunks_mut(FILTERS)) {
            let first = column;
            column += db.len();
            tasks.push((first, inner, dw, db));
        }
    }
    tasks.into_par_iter().for_each_init(Vec::new, |terms, (first, inner, dw, db)| {
        for (i, (dw, db)) in dw.chunks_exact_mut(inner).zip(db).enumerate() {
            terms.clear();
            for b in 0..batch {
                let at = (first + i) * batch + b;
                if d[at] != R::default() {
                    terms.push((d[at], (b * input.max_length + windows[at] as usize) * dim));
                    *db += d[at];
                }
            }
            R::add_scaled(terms, input.x, dw);
        }
    });

    // A task owns a few sequences: each filter is read once for all of them.
    const SEQUENCES: usize = 8;
    let size = input.max_length * dim;
    let mut dx = vec![R::default(); input.x.len()];
    dx.par_chunks_mut(SEQUENCES * size).enumerate().for_each(|(task, dx)| {
        let (first, mut column, mut terms) = (task * SEQUENCES, 0, Vec::new());
        for f in filters {
            for (i, w) in f.w.chunks_exact(f.width * dim).enumerate() {
                terms.clear();
                for b in 0..dx.len() / size {
                    let at = (column + i) * batch + first + b;
                    if d[at] != R::default() {
                        terms.push((d[at], b * size + windows[at] as usize * dim));
                    }
                }
                R::scatter_scaled(&terms, w, dx);
            }
            column += f.b.len();
        }
        for (b, dx) in dx.chunks_exact_mut(size).enumerate() {
            // Behind the end nothing was embedded.
            dx[input.lengths[first + b] * dim..].fill(R::default());
        }
    });
    dx
}
