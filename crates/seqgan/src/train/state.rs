//! Everything that a run needs to go on where it was: what is completed, and the state of the stage in progress.

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

/// What a run has completed.
#[derive(Debug, Clone, Default)]
pub struct Completed {
    /// Stages of the plan that are completed.
    pub stages: usize,
    /// Trained generators, by method.
    pub finished: BTreeMap<Method, BoxGenerator>,
    /// Generators that others are made from: members of an ensemble that is not built yet, or the generators of folds.
    pub parts: Vec<Part>,
    /// Results so far.
    pub outcome: Outcome,
}

/// A generator that others are made from.
#[derive(Debug, Clone)]
pub struct Part {
    /// How it is trained.
    pub method: Method,
    /// The generator.
    pub generator: BoxGenerator,
}

/// The stage in progress.
#[derive(Debug, Default)]
pub enum StageState {
    /// Not begun, or without a state of its own.
    #[default]
    Fresh,
    /// A likelihood model in training.
    Likelihood(Box<LikelihoodState>),
    /// A generator and its reward model in training.
    Adversarial(Box<AdversarialState>),
}

/// The same, borrowed by whoever trains.
#[derive(Debug, Clone, Copy)]
pub enum StageRef<'a> {
    /// Not begun, or without a state of its own.
    Fresh,
    /// A likelihood model in training.
    Likelihood(&'a LikelihoodState),
    /// A generator and its reward model in training.
    Adversarial(&'a AdversarialState),
}

impl StageState {
    /// The stage, borrowed.
    pub fn as_ref(&self) -> StageRef<'_> {
        match self {
            Self::Fresh => StageRef::Fresh,
            Self::Likelihood(state) => StageRef::Likelihood(state),
            Self::Adversarial(state) => StageRef::Adversarial(state),
        }
    }
}

/// A generator in training, and its optimizer.
#[derive(Debug, Clone)]
pub struct GeneratorInTraining {
    /// The model.
    pub generator: BoxTrainable,
    /// Its optimizer.
    pub optimizer: Optimizer,
    /// The model with the best validation likelihood so far, where one is kept.
    pub best: Option<BoxTrainable>,
}

impl GeneratorInTraining {
    /// At the beginning of its training.
    pub fn new(generator: BoxTrainable) -> Self {
        let optimizer = Optimizer::new(generator.parameters(), generator.gradients());
        Self { generator, optimizer, best: None }
    }

    /// The model that training ends with: the best one, or the last where none was kept.
    pub fn into_best(self) -> BoxGenerator {
        self.best.unwrap_or(self.generator).into_generator()
    }
}

/// The best validation likelihood so far, and when it was reached.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct BestValidation {
    /// Nats per token.
    pub nll: f64,
    /// Epochs or rounds done then.
    pub done: usize,
}

/// Where the training of a likelihood model stands.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct LikelihoodCursor {
    /// Epochs and batches done.
    pub epochs: EpochCursor,
    /// The best epoch so far.
    pub best: Option<BestValidation>,
    /// How often the learning rate was lowered.
    pub plateaus: usize,
}

/// A likelihood model in training.
#[derive(Debug, Clone)]
pub struct LikelihoodState {
    /// Where it stands.
    pub cursor: LikelihoodCursor,
    /// The model.
    pub model: GeneratorInTraining,
}

/// Where the training of a reward model stands.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RewardModelCursor {
    /// Draws of negatives done (d-steps).
    pub draw: usize,
    /// Epochs and batches on the current training set done.
    pub epochs: EpochCursor,
    /// Sum of losses, sum of accuracies and number of batches since they were last reported.
    pub sums: [f64; 3],
    /// A cross-fitted discriminator: whether its feature weights are fitted, and that is recorded.
    pub fitted: bool,
    /// A cross-fitted discriminator: its best log-likelihood-ratio gain on validation data, in nats per sequence.
    pub best_gain: Option<f64>,
}

/// What is trained at the moment, within a round.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// The reward model, before the generator's updates: before the first round, or anew.
    Pretraining(RewardModelCursor),
    /// The generator, with so many g-steps of the round done.
    Generator(usize),
    /// The reward model, behind the generator's updates of the round.
    RewardModel(RewardModelCursor),
}

/// Where a method's rounds stand.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AdversarialCursor {
    /// Rounds done.
    pub round: usize,
    /// What is trained in the current one.
    pub phase: Phase,
    /// Rounds done when the reward model was last trained anew.
    pub retrained: usize,
    /// The best round so far, where the best model is kept.
    pub best: Option<BestValidation>,
    /// Random sequences used up so far.
    pub counters: RngCounters,
    /// Mean reward of the last generator update, and of each part of a reward that has parts.
    pub reward: Option<f64>,
    /// The same of each part of a reward that has parts.
    pub reward_parts: Vec<(String, f64)>,
    /// What the monitor has seen.
    pub monitor: MonitorState,
    /// The saved checkpoints of rounds, best first.
    pub checkpoints: Vec<Checkpoint>,
    /// Warnings of the monitor, which belong to the results.
    pub warnings: Vec<String>,
}

/// Counters of the random streams. They begin at 0 for each method, so that a method's result does not depend on which
/// others were trained before it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RngCounters {
    /// Sequences sampled for policy-gradient updates.
    pub policy: u64,
    /// Completions.
    pub rollouts: u64,
    /// Negatives.
    pub negatives: u64,
    /// Rows that the reward model was trained on (dropout masks).
    pub discriminator_rows: u64,
    /// Epochs that the reward model was trained for (orders).
    pub discriminator_epochs: u64,
}

/// A reward model in training.
#[derive(Debug)]
pub struct RewardModelInTraining {
    /// Gives the reward.
    pub model: Box<dyn RewardModel>,
    /// The optimizer of its network; a reward model without a network has none.
    pub optimizer: Option<Optimizer>,
    /// The network's parameters at the best validation gain, where that is measured.
    pub best: Option<Tensors<f32>>,
}

impl RewardModelInTraining {
    /// At the beginning of its training.
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
    /// Where it stands.
    pub cursor: AdversarialCursor,
    /// The generator.
    pub model: GeneratorInTraining,
    /// What gives its reward.
    pub reward: RewardModelInTraining,
    /// The generator that the reward model was trained against, if it was trained anew in the rounds: the reference policy of
    /// the KL penalty. Otherwise that is the base.
    pub reference: Option<BoxGenerator>,
    /// The rollout policy.
    pub rollout: DelayedPolicy,
}

impl AdversarialState {
    /// The reference policy of the KL penalty, where that is not the base.
    pub fn reference_policy(&self) -> Option<&dyn Generator> {
        self.reference.as_deref()
    }
}

/// Largest count that a saved state may hold: no run reaches it, and adding one to it cannot overflow.
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
    /// Epochs or rounds since the best one, when `done` are done; 0 where none is known.
    pub fn since(best: Option<Self>, done: usize) -> usize {
        best.map_or(0, |best| done.saturating_sub(best.done))
    }
}

impl GeneratorInTraining {
    /// Keeps the model if none before had a better validation likelihood.
    pub fn keep_if_best(&mut self, best: &mut Option<BestValidation>, nll: f64, done: usize) {
        if best.is_none_or(|best| nll < best.nll) {
            *best = Some(BestValidation { nll, done });
            self.best = Some(self.generator.clone());
        }
    }
}

impl EpochCursor {
    fn counts(self) -> [u64; 2] {
        [self.epoch as u64, self.batch as u64]
    }
}

impl LikelihoodCursor {
    /// Whether training can stand here; the error says why not. A loop that begins beyond its end, or a number that
    /// overflows, would be a panic long after the file was read.
    pub fn check(&self) -> Result<(), String> {
        check_counts(&self.epochs.counts())?;
        check_counts(&[self.plateaus as u64])?;
        check_best(self.best, self.epochs.epoch)
    }
}

impl AdversarialCursor {
    /// At the beginning.
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

    /// Whether training can stand here; the error says why not.
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

    /// The cursor of the reward model's training.
    pub fn reward_model(&mut self) -> &mut RewardModelCursor {
        match &mut self.phase {
            Phase::Pretraining(cursor) | Phase::RewardModel(cursor) => cursor,
            Phase::Generator(_) => unreachable!("asked for while the reward model is trained"),
        }
    }

    /// Name and value of the last reward, for reports.
    pub fn reward_figure(&self) -> Option<(&'static str, f64)> {
        self.reward.map(|reward| ("reward", reward))
    }
}

impl Default for AdversarialCursor {
    fn default() -> Self {
        Self::new()
    }
}
