//! Training step of the causal discriminator: binary cross-entropy of real and generated sequences.

use super::Optimizer;
use crate::discriminator::{BatchLoss, CausalDiscriminator, CausalObjective};
use crate::error::{Error, Result};
use crate::fault;
use crate::token::SeqBatch;

/// Performs one update on a batch with features `[B, T, F]` and labels `real` `[B]`.
pub fn causal_discriminator_step(
    discriminator: &mut CausalDiscriminator,
    optimizer: &mut Optimizer,
    (batch, features): (&SeqBatch, &[f32]),
    real: &[bool],
    objective: CausalObjective,
    learning_rate: f64,
) -> Result<BatchLoss> {
    let mut result = discriminator.accumulate(batch, features, real, objective, optimizer.start());
    result.loss = fault::number(result.loss);
    if !result.loss.is_finite() {
        let step = optimizer.adam().step() + 1;
        return Err(Error::NotFinite { place: "the discriminator's loss", value: result.loss, step });
    }
    optimizer.apply_unclipped(
        discriminator.parameters_mut(),
        learning_rate,
        "the discriminator's gradient",
    )?;
    Ok(result)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::discriminator::CausalShape;
    use crate::reward::StepReward;
    use crate::rng::{Purpose, Streams};

    /// In real sequences each token is one more than the last, in others one less. The first token carries no
    /// information, the second carries all.
    #[test]
    fn it_learns_what_a_beginning_shows() {
        let shape = CausalShape {
            vocab_size: 12,
            embedding_dim: 8,
            hidden_dim: 16,
            num_features: 0,
            end_token: Some(0),
        };
        let mut discriminator = CausalDiscriminator::new(shape, &Streams::new(1, Purpose::DiscriminatorInit));
        let mut optimizer = Optimizer::new(discriminator.parameters(), discriminator.gradients());
        let rows: Vec<Vec<u32>> = (0..64u32)
            .map(|b| {
                (0..3 + b % 3)
                    .map(|t| if b % 2 == 0 { 3 + b / 2 % 4 + t } else { 10 - b / 2 % 4 - t })
                    .collect()
            })
            .collect();
        let batch = SeqBatch::from_rows(&rows, 6);
        let real: Vec<bool> = (0..64).map(|b| b % 2 == 0).collect();
        let step = |discriminator: &mut CausalDiscriminator, optimizer: &mut Optimizer| {
            let objective = CausalObjective::EveryStep;
            causal_discriminator_step(discriminator, optimizer, (&batch, &[]), &real, objective, 0.02)
        };
        let first = step(&mut discriminator, &mut optimizer).unwrap();
        assert!((first.loss - std::f64::consts::LN_2).abs() < 1e-6);
        let mut last = first;
        for _ in 0..150 {
            last = step(&mut discriminator, &mut optimizer).unwrap();
        }
        assert!(last.accuracy == 1.0 && last.loss < 0.25, "{last:?}");
        let scores = discriminator.step_scores(&batch);
        let second = |b: usize| scores[b * 6 + 1];
        assert!((0..64).all(|b| if real[b] { second(b) > 0.5 } else { second(b) < -0.5 }));
        // Lengths are 3, 4 and 5, plus an end token; nothing after the end is scored.
        assert!(scores[4..6] == [0.0, 0.0] && scores[3] != 0.0);
    }
}
