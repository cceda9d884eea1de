//! The final measurements, one at a time, so that a run killed among them goes on with the next.

use super::baselines::Unigram;
use super::equal_entropy::compare_at;
use super::held_out::MOST_SAMPLES;
use super::measure;
use super::mix;
use super::plan::{Stage, base};
use super::residual::{self, ResidualRow, row_name};
use super::session::Session;
use super::state::State;
use super::summary::{CurveEntry, Floors, Measures, MethodRow};
use crate::config::{Method, MixtureConfig};
use crate::credit::BuiltRewards;
use crate::generator::{LstmGenerator, LstmPolicy, MixturePolicy, Policy};
use crate::metrics::{Estimate, Scorecard, Verdict};
use crate::rng::{Purpose, Streams};
use crate::token::{SeqBatch, TokenId};
use crate::{Error, Result};
use std::collections::BTreeMap;

/// One measurement.
#[derive(Debug, Clone, PartialEq)]
enum Unit {
    /// A part of the draws that measure the oracle.
    Floor(usize),
    /// A row at temperature 1.
    Row(Method),
    /// The row of real sequences.
    Real,
    /// A point of a row's curve.
    Curve(Method, f64),
    /// A row against its base at equal entropy.
    Compare(Method, f64),
    /// The row of candidates kept by the odds of a method's judge, at temperature 1.
    Residual(Method),
    /// It against its base at equal entropy.
    CompareResidual(Method, f64),
    /// Sequences written to the run folder.
    Samples(Method),
    /// Real sequences written beside them.
    RealSamples,
    /// A model's samples under each part of the reward.
    Rewards(Method),
    /// Real sequences under it.
    RealRewards,
}

/// Sequences of a floor's part.
const FLOOR_PART: usize = 5_000;
/// Temperatures of the verdict (at the base's equal entropies).
const VERDICT_TEMPERATURES: [f64; 3] = [1.0, 0.9, 0.8];
/// Sequences written for each method.
const NUM_WRITTEN: usize = 1_000;
/// Sequences of each method that the parts of a reward are asked about: a program may be slow.
const NUM_REWARDED: usize = 1_000;
/// The name of the row of real sequences, and of their file.
const REAL: &str = "real";

/// Measures all rows.
pub(super) fn evaluate(session: &mut Session<'_>, state: &mut State) -> Result<()> {
    let units = units(session, state);
    check_rows(session, state, &units)?;
    let mix = match session.config.reward.is_empty() {
        true => None,
        false => Some(mix::build(session.config, session.task)?),
    };
    let name = Stage::Measure.name(session.config);
    session.observer.phase(&name, state.position.measured as u64, units.len() as u64);
    while let Some(unit) = units.get(state.position.measured) {
        if let Err(error) = run(session, state, mix.as_ref(), unit) {
            // A measurement that trains something can be stopped within; it is made again from its beginning.
            return Err(match error {
                Error::Interrupted => session.given_up(state, error),
                error => error,
            });
        }
        state.position.measured += 1;
        session.observer.advance(state.position.measured as u64, &[]);
        session.step_done(state)?;
    }
    let temperature_one = |row: &MethodRow| row.comparisons.iter().map(|c| c.differences).collect::<Vec<_>>();
    for row in &mut state.outcome.methods {
        let comparable = row.comparisons.iter().all(|c| c.differences.reverse().is_some());
        if comparable && !row.comparisons.is_empty() {
            row.verdict = Some(Verdict::of(&temperature_one(row)));
        }
    }
    Ok(())
}

/// Refuses a state that lacks the row, or the floors, of a measurement that it says is done.
fn check_rows(session: &Session<'_>, state: &State, units: &[Unit]) -> Result<()> {
    let outcome = &state.outcome;
    let lacks = |name: &str| !outcome.methods.iter().any(|row| row.name == name);
    let done = units.iter().take(state.position.measured);
    let mut missing = done.filter_map(|unit| match unit {
        Unit::Row(method) if lacks(method.name()) => Some(method.name()),
        Unit::Real if lacks(REAL) => Some(REAL),
        Unit::Residual(method) if lacks(row_name(*method)) => Some(row_name(*method)),
        _ => None,
    });
    match missing.next() {
        None => Ok(()),
        Some(name) => Err(Error::Checkpoint {
            path: session.folder.state(),
            message: format!("the row `{name}` is measured, but not there"),
            hint: Some("the state is damaged; start a new run".into()),
        }),
    }
}

fn units(session: &Session<'_>, state: &State) -> Vec<Unit> {
    let (config, task) = (session.config, session.task);
    let mut units = Vec::new();
    if task.oracle.is_some() {
        units.extend((0..config.oracle.num_floor.div_ceil(FLOOR_PART)).map(Unit::Floor));
    }
    units.extend(config.methods.iter().copied().map(Unit::Row));
    let rewarded = !config.reward.is_empty();
    units.extend((task.held_out.is_some() || rewarded).then_some(Unit::Real));
    let models = || config.methods.iter().copied().filter(|m| is_model(state, *m));
    if task.oracle.is_some() || task.held_out.is_some() {
        let temperatures = &config.evaluate.temperatures;
        units.extend(models().flat_map(|m| temperatures.iter().map(move |&t| Unit::Curve(m, t))));
    }
    let has_base = |m: &Method| base(config, *m).is_some_and(|base| config.methods.contains(&base));
    let verdicts = task.oracle.is_some()
        || (task.held_out.is_some() && task.test.is_some() && config.evaluate.reverse_lm);
    if verdicts {
        let compared = models().filter(has_base);
        units.extend(compared.flat_map(|m| VERDICT_TEMPERATURES.map(|t| Unit::Compare(m, t))));
    }
    for method in residual::rows(config) {
        units.push(Unit::Residual(method));
        if verdicts && has_base(&method) {
            units.extend(VERDICT_TEMPERATURES.map(|t| Unit::CompareResidual(method, t)));
        }
    }
    units.extend(models().map(Unit::Samples));
    units.push(Unit::RealSamples);
    if rewarded {
        units.extend(models().map(Unit::Rewards));
        units.push(Unit::RealRewards);
    }
    units
}

fn run(session: &mut Session<'_>, state: &mut State, mix: Option<&BuiltRewards>, unit: &Unit) -> Result<()> {
    match unit {
        Unit::Floor(part) => floor(session, state, *part),
        Unit::Row(method) => {
            let measures = at_temperature_one(session, state, *method);
            session.record(state, ("final", Some(*method)), 0, &measures, &[])?;
            let scorecard = scorecard_of_method(session, state, *method, 1.0);
            let nll_by_label = match is_model(state, *method) {
                true => nll_by_label(session, model(session, state, *method, 1.0)),
                false => BTreeMap::new(),
            };
            state.outcome.methods.push(MethodRow {
                nll_by_label,
                name: method.to_string(),
                base: base(session.config, *method).map(|base| base.to_string()),
                measures,
                scorecard,
                ..MethodRow::default()
            });
        }
        Unit::Real => {
            let scorecard = session.task.held_out.as_ref().map(|held_out| {
                let n = held_out.test.len().min(MOST_SAMPLES);
                held_out.test.real(&held_out.train, n, session.config.seed)
            });
            let row = MethodRow { name: REAL.into(), scorecard, ..MethodRow::default() };
            state.outcome.methods.push(row);
        }
        Unit::Curve(method, temperature) => {
            let known = row(state, method.name());
            let (measures, scorecard) = match *temperature {
                1.0 => (known.measures.clone(), known.scorecard.clone()),
                _ => {
                    let entropy = state.outcome.oracle.as_ref().map(|f| f.entropy);
                    let policy = model(session, state, *method, *temperature);
                    let scorecard = scorecard_of_method(session, state, *method, *temperature);
                    (measured(session, policy, entropy), scorecard)
                }
            };
            session.record(
                state,
                ("curve", Some(*method)),
                0,
                &measures,
                &[("temperature", *temperature)],
            )?;
            row(state, method.name()).curve.push(CurveEntry {
                temperature: *temperature,
                measures,
                scorecard,
            });
        }
        Unit::Compare(method, temperature) => {
            let base = base(session.config, *method).expect("a row with a base");
            let Model { policy, .. } = model(session, state, *method, *temperature);
            let n = session.config.evaluate.num_samples;
            let comparison = compare_at(session, state, (&*policy, n), base, *temperature)?;
            row(state, method.name()).comparisons.push(comparison);
        }
        Unit::Residual(method) => {
            let of_run = ResidualRow::new(session, state, *method, 1.0)?;
            let mut row = of_run.measured(state.outcome.oracle.as_ref().map(|f| f.entropy));
            row.scorecard = scorecard(session, 1.0, |n| of_run.samples(Purpose::Evaluation, n));
            write_sequences(session, row_name(*method), &of_run.samples(Purpose::Sample, NUM_WRITTEN))?;
            state.outcome.methods.push(row);
        }
        Unit::CompareResidual(method, temperature) => {
            let of_run = ResidualRow::new(session, state, *method, *temperature)?;
            let comparison = of_run.compared(state, *temperature)?;
            row(state, row_name(*method)).comparisons.push(comparison);
        }
        Unit::Samples(method) => {
            let samples = sample(session, state, *method, NUM_WRITTEN);
            write_sequences(session, method.name(), &samples)?;
        }
        Unit::RealSamples => {
            let train = &session.task.train;
            write_sequences(session, REAL, &train.slice(0, train.len().min(NUM_WRITTEN)))?;
        }
        Unit::Rewards(method) => {
            let samples = sample(session, state, *method, NUM_REWARDED);
            row(state, method.name()).rewards = rewards(mix, &samples)?;
        }
        Unit::RealRewards => {
            let validation = &session.task.validation;
            let samples = validation.slice(0, validation.len().min(NUM_REWARDED));
            let rewards = rewards(mix, &samples)?;
            row(state, REAL).rewards = rewards;
        }
    }
    Ok(())
}

/// What a row is sampled from and asked for likelihoods.
struct Model<'a> {
    policy: Box<dyn Policy>,
    /// Which tells the sequences that have a probability.
    generator: &'a LstmGenerator,
}

/// Whether a row is more than a distribution of single tokens.
fn is_model(state: &State, method: Method) -> bool {
    method == Method::Mixture || state.finished.contains_key(&method)
}

/// The model of a row at a temperature.
fn model<'s>(session: &Session<'_>, state: &'s State, method: Method, temperature: f64) -> Model<'s> {
    let config = session.config;
    if method == Method::Mixture {
        let MixtureConfig { share, temperature: colder } = config.mixture;
        let generator = &state.finished[&config.starts_from(method)];
        let part = |share, temperature| (share, LstmPolicy::new(generator, temperature));
        let parts = vec![part(share, temperature * colder), part(1.0 - share, temperature)];
        return Model { policy: Box::new(MixturePolicy::new(parts)), generator };
    }
    let generator = &state.finished[&method];
    Model { policy: Box::new(LstmPolicy::new(generator, temperature)), generator }
}

fn measured(session: &Session<'_>, model: Model<'_>, oracle_entropy: Option<Estimate>) -> Measures {
    let n = session.config.evaluate.num_samples;
    session.measure(&*model.policy, model.generator, n, oracle_entropy)
}

/// Samples of a row at temperature 1, the same whatever they are for.
fn sample(session: &Session<'_>, state: &State, method: Method, n: usize) -> SeqBatch {
    let streams = Streams::new(session.config.seed, Purpose::Sample);
    model(session, state, method, 1.0).policy.sample(&streams, 0, n).sequences
}

/// The likelihood of held-out sequences, a label each that has any.
fn nll_by_label(session: &Session<'_>, model: Model<'_>) -> BTreeMap<String, Estimate> {
    let (task, policy) = (session.task, &*model.policy);
    let held_out = measure::within_support(task.test.as_ref().unwrap_or(&task.validation), model.generator);
    let of = |(label, name): (u32, &String)| {
        let rows: Vec<usize> = (0..held_out.len()).filter(|&b| held_out.label(b) == Some(label)).collect();
        (!rows.is_empty()).then(|| (name.clone(), measure::nll(policy, &held_out.select(rows))))
    };
    (0..).zip(&task.labels).filter_map(of).collect()
}

/// Mean scores under the parts that judge a sequence by itself.
fn rewards(mix: Option<&BuiltRewards>, samples: &SeqBatch) -> Result<BTreeMap<String, Estimate>> {
    let Some(mix) = mix else { return Ok(BTreeMap::new()) };
    let scores = mix.scores(samples)?;
    let mean = |scores: Vec<f32>| Estimate::from_values(scores.into_iter().map(f64::from));
    Ok(scores.into_iter().map(|(name, scores)| (name, mean(scores))).collect())
}

fn at_temperature_one(session: &Session<'_>, state: &State, method: Method) -> Measures {
    let entropy = state.outcome.oracle.as_ref().map(|f| f.entropy);
    match is_model(state, method) {
        true => measured(session, model(session, state, method, 1.0), entropy),
        false => session.measure_unigram(&untrained(session, method), entropy),
    }
}

fn untrained(session: &Session<'_>, method: Method) -> Unigram {
    let shape = session.task.generator_shape(session.config);
    match method {
        Method::Random => Unigram::uniform(shape.vocab_size),
        _ => Unigram::of(&session.task.train, shape.vocab_size, shape.end_token, &shape.never),
    }
}

fn scorecard_of_method(
    session: &Session<'_>,
    state: &State,
    method: Method,
    temperature: f64,
) -> Option<Scorecard> {
    let policy = is_model(state, method).then(|| model(session, state, method, temperature).policy)?;
    let streams = Streams::new(session.config.seed, Purpose::Evaluation);
    scorecard(session, temperature, |n| policy.sample(&streams, 0, n).sequences)
}

/// As many samples of a trained model as there are test sequences, beside them; none where there is no test file.
fn scorecard(
    session: &Session<'_>,
    temperature: f64,
    sample: impl Fn(usize) -> SeqBatch,
) -> Option<Scorecard> {
    let held_out = session.task.held_out.as_ref()?;
    let samples = sample(held_out.test.len().min(MOST_SAMPLES));
    let vocab = session.task.vocab.as_ref().expect("a file's vocabulary");
    // The distance to the training file takes longest, and says little along a curve.
    let train = (temperature == 1.0).then_some(&held_out.train);
    Some(held_out.test.scorecard(&held_out.test.samples(&samples, vocab), train))
}

fn write_sequences(session: &Session<'_>, name: &str, sequences: &SeqBatch) -> Result<()> {
    let text: String = sequences.rows().map(|r| session.task.write(r) + "\n").collect();
    let path = session.folder.path().join("samples").join(format!("{name}.txt"));
    crate::checkpoint::write_atomically(&path, text.as_bytes())
}

fn row<'s>(state: &'s mut State, name: &str) -> &'s mut MethodRow {
    let mut rows = state.outcome.methods.iter_mut();
    rows.find(|r| r.name == name).expect("measured before what is added to it")
}

/// Adds a part of the draws to the sums; the last part makes the floors.
fn floor(session: &Session<'_>, state: &mut State, part: usize) {
    let (config, seed) = (&session.config.oracle, session.config.seed);
    let oracle = session.task.oracle.as_ref().expect("a synthetic task");
    let length = session.task.max_length() as f64;
    let n = FLOOR_PART.min(config.num_floor - part * FLOOR_PART);
    let samples = oracle.sample(&Streams::new(seed, Purpose::OracleFloor), (part * FLOOR_PART) as u64, n);
    samples.log_prob.iter().for_each(|l| state.outcome.floor_sums.entropy.add(-l / length));
    // A fifth is enough for the uniform row: its standard error is below 0.01.
    let uniform = uniform(seed, part * FLOOR_PART, n.div_ceil(5), session.task);
    for nats in measure::oracle_nats(oracle, &uniform) {
        state.outcome.floor_sums.uniform.add(nats / length);
    }
    if (part + 1) * FLOOR_PART >= config.num_floor {
        let sums = &state.outcome.floor_sums;
        // That of a rule needs no draws.
        let exact = oracle.rule().map(|rule| Estimate { mean: rule.entropy() / length, stderr: 0.0 });
        let entropy = exact.unwrap_or_else(|| sums.entropy.estimate());
        state.outcome.oracle = Some(Floors { entropy, uniform_nll: sums.uniform.estimate() });
    }
}

fn uniform(seed: u64, first: usize, n: usize, task: &super::Task) -> SeqBatch {
    let streams = Streams::new(seed, Purpose::Baseline);
    let token = |b: usize, t: usize| {
        let u = streams.uniform((1 << 40) + b as u64, t as u32);
        (u * task.vocab_size() as f64) as TokenId
    };
    let length = task.max_length();
    SeqBatch::from_rows(
        (first..first + n).map(|b| (0..length).map(|t| token(b, t)).collect::<Vec<_>>()),
        length,
    )
}
