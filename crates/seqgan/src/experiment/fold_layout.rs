//! Which generators each fold of the training sequences has.

use crate::config::{Config, Method};
use crate::train::method::{self, RewardTraining};

/// The generators of a fold, which all cross-fitted discriminators of a run share: the members of an ensemble, where one is
/// needed, and behind them one for each base, trained as the base is, unless the first member is that.
#[derive(Debug, Clone)]
pub(super) struct FoldLayout {
    /// Generators of the ensemble; 0 where nothing needs one.
    members: usize,
    /// How each generator is trained.
    methods: Vec<Method>,
}

impl FoldLayout {
    /// The fold generators of the methods with these bases.
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

    /// The fold generators of a run: of those of its methods whose reward models are trained on folds.
    pub fn of(config: &Config) -> Self {
        let on_folds = |method: &&Method| {
            let method = method::adversarial(**method);
            method.is_some_and(|m| m.reward_training(config) == RewardTraining::OnFolds)
        };
        let methods = config.methods.iter().filter(on_folds);
        Self::new(config, &methods.map(|&method| method::base(method, config)).collect::<Vec<_>>())
    }

    /// How each generator of a fold is trained.
    pub fn methods(&self) -> &[Method] {
        &self.methods
    }

    /// Generators of a fold's ensemble.
    pub fn members(&self) -> usize {
        self.members
    }

    /// The name of generator number `number` of fold number `fold`.
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
