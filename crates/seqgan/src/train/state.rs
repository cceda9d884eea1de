//! Everything that a run needs to go on where it was: positions, models, optimizers and results so far.

use super::judge::Judge;
use super::kept::Kept;
use super::monitor::Watched;
use super::summary::Outcome;
use crate::checkpoint;
use crate::config::Method;
use crate::generator::{BoxGenerator, BoxTrainable, TrainableGenerator};
use crate::nn::{Tensor, Tensors};
use crate::optim::Optimizer;
use crate::rollout::DelayedPolicy;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// Where a run stands. Loops begin at these numbers, so that a resumed run enters each loop where it left it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Position {
    /// Stages of the plan that are done.
    pub stage: usize,
    /// Likelihood: epochs done.
    pub epoch: usize,
    /// Likelihood: batches of the epoch done.
    pub batch: usize,
    /// Best validation nll, and the epochs done then; of rounds of which the best is kept, the rounds.
    pub best: Option<(f64, usize)>,
    /// Likelihood: how often the rate was lowered.
    #[serde(default)]
    pub plateaus: usize,
    /// Adversarial: rounds done.
    pub round: usize,
    /// Adversarial: rounds done when the judge was last trained anew.
    #[serde(default)]
    pub refreshed: usize,
    /// Adversarial: whether it is being trained anew.
    #[serde(default)]
    pub refreshing: bool,
    /// Adversarial: generator updates of the round done.
    pub g_step: usize,
    /// Discriminator: draws of negatives done.
    pub d_step: usize,
    /// Discriminator: epochs on the current draw done.
    pub d_epoch: usize,
    /// Discriminator: batches of the epoch done.
    pub d_batch: usize,
    /// Discriminator: whether its beginning is fitted, and recorded.
    #[serde(default)]
    pub d_fitted: bool,
    /// Discriminator: what it was worth at its best, nats a sequence.
    #[serde(default)]
    pub d_best: Option<f64>,
    /// Sum of losses, sum of accuracies and number of batches since the last draw of negatives.
    pub d_sums: [f64; 3],
    /// Mean reward of the last generator update.
    pub reward: Option<f64>,
    /// The same of each part of a reward that has parts.
    pub reward_parts: Vec<(String, f64)>,
    /// What the method's rounds have shown so far.
    #[serde(default)]
    pub watched: Watched,
    /// The models of its rounds that are kept, best first.
    #[serde(default)]
    pub kept: Vec<Kept>,
    /// Measurements of the final evaluation done.
    pub measured: usize,
    /// Random sequences used up so far, a purpose each.
    pub drawn: Drawn,
    /// Seconds of work so far.
    pub elapsed_s: f64,
    /// Length of metrics.jsonl.
    pub metrics_bytes: u64,
}

/// Positions of the random streams; they begin anew with each method, so that a method's result does not depend on
/// which others were trained before it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Drawn {
    /// Sequences for policy-gradient updates.
    pub policy: u64,
    /// Completions.
    pub rollouts: u64,
    /// Negatives.
    pub negatives: u64,
    /// Rows the discriminator was trained on (dropout masks).
    pub discriminator_rows: u64,
    /// Epochs the discriminator was trained for (orders).
    pub discriminator_epochs: u64,
}

/// A generator in training.
#[derive(Debug, Clone)]
pub struct Trainee {
    /// The model.
    pub generator: BoxTrainable,
    /// Its optimizer.
    pub optimizer: Optimizer,
    /// The model of the best epoch, where early stopping keeps one.
    pub best: Option<BoxTrainable>,
}

impl Trainee {
    /// At the beginning of its training.
    pub fn new(generator: BoxTrainable) -> Self {
        let optimizer = Optimizer::new(generator.parameters(), generator.gradients());
        Self { generator, optimizer, best: None }
    }

    /// Keeps the model if none before had a better validation nll, after so many epochs or rounds.
    pub fn keep_if_best(&mut self, position: &mut Position, nll: f64, done: usize) {
        if position.best.is_none_or(|(best, _)| nll < best) {
            position.best = Some((nll, done));
            self.best = Some(self.generator.clone());
        }
    }
}

/// What the generator is trained against.
#[derive(Debug, Clone)]
pub struct Adversary {
    /// What gives the reward.
    pub judge: Judge,
    /// The optimizer of a judge that is trained.
    pub optimizer: Option<Optimizer>,
    /// Its parameters when it was worth most, where that is measured.
    pub best: Option<Tensors<f32>>,
    /// The generator that it was trained against, if it was trained anew in the rounds.
    pub anchor: Option<BoxGenerator>,
    /// The rollout policy.
    pub rollout: DelayedPolicy,
}

/// The state of a run.
#[derive(Debug, Clone, Default)]
pub struct State {
    /// Positions.
    pub position: Position,
    /// The generator in training.
    pub trainee: Option<Trainee>,
    /// What it is trained against.
    pub adversary: Option<Adversary>,
    /// Generators that another is made from, or a judge: members of an ensemble, or those that do not know a fold each.
    pub parts: Vec<BoxGenerator>,
    /// Generators whose training has ended, by method.
    pub finished: BTreeMap<Method, BoxGenerator>,
    /// Results so far.
    pub outcome: Outcome,
}

impl Position {
    /// Epochs or rounds since the best, when so many are done; 0 where none is known.
    pub fn since_best(&self, done: usize) -> usize {
        self.best.map_or(0, |(_, best)| done.saturating_sub(best))
    }

    /// Whether a run can stand here; the error says why not. A loop that begins beyond its end, or a number that
    /// overflows when one is added, would be a panic long after the file was read.
    fn check(&self) -> Result<(), String> {
        const MOST: u64 = 1 << 40;
        let counts = [
            self.stage,
            self.epoch,
            self.plateaus,
            self.batch,
            self.round,
            self.refreshed,
            self.g_step,
            self.d_step,
            self.d_epoch,
            self.d_batch,
            self.measured,
        ];
        let Drawn { policy, rollouts, negatives, discriminator_rows, discriminator_epochs } = self.drawn;
        let drawn = [policy, rollouts, negatives, discriminator_rows, discriminator_epochs];
        if let Some(count) = counts.iter().map(|&n| n as u64).chain(drawn).find(|&n| n > MOST) {
            return Err(format!("a position of {count}, expected {MOST} at most"));
        }
        match self.best {
            Some((_, best)) if best > self.epoch.max(self.round) => {
                let done = self.epoch.max(self.round);
                Err(format!("the best model is that after {best} epochs or rounds, but {done} are done"))
            }
            _ => Ok(()),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Meta {
    position: Position,
    outcome: Outcome,
    finished: Vec<Method>,
    #[serde(default)]
    parts: usize,
    /// The method whose adversary is in training.
    adversary: Option<Method>,
    /// Adam's number of updates, by the name of the optimizer.
    updates: BTreeMap<String, u64>,
}

impl State {
    /// Writes the state, atomically.
    pub fn save(&self, path: &Path) -> Result<()> {
        let mut tensors: Vec<(String, &Tensor<f32>)> = Vec::new();
        let mut updates = BTreeMap::new();
        for (method, generator) in &self.finished {
            collect_generator(&mut tensors, &format!("finished.{method}"), generator);
        }
        for (part, generator) in self.parts.iter().enumerate() {
            collect_generator(&mut tensors, &format!("part.{part}"), generator);
        }
        if let Some(trainee) = &self.trainee {
            collect(&mut tensors, "generator", trainee.generator.parameters());
            collect_optimizer(&mut tensors, &mut updates, "generator", &trainee.optimizer);
            if let Some(best) = &trainee.best {
                collect(&mut tensors, "best", best.parameters());
            }
        }
        if let Some(adversary) = &self.adversary {
            if let (Some(parameters), Some(optimizer)) = (adversary.judge.parameters(), &adversary.optimizer)
            {
                collect(&mut tensors, "judge", parameters);
                collect_optimizer(&mut tensors, &mut updates, "judge", optimizer);
            }
            if let Some(best) = &adversary.best {
                collect(&mut tensors, "judge.best", best);
            }
            if let Some(anchor) = &adversary.anchor {
                collect_generator(&mut tensors, "anchor", anchor);
            }
            collect(&mut tensors, "rollout", adversary.rollout.generator().parameters());
        }
        let meta = Meta {
            position: self.position.clone(),
            outcome: self.outcome.clone(),
            finished: self.finished.keys().copied().collect(),
            parts: self.parts.len(),
            adversary: self.adversary.as_ref().map(|a| a.judge.method()),
            updates,
        };
        checkpoint::write(path, "state", &meta, tensors)
    }

    /// Reads what [`State::save`] wrote; `blank` makes a generator of a method's size, `fresh` its judge.
    pub fn load(
        path: &Path,
        blank: &dyn Fn(Method) -> Result<BoxTrainable>,
        fresh: &dyn Fn(Method) -> Result<Judge>,
        delay: f64,
    ) -> Result<Self> {
        let (meta, tensors): (Meta, _) = checkpoint::read(path, "state")?;
        let mut store = Store { path, tensors: tensors.into_iter().map(|t| (t.name.clone(), t)).collect() };
        meta.position.check().map_err(|message| store.fault(message))?;
        let mut finished = BTreeMap::new();
        for method in &meta.finished {
            finished.insert(
                *method,
                store.generator(&format!("finished.{method}"), &*blank(*method)?)?.into_generator(),
            );
        }
        // All others have the usual size.
        let blank = &*blank(Method::MleTuned)?;
        let parts = (0..meta.parts)
            .map(|part| store.generator(&format!("part.{part}"), blank).map(|part| part.into_generator()));
        let parts = parts.collect::<Result<_>>()?;
        let trainee = match store.has("generator") {
            false => None,
            true => Some(Trainee {
                generator: store.generator("generator", blank)?,
                optimizer: {
                    let mut optimizer = Optimizer::new(blank.parameters(), blank.gradients());
                    store.restore("generator", blank.parameters(), &mut optimizer, &meta.updates)?;
                    optimizer
                },
                best: if store.has("best") { Some(store.generator("best", blank)?) } else { None },
            }),
        };
        let adversary = match meta.adversary {
            None => None,
            Some(method) => {
                let mut judge = fresh(method)?;
                let mut optimizer = judge.optimizer();
                let mut best = None;
                if let (Some(parameters), Some(optimizer)) = (judge.parameters_mut(), &mut optimizer) {
                    if store.has("judge.best") {
                        best = Some(store.take("judge.best", parameters)?);
                    }
                    *parameters = store.take("judge", parameters)?;
                    store.restore("judge", parameters, optimizer, &meta.updates)?;
                }
                let rollout = DelayedPolicy::new(&*store.generator("rollout", blank)?, delay);
                let anchor = if store.has("anchor") {
                    Some(store.generator("anchor", blank)?.into_generator())
                } else {
                    None
                };
                Some(Adversary { judge, optimizer, best, anchor, rollout })
            }
        };
        if adversary.is_some() && trainee.is_none() {
            return Err(store.fault("a judge without a generator in training".into()));
        }
        Ok(Self { position: meta.position, trainee, adversary, parts, finished, outcome: meta.outcome })
    }
}

fn collect<'a>(tensors: &mut Vec<(String, &'a Tensor<f32>)>, prefix: &str, list: &'a Tensors<f32>) {
    tensors.extend(list.iter().map(|t| (format!("{prefix}/{}", t.name), t)));
}

fn collect_generator<'a>(
    tensors: &mut Vec<(String, &'a Tensor<f32>)>,
    prefix: &str,
    generator: &'a BoxGenerator,
) {
    tensors.extend(generator.tensors().into_iter().map(|(name, t)| (format!("{prefix}/{name}"), t)));
}

fn collect_optimizer<'a>(
    tensors: &mut Vec<(String, &'a Tensor<f32>)>,
    updates: &mut BTreeMap<String, u64>,
    name: &str,
    optimizer: &'a Optimizer,
) {
    let (mean, square) = optimizer.adam().moments();
    collect(tensors, &format!("{name}.adam_mean"), mean);
    collect(tensors, &format!("{name}.adam_square"), square);
    updates.insert(name.into(), optimizer.adam().step());
}

/// Tensors of a file, taken out by name.
struct Store<'a> {
    path: &'a Path,
    tensors: BTreeMap<String, Tensor<f32>>,
}

impl Store<'_> {
    fn has(&self, prefix: &str) -> bool {
        let prefix = format!("{prefix}/");
        self.tensors.range(prefix.clone()..).next().is_some_and(|(name, _)| name.starts_with(&prefix))
    }

    fn fault(&self, message: String) -> Error {
        Error::Checkpoint {
            path: self.path.into(),
            message,
            hint: Some(
                "the state belongs to a run with other settings, or is damaged; start a new run".into(),
            ),
        }
    }

    /// The tensors `prefix/...`, in the order, names and shapes of `like`.
    fn take(&mut self, prefix: &str, like: &Tensors<f32>) -> Result<Tensors<f32>> {
        let mut result = Tensors::new();
        for want in like.iter() {
            let name = format!("{prefix}/{}", want.name);
            let Some(tensor) = self.tensors.remove(&name) else {
                return Err(self.fault(format!("no tensor `{name}`")));
            };
            if tensor.shape != want.shape {
                return Err(
                    self.fault(format!("`{name}` has shape {:?}, expected {:?}", tensor.shape, want.shape))
                );
            }
            result.push(want.name.clone(), &want.shape, tensor.data);
        }
        Ok(result)
    }

    fn generator(&mut self, prefix: &str, like: &dyn TrainableGenerator) -> Result<BoxTrainable> {
        let parameters = self.take(prefix, like.parameters())?;
        like.with_parameters(parameters).map_err(|message| self.fault(message))
    }

    /// Gives an optimizer its moments and number of updates back.
    fn restore(
        &mut self,
        name: &str,
        like: &Tensors<f32>,
        optimizer: &mut Optimizer,
        updates: &BTreeMap<String, u64>,
    ) -> Result<()> {
        const MOST: u64 = 1 << 40;
        let step = *updates.get(name).ok_or_else(|| self.fault(format!("no update count of `{name}`")))?;
        if step > MOST {
            return Err(self.fault(format!("{step} updates of `{name}`, expected {MOST} at most")));
        }
        let mean = self.take(&format!("{name}.adam_mean"), like)?;
        let square = self.take(&format!("{name}.adam_square"), like)?;
        optimizer.adam_mut().restore(step, mean, square);
        Ok(())
    }
}
