//! Training: calls the stages in order, and is the only place that closes the loop.
//!
//! [`run`] is the whole of `seqgan oracle` and `seqgan train`. Read `adversarial.rs` for the paper's Algorithm 1.

mod adversarial;
mod baselines;
mod crossfit;
mod ensemble;
mod equal_entropy;
mod evaluation;
mod event;
pub mod examiners;
mod experiment;
mod held_out;
mod judge;
mod kept;
mod measure;
mod mix;
mod models;
mod monitor;
mod plan;
mod pretrain;
mod residual;
mod round_plan;
mod session;
mod shared_models;
mod state;
mod study;
mod summary;
mod task;

pub use event::{Observer, Silent};
pub use experiment::{Experiment, Kind, run};
pub use held_out::{HeldOut, MOST_SAMPLES, read_whole, real_scorecard};
pub use judge::Judge;
pub use kept::{Kept, Round, kept_models};
pub use measure::within_support;
pub use models::{
    SavedModel, load_discriminator, load_labels, load_model, load_vocab, methods, training_rows,
};
pub use monitor::{First, Sign, Watched};
pub use residual::{Resampled, ResidualModel};
pub use session::discriminator_shape;
pub use state::{Adversary, Drawn, Position, State, Trainee};
pub use study::{
    RunRecord, SampleTest, Study, StudyComparison, StudyPoint, StudyRow, StudyRun, StudySummary, Test,
    Variant, run_study,
};
pub use summary::{Comparison, CurveEntry, Floors, Measures, MethodRow, Outcome, Summary};
pub use task::{Task, TestFile, format_of, load_tokenizer, read_options};
