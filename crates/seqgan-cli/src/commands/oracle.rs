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
    run_experiment(options::oracle(args)?, progress, interrupt)
}

/// Makes the run and prints its table; the same for the synthetic task and for files.
pub fn run_experiment(
    experiment: Experiment,
    progress: Progress,
    interrupt: &Interrupt,
) -> anyhow::Result<()> {
    // From here on there is something to save. Before, while data are read and a pipe may keep us waiting, a signal ends the
    // program at once.
    interrupt.install().context("cannot listen for interrupts")?;
    let watch = Watch::new(progress, interrupt);
    let (folder, summary) = experiment::run(&experiment, &watch)?;
    watch.finish();
    messages::print(&outcome::render(&summary))?;
    messages::tell(&format!("run folder: {}", folder.path().display()));
    Ok(())
}
