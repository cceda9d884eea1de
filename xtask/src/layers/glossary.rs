//! Retired names, and the standard names of the field that take their place.

use super::definitions::Kind;

/// Names that nothing may have any more.
pub struct Retired {
    /// The names, as words between underscores.
    pub names: &'static [&'static str],
    /// Where they are refused.
    pub place: Place,
    /// What to say instead.
    pub standard: &'static str,
}

/// Where a name is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// As a part of any name.
    Anywhere,
    /// As a part of any name but those of tests, which are sentences: the word is English, too.
    AnywhereButTests,
    /// As the whole name of anything.
    Whole,
    /// As the whole name of a type, a trait, or a module: as another name the word is plain English or Rust.
    WholeTypeOrModule,
    /// As the whole name of a type or a trait.
    WholeType,
}

impl Place {
    /// Whether the name of something of this kind is looked at.
    pub fn holds(self, kind: Kind) -> bool {
        let is_type = matches!(kind, Kind::Type | Kind::Trait | Kind::MemberType);
        match self {
            Self::Anywhere | Self::Whole => true,
            Self::AnywhereButTests => kind != Kind::Test,
            Self::WholeTypeOrModule => is_type || kind == Kind::Module,
            Self::WholeType => is_type,
        }
    }

    /// Whether the name must be the whole one.
    pub fn is_whole(self) -> bool {
        !matches!(self, Self::Anywhere | Self::AnywhereButTests)
    }
}

use Place::{Anywhere, AnywhereButTests, Whole, WholeType, WholeTypeOrModule};

const fn retired(place: Place, names: &'static [&'static str], standard: &'static str) -> Retired {
    Retired { names, place, standard }
}

/// All retired names. The first line that fits is the one that is printed, so that longer names stand first.
pub const RETIRED: &[Retired] = &[
    // Settings.
    retired(Anywhere, &["needs_worth"], "`require_validation_gain`"),
    retired(Anywhere, &["sees_ensemble"], "`ensemble_features`"),
    retired(Anywhere, &["real_value"], "`demonstration_value`"),
    retired(Anywhere, &["soft_share"], "`distillation_weight`"),
    retired(Anywhere, &["truth_decrease"], "`teacher_forcing_decay`"),
    retired(Anywhere, &["judge_accuracy"], "`discriminator_accuracy`"),
    // Reward models.
    retired(Anywhere, &["is_silent", "silent_judge"], "rejected, or constant, discriminator"),
    retired(
        Anywhere,
        &["judged", "judgement", "judgements", "examiner", "examiners"],
        "trained metric (LM score, reverse LM score, classifier two-sample test), or evaluated",
    ),
    retired(Anywhere, &["judge", "judges", "judging"], "reward model, or discriminator where it is one"),
    retired(AnywhereButTests, &["earn", "earns", "earning", "earnings"], "expected reward"),
    retired(AnywhereButTests, &["earned"], "action values"),
    retired(
        WholeTypeOrModule,
        &["values"],
        "`credit` for the module, action values or advantages for what they are",
    ),
    retired(Anywhere, &["batch_odds"], "MaliGAN weights"),
    retired(AnywhereButTests, &["per_step"], "discounted return"),
    retired(Whole, &["to_go"], "reward-to-go"),
    retired(WholeTypeOrModule, &["search"], "rollout context"),
    retired(Anywhere, &["witness", "witnesses"], "reference models, or features for what they give"),
    retired(Anywhere, &["evidence"], "training set"),
    retired(
        Anywhere,
        &["examination", "examinations", "examine", "examined"],
        "validation set, or to validate",
    ),
    retired(AnywhereButTests, &["worth"], "log-likelihood-ratio gain (`gain`)"),
    retired(Anywhere, &["realness"], "discriminator logit"),
    retired(Whole, &["anchor"], "reference policy"),
    retired(Whole, &["refresh"], "retrain"),
    // Training.
    retired(Anywhere, &["trainee", "trainees"], "generator in training"),
    retired(Anywhere, &["adversary", "adversaries"], "reward model in training"),
    retired(Anywhere, &["lesson", "lessons"], "distillation batch"),
    retired(AnywhereButTests, &["taught"], "distillation"),
    retired(AnywhereButTests, &["guide", "guides", "guided"], "auxiliary logits, or auxiliary loss"),
    retired(WholeTypeOrModule, &["role"], "the kind of an auxiliary loss: distillation or expected reward"),
    retired(WholeTypeOrModule, &["beside"], "auxiliary loss"),
    retired(WholeTypeOrModule, &["session"], "training context"),
    retired(Anywhere, &["given_up"], "save and fail"),
    retired(Anywhere, &["step_done"], "end of step"),
    retired(WholeTypeOrModule, &["position"], "cursor"),
    retired(WholeTypeOrModule, &["drawn"], "RNG counters"),
    retired(WholeTypeOrModule, &["kept"], "best checkpoint"),
    retired(WholeTypeOrModule, &["round"], "checkpoint choice"),
    retired(AnywhereButTests, &["watched"], "monitor state"),
    retired(WholeTypeOrModule, &["first"], "monitor baseline"),
    retired(WholeTypeOrModule, &["figures"], "monitor statistics"),
    retired(WholeTypeOrModule, &["sign"], "diagnostic"),
    retired(AnywhereButTests, &["told"], "reported"),
    // Generators.
    retired(
        AnywhereButTests,
        &["surprise", "surprises"],
        "token statistics: log-probability, entropy, maximum",
    ),
    retired(AnywhereButTests, &["walk"], "batched decoding"),
    retired(AnywhereButTests, &["own_tokens"], "scheduled inputs"),
    retired(AnywhereButTests, &["coin", "coins"], "scheduled inputs"),
    retired(Whole, &["under"], "with constraint"),
    retired(WholeTypeOrModule, &["known"], "within support"),
    retired(Whole, &["blank"], "zero generator"),
    retired(Anywhere, &["put_together"], "build ensemble"),
    // Evaluation.
    retired(AnywhereButTests, &["floors"], "oracle reference"),
    retired(WholeTypeOrModule, &["unit"], "evaluation step"),
    retired(WholeTypeOrModule, &["made"], "built reward"),
    // Kernels and data.
    retired(WholeTypeOrModule, &["update"], "`optim`"),
    retired(WholeType, &["product"], "`Gemm`"),
    retired(Whole, &["raise"], "max-pool scatter"),
    retired(WholeTypeOrModule, &["rests"], "rest handling"),
    retired(Anywhere, &["complaint", "complaints"], "token error"),
    retired(WholeTypeOrModule, &["cut"], "splitter"),
    retired(WholeTypeOrModule, &["quiet"], "stop only"),
];
