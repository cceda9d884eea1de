//! `seqgan oracle`: learns from an oracle whose likelihood is known, and prints a table of methods.

use anyhow::Context;
use seqgan::experiment::{self, Experiment};

use crate::args::OracleArgs;
use crate::interrupt::Interrupt;
use crate::outcome::{self, Watch};
use crate::progress::Progress;
use crate::{messages, options};

/// Runs the command.
pub fn run(args: &OracleArgs, progress: Progress, interrupt: &Interrupt) -> anyhow::Result<()> {
    options::use_threads(args.run.threads)?;
    interrupt.install().context("cannot listen for interrupts")?;
    run_experiment(options::oracle(args)?, progress, interrupt)
}

/// Makes the run, which the interrupt may stop, and prints its table; the same for the synthetic task and for files.
pub fn run_experiment(
    experiment: Experiment,
    progress: Progress,
    interrupt: &Interrupt,
) -> anyhow::Result<()> {
    let watch = Watch::new(progress, interrupt);
    let (folder, summary) = experiment::run(&experiment, &watch)?;
    watch.finish();
    messages::print(&outcome::render(&summary))?;
    messages::tell(&format!("run folder: {}", folder.path().display()));
    Ok(())
}
