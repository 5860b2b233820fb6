//! What a batch needs beside the [`Hand`](super::hand::Hand) that writes it: names, directories, and the end, with which it is flushed together.

use std::sync::Arc;

use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::sys::stat::{Mode, fstat, mkdirat};
use nix::unistd::{Gid, Uid, setfsgid, setfsuid};

use super::failpoint::Call::{Change, Read};
use super::failpoint::{call, pass};
use super::write::{Place, TEMPORARY_PREFIX, WriteError, Writer, error, may_own, new_name, own, parent_of};

impl Writer {
    /// An unpredictable name for a temporary file beside `path`.
    pub fn temporary_beside(path: &str) -> String {
        let parent = parent_of(path).trim_end_matches('/');
        format!("{parent}/{TEMPORARY_PREFIX}{}", new_name())
    }

    /// Makes a new directory, part of a batch that [`Writer::flush`] ends; one that is there already gets the mode and
    /// owner.
    ///
    /// # Errors
    /// As [`Writer::make_directory`].
    pub fn stage_directory(&self, path: &str, mode: u32, owner: (u32, u32)) -> Result<(), WriteError> {
        let place = self.place("create the directory", path)?;
        match call(Change, || make_as(owner, &place)) {
            Ok(()) => self.renamed(&place)?,
            Err(Errno::EEXIST) => {}
            Err(errno) => return Err(place.errno("create the directory", errno)),
        }
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let made = call(Read, || openat(&place.directory, place.name, flags, Mode::empty()))
            .map_err(|e| place.errno("create the directory", e))?;
        own(&made, mode, owner).map_err(|e| place.errno("create the directory", e))?;
        let noted = self.unflushed().changed(Arc::new(made), path);
        noted.map_err(|e| place.errno("create the directory", e))?;
        pass();
        Ok(())
    }

    /// Waits until all changes of this writer and its copies are on disk. Changes of others are waited for only if
    /// they are already in the same log.
    ///
    /// # Errors
    /// The disk failed, or is full.
    pub fn flush(&self) -> Result<(), WriteError> {
        let flushed = self.unflushed().flush();
        flushed.map_err(|unsynced| error("sync", &unsynced.path, &unsynced.errno.desc()))
    }

    /// Ensures that later writes at `path` reach the disk after all earlier changes of this writer. It doesn't wait
    /// for changes in the same log.
    ///
    /// # Errors
    /// As [`Writer::flush`].
    pub fn flush_before(&self, path: &str) -> Result<(), WriteError> {
        let place = self.place("write", path)?;
        let flushed = self.unflushed().flush_before(&place.directory);
        flushed.map_err(|e| place.errno("sync what comes before", e))
    }
}

/// Makes a directory. In one that belongs to a user, it is that user's from the beginning: a process that dies before it is
/// given away would leave one of root's there, which nothing is written into, and which an undo couldn't empty.
fn make_as(owner: (u32, u32), place: &Place<'_>) -> nix::Result<()> {
    let make = || mkdirat(&place.directory, place.name, Mode::S_IRWXU);
    let is_the_users = owner.0 != 0 && may_own() && fstat(&place.directory)?.st_uid == owner.0;
    if !is_the_users {
        return make();
    }
    let (uid, gid) = (setfsuid(Uid::from_raw(owner.0)), setfsgid(Gid::from_raw(owner.1)));
    let made = make();
    setfsgid(gid);
    setfsuid(uid);
    match made {
        // The user may not write there, or another group's; root may.
        Err(Errno::EACCES | Errno::EPERM) => make(),
        made => made,
    }
}
