//! The training of a cross-fitted judge.

use super::super::judge::Judge;
use super::super::plan::Stage;
use super::super::session::Session;
use super::super::state::State;
use super::super::summary::Measures;
use super::examination::Examination;
use super::folds::evidence;
use super::linear::fit_features;
use crate::Result;
use crate::config::{Config, CrossfitConfig, Method, Schedule};
use crate::data::Batches;
use crate::discriminator::CausalObjective;
use crate::nn::Tensors;
use crate::optim::causal_discriminator_step;
use crate::rng::{Purpose, Streams};

/// Whether the judge is to be trained anew before the next round, because the generator has moved.
pub(in super::super) fn is_refresh_due(config: &Config, state: &State, method: Method) -> bool {
    let (every, round) = (config.crossfit.refresh_every_rounds, state.position.round);
    let begins = method.is_crossfit() && every > 0 && round > 0 && state.position.g_step == 0;
    begins && round.is_multiple_of(every) && state.position.refreshed < round
}

/// Trains a judge anew, against the generator as it is now, from which the rounds then go on.
pub(in super::super) fn refresh_judge(
    session: &mut Session<'_>,
    state: &mut State,
    method: Method,
) -> Result<()> {
    // Else its training has begun before the run was interrupted.
    if !state.position.refreshing {
        let generator = &state.trainee.as_ref().expect("the generator in training").generator;
        let adversary = state.adversary.as_mut().expect("the judge");
        adversary.anchor = Some(generator.clone());
        adversary.judge = Judge::new(method, session.config, session.task)?;
        adversary.optimizer = adversary.judge.optimizer();
        state.position.refreshing = true;
    }
    train_judge(session, state, method)?;
    (state.position.refreshed, state.position.refreshing) = (state.position.round, false);
    Ok(())
}

/// Trains the judge of `method` on all folds. It is kept as it was before or after the pass when it was worth most on
/// validation data; one that is never worth anything is replaced by one that judges all alike. Without `require_validation_gain` it is kept
/// as it was after the last pass.
pub(in super::super) fn train_judge(
    session: &mut Session<'_>,
    state: &mut State,
    method: Method,
) -> Result<()> {
    let CrossfitConfig { d_epochs, d_batch_size, d_learning_rate, require_validation_gain, .. } =
        session.config.crossfit;
    let (evidence, examination) =
        (evidence(session, state, method), Examination::new(session, state, method));
    let shuffles = Streams::new(session.config.seed, Purpose::ShuffleDiscriminator);
    let epoch_batches =
        |epoch| Batches::new(evidence.real.len(), d_batch_size, &shuffles, epoch).drop_incomplete();
    let batches_an_epoch = epoch_batches(0).len();
    let total = (d_epochs * batches_an_epoch) as u64;
    let name = Stage::Judge(method).name(session.config);
    let done = state.position.d_epoch * batches_an_epoch + state.position.d_batch;
    session.observer.phase(&name, done as u64, total);
    let width = evidence.features.len() / evidence.real.len();
    if !state.position.d_fitted {
        // One that judges all alike, so that one that is worth less is not followed.
        let adversary = state.adversary.as_mut().expect("the judge in training");
        if require_validation_gain {
            adversary.best = adversary.judge.parameters().map(Tensors::zeros_like);
            state.position.d_best = Some(0.0);
        }
        fit_features(adversary.judge.crossfit_mut(), &evidence);
        examine(session, state, (method, &examination), &[])?;
        state.position.d_fitted = true;
    }
    while state.position.d_epoch < d_epochs {
        let batches = epoch_batches(state.position.d_epoch as u64);
        for batch in batches.iter().skip(state.position.d_batch) {
            let step = (state.position.d_epoch * batches_an_epoch + state.position.d_batch) as u64;
            let sequences = evidence.sequences.select(batch.iter().copied());
            let chosen = batch.iter().flat_map(|&b| &evidence.features[b * width..(b + 1) * width]);
            let features: Vec<f32> = chosen.copied().collect();
            let real: Vec<bool> = batch.iter().map(|&b| evidence.real[b]).collect();
            let adversary = state.adversary.as_mut().expect("the judge in training");
            let (judge, optimizer) = (adversary.judge.crossfit_mut(), adversary.optimizer.as_mut());
            let optimizer = optimizer.expect("a judge that is trained");
            let rate = d_learning_rate * Schedule::Cosine.factor(step, total);
            let objective = CausalObjective::Sum;
            let learnt =
                causal_discriminator_step(judge, optimizer, (&sequences, &features), &real, objective, rate);
            let result = match learnt {
                Ok(result) => result,
                Err(error) => return Err(session.given_up(state, error)),
            };
            state.position.d_batch += 1;
            let sums = &mut state.position.d_sums;
            *sums = [sums[0] + result.loss, sums[1] + result.accuracy, sums[2] + 1.0];
            let figures = [("d loss", sums[0] / sums[2]), ("d accuracy", sums[1] / sums[2])];
            session.observer.advance(step + 1, &figures);
            session.step_done(state)?;
        }
        state.position.d_batch = 0;
        state.position.d_epoch += 1;
        let [loss, accuracy, count] = std::mem::take(&mut state.position.d_sums);
        let figures = [("d_loss", loss / count), ("d_accuracy", accuracy / count)];
        examine(session, state, (method, &examination), &figures)?;
    }
    (state.position.d_epoch, state.position.d_fitted) = (0, false);
    if state.position.d_best.take() == Some(0.0) {
        let consequence = match state.position.round {
            0 => "there are no rounds, and the base stays as it is".into(),
            round => format!("the rounds end with number {round}"),
        };
        session.observer.note(&format!(
            "the judge of {method} tells real sequences that it has not seen no better from samples than a coin: {consequence}"
        ));
    }
    let adversary = state.adversary.as_mut().expect("the judge in training");
    if let (Some(best), Some(parameters)) = (adversary.best.take(), adversary.judge.parameters_mut()) {
        *parameters = best;
    }
    Ok(())
}

/// Records what the judge is worth, and keeps it if that is more than before.
fn examine(
    session: &mut Session<'_>,
    state: &mut State,
    (method, examination): (Method, &Examination),
    figures: &[(&str, f64)],
) -> Result<()> {
    let adversary = state.adversary.as_mut().expect("the judge in training");
    let worth = examination.worth(adversary.judge.crossfit_mut());
    if state.position.d_best.is_some_and(|best| worth.gain.mean > best) {
        state.position.d_best = Some(worth.gain.mean);
        adversary.best = adversary.judge.parameters().cloned();
    }
    let worth = [
        ("d_gain", worth.gain.mean),
        ("d_gain_stderr", worth.gain.stderr),
        ("d_effective_sample_size", worth.effective),
    ];
    let figures: Vec<_> = figures.iter().copied().chain(worth).collect();
    let phase = ("discriminator", Some(method));
    // Judges that are trained anew go on counting.
    let CrossfitConfig { d_epochs, refresh_every_rounds, .. } = session.config.crossfit;
    let before = state.position.round.checked_div(refresh_every_rounds).unwrap_or(0) * (d_epochs + 1);
    session.record(state, phase, (before + state.position.d_epoch) as u64, &Measures::default(), &figures)
}
