//! `firstlight run-script`: what the units of commands and scripts run.

use clap::Args;

use super::context::Context;
use super::exit::Exit;
use crate::agent::script::run_script;
use crate::state::CommandState;

/// The arguments of `run-script`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Under which name it is recorded
    name: String,
    /// The script
    path: String,
}

pub fn run(arguments: &Arguments, context: &Context) -> anyhow::Result<Exit> {
    context.must_be_root()?;
    let record = run_script(&arguments.name, &arguments.path)?;
    Ok(match record.state {
        CommandState::Done => Exit::Done,
        CommandState::Failed | CommandState::Running => Exit::Failed,
    })
}
