//! Models of a finished run, as files of their own that sampling and evaluation read.

use super::judge::Judge;
use super::kept::{Kept, Round, load_kept};
use super::task::read_options;
use crate::checkpoint;
use crate::config::{DataConfig, Method};
use crate::data::{self, ReadOptions, Subwords, Tokens, Vocab};
use crate::discriminator::{Discriminator, DiscriminatorShape};
pub(super) use crate::generator::in_order;
use crate::generator::{BoxGenerator, Generator, GeneratorHeader, constrained};
use crate::run::RunFolder;
use crate::token::SeqBatch;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::sync::Arc;

/// A generator read from a run folder.
pub struct SavedModel {
    /// The method that made it.
    pub method: Method,
    /// The model.
    pub generator: BoxGenerator,
}

#[derive(Serialize, Deserialize)]
struct Meta {
    method: Method,
    generator: GeneratorHeader,
    /// Of a model of a round.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kept: Option<Kept>,
}

/// Writes a method's generator into the run folder.
pub(super) fn save_generator(folder: &RunFolder, method: Method, generator: &dyn Generator) -> Result<()> {
    write_generator(&folder.model(method.name()), method, generator)
}

/// Writes a generator.
pub(super) fn write_generator(path: &Path, method: Method, generator: &dyn Generator) -> Result<()> {
    write(path, Meta { method, generator: GeneratorHeader::of(generator), kept: None }, generator)
}

/// Writes the model of a round.
pub(super) fn write_kept(path: &Path, method: Method, generator: &dyn Generator, kept: Kept) -> Result<()> {
    write(path, Meta { method, generator: GeneratorHeader::of(generator), kept: Some(kept) }, generator)
}

/// Reads of which method's round a model is, and how good it was.
pub(super) fn read_kept(path: &Path) -> Result<(Method, Kept)> {
    let (meta, _): (Meta, _) = checkpoint::read(path, "generator")?;
    let kept = meta.kept.ok_or_else(|| Error::Checkpoint {
        path: path.into(),
        message: "is no model of a round".into(),
        hint: Some("the file does not belong here; move it away".into()),
    })?;
    Ok((meta.method, kept))
}

fn write(path: &Path, meta: Meta, generator: &dyn Generator) -> Result<()> {
    checkpoint::write(path, "generator", &meta, generator.tensors())
}

/// Writes a method's trained judge into the run folder.
pub(super) fn save_judge(folder: &RunFolder, judge: &Judge) -> Result<()> {
    let Some(parameters) = judge.parameters() else { return Ok(()) };
    let tensors = parameters.iter().map(|t| (t.name.clone(), t));
    let name = format!("{}.judge", judge.method());
    checkpoint::write(&folder.model(&name), "judge", &judge.description(), tensors)
}

/// The methods whose generators a run folder holds, in the order of its settings, behind those that it made on the way.
pub fn methods(folder: &RunFolder) -> Result<Vec<Method>> {
    let config = folder.read_config()?;
    let on_the_way = Method::ALL.into_iter().filter(|method| !config.methods.contains(method));
    let list = on_the_way.chain(config.methods.iter().copied());
    Ok(list.filter(|method| folder.model(method.name()).is_file()).collect())
}

/// Reads the generator of `method`, or of the last method trained, under the run's constraint; of a round that was kept,
/// or the last.
pub fn load_model(folder: &RunFolder, method: Option<&str>, round: Option<Round>) -> Result<SavedModel> {
    if let Some(round) = round {
        return load_kept(folder, method, round);
    }
    let known = methods(folder)?;
    let Some(name) = method.or(known.last().map(|m| m.name())) else {
        return Err(Error::Run {
            path: folder.path().into(),
            message: "holds no trained model yet".into(),
            hint: Some("the run has not ended; go on with it by --resume".into()),
        });
    };
    if !known.iter().any(|m| m.name() == name) {
        return Err(Error::Run {
            path: folder.path().into(),
            message: format!("holds no model `{name}`"),
            hint: Some(format!("it holds {}", Method::list(&known))),
        });
    }
    read_constrained(folder, &folder.model(name))
}

/// Reads a generator of the run, under the run's constraint.
pub(super) fn read_constrained(folder: &RunFolder, path: &Path) -> Result<SavedModel> {
    let (method, generator) = read_generator(path)?;
    let model = SavedModel { method, generator };
    let constraint = folder.read_config()?.constraint;
    match load_vocab(folder, &model)? {
        Some(vocab) => {
            Ok(SavedModel { generator: constrained(&model.generator, &constraint, &vocab)?, method })
        }
        None => Ok(model),
    }
}

/// Reads a generator and the method that made it.
pub(super) fn read_generator(path: &Path) -> Result<(Method, BoxGenerator)> {
    let (meta, tensors): (Meta, _) = checkpoint::read(path, "generator")?;
    let fault = |message| Error::Checkpoint {
        path: path.into(),
        message,
        hint: Some("the file is damaged; restore it from a copy or train again".into()),
    };
    let generator = meta.generator.restore(&tensors).map_err(fault)?;
    Ok((meta.method, generator))
}

/// Reads the discriminator that a model was trained against; none for a model that has none, or another kind of judge.
pub fn load_discriminator(folder: &RunFolder, model: &SavedModel) -> Result<Option<Discriminator>> {
    let path = folder.model(&format!("{}.judge", model.method));
    let judges_whole_sequences = matches!(model.method, Method::SeqGan | Method::MaliGan | Method::Mixed);
    if !path.is_file() || !judges_whole_sequences {
        return Ok(None);
    }
    let (description, tensors): (serde_json::Value, _) = checkpoint::read(&path, "judge")?;
    let Ok(shape) = serde_json::from_value::<DiscriminatorShape>(description["shape"].clone()) else {
        return Ok(None);
    };
    let fault = |message| Error::Checkpoint {
        path: path.clone(),
        message,
        hint: Some("the file is damaged; restore it from a copy or train again".into()),
    };
    shape.check().map_err(fault)?;
    let other = model.generator.space();
    let (ours, theirs) = (
        (shape.vocab_size, shape.max_length, shape.end_token, shape.num_labels),
        (other.vocab_size, other.max_length, other.end_token, other.num_labels()),
    );
    if ours != theirs {
        return Err(fault(format!(
            "judges other sequences than the generator makes: vocabulary, length, end and labels are {ours:?}, expected \
             {theirs:?}"
        )));
    }
    let names = crate::discriminator::cnn_layout(&shape).into_iter().map(|(name, _)| name);
    let parameters = in_order(&tensors, names).map_err(fault)?;
    Discriminator::from_parameters(shape, parameters).map(Some).map_err(fault)
}

/// The sequences of a run's training file in the run's tokens, those that are too long left out.
pub fn training_rows(
    config: &DataConfig,
    vocab: &Vocab,
    labels: &[String],
    max_length: usize,
) -> Result<SeqBatch> {
    let path = Path::new(&config.path);
    let options = ReadOptions { max_length, ..read_options(config, path)? };
    Ok(data::read_with(path, &options, vocab, labels)?.0)
}

/// The names of the labels of a run's model, by number; none where its sequences have none.
pub fn load_labels(folder: &RunFolder, model: &SavedModel) -> Result<Vec<String>> {
    let labels: Vec<String> = match folder.file("labels.json").is_file() {
        true => folder.read_json("labels.json")?,
        false => Vec::new(),
    };
    let known = model.generator.space().num_labels();
    if labels.len() != known {
        return Err(of_another_run(
            folder,
            "labels.json",
            format!("holds {} labels, but the model {known}", labels.len()),
        ));
    }
    Ok(labels)
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

/// Reads the vocabulary of a run's model; none for the synthetic task, whose tokens are numbers.
pub fn load_vocab(folder: &RunFolder, model: &SavedModel) -> Result<Option<Vocab>> {
    if folder.read_config()?.data.path.is_empty() {
        return Ok(None);
    }
    let vocab: Vocab = folder.read_json("vocab.json")?;
    let size = model.generator.space().vocab_size;
    if vocab.len() != size {
        let message = format!("holds {} tokens, but the model {size}", vocab.len());
        return Err(of_another_run(folder, "vocab.json", message));
    }
    match vocab.tokens() {
        Tokens::Bpe => with_own_tokenizer(folder, vocab).map(Some),
        _ => Ok(Some(vocab)),
    }
}

/// The vocabulary with the run's copy of the tokenizer that it was made with.
fn with_own_tokenizer(folder: &RunFolder, vocab: Vocab) -> Result<Vocab> {
    let path = folder.file("tokenizer.json");
    let tokenizer = Subwords::read(&path)?;
    let fault = |message| Error::Run {
        path: path.clone(),
        message,
        hint: Some("restore the file from a copy, or train again".into()),
    };
    let recorded: serde_json::Value = folder.read_json("run.json")?;
    if recorded["data"]["tokenizer"]["sha256"] != tokenizer.sha256() {
        return Err(fault("is not the tokenizer that the run was started with".into()));
    }
    vocab.with_tokenizer(Arc::new(tokenizer)).map_err(|error| fault(error.to_string()))
}
