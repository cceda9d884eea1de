//! Tokens, vocabularies and batches of sequences of unequal length.
//!
//! Shapes, everywhere in this crate: B batch, T maximum length, V vocabulary, E embedding, H hidden,
//! N rollouts a prefix. Tensors are row-major unless a comment says otherwise.

/// Index of a token in its vocabulary.
pub type TokenId = u32;

/// Index of a class that sequences are made of, where they have one.
pub type Label = u32;

/// A batch of sequences, `[B, T]`, padded behind each sequence's length.
///
/// `tokens` of a row are the sequence's own tokens (the end token is not one of them), then padding of
/// value 0 that nobody may read. A row shorter than T *has ended*; a row of length T was cut there, so the
/// end needed no token. When every row has length T the batch is the paper's fixed-length case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeqBatch {
    tokens: Vec<TokenId>,
    lengths: Vec<u32>,
    labels: Vec<Label>, // one a row, or none at all
    max_length: usize,
}

impl SeqBatch {
    /// An empty batch whose rows may hold up to `max_length` tokens.
    pub fn new(max_length: usize) -> Self {
        Self { tokens: Vec::new(), lengths: Vec::new(), labels: Vec::new(), max_length }
    }

    /// A batch of `rows` rows of length 0.
    pub fn zeroed(rows: usize, max_length: usize) -> Self {
        Self { tokens: vec![0; rows * max_length], lengths: vec![0; rows], labels: Vec::new(), max_length }
    }

    /// Collects rows; each may hold at most `max_length` tokens.
    pub fn from_rows<R: AsRef<[TokenId]>>(rows: impl IntoIterator<Item = R>, max_length: usize) -> Self {
        let mut batch = Self::new(max_length);
        rows.into_iter().for_each(|row| batch.push(row.as_ref()));
        batch
    }

    /// The same rows, each with a label.
    pub fn with_labels(self, labels: Vec<Label>) -> Self {
        assert_eq!(labels.len(), self.len(), "a label a row");
        Self { labels, ..self }
    }

    /// The label of row `b`, if rows have labels.
    pub fn label(&self, b: usize) -> Option<Label> {
        self.labels.get(b).copied()
    }

    /// The labels of all rows; empty if rows have none.
    pub fn labels(&self) -> &[Label] {
        &self.labels
    }

    /// Appends one sequence without a label, of at most `max_length` tokens.
    pub fn push(&mut self, row: &[TokenId]) {
        assert!(self.labels.is_empty(), "a row without a label among rows that have one");
        assert!(
            row.len() <= self.max_length,
            "a row of {} tokens in a batch of {}",
            row.len(),
            self.max_length
        );
        self.tokens.extend_from_slice(row);
        self.tokens.resize(self.tokens.len() + self.max_length - row.len(), 0);
        self.lengths.push(row.len() as u32);
    }

    /// Number of sequences, B.
    pub fn len(&self) -> usize {
        self.lengths.len()
    }

    /// Whether the batch holds no sequence.
    pub fn is_empty(&self) -> bool {
        self.lengths.is_empty()
    }

    /// The most tokens a row can hold, T.
    pub fn max_length(&self) -> usize {
        self.max_length
    }

    /// The tokens of row `b`, without end token and padding.
    pub fn row(&self, b: usize) -> &[TokenId] {
        &self.tokens[b * self.max_length..][..self.lengths[b] as usize]
    }

    /// All rows in order.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[TokenId]> + '_ {
        (0..self.len()).map(|b| self.row(b))
    }

    /// Number of tokens of row `b`.
    pub fn length(&self, b: usize) -> usize {
        self.lengths[b] as usize
    }

    /// Number of tokens of all rows together.
    pub fn total_tokens(&self) -> usize {
        self.lengths.iter().map(|&l| l as usize).sum()
    }

    /// Number of decisions a policy took for row `b`: its tokens, and the end unless it was cut at T.
    /// `has_end` says whether the policy knows an end token at all.
    pub fn steps(&self, b: usize, has_end: bool) -> usize {
        (self.length(b) + usize::from(has_end)).min(self.max_length)
    }

    /// Rows `rows` as a batch of their own.
    pub fn select(&self, rows: impl IntoIterator<Item = usize>) -> Self {
        let (mut batch, mut labels) = (Self::new(self.max_length), Vec::new());
        for b in rows {
            batch.push(self.row(b));
            labels.extend(self.label(b));
        }
        Self { labels, ..batch }
    }

    /// Rows `start..start + n` as a batch of their own.
    pub fn slice(&self, start: usize, n: usize) -> Self {
        Self {
            tokens: self.tokens[start * self.max_length..(start + n) * self.max_length].to_vec(),
            lengths: self.lengths[start..start + n].to_vec(),
            labels: self.labels.get(start..start + n).unwrap_or_default().to_vec(),
            max_length: self.max_length,
        }
    }

    /// Appends all rows of `other`, which must have the same maximum length.
    pub fn extend(&mut self, other: &SeqBatch) {
        assert_eq!(self.max_length, other.max_length, "batches of different maximum length");
        let unlike = self.labels.is_empty() != other.labels.is_empty();
        assert!(!unlike || self.is_empty() || other.is_empty(), "rows with and without labels");
        self.tokens.extend_from_slice(&other.tokens);
        self.lengths.extend_from_slice(&other.lengths);
        self.labels.extend_from_slice(&other.labels);
    }

    /// The raw `[B, T]` tokens and `[B]` lengths, for code that fills many rows at once.
    pub fn raw_mut(&mut self) -> (&mut [TokenId], &mut [u32]) {
        (&mut self.tokens, &mut self.lengths)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_keep_their_lengths_and_the_end_counts_as_a_step() {
        let batch = SeqBatch::from_rows([vec![5, 6], vec![7, 8, 9], vec![]], 3);
        assert_eq!(batch.row(0), [5, 6]);
        assert_eq!(batch.row(2), [0u32; 0]);
        assert_eq!(batch.total_tokens(), 5);
        // Row 1 fills the batch: it was cut, so its end is no decision.
        assert_eq!([batch.steps(0, true), batch.steps(1, true), batch.steps(2, true)], [3, 3, 1]);
        assert_eq!(batch.steps(0, false), 2);
        assert_eq!(batch.select([1, 0]).row(1), [5, 6]);
        assert_eq!(batch.slice(1, 2).row(0), [7, 8, 9]);
        assert!(batch.labels().is_empty() && batch.label(1).is_none());
        let mut labelled = batch.with_labels(vec![4, 0, 2]);
        assert_eq!(labelled.select([2, 0]).labels(), [2, 4]);
        assert_eq!(labelled.slice(1, 2).label(1), Some(2));
        labelled.extend(&labelled.slice(0, 1));
        assert_eq!(labelled.labels(), [4, 0, 2, 4]);
    }
}
