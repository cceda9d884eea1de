//! Training of a cross-fitted discriminator.

use super::super::super::context::Context;
use super::super::super::discriminator_training::phase_name;
use super::super::super::epochs::{self, EpochCursor, EpochTraining};
use super::super::super::reward_model::references;
use super::super::super::state::{AdversarialState, Completed, RewardModelInTraining, StageRef};
use super::feature_weights::fit_feature_weights;
use super::folds::{TrainingSet, training_set};
use super::validation::ValidationSet;
use crate::config::{CrossfitConfig, Method, Schedule};
use crate::data::Batches;
use crate::discriminator::{CausalDiscriminator, CausalObjective};
use crate::measure::Measures;
use crate::nn::Tensors;
use crate::optim::causal_discriminator_step;
use crate::rng::{Purpose, Streams};
use crate::{Error, Result};

/// Trains the discriminator of a method with this base on all folds. The result is the discriminator with the best
/// validation gain, from before training or after an epoch. If the gain is never positive, a constant discriminator
/// replaces it. Without `require_validation_gain`, the result is the discriminator after the last epoch.
pub(super) fn train(
    context: &mut Context<'_>,
    completed: &Completed,
    state: &mut AdversarialState,
    base: Method,
) -> Result<()> {
    let (config, task) = (context.config, context.task);
    let set = training_set((config, &task.train), completed, state, base);
    let references = references(config, &completed.finished, base);
    let validation = ValidationSet::new(config, task, references, &state.model.generator);
    let batches = batches(config, &set, 0).len();
    let cursor = state.cursor.reward_model();
    let (done, total) = (cursor.epochs.updates(batches), config.crossfit.d_epochs * batches);
    context.phase(&phase_name(state.method), done as u64, total as u64)?;
    let mut training = Training { context, completed, state, set, validation, batches };
    training.begin()?;
    epochs::run(&mut training)?;
    training.end()
}

fn batches(config: &crate::config::Config, set: &TrainingSet, epoch: usize) -> Batches {
    let shuffles = Streams::new(config.seed, Purpose::ShuffleDiscriminator);
    Batches::new(set.real.len(), config.crossfit.d_batch_size, &shuffles, epoch as u64).drop_incomplete()
}

struct Training<'t, 'c> {
    context: &'t mut Context<'c>,
    completed: &'t Completed,
    state: &'t mut AdversarialState,
    set: TrainingSet,
    validation: ValidationSet,
    /// Batches per epoch.
    batches: usize,
}

/// Returns the network of a cross-fitted reward model.
fn discriminator(reward: &mut RewardModelInTraining) -> &mut CausalDiscriminator {
    let network = reward.model.network_mut().expect("a cross-fitted reward model has a network");
    network.as_any_mut().downcast_mut().expect("a causal discriminator")
}

impl Training<'_, '_> {
    fn config(&self) -> &CrossfitConfig {
        &self.context.config.crossfit
    }

    /// Fits the weights of the features and records their validation gain. A constant discriminator, with gain 0, is
    /// the first candidate, so a discriminator with a lower gain is rejected.
    fn begin(&mut self) -> Result<()> {
        if self.state.cursor.reward_model().fitted {
            return Ok(());
        }
        if self.config().require_validation_gain {
            let reward = &mut self.state.reward;
            reward.best = reward.model.network().map(|network| Tensors::zeros_like(network.parameters()));
            self.state.cursor.reward_model().best_gain = Some(0.0);
        }
        fit_feature_weights(discriminator(&mut self.state.reward), &self.set);
        self.validate(&[])?;
        self.state.cursor.reward_model().fitted = true;
        Ok(())
    }

    /// Records the validation gain, and keeps the discriminator if its gain is the best so far.
    fn validate(&mut self, figures: &[(&str, f64)]) -> Result<()> {
        let found = self.validation.gain(discriminator(&mut self.state.reward));
        let cursor = self.state.cursor.reward_model();
        let epoch = cursor.epochs.epoch;
        if cursor.best_gain.is_some_and(|best| found.gain.mean > best) {
            cursor.best_gain = Some(found.gain.mean);
            let network = self.state.reward.model.network();
            self.state.reward.best = network.map(|network| network.parameters().clone());
        }
        let gain = [
            ("d_gain", found.gain.mean),
            ("d_gain_stderr", found.gain.stderr),
            ("d_effective_sample_size", found.effective),
        ];
        let figures: Vec<_> = figures.iter().copied().chain(gain).collect();
        // The epochs of retrained discriminators continue the count of earlier trainings.
        let CrossfitConfig { d_epochs, refresh_every_rounds, .. } = *self.config();
        let trainings = self.state.cursor.round.checked_div(refresh_every_rounds).unwrap_or(0);
        let step = trainings * (d_epochs + 1) + epoch;
        let phase = ("discriminator", Some(self.state.method));
        self.context.record(phase, step as u64, &Measures::default(), &figures)
    }

    /// Restores the best discriminator, and reports if it was rejected.
    fn end(self) -> Result<()> {
        let method = self.state.method;
        let cursor = self.state.cursor.reward_model();
        if cursor.best_gain.take() == Some(0.0) {
            let consequence = match self.state.cursor.round {
                0 => "there are no rounds, and the base stays as it is".into(),
                round => format!("the rounds end with number {round}"),
            };
            self.context.note(&format!(
                "the discriminator of {method} tells real sequences that it has not seen no better from samples than a \
                 coin: {consequence}"
            ))?;
        }
        let reward = &mut self.state.reward;
        if let (Some(best), Some(network)) = (reward.best.take(), reward.model.network_mut()) {
            *network.parameters_mut() = best;
        }
        Ok(())
    }
}

impl EpochTraining for Training<'_, '_> {
    fn cursor(&mut self) -> &mut EpochCursor {
        &mut self.state.cursor.reward_model().epochs
    }

    fn goes_on(&mut self) -> bool {
        self.state.cursor.reward_model().epochs.epoch < self.config().d_epochs
    }

    fn batches(&self, epoch: usize) -> Batches {
        batches(self.context.config, &self.set, epoch)
    }

    fn step(&mut self, rows: &[usize]) -> Result<()> {
        let CrossfitConfig { d_epochs, d_learning_rate, .. } = *self.config();
        let step = self.state.cursor.reward_model().epochs.updates(self.batches) as u64;
        let width = self.set.features.len() / self.set.real.len();
        let sequences = self.set.sequences.select(rows.iter().copied());
        let features = rows.iter().flat_map(|&b| &self.set.features[b * width..(b + 1) * width]);
        let features: Vec<f32> = features.copied().collect();
        let real: Vec<bool> = rows.iter().map(|&b| self.set.real[b]).collect();
        let rate = d_learning_rate * Schedule::Cosine.factor(step, (d_epochs * self.batches) as u64);
        let mut optimizer = self.state.reward.optimizer.take().expect("a reward model with a network");
        let result = causal_discriminator_step(
            discriminator(&mut self.state.reward),
            &mut optimizer,
            (&sequences, &features),
            &real,
            CausalObjective::Sum,
            rate,
        );
        self.state.reward.optimizer = Some(optimizer);
        let result = result?;
        let sums = &mut self.state.cursor.reward_model().sums;
        *sums = [sums[0] + result.loss, sums[1] + result.accuracy, sums[2] + 1.0];
        Ok(())
    }

    fn end_of_step(&mut self) -> Result<()> {
        let cursor = self.state.cursor.reward_model();
        let (sums, done) = (cursor.sums, cursor.epochs.updates(self.batches));
        let figures = [("d loss", sums[0] / sums[2]), ("d accuracy", sums[1] / sums[2])];
        self.context.progress(done as u64, &figures)?;
        self.context.end_of_step(self.completed, StageRef::Adversarial(self.state))
    }

    fn end_of_epoch(&mut self) -> Result<()> {
        let [loss, accuracy, count] = std::mem::take(&mut self.state.cursor.reward_model().sums);
        self.validate(&[("d_loss", loss / count), ("d_accuracy", accuracy / count)])
    }

    fn failed(&mut self, error: Error) -> Error {
        self.context.save_and_fail(self.completed, StageRef::Adversarial(self.state), error)
    }
}
