//! The sizes of a CNN discriminator, and what a training step returns.

use crate::token::TokenId;
use serde::{Deserialize, Serialize};

/// What fixes the sizes of a discriminator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiscriminatorShape {
    /// V.
    pub vocab_size: usize,
    /// E.
    pub embedding_dim: usize,
    /// T.
    pub max_length: usize,
    /// (width, number of filters) of each convolution; no width above T.
    pub filters: Vec<(usize, usize)>,
    /// The token that ends a sequence. A sequence that has ended is shown with it.
    pub end_token: Option<TokenId>,
    /// Number of labels, C; 0 where sequences have none. A label's vector is added to that of every token.
    #[serde(default)]
    pub num_labels: usize,
}

impl DiscriminatorShape {
    /// Whether there can be a network of this shape; the error says what is wrong. A file may hold any numbers.
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
    /// Mean cross-entropy and the L2 term, in nats.
    pub loss: f64,
    /// Share of rows that were classified right, at 0.5.
    pub accuracy: f64,
}
