//! One file a command: checks what was asked for, calls the library, shows what comes back.

pub mod compare;
pub mod completions;
pub mod evaluate;
pub mod inspect;
pub mod man;
pub mod oracle;
pub mod report;
pub mod sample;
pub mod schema;
pub mod score;
mod scorer;
mod text_file;
pub mod train;
