//! Sampling, completion, constraints, gradients, distillation and sums with it.

use super::model::{LogBilinear, LogBilinearKind};
use seqgan::config::{Baseline, Config, ConstraintConfig};
use seqgan::credit::MonteCarlo;
use seqgan::data::{Tokens, Vocab};
use seqgan::generator::*;
use seqgan::nn::{Gradients, Tensor};
use seqgan::optim::*;
use seqgan::reward::Reward;
use seqgan::rng::{Purpose, Streams};
use seqgan::rollout::DelayedPolicy;
use seqgan::{SeqBatch, TokenId};
use std::collections::HashMap;

const UPDATE: GeneratorUpdate =
    GeneratorUpdate { learning_rate: 0.02, clip_norm: 5.0, l2: 0.0, weight_decay: 0.0, slices: 4 };

/// Five tokens, of which 0 is the end and 1 is never chosen.
fn space() -> SequenceSpace {
    SequenceSpace { end_token: Some(0), never: vec![1], ..oracle::synthetic_space(5, 4) }
}

fn model(seed: u64) -> LogBilinear {
    LogBilinear::new(space(), 6, 0.8, &Streams::new(seed, Purpose::GeneratorInit))
}

fn transformer(seed: u64) -> TransformerGenerator {
    let streams = Streams::new(seed, Purpose::GeneratorInit);
    TransformerGenerator::new(space(), TransformerShape::new(8, 2, 2), 0.5, &streams)
}

/// One of each kind that is not an LSTM.
fn others() -> [BoxTrainable; 2] {
    [Box::new(model(1)), Box::new(transformer(1))]
}

fn lstm(seed: u64, hidden: usize) -> LstmGenerator {
    let streams = Streams::new(seed, Purpose::GeneratorInit);
    LstmGenerator::new(space(), LstmShape::new(4, hidden), 0.8, &streams)
}

/// Every sequence of the space.
fn all() -> SeqBatch {
    let mut rows: Vec<Vec<TokenId>> = vec![vec![]];
    let mut next = 0;
    while next < rows.len() {
        if rows[next].len() < 4 {
            let longer = [2, 3, 4].map(|token| [&rows[next][..], &[token]].concat());
            rows.extend(longer);
        }
        next += 1;
    }
    SeqBatch::from_rows(&rows[1..], 4)
}

fn batch() -> (SeqBatch, Vec<f32>) {
    let batch = SeqBatch::from_rows([vec![2, 3, 4, 2], vec![4], vec![3, 3], vec![2, 4, 4], vec![2]], 4);
    let mut weights: Vec<f32> = (0..20).map(|i| 0.3 + 0.1 * (i % 7) as f32 - 0.2 * (i % 3) as f32).collect();
    weights[5] = 0.0;
    (batch, weights)
}

fn close(a: &[f32], b: &[f32], tolerance: f32) {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).for_each(|(a, b)| assert!((a - b).abs() <= tolerance * b.abs().max(1.0), "{a} for {b}"));
}

/// Panics unless counts of `drawn` fit the probabilities of `rows`.
fn assert_drawn(drawn: &SeqBatch, rows: &SeqBatch, probabilities: &[f64]) {
    assert!((probabilities.iter().sum::<f64>() - 1.0).abs() < 1e-4, "{}", probabilities.iter().sum::<f64>());
    let mut counts: HashMap<&[TokenId], f64> = HashMap::new();
    drawn.rows().for_each(|row| *counts.entry(row).or_default() += 1.0);
    for (row, p) in rows.rows().zip(probabilities) {
        let (n, count) = (drawn.len() as f64, counts.remove(row).unwrap_or(0.0));
        let stderr = (p * (1.0 - p) * n).sqrt();
        assert!((count - p * n).abs() < 4.5 * stderr + 1.0, "{row:?}: {count} for {}", p * n);
    }
    assert!(counts.is_empty(), "{counts:?}");
}

/// Central differences of the loss against the gradients, in f32.
fn check_gradients(generator: &dyn TrainableGenerator, auxiliary: Option<Auxiliary<'_>>) {
    let (batch, weights) = batch();
    let run = |generator: &dyn TrainableGenerator| -> (f64, Gradients<f32>) {
        let mut gradients = generator.gradients();
        let batch = WeightedBatch { auxiliary, ..WeightedBatch::new(&batch, &weights) };
        (generator.accumulate(batch, &mut gradients), gradients)
    };
    let gradients = run(generator).1.to_tensors();
    for (i, gradient) in gradients.iter().enumerate() {
        let largest = gradient.data.iter().fold(0f32, |a, g| a.max(g.abs()));
        assert!(largest > 0.0, "{}", gradient.name);
        for j in (0..gradient.data.len()).step_by(1 + gradient.data.len() / 40) {
            let moved = |step: f32| {
                let mut moved = generator.clone_trainable();
                moved.parameters_mut()[i][j] += step;
                run(&moved).0
            };
            let difference = ((moved(5e-3) - moved(-5e-3)) / 1e-2) as f32;
            let error = (gradient.data[j] - difference).abs();
            assert!(
                error < 3e-3 * largest.max(0.1),
                "{} {j}: {} for {difference}",
                gradient.name,
                gradient.data[j]
            );
        }
    }
}

#[test]
fn gradients_are_those_of_the_loss() {
    let (model, (batch, weights)) = (model(1), batch());
    check_gradients(&model, None);
    let loss = model.accumulate(WeightedBatch::new(&batch, &weights), &mut model.gradients());
    let log_prob = Generator::log_prob(&model, &batch);
    let expected: f32 = weights.iter().zip(log_prob).map(|(w, l)| -w * l).sum();
    assert!((loss as f32 - expected).abs() < 1e-4, "{loss} {expected}");
}

#[test]
fn auxiliary_losses_accumulate_from_any_generator() {
    let (student, other) = (model(1), lstm(2, 6));
    let sum = WeightedSum::new(&[(&student as &dyn Generator, 0.5), (&other, 0.5)]);
    let losses = [AuxiliaryLoss::Distillation { weight: 0.7 }, AuxiliaryLoss::ExpectedReward { kl: 0.5 }];
    for loss in losses {
        for source in [&student as &dyn LogitSource<f32>, &other, &sum] {
            check_gradients(&student, Some(Auxiliary { source, loss }));
        }
        check_gradients(&other, Some(Auxiliary { source: &student, loss }));
        check_gradients(&other, Some(Auxiliary { source: &sum, loss }));
    }
    // A model that is its own teacher has a gradient of zero, and its loss is its own entropy.
    let (batch, weights) = batch();
    let own = Auxiliary { source: &student, loss: AuxiliaryLoss::Distillation { weight: 1.0 } };
    let mut gradients = student.gradients();
    let own = WeightedBatch { auxiliary: Some(own), ..WeightedBatch::new(&batch, &weights) };
    let loss = student.accumulate(own, &mut gradients);
    let statistics = Generator::token_statistics(&student, &batch);
    let entropy: f64 = statistics.iter().zip(&weights).map(|(s, w)| f64::from(*w) * s.entropy).sum();
    assert!((loss - entropy).abs() < 1e-4 && gradients.sum_of_squares() < 1e-8, "{loss} {entropy}");
}

#[test]
fn samples_and_completions_follow_the_probabilities() {
    let cases = others().into_iter().flat_map(|model| [1.0, 0.6].map(|t| (model.clone_trainable(), t)));
    for (model, temperature) in cases {
        let policy = GeneratorPolicy::new(&model, temperature);
        let samples = policy.sample(&Streams::new(3, Purpose::Sample), 0, 20_000);
        let log_prob = policy.sequence_log_prob(&samples.sequences);
        assert!(samples.log_prob.iter().zip(&log_prob).all(|(a, b)| (a - b).abs() < 1e-4));
        let p: Vec<f64> = policy.sequence_log_prob(&all()).iter().map(|l| l.exp()).collect();
        assert_drawn(&samples.sequences, &all(), &p);

        let prefixes =
            [Prefix { row: 0, length: 1 }, Prefix { row: 0, length: 3 }, Prefix { row: 1, length: 2 }];
        let given = SeqBatch::from_rows([vec![2, 3, 4, 2], vec![4, 2]], 4);
        let streams = Streams::new(4, Purpose::Rollout);
        let completed = policy.complete(&given, &prefixes, 5_000, &streams, 7);
        for (i, Prefix { row, length }) in prefixes.into_iter().enumerate() {
            let prefix = &given.row(row)[..length];
            let all = all();
            let rows = all.select((0..all.len()).filter(|&b| all.row(b).starts_with(prefix)));
            let log_prob = policy.log_prob(&rows);
            let p = log_prob.chunks(4).map(|l| f64::from(l[length..].iter().sum::<f32>()).exp());
            let own = completed.slice(i * 5_000, 5_000);
            assert_drawn(&own, &rows, &p.collect::<Vec<_>>());
            let first = 7 + 5_000 * i as u64;
            assert_eq!(policy.complete(&given, &prefixes[i..=i], 5_000, &streams, first), own);
        }
    }
}

#[test]
fn a_wide_beam_finds_the_likeliest() {
    for model in others() {
        check_beam(&GeneratorPolicy::new(&model, 0.9));
    }
}

fn check_beam(policy: &GeneratorPolicy) {
    let log_prob = policy.sequence_log_prob(&all());
    let mut order: Vec<usize> = (0..log_prob.len()).collect();
    order.sort_by(|&a, &b| log_prob[b].total_cmp(&log_prob[a]));
    let found = policy.beam(200, None);
    assert_eq!(found.len(), order.len());
    for ((row, log), &b) in found.iter().zip(&order) {
        assert!((log - log_prob[b]).abs() < 1e-4, "{row:?}");
    }
    assert_eq!(found[0].0, all().row(order[0]));
    let greedy = policy.sample_filtered(
        Some(Filter { top_k: 1, top_p: 1.0 }),
        &Streams::new(1, Purpose::Sample),
        0,
        1,
    );
    assert_eq!(greedy.sequences.row(0), policy.beam(1, None)[0].0);
}

#[test]
fn constraints_mixtures_and_scheduled_inputs_work() {
    let vocab = Vocab::new(Tokens::Chars, ["a", "b", "c"].map(String::from).into()).unwrap();
    let config = ConstraintConfig { regex: "a?(bc)*".into(), ..ConstraintConfig::default() };
    let sum = weighted(&[(&model(1) as &dyn Generator, 0.5), (&lstm(2, 5), -0.3)]);
    for free in [Box::new(model(1)) as BoxGenerator, Box::new(transformer(1)), sum] {
        let policy = GeneratorPolicy::new(&constrained(&free, &config, &vocab).unwrap(), 1.0);
        let possible = all().select((0..all().len()).filter(|&b| policy.allows(all().row(b))));
        let texts: Vec<String> = possible.rows().map(|row| vocab.decode(row)).collect();
        assert_eq!(texts, ["a", "bc", "abc", "bcbc"]);
        let p: Vec<f64> = policy.sequence_log_prob(&possible).iter().map(|l| l.exp()).collect();
        assert_drawn(&policy.sample(&Streams::new(5, Purpose::Sample), 0, 5_000).sequences, &possible, &p);
    }

    let parts: Vec<(f64, Box<dyn Policy>)> = vec![
        (0.3, Box::new(GeneratorPolicy::new(&model(1), 0.5))),
        (0.7, Box::new(GeneratorPolicy::new(&lstm(2, 5), 1.0))),
    ];
    let mixture = MixturePolicy::new(parts);
    let p: Vec<f64> = mixture.sequence_log_prob(&all()).iter().map(|l| l.exp()).collect();
    assert_drawn(&mixture.sample(&Streams::new(6, Purpose::Sample), 0, 10_000).sequences, &all(), &p);
    assert!(mixture.allows(&[2, 3]) && !mixture.allows(&[2, 1]));

    let (choices, draws) =
        (Streams::new(3, Purpose::ScheduledChoice), Streams::new(3, Purpose::ScheduledDraw));
    let scheduled = ScheduledInputs { teacher_forcing: 0.0, choices: &choices, draws: &draws, first: 2 };
    let policy = GeneratorPolicy::new(&model(1), 1.0);
    let mixed = policy.mixed_inputs(&SeqBatch::from_rows(vec![vec![2; 4]; 40], 4), scheduled);
    let own = policy.sample(&draws, 2, 40).sequences;
    // Until the model draws its end, its inputs are its own samples.
    assert!((0..40).all(|b| mixed.row(b).starts_with(own.row(b))));
}

struct CountTwos;
impl Reward for CountTwos {
    fn score(&self, sequences: &SeqBatch) -> seqgan::Result<Vec<f32>> {
        Ok(sequences.rows().map(|row| row.iter().filter(|&&token| token == 2).count() as f32).collect())
    }
}

#[test]
fn it_is_trained_by_likelihood_and_by_a_reward() {
    let mut generator: BoxTrainable = Box::new(model(1));
    let mut optimizer = Optimizer::new(generator.parameters(), generator.gradients());
    let data =
        GeneratorPolicy::new(&lstm(2, 6), 1.0).sample(&Streams::new(1, Purpose::Sample), 0, 64).sequences;
    let mut losses = Vec::new();
    for _ in 0..30 {
        losses.push(maximum_likelihood_step(&mut generator, &mut optimizer, &data, UPDATE).unwrap());
    }
    assert!(losses[29] < losses[0] - 0.05, "{losses:?}");
    let before = losses[29];
    let loss = distillation_step(&mut generator, &mut optimizer, &data, &lstm(2, 6), 0.5, UPDATE).unwrap();
    assert!((loss - before).abs() < 1.0, "{loss} {before}");

    let mut rollout = DelayedPolicy::new(&generator, 0.5);
    let mean = |generator: &dyn Generator| {
        let sample = GeneratorPolicy::new(generator, 1.0).sample(&Streams::new(2, Purpose::Sample), 0, 2_000);
        CountTwos.score(&sample.sequences).unwrap().iter().sum::<f32>() / 2_000.0
    };
    let start = mean(&generator);
    let reference = ExpectedReward { generator: generator.clone_generator(), kl: 1.0 };
    for round in 0..20 {
        let policy = GeneratorPolicy::new(&generator, 1.0);
        let batch = policy.sample(&Streams::new(1, Purpose::PolicySample), round * 64, 64).sequences;
        let search = MonteCarlo { num_rollouts: 2, max_prefixes: 0 };
        let streams = Streams::new(1, Purpose::Rollout);
        let first = round * search.sequences_used(64, 4);
        let values = search.values(&rollout.policy(), &CountTwos, &batch, &streams, first).unwrap();
        let (batch, additions) = ((&batch, &values[..]), (Some(&reference), None));
        policy_gradient_step_with(
            &mut generator,
            &mut optimizer,
            batch,
            additions,
            Baseline::StepMean,
            UPDATE,
        )
        .unwrap();
        rollout.update(&generator);
    }
    // The penalty holds the policy near the reference, so the reward cannot rise at will.
    assert!(mean(&generator) > 1.8 * start, "{} {start}", mean(&generator));
}

#[test]
fn a_weighted_sum_is_the_normalised_product() {
    let models = [model(1), model(2)];
    let boxed: Vec<BoxGenerator> = models.iter().map(|model| model.clone_generator()).collect();
    let mean = ensemble(&boxed);
    assert_eq!(mean.kind(), "weighted-sum");
    let prefix = [2, 4];
    for t in 0..3 {
        let tokens = [0, 2, 3, 4].into_iter().filter(|&token| t > 0 || token != 0);
        // The end is the decision after the prefix.
        let row = |token| if token == 0 { prefix[..t].to_vec() } else { [&prefix[..t], &[token]].concat() };
        let batch = SeqBatch::from_rows(tokens.map(row), 4);
        let at = |log_prob: Vec<f32>| log_prob.chunks(4).map(|row| row[t]).collect::<Vec<f32>>();
        let [a, b] = [0, 1].map(|i| at(Generator::log_prob(&models[i], &batch)));
        let sums: Vec<f32> = a.iter().zip(&b).map(|(a, b)| (a + b) / 2.0).collect();
        let normaliser = sums.iter().map(|sum| sum.exp()).sum::<f32>().ln();
        let expected: Vec<f32> = sums.iter().map(|sum| sum - normaliser).collect();
        close(&at(mean.log_prob(&batch)), &expected, 1e-5);
    }
    let policy = GeneratorPolicy::new(&mean, 0.7);
    let samples = policy.sample(&Streams::new(3, Purpose::Sample), 0, 10_000);
    let p: Vec<f64> = policy.sequence_log_prob(&all()).iter().map(|l| l.exp()).collect();
    assert_drawn(&samples.sequences, &all(), &p);
    assert!(mean.to_trainable().is_none());
}

/// Of LSTMs the general sum and the one LSTM of blocks are the same function.
#[test]
fn the_general_sum_agrees_with_blocks_of_lstms() {
    let [a, b] = [lstm(1, 6), lstm(2, 9)];
    let parts: [(&dyn Generator, f64); 2] = [(&a, 0.8), (&b, -0.4)];
    let (general, blocks) = (WeightedSum::new(&parts), weighted(&parts));
    assert_eq!((general.kind(), blocks.kind()), ("weighted-sum", "lstm"));
    close(&Generator::log_prob(&general, &all()), &blocks.log_prob(&all()), 1e-5);
    let of = |generator: &dyn Generator| -> Vec<f32> {
        let statistics = generator.token_statistics(&all());
        statistics.iter().flat_map(|s| [s.log_prob, s.entropy, s.largest]).map(|x| x as f32).collect()
    };
    close(&of(&general), &of(&blocks), 1e-5);
    let (batch, weights) = batch();
    let student = lstm(3, 5);
    for loss in [AuxiliaryLoss::Distillation { weight: 0.7 }, AuxiliaryLoss::ExpectedReward { kl: 0.5 }] {
        let run = |source: &dyn Generator| {
            let (mut gradients, auxiliary) = (student.gradients(), Some(Auxiliary { source, loss }));
            let batch = WeightedBatch { auxiliary, ..WeightedBatch::new(&batch, &weights) };
            let loss = student.accumulate(batch, &mut gradients);
            (loss, gradients.to_tensors())
        };
        let (of_sum, of_blocks) = (run(&general), run(&blocks));
        assert!((of_sum.0 - of_blocks.0).abs() < 1e-5 * of_blocks.0.abs().max(1.0));
        for (sum, blocks) in of_sum.1.iter().zip(of_blocks.1.iter()) {
            close(&sum.data, &blocks.data, 1e-5);
        }
    }
    let [sum, block] = [&general as &dyn Generator, &blocks].map(|generator| {
        GeneratorPolicy::new(generator, 0.8).sample(&Streams::new(3, Purpose::Sample), 0, 500).sequences
    });
    let equal = sum.rows().zip(block.rows()).filter(|(a, b)| a == b).count();
    assert!(equal >= 499, "{equal} of 500 samples with the same random numbers are equal");
}

#[test]
fn it_is_registered_built_and_restored() {
    register(&LogBilinearKind);
    register(&LogBilinearKind);
    assert_eq!(kinds().iter().filter(|kind| kind.name() == "log-bilinear").count(), 1);
    let mut config = Config::default().generator;
    config.kind = "log-bilinear".into();
    let streams = Streams::new(1, Purpose::GeneratorInit);
    let generator = build(&space(), &config, 0.5, &streams).unwrap();
    assert_eq!(generator.kind(), "log-bilinear");
    let labelled = SequenceSpace { label_counts: vec![1], ..space() };
    let error = build(&labelled, &config, 0.5, &streams).unwrap_err().to_string();
    assert!(error.contains("`generator.kind` is \"log-bilinear\", expected another kind"), "{error}");

    let tokens: Vec<Option<TokenId>> = (0..5).map(Some).collect();
    let error = generator.with_space(&space(), &tokens, &[], &streams).unwrap_err();
    assert!(error.contains("\"log-bilinear\" cannot go on with other sequences"), "{error}");

    let both = ensemble(&[generator.into_generator(), Box::new(lstm(2, 5))]);
    let tensors: Vec<Tensor<f32>> =
        both.tensors().into_iter().map(|(name, tensor)| Tensor { name, ..tensor.clone() }).collect();
    let again = GeneratorHeader::of(&both).restore(&tensors).unwrap();
    assert_eq!(again.log_prob(&all()), both.log_prob(&all()));
}
