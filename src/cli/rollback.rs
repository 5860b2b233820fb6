//! `firstlight rollback`: undo generations.

use clap::Args;
use serde::Serialize;

use super::context::Context;
use super::exit::Exit;
use crate::agent::confirm::revert;
use crate::document::Config;
use crate::document::plain::plain;
use crate::engine::{Undone, recover, rollback, survey};
use crate::report::SCHEMA;
use crate::report::words::count;
use crate::state::Store;
use crate::system::System;

/// The arguments of `rollback`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Undo this generation and all later ones [default: only the newest]
    generation: Option<u32>,
    /// Resume a rollback that did not finish
    #[arg(long, conflicts_with = "generation")]
    resume: bool,
    /// Used by the timer of `apply --confirm`: undo the generation unless it was confirmed
    #[arg(long, hide = true, requires = "generation", conflicts_with = "resume")]
    unconfirmed: bool,
}

/// What was rolled back. Its JSON form is stable.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Rollback"))]
pub struct Report {
    /// The version of this form.
    schema: u32,
    /// The generations that were undone, newest first.
    generations: Vec<u32>,
    /// How many changes were taken back.
    changes: usize,
    /// What was done, one sentence each.
    done: Vec<String>,
    /// What does not work now, one sentence each.
    broken: Vec<String>,
    /// What can't be taken back, a sentence each.
    kept: Vec<String>,
    /// What will be undone once there is a system bus.
    left: Vec<String>,
}

pub async fn run(arguments: &Arguments, context: &Context) -> anyhow::Result<Exit> {
    context.must_be_root()?;
    let system = context.connected().await?;
    let store = Store::new(system.root.clone());
    let undone = match (arguments.unconfirmed, arguments.generation) {
        (true, Some(number)) => revert(&system, &store, number).await?,
        _ => undo(arguments, &system, &store).await?,
    };
    let report = Report {
        schema: SCHEMA,
        generations: undone.generations,
        changes: undone.changes,
        done: undone.done,
        broken: undone.broken,
        kept: undone.kept,
        left: undone.left,
    };
    context.print(&report, |_| report.render())?;
    Ok(if report.left.is_empty() && report.broken.is_empty() {
        Exit::Done
    } else {
        Exit::Degraded
    })
}

/// An unfinished rollback is finished first. If that is what was requested, nothing more is undone.
async fn undo(arguments: &Arguments, system: &System, store: &Store) -> anyhow::Result<Undone> {
    let _lock = store.lock()?;
    let mut undone = recover(system, store).await?;
    let done = match arguments.generation {
        Some(number) => undone.generations.contains(&number),
        None => arguments.resume || !undone.generations.is_empty(),
    };
    if !done {
        let facts = survey(system, &[], &Config::default(), Vec::new()).await;
        undone.add(rollback(system, store, &facts, arguments.generation).await?);
    }
    Ok(undone)
}

impl Report {
    fn render(&self) -> String {
        if self.generations.is_empty() {
            return "nothing to undo\n".to_owned();
        }
        let numbers: Vec<String> = self.generations.iter().map(u32::to_string).collect();
        let mut text = format!(
            "rolled back {}: {} undone\n",
            match numbers.as_slice() {
                [one] => format!("generation {one}"),
                several => format!("generations {}", several.join(", ")),
            },
            count(self.changes, "change")
        );
        for what in &self.done {
            text.push_str(&format!("  {}\n", plain(what)));
        }
        for what in &self.broken {
            text.push_str(&format!("does not work now: {}\n", plain(what)));
        }
        for what in &self.kept {
            text.push_str(&format!("can't be undone: {}\n", plain(what)));
        }
        for what in &self.left {
            text.push_str(&format!("will be undone once there is a system bus: {}\n", plain(what)));
        }
        text
    }
}
