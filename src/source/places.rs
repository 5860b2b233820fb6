//! Where sources look: the machine's files, and its block devices where it runs; as far as its owner allows.

use std::path::{Path, PathBuf};

use super::media::block::{self, Device};
use super::{Allow, Fault, Rules};
use crate::system::trust::written_by_others;
use crate::system::{Kind, Root};

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
    pub fn read(&self, path: &Path) -> Result<Option<Vec<u8>>, Fault> {
        if let Some(forbidden) = self.allow().forbidden_directories() {
            return Err(refused(path, &forbidden));
        }
        let name = path.to_string_lossy();
        match written_by_others(&self.root, &name)? {
            Some(why) => Err(refused(path, &why)),
            None => match self.root.read(&name)? {
                None => self.nothing_in_the_way(path).map(|()| None),
                found => Ok(found),
            },
        }
    }

    /// Refuses a dangling link, and a file where a directory is expected: someone meant something to be there.
    fn nothing_in_the_way(&self, path: &Path) -> Result<(), Fault> {
        let directory = path.parent().unwrap_or(path);
        for (path, must_lead_on) in [(directory, true), (path, false)] {
            let name = path.to_string_lossy();
            let what = match (self.root.metadata(&name)?, self.root.metadata_followed(&name)?) {
                (Some(_), None) => "can't be read: it is a dangling link",
                (_, Some(there)) if must_lead_on && there.kind != Kind::Directory => {
                    "can't be read: it is not a directory"
                }
                _ => continue,
            };
            return Err(Fault::lasting(what).at(name).with_hint("remove it"));
        }
        Ok(())
    }
}

fn refused(path: &Path, why: &str) -> Fault {
    Fault::forbidden(format!("can't be read: {why}")).at(path.display().to_string())
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
