//! The causal discriminator: an LSTM that scores every step from the tokens up to it.
//!
//! It gives a reward at each step without rollouts (de Masson d'Autume et al., "Training language GANs from scratch",
//! NeurIPS 2019, section 3.1; Texar's SeqGAN example). The CNN discriminator scores finished sequences; this one scores
//! the partial sequence after each decision.

use super::shape::BatchLoss;
use crate::kernel::{Precision, Real};
use crate::nn::lstm::{self, Steps};
use crate::nn::{Gradients, Tensors, embedding};
use crate::rng::Streams;
use crate::token::{SeqBatch, TokenId};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Sizes of a causal discriminator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CausalShape {
    /// V, vocabulary size.
    pub vocab_size: usize,
    /// E, embedding dimension.
    pub embedding_dim: usize,
    /// H, hidden dimension of the LSTM.
    pub hidden_dim: usize,
    /// F, number of input features of each decision beside its token; 0 for none.
    #[serde(default)]
    pub num_features: usize,
    /// The token that ends a sequence. It is a decision, and is scored like the others.
    pub end_token: Option<TokenId>,
}

impl CausalShape {
    /// Checks that the sizes are valid, since a file may contain any numbers. The error says what is wrong.
    pub(crate) fn check(&self) -> Result<(), String> {
        const MOST_WIDE: usize = 1 << 25;
        for (name, size, least) in [
            ("vocabulary", self.vocab_size, 1),
            ("embedding_dim", self.embedding_dim, 1),
            ("hidden_dim", self.hidden_dim, 1),
            ("number of features", self.num_features, 0),
        ] {
            if !(least..=MOST_WIDE).contains(&size) {
                return Err(format!("its {name} is {size}, expected {least} to {MOST_WIDE}"));
            }
        }
        Ok(())
    }
}

/// Training objective of a causal discriminator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CausalObjective {
    /// Each logit classifies the partial sequence up to its decision as real or generated.
    EveryStep,
    /// The sum of a sequence's logits classifies the whole sequence. The logit of a step is then its contribution.
    Sum,
}

/// The network and its parameters: `embedding` `[V, E]`, `w` `[E + F, 4H]`, `u` `[H, 4H]`, `b` `[4H]`, `output_w`
/// `[H]`, `output_b` `[1]`, `features_w` `[F]`. `features_w` adds the features directly to the logit of their step.
#[derive(Debug, Clone)]
pub struct CausalDiscriminator<R = f32> {
    shape: CausalShape,
    parameters: Tensors<R>,
}

/// Positions of the parameters in their list.
const EMBEDDING: usize = 0;
const W: usize = 1;
const U: usize = 2;
const B: usize = 3;
const OUTPUT_W: usize = 4;
const OUTPUT_B: usize = 5;
const FEATURES_W: usize = 6;

/// Number of sequences that one task runs through the LSTM. It is fixed, so that sums do not depend on the number of
/// threads.
const ROWS: usize = 16;

/// A forward pass of some rows: their inputs, the LSTM's trace and the logits. n is the number of places of the trace.
struct Chunk<R> {
    rows: Range<usize>,
    inputs: Vec<TokenId>, // [n]
    features: Vec<R>,     // [n, F]
    trace: lstm::Trace<R>,
    logits: Vec<R>, // [n]
}

impl<R: Real> CausalDiscriminator<R> {
    /// Initial parameters: embedding and LSTM from N(0, 0.1), output zero, so that all initial scores are 1/2.
    pub fn new(shape: CausalShape, streams: &Streams) -> Self {
        let mut parameters = Tensors::new();
        for (i, (name, sizes)) in layout(&shape).into_iter().enumerate() {
            let mut reader = streams.reader(i as u64);
            let scale = if i < OUTPUT_W { 0.1 } else { 0.0 };
            let n = sizes.iter().product();
            parameters.push(name, &sizes, (0..n).map(|_| R::of(scale * reader.normal())).collect());
        }
        Self { shape, parameters }
    }

    /// Creates a discriminator with given parameters. The error names the first tensor that does not fit.
    pub fn from_parameters(shape: CausalShape, parameters: Tensors<R>) -> Result<Self, String> {
        parameters.check_layout(&layout(&shape))?;
        parameters.check_values()?;
        Ok(Self { shape, parameters })
    }

    /// Names of the parameters, in order.
    pub(crate) fn parameter_names(shape: &CausalShape) -> impl Iterator<Item = &'static str> {
        layout(shape).into_iter().map(|(name, _)| name)
    }

    /// Sizes of the network.
    pub fn shape(&self) -> &CausalShape {
        &self.shape
    }

    /// The parameters.
    pub fn parameters(&self) -> &Tensors<R> {
        &self.parameters
    }

    /// The parameters, mutable.
    pub fn parameters_mut(&mut self) -> &mut Tensors<R> {
        &mut self.parameters
    }

    /// Weights of the features in the logit of their decision, `[F]`.
    pub fn feature_weights(&self) -> &[R] {
        &self.parameters[FEATURES_W]
    }

    /// Weights of the features in the logit of their decision, `[F]`, mutable.
    pub fn feature_weights_mut(&mut self) -> &mut [R] {
        &mut self.parameters[FEATURES_W]
    }

    /// Bias of the logits, mutable.
    pub fn bias_mut(&mut self) -> &mut R {
        &mut self.parameters[OUTPUT_B][0]
    }

    /// Zero gradients of the parameters.
    pub fn gradients(&self) -> Gradients<R> {
        Gradients::dense(&self.parameters)
    }

    /// Logit of "real" for the partial sequence up to and including decision t, `[B, T]`; zero after the last decision
    /// of a row. `features` is `[B, T, F]`.
    pub fn logits(&self, batch: &SeqBatch, features: &[R]) -> Vec<R> {
        let length = batch.max_length();
        let mut result = vec![R::default(); batch.len() * length];
        for chunk in self.run(&lstm::Layer::new(self.weights()), batch, features) {
            for ((t, r), &logit) in chunk.trace.steps().places().zip(&chunk.logits) {
                result[(chunk.rows.start + r) * length + t] = logit;
            }
        }
        result
    }

    /// Adds to `gradients` the gradient of the mean binary cross-entropy. The mean is over all decisions or over all
    /// sequences, by `objective`. `real` `[B]` holds the labels of the sequences. Returns the loss in nats, and the
    /// share of sequences whose mean logit has the correct sign.
    pub fn accumulate(
        &self,
        batch: &SeqBatch,
        features: &[R],
        real: &[bool],
        objective: CausalObjective,
        gradients: &mut Gradients<R>,
    ) -> BatchLoss {
        assert_eq!(real.len(), batch.len(), "a label a sequence");
        let hidden = self.shape.hidden_dim;
        let scored: usize = match objective {
            CausalObjective::EveryStep => (0..batch.len()).map(|b| self.steps(batch, b)).sum(),
            CausalObjective::Sum => batch.len(),
        };
        let scale = 1.0 / scored.max(1) as f64;
        let layer = lstm::Layer::new(self.weights());
        let chunks = self.run(&layer, batch, features);
        let parts: Vec<_> = chunks
            .par_iter()
            .map(|chunk| {
                let (mut loss, mut right) = (0.0, 0);
                let mut d_logits = vec![R::default(); chunk.logits.len()];
                // Places of each row in the trace.
                let mut of_rows = vec![Vec::new(); chunk.rows.len()];
                chunk.trace.steps().places().enumerate().for_each(|(place, (_, r))| of_rows[r].push(place));
                for (b, places) in chunk.rows.clone().zip(of_rows) {
                    let label = f64::from(u8::from(real[b]));
                    let sum: f64 = places.iter().map(|&place| chunk.logits[place].to_f64()).sum();
                    match objective {
                        CausalObjective::EveryStep => {
                            for place in places {
                                let z = chunk.logits[place].to_f64();
                                loss += cross_entropy(z, label);
                                d_logits[place] = R::of((sigmoid(z) - label) * scale);
                            }
                        }
                        CausalObjective::Sum => {
                            loss += cross_entropy(sum, label);
                            let d = R::of((sigmoid(sum) - label) * scale);
                            places.into_iter().for_each(|place| d_logits[place] = d);
                        }
                    }
                    right += usize::from((sum > 0.0) == real[b]);
                }
                let w = &self.parameters[OUTPUT_W];
                let (mut dw_out, mut db_out) = (vec![R::default(); hidden], R::default());
                let mut dw_features = vec![R::default(); self.shape.num_features];
                if !dw_features.is_empty() {
                    let features = chunk.features.chunks_exact(self.shape.num_features);
                    features.zip(&d_logits).for_each(|(f, &d)| R::axpy(d, f, &mut dw_features));
                }
                let mut dh = vec![R::default(); chunk.trace.hidden().len()];
                let hs = chunk.trace.hidden().chunks_exact(hidden);
                for ((h, dh), &d) in hs.zip(dh.chunks_exact_mut(hidden)).zip(&d_logits) {
                    R::axpy(d, w, dh);
                    R::axpy(d, h, &mut dw_out);
                    db_out += d;
                }
                let d_gates = layer.backward_gates(&chunk.trace, &dh);
                let dx = layer.backward_inputs(&d_gates);
                (loss, right, [dw_out, dw_features], db_out, d_gates, dx)
            })
            .collect();
        let [d_embedding, dw, du, db, dw_out, db_out, dw_features] = gradients.parts_mut().0.slices_mut();
        let (mut loss, mut right) = (0.0, 0);
        for (chunk, (chunk_loss, chunk_right, [w_out, w_features], b_out, d_gates, dx)) in
            chunks.iter().zip(parts)
        {
            loss += chunk_loss;
            right += chunk_right;
            for (part, sum) in [(&w_out, &mut *dw_out), (&w_features, dw_features)] {
                R::axpy(R::of(1.0), part, sum);
            }
            layer.add_weight_gradients(&chunk.trace, &d_gates, (dw, du, db));
            db_out[0] += b_out;
            let dim = self.shape.embedding_dim;
            // Features have no gradient; only the embedding's part of the input gradient is used.
            let inputs = dx.chunks_exact(dim + self.shape.num_features);
            let dx: Vec<R> = inputs.flat_map(|row| row[..dim].iter().copied()).collect();
            embedding::backward(&dx, dim, chunk.inputs.iter().copied(), d_embedding);
        }
        BatchLoss { loss: loss * scale, accuracy: right as f64 / batch.len().max(1) as f64 }
    }

    /// Runs the network over a batch, a fixed number of rows at a time.
    fn run(&self, layer: &lstm::Layer<R>, batch: &SeqBatch, features: &[R]) -> Vec<Chunk<R>> {
        let width = self.shape.num_features;
        assert_eq!(features.len(), batch.len() * batch.max_length() * width, "[B, T, F] features");
        let starts: Vec<usize> = (0..batch.len()).step_by(ROWS).collect();
        let run = |&start: &usize| {
            let rows = start..(start + ROWS).min(batch.len());
            let steps = Steps::of(&rows.clone().map(|b| self.steps(batch, b)).collect::<Vec<_>>());
            let inputs = self.inputs(batch, rows.start, &steps);
            let mut x = Vec::new();
            let dim = self.shape.embedding_dim;
            embedding::forward(&self.parameters[EMBEDDING], dim, inputs.iter().copied(), &mut x);
            let own = |(t, r)| {
                let decision = (rows.start + r) * batch.max_length() + t;
                &features[decision * width..][..width]
            };
            let own: Vec<R> = steps.places().flat_map(own).copied().collect();
            if width > 0 {
                let both = x.chunks_exact(dim).zip(own.chunks_exact(width));
                x = both.flat_map(|(x, own)| x.iter().chain(own).copied()).collect();
            }
            let trace = layer.forward(steps, x);
            let dot = |w: &[R], x: &[R], z: R| x.iter().zip(w).fold(z, |z, (&x, &w)| z + x * w);
            let (w, b) = (&self.parameters[OUTPUT_W], self.parameters[OUTPUT_B][0]);
            let hs = trace.hidden().chunks_exact(self.shape.hidden_dim);
            let straight = |i: usize| dot(&self.parameters[FEATURES_W], &own[i * width..][..width], b);
            let logits = hs.enumerate().map(|(i, h)| dot(w, h, straight(i))).collect();
            Chunk { rows, inputs, features: own, trace, logits }
        };
        starts.par_iter().map(run).collect()
    }

    /// Input token at each place of the rows from `first`: the tokens of a row, then its end token.
    fn inputs(&self, batch: &SeqBatch, first: usize, steps: &Steps) -> Vec<TokenId> {
        let end = self.shape.end_token;
        let input = |(t, r): (usize, usize)| batch.row(first + r).get(t).copied().or(end).unwrap_or_default();
        steps.places().map(input).collect()
    }

    /// Number of decisions of row `b`.
    pub(crate) fn steps(&self, batch: &SeqBatch, b: usize) -> usize {
        batch.steps(b, self.shape.end_token.is_some())
    }

    fn weights(&self) -> lstm::Weights<'_, R> {
        let [w, u, b] = [W, U, B].map(|i| &self.parameters[i][..]);
        lstm::Weights { w, u, b, blocks: &[], precision: Precision::F32 }
    }
}

/// 1 / (1 + e^-z).
pub(crate) fn sigmoid(z: f64) -> f64 {
    1.0 / (1.0 + (-z).exp())
}

/// Binary cross-entropy of a logit and a label, ln(1 + e^z) - label z, without overflow.
fn cross_entropy(z: f64, label: f64) -> f64 {
    z.max(0.0) + (-z.abs()).exp().ln_1p() - label * z
}

/// Names and shapes of the parameters.
fn layout(shape: &CausalShape) -> [(&'static str, Vec<usize>); 7] {
    let (v, e, h) = (shape.vocab_size, shape.embedding_dim, shape.hidden_dim);
    [
        ("embedding", vec![v, e]),
        ("w", vec![e + shape.num_features, 4 * h]),
        ("u", vec![h, 4 * h]),
        ("b", vec![4 * h]),
        ("output_w", vec![h]),
        ("output_b", vec![1]),
        ("features_w", vec![shape.num_features]),
    ]
}
