//! Rollouts: which prefixes are completed, and by which policy. Knows no reward.

mod completions;
mod delayed_policy;
mod prefixes;

pub use completions::Completions;
pub use delayed_policy::DelayedPolicy;
pub use prefixes::prefix_lengths;
