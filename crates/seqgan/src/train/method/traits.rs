//! What a method is: how its model is trained, and what must be trained before.

use super::super::context::Context;
use super::super::discriminator_training;
use super::super::monitor::{Diagnostic, advice};
use super::super::reward_model::RewardModel;
use super::super::round_schedule::RoundSchedule;
use super::super::state::{AdversarialState, Completed};
use crate::Result;
use crate::config::{Config, LikelihoodConfig, Method};
use crate::generator::{BoxGenerator, TrainableGenerator};
use crate::optim::{GeneratorUpdate, Optimizer};
use crate::task::Task;
use crate::token::SeqBatch;

/// A way to get a generator: a row of the table.
pub trait TrainingMethod: Send + Sync {
    /// The name in settings, tables and files.
    fn name(&self) -> Method;

    /// What it is, in one line.
    fn about(&self) -> &'static str;

    /// How its model is trained.
    fn kind(&self) -> Kind<'_>;

    /// The methods whose models are trained before it.
    fn needs(&self, config: &Config) -> Vec<Method> {
        match self.kind() {
            Kind::Adversarial(method) => vec![method.base(config)],
            _ => Vec::new(),
        }
    }

    /// The method whose temperature curve its row is compared with: the one that it starts from; `mle-tuned` for the other
    /// likelihood models, where that is a row.
    fn compared_with(&self, config: &Config) -> Option<Method> {
        match self.kind() {
            Kind::Adversarial(method) => Some(method.base(config)),
            Kind::Untrained(Untrained::TemperatureMixture) => Some(config.adversarial.base),
            Kind::Likelihood(_) | Kind::Ensemble if self.name() != Method::MLE_TUNED => {
                config.methods.contains(&Method::MLE_TUNED).then_some(Method::MLE_TUNED)
            }
            _ => None,
        }
    }
}

/// How a method's model is trained.
pub enum Kind<'a> {
    /// It is not trained: the row is computed at the end.
    Untrained(Untrained),
    /// By maximum likelihood, from an untrained generator; its model can be what other methods start from.
    Likelihood(&'a dyn LikelihoodMethod),
    /// It is the ensemble of the likelihood models.
    Ensemble,
    /// In rounds, by a reward (Algorithm 1 of SeqGAN).
    Adversarial(&'a dyn AdversarialMethod),
}

/// A row without training.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Untrained {
    /// Uniform tokens.
    Uniform,
    /// Tokens by their frequency in the training sequences.
    TokenFrequencies,
    /// The base model, a share of the sequences at a low temperature.
    TemperatureMixture,
}

/// The models that a distilled model learns from.
#[derive(Debug, Clone)]
pub struct Teacher {
    /// The ensemble, whose distributions are the targets.
    pub ensemble: BoxGenerator,
    /// The model whose weights it begins with, if it does not begin with random ones.
    pub start: Option<BoxGenerator>,
}

impl Teacher {
    /// As the settings have it; `first` is the first member of the ensemble.
    pub fn new(config: &Config, ensemble: BoxGenerator, first: &BoxGenerator) -> Self {
        Self { ensemble, start: config.ensemble.warm_start.then(|| first.clone()) }
    }
}

/// Where a batch stands in the training of a likelihood model.
#[derive(Debug, Clone, Copy)]
pub struct BatchPosition {
    /// Epochs done.
    pub epoch: usize,
    /// The number of the batch's first sequence among all that the model was trained on: it names random numbers.
    pub first: u64,
}

/// The update of a likelihood model.
pub trait LikelihoodStep {
    /// One update; returns the loss in nats per token.
    fn step(
        &mut self,
        generator: &mut dyn TrainableGenerator,
        optimizer: &mut Optimizer,
        batch: SeqBatch,
        position: BatchPosition,
        update: GeneratorUpdate,
    ) -> Result<f64>;
}

/// A method that trains by maximum likelihood.
pub trait LikelihoodMethod: Send + Sync {
    /// The settings of its training.
    fn settings(&self, config: &Config) -> LikelihoodConfig;

    /// Whether it learns from the ensemble's distributions.
    fn needs_teacher(&self) -> bool {
        false
    }

    /// Its update; `seed` names its random numbers.
    fn step(&self, config: &Config, seed: u64, teacher: Option<&Teacher>) -> Box<dyn LikelihoodStep>;

    /// Settings besides [`Self::settings`] that its result depends on: models that runs share are told apart by them.
    fn fingerprint(&self, config: &Config) -> String {
        let _ = config;
        String::new()
    }
}

/// When a method's reward model is trained.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RewardTraining {
    /// Never: it has no network.
    Never,
    /// Before the first round, and in each.
    EveryRound,
    /// Before the first round, on folds of the training sequences; and anew where the settings say so.
    OnFolds,
}

/// A method that follows a reward in rounds, from a likelihood model.
pub trait AdversarialMethod: Send + Sync {
    /// The likelihood model that it starts from.
    fn base(&self, config: &Config) -> Method {
        config.adversarial.base
    }

    /// Its rounds.
    fn schedule(&self, config: &Config) -> RoundSchedule {
        RoundSchedule::adversarial(config)
    }

    /// When its reward model is trained.
    fn reward_training(&self, config: &Config) -> RewardTraining {
        let _ = config;
        RewardTraining::EveryRound
    }

    /// An untrained reward model.
    fn build(&self, config: &Config, task: &Task) -> Result<Box<dyn RewardModel>>;

    /// Whether its reward can be had at all; asked before anything is trained.
    fn check(&self, config: &Config, task: &Task) -> Result<()> {
        let _ = (config, task);
        Ok(())
    }

    /// Trains the reward model before the first round (Algorithm 1, line 4).
    fn pretrain(
        &self,
        context: &mut Context<'_>,
        completed: &Completed,
        state: &mut AdversarialState,
    ) -> Result<()> {
        discriminator_training::pretrain(context, completed, state)
    }

    /// Whether the reward model is to be trained anew before the next round.
    fn is_retraining_due(&self, config: &Config, state: &AdversarialState) -> bool {
        let _ = (config, state);
        false
    }

    /// Whether action values are found by completing sequences.
    fn uses_rollouts(&self, config: &Config) -> bool {
        let _ = config;
        true
    }

    /// Sentences for a user: what a diagnostic means for this method, and which of its settings to change.
    fn advice(&self, diagnostic: Diagnostic, config: &Config) -> String {
        advice::of_rounds(
            diagnostic,
            advice::Facts {
                trains_discriminator: self.reward_training(config) == RewardTraining::EveryRound,
                uses_rollouts: self.uses_rollouts(config),
                missing_rewards: None,
            },
        )
    }
}
