//! The CNN discriminator (SeqGAN, section 3.3): features of convolutions and a highway layer, dropout, and a linear
//! layer to two classes. Class 1 is "real".

use super::arithmetic::{Arithmetic, Exact};
use super::cnn_features::{self as features, CnnFeatures};
use super::completion_scorer::Scorer;
use super::shape::{BatchLoss, DiscriminatorShape};
use crate::kernel::Real;
use crate::nn::{Gradients, Tensors, dropout, linear};
use crate::rng::Streams;
use crate::rollout::Completions;
use crate::token::SeqBatch;

/// Regularisation of an update.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Regularisation<'a> {
    /// Probability that dropout keeps a feature.
    pub dropout_keep: f64,
    /// Random numbers of the dropout masks, and the global number of the batch's first row.
    pub masks: Option<(&'a Streams, u64)>,
    /// Weight of the L2 term: half the squared norm of the last layer's weights and biases.
    pub l2: f64,
}

/// The network and its parameters: `embedding` `[V + C, E]`; `conv_w.i` `[F_i, k_i E]`, `conv_b.i` `[F_i]`;
/// `transform_w`, `gate_w` `[F, F]`, `transform_b`, `gate_b` `[F]`; `output_w` `[F, 2]`, `output_b` `[2]`.
#[derive(Debug, Clone)]
pub struct Discriminator<R = f32> {
    shape: DiscriminatorShape,
    parameters: Tensors<R>,
}

impl<R: Real> Discriminator<R> {
    /// Initial parameters, as in the original implementation: embedding U(-1, 1), filters and output truncated N(0,
    /// 0.1), their biases 0.1, highway Glorot-uniform with bias 0.
    pub fn new(shape: DiscriminatorShape, streams: &Streams) -> Self {
        let parameters = features::initial(layout(&shape), streams);
        Self { shape, parameters }
    }

    /// Creates a discriminator with given parameters. The error names the first tensor that does not fit.
    pub fn from_parameters(shape: DiscriminatorShape, parameters: Tensors<R>) -> Result<Self, String> {
        parameters.check_layout(&layout(&shape))?;
        parameters.check_values()?;
        Ok(Self { shape, parameters })
    }

    /// Sizes of the network.
    pub fn shape(&self) -> &DiscriminatorShape {
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

    /// Zero gradients of the parameters. Those of the highway layer are stored as factors.
    pub fn gradients(&self) -> Gradients<R> {
        features::gradients(&self.shape, &self.parameters)
    }

    /// Probability of "real" for each sequence, `[B]`, without dropout.
    pub fn scores(&self, batch: &SeqBatch) -> Vec<R> {
        self.features().in_parts(batch, |features| self.probabilities(features))
    }

    /// Probability of "real" for each completion, without dropout. Completions of one row share computations.
    pub fn completion_scores(&self, completions: &Completions) -> Vec<R> {
        self.scores_by(&Scorer::<Exact<R>>::new(self.features()), completions)
    }

    /// Adds to `gradients` the gradient of the batch's loss: mean cross-entropy with labels `real` `[B]`, and L2 of the
    /// last layer.
    pub fn accumulate(
        &self,
        batch: &SeqBatch,
        real: &[bool],
        regularisation: Regularisation<'_>,
        gradients: &mut Gradients<R>,
    ) -> BatchLoss {
        assert_eq!(batch.len(), real.len(), "a label a sequence");
        let forward = self.features().forward(batch);
        let Regularisation { dropout_keep, masks, l2 } = regularisation;
        let kept = dropout::forward(&forward.features, self.features().width(), masks, dropout_keep);
        let (result, mut d) = self.output_backward(&kept.values, real, l2, gradients);
        kept.backward(&mut d);
        self.features().backward(&forward, &d, gradients);
        result
    }

    /// The feature layers, below the last layer.
    pub(crate) fn features(&self) -> CnnFeatures<'_, R> {
        CnnFeatures::new(&self.shape, &self.parameters)
    }

    /// Probability of "real" for each completion, computed by a scorer of this discriminator's features.
    pub(crate) fn scores_by<A: Arithmetic<Real = R>>(
        &self,
        scorer: &Scorer<'_, A>,
        completions: &Completions,
    ) -> Vec<R> {
        scorer.scores(completions, |features| self.probabilities(features))
    }

    /// Probability of "real" `[B]` of features `[B, F]`.
    fn probabilities(&self, features: &[R]) -> Vec<R> {
        self.logits(features).chunks_exact(2).map(|l| real_probability(l)).collect()
    }

    /// Logits `[B, 2]` of the last layer's input `[B, F]`.
    fn logits(&self, features: &[R]) -> Vec<R> {
        let (w, b) = self.output_weights();
        linear::forward(features, w, b)
    }

    /// Loss, accuracy, and the gradient `[B, F]` of the last layer's input `kept`. Adds the gradients of the layer's
    /// parameters.
    fn output_backward(
        &self,
        kept: &[R],
        real: &[bool],
        l2: f64,
        gradients: &mut Gradients<R>,
    ) -> (BatchLoss, Vec<R>) {
        let (n, rows) = (self.parameters.len(), real.len());
        let logits = self.logits(kept);
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

        let (dense, _) = gradients.parts_mut();
        let mut lists: Vec<&mut Vec<R>> = dense.iter_mut().map(|t| &mut t.data).collect();
        let [d_output_w, d_output_b] = &mut lists[n - 2..] else { unreachable!("two output tensors") };
        let d = linear::backward(kept, &self.parameters[n - 2], &d_logits, d_output_w, d_output_b);
        R::axpy(R::of(l2), &self.parameters[n - 2], d_output_w);
        R::axpy(R::of(l2), &self.parameters[n - 1], d_output_b);
        let (rows, right) = (rows as f64, right as f64);
        (BatchLoss { loss: loss / rows + 0.5 * l2 * penalty, accuracy: right / rows }, d)
    }

    /// Weights `[F, 2]` and bias `[2]` of the last layer.
    fn output_weights(&self) -> (&[R], &[R]) {
        let n = self.parameters.len();
        (&self.parameters[n - 2], &self.parameters[n - 1])
    }
}

/// softmax(l)[1].
fn real_probability<R: Real>(l: &[R]) -> R {
    R::of(1.0 / (1.0 + (l[0] - l[1]).to_f64().exp()))
}

/// Names and shapes of the parameters, in order.
pub(crate) fn layout(shape: &DiscriminatorShape) -> Vec<(String, Vec<usize>)> {
    let features = shape.filters.iter().map(|f| f.1).sum::<usize>();
    let mut list = features::layout(shape);
    list.push(("output_w".into(), vec![features, 2]));
    list.push(("output_b".into(), vec![2]));
    list
}
