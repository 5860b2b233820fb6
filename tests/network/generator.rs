//! netplan's own generator.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::files::Files;
use crate::support::skip::skip;
use crate::support::tree::place;

/// netplan's generator, unpacked.
pub struct Generator {
    folder: PathBuf,
}

/// What netplan makes of a document.
pub struct Generated {
    /// What is for networkd and udev.
    pub files: Files,
    /// Whether there is something for NetworkManager, wpa_supplicant or Open vSwitch, which firstlight has nothing for.
    pub is_for_others: bool,
}

impl Generator {
    /// Where it is unpacked, if it can be had.
    pub fn installed() -> Option<Self> {
        let installed = Command::new("tests/network/install").output().unwrap();
        if !installed.status.success() {
            let why = String::from_utf8_lossy(&installed.stderr);
            skip(format_args!("netplan's generator can't be had: {why}"));
            return None;
        }
        let folder = String::from_utf8(installed.stdout).unwrap();
        Some(Self {
            folder: PathBuf::from(folder.trim()),
        })
    }

    /// Where its examples are.
    pub fn examples(&self) -> PathBuf {
        self.folder.join("examples")
    }

    /// What it makes of a document, or what it says against it.
    pub fn generate(&self, document: &str) -> Result<Generated, String> {
        let tree = place();
        let asked = tree.path().join("etc/netplan");
        fs::create_dir_all(&asked).unwrap();
        let path = asked.join("a.yaml");
        fs::write(&path, document).unwrap();
        // It complains about a file that others can read.
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let ran = Command::new(self.folder.join("loader"))
            .arg("--library-path")
            .arg(self.folder.join("lib"))
            .arg(self.folder.join("generate"))
            .arg("--root-dir")
            .arg(tree.path())
            .output()
            .unwrap();
        if !ran.status.success() {
            return Err(String::from_utf8_lossy(&ran.stderr).into_owned());
        }
        let run = tree.path().join("run");
        Ok(Generated {
            files: Files::read(&run.join("systemd/network"), "10-netplan-"),
            is_for_others: ["NetworkManager/system-connections", "netplan"]
                .iter()
                .any(|other| has_files(&run.join(other))),
        })
    }
}

fn has_files(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some())
}
