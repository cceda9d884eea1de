//! Training of a reward model's network on fresh samples of the generator and equally many real sequences (Algorithm 1,
//! lines 4 and 13 to 16).

use super::context::Context;
use super::epochs::{self, EpochCursor, EpochTraining};
use super::reward_model::LabelledBatch;
use super::state::{AdversarialState, Completed, StageRef};
use crate::config::Method;
use crate::data::Batches;
use crate::generator::{GeneratorPolicy, Policy};
use crate::measure::Measures;
use crate::rng::{Purpose, Streams};
use crate::token::SeqBatch;
use crate::{Error, Result};

/// Name of the phase that trains a method's reward model before the rounds.
pub fn phase_name(method: Method) -> String {
    format!("{method} discriminator")
}

/// Trains a fresh reward model against the base model.
pub fn pretrain(
    context: &mut Context<'_>,
    completed: &Completed,
    state: &mut AdversarialState,
) -> Result<()> {
    let adversarial = &context.config.adversarial;
    let (d_steps, d_epochs) = (adversarial.d_pretrain_steps, adversarial.d_epochs);
    let cursor = state.cursor.reward_model();
    let done = cursor.draw * d_epochs + cursor.epochs.epoch;
    context.phase(&phase_name(state.method), done as u64, (d_steps * d_epochs) as u64)?;
    train(context, completed, state, d_steps)
}

/// Makes `d_steps` d-steps. Each draws negatives from the generator and equally many real sequences, and trains for k
/// epochs on them.
pub fn train(
    context: &mut Context<'_>,
    completed: &Completed,
    state: &mut AdversarialState,
    d_steps: usize,
) -> Result<()> {
    while state.cursor.reward_model().draw < d_steps {
        let sequences = draw_training_set(context, state);
        epochs::run(&mut Training { context, completed, state, sequences: &sequences })?;
        let n = context.config.adversarial.num_negatives as u64;
        state.cursor.counters.negatives += n;
        let cursor = state.cursor.reward_model();
        cursor.epochs = EpochCursor::default();
        cursor.draw += 1;
        let [loss, accuracy, count] = std::mem::take(&mut cursor.sums);
        state.cursor.monitor.discriminator_accuracy = Some(accuracy / count);
        let figures = [("d_loss", loss / count), ("d_accuracy", accuracy / count)];
        let draws = state.cursor.counters.negatives / n;
        let phase = ("discriminator", Some(state.method));
        context.record(phase, draws, &Measures::default(), &figures)?;
        report_progress(context, state, &figures)?;
    }
    Ok(())
}

/// Draws negatives, followed by equally many real sequences. A resumed run draws the same ones: the generator is
/// unchanged, and counters select the random numbers.
fn draw_training_set(context: &Context<'_>, state: &AdversarialState) -> SeqBatch {
    let (config, seed) = (context.config, context.config.seed);
    let n = config.adversarial.num_negatives;
    let first = state.cursor.counters.negatives;
    let policy = GeneratorPolicy::new(&state.model.generator, 1.0);
    let mut sequences = policy.sample(&Streams::new(seed, Purpose::Negative), first, n).sequences;
    let train = &context.task.train;
    let order = Streams::new(seed, Purpose::RealSubset).permutation(first, train.len());
    sequences.extend(&train.select(order.into_iter().take(n)));
    sequences
}

/// Reports progress, counted in epochs before the first round and in rounds later.
fn report_progress(
    context: &Context<'_>,
    state: &mut AdversarialState,
    figures: &[(&str, f64)],
) -> Result<()> {
    use super::state::Phase;
    match &state.cursor.phase {
        Phase::Pretraining(cursor) => {
            let done = cursor.draw * context.config.adversarial.d_epochs + cursor.epochs.epoch;
            context.progress(done as u64, figures)
        }
        Phase::RewardModel(_) | Phase::Generator(_) => {
            let reward = state.cursor.reward_figure();
            let figures: Vec<_> = reward.into_iter().chain(figures.iter().copied()).collect();
            context.progress(state.cursor.round as u64, &figures)
        }
    }
}

/// Training for the epochs on one draw of negatives.
struct Training<'t, 'c> {
    context: &'t mut Context<'c>,
    completed: &'t Completed,
    state: &'t mut AdversarialState,
    sequences: &'t SeqBatch,
}

impl EpochTraining for Training<'_, '_> {
    fn cursor(&mut self) -> &mut EpochCursor {
        &mut self.state.cursor.reward_model().epochs
    }

    fn goes_on(&mut self) -> bool {
        self.state.cursor.reward_model().epochs.epoch < self.context.config.adversarial.d_epochs
    }

    /// The order of batches is selected by the number of epochs over all draws.
    fn batches(&self, _: usize) -> Batches {
        let config = self.context.config;
        let shuffles = Streams::new(config.seed, Purpose::ShuffleDiscriminator);
        let epoch = self.state.cursor.counters.discriminator_epochs;
        let size = config.discriminator.batch_size;
        Batches::new(self.sequences.len(), size, &shuffles, epoch).drop_incomplete()
    }

    fn step(&mut self, rows: &[usize]) -> Result<()> {
        let config = self.context.config;
        let num_negatives = config.adversarial.num_negatives;
        let batch = LabelledBatch {
            config,
            sequences: &self.sequences.select(rows.iter().copied()),
            real: &rows.iter().map(|&row| row >= num_negatives).collect::<Vec<_>>(),
            train: &self.context.task.train,
            first_row: self.state.cursor.counters.discriminator_rows,
        };
        let reward = &mut self.state.reward;
        let optimizer = reward.optimizer.as_mut().expect("a reward model with a network");
        let result = reward.model.learn(optimizer, &batch)?;
        self.state.cursor.counters.discriminator_rows += rows.len() as u64;
        let sums = &mut self.state.cursor.reward_model().sums;
        *sums = [sums[0] + result.loss, sums[1] + result.accuracy, sums[2] + 1.0];
        Ok(())
    }

    fn end_of_step(&mut self) -> Result<()> {
        let sums = self.state.cursor.reward_model().sums;
        let figures = [("d loss", sums[0] / sums[2]), ("d accuracy", sums[1] / sums[2])];
        report_progress(self.context, self.state, &figures)?;
        self.context.end_of_step(self.completed, StageRef::Adversarial(self.state))
    }

    fn end_of_epoch(&mut self) -> Result<()> {
        self.state.cursor.counters.discriminator_epochs += 1;
        Ok(())
    }

    fn failed(&mut self, error: Error) -> Error {
        self.context.save_and_fail(self.completed, StageRef::Adversarial(self.state), error)
    }
}
