//! Settings: what there is, where values come from, what they may be.

pub mod layers;
mod nearest;
mod presets;
mod settings;
mod validate;

pub use layers::{Layers, Provenance};
pub use presets::{DataSize, Preset};
pub use settings::{
    AdversarialConfig, CheckpointConfig, Config, DataConfig, DiscriminatorConfig, EvaluateConfig, GeneratorConfig,
    LikelihoodConfig, OracleConfig, RolloutConfig,
};
pub use validate::{METHODS, validate};
