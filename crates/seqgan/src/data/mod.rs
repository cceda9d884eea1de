//! Files of sequences: reading, vocabularies, the split of a validation part, batches of an epoch.
//!
//! A file holds one sequence a record: a line, a row of a table, a FASTA record, a melody. [`read_training`] reads it once and makes the [`Vocab`];
//! [`read_with`] reads further files, a test file say, with that same vocabulary, so that a token id means
//! the same everywhere. [`split_by_hash`] sets a validation part aside and [`Batches`] orders an epoch.

mod batches;
mod encoded;
mod from_config;
mod integer;
mod interner;
mod midi;
mod options;
#[cfg(test)]
mod real_data;
mod records;
mod report;
mod rows;
mod smiles;
mod sniff;
mod source;
mod split;
mod subset;
mod subwords;
mod table_shape;
mod text;
mod tokens;
mod vocab;
mod vocab_builder;
mod write;

pub use batches::Batches;
pub use encoded::{EncodedRecord, EncodedRecords};
pub use from_config::{are_pitches, load_tokenizer, read_options, read_options_after, read_options_for};
pub use interner::Interner;
pub use midi::{
    Melody, MelodySource, MidiSelection, NUM_PITCHES, TrackChoice, from_midi, holds_midi, to_midi,
};
pub use options::{FileFormat, LongSequences, MidiOptions, ReadOptions, RestHandling};
pub use report::{Dropped, ReadReport};
pub use source::is_stream;
pub(crate) use source::shown;
pub use split::{DEFAULT_VALIDATION_SHARE, Split, SplitBy, split_by_hash};
pub use subwords::Subwords;
pub use text::{TrainingText, read_training, read_training_from, read_with};
pub use tokens::{SplitTokens, Tokens};
pub use vocab::{InvalidVocab, Vocab};
pub use write::SequenceWriter;
