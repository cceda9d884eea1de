//! Sizes of the networks.

use crate::kernel::Precision;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Kind, sizes and initial parameters of the generator.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GeneratorConfig {
    /// Kind of network: `lstm`, `transformer`, or one that a program registers.
    pub kind: String,
    /// Embedding width E of an LSTM. The embeddings of a Transformer are `hidden_dim` wide.
    #[schemars(range(min = 1, max = 4096))]
    pub embedding_dim: usize,
    /// Hidden width H of a layer.
    #[schemars(range(min = 1, max = 4096))]
    pub hidden_dim: usize,
    /// Number of layers.
    #[schemars(range(min = 1, max = 32))]
    pub num_layers: usize,
    /// Whether the output layer's weights are the embedding table, which has fewer parameters. The
    /// last layer of an LSTM then has `embedding_dim` units.
    pub tied_embeddings: bool,
    /// Attention heads of a Transformer's layer. They divide `hidden_dim` into heads of an even size.
    #[schemars(range(min = 1, max = 64))]
    pub num_heads: usize,
    /// Inner width of a Transformer's feed-forward layers. 0: 8/3 of `hidden_dim`, rounded up to a
    /// multiple of 32.
    #[schemars(range(min = 0, max = 65_536))]
    pub feedforward_dim: usize,
    /// Precision of the factors of matrix products, in training, sampling and scoring alike: `f32`, or `bf16`, which is
    /// several times faster on a CPU with AMX for wide networks. Everything else is f32. The results do not depend on the CPU.
    pub precision: Precision,
    /// Standard deviation of the initial parameters. A Transformer's normalisations begin at 1, and the
    /// matrices that add to a layer's input with this divided by the root of twice `num_layers`.
    #[schemars(range(min = 1e-6, max = 10.0))]
    pub init_std: f64,
    /// Path of the run folder whose model training goes on from, or of a model's file in one. The
    /// kind of network, its sizes and the kind of tokens are then those of that run. Empty: training
    /// begins with random parameters.
    pub init_from: String,
    /// Method whose model of that run it is. Empty: the single model with the best validation
    /// likelihood.
    pub init_method: String,
}

/// Inner width F of a Transformer of width D, unless `feedforward_dim` has another: 8/3 of D, rounded up to a multiple of 32. Three
/// matrices then have as many values as two of 4 D.
pub const fn usual_feedforward_dim(hidden_dim: usize) -> usize {
    (8 * hidden_dim).div_ceil(3).next_multiple_of(32)
}

/// Sizes and updates of the discriminator.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DiscriminatorConfig {
    /// Embedding width E.
    #[schemars(range(min = 1, max = 4096))]
    pub embedding_dim: usize,
    /// Convolution filters as pairs (width, number of filters). Widths above the longest sequence
    /// are left out.
    #[schemars(length(min = 1, max = 64))]
    #[schemars(extend("items" = {
        "type": "array",
        "prefixItems": [
            { "type": "integer", "minimum": 1, "maximum": 2048 },
            { "type": "integer", "minimum": 1, "maximum": 4096 },
        ],
        "minItems": 2,
        "maxItems": 2,
    }))]
    pub filters: Vec<(usize, usize)>,
    /// Probability that dropout keeps a feature.
    #[schemars(range(min = 0.01, max = 1.0))]
    pub dropout_keep: f64,
    /// Weight of the L2 penalty, half the squared norm of the last layer.
    #[schemars(range(min = 0.0, max = 100.0))]
    pub l2: f64,
    /// Learning rate of Adam.
    #[schemars(range(min = 1e-9, max = 10.0))]
    pub learning_rate: f64,
    /// Sequences per update, half of them real.
    #[schemars(range(min = 2, max = 65_536))]
    pub batch_size: usize,
}
