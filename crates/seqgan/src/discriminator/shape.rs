//! Sizes of a CNN discriminator, and the result of a training step.

use crate::token::TokenId;
use serde::{Deserialize, Serialize};

/// Sizes of a CNN discriminator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiscriminatorShape {
    /// V, vocabulary size.
    pub vocab_size: usize,
    /// E, embedding dimension.
    pub embedding_dim: usize,
    /// T, maximum length of a sequence, in tokens.
    pub max_length: usize,
    /// (width, number of filters) of each convolution. Widths are at most T.
    pub filters: Vec<(usize, usize)>,
    /// The token that ends a sequence. It is part of the input.
    pub end_token: Option<TokenId>,
    /// C, number of labels; 0 if sequences have none. The embedding of the label is added to that of every token.
    #[serde(default)]
    pub num_labels: usize,
}

impl DiscriminatorShape {
    /// Checks that the sizes are valid, since a file may contain any numbers. The error says what is wrong.
    pub(crate) fn check(&self) -> Result<(), String> {
        const MOST_WIDE: usize = 1 << 25;
        const MOST_FILTERS: usize = 1 << 16;
        const MOST_WIDTHS: usize = 64;
        for (name, size) in [
            ("vocabulary", self.vocab_size),
            ("embedding_dim", self.embedding_dim),
            ("longest sequence", self.max_length),
        ] {
            if !(1..=MOST_WIDE).contains(&size) {
                return Err(format!("its {name} is {size}, expected 1 to {MOST_WIDE}"));
            }
        }
        if self.filters.is_empty() || self.filters.len() > MOST_WIDTHS {
            let found = self.filters.len();
            return Err(format!("it has filters of {found} widths, expected 1 to {MOST_WIDTHS}"));
        }
        let fits =
            |f: &&(usize, usize)| (1..=self.max_length).contains(&f.0) && (1..=MOST_FILTERS).contains(&f.1);
        if let Some((width, number)) = self.filters.iter().find(|f| !fits(f)) {
            return Err(format!(
                "it has {number} filters of width {width}, expected 1 to {MOST_FILTERS} of width 1 to {}",
                self.max_length
            ));
        }
        Ok(())
    }
}

/// Loss and accuracy of a batch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BatchLoss {
    /// Loss in nats: mean cross-entropy plus the L2 term.
    pub loss: f64,
    /// Share of rows that are classified correctly, with threshold 0.5.
    pub accuracy: f64,
}
