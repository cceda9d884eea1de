//! Adam and its gradient buffer.

use super::slices::Buffers;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::generator::{TrainableGenerator, WeightedBatch};
use crate::nn::clip::clip_global_norm;
use crate::nn::{Adam, AdamConfig, Gradients, Tensors};

/// Adam with a gradient buffer, for one network.
#[derive(Debug, Clone)]
pub struct Optimizer {
    adam: Adam<f32>,
    gradients: Gradients<f32>,
    /// Gradients of slices of a batch.
    slices: Buffers,
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
    /// Decoupled weight decay: the update lowers all parameters by this share, times the learning rate.
    pub weight_decay: f64,
    /// Largest number of slices of the batch whose gradients are summed on their own ([`Config::gradient_slices`]).
    pub slices: usize,
}

impl Default for GeneratorUpdate {
    /// A learning rate of 0, without clipping or penalties.
    fn default() -> Self {
        let slices = Config::default().gradient_slices;
        Self { learning_rate: 0.0, clip_norm: 0.0, l2: 0.0, weight_decay: 0.0, slices }
    }
}

impl Optimizer {
    /// Creates an optimizer for `parameters` with zero moments. `gradients` is the buffer, created by the network's
    /// `gradients()`.
    pub fn new(parameters: &Tensors<f32>, gradients: Gradients<f32>) -> Self {
        let adam = Adam::new(AdamConfig::default(), parameters);
        Self { adam, gradients, slices: Buffers::default() }
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

    /// Makes the gradient that of a generator's loss on `batch`, and returns the loss.
    pub(super) fn accumulate(
        &mut self,
        generator: &dyn TrainableGenerator,
        batch: WeightedBatch<'_>,
        slices: usize,
    ) -> f64 {
        let Self { gradients, slices: buffers, .. } = self;
        buffers.accumulate(generator, batch, slices, gradients)
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
            self.gradients.add_parameters(update.l2 as f32, parameters);
        }
        let norm = clip_global_norm(&mut self.gradients, update.clip_norm);
        if !norm.is_finite() {
            return Err(Error::NotFinite { place, value: norm, step: self.adam.step() + 1 });
        }
        let GeneratorUpdate { learning_rate, weight_decay, .. } = update;
        self.adam.apply_with_decay(parameters, &self.gradients, learning_rate, weight_decay);
        Ok(norm)
    }
}
