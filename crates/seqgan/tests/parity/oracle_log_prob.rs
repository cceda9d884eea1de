//! The paper's oracle: its file, and its log-probability of each token.
//!
//! The parameters are not part of this repository. They are looked for beside the data folder that SEQGAN_DATA
//! names; without that variable the tests are skipped, with it a missing file is a failure.

use super::Precision;
use super::reference::Reference;
use crate::closeness::{assert_close, widen};
use crate::random::widened;
use seqgan::generator::{LstmGenerator, LstmShape, oracle};
use std::io::Write;
use std::path::PathBuf;

const LENGTH: usize = 20;

fn oracle_path() -> Option<PathBuf> {
    let Some(data) = std::env::var_os("SEQGAN_DATA") else {
        // Not eprintln!, which the test harness would hide.
        let note = "SKIPPED: parity with the paper's oracle, because SEQGAN_DATA is not set";
        writeln!(std::io::stderr(), "\n*** {note} ***").expect("standard error");
        return None;
    };
    Some(PathBuf::from(data).join("../oracle/oracle.safetensors"))
}

fn reference_oracle() -> Option<LstmGenerator> {
    let path = oracle_path()?;
    Some(oracle::read(&path, LENGTH).unwrap_or_else(|e| panic!("SEQGAN_DATA is set, but {e}")))
}

/// Absolute error of each token, largest first.
fn errors(got: &[f64], want: &[f64]) -> Vec<f64> {
    assert_eq!(got.len(), want.len());
    let mut errors: Vec<f64> = got.iter().zip(want).map(|(g, w)| (g - w).abs()).collect();
    errors.sort_by(|a, b| b.total_cmp(a));
    errors
}

#[test]
fn log_probability_of_each_token_in_f64() {
    let Some(oracle) = reference_oracle() else { return };
    let r = Reference::read("oracle_log_prob");
    let errors = errors(&widened(&oracle).log_prob(&r.batch()), &r.floats("log_prob"));
    println!("largest error of a token in f64: {:.1e}", errors[0]);
    assert!(errors[0] < 1e-9, "{:e}", errors[0]);
}

/// Weights from N(0, 1) amplify the rounding of the state a hundredfold in some sequences, in any f32 program:
/// PyTorch's f32 is off by up to 1.5e-5 too, and exact sigmoids change nothing. So not every token can be within 1e-5:
/// one in two hundred may be outside, by no more than 1e-5 of the largest log-probability, and each sequence's mean,
/// which the oracle's NLL is made of, must be within 1e-5.
#[test]
fn log_probability_of_each_token_in_f32() {
    let Some(oracle) = reference_oracle() else { return };
    let r = Reference::read("oracle_log_prob");
    let (got, want) = (widen(&oracle.log_prob(&r.batch())), r.floats("log_prob"));
    let mean = |x: &[f64]| -> Vec<f64> {
        x.chunks(LENGTH).map(|row| row.iter().sum::<f64>() / LENGTH as f64).collect()
    };
    let (tokens, means) = (errors(&got, &want), errors(&mean(&got), &mean(&want)));
    let above = tokens.iter().filter(|&&e| e > 1e-5).count();
    println!("largest error in f32: {:.1e} a token ({above} above 1e-5), {:.1e} a mean", tokens[0], means[0]);
    assert!(above <= tokens.len() / 200, "{above} tokens are off by more than 1e-5");
    assert_close("tokens", &got, &want, f32::TOLERANCE);
    assert!(means[0] < 1e-5, "the mean of a sequence is off by {:e}", means[0]);
}

#[test]
fn writing_and_reading_the_reference_is_the_identity() {
    let Some(path) = oracle_path() else { return };
    let oracle = reference_oracle().expect("found above");
    check_round_trip(&oracle);
    let stored = std::fs::read(path).expect("read above");
    let (ours, theirs) = (oracle::to_safetensors(&oracle), stored);
    let [ours, theirs] =
        [&ours, &theirs].map(|bytes| safetensors::SafeTensors::deserialize(bytes).expect("valid"));
    assert_eq!(ours.len(), theirs.len());
    for (name, view) in ours.tensors() {
        let other = theirs.tensor(&name).expect("the same names");
        assert!(view.shape() == other.shape() && view.data() == other.data(), "{name} changed");
    }
}

/// Needs no file: unequal sizes, so that no two axes can be exchanged unnoticed.
#[test]
fn writing_and_reading_a_random_oracle_is_the_identity() {
    check_round_trip(&oracle::random(oracle::synthetic_space(11, LENGTH), LstmShape::new(3, 5), 7));
}

fn check_round_trip(oracle: &LstmGenerator) {
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(file.path(), oracle::to_safetensors(oracle)).expect("written");
    let back = oracle::read(file.path(), LENGTH).expect("read");
    assert_eq!(back.shape(), oracle.shape());
    assert_eq!(back.parameters(), oracle.parameters());
}
