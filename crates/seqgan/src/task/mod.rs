//! What is learnt: a file of sequences, or a synthetic task whose distribution is known.

mod file;
mod held_out;
mod synthetic;
mod task;

pub use held_out::{HeldOut, MAX_SAMPLES, read_whole, real_scorecard};
pub use task::{Task, TestFile};
