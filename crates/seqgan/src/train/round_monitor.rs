//! Measurement during a method's rounds: records, checkpoints, and the end of the rounds on a diagnostic.

use super::best_checkpoints::{load_best, save_if_best};
use super::context::Context;
use super::method::{AdversarialMethod, RewardTraining};
use super::monitor::{MonitorStatistics, report};
use super::reward_model::references;
use super::state::{AdversarialState, Completed};
use crate::Result;
use crate::config::Action;
use crate::measure::{measure_in_training, validation_nll};

/// Measures the models, saves the generator if it is one of the best, and checks for diagnostics, which can end the
/// rounds.
pub(super) fn measure(
    context: &mut Context<'_>,
    completed: &Completed,
    method: &dyn AdversarialMethod,
    state: &mut AdversarialState,
) -> Result<()> {
    let (config, task) = (context.config, context.task);
    let measures = measure_in_training(config, task, &state.model.generator);
    let references = references(config, &completed.finished, method.base(config));
    // In the rounds, the base computes the features of its own training sequences. During cross-fitting, generators
    // that had not seen the sequences computed them.
    let sees_training_data =
        method.reward_training(config) != RewardTraining::OnFolds || config.crossfit.num_folds == 1;
    let statistics = MonitorStatistics::of(config, task, state, references, &measures, sees_training_data);
    let parts: Vec<(String, f64)> =
        state.cursor.reward_parts.iter().map(|(name, mean)| (format!("reward_{name}"), *mean)).collect();
    let parts = parts.iter().map(|(name, mean)| (name.as_str(), *mean));
    let figures: Vec<_> =
        state.cursor.reward_figure().into_iter().chain(parts).chain(statistics.entries()).collect();
    let round = state.cursor.round;
    context.record(("adversarial", Some(state.method)), round as u64, &measures, &figures)?;
    let stops_early = method.schedule(config).patience > 0;
    let nll = stops_early.then(|| validation_nll(config, task, &state.model.generator).mean);
    save_if_best(context, state, &measures, nll)?;
    if let Some(nll) = nll {
        state.model.keep_if_best(&mut state.cursor.best, nll, round);
    }
    let action = report(context, method, state, &statistics)?;
    act(context, state, action)
}

/// Ends the rounds if a diagnostic requires it.
fn act(context: &Context<'_>, state: &mut AdversarialState, action: Action) -> Result<()> {
    let mut ends_with = state.cursor.best.map_or(state.cursor.round, |best| best.done);
    if action == Action::RollBack
        && let Some((best, generator)) = load_best(context, state)?
    {
        state.model.generator = generator.to_trainable().expect("a checkpoint of a model in training");
        (state.model.best, state.cursor.best) = (None, None);
        ends_with = best;
    }
    if matches!(action, Action::Stop | Action::RollBack) {
        state.cursor.monitor.ended = true;
        context.note(&format!("{} ends here, with its model of round {ends_with}", state.method))?;
    }
    Ok(())
}

/// Reports that the rounds end with an earlier model, which is part of the results: its row is that of the earlier model.
pub(super) fn end_of_rounds(
    context: &Context<'_>,
    method: &dyn AdversarialMethod,
    state: &mut AdversarialState,
) -> Result<()> {
    let (name, round) = (state.method, state.cursor.round);
    let Some(best) = state.cursor.best.filter(|best| best.done < round && !state.cursor.monitor.ended) else {
        return Ok(());
    };
    let last = validation_nll(context.config, context.task, &state.model.generator).mean;
    let which = match best.done {
        0 => format!("its base, {}", method.base(context.config)),
        done => format!("its model of round {done}"),
    };
    let text = format!(
        "{name} is {which}, with nll_validation {:.3}: after round {round} it is {last:.3}",
        best.nll
    );
    context.note(&text)?;
    state.cursor.warnings.push(text);
    Ok(())
}
