//! `seqgan oracle`: learns from an oracle whose likelihood is known, and prints a table of methods.

use seqgan::config::Config;
use seqgan::config::Preset;
use seqgan::train::{self, Experiment, Kind, Task};

use crate::args::{OracleArgs, RunArgs};
use crate::interrupt::Interrupt;
use crate::outcome::{self, Watch};
use crate::progress::Progress;
use crate::{messages, options};

/// Runs the command.
pub fn run(args: &OracleArgs, progress: Progress, interrupt: &Interrupt) -> anyhow::Result<()> {
    options::use_threads(args.run.threads)?;
    let settings = options::oracle(args)?;
    experiment(Kind::Oracle, settings, &args.run, progress, interrupt)
}

/// Makes the run and prints its table; the same for the synthetic task and for files.
pub fn experiment(
    kind: Kind,
    (preset, config, task): (Preset, Config, Task),
    args: &RunArgs,
    progress: Progress,
    interrupt: &Interrupt,
) -> anyhow::Result<()> {
    let watch = Watch::new(progress, interrupt);
    let experiment = Experiment {
        kind,
        preset: preset.to_string(),
        config,
        task,
        out: args.out.clone(),
        resume: args.resume,
        models: None,
    };
    let (folder, summary) = train::run(&experiment, &watch)?;
    watch.finish();
    messages::print(&outcome::render(&summary))?;
    messages::tell(&format!("run folder: {}", folder.path().display()));
    Ok(())
}
