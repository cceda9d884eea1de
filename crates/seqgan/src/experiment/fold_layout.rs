//! Layout of the generators of a fold.

use crate::config::{Config, Method};
use crate::train::method::{self, RewardTraining};

/// Generators of a fold, shared by all cross-fitted discriminators of a run. The members of the ensemble come first, if
/// one is needed. One generator for each base follows, trained with the method of that base, unless the first member is
/// already such a generator.
#[derive(Debug, Clone)]
pub(super) struct FoldLayout {
    /// Number of members of the ensemble; 0 if no ensemble is needed.
    members: usize,
    /// Training method of each generator.
    methods: Vec<Method>,
}

impl FoldLayout {
    /// Layout for methods with these bases.
    pub fn new(config: &Config, bases: &[Method]) -> Self {
        let needs_teacher = |base: &Method| method::likelihood(*base).is_some_and(|m| m.needs_teacher());
        let needed = config.crossfit.ensemble_features || bases.iter().any(needs_teacher);
        let members = if needed { config.ensemble.num_members } else { 0 };
        let mut methods = vec![Method::MLE_TUNED; members];
        for base in bases {
            if !methods.contains(base) {
                methods.push(*base);
            }
        }
        Self { members, methods }
    }

    /// Layout for the methods of a run whose reward models are trained on folds.
    pub fn of(config: &Config) -> Self {
        let on_folds = |method: &&Method| {
            let method = method::adversarial(**method);
            method.is_some_and(|m| m.reward_training(config) == RewardTraining::OnFolds)
        };
        let methods = config.methods.iter().filter(on_folds);
        Self::new(config, &methods.map(|&method| method::base(method, config)).collect::<Vec<_>>())
    }

    /// Training method of each generator of a fold.
    pub fn methods(&self) -> &[Method] {
        &self.methods
    }

    /// Number of members of a fold's ensemble.
    pub fn members(&self) -> usize {
        self.members
    }

    /// Name of generator number `number` of fold number `fold`; both count from 0.
    pub fn name(&self, fold: usize, number: usize) -> String {
        match number < self.members {
            true => format!("fold-{}-member-{}", fold + 1, number + 1),
            false => format!("fold-{}-{}", fold + 1, self.methods[number]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_base_has_its_generator_in_a_fold() {
        let methods = vec![Method::SEQGAN_CROSSFIT, Method::DISTILLED_SEQGAN_CROSSFIT];
        let mut config = Config { methods, ..Config::default() };
        config.ensemble.num_members = 3;
        for (base, position) in [(Method::MLE_TUNED, 0), (Method::MLE, 3), (Method::DISTILLED, 3)] {
            config.adversarial.base = base;
            let layout = FoldLayout::of(&config);
            let position_of = |base| layout.methods.iter().position(|method| *method == base);
            assert_eq!((layout.members, position_of(base)), (3, Some(position)), "{base}");
            assert_eq!(position_of(Method::DISTILLED), Some(layout.methods.len() - 1), "{base}");
        }
    }
}
