//! Settings for going on from a trained model with a file that is usually much smaller than its own.

use super::presets::DataSize;
use super::settings::Config;

/// Factor of the learning rate. The model is near a good one already: updates of the full size would carry it away from what
/// it has learnt before the small file can say where to go.
const RATE: f64 = 0.3;
/// Most passes over the file. A small file is known by heart soon, and validation ends training earlier.
const MOST_EPOCHS: usize = 20;
/// Passes without a better validation likelihood before training stops.
const PATIENCE: usize = 4;
/// Most updates of the warm-up. The first gradients come before the optimizer knows their sizes.
const MOST_WARMUP: usize = 100;

/// Fits the likelihood training of a preset to fine-tuning on a file of this size.
pub fn fit_fine_tuning(config: &mut Config, size: DataSize) {
    let training = &mut config.mle_tuned;
    training.learning_rate *= RATE;
    training.num_epochs = training.num_epochs.min(MOST_EPOCHS);
    (training.early_stop, training.patience) = (true, PATIENCE);
    // A plateau goes back to the best pass with a lower rate; the rate is low already.
    training.plateau_factor = 1.0;
    let updates = training.num_epochs * size.num_sequences / training.batch_size;
    let updates = if training.max_updates > 0 { updates.min(training.max_updates) } else { updates };
    training.warmup_updates = MOST_WARMUP.min(updates / 10);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Preset, Provenance, validate};

    #[test]
    fn fine_tuning_takes_smaller_steps_and_fewer_passes() {
        for preset in [Preset::Quick, Preset::Paper, Preset::Best, Preset::Smoke] {
            for num_sequences in [1, 300, 1_000_000] {
                let size = DataSize {
                    num_sequences,
                    num_tokens: 20 * num_sequences,
                    vocab_size: 40,
                    max_length: 60,
                    has_test: false,
                };
                let plain = preset.config_for_file(size, None);
                let mut tuned = plain.clone();
                fit_fine_tuning(&mut tuned, size);
                validate(&tuned, &Provenance::default()).unwrap();
                let (plain, tuned) = (plain.mle_tuned, tuned.mle_tuned);
                assert!((tuned.learning_rate / plain.learning_rate - 0.3).abs() < 1e-12);
                assert!(tuned.num_epochs <= plain.num_epochs.min(20) && tuned.warmup_updates <= 100);
            }
        }
    }
}
