//! Promise 7: whatever a tree holds, nothing outside of it is read into a plan or changed.

#![allow(clippy::unwrap_used, reason = "a test says where it stopped by panicking there")]

mod support;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use nix::fcntl::{AT_FDCWD, RenameFlags, renameat2};
use support::program::{firstlight, text};
use support::tree::{build, difference, snapshot};

/// In every file outside; in nothing that firstlight says.
const MARK: &str = "outside-9f2c";

const SEED: &str = "nocloud:tests/cases/60-everything/seed";

/// A tree, and beside it a directory that is none of its business but has the files that would be written.
struct Pair {
    base: tempfile::TempDir,
}

impl Pair {
    fn new() -> Self {
        let base = tempfile::tempdir().unwrap();
        build("photon5", None, &base.path().join("tree"));
        let pair = Self { base };
        let outside = pair.outside();
        for directory in [
            "network",
            "multi-user.target.wants",
            "etc/ssh",
            "etc/systemd/network",
            "firstlight",
            "docker",
        ] {
            fs::create_dir_all(outside.join(directory)).unwrap();
        }
        let passwd = format!("root:x:0:0:{MARK}:/root:/bin/bash\n");
        let shadow = format!("root:{MARK}:1:0:90:7:::\n");
        for (name, content) in [
            ("hostname", MARK),
            ("hosts", MARK),
            ("passwd", &passwd),
            ("shadow", &shadow),
            ("group", MARK),
            ("authorized_keys", MARK),
            ("lock", ""),
            ("sshd_config", &format!("PermitRootLogin yes # {MARK}\n")),
            ("docker/daemon.json", &format!("{{\"{MARK}\": 1}}\n")),
            ("etc/hostname", MARK),
            ("etc/passwd", &passwd),
            ("etc/shadow", &shadow),
            ("etc/ssh/sshd_config", &format!("PermitRootLogin yes # {MARK}\n")),
            ("user-data", &format!("hostname: {MARK}\n")),
            ("meta-data", "instance-id: x\n"),
        ] {
            fs::write(outside.join(name), content).unwrap();
        }
        pair
    }

    fn tree(&self) -> PathBuf {
        self.base.path().join("tree")
    }

    fn outside(&self) -> PathBuf {
        self.base.path().join("outside")
    }

    /// Puts a link to `target` where `path` of the tree is.
    fn link(&self, path: &str, target: impl AsRef<Path>) {
        let at = self.tree().join(path);
        let _ = fs::remove_file(&at).or_else(|_| fs::remove_dir_all(&at));
        fs::create_dir_all(at.parent().unwrap()).unwrap();
        symlink(target, at).unwrap();
    }
}

/// Every command on this tree; none shows anything of the outside, none changes it.
fn is_confined(what: &str, pair: &Pair) {
    let before = snapshot(&pair.outside());
    let tree = pair.tree();
    let root = text(&tree);
    let commands: [&[&str]; 5] = [
        &["plan", "--format", "json"],
        &["apply", "--source", SEED, "-vvv"],
        &["apply", "--source", SEED, "--only", "password"],
        &["history"],
        &["rollback"],
    ];
    for command in commands {
        let mut all = command.to_vec();
        all.extend(["--root", root]);
        let said = firstlight(&all);
        let shown = format!("{}{}", said.stdout, said.stderr);
        assert!(!shown.contains(MARK), "{what}: {all:?} shows what is outside: {shown}");
        let now = snapshot(&pair.outside());
        assert_eq!(
            difference(&before, &now),
            "",
            "{what}: {all:?} changed what is outside: {shown}"
        );
        assert_eq!(before, now, "{what}: {all:?}");
    }
}

#[test]
fn links_lead_nowhere_outside() {
    // What of the tree is a link, and to what outside.
    let table = [
        ("etc", "etc"),
        ("etc/hostname", "hostname"),
        ("etc/hosts", "hosts"),
        ("etc/passwd", "passwd"),
        ("etc/shadow", "shadow"),
        ("etc/group", "group"),
        ("etc/.pwd.lock", "lock"),
        ("etc/ssh", "etc/ssh"),
        ("etc/ssh/sshd_config", "sshd_config"),
        ("etc/systemd", "etc/systemd"),
        ("etc/systemd/network", "network"),
        ("etc/systemd/system/multi-user.target.wants", "multi-user.target.wants"),
        ("etc/docker", "docker"),
        ("etc/docker/daemon.json", "docker/daemon.json"),
        ("root/.ssh", ""),
        ("root/.ssh/authorized_keys", "authorized_keys"),
        ("var/lib/firstlight", "firstlight"),
        ("var/lib", ""),
        ("var/lib/cloud/seed/nocloud", ""),
        ("run", ""),
    ];
    for (path, outside) in table {
        // The same place by every kind of way: absolute, upwards, and through the kernel's magic links.
        for kind in ["absolute", "upwards", "magic"] {
            let pair = Pair::new();
            let target = pair.outside().join(outside);
            let target = target.to_str().unwrap().trim_end_matches('/');
            let target = match kind {
                "absolute" => target.to_owned(),
                "upwards" => format!("{}{target}", "../".repeat(40)),
                _ => format!("/proc/self/root{target}"),
            };
            if kind == "magic" {
                // The magic links are in the tree too: a chroot with its /proc mounted.
                pair.link("proc", "/proc");
            }
            pair.link(path, &target);
            is_confined(&format!("{path} -> {target}"), &pair);
        }
    }
}

#[test]
fn dots_in_the_machines_own_files_lead_nowhere_outside() {
    let pair = Pair::new();
    let up = format!("{}{}", "../".repeat(40), text(&pair.outside()));
    let passwd = pair.tree().join("etc/passwd");
    let lines = fs::read_to_string(&passwd).unwrap();
    fs::write(&passwd, lines.replace(":/root:", &format!(":/{up}:"))).unwrap();
    let sshd = pair.tree().join("etc/ssh/sshd_config");
    let lines = fs::read_to_string(&sshd).unwrap();
    fs::write(&sshd, format!("Include /{up}/sshd_config\nInclude {up}/*\n{lines}")).unwrap();
    is_confined("home and Include", &pair);
}

/// Swaps `tree/etc` for a link to `outside/etc` and back while documents are applied: as fast as it can at first, with
/// each new tree more slowly, until whole runs fall between two swaps.
#[test]
fn a_directory_that_becomes_a_link_while_it_is_written_leads_nowhere_outside() {
    const TREES: u64 = 40;
    let mut applied = 0;
    for pause in 0..TREES {
        if pause >= 5 && applied > 0 {
            break;
        }
        applied += race(Duration::from_millis(pause));
    }
    assert!(applied > 0, "nothing was ever applied: there was no race with a writer");
}

/// How many of a few runs were done while the directory was swapped, with a pause between swaps.
fn race(pause: Duration) -> usize {
    const ROUNDS: usize = 20;
    let pair = Pair::new();
    let tree = pair.tree();
    let (etc, link) = (tree.join("etc"), tree.join("link"));
    symlink(pair.outside().join("etc"), &link).unwrap();
    let before = snapshot(&pair.outside());
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                renameat2(AT_FDCWD, &etc, AT_FDCWD, &link, RenameFlags::RENAME_EXCHANGE).unwrap();
                std::thread::sleep(pause);
            }
        });
        let done = |round: &usize| {
            let tries = round + 1;
            let document = format!("hostname: web{round}\nsshd: {{options: {{MaxAuthTries: {tries}}}}}\n");
            let arguments = ["apply", "-", "--root", text(&tree)];
            support::program::firstlight_reading(&arguments, document.as_bytes()).status == 0
        };
        let applied = (0..ROUNDS).filter(done).count();
        let now = snapshot(&pair.outside());
        // A program that goes by paths is led outside: the race is one.
        let escaped = (0..100_000).any(|_| {
            let _ = fs::write(etc.join("control"), "");
            pair.outside().join("etc/control").exists()
        });
        stop.store(true, Ordering::Relaxed);
        assert_eq!(difference(&before, &now), "");
        assert_eq!(before, now);
        assert!(escaped, "the directory was never swapped while it was written");
        applied
    })
}
