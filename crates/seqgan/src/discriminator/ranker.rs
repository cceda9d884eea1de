//! The ranker (Lin, Li, He, Zhang, Sun, "Adversarial Ranking for Language Generation", NIPS 2017): a discriminator's
//! features without its last layer. It does not say whether a sequence is real, but how much nearer to real
//! references it lies than the sequences it is compared with.

use super::cnn_features::{self as features, CnnFeatures};
use super::ranks::{self, References};
use super::shape::{BatchLoss, DiscriminatorShape};
use crate::kernel::Real;
use crate::nn::{Gradients, Tensors, dropout};
use crate::rng::Streams;
use crate::token::SeqBatch;

/// How a ranker's batch is scored and regularised.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RankObjective<'a> {
    /// Factor of the cosines before their softmax, above 0: the larger it is, the more the most relevant sequence
    /// stands out.
    pub gamma: f64,
    /// Share of features that dropout keeps.
    pub dropout_keep: f64,
    /// Where dropout's masks come from, and the global number of the batch's first row.
    pub masks: Option<(&'a Streams, u64)>,
}

/// The network and its parameters: those of a [`super::Discriminator`] up to `gate_b`.
#[derive(Debug, Clone)]
pub struct Ranker<R = f32> {
    shape: DiscriminatorShape,
    parameters: Tensors<R>,
}

impl<R: Real> Ranker<R> {
    /// Initial parameters, drawn as a discriminator's are.
    pub fn new(shape: DiscriminatorShape, streams: &Streams) -> Self {
        let parameters = features::initial(features::layout(&shape), streams);
        Self { shape, parameters }
    }

    /// A ranker with given parameters; the error names the first tensor that does not fit.
    pub fn from_parameters(shape: DiscriminatorShape, parameters: Tensors<R>) -> Result<Self, String> {
        parameters.check_layout(&features::layout(&shape))?;
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
        features::gradients(&self.shape, &self.parameters)
    }

    /// Adds the gradient of the batch's loss. With the real sequences S and the generated ones G of the batch, by
    /// their labels `real` `[B]`, it is the mean over G of log R(s | U, S) less the mean over S of log R(s | U, G):
    /// 0 for a ranker that tells nothing apart, negative for one that ranks real sequences higher. The paper's
    /// equation 1 has log(1 - R) in place of -log R for generated sequences; this is what its authors' program
    /// (`cookielee77/RankGan-NIPS2017`, `ranker.py`) descends.
    ///
    /// The references are constants. A batch holds at least one sequence of each label.
    ///
    /// The accuracy is the share of pairs of a real and a generated sequence that stand in this order when each is
    /// ranked among the whole batch; 0.5 is chance.
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

    /// The layers that make features: all of them.
    pub(crate) fn features(&self) -> CnnFeatures<'_, R> {
        CnnFeatures::new(&self.shape, &self.parameters)
    }

    /// Sequences, at least one, as what relevance is measured to; their features are without dropout.
    pub fn references(&self, sequences: &SeqBatch) -> References<R> {
        let features = self.features().in_parts(sequences, <[R]>::to_vec);
        References::new(features, self.features().width())
    }
}
