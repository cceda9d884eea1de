//! The ranker (Lin, Li, He, Zhang, Sun, "Adversarial Ranking for Language Generation", NIPS 2017): the feature layers
//! of a discriminator without its last layer. It scores how close a sequence is to real references, relative to a
//! comparison set.

use super::cnn_features::{self as features, CnnFeatures};
use super::ranks::{self, References};
use super::shape::{BatchLoss, DiscriminatorShape};
use crate::kernel::Real;
use crate::nn::{Gradients, Tensors, dropout};
use crate::rng::Streams;
use crate::token::SeqBatch;

/// Ranking loss and regularisation of an update.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RankObjective<'a> {
    /// gamma, inverse temperature of the softmax over cosines, above 0. A large gamma favours the most relevant
    /// sequence.
    pub gamma: f64,
    /// Probability that dropout keeps a feature.
    pub dropout_keep: f64,
    /// Random numbers of the dropout masks, and the global number of the batch's first row.
    pub masks: Option<(&'a Streams, u64)>,
}

/// The network and its parameters: those of a [`super::Discriminator`] up to `gate_b`.
#[derive(Debug, Clone)]
pub struct Ranker<R = f32> {
    shape: DiscriminatorShape,
    parameters: Tensors<R>,
}

impl<R: Real> Ranker<R> {
    /// Initial parameters, with the same distributions as those of a discriminator.
    pub fn new(shape: DiscriminatorShape, streams: &Streams) -> Self {
        let parameters = features::initial(features::layout(&shape), streams);
        Self { shape, parameters }
    }

    /// Creates a ranker with given parameters. The error names the first tensor that does not fit.
    pub fn from_parameters(shape: DiscriminatorShape, parameters: Tensors<R>) -> Result<Self, String> {
        parameters.check_layout(&features::layout(&shape))?;
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

    /// Adds to `gradients` the gradient of the batch's loss. S are the real and G the generated sequences of the batch,
    /// by the labels `real` `[B]`. The loss is the mean over G of log R(s | U, S) minus the mean over S of log R(s | U,
    /// G). It is 0 for a ranker that does not distinguish them, and negative for one that ranks real sequences higher.
    /// Equation 1 of the paper has log(1 - R) in place of -log R for generated sequences; this loss is that of the
    /// authors' program (`cookielee77/RankGan-NIPS2017`, `ranker.py`).
    ///
    /// The references are constants. A batch holds at least one sequence of each label.
    ///
    /// The accuracy is the share of pairs of a real and a generated sequence in which the real one has the higher rank
    /// in the whole batch; 0.5 is chance.
    pub fn accumulate(
        &self,
        batch: &SeqBatch,
        real: &[bool],
        references: &References<R>,
        objective: RankObjective<'_>,
        gradients: &mut Gradients<R>,
    ) -> BatchLoss {
        assert_eq!(batch.len(), real.len(), "a label a sequence");
        let network = self.features();
        let forward = network.forward(batch);
        let RankObjective { gamma, dropout_keep, masks } = objective;
        let kept = dropout::forward(&forward.features, network.width(), masks, dropout_keep);
        let relevance = references.relevance(&kept.values);
        let (result, d) = ranks::objective(&relevance, real, gamma);
        let mut d = references.backward(&kept.values, &relevance, &d);
        kept.backward(&mut d);
        network.backward(&forward, &d, gradients);
        result
    }

    /// The feature layers, which are all layers.
    pub(crate) fn features(&self) -> CnnFeatures<'_, R> {
        CnnFeatures::new(&self.shape, &self.parameters)
    }

    /// Computes references from at least one sequence. Their features are without dropout.
    pub fn references(&self, sequences: &SeqBatch) -> References<R> {
        let features = self.features().in_parts(sequences, <[R]>::to_vec);
        References::new(features, self.features().width())
    }
}
