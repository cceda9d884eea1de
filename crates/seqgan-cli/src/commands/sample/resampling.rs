//! Resampling: one of several candidates, by the odds of a run's discriminator.

use seqgan::SeqBatch;
use seqgan::evaluate::ResidualModel;
use seqgan::generator::{BoxGenerator, Samples};
use seqgan::metrics::residual::Weights;
use seqgan::rng::{Purpose, Streams};
use seqgan::saved::{SavedModel, SavedRun};

use crate::args::SampleArgs;
use crate::messages::UsageError;

/// What `--resample` asks for.
pub struct Resampling {
    model: ResidualModel,
    num_candidates: usize,
    choices: Streams,
    weights: Weights,
}

impl Resampling {
    /// With the discriminator of `model`'s method.
    pub fn open(
        args: &SampleArgs,
        num_candidates: usize,
        run: &SavedRun,
        model: &SavedModel,
    ) -> anyhow::Result<Self> {
        let residual = run.residual(model)?.ok_or_else(|| {
            UsageError::new(
                format!(
                    "{}: the method {} has no discriminator of single sequences to resample by",
                    args.run.display(),
                    model.info.method
                ),
                "choose another of the run's methods by --method, or train seqgan or seqgan-crossfit",
            )
        })?;
        let choices = Streams::new(args.repeat.seed, Purpose::Resample);
        Ok(Self { model: residual, num_candidates, choices, weights: Weights::default() })
    }

    /// The model that candidates come from: the one that the discriminator was trained against.
    pub fn base(&self) -> &BoxGenerator {
        self.model.base()
    }

    /// Sequences number `first..first + n`; `draw` makes the candidates of such numbers.
    pub fn sample(&mut self, first: u64, n: usize, draw: impl Fn(u64, usize) -> Samples) -> SeqBatch {
        let kept = self.model.sample((self.num_candidates, &self.choices), (first, n), draw);
        self.weights.merge(&kept.weights);
        kept.sequences
    }

    /// What there is to say of the candidates.
    pub fn note(&self) -> String {
        let (k, share) = (self.num_candidates, self.weights.effective());
        let mut text = format!(
            "resampled: one of {k}; by the discriminator's odds {k} draws count as {:.1}",
            share * k as f64
        );
        if share * (k as f64) < FEW {
            text.push_str("; more candidates would come nearer to the reweighted distribution");
        }
        text
    }
}

/// Effective candidates below which what is kept is far from what the odds ask for.
const FEW: f64 = 4.0;
