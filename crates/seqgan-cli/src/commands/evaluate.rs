//! `seqgan evaluate`: measures a run or a file of samples against a test file.

use crate::args::EvaluateArgs;
use crate::progress::Progress;

/// Runs the command.
pub fn run(_args: &EvaluateArgs, _progress: Progress) -> anyhow::Result<()> {
    anyhow::bail!("`seqgan evaluate` is not built yet")
}
