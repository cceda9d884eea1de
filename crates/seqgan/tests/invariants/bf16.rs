//! Generators whose products have factors in bfloat16, of both kinds.

use super::threads::same_bits;
use crate::closeness::assert_close;
use crate::random::{Random, usable};
use seqgan::config::Method;
use seqgan::generator::file::{self, ModelInfo};
use seqgan::generator::{
    BoxTrainable, Generator, GeneratorPolicy, LstmShape, Policy, Prefix, RolloutPolicy, SequenceSpace,
    TrainableGenerator, TransformerShape, WeightedBatch,
};
use seqgan::kernel::Precision;
use seqgan::rng::{Purpose, Streams};

fn space(vocab_size: usize) -> SequenceSpace {
    SequenceSpace {
        vocab_size,
        max_length: 9,
        start_token: 0,
        end_token: Some(0),
        never: vec![1],
        allow_empty: false,
        label_counts: Vec::new(),
    }
}

/// Both kinds in a precision, with embeddings of their own and tied ones.
fn generators(precision: Precision) -> Vec<BoxTrainable> {
    let mut random = Random::new(51);
    let lstm = LstmShape::new(21, 37).with_layers(2).in_precision(precision);
    let transformer = TransformerShape::new(32, 2, 2).in_precision(precision);
    vec![
        Box::new(random.generator(space(90), lstm, 0.3)),
        Box::new(random.generator(space(300), lstm.tied(), 0.3)),
        Box::new(random.transformer(space(90), transformer, 0.3)),
        Box::new(random.transformer(space(300), transformer.tied(), 0.3)),
    ]
}

#[test]
fn samples_know_their_likelihood_and_do_not_depend_on_the_batch() {
    for generator in generators(Precision::Bf16) {
        for temperature in [1.0, 0.7] {
            let policy = GeneratorPolicy::new(&*generator, temperature);
            let streams = Streams::new(3, Purpose::Sample);
            let samples = policy.sample(&streams, 5, 150);
            let want = policy.sequence_log_prob(&samples.sequences);
            assert_close("log_prob of samples", &samples.log_prob, &want, 1e-5);
            let part = policy.sample(&streams, 100, 7);
            assert_eq!(part.sequences, samples.sequences.slice(95, 7));
            assert_eq!(part.log_prob, samples.log_prob[95..102]);
            let prefix = Prefix { row: 3, length: 1 };
            let completed = policy.complete(&samples.sequences, &[prefix], 1, &streams, 8);
            assert_eq!(completed.row(0), samples.sequences.row(3));
        }
    }
}

/// Rounding factors to 8 bits changes likelihoods and gradients by a little, and by something.
#[test]
fn likelihoods_and_gradients_are_near_those_of_f32() {
    for (half, full) in generators(Precision::Bf16).into_iter().zip(generators(Precision::F32)) {
        let batch = Random::new(52).batch(40, 1, 9, &usable(half.space()));
        let (a, b) = (half.log_prob(&batch), full.log_prob(&batch));
        let largest = a.iter().zip(&b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(largest > 1e-5 && largest < 0.1, "{}: {largest}", half.kind());
        let of = |generator: &dyn TrainableGenerator| {
            let mut gradients = generator.gradients();
            generator.accumulate(WeightedBatch::new(&batch, &vec![0.01; 40 * 9]), &mut gradients);
            gradients.to_tensors()
        };
        for (a, b) in of(&*half).iter().zip(of(&*full).iter()) {
            let norm = |x: &mut dyn Iterator<Item = f32>| x.map(|x| x * x).sum::<f32>().sqrt();
            let difference = norm(&mut a.data.iter().zip(&b.data).map(|(a, b)| a - b));
            let size = norm(&mut b.data.iter().copied());
            assert!(difference < 0.1 * size, "{} {}: {difference} of {size}", half.kind(), a.name);
        }
    }
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    for generator in generators(Precision::Bf16) {
        let batch = Random::new(53).batch(90, 1, 9, &usable(generator.space()));
        let weights = vec![0.5; 90 * 9];
        same_bits("accumulate", || {
            let mut gradients = generator.gradients();
            let loss = generator.accumulate(WeightedBatch::new(&batch, &weights), &mut gradients);
            (loss, gradients.to_tensors())
        });
        same_bits("log_prob", || generator.log_prob(&batch));
    }
}

/// The precision is part of the model: who reads its file need not know.
#[test]
fn a_file_holds_the_precision() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("model.safetensors");
    for generator in generators(Precision::Bf16) {
        file::write(&path, ModelInfo::trained(Method::MLE), &*generator).expect("a file");
        let again = file::read(&path).expect("the file").generator;
        let batch = Random::new(54).batch(20, 1, 9, &usable(generator.space()));
        assert_eq!(again.log_prob(&batch), generator.log_prob(&batch));
        assert_eq!(again.shape()["precision"], "bf16");
    }
}
