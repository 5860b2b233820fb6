//! The block devices of this machine that may hold a seed, from sysfs.

use std::io;
use std::path::{Path, PathBuf};

/// The most devices that are returned.
pub const MAX_DEVICES: usize = 256;
/// The most entries of `/sys/class/block` that are looked at.
const MAX_ENTRIES: usize = 4096;
/// A disk up to this size is more likely a seed than a system disk: 1 GiB, in bytes.
const SMALL: u64 = 1 << 30;
/// How deep devices that are made of others are followed, and how many of each are looked at.
const MADE_OF: (usize, usize) = (8, 64);
/// Memory, not media; and floppies, which take seconds to report that they are empty.
const NEVER: [&str; 3] = ["ram", "zram", "fd"];

/// One block device: a whole disk or a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// Its node: `/dev/sr0`.
    pub path: PathBuf,
    /// Its size in bytes, 0 never.
    pub size: u64,
    /// Whether anybody at the machine can change what it holds: CD-ROMs, memory sticks, everything that is attached by USB,
    /// partitions on those, and what device mapper or RAID make of them.
    pub removable: bool,
}

/// The block devices that can hold a seed: removable ones first, then small ones, then the rest, each by name and
/// number. `class` is `/sys/class/block`, `dev` is `/dev`.
///
/// Left out are memory disks, floppies, devices without a medium or backing file, and those that another device
/// (device mapper, RAID, multipath) is made of.
///
/// # Errors
/// When `class` can't be read.
#[expect(
    clippy::disallowed_methods,
    reason = "devices of the host, asked for only where it is the machine"
)]
pub fn devices(class: &Path, dev: &Path) -> io::Result<Vec<Device>> {
    let mut found = Vec::new();
    // An entry that can't be read, or isn't UTF-8, belongs to no device that is there.
    for entry in std::fs::read_dir(class)?.take(MAX_ENTRIES).flatten() {
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        if let Some(device) = device(&name, &entry.path(), dev) {
            let rank = if device.removable {
                0
            } else {
                1 + u8::from(device.size > SMALL)
            };
            found.push(((rank, natural(&name)), device));
        }
    }
    found.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(found.into_iter().map(|(_, device)| device).take(MAX_DEVICES).collect())
}

#[expect(
    clippy::disallowed_methods,
    reason = "devices of the host, asked for only where it is the machine"
)]
fn device(name: &str, sys: &Path, dev: &Path) -> Option<Device> {
    let attribute = |name: &str| std::fs::read_to_string(sys.join(name)).ok();
    let flag = |name: &str| attribute(name).is_some_and(|value| value.trim() == "1");
    let family = name.trim_end_matches(|char: char| char.is_ascii_digit());
    let held = std::fs::read_dir(sys.join("holders")).is_ok_and(|mut holders| holders.next().is_some());
    // Unused loop devices have size 0; the paths of a multipath NVMe disk are hidden.
    let sectors: u64 = attribute("size")?.trim().parse().ok()?;
    if NEVER.contains(&family) || sectors == 0 || held || flag("hidden") {
        return None;
    }
    // sysfs can't have the slash of "cciss/c0d0" in a name.
    let path = dev.join(name.replace('!', "/"));
    Some(Device {
        path,
        size: sectors.saturating_mul(512),
        removable: is_removable(sys, MADE_OF.0),
    })
}

/// Whether the device at `sys`, or one that it is made of, down to `depth` others, is removable.
///
/// Disks in a USB case say of themselves that they are not; and udev makes logical volumes of what is on a stick.
#[expect(
    clippy::disallowed_methods,
    reason = "devices of the host, asked for only where it is the machine"
)]
fn is_removable(sys: &Path, depth: usize) -> bool {
    let flag = |name: &str| std::fs::read_to_string(sys.join(name)).is_ok_and(|value| value.trim() == "1");
    // A partition's directory is inside its disk's.
    if flag("removable") || sys.join("partition").exists() && flag("../removable") {
        return true;
    }
    let is_usb = |name: &str| {
        name.strip_prefix("usb")
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    };
    let attached = sys.canonicalize().unwrap_or_default();
    if attached.iter().filter_map(|name| name.to_str()).any(is_usb) {
        return true;
    }
    let Some(depth) = depth.checked_sub(1) else {
        return false;
    };
    let slaves = std::fs::read_dir(sys.join("slaves")).into_iter().flatten().flatten();
    slaves.take(MADE_OF.1).any(|slave| is_removable(&slave.path(), depth))
}

/// A key that sorts `sr10` after `sr2`.
fn natural(name: &str) -> String {
    let mut key = String::new();
    let is_digit = |char: char| char.is_ascii_digit();
    for part in name.split_inclusive(|char| !is_digit(char)) {
        let digits = part.trim_end_matches(|char| !is_digit(char));
        key += &format!("{digits:0>12}{}", part.trim_start_matches(is_digit));
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// A sysfs as Linux lays it out: links to directories, partitions inside their disks.
    struct Sysfs(tempfile::TempDir);

    impl Sysfs {
        fn new() -> Self {
            let sysfs = Self(tempfile::tempdir().unwrap());
            fs::create_dir_all(sysfs.class()).unwrap();
            sysfs
        }

        fn class(&self) -> PathBuf {
            self.0.path().join("class/block")
        }

        fn add(&self, path: &str, attributes: &[(&str, &str)]) {
            let directory = self.0.path().join("devices").join(path);
            fs::create_dir_all(directory.join("holders")).unwrap();
            for (name, value) in attributes {
                fs::write(directory.join(name), format!("{value}\n")).unwrap();
            }
            std::os::unix::fs::symlink(&directory, self.class().join(directory.file_name().unwrap())).unwrap();
        }

        fn devices(&self) -> Vec<(String, bool)> {
            let found = devices(&self.class(), Path::new("/dev")).unwrap();
            found
                .into_iter()
                .map(|device| (device.path.display().to_string(), device.removable))
                .collect()
        }
    }

    #[test]
    fn likely_seeds_come_first_and_the_order_is_fixed() {
        let sysfs = Sysfs::new();
        for (path, size, removable) in [
            ("vda", "83886080", "0"),
            ("vdb", "2880", "0"),
            ("sr10", "752", "1"),
            ("sr2", "752", "1"),
            ("sdb", "9999999", "1"),
        ] {
            sysfs.add(path, &[("size", size), ("removable", removable)]);
        }
        sysfs.add("vda/vda1", &[("size", "83000000"), ("partition", "1")]);
        sysfs.add("sdb/sdb1", &[("size", "9000000"), ("partition", "1")]);
        sysfs.add("cciss!c0d0", &[("size", "99999999"), ("removable", "0")]);
        let expected = ["sdb*", "sdb1*", "sr2*", "sr10*", "vdb", "cciss/c0d0", "vda", "vda1"];
        let expected = expected.map(|name| (format!("/dev/{}", name.trim_end_matches('*')), name.ends_with('*')));
        assert_eq!(sysfs.devices(), expected);
    }

    #[test]
    fn what_somebody_can_plug_in_is_removable_whatever_it_says() {
        let sysfs = Sysfs::new();
        let fixed = [("size", "80"), ("removable", "0")];
        sysfs.add("pci0000:00/0000:00:14.0/usb2/2-1/host6/block/sda", &fixed);
        sysfs.add("pci0000:00/0000:00:14.0/usb2/2-1/host6/block/sda/sda1", &fixed);
        sysfs.add("pci0000:00/ata1/block/sdb", &fixed);
        sysfs.add("usbless/sdc", &fixed);
        for (name, slave) in [("dm-0", "sda1"), ("dm-1", "dm-0"), ("dm-2", "sdb"), ("dm-3", "dm-3")] {
            sysfs.add(name, &fixed);
            let slaves = sysfs.class().join(name).join("slaves");
            fs::create_dir(&slaves).unwrap();
            std::os::unix::fs::symlink(sysfs.class().join(slave), slaves.join(slave)).unwrap();
        }
        let removable: Vec<_> = sysfs
            .devices()
            .into_iter()
            .filter(|(_, removable)| *removable)
            .collect();
        let expected = ["dm-0", "dm-1", "sda", "sda1"].map(|name| (format!("/dev/{name}"), true));
        assert_eq!(removable, expected);
    }

    #[test]
    fn what_holds_no_seed_is_left_out() {
        let sysfs = Sysfs::new();
        for name in ["ram0", "zram0", "fd0"] {
            sysfs.add(name, &[("size", "8192")]);
        }
        sysfs.add("loop0", &[("size", "0")]);
        sysfs.add("loop1", &[("size", "752")]);
        sysfs.add("sdc", &[]);
        sysfs.add("sdd", &[("size", "many")]);
        sysfs.add("nvme0c0n1", &[("size", "752"), ("hidden", "1")]);
        sysfs.add("sda", &[("size", "99999999")]);
        fs::create_dir(sysfs.class().join("sda/holders/dm-0")).unwrap();
        sysfs.add("dm-0", &[("size", "99999999")]);
        assert_eq!(
            sysfs.devices(),
            [("/dev/loop1".to_owned(), false), ("/dev/dm-0".to_owned(), false)]
        );
        assert!(devices(Path::new("/nonexistent"), Path::new("/dev")).is_err());
    }

    #[test]
    fn there_is_an_end_to_devices() {
        let sysfs = Sysfs::new();
        for number in 0..MAX_DEVICES + 5 {
            sysfs.add(&format!("vd{number}"), &[("size", "752")]);
        }
        assert_eq!(sysfs.devices().len(), MAX_DEVICES);
    }
}
