//! Scores of completions, with computations shared between completions of the same prefix.
//!
//! With `Exact` arithmetic the scores equal those of the plain forward pass bit for bit. Weights are packed once.
//! Windows inside a prefix are computed once for all its completions. A window that begins inside a prefix is continued
//! from the end of the prefix: an element of the product is one chain of multiply-adds in window order, so it can be
//! interrupted and continued.

use super::arithmetic::Arithmetic;
use super::cnn_features::CnnFeatures;
use crate::kernel::Real;
use crate::nn::conv::{self, num_windows};
use crate::nn::highway;
use crate::rollout::Completions;
use rayon::prelude::*;
use std::borrow::Cow;
use std::ops::Range;

/// Number of windows that are computed together, chosen to fit the L2 cache.
const WINDOWS: usize = 512;
/// Maximum number of sequences of a task.
const SEQUENCES: usize = 320;
/// Approximate maximum size of the embedded sequences of a task, in numbers.
const EMBEDDED: usize = 1 << 20;

/// Packed weights of the feature layers.
pub(crate) struct Scorer<'a, A: Arithmetic> {
    network: CnnFeatures<'a, A::Real>,
    filters: Vec<A::Matrix>, // [kE, F_k], one per width
    transform: A::Matrix,    // [F, F]
    gate: A::Matrix,         // [F, F]
}

impl<'a, A: Arithmetic> Scorer<'a, A> {
    pub(crate) fn new(network: CnnFeatures<'a, A::Real>) -> Self {
        let filters = network.filters();
        let dim = network.shape().embedding_dim;
        let pack = |f: &conv::Filters<'_, A::Real>| A::pack_filters(f.w, f.b.len(), dim);
        let highway = network.highway_weights();
        let features = highway.gate_b.len();
        let (filters, (transform, gate)) = rayon::join(
            || filters.par_iter().map(pack).collect(),
            || {
                rayon::join(
                    || A::pack(highway.transform_w, features, features),
                    || A::pack(highway.gate_w, features, features),
                )
            },
        );
        Self { network, filters, transform, gate }
    }

    /// Applies `head` to the features `[b, F]` of some completions at a time; it returns one number per completion.
    pub(crate) fn scores(
        &self,
        completions: &Completions,
        head: impl Fn(&[A::Real]) -> Vec<A::Real> + Sync,
    ) -> Vec<A::Real> {
        let shape = self.network.shape();
        let n = completions.sequences.len();
        let most = (EMBEDDED / (shape.max_length * shape.embedding_dim)).clamp(1, SEQUENCES);
        let mut tasks = Vec::new();
        let mut start = 0;
        while start < n {
            // A task has completions of one row only, whose prefixes are nested.
            let row = completions.prefix(start).row;
            let end = (start..n.min(start + most)).find(|&i| completions.prefix(i).row != row);
            let end = end.unwrap_or(n.min(start + most));
            tasks.push(start..end);
            start = end;
        }
        let scores: Vec<_> =
            tasks.into_par_iter().map(|task| head(&self.features(completions, task))).collect();
        scores.concat()
    }

    /// Features of the completions `range`, which belong to one row.
    fn features(&self, completions: &Completions, range: Range<usize>) -> Vec<A::Real> {
        let batch = Batch::<A>::new(&self.network, completions, range);
        let weights = self.network.highway_weights();
        let (rows, features) = (batch.rows.len(), weights.gate_b.len());
        let mut pooled = vec![A::Real::of(f64::NEG_INFINITY); rows * features];
        let mut column = 0;
        for (f, w) in self.network.filters().iter().zip(&self.filters) {
            let columns = column..column + f.b.len();
            Width { batch: &batch, k: f.width, w, columns: columns.clone(), features }.pool(&mut pooled);
            for row in pooled.chunks_exact_mut(features) {
                conv::bias_and_relu(&mut row[columns.clone()], f.b);
            }
            column = columns.end;
        }
        let x = A::values(&pooled, features);
        let k = features.next_multiple_of(A::ALIGN);
        let offsets: Vec<usize> = (0..rows).map(|r| r * k).collect();
        let product = |w: &A::Matrix, b: &[A::Real]| {
            let mut y = b.repeat(rows);
            A::add_product(&x, &offsets, w, 0, k, &mut y);
            y
        };
        let mut transform = product(&self.transform, weights.transform_b);
        let mut gate = product(&self.gate, weights.gate_b);
        highway::combine(&pooled, &mut transform, &mut gate)
    }
}

/// One sequence of a task.
struct Row {
    /// Length of its prefix, in tokens.
    prefix: usize,
    /// Index of its prefix among those of the task.
    group: usize,
    /// Length in tokens, end token included.
    length: usize,
}

/// The embedded sequences of a task.
struct Batch<A: Arithmetic> {
    max_length: usize,
    dim: usize, // values per position: E, padded to `Arithmetic::ALIGN`
    rows: Vec<Row>,
    prefixes: Vec<usize>, // lengths, ascending
    x: Vec<A::Value>,     // [rows, T, dim]; what lies inside a prefix is not filled in
    stem: Vec<A::Value>,  // [longest prefix, dim]
}

impl<A: Arithmetic> Batch<A> {
    fn new(network: &CnnFeatures<'_, A::Real>, completions: &Completions, range: Range<usize>) -> Self {
        let shape = network.shape();
        let (max_length, embedding_dim) = (shape.max_length, shape.embedding_dim);
        let dim = embedding_dim.next_multiple_of(A::ALIGN);
        // All sequences of a task complete one row and have its label.
        let label = completions.sequences.label(range.start);
        let embedded = |token: u32| match network.embedded(token, label) {
            Cow::Borrowed(row) => A::values(row, embedding_dim),
            Cow::Owned(row) => Cow::Owned(A::values(&row, embedding_dim).into_owned()),
        };
        let mut x = vec![A::Value::default(); range.len() * max_length * dim];
        let (mut rows, mut prefixes) = (Vec::with_capacity(range.len()), Vec::new());
        for (i, x) in range.clone().zip(x.chunks_exact_mut(max_length * dim)) {
            let (tokens, prefix) = (completions.sequences.row(i), completions.prefix(i).length);
            if prefixes.last() != Some(&prefix) {
                prefixes.push(prefix);
            }
            let end = shape.end_token.filter(|_| tokens.len() < max_length);
            let shown = tokens.iter().copied().chain(end);
            for (token, x) in shown.clone().zip(x.chunks_exact_mut(dim)).skip(prefix) {
                x.copy_from_slice(&embedded(token));
            }
            rows.push(Row { prefix, group: prefixes.len() - 1, length: shown.count() });
        }
        let longest = prefixes.last().copied().unwrap_or(0);
        let last = completions.sequences.row(range.end - 1);
        let mut stem = vec![A::Value::default(); longest * dim];
        for (&token, x) in last.iter().zip(stem.chunks_exact_mut(dim)) {
            x.copy_from_slice(&embedded(token));
        }
        Self { max_length, dim, rows, prefixes, x, stem }
    }
}

/// All filters of one width.
struct Width<'a, A: Arithmetic> {
    batch: &'a Batch<A>,
    k: usize,
    w: &'a A::Matrix,
    columns: Range<usize>,
    features: usize,
}

impl<A: Arithmetic> Width<'_, A> {
    /// Max-pooling: raises the columns of `pooled` `[rows, F]` to the maximum of the products of each row's windows.
    fn pool(&self, pooled: &mut [A::Real]) {
        let n = self.columns.len();
        let (inside, begun) = self.prefixes();
        for (r, row) in self.batch.rows.iter().enumerate() {
            if row.prefix >= self.k {
                pooled[r * self.features..][self.columns.clone()]
                    .copy_from_slice(&inside[row.group * n..][..n]);
            }
        }
        let mut windows = Windows::default();
        // Windows with `shared` positions inside the prefix.
        for shared in 0..self.k {
            for (r, row) in self.batch.rows.iter().enumerate() {
                let count = num_windows(row.length, self.k);
                let first = r * self.batch.max_length + row.prefix;
                if shared == 0 {
                    for p in row.prefix..count {
                        self.add(&mut windows, pooled, shared, r, first + p - row.prefix, None);
                    }
                } else if row.prefix >= shared && row.prefix - shared < count {
                    let start = &begun[shared - 1][row.group * n..][..n];
                    self.add(&mut windows, pooled, shared, r, first, Some(start));
                }
            }
            self.finish(&mut windows, pooled, shared);
        }
    }

    fn add(
        &self,
        windows: &mut Windows<A::Real>,
        pooled: &mut [A::Real],
        shared: usize,
        row: usize,
        position: usize,
        start: Option<&[A::Real]>,
    ) {
        windows.rows.push(row * self.features + self.columns.start);
        windows.offsets.push(position * self.batch.dim);
        match start {
            Some(start) => windows.y.extend_from_slice(start),
            None => windows.y.resize(windows.y.len() + self.columns.len(), A::Real::default()),
        }
        if windows.rows.len() == WINDOWS {
            self.finish(windows, pooled, shared);
        }
    }

    /// Completes the products of the collected windows, from position `shared` on.
    fn finish(&self, windows: &mut Windows<A::Real>, pooled: &mut [A::Real], shared: usize) {
        let dim = self.batch.dim;
        let k = (self.k - shared) * dim;
        A::add_product(&self.batch.x, &windows.offsets, self.w, shared * dim, k, &mut windows.y);
        A::Real::max_pool_scatter(&windows.y, &windows.rows, pooled);
        windows.clear();
    }

    /// For each prefix of the task: the maximum of the products of the windows inside it, `[prefixes, F_k]`; and, for
    /// each number of positions 1..k, the partial product, up to the end of the prefix, of the window that ends that
    /// many positions later.
    fn prefixes(&self) -> (Vec<A::Real>, Vec<Vec<A::Real>>) {
        let (dim, n, prefixes) = (self.batch.dim, self.columns.len(), &self.batch.prefixes);
        let longest = self.batch.stem.len() / dim;
        let mut inside = vec![A::Real::of(f64::NEG_INFINITY); prefixes.len() * n];
        let mut begun = vec![vec![A::Real::default(); prefixes.len() * n]; self.k - 1];
        let mut y = vec![A::Real::default(); longest * n];
        for done in 0..self.k.min(longest) {
            // Windows that begin at 0..longest - done advance by one position.
            let offsets: Vec<usize> = (done..longest).map(|position| position * dim).collect();
            let y = &mut y[..offsets.len() * n];
            A::add_product(&self.batch.stem, &offsets, self.w, done * dim, dim, y);
            for (group, &prefix) in prefixes.iter().enumerate() {
                let at = group * n..group * n + n;
                if done + 1 < self.k && prefix > done {
                    begun[done][at].copy_from_slice(&y[(prefix - done - 1) * n..][..n]);
                } else if done + 1 == self.k && prefix >= self.k {
                    let targets: Vec<usize> = vec![group * n; prefix - self.k + 1];
                    A::Real::max_pool_scatter(&y[..targets.len() * n], &targets, &mut inside);
                }
            }
        }
        (inside, begun)
    }
}

/// Windows whose products are computed together.
#[derive(Default)]
struct Windows<R> {
    rows: Vec<usize>,    // start of each window's columns in `pooled`
    offsets: Vec<usize>, // start of its remaining part in x
    y: Vec<R>,           // [windows, F_k], partial products
}

impl<R> Windows<R> {
    fn clear(&mut self) {
        self.rows.clear();
        self.offsets.clear();
        self.y.clear();
    }
}
