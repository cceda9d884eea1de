//! Reward models: they give the action values that adversarial methods train their generators with.

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

/// Gives the action values of the generator's decisions. It may have a network that is trained too, such as a
/// discriminator.
pub trait RewardModel: Send + Sync + std::fmt::Debug {
    /// Computes the action values of a batch, `[B, T]`.
    fn action_values(&self, context: &RolloutContext<'_>) -> Result<ActionValues>;

    /// Part of the reward that can be computed for every token of a decision, for the all-action policy gradient.
    /// Action values leave this part out.
    fn expected_reward(
        &self,
        config: &Config,
        references: ReferenceModels<'_>,
        policy: Option<&dyn Generator>,
    ) -> Option<ExpectedReward> {
        let _ = (config, references, policy);
        None
    }

    /// Makes one update on real and generated sequences. It is called only for a reward model with a network.
    fn learn(&mut self, optimizer: &mut Optimizer, batch: &LabelledBatch<'_>) -> Result<BatchLoss> {
        let _ = (optimizer, batch);
        unreachable!("a reward model without a network is not trained")
    }

    /// Logit or score of each sequence, `[B]`; a higher one means more realistic. None without a network, or with a
    /// network that only ranks a sequence among others.
    fn scores(&self, references: ReferenceModels<'_>, batch: &SeqBatch) -> Option<Vec<f32>> {
        let _ = (references, batch);
        None
    }

    /// Whether validation data rejected the discriminator, so that it gives every sequence the same reward.
    fn is_rejected(&self) -> bool {
        false
    }

    /// The network, if there is one.
    fn network(&self) -> Option<&dyn Network> {
        None
    }

    /// Mutable access to the network, if there is one.
    fn network_mut(&mut self) -> Option<&mut dyn Network> {
        None
    }
}

/// A batch of real and generated sequences for one update.
pub struct LabelledBatch<'a> {
    /// Settings.
    pub config: &'a Config,
    /// B sequences.
    pub sequences: &'a SeqBatch,
    /// Whether each sequence is real, `[B]`.
    pub real: &'a [bool],
    /// All training sequences.
    pub train: &'a SeqBatch,
    /// Number of rows that the network was trained on before this batch. It selects the dropout masks.
    pub first_row: u64,
}

/// Rollout context: a batch of the generator's sequences, and everything that action values are computed from.
pub struct RolloutContext<'a> {
    /// Settings.
    pub config: &'a Config,
    /// B sequences of the generator.
    pub batch: &'a SeqBatch,
    /// All training sequences.
    pub train: &'a SeqBatch,
    /// Rollout policy, which completes prefixes.
    pub rollout: &'a DelayedPolicy,
    /// The generator that drew the batch.
    pub generator: &'a dyn Generator,
    /// Reference models, which give the features of a cross-fitted discriminator.
    pub references: ReferenceModels<'a>,
    /// Reference policy of the KL penalty, if it is no longer the base.
    pub policy: Option<&'a dyn Generator>,
    /// Random streams of the completions, which are sequences `first..`.
    pub streams: Streams,
    /// Number of the first completion in `streams`.
    pub first: u64,
    /// Number of rounds done.
    pub round: usize,
}

/// Action values of a batch.
pub struct ActionValues {
    /// Action value Q of each decision, `[B, T]`.
    pub values: Vec<f32>,
    /// Real sequences that the update uses in addition to the batch, if any.
    pub demonstrations: Option<Demonstrations>,
    /// Mean reward of the complete sequences.
    pub reward: f64,
    /// Name and mean of each part of the reward, if the reward has parts.
    pub parts: Vec<(String, f64)>,
    /// Number of completions drawn.
    pub completions: u64,
    /// Whether the values are advantages, with a baseline already subtracted.
    pub centred: bool,
}

impl ActionValues {
    /// Creates action values from the values and the mean reward, with all other fields empty.
    pub fn new(values: Vec<f32>, reward: f64) -> Self {
        Self { values, demonstrations: None, reward, parts: Vec::new(), completions: 0, centred: false }
    }
}

impl RolloutContext<'_> {
    /// Monte-Carlo search with the configured number of rollouts and prefixes.
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

/// Reference models of a method's rounds: the generator of `base` and, where it is used, the ensemble.
pub fn references<'a>(
    config: &Config,
    models: &'a BTreeMap<Method, BoxGenerator>,
    base: Method,
) -> ReferenceModels<'a> {
    let ensemble = models.get(&Method::MLE_ENSEMBLE).map(|model| &**model);
    let ensemble = ensemble.filter(|_| config.crossfit.ensemble_features);
    ReferenceModels { base: &models[&base], ensemble }
}

/// Draws `n` random training sequences. The number `set` of the draw's purpose and the number `at` of sequences drawn
/// before select the random numbers.
pub fn draw_real(train: &SeqBatch, seed: u64, (set, at): (u32, u64), n: usize) -> SeqBatch {
    let streams = Streams::new(seed, Purpose::References);
    let row = |i: usize| {
        let [high, ..] = streams.block(at, i as u32, set);
        ((u64::from(high) * train.len() as u64) >> 32) as usize
    };
    train.select((0..n).map(row))
}

/// The network of a reward model, as needed for saving it and for creating its optimizer.
pub trait Network: Any {
    /// The parameters.
    fn parameters(&self) -> &Tensors<f32>;
    /// Mutable access to the parameters.
    fn parameters_mut(&mut self) -> &mut Tensors<f32>;
    /// Zero gradients of the parameters.
    fn gradients(&self) -> Gradients<f32>;
    /// Kind of network, as named in the header of a file.
    fn kind(&self) -> &'static str;
    /// Sizes of the network, as written in the header of a file.
    fn shape(&self) -> Value;
    /// Access to the concrete type of the network.
    fn as_any_mut(&mut self) -> &mut dyn Any;
}

/// Implements `Network` with the inherent methods of the same names.
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
