//! State-action values Q `[B, T]` of decisions, made from the reward of finished sequences.

mod monte_carlo;

pub use monte_carlo::MonteCarlo;
