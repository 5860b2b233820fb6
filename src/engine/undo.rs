//! Takes changes back, newest first, from the journal.

use super::act::{ActError, Scene};
use super::confirm;
use super::reaction::react;
use crate::module::Dirty;
use crate::state::{Generation, Mark, Outcome, Record, StateError, Store, Undo};
use crate::system::{Facts, Machine, System};

/// What a rollback did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Undone {
    /// The generations that were undone, newest first.
    pub generations: Vec<u32>,
    /// How many changes were taken back.
    pub changes: usize,
    /// What was done, one sentence each.
    pub done: Vec<String>,
    /// What doesn't work now, a sentence each: units that did not come back.
    pub broken: Vec<String>,
    /// What could not be taken back: commands that were run.
    pub kept: Vec<String>,
    /// What is left in the journal for when there is a system bus: units to start or stop.
    pub left: Vec<String>,
}

/// Why a rollback did not end.
#[derive(Debug, thiserror::Error)]
pub enum RollbackError {
    /// There is no such generation, or it is not in force.
    #[error("{0}")]
    NotThere(String),
    /// The state can't be read or written.
    #[error(transparent)]
    State(#[from] StateError),
    /// Something could not be taken back. The journal still has it: try again once the cause is gone.
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

/// Takes back every generation from the newest in force down to `to`, or the newest alone.
///
/// # Errors
/// There is nothing to take back, or something could not be.
pub async fn rollback(system: &System, store: &Store, facts: &Facts, to: Option<u32>) -> Result<Undone, RollbackError> {
    let mut in_force: Vec<Generation> = store.generations()?;
    in_force.retain(Generation::is_in_force);
    in_force.reverse();
    // Behind one that can't be undone any more there is no way back either.
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
            // What older generations changed is taken back after what this one did, never before.
            break;
        }
    }
    Ok(undone)
}

/// Takes back all of one generation, and writes down that this was begun and that it ended. Cut off in between, it is gone
/// on with by whoever comes next ([`super::recover`]).
pub(super) async fn take_back_generation(
    system: &System,
    store: &Store,
    facts: &Facts,
    generation: Generation,
) -> Result<Undone, RollbackError> {
    let number = generation.number;
    // Found out before anything is touched.
    store.check_undo(number)?;
    let begun = Generation {
        outcome: match generation.outcome {
            outcome if generation.undoing => outcome,
            // It never ended, and was undoing itself.
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
    /// Takes in what another part of the work did.
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

/// Takes back what generation `number` changed: all of it, or what one module did.
///
/// # Errors
/// Something could not be taken back; what is not yet is still in the journal.
pub(super) async fn undo_generation(
    system: &System,
    store: &Store,
    facts: &Facts,
    number: u32,
    module: Option<&str>,
) -> Result<Undone, ActError> {
    let mut undone = Undone::default();
    let mut dirties = Vec::new();
    if module.is_none() {
        store.mark(number, Mark::RollingBack)?;
    }
    let mut kept: Vec<Record> = Vec::new();
    let mut stuck: Vec<Undo> = Vec::new();
    let mut failed: Option<ActError> = None;
    for record in store.records(number)?.into_iter().rev() {
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
            // One thing that can't be taken back must not cost the machine its network.
            Err(error) => {
                tracing::error!("undoing: {error}");
                failed.get_or_insert(error);
                stuck.push(record.undo.clone());
                kept.push(record);
                continue;
            }
        }
        dirties.extend(record.dirties);
    }
    store.restore_inventory(number, module)?;
    notice(system, store, facts, number, dirties, &mut undone).await?;
    kept.reverse();
    store.replace_records(number, &kept)?;
    if module.is_none() && !kept.is_empty() {
        store.mark(number, Mark::RollingBack)?;
    }
    failed.map_or(Ok(undone), Err)
}

/// Who has to notice is told once everything is back in its place.
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
    };
    if let (true, Some(bus)) = (dirties.contains(&Dirty::Manager), &system.bus) {
        bus.reload_manager().await?;
    }
    let facts = facts_by_now(system, facts, &dirties).await?;
    for reaction in react(dirties.iter(), &Machine::new(&system.root, &facts)) {
        let told = dirties.iter().filter(|dirty| reaction.kind().tells(dirty));
        let unit = told.filter_map(Dirty::unit).next().unwrap_or_default();
        if let Some(bus) = &system.bus {
            // What was broken a moment ago may have been started too often of late.
            bus.reset_failed(unit).await;
        }
        // The files are back. That a unit does not take them is no reason to try all of it again.
        match scene.act(&reaction).await {
            Ok(()) => undone.done.push(format!("reloaded {unit}")),
            Err(error) => {
                tracing::error!("undoing: {error}");
                undone.broken.push(error.to_string());
            }
        }
    }
    Ok(())
}

/// The facts, with what the undo itself has started and stopped: what it stopped shall not be restarted, and what it
/// started before its files were back shall be.
async fn facts_by_now(system: &System, facts: &Facts, dirties: &[Dirty]) -> Result<Facts, ActError> {
    let mut facts = facts.clone();
    if let (Some(live), Some(bus)) = (&mut facts.live, &system.bus) {
        let units: Vec<&str> = dirties.iter().filter_map(Dirty::unit).collect();
        live.units.extend(bus.unit_facts(&units).await?);
    }
    Ok(facts)
}

/// What became of one record.
pub(super) enum Back {
    /// It is taken back.
    Taken,
    /// It can't be undone; what was done.
    Impossible(String),
    /// There is no system bus yet; what is to be done.
    Later(String),
}

#[cfg(test)]
mod tests;
