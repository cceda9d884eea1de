//! Watches the rounds of a method for signs of training that goes wrong, says so in plain words, and acts if asked.
//!
//! All figures come from what the run's streams draw for measurements, so watching changes no other number, and a run
//! that is interrupted and resumed sees the same signs.

mod advice;
mod sign;

pub use sign::Sign;

use advice::advice;

use super::crossfit::Witnesses;
use super::measure::within_support;
use super::session::Session;
use super::state::State;
use super::summary::Measures;
use crate::Result;
use crate::config::{Action, Method};
use crate::generator::{GeneratorPolicy, Policy};
use crate::metrics::{Estimate, auc, self_bleu, unique};
use crate::rng::{Purpose, Streams};
use crate::token::SeqBatch;
use serde::{Deserialize, Serialize};

/// What the rounds of a method have shown so far.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Watched {
    /// Before the first round.
    first: Option<First>,
    /// Signs that were told already.
    told: Vec<Sign>,
    /// Whether a sign has ended the rounds.
    pub ended: bool,
    /// Accuracy of the judge in its last training.
    pub discriminator_accuracy: Option<f64>,
    /// Standard deviation of the values of a step over the last batch.
    pub value_spread: Option<f64>,
}

impl Watched {
    /// Whether the first measurement has been made.
    pub fn has_begun(&self) -> bool {
        self.first.is_some()
    }
}

/// The samples before the first round.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct First {
    entropy: f64,
    unique: f64,
    self_bleu: f64,
    nll: f64,
}

/// What signs are told from.
pub(super) struct Figures {
    entropy: f64,
    unique: f64,
    self_bleu: f64,
    nll: f64,
    reward: Option<f64>,
    value_spread: Option<f64>,
    discriminator_accuracy: Option<f64>,
    auc_train: Option<Estimate>,
    auc_validation: Option<Estimate>,
}

impl Figures {
    /// Measures the generator in training and its judge.
    pub fn of(session: &Session<'_>, state: &State, method: Method, measures: &Measures) -> Self {
        let (config, task) = (session.config, session.task);
        let n = config.monitor.num_samples;
        let trainee = state.trainee.as_ref().expect("the generator in training");
        let policy = GeneratorPolicy::new(&trainee.generator, 1.0);
        let samples = policy.sample(&Streams::new(config.seed, Purpose::Evaluation), 0, n).sequences;
        let judge = state.adversary.as_ref().map(|adversary| &adversary.judge);
        let witnesses = Witnesses::new(config, &state.finished, method);
        let scores = |batch: &SeqBatch| judge.and_then(|judge| judge.realness(witnesses, batch));
        let of_samples = scores(&samples);
        // The base describes its own training sequences as no generator of a fold described those to the judge.
        let learnt_alike = !method.is_crossfit() || config.crossfit.num_folds == 1;
        let area = |real: &SeqBatch| {
            let real = scores(&real.slice(0, real.len().min(n)))?;
            Some(auc(&real, of_samples.as_ref()?)).filter(|area| area.mean.is_finite())
        };
        Self {
            entropy: measures.entropy.map_or(f64::NAN, |entropy| entropy.mean),
            unique: unique(&samples).mean,
            self_bleu: self_bleu(&samples, 3..=3)[0].mean,
            nll: measures.nll_validation.map_or(f64::NAN, |nll| nll.mean),
            reward: state.position.reward,
            value_spread: state.position.watched.value_spread,
            discriminator_accuracy: state.position.watched.discriminator_accuracy,
            auc_train: if learnt_alike { area(&task.train) } else { None },
            auc_validation: area(&within_support(&task.validation, &trainee.generator)),
        }
    }

    /// Names and values of those that no other record has.
    pub fn entries(&self) -> Vec<(&'static str, f64)> {
        let mean = |area: Option<Estimate>| area.map(|area| area.mean);
        [
            ("unique", Some(self.unique)),
            ("self_bleu_3", Some(self.self_bleu)),
            ("value_spread", self.value_spread),
            ("auc_train", mean(self.auc_train)),
            ("auc_validation", mean(self.auc_validation)),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
    }
}

/// Tells each sign that is new, and returns what is to be done: the strongest action of them.
pub(super) fn watch(
    session: &mut Session<'_>,
    state: &mut State,
    method: Method,
    figures: &Figures,
) -> Result<Action> {
    let round = state.position.round;
    let kept = state.position.kept.first().filter(|kept| kept.round != round);
    let better = kept.map_or(String::new(), |kept| format!(" The model of round {} is kept.", kept.round));
    let watched = &mut state.position.watched;
    let first = watched.first.get_or_insert(First {
        entropy: figures.entropy,
        unique: figures.unique,
        self_bleu: figures.self_bleu,
        nll: figures.nll,
    });
    let config = &session.config.monitor;
    let mut strongest = Action::Warn;
    let mut found = Vec::new();
    for sign in Sign::ALL {
        let action = sign.action(config);
        if action == Action::Off || watched.told.contains(&sign) {
            continue;
        }
        let Some(seen) = sign.seen(config, figures, first) else { continue };
        watched.told.push(sign);
        let advice = advice(sign, method, session.config);
        found.push((sign, format!("{method}, round {round}: {seen}. {advice}.{better}")));
        if action != Action::Warn && strongest != Action::RollBack {
            strongest = action;
        }
    }
    for (sign, text) in found {
        session.observer.note(&format!("warning: {text}"));
        session.record_sign(state, method, sign, &text)?;
        state.outcome.notes.push(text);
    }
    Ok(strongest)
}

/// Standard deviation of the values of a step over the batch, over all steps.
pub(super) fn value_spread(batch: &SeqBatch, values: &[f32], has_end: bool) -> f64 {
    let length = batch.max_length();
    let (mut squares, mut count) = (0.0, 0.0);
    for t in 0..length {
        let column = (0..batch.len()).filter(|&b| batch.steps(b, has_end) > t);
        let column: Vec<f64> = column.map(|b| f64::from(values[b * length + t])).collect();
        let mean = column.iter().sum::<f64>() / column.len().max(1) as f64;
        squares += column.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
        count += column.len() as f64;
    }
    if count == 0.0 { 0.0 } else { f64::sqrt(squares / count) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spread_is_within_steps() {
        let batch = SeqBatch::from_rows([vec![1, 2], vec![1, 2]], 2);
        // Steps of different means do not count, only rows that differ at one step: by 1 at the second.
        let spread = value_spread(&batch, &[5.0, 0.0, 5.0, 1.0], false);
        assert!((spread - (0.5f64 / 4.0).sqrt()).abs() < 1e-12, "{spread}");
        assert_eq!(value_spread(&batch, &[3.0, 1.0, 3.0, 1.0], false), 0.0);
    }
}
