//! `distilled`: distillation of the ensemble into a single model (Hinton et al., "Distilling the Knowledge in a Neural
//! Network", 2015). The training data are the training sequences and equally many samples of the ensemble.

use super::traits::{Kind, LikelihoodMethod, LikelihoodStep, Teacher, TrainingBatch, TrainingMethod};
use crate::Result;
use crate::config::{Config, LikelihoodConfig, Method};
use crate::generator::{BoxGenerator, Dropout, GeneratorPolicy, Policy, TrainableGenerator};
use crate::optim::{GeneratorUpdate, LikelihoodBatch, Optimizer, distillation_step};
use crate::rng::{Purpose, Streams};

/// Distillation.
pub(super) struct Distilled;

struct Step {
    ensemble: BoxGenerator,
    policy: GeneratorPolicy,
    streams: Streams,
    /// Weight of the ensemble's distribution in a target.
    weight: f64,
}

impl LikelihoodStep for Step {
    fn step(
        &mut self,
        generator: &mut dyn TrainableGenerator,
        optimizer: &mut Optimizer,
        TrainingBatch { mut sequences, first, dropout, .. }: TrainingBatch<'_>,
        update: GeneratorUpdate,
    ) -> Result<f64> {
        sequences.extend(&self.policy.sample(&self.streams, first, sequences.len()).sequences);
        // Twice as many rows as training sequences have masks.
        let dropout = dropout.map(|dropout| Dropout { first_row: 2 * dropout.first_row, ..dropout });
        let batch = LikelihoodBatch { inputs: &sequences, targets: &sequences, dropout };
        distillation_step(generator, optimizer, batch, &self.ensemble, self.weight, update)
    }
}

impl TrainingMethod for Distilled {
    fn name(&self) -> Method {
        Method::DISTILLED
    }

    fn about(&self) -> &'static str {
        "one model distilled from the ensemble"
    }

    fn kind(&self) -> Kind<'_> {
        Kind::Likelihood(self)
    }

    fn needs(&self, _: &Config) -> Vec<Method> {
        vec![Method::MLE_TUNED, Method::MLE_ENSEMBLE]
    }
}

impl LikelihoodMethod for Distilled {
    fn settings(&self, config: &Config) -> LikelihoodConfig {
        LikelihoodConfig {
            num_epochs: config.ensemble.num_epochs,
            l2: config.ensemble.l2,
            ..config.mle_tuned.clone()
        }
    }

    fn needs_teacher(&self) -> bool {
        true
    }

    fn step(&self, config: &Config, _: u64, teacher: Option<&Teacher>) -> Box<dyn LikelihoodStep> {
        let ensemble = teacher.expect("a distilled model has a teacher").ensemble.clone();
        Box::new(Step {
            policy: GeneratorPolicy::new(&ensemble, 1.0),
            ensemble,
            streams: Streams::new(config.seed, Purpose::Distillation),
            weight: config.ensemble.distillation_weight,
        })
    }

    fn fingerprint(&self, config: &Config) -> String {
        let ensemble = &config.ensemble;
        format!("{} {:?} {:?}", config.seed, ensemble.distillation_weight, ensemble.warm_start)
    }
}
