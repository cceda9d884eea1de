//! The rollout policy: a copy of the generator that follows it with delay (SeqGAN, section 3.1).

use crate::generator::{BoxTrainable, GeneratorPolicy, TrainableGenerator};

/// rollout = delay * rollout + (1 - delay) * generator, after every generator update.
///
/// The original code has a delay of 0.8 that has no effect, because its names are rebound after the graph is
/// built: its rollouts follow the current generator, which is a delay of 0.
#[derive(Debug, Clone)]
pub struct DelayedPolicy {
    generator: BoxTrainable,
    delay: f64,
}

impl DelayedPolicy {
    /// A copy of `generator` as it is now; `delay` in 0..1.
    pub fn new(generator: &dyn TrainableGenerator, delay: f64) -> Self {
        Self { generator: generator.clone_trainable(), delay }
    }

    /// Moves the copy's parameters towards those of the generator.
    pub fn update(&mut self, generator: &dyn TrainableGenerator) {
        self.generator.parameters_mut().blend(generator.parameters(), self.delay);
    }

    /// The copy.
    pub fn generator(&self) -> &BoxTrainable {
        &self.generator
    }

    /// A snapshot for sampling.
    pub fn policy(&self) -> GeneratorPolicy {
        GeneratorPolicy::new(&self.generator, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::LstmShape;
    use crate::generator::oracle::{random, synthetic_space};

    #[test]
    fn the_delay_really_delays() {
        let [old, new] = [1, 2].map(|seed| random(synthetic_space(7, 5), LstmShape::new(3, 4), seed));
        let mut delayed = DelayedPolicy::new(&old, 0.75);
        delayed.update(&new);
        let (a, b, c) =
            (old.parameters()[4][3], new.parameters()[4][3], delayed.generator().parameters()[4][3]);
        assert!((c - (0.75 * a + 0.25 * b)).abs() < 1e-6 && c != a && c != b);
        let mut current = DelayedPolicy::new(&old, 0.0);
        current.update(&new);
        assert_eq!(current.generator().parameters(), new.parameters());
    }
}
