//! The layers shared by generator and discriminator, one a file, each with forward and backward.
//!
//! Layers are functions on slices; parameters live in [`Tensors`], so that gradients, optimizer moments and
//! checkpoints have the same names and shapes as the parameters they belong to.

pub mod adam;
pub mod attention;
pub mod clip;
pub mod conv;
pub mod dropout;
pub mod embedding;
pub mod gradients;
pub mod highway;
pub mod linear;
pub mod lstm;
pub mod projection;
pub mod rms_norm;
pub mod rotary;
pub mod softmax;
pub mod softmax_gradient;
pub mod swiglu;
pub mod tensors;
pub mod touched_rows;

pub use adam::{Adam, AdamConfig};
pub use gradients::Gradients;
pub use tensors::{Tensor, Tensors};
