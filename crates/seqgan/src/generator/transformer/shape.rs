//! Sizes of the Transformer generator, and the names and shapes of its parameters.

use crate::config::usual_feedforward_dim;
use crate::generator::SequenceSpace;
use crate::kernel::Precision;
use crate::nn::attention::Heads;
use crate::space::LARGEST_WIDTH;
use serde::{Deserialize, Serialize};

/// Most layers of a network.
const MOST_LAYERS: usize = 32;

/// Most heads of a layer.
const MOST_HEADS: usize = 64;

/// Sizes of a Transformer generator, and the precision of its products.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransformerShape {
    /// D, values of a place.
    pub hidden_dim: usize,
    /// L, number of layers.
    pub num_layers: usize,
    /// Heads of each layer. They divide D into heads of an even size.
    pub num_heads: usize,
    /// F, inner width of the feed-forward layers.
    pub feedforward_dim: usize,
    /// Whether the embedding table is also the matrix of the output layer.
    pub tied_embeddings: bool,
    /// Precision of all products but those of queries and keys, in training and sampling alike.
    #[serde(default, skip_serializing_if = "Precision::is_default")]
    pub precision: Precision,
}

impl TransformerShape {
    /// Sizes D, L and number of heads, with F as [`usual_feedforward_dim`].
    pub const fn new(hidden_dim: usize, num_layers: usize, num_heads: usize) -> Self {
        let feedforward_dim = usual_feedforward_dim(hidden_dim);
        let (tied_embeddings, precision) = (false, Precision::F32);
        Self { hidden_dim, num_layers, num_heads, feedforward_dim, tied_embeddings, precision }
    }

    /// The same sizes with F.
    #[must_use]
    pub const fn with_feedforward(self, feedforward_dim: usize) -> Self {
        Self { feedforward_dim, ..self }
    }

    /// The same sizes with products in a precision.
    #[must_use]
    pub const fn in_precision(self, precision: Precision) -> Self {
        Self { precision, ..self }
    }

    /// The same sizes with tied embeddings.
    #[must_use]
    pub const fn tied(self) -> Self {
        Self { tied_embeddings: true, ..self }
    }

    /// Checks the numbers, which a file may hold any of.
    pub fn check(&self) -> Result<(), String> {
        let Self { hidden_dim, num_layers, num_heads, feedforward_dim, .. } = *self;
        let sizes = [
            ("hidden_dim", hidden_dim, LARGEST_WIDTH),
            ("num_layers", num_layers, MOST_LAYERS),
            ("num_heads", num_heads, MOST_HEADS),
            ("feedforward_dim", feedforward_dim, LARGEST_WIDTH),
        ];
        for (name, size, most) in sizes {
            if !(1..=most).contains(&size) {
                return Err(format!("its {name} is {size}, expected 1 to {most}"));
            }
        }
        if !hidden_dim.is_multiple_of(2 * num_heads) {
            return Err(format!(
                "num_heads of {num_heads} does not divide hidden_dim of {hidden_dim} into heads of an even size"
            ));
        }
        Ok(())
    }

    /// The heads of a layer.
    pub fn heads(&self) -> Heads {
        Heads { num: self.num_heads, dim: self.hidden_dim / self.num_heads }
    }

    /// Positions of a layer's parameters in the list.
    pub(super) fn layer(&self, layer: usize) -> LayerPositions {
        let first = 1 + OF_LAYER.len() * layer;
        LayerPositions {
            attention_norm: first,
            attention: [1, 2, 3, 4].map(|i| first + i),
            mlp_norm: first + 5,
            mlp: [6, 7, 8].map(|i| first + i),
        }
    }

    /// Position of the last normalisation.
    pub(super) fn final_norm(&self) -> usize {
        1 + OF_LAYER.len() * self.num_layers
    }

    /// Position of the output layer's matrix; that of the embedding table if they are tied.
    pub(super) fn output_matrix(&self) -> usize {
        if self.tied_embeddings { EMBEDDING } else { self.final_norm() + 1 }
    }
}

/// Position of the embedding table in the list of parameters.
pub(super) const EMBEDDING: usize = 0;

/// Positions of a layer's parameters.
pub(super) struct LayerPositions {
    pub attention_norm: usize,
    /// Of q, k, v and o.
    pub attention: [usize; 4],
    pub mlp_norm: usize,
    /// Of gate, up and down.
    pub mlp: [usize; 3],
}

/// How a parameter begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Beginning {
    /// As another matrix.
    Matrix,
    /// As a matrix whose product is added to its layer's input.
    Residual,
    /// As the gain of a normalisation.
    Gain,
}

/// Names and beginnings of a layer's parameters, in their order.
const OF_LAYER: [(&str, Beginning); 9] = [
    ("attention_norm", Beginning::Gain),
    ("q", Beginning::Matrix),
    ("k", Beginning::Matrix),
    ("v", Beginning::Matrix),
    ("o", Beginning::Residual),
    ("mlp_norm", Beginning::Gain),
    ("gate", Beginning::Matrix),
    ("up", Beginning::Matrix),
    ("down", Beginning::Residual),
];

/// Names, sizes and beginnings of the parameters: `embedding` `[V + C, D]`; for each layer, here the first,
/// `attention_norm1` `[D]`, `q1`, `k1`, `v1`, `o1` `[D, D]`, `mlp_norm1` `[D]`, `gate1`, `up1` `[D, F]`, `down1` `[F, D]`;
/// `final_norm` `[D]`; `w_out` `[D, V]` unless it is the embedding table.
pub(super) fn parameters(
    space: &SequenceSpace,
    shape: TransformerShape,
) -> Vec<(String, Vec<usize>, Beginning)> {
    let (v, d, f) = (space.vocab_size, shape.hidden_dim, shape.feedforward_dim);
    let mut all = vec![("embedding".to_owned(), vec![v + space.num_labels(), d], Beginning::Matrix)];
    for layer in 1..=shape.num_layers {
        for (name, beginning) in OF_LAYER {
            let sizes = match name {
                "gate" | "up" => vec![d, f],
                "down" => vec![f, d],
                _ if beginning == Beginning::Gain => vec![d],
                _ => vec![d, d],
            };
            all.push((format!("{name}{layer}"), sizes, beginning));
        }
    }
    all.push(("final_norm".into(), vec![d], Beginning::Gain));
    if !shape.tied_embeddings {
        all.push(("w_out".into(), vec![d, v], Beginning::Matrix));
    }
    all
}

/// Names and sizes of the parameters.
pub(super) fn layout(space: &SequenceSpace, shape: TransformerShape) -> Vec<(String, Vec<usize>)> {
    parameters(space, shape).into_iter().map(|(name, sizes, _)| (name, sizes)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::oracle::synthetic_space;

    #[test]
    fn parameters_stand_where_their_positions_say() {
        let space = synthetic_space(9, 4);
        let shape = TransformerShape::new(8, 3, 2);
        for shape in [shape, shape.tied()] {
            shape.check().unwrap();
            let layout = layout(&space, shape);
            let name = |i: usize| layout[i].0.as_str();
            let LayerPositions { attention_norm, attention, mlp_norm, mlp } = shape.layer(2);
            assert_eq!([attention_norm, mlp_norm].map(name), ["attention_norm3", "mlp_norm3"]);
            assert_eq!(attention.map(name), ["q3", "k3", "v3", "o3"]);
            assert_eq!(mlp.map(name), ["gate3", "up3", "down3"]);
            assert_eq!(name(shape.final_norm()), "final_norm");
            let last = if shape.tied_embeddings { ("embedding", shape.final_norm()) } else { ("w_out", 29) };
            assert_eq!((name(shape.output_matrix()), layout.len() - 1), last);
        }
        assert_eq!(shape.layer(0).attention_norm, 1);
    }

    #[test]
    fn sizes_that_do_not_fit_are_refused() {
        let shape = TransformerShape::new(32, 2, 4);
        assert_eq!((shape.check(), shape.feedforward_dim), (Ok(()), 96));
        assert_eq!(usual_feedforward_dim(256), 704);
        let error = TransformerShape { num_heads: 5, ..shape }.check().unwrap_err();
        assert_eq!(error, "num_heads of 5 does not divide hidden_dim of 32 into heads of an even size");
        assert!(TransformerShape { num_heads: 32, ..shape }.check().is_err());
        assert!(TransformerShape { num_heads: 0, ..shape }.check().unwrap_err().contains("num_heads is 0"));
        assert!(TransformerShape { num_layers: 33, ..shape }.check().is_err());
        assert!(TransformerShape { feedforward_dim: 0, ..shape }.check().is_err());
        assert!(TransformerShape { hidden_dim: 0, ..shape }.check().is_err());
    }
}
