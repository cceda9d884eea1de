//! Embedding: rows of a table `[V, E]`, one a token.

use crate::kernel::Real;
use crate::token::TokenId;

/// Copies the row of each token into `out`, `[tokens, E]`.
pub fn forward<R: Real>(table: &[R], dim: usize, tokens: impl Iterator<Item = TokenId>, out: &mut Vec<R>) {
    for token in tokens {
        out.extend_from_slice(&table[token as usize * dim..][..dim]);
    }
}

/// Adds the row of each token to `out`, `[tokens, E]`.
pub fn add<R: Real>(table: &[R], dim: usize, tokens: impl Iterator<Item = TokenId>, out: &mut [R]) {
    for (token, out) in tokens.zip(out.chunks_exact_mut(dim)) {
        R::axpy(R::of(1.0), &table[token as usize * dim..][..dim], out);
    }
}

/// Adds the gradient `[tokens, E]` of each looked-up row to the table's gradient, in the order of the tokens.
pub fn backward<R: Real>(d_out: &[R], dim: usize, tokens: impl Iterator<Item = TokenId>, d_table: &mut [R]) {
    for (token, d) in tokens.zip(d_out.chunks_exact(dim)) {
        let row = &mut d_table[token as usize * dim..][..dim];
        row.iter_mut().zip(d).for_each(|(y, &x)| *y += x);
    }
}
