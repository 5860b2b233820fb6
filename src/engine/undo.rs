//! Takes changes back, newest first, from the journal.

use super::act::{ActError, JOB_LIMIT, Scene, set_kernel_hostname};
use super::confirm;
use super::reaction::react;
use crate::module::{Change, Dirty};
use crate::state::{Before, Generation, Mark, Outcome, Record, StateError, Step, Store, Undo};
use crate::system::systemd::Verb;
use crate::system::{Facts, Kind, Machine, System, account};

/// Who reads the network's files.
const NETWORKD: &str = "systemd-networkd.service";

/// What a rollback did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Undone {
    /// The generations that were undone, newest first.
    pub generations: Vec<u32>,
    /// How many changes were taken back.
    pub changes: usize,
    /// What was done, a sentence each.
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
        "generation {generation} is not fully undone: {cause}; once the cause is gone, `firstlight rollback --resume` goes on"
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
            _ => Outcome::RolledBack,
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
            "generation {number} is no longer kept, or was undone; generation {} is the oldest that can be rolled back",
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
        match take_back(system, store, number, &record).await {
            Ok(Back::Taken) => {
                undone.changes += 1;
                undone.done.extend(in_words(&record.undo));
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
        let unit = match &reaction {
            Change::Unit(change) => change.unit.as_str(),
            _ => NETWORKD,
        };
        if let Some(bus) = &system.bus {
            // What was broken a moment ago may have been started too often of late.
            bus.reset_failed(unit).await;
        }
        // The files are back. That a unit does not take them is no reason to try all of it again.
        match scene.act(&reaction).await {
            Ok(()) => undone.done.push(format!("told {unit} to read its files again")),
            Err(error) => {
                tracing::error!("undoing: {error}");
                undone.broken.push(error.to_string());
            }
        }
    }
    Ok(())
}

/// What taking something back does, for a report.
fn in_words(undo: &Undo) -> Option<String> {
    Some(match undo {
        Undo::Path {
            path,
            before: Before::Absent,
        } => format!("removed {path}"),
        Undo::Path { path, .. } => format!("put back {path}"),
        Undo::AccountEntry { path, name, .. } => format!("put back {name} in {path}"),
        Undo::Hostname { before } => format!("named the machine {before} again"),
        Undo::UnitActive { unit, active: true } => format!("started {unit} again"),
        Undo::UnitActive { unit, active: false } => format!("stopped {unit} again"),
        Undo::Impossible { .. } => return None,
    })
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
enum Back {
    Taken,
    /// It can't be undone; what was done.
    Impossible(String),
    /// There is no system bus yet; what is to be done.
    Later(String),
}

/// Takes back what is of files; of what is not there is nothing to do.
fn take_back_path(system: &System, store: &Store, number: u32, record: &Record) -> Result<(), ActError> {
    // It is there still when a failure came before its turn: what stands in its place is not ours.
    if let Some(Step::Publish { temporary }) = &record.step
        && system.writer.metadata(temporary)?.is_some()
    {
        return Ok(system.writer.remove(temporary)?);
    }
    match &record.undo {
        // A directory that was made on the way to a file: whatever stands there now, only an empty directory goes.
        Undo::Path {
            path,
            before: Before::Absent,
        } if !record.immediate && record.step.is_none() => system.writer.remove_directory(path)?,
        Undo::Path { path, before } => put_back(system, store, number, path, before)?,
        Undo::AccountEntry { path, name, image } => {
            let line = image.as_ref().map(|image| store.image(number, image)).transpose()?;
            put_back_entry(system, path, name, line.as_deref())?;
        }
        Undo::Hostname { .. } | Undo::UnitActive { .. } | Undo::Impossible { .. } => {}
    }
    Ok(())
}

async fn take_back(system: &System, store: &Store, number: u32, record: &Record) -> Result<Back, ActError> {
    match &record.undo {
        Undo::Path { .. } | Undo::AccountEntry { .. } => take_back_path(system, store, number, record)?,
        // In a tree nothing runs: what a running machine has besides its files is not there to be taken back.
        Undo::Hostname { .. } | Undo::UnitActive { .. } if !system.live => {}
        Undo::Hostname { before } if before.is_empty() => {}
        Undo::Hostname { before } => set_kernel_hostname(system, before).await?,
        Undo::UnitActive { unit, active } => {
            let Some(bus) = &system.bus else {
                let verb = if *active { Verb::Start } else { Verb::Stop };
                return Ok(Back::Later(format!("{verb} {unit}")));
            };
            if *active {
                // A mask that was taken away a moment ago still holds for systemd until it reads its files again.
                bus.reload_manager().await?;
                bus.reset_failed(unit).await;
                bus.run_job(Verb::Start, unit, JOB_LIMIT).await?;
            } else {
                bus.run_job(Verb::Stop, unit, JOB_LIMIT).await?;
            }
        }
        Undo::Impossible { what } => return Ok(Back::Impossible(what.clone())),
    }
    Ok(Back::Taken)
}

fn put_back(system: &System, store: &Store, number: u32, path: &str, before: &Before) -> Result<(), ActError> {
    let writer = &system.writer;
    let is_directory = writer
        .metadata(path)?
        .is_some_and(|there| there.kind == Kind::Directory);
    match before {
        Before::Absent if is_directory => writer.remove_directory(path)?,
        Before::Absent => writer.remove(path)?,
        Before::File { image, mode, owner } => {
            let bytes = store.image(number, image)?;
            // What was never reached is left alone: what kept it from being changed keeps it from being put back as well.
            if !is_file(system, path, &bytes, *mode, *owner)? {
                writer.write_file(path, &bytes, *mode, *owner)?;
            }
        }
        Before::Directory { mode, owner } => writer.make_directory(path, *mode, *owner)?,
        Before::Symlink { target } => writer.symlink(path, target)?,
    }
    Ok(())
}

/// Whether this very file is at `path`.
fn is_file(system: &System, path: &str, bytes: &[u8], mode: u32, owner: (u32, u32)) -> Result<bool, ActError> {
    let there = system.root.metadata(path)?;
    let alike = there.is_some_and(|m| m.kind == Kind::File && m.mode == mode && (m.uid, m.gid) == owner);
    Ok(alike && system.root.read(path)?.is_some_and(|now| now == bytes))
}

fn put_back_entry(system: &System, path: &str, name: &str, line: Option<&[u8]>) -> Result<(), ActError> {
    let _lock = system.lock_accounts()?;
    let Some(as_is) = system.root.metadata_followed(path)? else {
        return Ok(());
    };
    let now = system.root.read(path)?.unwrap_or_default();
    let restored = account::restore::with_line(&now, name, line);
    if restored == now {
        return Ok(());
    }
    Ok(system
        .writer
        .write_file(path, &restored, as_is.mode, (as_is.uid, as_is.gid))?)
}

#[cfg(test)]
mod tests;
