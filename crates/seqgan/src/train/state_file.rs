//! File format of the state of an unfinished run: safetensors with a header.

use super::method;
use super::state::{
    AdversarialCursor, AdversarialState, Completed, GeneratorInTraining, LikelihoodCursor, LikelihoodState,
    Part, RewardModelInTraining, StageRef, StageState,
};
use crate::checkpoint;
use crate::config::{Config, Method};
use crate::generator::{BoxGenerator, BoxTrainable, Generator, GeneratorHeader};
use crate::measure::Outcome;
use crate::nn::{Tensor, Tensors};
use crate::optim::Optimizer;
use crate::rollout::DelayedPolicy;
use crate::task::Task;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// The kind of checkpoint file.
const KIND: &str = "state";

/// Largest number of updates allowed for a saved optimizer.
const MAX_UPDATES: u64 = 1 << 40;

#[derive(Serialize, Deserialize)]
struct Header {
    /// Number of completed stages of the plan.
    stages: usize,
    outcome: Outcome,
    /// Training method of each part.
    parts: Vec<Method>,
    stage: StageHeader,
    /// Header of each generator, by the prefix of its tensors.
    generators: BTreeMap<String, GeneratorHeader>,
    /// Number of updates of each Adam optimizer, by the prefix of its tensors.
    updates: BTreeMap<String, u64>,
    /// Seconds of work so far.
    elapsed_s: f64,
    /// Length of metrics.jsonl in bytes.
    metrics_bytes: u64,
}

/// Stage in progress, with its cursor.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum StageHeader {
    Fresh,
    Likelihood(LikelihoodCursor),
    Adversarial { method: Method, cursor: Box<AdversarialCursor> },
}

/// A loaded state.
pub struct Saved {
    /// Completed part of the run.
    pub completed: Completed,
    /// State of the stage in progress.
    pub stage: StageState,
    /// Seconds of work so far.
    pub elapsed_s: f64,
    /// Length of metrics.jsonl in bytes.
    pub metrics_bytes: u64,
}

/// Collects the contents of a state file.
#[derive(Default)]
struct Writer<'a> {
    tensors: Vec<(String, &'a Tensor<f32>)>,
    generators: BTreeMap<String, GeneratorHeader>,
    updates: BTreeMap<String, u64>,
}

impl<'a> Writer<'a> {
    fn tensors(&mut self, prefix: &str, list: &'a Tensors<f32>) {
        self.tensors.extend(list.iter().map(|t| (format!("{prefix}/{}", t.name), t)));
    }

    fn generator(&mut self, prefix: &str, generator: &'a dyn Generator) {
        self.generators.insert(prefix.into(), GeneratorHeader::of(generator));
        let named = |(name, tensor)| (format!("{prefix}/{name}"), tensor);
        self.tensors.extend(generator.tensors().into_iter().map(named));
    }

    fn optimizer(&mut self, prefix: &str, optimizer: &'a Optimizer) {
        let (mean, square) = optimizer.adam().moments();
        self.tensors(&format!("{prefix}.adam_mean"), mean);
        self.tensors(&format!("{prefix}.adam_square"), square);
        self.updates.insert(prefix.into(), optimizer.adam().step());
    }

    fn in_training(&mut self, model: &'a GeneratorInTraining) {
        self.generator("generator", &model.generator);
        self.optimizer("generator", &model.optimizer);
        for (prefix, other) in [("average", &model.average), ("best", &model.best)] {
            if let Some(other) = other {
                self.generator(prefix, other);
            }
        }
    }

    fn reward_model(&mut self, reward: &'a RewardModelInTraining) {
        if let (Some(network), Some(optimizer)) = (reward.model.network(), &reward.optimizer) {
            self.tensors("reward_model", network.parameters());
            self.optimizer("reward_model", optimizer);
        }
        if let Some(best) = &reward.best {
            self.tensors("reward_model.best", best);
        }
    }

    fn stage(&mut self, stage: StageRef<'a>) -> StageHeader {
        match stage {
            StageRef::Fresh => StageHeader::Fresh,
            StageRef::Likelihood(state) => {
                self.in_training(&state.model);
                StageHeader::Likelihood(state.cursor.clone())
            }
            StageRef::Adversarial(state) => {
                self.in_training(&state.model);
                self.reward_model(&state.reward);
                if let Some(reference) = &state.reference {
                    self.generator("reference", reference);
                }
                self.generator("rollout", state.rollout.generator());
                StageHeader::Adversarial { method: state.method, cursor: Box::new(state.cursor.clone()) }
            }
        }
    }
}

/// Writes the state, atomically.
pub fn save(
    path: &Path,
    completed: &Completed,
    stage: StageRef<'_>,
    elapsed_s: f64,
    metrics_bytes: u64,
) -> Result<()> {
    let mut writer = Writer::default();
    for (method, generator) in &completed.finished {
        writer.generator(&format!("finished.{method}"), generator);
    }
    for (i, part) in completed.parts.iter().enumerate() {
        writer.generator(&format!("part.{i}"), &part.generator);
    }
    let stage = writer.stage(stage);
    let Writer { tensors, generators, updates } = writer;
    let header = Header {
        stages: completed.stages,
        outcome: completed.outcome.clone(),
        parts: completed.parts.iter().map(|part| part.method).collect(),
        stage,
        generators,
        updates,
        elapsed_s,
        metrics_bytes,
    };
    checkpoint::write(path, KIND, &header, tensors)
}

/// Reads a state that [`save`] wrote, for a run with these settings and this task.
pub fn load(path: &Path, config: &Config, task: &Task) -> Result<Saved> {
    let (header, tensors): (Header, _) = checkpoint::read(path, KIND)?;
    let Header { stages, outcome, parts, stage, generators, updates, elapsed_s, metrics_bytes } = header;
    let tensors = tensors.into_iter().map(|t| (t.name.clone(), t)).collect();
    let mut reader = Reader { path, task, tensors, generators, updates };
    let mut completed = Completed { stages, outcome, ..Completed::default() };
    for prefix in reader.prefixes("finished.") {
        let method = Method::named(&prefix["finished.".len()..]);
        completed.finished.insert(method, reader.generator(&prefix)?);
    }
    for (i, method) in parts.into_iter().enumerate() {
        completed.parts.push(Part { method, generator: reader.generator(&format!("part.{i}"))? });
    }
    let stage = match stage {
        StageHeader::Fresh => StageState::Fresh,
        StageHeader::Likelihood(cursor) => {
            cursor.check().map_err(|message| reader.fault(message))?;
            StageState::Likelihood(Box::new(LikelihoodState { cursor, model: reader.in_training()? }))
        }
        StageHeader::Adversarial { method, cursor } => {
            cursor.check().map_err(|message| reader.fault(message))?;
            StageState::Adversarial(Box::new(reader.adversarial(config, method, *cursor)?))
        }
    };
    Ok(Saved { completed, stage, elapsed_s, metrics_bytes })
}

/// Reads the models of a state file from its named tensors.
struct Reader<'a> {
    path: &'a Path,
    task: &'a Task,
    tensors: BTreeMap<String, Tensor<f32>>,
    generators: BTreeMap<String, GeneratorHeader>,
    updates: BTreeMap<String, u64>,
}

impl Reader<'_> {
    fn fault(&self, message: String) -> Error {
        Error::Checkpoint {
            path: self.path.into(),
            message,
            hint: Some(
                "the state belongs to a run with other settings, or is damaged; start a new run".into(),
            ),
        }
    }

    /// Prefixes of generators that begin with `start`.
    fn prefixes(&self, start: &str) -> Vec<String> {
        self.generators.keys().filter(|prefix| prefix.starts_with(start)).cloned().collect()
    }

    /// Takes the tensors `prefix/...` and removes the prefix from their names.
    fn with_prefix(&mut self, prefix: &str) -> Vec<Tensor<f32>> {
        let prefix = format!("{prefix}/");
        let names: Vec<String> =
            self.tensors.keys().filter(|name| name.starts_with(&prefix)).cloned().collect();
        let take = |name: String| {
            let tensor = self.tensors.remove(&name).expect("listed above");
            Tensor { name: name[prefix.len()..].into(), ..tensor }
        };
        names.into_iter().map(take).collect()
    }

    /// Takes the tensors `prefix/...`, which must have the names and shapes of `like`, in its order.
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

    /// Reads a generator, which has the task's constraint.
    fn generator(&mut self, prefix: &str) -> Result<BoxGenerator> {
        let Some(header) = self.generators.remove(prefix) else {
            return Err(self.fault(format!("no generator `{prefix}`")));
        };
        if header.space != *self.task.space() {
            return Err(
                self.fault(format!("the generator `{prefix}` makes other sequences than the task has"))
            );
        }
        let tensors = self.with_prefix(prefix);
        let generator =
            header.restore(&tensors).map_err(|message| self.fault(format!("`{prefix}`: {message}")))?;
        Ok(self.task.with_constraint(generator))
    }

    fn trainable(&mut self, prefix: &str) -> Result<BoxTrainable> {
        let generator = self.generator(prefix)?;
        generator.to_trainable().ok_or_else(|| self.fault(format!("`{prefix}` is not trainable")))
    }

    fn in_training(&mut self) -> Result<GeneratorInTraining> {
        let mut model = GeneratorInTraining::new(self.trainable("generator")?);
        self.optimizer("generator", model.generator.parameters(), &mut model.optimizer)?;
        for (prefix, other) in [("average", &mut model.average), ("best", &mut model.best)] {
            if self.generators.contains_key(prefix) {
                *other = Some(self.trainable(prefix)?);
            }
        }
        Ok(model)
    }

    fn adversarial(
        &mut self,
        config: &Config,
        name: Method,
        cursor: AdversarialCursor,
    ) -> Result<AdversarialState> {
        let Some(method) = method::adversarial(name) else {
            return Err(self.fault(format!("no method `{name}` that follows a reward")));
        };
        let mut reward = RewardModelInTraining::new(method.build(config, self.task)?);
        if let (Some(network), Some(optimizer)) = (reward.model.network_mut(), &mut reward.optimizer) {
            if self.tensors.keys().any(|name| name.starts_with("reward_model.best/")) {
                reward.best = Some(self.take("reward_model.best", network.parameters())?);
            }
            *network.parameters_mut() = self.take("reward_model", network.parameters())?;
            self.optimizer("reward_model", network.parameters(), optimizer)?;
        }
        let reference = match self.generators.contains_key("reference") {
            true => Some(self.generator("reference")?),
            false => None,
        };
        let rollout = DelayedPolicy::new(&self.trainable("rollout")?, config.rollout.delay);
        let model = self.in_training()?;
        Ok(AdversarialState { method: name, cursor, model, reward, reference, rollout })
    }

    /// Restores the moments and the number of updates of an optimizer.
    fn optimizer(&mut self, name: &str, like: &Tensors<f32>, optimizer: &mut Optimizer) -> Result<()> {
        let step = self.updates.get(name).copied();
        let step = step.ok_or_else(|| self.fault(format!("no update count of `{name}`")))?;
        if step > MAX_UPDATES {
            return Err(self.fault(format!("{step} updates of `{name}`, expected {MAX_UPDATES} at most")));
        }
        let mean = self.take(&format!("{name}.adam_mean"), like)?;
        let square = self.take(&format!("{name}.adam_square"), like)?;
        optimizer.adam_mut().restore(step, mean, square);
        Ok(())
    }
}
