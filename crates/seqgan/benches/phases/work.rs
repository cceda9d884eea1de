//! How much work a phase is, so that seconds become GFLOP/s and sequences per second.
//!
//! Counted are the products, a multiplication and an addition for each term, as the equations have them; sums,
//! exponentials and updates are not. With E, H of the generator and D, F of the discriminator (F filters of width
//! k, F in all):
//!
//! | | FLOP |
//! |---|---|
//! | a token drawn, or its likelihood | 8 H (E + H) + 2 H V: the LSTM's step, the output layer |
//! | a token learnt | 3 times that: forward, gradients of weights and of inputs |
//! | a sequence scored | sum over widths of 2 k D F_k (T - k + 1), + 4 F^2 + 4 F: windows, highway, output |
//! | a sequence learnt | scored, + sum over widths of 4 k D F_k (the winning windows alone), + 2 (4 F^2 + 4 F) |
//!
//! A completion of a prefix of l tokens draws T - l, and is scored as a whole. The count is that of the plain way
//! whatever an implementation shares or looks up, so its GFLOP/s compare implementations, and may exceed what the
//! machine multiplies.

use super::phase::Phase;
use super::product::SIZE;
use super::scale::{Scale, settings};
use seqgan::rollout::prefix_lengths;

/// What one run of a phase does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Work {
    /// Floating-point operations of its products, in 10^9.
    pub gflop: f64,
    /// Sequences learnt, drawn or scored, where the phase is about one of these.
    pub sequences: Option<usize>,
    /// Tokens learnt, drawn or read.
    pub tokens: Option<usize>,
}

impl Work {
    /// Of one run of `phase`.
    pub fn of(phase: Phase, scale: &Scale) -> Self {
        let Scale { length, batch, sequences, .. } = *scale;
        let of = |flop: f64, sequences: usize, tokens: usize| Self {
            gflop: flop / 1e9,
            sequences: Some(sequences),
            tokens: Some(tokens),
        };
        match phase {
            Phase::Mle => {
                let n = sequences / batch * batch;
                of(3.0 * (n * length) as f64 * token(scale), n, n * length)
            }
            Phase::Sample => {
                let n = sequences;
                of((n * length) as f64 * token(scale), n, n * length)
            }
            Phase::Dtrain => {
                let n = 2 * sequences / batch * batch;
                of(n as f64 * learn(scale), n, n * length)
            }
            Phase::Reward | Phase::RewardBf16 => {
                let prefixes = prefix_lengths(length, scale.max_prefixes);
                let completions = batch * prefixes.len() * scale.rollouts;
                let drawn = batch * scale.rollouts * prefixes.iter().map(|l| length - l).sum::<usize>();
                let scored = completions + batch;
                of(drawn as f64 * token(scale) + scored as f64 * score(scale), scored, drawn)
            }
            Phase::Pg => of(3.0 * (batch * length) as f64 * token(scale), batch, batch * length),
            Phase::Product => {
                Self { gflop: 2.0 * (SIZE as f64).powi(3) / 1e9, sequences: None, tokens: None }
            }
            Phase::Round => {
                let steps = settings().adversarial;
                let gflop = |phase| Self::of(phase, scale).gflop;
                let sample = gflop(Phase::Sample);
                let g_step =
                    sample * batch as f64 / sequences as f64 + gflop(Phase::Reward) + gflop(Phase::Pg);
                let d_step = sample + steps.d_epochs as f64 * gflop(Phase::Dtrain);
                let gflop = steps.g_steps as f64 * g_step + steps.d_steps as f64 * d_step;
                Self { gflop, sequences: None, tokens: None }
            }
        }
    }
}

/// FLOP of a token drawn.
fn token(scale: &Scale) -> f64 {
    let (e, h) = (settings().generator.embedding_dim as f64, scale.hidden as f64);
    8.0 * h * (e + h) + 2.0 * h * scale.vocab as f64
}

/// FLOP of a sequence scored.
fn score(scale: &Scale) -> f64 {
    conv(scale, |width| (scale.length - width + 1) as f64) + dense(scale)
}

/// FLOP of a sequence learnt.
fn learn(scale: &Scale) -> f64 {
    score(scale) + conv(scale, |_| 2.0) + 2.0 * dense(scale)
}

/// FLOP of so many windows of each width.
fn conv(scale: &Scale, windows: impl Fn(usize) -> f64) -> f64 {
    let shape = scale.discriminator();
    let window = |width: usize, filters: usize| 2.0 * (width * shape.embedding_dim * filters) as f64;
    shape.filters.iter().map(|&(width, filters)| window(width, filters) * windows(width)).sum()
}

/// FLOP of highway and output layer, forward.
fn dense(scale: &Scale) -> f64 {
    let features = scale.discriminator().filters.iter().map(|f| f.1).sum::<usize>() as f64;
    4.0 * features * features + 4.0 * features
}
