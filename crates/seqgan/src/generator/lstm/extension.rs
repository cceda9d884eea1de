//! The LSTM generator for other tokens and labels.

use super::model::LstmGenerator;
use super::shape::layout;
use crate::generator::SequenceSpace;
use crate::generator::extension::SpaceMap;
use crate::rng::Streams;
use crate::token::{Label, TokenId};

impl LstmGenerator {
    /// The same network for another space, by [`TrainableGenerator::with_space`](crate::generator::TrainableGenerator).
    pub(super) fn with_space(
        &self,
        space: &SequenceSpace,
        token_rows: &[Option<TokenId>],
        label_rows: &[Option<Label>],
        streams: &Streams,
    ) -> Result<Self, String> {
        let map = SpaceMap::new((&self.space, space), token_rows, label_rows)?;
        let shape = self.shape;
        let output = (shape.output_matrix(), Some(shape.output_bias()));
        let parameters = map.parameters(&self.parameters, layout(space, shape), output, streams);
        Self::from_parameters(space.clone(), shape, parameters)
    }
}

#[cfg(test)]
mod tests {
    use super::super::shape::EMBEDDING;
    use super::*;
    use crate::generator::oracle::{random, synthetic_space};
    use crate::generator::{DecisionIndex, LogitSource, LstmShape};
    use crate::rng::Purpose;
    use crate::token::SeqBatch;

    const V: usize = 7;
    const SHAPES: [LstmShape; 3] = [
        LstmShape::new(3, 5),
        LstmShape::new(3, 5).with_layers(2),
        LstmShape::new(4, 6).with_layers(2).tied(),
    ];

    fn streams() -> Streams {
        Streams::new(3, Purpose::NewTokens)
    }

    /// The old tokens, and `new` more behind them.
    fn rows(new: usize) -> Vec<Option<TokenId>> {
        (0..V as TokenId).map(Some).chain(std::iter::repeat_n(None, new)).collect()
    }

    /// The logits of all tokens at every decision of `batch`, `[N, V]`.
    fn logits(generator: &LstmGenerator, batch: &SeqBatch) -> Vec<Vec<f32>> {
        let at = |row| (0..batch.max_length()).map(move |step| DecisionIndex { row, step });
        let positions: Vec<DecisionIndex> = (0..batch.len()).flat_map(at).collect();
        let mut logits = Vec::new();
        generator.logits_at(batch, &positions).write(0..positions.len(), &mut logits);
        logits.chunks_exact(generator.space().vocab_size).map(<[f32]>::to_vec).collect()
    }

    fn batch() -> SeqBatch {
        SeqBatch::from_rows([[1, 2, 6, 0], [5, 5, 4, 1], [3, 0, 2, 2]], 4)
    }

    #[test]
    fn the_logits_of_known_tokens_are_kept_to_the_bit() {
        for shape in SHAPES {
            let old = random(synthetic_space(V, 4), shape, 5);
            for new in [0, 1, 30] {
                let space = synthetic_space(V + new, 4);
                let extended = old.with_space(&space, &rows(new), &[], &streams()).unwrap();
                for (found, expected) in logits(&extended, &batch()).iter().zip(logits(&old, &batch())) {
                    assert_eq!(found[..V], expected, "{shape:?} with {new} new tokens");
                }
                let bias = &extended.parameters()[shape.output_bias()];
                let smallest = bias[..V].iter().copied().fold(f32::INFINITY, f32::min);
                assert!(bias[V..].iter().all(|&x| x == smallest));
            }
        }
    }

    #[test]
    fn tokens_in_another_order_have_their_old_logits() {
        // The start token, 0, stays.
        let order: [TokenId; V] = [0, 6, 2, 1, 5, 4, 3];
        let number = |token: TokenId| order.iter().position(|&old| old == token).unwrap();
        for shape in SHAPES {
            let old = random(synthetic_space(V, 4), shape, 5);
            let other = old.with_space(old.space(), &order.map(Some), &[], &streams()).unwrap();
            let renamed: Vec<Vec<TokenId>> = batch()
                .rows()
                .map(|row| row.iter().map(|&token| number(token) as TokenId).collect())
                .collect();
            let renamed = SeqBatch::from_rows(renamed, 4);
            for (found, expected) in logits(&other, &renamed).iter().zip(logits(&old, &batch())) {
                assert_eq!(
                    order.map(|token| found[number(token)]).to_vec(),
                    order.map(|token| expected[token as usize])
                );
            }
        }
    }

    #[test]
    fn labels_of_a_model_without_any_change_nothing_at_first_and_known_ones_are_kept() {
        for shape in SHAPES {
            let old = random(synthetic_space(V, 4), shape, 5);
            let mut space = synthetic_space(V, 4);
            space.label_counts = vec![2, 1];
            let labelled = old.with_space(&space, &rows(0), &[None, None], &streams()).unwrap();
            let of = |labels: Vec<Label>| batch().with_labels(labels);
            assert_eq!(logits(&labelled, &of(vec![0, 1, 0])), logits(&old, &batch()));

            let old = random(space.clone(), shape, 6);
            space.label_counts = vec![1, 1, 1];
            let more = old.with_space(&space, &rows(0), &[Some(1), None, Some(0)], &streams()).unwrap();
            assert_eq!(logits(&more, &of(vec![0, 2, 0])), logits(&old, &of(vec![1, 0, 1])));
            assert_ne!(logits(&more, &of(vec![1; 3])), logits(&more, &of(vec![0; 3])));
        }
    }

    #[test]
    fn equal_seeds_draw_equal_tokens_and_a_longer_space_needs_nothing() {
        let old = random(synthetic_space(V, 4), SHAPES[0], 5);
        let longer = |seed| {
            let streams = Streams::new(seed, Purpose::NewTokens);
            old.with_space(&synthetic_space(V + 2, 9), &rows(2), &[], &streams).unwrap()
        };
        assert_eq!(longer(1).space().max_length, 9);
        let table = |seed| longer(seed).parameters()[EMBEDDING].clone();
        assert!(table(1) == table(1) && table(1) != table(2));
    }
}
