//! Size of a file of sequences.

/// Size of a file of sequences, which determines the duration of a step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DataSize {
    /// Training sequences.
    pub num_sequences: usize,
    /// Tokens of the training sequences, ends included.
    pub num_tokens: usize,
    /// V.
    pub vocab_size: usize,
    /// T.
    pub max_length: usize,
    /// Whether there are test sequences.
    pub has_test: bool,
}

impl DataSize {
    /// Tokens of a sequence, on average.
    pub fn mean_length(self) -> f64 {
        self.num_tokens as f64 / self.num_sequences.max(1) as f64
    }
}
