//! Files of sequences: reading, vocabularies, the split of a validation part, batches of an epoch.
//!
//! A file holds one sequence a line, or is a melody in MIDI. [`read_training`] reads it once and makes the [`Vocab`];
//! [`read_with`] reads further files, a test file say, with that same vocabulary, so that a token id means
//! the same everywhere. [`split_by_hash`] sets a validation part aside and [`Batches`] orders an epoch.

mod batches;
mod integer;
mod interner;
mod lines;
mod midi;
mod options;
#[cfg(test)]
mod real_data;
mod records;
mod report;
mod rows;
mod split;
mod text;
mod tokens;
mod vocab;
mod vocab_builder;

pub use batches::Batches;
pub use interner::Interner;
pub use midi::{NUM_PITCHES, to_midi};
pub use options::{FileFormat, LongSequences, ReadOptions, Rests};
pub use records::{holds_midi, is_midi};
pub use report::ReadReport;
pub use split::{DEFAULT_VALIDATION_SHARE, Split, split_by_hash};
pub use text::{TrainingText, read_training, read_with};
pub use tokens::{SplitTokens, Tokens};
pub use vocab::{InvalidVocab, Vocab};
