//! The best models of a method's rounds, kept as files beside the last one.

use super::models::{self, SavedModel};
use super::session::Session;
use super::state::State;
use super::summary::Measures;
use crate::config::{KeepBy, Method};
use crate::generator::BoxTrainable;
use crate::run::RunFolder;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};

/// A model that is kept.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// Rounds done.
    pub round: usize,
    /// What it was measured to be, by `checkpoint.keep_by`.
    pub value: f64,
}

/// Which of the kept models is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Round {
    /// The best.
    Best,
    /// That of a round.
    Number(usize),
}

/// Keeps the model of this round if it is one of the best so far, and lets the worst go that is one too many.
pub(super) fn keep(
    session: &Session<'_>,
    state: &mut State,
    method: Method,
    measures: &Measures,
) -> Result<()> {
    let (round, reward) = (state.position.round, state.position.reward);
    let by = session.config.checkpoint.keep_by;
    let value = match by {
        KeepBy::NllValidation => measures.nll_validation.map(|estimate| estimate.mean),
        KeepBy::NllOracle => measures.nll_oracle.map(|estimate| estimate.mean),
        KeepBy::ReverseKl => measures.reverse_kl.map(|estimate| estimate.mean),
        KeepBy::Reward => reward,
    };
    let Some(value) = value.filter(|value| value.is_finite()) else { return Ok(()) };
    let kept = &mut state.position.kept;
    let place = kept.iter().position(|other| by.is_better(value, other.value)).unwrap_or(kept.len());
    if place >= session.config.checkpoint.keep_best {
        return Ok(());
    }
    let generator = &state.trainee.as_ref().expect("the generator in training").generator;
    let path = session.folder.model_of_round(method.name(), round);
    models::write_kept(&path, method, generator, Kept { round, value })?;
    kept.insert(place, Kept { round, value });
    for gone in kept.split_off(kept.len().min(session.config.checkpoint.keep_best)) {
        // It may be gone already: a run that was killed here goes on from before.
        let _ = std::fs::remove_file(session.folder.model_of_round(method.name(), gone.round));
    }
    Ok(())
}

/// The best model of the method so far, and its round.
pub(super) fn best(
    session: &Session<'_>,
    state: &State,
    method: Method,
) -> Result<Option<(usize, BoxTrainable)>> {
    let Some(kept) = state.position.kept.first() else { return Ok(None) };
    let (_, saved) = models::read_generator(&session.folder.model_of_round(method.name(), kept.round))?;
    let generator = &state.trainee.as_ref().expect("the generator in training").generator;
    let saved = saved.to_trainable().expect("a generator in training");
    let same_rules = generator.with_parameters(saved.parameters().clone());
    same_rules.map(|generator| Some((kept.round, generator))).map_err(|message| Error::Checkpoint {
        path: session.folder.model_of_round(method.name(), kept.round),
        message,
        hint: Some("the file belongs to another run; resume with the folder as it was".into()),
    })
}

/// The models of rounds that a run folder holds: method and what is known of each, best first.
pub fn kept_models(folder: &RunFolder) -> Result<Vec<(Method, Kept)>> {
    let config = folder.read_config()?;
    let place = folder.path().join("checkpoints");
    let mut found = Vec::new();
    for entry in std::fs::read_dir(&place).map_err(Error::io("read", &place))? {
        let path = entry.map_err(Error::io("read", &place))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        // A temporary file is one that a killed run was writing.
        if name != "state.safetensors" && name.ends_with(".safetensors") {
            found.push(models::read_kept(&path)?);
        }
    }
    let better = |a: &Kept, b: &Kept| config.checkpoint.keep_by.is_better(a.value, b.value);
    found.sort_by(|(a_method, a), (b_method, b)| {
        let by_value = if better(a, b) { std::cmp::Ordering::Less } else { better(b, a).cmp(&false) };
        a_method.cmp(b_method).then(by_value).then(a.round.cmp(&b.round))
    });
    Ok(found)
}

/// Reads the model of a round that was kept of `method`, or of the last method trained, under the run's constraint.
pub(super) fn load_kept(folder: &RunFolder, method: Option<&str>, round: Round) -> Result<SavedModel> {
    let kept = kept_models(folder)?;
    let last = || {
        let methods = models::methods(folder).ok()?;
        methods.into_iter().rev().find(|method| kept.iter().any(|(kept, _)| kept == method))
    };
    let name = method.map(str::to_string).or_else(|| last().map(|method| method.to_string()));
    let name = name.or_else(|| kept.last().map(|(method, _)| method.to_string()));
    let of_method: Vec<&(Method, Kept)> =
        kept.iter().filter(|(method, _)| Some(method.name()) == name.as_deref()).collect();
    let found = match round {
        Round::Best => of_method.first(),
        Round::Number(number) => of_method.iter().find(|(_, kept)| kept.round == number),
    };
    let Some((method, kept)) = found else {
        let list: Vec<String> =
            of_method.iter().map(|(method, kept)| format!("{method} round {}", kept.round)).collect();
        return Err(Error::Run {
            path: folder.path().into(),
            message: match (round, &name) {
                (Round::Number(number), Some(name)) => {
                    format!("keeps no model of `{name}` of round {number}")
                }
                (_, Some(name)) => format!("keeps no model of a round of `{name}`"),
                (_, None) => "keeps no model of a round".into(),
            },
            hint: Some(match list.is_empty() {
                true => {
                    "methods with a reward keep `checkpoint.keep_best` of them; see `seqgan inspect`".into()
                }
                false => format!("it keeps {}", list.join(", ")),
            }),
        });
    };
    models::read_constrained(folder, &folder.model_of_round(method.name(), kept.round))
}
