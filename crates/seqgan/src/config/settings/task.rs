//! What is learnt: a file of sequences, or the synthetic task; and what sequences must be like.

use crate::config::rest_handling::RestHandling;
use crate::config::synthetic_task::SyntheticTask;
use serde::{Deserialize, Serialize};

/// How a file of sequences is read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataConfig {
    /// The training file; empty for the synthetic task.
    pub path: String,
    /// A file of sequences that training never sees and the finished models are measured against; may be empty.
    pub test: String,
    /// File format: text, ids, csv, tsv, jsonl, smiles, fasta or midi; "auto": from the extension.
    pub format: String,
    /// The column of a table, by name or by number from 1, or the member of JSON objects, that is the sequence; empty:
    /// the only one.
    pub field: String,
    /// The column of a table or the member of JSON objects that is a sequence's label, a class that it is then made by;
    /// empty: none.
    pub label: String,
    /// How a sequence is split: words, chars, ids, smiles or bpe; "auto": bpe where a tokenizer is named, else as usual
    /// for the format, or words where lines hold blanks, else chars.
    pub tokens: String,
    /// The tokenizer.json that cuts and writes sequences where tokens are bpe; empty: none.
    pub tokenizer: String,
    /// Longest sequence that is kept, in tokens.
    pub max_length: usize,
    /// What happens to longer ones: drop or truncate.
    pub long_sequences: String,
    /// Tokens that occur less often become unknown.
    pub min_count: usize,
    /// Most tokens of the vocabulary, 0 for no limit; the others become unknown.
    pub max_vocab: usize,
    /// Number of ids where tokens are ids; 0: the largest id in the file plus one.
    pub vocab_size: usize,
    /// Most training sequences: of a larger file so many are kept by chance, the same ones each time; 0 for no limit.
    pub max_sequences: usize,
    /// Longest line, in bytes.
    pub max_line_bytes: usize,
    /// Whether an empty line is a sequence of no tokens.
    pub keep_empty: bool,
    /// Sequences are cut into windows of so many tokens that do not overlap, and a rest below is dropped; 0: not.
    pub window: usize,
    /// Seconds of a step of a melody in MIDI; the paper samples every 0.4 s.
    pub midi_step_secs: f64,
    /// RestHandling of melodies in MIDI: "keep" them as token 0, or "fill" them with the pitch before.
    pub midi_rests: RestHandling,
    /// Whether tokens are pitches, so that their error is measured; with MIDI they always are.
    pub pitches: bool,
    /// Share of the training part that early stopping uses, chosen by hash.
    pub validation_share: f64,
}

/// The synthetic task: what makes the data and knows their probability.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OracleConfig {
    /// "oracle", an LSTM with random parameters; a rule that whole sequences keep: "brackets", "copy", "reversal",
    /// "checksum"; or "markov", a hidden Markov model.
    pub task: SyntheticTask,
    /// Parameters of the LSTM from a safetensors file; empty: from N(0, 1) by the seed.
    pub params: String,
    /// Seed of the parameters alone, so that runs of several seeds can learn from one oracle; 0: the run's seed.
    pub seed: u64,
    /// V. The paper's code uses 5,000. Twice the kinds of brackets.
    pub vocab_size: usize,
    /// T.
    pub length: usize,
    /// E of the LSTM.
    pub embedding_dim: usize,
    /// H of the LSTM; states of the hidden Markov model.
    pub hidden_dim: usize,
    /// Share of uniform tokens among the sequences of a rule, so that no sequence has probability 0.
    pub noise: f64,
    /// Training sequences.
    pub num_train: usize,
    /// Further draws for early stopping.
    pub num_validation: usize,
    /// Further draws for nll_test.
    pub num_test: usize,
    /// Draws that measure the oracle's own entropy.
    pub num_floor: usize,
}

/// What every generated sequence satisfies, in training and in sampling, with likelihood renormalised accordingly. Training
/// sequences that do not are left out and counted.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConstraintConfig {
    /// A regular expression that the whole text of a sequence matches (syntax of the crate `regex`); empty: none.
    pub regex: String,
    /// The only tokens there may be; empty: all of the vocabulary.
    pub alphabet: Vec<String>,
    /// Texts of one token or more that no sequence holds.
    pub forbidden: Vec<String>,
    /// Fewest tokens.
    pub min_length: usize,
    /// Most tokens; 0: the longest training sequence.
    pub max_length: usize,
    /// What every sequence begins with.
    pub prefix: String,
}
