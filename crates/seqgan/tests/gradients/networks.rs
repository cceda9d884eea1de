//! The whole generator and the whole discriminator.

use super::differences::check;
use crate::random::{Random, usable, widened, widened_discriminator};
use seqgan::SeqBatch;
use seqgan::discriminator::{DiscriminatorShape, Regularisation};
use seqgan::generator::{
    Auxiliary, AuxiliaryLoss, Dropout, DropoutRates, LstmGenerator, LstmShape, SequenceSpace, WeightedBatch,
};
use seqgan::nn::Tensors;
use seqgan::rng::{Purpose, Streams};

/// The loss that `accumulate` differentiates, by way of `log_prob`.
fn weighted_loss(g: &LstmGenerator<f64>, batch: &SeqBatch, weights: &[f64]) -> f64 {
    g.log_prob(batch).iter().zip(weights).map(|(l, w)| if *w == 0.0 { 0.0 } else { -w * l }).sum()
}

fn check_generator(space: SequenceSpace, seed: u64) {
    let mut random = Random::new(seed);
    // More than the 16 rows that run through the LSTM together.
    let (rows, shortest, length) = (19, if space.end_token.is_some() { 1 } else { 0 }, space.max_length);
    let shortest = if space.allow_empty { 0 } else { shortest };
    let batch = random.batch(rows, shortest, length, &usable(&space));
    let batch = random.labelled(batch, space.num_labels());
    let mut weights = random.normals(rows * length);
    weights.iter_mut().step_by(5).for_each(|w| *w = 0.0);
    let g = widened(&random.generator(space, SIZES, 0.8));
    let mut gradients = g.gradients();
    let loss = g.accumulate(WeightedBatch::new(&batch, &weights), &mut gradients);
    assert!((loss - weighted_loss(&g, &batch, &weights)).abs() < 1e-11 * loss.abs().max(1.0));
    for (i, (tensor, gradient)) in g.parameters().iter().zip(gradients.to_tensors().iter()).enumerate() {
        let mut moved = g.clone();
        check(&format!("generator {}", tensor.name), &tensor.data, &gradient.data, |x| {
            moved.parameters_mut()[i].copy_from_slice(x);
            weighted_loss(&moved, &batch, &weights)
        });
    }
}

const SIZES: LstmShape = LstmShape::new(3, 4);
const WIDE: LstmShape = LstmShape::new(5, 6);

fn generator_space() -> SequenceSpace {
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

/// Gradients with every kind of dropout at once. Rows beyond the first chunk have masks of their own.
fn check_stacked(shape: LstmShape, rates: DropoutRates, num_labels: usize) {
    let space = SequenceSpace { label_counts: vec![1; num_labels], ..generator_space() };
    let mut random = Random::new(31);
    let batch = random.batch(19, 1, space.max_length, &usable(&space));
    let batch = random.labelled(batch, num_labels);
    let weights = random.normals(19 * space.max_length);
    let g = widened(&random.generator(space, shape, 0.8));
    let streams = Streams::new(32, Purpose::GeneratorDropout);
    let dropout =
        (!rates.is_none()).then_some(Dropout { rates, streams: &streams, update: 5, first_row: 40 });
    let batch = WeightedBatch { dropout, ..WeightedBatch::new(&batch, &weights) };
    let mut gradients = g.gradients();
    let loss = g.accumulate(batch, &mut gradients);
    if dropout.is_none() {
        assert!((loss - weighted_loss(&g, batch.targets, &weights)).abs() < 1e-11 * loss.abs().max(1.0));
    }
    for (i, (tensor, gradient)) in g.parameters().iter().zip(gradients.to_tensors().iter()).enumerate() {
        let (mut moved, mut unused) = (g.clone(), g.gradients());
        check(&format!("{shape:?} {}", tensor.name), &tensor.data, &gradient.data, |x| {
            moved.parameters_mut()[i].copy_from_slice(x);
            moved.accumulate(batch, &mut unused)
        });
    }
}

const EVERY_DROPOUT: DropoutRates =
    DropoutRates { input: 0.3, hidden: 0.4, output: 0.5, embedding: 0.2, recurrent: 0.35 };

#[test]
fn of_a_stacked_generator() {
    check_stacked(SIZES.with_layers(2), DropoutRates::default(), 0);
    check_stacked(SIZES.with_layers(3), EVERY_DROPOUT, 0);
}

#[test]
fn of_a_generator_with_tied_embeddings() {
    check_stacked(SIZES.tied(), DropoutRates::default(), 0);
    check_stacked(SIZES.with_layers(2).tied(), EVERY_DROPOUT, 3);
}

#[test]
fn of_a_generator_with_an_end() {
    check_generator(generator_space(), 6);
}

#[test]
fn of_a_generator_that_may_say_nothing() {
    check_generator(SequenceSpace { allow_empty: true, never: vec![], ..generator_space() }, 7);
}

#[test]
fn of_a_generator_without_an_end() {
    check_generator(SequenceSpace { end_token: None, start_token: 0, ..generator_space() }, 8);
}

#[test]
fn of_a_generator_with_labels() {
    check_generator(SequenceSpace { label_counts: vec![3, 1, 2], ..generator_space() }, 12);
}

/// With a wider teacher; a model that is its own teacher has a gradient of zero, and its loss is its own entropy.
#[test]
fn of_a_distilled_generator() {
    let space = SequenceSpace { label_counts: vec![1, 2], ..generator_space() };
    let mut random = Random::new(21);
    let batch = random.batch(19, 1, space.max_length, &usable(&space));
    let batch = random.labelled(batch, 2);
    let weights = random.normals(19 * space.max_length);
    let (teacher, g) =
        (widened(&random.generator(space.clone(), WIDE, 0.8)), widened(&random.generator(space, SIZES, 0.8)));
    let loss = |g: &LstmGenerator<f64>, teacher: &LstmGenerator<f64>, weight: f64| {
        let mut gradients = g.gradients();
        let loss = AuxiliaryLoss::Distillation { weight };
        let auxiliary = Some(Auxiliary { source: teacher, loss });
        let batch = WeightedBatch { auxiliary, ..WeightedBatch::new(&batch, &weights) };
        let loss = g.accumulate(batch, &mut gradients);
        (loss, gradients.to_tensors())
    };
    let mut plain = g.gradients();
    assert_eq!(loss(&g, &teacher, 0.0).0, g.accumulate(WeightedBatch::new(&batch, &weights), &mut plain));
    for (i, (tensor, gradient)) in g.parameters().iter().zip(loss(&g, &teacher, 0.6).1.iter()).enumerate() {
        let mut moved = g.clone();
        check(&format!("distilled generator {}", tensor.name), &tensor.data, &gradient.data, |x| {
            moved.parameters_mut()[i].copy_from_slice(x);
            loss(&moved, &teacher, 0.6).0
        });
    }
    let (own, gradient) = loss(&g, &g, 1.0);
    let entropy: f64 =
        g.token_statistics(&batch).iter().zip(&weights).map(|(seen, w)| w * seen.entropy).sum();
    assert!((own - entropy).abs() < 1e-11 * entropy.abs().max(1.0), "{own}, {entropy}");
    assert!(gradient.iter().all(|tensor| tensor.data.iter().all(|x| x.abs() < 1e-12)));
}

/// The gradient of the expected reward is the mean of the sampled policy gradient: that of every token, weighted with its
/// probability and its own reward.
#[test]
fn of_all_actions_is_the_mean_of_the_sampled_one() {
    let space = SequenceSpace { end_token: None, start_token: 0, ..generator_space() };
    let mut random = Random::new(22);
    let (source, g) = (
        widened(&random.generator(space.clone(), WIDE, 0.8)),
        widened(&random.generator(space.clone(), SIZES, 0.8)),
    );
    let (kl, tokens) = (0.7, usable(&space));
    let mut all = g.gradients();
    let auxiliary = Some(Auxiliary { source: &source, loss: AuxiliaryLoss::ExpectedReward { kl } });
    let beginning = [tokens[1], tokens[0]];
    let one = SeqBatch::from_rows([beginning], 2);
    g.accumulate(WeightedBatch { auxiliary, ..WeightedBatch::new(&one, &[0.0, 0.0]) }, &mut all);

    let mut sampled = g.gradients();
    for t in 0..2 {
        let rows = tokens.iter().map(|&token| [&beginning[..t], &[token]].concat());
        let batch = SeqBatch::from_rows(rows, t + 1);
        let at = |x: Vec<f64>| -> Vec<f64> { x.chunks_exact(t + 1).map(|row| row[t]).collect() };
        let (log_p, rewards) = (at(g.log_prob(&batch)), at(source.log_prob(&batch)));
        let mut weights = vec![0.0; batch.len() * (t + 1)];
        for (b, (log_p, reward)) in log_p.iter().zip(rewards).enumerate() {
            weights[b * (t + 1) + t] = log_p.exp() * (reward - kl * log_p);
        }
        g.accumulate(WeightedBatch::new(&batch, &weights), &mut sampled);
    }
    for (all, sampled) in all.to_tensors().iter().zip(sampled.to_tensors().iter()) {
        let same = all.data.iter().zip(&sampled.data).all(|(a, b)| (a - b).abs() < 1e-12);
        assert!(same && all.data.iter().any(|x| x.abs() > 1e-6), "{}", all.name);
    }
}

/// Gradients are added to what is there, and a decision for a token that is never chosen weighs nothing.
#[test]
fn add_up_and_leave_out_what_is_never_chosen() {
    let space = generator_space();
    let mut random = Random::new(9);
    let g = widened(&random.generator(space, SIZES, 0.8));
    let batch = SeqBatch::from_rows([vec![3, 1, 4], vec![5]], 5);
    let mut weights = random.normals(10);
    let run = |weights: &[f64], times: usize| -> (f64, Tensors<f64>) {
        let mut gradients = g.gradients();
        let loss =
            (0..times).map(|_| g.accumulate(WeightedBatch::new(&batch, weights), &mut gradients)).sum();
        (loss, gradients.to_tensors())
    };
    let (loss, gradients) = run(&weights, 1);
    assert!(loss.is_finite());
    for (a, b) in gradients.iter().zip(run(&weights, 2).1.iter()) {
        assert!(a.data.iter().zip(&b.data).all(|(a, b)| (2.0 * a - b).abs() < 1e-12), "{}", a.name);
    }
    weights[1] = 0.0; // the decision for token 1
    assert_eq!((loss, gradients), run(&weights, 1));
}

fn check_discriminator(end_token: Option<u32>, masks: Option<u64>, l2: f64, num_labels: usize) {
    let shape = DiscriminatorShape {
        vocab_size: 8,
        embedding_dim: 3,
        max_length: 5,
        filters: vec![(1, 3), (2, 4), (5, 3)],
        end_token,
        num_labels,
    };
    let mut random = Random::new(10);
    let d = widened_discriminator(&random.discriminator(shape, 0.5));
    let batch = random.batch(11, 0, 5, &[1, 2, 3, 4, 5, 6, 7]);
    let batch = random.labelled(batch, num_labels);
    let real: Vec<bool> = (0..11).map(|b| b % 3 == 0).collect();
    let streams = Streams::new(11, Purpose::Dropout);
    let masks = masks.map(|first| (&streams, first));
    let regularisation = Regularisation { dropout_keep: 0.75, masks, l2 };
    let mut gradients = d.gradients();
    d.accumulate(&batch, &real, regularisation, &mut gradients);
    for (i, (tensor, gradient)) in d.parameters().iter().zip(gradients.to_tensors().iter()).enumerate() {
        let (mut moved, mut unused) = (d.clone(), d.gradients());
        check(&format!("discriminator {}", tensor.name), &tensor.data, &gradient.data, |x| {
            moved.parameters_mut()[i].copy_from_slice(x);
            moved.accumulate(&batch, &real, regularisation, &mut unused).loss
        });
    }
}

#[test]
fn of_a_discriminator() {
    check_discriminator(None, None, 0.0, 0);
}

#[test]
fn of_a_discriminator_with_labels() {
    check_discriminator(Some(0), None, 0.0, 3);
}

#[test]
fn of_a_discriminator_with_an_end_dropout_and_l2() {
    check_discriminator(Some(0), Some(5), 0.3, 0);
}
