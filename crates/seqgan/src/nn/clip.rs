//! Clipping by the global norm (Pascanu, Mikolov, Bengio 2013).

use super::Gradients;
use crate::kernel::Real;

/// Scales all gradients so that their common norm is at most `max_norm` (0: no limit). Returns the norm before.
pub fn clip_global_norm<R: Real>(gradients: &mut Gradients<R>, max_norm: f64) -> f64 {
    let norm = gradients.sum_of_squares().sqrt();
    if max_norm > 0.0 && norm > max_norm {
        gradients.scale(R::of(max_norm / norm));
    }
    norm
}
