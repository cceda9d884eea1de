//! The CNN discriminator (SeqGAN, section 3.3): embedding, convolutions of many widths with ReLU and maximum over
//! time, a highway layer, dropout, and a linear layer to two classes; class 1 is "real".

use super::arithmetic::Exact;
use super::scorer::Scorer;
use crate::kernel::Real;
use crate::nn::{Gradients, Tensors, conv, dropout, embedding, highway, linear};
use crate::rng::Streams;
use crate::rollout::Completions;
use crate::token::{SeqBatch, TokenId};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// What fixes the sizes of a discriminator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiscriminatorShape {
    /// V.
    pub vocab_size: usize,
    /// E.
    pub embedding_dim: usize,
    /// T.
    pub max_length: usize,
    /// (width, number of filters) of each convolution; no width above T.
    pub filters: Vec<(usize, usize)>,
    /// The token that ends a sequence. A sequence that has ended is shown with it.
    pub end_token: Option<TokenId>,
}

/// How an update regularises.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Regularisation<'a> {
    /// Share of features that dropout keeps.
    pub dropout_keep: f64,
    /// Where dropout's masks come from, and the global number of the batch's first row.
    pub masks: Option<(&'a Streams, u64)>,
    /// Factor of half the squared norm of the last layer's weights and biases.
    pub l2: f64,
}

/// Loss and accuracy of a batch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BatchLoss {
    /// Mean cross-entropy and the L2 term, in nats.
    pub loss: f64,
    /// Share of rows that were classified right, at 0.5.
    pub accuracy: f64,
}

/// The network and its parameters: `embedding` `[V, E]`; `conv_w.i` `[F_i, k_i E]`, `conv_b.i` `[F_i]`; `transform_w`,
/// `gate_w` `[F, F]`, `transform_b`, `gate_b` `[F]`; `output_w` `[F, 2]`, `output_b` `[2]`.
#[derive(Debug, Clone)]
pub struct Discriminator<R = f32> {
    shape: DiscriminatorShape,
    parameters: Tensors<R>,
}

/// A batch's forward pass.
struct Forward<R> {
    tokens: Vec<TokenId>, // [B, T]
    lengths: Vec<usize>,  // [B], ends included
    x: Vec<R>,            // [B, T, E]
    pooled: conv::Pooled<R>,
    highway: Vec<R>, // [B, F]
    trace: highway::Trace<R>,
}

/// Sequences that are scored together; bounds memory.
const SCORE_ROWS: usize = 256;

impl<R: Real> Discriminator<R> {
    /// Initial parameters of the original: embedding U(-1, 1), filters and output truncated N(0, 0.1), their
    /// biases 0.1, highway Glorot-uniform with bias 0.
    pub fn new(shape: DiscriminatorShape, streams: &Streams) -> Self {
        let features = shape.filters.iter().map(|f| f.1).sum::<usize>();
        let glorot = (6.0 / (2 * features) as f64).sqrt();
        let mut parameters = Tensors::new();
        for (i, (name, sizes)) in layout(&shape).into_iter().enumerate() {
            let mut reader = streams.reader(i as u64);
            let n = sizes.iter().product::<usize>();
            let kind = name.split('.').next().unwrap_or_default().to_string();
            let mut draw = || match kind.as_str() {
                "embedding" => 2.0 * reader.uniform() - 1.0,
                "transform_w" | "gate_w" => glorot * (2.0 * reader.uniform() - 1.0),
                "conv_w" | "output_w" => 0.1 * reader.truncated_normal(),
                "conv_b" | "output_b" => 0.1,
                _ => 0.0,
            };
            parameters.push(name, &sizes, (0..n).map(|_| R::of(draw())).collect());
        }
        Self { shape, parameters }
    }

    /// A discriminator with given parameters; the error names the first tensor that does not fit.
    pub fn from_parameters(shape: DiscriminatorShape, parameters: Tensors<R>) -> Result<Self, String> {
        parameters.check_layout(&layout(&shape))?;
        Ok(Self { shape, parameters })
    }

    /// Sizes.
    pub fn shape(&self) -> &DiscriminatorShape {
        &self.shape
    }

    /// The parameters.
    pub fn parameters(&self) -> &Tensors<R> {
        &self.parameters
    }

    /// The parameters, to be changed.
    pub fn parameters_mut(&mut self) -> &mut Tensors<R> {
        &mut self.parameters
    }

    /// Zero gradients of the parameters; the highway's are kept as factors.
    pub fn gradients(&self) -> Gradients<R> {
        let n = self.parameters.len();
        Gradients::with_factors(&self.parameters, &[n - 6, n - 4])
    }

    /// Probability of "real" for each sequence, `[B]`, without dropout.
    pub fn scores(&self, batch: &SeqBatch) -> Vec<R> {
        let mut scores = Vec::with_capacity(batch.len());
        for start in (0..batch.len()).step_by(SCORE_ROWS) {
            let forward = self.forward(&batch.slice(start, SCORE_ROWS.min(batch.len() - start)));
            let logits = self.logits(&forward.highway);
            scores.extend(logits.chunks_exact(2).map(|l| real_probability(l)));
        }
        scores
    }

    /// The same for completions, sharing what completions of one row have in common.
    pub fn completion_scores(&self, completions: &Completions) -> Vec<R> {
        Scorer::<Exact<R>>::new(self).scores(completions)
    }

    /// Adds the gradient of the batch's loss: mean cross-entropy against `real` `[B]`, and L2 of the last layer.
    pub fn accumulate(
        &self,
        batch: &SeqBatch,
        real: &[bool],
        regularisation: Regularisation<'_>,
        gradients: &mut Gradients<R>,
    ) -> BatchLoss {
        assert_eq!(batch.len(), real.len(), "a label a sequence");
        let forward = self.forward(batch);
        let rows = batch.len();
        let features = forward.highway.len() / rows;
        let mut kept = forward.highway.clone();
        let mut mask = Vec::new();
        if let Some((streams, first)) = regularisation.masks {
            mask.resize(rows * features, R::default());
            mask.par_chunks_mut(features).enumerate().for_each(|(b, mask)| {
                dropout::mask_row(streams, first + b as u64, regularisation.dropout_keep, mask);
            });
            kept.iter_mut().zip(&mask).for_each(|(x, &m)| *x *= m);
        }
        self.backward(&forward, kept, &mask, real, regularisation.l2, gradients)
    }

    fn forward(&self, batch: &SeqBatch) -> Forward<R> {
        let (length, dim) = (self.shape.max_length, self.shape.embedding_dim);
        let mut tokens = Vec::with_capacity(batch.len() * length);
        let mut lengths = Vec::with_capacity(batch.len());
        let mut x = vec![R::default(); batch.len() * length * dim];
        for (b, row) in batch.rows().enumerate() {
            let begin = tokens.len();
            tokens.extend_from_slice(row);
            tokens.extend(self.shape.end_token.filter(|_| row.len() < length));
            lengths.push(tokens.len() - begin);
            for (at, &token) in tokens[begin..].iter().enumerate() {
                let row = &self.parameters[0][token as usize * dim..][..dim];
                x[(b * length + at) * dim..][..dim].copy_from_slice(row);
            }
            tokens.resize(begin + length, 0);
        }
        let input = conv::Input { x: &x, lengths: &lengths, max_length: length, dim };
        let pooled = conv::forward(input, &self.filters());
        let (highway, trace) = highway::forward(&pooled.values, self.highway_weights());
        Forward { tokens, lengths, x, pooled, highway, trace }
    }

    /// Logits `[B, 2]` of the last layer's input `[B, F]`.
    fn logits(&self, features: &[R]) -> Vec<R> {
        let (w, b) = self.output_weights();
        linear::forward(features, w, b)
    }

    fn backward(
        &self,
        forward: &Forward<R>,
        kept: Vec<R>,
        mask: &[R],
        real: &[bool],
        l2: f64,
        gradients: &mut Gradients<R>,
    ) -> BatchLoss {
        let (n, rows) = (self.parameters.len(), real.len());
        let logits = self.logits(&kept);
        let (mut loss, mut right) = (0.0, 0);
        let mut d_logits = Vec::with_capacity(logits.len());
        for (l, &real) in logits.chunks_exact(2).zip(real) {
            let p = real_probability(l).to_f64();
            let margin = (l[1] - l[0]).to_f64() * if real { 1.0 } else { -1.0 };
            // log(1 + e^-margin) without overflow.
            loss += (-margin).max(0.0) + (-margin.abs()).exp().ln_1p();
            right += usize::from((p > 0.5) == real);
            let d = (p - f64::from(u8::from(real))) / rows as f64;
            d_logits.extend([R::of(-d), R::of(d)]);
        }
        let penalty: f64 = [n - 2, n - 1]
            .iter()
            .flat_map(|&i| self.parameters[i].iter())
            .map(|x| x.to_f64() * x.to_f64())
            .sum();

        let (dense, factors) = gradients.parts_mut();
        let Ok([transform_w, gate_w]) = <[_; 2]>::try_from(factors) else {
            unreachable!("as `gradients` makes them")
        };
        let mut lists: Vec<&mut Vec<R>> = dense.iter_mut().map(|t| &mut t.data).collect();
        let [d_output_w, d_output_b] = &mut lists[n - 2..] else { unreachable!("two output tensors") };
        let mut d = linear::backward(&kept, &self.parameters[n - 2], &d_logits, d_output_w, d_output_b);
        R::axpy(R::of(l2), &self.parameters[n - 2], d_output_w);
        R::axpy(R::of(l2), &self.parameters[n - 1], d_output_b);
        if !mask.is_empty() {
            d.iter_mut().zip(mask).for_each(|(d, &m)| *d *= m);
        }

        let [_, transform_b, _, gate_b] = &mut lists[n - 6..n - 2] else {
            unreachable!("four highway tensors")
        };
        let highway_gradients = highway::Gradients { transform_w, transform_b, gate_w, gate_b };
        let d = highway::backward(
            &forward.pooled.values,
            self.highway_weights(),
            &forward.trace,
            &d,
            highway_gradients,
        );

        let (d_embedding, rest) = lists.split_first_mut().expect("an embedding");
        let filters = self.filters();
        let conv_gradients = rest[..2 * filters.len()]
            .chunks_exact_mut(2)
            .map(|pair| {
                let [w, b] = pair else { unreachable!("pairs") };
                conv::Gradients { w, b }
            })
            .collect();
        let (length, dim) = (self.shape.max_length, self.shape.embedding_dim);
        let input = conv::Input { x: &forward.x, lengths: &forward.lengths, max_length: length, dim };
        let dx = conv::backward(input, &filters, &forward.pooled, &d, conv_gradients);
        for (b, &steps) in forward.lengths.iter().enumerate() {
            let tokens = forward.tokens[b * length..][..steps].iter().copied();
            embedding::backward(&dx[b * length * dim..][..steps * dim], dim, tokens, d_embedding);
        }
        BatchLoss { loss: loss / rows as f64 + 0.5 * l2 * penalty, accuracy: right as f64 / rows as f64 }
    }

    pub(super) fn filters(&self) -> Vec<conv::Filters<'_, R>> {
        let filters = self.shape.filters.iter().enumerate();
        filters
            .map(|(i, &(width, _))| conv::Filters {
                width,
                w: &self.parameters[1 + 2 * i],
                b: &self.parameters[2 + 2 * i],
            })
            .collect()
    }

    /// Weights `[F, 2]` and bias `[2]` of the last layer.
    pub(super) fn output_weights(&self) -> (&[R], &[R]) {
        let n = self.parameters.len();
        (&self.parameters[n - 2], &self.parameters[n - 1])
    }

    pub(super) fn highway_weights(&self) -> highway::Weights<'_, R> {
        let n = self.parameters.len();
        highway::Weights {
            transform_w: &self.parameters[n - 6],
            transform_b: &self.parameters[n - 5],
            gate_w: &self.parameters[n - 4],
            gate_b: &self.parameters[n - 3],
        }
    }
}

/// softmax(l)[1].
pub(super) fn real_probability<R: Real>(l: &[R]) -> R {
    R::of(1.0 / (1.0 + (l[0] - l[1]).to_f64().exp()))
}

/// Names and shapes of the parameters.
fn layout(shape: &DiscriminatorShape) -> Vec<(String, Vec<usize>)> {
    let features = shape.filters.iter().map(|f| f.1).sum::<usize>();
    let mut list = vec![("embedding".to_string(), vec![shape.vocab_size, shape.embedding_dim])];
    for (i, &(width, filters)) in shape.filters.iter().enumerate() {
        list.push((format!("conv_w.{i}"), vec![filters, width * shape.embedding_dim]));
        list.push((format!("conv_b.{i}"), vec![filters]));
    }
    for part in ["transform", "gate"] {
        list.push((format!("{part}_w"), vec![features, features]));
        list.push((format!("{part}_b"), vec![features]));
    }
    list.push(("output_w".into(), vec![features, 2]));
    list.push(("output_b".into(), vec![2]));
    list
}
