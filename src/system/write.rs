//! Writing below a root directory. Only for [`crate::engine`].
//!
//! Every file is written to a temporary file, flushed and renamed over its target, so that a reader, even after a
//! crash, sees either the old or the new file. Links on the path are followed inside the root, but never the last
//! component: the entry itself is replaced.
//!
//! What is *written*, *made* or *removed* is on disk when the call returns. What is *put* is there after a power cut with
//! all that was put, written or added before it on the same file system, or it is not there. What is *staged*,
//! *published* or *discarded* waits for [`Writer::flush`].

use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, openat, renameat};
use nix::sys::stat::{Mode, fchmod, fstatat};
use nix::unistd::{Gid, Uid, UnlinkatFlags, fchown, symlinkat, unlinkat, write};

use super::failpoint::Call::{Change, Read};
use super::failpoint::{call, pass};
use super::flush::Unflushed;
use super::root::{Metadata, Root};
use super::way::{PathError, file_name, is_privileged, is_unsafe};

/// What names of temporary files begin with: what a crash left of them can be told and swept.
pub const TEMPORARY_PREFIX: &str = ".firstlight-";

/// Why something could not be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("can't {what} {path}: {why}")]
pub struct WriteError {
    /// The verb: `write`, `remove`, …
    pub what: &'static str,
    /// The path, as the machine itself would name it.
    pub path: String,
    /// The system's reason, in words.
    pub why: String,
}

/// The hands below a root directory.
#[derive(Debug, Clone)]
pub struct Writer {
    root: Root,
    unflushed: Arc<Mutex<Unflushed>>,
}

/// A directory to be made on the way to something: its path, and its owner and group.
pub type NewParent = (String, (u32, u32));

/// A directory entry that is about to be changed: its directory, open, and its name.
pub(super) struct Place<'a> {
    pub(super) directory: Arc<OwnedFd>,
    pub(super) name: &'a str,
    pub(super) path: &'a str,
}

impl Writer {
    /// Hands for this root.
    pub fn new(root: Root) -> Self {
        let unflushed = Arc::default();
        Self { root, unflushed }
    }

    /// Writes a whole file with exactly this mode and owner (uid, gid), replacing whatever non-directory is there.
    ///
    /// # Errors
    /// The directory is missing or read-only, the disk is full, the owner may not be set.
    pub fn write_file(&self, path: &str, bytes: &[u8], mode: u32, owner: (u32, u32)) -> Result<(), WriteError> {
        let place = self.replace(path, bytes, mode, owner)?;
        self.flush_at(&place)
    }

    /// As [`Writer::write_file`], but not before it has to be: it is on disk no earlier than what was put before it, and at
    /// the latest with what is written next on the same file system.
    ///
    /// # Errors
    /// As [`Writer::write_file`].
    pub fn put_file(&self, path: &str, bytes: &[u8], mode: u32, owner: (u32, u32)) -> Result<(), WriteError> {
        self.replace(path, bytes, mode, owner).map(drop)
    }

    /// Puts the file in its place, and gives that.
    fn replace<'a>(&self, path: &'a str, bytes: &[u8], mode: u32, owner: (u32, u32)) -> Result<Place<'a>, WriteError> {
        let place = self.place("write", path)?;
        let temporary = format!("{TEMPORARY_PREFIX}{}", new_name());
        let written = place.create(&temporary).and_then(|file| {
            pass();
            fill(&file, bytes, mode, owner).map_err(|e| place.errno("write", e))?;
            self.wrote(&place, &file)?;
            self.keep_order(&place)?;
            place.rename(&temporary)
        });
        if written.is_err() {
            place.give_up(&temporary);
        }
        written?;
        self.renamed(&place)?;
        self.keep_order(&place)?;
        Ok(place)
    }

    /// Opens a file that only root may read for reading and writing, making it when there is none: for locks.
    ///
    /// # Errors
    /// As [`Writer::write_file`].
    pub fn open_lock(&self, path: &str) -> Result<File, WriteError> {
        let place = self.place("lock", path)?;
        let flags = OFlag::O_RDWR | OFlag::O_CREAT | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
        let mode = Mode::S_IRUSR | Mode::S_IWUSR;
        call(Change, || openat(&place.directory, place.name, flags, mode))
            .map(File::from)
            .map_err(|e| place.errno("lock", e))
    }

    /// Makes a symbolic link, replacing whatever non-directory is there.
    ///
    /// # Errors
    /// As [`Writer::write_file`].
    pub fn symlink(&self, path: &str, target: &str) -> Result<(), WriteError> {
        let place = self.place("link", path)?;
        let temporary = format!("{TEMPORARY_PREFIX}{}", new_name());
        place.link(&temporary, target)?;
        if let Err(error) = place.rename(&temporary) {
            place.give_up(&temporary);
            return Err(error);
        }
        self.renamed(&place)?;
        self.flush_at(&place)
    }

    /// Makes a directory with this mode and owner, or gives an existing one that mode and owner.
    ///
    /// # Errors
    /// Something that is no directory is there, or as [`Writer::write_file`].
    pub fn make_directory(&self, path: &str, mode: u32, owner: (u32, u32)) -> Result<(), WriteError> {
        self.stage_directory(path, mode, owner)?;
        self.flush_at(&self.place("create the directory", path)?)
    }

    /// Removes a file or a link; nothing there is fine.
    ///
    /// # Errors
    /// It is a directory, or the directory it is in is read-only.
    pub fn remove(&self, path: &str) -> Result<(), WriteError> {
        let changed = self.unlink(path, UnlinkatFlags::NoRemoveDir)?;
        changed.map_or(Ok(()), |place| self.flush_at(&place))
    }

    /// Removes an empty directory; nothing there is fine, and what is not empty, or no directory, stays.
    ///
    /// # Errors
    /// The directory it is in is read-only.
    pub fn remove_directory(&self, path: &str) -> Result<(), WriteError> {
        let changed = self.unlink(path, UnlinkatFlags::RemoveDir)?;
        changed.map_or(Ok(()), |place| self.flush_at(&place))
    }

    /// As [`Writer::remove`], part of a batch that [`Writer::flush`] ends; what nobody misses needs no end: until the disk
    /// has heard of it, a power cut brings it back.
    ///
    /// # Errors
    /// As [`Writer::remove`].
    pub fn discard(&self, path: &str) -> Result<(), WriteError> {
        self.unlink(path, UnlinkatFlags::NoRemoveDir).map(drop)
    }

    /// As [`Writer::remove_directory`], part of a batch that [`Writer::flush`] ends.
    ///
    /// # Errors
    /// As [`Writer::remove_directory`].
    pub fn discard_directory(&self, path: &str) -> Result<(), WriteError> {
        self.unlink(path, UnlinkatFlags::RemoveDir).map(drop)
    }

    /// Where a name was taken away; `None` where nothing has changed.
    fn unlink<'a>(&self, path: &'a str, flags: UnlinkatFlags) -> Result<Option<Place<'a>>, WriteError> {
        let Some(place) = self.place_if_there("remove", path)? else {
            return Ok(None);
        };
        match call(Change, || unlinkat(&place.directory, place.name, flags)) {
            Ok(()) => {
                self.renamed(&place)?;
                Ok(Some(place))
            }
            Err(Errno::ENOENT | Errno::ENOTEMPTY | Errno::EEXIST | Errno::ENOTDIR) => Ok(None),
            Err(errno) => Err(place.errno("remove", errno)),
        }
    }

    /// What is at `path` itself, links not followed.
    ///
    /// # Errors
    /// The directory it is in may not be searched.
    pub fn metadata(&self, path: &str) -> Result<Option<Metadata>, WriteError> {
        let Some(place) = self.place_if_there("look at", path)? else {
            return Ok(None);
        };
        match call(Read, || {
            fstatat(&place.directory, place.name, AtFlags::AT_SYMLINK_NOFOLLOW)
        }) {
            Ok(stat) => Ok(Some(Metadata::from(&stat))),
            Err(Errno::ENOENT) => Ok(None),
            Err(errno) => Err(place.errno("look at", errno)),
        }
    }

    /// The directories on the way to `path` that are not there yet, outermost first.
    ///
    /// # Errors
    /// Something on the path is not a directory.
    pub fn missing_parents(&self, path: &str) -> Result<Vec<String>, WriteError> {
        let count = self
            .root
            .way(parent_of(path))
            .map_err(|e| error("write", path, &e))?
            .missing;
        let parents = std::iter::successors(Some(parent_of(path)), |parent| Some(parent_of(parent)));
        let mut missing: Vec<String> = parents.take(count).map(str::to_owned).collect();
        missing.reverse();
        Ok(missing)
    }

    /// The directories on the way to `path` that are not there yet, outermost first, each with whom it belongs to: who
    /// `planned` says, and below a user's that user, as it would be had the user made it; a way that leads through theirs to
    /// root's would not be safe.
    ///
    /// # Errors
    /// As [`Writer::missing_parents`], or what is planned would not be safe.
    pub fn parents_to_make(
        &self,
        path: &str,
        planned: impl Fn(&str) -> Option<(u32, u32)>,
    ) -> Result<Vec<NewParent>, WriteError> {
        let way = self.root.way(parent_of(path));
        let way = way.map_err(|e| error("write", path, &e))?;
        let mut parents: Vec<&str> = std::iter::successors(Some(parent_of(path)), |parent| Some(parent_of(parent)))
            .take(way.missing)
            .collect();
        parents.reverse();
        let (mut from, mut owner) = (way.place.as_str(), way.owner);
        let mut made = Vec::new();
        for parent in parents {
            let inherited = if is_privileged(owner.0) { (0, 0) } else { owner };
            let next = planned(parent).unwrap_or(inherited);
            if is_unsafe(owner.0, next.0) {
                let why = PathError::Unsafe {
                    from: from.to_owned(),
                    owner: owner.0,
                    to: parent.to_owned(),
                    other: next.0,
                };
                return Err(error("write", path, &why));
            }
            made.push((parent.to_owned(), next));
            (from, owner) = (parent, next);
        }
        Ok(made)
    }

    pub(super) fn unflushed(&self) -> MutexGuard<'_, Unflushed> {
        self.unflushed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A file in this place's directory has all its content.
    pub(super) fn wrote(&self, place: &Place<'_>, file: &File) -> Result<(), WriteError> {
        let noted = self.unflushed().wrote(file, &place.directory, place.path);
        noted.map_err(|e| place.errno("write", e))?;
        pass();
        Ok(())
    }

    /// The names in this place's directory have changed.
    pub(super) fn renamed(&self, place: &Place<'_>) -> Result<(), WriteError> {
        pass();
        let noted = self.unflushed().renamed(&place.directory, place.path);
        noted.map_err(|e| place.errno("sync the directory of", e))
    }

    /// Keeps what comes behind what was changed on this place's file system.
    fn keep_order(&self, place: &Place<'_>) -> Result<(), WriteError> {
        let kept = self.unflushed().keep_order(&place.directory);
        kept.map_err(|e| place.errno("sync", e))
    }

    /// Waits until what was changed on this place's file system is on disk.
    fn flush_at(&self, place: &Place<'_>) -> Result<(), WriteError> {
        let flushed = self.unflushed().flush_at(&place.directory);
        flushed.map_err(|e| place.errno("sync the directory of", e))
    }

    /// The place of `path`; an error where its directory is missing.
    pub(super) fn place<'a>(&self, what: &'static str, path: &'a str) -> Result<Place<'a>, WriteError> {
        self.place_if_there(what, path)?
            .ok_or_else(|| error(what, path, &Errno::ENOENT.desc()))
    }

    /// The place of `path`; `None` where its directory is missing, and so whatever would be in it.
    pub(super) fn place_if_there<'a>(
        &self,
        what: &'static str,
        path: &'a str,
    ) -> Result<Option<Place<'a>>, WriteError> {
        let name = file_name(path).map_err(|e| error(what, path, &e))?;
        let way = match self.root.way(parent_of(path)) {
            Ok(way) if way.missing == 0 => way,
            Ok(_) => return Ok(None),
            Err(why) => return Err(error(what, path, &why)),
        };
        // What was found is a place to begin at; only what is open can be listed and synced.
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let directory = call(Read, || openat(&way.directory, ".", flags, Mode::empty()))
            .map_err(|e| error(what, path, &e.desc()))?;
        let directory = Arc::new(directory);
        Ok(Some(Place { directory, name, path }))
    }
}

/// That `path` can't be changed: what was tried (`write`), and why it failed.
pub fn error(what: &'static str, path: &str, why: &dyn std::fmt::Display) -> WriteError {
    WriteError {
        what,
        path: path.to_owned(),
        why: why.to_string(),
    }
}

/// The directory that holds `path`; `/` for what is directly below it.
pub fn parent_of(path: &str) -> &str {
    match path.trim_end_matches('/').rsplit_once('/') {
        Some(("", _)) | None => "/",
        Some((parent, _)) => parent,
    }
}

impl Place<'_> {
    pub(super) fn create(&self, name: &str) -> Result<File, WriteError> {
        let flags = OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let mode = Mode::S_IRUSR | Mode::S_IWUSR;
        call(Change, || openat(&self.directory, name, flags, mode))
            .map(File::from)
            .map_err(|e| self.errno("write", e))
    }

    pub(super) fn link(&self, name: &str, target: &str) -> Result<(), WriteError> {
        call(Change, || symlinkat(target, &self.directory, name)).map_err(|e| self.errno("link", e))
    }

    /// Puts the temporary entry in this place.
    fn rename(&self, temporary: &str) -> Result<(), WriteError> {
        call(Change, || {
            renameat(&self.directory, temporary, &self.directory, self.name)
        })
        .map_err(|e| self.errno("write", e))
    }

    /// Removes an unneeded temporary entry. If that fails, the next run removes it.
    fn give_up(&self, temporary: &str) {
        let _ = call(Change, || {
            unlinkat(&self.directory, temporary, UnlinkatFlags::NoRemoveDir)
        });
    }

    pub(super) fn errno(&self, what: &'static str, errno: Errno) -> WriteError {
        self.error(what, errno.desc().to_owned())
    }

    pub(super) fn error(&self, what: &'static str, why: String) -> WriteError {
        WriteError {
            what,
            path: self.path.to_owned(),
            why,
        }
    }
}

pub(super) fn fill(file: &File, bytes: &[u8], mode: u32, owner: (u32, u32)) -> Result<(), Errno> {
    put(file, bytes)?;
    own(file, mode, owner)
}

pub(super) fn put(file: &File, mut bytes: &[u8]) -> Result<(), Errno> {
    while !bytes.is_empty() {
        match call(Change, || write(file, bytes))? {
            0 => return Err(Errno::EIO),
            written => bytes = bytes.get(written..).unwrap_or_default(),
        }
    }
    Ok(())
}

/// Whether this process can give files to others. Who is not root tries firstlight on a tree of its own, and all files
/// in it are its own.
pub fn may_own() -> bool {
    users::get_effective_uid() == 0
}

/// Owner first: chown(2) clears set-user-ID, and the mode is set in full whatever the umask is.
pub(super) fn own<Fd: AsFd>(fd: Fd, mode: u32, owner: (u32, u32)) -> Result<(), Errno> {
    if may_own() {
        let (uid, gid) = (Uid::from_raw(owner.0), Gid::from_raw(owner.1));
        call(Change, || fchown(&fd, Some(uid), Some(gid)))?;
    }
    call(Change, || fchmod(&fd, Mode::from_bits_truncate(mode)))
}

/// A name that nobody can have put in the way. `O_EXCL` makes a guessed one an error, never a door.
pub fn new_name() -> String {
    let mut bytes = [0_u8; 8];
    if getrandom::fill(&mut bytes).is_err() {
        bytes = (u64::from(std::process::id()) ^ 0x5eed).to_ne_bytes();
    }
    format!("{:016x}", u64::from_ne_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

    fn hands() -> (tempfile::TempDir, Writer, (u32, u32)) {
        let tree = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(tree.path().join("etc")).unwrap();
        let writer = Writer::new(Root::open(tree.path()).unwrap());
        let owner = std::fs::metadata(tree.path()).map(|m| (m.uid(), m.gid())).unwrap();
        (tree, writer, owner)
    }

    #[test]
    fn a_file_is_replaced_with_exactly_this_mode_and_leaves_nothing_beside_it() {
        let (tree, writer, owner) = hands();
        for (bytes, mode) in [(&b"old"[..], 0o600), (b"new", 0o644), (b"", 0o666)] {
            writer.write_file("/etc/file", bytes, mode, owner).unwrap();
            let path = tree.path().join("etc/file");
            assert_eq!(std::fs::read(&path).unwrap(), bytes);
            assert_eq!(path.metadata().unwrap().permissions().mode() & 0o7777, mode);
        }
        assert_eq!(std::fs::read_dir(tree.path().join("etc")).unwrap().count(), 1);
    }

    #[test]
    fn a_link_out_of_the_root_is_replaced_and_not_followed() {
        let (tree, writer, owner) = hands();
        let outside = tempfile::tempdir().unwrap();
        std::fs::write(outside.path().join("victim"), "untouched").unwrap();
        symlink(outside.path().join("victim"), tree.path().join("etc/file")).unwrap();
        writer.write_file("/etc/file", b"new", 0o644, owner).unwrap();
        assert_eq!(
            std::fs::read_to_string(outside.path().join("victim")).unwrap(),
            "untouched"
        );
        assert_eq!(std::fs::read_to_string(tree.path().join("etc/file")).unwrap(), "new");
        symlink(outside.path(), tree.path().join("door")).unwrap();
        assert!(writer.write_file("/door/victim", b"new", 0o644, owner).is_err());
        assert!(
            writer.write_file("/etc/../../victim", b"x", 0o644, owner).is_ok(),
            "`..` stops at the root"
        );
        assert!(tree.path().join("victim").exists());
    }

    #[test]
    fn directories_links_and_removals() {
        let (tree, writer, owner) = hands();
        assert_eq!(writer.missing_parents("/etc/a/b/c").unwrap(), ["/etc/a", "/etc/a/b"]);
        writer.make_directory("/etc/a", 0o750, owner).unwrap();
        writer.symlink("/etc/a/link", "../b").unwrap();
        writer.symlink("/etc/a/link", "/c").unwrap();
        assert_eq!(
            std::fs::read_link(tree.path().join("etc/a/link")).unwrap().to_str(),
            Some("/c")
        );
        writer.remove_directory("/etc/a").unwrap();
        assert!(tree.path().join("etc/a").exists(), "it was not empty");
        writer.remove("/etc/a/link").unwrap();
        writer.remove("/etc/a/link").unwrap();
        writer.remove_directory("/etc/a").unwrap();
        assert!(!tree.path().join("etc/a").exists());
        assert!(writer.remove("/etc").is_err());
    }

    #[test]
    fn below_a_users_directory_what_is_made_on_the_way_is_that_users() {
        if !crate::skip::is_root("others can't give directories away") {
            return;
        }
        let (tree, writer, _) = hands();
        std::fs::create_dir_all(tree.path().join("home/bob")).unwrap();
        std::os::unix::fs::chown(tree.path().join("home/bob"), Some(4242), Some(4243)).unwrap();
        let made = |path: &str, planned: &[(&str, u32)]| {
            let owner = |path: &str| planned.iter().find(|(of, _)| *of == path).map(|(_, uid)| (*uid, 7));
            let made = writer.parents_to_make(path, owner);
            made.map_err(|error| error.why).map(|made| {
                let shown = made.iter().map(|(path, (uid, gid))| format!("{path} {uid}:{gid}"));
                shown.collect::<Vec<_>>()
            })
        };
        let of = |path: &str, planned: &[(&str, u32)]| made(path, planned).unwrap();
        assert_eq!(
            of("/home/bob/a/b/c", &[]),
            ["/home/bob/a 4242:4243", "/home/bob/a/b 4242:4243"]
        );
        assert_eq!(of("/home/eve/a", &[]), ["/home/eve 0:0"]);
        assert_eq!(
            of("/home/eve/a/b", &[("/home/eve", 5)]),
            ["/home/eve 5:7", "/home/eve/a 5:7"]
        );
        let why = made("/home/bob/a/b", &[("/home/bob/a", 0)]).unwrap_err();
        assert!(
            why.contains("/home/bob belongs to") && why.contains("leads to /home/bob/a"),
            "{why}"
        );
    }

    #[test]
    fn an_error_names_the_path_and_changes_nothing() {
        let (tree, writer, owner) = hands();
        std::fs::write(tree.path().join("etc/plain"), "").unwrap();
        let error = writer
            .write_file("/nowhere/file", b"x", 0o644, owner)
            .unwrap_err()
            .to_string();
        assert!(error.contains("/nowhere/file"), "{error}");
        let error = writer.missing_parents("/etc/plain/file").unwrap_err().to_string();
        assert!(error.contains("/etc/plain is not a directory"), "{error}");
        assert!(writer.write_file("/etc", b"x", 0o644, owner).is_err());
        assert_eq!(std::fs::read_dir(tree.path()).unwrap().count(), 1);
    }
}
