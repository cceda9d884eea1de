//! Every setting, a section a struct.

mod defaults;
mod methods;
mod networks;
mod task;
mod training;
mod watching;

use crate::config::method::Method;
use crate::config::reward::RewardConfig;
use serde::{Deserialize, Serialize};

pub use methods::{
    CrossfitConfig, EnsembleConfig, MixtureConfig, PgBleuConfig, RankGanConfig, ScheduledSamplingConfig,
    SeqGanStepConfig,
};
pub use networks::{DiscriminatorConfig, GeneratorConfig};
pub use task::{ConstraintConfig, DataConfig, OracleConfig};
pub use training::{AdversarialConfig, LikelihoodConfig, RolloutConfig};
pub use watching::{CheckpointConfig, EvaluateConfig, MonitorConfig};

/// All settings of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Names every random number of the run.
    pub seed: u64,
    /// Which rows the final table has, in order.
    pub methods: Vec<Method>,
    /// How a file of sequences is read.
    pub data: DataConfig,
    /// The synthetic task.
    pub oracle: OracleConfig,
    /// What sequences must be like.
    pub constraint: ConstraintConfig,
    /// The generator's kind and sizes.
    pub generator: GeneratorConfig,
    /// The discriminator's sizes and updates.
    pub discriminator: DiscriminatorConfig,
    /// Maximum likelihood on the paper's schedule.
    pub mle: LikelihoodConfig,
    /// Maximum likelihood as one would train it today.
    pub mle_tuned: LikelihoodConfig,
    /// Monte-Carlo search.
    pub rollout: RolloutConfig,
    /// Training in rounds by a reward.
    pub adversarial: AdversarialConfig,
    /// The methods `mle-ensemble` and `distilled`.
    pub ensemble: EnsembleConfig,
    /// The method `scheduled-sampling`, which else is trained as `[mle]` says.
    pub scheduled_sampling: ScheduledSamplingConfig,
    /// The method `pg-bleu`.
    pub pg_bleu: PgBleuConfig,
    /// The method `seqgan-step`.
    pub seqgan_step: SeqGanStepConfig,
    /// The methods `seqgan-crossfit` and `distilled-seqgan-crossfit`.
    pub crossfit: CrossfitConfig,
    /// The row `mixture`: the model of `adversarial.base`, each sequence by chance at another temperature. It lowers nll_oracle
    /// more than it raises nll_test, with no training, and is worse in reverse KL: what a comparison must see through.
    pub mixture: MixtureConfig,
    /// The method `rankgan`, whose ranker has the layers and updates of `[discriminator]`.
    pub rankgan: RankGanConfig,
    /// The parts of the reward of the method `mixed`.
    pub reward: Vec<RewardConfig>,
    /// What is measured.
    pub evaluate: EvaluateConfig,
    /// Which signs of training that goes wrong are looked for, and what is done about them.
    pub monitor: MonitorConfig,
    /// When the state is saved, and which models of the rounds are kept.
    pub checkpoint: CheckpointConfig,
}
