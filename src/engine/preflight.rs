//! Checks, before anything is changed, that every file system that a plan writes is writable and has enough room.

use std::collections::BTreeMap;

use super::plan::GenerationPlan;
use crate::module::Change;
use crate::state::STATE_DIRECTORY;
use crate::system::write::parent_of;
use crate::system::{FileSystem, PathError, ReadError, Root, System};

/// The reserve that must stay free on every written file system, in bytes: other programs write too, especially
/// journald.
const SPARE_BYTES: u64 = 256 * 1024;

/// The reserve in files and directories.
const SPARE_INODES: u64 = 32;

/// The size of a journal record in bytes, an upper estimate.
const RECORD_BYTES: u64 = 1024;

/// How many files a generation has, in addition to what it replaced.
const GENERATION_INODES: u64 = 12;

/// Why a plan is not started. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PreflightError {
    /// A file system is read-only.
    #[error("{}; nothing was changed", self.reason())]
    ReadOnly {
        /// The deepest existing directory on the path.
        directory: String,
        /// What would be written.
        path: String,
    },
    /// There is not enough space.
    #[error("{}; nothing was changed: free some space and try again", self.reason())]
    Space {
        /// A directory on the file system.
        directory: String,
        /// How much is free, in bytes.
        free: u64,
        /// How much is needed, including the reserve, in bytes.
        needed: u64,
    },
    /// There are not enough free inodes.
    #[error("{}; nothing was changed: remove some files and try again", self.reason())]
    Inodes {
        /// A directory on the file system.
        directory: String,
        /// How many inodes are free.
        free: u64,
        /// How many are needed, including the reserve.
        needed: u64,
    },
    /// Something could not be looked at.
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl PreflightError {
    /// The reason.
    pub fn reason(&self) -> String {
        match self {
            Self::ReadOnly { directory, path } => {
                format!("{directory} is on a read-only file system, but {path} must be written")
            }
            Self::Space {
                directory,
                free,
                needed,
            } => format!(
                "the file system of {directory} has {} free, but applying needs {}",
                in_units(*free),
                in_units(*needed)
            ),
            Self::Inodes {
                directory,
                free,
                needed,
            } => format!(
                "the file system of {directory} has room for {free} more files (inodes), but applying needs {needed}"
            ),
            Self::Read(error) => error.to_string(),
        }
    }
}

/// Whether this change can't be made in any case, because its file system is read-only.
pub(super) fn refuses(system: &System, change: &Change) -> bool {
    let mut needs = Needs::of(&system.root);
    matches!(
        change.kind().need(&mut needs, system),
        Err(PreflightError::ReadOnly { .. })
    )
}

/// What is needed, by file system.
pub(super) struct Needs<'a> {
    root: &'a Root,
    by_device: BTreeMap<u64, Need>,
    /// The file systems of the directories that were looked at: a plan has many files in few of them.
    seen: BTreeMap<String, FileSystem>,
}

/// What is needed of one file system.
struct Need {
    on: FileSystem,
    bytes: u64,
    inodes: u64,
}

/// Looks whether `plan` and its generation can be written. Of the state's own, `bytes` bytes in `files` files are added.
///
/// # Errors
/// They can't; the error names the file system and the numbers.
pub fn preflight(system: &System, plan: &GenerationPlan, bytes: u64, files: u64) -> Result<(), PreflightError> {
    let mut needs = Needs::of(&system.root);
    needs.add(&state_path(), bytes, GENERATION_INODES.saturating_add(files))?;
    for change in plan.modules.iter().flat_map(|module| &module.changes) {
        change.kind().need(&mut needs, system)?;
    }
    needs.check()
}

impl<'a> Needs<'a> {
    /// Nothing yet.
    fn of(root: &'a Root) -> Self {
        Self {
            root,
            by_device: BTreeMap::new(),
            seen: BTreeMap::new(),
        }
    }

    /// A directory entry, its missing parent directories, and their records.
    pub(super) fn add_entry(&mut self, path: &str) -> Result<(), PreflightError> {
        // Obstacles are found when the change is prepared, and reported for its module.
        let missing = self.file_system(parent_of(path)).map_or(0, |on| on.missing);
        let entries = 1 + u64::try_from(missing).unwrap_or(u64::MAX);
        self.add_each(path, 1, entries)?;
        self.add(&state_path(), entries.saturating_mul(RECORD_BYTES), 0)
    }

    /// `bytes` in `files` files of the state's own.
    pub(super) fn add_to_state(&mut self, bytes: u64, files: u64) -> Result<(), PreflightError> {
        self.add(&state_path(), bytes, files)
    }

    /// A record of the journal and what it keeps.
    pub(super) fn add_record(&mut self, bytes: u64) -> Result<(), PreflightError> {
        self.add_to_state(bytes.saturating_add(RECORD_BYTES), 1)
    }

    /// `bytes` in one file, and `inodes` of directory entries.
    pub(super) fn add(&mut self, path: &str, bytes: u64, inodes: u64) -> Result<(), PreflightError> {
        self.add_to(path, |on| on.taken_by(bytes), inodes)
    }

    /// `count` entries of `bytes` each.
    fn add_each(&mut self, path: &str, bytes: u64, count: u64) -> Result<(), PreflightError> {
        self.add_to(path, |on| on.taken_by(bytes).saturating_mul(count), count)
    }

    fn add_to(&mut self, path: &str, taken: impl Fn(&FileSystem) -> u64, inodes: u64) -> Result<(), PreflightError> {
        let parent = parent_of(path);
        let on = match self.file_system(parent) {
            Ok(on) => on,
            Err(error @ PathError::System { .. }) => return Err(error.of("look at the file system of", parent).into()),
            Err(_) => return Ok(()),
        };
        if on.read_only {
            return Err(PreflightError::ReadOnly {
                directory: on.directory,
                path: path.to_owned(),
            });
        }
        let taken = taken(&on);
        let need = self.by_device.entry(on.device).or_insert(Need {
            on,
            bytes: SPARE_BYTES,
            inodes: SPARE_INODES,
        });
        need.bytes = need.bytes.saturating_add(taken);
        need.inodes = need.inodes.saturating_add(inodes);
        Ok(())
    }

    /// The file system of a directory, which is looked at once.
    fn file_system(&mut self, directory: &str) -> Result<FileSystem, PathError> {
        if let Some(seen) = self.seen.get(directory) {
            return Ok(seen.clone());
        }
        let found = self.root.file_system(directory)?;
        self.seen.insert(directory.to_owned(), found.clone());
        Ok(found)
    }

    fn check(self) -> Result<(), PreflightError> {
        for Need { on, bytes, inodes } in self.by_device.into_values() {
            if on.free < bytes {
                return Err(PreflightError::Space {
                    directory: on.directory,
                    free: on.free,
                    needed: bytes,
                });
            }
            if let Some(free) = on.free_inodes.filter(|free| *free < inodes) {
                return Err(PreflightError::Inodes {
                    directory: on.directory,
                    free,
                    needed: inodes,
                });
            }
        }
        Ok(())
    }
}

/// A file of the state.
fn state_path() -> String {
    format!("{STATE_DIRECTORY}/generations")
}

/// A readable size: `512 bytes`, `12 KiB`, `1.5 MiB`.
fn in_units(bytes: u64) -> String {
    const KIB: u64 = 1024;
    const MIB: u64 = 1024 * KIB;
    match bytes {
        0..KIB => format!("{bytes} bytes"),
        KIB..MIB => format!("{} KiB", bytes / KIB),
        _ => format!("{}.{} MiB", bytes / MIB, bytes % MIB * 10 / MIB),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::ModulePlan;
    use crate::module::{FileChange, Stage};

    fn plan(bytes: usize) -> GenerationPlan {
        let module = ModulePlan {
            changes: vec![Change::File(FileChange::write("/etc/new/file", vec![0; bytes], 0o644))],
            ..ModulePlan::empty("hostname", Stage::Local)
        };
        GenerationPlan {
            modules: vec![module],
            ..GenerationPlan::default()
        }
    }

    #[test]
    fn everything_is_counted_once_and_in_whole_blocks() {
        let tree = tempfile::tempdir().unwrap();
        std::fs::create_dir(tree.path().join("etc")).unwrap();
        let system = System::tree(tree.path()).unwrap();
        let count = |bytes| {
            let mut needs = Needs::of(&system.root);
            for change in &plan(bytes).modules[0].changes {
                change.kind().need(&mut needs, &system).unwrap();
            }
            assert_eq!(needs.by_device.len(), 1, "one file system");
            let need = needs.by_device.into_values().next().unwrap();
            (need.on.block, need.bytes - SPARE_BYTES, need.inodes - SPARE_INODES)
        };
        let (block, small, inodes) = count(1);
        // The file, its name and its directory; its image, its name and its directory's record.
        assert_eq!(inodes, 4);
        let (_, large, _) = count(10 * usize::try_from(block).unwrap());
        assert_eq!(large - small, 9 * block);
    }

    #[test]
    fn too_little_room_is_refused_with_numbers() {
        let tree = tempfile::tempdir().unwrap();
        let system = System::tree(tree.path()).unwrap();
        preflight(&system, &plan(1), 1, 0).unwrap();
        let error = preflight(&system, &plan(1), u64::MAX / 4, 0).unwrap_err().to_string();
        assert!(
            error.contains("nothing was changed") && error.contains("MiB"),
            "{error}"
        );
    }

    #[test]
    fn sizes_are_for_people() {
        let table = [
            (0, "0 bytes"),
            (1023, "1023 bytes"),
            (12_288, "12 KiB"),
            (1_572_864, "1.5 MiB"),
        ];
        for (bytes, words) in table {
            assert_eq!(in_units(bytes), words);
        }
    }
}
