//! Settings: what there is, where values come from, what they may be.

mod baseline;
pub mod layers;
mod nearest;
mod precision;
mod presets;
mod schedule;
mod settings;
mod validate;

pub use baseline::Baseline;
pub use layers::{Layers, Provenance};
pub use precision::Precision;
pub use presets::{DataSize, Preset};
pub use schedule::Schedule;
pub use settings::{
    AdversarialConfig, CheckpointConfig, Config, DataConfig, DiscriminatorConfig, EvaluateConfig,
    GeneratorConfig, LikelihoodConfig, OracleConfig, RolloutConfig,
};
pub use validate::{METHODS, validate};
