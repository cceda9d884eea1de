//! Parameters of an oracle.

use super::{safetensors, scratch};
use seqgan::generator::{GeneratorPolicy, Policy, oracle};
use seqgan::rng::{Purpose, Streams};

/// A file that `oracle.params` names.
pub fn read(bytes: &[u8]) -> bool {
    let path = scratch::file("oracle.safetensors", &safetensors::file(bytes));
    let Ok(oracle) = oracle::read(&path, 6) else { return false };
    let policy = GeneratorPolicy::new(&oracle, 1.0);
    let samples = policy.sample(&Streams::new(1, Purpose::OracleTrain), 0, 4);
    assert_eq!(policy.log_prob(&samples.sequences).len(), 4 * 6);
    // What was read is written as it was.
    let again = scratch::file("again.safetensors", &oracle::to_safetensors(&oracle));
    assert_eq!(oracle::read(&again, 6).unwrap().parameters(), oracle.parameters());
    true
}
