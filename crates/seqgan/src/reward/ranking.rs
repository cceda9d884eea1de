//! A ranker's reward: the rank of a generated sequence among real ones (RankGAN, section 3.3).

use super::Reward;
use crate::Result;
use crate::config::Precision;
use crate::discriminator::{Arithmetic, Exact, Pairs, Ranker, References, Scorer, log_sums, rank};
use crate::kernel::Real;
use crate::rollout::Completions;
use crate::token::SeqBatch;

/// A ranker with references U and a comparison set C of real sequences, whose features are computed once. The score of
/// a sequence is R(s | U, C), in 0..=1: 1 / (C + 1) for one as relevant to the references as those of C are.
pub struct Ranking<'a, R = f32> {
    ranker: &'a Ranker<R>,
    references: References<R>,
    log_sums: Vec<f64>, // [U], of the comparison set
    gamma: f64,
    precision: Precision,
}

impl<'a, R: Real> Ranking<'a, R> {
    /// Of at least one reference and at least one sequence to compare with. `gamma` as in training; `precision` is
    /// that of the completions' scores, other sequences are scored in the network's own.
    pub fn new(
        ranker: &'a Ranker<R>,
        references: &SeqBatch,
        comparison: &SeqBatch,
        gamma: f64,
        precision: Precision,
    ) -> Self {
        assert!(!comparison.is_empty(), "a sequence to compare with");
        let references = ranker.references(references);
        let relevance = ranker.features().in_parts(comparison, |features| references.relevance(features));
        let log_sums = log_sums(&relevance, references.len(), gamma);
        Self { ranker, references, log_sums, gamma, precision }
    }

    /// R for each sequence, `[B]`.
    pub fn scores(&self, batch: &SeqBatch) -> Vec<R> {
        self.ranker.features().in_parts(batch, |features| self.ranks(features))
    }

    /// R for each completion, `[B]`, sharing the features of their common prefixes.
    pub fn completion_scores(&self, completions: &Completions) -> Vec<R> {
        self.scores_by::<Exact<R>>(completions)
    }

    fn scores_by<A: Arithmetic<Real = R>>(&self, completions: &Completions) -> Vec<R> {
        let scorer = Scorer::<A>::new(self.ranker.features());
        scorer.scores(completions, |features| self.ranks(features))
    }

    /// R `[B]` of features `[B, F]`.
    fn ranks(&self, features: &[R]) -> Vec<R> {
        let relevance = self.references.relevance(features);
        let rows = relevance.chunks_exact(self.references.len());
        rows.map(|row| R::of(rank(row, &self.log_sums, self.gamma))).collect()
    }
}

impl Reward for Ranking<'_> {
    fn score(&self, sequences: &SeqBatch) -> Result<Vec<f32>> {
        Ok(self.scores(sequences))
    }

    fn score_completions(&self, completions: &Completions) -> Result<Vec<f32>> {
        Ok(match self.precision {
            Precision::Bf16 => self.scores_by::<Pairs>(completions),
            Precision::F32 => self.completion_scores(completions),
        })
    }
}
