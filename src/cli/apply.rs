//! `firstlight apply`: apply a document.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::bail;
use clap::Args;

use super::context::Context;
use super::exit::Exit;
use crate::agent::confirm::settle;
use crate::agent::{Request, carry_out};
use crate::document::duration;
use crate::engine::Policy;
use crate::engine::confirm::can_arm;
use crate::module::{self, Stage};
use crate::report::in_force::InForce;
use crate::report::words;
use crate::source::FILE;
use crate::source::file::STANDARD_INPUT;
use crate::state::{Generation, Store};

/// How long verification waits for addresses to show and units to start.
const PATIENCE: Duration = Duration::from_secs(20);

/// The arguments of `apply`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The document, or `-` for standard input [default: search the sources]
    document: Option<PathBuf>,
    /// Apply the document in force again, which repairs drift
    #[arg(long, conflicts_with_all = ["document", "only"])]
    again: bool,
    /// Only this module; can be repeated
    #[arg(long, value_name = "MODULE", value_parser = module::NAMES)]
    only: Vec<String>,
    /// Run commands and scripts again that have run for this instance
    #[arg(long)]
    run_again: bool,
    /// Undo all changes after this time (90s, 2m, 1h) unless `firstlight confirm` is run
    #[arg(long, value_name = "TIME", value_parser = time_to_confirm)]
    confirm: Option<Duration>,
}

/// Nobody types `firstlight confirm` in less than ten seconds.
fn time_to_confirm(text: &str) -> Result<Duration, String> {
    duration::parse(text, Duration::from_secs(10)..=Duration::from_secs(24 * 60 * 60))
}

pub async fn run(arguments: Arguments, context: &Context) -> anyhow::Result<Exit> {
    context.must_be_root()?;
    let mut system = context.system()?;
    let current = Store::new(system.root.clone()).current()?;
    let again = match (arguments.again, &current) {
        (false, _) => None,
        (true, Some(current)) => Some(current),
        (true, None) => bail!("no generation is in force, so there is no document to apply again; name a document"),
    };
    let path = match again {
        Some(again) => place_of(again)?,
        None => arguments.document.clone(),
    };
    let Some(input) = context.input(path.as_deref(), &system).await? else {
        return Ok(Exit::NoSource);
    };
    let is_in_force = |current: &Generation| {
        let digest = input.seed.digest();
        current.digest == digest || current.leaves(&digest)
    };
    match (again, &current) {
        (Some(again), _) if !is_in_force(again) => bail!(
            "the document of generation {} ({} {}) has changed or is gone; `firstlight apply` applies what the source \
             has now",
            again.number,
            again.source,
            again.place
        ),
        (None, Some(current)) if path.is_none() && !is_in_force(current) => context.say(&format!(
            "applying the document from {} {}, which is not the document in force ({}); `firstlight apply --again` \
             applies the one in force",
            input.seed.source,
            input.seed.place,
            InForce::of(current).in_words()
        )),
        _ => {}
    }
    let only = again.map_or(&arguments.only, |again| &again.scope);
    if input.document.has_errors() {
        return Ok(context.refuse(&input.document));
    }
    system.connect().await?;
    if arguments.confirm.is_some() {
        can_arm(&system)?;
    }
    let store = Store::new(system.root.clone());
    let lock = store.lock()?;
    let undone = settle(&system, &store).await?;
    anyhow::ensure!(
        undone.left.is_empty(),
        "some changes of an earlier generation can't be undone without a system bus; start D-Bus and try again: {}",
        undone.left.join(", ")
    );
    let modules = module::only(only);
    let request = Request {
        document: &input.document,
        instance_id: &input.instance_id,
        origin: (&input.seed.source, &input.seed.place),
        digest: &input.seed.digest(),
        pointer: input.seed.pointer.as_deref(),
        modules: &modules,
        scope: only,
        stage: Stage::Final,
        default_policy: Policy::Rollback,
        patience: PATIENCE,
        resume: None,
        always: false,
        confirm: arguments.confirm,
        run_again: arguments.run_again,
    };
    if let Some(time) = arguments.confirm {
        context.say(&before_it_is_lost(time));
    }
    let report = carry_out(&system, &store, &request).await?;
    // A slow reader of the output must not block the next run.
    drop(lock);
    context.print(&report, |style| report.render(style))?;
    Ok(report.outcome.into())
}

/// The file of a generation's document; `None` if it came from another source.
fn place_of(generation: &Generation) -> anyhow::Result<Option<PathBuf>> {
    if generation.source != FILE {
        return Ok(None);
    }
    if generation.place == STANDARD_INPUT {
        bail!(
            "generation {} came from standard input, which can't be read again; pass its document to `firstlight \
             apply -`",
            generation.number
        );
    }
    Ok(Some(PathBuf::from(&generation.place)))
}

/// What the user must know before the connection drops.
fn before_it_is_lost(time: Duration) -> String {
    format!(
        "applying; all changes are undone in {} unless you run `firstlight confirm`. If the connection drops, log in \
         again at the new address and run it there",
        words::time(time.as_secs())
    )
}
