//! Vocabulary of the trained metrics, and the sizes of their networks.

use crate::discriminator::DiscriminatorShape;
use crate::token::{SeqBatch, TokenId};
use std::collections::HashMap;

/// End token, appended to each sequence that was not truncated.
pub(super) const END: TokenId = 0;
/// Token for all tokens that no training sequence contains. It is scored like any other token, so samples with unknown
/// words get a bad score.
const UNKNOWN: TokenId = 1;
const EMBEDDING_DIM: usize = 32;
/// (width, filters) of the classifier's convolutions.
const FILTERS: [(usize, usize); 5] = [(1, 64), (2, 64), (3, 64), (4, 64), (5, 64)];

/// Tokens of the training sequences. All metrics use the same tokens, for samples and for real sequences.
pub(super) struct Vocabulary {
    numbers: HashMap<TokenId, TokenId>,
    max_length: usize,
}

impl Vocabulary {
    /// Vocabulary of `train`, with a maximum length that covers all of `sets`.
    pub fn new(train: &SeqBatch, sets: [&SeqBatch; 3]) -> Self {
        let mut numbers = HashMap::new();
        for &token in train.rows().flatten() {
            let next = UNKNOWN + 1 + numbers.len() as TokenId;
            numbers.entry(token).or_insert(next);
        }
        let lengths = sets.into_iter().flat_map(SeqBatch::rows).map(<[_]>::len);
        Self { numbers, max_length: lengths.max().unwrap_or(0).max(1) }
    }

    /// Converts sequences to these token ids.
    pub fn encode(&self, batch: &SeqBatch) -> SeqBatch {
        let number = |token: &TokenId| self.numbers.get(token).copied().unwrap_or(UNKNOWN);
        let rows = batch.rows().map(|row| row.iter().map(number).collect::<Vec<_>>());
        SeqBatch::from_rows(rows, self.max_length)
    }

    /// Shape of the classifiers.
    pub fn discriminator_shape(&self) -> DiscriminatorShape {
        DiscriminatorShape {
            vocab_size: self.len(),
            embedding_dim: EMBEDDING_DIM,
            max_length: self.max_length,
            filters: FILTERS.into_iter().filter(|filter| filter.0 <= self.max_length).collect(),
            end_token: Some(END),
            num_labels: 0,
        }
    }

    /// Number of tokens, including the end token and the unknown token.
    pub fn len(&self) -> usize {
        self.numbers.len() + UNKNOWN as usize + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_training_sequence_has_is_one_token() {
        let train = SeqBatch::from_rows([[70, 80]], 2);
        let other = SeqBatch::from_rows([vec![80, 9, 70, 8]], 5);
        let vocabulary = Vocabulary::new(&train, [&train, &train, &other]);
        assert_eq!(vocabulary.encode(&other).row(0), [3, UNKNOWN, 2, UNKNOWN]);
        let shape = vocabulary.discriminator_shape();
        assert_eq!((vocabulary.len(), shape.vocab_size, shape.max_length, shape.filters.len()), (4, 4, 4, 4));
    }
}
