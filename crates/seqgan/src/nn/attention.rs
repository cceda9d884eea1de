//! Causal self-attention with several heads (Vaswani et al., "Attention Is All You Need", NeurIPS 2017, section 3.2):
//! `out_i = sum_j p_ij v_j` over the places j up to i of the same row, `p_i = softmax_j(q_i k_j / sqrt(d))`, for each head of d
//! values.
//!
//! q, k, v and out are `[n, heads d]`. The places of a row stand together, in the order of its steps, so a head of a row is a
//! few plain products with strides. Scores are made for 32 places at a time; what a place may not see is computed for
//! the last keys of such a block alone. A pass keeps one number a place and a head, the logarithm of the softmax's
//! denominator: backward makes the probabilities again from it (as in Dao et al., "FlashAttention", NeurIPS 2022), so that
//! memory grows with the length of a row and not with its square.

mod cache;

use super::linear::transpose;
use super::softmax::dot;
use crate::kernel::{Gemm, Real, Right, Rows};
pub use cache::Cache;
use std::ops::Range;

/// Places whose scores are in memory together.
const QUERIES: usize = 32;

/// Number and size of the heads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heads {
    /// How many.
    pub num: usize,
    /// d, values of each.
    pub dim: usize,
}

impl Heads {
    /// Values of all heads of a place.
    pub fn width(self) -> usize {
        self.num * self.dim
    }

    /// 1 / sqrt(d), which multiplies the queries.
    fn scale<R: Real>(self) -> R {
        R::of(1.0 / (self.dim as f64).sqrt())
    }
}

/// Queries, keys and values, `[n, heads d]` each.
#[derive(Debug)]
pub struct Projected<R> {
    /// q.
    pub queries: Vec<R>,
    /// k.
    pub keys: Vec<R>,
    /// v.
    pub values: Vec<R>,
}

/// The result of a pass.
pub struct Attended<R> {
    /// `[n, heads d]`.
    pub out: Vec<R>,
    normalisers: Vec<R>, // [n, heads], log sum exp of the scores
}

/// A row of a pass: its places, and what its heads have in common.
struct Row<'a, R> {
    heads: Heads,
    keys_t: Vec<R>,  // [heads d, T]
    queries: Vec<R>, // [T, heads d], times 1 / sqrt(d)
    values: &'a [R], // [T, heads d]
}

impl<'a, R: Real> Row<'a, R> {
    fn new(heads: Heads, of: &'a Projected<R>, places: Range<usize>) -> Self {
        let width = heads.width();
        let (length, at) = (places.len(), places.start * width..places.end * width);
        let scale = heads.scale::<R>();
        Self {
            heads,
            keys_t: transpose(&of.keys[at.clone()], length, width),
            queries: of.queries[at.clone()].iter().map(|&q| q * scale).collect(),
            values: &of.values[at],
        }
    }

    /// T.
    fn len(&self) -> usize {
        self.values.len() / self.heads.width()
    }

    /// The blocks of queries.
    fn blocks(&self) -> impl Iterator<Item = Range<usize>> + use<R> {
        let length = self.len();
        (0..length).step_by(QUERIES).map(move |start| start..(start + QUERIES).min(length))
    }

    /// Scores of a block's queries with the keys before its end, `[block, block.end]`.
    fn scores(&self, head: usize, block: &Range<usize>, scores: &mut Vec<R>) {
        let Heads { dim, .. } = self.heads;
        let keys = Right::Dense { values: &self.keys_t[head * dim * self.len()..], stride: self.len() };
        let queries = &self.queries[self.at(head, block.start)..];
        scores.clear();
        scores.resize(block.len() * block.end, R::default());
        R::gemm(&product(block.len(), dim, block.end, (queries, self.width()), keys), scores, block.end);
    }

    /// Where the values of a head at a place of the row begin.
    fn at(&self, head: usize, place: usize) -> usize {
        place * self.heads.width() + head * self.heads.dim
    }

    fn width(&self) -> usize {
        self.heads.width()
    }
}

/// C `[m, n]` = A B, where rows of A are `stride` apart.
fn product<'a, R: Real>(
    m: usize,
    k: usize,
    n: usize,
    (a, stride): (&'a [R], usize),
    b: Right<'a, R>,
) -> Gemm<'a, R> {
    Gemm { a_rows: Rows::Stride(stride), b, ..Gemm::dense(m, k, n, a, &[]) }
}

/// Makes scores their exponentials, less the largest; returns their sum and the logarithm of the denominator.
fn exponentials<R: Real>(scores: &mut [R]) -> (R, R) {
    let largest = R::largest(scores);
    let sum = R::exp_and_sum(scores, largest);
    (sum, largest + R::of(sum.to_f64().ln()))
}

/// Attention within rows of `lengths` places.
pub fn forward<R: Real>(heads: Heads, lengths: &[usize], of: &Projected<R>) -> Attended<R> {
    let width = heads.width();
    let n: usize = lengths.iter().sum();
    let mut result =
        Attended { out: vec![R::default(); n * width], normalisers: vec![R::default(); n * heads.num] };
    let (mut scores, mut first) = (Vec::new(), 0);
    for &length in lengths {
        let row = Row::new(heads, of, first..first + length);
        for (head, block) in (0..heads.num).flat_map(|head| row.blocks().map(move |block| (head, block))) {
            row.scores(head, &block, &mut scores);
            let mut sums = [R::default(); QUERIES];
            for ((place, scores), sum) in block.clone().zip(scores.chunks_exact_mut(block.end)).zip(&mut sums)
            {
                let (seen, unseen) = scores.split_at_mut(place + 1);
                let normaliser;
                (*sum, normaliser) = exponentials(seen);
                result.normalisers[(first + place) * heads.num + head] = normaliser;
                unseen.fill(R::default());
            }
            let values = Right::Dense { values: &row.values[head * heads.dim..], stride: width };
            let out = &mut result.out[first * width + row.at(head, block.start)..];
            let weighted = product(block.len(), block.end, heads.dim, (&scores, block.end), values);
            R::gemm(&weighted, out, width);
            for (out, sum) in out.chunks_mut(width).zip(&sums[..block.len()]) {
                let scale = R::of(1.0) / *sum;
                out[..heads.dim].iter_mut().for_each(|x| *x *= scale);
            }
        }
        first += length;
    }
    result
}

/// The gradients of queries, keys and values from that of the result, `[n, heads d]`.
pub fn backward<R: Real>(
    heads: Heads,
    lengths: &[usize],
    of: &Projected<R>,
    attended: &Attended<R>,
    d_out: &[R],
) -> Projected<R> {
    let (width, zero) = (heads.width(), || vec![R::default(); d_out.len()]);
    let mut gradients = Projected { queries: zero(), keys: zero(), values: zero() };
    let (mut first, mut scratch) = (0, (Vec::new(), Vec::new()));
    for &length in lengths {
        let row = Row::new(heads, of, first..first + length);
        let at = first * width..(first + length) * width;
        let values_t = transpose(row.values, length, width);
        let pass = RowPass {
            keys: &of.keys[at.clone()],
            values_t: &values_t,
            out: &attended.out[at.clone()],
            normalisers: &attended.normalisers[first * heads.num..][..length * heads.num],
            d_out: &d_out[at.clone()],
            row,
        };
        let to = [&mut gradients.queries, &mut gradients.keys, &mut gradients.values];
        let mut to = to.map(|gradient| &mut gradient[at.clone()]);
        for (head, block) in (0..heads.num).flat_map(|head| pass.row.blocks().map(move |block| (head, block)))
        {
            pass.backward(head, &block, &mut scratch, &mut to);
        }
        first += length;
    }
    // The queries were scaled before their product with the keys.
    let scale = heads.scale::<R>();
    gradients.queries.iter_mut().for_each(|q| *q *= scale);
    gradients
}

/// Everything about a row that backward reads, `[T, heads d]` where nothing else is said.
struct RowPass<'a, R> {
    row: Row<'a, R>,
    keys: &'a [R],
    values_t: &'a [R], // [heads d, T]
    out: &'a [R],
    normalisers: &'a [R], // [T, heads]
    d_out: &'a [R],
}

impl<R: Real> RowPass<'_, R> {
    /// Adds what a block of queries says of the gradients of scaled queries, keys and values.
    fn backward(
        &self,
        head: usize,
        block: &Range<usize>,
        (p, dp): &mut (Vec<R>, Vec<R>),
        [d_queries, d_keys, d_values]: &mut [&mut [R]; 3],
    ) {
        let (row, Heads { num, dim }) = (&self.row, self.row.heads);
        let (m, n, width, start) = (block.len(), block.end, row.width(), row.at(head, block.start));
        row.scores(head, block, p);
        let values_t = Right::Dense { values: &self.values_t[head * dim * row.len()..], stride: row.len() };
        dp.clear();
        dp.resize(m * n, R::default());
        R::gemm(&product(m, dim, n, (&self.d_out[start..], width), values_t), dp, n);
        for ((place, p), dp) in block.clone().zip(p.chunks_exact_mut(n)).zip(dp.chunks_exact_mut(n)) {
            let (seen, unseen) = p.split_at_mut(place + 1);
            R::exp_and_sum(seen, self.normalisers[place * num + head]);
            unseen.fill(R::default());
            // The gradient of the scores: p (dp - sum p dp), whose sum is the product of out and its gradient.
            let at = row.at(head, place);
            let mean = R::of(dot(&self.out[at..at + dim], &self.d_out[at..at + dim]));
            dp.iter_mut().zip(&*p).for_each(|(d, &p)| *d = p * (*d - mean));
        }
        // A is the transpose of the block's [m, n].
        let transposed = |a| Gemm { a_rows: Rows::Stride(1), a_step: n, ..Gemm::dense(n, m, dim, a, &[]) };
        let strided = |values| Right::Dense { values, stride: width };
        let add = |a, b| Gemm { b: strided(b), ..transposed(a) }.adding();
        R::gemm(&add(&p[..], &self.d_out[start..]), &mut d_values[head * dim..], width);
        R::gemm(&add(&dp[..], &row.queries[start..]), &mut d_keys[head * dim..], width);
        let keys = strided(&self.keys[head * dim..]);
        R::gemm(&product(m, n, dim, (&dp[..], n), keys), &mut d_queries[start..], width);
    }
}
