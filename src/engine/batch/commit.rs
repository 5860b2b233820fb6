//! Commits a batch: entries are prepared, committed by one record and put into place; those that fail are left out.

use super::{Batch, Entry, Prepared, path_of};
use crate::engine::act::ActError;
use crate::state::{Before, Mark, PathUndo, Record, StateError, Step, Store, Undo};
use crate::system::{Hand, System, WriteError, Writer, account, write};

/// Why a batch was not committed.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// These entries can't be written; nothing has changed.
    #[error("{}", .0.iter().map(|refused| refused.error.to_string()).collect::<Vec<_>>().join("; "))]
    Entries(Vec<Refused>),
    /// It failed, and nothing has changed.
    #[error(transparent)]
    Untouched(#[from] ActError),
    /// It failed, and what was prepared could not be taken away again. The journal still has it.
    #[error("{cause}")]
    Stuck {
        /// What failed first.
        cause: Box<CommitError>,
        /// What failed when it was to be taken away.
        undo: Box<ActError>,
    },
}

/// An entry of a batch that can't be written, by its number.
#[derive(Debug)]
pub struct Refused {
    at: usize,
    error: WriteError,
}

/// What was not put in its place, and why.
#[derive(Debug)]
pub struct LeftOut {
    /// The module that asked for it.
    pub module: String,
    /// Its path.
    pub path: Option<String>,
    /// Why.
    pub error: ActError,
}

impl LeftOut {
    fn of(record: &Record, error: ActError) -> Self {
        Self {
            module: record.module.clone(),
            path: path_of(record).map(str::to_owned),
            error,
        }
    }
}

impl Batch<'_> {
    /// Brings everything to disk and commits it.
    ///
    /// # Errors
    /// Some entries can't be written, or the disk is full or read-only: nothing has changed, unless what was prepared could
    /// not be taken away again.
    pub fn commit(&mut self) -> Result<(), CommitError> {
        if self.entries.is_empty() {
            return Ok(());
        }
        self.put_removed_directories_last();
        self.join_account_files().map_err(CommitError::Entries)?;
        let earlier = self.store.records(self.generation);
        let earlier = earlier.map_err(|error| CommitError::Untouched(error.into()))?.len();
        let written = self.prepare();
        written.map_err(|cause| {
            // From where this batch begins, whatever of its end the disk has taken: a mark that failed is none.
            match abandon_from(self.system, self.store, self.generation, earlier) {
                Ok(()) => cause,
                Err(undo) => CommitError::Stuck {
                    cause: Box::new(cause),
                    undo: Box::new(undo),
                },
            }
        })
    }

    /// A directory is empty once what all modules had in it is gone; the deepest goes first.
    fn put_removed_directories_last(&mut self) {
        self.entries
            .sort_by_key(|entry| match (&entry.record.step, path_of(&entry.record)) {
                (Some(Step::RemoveDirectory), Some(path)) => usize::MAX - path.split('/').count(),
                _ => 0,
            });
    }

    /// Lets the first entry about each account file write it, with the changes of all that are left: at no moment is there
    /// half of them.
    fn join_account_files(&mut self) -> Result<(), Vec<Refused>> {
        for file in self.accounts.keys().copied().collect::<Vec<_>>() {
            let about = |entry: &Entry| entry.account.as_ref().is_some_and(|(_, own)| own.path() == file);
            let places: Vec<usize> = (0..self.entries.len()).filter(|at| about(&self.entries[*at])).collect();
            let Some(first) = places.first().copied() else { continue };
            let joined = self.joined(file, &places);
            let (step, prepared) = joined.map_err(|(at, error)| vec![Refused { at, error }])?;
            for at in places {
                let entry = &mut self.entries[at];
                (entry.record.step, entry.prepared) = (None, Prepared::Nothing);
            }
            let entry = &mut self.entries[first];
            (entry.record.step, entry.prepared) = (Some(step), prepared);
        }
        Ok(())
    }

    /// An account file with the changes of the entries at these places.
    fn joined(&self, path: &str, places: &[usize]) -> Result<(Step, Prepared), (usize, WriteError)> {
        let first = places.first().copied().unwrap_or_default();
        let root = &self.system.root;
        let fail = |at, why: &dyn std::fmt::Display| (at, write::error("write", path, why));
        let there = root.metadata_followed(path).map_err(|why| fail(first, &why))?;
        let there = there.ok_or_else(|| fail(first, &"it is gone"))?;
        let mut bytes = root.read(path).map_err(|why| fail(first, &why))?.unwrap_or_default();
        for at in places {
            if let Some((change, file)) = &self.entries[*at].account {
                bytes = account::apply(change, *file, &bytes).map_err(|why| fail(*at, &why))?;
            }
        }
        let temporary = Writer::temporary_beside(path);
        let step = Step::Publish {
            temporary: temporary.clone(),
        };
        let prepared = Prepared::File {
            temporary,
            bytes: bytes.into(),
            mode: there.mode,
            owner: (there.uid, there.gid),
        };
        Ok((step, prepared))
    }

    fn prepare(&self) -> Result<(), CommitError> {
        let untouched = |error: StateError| CommitError::Untouched(error.into());
        let records = self.entries.iter().map(|entry| &entry.record);
        self.store.record_batch(self.generation, records).map_err(untouched)?;
        self.write()?;
        self.store.mark(self.generation, Mark::Committed).map_err(untouched)
    }

    /// Writes every entry beside its place; those that can't be are found all at once.
    fn write(&self) -> Result<(), CommitError> {
        let mut refused = Vec::new();
        let mut hand = self.system.writer.hand();
        for (at, entry) in self.entries.iter().enumerate() {
            if let Err(error) = write_entry(&mut hand, entry) {
                refused.push(Refused { at, error });
            }
        }
        if !refused.is_empty() {
            return Err(CommitError::Entries(refused));
        }
        // The mark must not be on disk before what it is about.
        Ok(self.store.stay_behind(&self.system.writer).map_err(ActError::from)?)
    }

    /// Leaves these entries out, and with each all of its module unless the module is one of `alone`. Returns whose they
    /// were and why.
    pub fn leave_out(&mut self, refused: Vec<Refused>, alone: &[&str]) -> Vec<LeftOut> {
        let left_out: Vec<LeftOut> = refused
            .into_iter()
            .filter_map(|Refused { at, error }| Some(LeftOut::of(&self.entries.get(at)?.record, error.into())))
            .collect();
        self.entries.retain(|entry| {
            let record = &entry.record;
            !left_out.iter().any(|out| match alone.contains(&out.module.as_str()) {
                true => out.module == record.module && out.path.as_deref() == path_of(record),
                false => out.module == record.module,
            })
        });
        self.drop_empty_directories();
        left_out
    }

    /// Directories on the way to what was left out lead nowhere.
    fn drop_empty_directories(&mut self) {
        let leads = |record: &Record| record.step.is_none() && matches!(record.undo, Undo::Path(_));
        let needed: Vec<String> = self
            .entries
            .iter()
            .filter(|entry| !leads(&entry.record) || entry.record.immediate)
            .filter_map(|entry| path_of(&entry.record).map(|path| format!("{path}/")))
            .collect();
        self.entries.retain(|Entry { record, .. }| {
            let path = path_of(record).unwrap_or_default();
            !leads(record) || needed.iter().any(|below| below.starts_with(&format!("{path}/")))
        });
    }

    /// Carries out what was committed, as far as it can be. What can't be put in its place is returned; the journal still
    /// has it.
    ///
    /// # Errors
    /// The disk failed.
    pub fn publish(self) -> Result<Vec<LeftOut>, ActError> {
        let mut left_out = Vec::new();
        let mut hand = self.system.writer.hand();
        for Entry { record, .. } in &self.entries {
            if let Err(error) = carry_out(&mut hand, record) {
                left_out.push(LeftOut::of(record, error.into()));
            }
        }
        // Nor the word that it is done before it is. Until then it is done again.
        self.store.stay_behind(&self.system.writer)?;
        Ok(left_out)
    }
}

/// Writes an entry beside its place.
fn write_entry(hand: &mut Hand<'_>, entry: &Entry) -> Result<(), WriteError> {
    match &entry.prepared {
        Prepared::File {
            temporary,
            bytes,
            mode,
            owner,
        } => hand.stage_file(temporary, bytes, *mode, *owner),
        Prepared::Symlink { temporary, target } => hand.stage_symlink(temporary, target),
        Prepared::Directory { path, mode, owner } => hand.let_go().stage_directory(path, *mode, *owner),
        Prepared::Nothing => Ok(()),
    }
}

/// Does what is left to do for a committed record; part of a batch that [`Writer::flush`] ends. Doing it again does no harm.
pub(in crate::engine) fn carry_out(hand: &mut Hand<'_>, record: &Record) -> Result<(), WriteError> {
    match (path_of(record), &record.step) {
        (Some(path), Some(Step::Publish { temporary })) => hand.publish(temporary, path).map(|_| ()),
        (Some(path), Some(Step::Remove)) => hand.let_go().discard(path),
        (Some(path), Some(Step::RemoveDirectory)) => hand.let_go().discard_directory(path),
        (Some(path), Some(Step::Directory { mode, owner })) => hand.let_go().stage_directory(path, *mode, *owner),
        _ => Ok(()),
    }
}

/// Takes away what the uncommitted end of the journal prepared, and that end with it.
pub(in crate::engine) fn abandon(system: &System, store: &Store, generation: u32) -> Result<(), ActError> {
    let committed = store.journal(generation)?.committed;
    abandon_from(system, store, generation, committed)
}

/// Takes away what was prepared for a record.
fn take_away(system: &System, record: &Record) -> Result<(), WriteError> {
    match (&record.undo, &record.step) {
        (_, Some(Step::Publish { temporary })) => system.writer.discard(temporary),
        (
            Undo::Path(PathUndo {
                path,
                before: Before::Absent,
            }),
            None,
        ) => system.writer.discard_directory(path),
        _ => Ok(()),
    }
}

/// Takes away what the records from the one with this index on prepared, and those records with it. One thing that can't
/// be taken away keeps nothing else; the records stay then.
fn abandon_from(system: &System, store: &Store, generation: u32, from: usize) -> Result<(), ActError> {
    let records = store.records(generation)?;
    let (kept, left) = records.split_at(from.min(records.len()));
    let prepared = || left.iter().rev().filter(|record| !record.immediate);
    let failed: Vec<&Record> = prepared().filter(|record| take_away(system, record).is_err()).collect();
    // Of what was in the way, a directory that leads nowhere safe, nothing may be left by now.
    for record in failed {
        take_away(system, record)?;
    }
    // Entries without a record must be gone.
    store.stay_behind(&system.writer)?;
    let immediate = left.iter().filter(|record| record.immediate);
    if left.is_empty() || immediate.clone().count() == left.len() {
        return Ok(());
    }
    let all: Vec<Record> = kept.iter().chain(immediate).cloned().collect();
    Ok(store.replace_records(generation, &all)?)
}
