//! Looks whether something may be written, at one path after the other.

use nix::fcntl::{AtFlags, OFlag};
use nix::sys::stat::{fstat, fstatat};

use super::{KERNEL_PLACES, PathError, Way, file_name, is_at_or_below, last_names};
use crate::system::failpoint::{Call, call};
use crate::system::root::{Metadata, Root, absent_is_none};
use crate::system::write::parent_of;

/// Looks at the targets of a plan. The directory of the last one is held open, because the next is mostly in it too, and
/// let go when another directory is asked for, or with this.
#[derive(Debug)]
pub struct Targets<'a> {
    root: &'a Root,
    /// The directories that nothing may be written in.
    own: &'a [&'a str],
    /// The same by device and inode, once they were looked at.
    forbidden: Option<Vec<(u64, u64)>>,
    held: Option<Held>,
}

/// The way to a directory, as it was asked for.
#[derive(Debug)]
struct Held {
    path: String,
    way: Way,
}

impl Root {
    /// Looks at targets, none of which may be in one of the directories of `own`.
    pub fn targets<'a>(&'a self, own: &'a [&'a str]) -> Targets<'a> {
        Targets {
            root: self,
            own,
            forbidden: None,
            held: None,
        }
    }
}

impl Targets<'_> {
    /// Looks whether something may be written at `path`: the way there is safe, ends in directories or where directories
    /// can be made, and is not in the kernel's file systems, nor in a directory that is not to be written in. Gives what
    /// is there now, links not followed.
    ///
    /// # Errors
    /// It may not; the error says why.
    pub fn check(&mut self, path: &str) -> Result<Option<Metadata>, PathError> {
        let name = file_name(path)?;
        let forbidden = match &self.forbidden {
            Some(known) => known,
            None => self.forbidden.insert(identities(self.root, self.own)?),
        };
        let parent = parent_of(path);
        let held = match self.held.take().filter(|held| held.path == parent) {
            Some(held) => held,
            None => Held {
                path: parent.to_owned(),
                way: self.root.walk(parent, forbidden.clone())?.way(),
            },
        };
        let way = &self.held.insert(held).way;
        let missing: String = last_names(parent, way.missing);
        let place = format!("{}{missing}/{name}", way.place.trim_end_matches('/'));
        if self.own.iter().any(|own| is_at_or_below(&place, own)) {
            return Err(PathError::State { place });
        }
        if KERNEL_PLACES.iter().any(|kernel| is_at_or_below(&place, kernel)) {
            return Err(PathError::Kernel { place });
        }
        let look = || fstatat(&way.directory, name, AtFlags::AT_SYMLINK_NOFOLLOW);
        let there = match way.missing {
            0 => absent_is_none(call(Call::Read, look)).map_err(|e| PathError::system("", e))?,
            _ => None,
        };
        if there.is_some_and(|stat| forbidden.contains(&(stat.st_dev, stat.st_ino))) {
            return Err(PathError::State { place });
        }
        let there = there.as_ref().map(Metadata::from);
        self.root.saw(path, there);
        Ok(there)
    }
}

/// Those of the directories that are there, by device and inode.
fn identities(root: &Root, directories: &[&str]) -> Result<Vec<(u64, u64)>, PathError> {
    let mut identities = Vec::new();
    for directory in directories {
        let opened = root.open_at(directory, OFlag::O_PATH | OFlag::O_DIRECTORY);
        if let Some(fd) = absent_is_none(opened).map_err(|e| PathError::system(directory, e))? {
            let stat = call(Call::Read, || fstat(&fd)).map_err(|e| PathError::system(directory, e))?;
            identities.push((stat.st_dev, stat.st_ino));
        }
    }
    Ok(identities)
}
