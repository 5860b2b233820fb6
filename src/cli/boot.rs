//! `firstlight boot`: what the units run.

use clap::{Args, ValueEnum};

use super::context::Context;
use super::exit::Exit;
use crate::agent::boot::boot;
use crate::module::Stage;

/// The arguments of `boot`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The stage of the boot
    #[arg(long, value_enum)]
    stage: StageName,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum StageName {
    /// Writes the files, before the network starts
    Local,
    /// Manages the units and services, once the system bus is up
    System,
    /// Fetches and applies a document that needs the network
    Final,
}

pub async fn run(arguments: &Arguments, context: &Context) -> anyhow::Result<Exit> {
    context.must_be_root()?;
    anyhow::ensure!(
        context.system()?.live,
        "`boot` works only on the running machine; leave out --root"
    );
    let stage = match arguments.stage {
        StageName::Local => Stage::Local,
        StageName::System => Stage::System,
        StageName::Final => Stage::Final,
    };
    // Messages go to the journal and the status; nobody reads a unit's standard output.
    Ok(Exit::of_boot(boot(stage, context.source.as_ref()).await?.status))
}
