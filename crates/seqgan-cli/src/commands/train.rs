//! `seqgan train`: learns from a file of sequences.

use seqgan::train::Kind;

use crate::args::TrainArgs;
use crate::commands::oracle::experiment;
use crate::interrupt::Interrupt;
use crate::options;
use crate::progress::Progress;

/// Runs the command.
pub fn run(args: &TrainArgs, progress: Progress, interrupt: &Interrupt) -> anyhow::Result<()> {
    options::use_threads(args.run.threads)?;
    let settings = options::train(args)?;
    experiment(Kind::Train, settings, &args.run, progress, interrupt)
}
