//! What a fuzz target does with bytes: it hands them to a reader as a file that somebody else has written. Whatever they
//! are, the reader must say what is wrong or give something that can be used, and use it must not panic either.
//!
//! A module a target, each with a function `read`, which tells whether the reader took the bytes for good. The library's tests include this file and replay `corpus/`.

pub mod answers;
pub mod config;
pub mod constraint;
pub mod data;
pub mod midi;
pub mod model;
pub mod oracle;
pub mod run;
mod safetensors;
mod scratch;
pub mod sniff;

/// A target: its name and what it does.
pub type Target = (&'static str, fn(&[u8]) -> bool);

/// All targets.
pub const TARGETS: [Target; 9] = [
    ("answers", answers::read),
    ("config", config::read),
    ("constraint", constraint::read),
    ("data", data::read),
    ("midi", midi::read),
    ("model", model::read),
    ("oracle", oracle::read),
    ("run", run::read),
    ("sniff", sniff::read),
];
