//! Parts of the training sequences, and the generators that do not see them.

use super::super::ensemble::member_seed;
use super::super::pretrain::{Model, Teacher, likelihood_settings, maximum_likelihood};
use super::super::session::Session;
use super::super::state::State;
use super::Witnesses;
use crate::Result;
use crate::config::{Config, Method};
use crate::generator::{GeneratorPolicy, Policy, ensemble, weighted};
use crate::rng::{Purpose, Streams};
use crate::token::SeqBatch;

/// Folds that generators are trained for.
pub(in super::super) fn used_folds(config: &Config) -> usize {
    match config.crossfit.max_folds {
        0 => config.crossfit.num_folds,
        most => most,
    }
}

/// The generators of a fold, which all cross-fitted judges of a run share: the members of an ensemble, where one is needed, and
/// behind them one for each base, trained as that is, unless the first member is that.
#[derive(Debug, Clone)]
pub(in super::super) struct FoldLayout {
    /// Generators of the ensemble; none where nothing needs one.
    members: usize,
    /// How each generator is trained.
    methods: Vec<Method>,
}

impl FoldLayout {
    /// As the settings say.
    pub fn of(config: &Config) -> Self {
        let judged = config.methods.iter().filter(|method| method.is_crossfit());
        let bases: Vec<Method> = judged.map(|method| config.starts_from(*method)).collect();
        let needed = config.crossfit.ensemble_features || bases.contains(&Method::Distilled);
        let members = if needed { config.ensemble.num_members } else { 0 };
        let mut methods = vec![Method::MleTuned; members];
        for base in bases {
            if !methods.contains(&base) {
                methods.push(base);
            }
        }
        Self { members, methods }
    }

    /// Generators of a fold.
    pub fn len(&self) -> usize {
        self.methods.len()
    }

    /// Which is trained as `base` is.
    fn like(&self, base: Method) -> usize {
        self.methods.iter().position(|method| *method == base).expect("the base of a cross-fitted judge")
    }

    /// What generator number `number` of fold number `fold` is called.
    pub fn name(&self, fold: usize, number: usize) -> String {
        match number < self.members {
            true => format!("fold-{}-member-{}", fold + 1, number + 1),
            false => format!("fold-{}-{}", fold + 1, self.methods[number]),
        }
    }
}

/// Of each training sequence its fold, `[N]`; folds differ by one sequence at most.
fn folds(config: &Config, n: usize) -> Vec<usize> {
    let mut fold = vec![0; n];
    let order = Streams::new(config.seed, Purpose::Folds).permutation(0, n);
    order.into_iter().enumerate().for_each(|(place, b)| fold[b] = place % config.crossfit.num_folds);
    fold
}

/// Trains generator number `number` of those that do not see fold number `fold`.
pub(in super::super) fn train_fold(
    session: &mut Session<'_>,
    state: &mut State,
    fold: usize,
    number: usize,
) -> Result<()> {
    let (config, train) = (session.config, &session.task.train);
    let of = folds(config, train.len());
    let crossed = config.crossfit.num_folds > 1;
    let others = train.select((0..train.len()).filter(|&b| !crossed || of[b] != fold));
    let layout = FoldLayout::of(config);
    let (members, method, name) = (layout.members, layout.methods[number], layout.name(fold, number));
    // The first member is to the fold what `mle-tuned` is to all, and those behind the members what their bases are.
    let first = number == 0 || number >= members;
    let seed = if first { config.seed } else { member_seed(config, number, fold + 1) };
    let of_fold = &state.parts[state.parts.len() - number..];
    let teacher = (method == Method::Distilled)
        .then(|| Teacher::new(config, ensemble(&of_fold[..members]), &of_fold[0]));
    let model = Model { method, name: &name, seed, teacher };
    let settings = likelihood_settings(config, method);
    let generator = maximum_likelihood(session, state, model, &settings, &others)?;
    state.parts.push(generator);
    Ok(())
}

/// Sequences, their descriptions and whether each is real.
pub(super) struct Evidence {
    pub sequences: SeqBatch,
    pub features: Vec<f32>,
    pub real: Vec<bool>,
}

/// What the judge of `method` learns from: every training sequence of the folds that are used, as the generator of its fold
/// sees it, and as many samples of that generator; or, where the rounds have moved the method's generator, of one that is moved
/// alike, by the same difference of logits.
pub(super) fn evidence(session: &Session<'_>, state: &State, method: Method) -> Evidence {
    let (config, train) = (session.config, &session.task.train);
    let of = folds(config, train.len());
    let streams = Streams::new(config.seed, Purpose::Negative);
    let mut all = Evidence { sequences: train.slice(0, 0), features: Vec::new(), real: Vec::new() };
    let layout = FoldLayout::of(config);
    let like_base = layout.like(config.starts_from(method));
    let base = &state.finished[&config.starts_from(method)];
    let anchor = state.adversary.as_ref().and_then(|adversary| adversary.anchor.as_ref());
    for (fold, generators) in state.parts.chunks_exact(layout.len()).enumerate() {
        let generator = &generators[like_base];
        let together = config.crossfit.ensemble_features.then(|| ensemble(&generators[..layout.members]));
        let witnesses = Witnesses { base: generator, ensemble: together.as_ref() };
        let real = train.select((0..train.len()).filter(|&b| of[b] == fold));
        // A refresh draws as many samples as there are real sequences, half of what is there already.
        let first = state.position.round as u64 * train.len() as u64 + all.real.len() as u64 / 2;
        let moved = anchor.map(|anchor| weighted(&[(generator, 1.0), (anchor, 1.0), (base, -1.0)]));
        let sampled = GeneratorPolicy::new(moved.as_ref().unwrap_or(generator), 1.0);
        let samples = sampled.sample(&streams, first, real.len()).sequences;
        for (batch, is_real) in [(&real, true), (&samples, false)] {
            all.features.extend(witnesses.features(batch));
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
    fn each_base_has_its_likeness_in_a_fold() {
        let methods = vec![Method::SeqGanCrossfit, Method::DistilledSeqGanCrossfit];
        let mut config = Config { methods, ..Config::default() };
        config.ensemble.num_members = 3;
        for (base, like) in [(Method::MleTuned, 0), (Method::Mle, 3), (Method::Distilled, 3)] {
            config.adversarial.base = base;
            let layout = FoldLayout::of(&config);
            assert_eq!((layout.members, layout.like(base)), (3, like), "{base}");
            assert_eq!(layout.like(Method::Distilled), layout.len() - 1, "{base}");
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
