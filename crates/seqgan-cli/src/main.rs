//! The command line of SeqGAN: parses, dispatches to `commands/`, shows progress, chooses the exit status.

mod args;
mod choice;
mod commands;
mod interrupt;
mod messages;
mod numbers;
mod options;
mod outcome;
mod progress;
mod study_table;
mod table;
mod terminal;

use std::process::ExitCode;

use clap::Parser;

use crate::args::{Cli, Command};
use crate::interrupt::Interrupt;
use crate::progress::Progress;

fn main() -> ExitCode {
    messages::explain_panics();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return messages::finish_parsing(&error),
    };
    let interrupt = Interrupt::default();
    messages::finish(dispatch(&cli, &interrupt), &interrupt)
}

fn dispatch(cli: &Cli, interrupt: &Interrupt) -> anyhow::Result<()> {
    let progress = Progress::on_stderr(cli.quiet);
    match &cli.command {
        Command::Oracle(args) => commands::oracle::run(args, progress, interrupt),
        Command::Train(args) => commands::train::run(args, progress, interrupt),
        Command::Compare(args) => commands::compare::run(args, progress, interrupt),
        Command::Sample(args) => commands::sample::run(args, progress),
        Command::Score(args) => commands::score::run(args, progress),
        Command::Evaluate(args) => commands::evaluate::run(args, progress),
        Command::Report(args) => commands::report::run(args),
        Command::Inspect(args) => commands::inspect::run(args),
        Command::Schema(_) => commands::schema::run(),
        Command::Completions(args) => commands::completions::run(args),
        Command::Man(args) => commands::man::run(args),
    }
}
