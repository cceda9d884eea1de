//! The models of a run folder.

use super::choice::CheckpointChoice;
use crate::config::{KeepBy, Method};
use crate::discriminator::Discriminator;
use crate::discriminator::file::{fault, read_causal, read_cnn};
use crate::evaluate::ResidualModel;
use crate::generator::file::{self, Checkpoint, ModelInfo};
use crate::generator::{BoxGenerator, SequenceSpace};
use crate::run::RunFolder;
use crate::train::method::{self, AdversarialMethod, RewardTraining};
use crate::{Error, Result};
use std::path::Path;

/// A generator read from a run folder, under the run's constraint.
#[derive(Clone)]
pub struct SavedModel {
    /// Its method, its round, and how good it is.
    pub info: ModelInfo,
    /// The generator.
    pub generator: BoxGenerator,
}

/// Methods whose generators are in the folder. Intermediate models come first, then the methods in the order of the
/// settings.
pub(super) fn methods(folder: &RunFolder) -> Result<Vec<Method>> {
    let config = folder.read_config()?;
    let on_the_way = method::names().into_iter().filter(|method| !config.methods.contains(method));
    let list = on_the_way.chain(config.methods.iter().copied());
    Ok(list.filter(|method| folder.model(method.name()).is_file()).collect())
}

/// What the file of a method's model says. The name of the file is the method's.
pub(super) fn trained(folder: &RunFolder, method: Method) -> Result<ModelInfo> {
    Ok(ModelInfo { method, ..file::read_info(&folder.model(method.name()))? })
}

/// A checkpoint, with what makes it one.
type MeasuredCheckpoint = (ModelInfo, Checkpoint);

/// Checkpoints in the folder, sorted by method, best first.
pub(super) fn checkpoints(folder: &RunFolder) -> Result<Vec<ModelInfo>> {
    let keep_by = folder.read_config()?.checkpoint.keep_by;
    let place = folder.path().join("checkpoints");
    let mut found = Vec::new();
    for entry in std::fs::read_dir(&place).map_err(Error::io("read", &place))? {
        let path = entry.map_err(Error::io("read", &place))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        // A killed run can leave a temporary file.
        if name != "state.safetensors" && name.ends_with(".safetensors") {
            found.push(checkpoint(&path)?);
        }
    }
    // Training compares the likelihoods of a part of the validation sequences, which all of them may order otherwise.
    let value = |(info, checkpoint): &MeasuredCheckpoint| match keep_by {
        KeepBy::NllValidation => info.nll_validation.unwrap_or(checkpoint.value),
        KeepBy::NllOracle | KeepBy::ReverseKl | KeepBy::Reward => checkpoint.value,
    };
    let better = |a: &MeasuredCheckpoint, b: &MeasuredCheckpoint| keep_by.is_better(value(a), value(b));
    let order = method::names();
    let position = |name: Method| order.iter().position(|&other| other == name);
    found.sort_by(|a, b| {
        let by_value = if better(a, b) { std::cmp::Ordering::Less } else { better(b, a).cmp(&false) };
        let by_method = position(a.0.method).cmp(&position(b.0.method));
        by_method.then(by_value).then(a.1.round.cmp(&b.1.round))
    });
    Ok(found.into_iter().map(|(info, _)| info).collect())
}

fn checkpoint(path: &Path) -> Result<MeasuredCheckpoint> {
    let info = file::read_info(path)?;
    let checkpoint = info.checkpoint.ok_or_else(|| Error::Checkpoint {
        path: path.into(),
        message: "is no model of a round".into(),
        hint: Some("the file does not belong here; move it away".into()),
    })?;
    Ok((info, checkpoint))
}

/// Error for a folder without any model.
pub(super) fn none_trained(folder: &RunFolder) -> Error {
    Error::Run {
        path: folder.path().into(),
        message: "holds no trained model yet".into(),
        hint: Some("the run has not ended; go on with it by `resume = true`".into()),
    }
}

/// Finds the method of a name among those whose model is in the folder.
pub(super) fn method_named(folder: &RunFolder, name: &str) -> Result<Method> {
    let known = methods(folder)?;
    let found = known.iter().find(|method| method.name() == name).copied();
    found.ok_or_else(|| match known.is_empty() {
        true => none_trained(folder),
        false => Error::Run {
            path: folder.path().into(),
            message: format!("holds no model `{name}`"),
            hint: Some(format!("it holds {}", Method::list(&known))),
        },
    })
}

/// Error for a checkpoint that is not among those in the folder.
pub(super) fn no_checkpoint(
    folder: &RunFolder,
    checkpoints: &[ModelInfo],
    method: Option<&str>,
    choice: CheckpointChoice,
) -> Error {
    let of_method = |info: &&ModelInfo| method.is_none_or(|name| info.method.name() == name);
    let kept: Vec<&ModelInfo> = checkpoints.iter().filter(of_method).collect();
    // Where all are of one method, it need not be named.
    let one = kept.first().filter(|first| kept.iter().all(|info| info.method == first.method));
    let of = method.or(one.map(|info| info.method.name())).map(|name| format!(" of `{name}`"));
    let of = of.unwrap_or_default();
    let list: Vec<String> = kept
        .iter()
        .map(|info| format!("{} round {}", info.method, info.round().unwrap_or_default()))
        .collect();
    Error::Run {
        path: folder.path().into(),
        message: match choice {
            CheckpointChoice::Round(number) => format!("keeps no model{of} of round {number}"),
            CheckpointChoice::Best if of.is_empty() => "keeps no model of a round".into(),
            CheckpointChoice::Best => format!("keeps no model of a round{of}"),
        },
        hint: Some(match list.is_empty() {
            true => "methods with a reward keep `checkpoint.keep_best` of them; see `seqgan inspect`".into(),
            false => format!("it keeps {}", list.join(", ")),
        }),
    }
}

/// Whether samples of a method's model can be resampled by its discriminator.
pub(super) fn can_resample(folder: &RunFolder, method: Method) -> Result<bool> {
    let path = folder.discriminator(method.name());
    if !path.is_file() {
        return Ok(false);
    }
    Ok(is_on_folds(folder, method)? || read_cnn(&path)?.is_some())
}

/// Whether the method's discriminator was trained on folds.
fn is_on_folds(folder: &RunFolder, name: Method) -> Result<bool> {
    let config = folder.read_config()?;
    let on_folds =
        |method: &dyn AdversarialMethod| method.reward_training(&config) == RewardTraining::OnFolds;
    Ok(method::adversarial(name).is_some_and(on_folds))
}

/// Reads the CNN discriminator that a model was trained against. Returns none if the method has another kind of reward
/// model or none.
pub(super) fn discriminator(folder: &RunFolder, model: &SavedModel) -> Result<Option<Discriminator>> {
    let path = folder.discriminator(model.info.method.name());
    if !path.is_file() {
        return Ok(None);
    }
    let Some(discriminator) = read_cnn(&path)? else { return Ok(None) };
    check_space(&path, &discriminator, model.generator.space())?;
    Ok(Some(discriminator))
}

fn check_space(path: &Path, discriminator: &Discriminator, space: &SequenceSpace) -> Result<()> {
    let shape = discriminator.shape();
    let ours = (shape.vocab_size, shape.max_length, shape.end_token, shape.num_labels);
    let theirs = (space.vocab_size, space.max_length, space.end_token, space.num_labels());
    if ours == theirs {
        return Ok(());
    }
    Err(fault(
        path,
        format!(
            "scores other sequences than the generator makes: vocabulary, length, end and labels are {ours:?}, expected \
             {theirs:?}"
        ),
    ))
}

/// Residual model of the discriminator of `model`'s method and the generator that it was trained against. Returns none
/// if the method has no discriminator of single sequences.
pub(super) fn residual(
    folder: &RunFolder,
    model: &SavedModel,
    read: impl Fn(Method) -> Result<BoxGenerator>,
) -> Result<Option<ResidualModel>> {
    let config = folder.read_config()?;
    if !is_on_folds(folder, model.info.method)? {
        let discriminator = discriminator(folder, model)?;
        return Ok(discriminator.map(|d| ResidualModel::by_discriminator(model.generator.clone(), d)));
    }
    let path = folder.discriminator(model.info.method.name());
    let base = read(method::base(model.info.method, &config))?;
    let ensemble = match config.crossfit.ensemble_features {
        true => Some(read(Method::MLE_ENSEMBLE)?),
        false => None,
    };
    let discriminator = read_causal(&path)?
        .ok_or_else(|| fault(&path, "holds another kind of network than the method trains".into()))?;
    let residual = ResidualModel::crossfit(&config.crossfit, discriminator, base, ensemble);
    residual.map(Some).map_err(|message| fault(&path, message))
}
