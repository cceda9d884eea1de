//! Which stages a run has, in order.

use super::crossfit::{FoldLayout, used_folds};
use super::judge::Judge;
use crate::config::{Config, Method};
use crate::{Error, Result};

/// One stage of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Trains a likelihood model.
    Likelihood(Method),
    /// Trains a further member of the ensemble.
    Member(usize),
    /// Puts the members together.
    Ensemble,
    /// Trains a generator that does not see a fold of the training sequences: which fold, and which of its generators.
    Fold(usize, usize),
    /// Algorithm 1, line 4: trains what will give the method's reward.
    Judge(Method),
    /// Algorithm 1, lines 6 to 18.
    Rounds(Method),
    /// The final measurements.
    Measure,
}

impl Stage {
    /// What it is called where progress and the metrics tell of it.
    pub fn name(self, config: &Config) -> String {
        match self {
            Self::Likelihood(method) | Self::Rounds(method) => method.name().into(),
            Self::Member(member) => format!("member-{}", member + 1),
            Self::Ensemble => Method::MleEnsemble.name().into(),
            Self::Fold(fold, number) => FoldLayout::of(config).name(fold, number),
            Self::Judge(method) => format!("{method} discriminator"),
            Self::Measure => "measure".into(),
        }
    }
}

/// What there is to do, for whoever waits: all that takes time.
pub(super) fn outline(config: &Config, stages: &[Stage]) -> String {
    let takes_time = |stage: &&Stage| **stage != Stage::Ensemble;
    let names: Vec<String> = stages.iter().filter(takes_time).map(|stage| stage.name(config)).collect();
    names.join(", ")
}

/// The stages that the configured methods need.
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
    let rewarded: Vec<Method> = Method::ALL.into_iter().filter(|m| asked(config, *m, false)).collect();
    let starts = rewarded.iter().chain(config.methods.iter().filter(|m| **m == Method::Mixture));
    let bases: Vec<Method> = starts.map(|m| config.starts_from(*m)).collect();
    let is_base = |method| bases.contains(&method);
    let mut stages = Vec::new();
    let needs_ensemble = config.methods.contains(&Method::MleEnsemble)
        || config.methods.contains(&Method::Distilled)
        || (rewarded.iter().any(|m| m.is_crossfit()) && config.crossfit.ensemble_features)
        || is_base(Method::Distilled);
    for method in Method::ALL {
        match method {
            // The ensemble's first member.
            Method::MleTuned if needs_ensemble => stages.push(Stage::Likelihood(method)),
            Method::MleEnsemble if needs_ensemble => {
                stages.extend((1..config.ensemble.num_members).map(Stage::Member));
                stages.push(Stage::Ensemble);
            }
            _ if asked(config, method, true) || is_base(method) => stages.push(Stage::Likelihood(method)),
            _ => {}
        }
    }
    // Once, for all who need them.
    let generators = FoldLayout::of(config).len();
    let of_fold = |fold| (0..generators).map(move |generator| Stage::Fold(fold, generator));
    let mut folds: Vec<Stage> = (0..used_folds(config)).flat_map(of_fold).collect();
    for method in rewarded {
        if method.is_crossfit() {
            stages.append(&mut folds);
        }
        if Judge::is_trained(method, config) {
            stages.push(Stage::Judge(method));
        }
        stages.push(Stage::Rounds(method));
    }
    stages.push(Stage::Measure);
    Ok(stages)
}

/// Generators that wait, when the first `done` of the stages are, for what is to be made of them: members of an ensemble,
/// and those of the folds, until the last judge that is told by them is trained, for the last time.
pub(super) fn num_parts(config: &Config, stages: &[Stage], done: usize) -> usize {
    let (done, left) = stages.split_at(done);
    let refreshes = config.crossfit.refresh_every_rounds > 0;
    let is_crossfit = |stage: &Stage| match stage {
        Stage::Judge(method) => method.is_crossfit() && !refreshes,
        Stage::Rounds(method) => method.is_crossfit() && refreshes,
        _ => false,
    };
    let judges_left = left.iter().any(is_crossfit);
    done.iter().fold(0, |parts, stage| match stage {
        Stage::Member(_) | Stage::Fold(..) => parts + 1,
        Stage::Ensemble => 0,
        _ if is_crossfit(stage) && !judges_left => 0,
        _ => parts,
    })
}

fn asked(config: &Config, method: Method, likelihood: bool) -> bool {
    let kind = if likelihood { method.is_likelihood() } else { method.follows_reward() };
    kind && config.methods.contains(&method)
}

/// The model whose temperature curve a row is held against: the one it started from; `mle-tuned` for the other
/// likelihood models, where it is trained too.
pub(super) fn base(config: &Config, method: Method) -> Option<Method> {
    match method {
        _ if method.follows_reward() || method == Method::Mixture => Some(config.starts_from(method)),
        Method::Mle | Method::ScheduledSampling | Method::MleEnsemble | Method::Distilled => {
            config.methods.contains(&Method::MleTuned).then_some(Method::MleTuned)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_base_is_trained_first_and_once() {
        let mut config = Config { methods: vec![Method::SeqGan, Method::PgBleu], ..Config::default() };
        config.adversarial.base = Method::MleTuned;
        let expected = [
            Stage::Likelihood(Method::MleTuned),
            Stage::Rounds(Method::PgBleu),
            Stage::Judge(Method::SeqGan),
            Stage::Rounds(Method::SeqGan),
            Stage::Measure,
        ];
        assert_eq!(plan(&config).unwrap(), expected);
        config.methods = vec![Method::Distilled];
        config.ensemble.num_members = 3;
        let expected = [
            Stage::Likelihood(Method::MleTuned),
            Stage::Member(1),
            Stage::Member(2),
            Stage::Ensemble,
            Stage::Likelihood(Method::Distilled),
            Stage::Measure,
        ];
        assert_eq!(plan(&config).unwrap(), expected);
        config.methods = vec![Method::Mixture];
        assert_eq!(plan(&config).unwrap(), [Stage::Likelihood(Method::MleTuned), Stage::Measure]);
        config.methods = vec![Method::Random];
        assert_eq!(plan(&config).unwrap(), [Stage::Measure]);
        config.methods = vec![Method::SeqGanCrossfit];
        let generators = |config: &Config| -> Vec<usize> {
            let of = |fold| move |stage: &&Stage| matches!(stage, Stage::Fold(f, _) if *f == fold);
            let stages = plan(config).unwrap();
            (0..config.crossfit.num_folds).map(|fold| stages.iter().filter(of(fold)).count()).collect()
        };
        // As `base` and `ensemble_features` say: a model like the base; the members, of which it is the first; both.
        for (base, sees, each) in [
            (Method::MleTuned, false, 1),
            (Method::MleTuned, true, 3),
            (Method::Mle, true, 4),
            (Method::Distilled, false, 4),
            (Method::Distilled, true, 4),
        ] {
            (config.adversarial.base, config.crossfit.ensemble_features) = (base, sees);
            assert_eq!(generators(&config), [each; 4], "{base}");
            let ensemble = plan(&config).unwrap().contains(&Stage::Ensemble);
            assert_eq!(ensemble, sees || base == Method::Distilled);
        }
        config.methods.clear();
        assert!(plan(&config).is_err());
    }

    #[test]
    fn cross_fitted_rows_share_their_folds() {
        let methods = vec![Method::SeqGanCrossfit, Method::DistilledSeqGanCrossfit];
        let mut config = Config { methods, ..Config::default() };
        config.adversarial.base = Method::MleTuned;
        (config.ensemble.num_members, config.crossfit.num_folds) = (2, 2);
        // After each stage, the generators that wait for the ensemble or for a judge.
        let expected = [
            (Stage::Likelihood(Method::MleTuned), 0),
            (Stage::Member(1), 1),
            (Stage::Ensemble, 0),
            (Stage::Likelihood(Method::Distilled), 0),
            (Stage::Fold(0, 0), 1),
            (Stage::Fold(0, 1), 2),
            (Stage::Fold(0, 2), 3),
            (Stage::Fold(1, 0), 4),
            (Stage::Fold(1, 1), 5),
            (Stage::Fold(1, 2), 6),
            (Stage::Judge(Method::SeqGanCrossfit), 6),
            (Stage::Rounds(Method::SeqGanCrossfit), 6),
            (Stage::Judge(Method::DistilledSeqGanCrossfit), 0),
            (Stage::Rounds(Method::DistilledSeqGanCrossfit), 0),
            (Stage::Measure, 0),
        ];
        let stages = plan(&config).unwrap();
        assert_eq!(stages, expected.map(|(stage, _)| stage));
        assert_eq!(num_parts(&config, &stages, 0), 0);
        for (done, (stage, parts)) in (1..).zip(expected) {
            assert_eq!(num_parts(&config, &stages, done), parts, "after {stage:?}");
        }
        // Judges that are trained anew in the rounds need their folds until the last of these.
        let mut refreshing = config.clone();
        refreshing.crossfit.refresh_every_rounds = 5;
        let parts = |done| num_parts(&refreshing, &stages, done);
        assert_eq!([stages.len() - 2, stages.len() - 1].map(parts), [6, 0]);
        // One by itself has the same generators, less those of the other's base, which is not trained.
        let of = |base: Method, methods: &[Method]| {
            let mut config = Config { methods: methods.to_vec(), ..config.clone() };
            config.adversarial.base = base;
            let stages = plan(&config).unwrap();
            let folds = stages.iter().filter(|stage| matches!(stage, Stage::Fold(0, _))).count();
            (folds, stages.contains(&Stage::Likelihood(base)))
        };
        let distilled = [Method::DistilledSeqGanCrossfit];
        assert_eq!(of(Method::MleTuned, &[Method::SeqGanCrossfit]), (1, true));
        assert_eq!(of(Method::Mle, &config.methods), (4, true), "members, and one for each base");
        assert_eq!(of(Method::Distilled, &config.methods), (3, true), "bases that are the same");
        assert_eq!(of(Method::Mle, &distilled), (3, false));
    }
}
