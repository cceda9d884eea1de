//! `seqgan schema`: prints the JSON schema of a configuration file.

use seqgan::experiment::schema;

use crate::messages;

/// Runs the command.
pub fn run() -> anyhow::Result<()> {
    messages::print(&format!("{:#}\n", schema()))?;
    Ok(())
}
