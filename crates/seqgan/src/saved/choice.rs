//! Which model of a run is used, and why.
//!
//! Without a name it is the single model with the best validation likelihood. An ensemble must be named, because it
//! costs as much as all its members. A run with rewards is used with the model that follows them: rewards ask for
//! something else than likelihood.

use crate::config::Method;
use crate::generator::file::ModelInfo;
use crate::train::method::{self, Kind};

/// Selects one of the checkpoints that a method saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckpointChoice {
    /// The best by `checkpoint.keep_by`.
    Best,
    /// The checkpoint of this round.
    Round(usize),
}

/// The model that is used, and why.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ModelChoice {
    /// The model.
    pub model: ModelInfo,
    /// Why it is this one.
    pub reason: Reason,
    /// A saved model with a better validation likelihood, which only its name selects: the ensemble, or a checkpoint of
    /// the method that was named.
    pub better: Option<ModelInfo>,
}

/// Why a model is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// It was named: its method, its round or both.
    Named,
    /// It has the best validation likelihood of this number of single models.
    Best(usize),
    /// It has the best validation likelihood of this number of models whose discriminator can resample.
    BestToResample(usize),
    /// It was trained by the run's `[[reward]]`.
    Rewarded,
    /// It was trained last, and no validation likelihood is known.
    Last,
}

/// Whether it is a model by itself, not an ensemble.
pub(super) fn is_single(info: &&ModelInfo) -> bool {
    !method::find(info.method).is_ok_and(|method| matches!(method.kind(), Kind::Ensemble))
}

/// The best validation likelihood, and how many are known. Of equals the first is the best.
pub(super) fn best<'a>(models: impl IntoIterator<Item = &'a ModelInfo>) -> Option<(ModelInfo, usize)> {
    let known: Vec<&ModelInfo> = models.into_iter().filter(|info| info.nll_validation.is_some()).collect();
    let nll = |info: &ModelInfo| info.nll_validation.unwrap_or(f64::INFINITY);
    let best = known.iter().min_by(|a, b| nll(a).total_cmp(&nll(b)))?;
    Some((**best, known.len()))
}

/// The best of `models` that is better than `than`.
fn better<'a>(models: impl IntoIterator<Item = &'a ModelInfo>, than: &ModelInfo) -> Option<ModelInfo> {
    let (found, _) = best(models)?;
    (found.nll_validation? < than.nll_validation?).then_some(found)
}

/// Chooses without a name. `models` holds the models at the end of training in the order of training, then checkpoints.
pub(super) fn unnamed(models: &[ModelInfo], has_reward: bool) -> Option<ModelChoice> {
    let choice = |model, reason| ModelChoice { model, reason, better: None };
    let trained = || models.iter().filter(|info| info.checkpoint.is_none());
    if has_reward && let Some(&mixed) = trained().find(|info| info.method == Method::MIXED) {
        return Some(choice(mixed, Reason::Rewarded));
    }
    let Some((model, of)) = best(models.iter().filter(is_single)) else {
        let last = trained().rfind(is_single).or(trained().next_back());
        return last.map(|&last| choice(last, Reason::Last));
    };
    let better = better(models.iter().filter(|info| !is_single(info)), &model);
    Some(ModelChoice { model, reason: Reason::Best(of), better })
}

/// Chooses without a name among models at the end of training whose discriminator can resample.
pub(super) fn to_resample(models: &[ModelInfo], has_reward: bool) -> Option<ModelChoice> {
    let chosen = unnamed(models, has_reward)?;
    let reason = match chosen.reason {
        Reason::Best(of) => Reason::BestToResample(of),
        other => other,
    };
    Some(ModelChoice { reason, ..chosen })
}

/// The model at the end of a named method's training. `checkpoints` are those of any method.
pub(super) fn named(model: ModelInfo, checkpoints: &[ModelInfo]) -> ModelChoice {
    let own = checkpoints.iter().filter(|info| info.method == model.method);
    ModelChoice { model, reason: Reason::Named, better: better(own, &model) }
}

/// A checkpoint, of a method or of any. `checkpoints` are sorted by method, best first.
pub(super) fn checkpoint(
    checkpoints: &[ModelInfo],
    method: Option<Method>,
    choice: CheckpointChoice,
    has_reward: bool,
) -> Option<ModelChoice> {
    let mixed = || checkpoints.iter().any(|info| info.method == Method::MIXED).then_some(Method::MIXED);
    let method = method.or_else(|| mixed().filter(|_| has_reward));
    let mut found: Vec<ModelInfo> = checkpoints
        .iter()
        .filter(|info| method.is_none_or(|method| info.method == method))
        .filter(|info| match choice {
            CheckpointChoice::Best => true,
            CheckpointChoice::Round(round) => info.round() == Some(round),
        })
        .copied()
        .collect();
    // One a method: which is the best of a method, `checkpoint.keep_by` says.
    found.dedup_by_key(|info| info.method);
    let model = best(&found).map(|(model, _)| model).or(found.last().copied())?;
    Some(ModelChoice { model, reason: Reason::Named, better: None })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::file::Checkpoint;

    fn trained(method: Method, nll: impl Into<Option<f64>>) -> ModelInfo {
        ModelInfo { nll_validation: nll.into(), ..ModelInfo::trained(method) }
    }

    fn kept(method: Method, round: usize, nll: impl Into<Option<f64>>) -> ModelInfo {
        ModelInfo { checkpoint: Some(Checkpoint { round, value: 9.0 }), ..trained(method, nll) }
    }

    #[test]
    fn the_best_single_model_speaks_and_an_ensemble_when_it_is_named() {
        let mut models = vec![
            trained(Method::MLE_ENSEMBLE, 0.5),
            trained(Method::MLE_TUNED, 0.8),
            trained(Method::SEQGAN, 0.9),
            kept(Method::SEQGAN, 0, 0.8),
            kept(Method::SEQGAN, 4, 0.7),
        ];
        let choice = unnamed(&models, false).unwrap();
        assert_eq!(
            choice,
            ModelChoice { model: models[4], reason: Reason::Best(4), better: Some(models[0]) }
        );
        // Round 0 is the base itself, which comes first.
        models.pop();
        assert_eq!(unnamed(&models, false).unwrap().model, models[1]);
        models[0].nll_validation = Some(0.85);
        assert_eq!(unnamed(&models, false).unwrap().better, None, "no better than what speaks");
        assert_eq!(unnamed(&[], false), None);
    }

    #[test]
    fn rewards_and_unknown_likelihoods() {
        let models =
            [trained(Method::MLE_TUNED, 0.8), trained(Method::MIXED, 1.2), kept(Method::MIXED, 2, 0.7)];
        let choice = unnamed(&models, true).unwrap();
        assert_eq!((choice.model, choice.reason), (models[1], Reason::Rewarded));
        // In the settings, but not trained yet.
        assert_eq!(unnamed(&models[..1], true).unwrap().reason, Reason::Best(1));
        let unknown =
            [Method::MLE_TUNED, Method::SEQGAN, Method::MLE_ENSEMBLE].map(|method| trained(method, None));
        let choice = unnamed(&unknown, false).unwrap();
        assert_eq!((choice.model, choice.reason), (unknown[1], Reason::Last));
        assert_eq!(to_resample(&unknown[1..2], false).unwrap().reason, Reason::Last);
        assert_eq!(to_resample(&models[..2], false).unwrap().reason, Reason::BestToResample(2));
    }

    #[test]
    fn names_select_and_a_better_round_is_known() {
        let kept = [
            kept(Method::SEQGAN, 4, 0.75),
            kept(Method::SEQGAN, 2, 0.7),
            kept(Method::MALIGAN, 4, 0.72),
            kept(Method::MIXED, 4, 0.9),
        ];
        let choice = named(trained(Method::SEQGAN, 0.8), &kept);
        assert_eq!((choice.reason, choice.better), (Reason::Named, Some(kept[1])));
        assert_eq!(named(trained(Method::RANKGAN, 0.8), &kept).better, None);
        let of = |method, choice| checkpoint(&kept, method, choice, false).map(|choice| choice.model);
        assert_eq!(of(Some(Method::SEQGAN), CheckpointChoice::Best), Some(kept[0]), "by `keep_by`");
        assert_eq!(of(None, CheckpointChoice::Best), Some(kept[2]));
        assert_eq!(of(None, CheckpointChoice::Round(2)), Some(kept[1]));
        assert_eq!(of(Some(Method::MALIGAN), CheckpointChoice::Round(2)), None);
        let rewarded = checkpoint(&kept, None, CheckpointChoice::Best, true).unwrap();
        assert_eq!(rewarded.model, kept[3]);
    }
}
