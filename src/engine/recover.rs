//! Finishes an interrupted run, after a power cut or a kill at any point.
//!
//! Committed changes are finished, uncommitted ones are discarded, an undo that has begun is finished, and temporary
//! files are removed. Then the machine is in a consistent state, and the next run plans from there.

use super::act::ActError;
use super::batch::{abandon, carry_out, path_of};
use super::survey::survey;
use super::undo::{RollbackError, Undone, take_back_generation};
use crate::document::Config;
use crate::state::{Generation, Journal, Outcome, Record, StateError, Step, Store};
use crate::system::System;
use crate::system::write::{TEMPORARY_PREFIX, parent_of};

/// Finishes an interrupted run and continues an unfinished undo; returns what was undone. Call it with the lock held,
/// before planning.
///
/// # Errors
/// The state or the machine can't be read or written.
pub async fn recover(system: &System, store: &Store) -> Result<Undone, RollbackError> {
    let mut undone = Undone::default();
    for generation in store.generations()?.into_iter().rev() {
        if generation.undoing || generation.outcome == Outcome::Running {
            let number = generation.number;
            tracing::warn!("generation {number} was interrupted: finishing it");
            let cause = |cause| RollbackError::Act {
                generation: number,
                cause,
            };
            if clean_up(system, store, &generation).map_err(cause)? {
                let facts = survey(system, &[], &Config::default(), Vec::new()).await;
                undone.add(take_back_generation(system, store, &facts, generation).await?);
            } else {
                conclude(store, generation)?;
            }
        }
    }
    store.sweep_temporary_files()?;
    Ok(undone)
}

/// Finishes what was committed and drops the rest; returns whether the generation must be undone instead.
fn clean_up(system: &System, store: &Store, generation: &Generation) -> Result<bool, ActError> {
    let number = generation.number;
    let journal = store.journal(number)?;
    let rolling_back = generation.undoing || journal.rolling_back;
    let mut refused = Vec::new();
    if !rolling_back {
        refused = finish_files(system, store, &journal)?;
    }
    abandon(system, store, number)?;
    forget(system, store, number, &refused)?;
    sweep(system, &journal)?;
    Ok(rolling_back)
}

/// Takes what could not be put in its place out of the journal of generation `number`, and what was prepared for it away:
/// there is nothing to be undone.
pub(super) fn forget(system: &System, store: &Store, number: u32, paths: &[String]) -> Result<(), ActError> {
    if paths.is_empty() {
        return Ok(());
    }
    let records = store.records(number)?;
    let (out, kept): (Vec<Record>, Vec<Record>) = records
        .into_iter()
        .partition(|record| !record.immediate && path_of(record).is_some_and(|path| paths.iter().any(|p| p == path)));
    for record in out {
        if let Some(Step::Publish { temporary }) = record.step {
            system.writer.remove(&temporary)?;
        }
    }
    store.replace_records(number, &kept)?;
    Ok(store.restore_paths(number, paths)?)
}

fn conclude(store: &Store, generation: Generation) -> Result<(), StateError> {
    settle_inventory(store, generation.number)?;
    let outcome = if store.records(generation.number)?.is_empty() {
        Outcome::Failed
    } else {
        // Its remaining work is planned again.
        Outcome::Degraded
    };
    store.save(&Generation { outcome, ..generation })
}

/// Makes the inventory right for a generation that did not get to its end. Of one that changed nothing it is that of before.
/// Of another, what it was to take back is taken in again: it may not have come so far, and the next plan sees.
///
/// # Errors
/// The state can't be read or written.
pub fn settle_inventory(store: &Store, number: u32) -> Result<(), StateError> {
    if store.records(number)?.is_empty() {
        store.restore_inventory(number, None)
    } else {
        store.readopt_inventory(number)
    }
}

/// Carries out what was committed. What can't be put in its place must not keep the machine from booting as far as it can:
/// its path is returned.
fn finish_files(system: &System, store: &Store, journal: &Journal) -> Result<Vec<String>, ActError> {
    let committed = journal.records.iter().take(journal.committed);
    let mut refused = Vec::new();
    let mut hand = system.writer.hand();
    for record in committed.filter(|record| !record.immediate) {
        if let Err(error) = carry_out(&mut hand, record) {
            tracing::warn!("{error}: left out");
            refused.extend(path_of(record).map(str::to_owned));
        }
    }
    store.stay_behind(&system.writer)?;
    Ok(refused)
}

/// Removes what temporary files are left beside the paths of the journal.
fn sweep(system: &System, journal: &Journal) -> Result<(), ActError> {
    let mut directories: Vec<&str> = journal.records.iter().filter_map(path_of).map(parent_of).collect();
    directories.sort_unstable();
    directories.dedup();
    for directory in directories {
        let names = system.root.list(directory)?;
        for name in names.iter().filter(|name| name.starts_with(TEMPORARY_PREFIX)) {
            system
                .writer
                .remove(&format!("{}/{name}", directory.trim_end_matches('/')))?;
        }
    }
    Ok(())
}
