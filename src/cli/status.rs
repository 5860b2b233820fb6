//! `firstlight status`: how the boot went, and what has drifted since.

use std::time::Duration;

use clap::Args;

use super::context::Context;
use super::exit::Exit;
use crate::agent::boot::published;
use crate::agent::confirm::pending;
use crate::agent::cut_off::{cut_off, is_over};
use crate::document::Config;
use crate::engine::drift::sort;
use crate::engine::{Baseline, drift, survey, unmet};
use crate::report::drift::DriftReport;
use crate::report::status::{Standing, Status, Unconfirmed};
use crate::state::Store;
use crate::system::{Machine, System};

/// How often `status --wait` checks.
const POLL: Duration = Duration::from_millis(200);

/// The arguments of `status`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Wait until firstlight has finished in this boot
    #[arg(long)]
    wait: bool,
    /// Show drift: what has changed since firstlight configured it; exit with status 3 if there is any
    #[arg(long)]
    drift: bool,
}

pub async fn run(arguments: &Arguments, context: &Context) -> anyhow::Result<Exit> {
    let system = context.system()?;
    let status = match look(&system)? {
        status if has_ended(&status) => status,
        status if status.status == Standing::NotRun && !arguments.wait => status,
        _ => wait(context, arguments.wait).await?,
    };
    if arguments.drift {
        return show_drift(context).await;
    }
    context.print(&status, |style| status.render(style))?;
    Ok(status.status.into())
}

fn has_ended(status: &Status) -> bool {
    !matches!(status.status, Standing::Running | Standing::NotRun)
}

/// The status once all stages are over, or with `until_over: false` that of now. What was killed says nothing any more:
/// systemd knows.
async fn wait(context: &Context, until_over: bool) -> anyhow::Result<Status> {
    let system = context.connected().await?;
    loop {
        let is_over = is_over(&system).await;
        let status = look(&system)?;
        match has_ended(&status) {
            false if is_over => return Ok(cut_off(status)),
            false if until_over => tokio::time::sleep(POLL).await,
            _ => return Ok(status),
        }
    }
}

async fn show_drift(context: &Context) -> anyhow::Result<Exit> {
    let system = context.connected().await?;
    let store = Store::new(system.root.clone());
    let baseline = Baseline::read(&store, &system.root)?;
    let facts = survey(&system, &[], &Config::default(), baseline.inventory.units()).await;
    let mut found = drift(&Machine::new(&system.root, &facts), &baseline)?;
    found.extend(unmet(&system, &baseline).await);
    sort(&mut found);
    let generation = store.current()?.map(|generation| generation.number);
    let report = DriftReport::new(generation, baseline.inventory.len(), found);
    context.print(&report, |style| report.render(style))?;
    Ok(if report.drift.is_empty() {
        Exit::Done
    } else {
        Exit::Pending
    })
}

fn look(system: &System) -> anyhow::Result<Status> {
    let store = Store::new(system.root.clone());
    let mut status = of_boot(system, &store)?;
    // Only root can read the state; everyone may see how the boot went.
    if let Ok(generations) = store.generations() {
        status.take_in(&generations);
    }
    if let Some(current) = store.current().ok().flatten() {
        status.commands = store.commands(&current.instance_id).unwrap_or_default();
    }
    let pending = pending(system, &store).ok().flatten();
    status.unconfirmed = pending.map(|(generation, reverts_in)| Unconfirmed { generation, reverts_in });
    Ok(status)
}

fn of_boot(system: &System, store: &Store) -> anyhow::Result<Status> {
    if let Some(status) = published(store)? {
        return Ok(status);
    }
    let words = system
        .root
        .read_text("/proc/cmdline")
        .ok()
        .flatten()
        .unwrap_or_default();
    Ok(match words.split_whitespace().any(|word| word == "firstlight=off") {
        true => Status::plain(
            Standing::Disabled,
            "switched off by firstlight=off on the kernel command line",
        ),
        false => Status::plain(Standing::NotRun, "firstlight has not run in this boot"),
    })
}
