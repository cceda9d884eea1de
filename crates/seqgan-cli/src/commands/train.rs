//! `seqgan train`: learns from a file of sequences.

use anyhow::Context;

use crate::args::TrainArgs;
use crate::commands::oracle;
use crate::interrupt::Interrupt;
use crate::options;
use crate::progress::Progress;

/// Runs the command.
pub fn run(args: &TrainArgs, progress: Progress, interrupt: &Interrupt) -> anyhow::Result<()> {
    options::use_threads(args.run.threads)?;
    let experiment = options::train(args)?;
    // From here on there is something to save. Before, while data are read and a pipe may keep us waiting, a signal ends the
    // program at once.
    interrupt.install().context("cannot listen for interrupts")?;
    oracle::run_experiment(experiment, progress, interrupt)
}
