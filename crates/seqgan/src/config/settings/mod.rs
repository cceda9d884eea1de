//! Every setting, one struct per section. Ranges stand beside the fields.

mod defaults;
mod methods;
mod networks;
mod task;
mod training;
mod watching;

use crate::config::method::Method;
use crate::config::reward::RewardConfig;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use methods::{
    CrossfitConfig, EnsembleConfig, MixtureConfig, PgBleuConfig, RankGanConfig, ScheduledSamplingConfig,
    SeqGanStepConfig,
};
pub use networks::{DiscriminatorConfig, GeneratorConfig, usual_feedforward_dim};
pub use task::{ConstraintConfig, DataConfig, OracleConfig};
pub use training::{AdversarialConfig, LikelihoodConfig, RolloutConfig};
pub use watching::{CheckpointConfig, EvaluateConfig, MonitorConfig};

/// All settings of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "SeqGAN configuration")]
pub struct Config {
    /// Seed of every random number of the run.
    pub seed: u64,
    /// Rows of the final table, in order.
    pub methods: Vec<Method>,
    /// Largest number of slices of a generator update's batch. The gradient of each slice is summed
    /// on its own, and the sums are added along a fixed binary tree, so results do not depend on the
    /// number of threads. A slice has 16 sequences or more. More slices let more cores share an
    /// update; each in progress takes the memory of all weights, and adding two takes as long as
    /// reading both.
    #[schemars(range(min = 1, max = 1024))]
    pub gradient_slices: usize,
    /// Reading of a file of sequences.
    pub data: DataConfig,
    /// Synthetic task.
    pub oracle: OracleConfig,
    /// Constraint on every generated sequence.
    pub constraint: ConstraintConfig,
    /// Kind, sizes and initial parameters of the generator.
    pub generator: GeneratorConfig,
    /// Sizes and updates of the discriminator.
    pub discriminator: DiscriminatorConfig,
    /// Maximum likelihood training on the paper's schedule.
    pub mle: LikelihoodConfig,
    /// Maximum likelihood training by current practice.
    pub mle_tuned: LikelihoodConfig,
    /// Monte Carlo search.
    pub rollout: RolloutConfig,
    /// Training in rounds by a reward.
    pub adversarial: AdversarialConfig,
    /// Methods `mle-ensemble` and `distilled`.
    pub ensemble: EnsembleConfig,
    /// Method `scheduled-sampling`. `[mle]` sets the rest of its training.
    pub scheduled_sampling: ScheduledSamplingConfig,
    /// Method `pg-bleu`.
    pub pg_bleu: PgBleuConfig,
    /// Method `seqgan-step`.
    pub seqgan_step: SeqGanStepConfig,
    /// Methods `seqgan-crossfit` and `distilled-seqgan-crossfit`.
    pub crossfit: CrossfitConfig,
    /// Row `mixture`: the model of `adversarial.base`, with a second temperature for a random share
    /// of the sequences. Without training, it lowers nll_oracle more than it raises nll_test and
    /// has a worse reverse KL divergence; a sound comparison of methods exposes it.
    pub mixture: MixtureConfig,
    /// Method `rankgan`. `[discriminator]` sets the layers and updates of its ranker.
    pub rankgan: RankGanConfig,
    /// Parts of the reward of the method `mixed`.
    pub reward: Vec<RewardConfig>,
    /// Measurements.
    pub evaluate: EvaluateConfig,
    /// Diagnostics of failing training, and the action on each: `off`, `warn`, `stop` or
    /// `roll-back`.
    pub monitor: MonitorConfig,
    /// Checkpoints of the training state and of models.
    pub checkpoint: CheckpointConfig,
}
