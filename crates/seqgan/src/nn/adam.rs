//! Adam (Kingma, Ba 2015, Algorithm 1), with its bias corrections as in PyTorch, and decoupled weight decay (AdamW: Loshchilov
//! and Hutter, 2019).

use super::Tensors;
use super::gradients::{Gradient, Gradients};
use crate::kernel::Real;
use crate::kernel::adam::Constants;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// The constants of Adam that do not change while training.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct AdamConfig {
    /// Decay of the mean of gradients.
    pub beta1: f64,
    /// Decay of the mean of squared gradients.
    pub beta2: f64,
    /// Keeps the divisor above zero.
    pub epsilon: f64,
}

impl Default for AdamConfig {
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }
    }
}

/// An optimizer with its moments.
#[derive(Debug, Clone, PartialEq)]
pub struct Adam<R> {
    config: AdamConfig,
    step: u64,
    mean: Tensors<R>,
    square: Tensors<R>,
}

/// Values a task updates at a time.
const CHUNK: usize = 1 << 16;

impl<R: Real> Adam<R> {
    /// An optimizer for `parameters`, moments zero.
    pub fn new(config: AdamConfig, parameters: &Tensors<R>) -> Self {
        Self { config, step: 0, mean: parameters.zeros_like(), square: parameters.zeros_like() }
    }

    /// Number of updates made.
    pub fn step(&self) -> u64 {
        self.step
    }

    /// The two moments, for a checkpoint.
    pub fn moments(&self) -> (&Tensors<R>, &Tensors<R>) {
        (&self.mean, &self.square)
    }

    /// Puts back what [`Adam::step`] and [`Adam::moments`] gave.
    pub fn restore(&mut self, step: u64, mean: Tensors<R>, square: Tensors<R>) {
        (self.step, self.mean, self.square) = (step, mean, square);
    }

    /// One update of `parameters` with `gradients` at learning rate `rate`.
    pub fn apply(&mut self, parameters: &mut Tensors<R>, gradients: &Gradients<R>, rate: f64) {
        self.apply_with_decay(parameters, gradients, rate, 0.0);
    }

    /// One update that first multiplies all parameters by 1 - `rate` `decay`.
    pub fn apply_with_decay(
        &mut self,
        parameters: &mut Tensors<R>,
        gradients: &Gradients<R>,
        rate: f64,
        decay: f64,
    ) {
        self.step += 1;
        let AdamConfig { beta1, beta2, epsilon } = self.config;
        let correction1 = 1.0 - beta1.powf(self.step as f64);
        let correction2 = 1.0 - beta2.powf(self.step as f64);
        let constants = Constants {
            beta1: R::of(beta1),
            beta2: R::of(beta2),
            // Rounded from f64: in f32 the difference 1 - 0.999 is wrong in its fifth digit.
            new1: R::of(1.0 - beta1),
            new2: R::of(1.0 - beta2),
            rate: R::of(rate / correction1),
            scale: R::of(1.0 / correction2.sqrt()),
            epsilon: R::of(epsilon),
            keep: R::of(1.0 - rate * decay),
        };
        for (i, ((w, m), v)) in
            parameters.iter_mut().zip(self.mean.iter_mut()).zip(self.square.iter_mut()).enumerate()
        {
            match gradients.of(i) {
                Gradient::Dense(g) => w
                    .data
                    .par_chunks_mut(CHUNK)
                    .zip(g.par_chunks(CHUNK))
                    .zip(m.data.par_chunks_mut(CHUNK))
                    .zip(v.data.par_chunks_mut(CHUNK))
                    .for_each(|(((w, g), m), v)| R::adam(&constants, w, g, m, v)),
                Gradient::Factors(factors) => {
                    factors.with_product(|g| {
                        R::adam_of_product(&constants, g, &mut w.data, &mut m.data, &mut v.data);
                    });
                }
                Gradient::Rows(rows) => {
                    for (row, g) in rows.iter() {
                        let values = row * g.len()..(row + 1) * g.len();
                        let [w, m, v] =
                            [&mut *w, &mut *m, &mut *v].map(|tensor| &mut tensor.data[values.clone()]);
                        R::adam(&constants, w, g, m, v);
                    }
                }
            }
        }
    }
}
