//! A machine as a tree to chroot(2) to, in which the program boots.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use nix::mount::{MsFlags, mount};
use serde_json::Value;

use super::mounts::unmount_below;
use super::program::text;
use super::skip::skip;
use super::tree::{build, place};

/// An sshd that writes down in `/asked` what it is asked, and that has no host keys yet, as on a first boot.
const SSHD: &str = "#!/bin/sh
echo \"$*\" >> /asked
case \"$*\" in
*-h*) ;;
*) echo 'sshd: no hostkeys available -- exiting.' >&2; exit 1 ;;
esac
echo 'permitrootlogin yes'
echo 'maxauthtries 3'
";

/// A machine as a tree to chroot(2) to, with its seed in it.
pub struct Machine {
    /// Its files.
    pub tree: tempfile::TempDir,
}

impl Machine {
    /// A Photon OS 5 with this user-data. Within `with_own_mounts`: it mounts `/proc`.
    pub fn new(document: &str) -> Self {
        let machine = Self::bare(None);
        machine.tell(document);
        machine
    }

    /// The same with an sshd that says `permitrootlogin yes` and `maxauthtries 3`, whatever its files say, and without
    /// ssh-keygen.
    pub fn with_sshd(document: &str) -> Self {
        let machine = Self::new(document);
        install(machine.tree.path(), Path::new("/bin/sh"));
        for directory in ["bin", "dev", "usr/sbin"] {
            fs::create_dir_all(machine.path(directory)).unwrap();
        }
        copy(&machine.path("usr/bin/sh"), &machine.path("bin/sh"));
        fs::write(machine.path("dev/null"), "").unwrap();
        let sshd = machine.path("usr/sbin/sshd");
        fs::write(&sshd, SSHD).unwrap();
        fs::set_permissions(&sshd, fs::Permissions::from_mode(0o755)).unwrap();
        machine
    }

    /// A Photon OS 5 with the files and the seed of a golden case.
    pub fn of_case(case: &Path) -> Self {
        let machine = Self::bare(Some(&case.join("root")));
        for entry in fs::read_dir(case.join("seed")).unwrap() {
            let entry = entry.unwrap();
            fs::copy(
                entry.path(),
                machine.path("var/lib/firstlight/seed").join(entry.file_name()),
            )
            .unwrap();
        }
        machine
    }

    fn bare(root: Option<&Path>) -> Self {
        let machine = Self { tree: place() };
        build("photon5", root, machine.tree.path());
        let _ = fs::remove_file(machine.path("lib"));
        std::os::unix::fs::symlink("usr/lib", machine.path("lib")).unwrap();
        for directory in ["proc", "usr/bin", "srv", "var/lib/firstlight/seed"] {
            fs::create_dir_all(machine.path(directory)).unwrap();
        }
        let flags = MsFlags::MS_BIND | MsFlags::MS_REC;
        mount(Some("/proc"), &machine.path("proc"), None::<&str>, flags, None::<&str>).unwrap();
        install(machine.tree.path(), Path::new(env!("CARGO_BIN_EXE_firstlight")));
        machine
    }

    /// A file of the machine, from outside of it.
    pub fn path(&self, path: &str) -> PathBuf {
        self.tree.path().join(path.trim_start_matches('/'))
    }

    /// Gives the machine this user-data.
    pub fn tell(&self, document: &str) {
        fs::write(self.path("var/lib/firstlight/seed/user-data"), document).unwrap();
        fs::write(self.path("var/lib/firstlight/seed/meta-data"), "instance-id: i-1\n").unwrap();
    }

    /// The local stage of a boot, with a new `/run`; how it ended, and its status.
    pub fn boot(&self) -> (i32, Value) {
        let _ = fs::remove_dir_all(self.path("run/firstlight"));
        self.stage("local")
    }

    /// One stage of a boot; how it ended, and its status.
    pub fn stage(&self, stage: &str) -> (i32, Value) {
        let output = self.run(&["boot", "--stage", stage]);
        let status = fs::read(self.path("run/firstlight/status.json"));
        let status = status.unwrap_or_else(|error| panic!("{error}: {output:?}"));
        let status: Value = serde_json::from_slice(&status).unwrap();
        assert_ne!(output.status.code(), Some(1), "{output:?}\n{status:#}");
        (output.status.code().unwrap_or(-1), status)
    }

    /// Runs the program on the machine, which has a host name of its own.
    pub fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new("unshare");
        command.args(["--uts", "chroot", text(self.tree.path()), "/usr/bin/firstlight"]);
        command.args(arguments).env_remove("JOURNAL_STREAM").output().unwrap()
    }

    /// A stage of a boot under strace with these options: how it ended, and the trace. `None`, aloud, where there is no
    /// strace.
    pub fn traced(&self, options: &[&str], stage: &str) -> Option<(Output, String)> {
        let trace = tempfile::NamedTempFile::new().unwrap();
        let Ok(ran) = Command::new("strace")
            .args(["-f", "-o", text(trace.path())])
            .args(options)
            .args(["unshare", "--uts", "chroot", text(self.tree.path())])
            .args(["/usr/bin/firstlight", "boot", "--stage", stage])
            .output()
        else {
            skip("strace is missing");
            return None;
        };
        Some((ran, fs::read_to_string(trace.path()).unwrap()))
    }

    /// The text of a file; empty where none is, or a pipe, which nobody writes to.
    pub fn read(&self, path: &str) -> String {
        let path = self.path(path);
        match path.is_file() {
            true => fs::read_to_string(path).unwrap_or_default(),
            false => String::new(),
        }
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        unmount_below(self.tree.path());
    }
}

/// Puts a program into `/usr/bin` of a tree, with the libraries that it is linked with.
pub fn install(tree: &Path, program: &Path) {
    install_libraries(tree, program);
    copy(program, &tree.join("usr/bin").join(program.file_name().unwrap()));
}

/// Puts the libraries that a program is linked with into a tree.
pub fn install_libraries(tree: &Path, program: &Path) {
    let linked = Command::new("ldd").arg(program).output().unwrap();
    let linked = String::from_utf8(linked.stdout).unwrap();
    for library in linked.split_whitespace().filter(|word| word.starts_with('/')) {
        copy(Path::new(library), &tree.join(library.trim_start_matches('/')));
    }
}

/// By another process: what this one has open for writing can't be executed, and another test's fork(2) keeps it open.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    let copied = Command::new("cp").arg("-L").arg(from).arg(to).status().unwrap();
    assert!(copied.success(), "{}", from.display());
}
