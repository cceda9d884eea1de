//! Rates of dropout in likelihood training.

/// Probabilities of dropping, each 0 (nothing is dropped) to below 1. Kept values are divided by the probability of keeping
/// them (inverted dropout: Srivastava et al., 2014), so that the network is used without any change.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct DropoutRates {
    /// Of an embedding's values; one mask per sequence, for all its steps (variational dropout: Gal and Ghahramani, 2016).
    pub input: f64,
    /// Of the values between layers, with one mask per sequence.
    pub hidden: f64,
    /// Of the values before the output layer, with one mask per sequence.
    pub output: f64,
    /// Of tokens: all values of a token's embedding are dropped for one update, in all sequences (embedding dropout).
    pub embedding: f64,
    /// Of the weights between the hidden units of an LSTM, for one update (weight drop: Merity et al., 2018).
    pub recurrent: f64,
}

impl DropoutRates {
    /// Whether nothing is dropped.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}
