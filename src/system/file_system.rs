//! The file system that a path is on: whether it may be written, and what room it has.

use nix::sys::stat::fstat;
use nix::sys::statvfs::{FsFlags, fstatvfs};

use super::failpoint::{Call, call};
use super::root::Root;
use super::way::PathError;
use super::write::may_own;

/// What statvfs(3) says of the file system that a path is on, or would be on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileSystem {
    /// The deepest directory on the way to the path that is there.
    pub directory: String,
    /// How many directories of the path are missing.
    pub missing: usize,
    /// The device number: the same for all paths on one file system.
    pub device: u64,
    /// It is mounted read-only, or bound read-only to this place.
    pub read_only: bool,
    /// The unit in which space is given out, in bytes.
    pub block: u64,
    /// The free space that this process may use, in bytes: root has what is reserved for it as well.
    pub free: u64,
    /// How many more files and directories there may be; `None` where there is no such limit (btrfs).
    pub free_inodes: Option<u64>,
}

impl FileSystem {
    /// What `bytes` of content take up here, in whole blocks.
    pub fn taken_by(&self, bytes: u64) -> u64 {
        bytes.div_ceil(self.block).saturating_mul(self.block)
    }
}

impl Root {
    /// The file system on which the directory `path` is, or would be if it were made.
    ///
    /// # Errors
    /// A directory on the way may not be searched, or something else is in the way.
    pub fn file_system(&self, path: &str) -> Result<FileSystem, PathError> {
        let way = self.way(path)?;
        let fail = |errno| PathError::system(&way.place, errno);
        let stat = call(Call::Read, || fstat(&way.directory)).map_err(fail)?;
        let room = call(Call::Read, || fstatvfs(&way.directory)).map_err(fail)?;
        let blocks = if may_own() {
            room.blocks_free()
        } else {
            room.blocks_available()
        };
        let inodes = if may_own() {
            room.files_free()
        } else {
            room.files_available()
        };
        let block = room.fragment_size().max(1);
        Ok(FileSystem {
            missing: way.missing,
            directory: way.place,
            device: stat.st_dev,
            read_only: room.flags().contains(FsFlags::ST_RDONLY),
            block,
            free: blocks.saturating_mul(block),
            free_inodes: (room.files() > 0).then_some(inodes),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_yet_is_on_the_file_system_of_what_is() {
        let tree = tempfile::tempdir().unwrap();
        std::fs::create_dir(tree.path().join("etc")).unwrap();
        let root = Root::open(tree.path()).unwrap();
        let there = root.file_system("/etc").unwrap();
        let absent = root.file_system("/etc/a/b/c").unwrap();
        assert_eq!((absent.directory.as_str(), absent.device), ("/etc", there.device));
        assert_eq!(root.file_system("/nowhere").unwrap().directory, "/");
        assert!(there.block > 0 && !there.read_only);
        assert_eq!(there.taken_by(1), there.block);
        assert_eq!(there.taken_by(0), 0);
    }
}
