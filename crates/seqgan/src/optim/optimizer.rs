//! Adam with a scratch gradient, as one thing to keep beside a network.

use crate::error::{Error, Result};
use crate::nn::clip::clip_global_norm;
use crate::nn::{Adam, AdamConfig, Gradients, Tensors};

/// An optimizer and the gradient it applies.
#[derive(Debug, Clone)]
pub struct Optimizer {
    adam: Adam<f32>,
    gradients: Gradients<f32>,
}

/// How a generator's update is applied.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GeneratorUpdate {
    /// Adam's learning rate.
    pub learning_rate: f64,
    /// Limit of the gradient's global norm, 0 for none.
    pub clip_norm: f64,
    /// Factor of half the squared norm of all parameters.
    pub l2: f64,
}

impl Optimizer {
    /// Adam for `parameters`, moments zero; `gradients` is the scratch that a network's `gradients()` makes.
    pub fn new(parameters: &Tensors<f32>, gradients: Gradients<f32>) -> Self {
        Self { adam: Adam::new(AdamConfig::default(), parameters), gradients }
    }

    /// Adam's state, for a checkpoint.
    pub fn adam(&self) -> &Adam<f32> {
        &self.adam
    }

    /// Adam's state, to be restored.
    pub fn adam_mut(&mut self) -> &mut Adam<f32> {
        &mut self.adam
    }

    /// Empties the gradient and hands it out to be filled.
    pub(super) fn start(&mut self) -> &mut Gradients<f32> {
        self.gradients.clear();
        &mut self.gradients
    }

    /// Changes `parameters` as the gradient says. Nothing changes if it is not finite.
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

    /// Adds L2, clips, and changes `parameters`. Returns the gradient's norm before clipping. Nothing changes
    /// if the norm is not finite.
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
