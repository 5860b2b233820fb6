//! The trees that machines boot from: a copy of a cached one, with the firstlight under test installed.

use crate::gate::{script, workshop};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A Debian release, dressed as Photon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suite {
    /// Debian 12: systemd 252, OpenSSH 9.2.
    Bookworm,
    /// Debian 13: systemd 257, OpenSSH 10.
    Trixie,
}

impl Suite {
    fn name(self) -> &'static str {
        match self {
            Self::Bookworm => "bookworm",
            Self::Trixie => "trixie",
        }
    }

    /// The directory with the finished `root/`, `modules/`, `vmlinuz` and `initrd.img`; made when it isn't there.
    pub fn cached(self) -> PathBuf {
        self.made_by("rootfs")
    }

    /// The tree with cloud-init in it; made when it isn't there.
    pub fn with_cloud_init(self) -> PathBuf {
        self.made_by("cloud-init-tree")
    }

    /// The tree with what some areas of a document are for; made when it isn't there.
    pub fn with_areas(self) -> PathBuf {
        self.made_by("areas-tree")
    }

    fn made_by(self, name: &str) -> PathBuf {
        let made = Command::new(script(name))
            .arg(self.name())
            .stderr(std::process::Stdio::inherit())
            .output();
        let made = made.expect("the script can be run");
        assert!(
            made.status.success(),
            "tests/machine/{name} {} failed; it says why above",
            self.name()
        );
        PathBuf::from(String::from_utf8_lossy(&made.stdout).trim())
    }
}

/// A tree of its own for one test; gone when the test is.
pub struct Root {
    /// The directory that becomes `/`.
    pub path: PathBuf,
}

impl Root {
    /// A copy of the suite's tree with firstlight, installed as in any image, and the probe; `secrets` are the words
    /// that the probe looks for where they must not be.
    pub fn new(suite: Suite, test: &str, secrets: &str) -> Self {
        Self::dressed(&suite.cached().join("root"), test, secrets)
    }

    /// The same of another tree.
    pub fn dressed(tree: &Path, test: &str, secrets: &str) -> Self {
        let root = Self::copy(tree, test);
        root.install_firstlight();
        run(Command::new(script("guest/install")).arg(&root.path).arg(secrets));
        root
    }

    /// A copy of this tree, and nothing else.
    pub fn copy(tree: &Path, test: &str) -> Self {
        let path = workshop().join("run").join(test);
        discard(&path);
        fs::create_dir_all(path.parent().expect("the path was joined")).expect("target/machine/run can be made");
        run(Command::new("cp").args(["-a", "--reflink=auto"]).arg(tree).arg(&path));
        Self { path }
    }

    /// Installs firstlight as in any image.
    pub fn install_firstlight(&self) {
        let built = env!("CARGO_BIN_EXE_firstlight").into();
        let binary = std::env::var_os("FIRSTLIGHT_BIN").unwrap_or(built);
        let assign = |name: &str, value: &std::ffi::OsStr| {
            let mut word = std::ffi::OsString::from(name);
            word.push("=");
            word.push(value);
            word
        };
        run(Command::new("make")
            .args(["--silent", "--directory", env!("CARGO_MANIFEST_DIR"), "install"])
            .arg(assign("DESTDIR", self.path.as_os_str()))
            .arg(assign("BINARY", &binary)));
    }

    /// Writes a file of the tree, parents included.
    pub fn write(&self, path: &str, content: &str) {
        let path = self.path.join(path);
        fs::create_dir_all(path.parent().expect("a file has a parent")).expect("the tree can be written");
        fs::write(path, content).expect("the tree can be written");
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        discard(&self.path);
    }
}

/// Removes a directory or a file, whether it is there or not.
pub fn discard(path: &Path) {
    let _ = fs::remove_dir_all(path);
    let _ = fs::remove_file(path);
}

/// Runs a command that has no reason to fail.
pub fn run(command: &mut Command) {
    let output = command
        .output()
        .expect("the command is installed: tests/machine/install-tools lists it");
    assert!(
        output.status.success(),
        "{command:?} failed:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
