//! Optimization steps, the only code that changes parameters. Each step takes one batch, accumulates a gradient and
//! applies it.

mod causal;
mod discriminator;
mod maximum_likelihood;
mod optimizer;
mod policy_gradient;
mod ranker;
mod scheduled_sampling;
mod slices;

pub use crate::config::{Baseline, Schedule};
pub use causal::causal_discriminator_step;
pub use discriminator::{DiscriminatorUpdate, discriminator_step};
pub use maximum_likelihood::{LikelihoodBatch, distillation_step, maximum_likelihood_step};
pub use optimizer::{GeneratorUpdate, Optimizer};
pub use policy_gradient::{Demonstrations, ExpectedReward, policy_gradient_step, policy_gradient_step_with};
pub use ranker::{RankedBatch, RankerUpdate, ranker_step};
pub use scheduled_sampling::scheduled_sampling_step;
pub use slices::slices;
