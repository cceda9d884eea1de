//! `seqgan train`: learns from a file of sequences.

use crate::args::TrainArgs;
use crate::commands::oracle;
use crate::interrupt::Interrupt;
use crate::options;
use crate::progress::Progress;

/// Runs the command.
pub fn run(args: &TrainArgs, progress: Progress, interrupt: &Interrupt) -> anyhow::Result<()> {
    options::use_threads(args.run.threads)?;
    oracle::run_experiment(options::train(args)?, progress, interrupt)
}
