//! Models and states of a run.

use super::{safetensors, scratch};
use seqgan::Error;
use seqgan::checkpoint;
use seqgan::config::{Config, Method, Preset};
use seqgan::generator::{
    BoxGenerator, Filter, Generator, GeneratorHeader, GeneratorPolicy, LstmGenerator, LstmShape, Policy,
    SequenceSpace,
};
use seqgan::rng::{Purpose, Streams};
use seqgan::run::RunFolder;
use seqgan::train::{ResidualModel, SavedModel, State, load_discriminator, load_model};
use serde_json::json;
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

/// The first byte is what the rest is: a generator, a discriminator, the state of a run, or a cross-fitted judge.
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
            _ => crossfit_judge(folder, &bytes),
        }
    })
}

fn new_folder() -> RunFolder {
    let folder = RunFolder::create(Some(&scratch::path("run")), "run").unwrap();
    let methods = vec![Method::Mle, Method::SeqGan];
    let config = Config { methods, ..Preset::Smoke.config() };
    folder.write_config(&config).unwrap();
    // The model that a cross-fitted judge judges.
    let base = new_generator();
    let meta = json!({ "method": config.adversarial.base, "generator": GeneratorHeader::of(&base) });
    checkpoint::write(&folder.model(config.adversarial.base.name()), "generator", &meta, base.tensors())
        .unwrap();
    folder
}

fn new_generator() -> BoxGenerator {
    let streams = Streams::new(1, Purpose::GeneratorInit);
    Box::new(LstmGenerator::new(space(), LstmShape::new(2, 3), 1.0, &streams))
}

fn streams() -> Streams {
    Streams::new(1, Purpose::Sample)
}

fn generator(folder: &RunFolder, bytes: &[u8]) -> bool {
    std::fs::write(folder.model("mle"), bytes).unwrap();
    let Ok(model) = load_model(folder, Some("mle"), None) else { return false };
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
    std::fs::write(folder.model("seqgan.judge"), bytes).unwrap();
    let generator = new_generator();
    let samples = GeneratorPolicy::new(&generator, 1.0).sample(&streams(), 0, 3).sequences;
    let model = SavedModel { method: Method::SeqGan, generator };
    let Ok(Some(discriminator)) = load_discriminator(folder, &model) else { return false };
    assert_eq!(discriminator.scores(&samples).len(), 3);
    true
}

fn crossfit_judge(folder: &RunFolder, bytes: &[u8]) -> bool {
    std::fs::write(folder.model("seqgan-crossfit.judge"), bytes).unwrap();
    let model = SavedModel { method: Method::SeqGanCrossfit, generator: new_generator() };
    let Ok(Some(model)) = ResidualModel::load(folder, &model) else { return false };
    let policy = GeneratorPolicy::new(model.base(), 1.0);
    let draw = |first, n| policy.sample(&streams(), first, n);
    let kept = model.sample((3, &streams()), (0, 4), draw);
    assert_eq!(kept.sequences.len(), 4);
    assert!(kept.weights.effective() > 0.0 && kept.log_weight.iter().all(|weight| weight.is_finite()));
    true
}

fn state(bytes: &[u8]) -> bool {
    let path = scratch::file("state.safetensors", bytes);
    let blank = new_generator().to_trainable().unwrap();
    let fresh = |_| Err(Error::Interrupted);
    let Ok(state) = State::load(&path, &|_| Ok(blank.clone()), &fresh, 0.0) else { return false };
    let again = scratch::path("again.safetensors");
    // A state that was read can be saved: it goes on as it was.
    state.save(&again).unwrap();
    State::load(&again, &|_| Ok(blank.clone()), &fresh, 0.0).unwrap();
    true
}
