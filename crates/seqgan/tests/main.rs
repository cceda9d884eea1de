//! The one test binary of the library; tests of private functions stand beside their code. What belongs where:

mod closeness; // no tests: the comparison of two lists of numbers
mod gradients; // analytic gradients against central differences, in f64
mod hostile; // files that nobody meant well with, from fuzz/corpus
mod instruction_sets; // the tests of numbers once more, with each instruction set of this CPU
mod invariants; // properties that hold for any shape and seed
mod lstm_pass; // no tests: the whole backward pass of an LSTM layer
mod odd_files; // how files after public bug reports are read, `testdata/odd_files`
mod parity; // agreement with numbers that PyTorch computed, `testdata/parity`
mod random; // no tests: seeded random numbers, batches and networks
mod registries; // rewards and metrics that another crate registers
