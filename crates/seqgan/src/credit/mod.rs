//! Credit assignment: action values Q `[B, T]` of decisions, from scores of finished sequences or of steps.

mod built_rewards;
mod discounted_return;
mod maligan_weights;
mod mixed;
mod monte_carlo;

pub use built_rewards::BuiltRewards;
pub use discounted_return::DiscountedReturn;
pub use maligan_weights::MaliGanWeights;
pub(crate) use maligan_weights::odds;
pub use mixed::{MixedReward, MixedValues, Part};
pub use monte_carlo::MonteCarlo;
