//! A run from a file to samples with every kind of generator: one that the library does not know, the Transformer, and an LSTM
//! of several layers.

use super::model::LogBilinearKind;
use seqgan::config::Preset;
use seqgan::experiment::{Settings, run};
use seqgan::generator::register;
use seqgan::saved::SavedRun;
use seqgan::train::{Observer, Silent};
use seqgan::{Error, Result};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Methods that share a base, an ensemble and folds, with discriminators, rollouts and scheduled inputs.
const METHODS: [&str; 8] = [
    "mle-tuned",
    "mle-ensemble",
    "distilled",
    "scheduled-sampling",
    "seqgan",
    "seqgan-step",
    "seqgan-crossfit",
    "distilled-seqgan-crossfit",
];

/// Words of three syllables.
fn file(folder: &Path) -> String {
    let syllable = |i: usize| ["ka", "lor", "mi", "ren", "su", "tor", "an"][i % 7];
    let words: Vec<String> = (0..343).map(|i: usize| [i, i / 7, i / 49].map(syllable).concat()).collect();
    let path = folder.join("words.txt");
    std::fs::write(&path, words.join("\n")).unwrap();
    path.display().to_string()
}

/// A kind of generator and its sizes.
struct Case {
    settings: &'static [&'static str],
    kind: &'static str,
    /// Kind of the mean of an ensemble.
    ensemble: &'static str,
    /// Steps after which a run is stopped, again and again.
    steps: usize,
}

fn settings(case: &Case, file: &str) -> Result<Settings> {
    let mut settings = Settings::new(Preset::Smoke);
    let methods: Vec<toml::Value> = METHODS.iter().map(|&method| method.into()).collect();
    settings.option("data.path", file, "the test")?.option("methods", methods, "the test")?;
    let of_run = [
        "adversarial.num_rounds=2",
        "adversarial.num_negatives=64",
        "rollout.num_rollouts=2",
        "ensemble.num_members=2",
        "ensemble.num_epochs=1",
        "crossfit.num_folds=2",
        "crossfit.num_rounds=2",
        "crossfit.ensemble_features=true",
        "crossfit.require_validation_gain=false",
        "evaluate.num_samples=100",
        "evaluate.temperatures=[1.0,0.7]",
    ];
    for setting in of_run.iter().chain(case.settings) {
        settings.set(setting)?;
    }
    Ok(settings)
}

/// Stops after so many steps.
struct StopAfter(AtomicUsize);

impl Observer for StopAfter {
    fn should_stop(&self) -> bool {
        self.0.fetch_sub(1, Ordering::Relaxed) == 1
    }
}

fn train(case: &Case, file: &str, out: &Path, observer: &dyn Observer) -> Result<SavedRun> {
    let mut experiment = settings(case, file)?.experiment()?;
    (experiment.out, experiment.resume) = (Some(out.into()), true);
    run(&experiment, observer)?;
    SavedRun::open(out)
}

#[test]
fn of_a_kind_that_a_program_registers() {
    register(&LogBilinearKind);
    every_method_trains_it_and_its_models_are_read_again(&Case {
        settings: &["generator.kind=log-bilinear"],
        kind: "log-bilinear",
        ensemble: "weighted-sum",
        steps: 40,
    });
}

#[test]
fn of_the_transformer() {
    every_method_trains_it_and_its_models_are_read_again(&Case {
        settings: &[
            "generator.kind=transformer",
            "generator.hidden_dim=16",
            "generator.num_layers=2",
            "generator.num_heads=2",
            "mle_tuned.hidden_dropout=0.1",
            "mle_tuned.average_decay=0.9",
        ],
        kind: "transformer",
        ensemble: "weighted-sum",
        steps: 120,
    });
}

#[test]
fn of_an_lstm_of_several_layers_with_tied_embeddings() {
    every_method_trains_it_and_its_models_are_read_again(&Case {
        settings: &[
            "generator.num_layers=2",
            "generator.tied_embeddings=true",
            "mle_tuned.hidden_dropout=0.1",
            "mle_tuned.recurrent_dropout=0.1",
        ],
        kind: "lstm",
        ensemble: "lstm",
        steps: 120,
    });
}

fn every_method_trains_it_and_its_models_are_read_again(case: &Case) {
    let folder = tempfile::tempdir().unwrap();
    let file = file(folder.path());
    let whole = train(case, &file, &folder.path().join("whole"), &Silent).unwrap();
    let summary = whole.summary().unwrap().expect("a finished run");
    for method in METHODS {
        let model = whole.model(Some(method), None).unwrap();
        let kind = if method == "mle-ensemble" { case.ensemble } else { case.kind };
        assert_eq!(model.generator.kind(), kind, "{method}");
        let samples = whole.sample(&model, 20, 1);
        assert!(whole.log_prob(&model, &samples).iter().all(|nats| nats.is_finite() && *nats < 0.0));
        let row = summary.methods.iter().find(|row| row.name == method).expect("a row of the table");
        let nll = row.measures.nll_validation.unwrap().mean;
        assert!(nll > 0.3 && nll < 3.0, "{method}: {nll} nats per token");
    }
    // An interrupted run ends with the same models, to the bit.
    let parts = folder.path().join("parts");
    let mut interruptions = 0;
    loop {
        match train(case, &file, &parts, &StopAfter(AtomicUsize::new(case.steps))) {
            Ok(_) => break,
            Err(Error::Interrupted) => interruptions += 1,
            Err(error) => panic!("{error}"),
        }
    }
    assert!(interruptions > 3, "{interruptions}");
    for method in METHODS {
        let bytes = |run: &str| {
            std::fs::read(folder.path().join(run).join(format!("models/{method}.safetensors"))).unwrap()
        };
        assert!(bytes("parts") == bytes("whole"), "{method}");
    }
}
