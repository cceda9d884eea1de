//! Likelihood training: what validation data do to it.

use crate::support::{Scratch, and, and_set, tiny_oracle};

/// `mle-tuned` alone, at a rate that is too high in the end.
pub fn restless(plateau_factor: &str) -> Vec<String> {
    let settings = [
        r#"methods=["mle-tuned"]"#,
        "mle_tuned.learning_rate=0.3",
        "mle_tuned.schedule=constant",
        "mle_tuned.num_epochs=60",
        "mle_tuned.patience=4",
        // As many as are measured while training.
        "oracle.num_validation=50",
        plateau_factor,
    ];
    and_set(&tiny_oracle(), &settings)
}

/// nll_validation after each epoch.
fn curve(scratch: &Scratch, out: &str, plateau_factor: &str) -> Vec<f64> {
    scratch.run(and(&restless(plateau_factor), &["--out", out])).expect_fine();
    let epochs = scratch.records(out, "mle-tuned");
    epochs.iter().map(|record| record["nll_validation"]["mean"].as_f64().unwrap()).collect()
}

#[test]
fn a_plateau_lowers_the_rate_and_patience_ends() {
    let scratch = Scratch::new();
    let plain = curve(&scratch, "plain", "mle_tuned.plateau_factor=1");
    let best = |curve: &[f64]| (0..curve.len()).min_by(|&a, &b| curve[a].total_cmp(&curve[b])).unwrap();
    assert_eq!(plain.len(), best(&plain) + 1 + 4, "{plain:?}");
    let is_second = |&epoch: &usize| epoch == best(&plain[..=epoch]) + 2;
    let first = (0..plain.len()).find(is_second).unwrap();
    // With a factor of 0 nothing is learnt behind the first two epochs in a row that were not better than all before.
    let still = curve(&scratch, "still", "mle_tuned.plateau_factor=0");
    assert_eq!(still[..=first], plain[..=first]);
    assert_eq!(still[first + 1..], [plain[first - 2]; 2], "back to the best");
    let slower = curve(&scratch, "slower", "mle_tuned.plateau_factor=0.3");
    assert_eq!(slower[..=first], plain[..=first]);
    assert!(slower[best(&slower)] < plain[best(&plain)], "{slower:?} {plain:?}");
}
