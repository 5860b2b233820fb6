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
    /// Everything that is files, before the network
    Local,
    /// Everything that talks, with the bus
    System,
    /// What needs the network: the document is fetched
    Final,
}

pub async fn run(arguments: &Arguments, context: &Context) -> anyhow::Result<Exit> {
    context.must_be_root()?;
    anyhow::ensure!(
        context.system()?.live,
        "a boot is of the running machine: leave --root out"
    );
    let stage = match arguments.stage {
        StageName::Local => Stage::Local,
        StageName::System => Stage::System,
        StageName::Final => Stage::Final,
    };
    // What there is to say goes to the journal and into the status; nobody reads a unit's standard output.
    Ok(Exit::of_boot(boot(stage, context.source.as_ref()).await?.status))
}
