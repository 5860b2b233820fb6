//! Undoes changes from the journal, newest first.

use std::collections::BTreeSet;

use super::act::{ActError, Scene};
use super::confirm;
use super::reaction::{is_gone, react};
use crate::module::Dirty;
use crate::state::{Before, Generation, Mark, Outcome, Record, StateError, Store, Undo};
use crate::system::{Facts, Machine, System};

/// The result of a rollback.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Undone {
    /// The generations that were undone, newest first.
    pub generations: Vec<u32>,
    /// How many changes were undone.
    pub changes: usize,
    /// What was done, one sentence each.
    pub done: Vec<String>,
    /// What does not work now, one sentence each: units that did not start again.
    pub broken: Vec<String>,
    /// What could not be undone: commands that were run.
    pub kept: Vec<String>,
    /// What will be undone once there is a system bus: units to start or stop.
    pub left: Vec<String>,
}

/// Why a rollback did not finish.
#[derive(Debug, thiserror::Error)]
pub enum RollbackError {
    /// There is no such generation, or it is not in force.
    #[error("{0}")]
    NotThere(String),
    /// The state can't be read or written.
    #[error(transparent)]
    State(#[from] StateError),
    /// Something could not be undone. The journal still has it: try again once the cause is corrected.
    #[error(
        "generation {generation} is not fully undone: {cause}; correct the cause, then run `firstlight rollback \
         --resume`"
    )]
    Act {
        /// The generation.
        generation: u32,
        /// What failed.
        cause: ActError,
    },
}

/// Undoes every generation from the newest in force down to `to`, or only the newest.
///
/// # Errors
/// There is nothing to undo, or something could not be undone.
pub async fn rollback(system: &System, store: &Store, facts: &Facts, to: Option<u32>) -> Result<Undone, RollbackError> {
    let mut in_force: Vec<Generation> = store.generations()?;
    in_force.retain(Generation::is_in_force);
    in_force.reverse();
    // A rollback can't go past a generation that can't be undone.
    let kept = in_force
        .iter()
        .take_while(|generation| matches!(store.is_pruned(generation.number), Ok(false)));
    in_force.truncate(kept.count());
    let Some(newest) = in_force.first() else {
        return Err(RollbackError::NotThere(
            "there is no generation to roll back".to_owned(),
        ));
    };
    let down_to = to.unwrap_or(newest.number);
    if !in_force.iter().any(|generation| generation.number == down_to) {
        return Err(RollbackError::NotThere(why_not(down_to, &in_force)));
    }
    let mut undone = Undone::default();
    for generation in in_force
        .into_iter()
        .take_while(|generation| generation.number >= down_to)
    {
        undone.add(take_back_generation(system, store, facts, generation).await?);
        if !undone.left.is_empty() {
            // The changes of older generations are undone after those of this one, never before.
            break;
        }
    }
    Ok(undone)
}

/// Undoes one generation, and records the beginning and the end. After an interruption the next run continues
/// ([`super::recover`]).
pub(super) async fn take_back_generation(
    system: &System,
    store: &Store,
    facts: &Facts,
    generation: Generation,
) -> Result<Undone, RollbackError> {
    let number = generation.number;
    // Check this before anything is changed.
    store.check_undo(number)?;
    let begun = Generation {
        outcome: match generation.outcome {
            outcome if generation.undoing => outcome,
            // It never finished, and was already being undone.
            Outcome::Running => Outcome::Failed,
            Outcome::Done | Outcome::Degraded | Outcome::Failed | Outcome::RolledBack => Outcome::RolledBack,
        },
        undoing: true,
        ..generation
    };
    store.save(&begun)?;
    let undone = undo_generation(system, store, facts, number, None).await;
    let mut undone = undone.map_err(|cause| RollbackError::Act {
        generation: number,
        cause,
    })?;
    undone.generations.push(number);
    if undone.left.is_empty() {
        let ended = Generation {
            undoing: false,
            ..begun
        };
        store.save(&ended)?;
        if ended.unconfirmed.is_some() {
            confirm::disarm(system).await;
        }
    }
    Ok(undone)
}

impl Undone {
    /// Adds the result of another part.
    pub fn add(&mut self, part: Self) {
        self.generations.extend(part.generations);
        self.changes += part.changes;
        self.done.extend(part.done);
        self.broken.extend(part.broken);
        self.kept.extend(part.kept);
        self.left.extend(part.left);
    }
}

/// Why the machine can't go back to before `number`.
fn why_not(number: u32, in_force: &[Generation]) -> String {
    match in_force.last() {
        Some(oldest) if number < oldest.number => format!(
            "generation {number} is no longer kept or was undone; generation {} is the oldest that can be rolled back",
            oldest.number
        ),
        _ => format!("generation {number} is not in force; `firstlight history` lists those that are"),
    }
}

/// Undoes the changes of generation `number`: all of them, or those of one module.
///
/// # Errors
/// Something could not be undone; the rest is still in the journal.
pub(super) async fn undo_generation(
    system: &System,
    store: &Store,
    facts: &Facts,
    number: u32,
    module: Option<&str>,
) -> Result<Undone, ActError> {
    let mut undone = Undone::default();
    let mut dirties = Vec::new();
    let mut gone: BTreeSet<String> = BTreeSet::new();
    if module.is_none() {
        store.mark(number, Mark::RollingBack)?;
    }
    let mut kept: Vec<Record> = Vec::new();
    let mut stuck: Vec<Undo> = Vec::new();
    let mut failed: Option<ActError> = None;
    for record in newest_first(store.records(number)?) {
        let other = module.is_some_and(|module| record.module != module);
        if other || stuck.iter().any(|newer| record.undo.waits_for(newer)) {
            kept.push(record);
            continue;
        }
        let scene = Scene {
            system,
            store,
            generation: number,
            module: &record.module,
            by_hand: false,
        };
        match record.undo.kind().take_back(&scene, &record).await {
            Ok(Back::Taken) => {
                undone.changes += 1;
                undone.done.extend(record.undo.kind().in_words());
            }
            Ok(Back::Impossible(what)) => undone.kept.push(what),
            Ok(Back::Later(what)) => {
                undone.left.push(what);
                stuck.push(record.undo.clone());
                kept.push(record);
                continue;
            }
            // One failed undo must not prevent others, such as the network's.
            Err(error) => {
                tracing::error!("undoing: {error}");
                failed.get_or_insert(error);
                stuck.push(record.undo.clone());
                kept.push(record);
                continue;
            }
        }
        if let Undo::Path(path) = &record.undo
            && path.before == Before::Absent
        {
            let units = record.dirties.iter().filter_map(Dirty::unit);
            let units = units.filter(|unit| is_gone(&path.path, unit, &system.root));
            gone.extend(units.map(str::to_owned));
        }
        dirties.extend(record.dirties);
    }
    store.restore_inventory(number, module)?;
    // A unit that is gone is not restarted.
    dirties.retain(|dirty| !dirty.unit().is_some_and(|unit| gone.contains(unit)));
    notice(system, store, facts, number, dirties, &mut undone).await?;
    kept.reverse();
    store.replace_records(number, &kept)?;
    if module.is_none() && !kept.is_empty() {
        store.mark(number, Mark::RollingBack)?;
    }
    failed.map_or(Ok(undone), Err)
}

/// The records in the order in which they are undone. Units that ran before are started last, when their files are there
/// again; not where an older record of the same generation decides whether the unit runs.
fn newest_first(mut records: Vec<Record>) -> Vec<Record> {
    records.reverse();
    let units: Vec<_> = records
        .iter()
        .map(|record| record.undo.unit_active().cloned())
        .collect();
    let is_last = |at: usize| {
        let undo = units.get(at).and_then(Option::as_ref);
        let older = || units.iter().skip(at + 1).flatten();
        undo.is_some_and(|undo| undo.active && !older().any(|older| older.unit == undo.unit))
    };
    let (last, first): (Vec<_>, Vec<_>) = records.into_iter().enumerate().partition(|(at, _)| is_last(*at));
    first.into_iter().chain(last).map(|(_, record)| record).collect()
}

/// Notifies services once everything is restored.
async fn notice(
    system: &System,
    store: &Store,
    facts: &Facts,
    generation: u32,
    dirties: Vec<Dirty>,
    undone: &mut Undone,
) -> Result<(), ActError> {
    let scene = Scene {
        system,
        store,
        generation,
        module: "rollback",
        by_hand: false,
    };
    if let (true, Some(bus)) = (dirties.contains(&Dirty::Manager), &system.bus) {
        bus.reload_manager().await?;
    }
    let facts = facts_by_now(system, facts, &dirties).await?;
    for reaction in react(dirties.iter(), &Machine::new(&system.root, &facts)) {
        let told = dirties.iter().filter(|dirty| reaction.kind().tells(dirty));
        let unit = told.filter_map(Dirty::unit).next();
        if let (Some(bus), Some(unit)) = (&system.bus, unit) {
            // A unit that was broken may have reached its start limit.
            bus.reset_failed(unit).await;
        }
        // The files are restored. A unit that rejects them is no reason to repeat everything.
        match scene.act(&reaction).await {
            Ok(()) => undone.done.push(match unit {
                Some(unit) => format!("reloaded {unit}"),
                None => "made the list of trusted certificates again".to_owned(),
            }),
            Err(error) => {
                tracing::error!("undoing: {error}");
                undone.broken.push(error.to_string());
            }
        }
    }
    Ok(())
}

/// The facts, updated with what the undo started and stopped: units that it stopped must not be restarted, and units
/// that it started before their files were restored must be.
async fn facts_by_now(system: &System, facts: &Facts, dirties: &[Dirty]) -> Result<Facts, ActError> {
    let mut facts = facts.clone();
    if let (Some(live), Some(bus)) = (&mut facts.live, &system.bus) {
        let units: Vec<&str> = dirties.iter().filter_map(Dirty::unit).collect();
        live.units.extend(bus.unit_facts(&units).await?);
    }
    Ok(facts)
}

/// The result for one record.
pub(super) enum Back {
    /// It is undone.
    Taken,
    /// It can't be undone; what was done.
    Impossible(String),
    /// There is no system bus yet; what is to be done.
    Later(String),
}

#[cfg(test)]
mod tests;
