//! Settings of the task: a file of sequences or the synthetic task, and the constraint on
//! sequences.

use crate::config::file_format::FileFormat;
use crate::config::rest_handling::RestHandling;
use crate::config::synthetic_task::SyntheticTask;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Reading of a file of sequences.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DataConfig {
    /// Path of the training file. Empty: the synthetic task is trained instead.
    pub path: String,
    /// Path of a file of test sequences. Training never reads it; the finished models are measured
    /// against it. Empty: none.
    pub test: String,
    /// Format of the files. `auto` follows the extension; where that is unknown, the first bytes.
    #[schemars(extend("enum" = formats()))]
    pub format: String,
    /// Column of a table (name, or number from 1) or member of JSON objects that holds the
    /// sequence. Empty: the only column or member.
    pub field: String,
    /// Column of a table or member of JSON objects that holds the class of a sequence, on which the
    /// generator is conditioned. Empty: no classes.
    pub label: String,
    /// Separator of the columns of a table: one character, or `tab`. `auto` takes the one that gives
    /// every row the same number of columns.
    pub separator: String,
    /// Column or member that names the sequence to which a row belongs, for tables with one token
    /// per row, such as event logs. Empty: every row is a sequence.
    pub group_by: String,
    /// Column or member by which the rows of a sequence are sorted when `group_by` is set. Empty:
    /// the order of the file.
    pub order_by: String,
    /// Whether records that cannot be read are dropped and counted. Otherwise they are an error.
    pub skip_bad: bool,
    /// Unit of tokenisation. `auto`: `bpe` if `data.tokenizer` is set; otherwise the usual unit of
    /// the format; for text, `words` if lines contain blanks and `chars` if they do not.
    #[schemars(extend("enum" = ["auto", "words", "chars", "ids", "smiles", "bpe"]))]
    pub tokens: String,
    /// Path of the tokenizer.json that encodes and decodes text when tokens are `bpe`. Empty: none.
    pub tokenizer: String,
    /// Largest accepted length of a sequence, in tokens.
    #[schemars(range(min = 1, max = 2048))]
    pub max_length: usize,
    /// Treatment of sequences longer than `max_length`: `drop` removes them, `truncate` cuts them.
    #[schemars(extend("enum" = ["drop", "truncate"]))]
    pub long_sequences: String,
    /// Smallest frequency of a token in the vocabulary. Rarer tokens become the unknown token.
    #[schemars(range(min = 1, max = 1 << 30))]
    pub min_count: usize,
    /// Largest number of tokens in the vocabulary. The others become the unknown token. 0: no
    /// limit.
    #[schemars(range(min = 0, max = 1 << 20))]
    pub max_vocab: usize,
    /// Number of ids when tokens are `ids`. 0: one more than the largest id in the file.
    #[schemars(range(min = 0, max = 1 << 20))]
    pub vocab_size: usize,
    /// Largest number of training sequences. A larger file is subsampled at random, identically in
    /// every run. 0: no limit.
    pub max_sequences: usize,
    /// Largest accepted length of a line, in bytes.
    #[schemars(range(min = 1, max = 1 << 30))]
    pub max_line_bytes: usize,
    /// Whether an empty line is a sequence of no tokens.
    pub keep_empty: bool,
    /// Length of the non-overlapping windows into which sequences are cut, at most `max_length`.
    /// A shorter remainder is dropped. 0: sequences stay whole.
    pub window: usize,
    /// Duration of one step of a melody in MIDI, in seconds. The paper uses 0.4 s.
    #[schemars(range(min = 0.001, max = 8.0))]
    pub midi_step_secs: f64,
    /// Treatment of rests in MIDI melodies: `keep` encodes them as token 0, `fill` replaces them by
    /// the preceding pitch.
    pub midi_rests: RestHandling,
    /// Track of a MIDI file that is the melody: its number from 1, or its name. Empty: the first one
    /// with notes that are not drums.
    pub midi_track: String,
    /// MIDI channel of the melody, 1 to 16; 10 is the channel of drums. 0: all channels but 10.
    #[schemars(range(min = 0, max = 16))]
    pub midi_channel: usize,
    /// Whether tokens are pitches, so that the pitch error is measured. MIDI tokens always are.
    pub pitches: bool,
    /// Share of the training sequences that is held out for early stopping, selected by hash. 0: none;
    /// validation figures are then measured on a part of the training sequences.
    #[schemars(range(min = 0.0, max = 0.5))]
    pub validation_share: f64,
}

fn formats() -> Vec<&'static str> {
    ["auto"].into_iter().chain(FileFormat::ALL.map(FileFormat::name)).collect()
}

/// Synthetic task: a distribution of sequences with known probabilities.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OracleConfig {
    /// Source of the sequences: `oracle`, an LSTM with random parameters; `brackets`, `copy`,
    /// `reversal` and `checksum`, a rule that every sequence satisfies; `markov`, a hidden Markov
    /// model.
    pub task: SyntheticTask,
    /// Path of a safetensors file with the parameters of the LSTM. Empty: parameters are drawn from
    /// N(0, 1) by the seed.
    pub params: String,
    /// Seed of the parameters alone, so that runs with different seeds can share one oracle. 0: the
    /// seed of the run.
    pub seed: u64,
    /// Vocabulary size V. The paper's code uses 5,000. For `brackets`, twice the number of kinds.
    /// `params` replaces it.
    #[schemars(range(min = 2, max = 1 << 20))]
    pub vocab_size: usize,
    /// Sequence length T.
    #[schemars(range(min = 1, max = 2048))]
    pub length: usize,
    /// Embedding width E of the LSTM. `params` replaces it.
    #[schemars(range(min = 1, max = 4096))]
    pub embedding_dim: usize,
    /// Hidden width H of the LSTM, which `params` replaces; number of states of the hidden Markov
    /// model.
    #[schemars(range(min = 1, max = 4096))]
    pub hidden_dim: usize,
    /// Share of uniform tokens in the sequences of a rule, so that no sequence has probability 0.
    #[schemars(range(min = 1e-9, max = 0.5))]
    pub noise: f64,
    /// Number of training sequences.
    #[schemars(range(min = 2, max = 10_000_000))]
    pub num_train: usize,
    /// Number of validation sequences, for early stopping.
    #[schemars(range(min = 2, max = 10_000_000))]
    pub num_validation: usize,
    /// Number of test sequences, for nll_test.
    #[schemars(range(min = 2, max = 10_000_000))]
    pub num_test: usize,
    /// Number of samples that estimate the entropy of the oracle.
    #[schemars(range(min = 2, max = 10_000_000))]
    pub num_floor: usize,
}

/// Constraint on every generated sequence, in training and in sampling. Likelihoods are
/// renormalised to it. Training sequences that violate it are dropped and counted.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConstraintConfig {
    /// Regular expression that the whole text of a sequence matches (syntax of the crate `regex`).
    /// Empty: none.
    pub regex: String,
    /// Allowed tokens. Empty: the whole vocabulary.
    pub alphabet: Vec<String>,
    /// Texts of one or more tokens that no sequence contains.
    pub forbidden: Vec<String>,
    /// Smallest number of tokens.
    #[schemars(range(min = 0, max = 2048))]
    pub min_length: usize,
    /// Largest number of tokens. 0: the length of the longest training sequence.
    #[schemars(range(min = 0, max = 2048))]
    pub max_length: usize,
    /// Text that every sequence starts with.
    pub prefix: String,
}
