//! A reward of one's own, in Rust: sequences of letters that read the same from both ends.
//!
//!     cargo run --release -p seqgan --example custom_reward
//!
//! One round of SeqGAN's Algorithm 1 is four calls: sample, search, step, let the rollout policy follow. The library's
//! own rounds are those (`train/adversarial.rs`), with a discriminator in the place of the reward.

use seqgan::config::Baseline;
use seqgan::credit::MonteCarlo;
use seqgan::data::{Batches, Tokens, Vocab};
use seqgan::generator::{GeneratorPolicy, LstmGenerator, LstmShape, Policy, SequenceSpace};
use seqgan::optim::{GeneratorUpdate, Optimizer, maximum_likelihood_step, policy_gradient_step};
use seqgan::reward::Reward;
use seqgan::rng::{Purpose, Streams};
use seqgan::rollout::DelayedPolicy;
use seqgan::{Result, SeqBatch};

const LENGTH: usize = 6;
const SEED: u64 = 1;
const UPDATE: GeneratorUpdate =
    GeneratorUpdate { learning_rate: 0.01, clip_norm: 5.0, l2: 0.0, weight_decay: 0.0, slices: 4 };

/// The share of places where a sequence is the same from both ends. Any finite number would do.
struct Palindrome;

impl Reward for Palindrome {
    fn score(&self, sequences: &SeqBatch) -> Result<Vec<f32>> {
        let same = |row: &[u32]| row.iter().zip(row.iter().rev()).filter(|(a, b)| a == b).count();
        Ok(sequences.rows().map(|row| same(row) as f32 / row.len().max(1) as f32).collect())
    }
}

fn main() -> Result<()> {
    let vocab = vocab();
    let mut generator = pretrain(&vocab)?;
    println!("round  reward");
    show(&generator, 0)?;
    train(&mut generator, 60, show)?;
    let samples =
        GeneratorPolicy::new(&generator, 1.0).sample(&Streams::new(SEED, Purpose::Sample), 0, 8).sequences;
    let words: Vec<String> = samples.rows().map(|row| vocab.decode(row)).collect();
    println!("samples: {}", words.join(" "));
    Ok(())
}

fn show(generator: &LstmGenerator, round: u64) -> Result<()> {
    if round.is_multiple_of(20) {
        println!("{round:5}  {:.3}", mean_reward(generator)?);
    }
    Ok(())
}

/// Five letters.
fn vocab() -> Vocab {
    Vocab::new(Tokens::Chars, ["a", "b", "c", "d", "e"].map(String::from).into())
        .expect("different characters")
}

/// A likelihood model of words in which a letter is followed by itself or the next one.
fn pretrain(vocab: &Vocab) -> Result<LstmGenerator> {
    let letter =
        |i: usize, t: usize| vocab.token(((i + t * (1 + i / 5 % 3) / 2) % 5 + 2) as u32).into_owned();
    let words = (0..300).map(|i| (0..LENGTH).map(|t| letter(i, t)).collect::<String>());
    let data = SeqBatch::from_rows(words.map(|word| vocab.encode(&word)), LENGTH);
    let space = SequenceSpace {
        vocab_size: vocab.len(),
        max_length: LENGTH,
        start_token: Vocab::END,
        end_token: None, // all words are of one length
        never: vec![Vocab::END, Vocab::UNKNOWN],
        allow_empty: false,
        label_counts: Vec::new(),
    };
    let mut generator =
        LstmGenerator::new(space, LstmShape::new(16, 32), 0.1, &Streams::new(SEED, Purpose::GeneratorInit));
    let mut optimizer = Optimizer::new(generator.parameters(), generator.gradients());
    for epoch in 0..5 {
        let batches = Batches::new(data.len(), 32, &Streams::new(SEED, Purpose::ShuffleGenerator), epoch);
        for rows in batches.iter() {
            let batch = data.select(rows.iter().copied());
            maximum_likelihood_step(&mut generator, &mut optimizer, &batch, UPDATE)?;
        }
    }
    Ok(generator)
}

/// Rounds of policy gradient.
fn train(
    generator: &mut LstmGenerator,
    rounds: u64,
    after_each: impl Fn(&LstmGenerator, u64) -> Result<()>,
) -> Result<()> {
    const BATCH: usize = 64;
    let mut optimizer = Optimizer::new(generator.parameters(), generator.gradients());
    let mut rollout = DelayedPolicy::new(generator, 0.0);
    let search = MonteCarlo { num_rollouts: 4, max_prefixes: 0 };
    let draws = Streams::new(SEED, Purpose::PolicySample);
    let completions = Streams::new(SEED, Purpose::Rollout);
    for round in 0..rounds {
        // Every random number has a number of its own: the same seed gives the same training, on any machine.
        let first = round * BATCH as u64;
        let batch = GeneratorPolicy::new(generator, 1.0).sample(&draws, first, BATCH).sequences;
        let first = round * search.sequences_used(BATCH, LENGTH);
        let values = search.values(&rollout.policy(), &Palindrome, &batch, &completions, first)?;
        policy_gradient_step(generator, &mut optimizer, &batch, &values, Baseline::StepMean, UPDATE)?;
        rollout.update(generator);
        after_each(generator, round + 1)?;
    }
    Ok(())
}

/// Of 1,000 samples.
fn mean_reward(generator: &LstmGenerator) -> Result<f32> {
    let samples =
        GeneratorPolicy::new(generator, 1.0).sample(&Streams::new(SEED, Purpose::Evaluation), 0, 1000);
    Ok(Palindrome.score(&samples.sequences)?.iter().sum::<f32>() / 1000.0)
}

#[test]
fn the_reward_rises() {
    let mut generator = pretrain(&vocab()).unwrap();
    let before = mean_reward(&generator).unwrap();
    train(&mut generator, 60, |_, _| Ok(())).unwrap();
    let after = mean_reward(&generator).unwrap();
    assert!(after > before + 0.2, "{before} {after}");
}
