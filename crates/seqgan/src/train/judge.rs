//! What gives a method its reward: a judge, and what its judgement is worth to each decision.
//!
//! Every method that follows a reward is one line in [`Judge::values`] (judge, search, weights) and, where the judge
//! is trained, one in [`Judge::learn`]. All else of Algorithm 1 is shared.

mod network;
mod search;

use super::crossfit::{self, CrossfitReward, Witnesses};
use super::mix;
use super::session::discriminator_shape;
use super::task::Task;
use crate::Result;
use crate::config::{Config, Method, RankGanConfig};
use crate::credit::{DiscountedReturn, MaliGanWeights};
use crate::discriminator::{
    BatchLoss, CausalDiscriminator, CausalObjective, CausalShape, Discriminator, Ranker,
};
use crate::generator::LstmGenerator;
use crate::nn::Tensors;
use crate::optim::{
    Demonstrations, DiscriminatorUpdate, ExpectedReward, Optimizer, RankedBatch, RankerUpdate,
};
use crate::optim::{causal_discriminator_step, discriminator_step, ranker_step};
use crate::reward::{Bleu, DiscriminatorReward, Ranking};
use crate::rng::{Purpose, Streams};
use crate::token::SeqBatch;
use network::{Network, Trained};
use search::drawn;
pub(super) use search::{Earned, Search};
use serde_json::json;
use std::sync::Arc;

/// A method's judge.
#[derive(Debug, Clone)]
pub struct Judge {
    method: Method,
    network: Network,
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
                Network::Mix(Arc::new(mix::build(config, task)?), discriminator)
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
        self.network.trained().map(Trained::parameters)
    }

    /// The same, to be changed.
    pub fn parameters_mut(&mut self) -> Option<&mut Tensors<f32>> {
        self.network.trained_mut().map(Trained::parameters_mut)
    }

    /// What its file says beside the parameters.
    pub(super) fn description(&self) -> serde_json::Value {
        match self.network.trained() {
            Some(network) => json!({ "method": self.method, "shape": network.shape() }),
            None => json!({ "method": self.method }),
        }
    }

    /// A fresh optimizer for a judge that is trained.
    pub(super) fn optimizer(&self) -> Option<Optimizer> {
        let optimizer = |network: &dyn Trained| Optimizer::new(network.parameters(), network.gradients());
        self.network.trained().map(optimizer)
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
            Network::Mix(rewards, discriminator) => mix::values(rewards, search, discriminator.as_ref()),
            Network::Ranker(ranker) => {
                let RankGanConfig { num_references, num_comparisons, gamma } = search.config.rankgan;
                let real = |set, n| drawn(search.train, search.config.seed, (set, search.first), n);
                let (references, comparison) = (real(1, num_references), real(2, num_comparisons));
                let precision = search.config.rollout.precision;
                search.monte_carlo(&Ranking::new(ranker, &references, &comparison, gamma, precision))
            }
            Network::Causal(causal) => {
                let per_step = DiscountedReturn { discount: search.config.seqgan_step.discount };
                let (values, reward) = per_step.values(causal, search.batch, search.has_end());
                Ok(Earned::new(values, reward))
            }
            Network::Crossfit(judge) => {
                let config = &search.config.crossfit;
                let Search { witnesses, anchor, generator, batch, .. } = *search;
                let reward = CrossfitReward { judge, witnesses, anchor, config };
                let (values, reward) = reward.values(generator, batch);
                let demonstrations = (config.demonstration_value > 0.0).then(|| Demonstrations {
                    sequences: drawn(
                        search.train,
                        search.config.seed,
                        (3, search.round as u64),
                        search.batch.len(),
                    ),
                    value: config.demonstration_value as f32,
                });
                let earned = Earned::new(values, reward);
                Ok(Earned { demonstrations, ..earned })
            }
            Network::Discriminator(discriminator) if self.method == Method::MaliGan => {
                let (values, reward) =
                    MaliGanWeights.values(discriminator, search.batch, search.has_end())?;
                Ok(Earned { centred: true, ..Earned::new(values, reward) })
            }
            Network::Discriminator(discriminator) => {
                let precision = search.config.rollout.precision;
                search.monte_carlo(&DiscriminatorReward { discriminator, precision })
            }
        }
    }

    /// What every token of a decision earns besides its value, where that is known.
    pub(super) fn expected_reward(
        &self,
        config: &Config,
        witnesses: Witnesses<'_>,
        anchor: Option<&LstmGenerator>,
    ) -> Option<ExpectedReward> {
        match &self.network {
            Network::Crossfit(judge) => {
                CrossfitReward { judge, witnesses, anchor, config: &config.crossfit }.expected_reward()
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
