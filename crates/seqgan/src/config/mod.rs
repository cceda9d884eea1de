//! Settings: what there is, where values come from, what they may be.

mod baseline;
mod file_format;
pub mod layers;
mod method;
mod monitor;
mod nearest;
mod precision;
mod presets;
mod rest_handling;
mod reward;
mod schedule;
mod settings;
mod synthetic_task;
mod validate;

pub use baseline::Baseline;
pub use file_format::FileFormat;
pub use layers::{Layers, Provenance};
pub use method::Method;
pub use monitor::{Action, KeepBy};
pub use nearest::did_you_mean;
pub use precision::Precision;
pub use presets::{DataSize, Preset};
pub use rest_handling::RestHandling;
pub use reward::RewardConfig;
pub use schedule::Schedule;
pub use settings::{
    AdversarialConfig, CheckpointConfig, Config, ConstraintConfig, CrossfitConfig, DataConfig,
    DiscriminatorConfig, EnsembleConfig, EvaluateConfig, GeneratorConfig, LikelihoodConfig, MixtureConfig,
    MonitorConfig, OracleConfig, PgBleuConfig, RankGanConfig, RolloutConfig, ScheduledSamplingConfig,
    SeqGanStepConfig,
};
pub use synthetic_task::SyntheticTask;
pub use validate::validate;
