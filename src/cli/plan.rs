//! `firstlight plan`: what would change.

mod network_graph;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use clap::Args;

use super::context::Context;
use super::exit::Exit;
use crate::engine::{Baseline, add_unmet, survey_and_plan};
use crate::module;
use crate::report::plan::PlanReport;
use crate::state::{StateError, Store};
use crate::system::clock::BootTime;
use crate::system::network::Session;
use crate::system::{Root, write};
use crate::vocabulary::Run;

/// The arguments of `plan`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The document, or `-` for standard input [default: search the sources]
    document: Option<PathBuf>,
    /// Exit with status 3 if something would change
    #[arg(long)]
    exit_code: bool,
    /// Only this module; can be repeated
    #[arg(long, value_name = "MODULE", value_parser = module::NAMES)]
    only: Vec<String>,
    /// Draw the network as it will be, as an SVG image; `-` prints it instead of the plan
    #[arg(long, value_name = "FILE")]
    network_graph: Option<PathBuf>,
}

pub async fn run(arguments: Arguments, context: &Context) -> anyhow::Result<Exit> {
    let system = context.connected().await?;
    let Some(input) = context.input(arguments.document.as_deref(), &system).await? else {
        return Ok(Exit::NoSource);
    };
    let modules = module::only(&arguments.only);
    let root = system.root.at_one_moment();
    let baseline = baseline(&root)?;
    let ran = ran(&root, &input.instance_id)?;
    let (facts, mut plan) = survey_and_plan(
        (&system, &root),
        &modules,
        &input.document,
        &baseline,
        (ran, BTreeSet::new()),
    )
    .await?;
    add_unmet(&system, &mut plan).await;
    let report = PlanReport::of(&plan, &input.document.diagnostics, &root, system.live)?;
    let session = system.live.then(|| Session::current(&system.root)).flatten();
    let report = report.disturbing(&plan, session.as_ref());
    for problem in plan.problems() {
        context.say(&problem.render(false));
    }
    let printed = match &arguments.network_graph {
        Some(file) => network_graph::draw(file, &input.document, &facts, context)?,
        None => false,
    };
    if !printed {
        context.print(&report, |style| report.render(style, context.verbose))?;
    }
    Ok(match () {
        () if input.document.has_errors() => Exit::Invalid,
        () if plan.problems().next().is_some() => Exit::Failed,
        () if arguments.exit_code && !plan.is_empty() => Exit::Pending,
        () => Exit::Done,
    })
}

/// What ran once for this instance; for users who can't read that, nothing.
fn ran(root: &Root, instance_id: &str) -> Result<BTreeMap<String, Run>, StateError> {
    match Store::new(root.clone()).ran_by_now(instance_id, &BootTime::now(root).boot_id) {
        Err(StateError::Read(_)) if !write::may_own() => Ok(BTreeMap::new()),
        ran => ran,
    }
}

/// Only root can read the state. For other users the plan assumes that firstlight never changed the machine.
fn baseline(root: &Root) -> Result<Baseline, StateError> {
    match Baseline::read(&Store::new(root.clone()), root) {
        Err(StateError::Read(error)) if !write::may_own() => {
            tracing::error!("{error}: the plan doesn't show what would be removed; run it as root to see that");
            Ok(Baseline::default())
        }
        baseline => baseline,
    }
}
