//! Reward models: what a method's generator is trained against.

use crate::Result;
use crate::config::{Config, Method, RolloutConfig};
use crate::credit::MonteCarlo;
use crate::discriminator::{BatchLoss, CausalDiscriminator, Discriminator, Ranker, ReferenceModels, file};
use crate::generator::{BoxGenerator, Generator};
use crate::nn::{Gradients, Tensors};
use crate::optim::{Demonstrations, ExpectedReward, Optimizer};
use crate::reward::Reward;
use crate::rng::{Purpose, Streams};
use crate::rollout::DelayedPolicy;
use crate::token::SeqBatch;
use serde_json::{Value, json};
use std::any::Any;
use std::collections::BTreeMap;

/// Gives the generator's decisions their action values, and may be trained beside it.
pub trait RewardModel: Send + Sync + std::fmt::Debug {
    /// Action values of the decisions of a batch.
    fn action_values(&self, context: &RolloutContext<'_>) -> Result<ActionValues>;

    /// The part of the reward that is known of every token of a decision, for the all-action policy gradient. Action values leave
    /// it out.
    fn expected_reward(
        &self,
        config: &Config,
        references: ReferenceModels<'_>,
        policy: Option<&dyn Generator>,
    ) -> Option<ExpectedReward> {
        let _ = (config, references, policy);
        None
    }

    /// One update on real and generated sequences; a reward model without a network is never asked.
    fn learn(&mut self, optimizer: &mut Optimizer, batch: &LabelledBatch<'_>) -> Result<BatchLoss> {
        let _ = (optimizer, batch);
        unreachable!("a reward model without a network is not trained")
    }

    /// The discriminator's logit or score of each sequence, `[B]`, higher for what looks real; none where there is no network,
    /// or one that ranks a sequence among others.
    fn scores(&self, references: ReferenceModels<'_>, batch: &SeqBatch) -> Option<Vec<f32>> {
        let _ = (references, batch);
        None
    }

    /// Whether it was rejected by validation data, and gives every sequence the same reward.
    fn is_rejected(&self) -> bool {
        false
    }

    /// The network, if there is one.
    fn network(&self) -> Option<&dyn Network> {
        None
    }

    /// The network, to be changed.
    fn network_mut(&mut self) -> Option<&mut dyn Network> {
        None
    }
}

/// Real and generated sequences of an update.
pub struct LabelledBatch<'a> {
    /// Settings.
    pub config: &'a Config,
    /// B sequences.
    pub sequences: &'a SeqBatch,
    /// Which of them are real, `[B]`.
    pub real: &'a [bool],
    /// All training sequences.
    pub train: &'a SeqBatch,
    /// Rows that the network was trained on before: it names the dropout masks.
    pub first_row: u64,
}

/// A batch of the generator's sequences, and all that action values are made from.
pub struct RolloutContext<'a> {
    /// Settings.
    pub config: &'a Config,
    /// B sequences of the generator.
    pub batch: &'a SeqBatch,
    /// All training sequences.
    pub train: &'a SeqBatch,
    /// Completes prefixes.
    pub rollout: &'a DelayedPolicy,
    /// The generator that drew the batch.
    pub generator: &'a dyn Generator,
    /// The models that a cross-fitted discriminator's features are made from.
    pub references: ReferenceModels<'a>,
    /// The reference policy of the KL penalty, where that is not the base any more.
    pub policy: Option<&'a dyn Generator>,
    /// Completions are sequences `first..` of it.
    pub streams: Streams,
    /// The first of them.
    pub first: u64,
    /// Rounds done.
    pub round: usize,
}

/// Action values of a batch.
pub struct ActionValues {
    /// Q of each decision, `[B, T]`.
    pub values: Vec<f32>,
    /// Real sequences that the update learns from beside the batch.
    pub demonstrations: Option<Demonstrations>,
    /// Mean score of the finished sequences.
    pub reward: f64,
    /// Mean score under each part of a reward that has parts.
    pub parts: Vec<(String, f64)>,
    /// Random sequences used up by completions.
    pub completions: u64,
    /// Whether the values are advantages already, with a baseline subtracted.
    pub centred: bool,
}

impl ActionValues {
    /// Values and the mean reward alone.
    pub fn new(values: Vec<f32>, reward: f64) -> Self {
        Self { values, demonstrations: None, reward, parts: Vec::new(), completions: 0, centred: false }
    }
}

impl RolloutContext<'_> {
    /// Monte-Carlo search as the settings have it.
    pub fn search(&self) -> MonteCarlo {
        let RolloutConfig { num_rollouts, max_prefixes, .. } = self.config.rollout;
        MonteCarlo { num_rollouts, max_prefixes }
    }

    /// Whether a sequence can end before T.
    pub fn has_end(&self) -> bool {
        self.generator.space().end_token.is_some()
    }

    /// Action values by Monte-Carlo search (SeqGAN, equation 4).
    pub fn monte_carlo(&self, reward: &dyn Reward) -> Result<ActionValues> {
        let search = self.search();
        let policy = self.rollout.policy();
        let values = search.values(&policy, reward, self.batch, &self.streams, self.first)?;
        let has_end = self.has_end();
        let length = self.batch.max_length();
        let own = (0..self.batch.len())
            .map(|b| f64::from(values[b * length + self.batch.steps(b, has_end).max(1) - 1]));
        let reward = own.sum::<f64>() / self.batch.len() as f64;
        let completions = search.sequences_used(self.batch.len(), length);
        Ok(ActionValues { completions, ..ActionValues::new(values, reward) })
    }
}

/// The models that a cross-fitted discriminator's features come from in the rounds of a method with this base.
pub fn references<'a>(
    config: &Config,
    models: &'a BTreeMap<Method, BoxGenerator>,
    base: Method,
) -> ReferenceModels<'a> {
    let ensemble = models.get(&Method::MLE_ENSEMBLE).map(|model| &**model);
    let ensemble = ensemble.filter(|_| config.crossfit.ensemble_features);
    ReferenceModels { base: &models[&base], ensemble }
}

/// `n` training sequences by chance; `set` and the count `at` of what came before name them.
pub fn draw_real(train: &SeqBatch, seed: u64, (set, at): (u32, u64), n: usize) -> SeqBatch {
    let streams = Streams::new(seed, Purpose::References);
    let row = |i: usize| {
        let [high, ..] = streams.block(at, i as u32, set);
        ((u64::from(high) * train.len() as u64) >> 32) as usize
    };
    train.select((0..n).map(row))
}

/// A network as those see it who save it or make its optimizer.
pub trait Network: Any {
    /// The parameters.
    fn parameters(&self) -> &Tensors<f32>;
    /// The parameters, to be changed.
    fn parameters_mut(&mut self) -> &mut Tensors<f32>;
    /// Zero gradients of the parameters.
    fn gradients(&self) -> Gradients<f32>;
    /// The kind of network, as a file's header names it.
    fn kind(&self) -> &'static str;
    /// The sizes, as a file's header has them.
    fn shape(&self) -> Value;
    /// The network by its own type.
    fn as_any_mut(&mut self) -> &mut dyn Any;
}

/// By the methods of the same names that each network has.
macro_rules! network {
    ($($network:ty: $kind:expr),+) => {$(
        impl Network for $network {
            fn parameters(&self) -> &Tensors<f32> {
                self.parameters()
            }
            fn parameters_mut(&mut self) -> &mut Tensors<f32> {
                self.parameters_mut()
            }
            fn gradients(&self) -> Gradients<f32> {
                self.gradients()
            }
            fn kind(&self) -> &'static str {
                $kind
            }
            fn shape(&self) -> Value {
                json!(self.shape())
            }
            fn as_any_mut(&mut self) -> &mut dyn Any {
                self
            }
        }
    )+};
}
network!(Discriminator: file::CNN, CausalDiscriminator: file::CAUSAL, Ranker: file::RANKER);
