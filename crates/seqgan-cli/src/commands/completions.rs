//! `seqgan completions`: prints a script by which a shell completes commands and options.

use clap::CommandFactory;

use crate::args::{Cli, CompletionsArgs};
use crate::messages;

/// Runs the command.
pub fn run(args: &CompletionsArgs) -> anyhow::Result<()> {
    let mut command = Cli::command();
    let name = command.get_name().to_owned();
    // In memory first: the generator panics where it cannot write, as to a reader that has gone.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, name, &mut script);
    messages::print(&String::from_utf8(script)?)?;
    Ok(())
}
