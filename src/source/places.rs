//! Where sources look: the machine's files, and its block devices where it runs; as far as its owner allows.

use std::io;
use std::path::{Path, PathBuf};

use super::media::block::{self, Device};
use super::{Allow, Rules};
use crate::system::Root;
use crate::system::trust::written_by_others;

/// What all sources are given to look at.
#[derive(Debug, Clone)]
pub struct Places {
    /// The machine's files.
    pub root: Root,
    /// Whether it runs: then its devices and its hypervisor may be asked.
    pub live: bool,
    /// Its block devices that may be looked at, removable ones first; none where it doesn't run.
    pub devices: Vec<PathBuf>,
    /// What the machine's owner lets sources do, and how.
    pub rules: Rules,
}

impl Places {
    /// Of the machine at `root`.
    pub fn of(root: &Root, live: bool, rules: &Rules) -> Self {
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
            devices: allowed(devices, rules.allow),
            rules: rules.clone(),
        }
    }

    /// The kinds of places that may be looked at.
    pub fn allow(&self) -> Allow {
        self.rules.allow
    }

    /// Whether systemd found itself in a container: then `/sys` and the hypervisor behind it are the host's.
    pub fn in_container(&self) -> bool {
        self.root.exists("/run/systemd/container").unwrap_or(false)
    }

    /// A part of a seed that is a file of the machine, `None` if it doesn't exist.
    ///
    /// # Errors
    /// It can't be read, is too large, can be written by others than root, or is not to be looked for there.
    pub fn read(&self, path: &Path) -> io::Result<Option<Vec<u8>>> {
        if let Some(forbidden) = self.allow().forbidden_directories() {
            return Err(io::Error::other(forbidden));
        }
        let path = path.to_string_lossy();
        match written_by_others(&self.root, &path).map_err(io::Error::other)? {
            Some(why) => Err(io::Error::other(why)),
            None => self.root.read(&path).map_err(io::Error::other),
        }
    }
}

/// Those that may be opened.
fn allowed(devices: Vec<Device>, allow: Allow) -> Vec<PathBuf> {
    let may = |device: &Device| if device.removable { allow.removable } else { allow.fixed };
    devices.into_iter().filter(may).map(|device| device.path).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_those_that_the_owner_allows() {
        let device = |path: &str, removable| Device {
            path: path.into(),
            size: 1,
            removable,
        };
        for (removable, fixed, expected) in [
            (true, true, &["/dev/sr0", "/dev/vda"][..]),
            (true, false, &["/dev/sr0"]),
            (false, true, &["/dev/vda"]),
            (false, false, &[]),
        ] {
            let allow = Allow {
                removable,
                fixed,
                ..Allow::default()
            };
            let devices = vec![device("/dev/sr0", true), device("/dev/vda", false)];
            assert_eq!(
                allowed(devices, allow),
                expected.iter().map(PathBuf::from).collect::<Vec<_>>()
            );
        }
    }
}
