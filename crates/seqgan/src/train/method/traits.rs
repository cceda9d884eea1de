//! Traits of methods: how a method's model is trained, and which models must be trained before.

use super::super::context::Context;
use super::super::discriminator_training;
use super::super::monitor::{Diagnostic, advice};
use super::super::reward_model::RewardModel;
use super::super::round_schedule::RoundSchedule;
use super::super::state::{AdversarialState, Completed};
use crate::Result;
use crate::config::{Config, LikelihoodConfig, Method};
use crate::generator::{BoxGenerator, Dropout, TrainableGenerator};
use crate::optim::{GeneratorUpdate, Optimizer};
use crate::reward::Watcher;
use crate::task::Task;
use crate::token::SeqBatch;

/// A method: a way to train or construct a generator. Each method is a row of the results table.
pub trait TrainingMethod: Send + Sync {
    /// The name in settings, tables and files.
    fn name(&self) -> Method;

    /// Description of the method in one line.
    fn about(&self) -> &'static str;

    /// How the method's model is trained.
    fn kind(&self) -> Kind<'_>;

    /// Methods whose models must be trained before.
    fn needs(&self, config: &Config) -> Vec<Method> {
        match self.kind() {
            Kind::Adversarial(method) => vec![method.base(config)],
            _ => Vec::new(),
        }
    }

    /// Method whose temperature curve this method's row is compared with. For an adversarial method and for `mixture`,
    /// this is the base. For `mle-ensemble` and the likelihood models other than `mle-tuned`, it is `mle-tuned` if that
    /// is a row.
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
    /// No training: the row is computed at the end of the run.
    Untrained(Untrained),
    /// Maximum likelihood. Adversarial methods can use the model as their base.
    Likelihood(&'a dyn LikelihoodMethod),
    /// No training of its own: the ensemble of likelihood models.
    Ensemble,
    /// Adversarial training in rounds, with a reward (Algorithm 1 of SeqGAN).
    Adversarial(&'a dyn AdversarialMethod),
}

/// A method without training.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Untrained {
    /// Uniformly distributed tokens.
    Uniform,
    /// Independent tokens with their frequencies in the training sequences.
    TokenFrequencies,
    /// The base model, with a share of the sequences sampled at a low temperature.
    TemperatureMixture,
}

/// Teacher of a distilled model.
#[derive(Debug, Clone)]
pub struct Teacher {
    /// The ensemble. Its distributions are the targets.
    pub ensemble: BoxGenerator,
    /// Model with the initial weights of the distilled model; none for random ones.
    pub start: Option<BoxGenerator>,
}

impl Teacher {
    /// Creates the configured teacher. `first` is the first member of the ensemble; it gives the initial weights if
    /// `ensemble.warm_start` is set.
    pub fn new(config: &Config, ensemble: BoxGenerator, first: &BoxGenerator) -> Self {
        Self { ensemble, start: config.ensemble.warm_start.then(|| first.clone()) }
    }
}

/// A batch of the training of a likelihood model.
#[derive(Debug, Clone)]
pub struct TrainingBatch<'a> {
    /// Training sequences.
    pub sequences: SeqBatch,
    /// Number of epochs done.
    pub epoch: usize,
    /// Number of sequences in the batches before this one. It selects the random numbers.
    pub first: u64,
    /// Dropout of the update, if there is any.
    pub dropout: Option<Dropout<'a>>,
}

/// Update rule of a likelihood model.
pub trait LikelihoodStep {
    /// Makes one update and returns the loss in nats per token.
    fn step(
        &mut self,
        generator: &mut dyn TrainableGenerator,
        optimizer: &mut Optimizer,
        batch: TrainingBatch<'_>,
        update: GeneratorUpdate,
    ) -> Result<f64>;
}

/// A method that trains a model by maximum likelihood.
pub trait LikelihoodMethod: Send + Sync {
    /// Settings of the training.
    fn settings(&self, config: &Config) -> LikelihoodConfig;

    /// Whether the training needs the distributions of the ensemble (distillation).
    fn needs_teacher(&self) -> bool {
        false
    }

    /// Creates the update rule. `seed` selects the random numbers.
    fn step(&self, config: &Config, seed: u64, teacher: Option<&Teacher>) -> Box<dyn LikelihoodStep>;

    /// Settings that affect the result, other than [`Self::settings`]. They are part of the name of a model that runs
    /// share.
    fn fingerprint(&self, config: &Config) -> String {
        let _ = config;
        String::new()
    }
}

/// When a method's reward model is trained.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RewardTraining {
    /// Never: the reward model has no network.
    Never,
    /// Before the first round, and in each round.
    EveryRound,
    /// Before the first round, on folds of the training sequences; later only when retraining is configured.
    OnFolds,
}

/// An adversarial method: it starts from a likelihood model and maximises a reward in rounds.
pub trait AdversarialMethod: Send + Sync {
    /// Base: the likelihood model that training starts from.
    fn base(&self, config: &Config) -> Method {
        config.adversarial.base
    }

    /// Schedule of the rounds. By default the model of the best validation likelihood is kept (`adversarial.patience`). A method
    /// whose reward is worth some likelihood sets `patience` to 0.
    fn schedule(&self, config: &Config) -> RoundSchedule {
        RoundSchedule::adversarial(config)
    }

    /// When the reward model is trained.
    fn reward_training(&self, config: &Config) -> RewardTraining {
        let _ = config;
        RewardTraining::EveryRound
    }

    /// Builds an untrained reward model.
    fn build(&self, config: &Config, task: &Task) -> Result<Box<dyn RewardModel>>;

    /// Checks that the reward can be computed. It is called before any training. What the user should know meanwhile
    /// goes to `watcher`.
    fn check(&self, config: &Config, task: &Task, watcher: &dyn Watcher) -> Result<()> {
        let _ = (config, task, watcher);
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

    /// Whether the reward model must be retrained before the next round.
    fn is_retraining_due(&self, config: &Config, state: &AdversarialState) -> bool {
        let _ = (config, state);
        false
    }

    /// Whether action values are estimated from rollouts (Monte-Carlo search).
    fn uses_rollouts(&self, config: &Config) -> bool {
        let _ = config;
        true
    }

    /// Advice to the user: what a diagnostic means for this method, and which of its settings to change.
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
