//! A run folder, opened for reading.

use super::choice::{self, CheckpointChoice, ModelChoice};
use super::models::{self, SavedModel};
use crate::config::{Config, Method};
use crate::data::{self, ReadOptions, Subwords, Tokens, Vocab, read_options_for};
use crate::discriminator::Discriminator;
use crate::evaluate::ResidualModel;
use crate::generator::file::{self, ModelInfo};
use crate::generator::{BoxGenerator, GeneratorPolicy, Policy, constrained};
use crate::measure::Summary;
use crate::metrics::Scorecard;
use crate::rng::{Purpose, Streams};
use crate::run::RunFolder;
use crate::task::{HeldOut, MAX_SAMPLES};
use crate::token::{SeqBatch, TokenId};
use crate::{Error, Result};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A run folder with its settings and vocabulary.
pub struct SavedRun {
    folder: RunFolder,
    config: Config,
    vocab: Option<Vocab>,
    labels: Vec<String>,
}

impl SavedRun {
    /// Opens a run folder. The run may be unfinished.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::of(RunFolder::open(path.as_ref())?)
    }

    /// Reads the settings, vocabulary and labels of a run folder.
    pub fn of(folder: RunFolder) -> Result<Self> {
        let config = folder.read_config()?;
        let vocab = if config.data.path.is_empty() { None } else { Some(read_vocab(&folder)?) };
        let labels = match folder.file("labels.json").is_file() {
            true => folder.read_json("labels.json")?,
            false => Vec::new(),
        };
        Ok(Self { folder, config, vocab, labels })
    }

    /// The run folder.
    pub fn folder(&self) -> &RunFolder {
        &self.folder
    }

    /// The settings of the run.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The vocabulary; none for a synthetic task, whose tokens are plain numbers.
    pub fn vocab(&self) -> Option<&Vocab> {
        self.vocab.as_ref()
    }

    /// Label names, indexed by label; empty if sequences have no labels.
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// Results of the run (`summary.json`); none if the run is unfinished.
    pub fn summary(&self) -> Result<Option<Summary>> {
        if self.folder.is_finished() { self.folder.read_json("summary.json").map(Some) } else { Ok(None) }
    }

    /// Methods whose models are saved. Intermediate models come first, then the methods in the order of the settings.
    pub fn methods(&self) -> Result<Vec<Method>> {
        models::methods(&self.folder)
    }

    /// All saved models: those at the end of training in the order of [`Self::methods`], then checkpoints, sorted by
    /// method, best first.
    pub fn models(&self) -> Result<Vec<ModelInfo>> {
        let mut all = self.trained(&self.methods()?)?;
        all.extend(models::checkpoints(&self.folder)?);
        Ok(all)
    }

    /// Models at the end of training of these methods.
    fn trained(&self, methods: &[Method]) -> Result<Vec<ModelInfo>> {
        let read = |&method: &Method| models::trained(&self.folder, method);
        let mut infos: Vec<ModelInfo> = methods.iter().map(read).collect::<Result<_>>()?;
        if infos.iter().all(|info| info.nll_validation.is_some()) {
            return Ok(infos);
        }
        // Files of older runs do not have the figure, but the summary may. Without one they can be used all the same.
        let rows = self.summary().ok().flatten().map(|summary| summary.methods).unwrap_or_default();
        for info in infos.iter_mut().filter(|info| info.nll_validation.is_none()) {
            let row = rows.iter().find(|row| row.name == info.method.name());
            if let Some(nll) = row.and_then(|row| row.measures.nll_validation) {
                *info = info.with_nll_validation(nll.mean);
            }
        }
        Ok(infos)
    }

    /// Chooses a model:
    ///
    /// - a method alone: its model at the end of training;
    /// - `checkpoint`: that saved checkpoint of the method, or of the method whose checkpoint has the best validation
    ///   likelihood;
    /// - nothing: `mixed` in a run with `[[reward]]`; otherwise, of the single models and their checkpoints, the one with
    ///   the best validation likelihood. An ensemble is chosen by its name alone.
    ///
    /// Returns an error if the run has no such model.
    pub fn choose(&self, method: Option<&str>, checkpoint: Option<CheckpointChoice>) -> Result<ModelChoice> {
        let has_reward = !self.config.reward.is_empty();
        match (method, checkpoint) {
            (None, None) => {
                choice::unnamed(&self.models()?, has_reward).ok_or_else(|| models::none_trained(&self.folder))
            }
            (Some(name), None) => {
                let method = models::method_named(&self.folder, name)?;
                // What is only compared with must not be in the way.
                let checkpoints = models::checkpoints(&self.folder).unwrap_or_default();
                Ok(choice::named(self.trained(&[method])?[0], &checkpoints))
            }
            (_, Some(wanted)) => {
                let checkpoints = models::checkpoints(&self.folder)?;
                choice::checkpoint(&checkpoints, method.map(Method::named), wanted, has_reward)
                    .ok_or_else(|| models::no_checkpoint(&self.folder, &checkpoints, method, wanted))
            }
        }
    }

    /// Chooses a model to resample, at the end of training. Without a name it is chosen as by [`Self::choose`], among the
    /// methods with a discriminator of single sequences; a run without any has no model to resample, and the choice is
    /// the plain one.
    pub fn choose_to_resample(&self, method: Option<&str>) -> Result<ModelChoice> {
        if method.is_some() {
            return self.choose(method, None);
        }
        let mut methods = Vec::new();
        for method in self.methods()? {
            if models::can_resample(&self.folder, method)? {
                methods.push(method);
            }
        }
        match choice::to_resample(&self.trained(&methods)?, !self.config.reward.is_empty()) {
            Some(choice) => Ok(choice),
            None => self.choose(None, None),
        }
    }

    /// Loads the model that [`Self::choose`] chooses.
    ///
    /// Returns an error if the run has no such model.
    pub fn model(&self, method: Option<&str>, checkpoint: Option<CheckpointChoice>) -> Result<SavedModel> {
        self.load(self.choose(method, checkpoint)?.model)
    }

    /// Loads one of [`Self::models`].
    pub fn load(&self, info: ModelInfo) -> Result<SavedModel> {
        let name = info.method.name();
        let path = match info.round() {
            None => self.folder.model(name),
            Some(round) => self.folder.model_of_round(name, round),
        };
        Ok(SavedModel { info, generator: self.read(&path)? })
    }

    /// Loads a model of the run by its file.
    pub fn load_file(&self, path: &Path) -> Result<SavedModel> {
        Ok(SavedModel { info: file::read_info(path)?, generator: self.read(path)? })
    }

    /// Loads the CNN discriminator that a model was trained against. Returns none if the method has no discriminator of
    /// whole sequences.
    pub fn discriminator(&self, model: &SavedModel) -> Result<Option<Discriminator>> {
        models::discriminator(&self.folder, model)
    }

    /// Loads the residual model of a model's method, which resamples generator samples with the discriminator's odds.
    /// Returns none if the method has no discriminator of single sequences.
    pub fn residual(&self, model: &SavedModel) -> Result<Option<ResidualModel>> {
        let read = |method: Method| self.read(&self.folder.model(method.name()));
        models::residual(&self.folder, model, read)
    }

    /// Draws `n` samples of a model at temperature 1.
    pub fn sample(&self, model: &SavedModel, n: usize, seed: u64) -> SeqBatch {
        let policy = GeneratorPolicy::new(&model.generator, 1.0);
        policy.sample(&Streams::new(seed, Purpose::Sample), 0, n).sequences
    }

    /// Draws `n` samples of the model that [`Self::choose`] chooses without a name, as text.
    pub fn sample_text(&self, n: usize, seed: u64) -> Result<Vec<String>> {
        let samples = self.sample(&self.model(None, None)?, n, seed);
        Ok(samples.rows().map(|row| self.text(row)).collect())
    }

    /// log p of each sequence under a model, end token included, in nats, `[B]`.
    pub fn log_prob(&self, model: &SavedModel, sequences: &SeqBatch) -> Vec<f64> {
        GeneratorPolicy::new(&model.generator, 1.0).sequence_log_prob(sequences)
    }

    /// Measures a model against a test file. The number of samples is that of the test sequences, at most
    /// [`MAX_SAMPLES`].
    ///
    /// Returns an error for a synthetic task.
    pub fn evaluate(&self, model: &SavedModel, test: &Path, seed: u64) -> Result<Scorecard> {
        let Some(vocab) = &self.vocab else {
            return Err(Error::Run {
                path: self.folder.path().into(),
                message: "a run of a synthetic task is measured by its own oracle".into(),
                hint: Some("its summary.json has the measures".into()),
            });
        };
        let mut held_out = self.held_out(model, test, vocab)?;
        self.training_path()?;
        let train = held_out.training(&self.config.data, vocab)?;
        let policy = GeneratorPolicy::new(&model.generator, 1.0);
        let n = held_out.len().min(MAX_SAMPLES);
        let samples = policy.sample(&Streams::new(seed, Purpose::Evaluation), 0, n).sequences;
        let card = held_out.scorecard(&held_out.samples(&samples, vocab), Some(&train));
        let mut scorecard = Scorecard::default();
        scorecard.extend(held_out.nll(&policy).map(|nll| ("nll_test", nll)));
        scorecard.extend(card);
        Ok(scorecard)
    }

    /// Test file, encoded for a model.
    fn held_out(&self, model: &SavedModel, test: &Path, vocab: &Vocab) -> Result<HeldOut> {
        let (space, rules) = (model.generator.space(), model.generator.rules());
        HeldOut::read(test, &self.config.data, vocab, space, rules, &self.labels)
    }

    /// The path of the training file, which may have gone since.
    ///
    /// Returns an error if the training data came through a stream: nobody has its bytes any more, and another stream may be
    /// there by now.
    pub fn training_path(&self) -> Result<PathBuf> {
        let path = self.config.data.training_path();
        if !data::is_stream(&path) {
            return Ok(path);
        }
        Err(Error::Run {
            path: self.folder.path().into(),
            message: format!(
                "its training data came through a stream, {}, and are not kept",
                data::shown(&path).display()
            ),
            hint: Some("train from a file where later commands need the training data".into()),
        })
    }

    /// Training file, encoded with the run's vocabulary, with sequences of up to `max_length` tokens. Returns none for
    /// a synthetic task.
    pub fn training_sequences(&self, max_length: usize) -> Result<Option<SeqBatch>> {
        let Some(vocab) = &self.vocab else { return Ok(None) };
        let path = self.training_path()?;
        let options =
            ReadOptions { max_length, ..read_options_for(&self.config.data, &path, vocab.tokens())? };
        Ok(Some(data::read_with(path, &options, vocab, &self.labels)?.0))
    }

    /// Decodes a sequence to text; plain numbers for a synthetic task.
    pub fn text(&self, row: &[TokenId]) -> String {
        match &self.vocab {
            Some(vocab) => vocab.decode(row),
            None => row.iter().map(TokenId::to_string).collect::<Vec<_>>().join(" "),
        }
    }

    /// Loads a generator, under the run's constraint.
    fn read(&self, path: &Path) -> Result<BoxGenerator> {
        let generator = file::read(path)?.generator;
        let space = generator.space();
        if let Some(vocab) = &self.vocab
            && vocab.len() != space.vocab_size
        {
            let message = format!("holds {} tokens, but the model {}", vocab.len(), space.vocab_size);
            return Err(of_another_run(&self.folder, "vocab.json", message));
        }
        if self.labels.len() != space.num_labels() {
            let message = format!("holds {} labels, but the model {}", self.labels.len(), space.num_labels());
            return Err(of_another_run(&self.folder, "labels.json", message));
        }
        match &self.vocab {
            Some(vocab) => constrained(&*generator, &self.config.constraint, vocab),
            None => Ok(generator),
        }
    }
}

fn of_another_run(folder: &RunFolder, name: &str, message: String) -> Error {
    Error::Run {
        path: folder.file(name),
        message,
        hint: Some(
            "the file belongs to another run or is damaged; restore it from a copy or train again".into(),
        ),
    }
}

fn read_vocab(folder: &RunFolder) -> Result<Vocab> {
    let vocab: Vocab = folder.read_json("vocab.json")?;
    match vocab.tokens() {
        Tokens::Bpe => with_own_tokenizer(folder, vocab),
        _ => Ok(vocab),
    }
}

/// Attaches the run's copy of its tokenizer to the vocabulary.
fn with_own_tokenizer(folder: &RunFolder, vocab: Vocab) -> Result<Vocab> {
    let path = folder.file("tokenizer.json");
    let tokenizer = Subwords::read(&path)?;
    let fault = |message| Error::Run {
        path: path.clone(),
        message,
        hint: Some("restore the file from a copy, or train again".into()),
    };
    let recorded: Value = folder.read_json("run.json")?;
    if recorded["data"]["tokenizer"]["sha256"] != tokenizer.sha256() {
        return Err(fault("is not the tokenizer that the run was started with".into()));
    }
    vocab.with_tokenizer(Arc::new(tokenizer)).map_err(|error| fault(error.to_string()))
}
