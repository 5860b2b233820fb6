//! Resolves the path of a write, directory by directory, so that no unprivileged user can redirect it.
//!
//! A link or directory of an unprivileged user on the path lets that user control the target. The rule is that of
//! systemd-tmpfiles: below something that belongs to a user, everything must belong to the same user. A write never
//! ends on one of the kernel's file systems, not even through a link.

use std::collections::VecDeque;
use std::os::fd::OwnedFd;

use nix::errno::Errno;
use nix::fcntl::{OFlag, OpenHow, ResolveFlag, openat, readlinkat};
use nix::sys::stat::{FileStat, Mode, fstat};
use nix::sys::statfs::fstatfs;
use nix::sys::statfs::{CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC, DEBUGFS_MAGIC, FsType, PROC_SUPER_MAGIC, SYSFS_MAGIC};

use super::failpoint::{Call, call};
use super::root::{Kind, Metadata, ReadError, Root, absent_is_none, kind_of, resolve, whole};
use super::write::parent_of;

/// The longest path, in bytes, with the NUL at its end: the kernel's PATH_MAX.
pub const PATH_LIMIT: usize = 4096;

/// The longest name of a directory entry, in bytes: the kernel's NAME_MAX.
pub const NAME_LIMIT: usize = 255;

/// The maximum number of names in a path. Each may be a directory to create, record and undo.
pub const DEPTH_LIMIT: usize = 128;

/// How many links are followed on a way: as many as the kernel follows.
const LINK_LIMIT: usize = 40;

/// The kernel's file systems, by path. devtmpfs can't be told from a tmpfs otherwise.
const KERNEL_PLACES: [&str; 3] = ["/dev", "/proc", "/sys"];

/// The kernel's file systems, by type, wherever they are mounted.
const KERNEL_FILE_SYSTEMS: [FsType; 5] = [
    PROC_SUPER_MAGIC,
    SYSFS_MAGIC,
    CGROUP_SUPER_MAGIC,
    CGROUP2_SUPER_MAGIC,
    DEBUGFS_MAGIC,
];

/// Why nothing is written at a path. Each error names the cause.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// It is too long or too deep.
    #[error("{0}")]
    Length(String),
    /// There is no name at its end.
    #[error("the path has no file name")]
    NoName,
    /// An unprivileged user controls where it leads.
    #[error(
        "{from} belongs to the user with ID {owner} and leads to {to}, which belongs to {}; firstlight doesn't write \
         where an unprivileged user controls the target (unsafe path transition)",
        who(*.other)
    )]
    Unsafe {
        /// The directory or link on the way that belongs to an unprivileged user.
        from: String,
        /// The number of that user.
        owner: u32,
        /// What follows it.
        to: String,
        /// The number of its owner.
        other: u32,
    },
    /// It leads to one of the kernel's file systems.
    #[error("{place} belongs to the kernel; firstlight doesn't write files there")]
    Kernel {
        /// Where it leads.
        place: String,
    },
    /// It leads to firstlight's own state.
    #[error("{place} is firstlight's own state; a document can't write there")]
    State {
        /// Where it leads.
        place: String,
    },
    /// Something on the path is not a directory.
    #[error("{0} is not a directory")]
    NotDirectory(String),
    /// A link on the path is dangling.
    #[error("the link {link} points to {to}, which doesn't exist")]
    Dangling {
        /// The link.
        link: String,
        /// What is missing.
        to: String,
    },
    /// It is a link itself, where a file was meant.
    #[error("it is a link, not a file; name the file that it points to")]
    Link,
    /// It is a directory, a device, a socket or a pipe, where a file was meant.
    #[error("it is not a regular file")]
    NotFile,
    /// The system call failed.
    #[error("{}{why}", if .at.is_empty() { String::new() } else { format!("{}: ", .at) })]
    System {
        /// The place on the way; empty when it is the path itself.
        at: String,
        /// The system's reason, in words.
        why: String,
    },
}

impl PathError {
    pub(super) fn system(at: &str, errno: Errno) -> Self {
        Self::System {
            at: at.to_owned(),
            why: errno.desc().to_owned(),
        }
    }

    /// This error as one of a view of `path`; the verb is the view's.
    pub fn of(&self, what: &'static str, path: &str) -> ReadError {
        ReadError {
            what,
            path: path.to_owned(),
            why: self.to_string(),
        }
    }
}

fn who(uid: u32) -> String {
    match uid {
        0 => "root".to_owned(),
        uid => format!("the user with ID {uid}"),
    }
}

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

/// A path resolution in progress.
struct Walk<'a> {
    root: &'a Root,
    at: OwnedFd,
    stat: FileStat,
    /// The names from the root to where it is; none of them is a link.
    names: Vec<String>,
    /// What decided where it is: the last directory or link that it came through.
    via: Step,
    /// Links followed.
    links: usize,
    pending: VecDeque<Pending>,
    /// How many names of the path itself were left when there was nothing more.
    missing: usize,
    /// The directories that may not be come through, by device and inode.
    forbidden: Vec<(u64, u64)>,
    /// A directory on the way may not be searched by everybody.
    is_private: bool,
}

/// Something that was come through.
struct Step {
    path: String,
    owner: u32,
}

/// A name that is still to be gone to.
struct Pending {
    name: String,
    /// The link that it comes from; none when it is of the path itself.
    link: Option<String>,
}

impl Root {
    /// Looks whether something may be written at `path`: the way there is safe, ends in directories or where directories
    /// can be made, and is not in the kernel's file systems, nor in one of the directories of `own`. Gives what is there
    /// now, links not followed.
    ///
    /// # Errors
    /// It may not; the error says why.
    pub fn check_target(&self, path: &str, own: &[&str]) -> Result<Option<Metadata>, PathError> {
        let name = file_name(path)?;
        let mut forbidden = Vec::new();
        for directory in own {
            let opened = self.open_at(directory, OFlag::O_PATH | OFlag::O_DIRECTORY);
            if let Some(fd) = absent_is_none(opened).map_err(|e| PathError::system(directory, e))? {
                let stat = call(Call::Read, || fstat(&fd)).map_err(|e| PathError::system(directory, e))?;
                forbidden.push((stat.st_dev, stat.st_ino));
            }
        }
        let way = self.way_around(parent_of(path), forbidden.clone())?;
        let missing: String = last_names(parent_of(path), way.missing);
        let place = format!("{}{missing}/{name}", way.place.trim_end_matches('/'));
        if own.iter().any(|own| is_at_or_below(&place, own)) {
            return Err(PathError::State { place });
        }
        if KERNEL_PLACES.iter().any(|kernel| is_at_or_below(&place, kernel)) {
            return Err(PathError::Kernel { place });
        }
        if way.missing > 0 {
            return Ok(None);
        }
        let flags = OFlag::O_PATH | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        match call(Call::Read, || openat(&way.directory, name, flags, Mode::empty())) {
            Ok(fd) => {
                let stat = call(Call::Read, || fstat(&fd)).map_err(|e| PathError::system("", e))?;
                if forbidden.contains(&(stat.st_dev, stat.st_ino)) {
                    return Err(PathError::State { place });
                }
                Ok(Some(Metadata::from(&stat)))
            }
            Err(Errno::ENOENT) => Ok(None),
            Err(errno) => Err(PathError::system("", errno)),
        }
    }

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
        self.way_around(path, Vec::new())
    }

    fn way_around(&self, path: &str, forbidden: Vec<(u64, u64)>) -> Result<Way, PathError> {
        Ok(self.walk(path, forbidden)?.way())
    }

    fn walk(&self, path: &str, forbidden: Vec<(u64, u64)>) -> Result<Walk<'_>, PathError> {
        check_length(path)?;
        let at = resolve(self, ".", OpenHow::new().flags(OFlag::O_PATH | OFlag::O_CLOEXEC))
            .map_err(|e| PathError::system("/", e))?;
        let stat = call(Call::Read, || fstat(&at)).map_err(|e| PathError::system("/", e))?;
        let mut walk = Walk {
            root: self,
            at,
            stat,
            names: Vec::new(),
            // The root itself is trusted, independent of its owner.
            via: Step {
                path: "/".to_owned(),
                owner: 0,
            },
            links: 0,
            pending: VecDeque::new(),
            missing: 0,
            forbidden,
            is_private: false,
        };
        walk.push(path, None);
        walk.go()?;
        Ok(walk)
    }
}

impl Walk<'_> {
    fn way(self) -> Way {
        Way {
            place: place(&self.names),
            owner: (self.stat.st_uid, self.stat.st_gid),
            directory: self.at,
            missing: self.missing,
        }
    }

    /// Puts the names of `path` before those that are still to be gone to.
    fn push(&mut self, path: &str, link: Option<&str>) {
        let names = path.split('/').filter(|name| !name.is_empty() && *name != ".");
        for name in names.rev() {
            self.pending.push_front(Pending {
                name: name.to_owned(),
                link: link.map(str::to_owned),
            });
        }
    }

    fn go(&mut self) -> Result<(), PathError> {
        while let Some(next) = self.pending.pop_front() {
            if next.name == ".." {
                self.go_up()?;
                continue;
            }
            let path = format!("{}/{}", place(&self.names).trim_end_matches('/'), next.name);
            let flags = OFlag::O_PATH | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
            let child = match call(Call::Read, || {
                openat(&self.at, next.name.as_str(), flags, Mode::empty())
            }) {
                Ok(child) => child,
                Err(Errno::ENOENT) => return self.end(&next, path),
                Err(errno) => return Err(PathError::system(&path, errno)),
            };
            let stat = call(Call::Read, || fstat(&child)).map_err(|e| PathError::system(&path, e))?;
            self.step(path.clone(), &stat)?;
            match kind_of(&stat) {
                Kind::Directory => {
                    self.names.push(next.name);
                    self.is_private |= stat.st_mode & Mode::S_IXOTH.bits() == 0;
                    self.enter(child, stat)?;
                }
                Kind::Symlink => self.follow(&child, &path)?,
                Kind::File | Kind::Other => return Err(PathError::NotDirectory(path)),
            }
        }
        Ok(())
    }

    /// There is nothing at `path`: what is left are directories to make, unless a link promised them.
    fn end(&mut self, next: &Pending, path: String) -> Result<(), PathError> {
        if let Some(link) = &next.link {
            return Err(PathError::Dangling {
                link: link.clone(),
                to: path,
            });
        }
        if self.pending.iter().any(|name| name.name == "..") {
            return Err(PathError::system(&path, Errno::ENOENT));
        }
        self.missing = self.pending.len() + 1;
        self.pending.clear();
        Ok(())
    }

    fn go_up(&mut self) -> Result<(), PathError> {
        self.names.pop();
        let path = place(&self.names);
        // From the root again, and not by `..`: a directory that is being moved leads nowhere else.
        let how = OpenHow::new()
            .flags(OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC)
            .resolve(ResolveFlag::RESOLVE_IN_ROOT | ResolveFlag::RESOLVE_NO_SYMLINKS);
        let parent = resolve(self.root, &path, how).map_err(|e| PathError::system(&path, e))?;
        let stat = call(Call::Read, || fstat(&parent)).map_err(|e| PathError::system(&path, e))?;
        self.step(path, &stat)?;
        self.enter(parent, stat)
    }

    fn follow(&mut self, link: &OwnedFd, path: &str) -> Result<(), PathError> {
        self.links += 1;
        if self.links > LINK_LIMIT {
            return Err(PathError::system(path, Errno::ELOOP));
        }
        let target = call(Call::Read, || readlinkat(link, "")).map_err(|e| PathError::system(path, e))?;
        let Some(target) = target.to_str() else {
            return Err(PathError::system(path, Errno::EILSEQ));
        };
        if target.starts_with('/') {
            self.names.clear();
            self.is_private = false;
            let how = OpenHow::new().flags(OFlag::O_PATH | OFlag::O_CLOEXEC);
            let root = resolve(self.root, ".", how).map_err(|e| PathError::system("/", e))?;
            let stat = call(Call::Read, || fstat(&root)).map_err(|e| PathError::system("/", e))?;
            let came = self.via.owner;
            self.step("/".to_owned(), &stat)?;
            if is_privileged(came) {
                self.via.owner = 0;
            }
            self.enter(root, stat)?;
        }
        self.push(target, Some(path));
        Ok(())
    }

    /// Takes the step to something that belongs to `stat`'s owner, if that is safe.
    fn step(&mut self, path: String, stat: &FileStat) -> Result<(), PathError> {
        if is_unsafe(self.via.owner, stat.st_uid) {
            return Err(PathError::Unsafe {
                from: std::mem::take(&mut self.via.path),
                owner: self.via.owner,
                to: path,
                other: stat.st_uid,
            });
        }
        self.via = Step {
            path,
            owner: stat.st_uid,
        };
        Ok(())
    }

    fn enter(&mut self, directory: OwnedFd, stat: FileStat) -> Result<(), PathError> {
        let place = place(&self.names);
        if self.forbidden.contains(&(stat.st_dev, stat.st_ino)) {
            return Err(PathError::State { place });
        }
        let is_kernels = || -> Result<bool, Errno> {
            Ok(KERNEL_PLACES.contains(&place.as_str())
                || (stat.st_dev != self.stat.st_dev
                    && KERNEL_FILE_SYSTEMS.contains(&call(Call::Read, || fstatfs(&directory))?.filesystem_type())))
        };
        if is_kernels().map_err(|e| PathError::system(&place, e))? {
            return Err(PathError::Kernel { place });
        }
        (self.at, self.stat) = (directory, stat);
        Ok(())
    }
}

/// systemd's rule (chase(), `CHASE_SAFE`): who is trusted leads anywhere, everybody else to what is their own.
fn is_unsafe(from: u32, to: u32) -> bool {
    !is_privileged(from) && from != to
}

/// Root, and who runs firstlight on a tree of their own.
pub(super) fn is_privileged(uid: u32) -> bool {
    uid == 0 || uid == users::get_effective_uid()
}

fn place(names: &[String]) -> String {
    format!("/{}", names.join("/"))
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
