//! Files of named tensors: written whole or not at all, read with suspicion.

mod format;
mod write;

pub use format::{read, write};
pub use write::write_atomically;
