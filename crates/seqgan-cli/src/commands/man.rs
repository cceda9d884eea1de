//! `seqgan man`: manual pages, made from the definition of the command line.

use std::fs;

use clap::{Command, CommandFactory};
use clap_mangen::Man;
use seqgan::Error;
use seqgan::checkpoint::write_atomically;

use crate::args::{Cli, ManArgs};
use crate::messages;

/// Runs the command.
pub fn run(args: &ManArgs) -> anyhow::Result<()> {
    // Built, so that the pages of commands name the options that all have in common, and themselves in full.
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    let Some(folder) = &args.out else {
        messages::print(&String::from_utf8(page(&command)?)?)?;
        return Ok(());
    };
    fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
    let mut names = String::new();
    for command in std::iter::once(&command).chain(command.get_subcommands()) {
        let path = folder.join(Man::new(command.clone()).get_filename());
        // Pages of an older version are replaced: nothing else has these names.
        write_atomically(&path, &page(command)?)?;
        names.push_str(&format!("{}\n", path.display()));
    }
    messages::print(&names)?;
    Ok(())
}

/// The page of a command.
fn page(command: &Command) -> anyhow::Result<Vec<u8>> {
    let mut page = Vec::new();
    Man::new(command.clone()).render(&mut page)?;
    Ok(page)
}
