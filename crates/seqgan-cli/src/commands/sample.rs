//! `seqgan sample`: makes new sequences with a trained run.

use crate::args::SampleArgs;
use crate::progress::Progress;

/// Runs the command.
pub fn run(_args: &SampleArgs, _progress: Progress) -> anyhow::Result<()> {
    anyhow::bail!("`seqgan sample` is not built yet")
}
