//! Resolves the path of a write, directory by directory, so that no unprivileged user can redirect it.
//!
//! A link or directory of an unprivileged user on the path lets that user control the target. The rule is that of
//! systemd-tmpfiles: below something that belongs to a user, everything must belong to the same user. A write never
//! ends on one of the kernel's file systems, not even through a link.

mod error;
mod targets;
mod walk;

use std::os::fd::OwnedFd;

use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::sys::stat::{Mode, fstat};

use super::failpoint::{Call, call};
use super::root::{Kind, Metadata, Root, kind_of, whole};
use super::write::parent_of;
pub use error::PathError;
pub use targets::Targets;
pub(super) use walk::{is_privileged, is_unsafe};

/// The longest path, in bytes, with the NUL at its end: the kernel's PATH_MAX.
pub const PATH_LIMIT: usize = 4096;

/// The longest name of a directory entry, in bytes: the kernel's NAME_MAX.
pub const NAME_LIMIT: usize = 255;

/// The maximum number of names in a path. Each may be a directory to create, record and undo.
pub const DEPTH_LIMIT: usize = 128;

/// The kernel's file systems, by path. devtmpfs can't be told from a tmpfs otherwise.
const KERNEL_PLACES: [&str; 3] = ["/dev", "/proc", "/sys"];

/// How far the way to a directory goes.
#[derive(Debug)]
pub(super) struct Way {
    /// The last directory that is there, as an `O_PATH` handle.
    pub(super) directory: OwnedFd,
    /// Its path, links resolved.
    pub(super) place: String,
    /// Its owner and group.
    pub(super) owner: (u32, u32),
    /// How many directories after it are missing.
    pub(super) missing: usize,
}

impl Root {
    /// A file's content, to be written again with more in it: as [`Root::read`], but through no link at its end and on a
    /// safe way only, so that nobody's link gets a copy of what only others may read. `None` when there is no such file.
    ///
    /// # Errors
    /// It is no regular file, somebody else decides which one it is, it is too large, or it may not be read.
    pub fn read_safely(&self, path: &str) -> Result<Option<Vec<u8>>, PathError> {
        let name = file_name(path)?;
        if let Some(imagined) = self.imagined(path) {
            let read = imagined.map(|imagined| imagined.read(path)).transpose();
            return read.map_err(|_| PathError::NotFile);
        }
        let walked = self.walk(parent_of(path), Vec::new())?;
        let (via, way) = (walked.via.owner, walked.way());
        if way.missing > 0 {
            return Ok(None);
        }
        let flags = OFlag::O_RDONLY | OFlag::O_NONBLOCK | OFlag::O_NOCTTY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let fd = match call(Call::Read, || openat(&way.directory, name, flags, Mode::empty())) {
            Ok(fd) => fd,
            Err(Errno::ENOENT) => return Ok(None),
            Err(Errno::ELOOP) => return Err(PathError::Link),
            Err(Errno::ENXIO) => return Err(PathError::NotFile),
            Err(errno) => return Err(PathError::system("", errno)),
        };
        let stat = call(Call::Read, || fstat(&fd)).map_err(|e| PathError::system("", e))?;
        if kind_of(&stat) != Kind::File {
            return Err(PathError::NotFile);
        }
        // A hard link to somebody else's file, in a directory of this user's.
        if is_unsafe(via, stat.st_uid) {
            return Err(PathError::Unsafe {
                from: way.place,
                owner: via,
                to: path.to_owned(),
                other: stat.st_uid,
            });
        }
        whole(fd, path).map(Some).map_err(|error| PathError::System {
            at: String::new(),
            why: error.why,
        })
    }

    /// Whether everybody may read the file at `path`: by its own mode, and by those of the directories on the way. Where
    /// that can't be told, not everybody may.
    pub fn is_public(&self, path: &str) -> bool {
        let Ok(walk) = self.walk(parent_of(path), Vec::new()) else {
            return false;
        };
        let everybody = Mode::S_IROTH.bits();
        let may_read = |there: &Metadata| there.kind == Kind::Symlink || there.mode & everybody != 0;
        !walk.is_private
            && self
                .metadata(path)
                .is_ok_and(|there| there.as_ref().is_none_or(may_read))
    }

    /// The way to the directory `path`, as far as there are directories.
    pub(super) fn way(&self, path: &str) -> Result<Way, PathError> {
        Ok(self.walk(path, Vec::new())?.way())
    }
}

fn is_at_or_below(path: &str, directory: &str) -> bool {
    path.strip_prefix(directory)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The last `count` names of `path`, each with a slash before it.
fn last_names(path: &str, count: usize) -> String {
    let names: Vec<&str> = path
        .split('/')
        .filter(|name| !name.is_empty() && *name != ".")
        .collect();
    let last = &names[names.len().saturating_sub(count)..];
    last.iter().map(|name| format!("/{name}")).collect()
}

/// The name at the end of `path`, which is not too long.
pub(super) fn file_name(path: &str) -> Result<&str, PathError> {
    check_length(path)?;
    match path.trim_end_matches('/').rsplit('/').next() {
        None | Some("" | "." | "..") => Err(PathError::NoName),
        Some(name) => Ok(name),
    }
}

/// Checks that `path` is not too long or too deep.
///
/// # Errors
/// It is; the error says by how much.
pub fn check_length(path: &str) -> Result<(), PathError> {
    if path.len() >= PATH_LIMIT {
        let why = format!("the path has {} bytes; the maximum is {}", path.len(), PATH_LIMIT - 1);
        return Err(PathError::Length(why));
    }
    let mut depth = 0;
    for name in path.split('/').filter(|name| !name.is_empty()) {
        depth += 1;
        if name.len() > NAME_LIMIT {
            let why = format!(
                "a name in the path has {} bytes; the maximum is {NAME_LIMIT}",
                name.len()
            );
            return Err(PathError::Length(why));
        }
    }
    if depth > DEPTH_LIMIT {
        let why = format!("the path is {depth} directories deep; the maximum is {DEPTH_LIMIT}");
        return Err(PathError::Length(why));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
