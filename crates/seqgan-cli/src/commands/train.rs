//! `seqgan train`: learns from a file of sequences.

use crate::args::TrainArgs;
use crate::interrupt::Interrupt;
use crate::progress::Progress;

/// Runs the command.
pub fn run(_args: &TrainArgs, _progress: &mut Progress, _interrupt: &Interrupt) -> anyhow::Result<()> {
    anyhow::bail!("`seqgan train` is not built yet")
}
