//! The directory that is the machine's `/`, open for reading.
//!
//! Every path goes through one directory handle with openat2(2) and `RESOLVE_IN_ROOT`: an absolute link or a `..` of the
//! tree leads back into the tree, never out of it, whoever wrote it and whenever it is swapped.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nix::dir::Dir;
use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, OFlag, OpenHow, ResolveFlag, openat2, readlinkat};
use nix::sys::stat::{FileStat, SFlag, fstat};

use super::failpoint::{Call, call};
use super::imagined::Imagined;
use super::seen::Seen;

/// How often a path is resolved again if the kernel could not rule out that it leads outside.
const RESOLVE_TRIES: u32 = 128;

/// The largest file of the machine that is read, in bytes: configuration is smaller.
pub const FILE_LIMIT: u64 = 16 * 1024 * 1024;

/// A machine's root directory, for reading.
#[derive(Debug, Clone)]
pub struct Root {
    dir: Arc<OwnedFd>,
    path: PathBuf,
    pub(super) imagined: Arc<BTreeMap<String, Option<Imagined>>>,
    /// What is not looked at a second time; `None` where each look counts.
    seen: Option<Arc<Seen>>,
}

/// What an entry of a directory is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Symlink,
    /// A device, a socket or a pipe.
    Other,
}

/// The stat(2) data of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metadata {
    /// What it is.
    pub kind: Kind,
    /// The permission bits, set-user-ID, set-group-ID and sticky included.
    pub mode: u32,
    /// The owner, numeric.
    pub uid: u32,
    /// The group, numeric.
    pub gid: u32,
    /// Size in bytes.
    pub size: u64,
}

/// Why something of the machine could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("can't {what} {path}: {why}")]
pub struct ReadError {
    /// The verb: `read`, `list`, …
    pub what: &'static str,
    /// The path, as the machine itself would name it.
    pub path: String,
    /// The system's reason, in words.
    pub why: String,
}

impl Root {
    /// Opens the directory at `path` as a machine's root.
    ///
    /// # Errors
    /// It is not a directory, or may not be read.
    pub fn open(path: &Path) -> Result<Self, ReadError> {
        let how = OpenHow::new().flags(OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC);
        let dir = openat2(AT_FDCWD, path, how).map_err(|errno| {
            let why = match errno {
                Errno::ENOENT => "it doesn't exist".to_owned(),
                Errno::ENOTDIR => "it is not a directory".to_owned(),
                other => other.desc().to_owned(),
            };
            ReadError {
                what: "use as a root directory",
                path: path.display().to_string(),
                why,
            }
        })?;
        Ok(Self {
            dir: Arc::new(dir),
            path: path.to_owned(),
            imagined: Arc::default(),
            seen: None,
        })
    }

    /// Where the root is on the machine that firstlight runs on.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The same root, looked at once: what it has shown it shows again, also to its clones, whatever has changed. For as
    /// long as a plan is made, and nothing is done.
    #[must_use]
    pub fn at_one_moment(&self) -> Self {
        Self {
            seen: Some(Arc::default()),
            ..self.clone()
        }
    }

    /// The same root, looked at anew each time.
    #[must_use]
    pub fn as_it_becomes(&self) -> Self {
        Self {
            seen: None,
            ..self.clone()
        }
    }

    /// Opens `path` inside the root with these flags.
    pub(super) fn open_at(&self, path: &str, flags: OFlag) -> Result<OwnedFd, Errno> {
        let how = OpenHow::new()
            .flags(flags | OFlag::O_CLOEXEC)
            .resolve(ResolveFlag::RESOLVE_IN_ROOT | ResolveFlag::RESOLVE_NO_MAGICLINKS);
        resolve(self, path, how)
    }

    /// A file's content, following links inside the root; `None` when there is no such file.
    ///
    /// # Errors
    /// It is not a regular file, is larger than [`FILE_LIMIT`], or may not be read.
    pub fn read(&self, path: &str) -> Result<Option<Vec<u8>>, ReadError> {
        if let Some(imagined) = self.imagined_at_the_end(path) {
            return imagined.map(|imagined| imagined.read(path)).transpose();
        }
        match &self.seen {
            None => self.read_there(path),
            Some(seen) => {
                let content = seen.content(path, || Ok(self.read_there(path)?.map(Arc::from)))?;
                Ok(content.map(|bytes| bytes.to_vec()))
            }
        }
    }

    fn read_there(&self, path: &str) -> Result<Option<Vec<u8>>, ReadError> {
        let fail = |why: &str| ReadError {
            what: "read",
            path: path.to_owned(),
            why: why.to_owned(),
        };
        let flags = OFlag::O_RDONLY | OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
        let Some(fd) = absent_is_none(self.open_at(path, flags)).map_err(|e| fail(e.desc()))? else {
            return Ok(None);
        };
        whole(fd, path).map(Some)
    }

    /// The same as text; bytes that are not UTF-8 become U+FFFD.
    ///
    /// # Errors
    /// As [`Root::read`].
    pub fn read_text(&self, path: &str) -> Result<Option<String>, ReadError> {
        Ok(self
            .read(path)?
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// Whether these bytes are somewhere in a file; `None` when there is no such file.
    ///
    /// # Errors
    /// As [`Root::read`].
    pub fn holds(&self, path: &str, bytes: &[u8]) -> Result<Option<bool>, ReadError> {
        Ok(self.read(path)?.map(|content| is_in(bytes, &content)))
    }

    /// What the entry at `path` itself is, without following it when it is a link; `None` when there is none.
    ///
    /// # Errors
    /// A directory on the way may not be searched, or a link loops.
    pub fn metadata(&self, path: &str) -> Result<Option<Metadata>, ReadError> {
        self.stat(path, OFlag::O_PATH | OFlag::O_NOFOLLOW)
    }

    /// What `path` leads to, links followed; `None` when there is nothing.
    ///
    /// # Errors
    /// As [`Root::metadata`].
    pub fn metadata_followed(&self, path: &str) -> Result<Option<Metadata>, ReadError> {
        self.stat(path, OFlag::O_PATH)
    }

    /// Whether something is at `path`, links followed.
    ///
    /// # Errors
    /// As [`Root::metadata`].
    pub fn exists(&self, path: &str) -> Result<bool, ReadError> {
        Ok(self.metadata_followed(path)?.is_some())
    }

    /// The target of the link at `path`, as written; `None` when there is no link.
    ///
    /// # Errors
    /// As [`Root::metadata`].
    pub fn read_link(&self, path: &str) -> Result<Option<String>, ReadError> {
        if self.metadata(path)?.is_none_or(|m| m.kind != Kind::Symlink) {
            return Ok(None);
        }
        if let Some(imagined) = self.imagined(path) {
            return Ok(imagined.and_then(Imagined::target).map(str::to_owned));
        }
        match &self.seen {
            None => self.target_there(path),
            Some(seen) => seen.target(path, || self.target_there(path)),
        }
    }

    fn target_there(&self, path: &str) -> Result<Option<String>, ReadError> {
        let fail = |e: Errno| ReadError {
            what: "read the link",
            path: path.to_owned(),
            why: e.desc().to_owned(),
        };
        let fd = self.open_at(path, OFlag::O_PATH | OFlag::O_NOFOLLOW).map_err(fail)?;
        let target = call(Call::Read, || readlinkat(&fd, "")).map_err(fail)?;
        Ok(Some(target.to_string_lossy().into_owned()))
    }

    /// The names in a directory, sorted, `.` and `..` left out; empty when there is no such directory.
    ///
    /// # Errors
    /// It is not a directory or may not be read.
    pub fn list(&self, path: &str) -> Result<Vec<String>, ReadError> {
        let names = match &self.seen {
            None => self.names_there(path)?,
            Some(seen) => {
                let names = seen.names(path, || Ok(self.names_there(path)?.map(Arc::from)))?;
                names.map(|names| names.to_vec())
            }
        };
        Ok(self.with_imagined_names(path, names.unwrap_or_default()))
    }

    fn names_there(&self, path: &str) -> Result<Option<Vec<String>>, ReadError> {
        let fail = |e: Errno| ReadError {
            what: "list",
            path: path.to_owned(),
            why: e.desc().to_owned(),
        };
        let opened = absent_is_none(self.open_at(path, OFlag::O_RDONLY | OFlag::O_DIRECTORY)).map_err(fail)?;
        let Some(fd) = opened else {
            return Ok(None);
        };
        let mut directory = call(Call::Read, || Ok(()))
            .and_then(|()| Dir::from_fd(fd))
            .map_err(fail)?;
        let mut names = Vec::new();
        for entry in directory.iter() {
            let name = entry.map_err(fail)?.file_name().to_string_lossy().into_owned();
            if name != "." && name != ".." {
                names.push(name);
            }
        }
        Ok(Some(names))
    }

    fn stat(&self, path: &str, flags: OFlag) -> Result<Option<Metadata>, ReadError> {
        let imagined = match flags.contains(OFlag::O_NOFOLLOW) {
            true => self.imagined(path),
            false => self.imagined_at_the_end(path),
        };
        if let Some(imagined) = imagined {
            return Ok(imagined.map(Imagined::metadata));
        }
        let look = || self.stat_there(path, flags);
        match &self.seen {
            None => look(),
            Some(seen) if flags.contains(OFlag::O_NOFOLLOW) => seen.entry(path, look),
            Some(seen) => seen.followed(path, look),
        }
    }

    /// What the entry at `path` itself is, found on another way than by its whole path.
    pub(super) fn saw(&self, path: &str, there: Option<Metadata>) {
        if let Some(seen) = &self.seen {
            seen.saw(path, there);
        }
    }

    fn stat_there(&self, path: &str, flags: OFlag) -> Result<Option<Metadata>, ReadError> {
        let fail = |e: Errno| ReadError {
            what: "look at",
            path: path.to_owned(),
            why: e.desc().to_owned(),
        };
        let Some(fd) = absent_is_none(self.open_at(path, flags)).map_err(fail)? else {
            return Ok(None);
        };
        Ok(Some(Metadata::from(&call(Call::Read, || fstat(&fd)).map_err(fail)?)))
    }
}

/// openat2(2) inside the root. It says `EAGAIN` whenever something anywhere was renamed or mounted while it went up a
/// `..`: on a busy machine that is no attack, and the next try ends.
pub(super) fn resolve(root: &Root, path: &str, how: OpenHow) -> Result<OwnedFd, Errno> {
    let open = || call(Call::Read, || openat2(root.dir.as_fd(), path, how));
    let mut result = open();
    for _ in 1..RESOLVE_TRIES {
        match result {
            Err(Errno::EAGAIN) => result = open(),
            _ => break,
        }
    }
    result
}

impl From<&FileStat> for Metadata {
    fn from(stat: &FileStat) -> Self {
        let size = u64::try_from(stat.st_size).unwrap_or(0);
        Self {
            kind: kind_of(stat),
            mode: stat.st_mode & 0o7777,
            uid: stat.st_uid,
            gid: stat.st_gid,
            size,
        }
    }
}

/// The system's error behind one of the standard library's, which has no others here: `EINTR` it retries itself, and
/// memory that there is not.
pub(super) fn errno_of(error: std::io::Error) -> Errno {
    error.raw_os_error().map_or(Errno::ENOMEM, Errno::from_raw)
}

/// The whole content of the file that was opened at `path`.
pub(super) fn whole(fd: OwnedFd, path: &str) -> Result<Vec<u8>, ReadError> {
    let fail = |why: &str| ReadError {
        what: "read",
        path: path.to_owned(),
        why: why.to_owned(),
    };
    let stat = call(Call::Read, || fstat(&fd)).map_err(|e| fail(e.desc()))?;
    if kind_of(&stat) != Kind::File {
        return Err(fail("it is not a regular file"));
    }
    let mut bytes = Vec::new();
    // In one piece, not in many that double; files of the kernel say 0.
    let expected = u64::try_from(stat.st_size).unwrap_or(0).min(FILE_LIMIT) + 1;
    let room = bytes.try_reserve_exact(usize::try_from(expected).unwrap_or(0));
    room.map_err(|_| fail(Errno::ENOMEM.desc()))?;
    let mut file = File::from(fd).take(FILE_LIMIT + 1);
    call(Call::Read, || file.read_to_end(&mut bytes).map_err(errno_of)).map_err(|e| fail(e.desc()))?;
    if bytes.len() as u64 > FILE_LIMIT {
        return Err(fail("it is larger than 16 MiB"));
    }
    Ok(bytes)
}

/// Whether `bytes` are somewhere in `content`. Only where the first one is are the others looked at: to compare them at each
/// place of a library takes a millisecond.
fn is_in(bytes: &[u8], content: &[u8]) -> bool {
    let Some((first, others)) = bytes.split_first() else {
        return true;
    };
    let mut places = content.iter().enumerate().filter(|(_, byte)| *byte == first);
    places.any(|(place, _)| content[place + 1..].starts_with(others))
}

pub(super) fn kind_of(stat: &FileStat) -> Kind {
    match SFlag::from_bits_truncate(stat.st_mode) & SFlag::S_IFMT {
        SFlag::S_IFREG => Kind::File,
        SFlag::S_IFDIR => Kind::Directory,
        SFlag::S_IFLNK => Kind::Symlink,
        _ => Kind::Other,
    }
}

/// "There is no such file" is an answer, not an error.
pub(super) fn absent_is_none<T>(result: Result<T, Errno>) -> Result<Option<T>, Errno> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(Errno::ENOENT | Errno::ENOTDIR) => Ok(None),
        Err(errno) => Err(errno),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn tree() -> (tempfile::TempDir, Root) {
        let outer = tempfile::tempdir().unwrap();
        std::fs::write(outer.path().join("outside"), "not yours").unwrap();
        let inner = outer.path().join("root");
        std::fs::create_dir_all(inner.join("etc")).unwrap();
        std::fs::write(inner.join("etc/hostname"), "inside\n").unwrap();
        let root = Root::open(&inner).unwrap();
        (outer, root)
    }

    #[test]
    fn links_and_dots_stay_inside_the_root() {
        let (outer, root) = tree();
        let etc = outer.path().join("root/etc");
        symlink("/etc/hostname", etc.join("absolute")).unwrap();
        symlink("../../../../etc/hostname", etc.join("upwards")).unwrap();
        symlink(outer.path().join("outside"), etc.join("escape")).unwrap();
        symlink("/proc/self/root/etc/passwd", etc.join("magic")).unwrap();
        for path in [
            "/etc/hostname",
            "etc/hostname",
            "/etc/absolute",
            "/etc/upwards",
            "/../../etc/hostname",
        ] {
            assert_eq!(root.read_text(path).unwrap().as_deref(), Some("inside\n"), "{path}");
        }
        for path in ["/etc/escape", "/etc/magic", "/../outside", "/etc/missing"] {
            assert_eq!(root.read_text(path).unwrap(), None, "{path}");
        }
    }

    #[test]
    fn a_file_holds_what_is_anywhere_in_it() {
        let (outer, root) = tree();
        std::fs::write(outer.path().join("root/etc/data"), b"aab\0$6$\0").unwrap();
        for (bytes, expected) in [
            ("ab", true),
            ("aab", true),
            ("aaab", false),
            ("$6$", true),
            ("\0", true),
            ("\0\0", false),
            ("b$", false),
            ("", true),
        ] {
            let held = root.holds("/etc/data", bytes.as_bytes()).unwrap();
            assert_eq!(held, Some(expected), "{bytes:?}");
        }
        assert_eq!(root.holds("/etc/missing", b"x").unwrap(), None);
    }

    #[test]
    fn a_loop_and_a_directory_are_errors_with_their_path() {
        let (outer, root) = tree();
        symlink("loop", outer.path().join("root/etc/loop")).unwrap();
        assert!(root.read("/etc/loop").unwrap_err().to_string().contains("/etc/loop"));
        assert!(
            root.read("/etc")
                .unwrap_err()
                .to_string()
                .contains("not a regular file")
        );
    }

    #[test]
    fn metadata_is_of_the_link_itself() {
        let (outer, root) = tree();
        symlink("hostname", outer.path().join("root/etc/link")).unwrap();
        assert_eq!(root.metadata("/etc/link").unwrap().unwrap().kind, Kind::Symlink);
        assert_eq!(root.metadata_followed("/etc/link").unwrap().unwrap().kind, Kind::File);
        assert_eq!(root.read_link("/etc/link").unwrap().as_deref(), Some("hostname"));
        assert_eq!(root.list("/etc").unwrap(), ["hostname", "link"]);
        assert_eq!(root.list("/nowhere").unwrap(), Vec::<String>::new());
    }

    #[test]
    fn one_moment_shows_what_it_has_shown_and_imagines_the_rest() {
        let (outer, root) = tree();
        let etc = outer.path().join("root/etc");
        symlink("hostname", etc.join("link")).unwrap();
        let mut moment = root.at_one_moment();
        let look = |root: &Root| {
            (
                root.read_text("/etc/hostname").unwrap(),
                root.metadata("/etc/new").unwrap(),
                root.exists("/etc/new").unwrap(),
                root.read_link("/etc/link").unwrap(),
                root.list("/etc").unwrap(),
            )
        };
        let before = look(&moment);
        assert_eq!(before, look(&root));
        std::fs::write(etc.join("hostname"), "another\n").unwrap();
        std::fs::write(etc.join("new"), "").unwrap();
        std::fs::remove_file(etc.join("link")).unwrap();
        assert_eq!(look(&moment), before);
        assert_eq!(look(&moment.clone()), before);
        for now in [&root, &moment.as_it_becomes(), &moment.at_one_moment()] {
            let (text, entry, is_there, target, names) = look(now);
            assert_eq!(text.as_deref(), Some("another\n"));
            assert!(entry.is_some() && is_there && target.is_none());
            assert_eq!(names, ["hostname", "new"]);
        }
        moment.imagine("/etc/hostname", None).unwrap();
        assert_eq!(moment.read("/etc/hostname").unwrap(), None);
        assert_eq!(moment.list("/etc").unwrap(), ["link"]);
        assert!(!format!("{moment:?}").contains("inside"), "{moment:?}");
    }

    #[test]
    fn a_root_must_be_a_directory() {
        let (outer, _) = tree();
        let error = Root::open(&outer.path().join("outside")).unwrap_err().to_string();
        assert!(error.contains("not a directory"), "{error}");
        let error = Root::open(&outer.path().join("nowhere")).unwrap_err().to_string();
        assert!(error.contains("doesn't exist"), "{error}");
    }
}
