//! The whole Transformer.

use super::differences::check_at;
use crate::random::{Random, usable, widened_transformer};
use seqgan::SeqBatch;
use seqgan::generator::{
    Auxiliary, AuxiliaryLoss, Dropout, DropoutRates, SequenceSpace, TransformerGenerator, TransformerShape,
    WeightedBatch,
};
use seqgan::rng::{Purpose, Streams};

const SIZES: TransformerShape = TransformerShape::new(8, 2, 2).with_feedforward(10);

fn space() -> SequenceSpace {
    SequenceSpace {
        vocab_size: 7,
        max_length: 5,
        start_token: 2,
        end_token: Some(0),
        never: vec![1],
        allow_empty: false,
        label_counts: Vec::new(),
    }
}

fn batch(random: &mut Random, space: &SequenceSpace, rows: usize) -> (SeqBatch, Vec<f64>) {
    let shortest = usize::from(!space.allow_empty);
    let batch = random.batch(rows, shortest, space.max_length, &usable(space));
    let mut weights = random.normals(rows * space.max_length);
    weights.iter_mut().step_by(5).for_each(|w| *w = 0.0);
    (random.labelled(batch, space.num_labels()), weights)
}

/// The loss that `accumulate` differentiates, by way of `log_prob`.
fn weighted_loss(g: &TransformerGenerator<f64>, batch: &SeqBatch, weights: &[f64]) -> f64 {
    g.log_prob(batch).iter().zip(weights).map(|(l, w)| if *w == 0.0 { 0.0 } else { -w * l }).sum()
}

/// Compares every gradient with differences of `loss`, at every `stride`-th number.
fn check_gradients(
    what: &str,
    g: &TransformerGenerator<f64>,
    batch: WeightedBatch<'_, f64>,
    stride: usize,
    loss: impl Fn(&TransformerGenerator<f64>) -> f64,
) {
    let mut gradients = g.gradients();
    let own = g.accumulate(batch, &mut gradients);
    assert!((own - loss(g)).abs() < 1e-11 * own.abs().max(1.0), "{own} for {}", loss(g));
    for (i, (tensor, gradient)) in g.parameters().iter().zip(gradients.to_tensors().iter()).enumerate() {
        let mut moved = g.clone();
        let at = (i % stride..tensor.data.len()).step_by(stride);
        check_at(&format!("{what} {}", tensor.name), &tensor.data, &gradient.data, at, |x| {
            moved.parameters_mut()[i].copy_from_slice(x);
            loss(&moved)
        });
    }
}

#[test]
fn with_an_end_without_one_and_with_nothing_to_say() {
    let spaces = [
        space(),
        SequenceSpace { end_token: None, start_token: 0, ..space() },
        SequenceSpace { allow_empty: true, never: vec![], ..space() },
    ];
    for (seed, space) in (0..).zip(spaces) {
        let mut random = Random::new(seed);
        let g = widened_transformer(&random.transformer(space.clone(), SIZES, 0.5));
        let (batch, weights) = batch(&mut random, &space, 11);
        check_gradients("transformer", &g, WeightedBatch::new(&batch, &weights), 1, |g| {
            weighted_loss(g, &batch, &weights)
        });
    }
}

/// Several chunks of 256 places, and rows that share one with others.
#[test]
fn of_many_rows() {
    let space = SequenceSpace { max_length: 20, ..space() };
    let mut random = Random::new(3);
    let g = widened_transformer(&random.transformer(space.clone(), SIZES, 0.5));
    let (batch, weights) = batch(&mut random, &space, 60);
    check_gradients("many rows", &g, WeightedBatch::new(&batch, &weights), 13, |g| {
        weighted_loss(g, &batch, &weights)
    });
}

#[test]
fn with_tied_embeddings_and_labels() {
    let space = SequenceSpace { label_counts: vec![3, 1, 2], ..space() };
    let mut random = Random::new(12);
    for shape in [SIZES.tied(), SIZES] {
        let g = widened_transformer(&random.transformer(space.clone(), shape, 0.5));
        let (batch, weights) = batch(&mut random, &space, 11);
        check_gradients("labelled transformer", &g, WeightedBatch::new(&batch, &weights), 1, |g| {
            weighted_loss(g, &batch, &weights)
        });
    }
}

/// All kinds of dropout at once. The masks are those of the update and of the rows, so the loss is a function of the
/// parameters alone, which `accumulate` itself evaluates.
#[test]
fn with_dropout() {
    let space = SequenceSpace { label_counts: vec![1, 2], ..space() };
    let mut random = Random::new(13);
    let streams = Streams::new(4, Purpose::GeneratorDropout);
    let rates = DropoutRates { input: 0.3, hidden: 0.25, output: 0.4, embedding: 0.2, recurrent: 0.5 };
    let dropout = Some(Dropout { rates, streams: &streams, update: 5, first_row: 31 });
    for shape in [SIZES.tied(), SIZES] {
        let g = widened_transformer(&random.transformer(space.clone(), shape, 0.5));
        let (batch, weights) = batch(&mut random, &space, 11);
        let with = |dropout| WeightedBatch { dropout, ..WeightedBatch::new(&batch, &weights) };
        let loss = |g: &TransformerGenerator<f64>, dropout| g.accumulate(with(dropout), &mut g.gradients());
        check_gradients("transformer with dropout", &g, with(dropout), 1, |g| loss(g, dropout));
        // Each rate alone changes the loss, but that of recurrent weights, of which there are none.
        let none = DropoutRates::default();
        let alone = |rates| loss(&g, Some(Dropout { rates, streams: &streams, update: 5, first_row: 31 }));
        let whole = loss(&g, None);
        for rates in [
            DropoutRates { input: 0.3, ..none },
            DropoutRates { hidden: 0.3, ..none },
            DropoutRates { output: 0.3, ..none },
            DropoutRates { embedding: 0.3, ..none },
        ] {
            assert!((alone(rates) - whole).abs() > 1e-3, "{rates:?}");
        }
        assert_eq!(alone(DropoutRates { recurrent: 0.3, ..none }), whole);
    }
}

/// By the logits of a wider model with another number of layers.
#[test]
fn with_auxiliary_losses() {
    let mut random = Random::new(14);
    let wide = TransformerShape::new(12, 1, 3).with_feedforward(6);
    let other = widened_transformer(&random.transformer(space(), wide, 0.5));
    let g = widened_transformer(&random.transformer(space(), SIZES, 0.5));
    let (batch, weights) = batch(&mut random, &space(), 11);
    for loss in [AuxiliaryLoss::Distillation { weight: 0.6 }, AuxiliaryLoss::ExpectedReward { kl: 0.7 }] {
        let auxiliary = Some(Auxiliary { source: &other, loss });
        let batch = WeightedBatch { auxiliary, ..WeightedBatch::new(&batch, &weights) };
        check_gradients("distilled transformer", &g, batch, 1, |g| g.accumulate(batch, &mut g.gradients()));
    }
}
