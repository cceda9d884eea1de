//! Folds of the training sequences, and the discriminator's training set that is built from them.

use super::super::super::state::{AdversarialState, Completed};
use crate::config::{Config, Method};
use crate::discriminator::ReferenceModels;
use crate::generator::{GeneratorPolicy, Policy, ensemble, weighted};
use crate::rng::{Purpose, Streams};
use crate::token::SeqBatch;

/// Number of folds that generators are trained for.
pub fn used_folds(config: &Config) -> usize {
    match config.crossfit.max_folds {
        0 => config.crossfit.num_folds,
        most => most,
    }
}

/// Fold of each training sequence, `[N]`. The sizes of folds differ by at most one.
fn folds(config: &Config, n: usize) -> Vec<usize> {
    let mut fold = vec![0; n];
    let order = Streams::new(config.seed, Purpose::Folds).permutation(0, n);
    order.into_iter().enumerate().for_each(|(place, b)| fold[b] = place % config.crossfit.num_folds);
    fold
}

/// Training sequences of the generators of fold number `fold`: those of all other folds, or all sequences if there is
/// only one fold.
pub fn fold_sequences(config: &Config, train: &SeqBatch, fold: usize) -> SeqBatch {
    let of = folds(config, train.len());
    let crossed = config.crossfit.num_folds > 1;
    train.select((0..train.len()).filter(|&b| !crossed || of[b] != fold))
}

/// Training set of the discriminator: sequences, the features of their decisions, and whether each is real.
pub(super) struct TrainingSet {
    pub sequences: SeqBatch,
    /// `[N, T, F]`.
    pub features: Vec<f32>,
    pub real: Vec<bool>,
}

/// Builds the training set: for each used fold, its training sequences and equally many samples of its generator, with
/// the features of the fold's generators. If the rounds have changed the method's generator, the sampled generator has
/// the same difference of logits added.
pub(super) fn training_set(
    (config, train): (&Config, &SeqBatch),
    completed: &Completed,
    state: &AdversarialState,
    base: Method,
) -> TrainingSet {
    let of = folds(config, train.len());
    let streams = Streams::new(config.seed, Purpose::Negative);
    let mut all = TrainingSet { sequences: train.slice(0, 0), features: Vec::new(), real: Vec::new() };
    let finished = &completed.finished[&base];
    let generators = completed.parts.len() / used_folds(config);
    for (fold, generators) in completed.parts.chunks_exact(generators).enumerate() {
        let generator = generators.iter().find(|part| part.method == base);
        let generator = &generator.expect("every base has a generator in each fold").generator;
        let members = || generators[..config.ensemble.num_members].iter().map(|part| part.generator.clone());
        let together = config.crossfit.ensemble_features.then(|| ensemble(&members().collect::<Vec<_>>()));
        let references = ReferenceModels { base: generator, ensemble: together.as_deref() };
        let real = train.select((0..train.len()).filter(|&b| of[b] == fold));
        // Number of samples drawn before: one per training sequence and round, and half of the rows collected so far.
        let first = state.cursor.round as u64 * train.len() as u64 + all.real.len() as u64 / 2;
        let moved = state
            .reference
            .as_ref()
            .map(|policy| weighted(&[(generator, 1.0), (policy, 1.0), (finished, -1.0)]));
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
