//! Parameters and sizes of the LSTM generator.

use crate::generator::{Rules, SequenceSpace};
use crate::kernel::Real;
use crate::nn::lstm;
use crate::nn::softmax::Output;
use crate::nn::{Gradients, Tensors};
use crate::rng::Streams;
use crate::space::LARGEST_WIDTH;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Sizes of an LSTM generator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LstmShape {
    /// E, length of the vector of a token.
    pub embedding_dim: usize,
    /// H, number of hidden units.
    pub hidden_dim: usize,
}

impl LstmShape {
    /// Sizes E and H.
    pub fn new(embedding_dim: usize, hidden_dim: usize) -> Self {
        Self { embedding_dim, hidden_dim }
    }

    /// Checks the numbers, which a file may hold any of: a product of two may be too large for a number.
    pub fn check(&self) -> Result<(), String> {
        for (name, size) in [("embedding_dim", self.embedding_dim), ("hidden_dim", self.hidden_dim)] {
            if !(1..=LARGEST_WIDTH).contains(&size) {
                return Err(format!("its {name} is {size}, expected 1 to {LARGEST_WIDTH}"));
            }
        }
        Ok(())
    }
}

/// Positions of the parameters in their list.
pub(super) mod parameter {
    pub const EMBEDDING: usize = 0;
    pub const W: usize = 1;
    pub const U: usize = 2;
    pub const B: usize = 3;
    pub const W_OUT: usize = 4;
    pub const B_OUT: usize = 5;
}
use parameter::*;

/// An LSTM language model over tokens: `embedding` `[V + C, E]`, `w` `[E, 4H]`, `u` `[H, 4H]`, `b` `[4H]` (gates i, f,
/// o, c), `w_out` `[H, V]`, `b_out` `[V]`.
///
/// Training and sampling use numbers in f32; gradient checks use the same code in f64.
#[derive(Debug, Clone)]
pub struct LstmGenerator<R = f32> {
    pub(super) space: SequenceSpace,
    pub(super) shape: LstmShape,
    pub(super) rules: Arc<Rules>,
    pub(super) parameters: Tensors<R>,
    /// The blocks of W and U of a weighted sum; empty or one block otherwise.
    blocks: Vec<lstm::Block>,
}

impl<R: Real> LstmGenerator<R> {
    /// An untrained generator with all parameters from N(0, `std`).
    pub fn new(space: SequenceSpace, shape: LstmShape, std: f64, streams: &Streams) -> Self {
        let mut parameters = Tensors::new();
        for (i, (name, sizes)) in layout(&space, shape).into_iter().enumerate() {
            let mut reader = streams.reader(i as u64);
            let n = sizes.iter().product();
            parameters.push(name, &sizes, (0..n).map(|_| R::of(std * reader.normal())).collect());
        }
        Self { rules: Arc::new(Rules::of(&space)), space, shape, parameters, blocks: Vec::new() }
    }

    /// A generator with given parameters, which must have the names and sizes of [`LstmGenerator`] and no
    /// value whose products overflow; the error names the first that has not.
    pub fn from_parameters(
        space: SequenceSpace,
        shape: LstmShape,
        parameters: Tensors<R>,
    ) -> Result<Self, String> {
        let blocks = find_blocks(&space, shape, &parameters)?;
        Ok(Self { rules: Arc::new(Rules::of(&space)), space, shape, parameters, blocks })
    }

    /// A generator with other parameters and the same space, sizes and rules.
    pub fn with_parameters(&self, parameters: Tensors<R>) -> Result<Self, String> {
        let blocks = find_blocks(&self.space, self.shape, &parameters)?;
        let (space, rules) = (self.space.clone(), Arc::clone(&self.rules));
        Ok(Self { space, shape: self.shape, rules, parameters, blocks })
    }

    /// The same parameters under a constraint.
    pub fn with_constraint(self, rules: Arc<Rules>) -> Self {
        Self { rules, ..self }
    }

    /// The tokens that each decision may choose.
    pub fn rules(&self) -> &Arc<Rules> {
        &self.rules
    }

    /// The space of its sequences.
    pub fn space(&self) -> &SequenceSpace {
        &self.space
    }

    /// E and H.
    pub fn shape(&self) -> LstmShape {
        self.shape
    }

    /// The parameters.
    pub fn parameters(&self) -> &Tensors<R> {
        &self.parameters
    }

    /// The parameters, to be changed. Changed weights count as dense: they may no longer consist of blocks.
    pub fn parameters_mut(&mut self) -> &mut Tensors<R> {
        self.blocks.clear();
        &mut self.parameters
    }

    /// Multiplies all logits by a factor.
    pub(super) fn scale_logits(&mut self, factor: R) {
        for i in [W_OUT, B_OUT] {
            self.parameters[i].iter_mut().for_each(|x| *x *= factor);
        }
    }

    /// Zero gradients of the parameters.
    pub fn gradients(&self) -> Gradients<R> {
        Gradients::dense(&self.parameters)
    }

    pub(super) fn lstm_weights(&self) -> lstm::Weights<'_, R> {
        let [w, u, b] = [W, U, B].map(|i| &self.parameters[i][..]);
        lstm::Weights { w, u, b, blocks: &self.blocks }
    }

    pub(super) fn output(&self) -> Output<'_, R> {
        Output { w: &self.parameters[W_OUT], b: &self.parameters[B_OUT], masks: self.rules.masks() }
    }
}

/// The blocks of given parameters, whose layout and values are checked first.
fn find_blocks<R: Real>(
    space: &SequenceSpace,
    shape: LstmShape,
    parameters: &Tensors<R>,
) -> Result<Vec<lstm::Block>, String> {
    parameters.check_layout(&layout(space, shape))?;
    parameters.check_values()?;
    Ok(lstm::find_blocks(&parameters[W], &parameters[U], shape.hidden_dim))
}

/// Names and sizes of the parameters.
pub(super) fn layout(space: &SequenceSpace, shape: LstmShape) -> [(&'static str, Vec<usize>); 6] {
    let (v, e, h) = (space.vocab_size, shape.embedding_dim, shape.hidden_dim);
    [
        ("embedding", vec![v + space.num_labels(), e]),
        ("w", vec![e, 4 * h]),
        ("u", vec![h, 4 * h]),
        ("b", vec![4 * h]),
        ("w_out", vec![h, v]),
        ("b_out", vec![v]),
    ]
}
