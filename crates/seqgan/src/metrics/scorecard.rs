//! All that can be said of a set of samples beside a test file, under the names that `evaluate --json` prints.

use super::{Estimate, bleu, distinct, ms_jaccard, nearest, novel, self_bleu, unique};
use crate::token::SeqBatch;
use serde::{Deserialize, Serialize};

/// Measures of one set of sequences; absent where their input is missing.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Scorecard {
    /// Mean -log p of the test sequences under the model, nats a decision.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nll_test: Option<Estimate>,
    /// BLEU-n against the test file.
    pub bleu_2: Option<Estimate>,
    /// BLEU-n against the test file.
    pub bleu_3: Option<Estimate>,
    /// BLEU-n against the test file.
    pub bleu_4: Option<Estimate>,
    /// BLEU-n against the test file.
    pub bleu_5: Option<Estimate>,
    /// Self-BLEU-n: higher is less varied.
    pub self_bleu_2: Option<Estimate>,
    /// Self-BLEU-n: higher is less varied.
    pub self_bleu_3: Option<Estimate>,
    /// Self-BLEU-n: higher is less varied.
    pub self_bleu_4: Option<Estimate>,
    /// Self-BLEU-n: higher is less varied.
    pub self_bleu_5: Option<Estimate>,
    /// MS-Jaccard-2 with the test file: n-grams of both over n-grams of either.
    pub ms_jaccard_2: Option<Estimate>,
    /// MS-Jaccard-3 with the test file: n-grams of both over n-grams of either.
    pub ms_jaccard_3: Option<Estimate>,
    /// MS-Jaccard-4 with the test file: n-grams of both over n-grams of either.
    pub ms_jaccard_4: Option<Estimate>,
    /// MS-Jaccard-5 with the test file: n-grams of both over n-grams of either.
    pub ms_jaccard_5: Option<Estimate>,
    /// Different n-grams over n-grams.
    pub distinct_1: Option<Estimate>,
    /// Different n-grams over n-grams.
    pub distinct_2: Option<Estimate>,
    /// Different n-grams over n-grams.
    pub distinct_3: Option<Estimate>,
    /// Share of different sequences.
    pub unique: Option<Estimate>,
    /// Share of sequences that are not in the training file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub novel: Option<Estimate>,
    /// Squared distance to the mean melody of the test file, where tokens are pitches.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub pitch_mse: Option<Estimate>,
    /// Mean edit distance to the nearest sequence of the training file, over the longer length.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nearest: Option<Estimate>,
    /// Share of sequences that are nearer than a tenth to one of the training file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub near_copies: Option<Estimate>,
    /// Mean -log p of the samples under a language model of real sequences, nats a decision.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lm_score: Option<Estimate>,
    /// Mean -log p of the test sequences under a language model of the samples, nats a decision.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reverse_lm_score: Option<Estimate>,
    /// Share of held-out sequences that a classifier tells to be real or samples.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub classifier_accuracy: Option<Estimate>,
}

impl Scorecard {
    /// Measures `samples` against `test` and, for what is new in them, `train`. What takes a model is left out.
    pub fn of(samples: &SeqBatch, test: &SeqBatch, train: Option<&SeqBatch>) -> Self {
        let against_test: Vec<_> = bleu(samples, test, 2..=5).into_iter().map(Some).collect();
        let against_self: Vec<_> = self_bleu(samples, 2..=5).into_iter().map(Some).collect();
        let both: Vec<_> = ms_jaccard(samples, test, 2..=5).into_iter().map(Some).collect();
        Self {
            nll_test: None,
            bleu_2: against_test[0],
            bleu_3: against_test[1],
            bleu_4: against_test[2],
            bleu_5: against_test[3],
            self_bleu_2: against_self[0],
            self_bleu_3: against_self[1],
            self_bleu_4: against_self[2],
            self_bleu_5: against_self[3],
            ms_jaccard_2: both[0],
            ms_jaccard_3: both[1],
            ms_jaccard_4: both[2],
            ms_jaccard_5: both[3],
            distinct_1: Some(distinct(samples, 1)),
            distinct_2: Some(distinct(samples, 2)),
            distinct_3: Some(distinct(samples, 3)),
            unique: Some(unique(samples)),
            ..Self::default()
        }
        .beside_train(samples, train)
    }

    /// Adds what is measured of `sequences` against the training file.
    fn beside_train(mut self, sequences: &SeqBatch, train: Option<&SeqBatch>) -> Self {
        if let Some(train) = train {
            let near = nearest(sequences, train);
            self.novel = Some(novel(sequences, train));
            self.nearest = Some(near.distance);
            self.near_copies = Some(near.near_copies);
        }
        self
    }

    /// The `real` row: what real sequences score where samples are measured. At most `n` training sequences that
    /// are not in the test file stand as hypotheses, in the order given; against the training
    /// file the test sequences are measured, since training sequences are copies of themselves.
    pub fn of_real(train: &SeqBatch, test: &SeqBatch, n: usize) -> Self {
        Self::of(&Self::hypotheses(train, test, n), test, None).beside_train(test, Some(train))
    }

    /// The sequences that stand as samples in the `real` row.
    pub fn hypotheses(train: &SeqBatch, test: &SeqBatch, n: usize) -> SeqBatch {
        let in_test: std::collections::HashSet<&[u32]> = test.rows().collect();
        let other = train.rows().filter(|row| !in_test.contains(row)).take(n);
        SeqBatch::from_rows(other, train.max_length())
    }

    /// Names and values of what is there, in order.
    pub fn entries(&self) -> Vec<(&'static str, Estimate)> {
        [
            ("nll_test", self.nll_test),
            ("bleu_2", self.bleu_2),
            ("bleu_3", self.bleu_3),
            ("bleu_4", self.bleu_4),
            ("bleu_5", self.bleu_5),
            ("self_bleu_2", self.self_bleu_2),
            ("self_bleu_3", self.self_bleu_3),
            ("self_bleu_4", self.self_bleu_4),
            ("self_bleu_5", self.self_bleu_5),
            ("ms_jaccard_2", self.ms_jaccard_2),
            ("ms_jaccard_3", self.ms_jaccard_3),
            ("ms_jaccard_4", self.ms_jaccard_4),
            ("ms_jaccard_5", self.ms_jaccard_5),
            ("distinct_1", self.distinct_1),
            ("distinct_2", self.distinct_2),
            ("distinct_3", self.distinct_3),
            ("unique", self.unique),
            ("novel", self.novel),
            ("pitch_mse", self.pitch_mse),
            ("nearest", self.nearest),
            ("near_copies", self.near_copies),
            ("lm_score", self.lm_score),
            ("reverse_lm_score", self.reverse_lm_score),
            ("classifier_accuracy", self.classifier_accuracy),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_real_row_leaves_out_lines_of_the_test_file() {
        let test = SeqBatch::from_rows([vec![1, 2, 3], vec![4, 5, 6]], 3);
        let train = SeqBatch::from_rows([vec![1, 2, 3], vec![7, 8, 9], vec![9, 8, 7]], 3);
        let card = Scorecard::of_real(&train, &test, 1);
        // Only 7 8 9 is left as a hypothesis, and it shares nothing with the test file.
        assert_eq!(card.bleu_2.unwrap().mean, 0.0);
        // One of the two test lines is not in the training file.
        assert_eq!(card.novel.unwrap().mean, 0.5);
    }
}
