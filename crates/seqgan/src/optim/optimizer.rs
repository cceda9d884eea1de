//! Adam and its gradient buffer.

use crate::error::{Error, Result};
use crate::nn::clip::clip_global_norm;
use crate::nn::{Adam, AdamConfig, Gradients, Tensors};

/// Adam with a gradient buffer, for one network.
#[derive(Debug, Clone)]
pub struct Optimizer {
    adam: Adam<f32>,
    gradients: Gradients<f32>,
}

/// Settings of a generator update.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GeneratorUpdate {
    /// Adam's learning rate.
    pub learning_rate: f64,
    /// Maximum norm of the gradient over all parameters (gradient clipping); 0 for no limit.
    pub clip_norm: f64,
    /// Weight of the L2 term: half the squared norm of all parameters.
    pub l2: f64,
}

impl Optimizer {
    /// Creates an optimizer for `parameters` with zero moments. `gradients` is the buffer, created by the network's
    /// `gradients()`.
    pub fn new(parameters: &Tensors<f32>, gradients: Gradients<f32>) -> Self {
        Self { adam: Adam::new(AdamConfig::default(), parameters), gradients }
    }

    /// State of Adam, for a checkpoint.
    pub fn adam(&self) -> &Adam<f32> {
        &self.adam
    }

    /// State of Adam, mutable, for restoring a checkpoint.
    pub fn adam_mut(&mut self) -> &mut Adam<f32> {
        &mut self.adam
    }

    /// Clears the gradient buffer and returns it.
    pub(super) fn start(&mut self) -> &mut Gradients<f32> {
        self.gradients.clear();
        &mut self.gradients
    }

    /// Applies the gradient to `parameters`. Nothing changes if the gradient is not finite.
    pub(super) fn apply_unclipped(
        &mut self,
        parameters: &mut Tensors<f32>,
        learning_rate: f64,
        place: &'static str,
    ) -> Result<()> {
        if !self.gradients.is_finite() {
            let value = self.gradients.sum_of_squares().sqrt();
            return Err(Error::NotFinite { place, value, step: self.adam.step() + 1 });
        }
        self.adam.apply(parameters, &self.gradients, learning_rate);
        Ok(())
    }

    /// Adds the L2 term, clips the gradient and applies it to `parameters`. Returns the norm before clipping. Nothing
    /// changes if the norm is not finite.
    pub(super) fn apply(
        &mut self,
        parameters: &mut Tensors<f32>,
        update: GeneratorUpdate,
        place: &'static str,
    ) -> Result<f64> {
        if update.l2 > 0.0 {
            let (dense, factored) = self.gradients.parts_mut();
            assert!(factored.is_empty(), "L2 of parameters whose gradient is kept as factors");
            for (g, w) in dense.iter_mut().zip(parameters.iter()) {
                crate::kernel::math::axpy(update.l2 as f32, &w.data, &mut g.data);
            }
        }
        let norm = clip_global_norm(&mut self.gradients, update.clip_norm);
        if !norm.is_finite() {
            return Err(Error::NotFinite { place, value: norm, step: self.adam.step() + 1 });
        }
        self.adam.apply(parameters, &self.gradients, update.learning_rate);
        Ok(norm)
    }
}
