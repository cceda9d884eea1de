//! The likeliest sequences, searched with a beam.

use super::LstmPolicy;
use super::rules::RuleState;
use super::walk::Walk;
use crate::rng::{Purpose, Streams};
use crate::token::{Label, TokenId};

/// A sequence and its log-probability, in nats, its end included.
pub type Scored = (Vec<TokenId>, f64);

/// A beginning that can go on.
struct Beginning {
    tokens: Vec<TokenId>,
    log_prob: f64,
    /// Its row in the walk.
    row: usize,
    rule: RuleState,
}

impl LstmPolicy {
    /// The likeliest `width` sequences that a beam of `width` beginnings finds, the likeliest first. Log-probabilities
    /// are compared as they are, without a correction for length; a beam of V^T would find the very likeliest. `label` is
    /// theirs, where the model knows labels.
    pub fn beam(&self, width: usize, label: Option<Label>) -> Vec<Scored> {
        let streams = Streams::new(0, Purpose::Sample); // nothing is drawn
        let mut walk = Walk::new(self, &streams, None);
        walk.join_start(1, label.as_slice(), |_| 0);
        let start = Beginning { tokens: Vec::new(), log_prob: 0.0, row: 0, rule: super::Rules::START };
        let (mut open, mut finished): (Vec<Beginning>, Vec<Scored>) = (vec![start], Vec::new());
        let (length, end) = (self.shape().max_length, self.shape().end_token);
        for t in 0..length {
            // (log-probability, beginning, token), the likeliest first; equal ones in the order of their making.
            let mut next: Vec<(f64, usize, TokenId)> = Vec::new();
            for (i, beginning) in open.iter().enumerate() {
                let log_probs = walk.log_probs(beginning.row, self.rules().mask(beginning.rule, t));
                let mut best: Vec<(f64, usize, TokenId)> = (0..)
                    .zip(&log_probs)
                    .filter(|(_, l)| **l > f64::NEG_INFINITY)
                    .map(|(token, l)| (beginning.log_prob + l, i, token))
                    .collect();
                // An end takes a place of its own, so one more than the width can matter.
                let most = (width + 1).min(best.len());
                best.sort_by(|a, b| b.0.total_cmp(&a.0));
                next.extend(&best[..most]);
            }
            next.sort_by(|a, b| b.0.total_cmp(&a.0));
            let mut going_on = Vec::with_capacity(width);
            for (log_prob, i, token) in next {
                let mut tokens = open[i].tokens.clone();
                if Some(token) == end {
                    finished.push((tokens, log_prob));
                    continue;
                }
                tokens.push(token);
                if tokens.len() == length {
                    finished.push((tokens, log_prob));
                } else if going_on.len() < width {
                    let rule = self.rules().next(open[i].rule, token);
                    going_on.push((Beginning { tokens, log_prob, row: going_on.len(), rule }, open[i].row));
                }
            }
            finished.sort_by(|a, b| b.1.total_cmp(&a.1));
            finished.truncate(width);
            // What is less likely already than all that is finished can only become less so.
            let worst = if finished.len() == width { finished[width - 1].1 } else { f64::NEG_INFINITY };
            going_on.retain(|(beginning, _)| beginning.log_prob > worst);
            if going_on.is_empty() {
                break;
            }
            let rows: Vec<(usize, TokenId)> =
                going_on.iter().map(|(b, row)| (*row, *b.tokens.last().expect("just pushed"))).collect();
            walk.follow(&rows);
            open = going_on.into_iter().map(|(beginning, _)| beginning).collect();
            open.iter_mut().enumerate().for_each(|(row, beginning)| beginning.row = row);
        }
        finished
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::{GeneratorShape, LstmGenerator, Policy};
    use crate::token::SeqBatch;

    /// Of all sequences, listed, the beam that is wide enough finds the likeliest, in order.
    #[test]
    fn a_wide_beam_finds_the_likeliest_of_all() {
        let shape = GeneratorShape {
            vocab_size: 5,
            embedding_dim: 3,
            hidden_dim: 4,
            max_length: 4,
            start_token: 0,
            end_token: Some(0),
            never: vec![1],
            allow_empty: false,
            label_counts: Vec::new(),
        };
        for seed in 0..5 {
            let generator =
                LstmGenerator::new(shape.clone(), 1.5, &Streams::new(seed, Purpose::GeneratorInit));
            let policy = LstmPolicy::new(&generator, 0.8);
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
