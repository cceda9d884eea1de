//! `mle-ensemble`: the geometric mean of `mle-tuned` and further likelihood models, which differ from it only in their
//! initial weights and the order of their batches.

use super::traits::{Kind, TrainingMethod};
use crate::config::{Config, Method};

/// The ensemble.
pub(super) struct MleEnsemble;

impl TrainingMethod for MleEnsemble {
    fn name(&self) -> Method {
        Method::MLE_ENSEMBLE
    }

    fn about(&self) -> &'static str {
        "the geometric mean of several such models"
    }

    fn kind(&self) -> Kind<'_> {
        Kind::Ensemble
    }

    fn needs(&self, _: &Config) -> Vec<Method> {
        vec![Method::MLE_TUNED]
    }
}
