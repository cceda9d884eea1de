//! `seqgan inspect`: shows what a run folder holds.

use crate::args::InspectArgs;

/// Runs the command.
pub fn run(_args: &InspectArgs) -> anyhow::Result<()> {
    anyhow::bail!("`seqgan inspect` is not built yet")
}
