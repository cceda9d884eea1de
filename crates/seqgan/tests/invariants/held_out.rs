//! The likelihood of test data is that of sequences training never saw.

use seqgan::config::{Method, Preset, Provenance};
use seqgan::experiment::{Experiment, Kind, check, run};
use seqgan::generator::{Generator, GeneratorPolicy, LstmShape, Policy, oracle};
use seqgan::rng::{Purpose, Streams};
use seqgan::saved::SavedRun;
use seqgan::task::Task;
use seqgan::train::Silent;

/// Mean -log p a token of `n` draws of the oracle, from streams of `purpose`.
fn nll(generator: &dyn Generator, oracle: &dyn Generator, seed: u64, purpose: Purpose, n: usize) -> f64 {
    let draws = GeneratorPolicy::new(oracle, 1.0).sample(&Streams::new(seed, purpose), 0, n).sequences;
    let nats: f64 = GeneratorPolicy::new(generator, 1.0).sequence_log_prob(&draws).iter().map(|l| -l).sum();
    nats / draws.total_tokens() as f64
}

#[test]
fn test_likelihood_is_of_draws_that_training_never_sees() {
    let (seed, length, train, test) = (5, 8, 128, 200);
    let mut config = Preset::Smoke.config();
    config.seed = seed;
    config.methods = vec![Method::MLE_TUNED];
    config.oracle.vocab_size = 30;
    (config.oracle.embedding_dim, config.oracle.hidden_dim) = (8, 8);
    (config.oracle.length, config.oracle.num_train) = (length, train);
    (config.oracle.num_validation, config.oracle.num_test, config.oracle.num_floor) = (64, test, 500);
    (config.generator.embedding_dim, config.generator.hidden_dim) = (16, 16);
    // Few sequences and no early stopping: the model memorises, and the two likelihoods part.
    config.mle_tuned.num_epochs = 60;
    (config.mle_tuned.batch_size, config.mle_tuned.early_stop) = (32, false);
    (config.evaluate.num_samples, config.evaluate.num_samples_training) = (200, 50);
    let task = Task::oracle(&config.oracle, seed).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let experiment = Experiment {
        kind: Kind::Oracle,
        preset: "smoke".into(),
        config: check(config, &Provenance::default()).unwrap(),
        task,
        out: Some(folder.path().join("run")),
        resume: false,
        models: None,
    };
    let (run, summary) = run(&experiment, &Silent).unwrap();

    let row = summary.methods.iter().find(|row| row.name == "mle-tuned").unwrap();
    let generator = SavedRun::of(run).unwrap().model(Some("mle-tuned"), None).unwrap().generator;
    let oracle = oracle::random(oracle::synthetic_space(30, length), LstmShape::new(8, 8), seed);
    let of_test = nll(&generator, &oracle, seed, Purpose::OracleTest, test);
    let of_train = nll(&generator, &oracle, seed, Purpose::OracleTrain, train);
    let reported = row.measures.nll_test.unwrap().mean;
    assert!((reported - of_test).abs() < 1e-9, "nll_test {reported}, of the test draws {of_test}");
    assert!((row.measures.nll_train.unwrap().mean - of_train).abs() < 1e-9, "nll_train, {of_train}");
    assert!(of_test > of_train + 0.02, "nothing was memorised: {of_test}, {of_train}");
    // No test sequence is a training sequence by way of equal streams.
    let task = &experiment.task;
    let held_out = task.test.as_ref().unwrap();
    assert!(held_out.rows().zip(task.train.rows()).all(|(test, train)| test != train));
}
