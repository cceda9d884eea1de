//! Plan of a run: its stages, in order.

use super::fold_layout::FoldLayout;
use crate::config::{Config, Method};
use crate::evaluate;
use crate::train::method::crossfit::used_folds;
use crate::train::method::{self, AdversarialMethod, Kind, RewardTraining};
use crate::train::{discriminator_phase, ensemble};
use crate::{Error, Result};
use std::collections::BTreeSet;

/// One stage of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Trains a likelihood model.
    Likelihood(Method),
    /// Trains another member of the ensemble.
    Member(usize),
    /// Builds the ensemble from its members.
    Ensemble,
    /// Trains a generator that does not see a fold of the training sequences: number of the fold, number of the
    /// generator.
    Fold(usize, usize),
    /// Trains the method's reward model (Algorithm 1, line 4).
    RewardModel(Method),
    /// Trains the method's generator in rounds (Algorithm 1, lines 6 to 18).
    Rounds(Method),
    /// Makes the final measurements.
    Measure,
}

impl Stage {
    /// Name of the stage in progress reports and records.
    pub fn name(self, config: &Config) -> String {
        match self {
            Self::Likelihood(method) | Self::Rounds(method) => method.name().into(),
            Self::Member(member) => ensemble::member_name(member),
            Self::Ensemble => Method::MLE_ENSEMBLE.name().into(),
            Self::Fold(fold, number) => FoldLayout::of(config).name(fold, number),
            Self::RewardModel(method) => discriminator_phase(method),
            Self::Measure => evaluate::PHASE.into(),
        }
    }
}

/// Describes the stages that take time, in one line.
pub(super) fn outline(config: &Config, stages: &[Stage]) -> String {
    let takes_time =
        |stage: &&Stage| ![Stage::Ensemble, Stage::Likelihood(Method::PRETRAINED)].contains(*stage);
    let names: Vec<String> = stages.iter().filter(takes_time).map(|stage| stage.name(config)).collect();
    names.join(", ")
}

/// Plans the stages that the configured methods need. An empty list of methods is an error.
pub(super) fn plan(config: &Config) -> Result<Vec<Stage>> {
    if config.methods.is_empty() {
        return Err(Error::Config {
            key: "methods".into(),
            value: "empty".into(),
            expected: "at least one method".into(),
            source_place: None,
            hint: None,
        });
    }
    let needed = with_needs(config)?;
    let mut stages = Vec::new();
    let mut rewarded = Vec::new();
    for method in method::all().into_iter().filter(|method| needed.contains(&method.name())) {
        match method.kind() {
            Kind::Untrained(_) => {}
            Kind::Likelihood(_) => stages.push(Stage::Likelihood(method.name())),
            Kind::Ensemble => {
                stages.extend((1..config.ensemble.num_members).map(Stage::Member));
                stages.push(Stage::Ensemble);
            }
            Kind::Adversarial(adversarial) => rewarded.push((method.name(), adversarial)),
        }
    }
    // All methods that need folds share them.
    let generators = FoldLayout::of(config).methods().len();
    let of_fold = |fold| (0..generators).map(move |generator| Stage::Fold(fold, generator));
    let mut folds: Vec<Stage> = (0..used_folds(config)).flat_map(of_fold).collect();
    for (name, method) in rewarded {
        match method.reward_training(config) {
            RewardTraining::Never => {}
            RewardTraining::EveryRound => stages.push(Stage::RewardModel(name)),
            RewardTraining::OnFolds => {
                stages.append(&mut folds);
                stages.push(Stage::RewardModel(name));
            }
        }
        stages.push(Stage::Rounds(name));
    }
    stages.push(Stage::Measure);
    Ok(stages)
}

/// The configured methods and, recursively, all methods whose models they need.
fn with_needs(config: &Config) -> Result<BTreeSet<Method>> {
    let mut found = BTreeSet::new();
    let mut open = config.methods.clone();
    while let Some(name) = open.pop() {
        if found.insert(name) {
            open.extend(method::find(name)?.needs(config));
        }
    }
    Ok(found)
}

/// Whether the method's reward model is trained on folds.
fn is_on_folds(config: &Config, name: Method) -> bool {
    let on_folds = |method: &dyn AdversarialMethod| method.reward_training(config) == RewardTraining::OnFolds;
    method::adversarial(name).is_some_and(on_folds)
}

/// Training methods of the generators that are kept as parts after the first `done` stages: members of an ensemble that
/// is not built yet, and generators of folds, until the last training of the last reward model that uses them.
pub(super) fn parts(config: &Config, stages: &[Stage], done: usize) -> Vec<Method> {
    let (done, left) = stages.split_at(done);
    let retrains = config.crossfit.refresh_every_rounds > 0;
    let uses_folds = |stage: &Stage| match stage {
        Stage::RewardModel(method) => is_on_folds(config, *method) && !retrains,
        Stage::Rounds(method) => is_on_folds(config, *method) && retrains,
        _ => false,
    };
    let needed_later = left.iter().any(uses_folds);
    let layout = FoldLayout::of(config);
    let mut parts = Vec::new();
    for stage in done {
        match stage {
            Stage::Member(_) => parts.push(Method::MLE_TUNED),
            Stage::Fold(_, number) => parts.push(layout.methods()[*number]),
            Stage::Ensemble => parts.clear(),
            _ if uses_folds(stage) && !needed_later => parts.clear(),
            _ => {}
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_base_is_trained_first_and_once() {
        let mut config = Config { methods: vec![Method::SEQGAN, Method::PG_BLEU], ..Config::default() };
        config.adversarial.base = Method::MLE_TUNED;
        let expected = [
            Stage::Likelihood(Method::MLE_TUNED),
            Stage::Rounds(Method::PG_BLEU),
            Stage::RewardModel(Method::SEQGAN),
            Stage::Rounds(Method::SEQGAN),
            Stage::Measure,
        ];
        assert_eq!(plan(&config).unwrap(), expected);
        config.methods = vec![Method::DISTILLED];
        config.ensemble.num_members = 3;
        let expected = [
            Stage::Likelihood(Method::MLE_TUNED),
            Stage::Member(1),
            Stage::Member(2),
            Stage::Ensemble,
            Stage::Likelihood(Method::DISTILLED),
            Stage::Measure,
        ];
        assert_eq!(plan(&config).unwrap(), expected);
        config.methods = vec![Method::MIXTURE];
        assert_eq!(plan(&config).unwrap(), [Stage::Likelihood(Method::MLE_TUNED), Stage::Measure]);
        config.methods = vec![Method::RANDOM];
        assert_eq!(plan(&config).unwrap(), [Stage::Measure]);
        config.methods = vec![Method::SEQGAN_CROSSFIT];
        let generators = |config: &Config| -> Vec<usize> {
            let of = |fold| move |stage: &&Stage| matches!(stage, Stage::Fold(f, _) if *f == fold);
            let stages = plan(config).unwrap();
            (0..config.crossfit.num_folds).map(|fold| stages.iter().filter(of(fold)).count()).collect()
        };
        // Per fold: a model like the base, the members of the ensemble (the first can be the base), or both.
        for (base, features, each) in [
            (Method::MLE_TUNED, false, 1),
            (Method::MLE_TUNED, true, 3),
            (Method::MLE, true, 4),
            (Method::DISTILLED, false, 4),
            (Method::DISTILLED, true, 4),
        ] {
            (config.adversarial.base, config.crossfit.ensemble_features) = (base, features);
            assert_eq!(generators(&config), [each; 4], "{base}");
            let ensemble = plan(&config).unwrap().contains(&Stage::Ensemble);
            assert_eq!(ensemble, features || base == Method::DISTILLED);
        }
        config.methods.clear();
        assert!(plan(&config).is_err());
    }

    #[test]
    fn cross_fitted_rows_share_their_folds() {
        let methods = vec![Method::SEQGAN_CROSSFIT, Method::DISTILLED_SEQGAN_CROSSFIT];
        let mut config = Config { methods, ..Config::default() };
        config.adversarial.base = Method::MLE_TUNED;
        (config.ensemble.num_members, config.crossfit.num_folds) = (2, 2);
        // Number of generators kept for the ensemble or for a reward model after each stage.
        let expected = [
            (Stage::Likelihood(Method::MLE_TUNED), 0),
            (Stage::Member(1), 1),
            (Stage::Ensemble, 0),
            (Stage::Likelihood(Method::DISTILLED), 0),
            (Stage::Fold(0, 0), 1),
            (Stage::Fold(0, 1), 2),
            (Stage::Fold(0, 2), 3),
            (Stage::Fold(1, 0), 4),
            (Stage::Fold(1, 1), 5),
            (Stage::Fold(1, 2), 6),
            (Stage::RewardModel(Method::SEQGAN_CROSSFIT), 6),
            (Stage::Rounds(Method::SEQGAN_CROSSFIT), 6),
            (Stage::RewardModel(Method::DISTILLED_SEQGAN_CROSSFIT), 0),
            (Stage::Rounds(Method::DISTILLED_SEQGAN_CROSSFIT), 0),
            (Stage::Measure, 0),
        ];
        let stages = plan(&config).unwrap();
        assert_eq!(stages, expected.map(|(stage, _)| stage));
        assert_eq!(parts(&config, &stages, 0), []);
        for (done, (stage, number)) in (1..).zip(expected) {
            assert_eq!(parts(&config, &stages, done).len(), number, "after {stage:?}");
        }
        // Reward models that are retrained in the rounds need their folds until the last rounds end.
        let mut retraining = config.clone();
        retraining.crossfit.refresh_every_rounds = 5;
        let parts = |done| super::parts(&retraining, &stages, done).len();
        assert_eq!([stages.len() - 2, stages.len() - 1].map(parts), [6, 0]);
        // A single method has the same generators, without those of the other method's base, which is not trained.
        let of = |base: Method, methods: &[Method]| {
            let mut config = Config { methods: methods.to_vec(), ..config.clone() };
            config.adversarial.base = base;
            let stages = plan(&config).unwrap();
            let folds = stages.iter().filter(|stage| matches!(stage, Stage::Fold(0, _))).count();
            (folds, stages.contains(&Stage::Likelihood(base)))
        };
        let distilled = [Method::DISTILLED_SEQGAN_CROSSFIT];
        assert_eq!(of(Method::MLE_TUNED, &[Method::SEQGAN_CROSSFIT]), (1, true));
        assert_eq!(of(Method::MLE, &config.methods), (4, true), "members, and one for each base");
        assert_eq!(of(Method::DISTILLED, &config.methods), (3, true), "bases that are the same");
        assert_eq!(of(Method::MLE, &distilled), (3, false));
    }
}
