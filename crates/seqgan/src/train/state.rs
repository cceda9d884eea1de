//! State of a run, sufficient to resume it: the completed part, and the state of the stage in progress.

use super::epochs::EpochCursor;
use super::monitor::MonitorState;
use super::reward_model::RewardModel;
use crate::config::Method;
pub use crate::generator::file::Checkpoint;
use crate::generator::{BoxGenerator, BoxTrainable, Generator};
use crate::measure::Outcome;
use crate::nn::Tensors;
use crate::optim::Optimizer;
use crate::rollout::DelayedPolicy;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Completed part of a run.
#[derive(Debug, Clone, Default)]
pub struct Completed {
    /// Number of completed stages of the plan.
    pub stages: usize,
    /// Trained generators, by method.
    pub finished: BTreeMap<Method, BoxGenerator>,
    /// Generators that later stages use: members of an ensemble that is not built yet, or the generators of folds.
    pub parts: Vec<Part>,
    /// Results so far.
    pub outcome: Outcome,
}

/// A generator that a later stage uses: a member of an ensemble, or the generator of a fold.
#[derive(Debug, Clone)]
pub struct Part {
    /// Method that trained the generator.
    pub method: Method,
    /// The generator.
    pub generator: BoxGenerator,
}

/// State of the stage in progress.
#[derive(Debug, Default)]
pub enum StageState {
    /// The stage has not begun, or has no state.
    #[default]
    Fresh,
    /// A likelihood model in training.
    Likelihood(Box<LikelihoodState>),
    /// A generator and its reward model in training.
    Adversarial(Box<AdversarialState>),
}

/// Borrowed [`StageState`].
#[derive(Debug, Clone, Copy)]
pub enum StageRef<'a> {
    /// The stage has not begun, or has no state.
    Fresh,
    /// A likelihood model in training.
    Likelihood(&'a LikelihoodState),
    /// A generator and its reward model in training.
    Adversarial(&'a AdversarialState),
}

impl StageState {
    /// Borrows the state of the stage.
    pub fn as_ref(&self) -> StageRef<'_> {
        match self {
            Self::Fresh => StageRef::Fresh,
            Self::Likelihood(state) => StageRef::Likelihood(state),
            Self::Adversarial(state) => StageRef::Adversarial(state),
        }
    }
}

/// A generator in training, with its optimizer.
#[derive(Debug, Clone)]
pub struct GeneratorInTraining {
    /// The model.
    pub generator: BoxTrainable,
    /// Its optimizer.
    pub optimizer: Optimizer,
    /// Exponential moving average of the model's parameters over the updates, if it is the result.
    pub average: Option<BoxTrainable>,
    /// Model with the best validation likelihood so far, if the best one is kept.
    pub best: Option<BoxTrainable>,
}

impl GeneratorInTraining {
    /// Creates the state before the first update, with a new optimizer.
    pub fn new(generator: BoxTrainable) -> Self {
        let optimizer = Optimizer::new(generator.parameters(), generator.gradients());
        Self { generator, optimizer, average: None, best: None }
    }

    /// Moves the average towards the parameters after update number `update`, counted from 0. The average of the first
    /// updates has a smaller decay, (1 + `update`) / (10 + `update`), so that it soon forgets the initial parameters. With
    /// a decay of 0 there is no average.
    pub fn update_average(&mut self, decay: f64, update: usize) {
        if decay > 0.0 {
            let decay = decay.min((1.0 + update as f64) / (10.0 + update as f64));
            let average = self.average.get_or_insert_with(|| self.generator.clone());
            average.parameters_mut().blend(self.generator.parameters(), decay);
        }
    }

    /// The model as it would be the result now: the average, or the last parameters without one.
    pub fn current(&self) -> &BoxTrainable {
        self.average.as_ref().unwrap_or(&self.generator)
    }

    /// Returns to the best model, if one is kept.
    pub fn return_to_best(&mut self) {
        if let Some(best) = &self.best {
            self.generator = best.clone();
            self.average = self.average.as_ref().map(|_| best.clone());
        }
    }

    /// Returns the result of training: the best model, or the last one if no best model was kept.
    pub fn into_best(self) -> BoxGenerator {
        self.best.or(self.average).unwrap_or(self.generator).into_generator()
    }
}

/// Best validation likelihood so far, and when it was reached.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct BestValidation {
    /// Negative log-likelihood of the validation sequences, in nats per token.
    pub nll: f64,
    /// Number of epochs or rounds done at that time.
    pub done: usize,
}

/// Position in the training of a likelihood model.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct LikelihoodCursor {
    /// Epochs and batches done.
    pub epochs: EpochCursor,
    /// The best epoch so far.
    pub best: Option<BestValidation>,
    /// Number of times that the learning rate was lowered.
    pub plateaus: usize,
}

/// A likelihood model in training.
#[derive(Debug, Clone)]
pub struct LikelihoodState {
    /// Position in the training.
    pub cursor: LikelihoodCursor,
    /// The model.
    pub model: GeneratorInTraining,
}

/// Position in the training of a reward model.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RewardModelCursor {
    /// Number of d-steps done; each draws new negatives.
    pub draw: usize,
    /// Epochs and batches done on the current training set.
    pub epochs: EpochCursor,
    /// Sum of losses, sum of accuracies and number of batches since the last report.
    pub sums: [f64; 3],
    /// Whether the feature weights of a cross-fitted discriminator are fitted and recorded.
    pub fitted: bool,
    /// Best log-likelihood-ratio gain of a cross-fitted discriminator on validation data, in nats per sequence.
    pub best_gain: Option<f64>,
}

/// Phase of a round: which model is in training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// The reward model before the generator's updates: pre-training before the first round, or retraining.
    Pretraining(RewardModelCursor),
    /// The generator, after this number of g-steps in the round.
    Generator(usize),
    /// The reward model after the generator's updates of the round.
    RewardModel(RewardModelCursor),
}

/// Position in the rounds of an adversarial method.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AdversarialCursor {
    /// Rounds done.
    pub round: usize,
    /// Phase of the current round.
    pub phase: Phase,
    /// Number of rounds done when the reward model was last retrained.
    pub retrained: usize,
    /// Best round so far, if the best model is kept.
    pub best: Option<BestValidation>,
    /// Counters of the random streams.
    pub counters: RngCounters,
    /// Mean reward of the last generator update.
    pub reward: Option<f64>,
    /// Name and mean reward of each part in the last generator update, if the reward has parts.
    pub reward_parts: Vec<(String, f64)>,
    /// State of the monitor.
    pub monitor: MonitorState,
    /// Saved checkpoints of the rounds, best first.
    pub checkpoints: Vec<Checkpoint>,
    /// Warnings of the monitor. They are part of the results.
    pub warnings: Vec<String>,
}

/// Counters of the random streams. They start at 0 for each method, so a method's result does not depend on the methods
/// trained before it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RngCounters {
    /// Number of sequences sampled for policy gradient updates.
    pub policy: u64,
    /// Number of completions (rollouts).
    pub rollouts: u64,
    /// Number of negatives drawn.
    pub negatives: u64,
    /// Number of rows that the reward model was trained on; it selects the dropout masks.
    pub discriminator_rows: u64,
    /// Number of epochs that the reward model was trained for; it selects the order of batches.
    pub discriminator_epochs: u64,
}

/// A reward model in training.
#[derive(Debug)]
pub struct RewardModelInTraining {
    /// The reward model.
    pub model: Box<dyn RewardModel>,
    /// Optimizer of the network; none if the reward model has no network.
    pub optimizer: Option<Optimizer>,
    /// Parameters of the network at the best validation gain, if the gain is measured.
    pub best: Option<Tensors<f32>>,
}

impl RewardModelInTraining {
    /// Creates the state before the first update, with a new optimizer.
    pub fn new(model: Box<dyn RewardModel>) -> Self {
        let optimizer = model.network().map(|n| Optimizer::new(n.parameters(), n.gradients()));
        Self { model, optimizer, best: None }
    }
}

/// A generator and its reward model in training.
#[derive(Debug)]
pub struct AdversarialState {
    /// The method.
    pub method: Method,
    /// Position in the training.
    pub cursor: AdversarialCursor,
    /// The generator.
    pub model: GeneratorInTraining,
    /// The reward model.
    pub reward: RewardModelInTraining,
    /// Reference policy of the KL penalty: the generator that the reward model was last retrained against. None before
    /// the first retraining; the reference policy is then the base.
    pub reference: Option<BoxGenerator>,
    /// The rollout policy.
    pub rollout: DelayedPolicy,
}

impl AdversarialState {
    /// Reference policy of the KL penalty, if it is not the base.
    pub fn reference_policy(&self) -> Option<&dyn Generator> {
        self.reference.as_deref()
    }
}

/// Largest count allowed in a saved state. No run reaches it, and adding one cannot overflow.
const MAX_COUNT: u64 = 1 << 40;

fn check_counts(counts: &[u64]) -> Result<(), String> {
    match counts.iter().find(|&&count| count > MAX_COUNT) {
        Some(count) => Err(format!("a position of {count}, expected {MAX_COUNT} at most")),
        None => Ok(()),
    }
}

fn check_best(best: Option<BestValidation>, done: usize) -> Result<(), String> {
    match best {
        Some(best) if best.done > done => {
            Err(format!("the best model is that after {} epochs or rounds, but {done} are done", best.done))
        }
        _ => Ok(()),
    }
}

impl BestValidation {
    /// Number of epochs or rounds since the best one, when `done` are done; 0 if there is no best one.
    pub fn since(best: Option<Self>, done: usize) -> usize {
        best.map_or(0, |best| done.saturating_sub(best.done))
    }
}

impl GeneratorInTraining {
    /// Keeps a copy of the model if its validation likelihood is the best so far. `nll` is in nats per token.
    pub fn keep_if_best(&mut self, best: &mut Option<BestValidation>, nll: f64, done: usize) {
        if best.is_none_or(|best| nll < best.nll) {
            *best = Some(BestValidation { nll, done });
            self.best = Some(self.current().clone());
        }
    }
}

impl EpochCursor {
    fn counts(self) -> [u64; 2] {
        [self.epoch as u64, self.batch as u64]
    }
}

impl LikelihoodCursor {
    /// Checks that the cursor is a possible position of training; the error gives the reason. Without this check, a
    /// position beyond the end or an overflow would cause a panic long after the file was read.
    pub fn check(&self) -> Result<(), String> {
        check_counts(&self.epochs.counts())?;
        check_counts(&[self.plateaus as u64])?;
        check_best(self.best, self.epochs.epoch)
    }
}

impl AdversarialCursor {
    /// Position before the first g-step of the first round.
    pub fn new() -> Self {
        Self {
            round: 0,
            phase: Phase::Generator(0),
            retrained: 0,
            best: None,
            counters: RngCounters::default(),
            reward: None,
            reward_parts: Vec::new(),
            monitor: MonitorState::default(),
            checkpoints: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// Checks that the cursor is a possible position of training; the error gives the reason.
    pub fn check(&self) -> Result<(), String> {
        let RngCounters { policy, rollouts, negatives, discriminator_rows, discriminator_epochs } =
            self.counters;
        check_counts(&[policy, rollouts, negatives, discriminator_rows, discriminator_epochs])?;
        check_counts(&[self.round as u64, self.retrained as u64])?;
        match &self.phase {
            Phase::Generator(steps) => check_counts(&[*steps as u64])?,
            Phase::Pretraining(cursor) | Phase::RewardModel(cursor) => {
                check_counts(&cursor.epochs.counts())?;
                check_counts(&[cursor.draw as u64])?;
            }
        }
        check_best(self.best, self.round)
    }

    /// Cursor of the reward model's training.
    pub fn reward_model(&mut self) -> &mut RewardModelCursor {
        match &mut self.phase {
            Phase::Pretraining(cursor) | Phase::RewardModel(cursor) => cursor,
            Phase::Generator(_) => unreachable!("asked for while the reward model is trained"),
        }
    }

    /// Name and value of the last mean reward, for reports.
    pub fn reward_figure(&self) -> Option<(&'static str, f64)> {
        self.reward.map(|reward| ("reward", reward))
    }
}

impl Default for AdversarialCursor {
    fn default() -> Self {
        Self::new()
    }
}
