//! Analytic gradients against central differences in f64.

mod causal;
mod convolution;
mod differences; // no tests: the differences
mod layers;
mod networks;
mod output;
mod ranker;
mod transformer;
mod transformer_layers;
