//! Files of named tensors: written whole or not at all, read with suspicion.

pub(crate) mod fault;
mod format;
mod write;

pub use format::{read, write};
pub use write::write_atomically;
