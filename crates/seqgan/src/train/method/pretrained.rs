//! `pretrained`: the model of `generator.init_from` as it came, which is trained by no update.

use super::maximum_likelihood::Step;
use super::traits::{Kind, LikelihoodMethod, LikelihoodStep, Teacher, TrainingMethod};
use crate::config::{Config, LikelihoodConfig, Method};

/// The initial model before any update. It is a likelihood model with no epochs, so that it can be a base.
pub(super) struct Pretrained;

impl TrainingMethod for Pretrained {
    fn name(&self) -> Method {
        Method::PRETRAINED
    }

    fn about(&self) -> &'static str {
        "the model that training goes on from, before any update"
    }

    fn kind(&self) -> Kind<'_> {
        Kind::Likelihood(self)
    }
}

impl LikelihoodMethod for Pretrained {
    fn settings(&self, config: &Config) -> LikelihoodConfig {
        LikelihoodConfig { num_epochs: 0, early_stop: false, ..config.mle_tuned.clone() }
    }

    fn step(&self, _: &Config, _: u64, _: Option<&Teacher>) -> Box<dyn LikelihoodStep> {
        Box::new(Step)
    }
}
