//! Tasks: the sequences of a file, or a synthetic task whose distribution is known.

mod definition;
mod file;
mod held_out;
mod initial;
mod synthetic;

pub use definition::{Task, TestFile};
pub use held_out::{HeldOut, MAX_SAMPLES, other_tokens, overlap, read_whole, real_scorecard};
pub use initial::InitialModel;
