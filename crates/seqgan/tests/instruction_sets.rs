//! The tests of numbers with each instruction set. A process chooses its own once, by the variable SEQGAN_SIMD, so
//! this binary is run again for each that the CPU has.

use crate::random::{Random, usable};
use seqgan::discriminator::{Discriminator, DiscriminatorShape, Regularisation};
use seqgan::generator::{
    GeneratorPolicy, LstmShape, Policy, SequenceSpace, TrainableGenerator, TransformerShape, WeightedBatch,
};
use seqgan::kernel::Precision;
use seqgan::kernel::simd::{Level, level};
use seqgan::rng::{Purpose, Streams};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::process::Command;

/// Names for SEQGAN_SIMD, best first.
const LEVELS: [(&str, Level); 3] =
    [("avx512", Level::Avx512), ("avx2", Level::Avx2), ("portable", Level::Portable)];

/// Set in the processes that this file starts.
const CHILD: &str = "SEQGAN_TEST_LEVEL";

/// Those this CPU has. Without SEQGAN_SIMD `level` gives the best; a narrower one is respected.
fn levels() -> impl Iterator<Item = &'static str> {
    LEVELS.iter().skip_while(|(_, l)| *l != level()).map(|(name, _)| *name)
}

/// Runs those tests of this binary whose names contain a filter, and returns what they print.
fn run(level: &str, filters: &[&str]) -> String {
    let program = std::env::current_exe().expect("this binary");
    let mut command = Command::new(program);
    command
        .args(filters)
        .args(["--nocapture", "--test-threads=2"])
        .env("SEQGAN_SIMD", level)
        .env(CHILD, level);
    let output = command.output().expect("this binary starts");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "with SEQGAN_SIMD={level}:\n{text}\n{errors}");
    // A filter that matches nothing succeeds, too.
    assert!(
        !text.contains("running 0 tests") && text.contains("test result: ok"),
        "{level} ran nothing:\n{text}"
    );
    text
}

#[test]
fn all_numbers_with_each_instruction_set() {
    if std::env::var_os(CHILD).is_none() {
        for level in levels() {
            run(level, &["parity::", "invariants::"]);
        }
    }
}

/// What carries the test above: the variable is obeyed.
#[test]
fn the_instruction_set_asked_for_is_in_use() {
    match std::env::var(CHILD) {
        Ok(asked) => {
            assert!(LEVELS.contains(&(asked.as_str(), level())), "{asked} asked for, {:?} in use", level())
        }
        Err(_) => levels().for_each(|level| {
            run(level, &["the_instruction_set_asked_for_is_in_use"]);
        }),
    }
}

/// Both have fused multiply-add and sixteen lanes, so a run can move from one machine to another. Without the variable products in
/// bfloat16 are by AMX, where the CPU has it.
#[test]
fn avx512_and_avx2_give_the_same_bits() {
    if let Ok(asked) = std::env::var(CHILD) {
        println!("digest {asked} {:x}", digest());
        return;
    }
    let mut digests: Vec<String> = levels()
        .filter(|level| *level != "portable")
        .map(|level| {
            let text = run(level, &["avx512_and_avx2_give_the_same_bits"]);
            let digest = text.split(&format!("digest {level} ")).nth(1).expect("a digest");
            digest.split_whitespace().next().expect("a number").to_string()
        })
        .collect();
    digests.push(format!("{:x}", digest()));
    assert!(digests.windows(2).all(|pair| pair[0] == pair[1]), "{digests:?}");
}

/// A number made of the bits of samples, likelihoods, scores and both networks' gradients.
fn digest() -> u64 {
    let mut random = Random::new(31);
    let space = SequenceSpace {
        vocab_size: 700,
        max_length: 9,
        start_token: 0,
        end_token: Some(0),
        never: vec![1],
        allow_empty: false,
        label_counts: Vec::new(),
    };
    let filters = vec![(1, 20), (3, 50), (9, 33)];
    let d = DiscriminatorShape {
        vocab_size: 700,
        embedding_dim: 7,
        max_length: 9,
        filters,
        end_token: Some(0),
        num_labels: 0,
    };
    let d = random.discriminator(d, 0.2);
    let mut hasher = DefaultHasher::new();
    for precision in [Precision::F32, Precision::Bf16] {
        let shape = LstmShape::new(13, 21).in_precision(precision);
        digest_networks(&random.generator(space.clone(), shape, 0.5), &d, &mut random, &mut hasher);
        let shape = TransformerShape::new(16, 2, 2).in_precision(precision);
        digest_networks(&random.transformer(space.clone(), shape, 0.5), &d, &mut random, &mut hasher);
    }
    hasher.finish()
}

/// The bits of a generator's samples, likelihoods and gradients, and of a discriminator's.
fn digest_networks(
    generator: &dyn TrainableGenerator,
    d: &Discriminator,
    random: &mut Random,
    hasher: &mut DefaultHasher,
) {
    let streams = Streams::new(32, Purpose::Sample);
    let samples = GeneratorPolicy::new(generator, 0.9).sample(&streams, 0, 200);
    let batch = random.batch(90, 1, 9, &usable(generator.space()));
    let real: Vec<bool> = (0..90).map(|b| b % 2 == 0).collect();
    let (mut of_generator, mut of_d) = (generator.gradients(), d.gradients());
    generator.accumulate(WeightedBatch::new(&batch, &vec![0.5; 90 * 9]), &mut of_generator);
    let regularisation = Regularisation { dropout_keep: 0.75, masks: Some((&streams, 0)), l2: 0.1 };
    d.accumulate(&batch, &real, regularisation, &mut of_d);
    samples.sequences.rows().for_each(|row| row.hash(hasher));
    samples.log_prob.iter().for_each(|l| l.to_bits().hash(hasher));
    let (of_generator, of_d) = (of_generator.to_tensors(), of_d.to_tensors());
    let gradients = of_generator.iter().chain(of_d.iter()).flat_map(|t| &t.data);
    let numbers = generator.log_prob(&batch).into_iter().chain(d.scores(&batch)).chain(gradients.copied());
    numbers.for_each(|x| x.to_bits().hash(hasher));
}
