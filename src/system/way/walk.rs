//! The resolution of a path, one name after the other.

use std::collections::VecDeque;
use std::os::fd::OwnedFd;

use nix::errno::Errno;
use nix::fcntl::{OFlag, OpenHow, ResolveFlag, openat, readlinkat};
use nix::sys::stat::{FileStat, Mode, fstat};
use nix::sys::statfs::fstatfs;
use nix::sys::statfs::{CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC, DEBUGFS_MAGIC, FsType, PROC_SUPER_MAGIC, SYSFS_MAGIC};

use super::{KERNEL_PLACES, PathError, Way, check_length};
use crate::system::failpoint::{Call, call};
use crate::system::root::{Kind, Root, kind_of, resolve};

/// How many links are followed on a way: as many as the kernel follows.
const LINK_LIMIT: usize = 40;

/// The kernel's file systems, by type, wherever they are mounted.
const KERNEL_FILE_SYSTEMS: [FsType; 5] = [
    PROC_SUPER_MAGIC,
    SYSFS_MAGIC,
    CGROUP_SUPER_MAGIC,
    CGROUP2_SUPER_MAGIC,
    DEBUGFS_MAGIC,
];

/// A path resolution in progress.
pub(super) struct Walk<'a> {
    root: &'a Root,
    at: OwnedFd,
    stat: FileStat,
    /// The names from the root to where it is; none of them is a link.
    names: Vec<String>,
    /// What decided where it is: the last directory or link that it came through.
    pub(super) via: Step,
    /// Links followed.
    links: usize,
    pending: VecDeque<Pending>,
    /// How many names of the path itself were left when there was nothing more.
    missing: usize,
    /// The directories that may not be come through, by device and inode.
    forbidden: Vec<(u64, u64)>,
    /// A directory on the way may not be searched by everybody.
    pub(super) is_private: bool,
}

/// Something that was come through.
pub(super) struct Step {
    path: String,
    pub(super) owner: u32,
}

/// A name that is still to be gone to.
struct Pending {
    name: String,
    /// The link that it comes from; none when it is of the path itself.
    link: Option<String>,
}

impl Root {
    /// Goes to the directory `path`, as far as there are directories. Refuses to come through those of `forbidden`.
    pub(super) fn walk(&self, path: &str, forbidden: Vec<(u64, u64)>) -> Result<Walk<'_>, PathError> {
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
    pub(super) fn way(self) -> Way {
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
pub(in crate::system) fn is_unsafe(from: u32, to: u32) -> bool {
    !is_privileged(from) && from != to
}

/// Root, and who runs firstlight on a tree of their own.
pub(in crate::system) fn is_privileged(uid: u32) -> bool {
    uid == 0 || uid == users::get_effective_uid()
}

fn place(names: &[String]) -> String {
    format!("/{}", names.join("/"))
}
