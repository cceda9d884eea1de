//! Nats per token: `nll_oracle`, `nll_test`, `nll_train` and `entropy` are all this mean, of other sequences
//! under other models.

use super::Estimate;
use crate::generator::Policy;
use crate::token::SeqBatch;

/// Total nats over total decisions, from each sequence's negative log-likelihood `nats[b]` and its number of
/// decisions `steps[b]` (its tokens, and its end where that is a decision: [`crate::SeqBatch::steps`]).
///
/// It weighs tokens equally, not sequences; the standard error is over sequences ([`Estimate::ratio`]).
/// Two quantities of the same sequences are subtracted before, sequence by sequence: `reverse_kl` is
/// `per_token` of oracle nats minus own nats, whose errors largely cancel.
pub fn per_token(nats: &[f64], steps: &[u32]) -> Estimate {
    let steps: Vec<f64> = steps.iter().map(|&steps| f64::from(steps)).collect();
    Estimate::ratio(nats, &steps)
}

/// Decisions of each sequence, `[B]`: its tokens, and its end where that is a decision.
pub fn steps(batch: &SeqBatch, has_end: bool) -> Vec<u32> {
    (0..batch.len()).map(|b| batch.steps(b, has_end) as u32).collect()
}

/// -log p of each sequence under `policy`, `[B]`, in nats.
pub fn nats(policy: &dyn Policy, batch: &SeqBatch) -> Vec<f64> {
    policy.sequence_log_prob(batch).into_iter().map(|l| -l).collect()
}

/// Mean -log p per token of `batch` under `policy`, in nats.
pub fn nll(policy: &dyn Policy, batch: &SeqBatch) -> Estimate {
    per_token(&nats(policy, batch), &steps(batch, policy.end_token().is_some()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_weigh_equally_not_sequences() {
        // 1 nat on 1 token, 9 nats on 3: 10 / 4, where the mean of the sequences' means would be 2.
        // Deviations 1 - 2.5 and 9 - 7.5: sqrt(2 / 1 * 4.5) / 4.
        let got = per_token(&[1.0, 9.0], &[1, 3]);
        assert!((got.mean - 2.5).abs() < 1e-15 && (got.stderr - 0.75).abs() < 1e-15, "{got:?}");
    }
}
