//! The generator with its optimizer, and what training does to it.

use super::scale::{Scale, settings};
use seqgan::SeqBatch;
use seqgan::generator::{GeneratorPolicy, LstmGenerator, Policy};
use seqgan::optim::{Baseline, GeneratorUpdate, Optimizer, maximum_likelihood_step, policy_gradient_step};
use seqgan::rng::{Purpose, Streams};

/// A generator in training.
#[derive(Clone)]
pub struct Actor {
    generator: LstmGenerator,
    optimizer: Optimizer,
    update: GeneratorUpdate,
    batch: usize,
    drawn: u64,
}

impl Actor {
    /// With initial parameters.
    pub fn new(scale: &Scale) -> Self {
        let (generator, settings) = (scale.generator(), settings().mle);
        Self {
            optimizer: Optimizer::new(generator.parameters(), generator.gradients()),
            update: GeneratorUpdate {
                learning_rate: settings.learning_rate,
                clip_norm: settings.clip_norm,
                l2: settings.l2,
                ..GeneratorUpdate::default()
            },
            generator,
            batch: scale.batch,
            drawn: 0,
        }
    }

    /// The policy as it is now.
    pub fn policy(&self) -> GeneratorPolicy {
        GeneratorPolicy::new(&self.generator, 1.0)
    }

    /// One pass of maximum likelihood over whole batches.
    pub fn likelihood_epoch(&mut self, real: &SeqBatch) {
        for step in 0..real.len() / self.batch {
            self.likelihood_step(&real.slice(step * self.batch, self.batch));
        }
    }

    fn likelihood_step(&mut self, batch: &SeqBatch) -> f64 {
        maximum_likelihood_step(&mut self.generator, &mut self.optimizer, batch, self.update).expect("finite")
    }

    /// `n` sequences that were not drawn before.
    pub fn sample(&mut self, n: usize) -> SeqBatch {
        let first = self.drawn;
        self.drawn += n as u64;
        self.policy().sample(&Streams::new(1, Purpose::Negative), first, n).sequences
    }

    /// One policy-gradient update.
    pub fn policy_gradient(&mut self, batch: &SeqBatch, values: &[f32]) {
        let Self { generator, optimizer, update, .. } = self;
        policy_gradient_step(generator, optimizer, batch, values, Baseline::None, *update).expect("finite");
    }

    /// Sampling and likelihood agree on how probable a sample is.
    pub fn verify_sampling(&self) {
        let policy = self.policy();
        let samples = policy.sample(&Streams::new(1, Purpose::Evaluation), 0, 40);
        let likelihood = policy.sequence_log_prob(&samples.sequences);
        for (a, b) in samples.log_prob.iter().zip(&likelihood) {
            assert!((a - b).abs() < 1e-3 - 1e-5 * b, "sampling says {a}, likelihood {b}");
        }
    }

    /// The loss of a step is what the policy says of its batch, and steps on one batch lower it.
    pub fn verify_likelihood(&mut self, real: &SeqBatch) {
        let batch = real.slice(0, self.batch.min(16));
        let nats: f64 = self.policy().sequence_log_prob(&batch).iter().sum();
        let expected = -nats / batch.total_tokens() as f64;
        let first = self.likelihood_step(&batch);
        assert!(
            (first - expected).abs() < 1e-4 * expected,
            "the loss is {first}, the policy says {expected}"
        );
        let last = (0..4).map(|_| self.likelihood_step(&batch)).last().expect("four steps");
        assert!(last < first, "the loss went from {first} to {last}");
    }

    /// Values that are all 1 / decisions make a step of maximum likelihood, bit for bit.
    pub fn verify_policy_gradient(&self, real: &SeqBatch) {
        let batch = real.slice(0, self.batch.min(16));
        let (mut by_values, mut by_likelihood) = (self.clone(), self.clone());
        let decisions = batch.total_tokens();
        by_values.policy_gradient(&batch, &vec![1.0 / decisions as f32; decisions]);
        by_likelihood.likelihood_step(&batch);
        let parameters = |actor: &Self| actor.generator.parameters().clone();
        assert!(parameters(&by_values) == parameters(&by_likelihood), "constant values are not likelihood");
        assert!(parameters(&by_values) != parameters(self), "the step changed nothing");
    }
}
