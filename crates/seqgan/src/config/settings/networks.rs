//! Sizes of the networks.

use serde::{Deserialize, Serialize};

/// The generator's kind and sizes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GeneratorConfig {
    /// The kind of network: "lstm", or one that was registered.
    pub kind: String,
    /// E.
    pub embedding_dim: usize,
    /// H.
    pub hidden_dim: usize,
    /// Standard deviation of the initial parameters.
    pub init_std: f64,
}

/// The discriminator's sizes and updates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DiscriminatorConfig {
    /// E.
    pub embedding_dim: usize,
    /// (width, number of filters); widths above the longest sequence are left out.
    pub filters: Vec<(usize, usize)>,
    /// Share of features that dropout keeps.
    pub dropout_keep: f64,
    /// Factor of half the squared norm of the last layer.
    pub l2: f64,
    /// Adam's learning rate.
    pub learning_rate: f64,
    /// Sequences of an update, half of them real.
    pub batch_size: usize,
}
