//! The likeliest sequences, found by beam search.

use super::rules::RuleState;
use super::{Decoder, GeneratorPolicy, Policy, Rules};
use crate::kernel::masks::FORBIDDEN;
use crate::token::{Label, TokenId};

/// A sequence and its log-probability, in nats, its end included.
pub type ScoredSequence = (Vec<TokenId>, f64);

/// An unfinished sequence; its number is that of its row in the decoder.
struct Hypothesis {
    tokens: Vec<TokenId>,
    log_prob: f64,
    state: RuleState,
}

/// A hypothesis and a token that may follow it.
#[derive(Clone, Copy)]
struct Extension {
    log_prob: f64,
    hypothesis: usize,
    token: TokenId,
}

impl GeneratorPolicy {
    /// The likeliest `width` sequences that a beam of `width` hypotheses finds, the likeliest first. Log-probabilities
    /// are compared as they are, without a correction for length; a beam of V^T would find the very likeliest. `label` is
    /// their label, where the model has labels.
    pub fn beam(&self, width: usize, label: Option<Label>) -> Vec<ScoredSequence> {
        let (length, end, rules) = (self.max_length(), self.end_token(), self.model().rules());
        let mut decoder = self.model().decoder();
        decoder.start(1, label.as_slice());
        let mut open = vec![Hypothesis { tokens: Vec::new(), log_prob: 0.0, state: Rules::START }];
        let mut finished: Vec<ScoredSequence> = Vec::new();
        for t in 0..length {
            // New hypotheses, and the row of the hypothesis that each extends.
            let (mut extended, mut rows) = (Vec::with_capacity(width), Vec::with_capacity(width));
            for Extension { log_prob, hypothesis, token } in extensions(&*decoder, rules, &open, t, width) {
                let mut tokens = open[hypothesis].tokens.clone();
                if Some(token) == end {
                    finished.push((tokens, log_prob));
                    continue;
                }
                tokens.push(token);
                if tokens.len() == length {
                    finished.push((tokens, log_prob));
                } else if extended.len() < width {
                    let state = rules.next(open[hypothesis].state, token);
                    extended.push(Hypothesis { tokens, log_prob, state });
                    rows.push(hypothesis);
                }
            }
            finished.sort_by(|a, b| b.1.total_cmp(&a.1));
            finished.truncate(width);
            // A hypothesis less likely than all finished sequences can only become less likely.
            let worst = if finished.len() == width { finished[width - 1].1 } else { f64::NEG_INFINITY };
            let likely = extended.iter().take_while(|hypothesis| hypothesis.log_prob > worst).count();
            extended.truncate(likely);
            rows.truncate(likely);
            if extended.is_empty() {
                break;
            }
            decoder.retain(&rows);
            decoder.step(&extended.iter().map(|one| one.tokens[t]).collect::<Vec<_>>());
            open = extended;
        }
        finished
    }
}

/// The likeliest extensions of each hypothesis by token t, the likeliest first; equal ones in the order of the
/// hypotheses.
fn extensions(
    decoder: &dyn Decoder,
    rules: &Rules,
    open: &[Hypothesis],
    t: usize,
    width: usize,
) -> Vec<Extension> {
    let mut all = Vec::new();
    for (hypothesis, one) in open.iter().enumerate() {
        let log_probs = log_softmax(&decoder.logits(&[hypothesis], rules.mask(one.state, t)));
        let extend = |(token, l)| Extension { log_prob: one.log_prob + l, hypothesis, token };
        let possible = (0..).zip(log_probs).filter(|(_, l)| *l > f64::NEG_INFINITY);
        let mut best: Vec<Extension> = possible.map(extend).collect();
        best.sort_by(|a, b| b.log_prob.total_cmp(&a.log_prob));
        // An end takes a place of its own, so one more than the width can matter.
        best.truncate(width + 1);
        all.extend(best);
    }
    all.sort_by(|a, b| b.log_prob.total_cmp(&a.log_prob));
    all
}

/// log p of every token, `[V]`, in f64; minus infinity where a token is forbidden.
fn log_softmax(logits: &[f32]) -> Vec<f64> {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = logits.iter().map(|&l| f64::from(l - largest).exp()).sum();
    let log_prob = |&l: &f32| match l > FORBIDDEN as f32 / 2.0 {
        true => f64::from(l - largest) - sum.ln(),
        false => f64::NEG_INFINITY,
    };
    logits.iter().map(log_prob).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::{LstmGenerator, LstmShape, SequenceSpace};
    use crate::rng::{Purpose, Streams};
    use crate::token::SeqBatch;

    /// Of all sequences, listed, the beam that is wide enough finds the likeliest, in order.
    #[test]
    fn a_wide_beam_finds_the_likeliest_of_all() {
        let space = SequenceSpace {
            vocab_size: 5,
            max_length: 4,
            start_token: 0,
            end_token: Some(0),
            never: vec![1],
            allow_empty: false,
            label_counts: Vec::new(),
        };
        for seed in 0..5 {
            let streams = Streams::new(seed, Purpose::GeneratorInit);
            let generator = LstmGenerator::new(space.clone(), LstmShape::new(3, 4), 1.5, &streams);
            let policy = GeneratorPolicy::new(&generator, 0.8);
            let mut all: Vec<Vec<TokenId>> = Vec::new();
            let mut longest: Vec<Vec<TokenId>> = vec![vec![]];
            for _ in 0..4 {
                longest = longest.iter().flat_map(|row| (2..5).map(|t| [&row[..], &[t]].concat())).collect();
                all.extend(longest.iter().cloned());
            }
            let log_prob = policy.sequence_log_prob(&SeqBatch::from_rows(&all, 4));
            let mut order: Vec<usize> = (0..all.len()).collect();
            order.sort_by(|&a, &b| log_prob[b].total_cmp(&log_prob[a]));
            let found = policy.beam(200, None);
            assert_eq!(found.len(), all.len());
            for ((tokens, log), &i) in found.iter().zip(&order) {
                assert!(
                    (log - log_prob[i]).abs() < 1e-4,
                    "{tokens:?} {log} for {:?} {}",
                    all[i],
                    log_prob[i]
                );
            }
            assert_eq!(found[0].0, all[order[0]]);
            let narrow = policy.beam(3, None);
            assert!(narrow.len() == 3 && narrow.is_sorted_by(|a, b| a.1 >= b.1));
        }
    }
}
