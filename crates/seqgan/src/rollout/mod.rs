//! Rollouts: which beginnings are completed, and by which policy. Knows no reward.

mod delayed_policy;
mod prefixes;

pub use delayed_policy::DelayedPolicy;
pub use prefixes::prefix_lengths;
