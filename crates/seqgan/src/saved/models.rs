//! The models of a run folder.

use crate::config::Method;
use crate::discriminator::Discriminator;
use crate::discriminator::file::{fault, read_causal, read_cnn};
use crate::evaluate::ResidualModel;
use crate::generator::file::{self, Checkpoint};
use crate::generator::{BoxGenerator, SequenceSpace};
use crate::run::RunFolder;
use crate::train::method::{self, RewardTraining};
use crate::{Error, Result};
use std::path::Path;

/// A generator read from a run folder, under the run's constraint.
#[derive(Clone)]
pub struct SavedModel {
    /// The method that trained it.
    pub method: Method,
    /// Round and `checkpoint.keep_by` value of a checkpoint; none for the model at the end of training.
    pub checkpoint: Option<Checkpoint>,
    /// The generator.
    pub generator: BoxGenerator,
}

/// Selects one of the checkpoints that a method saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckpointChoice {
    /// The best by `checkpoint.keep_by`.
    Best,
    /// The checkpoint of this round.
    Round(usize),
}

/// Methods whose generators are in the folder. Intermediate models come first, then the methods in the order of the
/// settings.
pub(super) fn methods(folder: &RunFolder) -> Result<Vec<Method>> {
    let config = folder.read_config()?;
    let on_the_way = method::names().into_iter().filter(|method| !config.methods.contains(method));
    let list = on_the_way.chain(config.methods.iter().copied());
    Ok(list.filter(|method| folder.model(method.name()).is_file()).collect())
}

/// Checkpoints in the folder, sorted by method, best first.
pub(super) fn checkpoints(folder: &RunFolder) -> Result<Vec<(Method, Checkpoint)>> {
    let config = folder.read_config()?;
    let place = folder.path().join("checkpoints");
    let mut found = Vec::new();
    for entry in std::fs::read_dir(&place).map_err(Error::io("read", &place))? {
        let path = entry.map_err(Error::io("read", &place))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        // A killed run can leave a temporary file.
        if name != "state.safetensors" && name.ends_with(".safetensors") {
            found.push(file::read_checkpoint(&path)?);
        }
    }
    let better = |a: &Checkpoint, b: &Checkpoint| config.checkpoint.keep_by.is_better(a.value, b.value);
    let order = method::names();
    let position = |name: &Method| order.iter().position(|other| other == name);
    found.sort_by(|(a_method, a), (b_method, b)| {
        let by_value = if better(a, b) { std::cmp::Ordering::Less } else { better(b, a).cmp(&false) };
        position(a_method).cmp(&position(b_method)).then(by_value).then(a.round.cmp(&b.round))
    });
    Ok(found)
}

/// Checks that the folder has a model of `method`. The default is the last method trained.
pub(super) fn model_file(folder: &RunFolder, method: Option<&str>) -> Result<Method> {
    let known = methods(folder)?;
    let fault =
        |message: String, hint: String| Error::Run { path: folder.path().into(), message, hint: Some(hint) };
    let Some(name) = method.or(known.last().map(|m| m.name())) else {
        return Err(fault(
            "holds no trained model yet".into(),
            "the run has not ended; go on with it by `resume = true`".into(),
        ));
    };
    let found = known.iter().find(|m| m.name() == name).copied();
    found.ok_or_else(|| {
        fault(format!("holds no model `{name}`"), format!("it holds {}", Method::list(&known)))
    })
}

/// Finds a checkpoint of `method`. The default is the last method trained that has checkpoints.
pub(super) fn checkpoint_file(
    folder: &RunFolder,
    method: Option<&str>,
    choice: CheckpointChoice,
) -> Result<(Method, Checkpoint)> {
    let kept = checkpoints(folder)?;
    let last = || {
        let methods = methods(folder).ok()?;
        methods.into_iter().rev().find(|method| kept.iter().any(|(kept, _)| kept == method))
    };
    let name = method.map(str::to_string).or_else(|| last().map(|method| method.to_string()));
    let name = name.or_else(|| kept.last().map(|(method, _)| method.to_string()));
    let of_method: Vec<&(Method, Checkpoint)> =
        kept.iter().filter(|(method, _)| Some(method.name()) == name.as_deref()).collect();
    let found = match choice {
        CheckpointChoice::Best => of_method.first(),
        CheckpointChoice::Round(number) => of_method.iter().find(|(_, kept)| kept.round == number),
    };
    if let Some(found) = found {
        return Ok(**found);
    }
    let list: Vec<String> =
        of_method.iter().map(|(method, kept)| format!("{method} round {}", kept.round)).collect();
    Err(Error::Run {
        path: folder.path().into(),
        message: match (choice, &name) {
            (CheckpointChoice::Round(number), Some(name)) => {
                format!("keeps no model of `{name}` of round {number}")
            }
            (_, Some(name)) => format!("keeps no model of a round of `{name}`"),
            (_, None) => "keeps no model of a round".into(),
        },
        hint: Some(match list.is_empty() {
            true => "methods with a reward keep `checkpoint.keep_best` of them; see `seqgan inspect`".into(),
            false => format!("it keeps {}", list.join(", ")),
        }),
    })
}

/// Reads the CNN discriminator that a model was trained against. Returns none if the method has another kind of reward
/// model or none.
pub(super) fn discriminator(folder: &RunFolder, model: &SavedModel) -> Result<Option<Discriminator>> {
    let path = folder.discriminator(model.method.name());
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
    let on_folds = method::adversarial(model.method)
        .is_some_and(|method| method.reward_training(&config) == RewardTraining::OnFolds);
    if !on_folds {
        let discriminator = discriminator(folder, model)?;
        return Ok(discriminator.map(|d| ResidualModel::by_discriminator(model.generator.clone(), d)));
    }
    let path = folder.discriminator(model.method.name());
    let base = read(method::base(model.method, &config))?;
    let ensemble = match config.crossfit.ensemble_features {
        true => Some(read(Method::MLE_ENSEMBLE)?),
        false => None,
    };
    let discriminator = read_causal(&path)?
        .ok_or_else(|| fault(&path, "holds another kind of network than the method trains".into()))?;
    let residual = ResidualModel::crossfit(&config.crossfit, discriminator, base, ensemble);
    residual.map(Some).map_err(|message| fault(&path, message))
}
