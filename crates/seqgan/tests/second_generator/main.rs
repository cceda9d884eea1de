//! A second kind of generator: everything that works with an LSTM works with it.

mod model;
mod parts;
mod whole_run;
