//! `firstlight run-script`: what the units of commands and scripts run.

use std::time::Duration;

use clap::Args;

use super::context::Context;
use super::exit::Exit;
use crate::agent::script::{run_script, wait_for_others};
use crate::state::CommandState;

/// The arguments of `run-script`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Under which name it is recorded
    name: String,
    /// The script
    path: String,
    /// Wait so many seconds for a firstlight that is changing this machine
    #[arg(long, value_name = "SECONDS")]
    wait: Option<u64>,
    /// A program, and then each of its arguments, that runs the script's interpreter
    #[arg(long, value_name = "WORD", allow_hyphen_values = true)]
    prefix: Vec<String>,
}

pub fn run(arguments: &Arguments, context: &Context) -> anyhow::Result<Exit> {
    context.must_be_root()?;
    if let Some(seconds) = arguments.wait {
        wait_for_others(Duration::from_secs(seconds));
    }
    let record = run_script(&arguments.name, &arguments.path, &arguments.prefix)?;
    Ok(match record.state {
        CommandState::Done => Exit::Done,
        CommandState::Failed | CommandState::Running => Exit::Failed,
    })
}
