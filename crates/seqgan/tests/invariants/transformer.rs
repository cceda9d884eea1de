//! The Transformer: the same bits with any threads and in any batch, samples with the likelihood of the whole pass, files.

use super::threads::same_bits;
use crate::closeness::assert_close;
use crate::random::{Random, usable, widened_transformer};
use seqgan::SeqBatch;
use seqgan::config::Method;
use seqgan::generator::file::{self, ModelInfo};
use seqgan::generator::{
    Dropout, DropoutRates, GeneratorPolicy, Policy, Prefix, RolloutPolicy, SequenceSpace,
    TransformerGenerator, TransformerShape, WeightedBatch,
};
use seqgan::kernel::Real;
use seqgan::rng::{Purpose, Streams};

/// A random space, and sizes; every third has labels, and every other tied embeddings.
fn random_model(seed: u64, std: f64) -> (Random, TransformerGenerator) {
    let mut random = Random::new(seed);
    let vocab_size = random.between(4..=300);
    let heads = random.between(1..=4);
    let shape = TransformerShape {
        hidden_dim: 2 * heads * random.between(1..=10),
        num_layers: random.between(1..=3),
        num_heads: heads,
        feedforward_dim: random.between(1..=50),
        tied_embeddings: seed.is_multiple_of(2),
        precision: seqgan::kernel::Precision::F32,
    };
    let space = SequenceSpace {
        vocab_size,
        max_length: random.between(1..=40),
        start_token: random.between(0..=vocab_size - 1) as u32,
        end_token: [None, Some(0)][random.between(0..=1)],
        never: vec![1],
        allow_empty: random.between(0..=1) == 1,
        label_counts: if seed.is_multiple_of(3) { vec![2, 1] } else { Vec::new() },
    };
    let generator = random.transformer(space, shape, std);
    (random, generator)
}

fn random_batch(random: &mut Random, space: &SequenceSpace, rows: usize) -> SeqBatch {
    let shortest = match space.end_token {
        None => space.max_length,
        Some(_) => usize::from(!space.allow_empty),
    };
    let batch = random.batch(rows, shortest, space.max_length, &usable(space));
    random.labelled(batch, space.num_labels())
}

/// The f32 code against the plain f64 code, and of a row alone against the row in its batch.
#[test]
fn likelihoods_do_not_depend_on_the_batch_and_agree_with_plain_f64() {
    for seed in 0..20 {
        let (mut random, generator) = random_model(seed, 0.2);
        let rows = random.between(1..=40);
        let batch = random_batch(&mut random, generator.space(), rows);
        let got = generator.log_prob(&batch);
        assert_close("log_prob", &got, &widened_transformer(&generator).log_prob(&batch), 5e-6);
        for (b, row) in got.chunks(batch.max_length()).enumerate() {
            assert_eq!(generator.log_prob(&batch.slice(b, 1)), row, "seed {seed}, row {b}");
        }
    }
}

#[test]
fn gradients_in_f32_agree_with_plain_f64() {
    fn gradients<R: Real>(g: &TransformerGenerator<R>, batch: &SeqBatch, weights: &[f64]) -> Vec<Vec<R>> {
        let weights: Vec<R> = crate::closeness::round(weights);
        let mut gradients = g.gradients();
        g.accumulate(WeightedBatch::new(batch, &weights), &mut gradients);
        gradients.to_tensors().iter().map(|tensor| tensor.data.clone()).collect()
    }
    for seed in 0..10 {
        let (mut random, generator) = random_model(seed, 0.2);
        let batch = random_batch(&mut random, generator.space(), 30);
        let weights: Vec<f64> = random.normals(30 * batch.max_length()).iter().map(|w| w.abs()).collect();
        let plain = gradients(&widened_transformer(&generator), &batch, &weights);
        for (got, want) in gradients(&generator, &batch, &weights).iter().zip(&plain) {
            assert_close("gradient", got, want, 2e-5);
        }
    }
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let space = SequenceSpace {
        vocab_size: 40,
        max_length: 20,
        start_token: 0,
        end_token: Some(0),
        never: vec![1],
        allow_empty: false,
        label_counts: Vec::new(),
    };
    let mut random = Random::new(21);
    let shape = TransformerShape::new(48, 2, 3);
    let generator = random.transformer(space.clone(), shape, 0.2);
    let batch = random_batch(&mut random, &space, 90);
    let weights: Vec<f32> = random.normals(90 * 20).iter().map(|&x| x as f32).collect();
    let streams = Streams::new(22, Purpose::GeneratorDropout);
    let rates = DropoutRates { input: 0.3, hidden: 0.2, output: 0.5, embedding: 0.1, recurrent: 0.4 };
    for dropout in [None, Some(Dropout { rates, streams: &streams, update: 1, first_row: 7 })] {
        same_bits("accumulate", || {
            let mut gradients = generator.gradients();
            let batch = WeightedBatch { dropout, ..WeightedBatch::new(&batch, &weights) };
            (generator.accumulate(batch, &mut gradients), gradients.to_tensors())
        });
    }
    same_bits("log_prob", || generator.log_prob(&batch));
    let policy = GeneratorPolicy::new(&generator, 1.0);
    same_bits("sample", || {
        let samples = policy.sample(&streams, 3, 200);
        (samples.sequences, samples.log_prob)
    });
    let prefixes: Vec<_> = (0..10).flat_map(|row| [1, 2, 5].map(|length| Prefix { row, length })).collect();
    let given = random.batch(10, 6, 20, &usable(&space));
    same_bits("complete", || policy.complete(&given, &prefixes, 4, &streams, 1));
}

#[test]
fn samples_know_their_likelihood_and_do_not_depend_on_the_batch() {
    for seed in 100..112 {
        let (_, generator) = random_model(seed, 0.3);
        let policy = GeneratorPolicy::new(&generator, [1.0, 0.7, 1.3][seed as usize % 3]);
        let streams = Streams::new(seed, Purpose::Sample);
        let samples = policy.sample(&streams, 5, 150);
        let want = policy.sequence_log_prob(&samples.sequences);
        assert_close("log_prob of samples", &samples.log_prob, &want, 5e-6);
        let part = policy.sample(&streams, 100, 7);
        assert_eq!(part.sequences, samples.sequences.slice(95, 7), "seed {seed}");
        assert_eq!(part.log_prob, samples.log_prob[95..102], "seed {seed}");
    }
}

/// A completion with the random numbers of a sample, from a prefix of that sample, is the sample.
#[test]
fn completions_follow_samples_with_the_same_beginning() {
    for seed in 200..208 {
        let (_, generator) = random_model(seed, 0.3);
        let policy = GeneratorPolicy::new(&generator, 1.0);
        let streams = Streams::new(seed, Purpose::Sample);
        let samples = policy.sample(&streams, 0, 40).sequences;
        for row in 0..40 {
            let longest = samples.length(row).min(samples.max_length() - 1);
            for length in
                [1, longest / 2, longest].into_iter().filter(|length| (1..=longest).contains(length))
            {
                let prefix = Prefix { row, length };
                let completed = policy.complete(&samples, &[prefix], 1, &streams, row as u64);
                assert_eq!(completed.row(0), samples.row(row), "seed {seed}, {length} tokens of row {row}");
            }
        }
    }
}

#[test]
fn a_file_holds_the_whole_model() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("model.safetensors");
    for seed in 300..306 {
        let (mut random, generator) = random_model(seed, 0.3);
        file::write(&path, ModelInfo::trained(Method::MLE), &generator).expect("a file");
        let again = file::read(&path).expect("the file").generator;
        assert_eq!(again.kind(), "transformer");
        let batch = random_batch(&mut random, generator.space(), 20);
        assert_eq!(again.log_prob(&batch), generator.log_prob(&batch));
    }
}

/// Sizes that would need more memory than there is, or that divide by zero, are refused before anything is computed.
#[test]
fn hostile_sizes_are_refused() {
    let (_, generator) = random_model(1, 0.3);
    let header = file::GeneratorHeader::of(&generator);
    let tensors: Vec<_> = generator.parameters().iter().cloned().collect();
    assert!(header.clone().restore(&tensors).is_ok());
    for (key, value) in [
        ("num_heads", 0),
        ("num_heads", u64::MAX),
        ("hidden_dim", 0),
        ("hidden_dim", u64::MAX),
        ("num_layers", u64::MAX),
        ("feedforward_dim", 1 << 60),
        ("feedforward_dim", 0),
    ] {
        let mut header = header.clone();
        header.shape[key] = value.into();
        let error = header.restore(&tensors).unwrap_err();
        assert!(error.starts_with("its ") || error.contains("does not divide"), "{key} {value}: {error}");
    }
}
