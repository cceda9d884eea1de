//! Parameters of the LSTM generator.

use super::shape::{EMBEDDING, LstmShape, layout};
use crate::generator::training_pass::zero_gradients;
use crate::generator::{Rules, SequenceSpace};
use crate::kernel::Real;
use crate::nn::lstm;
use crate::nn::softmax::Output;
use crate::nn::{Gradients, Tensors};
use crate::rng::Streams;
use std::sync::Arc;

/// An LSTM language model over tokens: `embedding` `[V + C, E]`; for each layer `w` `[E, 4H]` (`[H, 4H]` behind the first),
/// `u` `[H, 4H]` and `b` `[4H]` (gates i, f, o, c); `w_out` `[H, V]` unless it is the embedding table; `b_out` `[V]`.
///
/// Training and sampling use numbers in f32; gradient checks use the same code in f64.
#[derive(Debug, Clone)]
pub struct LstmGenerator<R = f32> {
    pub(super) space: SequenceSpace,
    pub(super) shape: LstmShape,
    pub(super) rules: Arc<Rules>,
    pub(super) parameters: Tensors<R>,
    /// The blocks of W and U of each layer of a weighted sum; no layers, or one block each, otherwise.
    blocks: Vec<Vec<lstm::Block>>,
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

    /// The sizes.
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

    /// The same function with an output matrix of its own, and all logits multiplied by a factor.
    pub(super) fn with_own_output(&self, factor: R) -> Self {
        let scaled = |values: &[R]| values.iter().map(|&x| x * factor).collect::<Vec<R>>();
        let shape = LstmShape { tied_embeddings: false, ..self.shape };
        let mut parameters = Tensors::new();
        for (i, (name, sizes)) in layout(&self.space, shape).into_iter().enumerate() {
            let values = match i {
                _ if i == shape.output_matrix() => scaled(&self.output().columns()),
                _ if i == shape.output_bias() => scaled(&self.parameters[self.shape.output_bias()]),
                _ => self.parameters[i].clone(),
            };
            parameters.push(name, &sizes, values);
        }
        let (space, rules, blocks) = (self.space.clone(), Arc::clone(&self.rules), self.blocks.clone());
        Self { space, shape, rules, parameters, blocks }
    }

    /// Zero gradients of the parameters.
    pub fn gradients(&self) -> Gradients<R> {
        zero_gradients(&self.parameters, EMBEDDING, self.shape.tied_embeddings)
    }

    /// The weights of layer number `layer`.
    pub(super) fn layer(&self, layer: usize) -> lstm::Weights<'_, R> {
        let [w, u, b] = self.shape.layer(layer).map(|i| &self.parameters[i][..]);
        let blocks = self.blocks.get(layer).map_or(&[][..], Vec::as_slice);
        lstm::Weights { w, u, b, blocks, precision: self.shape.precision }
    }

    /// The embedding table, `[V + C, E]`.
    pub(super) fn embedding(&self) -> &[R] {
        &self.parameters[EMBEDDING]
    }

    pub(super) fn output(&self) -> Output<'_, R> {
        let (w, b) =
            (&self.parameters[self.shape.output_matrix()], &self.parameters[self.shape.output_bias()]);
        let output = match self.shape.tied_embeddings {
            true => {
                Output::tied(&w[..self.space.vocab_size * self.shape.embedding_dim], b, self.rules.masks())
            }
            false => Output::new(w, b, self.rules.masks()),
        };
        output.in_precision(self.shape.precision)
    }
}

/// The blocks of given parameters, whose layout and values are checked first.
fn find_blocks<R: Real>(
    space: &SequenceSpace,
    shape: LstmShape,
    parameters: &Tensors<R>,
) -> Result<Vec<Vec<lstm::Block>>, String> {
    shape.check()?;
    parameters.check_layout(&layout(space, shape))?;
    parameters.check_values()?;
    let of_layer = |layer| {
        let [w, u, _] = shape.layer(layer);
        lstm::find_blocks(&parameters[w], &parameters[u], shape.width(layer))
    };
    Ok((0..shape.num_layers).map(of_layer).collect())
}
