//! The command line as given. Only parses; whether the options make sense together with files is checked later.

use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser, RangedU64ValueParser, TypedValueParser};
use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use seqgan::config::{FileFormat, Method};
use seqgan::data::Tokens;
use seqgan::saved::CheckpointChoice;
use seqgan::train::method;

/// Seeds end where the whole numbers of TOML end, because the resolved configuration records them.
const LAST_SEED: u64 = i64::MAX as u64;

const TOP_EXAMPLES: &str = "\
Examples:
  seqgan oracle                          the paper's synthetic task, in under three minutes
  seqgan train --data poems.txt          learn from a file of sequences
  seqgan sample runs/train-quick-1       ten new sequences

Results go to stdout, everything else to stderr. Exit status: 0 fine, 1 failed, 2 wrong usage.";

const ORACLE_EXAMPLES: &str = "\
Examples:
  seqgan oracle                          under three minutes on 2 cores
  seqgan oracle --preset smoke           under 20 seconds, to see that everything works
  seqgan oracle --preset paper --seed 7 --out runs/paper-7
  seqgan oracle --preset paper --seed 7 --out runs/paper-7 --resume
  seqgan oracle --task brackets          sequences that keep a rule, so that each is valid or not
  seqgan oracle --set rollout.max_prefixes=16";

const TRAIN_EXAMPLES: &str = "\
Examples:
  seqgan train --data poems.txt --tokens chars
  seqgan train --data captions.txt --test held-out.txt --preset smoke
  seqgan train --data molecules.csv.gz --field smiles --tokens smiles
  seqgan train --data stories.txt --tokens bpe --tokenizer tokenizer.json
  seqgan train --data mine.txt --init-from runs/train-quick-1
  seqgan train configs/melodies.toml --seed 3 --out runs/melodies-3
  seqgan train configs/melodies.toml --seed 3 --out runs/melodies-3 --resume";

const COMPARE_EXAMPLES: &str = "\
Examples:
  seqgan compare --seeds 5               the paper's methods on the synthetic task, five times, about an hour
  seqgan compare --methods mle,mle-tuned,seqgan --seeds 5 --out runs/table-1
  seqgan compare --methods mle,mle-tuned,seqgan --seeds 8 --out runs/table-1 --resume
  seqgan compare --seeds 3 --oracles 3 --set oracle.length=40
  seqgan compare --task brackets --methods mle-tuned,seqgan --vary generator.hidden_dim=16,32
  seqgan compare --methods seqgan --vary adversarial.g_steps=1,10 --vary adversarial.d_steps=1,5
  seqgan compare --data poems.txt --test held-out.txt --seeds 5";

const SAMPLE_EXAMPLES: &str = "\
Examples:
  seqgan sample runs/train-quick-1
  seqgan sample runs/train-quick-1 -n 1000 --temperature 0.8 --out new.txt
  seqgan sample runs/train-quick-1 -n 100 --unique --novel --score --format csv
  seqgan sample runs/train-quick-1 --prefix the --top-p 0.9
  seqgan sample runs/train-quick-1 -n 5 --beam 20";

const EVALUATE_EXAMPLES: &str = "\
Examples:
  seqgan evaluate runs/train-quick-1 --test held-out.txt
  seqgan evaluate runs/train-quick-1 --test held-out.txt --json > figures.json
  seqgan evaluate --samples new.txt --train poems.txt --test held-out.txt --tokens chars";

const SCORE_EXAMPLES: &str = "\
Examples:
  seqgan score runs/train-quick-1 new.txt                      a line for each line of the file
  seqgan score runs/train-quick-1 new.txt | sort -g | head     the ten least likely ones
  zcat log.csv.gz | seqgan score runs/train-quick-1 - --json

There is a line for each sequence, with these columns between tabs:
  log_prob        log-likelihood of the sequence with its end, in nats; -inf if it has none
  per_token       the same per decision: tokens, and the end where it is chosen
  tokens          number of tokens
  discriminator   its probability that the sequence is real, for a method that has one
  remark          why a sequence has no likelihood: unknown tokens, too long, blank
  name            the group with --group-by, the file of a melody
  sequence        as it stands in the file";

const INSPECT_EXAMPLES: &str = "\
Examples:
  seqgan inspect runs/train-quick-1";

const REPORT_EXAMPLES: &str = "\
Examples:
  seqgan report runs/oracle-quick-1              writes runs/oracle-quick-1/report.html
  seqgan report runs/compare-quick-1             the same for a comparison of methods
  seqgan report runs/a runs/b --out both.html";

const SCHEMA_EXAMPLES: &str = "\
Examples:
  seqgan schema > seqgan.schema.json

Editors that use Taplo complete and check a TOML file whose first line is
`#:schema seqgan.schema.json`.";

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  seqgan completions bash > ~/.local/share/bash-completion/completions/seqgan
  seqgan completions fish > ~/.config/fish/completions/seqgan.fish";

const MAN_EXAMPLES: &str = "\
Examples:
  seqgan man > seqgan.1                  the main page
  seqgan man --out ~/.local/share/man/man1";

/// Train, sample and evaluate SeqGAN: a generator of sequences, trained against a discriminator
#[derive(Debug, Parser)]
#[command(name = "seqgan", version, after_help = TOP_EXAMPLES)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// No progress on stderr; errors are still shown
    #[arg(short, long, global = true, display_order = 100)]
    pub quiet: bool,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Learn from an oracle whose true likelihood is known, and compare methods
    Oracle(OracleArgs),
    /// Learn from a file of sequences
    Train(TrainArgs),
    /// Train many methods over many seeds, and test which differences are real
    Compare(CompareArgs),
    /// Make new sequences with a trained run
    Sample(SampleArgs),
    /// Give each sequence of a file its log-likelihood under a run, to find the unusual ones
    Score(ScoreArgs),
    /// Measure a run, or a file of samples, against a test file
    Evaluate(EvaluateArgs),
    /// Write a page with tables and figures of runs
    Report(ReportArgs),
    /// Show what a run folder holds
    Inspect(InspectArgs),
    /// Print the JSON schema of a configuration file, for editors
    Schema(SchemaArgs),
    /// Print a script by which a shell completes commands and options
    Completions(CompletionsArgs),
    /// Print the manual page, or write one for every command
    Man(ManArgs),
}

/// `seqgan oracle`.
#[derive(Debug, Args)]
#[command(after_help = ORACLE_EXAMPLES)]
pub struct OracleArgs {
    /// What is learnt: the paper's task, or another one whose truth is known [default: oracle]
    #[arg(long, value_name = "NAME")]
    pub task: Option<TaskName>,
    /// Parameters of the oracle, a safetensors file [default: made from the seed]
    #[arg(long, value_name = "FILE")]
    pub oracle_params: Option<PathBuf>,
    /// Options of every long run.
    #[command(flatten)]
    pub run: RunArgs,
}

/// `seqgan train`.
#[derive(Debug, Args)]
#[command(after_help = TRAIN_EXAMPLES)]
#[command(group(ArgGroup::new("input").required(true).args(["config", "data"])))]
pub struct TrainArgs {
    /// Configuration file that names the data
    #[arg(value_name = "CONFIG.toml")]
    pub config: Option<PathBuf>,
    /// File of sequences to learn from, used with the preset's settings; - is standard input
    #[arg(long, value_name = "FILE")]
    pub data: Option<PathBuf>,
    /// How files are read.
    #[command(flatten)]
    pub reading: ReadingArgs,
    /// The model that training goes on from.
    #[command(flatten)]
    pub initial: InitialArgs,
    /// Options of every long run.
    #[command(flatten)]
    pub run: RunArgs,
}

/// How the files of a training run are read.
#[derive(Debug, Args)]
pub struct ReadingArgs {
    /// File of further sequences that training never sees, to measure the models against in the end
    #[arg(long, value_name = "FILE", conflicts_with = "config")]
    pub test: Option<PathBuf>,
    /// Format of the files [default: by their extensions, else by their first bytes]
    #[arg(long, value_parser = format_parser(), conflicts_with = "config")]
    pub format: Option<FileFormat>,
    /// Separator of the columns of a table: one character, or tab [default: the one that all rows agree on]
    #[arg(long, value_name = "C", conflicts_with = "config")]
    pub separator: Option<String>,
    /// Column of a table, by name or number, or member of JSON objects [default: the only one]
    #[arg(long, value_name = "NAME", conflicts_with = "config")]
    pub field: Option<String>,
    /// Column of a table, or member of JSON objects, that is each sequence's class [default: none]
    #[arg(long, value_name = "NAME", conflicts_with = "config")]
    pub label: Option<String>,
    /// Column that tells to which sequence a row belongs, for tables with one token per row, such as event logs [default: a row
    /// is a sequence]
    #[arg(long, value_name = "NAME", conflicts_with = "config")]
    pub group_by: Option<String>,
    /// Column by which the rows of a sequence are sorted, with --group-by: numbers, or times as ISO 8601 writes them [default:
    /// the order of the file]
    #[arg(long, value_name = "NAME", requires = "group_by")]
    pub order_by: Option<String>,
    /// Leave out records that cannot be read, such as damaged MIDI files, and count them
    #[arg(long, conflicts_with = "config")]
    pub skip_bad: bool,
    /// Track of MIDI files that is the melody, by number or name [default: the first with notes that are not drums]
    #[arg(long, value_name = "NAME", conflicts_with = "config")]
    pub track: Option<String>,
    /// MIDI channel of the melody, 1 to 16 [default: all but 10, which is drums]
    #[arg(long, value_name = "N", conflicts_with = "config")]
    #[arg(value_parser = clap::value_parser!(u8).range(1..=16))]
    pub channel: Option<u8>,
    /// How a sequence is split into tokens [default: as usual for the format]
    #[arg(long, value_parser = tokens_parser(), conflicts_with = "config")]
    pub tokens: Option<Tokens>,
    /// Cut sequences by a tokenizer.json, into subwords such as those of byte-pair encoding
    #[arg(long, value_name = "FILE", conflicts_with = "config")]
    pub tokenizer: Option<PathBuf>,
}

/// The model that training goes on from.
#[derive(Debug, Args)]
pub struct InitialArgs {
    /// Go on from a trained model: the folder of its run, or its file there; network, sizes and tokens are those of the run
    #[arg(long, value_name = "RUN")]
    pub init_from: Option<PathBuf>,
    /// Method whose model of --init-from it is [default: the single model with the best validation likelihood]
    #[arg(long, value_name = "NAME")]
    pub init_method: Option<String>,
}

/// `seqgan compare`.
#[derive(Debug, Args)]
#[command(after_help = COMPARE_EXAMPLES)]
pub struct CompareArgs {
    /// Configuration file; one that names no data is of the synthetic task
    #[arg(value_name = "CONFIG.toml")]
    pub config: Option<PathBuf>,
    /// What is learnt without a file [default: oracle]
    #[arg(long, conflicts_with_all = ["config", "data"])]
    pub task: Option<TaskName>,
    /// File of sequences to learn from
    #[arg(long, value_name = "FILE", conflicts_with = "config")]
    pub data: Option<PathBuf>,
    /// How files are read.
    #[command(flatten)]
    pub reading: ReadingArgs,
    /// The model that training goes on from.
    #[command(flatten)]
    pub initial: InitialArgs,
    /// Runs of each method, with seeds from --seed upwards
    #[arg(long, value_name = "N", default_value_t = 5)]
    #[arg(value_parser = RangedU64ValueParser::<u64>::new().range(1..=1000))]
    pub seeds: u64,
    /// Synthetic tasks, each with an oracle of its own
    #[arg(long, value_name = "N", default_value_t = 1, conflicts_with_all = ["data", "oracle_params"])]
    #[arg(value_parser = RangedU64ValueParser::<u64>::new().range(1..=1000))]
    pub oracles: u64,
    /// Parameters of the oracle, a safetensors file [default: made from its number]
    #[arg(long, value_name = "FILE", conflicts_with = "data")]
    pub oracle_params: Option<PathBuf>,
    /// Repeat everything with each of these values of a key; several options make a grid
    #[arg(long, value_name = "KEY=VALUE,VALUE..")]
    pub vary: Vec<String>,
    /// Runs made at the same time, sharing the threads; no result depends on it [default: one a thread]
    #[arg(long, value_name = "N", value_parser = RangedU64ValueParser::<usize>::new().range(1..=1024))]
    pub jobs: Option<usize>,
    /// Options of every long run.
    #[command(flatten)]
    pub run: RunArgs,
}

/// A task that needs no file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TaskName {
    /// Sequences of a random LSTM, the paper's
    Oracle,
    /// Balanced brackets of four kinds
    Brackets,
    /// The second half repeats the first
    Copy,
    /// The second half repeats the first backwards
    Reversal,
    /// The last token is the sum of the others
    Checksum,
    /// A hidden Markov model whose state lasts
    Markov,
}

impl TaskName {
    /// The name in the settings.
    pub fn name(self) -> &'static str {
        match self {
            Self::Oracle => "oracle",
            Self::Brackets => "brackets",
            Self::Copy => "copy",
            Self::Reversal => "reversal",
            Self::Checksum => "checksum",
            Self::Markov => "markov",
        }
    }
}

/// Options of every command that trains.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// How much work to do [default: quick]
    #[arg(long)]
    pub preset: Option<Preset>,
    /// Minutes of work instead of the preset's, on two cores with AVX-512: the steps are scaled by the sizes of the data, never
    /// by a clock
    #[arg(long, value_name = "MINUTES", value_parser = minutes)]
    pub budget: Option<f64>,
    /// Seed of all randomness, 0 to 2^63-1 [default: 1]
    #[arg(long, value_name = "N", value_parser = RangedU64ValueParser::<u64>::new().range(0..=LAST_SEED))]
    pub seed: Option<u64>,
    /// Threads, 1 to 1024; the result does not depend on them [default: one a core]
    #[arg(long, value_name = "N", value_parser = RangedU64ValueParser::<usize>::new().range(1..=1024))]
    pub threads: Option<usize>,
    /// Folder for the run, which must not exist yet [default: a new one in runs/]
    #[arg(long, value_name = "FOLDER")]
    pub out: Option<PathBuf>,
    /// Go on with the run in the folder of --out, under the same settings; where there is none yet, start it
    #[arg(long, requires = "out")]
    pub resume: bool,
    /// Methods, separated by commas [default: the preset's; of compare: those of the paper and its successors, and with
    /// --preset best the preset's]
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = method_name)]
    pub methods: Vec<Method>,
    /// Set one key of the configuration; may be repeated, and wins over all else
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
}

/// `seqgan sample`.
#[derive(Debug, Args)]
#[command(after_help = SAMPLE_EXAMPLES)]
pub struct SampleArgs {
    /// Folder of a trained run
    #[arg(value_name = "RUN")]
    pub run: PathBuf,
    /// Number of sequences, 1 or more [default: 10, or the width of --beam]
    #[arg(short, long, value_name = "N")]
    #[arg(value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    pub num: Option<usize>,
    /// Sampling temperature, above 0; below 1 is surer and less varied
    #[arg(long, value_name = "X", default_value_t = 1.0, value_parser = temperature)]
    pub temperature: f64,
    /// Draw from the K likeliest tokens alone
    #[arg(long, value_name = "K", value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    pub top_k: Option<usize>,
    /// Draw from the likeliest tokens that together have the probability P, above 0 to 1
    #[arg(long, value_name = "P", value_parser = probability)]
    pub top_p: Option<f64>,
    /// Take the likeliest token each time
    #[arg(long, conflicts_with_all = ["top_k", "top_p"])]
    pub greedy: bool,
    /// Search the likeliest sequences with a beam of W beginnings instead of drawing
    #[arg(long, value_name = "W", conflicts_with_all = ["top_k", "top_p", "greedy"])]
    #[arg(value_parser = RangedU64ValueParser::<usize>::new().range(1..=10_000))]
    pub beam: Option<usize>,
    /// Of every K draws keep one, by the odds of the method's discriminator that it is real; slower, and nearer the data
    /// where the discriminator has learnt something that the model has not
    #[arg(long, value_name = "K", conflicts_with_all = ["greedy", "beam", "round"])]
    #[arg(value_parser = RangedU64ValueParser::<usize>::new().range(2..=10_000))]
    pub resample: Option<usize>,
    /// Make sequences of one class alone, of a run that was trained with --label [default: as frequent as in training]
    #[arg(long, value_name = "CLASS")]
    pub label: Option<String>,
    /// Begin every sequence with these tokens
    #[arg(long, value_name = "TEXT")]
    pub prefix: Option<String>,
    /// Make only sequences whose whole text this regular expression matches
    #[arg(long, value_name = "REGEX")]
    pub regex: Option<String>,
    /// Fewest tokens of a sequence
    #[arg(long, value_name = "N")]
    pub min_length: Option<usize>,
    /// Most tokens of a sequence
    #[arg(long, value_name = "N")]
    pub max_length: Option<usize>,
    /// Write no sequence twice
    #[arg(long)]
    pub unique: bool,
    /// Write no sequence of the training file
    #[arg(long)]
    pub novel: bool,
    /// Most draws a sequence wanted, for --unique and --novel
    #[arg(long, value_name = "N", default_value_t = 100)]
    #[arg(value_parser = RangedU64ValueParser::<u64>::new().range(1..))]
    pub max_tries: u64,
    /// Write log-probability and discriminator's score beside each sequence
    #[arg(long)]
    pub score: bool,
    /// Format to write [default: by the extension of --out, or that of the run's data]
    #[arg(long, value_parser = format_parser())]
    pub format: Option<FileFormat>,
    /// Method whose model to use, as it was at the end of training [default: the single model with the best validation
    /// likelihood, at the end of training or kept from a round; in a run with rewards the model of `mixed`]
    #[arg(long, value_name = "NAME")]
    pub method: Option<String>,
    /// Model kept from a round instead: best, or the number of a round; `inspect` lists them
    #[arg(long, value_name = "ROUND", value_parser = round)]
    pub round: Option<CheckpointChoice>,
    /// File to write [default: stdout]; for MIDI the folder, a file a sequence
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Seed and threads.
    #[command(flatten)]
    pub repeat: RepeatArgs,
}

impl SampleArgs {
    /// Number of sequences.
    pub fn count(&self) -> usize {
        self.num.or(self.beam).unwrap_or(10)
    }
}

/// `seqgan evaluate`.
#[derive(Debug, Args)]
#[command(after_help = EVALUATE_EXAMPLES)]
#[command(group(ArgGroup::new("subject").required(true).args(["run", "samples"])))]
pub struct EvaluateArgs {
    /// Folder of a trained run
    #[arg(value_name = "RUN")]
    pub run: Option<PathBuf>,
    /// File of samples to measure instead of a run
    #[arg(long, value_name = "FILE")]
    pub samples: Option<PathBuf>,
    /// Format of the files [default: by their extensions]
    #[arg(long, value_parser = format_parser(), conflicts_with = "run")]
    pub format: Option<FileFormat>,
    /// Column of a table, by name or number, or member of JSON objects [default: the run's, or the only one]
    #[arg(long, value_name = "NAME")]
    pub field: Option<String>,
    /// Separator of the columns of a table: one character, or tab [default: the one that all rows agree on]
    #[arg(long, value_name = "C")]
    pub separator: Option<String>,
    /// Column that tells to which sequence a row belongs [default: the run's, or a row is a sequence]
    #[arg(long, value_name = "NAME")]
    pub group_by: Option<String>,
    /// Leave out records that cannot be read, and count them
    #[arg(long)]
    pub skip_bad: bool,
    /// How a sequence of the files is split into tokens [default: as usual for the format]
    #[arg(long, value_parser = tokens_parser(), conflicts_with = "run")]
    pub tokens: Option<Tokens>,
    /// Cut the files' sequences by a tokenizer.json, into subwords
    #[arg(long, value_name = "FILE", conflicts_with = "run")]
    pub tokenizer: Option<PathBuf>,
    /// File the samples' maker learnt from, to tell what is new, and how real sequences score
    #[arg(long, value_name = "FILE", conflicts_with = "run")]
    pub train: Option<PathBuf>,
    /// File of sequences to measure against, not used in training
    #[arg(long, value_name = "FILE", required = true)]
    pub test: PathBuf,
    /// Number of samples, 1 or more [default: as many as the test file has, at most 10000]
    #[arg(short, long, value_name = "N")]
    #[arg(value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    pub num: Option<usize>,
    /// Temperature of sampling and of likelihood, above 0 [default: 1]
    #[arg(long, value_name = "X", value_parser = temperature, conflicts_with = "samples")]
    pub temperature: Option<f64>,
    /// Method whose model to use, as it was at the end of training [default: the single model with the best validation
    /// likelihood, at the end of training or kept from a round; in a run with rewards the model of `mixed`]
    #[arg(long, value_name = "NAME", conflicts_with = "samples")]
    pub method: Option<String>,
    /// Model kept from a round instead: best, or the number of a round; `inspect` lists them
    #[arg(long, value_name = "ROUND", value_parser = round, conflicts_with = "samples")]
    pub round: Option<CheckpointChoice>,
    /// Compute the metrics that need a model to be trained, too: language models and classifiers; takes a minute or two
    #[arg(long)]
    pub trained_metrics: bool,
    /// The name that --trained-metrics had before
    #[arg(long = "judges", hide = true)]
    pub old_trained_metrics: bool,
    /// Print one JSON object instead of a table
    #[arg(long)]
    pub json: bool,
    /// Seed and threads.
    #[command(flatten)]
    pub repeat: RepeatArgs,
}

/// `seqgan score`.
#[derive(Debug, Args)]
#[command(after_help = SCORE_EXAMPLES)]
pub struct ScoreArgs {
    /// Folder of a trained run
    #[arg(value_name = "RUN")]
    pub run: PathBuf,
    /// File of sequences, read with the settings of the run's data but for the format; - is standard input. Sequences are
    /// scored whole, also where training cut windows
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Format of the file [default: by its extension, else by its first bytes]
    #[arg(long, value_parser = format_parser())]
    pub format: Option<FileFormat>,
    /// Column of a table, by name or number, or member of JSON objects [default: the run's]
    #[arg(long, value_name = "NAME")]
    pub field: Option<String>,
    /// Separator of the columns of a table: one character, or tab [default: the one that all rows agree on]
    #[arg(long, value_name = "C")]
    pub separator: Option<String>,
    /// Column that tells to which sequence a row belongs [default: the run's]
    #[arg(long, value_name = "NAME")]
    pub group_by: Option<String>,
    /// Class of all sequences, of a run that was trained with --label [default: the file's own column]
    #[arg(long, value_name = "CLASS")]
    pub label: Option<String>,
    /// Method whose model to use, as it was at the end of training [default: the single model with the best validation
    /// likelihood, at the end of training or kept from a round; in a run with rewards the model of `mixed`]
    #[arg(long, value_name = "NAME")]
    pub method: Option<String>,
    /// Model kept from a round instead: best, or the number of a round; `inspect` lists them
    #[arg(long, value_name = "ROUND", value_parser = round)]
    pub round: Option<CheckpointChoice>,
    /// Print a JSON object per sequence instead of a line with tabs
    #[arg(long)]
    pub json: bool,
    /// File to write [default: stdout]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Threads, 1 to 1024; the result does not depend on them [default: one a core]
    #[arg(long, value_name = "N", value_parser = RangedU64ValueParser::<usize>::new().range(1..=1024))]
    pub threads: Option<usize>,
}

/// `seqgan report`.
#[derive(Debug, Args)]
#[command(after_help = REPORT_EXAMPLES)]
pub struct ReportArgs {
    /// Folders of runs or comparisons
    #[arg(value_name = "RUN", required = true)]
    pub runs: Vec<PathBuf>,
    /// File to write [default: report.html in the folder, or here for several]
    #[arg(long, value_name = "FILE.html")]
    pub out: Option<PathBuf>,
}

/// `seqgan inspect`.
#[derive(Debug, Args)]
#[command(after_help = INSPECT_EXAMPLES)]
pub struct InspectArgs {
    /// Run folder
    #[arg(value_name = "RUN")]
    pub run: PathBuf,
}

/// `seqgan schema`.
#[derive(Debug, Args)]
#[command(after_help = SCHEMA_EXAMPLES)]
pub struct SchemaArgs {}

/// `seqgan completions`.
#[derive(Debug, Args)]
#[command(after_help = COMPLETIONS_EXAMPLES)]
pub struct CompletionsArgs {
    /// Shell to write for
    #[arg(value_name = "SHELL")]
    pub shell: Shell,
}

/// `seqgan man`.
#[derive(Debug, Args)]
#[command(after_help = MAN_EXAMPLES)]
pub struct ManArgs {
    /// Folder to write a page a command into; made if it is not there [default: the main page on stdout]
    #[arg(long, value_name = "FOLDER")]
    pub out: Option<PathBuf>,
}

/// Seed and threads of a command that uses a finished run.
#[derive(Debug, Args)]
pub struct RepeatArgs {
    /// Seed of the sampling, 0 to 2^63-1
    #[arg(long, value_name = "N", default_value_t = 1)]
    #[arg(value_parser = RangedU64ValueParser::<u64>::new().range(0..=LAST_SEED))]
    pub seed: u64,
    /// Threads, 1 to 1024; the result does not depend on them [default: one a core]
    #[arg(long, value_name = "N", value_parser = RangedU64ValueParser::<usize>::new().range(1..=1024))]
    pub threads: Option<usize>,
}

/// How much work a run does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Preset {
    /// Under three minutes on 2 cores
    Quick,
    /// The paper's schedule
    Paper,
    /// The strongest models known here, all that quick has and an ensemble: a quarter of an hour on 2 cores, up to two hours on a file of many different tokens
    Best,
    /// Under 20 seconds on 2 cores
    Smoke,
}

fn format_parser() -> impl TypedValueParser<Value = FileFormat> {
    PossibleValuesParser::new(FileFormat::ALL.map(|f| PossibleValue::new(f.name()).help(f.description())))
        .map(|name| name.parse().expect("one of the names"))
}

fn tokens_parser() -> impl TypedValueParser<Value = Tokens> {
    PossibleValuesParser::new(Tokens::ALL.map(|t| PossibleValue::new(t.name()).help(t.description())))
        .map(|name| name.parse().expect("one of the names"))
}

fn probability(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if value > 0.0 && value <= 1.0 => Ok(value),
        _ => Err("expected a number above 0, at most 1".to_owned()),
    }
}

fn temperature(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if value > 0.0 && value.is_finite() => Ok(value),
        _ => Err("expected a number above 0".to_owned()),
    }
}

fn minutes(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if (0.05..=100_000.0).contains(&value) => Ok(value),
        _ => Err("expected a number from 0.05 to 100000".to_owned()),
    }
}

fn method_name(name: &str) -> Result<Method, String> {
    let known = method::names();
    let found = known.iter().find(|method| method.name() == name);
    found.copied().ok_or_else(|| format!("unknown method {name}, expected one of {}", Method::list(&known)))
}

fn round(text: &str) -> Result<CheckpointChoice, String> {
    match (text, text.parse::<usize>()) {
        ("best", _) => Ok(CheckpointChoice::Best),
        (_, Ok(number)) => Ok(CheckpointChoice::Round(number)),
        _ => Err("expected best, or the number of a round".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn parse(line: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(line.split_whitespace())
    }

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn options_of_a_long_run_are_read() {
        let line = "seqgan train --data a.txt --tokens chars --preset smoke --seed 7 --threads 2 --out o --resume \
                    --set a.b=1 --set c=x -q";
        let cli = parse(line).unwrap();
        let Command::Train(args) = cli.command else { panic!("another command") };
        assert!(cli.quiet && args.run.resume);
        assert_eq!(
            (args.run.preset, args.run.seed, args.run.threads),
            (Some(Preset::Smoke), Some(7), Some(2))
        );
        assert_eq!(
            (args.reading.tokens, args.run.set),
            (Some(Tokens::Chars), vec!["a.b=1".to_owned(), "c=x".to_owned()])
        );
    }

    #[test]
    fn every_example_of_the_help_is_accepted() {
        let examples = [
            TOP_EXAMPLES,
            ORACLE_EXAMPLES,
            TRAIN_EXAMPLES,
            COMPARE_EXAMPLES,
            SAMPLE_EXAMPLES,
            SCORE_EXAMPLES,
            EVALUATE_EXAMPLES,
            REPORT_EXAMPLES,
            INSPECT_EXAMPLES,
            SCHEMA_EXAMPLES,
            COMPLETIONS_EXAMPLES,
            MAN_EXAMPLES,
        ];
        for line in examples.iter().flat_map(|text| text.lines()).filter(|line| line.starts_with("  seqgan"))
        {
            // Behind two spaces stands an explanation, behind ">" and "|" the shell's part.
            let command = line.trim().split("  ").next().unwrap().split(['>', '|']).next().unwrap();
            assert!(parse(command).is_ok(), "{command}");
        }
    }

    #[test]
    fn alternatives_exclude_each_other() {
        for good in [
            "seqgan train a.toml",
            "seqgan train --data a.txt",
            "seqgan evaluate r --test t --temperature 0.8",
            "seqgan evaluate --samples s --test t --train u --tokens words",
            "seqgan sample r -n 3",
        ] {
            assert!(parse(good).is_ok(), "{good}");
        }
        for bad in [
            "seqgan train",
            "seqgan train a.toml --data a.txt",
            "seqgan train a.toml --tokens words",
            "seqgan evaluate --test t",
            "seqgan evaluate r",
            "seqgan evaluate r --samples s --test t",
            "seqgan evaluate r --test t --train u",
            "seqgan evaluate --samples s --test t --temperature 1",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn ranges_hold() {
        for bad in [
            "seqgan oracle --threads 0",
            "seqgan oracle --seed -1",
            "seqgan oracle --seed 9223372036854775808",
            "seqgan sample r -n 0",
            "seqgan sample r --temperature 0",
            "seqgan sample r --temperature nan",
            "seqgan sample r --temperature inf",
            "seqgan oracle --resume",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
