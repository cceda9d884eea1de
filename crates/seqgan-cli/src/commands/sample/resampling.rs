//! One of several candidates, kept by the odds that a run's judge gives it to be real.

use seqgan::SeqBatch;
use seqgan::generator::{BoxGenerator, Samples};
use seqgan::metrics::residual::Weights;
use seqgan::rng::{Purpose, Streams};
use seqgan::run::RunFolder;
use seqgan::train::{ResidualModel, SavedModel};

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
    /// With the judge of `model`'s method.
    pub fn open(
        args: &SampleArgs,
        num_candidates: usize,
        folder: &RunFolder,
        model: &SavedModel,
    ) -> anyhow::Result<Self> {
        let residual = ResidualModel::load(folder, model)?.ok_or_else(|| {
            UsageError::new(
                format!(
                    "{}: the method {} has no judge of single sequences to resample by",
                    args.run.display(),
                    model.method
                ),
                "choose another of the run's methods by --method, or train seqgan or seqgan-crossfit",
            )
        })?;
        let choices = Streams::new(args.repeat.seed, Purpose::Resample);
        Ok(Self { model: residual, num_candidates, choices, weights: Weights::default() })
    }

    /// The model that candidates come from: the one that the judge judges.
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
            "resampled: one of {k}; the judge's odds make {k} draws count as {:.1}",
            share * k as f64
        );
        if share * (k as f64) < FEW {
            text.push_str("; more candidates would come nearer to what the judge wants");
        }
        text
    }
}

/// Effective candidates below which what is kept is far from what the odds ask for.
const FEW: f64 = 4.0;
