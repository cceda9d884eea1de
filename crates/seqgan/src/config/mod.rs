//! Settings: where they come from, what they may be.

pub mod layers;
mod nearest;

pub use layers::{Layers, Provenance};
