//! Inputs of scheduled sampling (Bengio et al., NIPS 2015): true tokens, some replaced by the model's own.

use super::decoding::group_by_mask;
use super::{Decoder, GeneratorPolicy, Policy, Rules};
use crate::rng::Streams;
use crate::token::{Label, SeqBatch, TokenId};
use rayon::prelude::*;

/// Sequences that a task decodes together; a batch of 64 is enough for two threads.
const ROWS: usize = 32;

/// Which inputs of a batch are true tokens, and the random numbers of the others.
#[derive(Debug, Clone, Copy)]
pub struct ScheduledInputs<'a> {
    /// Probability that an input is the true token.
    pub teacher_forcing: f64,
    /// Random numbers that choose between the true token and the model's.
    pub choices: &'a Streams,
    /// Random numbers that draw the model's tokens.
    pub draws: &'a Streams,
    /// Global number of the batch's first row.
    pub first: u64,
}

impl GeneratorPolicy {
    /// `batch` with each token replaced, with probability 1 - `teacher_forcing`, by the model's draw at that step given the
    /// inputs before it. The result is fed to the model in place of the true tokens, which stay the targets. Lengths are
    /// the batch's: where the model draws its end, the true token stays.
    pub fn mixed_inputs(&self, batch: &SeqBatch, scheduled: ScheduledInputs<'_>) -> SeqBatch {
        let length = batch.max_length();
        let mut mixed = batch.clone();
        if scheduled.teacher_forcing >= 1.0 {
            return mixed;
        }
        let (tokens, lengths) = mixed.raw_mut();
        let chunks = tokens.par_chunks_mut(ROWS * length).zip(lengths.par_chunks_mut(ROWS)).enumerate();
        chunks.for_each(|(chunk, (tokens, lengths))| {
            let rows = chunk * ROWS..chunk * ROWS + lengths.len();
            let first = scheduled.first + rows.start as u64;
            let labels: Vec<Label> = rows.filter_map(|b| batch.label(b)).collect();
            self.mix(tokens, lengths, &labels, ScheduledInputs { first, ..scheduled });
        });
        mixed
    }

    /// Replaces tokens `[rows, T]` of some rows.
    fn mix(&self, tokens: &mut [TokenId], lengths: &[u32], labels: &[Label], scheduled: ScheduledInputs<'_>) {
        let (space, rules) = (self.space(), self.model().rules());
        let (rows, length) = (lengths.len(), tokens.len() / lengths.len());
        let ScheduledInputs { teacher_forcing, choices, first, .. } = scheduled;
        let mut decoder = self.model().decoder();
        decoder.start(rows, labels);
        let mut states = vec![Rules::START; rows];
        let longest = lengths.iter().copied().max().unwrap_or(0);
        for t in 0..longest {
            let at = t as usize;
            let goes_on = |row: usize| t < lengths[row];
            // Most rows have the true token, and drawing is the expensive part.
            let is_own =
                |row: &usize| goes_on(*row) && choices.uniform(first + *row as u64, t) >= teacher_forcing;
            let own = (0..rows).filter(is_own).map(|row| (row, states[row]));
            for (mask, own) in group_by_mask(rules, own, at) {
                let drawn = scheduled.draw(&*decoder, &own, mask, t);
                for (row, token) in
                    own.into_iter().zip(drawn).filter(|(_, token)| Some(*token) != space.end_token)
                {
                    tokens[row * length + at] = token;
                }
            }
            let input = |row| if goes_on(row) { tokens[row * length + at] } else { space.start_token };
            let inputs: Vec<TokenId> = (0..rows).map(input).collect();
            // The last token is no input of any decision that is drawn here.
            if t + 1 < longest {
                decoder.step(&inputs);
                states.iter_mut().zip(inputs).for_each(|(state, input)| *state = rules.next(*state, input));
            }
        }
    }
}

impl ScheduledInputs<'_> {
    /// The model's tokens of step t for some rows.
    fn draw(&self, decoder: &dyn Decoder, rows: &[usize], mask: u32, t: u32) -> Vec<TokenId> {
        let uniforms: Vec<f64> =
            rows.iter().map(|&row| self.draws.uniform(self.first + row as u64, t)).collect();
        let (mut tokens, mut log_prob) = (Vec::new(), Vec::new());
        decoder.draw(rows, mask, &uniforms, &mut tokens, &mut log_prob);
        tokens
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::oracle::{random, synthetic_space};
    use crate::generator::{LstmShape, SequenceSpace};
    use crate::rng::Purpose;

    fn streams() -> (Streams, Streams) {
        (Streams::new(3, Purpose::ScheduledChoice), Streams::new(3, Purpose::ScheduledDraw))
    }

    fn mixed(policy: &GeneratorPolicy, batch: &SeqBatch, teacher_forcing: f64) -> SeqBatch {
        let (choices, draws) = streams();
        let scheduled = ScheduledInputs { teacher_forcing, choices: &choices, draws: &draws, first: 7 };
        policy.mixed_inputs(batch, scheduled)
    }

    #[test]
    fn the_share_of_true_inputs_is_the_one_asked_for() {
        let policy = GeneratorPolicy::new(&random(synthetic_space(500, 20), LstmShape::new(8, 8), 1), 1.0);
        let batch = policy.sample(&Streams::new(2, Purpose::Sample), 0, 400).sequences;
        assert_eq!(mixed(&policy, &batch, 1.0), batch);
        let true_share = |teacher_forcing| {
            let inputs = mixed(&policy, &batch, teacher_forcing);
            let same = |b: usize| inputs.row(b).iter().zip(batch.row(b)).filter(|(a, b)| a == b).count();
            (0..batch.len()).map(same).sum::<usize>() as f64 / 8000.0
        };
        // A draw may hit the true token by chance; in a flat model of 500 tokens that is rare.
        assert!((true_share(0.9) - 0.9).abs() < 0.03, "{}", true_share(0.9));
        assert!((true_share(0.5) - 0.5).abs() < 0.06, "{}", true_share(0.5));
    }

    /// Without teacher forcing the inputs are the model's own samples, drawn with the same random numbers.
    #[test]
    fn without_teacher_forcing_the_model_feeds_itself() {
        let policy = GeneratorPolicy::new(&random(synthetic_space(60, 10), LstmShape::new(8, 8), 1), 1.0);
        let batch = SeqBatch::from_rows(vec![vec![5; 10]; 70], 10);
        let (_, draws) = streams();
        assert_eq!(mixed(&policy, &batch, 0.0), policy.sample(&draws, 7, 70).sequences);
    }

    /// Lengths stay, an end is never fed, and rows do not depend on their neighbours.
    #[test]
    fn ends_and_neighbours() {
        let space = SequenceSpace { end_token: Some(0), ..synthetic_space(12, 8) };
        let generator = random(space, LstmShape::new(4, 6), 4);
        let policy = GeneratorPolicy::new(&generator, 1.0);
        let rows: Vec<Vec<TokenId>> = (0..90).map(|b| vec![1 + b as u32 % 11; b % 8]).collect();
        let batch = SeqBatch::from_rows(&rows, 8);
        let all = mixed(&policy, &batch, 0.3);
        assert!((0..90).all(|b| all.length(b) == batch.length(b) && !all.row(b).contains(&0)));
        assert!(all != batch);
        let (choices, draws) = streams();
        let scheduled =
            ScheduledInputs { teacher_forcing: 0.3, choices: &choices, draws: &draws, first: 7 + 40 };
        let part = policy.mixed_inputs(&batch.slice(40, 50), scheduled);
        assert!((0..50).all(|b| part.row(b) == all.row(40 + b)));
    }
}
