//! The registry of methods: one line each.

use super::crossfit::{DISTILLED_SEQGAN_CROSSFIT, SEQGAN_CROSSFIT};
use super::distilled::Distilled;
use super::ensemble::MleEnsemble;
use super::maligan::MaliGan;
use super::maximum_likelihood::{Mle, MleTuned};
use super::mixed::Mixed;
use super::pg_bleu::PgBleu;
use super::rankgan::RankGan;
use super::scheduled_sampling::ScheduledSampling;
use super::seqgan::SeqGan;
use super::seqgan_step::SeqGanStep;
use super::traits::{AdversarialMethod, Kind, LikelihoodMethod, TrainingMethod};
use super::untrained::{Mixture, Random, Unigram};
use crate::config::{Config, Method};
use crate::{Error, Result};
use std::sync::{PoisonError, RwLock};

/// The methods of this library, in the order in which tables are best read. A method comes behind those that it needs.
const BUILT_IN: [&dyn TrainingMethod; 16] = [
    &Random,
    &Unigram,
    &Mixture,
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

/// Methods that were registered from outside.
static REGISTERED: RwLock<Vec<&'static dyn TrainingMethod>> = RwLock::new(Vec::new());

/// Adds a method, which settings can name from then on. A name that is taken is refused.
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

/// All methods, those of this library first.
pub fn all() -> Vec<&'static dyn TrainingMethod> {
    let registered = REGISTERED.read().unwrap_or_else(PoisonError::into_inner);
    BUILT_IN.into_iter().chain(registered.iter().copied()).collect()
}

/// The names of all methods.
pub fn names() -> Vec<Method> {
    all().into_iter().map(TrainingMethod::name).collect()
}

/// The method of a name; the error lists those that there are.
pub fn find(name: Method) -> Result<&'static dyn TrainingMethod> {
    all().into_iter().find(|method| method.name() == name).ok_or_else(|| Error::Config {
        key: "methods".into(),
        value: format!("\"{name}\""),
        expected: format!("one of {}", Method::list(&names())),
        source_place: None,
        hint: crate::config::did_you_mean(name.name(), names().iter().map(|method| method.name())),
    })
}

/// The method of a name that settings were checked to hold.
///
/// # Panics
/// If there is no such method.
pub fn known(name: Method) -> &'static dyn TrainingMethod {
    find(name).expect("checked with the settings")
}

/// The likelihood method of a name, if it is one.
pub fn likelihood(name: Method) -> Option<&'static dyn LikelihoodMethod> {
    match find(name).ok()?.kind() {
        Kind::Likelihood(method) => Some(method),
        _ => None,
    }
}

/// The likelihood method of a name that settings were checked to hold.
///
/// # Panics
/// If there is no such method.
pub fn known_likelihood(name: Method) -> &'static dyn LikelihoodMethod {
    likelihood(name).expect("checked with the settings")
}

/// The method of a name that follows a reward, if it is one.
pub fn adversarial(name: Method) -> Option<&'static dyn AdversarialMethod> {
    match find(name).ok()?.kind() {
        Kind::Adversarial(method) => Some(method),
        _ => None,
    }
}

/// The names of the likelihood methods, which others can start from.
pub fn likelihood_names() -> Vec<Method> {
    names().into_iter().filter(|&name| likelihood(name).is_some()).collect()
}

/// The model that a method starts from, or is made of: the base of an adversarial method and of `mixture`.
pub fn base(name: Method, config: &Config) -> Method {
    adversarial(name).map_or(config.adversarial.base, |method| method.base(config))
}
