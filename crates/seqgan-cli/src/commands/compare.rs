//! `seqgan compare`: many methods over many seeds, with intervals and tests.

use anyhow::Context;
use seqgan::study;

use crate::args::CompareArgs;
use crate::interrupt::Interrupt;
use crate::outcome::Watch;
use crate::progress::Progress;
use crate::{messages, options, study_table};

/// Runs the command.
pub fn run(args: &CompareArgs, progress: Progress, interrupt: &Interrupt) -> anyhow::Result<()> {
    options::use_threads(args.run.threads)?;
    let study = options::compare(args)?;
    // As for `train`: before, a signal ends the program at once.
    interrupt.install().context("cannot listen for interrupts")?;
    let watch = Watch::new(progress, interrupt);
    let (folder, summary) = study::run_study(&study, &watch)?;
    watch.finish();
    messages::print(&study_table::render(&summary))?;
    messages::tell(&format!("folder of all runs: {}", folder.display()));
    Ok(())
}
