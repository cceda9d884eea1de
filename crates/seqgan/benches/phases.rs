//! Times the phases of the paper's training, with the shapes of its synthetic task, through the functions that
//! training calls. Prints one JSON line: `{"phase":"dtrain","threads":2,"seconds":[..]}`.
//!
//!     cargo bench -p seqgan --bench phases -- --phase dtrain --repeat 3 --threads 2

use seqgan::SeqBatch;
use seqgan::generator::{GeneratorShape, LstmGenerator, LstmPolicy, Policy, oracle};
use seqgan::reward::values::MonteCarlo;
use seqgan::reward::{Discriminator, DiscriminatorShape, Reward};
use seqgan::rng::{Purpose, Streams};
use seqgan::update::{
    Baseline, DiscriminatorUpdate, GeneratorUpdate, Optimizer, discriminator_step, maximum_likelihood_step,
    policy_gradient_step,
};
use std::time::Instant;

const BATCH: usize = 64;
const SEQUENCES: usize = 10_000;
const FILTERS: [(usize, usize); 12] = [
    (1, 100),
    (2, 200),
    (3, 200),
    (4, 200),
    (5, 200),
    (6, 100),
    (7, 100),
    (8, 100),
    (9, 100),
    (10, 100),
    (15, 160),
    (20, 160),
];
const PHASES: [&str; 6] = ["mle", "sample", "dtrain", "reward", "pg", "round"];

struct World {
    generator: LstmGenerator,
    optimizer: Optimizer,
    discriminator: Discriminator,
    d_optimizer: Optimizer,
    real: SeqBatch,
    negatives: SeqBatch,
    values: Vec<f32>,
    drawn: u64,
}

impl World {
    fn new() -> Self {
        let shape: GeneratorShape = oracle::synthetic_shape(5000, 32, 32, 20);
        let oracle = LstmPolicy::new(&oracle::random(shape.clone(), 1), 1.0);
        let generator = LstmGenerator::new(shape, 0.1, &Streams::new(1, Purpose::GeneratorInit));
        let discriminator = Discriminator::new(
            DiscriminatorShape {
                vocab_size: 5000,
                embedding_dim: 64,
                max_length: 20,
                filters: FILTERS.to_vec(),
                end_token: None,
            },
            &Streams::new(1, Purpose::DiscriminatorInit),
        );
        let values = (0..BATCH * 20).map(|i| Streams::new(1, Purpose::Bootstrap).uniform(i as u64, 0) as f32);
        Self {
            optimizer: Optimizer::new(generator.parameters(), generator.gradients()),
            d_optimizer: Optimizer::new(discriminator.parameters(), discriminator.gradients()),
            real: oracle.sample(&Streams::new(1, Purpose::OracleTrain), 0, SEQUENCES).sequences,
            negatives: oracle.sample(&Streams::new(1, Purpose::OracleTest), 0, SEQUENCES).sequences,
            values: values.collect(),
            generator,
            discriminator,
            drawn: 0,
        }
    }

    fn update() -> GeneratorUpdate {
        GeneratorUpdate { learning_rate: 0.01, clip_norm: 5.0, l2: 0.0 }
    }

    fn run(&mut self, phase: &str) {
        match phase {
            "mle" => {
                for step in 0..SEQUENCES / BATCH {
                    let batch = self.real.slice(step * BATCH, BATCH);
                    maximum_likelihood_step(&mut self.generator, &mut self.optimizer, &batch, Self::update())
                        .expect("finite");
                }
            }
            "sample" => {
                self.sample(SEQUENCES);
            }
            "dtrain" => self.d_epoch(),
            "reward" => {
                self.reward(&self.real.slice(0, BATCH));
            }
            "pg" => self.policy_gradient(&self.real.slice(0, BATCH)),
            "round" => {
                let batch = self.sample(BATCH);
                self.values = self.reward(&batch);
                self.policy_gradient(&batch);
                for _ in 0..5 {
                    self.negatives = self.sample(SEQUENCES);
                    (0..3).for_each(|_| self.d_epoch());
                }
            }
            other => panic!("unknown phase {other}, expected one of {PHASES:?}"),
        }
    }

    fn sample(&mut self, n: usize) -> SeqBatch {
        let policy = LstmPolicy::new(&self.generator, 1.0);
        self.drawn += n as u64;
        policy.sample(&Streams::new(1, Purpose::Negative), self.drawn - n as u64, n).sequences
    }

    fn d_epoch(&mut self) {
        let masks = Streams::new(1, Purpose::Dropout);
        let update = DiscriminatorUpdate { learning_rate: 1e-4, dropout_keep: 0.75, l2: 0.2 };
        let half = BATCH / 2;
        for step in 0..2 * SEQUENCES / BATCH {
            let mut batch = self.real.slice(step * half, half);
            batch.extend(&self.negatives.slice(step * half, half));
            let labels: Vec<bool> = (0..BATCH).map(|b| b < half).collect();
            let first = (step * BATCH) as u64;
            discriminator_step(
                &mut self.discriminator,
                &mut self.d_optimizer,
                &batch,
                &labels,
                update,
                &masks,
                first,
            )
            .expect("finite");
        }
    }

    fn reward(&self, batch: &SeqBatch) -> Vec<f32> {
        let policy = LstmPolicy::new(&self.generator, 1.0);
        let search = MonteCarlo { num_rollouts: 16, max_prefixes: 0 };
        search.values(&policy, &self.discriminator, batch, &Streams::new(1, Purpose::Rollout), 0)
    }

    fn policy_gradient(&mut self, batch: &SeqBatch) {
        let values = std::mem::take(&mut self.values);
        policy_gradient_step(
            &mut self.generator,
            &mut self.optimizer,
            batch,
            &values,
            Baseline::None,
            Self::update(),
        )
        .expect("finite");
        self.values = values;
    }

    /// What is timed must be right: sampling and likelihood agree, scores do not depend on the batch.
    fn verify(&mut self) {
        let policy = LstmPolicy::new(&self.generator, 1.0);
        let samples = policy.sample(&Streams::new(1, Purpose::Evaluation), 0, 100);
        let likelihood = policy.sequence_log_prob(&samples.sequences);
        for (a, b) in samples.log_prob.iter().zip(&likelihood) {
            assert!((a - b).abs() < 1e-3, "sampling says {a}, likelihood {b}");
        }
        let scores = self.discriminator.score(&samples.sequences);
        assert_eq!(scores[70], self.discriminator.score(&samples.sequences.slice(70, 1))[0]);
        assert!(scores.iter().all(|s| (0.0..=1.0).contains(s)));
    }
}

fn main() {
    let (mut phases, mut repeat, mut threads) = (PHASES[..5].to_vec(), 3, 0);
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    for pair in arguments.chunks(2) {
        let value = pair.get(1).expect("a value after each option");
        match pair[0].as_str() {
            "--phase" => phases = vec![PHASES.iter().find(|p| *p == value).expect("a known phase")],
            "--repeat" => repeat = value.parse().expect("a number"),
            "--threads" => threads = value.parse().expect("a number"),
            other => panic!("unknown option {other}"),
        }
    }
    rayon::ThreadPoolBuilder::new().num_threads(threads).build_global().expect("the only pool");
    let mut world = World::new();
    world.verify();
    for phase in phases {
        world.run(phase);
        let mut time = || {
            let start = Instant::now();
            world.run(phase);
            start.elapsed().as_secs_f64()
        };
        let seconds: Vec<f64> = (0..repeat).map(|_| time()).collect();
        println!(
            "{{\"phase\":\"{phase}\",\"threads\":{},\"seconds\":{seconds:?}}}",
            rayon::current_num_threads()
        );
    }
}
