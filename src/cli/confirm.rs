//! `firstlight confirm`: keep the changes of `apply --confirm`.

use serde::Serialize;

use super::context::Context;
use super::exit::Exit;
use crate::agent::confirm::confirm_generation;
use crate::report::SCHEMA;
use crate::state::Store;

/// What was confirmed. Its JSON form is stable.
#[derive(Debug, Serialize)]
struct Report {
    schema: u32,
    generation: u32,
}

pub async fn run(context: &Context) -> anyhow::Result<Exit> {
    context.must_be_root()?;
    let system = context.connected().await?;
    let store = Store::new(system.root.clone());
    let _lock = store.lock()?;
    let generation = confirm_generation(&system, &store).await?.number;
    let report = Report {
        schema: SCHEMA,
        generation,
    };
    context.print(&report, |_| format!("generation {generation} is confirmed and stays\n"))?;
    Ok(Exit::Done)
}
