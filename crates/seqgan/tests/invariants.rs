//! Properties that hold for any shape and seed, tried over many seeded random ones.

mod bf16;
mod completion;
mod discriminator;
mod distribution; // no tests: a policy's exact distribution, and a bound on the distance of counts from it
mod fast_path;
mod held_out;
mod labels;
mod probabilities;
mod ranker;
mod sampling;
mod shared_windows;
mod threads;
mod transformer;
