//! The methods `mle-ensemble` and `distilled`: several likelihood models as one, and one that learns from them.
//!
//! The members differ in their initial weights and the order of their batches alone. The first is `mle-tuned` itself.

use super::plan::Stage;
use super::pretrain::{Model, maximum_likelihood};
use super::session::Session;
use super::state::State;
use super::task::Task;
use crate::Result;
use crate::config::{Config, Method};
use crate::generator::{BoxGenerator, BoxTrainable, GeneratorPolicy, Policy, TrainableGenerator, ensemble};
use crate::optim::{GeneratorUpdate, Optimizer, distillation_step};
use crate::rng::{Purpose, Streams};
use crate::token::SeqBatch;

/// Trains member number `member`, from 1.
pub(super) fn train_member(session: &mut Session<'_>, state: &mut State, member: usize) -> Result<()> {
    let config = session.config;
    let name = Stage::Member(member).name(config);
    let model =
        Model { method: Method::MleTuned, name: &name, seed: member_seed(config, member, 0), teacher: None };
    let train = &session.task.train;
    let generator = maximum_likelihood(session, state, model, &config.mle_tuned, train)?;
    state.parts.push(generator);
    Ok(())
}

/// What names the weights and batches of member number `member` of ensemble number `of`.
pub(super) fn member_seed(config: &Config, member: usize, of: usize) -> u64 {
    let [a, b, ..] = Streams::new(config.seed, Purpose::Members).block(member as u64, of as u32, 0);
    u64::from(a) << 32 | u64::from(b)
}

/// Makes the ensemble of `mle-tuned` and the members.
pub(super) fn put_together(state: &mut State) {
    let mut members = vec![state.finished[&Method::MleTuned].clone()];
    members.append(&mut state.parts);
    state.finished.insert(Method::MleEnsemble, ensemble(&members));
}

/// An untrained generator of the size that a method's has.
pub(super) fn blank(config: &Config, task: &Task, method: Method) -> Result<BoxTrainable> {
    let mut config = config.clone();
    if method == Method::MleEnsemble {
        config.generator.embedding_dim *= config.ensemble.num_members;
        config.generator.hidden_dim *= config.ensemble.num_members;
    }
    task.new_generator(&config, 0.0, &Streams::new(0, Purpose::GeneratorInit))
}

/// What `distilled` learns from: real sequences beside as many samples of the ensemble, all with its distributions.
pub(super) struct Lesson {
    ensemble: BoxGenerator,
    policy: GeneratorPolicy,
    streams: Streams,
    share: f64,
}

impl Lesson {
    pub fn new(session: &Session<'_>, ensemble: BoxGenerator) -> Self {
        Self {
            policy: GeneratorPolicy::new(&ensemble, 1.0),
            ensemble,
            streams: Streams::new(session.config.seed, Purpose::Distillation),
            share: session.config.ensemble.distillation_weight,
        }
    }

    /// An update on `real` and samples number `first` onwards.
    pub fn step(
        &self,
        generator: &mut dyn TrainableGenerator,
        optimizer: &mut Optimizer,
        real: SeqBatch,
        first: u64,
        update: GeneratorUpdate,
    ) -> Result<f64> {
        let mut batch = real;
        let samples = self.policy.sample(&self.streams, first, batch.len()).sequences;
        batch.extend(&samples);
        distillation_step(generator, optimizer, &batch, &self.ensemble, self.share, update)
    }
}
