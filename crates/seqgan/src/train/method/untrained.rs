//! Methods without training: `random`, `unigram` and `mixture`.

use super::traits::{Kind, TrainingMethod, Untrained};
use crate::config::{Config, Method};

/// Uniformly distributed tokens.
pub(super) struct Random;

/// Independent tokens with their frequencies in the training sequences.
pub(super) struct Unigram;

/// The base model, with a share of the sequences sampled at a low temperature. It lowers nll_oracle without any
/// training.
pub(super) struct Mixture;

impl TrainingMethod for Random {
    fn name(&self) -> Method {
        Method::RANDOM
    }

    fn about(&self) -> &'static str {
        "uniform tokens; untrained"
    }

    fn kind(&self) -> Kind<'_> {
        Kind::Untrained(Untrained::Uniform)
    }
}

impl TrainingMethod for Unigram {
    fn name(&self) -> Method {
        Method::UNIGRAM
    }

    fn about(&self) -> &'static str {
        "tokens by their frequency in the training sequences; untrained"
    }

    fn kind(&self) -> Kind<'_> {
        Kind::Untrained(Untrained::TokenFrequencies)
    }
}

impl TrainingMethod for Mixture {
    fn name(&self) -> Method {
        Method::MIXTURE
    }

    fn about(&self) -> &'static str {
        "the base model, a share of the sequences at a low temperature; untrained"
    }

    fn kind(&self) -> Kind<'_> {
        Kind::Untrained(Untrained::TemperatureMixture)
    }

    fn needs(&self, config: &Config) -> Vec<Method> {
        vec![config.adversarial.base]
    }
}
