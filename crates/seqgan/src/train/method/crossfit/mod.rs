//! `seqgan-crossfit` and `distilled-seqgan-crossfit`: policy gradient with a causal discriminator trained by
//! cross-fitting.
//!
//! A generator overfits its training sequences: it gives them higher probabilities than unseen real sequences. A
//! discriminator that has the generator's probabilities as features, and these sequences as real examples, learns that
//! likely sequences are real. That is wrong for unseen sequences. The training sequences are therefore split into folds
//! (cross-fitting: Chernozhukov et al., 2018). For each fold, a generator is trained on the other folds with the method
//! of the base. Its probabilities are the features of the fold's sequences and of its own samples. The discriminator is
//! trained on both, before the rounds. In the rounds, the features come from the base model, and the reward of decision
//! t is
//!
//! ```text
//! r_t = scale s_t - kl (log p(y_t) - log p_base(y_t)),      Q_t = r_t + discount r_{t+1} + ..
//! ```
//!
//! where s_t is the contribution of decision t to the discriminator's logit. With discount 1, the optimum of the
//! expected return is proportional to p_base exp(scale / kl sum s_t), the base reweighted by the discriminator's odds.
//! With discount 0, each decision has only its own reward, which reduces the variance. The optimum is the same if
//! exp(s_t) is a ratio of two distributions of the next token, as between an ensemble and the base.
//!
//! Without further features, a discriminator learns no more from a fold than likelihood models of its size learn from
//! the other folds. With `crossfit.ensemble_features`, each fold has an ensemble, whose probabilities are further
//! features. In the rounds, `mle-ensemble` replaces it.
//!
//! The direct weights of the features are fitted first (`feature_weights.rs`). Their part of the reward and the KL
//! penalty can be computed for every token of a decision. The update therefore uses their expectation (the all-action
//! policy gradient) instead of a sample. Action values contain the rest: the contribution of the LSTM, and the rewards
//! of later decisions.

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
    /// Base of the method; none for the base named in the settings.
    base: Option<Method>,
}

/// The method with the base named in the settings.
pub(super) const SEQGAN_CROSSFIT: Crossfit = Crossfit {
    name: Method::SEQGAN_CROSSFIT,
    about: "a cross-fitted discriminator, trained once, and a KL penalty",
    base: None,
};

/// The method with the base `distilled`.
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
