//! Best checkpoints of a method's rounds, saved as files next to the last model.

use super::context::Context;
use super::state::{AdversarialState, Checkpoint};
use crate::config::KeepBy;
use crate::generator::BoxGenerator;
use crate::generator::file::{self, ModelInfo};
use crate::measure::{Measures, validation_nll};
use crate::{Error, Result};

/// Saves the model of this round if it is one of the best so far. Deletes the worst one beyond the configured number.
/// `nll_validation` is the figure of all validation sequences, if it is known; `measures` have that of a part of them.
pub(super) fn save_if_best(
    context: &Context<'_>,
    state: &mut AdversarialState,
    measures: &Measures,
    nll_validation: Option<f64>,
) -> Result<()> {
    let (method, round, settings) = (state.method, state.cursor.round, &context.config.checkpoint);
    let by = settings.keep_by;
    let value = match by {
        KeepBy::NllValidation => measures.nll_validation.map(|estimate| estimate.mean),
        KeepBy::NllOracle => measures.nll_oracle.map(|estimate| estimate.mean),
        KeepBy::ReverseKl => measures.reverse_kl.map(|estimate| estimate.mean),
        KeepBy::Reward => state.cursor.reward,
    };
    let Some(value) = value.filter(|value| value.is_finite()) else { return Ok(()) };
    let saved = &mut state.cursor.checkpoints;
    let place = saved.iter().position(|other| by.is_better(value, other.value)).unwrap_or(saved.len());
    if place >= settings.keep_best {
        return Ok(());
    }
    let checkpoint = Checkpoint { round, value };
    let path = context.folder.model_of_round(method.name(), round);
    let generator = state.model.generator.clone().into_generator();
    let nll = nll_validation.unwrap_or_else(|| validation_nll(context.config, context.task, &generator).mean);
    let info = ModelInfo { checkpoint: Some(checkpoint), ..ModelInfo::trained(method) };
    file::write(&path, info.with_nll_validation(nll), &generator)?;
    saved.insert(place, checkpoint);
    for gone in saved.split_off(saved.len().min(settings.keep_best)) {
        // The file may already be deleted: a run that was killed here resumes from an earlier state.
        let _ = std::fs::remove_file(context.folder.model_of_round(method.name(), gone.round));
    }
    Ok(())
}

/// Loads the best checkpoint of the method so far, with the task's constraint, and returns it with its round.
pub(super) fn load_best(
    context: &Context<'_>,
    state: &AdversarialState,
) -> Result<Option<(usize, BoxGenerator)>> {
    let Some(best) = state.cursor.checkpoints.first() else { return Ok(None) };
    let path = context.folder.model_of_round(state.method.name(), best.round);
    let saved = file::read(&path)?.generator;
    if saved.space() != state.model.generator.space() {
        return Err(Error::Checkpoint {
            path,
            message: "makes other sequences than the generator in training".into(),
            hint: Some("the file belongs to another run; resume with the folder as it was".into()),
        });
    }
    Ok(Some((best.round, context.task.with_constraint(saved))))
}
