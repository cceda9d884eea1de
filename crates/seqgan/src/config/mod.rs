//! Settings: types, defaults and presets, layers of values, schema and validation.

mod baseline;
mod dropout;
mod file_format;
mod fine_tuning;
pub mod layers;
mod method;
mod monitor;
mod nearest;
mod path_setting;
mod presets;
mod provenance;
mod ranges;
mod renamed;
mod rest_handling;
mod reward;
mod rules;
mod schedule;
mod schema;
mod settings;
mod synthetic_task;
mod validate;

pub use crate::kernel::Precision;
pub use baseline::Baseline;
pub use dropout::DropoutRates;
pub use file_format::FileFormat;
pub use fine_tuning::fit_fine_tuning;
pub use layers::Layers;
pub use method::Method;
pub use monitor::{Action, KeepBy};
pub use nearest::did_you_mean;
pub use path_setting::{path_of, path_setting};
pub use presets::{Cost, DataSize, Preset};
pub use provenance::Provenance;
pub use rest_handling::RestHandling;
pub use reward::RewardConfig;
pub use schedule::Schedule;
pub use schema::schema;
pub use settings::{
    AdversarialConfig, CheckpointConfig, Config, ConstraintConfig, CrossfitConfig, DataConfig,
    DiscriminatorConfig, EnsembleConfig, EvaluateConfig, GeneratorConfig, LikelihoodConfig, MixtureConfig,
    MonitorConfig, OracleConfig, PgBleuConfig, RankGanConfig, RolloutConfig, ScheduledSamplingConfig,
    SeqGanStepConfig, usual_feedforward_dim,
};
pub use synthetic_task::SyntheticTask;
pub use validate::{CheckedConfig, validate};
