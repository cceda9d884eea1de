//! Folds of the training sequences, and the generators that do not see them.

use super::super::super::state::{AdversarialState, Completed};
use super::super::registry;
use crate::config::{Config, Method};
use crate::discriminator::ReferenceModels;
use crate::generator::{GeneratorPolicy, Policy, ensemble, weighted};
use crate::rng::{Purpose, Streams};
use crate::token::SeqBatch;

/// The number of folds that generators are trained for.
pub fn used_folds(config: &Config) -> usize {
    match config.crossfit.max_folds {
        0 => config.crossfit.num_folds,
        most => most,
    }
}

/// The generators of a fold, which all cross-fitted discriminators of a run share: the members of an ensemble, where one is
/// needed, and behind them one for each base, trained as the base is, unless the first member is that.
#[derive(Debug, Clone)]
pub struct FoldLayout {
    /// Generators of the ensemble; 0 where nothing needs one.
    members: usize,
    /// How each generator is trained.
    methods: Vec<Method>,
}

impl FoldLayout {
    /// The fold generators of the methods with these bases.
    pub fn new(config: &Config, bases: &[Method]) -> Self {
        let needs_teacher = |base: &Method| registry::likelihood(*base).is_some_and(|m| m.needs_teacher());
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
            let method = registry::adversarial(**method);
            method.is_some_and(|m| m.reward_training(config) == super::RewardTraining::OnFolds)
        };
        let methods = config.methods.iter().filter(on_folds);
        Self::new(config, &methods.map(|&method| registry::base(method, config)).collect::<Vec<_>>())
    }

    /// Generators of a fold.
    pub fn len(&self) -> usize {
        self.methods.len()
    }

    /// Whether a fold has no generator.
    pub fn is_empty(&self) -> bool {
        self.methods.is_empty()
    }

    /// Generators of a fold's ensemble.
    pub fn members(&self) -> usize {
        self.members
    }

    /// How generator number `number` is trained.
    pub fn method(&self, number: usize) -> Method {
        self.methods[number]
    }

    /// The number of the generator that is trained as `base` is.
    fn position_of(&self, base: Method) -> usize {
        let found = self.methods.iter().position(|method| *method == base);
        found.expect("every base of a cross-fitted discriminator has a generator in each fold")
    }

    /// The name of generator number `number` of fold number `fold`.
    pub fn name(&self, fold: usize, number: usize) -> String {
        match number < self.members {
            true => format!("fold-{}-member-{}", fold + 1, number + 1),
            false => format!("fold-{}-{}", fold + 1, self.methods[number]),
        }
    }
}

/// The fold of each training sequence, `[N]`; the sizes of folds differ by one at most.
fn folds(config: &Config, n: usize) -> Vec<usize> {
    let mut fold = vec![0; n];
    let order = Streams::new(config.seed, Purpose::Folds).permutation(0, n);
    order.into_iter().enumerate().for_each(|(place, b)| fold[b] = place % config.crossfit.num_folds);
    fold
}

/// The training sequences that the generators of fold number `fold` are trained on: those of all other folds, or all where there
/// is one fold.
pub fn fold_sequences(config: &Config, train: &SeqBatch, fold: usize) -> SeqBatch {
    let of = folds(config, train.len());
    let crossed = config.crossfit.num_folds > 1;
    train.select((0..train.len()).filter(|&b| !crossed || of[b] != fold))
}

/// A training set of the discriminator: sequences, the features of their decisions, and which of them are real.
pub(super) struct TrainingSet {
    pub sequences: SeqBatch,
    /// `[N, T, F]`.
    pub features: Vec<f32>,
    pub real: Vec<bool>,
}

/// Every training sequence of the folds that are used, with the features of the generators of its fold, and as many samples of
/// that fold's generator. Where the rounds have moved the method's generator, the samples are of one that is moved by the same
/// difference of logits.
pub(super) fn training_set(
    (config, train): (&Config, &SeqBatch),
    completed: &Completed,
    state: &AdversarialState,
    base: Method,
) -> TrainingSet {
    let of = folds(config, train.len());
    let streams = Streams::new(config.seed, Purpose::Negative);
    let mut all = TrainingSet { sequences: train.slice(0, 0), features: Vec::new(), real: Vec::new() };
    let layout = FoldLayout::of(config);
    let position = layout.position_of(base);
    let base = &completed.finished[&base];
    for (fold, generators) in completed.parts.chunks_exact(layout.len()).enumerate() {
        let generator = &generators[position];
        let together = config.crossfit.ensemble_features.then(|| ensemble(&generators[..layout.members]));
        let references = ReferenceModels { base: generator, ensemble: together.as_deref() };
        let real = train.select((0..train.len()).filter(|&b| of[b] == fold));
        // Each training draws as many samples as there are real sequences, half of what is there already.
        let first = state.cursor.round as u64 * train.len() as u64 + all.real.len() as u64 / 2;
        let moved =
            state.reference.as_ref().map(|policy| weighted(&[(generator, 1.0), (policy, 1.0), (base, -1.0)]));
        let sampled = GeneratorPolicy::new(moved.as_ref().unwrap_or(generator), 1.0);
        let samples = sampled.sample(&streams, first, real.len()).sequences;
        for (batch, is_real) in [(&real, true), (&samples, false)] {
            all.features.extend(references.features(batch));
            all.real.extend(std::iter::repeat_n(is_real, batch.len()));
            all.sequences.extend(batch);
        }
    }
    all
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
            assert_eq!((layout.members, layout.position_of(base)), (3, position), "{base}");
            assert_eq!(layout.position_of(Method::DISTILLED), layout.len() - 1, "{base}");
        }
    }

    #[test]
    fn folds_share_the_sequences_evenly() {
        let mut config = Config::default();
        config.crossfit.num_folds = 3;
        let of = folds(&config, 11);
        let mut sizes = [0; 3];
        of.iter().for_each(|&fold| sizes[fold] += 1);
        sizes.sort_unstable();
        assert_eq!(sizes, [3, 4, 4]);
        assert_ne!(of, (0..11).map(|b| b % 3).collect::<Vec<_>>(), "not in the order of the file");
    }
}
