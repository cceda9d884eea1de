//! Final measurements of a run. Each is saved when done, so an interrupted run resumes with the next one.

use super::equal_entropy::Compared;
use super::residual::{self, ResidualModel, ResidualRow, row_name};
use super::unigram::{Unigram, measure_unigram};
use crate::config::{Config, Method, MixtureConfig};
use crate::credit::BuiltRewards;
use crate::discriminator::file::{fault, read_causal};
use crate::generator::{BoxGenerator, GeneratorPolicy, MixturePolicy, Policy};
use crate::measure::{
    self, CurveEntry, Measures, MethodRow, OracleReference, Outcome, oracle_nats, within_support,
};
use crate::metrics::{Estimate, Scorecard, Verdict, nll};
use crate::rng::{Purpose, Streams};
use crate::task::{MAX_SAMPLES, Task};
use crate::token::{SeqBatch, TokenId};
use crate::train::method::{self, Kind, Untrained};
use crate::train::{Completed, Context, StageRef, references};
use crate::{Error, Result};
use std::collections::BTreeMap;

/// One measurement.
#[derive(Debug, Clone, PartialEq)]
enum Step {
    /// A part of the oracle samples for the reference values.
    OracleReference(usize),
    /// Measures a row at temperature 1.
    Row(Method),
    /// The row of real sequences.
    Real,
    /// A point of a row's temperature curve.
    Curve(Method, f64),
    /// Comparison of a row with its base at equal entropy.
    Compare(Method, f64),
    /// Residual row of a method at temperature 1.
    Residual(Method),
    /// Comparison of a residual row with its base at equal entropy.
    CompareResidual(Method, f64),
    /// Samples, written to the run folder.
    Samples(Method),
    /// Real sequences, written to the run folder.
    RealSamples,
    /// Scores of a model's samples under each part of the reward.
    Rewards(Method),
    /// Scores of real sequences under each part of the reward.
    RealRewards,
}

/// Name of this phase.
pub const PHASE: &str = "measure";
/// Number of oracle samples of one part of the reference.
const ORACLE_PART: usize = 5_000;
/// Temperatures of the methods in the comparisons of the verdict.
const VERDICT_TEMPERATURES: [f64; 3] = [1.0, 0.9, 0.8];
/// Number of sequences written for each method.
const NUM_WRITTEN: usize = 1_000;
/// Number of sequences of each method that are scored by the reward. An external reward program may be slow.
const NUM_REWARDED: usize = 1_000;
/// Name of the row of real sequences, and of their file.
const REAL: &str = "real";

/// Runs all measurements.
pub fn evaluate(context: &mut Context<'_>, completed: &mut Completed) -> Result<()> {
    let (config, task) = (context.config, context.task);
    let table =
        Table { config, task, steps: steps(config, task, completed), rewards: rewards(config, task)? };
    table.check_rows(context, &completed.outcome)?;
    context.phase(PHASE, completed.outcome.measured as u64, table.steps.len() as u64)?;
    while let Some(step) = table.steps.get(completed.outcome.measured) {
        if let Err(error) = table.run(context, completed, step) {
            // A measurement that trains a model can be interrupted; it is then repeated from its start.
            return Err(match error {
                Error::Interrupted => context.save_and_fail(completed, StageRef::Fresh, error),
                error => error,
            });
        }
        completed.outcome.measured += 1;
        context.progress(completed.outcome.measured as u64, &[])?;
        context.end_of_step(completed, StageRef::Fresh)?;
    }
    for row in &mut completed.outcome.methods {
        let comparable = row.comparisons.iter().all(|c| c.differences.reverse().is_some());
        if comparable && !row.comparisons.is_empty() {
            let differences: Vec<_> = row.comparisons.iter().map(|c| c.differences).collect();
            row.verdict = Some(Verdict::of(&differences));
        }
    }
    Ok(())
}

/// Builds the parts of `[[reward]]`, if there are any.
fn rewards(config: &Config, task: &Task) -> Result<Option<BuiltRewards>> {
    if config.reward.is_empty() { Ok(None) } else { method::build_rewards(config, task).map(Some) }
}

/// All measurements, in order.
fn steps(config: &Config, task: &Task, completed: &Completed) -> Vec<Step> {
    let mut steps = Vec::new();
    if task.oracle.is_some() {
        steps.extend((0..config.oracle.num_floor.div_ceil(ORACLE_PART)).map(Step::OracleReference));
    }
    steps.extend(config.methods.iter().copied().map(Step::Row));
    let rewarded = !config.reward.is_empty();
    steps.extend((task.held_out.is_some() || rewarded).then_some(Step::Real));
    let models = || config.methods.iter().copied().filter(|m| is_model(completed, *m));
    if task.oracle.is_some() || task.held_out.is_some() {
        let temperatures = &config.evaluate.temperatures;
        steps.extend(models().flat_map(|m| temperatures.iter().map(move |&t| Step::Curve(m, t))));
    }
    let has_base = |m: &Method| compared_with(config, *m).is_some_and(|base| config.methods.contains(&base));
    let verdicts = task.oracle.is_some()
        || (task.held_out.is_some() && task.test.is_some() && config.evaluate.reverse_lm);
    if verdicts {
        let compared = models().filter(has_base);
        steps.extend(compared.flat_map(|m| VERDICT_TEMPERATURES.map(|t| Step::Compare(m, t))));
    }
    for method in residual::rows(config) {
        steps.push(Step::Residual(method));
        if verdicts && has_base(&method) {
            steps.extend(VERDICT_TEMPERATURES.map(|t| Step::CompareResidual(method, t)));
        }
    }
    steps.extend(models().map(Step::Samples));
    steps.push(Step::RealSamples);
    if rewarded {
        steps.extend(models().map(Step::Rewards));
        steps.push(Step::RealRewards);
    }
    steps
}

fn compared_with(config: &Config, name: Method) -> Option<Method> {
    method::known(name).compared_with(config)
}

/// Whether a row is a sequence model, not a distribution of independent tokens.
fn is_model(completed: &Completed, name: Method) -> bool {
    let mixture = matches!(method::known(name).kind(), Kind::Untrained(Untrained::TemperatureMixture));
    mixture || completed.finished.contains_key(&name)
}

/// Policy of a row, and the generator that defines its support.
struct Model<'a> {
    policy: Box<dyn Policy>,
    generator: &'a BoxGenerator,
}

/// The measurements of a run.
struct Table<'a> {
    config: &'a Config,
    task: &'a Task,
    steps: Vec<Step>,
    rewards: Option<BuiltRewards>,
}

impl Table<'_> {
    /// Rejects a saved state that lacks the row of a completed measurement.
    fn check_rows(&self, context: &Context<'_>, outcome: &Outcome) -> Result<()> {
        let lacks = |name: &str| !outcome.methods.iter().any(|row| row.name == name);
        let done = self.steps.iter().take(outcome.measured);
        let mut missing = done.filter_map(|step| match step {
            Step::Row(method) if lacks(method.name()) => Some(method.name()),
            Step::Real if lacks(REAL) => Some(REAL),
            Step::Residual(method) if lacks(row_name(*method)) => Some(row_name(*method)),
            _ => None,
        });
        match missing.next() {
            None => Ok(()),
            Some(name) => Err(Error::Checkpoint {
                path: context.folder.state(),
                message: format!("the row `{name}` is measured, but not there"),
                hint: Some("the state is damaged; start a new run".into()),
            }),
        }
    }

    fn run(&self, context: &mut Context<'_>, completed: &mut Completed, step: &Step) -> Result<()> {
        match step {
            Step::OracleReference(part) => self.oracle_reference(&mut completed.outcome, *part),
            Step::Row(method) => self.row(context, completed, *method)?,
            Step::Real => {
                let scorecard = self.task.held_out.as_ref().map(|held_out| {
                    let n = held_out.test.len().min(MAX_SAMPLES);
                    held_out.test.real(&held_out.train, n, self.config.seed)
                });
                let row = MethodRow { name: REAL.into(), scorecard, ..MethodRow::default() };
                completed.outcome.methods.push(row);
            }
            Step::Curve(method, temperature) => self.curve(context, completed, *method, *temperature)?,
            Step::Compare(method, temperature) => {
                let Model { policy, .. } = self.model(completed, *method, *temperature);
                let n = self.config.evaluate.num_samples;
                let comparison = self.compared(context, completed, *method).at(&*policy, n, *temperature)?;
                row(&mut completed.outcome, method.name()).comparisons.push(comparison);
            }
            Step::Residual(method) => {
                let residual = self.residual(context, completed, *method, 1.0)?;
                let mut row = residual.measured(completed.outcome.oracle.as_ref().map(|o| o.entropy));
                row.scorecard = self.scorecard(1.0, |n| residual.samples(Purpose::Evaluation, n));
                let samples = residual.samples(Purpose::Sample, NUM_WRITTEN);
                self.write_sequences(context, row_name(*method), &samples)?;
                completed.outcome.methods.push(row);
            }
            Step::CompareResidual(method, temperature) => {
                let residual = self.residual(context, completed, *method, *temperature)?;
                let compared = self.compared(context, completed, *method);
                let comparison = residual.compared(&compared, *temperature)?;
                row(&mut completed.outcome, row_name(*method)).comparisons.push(comparison);
            }
            Step::Samples(method) => {
                let samples = self.sample(completed, *method, NUM_WRITTEN);
                self.write_sequences(context, method.name(), &samples)?;
            }
            Step::RealSamples => {
                let train = &self.task.train;
                self.write_sequences(context, REAL, &train.slice(0, train.len().min(NUM_WRITTEN)))?;
            }
            Step::Rewards(method) => {
                let samples = self.sample(completed, *method, NUM_REWARDED);
                row(&mut completed.outcome, method.name()).rewards = self.mean_rewards(&samples)?;
            }
            Step::RealRewards => {
                let validation = &self.task.validation;
                let samples = validation.slice(0, validation.len().min(NUM_REWARDED));
                row(&mut completed.outcome, REAL).rewards = self.mean_rewards(&samples)?;
            }
        }
        Ok(())
    }

    /// Measures a row at temperature 1.
    fn row(&self, context: &mut Context<'_>, completed: &mut Completed, method: Method) -> Result<()> {
        let measures = self.measures(completed, method, 1.0);
        context.record(("final", Some(method)), 0, &measures, &[])?;
        let scorecard = self.scorecard_of(completed, method, 1.0);
        let nll_by_label = match is_model(completed, method) {
            true => self.nll_by_label(&self.model(completed, method, 1.0)),
            false => BTreeMap::new(),
        };
        completed.outcome.methods.push(MethodRow {
            nll_by_label,
            name: method.to_string(),
            base: compared_with(self.config, method).map(|base| base.to_string()),
            measures,
            scorecard,
            ..MethodRow::default()
        });
        Ok(())
    }

    /// Measures a point of a row's temperature curve. The point at temperature 1 is the row itself.
    fn curve(
        &self,
        context: &mut Context<'_>,
        completed: &mut Completed,
        method: Method,
        temperature: f64,
    ) -> Result<()> {
        let (measures, scorecard) = match temperature {
            1.0 => {
                let known = row(&mut completed.outcome, method.name());
                (known.measures.clone(), known.scorecard.clone())
            }
            _ => {
                let scorecard = self.scorecard_of(completed, method, temperature);
                (self.measures(completed, method, temperature), scorecard)
            }
        };
        context.record(("curve", Some(method)), 0, &measures, &[("temperature", temperature)])?;
        let entry = CurveEntry { temperature, measures, scorecard };
        row(&mut completed.outcome, method.name()).curve.push(entry);
        Ok(())
    }

    /// Inputs of a comparison of a method with its base.
    fn compared<'s>(
        &'s self,
        context: &'s Context<'_>,
        completed: &'s Completed,
        method: Method,
    ) -> Compared<'s> {
        let base = compared_with(self.config, method).expect("a row with a base");
        Compared {
            config: self.config,
            task: self.task,
            observer: context.observer,
            outcome: &completed.outcome,
            base: (base, &completed.finished[&base]),
        }
    }

    /// Loads the residual model of a method's discriminator from the run folder.
    fn residual(
        &self,
        context: &Context<'_>,
        completed: &Completed,
        name: Method,
        temperature: f64,
    ) -> Result<ResidualRow<'_>> {
        let path = context.folder.discriminator(name.name());
        let base = method::base(name, self.config);
        let references = references(self.config, &completed.finished, base);
        let discriminator = read_causal(&path)?
            .ok_or_else(|| fault(&path, "holds another kind of network than the method trains".into()))?;
        let base = completed.finished[&base].clone();
        let ensemble = references.ensemble.map(|_| completed.finished[&Method::MLE_ENSEMBLE].clone());
        let model = ResidualModel::crossfit(&self.config.crossfit, discriminator, base, ensemble);
        let model = model.map_err(|message| fault(&path, message))?;
        Ok(ResidualRow::new((self.config, self.task), name, model, temperature))
    }

    /// Policy of a row at a temperature.
    fn model<'s>(&self, completed: &'s Completed, name: Method, temperature: f64) -> Model<'s> {
        let Some(generator) = completed.finished.get(&name) else {
            let MixtureConfig { share, temperature: colder } = self.config.mixture;
            let generator = &completed.finished[&method::base(name, self.config)];
            let part = |share, temperature| {
                (share, Box::new(GeneratorPolicy::new(generator, temperature)) as Box<dyn Policy>)
            };
            let parts = vec![part(share, temperature * colder), part(1.0 - share, temperature)];
            return Model { policy: Box::new(MixturePolicy::new(parts)), generator };
        };
        Model { policy: Box::new(GeneratorPolicy::new(generator, temperature)), generator }
    }

    fn measures(&self, completed: &Completed, name: Method, temperature: f64) -> Measures {
        let entropy = completed.outcome.oracle.as_ref().map(|oracle| oracle.entropy);
        if !is_model(completed, name) {
            return measure_unigram(self.config, self.task, &self.untrained(name), entropy);
        }
        let Model { policy, generator } = self.model(completed, name, temperature);
        let n = self.config.evaluate.num_samples;
        measure::measure(self.config, self.task, (&*policy, generator), n, entropy)
    }

    fn untrained(&self, name: Method) -> Unigram {
        let space = self.task.space();
        match method::known(name).kind() {
            Kind::Untrained(Untrained::Uniform) => Unigram::uniform(space.vocab_size),
            _ => Unigram::of(&self.task.train, space.vocab_size, space.end_token, &space.never),
        }
    }

    /// Samples of a row at temperature 1. Calls with the same `n` give the same samples.
    fn sample(&self, completed: &Completed, name: Method, n: usize) -> SeqBatch {
        let streams = Streams::new(self.config.seed, Purpose::Sample);
        self.model(completed, name, 1.0).policy.sample(&streams, 0, n).sequences
    }

    /// Mean -log p in nats per token of the held-out sequences of each label that occurs.
    fn nll_by_label(&self, model: &Model<'_>) -> BTreeMap<String, Estimate> {
        let task = self.task;
        let held_out = within_support(task.test.as_ref().unwrap_or(&task.validation), model.generator);
        let of = |(label, name): (u32, &String)| {
            let rows: Vec<usize> =
                (0..held_out.len()).filter(|&b| held_out.label(b) == Some(label)).collect();
            (!rows.is_empty()).then(|| (name.clone(), nll(&*model.policy, &held_out.select(rows))))
        };
        (0..).zip(&task.labels).filter_map(of).collect()
    }

    /// Mean scores under the parts of the reward that score single sequences.
    fn mean_rewards(&self, samples: &SeqBatch) -> Result<BTreeMap<String, Estimate>> {
        let Some(rewards) = &self.rewards else { return Ok(BTreeMap::new()) };
        let mean = |scores: Vec<f32>| Estimate::from_values(scores.into_iter().map(f64::from));
        Ok(rewards.scores(samples)?.into_iter().map(|(name, scores)| (name, mean(scores))).collect())
    }

    fn scorecard_of(&self, completed: &Completed, name: Method, temperature: f64) -> Option<Scorecard> {
        let model = is_model(completed, name).then(|| self.model(completed, name, temperature))?;
        let streams = Streams::new(self.config.seed, Purpose::Evaluation);
        self.scorecard(temperature, |n| model.policy.sample(&streams, 0, n).sequences)
    }

    /// Metrics of as many samples as there are test sequences; none if there is no test file.
    fn scorecard(&self, temperature: f64, sample: impl Fn(usize) -> SeqBatch) -> Option<Scorecard> {
        let held_out = self.task.held_out.as_ref()?;
        let samples = sample(held_out.test.len().min(MAX_SAMPLES));
        let vocab = self.task.vocab.as_ref().expect("a file's vocabulary");
        // The distance to the training file is expensive and of little use along a curve.
        let train = (temperature == 1.0).then_some(&held_out.train);
        Some(held_out.test.scorecard(&held_out.test.samples(&samples, vocab), train))
    }

    fn write_sequences(&self, context: &Context<'_>, name: &str, sequences: &SeqBatch) -> Result<()> {
        let text: String = sequences.rows().map(|row| self.task.write(row) + "\n").collect();
        let path = context.folder.path().join("samples").join(format!("{name}.txt"));
        crate::checkpoint::write_atomically(&path, text.as_bytes())
    }

    /// Adds a part of the oracle samples to the running sums. The last part computes the oracle's reference values.
    fn oracle_reference(&self, outcome: &mut Outcome, part: usize) {
        let (config, seed) = (&self.config.oracle, self.config.seed);
        let oracle = self.task.oracle.as_ref().expect("a synthetic task");
        let length = self.task.max_length() as f64;
        let n = ORACLE_PART.min(config.num_floor - part * ORACLE_PART);
        let first = part * ORACLE_PART;
        let samples = oracle.sample(&Streams::new(seed, Purpose::OracleFloor), first as u64, n);
        samples.log_prob.iter().for_each(|l| outcome.reference_sums.entropy.add(-l / length));
        // A fifth of the samples is enough for the uniform row: its standard error is below 0.01.
        let uniform = uniform(self.task, seed, first, n.div_ceil(5));
        for nats in oracle_nats(oracle, &uniform) {
            outcome.reference_sums.uniform.add(nats / length);
        }
        if first + ORACLE_PART >= config.num_floor {
            let sums = &outcome.reference_sums;
            // The entropy of a rule is exact.
            let exact = oracle.rule().map(|rule| Estimate { mean: rule.entropy() / length, stderr: 0.0 });
            let entropy = exact.unwrap_or_else(|| sums.entropy.estimate());
            outcome.oracle = Some(OracleReference { entropy, uniform_nll: sums.uniform.estimate() });
        }
    }
}

fn row<'s>(outcome: &'s mut Outcome, name: &str) -> &'s mut MethodRow {
    let mut rows = outcome.methods.iter_mut();
    rows.find(|row| row.name == name).expect("measured before what is added to it")
}

/// Samples sequences of uniformly random tokens.
fn uniform(task: &Task, seed: u64, first: usize, n: usize) -> SeqBatch {
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
