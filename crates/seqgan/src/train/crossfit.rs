//! The method `seqgan-crossfit`: a judge that sees how each decision looks to a generator that has not learnt from it.
//!
//! A generator has overfitted its own training sequences. A judge that is shown them as real, beside the generator's
//! probabilities, learns that likely sequences are real, which is backwards for sequences that the generator has not
//! seen. So the training sequences are split into folds; for each a generator is trained on the others as the base is on
//! all, and describes the sequences of the fold and its own samples. The judge is trained on both once, before the
//! rounds. In the rounds the base model describes, and each decision is worth
//!
//! ```text
//! r_t = scale s_t - kl (log p(y_t) - log p_base(y_t)),      Q_t = r_t + discount r_{t+1} + ..
//! ```
//!
//! with s_t what decision t adds to the judge's logit that the sequence is real. With discount 1 what the expectation of
//! this is largest at is p_base exp(scale / kl sum s_t), the base reweighted by the judge's odds. With discount 0 each
//! decision answers for itself, with less noise; that has the same optimum where exp(s_t) is a ratio of two
//! distributions of the next token, as it is between an ensemble and the base.
//!
//! A judge can learn no more from a fold than likelihood models of its size learn from the others, unless it is told: with
//! `crossfit.sees_ensemble` each fold has an ensemble, and the judge sees its probabilities beside those of the fold's
//! generator. In the rounds `mle-ensemble` takes its place.

use super::ensemble::member_seed;
use super::measure::known;
use super::pretrain::{Model, likelihood_settings, maximum_likelihood};
use super::session::Session;
use super::state::State;
use super::summary::Measures;
use super::task::Task;
use super::witnesses::{Witnesses, num_features};
use crate::Result;
use crate::config::{Config, CrossfitConfig, Method, Schedule};
use crate::data::Batches;
use crate::generator::{LstmGenerator, LstmPolicy, Policy, ensemble};
use crate::metrics::residual;
use crate::metrics::residual::Residual;
use crate::reward::{CausalDiscriminator, CausalObjective, CausalShape, StepReward};
use crate::rng::{Purpose, Streams};
use crate::token::SeqBatch;
use crate::update::causal_discriminator_step;

/// Folds that generators are trained for.
pub(super) fn used_folds(config: &Config) -> usize {
    match config.crossfit.max_folds {
        0 => config.crossfit.num_folds,
        most => most,
    }
}

/// Members of the ensemble that a fold needs.
fn fold_members(config: &Config) -> usize {
    let taught = config.adversarial.base == Method::Distilled;
    if config.crossfit.sees_ensemble || taught { config.ensemble.num_members } else { 0 }
}

/// Generators that a fold needs: the members, and one like the base unless that is the first of them.
pub(super) fn fold_size(config: &Config) -> usize {
    let members = fold_members(config);
    members + usize::from(members == 0 || config.adversarial.base != Method::MleTuned)
}

/// The judge's sizes.
pub(super) fn shape(config: &Config, task: &Task) -> CausalShape {
    CausalShape {
        vocab_size: task.vocab_size(),
        embedding_dim: config.crossfit.embedding_dim,
        hidden_dim: config.crossfit.hidden_dim,
        num_features: num_features(config.crossfit.sees_ensemble),
        end_token: task.generator_shape(config).end_token,
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
pub(super) fn train_fold(
    session: &mut Session<'_>,
    state: &mut State,
    fold: usize,
    number: usize,
) -> Result<()> {
    let (config, train) = (session.config, &session.task.train);
    let of = folds(config, train.len());
    let crossed = config.crossfit.num_folds > 1;
    let others = train.select((0..train.len()).filter(|&b| !crossed || of[b] != fold));
    let members = fold_members(config);
    let (method, name) = match number < members {
        true => (Method::MleTuned, format!("fold-{}-member-{}", fold + 1, number + 1)),
        false => (config.adversarial.base, format!("fold-{}", fold + 1)),
    };
    // The first is to the fold what `mle-tuned` is to all.
    let first = number == 0 || number == members;
    let seed = if first { config.seed } else { member_seed(config, number, fold + 1) };
    let teacher =
        (method == Method::Distilled).then(|| ensemble(&state.parts[state.parts.len() - members..]));
    let model = Model { method, name: &name, seed, teacher: teacher.as_ref() };
    let settings = likelihood_settings(config, method);
    let generator = maximum_likelihood(session, state, model, &settings, &others)?;
    state.parts.push(generator);
    Ok(())
}

/// Sequences, their descriptions and whether each is real.
struct Evidence {
    sequences: SeqBatch,
    features: Vec<f32>,
    real: Vec<bool>,
}

/// Every training sequence of the folds that are used, as the generator of its fold sees it, and as many samples of that generator.
fn evidence(session: &Session<'_>, state: &State) -> Evidence {
    let (config, train) = (session.config, &session.task.train);
    let of = folds(config, train.len());
    let streams = Streams::new(config.seed, Purpose::Negative);
    let mut all = Evidence { sequences: train.slice(0, 0), features: Vec::new(), real: Vec::new() };
    for (fold, generators) in state.parts.chunks_exact(fold_size(config)).enumerate() {
        let generator = match config.adversarial.base {
            Method::MleTuned => &generators[0],
            _ => generators.last().expect("a fold has generators"),
        };
        let together =
            config.crossfit.sees_ensemble.then(|| ensemble(&generators[..config.ensemble.num_members]));
        let witnesses = Witnesses { base: generator, ensemble: together.as_ref() };
        let real = train.select((0..train.len()).filter(|&b| of[b] == fold));
        let first = all.real.len() as u64;
        let samples = LstmPolicy::new(generator, 1.0).sample(&streams, first, real.len()).sequences;
        for (batch, is_real) in [(&real, true), (&samples, false)] {
            all.features.extend(witnesses.features(batch));
            all.real.extend(std::iter::repeat_n(is_real, batch.len()));
            all.sequences.extend(batch);
        }
    }
    all
}

/// Trains the judge, once, on all folds. It is kept as it was after the pass when it was worth most on validation
/// data; one that is never worth anything as it was before the first, when it judges all alike.
pub(super) fn train_judge(session: &mut Session<'_>, state: &mut State) -> Result<()> {
    let CrossfitConfig { d_epochs, d_batch_size, d_learning_rate, .. } = session.config.crossfit;
    let evidence = evidence(session, state);
    let shuffles = Streams::new(session.config.seed, Purpose::ShuffleDiscriminator);
    let epoch_batches =
        |epoch| Batches::new(evidence.real.len(), d_batch_size, &shuffles, epoch).drop_incomplete();
    let batches_an_epoch = epoch_batches(0).len();
    let total = (d_epochs * batches_an_epoch) as u64;
    let name = format!("{} discriminator", Method::SeqGanCrossfit);
    let done = state.position.d_epoch * batches_an_epoch + state.position.d_batch;
    session.observer.phase(&name, done as u64, total);
    let width = evidence.features.len() / evidence.real.len();
    // Before it has learnt anything, every logit is 0, and so is its worth.
    if done == 0 {
        let adversary = state.adversary.as_mut().expect("the judge in training");
        adversary.best = adversary.judge.parameters().cloned();
        state.position.d_best = Some(0.0);
    }
    while state.position.d_epoch < d_epochs {
        let batches = epoch_batches(state.position.d_epoch as u64);
        for batch in batches.iter().skip(state.position.d_batch) {
            let step = (state.position.d_epoch * batches_an_epoch + state.position.d_batch) as u64;
            let sequences = evidence.sequences.select(batch.iter().copied());
            let chosen = batch.iter().flat_map(|&b| &evidence.features[b * width..(b + 1) * width]);
            let features: Vec<f32> = chosen.copied().collect();
            let real: Vec<bool> = batch.iter().map(|&b| evidence.real[b]).collect();
            let adversary = state.adversary.as_mut().expect("the judge in training");
            let (judge, optimizer) = (adversary.judge.crossfit_mut(), adversary.optimizer.as_mut());
            let optimizer = optimizer.expect("a judge that is trained");
            let rate = d_learning_rate * Schedule::Cosine.factor(step, total);
            let objective = CausalObjective::Sum;
            let learnt =
                causal_discriminator_step(judge, optimizer, (&sequences, &features), &real, objective, rate);
            let result = match learnt {
                Ok(result) => result,
                Err(error) => return Err(session.given_up(state, error)),
            };
            state.position.d_batch += 1;
            let sums = &mut state.position.d_sums;
            *sums = [sums[0] + result.loss, sums[1] + result.accuracy, sums[2] + 1.0];
            let figures = [("d loss", sums[0] / sums[2]), ("d accuracy", sums[1] / sums[2])];
            session.observer.advance(step + 1, &figures);
            session.step_done(state)?;
        }
        state.position.d_batch = 0;
        state.position.d_epoch += 1;
        let [loss, accuracy, count] = std::mem::take(&mut state.position.d_sums);
        let worth = worth(session, state);
        let adversary = state.adversary.as_mut().expect("the judge in training");
        if state.position.d_best.is_none_or(|best| worth.gain.mean > best) {
            state.position.d_best = Some(worth.gain.mean);
            adversary.best = adversary.judge.parameters().cloned();
        }
        let figures = [
            ("d_loss", loss / count),
            ("d_accuracy", accuracy / count),
            ("d_worth", worth.gain.mean),
            ("d_worth_stderr", worth.gain.stderr),
            ("d_effective", worth.effective),
        ];
        let epoch = state.position.d_epoch as u64;
        let phase = ("discriminator", Some(Method::SeqGanCrossfit));
        session.record(state, phase, epoch, &Measures::default(), &figures)?;
    }
    state.position.d_epoch = 0;
    if state.position.d_best.take() == Some(0.0) {
        session.observer.note(
            "the judge tells real sequences that it has not seen no better from samples than a coin: it is left out, and \
             the base stays as it is",
        );
    }
    let adversary = state.adversary.as_mut().expect("the judge in training");
    if let (Some(best), Some(parameters)) = (adversary.best.take(), adversary.judge.parameters_mut()) {
        *parameters = best;
    }
    // They have described what there was to describe.
    state.parts.clear();
    Ok(())
}

/// What the judge is worth on the validation part, against fresh samples of the base. Its logits count as much as they will
/// in the rounds.
fn worth(session: &Session<'_>, state: &State) -> Residual {
    let CrossfitConfig { reward_scale, kl, .. } = session.config.crossfit;
    let scale = if kl > 0.0 { reward_scale / kl } else { 1.0 };
    let witnesses = Witnesses::new(session.config, &state.finished);
    let judge = state.adversary.as_ref().expect("the judge in training").judge.crossfit();
    let streams = Streams::new(session.config.seed, Purpose::Evaluation);
    let samples = LstmPolicy::new(witnesses.base, 1.0).sample(
        &streams,
        0,
        session.config.evaluate.num_samples_training,
    );
    let logits = |batch: &SeqBatch| -> Vec<f64> {
        realness(judge, witnesses, batch).into_iter().map(|f| scale * f64::from(f)).collect()
    };
    residual(&logits(&known(&session.task.validation, witnesses.base)), &logits(&samples.sequences))
}

/// How real the judge takes whole sequences to be, as the witnesses see them: the logit, `[B]`.
pub(super) fn realness(judge: &CausalDiscriminator, witnesses: Witnesses<'_>, batch: &SeqBatch) -> Vec<f32> {
    let (logits, length) = (judge.logits(batch, &witnesses.features(batch)), batch.max_length());
    logits.chunks_exact(length).map(|row| row.iter().sum()).collect()
}

/// The reward of each decision.
pub(super) struct CrossfitReward<'a> {
    pub judge: &'a CausalDiscriminator,
    pub witnesses: Witnesses<'a>,
    pub generator: &'a LstmGenerator,
    pub config: &'a CrossfitConfig,
}

impl StepReward for CrossfitReward<'_> {
    fn step_scores(&self, sequences: &SeqBatch) -> Vec<f32> {
        let described = self.witnesses.features(sequences);
        let (scale, kl) = (self.config.reward_scale as f32, self.config.kl as f32);
        let log_p_base = described.iter().step_by(self.witnesses.num_features());
        let log_p = self.generator.log_prob(sequences);
        let scores = self.judge.logits(sequences, &described).into_iter().zip(log_p).zip(log_p_base);
        scores.map(|((score, log_p), log_p_base)| scale * score - kl * (log_p - log_p_base)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::oracle;

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

    /// What the values are made of, and that without a judgement they draw back to the base.
    #[test]
    fn the_reward_is_judgement_less_distance() {
        let generator = oracle::random(oracle::synthetic_shape(6, 3, 4, 4), 1);
        let base = oracle::random(oracle::synthetic_shape(6, 3, 4, 4), 2);
        let mut config = Config::default().crossfit;
        (config.reward_scale, config.kl) = (0.8, 2.0);
        let shape = CausalShape {
            vocab_size: 6,
            embedding_dim: 2,
            hidden_dim: 3,
            num_features: num_features(false),
            end_token: None,
        };
        let streams = Streams::new(3, Purpose::DiscriminatorInit);
        let mut judge = CausalDiscriminator::new(shape, &streams);
        let batch = SeqBatch::from_rows([vec![1, 2, 3, 4], vec![5, 0, 1, 1]], 4);
        let scores = |judge: &CausalDiscriminator| {
            let witnesses = Witnesses { base: &base, ensemble: None };
            CrossfitReward { judge, witnesses, generator: &generator, config: &config }.step_scores(&batch)
        };
        let distance: Vec<f32> =
            generator.log_prob(&batch).iter().zip(base.log_prob(&batch)).map(|(a, b)| a - b).collect();
        // An untrained judge's output is zero.
        let close = |a: &[f32], b: Vec<f32>| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-4);
        assert!(close(&scores(&judge), distance.iter().map(|d| -2.0 * d).collect()));
        judge.parameters_mut()[5][0] = 0.5;
        assert!(close(&scores(&judge), distance.iter().map(|d| 0.8 * 0.5 - 2.0 * d).collect()));
    }
}
