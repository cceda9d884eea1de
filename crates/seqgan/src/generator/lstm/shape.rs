//! Sizes of the LSTM generator, and the names and shapes of its parameters.

use crate::generator::SequenceSpace;
use crate::kernel::Precision;
use crate::space::LARGEST_WIDTH;
use serde::{Deserialize, Serialize};

/// Most layers of a network.
pub(crate) const MOST_LAYERS: usize = 32;

/// Sizes of an LSTM generator, and the precision of its products.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LstmShape {
    /// E, length of the vector of a token.
    pub embedding_dim: usize,
    /// H, number of hidden units of a layer.
    pub hidden_dim: usize,
    /// L, number of layers.
    #[serde(default = "one")]
    pub num_layers: usize,
    /// Number of hidden units of the last layer, if it is not H.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_hidden_dim: Option<usize>,
    /// Whether the embedding table is also the matrix of the output layer. The last layer then has E units.
    #[serde(default)]
    pub tied_embeddings: bool,
    /// Precision of all products, in training and sampling alike.
    #[serde(default, skip_serializing_if = "Precision::is_default")]
    pub precision: Precision,
}

/// The number of layers where a file has none.
fn one() -> usize {
    1
}

impl LstmShape {
    /// One layer with sizes E and H.
    pub const fn new(embedding_dim: usize, hidden_dim: usize) -> Self {
        let (num_layers, last_hidden_dim, tied_embeddings, precision) = (1, None, false, Precision::F32);
        Self { embedding_dim, hidden_dim, num_layers, last_hidden_dim, tied_embeddings, precision }
    }

    /// The same sizes with `num_layers` layers.
    #[must_use]
    pub const fn with_layers(self, num_layers: usize) -> Self {
        Self { num_layers, ..self }
    }

    /// The same sizes with products in a precision.
    #[must_use]
    pub const fn in_precision(self, precision: Precision) -> Self {
        Self { precision, ..self }
    }

    /// The same sizes with tied embeddings.
    #[must_use]
    pub const fn tied(self) -> Self {
        Self { last_hidden_dim: Some(self.embedding_dim), tied_embeddings: true, ..self }
    }

    /// Checks the numbers, which a file may hold any of: a product of two may be too large for a number.
    pub fn check(&self) -> Result<(), String> {
        let last = self.output_dim();
        let widths = [
            ("embedding_dim", self.embedding_dim),
            ("hidden_dim", self.hidden_dim),
            ("last_hidden_dim", last),
        ];
        for (name, size) in widths {
            if !(1..=LARGEST_WIDTH).contains(&size) {
                return Err(format!("its {name} is {size}, expected 1 to {LARGEST_WIDTH}"));
            }
        }
        if !(1..=MOST_LAYERS).contains(&self.num_layers) {
            return Err(format!("its num_layers is {}, expected 1 to {MOST_LAYERS}", self.num_layers));
        }
        if self.tied_embeddings && last != self.embedding_dim {
            let e = self.embedding_dim;
            return Err(format!("its embeddings of {e} values are tied to a last layer of {last} units"));
        }
        Ok(())
    }

    /// Number of hidden units of layer number `layer`, counted from 0.
    pub fn width(&self, layer: usize) -> usize {
        if layer + 1 == self.num_layers { self.output_dim() } else { self.hidden_dim }
    }

    /// Length of the input of layer number `layer`.
    pub fn input_dim(&self, layer: usize) -> usize {
        if layer == 0 { self.embedding_dim } else { self.width(layer - 1) }
    }

    /// Number of hidden units of the last layer, which the output layer reads.
    pub fn output_dim(&self) -> usize {
        self.last_hidden_dim.unwrap_or(self.hidden_dim)
    }

    /// Positions of W, U and b of a layer in the list of parameters.
    pub(super) fn layer(&self, layer: usize) -> [usize; 3] {
        [1, 2, 3].map(|i| 3 * layer + i)
    }

    /// Position of the output layer's matrix; that of the embedding table if they are tied.
    pub(super) fn output_matrix(&self) -> usize {
        if self.tied_embeddings { EMBEDDING } else { 1 + 3 * self.num_layers }
    }

    /// Position of the output layer's bias, the last parameter.
    pub(super) fn output_bias(&self) -> usize {
        3 * self.num_layers + if self.tied_embeddings { 1 } else { 2 }
    }
}

/// Position of the embedding table in the list of parameters.
pub(super) const EMBEDDING: usize = 0;

/// Names and sizes of the parameters: `embedding`, then `w`, `u`, `b` of the first layer, `w2`, `u2`, `b2` of the second and so on,
/// then `w_out` and `b_out`.
pub(super) fn layout(space: &SequenceSpace, shape: LstmShape) -> Vec<(String, Vec<usize>)> {
    let v = space.vocab_size;
    let mut layout = vec![("embedding".to_owned(), vec![v + space.num_labels(), shape.embedding_dim])];
    for layer in 0..shape.num_layers {
        let (inputs, hidden) = (shape.input_dim(layer), shape.width(layer));
        let name = |name: &str| match layer {
            0 => name.to_owned(),
            layer => format!("{name}{}", layer + 1),
        };
        layout.push((name("w"), vec![inputs, 4 * hidden]));
        layout.push((name("u"), vec![hidden, 4 * hidden]));
        layout.push((name("b"), vec![4 * hidden]));
    }
    if !shape.tied_embeddings {
        layout.push(("w_out".into(), vec![shape.output_dim(), v]));
    }
    layout.push(("b_out".into(), vec![v]));
    layout
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::oracle::synthetic_space;

    #[test]
    fn parameters_stand_where_their_positions_say() {
        let space = synthetic_space(9, 4);
        for shape in [LstmShape::new(3, 5), LstmShape::new(3, 5).with_layers(3)] {
            for shape in [shape, shape.tied()] {
                shape.check().unwrap();
                let layout = layout(&space, shape);
                let name = |i: usize| layout[i].0.as_str();
                assert_eq!(name(shape.output_bias()), "b_out");
                assert_eq!(shape.output_bias() + 1, layout.len());
                let matrix = if shape.tied_embeddings { "embedding" } else { "w_out" };
                assert_eq!(name(shape.output_matrix()), matrix);
                assert_eq!(shape.layer(0).map(name), ["w", "u", "b"]);
                if shape.num_layers == 3 {
                    assert_eq!(shape.layer(2).map(name), ["w3", "u3", "b3"]);
                    let last = if shape.tied_embeddings { 3 } else { 5 };
                    assert_eq!(layout[shape.layer(2)[0]].1, [5, 4 * last]);
                }
            }
        }
    }

    #[test]
    fn sizes_that_do_not_fit_are_refused() {
        let shape = LstmShape::new(3, 5);
        assert!(LstmShape { num_layers: 0, ..shape }.check().unwrap_err().contains("num_layers is 0"));
        assert!(LstmShape { tied_embeddings: true, ..shape }.check().unwrap_err().contains("tied"));
        assert!(LstmShape { hidden_dim: 0, ..shape }.check().is_err());
        let old: LstmShape = serde_json::from_str(r#"{"embedding_dim": 3, "hidden_dim": 5}"#).unwrap();
        assert_eq!(old, shape);
    }
}
