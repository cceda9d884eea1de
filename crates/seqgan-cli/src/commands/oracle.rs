//! `seqgan oracle`: learns from an oracle whose likelihood is known, and prints a table of methods.

use crate::args::OracleArgs;
use crate::interrupt::Interrupt;
use crate::progress::Progress;

/// Runs the command.
pub fn run(_args: &OracleArgs, _progress: &mut Progress, _interrupt: &Interrupt) -> anyhow::Result<()> {
    anyhow::bail!("`seqgan oracle` is not built yet")
}
