//! Scheduled sampling (Bengio et al., NIPS 2015): likelihood of true tokens, with some input tokens sampled from the
//! model.

use super::{GeneratorUpdate, LikelihoodBatch, Optimizer, maximum_likelihood_step};
use crate::error::Result;
use crate::generator::{Dropout, GeneratorPolicy, ScheduledInputs, TrainableGenerator};
use crate::token::SeqBatch;

/// Performs one update. Returns the mean cross-entropy before it, in nats per token. No gradient flows through the
/// sampled tokens. With true inputs only, it is a step of maximum likelihood.
pub fn scheduled_sampling_step(
    generator: &mut dyn TrainableGenerator,
    optimizer: &mut Optimizer,
    (batch, dropout): (&SeqBatch, Option<Dropout<'_>>),
    scheduled: ScheduledInputs<'_>,
    update: GeneratorUpdate,
) -> Result<f64> {
    let inputs = GeneratorPolicy::new(generator, 1.0).mixed_inputs(batch, scheduled);
    let batch = LikelihoodBatch { inputs: &inputs, targets: batch, dropout };
    maximum_likelihood_step(generator, optimizer, batch, update)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::oracle::{random, synthetic_space};
    use crate::generator::{LstmGenerator, LstmShape, Policy};
    use crate::rng::{Purpose, Streams};

    fn trained(teacher_forcing: Option<f64>) -> (LstmGenerator, f64) {
        let random = |seed| random(synthetic_space(40, 10), LstmShape::new(8, 8), seed);
        let (mut generator, data) = (random(1), GeneratorPolicy::new(&random(2), 1.0));
        let batch = data.sample(&Streams::new(5, Purpose::Sample), 0, 64).sequences;
        let mut optimizer = Optimizer::new(generator.parameters(), generator.gradients());
        let update = GeneratorUpdate { learning_rate: 0.01, clip_norm: 5.0, ..GeneratorUpdate::default() };
        let (choices, draws) =
            (Streams::new(3, Purpose::ScheduledChoice), Streams::new(3, Purpose::ScheduledDraw));
        let mut loss = 0.0;
        for step in 0..5 {
            loss = match teacher_forcing {
                None => maximum_likelihood_step(&mut generator, &mut optimizer, &batch, update).unwrap(),
                Some(teacher_forcing) => {
                    let (choices, draws, first) = (&choices, &draws, step * 64);
                    let scheduled = ScheduledInputs { teacher_forcing, choices, draws, first };
                    scheduled_sampling_step(&mut generator, &mut optimizer, (&batch, None), scheduled, update)
                        .unwrap()
                }
            };
        }
        (generator, loss)
    }

    #[test]
    fn with_true_tokens_alone_it_is_maximum_likelihood_to_the_bit() {
        let (plain, scheduled) = (trained(None), trained(Some(1.0)));
        assert_eq!(plain.0.parameters(), scheduled.0.parameters());
        assert_eq!(plain.1, scheduled.1);
        let own = trained(Some(0.5));
        assert!(own.0.parameters() != plain.0.parameters() && own.1 > plain.1, "{} {}", own.1, plain.1);
    }
}
