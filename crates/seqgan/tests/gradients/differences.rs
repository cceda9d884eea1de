//! Central differences of a function of many numbers.

/// Step: its square is the error of the difference, its inverse multiplies the rounding of the function.
const STEP: f64 = 1e-5;

/// Relative error that is allowed. A number below a hundredth of its tensor's largest is compared with that
/// hundredth: below it the difference is made of the function's rounding.
const TOLERANCE: f64 = 1e-6;

/// Compares `gradient` with central differences of `loss` around `x`, at those indices that `at` gives.
pub fn check_at(
    what: &str,
    x: &[f64],
    gradient: &[f64],
    at: impl Iterator<Item = usize>,
    mut loss: impl FnMut(&[f64]) -> f64,
) {
    assert_eq!(x.len(), gradient.len(), "{what}: a gradient a number");
    let largest = gradient.iter().fold(0.0, |a: f64, g| a.max(g.abs()));
    assert!(largest > 0.0, "{what}: a gradient of zeros tests nothing");
    let (mut x, mut worst) = (x.to_vec(), 0.0);
    for i in at {
        let here = x[i];
        let mut loss_at = |value: f64| {
            x[i] = value;
            loss(&x)
        };
        let difference = (loss_at(here + STEP) - loss_at(here - STEP)) / (2.0 * STEP);
        x[i] = here;
        let error = (gradient[i] - difference).abs() / difference.abs().max(0.01 * largest);
        assert!(error < TOLERANCE, "{what}: {} at {i} for {difference}, error {error:e}", gradient[i]);
        worst = f64::max(worst, error);
    }
    println!("{what}: error {worst:.1e} of {TOLERANCE:.0e}");
}

/// The same at every index.
pub fn check(what: &str, x: &[f64], gradient: &[f64], loss: impl FnMut(&[f64]) -> f64) {
    check_at(what, x, gradient, 0..x.len(), loss);
}

/// sum x y, the loss whose gradient for x is y.
pub fn dot(x: &[f64], y: &[f64]) -> f64 {
    assert_eq!(x.len(), y.len());
    x.iter().zip(y).map(|(x, y)| x * y).sum()
}
