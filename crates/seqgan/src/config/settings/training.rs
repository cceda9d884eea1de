//! Settings of training that methods share: maximum likelihood, rollouts and rounds.

use crate::config::baseline::Baseline;
use crate::config::dropout::DropoutRates;
use crate::config::method::Method;
use crate::config::schedule::Schedule;
use crate::kernel::Precision;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Maximum likelihood training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LikelihoodConfig {
    /// Passes over the training sequences.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub num_epochs: usize,
    /// Largest number of updates, which may end a pass early. 0: no limit.
    #[schemars(range(min = 0, max = 1_u64 << 40))]
    pub max_updates: usize,
    /// Sequences per update.
    #[schemars(range(min = 1, max = 65_536))]
    pub batch_size: usize,
    /// Whether each epoch visits the sequences in an order of its own. The original code always
    /// reads them in the order of the file.
    pub shuffle: bool,
    /// Learning rate of Adam.
    #[schemars(range(min = 0.0, max = 10.0))]
    pub learning_rate: f64,
    /// Schedule of the learning rate.
    pub schedule: Schedule,
    /// Updates over which the learning rate rises from 0 to its full value.
    #[schemars(range(min = 0, max = 1_u64 << 40))]
    pub warmup_updates: usize,
    /// Weight of the L2 penalty, half the squared norm of all parameters.
    #[schemars(range(min = 0.0, max = 100.0))]
    pub l2: f64,
    /// Decoupled weight decay (AdamW): each update lowers all parameters by this share, times the
    /// learning rate.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub weight_decay: f64,
    /// Largest norm of the gradient; a longer gradient is scaled down to it. 0: no limit.
    #[schemars(range(min = 0.0, max = 1e9))]
    pub clip_norm: f64,
    /// Dropout of the values of embeddings. Each sequence has one mask for all its steps, as in
    /// `hidden_dropout` and `output_dropout`. 0: none.
    #[schemars(range(min = 0.0, max = 0.95))]
    pub input_dropout: f64,
    /// Dropout of the values between layers; in a Transformer, of what each layer adds to its input.
    #[schemars(range(min = 0.0, max = 0.95))]
    pub hidden_dropout: f64,
    /// Dropout of the values before the output layer.
    #[schemars(range(min = 0.0, max = 0.95))]
    pub output_dropout: f64,
    /// Dropout of tokens: all values of a token's embedding, in all sequences of an update.
    #[schemars(range(min = 0.0, max = 0.95))]
    pub embedding_dropout: f64,
    /// Dropout of the weights between the hidden units of an LSTM, for one update (weight drop). A
    /// Transformer has no such weights.
    #[schemars(range(min = 0.0, max = 0.95))]
    pub recurrent_dropout: f64,
    /// Decay per update of the exponential moving average of the parameters, which is validated and
    /// becomes the model. 0: the parameters themselves.
    #[schemars(range(min = 0.0, max = 0.999999))]
    pub average_decay: f64,
    /// Whether a batch holds sequences of similar lengths, so that its last steps are not those of a
    /// few long ones.
    pub group_by_length: bool,
    /// Whether training keeps the epoch with the best validation likelihood and stops after
    /// `patience` epochs without a better one.
    pub early_stop: bool,
    /// Epochs without a better validation likelihood before training stops.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub patience: usize,
    /// Factor of the learning rate after two consecutive epochs without a better validation
    /// likelihood. Training then continues from the best epoch. Needs `early_stop`. 1: training
    /// continues unchanged.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub plateau_factor: f64,
    /// Epochs between two measurements. 0: one measurement at the end.
    pub measure_every_epochs: usize,
}

impl LikelihoodConfig {
    /// The rates of dropout.
    pub fn dropout(&self) -> DropoutRates {
        DropoutRates {
            input: self.input_dropout,
            hidden: self.hidden_dropout,
            output: self.output_dropout,
            embedding: self.embedding_dropout,
            recurrent: self.recurrent_dropout,
        }
    }
}

/// Monte Carlo search.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RolloutConfig {
    /// Number N of completions per prefix.
    #[schemars(range(min = 1, max = 1024))]
    pub num_rollouts: usize,
    /// Largest number of prefixes per sequence. 0: all prefixes.
    #[schemars(range(min = 0, max = 2048))]
    pub max_prefixes: usize,
    /// Weight of the previous rollout policy in the new one after a generator update.
    #[schemars(range(min = 0.0, max = 0.9999))]
    pub delay: f64,
    /// Precision of the products that score completions: `f32`, or `bf16`, which is faster on a CPU with AMX and
    /// changes scores, which lie in 0..1, by about 0.001.
    pub precision: Precision,
}

/// Training in rounds by a reward (Algorithm 1 of SeqGAN).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AdversarialConfig {
    /// Likelihood model from which the rounds start. The method `distilled-seqgan-crossfit` always
    /// starts from `distilled`.
    pub base: Method,
    /// Number of rounds.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub num_rounds: usize,
    /// g-steps: generator updates per round.
    #[schemars(range(min = 1, max = 100_000))]
    pub g_steps: usize,
    /// d-steps: draws of fresh negatives per round.
    #[schemars(range(min = 0, max = 100_000))]
    pub d_steps: usize,
    /// k: discriminator epochs per draw.
    #[schemars(range(min = 1, max = 100_000))]
    pub d_epochs: usize,
    /// d-steps before the first round.
    #[schemars(range(min = 0, max = 100_000))]
    pub d_pretrain_steps: usize,
    /// Generated sequences per d-step, and the largest number of real ones beside them.
    #[schemars(range(min = 1, max = 10_000_000))]
    pub num_negatives: usize,
    /// Sequences per generator update.
    #[schemars(range(min = 1, max = 65_536))]
    pub batch_size: usize,
    /// Learning rate of Adam in the policy gradient.
    #[schemars(range(min = 0.0, max = 10.0))]
    pub learning_rate: f64,
    /// Largest norm of the gradient; a longer gradient is scaled down to it. 0: no limit.
    #[schemars(range(min = 0.0, max = 1e9))]
    pub clip_norm: f64,
    /// Baseline of the policy gradient.
    pub baseline: Baseline,
    /// Rounds without a better validation likelihood before training stops with the model of the
    /// best measured round, which may be the base before the first one. 0: all rounds run, and the
    /// last model is kept, as always with `[[reward]]`.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub patience: usize,
    /// Rounds between two measurements. 0: one measurement at the end.
    pub measure_every_rounds: usize,
}
