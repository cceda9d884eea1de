//! Comparison of two lists of numbers, relative to the largest: a small number beside large ones carries their
//! rounding, so its own relative error would say nothing.

use seqgan::kernel::Real;

/// Panics unless every number of `got` is within `tolerance` times the largest size in `want` (1 if all are 0).
/// Prints the error, which `cargo test -- --nocapture` shows.
pub fn assert_close<R: Real>(what: &str, got: &[R], want: &[f64], tolerance: f64) {
    assert_eq!(got.len(), want.len(), "{what}: number of values");
    let largest = want.iter().fold(0.0, |a: f64, x| a.max(x.abs()));
    let scale = if largest > 0.0 { largest } else { 1.0 };
    let mut worst = (0, 0.0);
    for (i, (g, w)) in got.iter().zip(want).enumerate() {
        let error = (g.to_f64() - w).abs() / scale;
        assert!(error.is_finite(), "{what}: {g:?} at {i}");
        if error > worst.1 {
            worst = (i, error);
        }
    }
    let (i, error) = worst;
    println!("{what}: error {error:.1e} of {tolerance:.0e}");
    if error > tolerance {
        panic!("{what}: {:?} at {i} for {}, error {error:e} above {tolerance:e}", got[i], want[i]);
    }
}

/// The same for one number.
pub fn assert_number<R: Real>(what: &str, got: R, want: f64, tolerance: f64) {
    assert_close(what, &[got], &[want], tolerance);
}

/// Widens to f64.
pub fn widen<R: Real>(x: &[R]) -> Vec<f64> {
    x.iter().map(|x| x.to_f64()).collect()
}

/// Rounds to R.
pub fn round<R: Real>(x: &[f64]) -> Vec<R> {
    x.iter().map(|&x| R::of(x)).collect()
}
