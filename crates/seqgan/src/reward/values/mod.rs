//! State-action values Q `[B, T]` of decisions, made from the reward of finished sequences.

mod batch_odds;
mod monte_carlo;
mod per_step;

pub use batch_odds::BatchOdds;
pub(crate) use batch_odds::odds;
pub use monte_carlo::MonteCarlo;
pub use per_step::PerStep;
