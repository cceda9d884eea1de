//! The same bits with one, two and eight threads, with shapes that are cut into several tasks.

use super::discriminator::{random_batch, random_discriminator};
use crate::random::{Random, usable};
use seqgan::discriminator::{DiscriminatorShape, Regularisation};
use seqgan::generator::{
    Dropout, DropoutRates, GeneratorPolicy, LstmShape, Policy, Prefix, RolloutPolicy, SequenceSpace,
    WeightedBatch,
};
use seqgan::nn::adam::{Adam, AdamConfig};
use seqgan::nn::{Gradients, Tensors, linear};
use seqgan::rng::{Purpose, Streams};
use std::fmt::Debug;

pub fn same_bits<T: PartialEq + Debug + Send>(what: &str, run: impl Fn() -> T + Sync) {
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        pool.install(&run)
    };
    let one = with(1);
    for threads in [2, 8, 8] {
        // Not assert_eq!, which would print every number.
        assert!(with(threads) == one, "{what}: {threads} threads give other bits than one");
    }
}

const SIZES: LstmShape = LstmShape::new(12, 24);

/// Vocabularies of one block, which cuts the rows into parts, and of several blocks.
fn generator_spaces() -> [SequenceSpace; 2] {
    [40, 1200].map(|vocab_size| SequenceSpace {
        vocab_size,
        max_length: 10,
        start_token: 0,
        end_token: Some(0),
        never: vec![1],
        allow_empty: false,
        label_counts: Vec::new(),
    })
}

#[test]
fn of_samples_and_completions() {
    for space in generator_spaces() {
        let mut random = Random::new(21);
        let policy = GeneratorPolicy::new(&random.generator(space.clone(), SIZES, 0.5), 1.0);
        let streams = Streams::new(22, Purpose::Sample);
        same_bits("sample", || {
            let samples = policy.sample(&streams, 3, 400);
            (samples.sequences, samples.log_prob)
        });
        let batch = random.batch(20, 5, 10, &usable(&space));
        let prefixes: Vec<_> =
            (0..20).flat_map(|row| [1, 2, 5].map(|length| Prefix { row, length })).collect();
        same_bits("complete", || policy.complete(&batch, &prefixes, 8, &streams, 1));
    }
}

#[test]
fn of_the_generators_gradients_and_likelihood() {
    for space in generator_spaces() {
        let mut random = Random::new(23);
        let generator = random.generator(space.clone(), SIZES, 0.5);
        let batch = random.batch(70, 1, 10, &usable(&space));
        let weights: Vec<f32> = random.normals(700).iter().map(|&x| x as f32).collect();
        same_bits("accumulate", || {
            let mut gradients = generator.gradients();
            (
                generator.accumulate(WeightedBatch::new(&batch, &weights), &mut gradients),
                gradients.to_tensors(),
            )
        });
        same_bits("log_prob", || generator.log_prob(&batch));
        let stacked = random.generator(space, SIZES.with_layers(2).tied(), 0.5);
        let rates = DropoutRates { input: 0.2, hidden: 0.2, output: 0.2, embedding: 0.2, recurrent: 0.2 };
        let streams = Streams::new(24, Purpose::GeneratorDropout);
        let dropout = Some(Dropout { rates, streams: &streams, update: 1, first_row: 2 });
        same_bits("accumulate with dropout", || {
            let (mut gradients, batch) = (stacked.gradients(), WeightedBatch::new(&batch, &weights));
            let loss = stacked.accumulate(WeightedBatch { dropout, ..batch }, &mut gradients);
            (loss, gradients.to_tensors())
        });
    }
}

#[test]
fn of_the_discriminators_gradients_and_scores() {
    // Wide enough that the products of the highway layer are cut as well.
    let filters = vec![(1, 50), (2, 100), (3, 60), (8, 30)];
    let wide = DiscriminatorShape {
        vocab_size: 30,
        embedding_dim: 8,
        max_length: 8,
        filters,
        end_token: Some(0),
        num_labels: 0,
    };
    let mut random = Random::new(24);
    let wide = random.discriminator(wide, 0.2);
    for d in [wide, random_discriminator(&mut random), random_discriminator(&mut random)] {
        let batch = random_batch(&mut random, &d, 300);
        let real: Vec<bool> = (0..300).map(|b| b % 2 == 0).collect();
        let streams = Streams::new(25, Purpose::Dropout);
        let regularisation = Regularisation { dropout_keep: 0.75, masks: Some((&streams, 7)), l2: 0.1 };
        same_bits("discriminator's accumulate", || {
            let mut gradients = d.gradients();
            (d.accumulate(&batch, &real, regularisation, &mut gradients), gradients.to_tensors())
        });
        same_bits("scores", || d.scores(&batch));
    }
}

#[test]
fn of_products_and_of_adam() {
    let mut random = Random::new(26);
    let [x, w, dy] = [600 * 130, 130 * 210, 600 * 210]
        .map(|n| -> Vec<f32> { crate::closeness::round(&random.normals(n)) });
    let b = vec![0.5f32; 210];
    same_bits("linear", || {
        let (mut dw, mut db) = (vec![0.0; w.len()], vec![0.0; b.len()]);
        (linear::forward(&x, &w, &b), linear::backward(&x, &w, &dy, &mut dw, &mut db), dw, db)
    });
    let (mut start, mut gradients) = (Tensors::new(), Tensors::new());
    start.push("x", &[x.len()], x.clone());
    gradients.push("x", &[x.len()], dy[..x.len()].to_vec());
    let gradients = Gradients::from(gradients);
    same_bits("adam", || {
        let (mut parameters, mut adam) = (start.clone(), Adam::new(AdamConfig::default(), &start));
        (0..3).for_each(|_| adam.apply(&mut parameters, &gradients, 0.01));
        parameters
    });
}
