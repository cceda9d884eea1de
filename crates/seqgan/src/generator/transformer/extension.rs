//! The Transformer generator for other tokens and labels, and for longer or shorter sequences.

use super::model::TransformerGenerator;
use super::shape::layout;
use crate::generator::SequenceSpace;
use crate::generator::extension::SpaceMap;
use crate::rng::Streams;
use crate::token::{Label, TokenId};

impl TransformerGenerator {
    /// The same network for another space, by [`TrainableGenerator::with_space`](crate::generator::TrainableGenerator). Positions
    /// are rotations, not parameters, so sequences may be longer than any that it has seen.
    pub(super) fn with_space(
        &self,
        space: &SequenceSpace,
        token_rows: &[Option<TokenId>],
        label_rows: &[Option<Label>],
        streams: &Streams,
    ) -> Result<Self, String> {
        let map = SpaceMap::new((&self.space, space), token_rows, label_rows)?;
        let shape = self.shape;
        let output = (shape.output_matrix(), None);
        let parameters = map.parameters(&self.parameters, layout(space, shape), output, streams);
        Self::from_parameters(space.clone(), shape, parameters)
    }
}

#[cfg(test)]
mod tests {
    use super::super::shape::TransformerShape;
    use super::*;
    use crate::generator::oracle::synthetic_space;
    use crate::generator::{DecisionIndex, LogitSource};
    use crate::rng::Purpose;
    use crate::token::SeqBatch;

    /// Known tokens have the logits that they had, to the bit, wherever they stand now.
    #[test]
    fn known_tokens_keep_their_logits() {
        let shape = TransformerShape::new(12, 2, 2);
        for shape in [shape, shape.tied()] {
            let streams = Streams::new(3, Purpose::NewTokens);
            let old = TransformerGenerator::new(synthetic_space(7, 5), shape, 0.4, &streams);
            // Tokens 0 to 6 are 1 to 7 now, behind a new one; sequences are longer.
            let rows: Vec<Option<TokenId>> = std::iter::once(None).chain((0..7).map(Some)).collect();
            let mut space = synthetic_space(8, 9);
            space.start_token = 1;
            let new = old.with_space(&space, &rows, &[], &streams).unwrap();
            let logits = |generator: &TransformerGenerator, row: &[TokenId], length: usize| {
                let batch = SeqBatch::from_rows([row], length);
                let positions: Vec<_> = (0..4).map(|step| DecisionIndex { row: 0, step }).collect();
                let mut to = Vec::new();
                generator.logits_at(&batch, &positions).write(0..4, &mut to);
                to
            };
            let before = logits(&old, &[3, 6, 0, 2], 5);
            let after = logits(&new, &[4, 7, 1, 3], 9);
            for (before, after) in before.chunks_exact(7).zip(after.chunks_exact(8)) {
                assert_eq!(before, &after[1..]);
                assert!(after[0] != 0.0);
            }
        }
    }
}
