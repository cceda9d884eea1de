//! The one test binary of the command line.

mod cli; // runs the real program: help, version, exit status, where words go
