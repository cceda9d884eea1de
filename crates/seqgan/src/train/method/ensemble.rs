//! `mle-ensemble`: the geometric mean of several likelihood models, `mle-tuned` among them. The others differ from it in their
//! initial weights and the order of their batches alone.

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
