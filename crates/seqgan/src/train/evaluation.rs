//! The final measurements, one at a time, so that a run killed among them goes on with the next.

use super::baselines::Unigram;
use super::measure::{self, known};
use super::session::Session;
use super::state::State;
use super::summary::{Comparison, CurveEntry, Floors, MethodRow};
use crate::Result;
use crate::generator::{LstmGenerator, LstmPolicy, Policy};
use crate::metrics::frontier::{CurvePoint, Measured, Pair, Slope};
use crate::metrics::{Estimate, Verdict, compare, match_entropy, per_token};
use crate::rng::{Purpose, Streams};
use crate::token::{SeqBatch, TokenId};

/// One measurement.
#[derive(Debug, Clone, PartialEq)]
enum Unit {
    /// A part of the draws that measure the oracle.
    Floor(usize),
    /// A row at temperature 1.
    Row(String),
    /// A point of a row's curve.
    Curve(String, f64),
    /// A row against its base at equal entropy.
    Compare(String, f64),
    /// Sequences written to the run folder.
    Samples(String),
}

/// Sequences of a floor's part.
const FLOOR_PART: usize = 5_000;
/// Temperatures of the verdict (at the base's equal entropies).
const VERDICT_TEMPERATURES: [f64; 3] = [1.0, 0.9, 0.8];
/// Sequences written for each method.
const NUM_WRITTEN: usize = 1_000;
/// Nats within which entropies count as equal; the rest is corrected to first order.
const ENTROPY_TOLERANCE: f64 = 0.004;

/// Measures all rows.
pub(super) fn evaluate(session: &mut Session<'_>, state: &mut State) -> Result<()> {
    let units = units(session, state);
    session.observer.phase("measure", state.position.measured as u64, units.len() as u64);
    while let Some(unit) = units.get(state.position.measured) {
        run(session, state, unit)?;
        state.position.measured += 1;
        session.observer.advance(state.position.measured as u64, &[]);
        session.step_done(state)?;
    }
    let temperature_one = |row: &MethodRow| row.comparisons.iter().map(|c| c.differences).collect::<Vec<_>>();
    for row in &mut state.outcome.methods {
        if !row.comparisons.is_empty() {
            row.verdict = Some(Verdict::of(&temperature_one(row)));
        }
    }
    Ok(())
}

fn units(session: &Session<'_>, state: &State) -> Vec<Unit> {
    let config = session.config;
    let mut units = Vec::new();
    if session.task.oracle.is_some() {
        units.extend((0..config.oracle.num_floor.div_ceil(FLOOR_PART)).map(Unit::Floor));
    }
    let trained = |m: &&String| state.finished.contains_key(m.as_str());
    units.extend(config.methods.iter().cloned().map(Unit::Row));
    if config.methods.iter().any(|m| m == "seqgan") && session.task.oracle.is_some() {
        let base = &config.adversarial.base;
        if config.methods.contains(base) {
            units.extend(config.evaluate.temperatures.iter().map(|&t| Unit::Curve(base.clone(), t)));
            units.extend(VERDICT_TEMPERATURES.map(|t| Unit::Compare("seqgan".into(), t)));
        }
    }
    units.extend(config.methods.iter().filter(trained).cloned().map(Unit::Samples));
    units
}

fn run(session: &mut Session<'_>, state: &mut State, unit: &Unit) -> Result<()> {
    match unit {
        Unit::Floor(part) => floor(session, state, *part),
        Unit::Row(method) => {
            let entropy = state.outcome.oracle.as_ref().map(|f| f.entropy);
            let measures = match (method.as_str(), state.finished.get(method)) {
                (_, Some(generator)) => session.measure(generator, 1.0, entropy),
                ("random", None) => {
                    session.measure_unigram(&Unigram::uniform(session.task.vocab_size()), entropy)
                }
                _ => {
                    let shape = session.task.generator_shape(session.config);
                    let train = &session.task.train;
                    let model = Unigram::of(train, shape.vocab_size, shape.end_token, &shape.never);
                    session.measure_unigram(&model, entropy)
                }
            };
            session.record(state, "final", 0, &measures, &[])?;
            let base = (method == "seqgan").then(|| session.config.adversarial.base.clone());
            state.outcome.methods.push(MethodRow {
                name: method.clone(),
                base,
                measures,
                ..MethodRow::default()
            });
        }
        Unit::Curve(method, temperature) => {
            let entropy = state.outcome.oracle.as_ref().map(|f| f.entropy);
            let measures = session.measure(&state.finished[method], *temperature, entropy);
            session.record(state, "curve", 0, &measures, &[("temperature", *temperature)])?;
            row(state, method).curve.push(CurveEntry { temperature: *temperature, measures });
        }
        Unit::Compare(method, temperature) => {
            let comparison = compare_at(session, state, method, *temperature)?;
            row(state, method).comparisons.push(comparison);
        }
        Unit::Samples(method) => {
            let policy = LstmPolicy::new(&state.finished[method], 1.0);
            let samples = policy.sample(&Streams::new(session.config.seed, Purpose::Sample), 0, NUM_WRITTEN);
            let text: String = samples.sequences.rows().map(|r| session.task.write(r) + "\n").collect();
            let path = session.folder.path().join("samples").join(format!("{method}.txt"));
            crate::checkpoint::write_atomically(&path, text.as_bytes())?;
        }
    }
    Ok(())
}

fn row<'a>(state: &'a mut State, method: &str) -> &'a mut MethodRow {
    state.outcome.methods.iter_mut().find(|r| r.name == method).expect("measured before its curve")
}

/// Adds a part of the draws to the sums; the last part makes the floors.
fn floor(session: &Session<'_>, state: &mut State, part: usize) {
    let (config, seed) = (&session.config.oracle, session.config.seed);
    let oracle = LstmPolicy::new(session.task.oracle.as_ref().expect("a synthetic task"), 1.0);
    let length = session.task.max_length() as f64;
    let n = FLOOR_PART.min(config.num_floor - part * FLOOR_PART);
    let samples = oracle.sample(&Streams::new(seed, Purpose::OracleFloor), (part * FLOOR_PART) as u64, n);
    samples.log_prob.iter().for_each(|l| state.outcome.floor_sums.entropy.add(-l / length));
    // A fifth is enough for the uniform row: its standard error is below 0.01.
    let uniform = uniform(seed, part * FLOOR_PART, n.div_ceil(5), session.task);
    for nats in measure::nats(&oracle, &uniform) {
        state.outcome.floor_sums.uniform.add(nats / length);
    }
    if (part + 1) * FLOOR_PART >= config.num_floor {
        let sums = &state.outcome.floor_sums;
        state.outcome.oracle =
            Some(Floors { entropy: sums.entropy.estimate(), uniform_nll: sums.uniform.estimate() });
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

/// Samples and test likelihoods of a model at a temperature.
struct At {
    sampled: measure::Sampled,
    test_nats: Vec<f64>,
}

impl At {
    fn new(session: &Session<'_>, generator: &LstmGenerator, temperature: f64) -> Self {
        let policy = LstmPolicy::new(generator, temperature);
        let n = session.config.evaluate.num_samples;
        let sampled = measure::sample(session.task, &policy, session.config.seed, n);
        let test = session.task.test.as_ref().expect("a synthetic task");
        Self { sampled, test_nats: measure::nats(&policy, test) }
    }

    fn measured(&self) -> Measured<'_> {
        Measured {
            test_nats: &self.test_nats,
            oracle_nats: self.sampled.oracle_nats.as_ref().expect("a synthetic task"),
            own_nats: &self.sampled.own_nats,
            sample_steps: &self.sampled.steps,
        }
    }
}

/// The method at `temperature` against its base at the temperature of equal entropy.
fn compare_at(session: &Session<'_>, state: &State, method: &str, temperature: f64) -> Result<Comparison> {
    let base = &state.finished[&session.config.adversarial.base];
    let ours = At::new(session, &state.finished[method], temperature);
    let target = per_token(&ours.sampled.own_nats, &ours.sampled.steps).mean;
    let n = session.config.evaluate.num_samples;
    let entropy_at = |t: f64| {
        let sampled =
            LstmPolicy::new(base, t).sample(&Streams::new(session.config.seed, Purpose::Evaluation), 0, n);
        let nats: Vec<f64> = sampled.log_prob.iter().map(|l| -l).collect();
        Ok(per_token(&nats, &measure::steps(&sampled.sequences, session.task.has_end())).mean)
    };
    let (low, high) = bracket(state, session, target);
    let matched = match_entropy(target, low, high, ENTROPY_TOLERANCE, entropy_at)?;
    let theirs = At::new(session, base, matched.temperature);
    let test = session.task.test.as_ref().expect("a synthetic task");
    let test_steps = measure::steps(&known(test, base), session.task.has_end());
    let pair = Pair {
        method: ours.measured(),
        base: theirs.measured(),
        test_steps: &test_steps,
        slope: slope(state, session, target),
    };
    let differences = compare(&[pair], session.config.seed)[0];
    Ok(Comparison { temperature, base_temperature: matched.temperature, differences })
}

/// The base's curve as (temperature, point), coldest first.
fn curve(state: &State, session: &Session<'_>) -> Vec<(f64, CurvePoint)> {
    let base = &session.config.adversarial.base;
    let row = state.outcome.methods.iter().find(|r| r.name == *base).expect("the base's row");
    let mean = |e: Option<Estimate>| e.map_or(f64::NAN, |e| e.mean);
    let mut points: Vec<_> = row
        .curve
        .iter()
        .map(|entry| {
            let m = &entry.measures;
            let point = CurvePoint {
                entropy: mean(m.entropy),
                nll_test: mean(m.nll_test),
                reverse_kl: mean(m.reverse_kl),
            };
            (entry.temperature, point)
        })
        .collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    points
}

/// Two temperatures with the target's entropy between them, as close as the curve allows.
fn bracket(state: &State, session: &Session<'_>, target: f64) -> (f64, f64) {
    let points = curve(state, session);
    let below = points.iter().rev().find(|p| p.1.entropy < target).map_or(0.05, |p| p.0);
    let above = points.iter().find(|p| p.1.entropy > target).map_or(4.0, |p| p.0);
    (below, above)
}

/// The slope of the base's curve next to the target's entropy.
fn slope(state: &State, session: &Session<'_>, target: f64) -> Slope {
    let points = curve(state, session);
    let at = points.partition_point(|p| p.1.entropy < target).clamp(1, points.len().max(2) - 1);
    match points.get(at - 1..=at) {
        Some([a, b]) => Slope::between(a.1, b.1),
        _ => Slope { forward_kl: 0.0, reverse_kl: 0.0 },
    }
}
