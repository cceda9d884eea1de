//! Registry of methods, with one line per method.

use super::crossfit::{DISTILLED_SEQGAN_CROSSFIT, SEQGAN_CROSSFIT};
use super::distilled::Distilled;
use super::ensemble::MleEnsemble;
use super::maligan::MaliGan;
use super::maximum_likelihood::{Mle, MleTuned};
use super::mixed::Mixed;
use super::pg_bleu::PgBleu;
use super::pretrained::Pretrained;
use super::rankgan::RankGan;
use super::scheduled_sampling::ScheduledSampling;
use super::seqgan::SeqGan;
use super::seqgan_step::SeqGanStep;
use super::traits::{AdversarialMethod, Kind, LikelihoodMethod, TrainingMethod};
use super::untrained::{Mixture, Random, Unigram};
use crate::config::{Config, Method};
use crate::{Error, Result};
use std::sync::{PoisonError, RwLock};

/// The methods of this library, in the order of the results table. A method follows those that it needs.
const BUILT_IN: [&dyn TrainingMethod; 17] = [
    &Random,
    &Unigram,
    &Mixture,
    &Pretrained,
    &Mle,
    &MleTuned,
    &MleEnsemble,
    &Distilled,
    &ScheduledSampling,
    &PgBleu,
    &SeqGan,
    &SeqGanStep,
    &SEQGAN_CROSSFIT,
    &DISTILLED_SEQGAN_CROSSFIT,
    &MaliGan,
    &RankGan,
    &Mixed,
];

/// Methods registered from outside this library.
static REGISTERED: RwLock<Vec<&'static dyn TrainingMethod>> = RwLock::new(Vec::new());

/// Registers a method, so that settings can name it. A name that is already in use is an error.
pub fn register(method: &'static dyn TrainingMethod) -> Result<()> {
    let mut registered = REGISTERED.write().unwrap_or_else(PoisonError::into_inner);
    let name = method.name();
    if BUILT_IN.iter().chain(registered.iter()).any(|other| other.name() == name) {
        return Err(Error::Config {
            key: "methods".into(),
            value: format!("\"{name}\""),
            expected: "a name that no method has yet".into(),
            source_place: None,
            hint: None,
        });
    }
    registered.push(method);
    Ok(())
}

/// All methods; those of this library come first.
pub fn all() -> Vec<&'static dyn TrainingMethod> {
    let registered = REGISTERED.read().unwrap_or_else(PoisonError::into_inner);
    BUILT_IN.into_iter().chain(registered.iter().copied()).collect()
}

/// The names of all methods.
pub fn names() -> Vec<Method> {
    all().into_iter().map(TrainingMethod::name).collect()
}

/// Finds a method by name. The error for an unknown name lists all names.
pub fn find(name: Method) -> Result<&'static dyn TrainingMethod> {
    all().into_iter().find(|method| method.name() == name).ok_or_else(|| Error::Config {
        key: "methods".into(),
        value: format!("\"{name}\""),
        expected: format!("one of {}", Method::list(&names())),
        source_place: None,
        hint: crate::config::did_you_mean(name.name(), names().iter().map(|method| method.name())),
    })
}

/// Returns the method of a name in checked settings.
///
/// # Panics
/// If no such method is registered.
pub fn known(name: Method) -> &'static dyn TrainingMethod {
    find(name).expect("checked with the settings")
}

/// Returns the likelihood method of this name, if there is one.
pub fn likelihood(name: Method) -> Option<&'static dyn LikelihoodMethod> {
    match find(name).ok()?.kind() {
        Kind::Likelihood(method) => Some(method),
        _ => None,
    }
}

/// Returns the likelihood method of a name in checked settings.
///
/// # Panics
/// If no such method is registered.
pub fn known_likelihood(name: Method) -> &'static dyn LikelihoodMethod {
    likelihood(name).expect("checked with the settings")
}

/// Returns the adversarial method of this name, if there is one.
pub fn adversarial(name: Method) -> Option<&'static dyn AdversarialMethod> {
    match find(name).ok()?.kind() {
        Kind::Adversarial(method) => Some(method),
        _ => None,
    }
}

/// Names of the likelihood methods, which adversarial methods can use as base.
pub fn likelihood_names() -> Vec<Method> {
    names().into_iter().filter(|&name| likelihood(name).is_some()).collect()
}

/// Base of an adversarial method; for other methods, such as `mixture`, the base named in the settings.
pub fn base(name: Method, config: &Config) -> Method {
    adversarial(name).map_or(config.adversarial.base, |method| method.base(config))
}
