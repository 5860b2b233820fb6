//! firstlight's state: `/var/lib/firstlight` (0700), which is permanent, and `/run/firstlight`, for this boot.
//!
//! State is read and written through [`crate::system`], below the machine's root, like everything else.

pub mod commands;
pub mod contents;
mod damage;
pub mod generation;
mod imported;
pub mod instance;
pub mod inventory;
pub mod journal;
pub mod ledger;
pub mod lock;
pub mod prune;
pub mod run;
pub mod thing;
pub mod undo;

use crate::system::root::FILE_LIMIT;
use crate::system::write::TEMPORARY_PREFIX;
use crate::system::{Kind, ReadError, Root, Targets, WriteError, Writer};

pub use commands::{CommandRecord, CommandState, ItemRecord, Words};
pub use contents::digest;
use damage::remedy;
pub use generation::{Deadline, Generation, Incomplete, Outcome, StageRecord, scrubbed};
pub use instance::instance_id;
pub use inventory::{Expected, Inventory};
pub use journal::{Journal, Mark, Record, Step};
pub use ledger::{Ledger, Once};
pub use lock::{Lock, LockError};
pub use prune::KEEP_GENERATIONS;
pub use thing::{
    AccountItem, AccountTexts, GroupItem, HomeItem, HostnameItem, Item, LinkItem, MemberItem, PasswordItem, PathItem,
    PathState, Thing, UnitActiveItem, UnitFileItem,
};
pub use undo::{
    AccountEntryUndo, Before, CopyUndo, HostnameUndo, ImpossibleUndo, KernelParameterUndo, LedgerUndo, PathUndo, Undo,
    UnitActiveUndo,
};

/// Where state lives, below the machine's root.
pub const STATE_DIRECTORY: &str = "/var/lib/firstlight";

/// The version of the state's format. Older versions are read; newer ones are rejected.
pub const STATE_VERSION: u32 = 2;

/// What a document may write to: not firstlight's state, by any name.
pub fn targets(root: &Root) -> Targets<'_> {
    root.targets(&[STATE_DIRECTORY, run::RUN_DIRECTORY])
}

/// Why state could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// A file of it could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A file of it could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// A file of the state is damaged.
    #[error("{path} is damaged: {why}. {}", remedy(path))]
    Damaged {
        /// The file.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// A file of the state would be larger than the limit for reading.
    #[error(
        "{path} would be larger than 16 MiB, the most that firstlight can read back; nothing was changed; use fewer \
         files"
    )]
    TooLarge {
        /// The file.
        path: String,
    },
    /// A newer firstlight wrote it.
    #[error(
        "{path} was written by a newer firstlight (state version {version}; this one supports {STATE_VERSION}); \
         update firstlight"
    )]
    Newer {
        /// The file.
        path: String,
        /// The version it has.
        version: u32,
    },
}

/// The state of one machine.
#[derive(Debug, Clone)]
pub struct Store {
    root: Root,
    writer: Writer,
}

impl Store {
    /// The state below this root. Nothing is read or created yet.
    pub fn new(root: Root) -> Self {
        Self {
            writer: Writer::new(root.clone()),
            root,
        }
    }

    fn path(name: &str) -> String {
        format!("{STATE_DIRECTORY}/{name}")
    }

    /// Ensures that everything changed by `writer` so far is on disk before anything that is written to the state from
    /// now on.
    ///
    /// # Errors
    /// The disk failed, or is full.
    pub fn stay_behind(&self, writer: &Writer) -> Result<(), StateError> {
        Ok(writer.flush_before(&Self::path("generations"))?)
    }

    /// Creates a directory of the state and its parents. They are on disk together with their first file.
    fn make(&self, path: &str) -> Result<(), StateError> {
        let owner = current_owner();
        for missing in self.writer.missing_parents(&format!("{path}/x"))? {
            let mode = if missing.starts_with(STATE_DIRECTORY) {
                0o700
            } else {
                0o755
            };
            self.writer.stage_directory(&missing, mode, owner)?;
        }
        Ok(())
    }

    /// Removes temporary files that an interrupted run left in the state.
    ///
    /// # Errors
    /// They can't be removed.
    pub fn sweep_temporary_files(&self) -> Result<(), StateError> {
        let generations = Self::path("generations");
        let mut directories = vec![STATE_DIRECTORY.to_owned()];
        directories.extend(
            self.root
                .list(&generations)?
                .iter()
                .map(|number| format!("{generations}/{number}")),
        );
        for directory in directories {
            let names = self.root.list(&directory)?;
            for name in names.iter().filter(|name| name.starts_with(TEMPORARY_PREFIX)) {
                self.writer.discard(&format!("{directory}/{name}"))?;
            }
        }
        Ok(())
    }

    /// Writes one of the state's files; it is on disk when this returns.
    fn write(&self, path: &str, bytes: &[u8]) -> Result<(), StateError> {
        within_limit(path, bytes)?;
        let written = self.writer.write_file(path, bytes, 0o600, current_owner());
        written.map_err(|error| self.damaged(path).unwrap_or_else(|| error.into()))
    }

    /// Writes one of the state's files: after a power cut it exists with everything written before it, or not at all.
    fn put(&self, path: &str, bytes: &[u8], mode: u32) -> Result<(), StateError> {
        within_limit(path, bytes)?;
        let written = self.writer.put_file(path, bytes, mode, current_owner());
        written.map_err(|error| self.damaged(path).unwrap_or_else(|| error.into()))
    }

    /// The content of one of the state's files.
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, StateError> {
        let read = self.root.read(path);
        read.map_err(|error| self.damaged(path).unwrap_or_else(|| error.into()))
    }

    /// The problem at `path` if it is something other than a file.
    fn damaged(&self, path: &str) -> Option<StateError> {
        let there = self.root.metadata(path).ok()??;
        (there.kind != Kind::File).then(|| StateError::Damaged {
            path: path.to_owned(),
            why: "it is not a regular file".to_owned(),
        })
    }

    fn read_json<T: serde::de::DeserializeOwned>(&self, path: &str) -> Result<Option<T>, StateError> {
        let Some(bytes) = self.read(path)? else {
            return Ok(None);
        };
        from_json(path, &bytes).map(Some)
    }

    /// One of the state's files that say the version of their form, with that version. Read once.
    fn read_versioned<T: serde::de::DeserializeOwned>(&self, path: &str) -> Result<Option<(u32, T)>, StateError> {
        #[derive(serde::Deserialize)]
        struct Version {
            version: u32,
        }
        let Some(bytes) = self.read(path)? else {
            return Ok(None);
        };
        // A newer form may be anything: of it, no more than the version is looked at.
        let Version { version } = from_json(path, &bytes)?;
        if version > STATE_VERSION {
            let path = path.to_owned();
            return Err(StateError::Newer { path, version });
        }
        Ok(Some((version, from_json(path, &bytes)?)))
    }

    fn write_json<T: serde::Serialize>(&self, path: &str, value: &T) -> Result<(), StateError> {
        self.write(path, &json(path, value)?)
    }

    fn put_json<T: serde::Serialize>(&self, path: &str, value: &T) -> Result<(), StateError> {
        self.put(path, &json(path, value)?, 0o600)
    }
}

fn within_limit(path: &str, bytes: &[u8]) -> Result<(), StateError> {
    match bytes.len() as u64 > FILE_LIMIT {
        true => Err(StateError::TooLarge { path: path.to_owned() }),
        false => Ok(()),
    }
}

fn from_json<T: serde::de::DeserializeOwned>(path: &str, bytes: &[u8]) -> Result<T, StateError> {
    serde_json::from_slice(bytes).map_err(|e| StateError::Damaged {
        path: path.to_owned(),
        why: e.to_string(),
    })
}

fn json<T: serde::Serialize>(path: &str, value: &T) -> Result<Vec<u8>, StateError> {
    let mut text = serde_json::to_vec_pretty(value).map_err(|e| StateError::Damaged {
        path: path.to_owned(),
        why: e.to_string(),
    })?;
    text.push(b'\n');
    Ok(text)
}

/// The state belongs to the user who writes it: root, or whoever tries firstlight on a scratch tree.
fn current_owner() -> (u32, u32) {
    (users::get_effective_uid(), users::get_effective_gid())
}
