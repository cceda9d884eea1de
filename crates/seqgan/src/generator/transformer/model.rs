//! Parameters of the Transformer generator.

use super::block::Block;
use super::shape::{Beginning, EMBEDDING, TransformerShape, layout, parameters};
use crate::generator::training_pass::zero_gradients;
use crate::generator::{Rules, SequenceSpace};
use crate::kernel::Real;
use crate::nn::rotary::Rotary;
use crate::nn::softmax::Output;
use crate::nn::{Gradients, Tensors};
use crate::rng::Streams;
use std::sync::Arc;

/// A Transformer language model over tokens. Names and shapes of its parameters: `embedding` `[V + C, D]`; for each layer, here
/// the first, `attention_norm1` `[D]`, `q1`, `k1`, `v1`, `o1` `[D, D]`, `mlp_norm1` `[D]`, `gate1`, `up1` `[D, F]`, `down1`
/// `[F, D]`; `final_norm` `[D]`; `w_out` `[D, V]` unless it is the embedding table.
///
/// Training and sampling use numbers in f32; gradient checks use the same code in f64.
#[derive(Debug, Clone)]
pub struct TransformerGenerator<R = f32> {
    pub(super) space: SequenceSpace,
    pub(super) shape: TransformerShape,
    pub(super) rules: Arc<Rules>,
    pub(super) parameters: Tensors<R>,
    pub(super) fixed: Arc<Fixed<R>>,
}

/// What follows from the sizes alone.
#[derive(Debug)]
pub(super) struct Fixed<R> {
    pub(super) rotary: Rotary<R>,
    /// Zeros, `[V]`: the output layer has no bias.
    pub(super) no_bias: Vec<R>,
}

impl<R: Real> TransformerGenerator<R> {
    /// An untrained generator: gains of 1, matrices from N(0, `std`), and those whose products are added to their layer's
    /// input divided by `sqrt(2 L)`, so that the sum over all layers does not grow with their number (Radford et al., 2019).
    pub fn new(space: SequenceSpace, shape: TransformerShape, std: f64, streams: &Streams) -> Self {
        let mut tensors = Tensors::new();
        for (i, (name, sizes, beginning)) in parameters(&space, shape).into_iter().enumerate() {
            let n = sizes.iter().product();
            let normals = |std: f64| {
                let mut reader = streams.reader(i as u64);
                (0..n).map(|_| R::of(std * reader.normal())).collect()
            };
            let values = match beginning {
                Beginning::Matrix => normals(std),
                Beginning::Residual => normals(std / (2.0 * shape.num_layers as f64).sqrt()),
                Beginning::Gain => vec![R::of(1.0); n],
            };
            tensors.push(name, &sizes, values);
        }
        Self::with(Arc::new(Rules::of(&space)), space, shape, tensors)
    }

    /// A generator with given parameters, which must have the names and sizes of [`TransformerGenerator`] and no value whose
    /// products overflow; the error names the first that has not.
    pub fn from_parameters(
        space: SequenceSpace,
        shape: TransformerShape,
        parameters: Tensors<R>,
    ) -> Result<Self, String> {
        check(&space, shape, &parameters)?;
        Ok(Self::with(Arc::new(Rules::of(&space)), space, shape, parameters))
    }

    /// A generator with other parameters and the same space, sizes and rules.
    pub fn with_parameters(&self, parameters: Tensors<R>) -> Result<Self, String> {
        check(&self.space, self.shape, &parameters)?;
        Ok(self.with_other(self.shape, parameters))
    }

    /// Other parameters, in the same space and under the same rules.
    fn with_other(&self, shape: TransformerShape, parameters: Tensors<R>) -> Self {
        let (space, rules, fixed) = (self.space.clone(), Arc::clone(&self.rules), Arc::clone(&self.fixed));
        Self { space, shape, rules, parameters, fixed }
    }

    fn with(
        rules: Arc<Rules>,
        space: SequenceSpace,
        shape: TransformerShape,
        parameters: Tensors<R>,
    ) -> Self {
        let rotary = Rotary::new(shape.heads().dim, space.max_length);
        let fixed = Arc::new(Fixed { rotary, no_bias: vec![R::default(); space.vocab_size] });
        Self { space, shape, rules, parameters, fixed }
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
    pub fn shape(&self) -> TransformerShape {
        self.shape
    }

    /// The parameters.
    pub fn parameters(&self) -> &Tensors<R> {
        &self.parameters
    }

    /// The parameters, to be changed.
    pub fn parameters_mut(&mut self) -> &mut Tensors<R> {
        &mut self.parameters
    }

    /// Zero gradients of the parameters.
    pub fn gradients(&self) -> Gradients<R> {
        zero_gradients(&self.parameters, EMBEDDING, self.shape.tied_embeddings)
    }

    /// The same function with an output matrix of its own, and all logits multiplied by a factor.
    pub(super) fn with_own_output(&self, factor: R) -> Self {
        let shape = TransformerShape { tied_embeddings: false, ..self.shape };
        let mut parameters = Tensors::new();
        for (i, (name, sizes)) in layout(&self.space, shape).into_iter().enumerate() {
            let values = match i {
                _ if i == shape.output_matrix() => {
                    self.output().columns().iter().map(|&x| x * factor).collect()
                }
                _ => self.parameters[i].clone(),
            };
            parameters.push(name, &sizes, values);
        }
        self.with_other(shape, parameters)
    }

    /// The layers, prepared for many passes.
    pub(super) fn blocks(&self) -> Vec<Block<R>> {
        (0..self.shape.num_layers).map(|layer| Block::new(&self.parameters, self.shape, layer)).collect()
    }

    /// The embedding table, `[V + C, D]`.
    pub(super) fn embedding(&self) -> &[R] {
        &self.parameters[EMBEDDING]
    }

    /// The gain of the last normalisation.
    pub(super) fn final_norm(&self) -> &[R] {
        &self.parameters[self.shape.final_norm()]
    }

    pub(super) fn output(&self) -> Output<'_, R> {
        let (w, no_bias) = (&self.parameters[self.shape.output_matrix()], &self.fixed.no_bias);
        let output = match self.shape.tied_embeddings {
            true => {
                Output::tied(&w[..self.space.vocab_size * self.shape.hidden_dim], no_bias, self.rules.masks())
            }
            false => Output::new(w, no_bias, self.rules.masks()),
        };
        output.in_precision(self.shape.precision)
    }
}

fn check<R: Real>(
    space: &SequenceSpace,
    shape: TransformerShape,
    parameters: &Tensors<R>,
) -> Result<(), String> {
    shape.check()?;
    parameters.check_layout(&layout(space, shape))?;
    parameters.check_values()
}
