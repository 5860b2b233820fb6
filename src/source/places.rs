//! Where sources look: the machine's files, and its block devices where it runs.

use std::io;
use std::path::{Path, PathBuf};

use super::media::block;
use crate::system::Root;

/// What all sources are given to look at.
#[derive(Debug, Clone)]
pub struct Places {
    /// The machine's files.
    pub root: Root,
    /// Whether it runs: then its devices and its hypervisor may be asked.
    pub live: bool,
    /// Its block devices, removable ones first; none where it doesn't run.
    pub devices: Vec<PathBuf>,
}

impl Places {
    /// Of the machine at `root`.
    pub fn of(root: &Root, live: bool) -> Self {
        let found = if live {
            block::devices(Path::new("/sys/class/block"), Path::new("/dev"))
        } else {
            Ok(Vec::new())
        };
        // A machine without block devices, as a container is, has no /sys/class/block either.
        let devices = found.unwrap_or_default();
        Self {
            root: root.clone(),
            live,
            devices: devices.into_iter().map(|device| device.path).collect(),
        }
    }

    /// Whether systemd found itself in a container: then `/sys` and the hypervisor behind it are the host's.
    pub fn in_container(&self) -> bool {
        self.root.exists("/run/systemd/container").unwrap_or(false)
    }

    /// A file of the machine, `None` if it doesn't exist.
    ///
    /// # Errors
    /// It can't be read, or is too large.
    pub fn read(&self, path: &Path) -> io::Result<Option<Vec<u8>>> {
        self.root.read(&path.to_string_lossy()).map_err(io::Error::other)
    }
}
