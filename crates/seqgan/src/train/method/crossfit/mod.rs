//! `seqgan-crossfit` and `distilled-seqgan-crossfit`: a causal discriminator that is trained on decisions as they look to a
//! generator that has not seen them.
//!
//! A generator has overfitted its own training sequences. A discriminator that is shown them as real, beside the generator's
//! probabilities, learns that likely sequences are real, which is wrong of sequences that the generator has not seen. So the
//! training sequences are split into folds (cross-fitting: Chernozhukov et al., 2018). For each fold a generator is trained on
//! the others as the base is on all; its probabilities are the features of the fold's sequences and of its own samples. The
//! discriminator is trained on both once, before the rounds. In the rounds the features come from the base model, and the
//! reward of decision t is
//!
//! ```text
//! r_t = scale s_t - kl (log p(y_t) - log p_base(y_t)),      Q_t = r_t + discount r_{t+1} + ..
//! ```
//!
//! with s_t what decision t adds to the discriminator's logit. With discount 1 the optimum of the expectation is
//! p_base exp(scale / kl sum s_t), the base reweighted by the discriminator's odds. With discount 0 each decision has its own
//! reward alone, with less variance; the optimum is the same where exp(s_t) is a ratio of two distributions of the next
//! token, as it is between an ensemble and the base.
//!
//! A discriminator can learn no more from a fold than likelihood models of its size learn from the others, unless it has more
//! features: with `crossfit.ensemble_features` each fold has an ensemble, whose probabilities are features beside those of the
//! fold's generator. In the rounds `mle-ensemble` takes its place.
//!
//! The direct weights of the features are fitted first (`feature_weights.rs`). Their part of the reward, and the KL penalty, are
//! known of every token of a decision, so the update follows their expectation (the all-action policy gradient) instead of a
//! sample; action values hold what is left: what the LSTM adds, and the rewards of later decisions.

mod feature_weights;
mod folds;
mod reward;
mod training;
mod validation;

use super::super::context::Context;
use super::super::monitor::{Diagnostic, advice};
use super::super::reward_model::RewardModel;
use super::super::round_schedule::RoundSchedule;
use super::super::state::{AdversarialState, Completed, Phase};
use super::traits::{AdversarialMethod, Kind, RewardTraining, TrainingMethod};
use crate::Result;
use crate::config::{Config, Method, Schedule};
use crate::task::Task;

pub use folds::{fold_sequences, used_folds};
pub(crate) use reward::{logits, odds_scale};

/// A method with a cross-fitted discriminator.
pub(in super::super) struct Crossfit {
    name: Method,
    about: &'static str,
    /// The base, where it is not the settings'.
    base: Option<Method>,
}

/// From the base that the settings name.
pub(super) const SEQGAN_CROSSFIT: Crossfit = Crossfit {
    name: Method::SEQGAN_CROSSFIT,
    about: "a cross-fitted discriminator, trained once, and a KL penalty",
    base: None,
};

/// From the distilled model.
pub(super) const DISTILLED_SEQGAN_CROSSFIT: Crossfit = Crossfit {
    name: Method::DISTILLED_SEQGAN_CROSSFIT,
    about: "seqgan-crossfit from the base `distilled`",
    base: Some(Method::DISTILLED),
};

impl TrainingMethod for Crossfit {
    fn name(&self) -> Method {
        self.name
    }

    fn about(&self) -> &'static str {
        self.about
    }

    fn kind(&self) -> Kind<'_> {
        Kind::Adversarial(self)
    }

    fn needs(&self, config: &Config) -> Vec<Method> {
        let ensemble = config.crossfit.ensemble_features.then_some([Method::MLE_TUNED, Method::MLE_ENSEMBLE]);
        ensemble.into_iter().flatten().chain([self.base(config)]).collect()
    }
}

impl AdversarialMethod for Crossfit {
    fn base(&self, config: &Config) -> Method {
        self.base.unwrap_or(config.adversarial.base)
    }

    fn schedule(&self, config: &Config) -> RoundSchedule {
        let crossfit = &config.crossfit;
        RoundSchedule {
            num_rounds: crossfit.num_rounds,
            g_steps: 1,
            batch_size: crossfit.batch_size,
            baseline: crossfit.baseline,
            measure_every_rounds: crossfit.measure_every_rounds,
            patience: crossfit.patience,
            learning_rate: crossfit.learning_rate,
            schedule: Schedule::Cosine,
        }
    }

    fn reward_training(&self, _: &Config) -> RewardTraining {
        RewardTraining::OnFolds
    }

    fn build(&self, config: &Config, task: &Task) -> Result<Box<dyn RewardModel>> {
        Ok(Box::new(reward::CrossfitReward::untrained(config, task)))
    }

    fn pretrain(
        &self,
        context: &mut Context<'_>,
        completed: &Completed,
        state: &mut AdversarialState,
    ) -> Result<()> {
        training::train(context, completed, state, self.base(context.config))
    }

    fn is_retraining_due(&self, config: &Config, state: &AdversarialState) -> bool {
        let (every, cursor) = (config.crossfit.refresh_every_rounds, &state.cursor);
        let round = cursor.round;
        let begins = every > 0 && round > 0 && cursor.phase == Phase::Generator(0);
        begins && round.is_multiple_of(every) && cursor.retrained < round
    }

    fn uses_rollouts(&self, _: &Config) -> bool {
        false
    }

    fn advice(&self, diagnostic: Diagnostic, _: &Config) -> String {
        advice::of_crossfit(diagnostic).into()
    }
}
