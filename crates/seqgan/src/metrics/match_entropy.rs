//! The temperature at which a model has a wanted entropy.

use crate::{Error, Result};

/// At most so many evaluations; they halve any bracket nineteen times.
pub const MAX_EVALUATIONS: u64 = 40;

/// Where [`match_entropy`] stopped.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EntropyMatch {
    /// The temperature whose entropy came closest to the target.
    pub temperature: f64,
    /// The entropy found there.
    pub entropy: f64,
    /// Whether it lies within the tolerance; if not, the target lies outside the bracket, or the entropy jumps.
    pub matched: bool,
    /// How often the entropy was measured.
    pub evaluations: u64,
}

/// Looks in `low..=high` for the temperature where `entropy`, increasing in the temperature, is within
/// `tolerance` of `target`.
///
/// Ridders' method (IEEE Transactions on Circuits and Systems 26, 1979): bisection, whose bracket halves with
/// every two evaluations whatever the curve is, and after each middle the point where an exponential through
/// the three values vanishes, which on the smooth curves of entropy is nearly exact. A measurement by samples
/// should draw the same random numbers at each temperature: then its curve is smooth too.
pub fn match_entropy(
    target: f64,
    low: f64,
    high: f64,
    tolerance: f64,
    mut entropy: impl FnMut(f64) -> Result<f64>,
) -> Result<EntropyMatch> {
    assert!(low <= high && tolerance >= 0.0, "a bracket {low} to {high} with tolerance {tolerance}");
    let mut best = EntropyMatch { temperature: low, entropy: f64::NAN, matched: false, evaluations: 0 };
    let mut measure = |temperature: f64, best: &mut EntropyMatch| -> Result<f64> {
        let value = entropy(temperature)?;
        best.evaluations += 1;
        if !value.is_finite() {
            return Err(Error::NotFinite { place: "entropy", value, step: best.evaluations });
        }
        let excess = value - target;
        if best.entropy.is_nan() || excess.abs() < (best.entropy - target).abs() {
            (best.temperature, best.entropy) = (temperature, value);
            best.matched = excess.abs() <= tolerance;
        }
        Ok(excess)
    };

    let mut below = (low, measure(low, &mut best)?);
    if best.matched || below.1 > 0.0 {
        return Ok(best);
    }
    let mut above = (high, measure(high, &mut best)?);
    if best.matched || above.1 < 0.0 {
        return Ok(best);
    }
    while !best.matched && best.evaluations < MAX_EVALUATIONS {
        let half = 0.5 * (above.0 - below.0);
        let mut points = [below, above];
        let middle = (below.0 + half, measure(below.0 + half, &mut best)?);
        points[usize::from(middle.1 >= 0.0)] = middle;
        if !best.matched {
            // Ridders' point lies on the root's side of the middle.
            let root = (middle.1 * middle.1 - below.1 * above.1).sqrt();
            let temperature = middle.0 - half * middle.1 / root;
            let ridders = (temperature, measure(temperature, &mut best)?);
            points[usize::from(ridders.1 >= 0.0)] = ridders;
        }
        [below, above] = points;
    }
    Ok(best)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_smooth_curve_takes_few_evaluations() {
        // 1 + t^2 is 2.44 at t = 1.2.
        let found = match_entropy(2.44, 0.5, 2.0, 1e-3, |t| Ok(1.0 + t * t)).unwrap();
        assert!(found.matched && (found.temperature - 1.2).abs() < 1e-3, "{found:?}");
        assert!(found.evaluations <= 8, "{found:?}");
        assert_eq!(found.entropy, 1.0 + found.temperature * found.temperature);
    }

    #[test]
    fn a_jump_ends_at_its_place_without_a_match() {
        let found = match_entropy(0.5, 0.0, 1.0, 1e-3, |t| Ok(f64::from(u8::from(t > 0.7)))).unwrap();
        assert!(!found.matched && found.evaluations == MAX_EVALUATIONS, "{found:?}");
        // A curve that only bisection can follow: flat, then steep at the end.
        let steep = match_entropy(0.5, 0.0, 1.0, 1e-3, |t| Ok(t.powi(200))).unwrap();
        assert!(steep.matched, "{steep:?}");
    }

    #[test]
    fn outside_the_bracket_the_nearer_end_is_told() {
        let above = match_entropy(9.0, 0.5, 2.0, 1e-3, Ok).unwrap();
        assert_eq!((above.temperature, above.matched, above.evaluations), (2.0, false, 2));
        let below = match_entropy(0.1, 0.5, 2.0, 1e-3, Ok).unwrap();
        assert_eq!((below.temperature, below.matched, below.evaluations), (0.5, false, 1));
        assert!(match_entropy(2.0, 0.5, 2.0, 0.0, Ok).unwrap().matched);
    }

    #[test]
    fn faults_are_passed_on() {
        let error = match_entropy(1.0, 0.5, 2.0, 1e-3, |t| Ok(if t > 1.0 { f64::NAN } else { 0.0 }));
        assert!(matches!(error, Err(Error::NotFinite { place: "entropy", step: 2, .. })));
        assert!(matches!(
            match_entropy(1.0, 0.5, 2.0, 1e-3, |_| Err(Error::Interrupted)),
            Err(Error::Interrupted)
        ));
    }
}
