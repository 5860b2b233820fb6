//! One writer at a time.

use std::fs::{File, TryLockError};
use std::io::Read;
use std::time::{Duration, Instant};

use super::{STATE_DIRECTORY, StateError, Store};
use crate::system::ReadError;

/// How often it is looked whether another firstlight is still at work.
const POLL: Duration = Duration::from_millis(250);

/// The right to change the machine, held until dropped.
#[derive(Debug)]
pub struct Lock {
    /// flock(2)'s lock, which ends when the file is closed.
    _file: File,
}

/// Why the lock could not be had.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process is changing the machine.
    #[error("another firstlight (pid {holder}) is changing this machine; wait until it has finished")]
    Held {
        /// Its process ID, or `?` if unknown.
        holder: String,
    },
    /// The state can't be written, so nothing can be changed.
    #[error("{directory} is on a read-only file system, so {STATE_DIRECTORY} can't be written; nothing was changed")]
    ReadOnly {
        /// The deepest existing directory on the path to the state.
        directory: String,
    },
    /// The lock file can't be created.
    #[error(transparent)]
    State(#[from] StateError),
}

impl Store {
    /// Takes the lock, without waiting.
    ///
    /// # Errors
    /// Somebody else holds it, or the state directory can't be written.
    pub fn lock(&self) -> Result<Lock, LockError> {
        let state = self
            .root
            .file_system(STATE_DIRECTORY)
            .map_err(|error| StateError::from(error.of("look at", STATE_DIRECTORY)))?;
        if state.read_only {
            return Err(LockError::ReadOnly {
                directory: state.directory,
            });
        }
        self.make(STATE_DIRECTORY)?;
        let path = Self::path("lock");
        let file = self.writer.open_lock(&path);
        let mut file = file.map_err(|error| self.damaged(&path).unwrap_or_else(|| error.into()))?;
        match file.try_lock() {
            Ok(()) => {
                // The process ID is only for messages: on a full disk the lock works without it.
                let _ = sign(&mut file);
                Ok(Lock { _file: file })
            }
            Err(TryLockError::WouldBlock) => Err(LockError::Held { holder: holder(file) }),
            Err(TryLockError::Error(error)) => {
                let (what, why) = ("lock", error.to_string());
                Err(StateError::from(ReadError { what, path, why }).into())
            }
        }
    }

    /// Takes the lock, and waits for it so long while somebody else holds it.
    ///
    /// # Errors
    /// As [`Store::lock`].
    pub fn lock_within(&self, patience: Duration) -> Result<Lock, LockError> {
        let since = Instant::now();
        loop {
            match self.lock() {
                Err(LockError::Held { .. }) if since.elapsed() < patience => std::thread::sleep(POLL),
                other => return other,
            }
        }
    }
}

/// The process ID in the lock file. It is read after the lock was refused, so it is the holder's.
fn holder(file: File) -> String {
    let mut text = String::new();
    let read = file.take(32).read_to_string(&mut text);
    match text.trim() {
        pid if read.is_ok() && !pid.is_empty() => pid.to_owned(),
        _ => "?".to_owned(),
    }
}

fn sign(file: &mut File) -> std::io::Result<()> {
    use std::io::{Seek, Write};
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(format!("{}\n", std::process::id()).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::Root;

    #[test]
    fn the_second_is_told_who_holds_it() {
        let tree = tempfile::tempdir().unwrap();
        let store = Store::new(Root::open(tree.path()).unwrap());
        let held = store.lock().unwrap();
        let error = store.lock().unwrap_err().to_string();
        assert!(error.contains(&format!("pid {}", std::process::id())), "{error}");
        drop(held);
        store.lock().unwrap();
    }
}
