//! The files of a generation, all at once: prepared beside their places, committed by one record, then renamed.
//!
//! Until the record is on disk, only unused names have changed; after that, the next run can finish the work. Where a
//! file system keeps its changes in one log, the number of flushes does not depend on the number
//! of files: one for the journal and all that was put into the state before it, one for each file system written to, one
//! for the record, one more for each file system after the renames. Elsewhere each file is synced by itself.

mod commit;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::act::ActError;
use crate::module::{AccountChange, Change, Dirty};
use crate::state::{Before, Record, Step, Store, Undo};
use crate::system::account::AccountFile;
use crate::system::write::parent_of;
use crate::system::{Kind, Root, System, Writer, account};
pub use commit::{CommitError, LeftOut, Refused};
pub(super) use commit::{abandon, carry_out};

/// The files of a generation before they are on disk.
#[derive(Debug)]
pub struct Batch<'a> {
    pub(super) system: &'a System,
    pub(super) store: &'a Store,
    pub(super) generation: u32,
    entries: Vec<Entry>,
    /// The files as they would be: a unit that is enabled may be one of them.
    files: Root,
    /// Account files as the changes so far make them: several changes may be about one file.
    pub(super) accounts: BTreeMap<&'static str, Vec<u8>>,
    /// Directories that will be made, with their owners.
    directories: BTreeMap<String, (u32, u32)>,
    /// The directories to which the way was looked at, and will be there.
    ways: BTreeSet<String>,
    /// Held from the first look at an account file until the new one is in place.
    lock: Option<account::Lock>,
}

#[derive(Debug)]
pub(super) struct Entry {
    record: Record,
    prepared: Prepared,
    /// The change of an account file that it is about.
    account: Option<(AccountChange, AccountFile)>,
}

/// What is written before the commit.
#[derive(Debug)]
pub(super) enum Prepared {
    File {
        temporary: String,
        bytes: Arc<[u8]>,
        mode: u32,
        owner: (u32, u32),
    },
    Symlink {
        temporary: String,
        target: String,
    },
    Directory {
        path: String,
        mode: u32,
        owner: (u32, u32),
    },
    Nothing,
}

impl<'a> Batch<'a> {
    /// An empty batch of a generation, after which the files are as `files` has them.
    pub fn new(system: &'a System, store: &'a Store, generation: u32, files: Root) -> Self {
        Self {
            files,
            system,
            store,
            generation,
            entries: Vec::new(),
            accounts: BTreeMap::new(),
            directories: BTreeMap::new(),
            ways: BTreeSet::new(),
            lock: None,
        }
    }

    /// Takes in the changes of a module that are about files; all of them or, when one of them can't be, none.
    ///
    /// # Errors
    /// What a change replaces can't be read or kept, or an account file can't be edited.
    pub fn add(&mut self, module: &str, changes: &[Change]) -> Result<(), ActError> {
        let (entries, accounts, directories) = (self.entries.len(), self.accounts.clone(), self.directories.clone());
        for change in changes
            .iter()
            .map(Change::kind)
            .filter(|change| change.is_of_files(self.system))
        {
            if let Err(error) = change.prepare(self, module) {
                self.entries.truncate(entries);
                self.accounts = accounts;
                self.directories = directories;
                self.ways.clear();
                return Err(error);
            }
        }
        Ok(())
    }

    /// The files as they would be.
    pub(super) fn files(&self) -> &Root {
        &self.files
    }

    pub(super) fn add_removed_directory(&mut self, module: &str, path: &str) -> Result<(), ActError> {
        let undo = Undo::of_path(path.to_owned(), self.before(path)?);
        self.entries.push(Entry {
            record: record(module, undo, &[], Some(Step::RemoveDirectory)),
            prepared: Prepared::Nothing,
            account: None,
        });
        Ok(())
    }

    pub(super) fn add_link(
        &mut self,
        module: &str,
        path: &str,
        target: Option<&str>,
        dirties: &[Dirty],
    ) -> Result<(), ActError> {
        let prepared = match target {
            Some(target) => Prepared::Symlink {
                temporary: Writer::temporary_beside(path),
                target: target.to_owned(),
            },
            None => Prepared::Nothing,
        };
        self.add_path(module, path, dirties, prepared)
    }

    pub(super) fn add_path(
        &mut self,
        module: &str,
        path: &str,
        dirties: &[Dirty],
        prepared: Prepared,
    ) -> Result<(), ActError> {
        if !matches!(prepared, Prepared::Nothing) {
            self.add_parents(module, path)?;
        }
        let undo = Undo::of_path(path.to_owned(), self.before(path)?);
        self.push(module, undo, dirties, prepared);
        Ok(())
    }

    fn add_parents(&mut self, module: &str, path: &str) -> Result<(), ActError> {
        if self.ways.contains(parent_of(path)) {
            return Ok(());
        }
        let planned = |directory: &str| self.directories.get(directory).copied();
        let missing = self.system.writer.parents_to_make(path, planned)?;
        self.ways.insert(parent_of(path).to_owned());
        for (path, owner) in missing {
            if self.directories.insert(path.clone(), owner).is_none() {
                let undo = Undo::of_path(path.clone(), Before::Absent);
                let mode = 0o755;
                self.push(module, undo, &[], Prepared::Directory { path, mode, owner });
            }
        }
        Ok(())
    }

    pub(super) fn add_directory(
        &mut self,
        module: &str,
        path: String,
        mode: u32,
        owner: (u32, u32),
    ) -> Result<(), ActError> {
        self.add_parents(module, &path)?;
        let undo = Undo::of_path(path.clone(), self.before(&path)?);
        let there = self
            .system
            .writer
            .metadata(&path)?
            .is_some_and(|there| there.kind == Kind::Directory);
        if there || self.directories.insert(path.clone(), owner).is_some() {
            let record = record(module, undo, &[], Some(Step::Directory { mode, owner }));
            self.entries.push(Entry {
                record,
                prepared: Prepared::Nothing,
                account: None,
            });
        } else {
            self.push(module, undo, &[], Prepared::Directory { path, mode, owner });
        }
        Ok(())
    }

    pub(super) fn take_lock(&mut self) -> Result<(), ActError> {
        if self.lock.is_some() {
            return Ok(());
        }
        self.lock = self.system.lock_accounts()?;
        Ok(())
    }

    pub(super) fn push(&mut self, module: &str, undo: Undo, dirties: &[Dirty], prepared: Prepared) {
        let step = match &prepared {
            Prepared::File { temporary, .. } | Prepared::Symlink { temporary, .. } => Some(Step::Publish {
                temporary: temporary.clone(),
            }),
            Prepared::Directory { .. } => None,
            Prepared::Nothing => Some(Step::Remove),
        };
        self.entries.push(Entry {
            record: record(module, undo, dirties, step),
            prepared,
            account: None,
        });
    }

    /// Adds a change of an entry of an account file. The file is written once, with the changes of all modules.
    pub(super) fn push_account(&mut self, module: &str, undo: Undo, change: &AccountChange, file: AccountFile) {
        self.entries.push(Entry {
            record: record(module, undo, &[], None),
            prepared: Prepared::Nothing,
            account: Some((change.clone(), file)),
        });
    }

    fn before(&self, path: &str) -> Result<Before, ActError> {
        before(self.system, self.store, self.generation, path)
    }
}

fn record(module: &str, undo: Undo, dirties: &[Dirty], step: Option<Step>) -> Record {
    Record {
        module: module.to_owned(),
        undo,
        dirties: dirties.to_vec(),
        immediate: false,
        step,
    }
}

/// The path that a record is about, if it is about one.
pub(super) fn path_of(record: &Record) -> Option<&str> {
    record.undo.path()
}

/// What is at `path`, kept for an undo.
pub(super) fn before(system: &System, store: &Store, generation: u32, path: &str) -> Result<Before, ActError> {
    let root = &system.root;
    let Some(there) = root.metadata(path)? else {
        return Ok(Before::Absent);
    };
    let owner = (there.uid, there.gid);
    Ok(match there.kind {
        Kind::Directory => Before::Directory {
            mode: there.mode,
            owner,
        },
        Kind::Symlink => Before::Symlink {
            target: root.read_link(path)?.unwrap_or_default(),
        },
        Kind::File | Kind::Other => {
            let bytes = root.read(path)?.unwrap_or_default();
            Before::File {
                image: store.keep_image(generation, &bytes)?,
                mode: there.mode,
                owner,
            }
        }
    })
}

#[cfg(test)]
mod tests;
