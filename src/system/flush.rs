//! Brings changes to the disk with as few flushes of the device as possible.
//!
//! ext4 with a journal and XFS write changes of names and sizes into one log, in order. So one fsync(2) of the last
//! change also brings all earlier changes to disk, and after a power cut no change exists without the earlier ones.
//! The content of files is not in the log. It is written out before a final name leads to it, without a flush
//! (sync_file_range(2)); the device is flushed whenever the log is written.
//!
//! On all other file systems (btrfs, F2FS, overlayfs, ext4 without a journal, unknown ones), fsync(2) covers only its
//! own file or directory. For many of them, one syncfs(2) costs less, although it also waits for the writes of other
//! programs.

#![expect(unsafe_code, reason = "sync_file_range(2) has no safe binding")]

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs::File;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::sync::Arc;

use nix::errno::Errno;
use nix::libc;
use nix::sys::stat::{fstat, major, minor};
use nix::sys::statfs::{EXT4_SUPER_MAGIC, TMPFS_MAGIC, XFS_SUPER_MAGIC, fstatfs};
use nix::unistd::{fsync, syncfs};

use super::failpoint::Call::{Change, Read};
use super::failpoint::{call, pass};
use super::root::errno_of;

/// How many files and directories are synced one by one on file systems without a log; the five areas of a first boot
/// have fewer.
const ONE_BY_ONE: usize = 16;

/// How a file system brings changes to the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Log {
    /// All changes in order. A file system in memory counts too: after a power cut it is empty.
    One,
    /// Each file and directory separately.
    None,
}

/// The changes that may not be on disk yet, by file system.
#[derive(Debug, Default)]
pub(super) struct Unflushed(BTreeMap<u64, Device>);

#[derive(Debug)]
struct Device {
    log: Log,
    /// What to sync, by inode: with a log only the last change, otherwise all of them, up to one more than the limit.
    changed: BTreeMap<u64, Changed>,
}

#[derive(Debug)]
struct Changed {
    file: Arc<OwnedFd>,
    path: String,
}

/// A sync that failed, and the path that it was about.
#[derive(Debug)]
pub(super) struct Unsynced {
    pub(super) path: String,
    pub(super) errno: Errno,
}

impl Unflushed {
    /// Writes out the complete content of a file in `directory`, before a final name leads to it.
    pub(super) fn wrote(&mut self, file: &File, directory: &Arc<OwnedFd>, path: &str) -> Result<(), Errno> {
        match self.device(directory)?.log {
            Log::One => {
                call(Change, || write_out(file))?;
                // Not its directory: the log may have had that before the place of the content.
                self.changed(copy(file)?, path)
            }
            Log::None => {
                self.changed(copy(file)?, path)?;
                self.renamed(directory, path)
            }
        }
    }

    /// The names in `directory` have changed.
    pub(super) fn renamed(&mut self, directory: &Arc<OwnedFd>, path: &str) -> Result<(), Errno> {
        self.changed(Arc::clone(directory), path)
    }

    /// This directory itself has changed.
    pub(super) fn changed(&mut self, file: Arc<OwnedFd>, path: &str) -> Result<(), Errno> {
        let stat = call(Read, || fstat(&file))?;
        let device = self.device_of(stat.st_dev, &file)?;
        match device.log {
            Log::One => device.changed.clear(),
            // One more than are synced one by one says that they are many.
            Log::None if device.is_many() => return Ok(()),
            Log::None => {}
        }
        let path = path.to_owned();
        device.changed.insert(stat.st_ino, Changed { file, path });
        Ok(())
    }

    /// Orders all later changes after the earlier ones on this file system. A log ensures this without waiting.
    pub(super) fn keep_order(&mut self, directory: &OwnedFd) -> Result<(), Errno> {
        let device = self.device(directory)?;
        match device.log {
            Log::One => Ok(()),
            Log::None => device.flush().map_err(|unsynced| unsynced.errno),
        }
    }

    /// Waits until what was changed on the file system of `directory` is on disk.
    pub(super) fn flush_at(&mut self, directory: &OwnedFd) -> Result<(), Errno> {
        self.device(directory)?.flush().map_err(|unsynced| unsynced.errno)
    }

    /// Orders all later changes on the file system of `directory` after all earlier changes. If it has a log, this
    /// waits only for other file systems.
    pub(super) fn flush_before(&mut self, directory: &OwnedFd) -> Result<(), Errno> {
        let own = call(Read, || fstat(directory))?.st_dev;
        let mut others = self
            .0
            .iter_mut()
            .filter(|(number, device)| **number != own || device.log == Log::None);
        let flushed = others.try_for_each(|(_, device)| device.flush());
        flushed.map_err(|unsynced| unsynced.errno)
    }

    /// Waits until all changes are on disk.
    pub(super) fn flush(&mut self) -> Result<(), Unsynced> {
        self.0.values_mut().try_for_each(Device::flush)
    }

    /// The file system of what is open.
    fn device(&mut self, file: &OwnedFd) -> Result<&mut Device, Errno> {
        let number = call(Read, || fstat(file))?.st_dev;
        self.device_of(number, file)
    }

    /// The file system with this number, which what is open is on.
    fn device_of(&mut self, number: u64, file: &OwnedFd) -> Result<&mut Device, Errno> {
        Ok(match self.0.entry(number) {
            Entry::Occupied(known) => known.into_mut(),
            // Asked once: it does not change.
            Entry::Vacant(new) => {
                let log = log_of(file, number)?;
                let changed = BTreeMap::new();
                new.insert(Device { log, changed })
            }
        })
    }
}

impl Device {
    fn is_many(&self) -> bool {
        self.changed.len() > ONE_BY_ONE
    }

    fn flush(&mut self) -> Result<(), Unsynced> {
        let many = self.is_many();
        for Changed { file, path } in std::mem::take(&mut self.changed).into_values() {
            let synced = call(Change, || if many { syncfs(&file) } else { fsync(&file) });
            synced.map_err(|errno| Unsynced { path, errno })?;
            pass();
            if many {
                break;
            }
        }
        Ok(())
    }
}

/// The same file, open once more: for as long as it has to be synced.
fn copy(file: &File) -> Result<Arc<OwnedFd>, Errno> {
    file.as_fd().try_clone_to_owned().map(Arc::new).map_err(errno_of)
}

fn log_of(file: &OwnedFd, device: u64) -> Result<Log, Errno> {
    let kind = call(Read, || fstatfs(file))?.filesystem_type();
    let is_one = kind == XFS_SUPER_MAGIC || kind == TMPFS_MAGIC || (kind == EXT4_SUPER_MAGIC && has_journal(device));
    Ok(if is_one { Log::One } else { Log::None })
}

/// Whether an ext4 file system has a journal, according to the kernel. ext2 has the same number but no journal.
#[expect(clippy::disallowed_methods, reason = "the kernel's own files, whatever the root is")]
fn has_journal(device: u64) -> bool {
    let block = format!("/sys/dev/block/{}:{}", major(device), minor(device));
    let Ok(link) = std::fs::read_link(block) else {
        return false;
    };
    let name = link.file_name().unwrap_or_default().to_string_lossy();
    let task = std::fs::read_to_string(format!("/sys/fs/ext4/{name}/journal_task"));
    task.is_ok_and(|task| !task.trim().is_empty() && task.trim() != "<none>")
}

/// Writes out a file's content, and waits until the device has it.
fn write_out(file: &File) -> Result<(), Errno> {
    let all = libc::SYNC_FILE_RANGE_WAIT_BEFORE | libc::SYNC_FILE_RANGE_WRITE | libc::SYNC_FILE_RANGE_WAIT_AFTER;
    // SAFETY: it takes numbers alone, and the file is open for as long as it runs.
    let done = unsafe { libc::sync_file_range(file.as_raw_fd(), 0, 0, all) };
    match Errno::result(done).map(drop) {
        // Some sandboxes don't know it.
        Err(Errno::ENOSYS) => fsync(file),
        result => result,
    }
}
