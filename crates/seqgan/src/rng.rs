//! Counted randomness: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC'11).
//!
//! A random number is a function of (seed, purpose, sequence, step, draw) and of nothing else. So results do
//! not depend on threads, batching, or on where a run was resumed: there is no hidden state to save.

const MULTIPLIERS: [u32; 2] = [0xD251_1F53, 0xCD9E_8D57];
const WEYL: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];

/// The ten-round Philox4x32 block function.
#[inline]
pub fn philox4x32(mut counter: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    for round in 0..10 {
        if round > 0 {
            key = [key[0].wrapping_add(WEYL[0]), key[1].wrapping_add(WEYL[1])];
        }
        let a = u64::from(MULTIPLIERS[0]) * u64::from(counter[0]);
        let b = u64::from(MULTIPLIERS[1]) * u64::from(counter[2]);
        counter = [
            (b >> 32) as u32 ^ counter[1] ^ key[0],
            b as u32,
            (a >> 32) as u32 ^ counter[3] ^ key[1],
            a as u32,
        ];
    }
    counter
}

/// What random numbers are for; streams of different purposes never meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Purpose {
    /// Parameters of the oracle.
    OracleInit = 1,
    /// Initial parameters of a generator.
    GeneratorInit = 2,
    /// Initial parameters of a discriminator.
    DiscriminatorInit = 3,
    /// Training sequences drawn from the oracle.
    OracleTrain = 4,
    /// Validation sequences drawn from the oracle.
    OracleValidation = 5,
    /// Test sequences drawn from the oracle.
    OracleTest = 6,
    /// Samples that measure the oracle's own entropy.
    OracleFloor = 7,
    /// Order of training sequences in maximum likelihood.
    ShuffleGenerator = 8,
    /// Order of training sequences in the discriminator's epochs.
    ShuffleDiscriminator = 9,
    /// Sequences on which a policy-gradient step is taken.
    PolicySample = 10,
    /// Monte-Carlo completions.
    Rollout = 11,
    /// Negatives for the discriminator.
    Negative = 12,
    /// Dropout masks.
    Dropout = 13,
    /// Samples that are measured.
    Evaluation = 14,
    /// Sequences that are written for the user.
    Sample = 15,
    /// Uniform and unigram baselines.
    Baseline = 16,
    /// Bootstrap resampling.
    Bootstrap = 17,
    /// Which real sequences the discriminator sees beside a draw of negatives.
    RealSubset = 18,
    /// Which inputs of scheduled sampling are true.
    ScheduledChoice = 19,
    /// What its other inputs are.
    ScheduledDraw = 20,
    /// Which real sequences a ranker refers to and compares with, or a policy is shown.
    References = 21,
    /// Which sequences trained metrics learn from, and which are held out.
    TrainedMetricOrder = 22,
    /// Initial parameters of trained metrics.
    TrainedMetricInit = 23,
    /// Order of sequences in the epochs of trained metrics.
    TrainedMetricShuffle = 24,
    /// Dropout masks of trained metrics.
    TrainedMetricDropout = 25,
    /// Which fold a training sequence is in.
    Folds = 26,
    /// Seeds of the members of an ensemble.
    Members = 27,
    /// Sequences on which one generator learns from others.
    Distillation = 28,
    /// Which of several candidates is kept.
    Resample = 29,
    /// Which group of samples a sample is in where errors are found by leaving out groups.
    Groups = 30,
    /// Dropout masks of a generator.
    GeneratorDropout = 31,
    /// Rows of the tokens and labels that a model does not know yet.
    NewTokens = 32,
}

/// All random numbers of one purpose under one seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Streams {
    key: [u32; 2],
}

impl Streams {
    /// The streams of `purpose` under `seed`.
    pub fn new(seed: u64, purpose: Purpose) -> Self {
        // One block mixes seed and purpose, so that nearby seeds share no key.
        let mixed =
            philox4x32([seed as u32, (seed >> 32) as u32, purpose as u32, 0x5345_5147], [0x4741_4E31, 0]);
        Self { key: [mixed[0], mixed[1]] }
    }

    /// Four random words for draw `draw` of step `step` of sequence `sequence`.
    #[inline]
    pub fn block(&self, sequence: u64, step: u32, draw: u32) -> [u32; 4] {
        philox4x32([sequence as u32, (sequence >> 32) as u32, step, draw], self.key)
    }

    /// A number from [0, 1) with 53 random bits.
    #[inline]
    pub fn uniform(&self, sequence: u64, step: u32) -> f64 {
        let [a, b, ..] = self.block(sequence, step, 0);
        unit(a, b)
    }

    /// A sequential reader of the stream of `sequence`, for initialisation and shuffling.
    pub fn reader(&self, sequence: u64) -> Reader {
        Reader { streams: *self, sequence, position: 0, spare: None }
    }

    /// A permutation of `0..n`, by Fisher and Yates, for sequence number `sequence` (an epoch, say).
    pub fn permutation(&self, sequence: u64, n: usize) -> Vec<usize> {
        let mut reader = self.reader(sequence);
        let mut order: Vec<usize> = (0..n).collect();
        for i in (1..n).rev() {
            order.swap(i, reader.below(i + 1));
        }
        order
    }
}

#[inline]
fn unit(a: u32, b: u32) -> f64 {
    let bits = (u64::from(a) << 32 | u64::from(b)) >> 11;
    bits as f64 * (1.0 / (1u64 << 53) as f64)
}

/// Reads one stream number after number.
#[derive(Debug, Clone)]
pub struct Reader {
    streams: Streams,
    sequence: u64,
    position: u64,
    spare: Option<f64>,
}

impl Reader {
    /// The next number from [0, 1).
    pub fn uniform(&mut self) -> f64 {
        let [a, b, ..] =
            self.streams.block(self.sequence, self.position as u32, (self.position >> 32) as u32);
        self.position += 1;
        unit(a, b)
    }

    /// The next integer from 0..n; its bias is below n / 2^53.
    pub fn below(&mut self, n: usize) -> usize {
        (self.uniform() * n as f64) as usize
    }

    /// The next standard normal number (Box and Muller's polar-free form, in f64).
    pub fn normal(&mut self) -> f64 {
        if let Some(z) = self.spare.take() {
            return z;
        }
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        let angle = std::f64::consts::TAU * self.uniform();
        self.spare = Some(radius * angle.sin());
        radius * angle.cos()
    }

    /// The next standard normal number within two standard deviations, by redrawing (TensorFlow's
    /// `truncated_normal`).
    pub fn truncated_normal(&mut self) -> f64 {
        loop {
            let z = self.normal();
            if z.abs() <= 2.0 {
                return z;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The known-answer vectors of the authors' Random123 library (kat_vectors, philox4x32 10).
    #[test]
    fn published_vectors() {
        assert_eq!(philox4x32([0; 4], [0; 2]), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
        assert_eq!(
            philox4x32([u32::MAX; 4], [u32::MAX; 2]),
            [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]
        );
        assert_eq!(
            philox4x32([0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344], [0xa409_3822, 0x299f_31d0]),
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
        );
    }

    #[test]
    fn purposes_and_sequences_differ_and_repeat() {
        let a = Streams::new(1, Purpose::Rollout);
        let b = Streams::new(1, Purpose::Negative);
        assert_eq!(a.uniform(3, 4), Streams::new(1, Purpose::Rollout).uniform(3, 4));
        assert_ne!(a.uniform(3, 4), b.uniform(3, 4));
        assert_ne!(a.uniform(3, 4), a.uniform(4, 4));
        assert_ne!(a.uniform(3, 4), a.uniform(3, 5));
    }

    #[test]
    fn moments_and_permutations() {
        let mut reader = Streams::new(9, Purpose::Bootstrap).reader(0);
        let n = 40_000;
        let (mut sum, mut squares) = (0.0, 0.0);
        for _ in 0..n {
            let z = reader.normal();
            sum += z;
            squares += z * z;
        }
        assert!((sum / n as f64).abs() < 0.02 && (squares / n as f64 - 1.0).abs() < 0.03);
        assert!((0..1000).all(|_| reader.truncated_normal().abs() <= 2.0));
        let mut order = Streams::new(9, Purpose::ShuffleGenerator).permutation(2, 100);
        assert_ne!(order, (0..100).collect::<Vec<_>>());
        order.sort_unstable();
        assert_eq!(order, (0..100).collect::<Vec<_>>());
    }
}
