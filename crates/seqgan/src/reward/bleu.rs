//! BLEU as a reward (PG-BLEU; SeqGAN, section 4.1).

use super::{Reward, RewardContext, RewardKind};
use crate::Result;
use crate::config::RewardConfig;
use crate::ngram::sentence_bleu::References;
use crate::token::SeqBatch;
use rayon::prelude::*;

/// Sentence BLEU-n of a finished sequence against given sequences, the training data in PG-BLEU; in 0..=1.
#[derive(Debug, Clone)]
pub struct Bleu {
    references: References,
}

impl Bleu {
    /// The reward of n-grams of up to `max_order` tokens. The references are counted once.
    pub fn new(references: &SeqBatch, max_order: usize) -> Self {
        Self { references: References::new(references, max_order..=max_order) }
    }
}

impl Reward for Bleu {
    fn score(&self, sequences: &SeqBatch) -> Result<Vec<f32>> {
        let score = |b: usize| self.references.score(sequences.row(b), None)[0] as f32;
        Ok((0..sequences.len()).into_par_iter().with_min_len(64).map(score).collect())
    }
}

/// The kind `bleu`.
pub(super) struct BleuKind;

impl RewardKind for BleuKind {
    fn name(&self) -> &'static str {
        "bleu"
    }

    fn about(&self) -> &'static str {
        "Sentence BLEU against the training sequences."
    }

    fn build(&self, part: &RewardConfig, context: &RewardContext<'_>) -> Result<Box<dyn Reward>> {
        let order = if part.order == 0 { context.bleu_order } else { part.order };
        Ok(Box::new(Bleu::new(context.train, order)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_by_hand() {
        let references = SeqBatch::from_rows([vec![1, 2, 3, 4], vec![4, 3, 2], vec![9, 9, 9, 9]], 4);
        let samples = SeqBatch::from_rows([vec![1, 2, 3, 4], vec![1, 2, 9, 9], vec![7, 7]], 4);
        let scores = Bleu::new(&references, 3).score(&samples).unwrap();
        assert_eq!((scores[0], scores[2]), (1.0, 0.0));
        // Of 1 2 9 9 match 4 of 4 tokens, 12 and 99 of three pairs, no triple: 0.1 of 2.
        assert!((scores[1] - (2.0f32 / 3.0 * 0.05).cbrt()).abs() < 1e-6, "{scores:?}");
    }
}
