//! Methods, one per file. A method is a type that implements [`TrainingMethod`] and has a line in `registry.rs`. Other
//! crates add methods with [`register`].

pub mod crossfit;
mod distilled;
mod ensemble;
mod maligan;
mod maximum_likelihood;
mod mixed;
mod pg_bleu;
mod pretrained;
mod rankgan;
mod registry;
mod scheduled_sampling;
mod seqgan;
mod seqgan_step;
mod traits;
mod untrained;

pub use super::reward_model::{ActionValues, LabelledBatch, Network, RewardModel, RolloutContext, draw_real};
pub use mixed::build_rewards;
pub use registry::{
    adversarial, all, base, find, known, known_likelihood, likelihood, likelihood_names, names, register,
};
pub use traits::{
    AdversarialMethod, Kind, LikelihoodMethod, LikelihoodStep, RewardTraining, Teacher, TrainingBatch,
    TrainingMethod, Untrained,
};
