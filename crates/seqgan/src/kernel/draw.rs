//! One token a row from softmax(h W + b), with no logit kept.
//!
//! The vocabulary is cut into blocks that stay in the first cache. The first pass makes each block's logits and
//! keeps two numbers a row, a shift m and the sum of exp(logit - m). A uniform number then picks the block
//! (inverse distribution function, in f64), and only that block's logits are made again to pick the token:
//! 4 % more work instead of `[rows, V]` stored numbers. Each row's result depends on that row alone.
//!
//! The shift keeps the exponential from overflowing. |h| |w_v| + |b_v| bounds a logit; where even the largest of
//! these bounds is harmless, m is 0 and logits become exponentials while they are in registers. Else m is the
//! block's largest logit, which is known only when all of them have been stored.
#![allow(clippy::needless_range_loop)] // loops of constant length over register tiles, to be unrolled
#![allow(unsafe_code)] // pointers into a table and rows whose lengths are checked at the entrance

use super::masks::{FORBIDDEN, Masks};
use super::math;
use super::precision::Precision;
use super::simd::{Kernel, LANES, Simd, dispatch};
use crate::token::TokenId;

/// Columns of a block: four product tiles of 48.
const BLOCK: usize = 192;
/// A logit of at most this size needs no shift: a block's sum of exponentials stays below 192 e^80 < 1.1e37.
const HARMLESS: f32 = 80.0;

/// An output layer packed for drawing.
#[derive(Clone)]
pub(crate) struct OutputTable {
    hidden_dim: usize,
    vocab: usize,
    block: usize,
    weights: Vec<f32>,   // [blocks, H, block]
    bias: Vec<Vec<f32>>, // [blocks, block] a mask, forbidden tokens and padding lowered
    largest_norm: f32,   // of a column of the weights
    largest_bias: f32,   // in size
    precision: Precision,
}

impl OutputTable {
    /// Packs W `[H, V]` and b `[V]`.
    pub(crate) fn new(w: &[f32], b: &[f32], precision: Precision, masks: &Masks) -> Self {
        let vocab = b.len();
        let hidden_dim = w.len() / vocab;
        let block = BLOCK.min(vocab.next_multiple_of(LANES));
        let padded = vocab.next_multiple_of(block);
        let mut weights = vec![0.0; hidden_dim * padded];
        for (k, row) in w.chunks_exact(vocab).enumerate() {
            for (v, part) in row.chunks(block).enumerate() {
                let to = &mut weights[(v * hidden_dim + k) * block..][..part.len()];
                to.iter_mut().zip(part).for_each(|(to, &x)| *to = precision.of_factor(x));
            }
        }
        let mut squares = vec![0.0; vocab];
        for row in w.chunks_exact(vocab) {
            squares
                .iter_mut()
                .zip(row)
                .for_each(|(sum, &x)| *sum += precision.of_factor(x) * precision.of_factor(x));
        }
        let largest_norm = squares.iter().copied().fold(0.0, f32::max).sqrt();
        let mut plain = b.to_vec();
        let largest_bias = plain.iter().map(|x| x.abs()).fold(0.0, f32::max);
        plain.resize(padded, FORBIDDEN as f32);
        let masked = |mask| {
            let mut bias = plain.clone();
            masks.forbidden(mask).iter().for_each(|&t| bias[t as usize] = FORBIDDEN as f32);
            bias
        };
        let bias = (0..masks.len() as u32).map(masked).collect();
        Self { hidden_dim, vocab, block, weights, bias, largest_norm, largest_bias, precision }
    }

    /// Draws a token for each row of h `[rows, H]` under one mask with the uniform numbers `uniforms`, and appends tokens
    /// and their log-probabilities.
    pub(crate) fn draw(
        &self,
        h: &[f32],
        mask: u32,
        uniforms: &[f64],
        tokens: &mut Vec<TokenId>,
        log_prob: &mut Vec<f32>,
    ) {
        assert_eq!(h.len(), uniforms.len() * self.hidden_dim, "a uniform number a row");
        let bias = &self.bias[mask as usize];
        let h = self.precision.of_factors(h);
        dispatch(Draw { table: self, bias, h: &h, uniforms, tokens, log_prob });
    }
}

struct Draw<'a> {
    table: &'a OutputTable,
    bias: &'a [f32],
    h: &'a [f32],
    uniforms: &'a [f64],
    tokens: &'a mut Vec<TokenId>,
    log_prob: &'a mut Vec<f32>,
}

impl Kernel for Draw<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, s: S) {
        let rows = self.uniforms.len();
        let blocks = self.bias.len() / self.table.block;
        let stride = blocks.next_multiple_of(LANES);
        // Padding blocks weigh nothing: their shift is as low as a forbidden logit.
        let mut shifts = vec![2.0 * FORBIDDEN as f32; rows * stride];
        let harmless: Vec<bool> =
            self.h.chunks_exact(self.table.hidden_dim).map(|h| self.is_harmless(h)).collect();
        let mut sums = vec![0.0f32; rows * stride];
        let mut logits = [0.0f32; BLOCK];
        for v in 0..blocks {
            let mut r = 0;
            while r < rows {
                let out = &mut sums[r * stride + v..];
                // Tiles of 8 x 48 with 32 registers; without them 6 x 16 fills the 16 there are. What is left has fewer rows.
                let n = match rows - r {
                    8.. if S::WIDE => self.block_sums::<S, 8, 3>(s, r, v, out, stride),
                    6.. if !S::WIDE => self.block_sums::<S, 6, 1>(s, r, v, out, stride),
                    2.. if S::WIDE => self.block_sums::<S, 2, 3>(s, r, v, out, stride),
                    2.. => self.block_sums::<S, 2, 1>(s, r, v, out, stride),
                    _ => self.block_sums::<S, 1, 3>(s, r, v, out, stride),
                };
                for r in r..r + n {
                    let at = r * stride + v;
                    if harmless[r] {
                        shifts[at] = 0.0;
                    } else {
                        self.block_logits(s, r, v, &mut logits);
                        (shifts[at], sums[at]) = shifted_sum(s, &logits[..self.table.block]);
                    }
                }
                r += n;
            }
        }
        for r in 0..rows {
            let at = r * stride..(r + 1) * stride;
            self.pick(s, r, blocks, &shifts[at.clone()], &mut sums[at], &mut logits);
        }
    }
}

/// The largest logit m of a block and the sum of exp(logit - m).
#[inline(always)]
fn shifted_sum<S: Simd>(s: S, logits: &[f32]) -> (f32, f32) {
    let mut largest = s.splat(f32::NEG_INFINITY);
    for chunk in logits.chunks_exact(LANES) {
        // SAFETY: a chunk holds 16 values, here and below.
        largest = s.max(largest, unsafe { s.load(chunk.as_ptr()) });
    }
    let largest = s.largest(largest);
    let mut sum = s.splat(0.0);
    for chunk in logits.chunks_exact(LANES) {
        // SAFETY: as above.
        sum = s.add(sum, math::exp(s, s.sub(unsafe { s.load(chunk.as_ptr()) }, s.splat(largest))));
    }
    (largest, s.sum(sum))
}

impl Draw<'_> {
    /// Whether no logit of a row can be too large for the exponential.
    fn is_harmless(&self, h: &[f32]) -> bool {
        let norm = h.iter().map(|x| x * x).sum::<f32>().sqrt();
        norm * self.table.largest_norm + self.table.largest_bias <= HARMLESS
    }

    /// Sums of the exponentials of block `v`'s logits for `R` rows from `r`, `W` vectors of them at a time where there are as many;
    /// row i's goes to `out[i * stride]`. Returns `R`.
    #[inline(always)]
    fn block_sums<S: Simd, const R: usize, const W: usize>(
        &self,
        s: S,
        r: usize,
        v: usize,
        out: &mut [f32],
        stride: usize,
    ) -> usize {
        let mut sums = [s.splat(0.0); R];
        let mut column = 0;
        while column < self.table.block {
            if column + W * LANES <= self.table.block {
                let logits = self.tile::<S, R, W>(s, r, v, column);
                for i in 0..R {
                    for j in 0..W {
                        sums[i] = s.add(sums[i], math::exp(s, logits[i][j]));
                    }
                }
                column += W * LANES;
            } else {
                let logits = self.tile::<S, R, 1>(s, r, v, column);
                for i in 0..R {
                    sums[i] = s.add(sums[i], math::exp(s, logits[i][0]));
                }
                column += LANES;
            }
        }
        for i in 0..R {
            out[i * stride] = s.sum(sums[i]);
        }
        R
    }

    /// Logits of row `r` for block `v`.
    #[inline(always)]
    fn block_logits<S: Simd>(&self, s: S, r: usize, v: usize, out: &mut [f32; BLOCK]) {
        const W: usize = 3;
        let mut column = 0;
        while column < self.table.block {
            // SAFETY: a block is a multiple of 16 and at most BLOCK wide, here and below.
            let mut store =
                |j: usize, logits| unsafe { s.store(out.as_mut_ptr().add(column + j * LANES), logits) };
            if column + W * LANES <= self.table.block {
                let [logits] = self.tile::<S, 1, W>(s, r, v, column);
                for j in 0..W {
                    store(j, logits[j]);
                }
                column += W * LANES;
            } else {
                let [[logits]] = self.tile::<S, 1, 1>(s, r, v, column);
                store(0, logits);
                column += LANES;
            }
        }
    }

    /// Logits of `R` rows from `r` for `W` vectors of columns of block `v`.
    #[inline(always)]
    fn tile<S: Simd, const R: usize, const W: usize>(
        &self,
        s: S,
        r: usize,
        v: usize,
        column: usize,
    ) -> [[S::V; W]; R] {
        let (hidden, block) = (self.table.hidden_dim, self.table.block);
        assert!(column + W * LANES <= block && (r + R) * hidden <= self.h.len());
        let mut acc = [[s.splat(0.0); W]; R];
        // SAFETY: the table holds whole blocks, and the rest is asserted above.
        unsafe {
            let w = self.table.weights.as_ptr().add(v * hidden * block + column);
            let b = self.bias.as_ptr().add(v * block + column);
            let h: [*const f32; R] = std::array::from_fn(|i| self.h.as_ptr().add((r + i) * hidden));
            for j in 0..W {
                let bias = s.load(b.add(j * LANES));
                for i in 0..R {
                    acc[i][j] = bias;
                }
            }
            for k in 0..hidden {
                let row: [S::V; W] = std::array::from_fn(|j| s.load(w.add(k * block + j * LANES)));
                for i in 0..R {
                    let x = s.splat(*h[i].add(k));
                    for j in 0..W {
                        acc[i][j] = s.fma(x, row[j], acc[i][j]);
                    }
                }
            }
        }
        acc
    }

    /// Picks row r's block, then its token.
    #[inline(always)]
    fn pick<S: Simd>(
        &mut self,
        s: S,
        r: usize,
        blocks: usize,
        shifts: &[f32],
        sums: &mut [f32],
        logits: &mut [f32; BLOCK],
    ) {
        let largest = shifts.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let shift = s.splat(largest);
        for (m, sum) in shifts.chunks_exact(LANES).zip(sums.chunks_exact_mut(LANES)) {
            // SAFETY: chunks hold 16 values.
            unsafe {
                let scale = math::exp(s, s.sub(s.load(m.as_ptr()), shift));
                s.store(sum.as_mut_ptr(), s.mul(scale, s.load(sum.as_ptr())));
            }
        }
        let total: f64 = sums.iter().map(|&x| f64::from(x)).sum();
        let mut left = self.uniforms[r] * total;
        let mut v = 0;
        while v + 1 < blocks && left >= f64::from(sums[v]) {
            left -= f64::from(sums[v]);
            v += 1;
        }
        // Rounding may step past the last block that has any weight.
        while sums[v] == 0.0 && v > 0 {
            v -= 1;
        }
        self.block_logits(s, r, v, logits);
        let block = self.table.block;
        let mut exps = [0.0f32; BLOCK];
        for i in (0..block).step_by(LANES) {
            // SAFETY: block is a multiple of 16 and at most BLOCK.
            unsafe {
                let e = math::exp(s, s.sub(s.load(logits.as_ptr().add(i)), shift));
                s.store(exps.as_mut_ptr().add(i), e);
            }
        }
        let (mut chosen, mut before) = (0, 0.0f64);
        for (i, &e) in exps[..block].iter().enumerate() {
            if e > 0.0 {
                chosen = i;
                before += f64::from(e);
                if before > left {
                    break;
                }
            }
        }
        debug_assert!(v * block + chosen < self.table.vocab);
        self.tokens.push((v * block + chosen) as TokenId);
        self.log_prob.push((f64::from(logits[chosen] - largest) - total.ln()) as f32);
    }
}

#[cfg(test)]
mod tests {
    use super::super::simd::{all_levels, dispatch_at};
    use super::*;
    use crate::rng::{Purpose, Streams};

    fn random(n: usize, sequence: u64) -> Vec<f32> {
        let mut reader = Streams::new(3, Purpose::Bootstrap).reader(sequence);
        (0..n).map(|_| reader.normal() as f32).collect()
    }

    /// The textbook draw: all logits, softmax, cumulative sum, in f64.
    fn plain(w: &[f32], b: &[f32], scale: f64, banned: &[u32], h: &[f32], u: f64) -> (u32, f64) {
        let logits: Vec<f64> = (0..b.len())
            .map(|v| {
                let dot: f64 =
                    h.iter().enumerate().map(|(k, &x)| f64::from(x) * f64::from(w[k * b.len() + v])).sum();
                if banned.contains(&(v as u32)) { f64::NEG_INFINITY } else { (dot + f64::from(b[v])) * scale }
            })
            .collect();
        let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let logits: Vec<f64> = logits.iter().map(|l| l - largest).collect();
        let total: f64 = logits.iter().map(|l| l.exp()).sum();
        let mut sum = 0.0;
        for (v, l) in logits.iter().enumerate() {
            sum += l.exp();
            if sum > u * total {
                return (v as u32, l - total.ln());
            }
        }
        unreachable!("u is below 1");
    }

    #[test]
    fn agrees_with_the_textbook_draw_on_every_path() {
        let large = (1000, 32, 21); // takes Miri minutes
        for (vocab, hidden, rows) in [large, (5, 7, 9), (193, 4, 8), (16, 3, 1)] {
            if cfg!(miri) && (vocab, hidden, rows) == large {
                continue;
            }
            let (w, b, h) = (random(hidden * vocab, 1), random(vocab, 2), random(rows * hidden, 3));
            let uniforms: Vec<f64> =
                (0..rows).map(|r| Streams::new(5, Purpose::Sample).uniform(r as u64, 0)).collect();
            let masks = Masks::new(vec![vec![0, 1], vec![1]]);
            let table = OutputTable::new(&w, &b, Precision::F32, &masks);
            for mask in [0, 1] {
                for level in all_levels() {
                    let (mut tokens, mut log_prob) = (Vec::new(), Vec::new());
                    let bias = &table.bias[mask as usize];
                    let (t, l) = (&mut tokens, &mut log_prob);
                    dispatch_at(
                        level,
                        Draw { table: &table, bias, h: &h, uniforms: &uniforms, tokens: t, log_prob: l },
                    );
                    for r in 0..rows {
                        let banned = masks.forbidden(mask);
                        let h = &h[r * hidden..(r + 1) * hidden];
                        let (token, want) = plain(&w, &b, 1.0, banned, h, uniforms[r]);
                        assert_eq!(tokens[r], token, "{level:?} vocab {vocab} row {r}");
                        assert!((f64::from(log_prob[r]) - want).abs() < 1e-5, "{} for {want}", log_prob[r]);
                    }
                }
            }
        }
    }

    #[test]
    fn rows_with_large_logits_are_shifted_and_leave_their_neighbours_alone() {
        let (vocab, hidden, rows) = (if cfg!(miri) { 70 } else { 500 }, 8, 16);
        let (w, b) = (random(hidden * vocab, 1), random(vocab, 2));
        let mut h = random(rows * hidden, 3);
        let draw = |h: &[f32]| {
            let table = OutputTable::new(&w, &b, Precision::F32, &Masks::new(vec![vec![]]));
            let uniforms: Vec<f64> =
                (0..rows).map(|r| Streams::new(6, Purpose::Sample).uniform(r as u64, 0)).collect();
            let (mut tokens, mut log_prob) = (Vec::new(), Vec::new());
            table.draw(h, 0, &uniforms, &mut tokens, &mut log_prob);
            (tokens, log_prob, uniforms)
        };
        let before = draw(&h);
        // Logits of up to some thousands; e^89 is too large for f32.
        for r in [3, 4, 15] {
            h[r * hidden..][..hidden].iter_mut().for_each(|x| *x *= 300.0);
        }
        let (tokens, log_prob, uniforms) = draw(&h);
        for r in 0..rows {
            if [3, 4, 15].contains(&r) {
                let (token, want) = plain(&w, &b, 1.0, &[], &h[r * hidden..][..hidden], uniforms[r]);
                assert_eq!(tokens[r], token);
                assert!((f64::from(log_prob[r]) - want).abs() < 2e-3, "{} for {want}", log_prob[r]);
            } else {
                assert_eq!((tokens[r], log_prob[r]), (before.0[r], before.1[r]));
            }
        }
    }

    #[test]
    fn never_draws_what_is_forbidden_even_at_the_ends_of_the_unit_interval() {
        let vocab = 200;
        let masks = Masks::new(vec![vec![0, 198, 199]]);
        let table = OutputTable::new(&random(4 * vocab, 1), &random(vocab, 2), Precision::F32, &masks);
        let (mut tokens, mut log_prob) = (Vec::new(), Vec::new());
        table.draw(&random(8, 3), 0, &[0.0, 1.0 - 1e-16], &mut tokens, &mut log_prob);
        assert!(tokens[0] == 1 && tokens[1] == 197, "{tokens:?}");
    }
}
