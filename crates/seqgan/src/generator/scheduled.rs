//! Inputs of scheduled sampling (Bengio et al., NIPS 2015): true tokens, some replaced by the model's own.

use super::lstm::parameter::EMBEDDING;
use super::rules::RuleState;
use super::{GeneratorShape, LstmPolicy, Rules};
use crate::nn::embedding;
use crate::nn::lstm::{self, State};
use crate::rng::Streams;
use crate::token::{SeqBatch, TokenId};
use rayon::prelude::*;

/// Sequences a task walks through together; a batch of 64 is enough for two threads.
const ROWS: usize = 32;

/// Where a batch's own tokens come from.
#[derive(Debug, Clone, Copy)]
pub struct ScheduledInputs<'a> {
    /// Probability that an input is the true token.
    pub truth: f64,
    /// Which inputs are true.
    pub coins: &'a Streams,
    /// What the others are.
    pub draws: &'a Streams,
    /// Global number of the batch's first row.
    pub first: u64,
}

impl LstmPolicy {
    /// `batch` with each token, by a probability of 1 - `truth`, replaced by the model's draw at that step, given the
    /// inputs before it. To be fed to the model in place of the true tokens, which stay the targets. Lengths are
    /// the batch's: where the model draws its end, the true token stays.
    pub fn mixed_inputs(&self, batch: &SeqBatch, own: ScheduledInputs<'_>) -> SeqBatch {
        let length = batch.max_length();
        let mut mixed = batch.clone();
        if own.truth >= 1.0 {
            return mixed;
        }
        let (tokens, lengths) = mixed.raw_mut();
        let chunks = tokens.par_chunks_mut(ROWS * length).zip(lengths.par_chunks_mut(ROWS)).enumerate();
        chunks.for_each(|(chunk, (tokens, lengths))| {
            let rows = chunk * ROWS..chunk * ROWS + lengths.len();
            let labels: Vec<TokenId> =
                rows.filter_map(|b| Some(self.shape().label_row(batch.label(b)?))).collect();
            self.mix(tokens, lengths, length, &labels, own.first + (chunk * ROWS) as u64, own);
        });
        mixed
    }

    fn mix(
        &self,
        tokens: &mut [TokenId],
        lengths: &[u32],
        length: usize,
        labels: &[TokenId],
        first: u64,
        own: ScheduledInputs<'_>,
    ) {
        let shape: &GeneratorShape = self.shape();
        let (hidden, dim) = (shape.hidden_dim, shape.embedding_dim);
        let rows = lengths.len();
        let mut state = State::zero(rows, hidden);
        let mut inputs = vec![shape.start_token; rows];
        let mut rules = vec![Rules::START; rows];
        let (mut x, mut gates) = (Vec::new(), Vec::new());
        let longest = lengths.iter().copied().max().unwrap_or(0) as usize;
        // The last token is no input of any decision that is drawn here.
        for t in 0..longest {
            x.clear();
            embedding::forward(
                &self.generator().parameters()[EMBEDDING],
                dim,
                inputs.iter().copied(),
                &mut x,
            );
            embedding::add(&self.generator().parameters()[EMBEDDING], dim, labels.iter().copied(), &mut x);
            lstm::step(self.generator().lstm_weights(), &x, &mut state, &mut gates);
            let is_own = |r: &usize| {
                (t as u32) < lengths[*r] && own.coins.uniform(first + *r as u64, t as u32) >= own.truth
            };
            let drawn =
                self.draw_rows(&state, &rules, (0..rows).filter(is_own).collect(), t, first, own.draws);
            for (r, token) in drawn {
                if Some(token) != shape.end_token {
                    tokens[r * length + t] = token;
                }
            }
            for (r, input) in inputs.iter_mut().enumerate() {
                *input = if (t as u32) < lengths[r] { tokens[r * length + t] } else { shape.start_token };
                rules[r] = self.rules().next(rules[r], *input);
            }
        }
    }

    /// The model's tokens of step t for some rows alone: most rows keep the truth, and drawing is what costs.
    fn draw_rows(
        &self,
        state: &State<f32>,
        rules: &[RuleState],
        rows: Vec<usize>,
        t: usize,
        first: u64,
        draws: &Streams,
    ) -> Vec<(usize, TokenId)> {
        let hidden = self.shape().hidden_dim;
        let mask = |r: usize| self.rules().mask(rules[r], t);
        let mut drawn = Vec::with_capacity(rows.len());
        // Rows of one mask are drawn together, all of them where nothing constrains them.
        let mut rows = rows;
        rows.sort_by_key(|&r| mask(r));
        for rows in rows.chunk_by(|&a, &b| mask(a) == mask(b)) {
            let h: Vec<f32> =
                rows.iter().flat_map(|r| &state.h[r * hidden..(r + 1) * hidden]).copied().collect();
            let uniforms: Vec<f64> =
                rows.iter().map(|&r| draws.uniform(first + r as u64, t as u32)).collect();
            let (mut tokens, mut log_prob) = (Vec::new(), Vec::new());
            self.table().draw(&h, mask(rows[0]), &uniforms, &mut tokens, &mut log_prob);
            drawn.extend(rows.iter().copied().zip(tokens));
        }
        drawn
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::oracle::{random, synthetic_shape};
    use crate::generator::{LstmGenerator, Policy};
    use crate::rng::Purpose;

    fn streams() -> (Streams, Streams) {
        (Streams::new(3, Purpose::ScheduledCoin), Streams::new(3, Purpose::ScheduledDraw))
    }

    fn mixed(policy: &LstmPolicy, batch: &SeqBatch, truth: f64) -> SeqBatch {
        let (coins, draws) = streams();
        policy.mixed_inputs(batch, ScheduledInputs { truth, coins: &coins, draws: &draws, first: 7 })
    }

    #[test]
    fn the_share_of_true_inputs_is_the_one_asked_for() {
        let policy = LstmPolicy::new(&random(synthetic_shape(500, 8, 8, 20), 1), 1.0);
        let batch = policy.sample(&Streams::new(2, Purpose::Sample), 0, 400).sequences;
        assert_eq!(mixed(&policy, &batch, 1.0), batch);
        let kept = |truth| {
            let inputs = mixed(&policy, &batch, truth);
            let same = |b: usize| inputs.row(b).iter().zip(batch.row(b)).filter(|(a, b)| a == b).count();
            (0..batch.len()).map(same).sum::<usize>() as f64 / 8000.0
        };
        // A draw may hit the true token by chance; in a flat model of 500 tokens that is rare.
        assert!((kept(0.9) - 0.9).abs() < 0.03, "{}", kept(0.9));
        assert!((kept(0.5) - 0.5).abs() < 0.06, "{}", kept(0.5));
    }

    /// With no truth at all the inputs are the model's own samples, drawn with the same random numbers.
    #[test]
    fn without_truth_the_model_feeds_itself() {
        let policy = LstmPolicy::new(&random(synthetic_shape(60, 8, 8, 10), 1), 1.0);
        let batch = SeqBatch::from_rows(vec![vec![5; 10]; 70], 10);
        let (_, draws) = streams();
        assert_eq!(mixed(&policy, &batch, 0.0), policy.sample(&draws, 7, 70).sequences);
    }

    /// Lengths stay, an end is never fed, and rows do not depend on their neighbours.
    #[test]
    fn ends_and_neighbours() {
        let shape = GeneratorShape { end_token: Some(0), ..synthetic_shape(12, 4, 6, 8) };
        let generator = LstmGenerator::new(shape, 1.0, &Streams::new(4, Purpose::GeneratorInit));
        let policy = LstmPolicy::new(&generator, 1.0);
        let rows: Vec<Vec<TokenId>> = (0..90).map(|b| vec![1 + b as u32 % 11; b % 8]).collect();
        let batch = SeqBatch::from_rows(&rows, 8);
        let all = mixed(&policy, &batch, 0.3);
        assert!((0..90).all(|b| all.length(b) == batch.length(b) && !all.row(b).contains(&0)));
        assert!(all != batch);
        let (coins, draws) = streams();
        let own = ScheduledInputs { truth: 0.3, coins: &coins, draws: &draws, first: 7 + 40 };
        let part = policy.mixed_inputs(&batch.slice(40, 50), own);
        assert!((0..50).all(|b| part.row(b) == all.row(40 + b)));
    }
}
