//! Training of likelihood models, of reward models, and of generators in the rounds of SeqGAN's Algorithm 1.
//!
//! [`adversarial`] implements Algorithm 1, [`epochs`] the loop that all training in epochs shares, and [`method`]
//! defines what a method is. [`crate::experiment::run`] carries out a whole run, from settings to a table.

pub mod adversarial;
mod best_checkpoints;
mod cnn_discriminator;
mod context;
mod discriminator_training;
pub mod ensemble;
pub mod epochs;
pub mod method;
pub mod mle;
mod monitor;
mod observer;
mod reward_model;
mod reward_model_stages;
mod round_monitor;
mod round_schedule;
mod state;
mod state_file;

pub use cnn_discriminator::discriminator_shape;
pub use context::{Context, StateStore};
pub use discriminator_training::phase_name as discriminator_phase;
pub use monitor::{Diagnostic, MonitorBaseline, MonitorState};
pub(crate) use observer::{All, StopOnly};
pub use observer::{Event, Observer, Silent};
pub use reward_model::references;
pub use reward_model_stages::{begin, pretrain};
pub use round_schedule::RoundSchedule;
pub use state::{
    AdversarialCursor, AdversarialState, BestValidation, Completed, GeneratorInTraining, LikelihoodCursor,
    LikelihoodState, Part, Phase, RewardModelCursor, RewardModelInTraining, RngCounters, StageRef,
    StageState,
};
pub use state_file::{Saved, load as load_state, save as save_state};
