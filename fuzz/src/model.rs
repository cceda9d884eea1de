//! Models and states of a run.

use super::{safetensors, scratch};
use seqgan::config::{Config, Method, OracleConfig, Preset};
use seqgan::generator::file::{self, ModelInfo};
use seqgan::generator::{
    BoxGenerator, Filter, GeneratorPolicy, LstmGenerator, LstmShape, Policy, SequenceSpace,
};
use seqgan::rng::{Purpose, Streams};
use seqgan::run::RunFolder;
use seqgan::saved::{SavedModel, SavedRun};
use seqgan::task::Task;
use seqgan::train::{load_state, save_state};
use std::cell::OnceCell;

/// The space of the run's generators.
pub fn space() -> SequenceSpace {
    SequenceSpace {
        vocab_size: 5,
        max_length: 4,
        start_token: 0,
        end_token: Some(0),
        never: vec![1],
        label_counts: Vec::new(),
        allow_empty: false,
    }
}

/// The first byte is what the rest is: a generator, a discriminator, the state of a run, or a cross-fitted discriminator.
pub fn read(bytes: &[u8]) -> bool {
    thread_local! {
        static FOLDER: OnceCell<RunFolder> = const { OnceCell::new() };
    }
    let Some((&kind, bytes)) = bytes.split_first() else { return false };
    let bytes = safetensors::file(bytes);
    FOLDER.with(|folder| {
        let folder = folder.get_or_init(new_folder);
        match kind % 4 {
            0 => generator(folder, &bytes),
            1 => discriminator(folder, &bytes),
            2 => state(&bytes),
            _ => crossfit_discriminator(folder, &bytes),
        }
    })
}

fn new_folder() -> RunFolder {
    let folder = RunFolder::create(Some(&scratch::path("run")), "run").unwrap();
    let methods = vec![Method::MLE, Method::SEQGAN];
    let config = Config { methods, ..Preset::Smoke.config() };
    folder.write_config(&config).unwrap();
    // The model that a cross-fitted discriminator is trained against.
    let base = config.adversarial.base;
    file::write(&folder.model(base.name()), ModelInfo::trained(base), &new_generator()).unwrap();
    folder
}

fn new_generator() -> BoxGenerator {
    let streams = Streams::new(1, Purpose::GeneratorInit);
    Box::new(LstmGenerator::new(space(), LstmShape::new(2, 3), 1.0, &streams))
}

fn open(folder: &RunFolder) -> SavedRun {
    SavedRun::of(folder.clone()).unwrap()
}

fn streams() -> Streams {
    Streams::new(1, Purpose::Sample)
}

fn generator(folder: &RunFolder, bytes: &[u8]) -> bool {
    std::fs::write(folder.model("mle"), bytes).unwrap();
    let Ok(model) = file::read(&folder.model("mle")) else { return false };
    let vocab_size = model.generator.space().vocab_size;
    let labels = model.generator.space().num_labels();
    for temperature in [1.0, 0.05, 20.0] {
        let policy = GeneratorPolicy::new(&model.generator, temperature);
        for filter in [None, Some(Filter { top_k: 2, top_p: 1.0 }), Some(Filter { top_k: 0, top_p: 0.5 })] {
            let samples = policy.sample_filtered(filter, &streams(), 0, 3).sequences;
            assert!(samples.rows().flatten().all(|&token| (token as usize) < vocab_size));
            policy.sequence_log_prob(&samples);
        }
        policy.beam(2, (labels > 0).then_some(0));
    }
    true
}

fn discriminator(folder: &RunFolder, bytes: &[u8]) -> bool {
    std::fs::write(folder.discriminator("seqgan"), bytes).unwrap();
    let generator = new_generator();
    let samples = GeneratorPolicy::new(&generator, 1.0).sample(&streams(), 0, 3).sequences;
    let model = SavedModel { info: ModelInfo::trained(Method::SEQGAN), generator };
    let Ok(Some(discriminator)) = open(folder).discriminator(&model) else { return false };
    assert_eq!(discriminator.scores(&samples).len(), 3);
    true
}

fn crossfit_discriminator(folder: &RunFolder, bytes: &[u8]) -> bool {
    std::fs::write(folder.discriminator("seqgan-crossfit"), bytes).unwrap();
    let model = SavedModel { info: ModelInfo::trained(Method::SEQGAN_CROSSFIT), generator: new_generator() };
    let Ok(Some(model)) = open(folder).residual(&model) else { return false };
    let policy = GeneratorPolicy::new(model.base(), 1.0);
    let draw = |first, n| policy.sample(&streams(), first, n);
    let resampled = model.sample((3, &streams()), (0, 4), draw);
    assert_eq!(resampled.sequences.len(), 4);
    let weights = &resampled.log_weight;
    assert!(resampled.weights.effective() > 0.0 && weights.iter().all(|weight| weight.is_finite()));
    true
}

/// A small synthetic task.
fn task() -> (Config, Task) {
    let mut config = Preset::Smoke.config();
    config.oracle = OracleConfig {
        vocab_size: 5,
        length: 4,
        num_train: 4,
        num_validation: 2,
        num_test: 2,
        ..config.oracle
    };
    let task = Task::oracle(&config.oracle, 1).unwrap();
    (config, task)
}

fn state(bytes: &[u8]) -> bool {
    let path = scratch::file("state.safetensors", bytes);
    let (config, task) = task();
    let Ok(saved) = load_state(&path, &config, &task) else { return false };
    let again = scratch::path("again.safetensors");
    // A state that was read can be saved: it goes on as it was.
    save_state(&again, &saved.completed, saved.stage.as_ref(), saved.elapsed_s, saved.metrics_bytes).unwrap();
    load_state(&again, &config, &task).unwrap();
    true
}
