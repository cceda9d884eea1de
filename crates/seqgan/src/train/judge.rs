//! What gives a method its reward: a judge, and what its judgement is worth to each decision.
//!
//! Every method that follows a reward is one line in [`Judge::values`] (judge, search, weights) and, where the judge
//! is trained, one in [`Judge::learn`]. All else of Algorithm 1 is shared.

use super::crossfit::{self, CrossfitReward, Witnesses};
use super::mix::{self, Mix};
use super::session::discriminator_shape;
use super::task::Task;
use crate::Result;
use crate::config::{Config, Method, RankGanConfig, RolloutConfig};
use crate::generator::LstmGenerator;
use crate::nn::Tensors;
use crate::reward::values::{BatchOdds, MonteCarlo, PerStep};
use crate::reward::{
    BatchLoss, Bleu, CausalDiscriminator, CausalObjective, CausalShape, Discriminator, Ranker, Ranking,
    Reward, Scoring,
};
use crate::rng::{Purpose, Streams};
use crate::rollout::DelayedPolicy;
use crate::token::SeqBatch;
use crate::update::{Demonstrations, DiscriminatorUpdate, Earnings, Optimizer, RankedBatch, RankerUpdate};
use crate::update::{causal_discriminator_step, discriminator_step, ranker_step};
use serde_json::json;
use std::sync::Arc;

/// A method's judge.
#[derive(Debug, Clone)]
pub struct Judge {
    method: Method,
    network: Network,
}

#[derive(Debug, Clone)]
enum Network {
    Discriminator(Discriminator),
    Causal(CausalDiscriminator),
    Ranker(Ranker),
    /// Trained once, before the rounds.
    Crossfit(CausalDiscriminator),
    /// Made from the training data, and not trained.
    Bleu(Bleu),
    /// Parts, of which the discriminator may be one.
    Mix(Arc<Mix>, Option<Discriminator>),
}

/// A batch of the generator's sequences, and what is needed to search from it.
pub(super) struct Search<'a> {
    pub config: &'a Config,
    pub batch: &'a SeqBatch,
    pub train: &'a SeqBatch,
    pub rollout: &'a DelayedPolicy,
    /// The generator that has drawn it.
    pub generator: &'a LstmGenerator,
    /// What a cross-fitted judge is told by.
    pub witnesses: Witnesses<'a>,
    /// The generator that it was trained against, if it was trained anew in the rounds.
    pub anchor: Option<&'a LstmGenerator>,
    /// Completions are sequences `first..` of it.
    pub streams: Streams,
    pub first: u64,
    /// Rounds done.
    pub round: usize,
}

/// What a batch earns.
pub(super) struct Earned {
    /// Of each decision, `[B, T]`.
    pub values: Vec<f32>,
    /// Real sequences to be learnt from beside the batch.
    pub demonstrations: Option<Demonstrations>,
    /// Mean score of the finished sequences.
    pub reward: f64,
    /// The same for each part of a reward that has parts.
    pub parts: Vec<(String, f64)>,
    /// Completions drawn.
    pub completions: u64,
    /// Whether a baseline has been subtracted already.
    pub centred: bool,
}

impl Earned {
    /// Values and the mean reward, and nothing besides.
    pub fn new(values: Vec<f32>, reward: f64) -> Self {
        Self { values, demonstrations: None, reward, parts: Vec::new(), completions: 0, centred: false }
    }
}

impl Judge {
    /// An untrained judge for `method`.
    pub(super) fn new(method: Method, config: &Config, task: &Task) -> Result<Self> {
        let streams = Streams::new(config.seed, Purpose::DiscriminatorInit);
        let network = match method {
            Method::PgBleu => Network::Bleu(Bleu::new(&task.train, config.pg_bleu.max_order)),
            Method::RankGan => Network::Ranker(Ranker::new(discriminator_shape(config, task), &streams)),
            Method::SeqGanStep => {
                let settings = &config.seqgan_step;
                let shape = CausalShape {
                    vocab_size: task.vocab_size(),
                    embedding_dim: settings.embedding_dim,
                    hidden_dim: settings.hidden_dim,
                    num_features: 0,
                    end_token: task.generator_shape(config).end_token,
                };
                Network::Causal(CausalDiscriminator::new(shape, &streams))
            }
            _ if method.is_crossfit() => {
                Network::Crossfit(CausalDiscriminator::new(crossfit::shape(config, task), &streams))
            }
            Method::Mixed => {
                let discriminator = || Discriminator::new(discriminator_shape(config, task), &streams);
                let discriminator = mix::has_discriminator(config).then(discriminator);
                Network::Mix(Arc::new(Mix::new(config, task)?), discriminator)
            }
            _ => Network::Discriminator(Discriminator::new(discriminator_shape(config, task), &streams)),
        };
        Ok(Self { method, network })
    }

    /// Whether a method's judge is trained beside the generator.
    pub(super) fn is_trained(method: Method, config: &Config) -> bool {
        match method {
            Method::PgBleu => false,
            Method::Mixed => mix::has_discriminator(config),
            _ => method.follows_reward(),
        }
    }

    /// Whether it is trained between the generator's updates.
    pub(super) fn is_trained_in_rounds(method: Method, config: &Config) -> bool {
        !method.is_crossfit() && Self::is_trained(method, config)
    }

    /// The cross-fitted judge.
    pub(super) fn crossfit_mut(&mut self) -> &mut CausalDiscriminator {
        match &mut self.network {
            Network::Crossfit(network) => network,
            _ => unreachable!("asked for by its own method alone"),
        }
    }

    /// The method whose reward it gives.
    pub fn method(&self) -> Method {
        self.method
    }

    /// The parameters of a judge that is trained.
    pub fn parameters(&self) -> Option<&Tensors<f32>> {
        match &self.network {
            Network::Discriminator(network) | Network::Mix(_, Some(network)) => Some(network.parameters()),
            Network::Causal(network) | Network::Crossfit(network) => Some(network.parameters()),
            Network::Ranker(network) => Some(network.parameters()),
            Network::Bleu(_) | Network::Mix(_, None) => None,
        }
    }

    /// The same, to be changed.
    pub fn parameters_mut(&mut self) -> Option<&mut Tensors<f32>> {
        match &mut self.network {
            Network::Discriminator(network) | Network::Mix(_, Some(network)) => {
                Some(network.parameters_mut())
            }
            Network::Causal(network) | Network::Crossfit(network) => Some(network.parameters_mut()),
            Network::Ranker(network) => Some(network.parameters_mut()),
            Network::Bleu(_) | Network::Mix(_, None) => None,
        }
    }

    /// What its file says beside the parameters.
    pub(super) fn description(&self) -> serde_json::Value {
        match &self.network {
            Network::Discriminator(network) | Network::Mix(_, Some(network)) => {
                json!({ "method": self.method, "shape": network.shape() })
            }
            Network::Causal(network) | Network::Crossfit(network) => {
                json!({ "method": self.method, "shape": network.shape() })
            }
            Network::Ranker(network) => json!({ "method": self.method, "shape": network.shape() }),
            Network::Bleu(_) | Network::Mix(_, None) => json!({ "method": self.method }),
        }
    }

    /// A fresh optimizer for a judge that is trained.
    pub(super) fn optimizer(&self) -> Option<Optimizer> {
        match &self.network {
            Network::Discriminator(network) | Network::Mix(_, Some(network)) => {
                Some(Optimizer::new(network.parameters(), network.gradients()))
            }
            Network::Causal(network) | Network::Crossfit(network) => {
                Some(Optimizer::new(network.parameters(), network.gradients()))
            }
            Network::Ranker(network) => Some(Optimizer::new(network.parameters(), network.gradients())),
            Network::Bleu(_) | Network::Mix(_, None) => None,
        }
    }

    /// How real a network takes whole sequences to be, `[B]`, the higher the more; none where there is no network, or
    /// one that ranks a sequence among others.
    pub(super) fn realness(&self, witnesses: Witnesses<'_>, batch: &SeqBatch) -> Option<Vec<f32>> {
        match &self.network {
            Network::Discriminator(network) | Network::Mix(_, Some(network)) => Some(network.scores(batch)),
            Network::Crossfit(network) => Some(crossfit::realness(network, witnesses, batch)),
            Network::Causal(network) => {
                let (logits, length) = (network.logits(batch, &[]), batch.max_length());
                let has_end = network.shape().end_token.is_some();
                let mean = |b: usize| {
                    let steps = batch.steps(b, has_end).max(1);
                    logits[b * length..][..steps].iter().sum::<f32>() / steps as f32
                };
                Some((0..batch.len()).map(mean).collect())
            }
            Network::Ranker(_) | Network::Bleu(_) | Network::Mix(_, None) => None,
        }
    }

    /// What the decisions of a batch are worth.
    pub(super) fn values(&self, search: &Search<'_>) -> Result<Earned> {
        match &self.network {
            Network::Bleu(bleu) => search.monte_carlo(bleu),
            Network::Mix(mix, discriminator) => mix.values(search, discriminator.as_ref(), search.round),
            Network::Ranker(ranker) => {
                let RankGanConfig { num_references, num_comparisons, gamma } = search.config.rankgan;
                let real = |set, n| drawn(search.train, search.config.seed, (set, search.first), n);
                let (references, comparison) = (real(1, num_references), real(2, num_comparisons));
                let precision = search.config.rollout.precision;
                search.monte_carlo(&Ranking::new(ranker, &references, &comparison, gamma, precision))
            }
            Network::Causal(causal) => {
                let per_step = PerStep { discount: search.config.seqgan_step.discount };
                let (values, reward) = per_step.values(causal, search.batch, search.has_end());
                Ok(Earned::new(values, reward))
            }
            Network::Crossfit(judge) => {
                let config = &search.config.crossfit;
                let Search { witnesses, anchor, generator, batch, .. } = *search;
                let reward = CrossfitReward { judge, witnesses, anchor, config };
                let (values, reward) = reward.values(generator, batch);
                let demonstrations = (config.real_value > 0.0).then(|| Demonstrations {
                    sequences: drawn(
                        search.train,
                        search.config.seed,
                        (3, search.round as u64),
                        search.batch.len(),
                    ),
                    value: config.real_value as f32,
                });
                let earned = Earned::new(values, reward);
                Ok(Earned { demonstrations, ..earned })
            }
            Network::Discriminator(discriminator) if self.method == Method::MaliGan => {
                let (values, reward) = BatchOdds.values(discriminator, search.batch, search.has_end())?;
                Ok(Earned { centred: true, ..Earned::new(values, reward) })
            }
            Network::Discriminator(discriminator) => {
                let precision = search.config.rollout.precision;
                search.monte_carlo(&Scoring { discriminator, precision })
            }
        }
    }

    /// What every token of a decision earns besides its value, where that is known.
    pub(super) fn earnings(
        &self,
        config: &Config,
        witnesses: Witnesses<'_>,
        anchor: Option<&LstmGenerator>,
    ) -> Option<Earnings> {
        match &self.network {
            Network::Crossfit(judge) => {
                CrossfitReward { judge, witnesses, anchor, config: &config.crossfit }.earnings()
            }
            _ => None,
        }
    }

    /// Whether it is one that was left out, and judges all alike.
    pub(super) fn is_silent(&self) -> bool {
        match &self.network {
            Network::Crossfit(network) => {
                network.parameters().iter().all(|tensor| tensor.data.iter().all(|&x| x == 0.0))
            }
            _ => false,
        }
    }

    /// One update on `sequences`, of which those marked `real` are real; `first_row` counts the rows it has learnt
    /// from, and `train` are all real ones.
    pub(super) fn learn(
        &mut self,
        optimizer: &mut Optimizer,
        config: &Config,
        (sequences, real): (&SeqBatch, &[bool]),
        train: &SeqBatch,
        first_row: u64,
    ) -> Result<BatchLoss> {
        let masks = Streams::new(config.seed, Purpose::Dropout);
        let update = DiscriminatorUpdate {
            learning_rate: config.discriminator.learning_rate,
            dropout_keep: config.discriminator.dropout_keep,
            l2: config.discriminator.l2,
        };
        match &mut self.network {
            Network::Discriminator(network) => {
                discriminator_step(network, optimizer, sequences, real, update, &masks, first_row)
            }
            Network::Ranker(network) => {
                // A batch of one kind alone ranks nothing; it can fall out of a shuffle where batches are tiny.
                if real.iter().all(|&r| r) || !real.contains(&true) {
                    return Ok(BatchLoss { loss: 0.0, accuracy: 0.5 });
                }
                let RankGanConfig { num_references, gamma, .. } = config.rankgan;
                let references = &drawn(train, config.seed, (0, first_row), num_references);
                let DiscriminatorUpdate { learning_rate, dropout_keep, .. } = update;
                let update = RankerUpdate { learning_rate, dropout_keep, gamma };
                let batch = RankedBatch { sequences, real, references };
                ranker_step(network, optimizer, batch, update, &masks, first_row)
            }
            Network::Causal(network) => {
                let rate = config.seqgan_step.learning_rate;
                let objective = CausalObjective::EveryStep;
                causal_discriminator_step(network, optimizer, (sequences, &[]), real, objective, rate)
            }
            Network::Mix(_, Some(network)) => {
                discriminator_step(network, optimizer, sequences, real, update, &masks, first_row)
            }
            Network::Bleu(_) | Network::Mix(_, None) | Network::Crossfit(_) => {
                unreachable!("a judge that is not trained in rounds")
            }
        }
    }
}

/// `n` real sequences by chance: `set` and the count of what came before name them.
fn drawn(train: &SeqBatch, seed: u64, (set, at): (u32, u64), n: usize) -> SeqBatch {
    let streams = Streams::new(seed, Purpose::References);
    let row = |i: usize| {
        let [high, ..] = streams.block(at, i as u32, set);
        ((u64::from(high) * train.len() as u64) >> 32) as usize
    };
    train.select((0..n).map(row))
}

impl Search<'_> {
    /// How far and how often it searches.
    pub(super) fn settings(&self) -> MonteCarlo {
        let RolloutConfig { num_rollouts, max_prefixes, .. } = self.config.rollout;
        MonteCarlo { num_rollouts, max_prefixes }
    }

    fn has_end(&self) -> bool {
        self.rollout.generator().shape().end_token.is_some()
    }

    /// Values by Monte-Carlo search (SeqGAN, equation 4).
    fn monte_carlo(&self, reward: &dyn Reward) -> Result<Earned> {
        let search = self.settings();
        let policy = self.rollout.policy();
        let values = search.values(&policy, reward, self.batch, &self.streams, self.first)?;
        let has_end = self.has_end();
        let length = self.batch.max_length();
        let own = (0..self.batch.len())
            .map(|b| f64::from(values[b * length + self.batch.steps(b, has_end).max(1) - 1]));
        let reward = own.sum::<f64>() / self.batch.len() as f64;
        let completions = search.sequences_used(self.batch.len(), length);
        Ok(Earned { completions, ..Earned::new(values, reward) })
    }
}
