//! Every setting, with the paper's values as defaults where the paper has one.

use super::baseline::Baseline;
use super::method::Method;
use super::monitor::{Action, KeepBy};
use super::precision::Precision;
use super::rests::Rests;
use super::reward::RewardConfig;
use super::schedule::Schedule;
use super::synthetic_task::SyntheticTask;
use serde::{Deserialize, Serialize};

/// The widths and numbers of filters of the paper's discriminator for sequences of up to 20 tokens.
const PAPER_FILTERS: [(usize, usize); 12] = [
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

/// All settings of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Names every random number of the run.
    pub seed: u64,
    /// Which rows the final table has, in order.
    pub methods: Vec<Method>,
    /// How a file of sequences is read.
    pub data: DataConfig,
    /// The synthetic task.
    pub oracle: OracleConfig,
    /// What sequences must be like.
    pub constraint: ConstraintConfig,
    /// The generator's sizes.
    pub generator: GeneratorConfig,
    /// The discriminator's sizes and updates.
    pub discriminator: DiscriminatorConfig,
    /// Maximum likelihood on the paper's schedule.
    pub mle: LikelihoodConfig,
    /// Maximum likelihood as one would train it today.
    pub mle_tuned: LikelihoodConfig,
    /// Monte-Carlo search.
    pub rollout: RolloutConfig,
    /// Training in rounds by a reward.
    pub adversarial: AdversarialConfig,
    /// The methods `mle-ensemble` and `distilled`.
    pub ensemble: EnsembleConfig,
    /// The method `scheduled-sampling`, which else is trained as `[mle]` says.
    pub scheduled_sampling: ScheduledSamplingConfig,
    /// The method `pg-bleu`.
    pub pg_bleu: PgBleuConfig,
    /// The method `seqgan-step`.
    pub seqgan_step: SeqGanStepConfig,
    /// The methods `seqgan-crossfit` and `distilled-seqgan-crossfit`.
    pub crossfit: CrossfitConfig,
    /// The row `mixture`: the model of `adversarial.base`, each sequence by chance at another temperature. It lowers nll_oracle
    /// more than it raises nll_test, with no training, and is worse in reverse KL: what a comparison must see through.
    pub mixture: MixtureConfig,
    /// The method `rankgan`, whose ranker has the layers and updates of `[discriminator]`.
    pub rankgan: RankGanConfig,
    /// The parts of the reward of the method `mixed`.
    pub reward: Vec<RewardConfig>,
    /// What is measured.
    pub evaluate: EvaluateConfig,
    /// Which signs of training that goes wrong are looked for, and what is done about them.
    pub monitor: MonitorConfig,
    /// When the state is saved, and which models of the rounds are kept.
    pub checkpoint: CheckpointConfig,
}

/// How a file of sequences is read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataConfig {
    /// The training file; empty for the synthetic task.
    pub path: String,
    /// A file of sequences that training never sees and the finished models are measured against; may be empty.
    pub test: String,
    /// File format: text, ids, csv, tsv, jsonl, smiles, fasta or midi; "auto": from the extension.
    pub format: String,
    /// The column of a table, by name or by number from 1, or the member of JSON objects, that is the sequence; empty:
    /// the only one.
    pub field: String,
    /// The column of a table or the member of JSON objects that is a sequence's label, a class that it is then made by;
    /// empty: none.
    pub label: String,
    /// How a sequence is split: words, chars, ids, smiles or bpe; "auto": bpe where a tokenizer is named, else as usual
    /// for the format, or words where lines hold blanks, else chars.
    pub tokens: String,
    /// The tokenizer.json that cuts and writes sequences where tokens are bpe; empty: none.
    pub tokenizer: String,
    /// Longest sequence that is kept, in tokens.
    pub max_length: usize,
    /// What happens to longer ones: drop or truncate.
    pub long_sequences: String,
    /// Tokens that occur less often become unknown.
    pub min_count: usize,
    /// Most tokens of the vocabulary, 0 for no limit; the others become unknown.
    pub max_vocab: usize,
    /// Number of ids where tokens are ids; 0: the largest id in the file plus one.
    pub vocab_size: usize,
    /// Most training sequences: of a larger file so many are kept by chance, the same ones each time; 0 for no limit.
    pub max_sequences: usize,
    /// Longest line, in bytes.
    pub max_line_bytes: usize,
    /// Whether an empty line is a sequence of no tokens.
    pub keep_empty: bool,
    /// Sequences are cut into windows of so many tokens that do not overlap, and a rest below is dropped; 0: not.
    pub window: usize,
    /// Seconds of a step of a melody in MIDI; the paper samples every 0.4 s.
    pub midi_step_secs: f64,
    /// Rests of melodies in MIDI: "keep" them as token 0, or "fill" them with the pitch before.
    pub midi_rests: Rests,
    /// Whether tokens are pitches, so that their error is measured; with MIDI they always are.
    pub pitches: bool,
    /// Share of the training part that early stopping uses, chosen by hash.
    pub validation_share: f64,
}

/// The synthetic task: what makes the data and knows their probability.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OracleConfig {
    /// "oracle", an LSTM with random parameters; a rule that whole sequences keep: "brackets", "copy", "reversal",
    /// "checksum"; or "markov", a hidden Markov model.
    pub task: SyntheticTask,
    /// Parameters of the LSTM from a safetensors file; empty: from N(0, 1) by the seed.
    pub params: String,
    /// Seed of the parameters alone, so that runs of several seeds can learn from one oracle; 0: the run's seed.
    pub seed: u64,
    /// V. The paper's code uses 5,000. Twice the kinds of brackets.
    pub vocab_size: usize,
    /// T.
    pub length: usize,
    /// E of the LSTM.
    pub embedding_dim: usize,
    /// H of the LSTM; states of the hidden Markov model.
    pub hidden_dim: usize,
    /// Share of uniform tokens among the sequences of a rule, so that no sequence has probability 0.
    pub noise: f64,
    /// Training sequences.
    pub num_train: usize,
    /// Further draws for early stopping.
    pub num_validation: usize,
    /// Further draws for nll_test.
    pub num_test: usize,
    /// Draws that measure the oracle's own entropy.
    pub num_floor: usize,
}

/// What every generated sequence satisfies, in training and in sampling, with likelihood renormalised accordingly. Training
/// sequences that do not are left out and counted.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConstraintConfig {
    /// A regular expression that the whole text of a sequence matches (syntax of the crate `regex`); empty: none.
    pub regex: String,
    /// The only tokens there may be; empty: all of the vocabulary.
    pub alphabet: Vec<String>,
    /// Texts of one token or more that no sequence holds.
    pub forbidden: Vec<String>,
    /// Fewest tokens.
    pub min_length: usize,
    /// Most tokens; 0: the longest training sequence.
    pub max_length: usize,
    /// What every sequence begins with.
    pub prefix: String,
}

/// The generator's sizes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GeneratorConfig {
    /// E.
    pub embedding_dim: usize,
    /// H.
    pub hidden_dim: usize,
    /// Standard deviation of the initial parameters.
    pub init_std: f64,
}

/// The discriminator's sizes and updates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DiscriminatorConfig {
    /// E.
    pub embedding_dim: usize,
    /// (width, number of filters); widths above the longest sequence are left out.
    pub filters: Vec<(usize, usize)>,
    /// Share of features that dropout keeps.
    pub dropout_keep: f64,
    /// Factor of half the squared norm of the last layer.
    pub l2: f64,
    /// Adam's learning rate.
    pub learning_rate: f64,
    /// Sequences of an update, half of them real.
    pub batch_size: usize,
}

/// Maximum likelihood.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LikelihoodConfig {
    /// Passes over the training sequences.
    pub num_epochs: usize,
    /// Most updates, 0 for no limit: ends a pass early where one pass is too long.
    pub max_updates: usize,
    /// Sequences of an update.
    pub batch_size: usize,
    /// Whether each epoch has an order of its own; the original code reads the file in order, always.
    pub shuffle: bool,
    /// Adam's learning rate.
    pub learning_rate: f64,
    /// How the rate changes.
    pub schedule: Schedule,
    /// Factor of half the squared norm of all parameters.
    pub l2: f64,
    /// Limit of the gradient's norm, 0 for none.
    pub clip_norm: f64,
    /// Keep the epoch that is best on the validation part, and stop when `patience` epochs bring nothing.
    pub early_stop: bool,
    /// Epochs without a better validation likelihood before training stops.
    pub patience: usize,
    /// Measure after every so many epochs; 0: only at the end.
    pub measure_every_epochs: usize,
}

/// Monte-Carlo search.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RolloutConfig {
    /// N, completions a prefix.
    pub num_rollouts: usize,
    /// Most prefixes a sequence, 0 for all.
    pub max_prefixes: usize,
    /// Share of the old rollout policy that stays after a generator update.
    pub delay: f64,
    /// Precision of the completions' scores: "f32", or "bf16": faster on a CPU with AVX512-BF16 (elsewhere f32), but
    /// scores, which lie in 0..1, are off by about 0.001.
    pub precision: Precision,
}

/// Training in rounds by a reward (Algorithm 1 of SeqGAN), for every method that follows one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdversarialConfig {
    /// Which likelihood model it starts from: mle, mle-tuned, distilled or scheduled-sampling. The method
    /// `distilled-seqgan-crossfit` starts from distilled, whatever is said here.
    pub base: Method,
    /// Rounds.
    pub num_rounds: usize,
    /// g-steps: generator updates a round.
    pub g_steps: usize,
    /// d-steps: draws of fresh negatives a round.
    pub d_steps: usize,
    /// k: epochs on each draw.
    pub d_epochs: usize,
    /// d-steps before the first round.
    pub d_pretrain_steps: usize,
    /// Generated sequences a d-step, and as many real ones at most.
    pub num_negatives: usize,
    /// Sequences of a generator update.
    pub batch_size: usize,
    /// Adam's learning rate of the policy gradient.
    pub learning_rate: f64,
    /// Limit of the gradient's norm, 0 for none.
    pub clip_norm: f64,
    /// What is subtracted from the values.
    pub baseline: Baseline,
    /// Measure after every so many rounds; 0: only at the end.
    pub measure_every_rounds: usize,
}

/// Scheduled sampling (Bengio et al., NIPS 2015).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScheduledSamplingConfig {
    /// An input token is the true one with a probability that begins at 1 and falls by so much an epoch.
    pub truth_decrease: f64,
}

/// BLEU against the training sequences as the reward.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PgBleuConfig {
    /// Longest n-gram.
    pub max_order: usize,
}

/// A causal discriminator, which judges every step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeqGanStepConfig {
    /// E of the causal discriminator.
    pub embedding_dim: usize,
    /// H of the causal discriminator.
    pub hidden_dim: usize,
    /// Adam's learning rate of the causal discriminator.
    pub learning_rate: f64,
    /// How much less a reward counts a step later.
    pub discount: f64,
}

/// The methods `mle-ensemble` and `distilled`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnsembleConfig {
    /// Likelihood models of the ensemble, `mle-tuned` among them, the others trained alike from other initial weights.
    pub num_members: usize,
    /// Share of the ensemble's distribution in a target of `distilled`; the token of the sequence has the rest.
    pub soft_share: f64,
    /// Passes of `distilled` over the training sequences, each batch with as many samples of the ensemble beside it; else
    /// it is trained as `[mle_tuned]` says.
    pub num_epochs: usize,
    /// L2 of `distilled`, as in `[mle_tuned]`.
    pub l2: f64,
}

/// A causal judge that sees, of each decision, log p, entropy, largest log p and their running sum under a generator that has
/// not learnt from the sequence; and policy gradient on large fresh batches with a KL penalty to the base. Its rounds have
/// numbers of their own, beside `adversarial.base` and `clip_norm`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CrossfitConfig {
    /// K, parts of the training sequences; for each a generator is trained on the others as the base is on all. 1 for no
    /// cross-fitting, which shows what it is good for.
    pub num_folds: usize,
    /// Folds that are used; fewer of them cost less, and the judge learns from less. 0 for all.
    pub max_folds: usize,
    /// Whether the judge sees the probabilities of an ensemble, too; one is trained for each fold, of `ensemble.num_members`.
    pub sees_ensemble: bool,
    /// E of the judge.
    pub embedding_dim: usize,
    /// H of the judge.
    pub hidden_dim: usize,
    /// Passes of the judge over all training sequences and as many samples.
    pub d_epochs: usize,
    /// Whether the judge must be worth something on validation data: it is kept as it was after the pass when it was worth most,
    /// and without any worth there are no rounds. Else it is kept as it was after the last pass, and followed whatever it is worth.
    pub needs_worth: bool,
    /// Sequences of an update of the judge.
    pub d_batch_size: usize,
    /// Adam's learning rate of the judge, which falls to 0 along a cosine.
    pub d_learning_rate: f64,
    /// Rounds, a generator update each.
    pub num_rounds: usize,
    /// Sequences of a generator update.
    pub batch_size: usize,
    /// Adam's learning rate of the policy gradient, which falls to 0 along a cosine.
    pub learning_rate: f64,
    /// What is subtracted from the values, and by what they are divided.
    pub baseline: Baseline,
    /// Whether what is known of every token of a decision, by its probabilities, is summed over all of them instead of being
    /// sampled: the same gradient on average, with less noise.
    pub all_actions: bool,
    /// Train the judge anew after every so many rounds, against the generator as it is then, which the penalty then draws back
    /// to; 0: never.
    pub refresh_every_rounds: usize,
    /// Measure after every so many rounds; 0: only at the end.
    pub measure_every_rounds: usize,
    /// What each decision of a real sequence is worth, of which an update has as many as of the generator's own: it keeps the
    /// generator near what is known for certain. 0 for none.
    pub real_value: f64,
    /// Factor, a step, of what later decisions earn: 1 for all of it, 0 for a decision's own reward alone.
    pub discount: f64,
    /// Factor of what a decision adds to the judge's logit.
    pub reward_scale: f64,
    /// Candidates of the base of which the row `residual` keeps one by the judge's odds, or `distilled-residual` by those of the
    /// judge of `distilled-seqgan-crossfit`; 0 for no such rows.
    pub num_candidates: usize,
    /// Factor of the penalty log p - log p of the base.
    pub kl: f64,
}

/// RankGAN (Lin et al., NIPS 2017).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RankGanConfig {
    /// Real sequences that similarity is measured to.
    pub num_references: usize,
    /// Sequences that one sequence is ranked among.
    pub num_comparisons: usize,
    /// Factor of the cosine in the softmax over ranks. The authors' program has 1, but for the sum over 16 references.
    pub gamma: f64,
}

/// The row `mixture`: the model of `adversarial.base`, each sequence by chance at another temperature.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MixtureConfig {
    /// Share of the sequences that are drawn at `temperature`.
    pub share: f64,
    /// Temperature of those, times that of the others.
    pub temperature: f64,
}

/// What is measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvaluateConfig {
    /// Samples a measurement.
    pub num_samples: usize,
    /// Samples of a measurement while training.
    pub num_samples_training: usize,
    /// Temperatures of the curve of the base.
    pub temperatures: Vec<f64>,
}

/// Which signs of training that goes wrong are looked for, and what is done about them. Each is looked for where the
/// rounds of a method are measured (`adversarial.measure_every_rounds`); its action is `off`, `warn`, `stop` (the method's
/// training ends there) or `roll-back` (it ends with the model of its best checkpoint).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MonitorConfig {
    /// Samples become few and alike.
    pub collapse: Action,
    /// Collapse: entropy below this share of that before the first round.
    pub entropy_share: f64,
    /// Collapse: share of different samples below this share of that before the first round.
    pub unique_share: f64,
    /// Collapse: self-BLEU-3 above that before the first round by more than this.
    pub self_bleu_rise: f64,
    /// Real sequences become unlikely.
    pub forgetting: Action,
    /// Forgetting: -log p of validation sequences above that before the first round by more than this share of it.
    pub nll_rise: f64,
    /// The judge is hardly ever wrong, so samples earn next to nothing, alike.
    pub saturation: Action,
    /// Saturation: accuracy of the judge in its last training, at least.
    pub judge_accuracy: f64,
    /// The values of a batch differ so little that its gradient is noise.
    pub vanishing: Action,
    /// Vanishing: standard deviation of the values of a step over the batch, as a share of the mean reward, at most.
    pub value_spread: f64,
    /// The judge knows the training sequences by heart, and tells real ones that it has not seen worse, or wrongly.
    pub memorising: Action,
    /// Memorising: area under the ROC curve with training sequences as real ones, above that with validation sequences
    /// by more than this and by more than 3 standard errors; it is a sign as well when the latter is below 0.5 by more
    /// than 3 standard errors.
    pub auc_gap: f64,
    /// Samples, and real sequences of both kinds, that signs are looked for in.
    pub num_samples: usize,
}

/// When the state is saved, and which models of the rounds are kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckpointConfig {
    /// Most seconds of work between two checkpoints. It never changes a result.
    pub every_secs: f64,
    /// Models of the rounds of each method that are kept beside the last one, the best where they were measured; for
    /// `sample --round` and `monitor`'s roll-back.
    pub keep_best: usize,
    /// What they are best by: nll_validation, reward; in the synthetic task nll_oracle and reverse_kl, too.
    pub keep_by: KeepBy,
}

impl Config {
    /// The likelihood model that `method` starts from, if it follows a reward, or is made of, if it is `mixture`.
    pub fn starts_from(&self, method: Method) -> Method {
        match method {
            Method::DistilledSeqGanCrossfit => Method::Distilled,
            _ => self.adversarial.base,
        }
    }
}

impl Default for Config {
    /// The paper's values (design of the original code), and `mle-tuned` as measured best on validation data.
    fn default() -> Self {
        let mle = LikelihoodConfig {
            num_epochs: 120,
            max_updates: 0,
            batch_size: 64,
            shuffle: false,
            learning_rate: 0.01,
            schedule: Schedule::Constant,
            l2: 0.0,
            clip_norm: 5.0,
            early_stop: false,
            patience: 2,
            measure_every_epochs: 5,
        };
        Self {
            seed: 1,
            methods: vec![Method::Random, Method::Unigram, Method::Mle, Method::MleTuned, Method::SeqGan],
            data: DataConfig {
                path: String::new(),
                test: String::new(),
                format: "auto".into(),
                field: String::new(),
                label: String::new(),
                tokens: "auto".into(),
                tokenizer: String::new(),
                max_length: 512,
                long_sequences: "drop".into(),
                min_count: 1,
                max_vocab: 0,
                vocab_size: 0,
                max_sequences: 0,
                max_line_bytes: 1 << 20,
                keep_empty: false,
                window: 0,
                midi_step_secs: 0.4,
                midi_rests: Rests::Keep,
                pitches: false,
                validation_share: 0.05,
            },
            oracle: OracleConfig {
                task: SyntheticTask::Oracle,
                params: String::new(),
                seed: 0,
                vocab_size: 5000,
                length: 20,
                embedding_dim: 32,
                hidden_dim: 32,
                noise: 0.001,
                num_train: 10_000,
                num_validation: 1_000,
                num_test: 10_000,
                num_floor: 100_000,
            },
            constraint: ConstraintConfig::default(),
            generator: GeneratorConfig { embedding_dim: 32, hidden_dim: 32, init_std: 0.1 },
            discriminator: DiscriminatorConfig {
                embedding_dim: 64,
                filters: PAPER_FILTERS.to_vec(),
                dropout_keep: 0.75,
                l2: 0.2,
                learning_rate: 1e-4,
                batch_size: 64,
            },
            mle_tuned: LikelihoodConfig {
                num_epochs: 24,
                batch_size: 32,
                shuffle: true,
                schedule: Schedule::Cosine,
                l2: 6e-5,
                early_stop: true,
                measure_every_epochs: 1,
                ..mle.clone()
            },
            mle,
            rollout: RolloutConfig {
                num_rollouts: 16,
                max_prefixes: 0,
                delay: 0.0,
                precision: Precision::F32,
            },
            adversarial: AdversarialConfig {
                base: Method::Mle,
                num_rounds: 200,
                g_steps: 1,
                d_steps: 5,
                d_epochs: 3,
                d_pretrain_steps: 50,
                num_negatives: 10_000,
                batch_size: 64,
                learning_rate: 0.01,
                clip_norm: 5.0,
                baseline: Baseline::None,
                measure_every_rounds: 5,
            },
            scheduled_sampling: ScheduledSamplingConfig { truth_decrease: 0.002 },
            pg_bleu: PgBleuConfig { max_order: 4 },
            seqgan_step: SeqGanStepConfig {
                embedding_dim: 32,
                hidden_dim: 32,
                learning_rate: 1e-3,
                discount: 0.9,
            },
            ensemble: EnsembleConfig { num_members: 5, soft_share: 0.7, num_epochs: 20, l2: 0.0 },
            crossfit: CrossfitConfig {
                num_folds: 4,
                max_folds: 0,
                sees_ensemble: false,
                embedding_dim: 4,
                hidden_dim: 16,
                d_epochs: 3,
                needs_worth: true,
                d_batch_size: 64,
                d_learning_rate: 3e-3,
                num_rounds: 220,
                batch_size: 512,
                learning_rate: 4e-3,
                baseline: Baseline::StepMean,
                measure_every_rounds: 10,
                all_actions: true,
                refresh_every_rounds: 0,
                real_value: 0.0,
                discount: 1.0,
                num_candidates: 0,
                reward_scale: 0.8,
                kl: 1.0,
            },
            mixture: MixtureConfig { share: 0.2, temperature: 0.3 },
            rankgan: RankGanConfig { num_references: 16, num_comparisons: 16, gamma: 16.0 },
            reward: Vec::new(),
            evaluate: EvaluateConfig {
                num_samples: 10_000,
                num_samples_training: 10_000,
                temperatures: vec![1.1, 1.0, 0.9, 0.8, 0.7, 0.6, 0.5],
            },
            monitor: MonitorConfig {
                collapse: Action::Warn,
                entropy_share: 0.7,
                unique_share: 0.7,
                self_bleu_rise: 0.2,
                forgetting: Action::Warn,
                nll_rise: 0.2,
                saturation: Action::Warn,
                judge_accuracy: 0.98,
                vanishing: Action::Warn,
                value_spread: 0.01,
                memorising: Action::Warn,
                auc_gap: 0.1,
                num_samples: 500,
            },
            checkpoint: CheckpointConfig { every_secs: 30.0, keep_best: 1, keep_by: KeepBy::NllValidation },
        }
    }
}
