//! State-action values Q `[B, T]` of decisions, made from the reward of finished sequences.

mod batch_odds;
mod monte_carlo;

pub use batch_odds::BatchOdds;
pub use monte_carlo::MonteCarlo;
