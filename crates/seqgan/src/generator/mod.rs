//! Generators: distributions over sequences, given by the logits of each next token (SeqGAN, section 3).
//!
//! A [`Generator`] is a network with fixed parameters, a [`TrainableGenerator`] one whose parameters training changes. A
//! [`GeneratorPolicy`] is a snapshot of a generator at a temperature: it samples, completes prefixes and gives likelihoods,
//! so these can't disagree about the temperature or about tokens that are never chosen.
//!
//! Everything outside this module works with any generator. A new kind of network implements [`Generator`],
//! [`TrainableGenerator`], [`InferenceModel`], [`Decoder`] and [`GeneratorKind`], and is registered by [`register`];
//! `tests/second_generator/model.rs` is an example in one file. The network of the paper is in [`lstm`], and a Transformer in
//! [`transformer`].

mod beam;
mod boxed;
pub mod constraint;
mod counted;
mod decoder_rows;
mod decoding;
mod dropout;
mod extension;
pub mod file;
mod filter;
mod hidden_states;
mod kind;
pub mod logits;
pub mod lstm;
mod mixture;
pub mod oracle;
mod places;
mod policy;
mod registry;
mod row_masks;
mod rules;
mod samples;
mod scheduled;
mod training_pass;
pub mod transformer;
mod weighted_batch;
mod weighted_sum;

pub use crate::config::DropoutRates;
pub use crate::nn::softmax::{Choice, TokenStatistics};
pub use crate::nn::softmax_gradient::{AuxiliaryLogits, AuxiliaryLoss};
pub use crate::space::SequenceSpace;
pub use beam::ScoredSequence;
pub use constraint::constrained;
pub use dropout::{Dropout, MaskPlace};
pub use file::GeneratorHeader;
pub use filter::Filter;
pub use kind::{GeneratorKind, in_order};
pub use logits::DecisionIndex;
pub use lstm::{LstmGenerator, LstmShape};
pub use mixture::MixturePolicy;
pub use policy::GeneratorPolicy;
pub use registry::{build, check_kind, kinds, num_parameters, register};
pub use rules::{Decision, Rules};
pub use samples::{Prefix, Samples};
pub use scheduled::ScheduledInputs;
pub use training_pass::TrainingPass;
pub use transformer::{TransformerGenerator, TransformerShape};
pub use weighted_batch::WeightedBatch;
pub use weighted_sum::{WeightedSum, ensemble, weighted};

use crate::nn::{Gradients, Tensor, Tensors};
use crate::rng::Streams;
use crate::token::{Label, SeqBatch, TokenId};
use std::any::Any;
use std::fmt::Debug;
use std::sync::Arc;

/// A distribution over sequences that can be sampled and asked for probabilities.
pub trait Policy: Sync {
    /// The space of its sequences.
    fn space(&self) -> &SequenceSpace;

    /// Draws sequences number `first..first + n` of `streams`.
    fn sample(&self, streams: &Streams, first: u64, n: usize) -> Samples;

    /// log p of each decision, `[B, T]`, in nats; zero after the last decision of a row.
    fn log_prob(&self, batch: &SeqBatch) -> Vec<f32>;

    /// Whether the sequence `row` has a probability above zero.
    fn allows(&self, row: &[TokenId]) -> bool;

    /// log p of each sequence, `[B]`, in nats.
    fn sequence_log_prob(&self, batch: &SeqBatch) -> Vec<f64> {
        let log_prob = self.log_prob(batch);
        log_prob.chunks(self.max_length()).map(|row| row.iter().map(|&x| f64::from(x)).sum()).collect()
    }

    /// T, the most tokens a sequence can have.
    fn max_length(&self) -> usize {
        self.space().max_length
    }

    /// The token that ends a sequence, if sequences can end before T.
    fn end_token(&self) -> Option<TokenId> {
        self.space().end_token
    }
}

/// A policy that can also complete prefixes, as Monte-Carlo search requires.
pub trait RolloutPolicy: Policy {
    /// Draws `n` completions of each prefix; the result's rows are prefix after prefix. Completion i of prefix p
    /// is sequence number `first + p n + i` of `streams`. Prefixes of one row stand together, shortest first.
    fn complete(
        &self,
        batch: &SeqBatch,
        prefixes: &[Prefix],
        n: usize,
        streams: &Streams,
        first: u64,
    ) -> SeqBatch;
}

/// Batched decoding state of a network: rows, each with the state after the tokens that it was fed.
///
/// Rows are independent: what a row's logits are does not depend on the other rows.
pub trait Decoder: Send {
    /// Replaces all rows by `rows` rows that were fed the start token. `labels` holds a label a row; it is empty where
    /// sequences have no labels.
    fn start(&mut self, rows: usize, labels: &[Label]);

    /// Feeds each row one token.
    fn step(&mut self, tokens: &[TokenId]);

    /// Appends `n` copies of row `row`.
    fn fork(&mut self, row: usize, n: usize);

    /// Reorders the rows: new row i is old row `rows[i]`. A row that is not listed is dropped, and one may be listed more
    /// than once.
    fn retain(&mut self, rows: &[usize]);

    /// Logits of the next token of each of `rows`, `[n, V]`; those of tokens that mask number `mask` of the rules forbids are
    /// lowered ([`Rules::forbid`]).
    fn logits(&self, rows: &[usize], mask: u32) -> Vec<f32>;

    /// Draws the next token of each of `rows` under one mask, by the inverse distribution function at `uniforms`, with
    /// tokens in the order of their numbers. Appends the tokens and their log-probabilities in nats.
    fn draw(
        &self,
        rows: &[usize],
        mask: u32,
        uniforms: &[f64],
        tokens: &mut Vec<TokenId>,
        log_prob: &mut Vec<f32>,
    ) {
        let logits = self.logits(rows, mask);
        for (logits, &uniform) in logits.chunks_exact((logits.len() / rows.len().max(1)).max(1)).zip(uniforms)
        {
            let (token, log) = Filter::NONE.draw(logits, uniform);
            tokens.push(token);
            log_prob.push(log);
        }
    }
}

/// A generator at a temperature, prepared for sampling.
pub trait InferenceModel: Send + Sync {
    /// The space of its sequences.
    fn space(&self) -> &SequenceSpace;

    /// The tokens that each decision may choose.
    fn rules(&self) -> &Rules;

    /// A decoder without rows.
    fn decoder(&self) -> Box<dyn Decoder + '_>;

    /// log p of each decision, `[B, T]`, in nats; zero after the last decision of a row.
    fn log_prob(&self, batch: &SeqBatch) -> Vec<f32>;
}

/// A model whose logits can be evaluated at decisions of a batch.
pub trait LogitSource<R>: Sync {
    /// Prepares the logits of the next token at `positions` of `inputs`, before any constraint. Decision t of a row
    /// follows the first t tokens of that row of `inputs`, which also holds the labels where sequences have some.
    fn logits_at<'a>(
        &'a self,
        inputs: &SeqBatch,
        positions: &[DecisionIndex],
    ) -> Box<dyn AuxiliaryLogits<R> + 'a>;
}

/// A loss by the logits of another model, added to a generator's own.
#[derive(Clone, Copy)]
pub struct Auxiliary<'a, R = f32> {
    /// The other model, over the same vocabulary.
    pub source: &'a dyn LogitSource<R>,
    /// What its logits mean.
    pub loss: AuxiliaryLoss<R>,
}

/// A network that models sequences.
pub trait Generator: Debug + Send + Sync + LogitSource<f32> + 'static {
    /// Name of the kind of network, under which it is registered: "lstm".
    fn kind(&self) -> &'static str;

    /// Sizes of the network beyond those of its space, for files; [`GeneratorKind::restore`] reads them.
    fn shape(&self) -> serde_json::Value;

    /// The space of its sequences.
    fn space(&self) -> &SequenceSpace;

    /// The tokens that each decision may choose.
    fn rules(&self) -> &Arc<Rules>;

    /// A copy with the same parameters under a constraint, which sampling, completion and likelihood follow alike.
    fn with_constraint(&self, rules: Arc<Rules>) -> BoxGenerator;

    /// All parameters with names, for files.
    fn tensors(&self) -> Vec<(String, &Tensor<f32>)>;

    /// A snapshot for sampling, whose logits are divided by `temperature`.
    fn snapshot(&self, temperature: f64) -> Box<dyn InferenceModel>;

    /// A copy that can be trained; none for models that are a function of others.
    fn to_trainable(&self) -> Option<BoxTrainable>;

    /// A copy.
    fn clone_generator(&self) -> BoxGenerator;

    /// The generator as a value of its own type, for [`Generator::weighted`].
    fn as_any(&self) -> &dyn Any;

    /// log p of each decision, `[B, T]`, in nats; zero after the last decision of a row.
    fn log_prob(&self, batch: &SeqBatch) -> Vec<f32> {
        logits::log_prob(self, self.space(), self.rules(), 1.0, batch)
    }

    /// Statistics of each decision's distribution, `[B, T]`; zero after the last decision of a row.
    fn token_statistics(&self, batch: &SeqBatch) -> Vec<TokenStatistics> {
        logits::token_statistics(self, self.space(), self.rules(), 1.0, batch)
    }

    /// The generator whose logits are the weighted sum of those of `parts`, under the rules of the first, where this kind
    /// of network computes it faster than [`WeightedSum`] does. `self` is the first part.
    fn weighted(&self, parts: &[(&dyn Generator, f64)]) -> Option<BoxGenerator> {
        let _ = parts;
        None
    }
}

/// A generator whose parameters can be trained by gradients.
pub trait TrainableGenerator: Generator {
    /// The parameters.
    fn parameters(&self) -> &Tensors<f32>;

    /// The parameters, to be changed.
    fn parameters_mut(&mut self) -> &mut Tensors<f32>;

    /// Zero gradients of the parameters.
    fn gradients(&self) -> Gradients<f32>;

    /// A generator with other parameters and the same space, sizes and rules; the error names the first tensor that does not
    /// fit.
    fn with_parameters(&self, parameters: Tensors<f32>) -> Result<BoxTrainable, String>;

    /// The same network for sequences of another space, without a constraint. `token_rows` says of each token of `space`,
    /// `[V]`, which token of this generator's space it is, and `label_rows` the same of labels, `[C]`: what is known keeps
    /// its parameters, and those of new tokens are drawn by `streams`. The labels of a generator without any begin without
    /// effect. The functions of `extension.rs` map the tables.
    ///
    /// # Errors
    /// What of `space` this kind of network does not support; by default other tokens at all.
    fn with_space(
        &self,
        space: &SequenceSpace,
        token_rows: &[Option<TokenId>],
        label_rows: &[Option<Label>],
        streams: &Streams,
    ) -> Result<BoxTrainable, String> {
        let _ = (space, token_rows, label_rows, streams);
        Err(format!("networks of the kind \"{}\" cannot go on with other sequences", self.kind()))
    }

    /// Adds to `gradients` the gradient of the loss  `sum_{b,t} -weights[b, t] log p(decision t of row b)`  and returns
    /// the loss. Decisions without probability count as weight zero. With an auxiliary loss the sum is that of
    /// [`AuxiliaryLoss`]. The number of threads must not change a bit of either.
    fn accumulate(&self, batch: WeightedBatch<'_>, gradients: &mut Gradients<f32>) -> f64;

    /// The generator as it is now, prepared for the gradients of several parts of a batch, which have this dropout.
    fn prepare(&self, dropout: Option<Dropout<'_>>) -> Box<dyn TrainingPass + '_> {
        let _ = dropout;
        Box::new(training_pass::Unprepared(self))
    }

    /// The generator, when its training has ended.
    fn into_generator(self: Box<Self>) -> BoxGenerator;

    /// A copy.
    fn clone_trainable(&self) -> BoxTrainable;
}

/// A generator of any kind.
pub type BoxGenerator = Box<dyn Generator>;

/// A generator of any kind that can be trained.
pub type BoxTrainable = Box<dyn TrainableGenerator>;
