//! The ranker, its references as constants.

use super::differences::check;
use crate::random::{Random, widened_ranker};
use seqgan::discriminator::{DiscriminatorShape, RankObjective};
use seqgan::rng::{Purpose, Streams};

fn check_ranker(end_token: Option<u32>, masks: Option<u64>, gamma: f64) {
    let filters = vec![(1, 3), (2, 4), (5, 3)];
    let shape = DiscriminatorShape {
        vocab_size: 8,
        embedding_dim: 3,
        max_length: 5,
        filters,
        end_token,
        num_labels: 0,
    };
    let mut random = Random::new(12);
    let ranker = widened_ranker(&random.ranker(shape, 0.5));
    let [batch, references] = [11, 3].map(|rows| random.batch(rows, 0, 5, &[1, 2, 3, 4, 5, 6, 7]));
    let references = ranker.references(&references);
    let real: Vec<bool> = (0..11).map(|b| b % 3 == 0).collect();
    let streams = Streams::new(13, Purpose::Dropout);
    let objective = RankObjective { gamma, dropout_keep: 0.75, masks: masks.map(|first| (&streams, first)) };
    let mut gradients = ranker.gradients();
    ranker.accumulate(&batch, &real, &references, objective, &mut gradients);
    for (i, (tensor, gradient)) in ranker.parameters().iter().zip(gradients.to_tensors().iter()).enumerate() {
        let (mut moved, mut unused) = (ranker.clone(), ranker.gradients());
        check(&format!("ranker {}", tensor.name), &tensor.data, &gradient.data, |x| {
            moved.parameters_mut()[i].copy_from_slice(x);
            moved.accumulate(&batch, &real, &references, objective, &mut unused).loss
        });
    }
}

#[test]
fn of_a_ranker() {
    check_ranker(None, None, 1.0);
}

#[test]
fn of_a_ranker_with_an_end_dropout_and_a_large_gamma() {
    check_ranker(Some(0), Some(5), 16.0);
}
